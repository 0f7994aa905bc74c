//! GitLab's own reports: SAST, secret detection and dependency scanning (security report schema 15.0.7),
//! and Code Quality. Suppressed findings are left out: GitLab would show them as open.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::{Options, Reporter, cut, first_sentence, sarif_rules::sentence};
use crate::model::{Finding, Rule, ScanReport, Severity};

/// Version of the security report schemas.
const SCHEMA: &str = "15.0.7";
/// GitLab's limit on names.
const NAME: usize = 255;
/// GitLab's limit on solutions.
const SOLUTION: usize = 7_000;

/// One security report: the findings of one of our scanners.
pub struct Security {
    /// `sast`, `secret_detection` or `dependency_scanning`.
    pub kind: &'static str,
    /// Our scanner.
    pub scanner: &'static str,
}

/// Findings of other tools go into the SAST report: they have no package and no commit that could be named.
fn belongs(finding: &Finding, scanner: &str) -> bool {
    finding.is_active() && if finding.tool == 0 { finding.scanner() == scanner } else { scanner == "iac" }
}

impl Reporter for Security {
    fn write(&self, report: &ScanReport, options: &Options, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{{\"version\":{},\n\"scan\":{},\n\"vulnerabilities\":[", json!(SCHEMA), scan(report, self.kind))?;
        for (at, finding) in report.findings.iter().filter(|finding| belongs(finding, self.scanner)).enumerate() {
            out.write_all(if at == 0 { b"\n" } else { b",\n" })?;
            serde_json::to_writer(&mut *out, &self.vulnerability(report, finding, options))?;
        }
        out.write_all(b"]")?;
        if self.kind == "dependency_scanning" {
            out.write_all(b",\n\"dependency_files\":[]")?;
        }
        out.write_all(b"}\n")
    }
}

/// Times are required and would make two runs differ: the advisory snapshot's day stands for both.
fn scan(report: &ScanReport, kind: &str) -> Value {
    let day = report.database.as_ref().map(|database| database.snapshot.as_str()).filter(|day| day.len() == 10);
    let time = format!("{}T00:00:00", day.unwrap_or("1970-01-01"));
    let version = report.tools.first().map_or("0", |tool| &tool.version);
    let tool = json!({
        "id": "portcullis", "name": "portcullis", "version": version, "vendor": {"name": "portcullis"},
    });
    json!({
        "analyzer": tool, "scanner": tool, "type": kind, "start_time": time, "end_time": time,
        "status": if report.complete { "success" } else { "failure" },
    })
}

impl Security {
    fn vulnerability(&self, report: &ScanReport, finding: &Finding, options: &Options) -> Value {
        let rule = report.rule_of(finding).map(AsRef::as_ref);
        let mut object = Map::new();
        object.insert("id".into(), json!(uuid(&finding.fingerprint.to_string())));
        object.insert("name".into(), json!(cut(first_sentence(&finding.message), NAME)));
        object.insert("description".into(), json!(finding.message));
        object.insert("severity".into(), json!(capital(finding.severity)));
        if let Some(help) = rule.map(|rule| rule.help.trim()).filter(|help| !help.is_empty()) {
            object.insert("solution".into(), json!(cut(help, SOLUTION)));
        }
        object.insert("identifiers".into(), identifiers(finding, rule));
        let links: Vec<Value> = rule
            .iter()
            .flat_map(|rule| &rule.references)
            .filter(|l| is_link(l))
            .map(|url| json!({"url": url}))
            .collect();
        if !links.is_empty() {
            object.insert("links".into(), json!(links));
        }
        object.insert("location".into(), self.location(finding, options));
        if self.kind == "sast" {
            let print = finding.fingerprint.to_string();
            object.insert(
                "tracking".into(),
                json!({"type": "source", "items": [{
                    "file": finding.primary.path.as_str(),
                    "start_line": finding.primary.region.start_line.max(1),
                    "end_line": finding.primary.region.end_line.max(1),
                    "signatures": [{"algorithm": "scope_offset", "value": print}],
                }]}),
            );
        }
        Value::Object(object)
    }

    fn location(&self, finding: &Finding, options: &Options) -> Value {
        let file = finding.primary.path.as_str();
        let (start, end) = (finding.primary.region.start_line.max(1), finding.primary.region.end_line.max(1));
        match self.kind {
            "dependency_scanning" => {
                let text = |names: &[&str]| text_property(finding, names).unwrap_or_default();
                let package = text(&["package", "packageName"]);
                json!({"file": file, "dependency": {"package": {"name": package}, "version": text(&["version", "installedVersion", "packageVersion"])}})
            }
            "secret_detection" => {
                let sha = options.commit.as_deref().unwrap_or("0000000000000000000000000000000000000000");
                json!({"file": file, "start_line": start, "end_line": end, "commit": {"sha": sha}})
            }
            _ => json!({"file": file, "start_line": start, "end_line": end}),
        }
    }
}

/// True for what GitLab's and CycloneDX's schemas take for the address of a page.
pub fn is_link(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(|c: char| c.is_whitespace() || c.is_control()))
}

/// The first of the named text properties.
pub fn text_property<'a>(finding: &'a Finding, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| finding.text(name))
}

/// The first identifier is the identity of a vulnerability: our rule, without a line.
fn identifiers(finding: &Finding, rule: Option<&Rule>) -> Value {
    let id = finding.rule.as_str();
    let mut list = vec![json!({"type": "portcullis_rule", "name": id, "value": id})];
    for alias in rule.iter().flat_map(|rule| &rule.aliases).filter(|alias| !alias.is_empty()).take(10) {
        let kind = if alias.starts_with("CVE-") {
            "cve"
        } else if alias.starts_with("GHSA-") {
            "ghsa"
        } else {
            "alias"
        };
        list.push(json!({"type": kind, "name": alias, "value": alias}));
    }
    for cwe in rule.iter().flat_map(|rule| &rule.cwe).take(5) {
        list.push(json!({"type": "cwe", "name": format!("CWE-{cwe}"), "value": cwe.to_string()}));
    }
    json!(list)
}

fn capital(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "Critical",
        Severity::High => "High",
        Severity::Medium => "Medium",
        Severity::Low => "Low",
        Severity::Info => "Info",
    }
}

/// 32 hexadecimal digits in a UUID's form.
pub fn uuid(print: &str) -> String {
    let part = |from: usize, to: usize| print.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

/// Code Quality: GitLab stops at the first entry it does not like, and shows equal fingerprints once.
pub struct CodeQuality;

impl Reporter for CodeQuality {
    fn write(&self, report: &ScanReport, _options: &Options, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(b"[")?;
        for (at, finding) in report.active().enumerate() {
            let severity = match finding.severity {
                Severity::Critical => "blocker",
                Severity::High => "critical",
                Severity::Medium => "major",
                Severity::Low => "minor",
                Severity::Info => "info",
            };
            let entry = json!({
                "description": sentence(&finding.message),
                "check_name": finding.rule.as_str(),
                "fingerprint": finding.fingerprint.to_string(),
                "severity": severity,
                "location": {
                    "path": finding.primary.path.as_str(),
                    "lines": {"begin": finding.primary.region.start_line.max(1)},
                },
            });
            out.write_all(if at == 0 { b"\n" } else { b",\n" })?;
            serde_json::to_writer(&mut *out, &entry)?;
        }
        out.write_all(b"\n]\n")
    }
}
