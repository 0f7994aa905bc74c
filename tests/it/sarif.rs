//! SARIF against the official schema, and against Microsoft's and GitHub's rules where their kit is.

use std::process::Command;

use portcullis::model::{
    BaselineState, Confidence, Finding, FindingFix, Fingerprint, FingerprintFields, Location, Notice, NoticeKind,
    Origin, Provenance, Region, Related, RepoPath, Rule, ScanReport, Severity, Snippet, Suppression, Tool,
};
use portcullis::report::{self, Options};

use crate::support::shared;

#[path = "../../src/model/sample.rs"]
mod sample;

fn full() -> ScanReport {
    let mut report =
        sample::report(&[("a b/é.tf", 7, Severity::High), ("c.tf", 2, Severity::Info), ("d.tf", 3, Severity::Medium)]);
    let region = Region { start_line: 6, start_column: 1, end_line: 9, end_column: 2, ..Region::default() };
    let first = &mut report.findings[0];
    first.extent = Some(region);
    first.related.push(Related {
        location: Location { path: RepoPath::new("other.tf"), region },
        message: "Called [from](1) here.".into(),
    });
    first.fixes.push(FindingFix {
        description: "close it".into(),
        replacements: vec![(region, "acl = 2".into())],
        content: [0; 32],
        pin: None,
    });
    report.findings[1].suppressions.push(Suppression {
        in_source: true,
        source: "portcullis:ignore".into(),
        reason: "known".into(),
        until: Some("2030-01-01".into()),
    });
    for finding in &mut report.findings {
        finding.baseline = Some(BaselineState::New);
    }
    report.notices.push(Notice::warning(NoticeKind::Unparsed, "Line 3 does not parse").at(&RepoPath::new("e.tf")));
    report.provenance = Some(Provenance {
        repository: "https://example.org/a/b.git".into(),
        revision: "0a".repeat(20),
        branch: "main".into(),
    });
    report.verdict = vec!["FAIL: 1 of 2 findings meets the gate (high or worse).".into()];
    report
}

fn write(report: &ScanReport, options: &Options) -> Vec<u8> {
    let mut out = Vec::new();
    report::find("sarif").unwrap().write(report, options, &mut out).unwrap();
    out
}

#[test]
fn it_follows_the_schema() {
    let Some(schema) = shared("sarif/sarif-schema-2.1.0.json") else { return };
    let schema: serde_json::Value = serde_json::from_slice(&std::fs::read(schema).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for show_suppressed in [false, true] {
        let out = write(&full(), &Options { show_suppressed, ..Options::default() });
        let log: serde_json::Value = serde_json::from_slice(&out).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
        let results = log["runs"][0]["results"].as_array().unwrap();
        assert_eq!(results.len(), if show_suppressed { 3 } else { 2 });
        assert_eq!(results[0].get("baselineState").is_some(), show_suppressed);
        assert_eq!(results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "a%20b/%C3%A9.tf");
        assert_eq!(results[0]["rank"], 80.0);
    }
}

/// Runs the validators over a report; says so where they cannot be had.
pub fn validate(report: &[u8]) {
    let Some(kit) = shared("sarif/validate.sh") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.sarif");
    std::fs::write(&path, report).unwrap();
    let Ok(run) = Command::new("bash").arg(&kit).arg(&path).output() else { return };
    let text = String::from_utf8_lossy(&run.stdout).into_owned();
    if run.status.code() == Some(3) {
        eprintln!("skipped: the validators cannot be had here");
        return;
    }
    assert!(run.status.success(), "{text}");
}

#[test]
fn the_validators_find_no_error_and_no_warning() {
    validate(&write(&full(), &Options::default()));
}
