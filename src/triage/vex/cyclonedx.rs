//! VEX in CycloneDX: `vulnerabilities` with an `analysis`, beside components or apart from them (1.4 to 1.6).

use std::collections::HashMap;

use serde_json::Value;

use super::{Statement, Status, array, joined, text, utc};
use crate::model::percent_decode;

/// The statements, and how many were left out. A vulnerability without an analysis states nothing.
pub(super) fn statements(root: &Value) -> (Vec<Statement>, usize) {
    let purls = purls(root);
    let (mut found, mut left_out) = (Vec::new(), 0);
    for item in array(root, "vulnerabilities").filter(|item| item["analysis"]["state"].is_string()) {
        let analysis = &item["analysis"];
        let references = array(item, "references").filter_map(|reference| reference["id"].as_str());
        let ids: Vec<String> =
            item["id"].as_str().into_iter().chain(references).filter(|id| !id.is_empty()).map(str::to_owned).collect();
        let Some(status) = status(text(analysis, "state")).filter(|_| !ids.is_empty()) else {
            left_out += 1;
            continue;
        };
        let reason = joined(&[text(analysis, "justification"), text(analysis, "detail")]);
        let times = [text(analysis, "lastUpdated"), text(item, "updated"), text(&root["metadata"], "timestamp")];
        let time = times.into_iter().map(utc).find(|time| !time.is_empty()).unwrap_or_default();
        let affects = item["affects"].as_array().filter(|affects| !affects.is_empty());
        let packages = affects.map(|affects| affects.iter().flat_map(|affect| packages(affect, &purls)).collect());
        found.push(Statement { ids, packages, status, reason, time });
    }
    (found, left_out)
}

/// States of the specification's `impactAnalysisState`.
fn status(word: &str) -> Option<Status> {
    Some(match word {
        "not_affected" | "false_positive" => Status::NotAffected,
        "resolved" | "resolved_with_pedigree" => Status::Fixed,
        "exploitable" => Status::Affected,
        "in_triage" => Status::UnderInvestigation,
        _ => return None,
    })
}

/// Package URLs by the reference of their component, wherever it stands.
fn purls(root: &Value) -> HashMap<&str, &str> {
    let mut known = HashMap::new();
    let mut waiting: Vec<&Value> = array(root, "components").chain(root["metadata"].get("component")).collect();
    while let Some(component) = waiting.pop() {
        if let (Some(reference), Some(purl)) = (component["bom-ref"].as_str(), component["purl"].as_str()) {
            known.insert(reference, purl);
        }
        waiting.extend(array(component, "components"));
    }
    known
}

/// What one member of `affects` names. Its reference is of this document, or a BOM-Link (`urn:cdx:SERIAL/VERSION#REF`)
/// into another one, where all that is known is the reference itself; most tools make it the package URL. Versions
/// narrow it down: those that are said to be unaffected, or of which nothing is said.
fn packages(affect: &Value, purls: &HashMap<&str, &str>) -> Vec<String> {
    let written = text(affect, "ref");
    let linked = written.strip_prefix("urn:cdx:").and_then(|link| percent_decode(link.split_once('#')?.1));
    let reference = linked.as_deref().unwrap_or(written);
    let Some(purl) = purls.get(reference).copied().or_else(|| reference.starts_with("pkg:").then_some(reference))
    else {
        return Vec::new();
    };
    let Some(versions) = affect["versions"].as_array().filter(|versions| !versions.is_empty()) else {
        return vec![purl.to_owned()];
    };
    let name = purl.split(['?', '#']).next().unwrap_or(purl);
    let name = name.rfind('@').filter(|at| !name[*at..].contains('/')).map_or(name, |at| &name[..at]);
    let stated = versions.iter().filter(|one| one["status"] != "affected");
    stated.filter_map(|one| Some(format!("{name}@{}", one["version"].as_str()?))).collect()
}
