//! A report for tests of triage and of the formats.

use std::sync::Arc;

use super::{
    Confidence, Finding, Fingerprint, FingerprintFields, Location, Origin, Region, RepoPath, Rule, ScanReport,
    Severity, Snippet, Tool,
};

/// One finding of the rule `iac/<severity>-rule` per path, line and severity.
pub fn report(places: &[(&str, u32, Severity)]) -> ScanReport {
    let mut report = ScanReport {
        tools: vec![Tool {
            name: "portcullis".into(),
            version: "0.1.0".into(),
            information_uri: "https://example.org/portcullis".into(),
            category: String::new(),
        }],
        complete: true,
        scanners: vec!["iac"],
        ..ScanReport::default()
    };
    for (ordinal, &(path, line, severity)) in (0..).zip(places) {
        let rule = rule(severity);
        report.findings.push(finding(&rule, path, line, ordinal));
        report.rules.insert((0, rule.id.clone()), rule);
    }
    report
}

fn rule(severity: Severity) -> Arc<Rule> {
    let mut rule = Rule::new(&format!("iac/{severity}-rule"), "Bucket is open to anyone", severity);
    rule.help = "Anyone can read it.\n\nClose it with a policy.".into();
    rule.cwe = vec![732];
    rule.references = vec!["https://example.org/why".into()];
    rule.aliases = vec!["CKV_AWS_20".into()];
    Arc::new(rule)
}

/// One finding at columns 3 to 9 of a line.
pub fn finding(rule: &Rule, path: &str, line: u32, ordinal: u32) -> Finding {
    let fields = FingerprintFields {
        tool: "portcullis",
        rule: rule.id.as_str(),
        path,
        kind: "line",
        discriminator: "acl",
        ordinal,
    };
    Finding {
        tool: 0,
        rule: rule.id.clone(),
        severity: rule.severity,
        confidence: Confidence::High,
        message: "Bucket `logs` is open to anyone.".into(),
        primary: Location {
            path: RepoPath::new(path),
            region: Region {
                start_line: line,
                start_column: 3,
                end_line: line,
                end_column: 9,
                char_column: 3,
                byte_offset: 10,
                byte_length: 6,
            },
        },
        extent: None,
        related: Vec::new(),
        snippet: Some(Snippet { first_line: line, text: "  acl = 1\n}".into(), masked: false }),
        fingerprint: Fingerprint::of(&fields),
        anchor: Arc::from("line:acl"),
        line_hash: Some("c129715d7a2bc9a3:1".into()),
        origin: Origin::WorkTree,
        properties: Vec::new(),
        fixes: Vec::new(),
        foreign_fix: false,
        gates: true,
        also_known_as: Vec::new(),
        suppressions: Vec::new(),
        baseline: None,
        secret_digest: None,
        foreign: None,
    }
}
