//! Other tools' SARIF: read tolerantly, merged without loss, the same in any order and again.

use std::sync::Arc;

use portcullis::external::{Import, ImportError, ImportSettings};
use portcullis::model::FINGERPRINT_SCHEME;
use portcullis::model::{Rule, ScanReport, Severity};
use portcullis::report::{self, Options};
use serde_json::{Value, json};

use crate::support::{root, shared};

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
    report::find("sarif").unwrap().write(report, &Options::default(), &mut out).unwrap();
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

#[test]
fn a_secret_is_masked_however_deep_it_stands() {
    let value = ["k3v9QwzT1x7", "pmr5t2n8b6"].concat();
    let found = value.clone();
    let find = move |_: &portcullis::model::RepoPath, text: &str| -> Vec<std::ops::Range<usize>> {
        text.match_indices(&found).map(|(at, text)| at..at + text.len()).collect()
    };
    let settings = ImportSettings { find_secrets: Some(Box::new(find)), ..ImportSettings::default() };
    for depth in [1, 63, 64, 65, 100, 120] {
        let deep = format!("{}\"{value}\"{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        let text = format!(
            r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"a"}}}},"results":[{{"ruleId":"A","message":{{"text":"x"}},"properties":{deep},"locations":[{{"physicalLocation":{{"artifactLocation":{{"uri":"a"}}}}}}]}}]}}]}}"#
        );
        let mut import = Import::new(&settings);
        import.read("x", text.as_bytes()).unwrap();
        let mut report = ScanReport { complete: true, ..ScanReport::default() };
        import.finish(&mut report);
        assert_eq!(report.findings.len(), 1, "{depth}");
        let mut out = Vec::new();
        report::find("sarif").unwrap().write(&report, &Options::default(), &mut out).unwrap();
        assert!(!String::from_utf8(out).unwrap().contains(&value), "{depth}");
    }
}

/// The output of eight tools, each in its own shape, as they wrote it for one small tree.
fn tools() -> Vec<Value> {
    let value = ["k3v#9w_zq@1x", "7!pmr5t2n8b6c4d0fgh"].concat();
    let names = ["bandit", "checkov", "gitleaks", "hadolint", "kingfisher", "semgrep", "trivy", "zizmor"];
    let read = |name: &&str| std::fs::read_to_string(root().join(format!("fixtures/sarif/{name}.sarif"))).unwrap();
    names.iter().map(|name| serde_json::from_str(&read(name).replace("{{SECRET}}", &value)).unwrap()).collect()
}

#[test]
fn the_shapes_of_eight_tools_merge_without_loss_in_any_order_and_again() {
    let files = tools();
    let mut order: Vec<&Value> = files.iter().collect();
    let merged = merge(&order);
    let once = sarif(&merged);
    let count = |log: &Value| {
        log["runs"].as_array().unwrap().iter().map(|run| run["results"].as_array().unwrap().len()).sum::<usize>()
    };
    assert_eq!(count(&once), files.iter().map(count).sum::<usize>());
    assert!(merged.complete, "{:?}", merged.notices);
    for at in 0..order.len() {
        order.rotate_left(1);
        assert_eq!(once, sarif(&merge(&order)));
        let mut verdictless = sarif(&merge(&[&once, order[at]]));
        verdictless["runs"][0]["properties"] = once["runs"][0]["properties"].clone();
        assert_eq!(once, verdictless, "what is in the report already adds nothing");
    }
    assert_eq!(once, sarif(&merge(&[&once])));
}

/// The eight shapes with equal findings merged, as `portcullis merge` does.
fn merged(files: &[&Value]) -> Value {
    let mut report = merge(files);
    portcullis::external::dedup::across_tools(&mut report);
    sarif(&report)
}

#[test]
fn merging_equal_findings_is_idempotent_and_blind_to_order() {
    let files = tools();
    let mut order: Vec<&Value> = files.iter().collect();
    let once = merged(&order);
    let also = once["runs"].as_array().unwrap().iter().flat_map(|run| run["results"].as_array().unwrap());
    assert!(also.filter(|one| one["properties"].get("alsoReportedBy").is_some()).count() > 0);
    for _ in 0..order.len() {
        order.rotate_left(3);
        assert_eq!(once, merged(&order));
        order.push(&once);
        assert_eq!(once, merged(&order), "a merged report with the files it came from is the merged report");
        order.pop();
    }
    assert_eq!(once, merged(&[&once]));
}

