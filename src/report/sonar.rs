//! SonarQube's generic issue import: rules once, issues by line.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::{Options, Reporter, sarif_rules::sentence, shown};
use crate::model::{Finding, Rule, ScanReport, Severity};

/// `rules` with both of Sonar's severity scales, and `issues` that name them. Lines only: a column past
/// a line's end aborts Sonar's analysis.
pub struct Sonar;

impl Reporter for Sonar {
    fn write(&self, report: &ScanReport, options: &Options, out: &mut dyn Write) -> io::Result<()> {
        let issues = || shown(report, options).filter(|finding| finding.is_active());
        let mut rules: BTreeMap<String, Value> = BTreeMap::new();
        for finding in issues() {
            if let Some(rule) = report.rule_of(finding) {
                let id = id(report, finding);
                rules.entry(id).or_insert_with_key(|id| self::rule(report, finding.tool, rule, id));
            }
        }
        let rules: Vec<Value> = rules.into_values().collect();
        write!(out, "{{\"rules\":{},\n\"issues\":[", json!(rules))?;
        let known = |finding: &&Finding| report.rule_of(finding).is_some();
        for (at, finding) in issues().filter(known).enumerate() {
            out.write_all(if at == 0 { b"\n" } else { b",\n" })?;
            let region = finding.primary.region;
            let issue = json!({
                "ruleId": id(report, finding),
                "primaryLocation": {
                    "message": sentence(&finding.message),
                    "filePath": finding.primary.path.as_str(),
                    "textRange": {"startLine": region.start_line.max(1)},
                },
            });
            serde_json::to_writer(&mut *out, &issue)?;
        }
        out.write_all(b"]}\n")
    }
}

/// Unique in the file, and the same whichever tools ran: another tool's carry its name.
fn id(report: &ScanReport, finding: &Finding) -> String {
    let rule = finding.rule.as_str();
    match report.tools.get(finding.tool) {
        Some(tool) if finding.tool > 0 => format!("{}:{rule}", tool.name),
        _ => rule.to_owned(),
    }
}

fn rule(report: &ScanReport, tool: usize, rule: &Rule, id: &str) -> Value {
    let (standard, clean) = match rule.severity {
        Severity::Critical => ("BLOCKER", "BLOCKER"),
        Severity::High => ("CRITICAL", "HIGH"),
        Severity::Medium => ("MAJOR", "MEDIUM"),
        Severity::Low => ("MINOR", "LOW"),
        Severity::Info => ("INFO", "INFO"),
    };
    json!({
        "id": id,
        "name": rule.title,
        "description": if rule.help.is_empty() { &rule.title } else { &rule.help },
        "engineId": report.tools.get(tool).map_or("portcullis", |tool| &tool.name),
        "cleanCodeAttribute": "TRUSTWORTHY",
        "type": "VULNERABILITY",
        "severity": standard,
        "impacts": [{"softwareQuality": "SECURITY", "severity": clean}],
    })
}
