//! CycloneDX 1.6: the vulnerable packages as components, their advisories as vulnerabilities.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::gitlab::{is_link, text_property, uuid};
use super::{Options, Reporter};
use crate::model::{FINGERPRINT_SCHEME, Finding, Fingerprint, FingerprintFields, Rule, ScanReport};

/// Dependency findings alone: the format has no place for others. Suppressed ones are written with their
/// analysis. No timestamp; the serial number is made of the content.
pub struct CycloneDx;

impl Reporter for CycloneDx {
    fn write(&self, report: &ScanReport, options: &Options, out: &mut dyn Write) -> io::Result<()> {
        // What is gone from the tree has no package any more.
        let counts = |f: &&Finding| f.is_active() || options.show_suppressed && !f.suppressions.is_empty();
        let shown = |f: &&Finding| f.tool == 0 && f.scanner() == "deps" && counts(f);
        let findings: Vec<&Finding> = report.findings.iter().filter(shown).collect();
        let components: BTreeMap<String, Value> =
            findings.iter().map(|finding| (reference(finding), component(finding))).collect();
        // One vulnerability per advisory and state: the packages it affects are listed in it.
        let mut groups: BTreeMap<(&str, bool), Vec<&Finding>> = BTreeMap::new();
        for finding in &findings {
            groups.entry((finding.rule.as_str(), finding.is_active())).or_default().push(finding);
        }
        let vulnerabilities: Vec<Value> = groups.values().map(|group| vulnerability(report, group)).collect();
        let prints: Vec<String> = findings.iter().map(|finding| finding.fingerprint.to_string()).collect();
        let serial = Fingerprint::of(&FingerprintFields {
            tool: "cyclonedx",
            rule: FINGERPRINT_SCHEME,
            path: "",
            kind: "",
            discriminator: &prints.join(","),
            ordinal: 0,
        });
        let version = report.tools.first().map_or("", |tool| &tool.version);
        let bom = json!({
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "serialNumber": format!("urn:uuid:{}", uuid(&serial.to_string())),
            "version": 1,
            "metadata": {"tools": {"components": [{"type": "application", "name": "portcullis", "version": version}]}},
            "components": components.into_values().collect::<Vec<_>>(),
            "vulnerabilities": vulnerabilities,
        });
        serde_json::to_writer(&mut *out, &bom)?;
        out.write_all(b"\n")
    }
}

fn name(finding: &Finding) -> &str {
    text_property(finding, &["package", "packageName"]).unwrap_or("unknown")
}

fn version(finding: &Finding) -> &str {
    text_property(finding, &["version", "installedVersion", "packageVersion"]).unwrap_or_default()
}

fn reference(finding: &Finding) -> String {
    text_property(finding, &["purl"]).map_or_else(|| format!("{}@{}", name(finding), version(finding)), str::to_owned)
}

fn component(finding: &Finding) -> Value {
    let mut component = json!({"type": "library", "bom-ref": reference(finding), "name": name(finding)});
    if !version(finding).is_empty() {
        component["version"] = json!(version(finding));
    }
    if let Some(purl) = text_property(finding, &["purl"]) {
        component["purl"] = json!(purl);
    }
    component
}

fn vulnerability(report: &ScanReport, group: &[&Finding]) -> Value {
    let Some(first) = group.first() else { return Value::Null };
    let rule = report.rule_of(first).map(AsRef::as_ref);
    let mut object = Map::new();
    object.insert("bom-ref".into(), json!(format!("{}#{}", first.rule, first.is_active())));
    object.insert("id".into(), json!(first.rule.short()));
    object.insert("ratings".into(), json!([rating(first, rule)]));
    if let Some(rule) = rule {
        if !rule.cwe.is_empty() {
            object.insert("cwes".into(), json!(rule.cwe));
        }
        object.insert("description".into(), json!(rule.title));
        let links: Vec<Value> = rule.references.iter().filter(|l| is_link(l)).map(|url| json!({"url": url})).collect();
        if !links.is_empty() {
            object.insert("advisories".into(), json!(links));
        }
    }
    if let Some(one) = first.suppressions.first() {
        let state = match first.text("vex") {
            Some("not_affected") => "not_affected",
            Some("fixed") => "resolved",
            _ => "in_triage",
        };
        let mut analysis = json!({"state": state});
        if !one.reason.is_empty() {
            analysis["detail"] = json!(one.reason);
        }
        object.insert("analysis".into(), analysis);
    }
    let affected: BTreeSet<String> = group.iter().map(|finding| reference(finding)).collect();
    object.insert("affects".into(), json!(affected.iter().map(|one| json!({"ref": one})).collect::<Vec<_>>()));
    Value::Object(object)
}

fn rating(finding: &Finding, rule: Option<&Rule>) -> Value {
    let mut rating = json!({"severity": finding.severity.word()});
    if let Some(score) = rule.and_then(|rule| rule.score) {
        rating["score"] = json!(score);
    }
    if let Some(vector) = finding.text("cvss").filter(|vector| !vector.is_empty()) {
        rating["method"] = json!(method(vector));
        rating["vector"] = json!(vector);
    }
    rating
}

/// What scored it, in CycloneDX's words.
fn method(vector: &str) -> &'static str {
    match vector.split('/').next() {
        Some("CVSS:4.0") => "CVSSv4",
        Some("CVSS:3.1") => "CVSSv31",
        Some("CVSS:3.0") => "CVSSv3",
        Some(first) if first.starts_with("AV:") => "CVSSv2",
        _ => "other",
    }
}