#[test]
fn an_invocations_level_a_numbered_file_and_a_filled_rule() {
    let mut log = log(
        "a",
        json!([{"id": "A1", "fullDescription": {"text": "Whole."}}]),
        json!([{
            "ruleId": "A1", "message": {"text": "x"}, "provenance": {"invocationIndex": 0},
            "locations": [{"physicalLocation": {"artifactLocation": {"index": 0}, "region": {"startLine": 2}}}],
        }]),
    );
    log["runs"][0]["artifacts"] = json!([{"location": {"uri": "dir/x.py"}, "contents": {"text": "secret"}}]);
    log["runs"][0]["invocations"] = json!([{"executionSuccessful": true, "ruleConfigurationOverrides": [
        {"descriptor": {"index": 0}, "configuration": {"level": "error"}}]}]);
    let report = merge(&[&log]);
    assert_eq!((report.findings[0].severity, report.findings[0].primary.path.as_str()), (Severity::High, "dir/x.py"));
    let out = sarif(&report);
    let place = &out["runs"][1]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(place, &json!({"uri": "dir/x.py"}));
    let rule = &out["runs"][1]["tool"]["driver"]["rules"][0];
    assert_eq!(rule["fullDescription"]["text"], "Whole.");
    assert_eq!(rule["properties"]["portcullisFilled"], json!(["shortDescription", "help", "security-severity"]));
    assert_eq!(sarif(&merge(&[&out])), out);
}

#[test]
fn what_a_tool_calls_its_rule_stays_and_a_missing_version_is_filled_in() {
    let place = at("a.js", 1);
    let result = |id: &str| json!({"ruleId": id, "message": {"text": "x"}, "locations": place});
    let rules =
        json!([{"id": "eqeqeq"}, {"id": "E401", "name": "multiple-imports"}, {"id": "no-eval", "name": "no-eval"}]);
    let out = sarif(&merge(&[&log("a", rules, json!([result("eqeqeq"), result("E401"), result("no-eval")]))]));
    let driver = &out["runs"][1]["tool"]["driver"];
    let names: Vec<&Value> = driver["rules"].as_array().unwrap().iter().map(|rule| &rule["name"]).collect();
    assert_eq!(names, [&json!("multiple-imports"), &Value::Null, &json!("NoEval")], "none like the id");
    assert_eq!(
        (&driver["version"], &driver["properties"]),
        (&json!("0 (unknown)"), &json!({"portcullisFilled": ["version"]}))
    );
    assert_eq!(sarif(&merge(&[&out])), out);
}

#[test]
fn a_repair_that_another_tool_offers_counts_and_is_kept() {
    let fix = json!([{"description": {"text": "Split"}, "artifactChanges": [{"artifactLocation": {"uri": "a.py"},
        "replacements": [{"deletedRegion": {"startLine": 1}, "insertedContent": {"text": "import os"}}]}]}]);
    let text =
        |version: &str| format!("Package: lodash\nInstalled Version: 4.17.20\nFixed Version: {version}\nLink: x");
    let results = json!([
        {"ruleId": "A", "message": {"text": "x"}, "locations": at("a.py", 1), "fixes": fix},
        {"ruleId": "A", "message": {"text": text("4.17.21")}, "locations": at("a.py", 2)},
        {"ruleId": "A", "message": {"text": text("")}, "locations": at("a.py", 3)},
        {"ruleId": "A", "message": {"text": "x"}, "locations": at("a.py", 4), "fixes": []},
    ]);
    let report = merge(&[&log("a", json!([]), results)]);
    let fixable: Vec<bool> = report.findings.iter().map(portcullis::model::Finding::is_fixable).collect();
    assert_eq!(fixable, [true, true, false, false]);
    assert!(report.findings.iter().all(|one| one.fixes.is_empty()), "`portcullis fix` carries out our own alone");
    assert_eq!(sarif(&report)["runs"][1]["results"][0]["fixes"], fix);
}

#[test]
fn a_run_that_failed_makes_the_report_incomplete() {
    let mut file = log("a", json!([]), json!([]));
    file["runs"][0]["invocations"] = json!([{"executionSuccessful": false}]);
    let report = merge(&[&file]);
    assert!(!report.complete && report.notices[0].message.contains("its run failed"), "{:?}", report.notices);
    assert!(!merge(&[&sarif(&report)]).complete, "and stays so");
}

