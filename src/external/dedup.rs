//! Findings of different tools that mean the same become one, with the others named in it.

use std::collections::BTreeMap;

use crate::model::{Finding, Property, RepoPath, ScanReport};

/// Marks repetitions across tools: the representative names the others in `alsoReportedBy` and in its
/// aliases, the others leave the report. Results of one tool are never merged with each other.
///
/// Two findings are the same where they lie in one file, their lines overlap, and one's rule answers to
/// the other's id (our rules list the ids of other tools' equal checks), or both are secrets of the same
/// place. Nothing is merged in an incomplete run: the missing tool's alert would close and reopen.
pub fn across_tools(report: &mut ScanReport) -> usize {
    if !report.complete || report.tools.len() < 2 {
        return 0;
    }
    let mut by_path: BTreeMap<RepoPath, Vec<usize>> = BTreeMap::new();
    for (at, finding) in report.findings.iter().enumerate().filter(|(_, finding)| finding.is_active()) {
        by_path.entry(finding.primary.path.clone()).or_default().push(at);
    }
    let mut merged: BTreeMap<usize, usize> = BTreeMap::new();
    for group in by_path.values().filter(|group| group.len() > 1) {
        // The representative is the least by (tool, place): ours first.
        let mut order = group.clone();
        order.sort_by_key(|&at| (report.findings[at].tool, at));
        for (rank, &first) in order.iter().enumerate().filter(|(_, at)| report.findings[**at].tool == 0) {
            for &other in order.get(rank + 1..).unwrap_or_default() {
                let pair = (&report.findings[first], &report.findings[other]);
                if pair.0.tool != pair.1.tool && !merged.contains_key(&other) && same(report, pair.0, pair.1) {
                    merged.insert(other, first);
                }
            }
        }
    }
    for (&other, &first) in &merged {
        let gone = report.findings[other].clone();
        let name = report.tools.get(gone.tool).map_or("", |tool| &tool.name).to_owned();
        let kept = &mut report.findings[first];
        kept.severity = kept.severity.max(gone.severity);
        kept.confidence = kept.confidence.max(gone.confidence);
        kept.also_known_as.push(gone.rule.as_str().to_owned());
        let line = format!("{name} {} {}", gone.rule, gone.fingerprint);
        match kept.properties.iter_mut().find(|(key, _)| *key == "alsoReportedBy") {
            Some((_, Property::List(list))) => list.push(line),
            _ => kept.properties.push(("alsoReportedBy", Property::List(vec![line]))),
        }
    }
    let mut at = 0;
    report.findings.retain(|_| {
        at += 1;
        !merged.contains_key(&(at - 1))
    });
    merged.len()
}

fn same(report: &ScanReport, ours: &Finding, other: &Finding) -> bool {
    // A result that came as SARIF is written as it came: it could not name the others.
    if ours.foreign.is_some() {
        return false;
    }
    let (a, b) = (ours.primary.region, other.primary.region);
    let block = ours.extent.unwrap_or(a);
    let overlap = a.start_line <= b.end_line && b.start_line <= a.end_line;
    let in_block = block.start_line <= b.start_line && b.start_line <= block.end_line;
    let equal = report.rule_of(ours).is_some_and(|rule| rule.answers_to(other.rule.as_str()))
        || ours.also_known_as.iter().any(|id| id == other.rule.as_str());
    let tool = report.tools.get(other.tool).map_or("", |tool| &tool.name).to_ascii_lowercase();
    let secrets = ours.scanner() == "secrets" && super::sarif_import::is_secret_tool(&tool);
    equal && (overlap || in_block) || secrets && overlap
}
