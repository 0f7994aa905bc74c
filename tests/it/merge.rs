//! Other tools' SARIF: read tolerantly, merged without loss, the same in any order and again.

use portcullis::external::{Import, ImportError, ImportSettings};
use portcullis::model::{ScanReport, Severity};
use portcullis::report::{self, Options};
use serde_json::{Value, json};

use crate::support::shared;

fn merge(files: &[&Value]) -> ScanReport {
    let settings = ImportSettings { root: "/repo".into(), ..ImportSettings::default() };
    let mut import = Import::new(&settings);
    for file in files {
        import.read("in.sarif", file.to_string().as_bytes()).unwrap();
    }
    let mut merged = ScanReport { complete: true, ..ScanReport::default() };
    import.finish(&mut merged);
    merged
}

fn sarif(report: &ScanReport) -> Value {
    let mut out = Vec::new();
    report::find("sarif").unwrap().reporter.write(report, &Options::default(), &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

fn log(tool: &str, rules: Value, results: Value) -> Value {
    json!({"version": "2.1.0", "runs": [{"results": results, "tool": {"driver": {"name": tool, "rules": rules}}}]})
}

fn at(uri: &str, line: u32) -> Value {
    json!([{"physicalLocation": {"artifactLocation": {"uri": uri, "index": 3}, "region": {"startLine": line}}}])
}

fn scanner_a() -> Value {
    log(
        "a",
        json!([{"id": "A1", "properties": {"security-severity": 9.8}}, {"id": "A2", "defaultConfiguration": {"level": "note"}}]),
        json!([
            {"ruleIndex": 0, "message": {"text": "One"}, "locations": at("file:///repo/x%20y.tf", 3)},
            {"ruleId": "A2", "message": {"text": "Two"}, "locations": at("b.tf", 1), "partialFingerprints": null},
            {"ruleId": "A1", "kind": "pass", "message": {"text": "Fine"}, "locations": at("b.tf", 1)},
        ]),
    )
}

#[test]
fn severity_comes_from_the_score_then_the_rules_level() {
    let merged = merge(&[&scanner_a()]);
    let found: Vec<(&str, &str, Severity)> =
        merged.findings.iter().map(|one| (one.rule.as_str(), one.primary.path.as_str(), one.severity)).collect();
    assert_eq!(found, [("A2", "b.tf", Severity::Low), ("A1", "x y.tf", Severity::Critical)]);
    assert!(merged.complete);
}

#[test]
fn merging_is_idempotent_and_blind_to_order() {
    let b = log(
        "b",
        json!([]),
        json!([{"ruleId": "B/1", "level": "error", "message": {"text": "x"}, "locations": at("./b.tf", 2)}]),
    );
    let once = sarif(&merge(&[&scanner_a(), &b]));
    assert_eq!(once, sarif(&merge(&[&b, &scanner_a()])));
    assert_eq!(once, sarif(&merge(&[&b, &b, &scanner_a()])), "exact repetitions count once");
    assert_eq!(once, sarif(&merge(&[&once])), "merging again changes nothing");
}

#[test]
fn a_secret_that_a_tool_quotes_goes_nowhere() {
    let value = ["hunter", "2hunter2"].concat();
    let mut places = at("k.env", 1);
    places[0]["physicalLocation"]["region"]["snippet"] = json!({"text": value});
    let leaks = log(
        "gitleaks",
        json!([{"id": "generic"}]),
        json!([{
            "ruleId": "generic", "message": {"text": format!("found {value}")}, "locations": places,
            "partialFingerprints": {"email": "dev@example.org", "commitMessage": value},
        }]),
    );
    let merged = merge(&[&leaks]);
    assert_eq!(merged.findings[0].severity, Severity::High);
    let text = sarif(&merged).to_string();
    assert!(!text.contains(&value) && !text.contains("dev@example"), "{text}");
}

#[test]
fn what_is_broken_is_repaired_or_told() {
    let mut places = at("b.tf", 0);
    places[0]["physicalLocation"]["region"] = json!({"startLine": "4", "startColumn": 0, "endColumn": -1});
    let odd = log(
        "odd",
        json!([{"id": "O", "shortDescription": {"text": "Title"}}]),
        json!([
            {"ruleId": "O", "locations": places, "level": "critical", "fixes": [{"artifactChanges": []}]},
            {"ruleId": "O", "message": {"text": "nowhere"}},
        ]),
    );
    let merged = merge(&[&odd]);
    assert!(!merged.complete, "a result without a place is told");
    let out = sarif(&merged);
    let result = &out["runs"][1]["results"][0];
    assert_eq!(result["locations"][0]["physicalLocation"]["region"], json!({"startLine": 4}));
    assert_eq!(result["message"]["text"], "Title");
    assert_eq!(result["level"], "warning");
    assert!(result.get("fixes").is_none());
    if let Some(schema) = shared("sarif/sarif-schema-2.1.0.json") {
        let schema: Value = serde_json::from_slice(&std::fs::read(schema).unwrap()).unwrap();
        let errors: Vec<String> =
            jsonschema::validator_for(&schema).unwrap().iter_errors(&out).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

#[test]
fn a_file_that_is_no_sarif_is_refused_whole() {
    let settings = ImportSettings::default();
    let mut import = Import::new(&settings);
    assert!(matches!(import.read("x", b"\xFF\xFE{\0"), Err(ImportError::Encoding)));
    assert!(matches!(import.read("x", b"{\"version\":\"1.0.0\"}"), Err(ImportError::Version(_))));
    assert!(matches!(import.read("x", b"{\"version\":"), Err(ImportError::Json(_))));
    assert!(import.read("x", "\u{feff}{\"version\":\"2.1.0\",\"runs\":[]}".as_bytes()).is_ok());
}