#[test]
fn hostile_files_are_refused_or_told_and_take_no_time() {
    let settings = ImportSettings { root: "/repo".into(), ..ImportSettings::default() };
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let result = |extra: &str| {
        format!(
            r#"{{"ruleId":"A","message":{{"text":"x"}},"locations":[{{"physicalLocation":{{"artifactLocation":{{"uri":"a"}}}}}}]{extra}}}"#
        )
    };
    let log = |results: &str| {
        format!(r#"{{"version":"2.1.0","runs":[{{"results":{results},"tool":{{"driver":{{"name":"a"}}}}}}]}}"#)
    };
    // File, findings, complete.
    let cases = [
        (log(&format!("[{},{}]", result(""), result(&format!(r#","properties":{{"a":{deep}}}"#)))), 1, false),
        (log(&format!("[{},null,5,\"x\",[],{{}}]", result(""))), 1, false),
        (log("null"), 0, true),
        (log("5"), 0, true),
        (log("{\"a\":1}"), 0, true),
        (r#"{"version":"2.1.0","runs":[null,7,"x",[1],{}]}"#.to_owned(), 0, true),
        (format!(r#"{{"junk":{},"version":"2.1.0","runs":[]}}"#, "[]"), 0, true),
        (
            log(&format!("[{}]", result(r#","fingerprints":7,"properties":[],"relatedLocations":{},"fixes":[{}]"#))),
            1,
            true,
        ),
    ];
    for (text, findings, complete) in cases {
        let mut import = Import::new(&settings);
        import.read("x", text.as_bytes()).unwrap();
        let mut report = ScanReport { complete: true, ..ScanReport::default() };
        import.finish(&mut report);
        assert_eq!((report.findings.len(), report.complete), (findings, complete), "{}", &text[..text.len().min(300)]);
        let out = sarif(&report);
        assert_eq!(out, sarif(&merge(&[&out])));
    }
    for text in
        [&b"\x1f\x8b\x08garbage"[..], b"", b"[]", b"{\"version\":\"2.1.0\",\"runs\":[{\"results\":[{]}]}", b"\xff\xff"]
    {
        assert!(Import::new(&settings).read("x", text).is_err(), "{text:?}");
    }
}

#[test]
fn a_value_that_one_tool_quotes_is_masked_in_the_reports_of_all() {
    let files = tools();
    let text = sarif(&merge(&files.iter().collect::<Vec<_>>())).to_string();
    for hidden in ["k3v#9w_zq", "5t2n8b6c4", "dev@shop", "1234567890123456789"] {
        assert!(!text.contains(hidden), "{hidden}");
    }
    assert!(text.contains("Possible hardcoded password: '•••'"));
}

#[test]
fn fingerprints_tell_all_results_apart_though_the_tools_do_not() {
    let files = tools();
    let out = sarif(&merge(&files.iter().collect::<Vec<_>>()));
    let results = out["runs"].as_array().unwrap().iter().flat_map(|run| run["results"].as_array().unwrap());
    let mut prints: Vec<&str> = results.map(|one| one["fingerprints"][FINGERPRINT_SCHEME].as_str().unwrap()).collect();
    let count = prints.len();
    prints.sort_unstable();
    prints.dedup();
    assert_eq!(prints.len(), count);
}

#[test]
fn severities_come_from_where_each_tool_has_them() {
    let equal = |id: &str| (id == "CKV_AWS_20").then(|| Arc::new(Rule::new("iac/x", "x", Severity::Critical)));
    let settings = ImportSettings { equal_rule: Some(Box::new(equal)), ..ImportSettings::default() };
    let mut import = Import::new(&settings);
    for file in tools() {
        import.read("in.sarif", file.to_string().as_bytes()).unwrap();
    }
    let mut merged = ScanReport { complete: true, ..ScanReport::default() };
    import.finish(&mut merged);
    let mut found: Vec<(&str, Severity)> =
        merged.findings.iter().map(|one| (one.rule.as_str(), one.severity)).collect();
    found.sort_unstable();
    found.dedup();
    let expected = [
        ("B105", Severity::Low),
        ("CKV_AWS_20", Severity::Critical),
        ("CKV_XYZ_1", Severity::Medium),
        ("CVE-2021-23337", Severity::High),
        ("DL3006", Severity::Medium),
        ("generic-api-key", Severity::High),
        ("js-eval", Severity::High),
        ("kingfisher.generic.1", Severity::High),
        ("zizmor/unpinned-uses", Severity::High),
    ];
    assert_eq!(found, expected);
}

#[test]
fn what_code_scanning_would_drop_of_another_tools_results_is_told() {
    let results: Vec<Value> = (1..=25_001)
        .map(|line| {
            let level = if line == 20_000 { "error" } else { "note" };
            json!({"ruleId": "N", "level": level, "message": {"text": "x"}, "locations": at("b.tf", line)})
        })
        .collect();
    let out = sarif(&merge(&[&log("noisy", json!([]), json!(results))]));
    let run = &out["runs"][1];
    assert_eq!(run["results"].as_array().unwrap().len(), 25_000);
    assert_eq!(run["results"][0]["level"], "error", "the most severe come first");
    let told = &run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"];
    assert!(told.as_str().unwrap().contains("the 1 least severe"), "{told}");
}

#[test]
fn a_merge_says_why_it_is_incomplete_and_what_fails_and_names_no_folder_of_the_machine() {
    let folder = tempfile::tempdir().unwrap();
    let result =
        |uri: &str| json!({"ruleId": "R", "level": "error", "message": {"text": "x"}, "locations": at(uri, 1)});
    let text = log("a", json!([]), json!([result("a.py"), result("/elsewhere/b.py")])).to_string();
    std::fs::write(folder.path().join("a.sarif"), text).unwrap();
    let merged = std::process::Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .args(["merge", "--no-config", "--fail-on", "high"])
        .arg("--root")
        .arg(folder.path())
        .arg(folder.path().join("a.sarif"))
        .output()
        .unwrap();
    assert_eq!(merged.status.code(), Some(1));
    let told = String::from_utf8(merged.stderr).unwrap();
    assert!(told.contains("error: 1 results of a in `a.sarif` have no place below the root (--root)"), "{told}");
    assert!(told.contains("FAIL: 1 of 1 finding") && told.contains("INCOMPLETE: 1 problem"), "{told}");
    let out = String::from_utf8(merged.stdout).unwrap();
    assert!(!out.contains(&folder.path().display().to_string()), "{out}");
}
