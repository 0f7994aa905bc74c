//! `--gate-report`: the verdict for machines.

use std::path::Path;

use serde_json::{Value, json};

use super::CliError;
use super::output::write_file;
use crate::model::{Finding, ScanReport, Severity};
use crate::triage::gate::{GateSettings, Verdict, failing};

/// Writes verdict, reasons, conditions and the findings that meet the gate.
pub fn write(file: &Path, report: &ScanReport, gate: &GateSettings, verdict: Verdict) -> Result<(), CliError> {
    let word = match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Incomplete => "incomplete",
    };
    let threshold = |severity: Option<Severity>| severity.map_or("none", Severity::word);
    let scanners: serde_json::Map<String, Value> =
        gate.scanners.iter().map(|(name, severity)| (name.clone(), json!(threshold(*severity)))).collect();
    let paths: Vec<Value> = gate
        .paths
        .iter()
        .map(|one| {
            let globs: Vec<&str> = one.paths.iter().map(|glob| glob.glob().glob()).collect();
            json!({"paths": globs, "failOn": threshold(one.fail_on)})
        })
        .collect();
    let text = json!({
        "version": 1,
        "verdict": word,
        "complete": report.complete,
        "reasons": report.verdict,
        "gate": {
            "failOn": threshold(gate.fail_on),
            "scanners": scanners,
            "paths": paths,
            "minConfidence": gate.min_confidence.map(|confidence| confidence.word()),
            "newOnly": gate.new_only,
            "fixableOnly": gate.fixable_only,
            "maxFindings": gate.tolerated,
        },
        "failing": failing(report, gate).into_iter().map(|finding| row(report, finding)).collect::<Vec<_>>(),
    });
    write_file(file, |out| writeln!(out, "{text:#}"))
}

fn row(report: &ScanReport, finding: &Finding) -> Value {
    json!({
        "tool": report.tools.get(finding.tool).map(|tool| &tool.name),
        "rule": finding.rule.as_str(),
        "severity": finding.severity.word(),
        "path": finding.primary.path.as_str(),
        "line": finding.primary.region.start_line,
        "fingerprint": finding.fingerprint.to_string(),
        "message": finding.message,
    })
}
