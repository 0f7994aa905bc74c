//! Each format as its consumer reads it: what GitLab's schemas (15.0.7), SonarQube's importer, CycloneDX 1.6,
//! editors and spreadsheets require, over the demo tree.

use std::collections::BTreeSet;
use std::process::Command;

use regex::Regex;
use serde_json::Value;

use crate::cli::program_folder;
use crate::support::root;

fn report(format: &str) -> String {
    let tree = root().join("fixtures/trees/shop");
    let mut command = Command::new(program_folder().join("portcullis"));
    command.args(["scan", "-q", "--no-config", "--no-ignore", "--fail-on", "none", "-f", format]).current_dir(tree);
    let output = command.env("PORTCULLIS_CACHE", tempfile::tempdir().unwrap().path()).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn json(format: &str) -> Value {
    serde_json::from_str(&report(format)).unwrap()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_else(|| panic!("no text `{name}` in {value}"))
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value[name].as_array().unwrap_or_else(|| panic!("no list `{name}` in {value}"))
}

#[test]
fn gitlab_takes_the_security_reports() {
    let time = Regex::new(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$").unwrap();
    let link = Regex::new(r"^(https?|ftp)://.+").unwrap();
    for (format, kind) in
        [("gitlab-sast", "sast"), ("gitlab-secrets", "secret_detection"), ("gitlab-deps", "dependency_scanning")]
    {
        let report = json(format);
        assert_eq!(text(&report, "version"), "15.0.7");
        let scan = &report["scan"];
        assert_eq!((text(scan, "type"), text(scan, "status")), (kind, "success"));
        assert!(time.is_match(text(scan, "start_time")) && time.is_match(text(scan, "end_time")));
        for who in ["analyzer", "scanner"] {
            ["id", "name", "version"].iter().for_each(|name| assert!(!text(&scan[who], name).is_empty()));
            assert!(!text(&scan[who]["vendor"], "name").is_empty());
        }
        let found = list(&report, "vulnerabilities");
        let ids: BTreeSet<&str> = found.iter().map(|one| text(one, "id")).collect();
        assert!(!found.is_empty() && ids.len() == found.len(), "{format}");
        for one in found {
            assert!(["Info", "Unknown", "Low", "Medium", "High", "Critical"].contains(&text(one, "severity")));
            assert!(text(one, "name").chars().count() <= 255);
            assert!(one["solution"].as_str().is_none_or(|text| text.chars().count() <= 7_000));
            assert!(!list(one, "identifiers").is_empty());
            for id in list(one, "identifiers") {
                ["type", "name", "value"].iter().for_each(|name| assert!(!text(id, name).is_empty(), "{id}"));
            }
            let links = one["links"].as_array().into_iter().flatten();
            links.for_each(|one| assert!(link.is_match(text(one, "url")), "{one}"));
            let place = &one["location"];
            assert!(!text(place, "file").is_empty());
            match kind {
                "sast" => assert!(place["start_line"].as_u64() >= Some(1)),
                "secret_detection" => assert_eq!(text(&place["commit"], "sha").len(), 40),
                _ => {
                    assert!(!text(&place["dependency"], "version").is_empty());
                    assert!(!text(&place["dependency"]["package"], "name").is_empty());
                }
            }
            let items = one["tracking"]["items"].as_array().into_iter().flatten();
            items.for_each(|item| assert!(!text(&list(item, "signatures")[0], "value").is_empty()));
        }
        assert_eq!(report["dependency_files"].is_array(), kind == "dependency_scanning");
    }
}

#[test]
fn gitlab_takes_every_entry_of_the_code_quality_report() {
    let report = json("gitlab-codequality");
    let entries = report.as_array().unwrap();
    let prints: BTreeSet<&str> = entries.iter().map(|entry| text(entry, "fingerprint")).collect();
    assert_eq!(prints.len(), entries.len());
    for entry in entries {
        assert!(!text(entry, "description").is_empty() && !text(entry, "check_name").is_empty());
        assert!(["info", "minor", "major", "critical", "blocker"].contains(&text(entry, "severity")));
        assert!(
            !text(&entry["location"], "path").starts_with(['.', '/'])
                || text(&entry["location"], "path").starts_with(".github")
        );
        assert!(entry["location"]["lines"]["begin"].as_u64() >= Some(1));
    }
}

#[test]
fn sonar_knows_the_rule_of_every_issue() {
    let report = json("sonar");
    let rules: BTreeSet<&str> = list(&report, "rules").iter().map(|rule| text(rule, "id")).collect();
    assert_eq!(rules.len(), list(&report, "rules").len(), "a repeated rule ends the analysis");
    for rule in list(&report, "rules") {
        ["name", "engineId", "type", "severity"].iter().for_each(|name| assert!(!text(rule, name).is_empty()));
        let impact = &list(rule, "impacts")[0];
        assert_eq!(text(impact, "softwareQuality"), "SECURITY");
        assert!(["BLOCKER", "HIGH", "MEDIUM", "LOW", "INFO"].contains(&text(impact, "severity")));
    }
    for issue in list(&report, "issues") {
        assert!(rules.contains(text(issue, "ruleId")));
        assert!(issue["severity"].is_null() && issue["type"].is_null(), "they belong to the rule");
        let place = &issue["primaryLocation"];
        assert!(!text(place, "message").is_empty() && !text(place, "filePath").is_empty());
        let range = place["textRange"].as_object().unwrap();
        assert!(range["startLine"].as_u64() >= Some(1) && range.len() == 1, "a column may end the analysis");
    }
}

#[test]
fn cyclonedx_names_only_what_it_holds() {
    let bom = json("cyclonedx");
    assert_eq!((text(&bom, "bomFormat"), text(&bom, "specVersion")), ("CycloneDX", "1.6"));
    let serial = Regex::new("^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$").unwrap();
    assert!(serial.is_match(text(&bom, "serialNumber")));
    let parts: BTreeSet<&str> = list(&bom, "components").iter().map(|one| text(one, "bom-ref")).collect();
    assert_eq!(parts.len(), list(&bom, "components").len());
    let known = [
        "bom-ref",
        "id",
        "source",
        "references",
        "ratings",
        "cwes",
        "description",
        "detail",
        "recommendation",
        "advisories",
        "analysis",
        "affects",
        "tools",
        "properties",
    ];
    for one in list(&bom, "vulnerabilities") {
        assert!(one.as_object().unwrap().keys().all(|name| known.contains(&name.as_str())), "{one}");
        for rating in list(one, "ratings") {
            assert!(["critical", "high", "medium", "low", "info"].contains(&text(rating, "severity")));
            let method = rating["method"].as_str().unwrap_or("other");
            assert!(["CVSSv2", "CVSSv3", "CVSSv31", "CVSSv4", "other"].contains(&method));
        }
        assert!(one["cwes"].as_array().into_iter().flatten().all(Value::is_u64));
        assert!(!list(one, "affects").is_empty());
        list(one, "affects").iter().for_each(|part| assert!(parts.contains(text(part, "ref"))));
    }
}

#[test]
fn editors_and_spreadsheets_read_every_line() {
    let count = list(&json("json"), "findings").len();
    // The `$gcc` matcher of VS Code.
    let gcc = Regex::new(r"^(.*?):(\d+):(\d*):?\s+(?:fatal\s+)?(warning|error|note):\s+(.*)$").unwrap();
    let compact = report("compact");
    assert_eq!(compact.lines().filter(|line| gcc.is_match(line)).count(), count);
    let table = report("csv");
    let rows: Vec<&str> = table.split_terminator("\r\n").collect();
    assert_eq!(rows.len(), count + 1);
    let quoted = Regex::new("\"(?:[^\"]|\"\")*\"").unwrap();
    for row in rows {
        assert_eq!(quoted.replace_all(row, "").split(',').count(), 11, "{row}");
        assert!(!row.contains('\n') && !row.contains('\r'), "{row}");
    }
    let lines = report("jsonl");
    assert_eq!(lines.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count(), count);
    assert_eq!(lines.lines().count(), count);
}

#[test]
fn junit_is_a_suite_per_scanner_and_a_case_per_finding() {
    let count = list(&json("json"), "findings").len();
    let page = report("junit");
    let of = |tag: &str| page.matches(&format!("<{tag} ")).count();
    assert_eq!((of("testsuites"), of("testsuite"), of("testcase"), of("failure")), (1, 3, count, count));
    // XML 1.0 holds no other control characters.
    assert!(!page.chars().any(|c| c < ' ' && !matches!(c, '\n' | '\t' | '\r')));
}

#[test]
fn github_shows_ten_of_a_level_and_says_how_many_more() {
    let page = report("github");
    let of = |command: &str| page.lines().filter(|line| line.starts_with(command)).count();
    assert!([of("::error "), of("::warning "), of("::notice ")].iter().all(|count| (1..=10).contains(count)), "{page}");
    assert!(page.contains("::error title=portcullis::") && page.contains("more findings of this level"));
    let columns =
        Regex::new(r"^::\w+ file=[^,]+,line=\d+,(col=\d+,endColumn=\d+|endLine=\d+),title=[^:,]+::.+$").unwrap();
    for line in page.lines().filter(|line| line.starts_with("::") && line.contains(" file=")) {
        assert!(columns.is_match(line), "{line}");
    }
}
