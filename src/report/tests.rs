//! All formats over one report, and what a hostile one does to them.

use super::*;
use crate::model::{Severity, Suppression, sample};

fn text(name: &str, report: &ScanReport, options: &Options) -> String {
    let mut out = Vec::new();
    find(name).expect("a format").write(report, options, &mut out).expect("memory takes all");
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn every_format_shows_a_finding_and_hides_a_suppressed_one() {
    let mut report = sample::report(&[("a/b.tf", 7, Severity::High), ("gone.tf", 1, Severity::Low)]);
    report.findings[1].suppressions.push(Suppression {
        in_source: false,
        source: "portcullis.toml".into(),
        reason: "a test".into(),
        until: None,
    });
    for format in FORMATS {
        let out = text(format.name, &report, &Options::default());
        let elsewhere = ["gitlab-secrets", "gitlab-deps", "cyclonedx", "hook"].contains(&format.name);
        assert!(elsewhere || out.contains("a/b.tf"), "{}: {out}", format.name);
        let marks_them = ["junit", "html"].contains(&format.name);
        assert!(marks_them || !out.contains("gone.tf"), "{}", format.name);
        assert_eq!(out, text(format.name, &report, &Options::default()), "{}", format.name);
    }
}

#[test]
fn a_file_name_steers_no_terminal_and_no_runner() {
    let report = sample::report(&[("x\u{1b}[2J\n::error::y\u{202e}.tf", 1, Severity::High)]);
    for name in ["table", "compact", "github", "azure", "hook", "csv", "markdown", "html", "junit"] {
        let out = text(name, &report, &Options { width: Some(100), ..Options::default() });
        assert!(!out.chars().any(|c| escape::is_unsafe(c) && c != '\r'), "{name}: {out:?}");
        assert!(out.lines().all(|line| !line.starts_with("::") || line.contains("file=")), "{name}: {out}");
    }
}

/// Every text that a tree or another tool may choose, made to be taken for a command or for markup.
fn hostile() -> ScanReport {
    let text = "\n::error::x ##[add-mask]y ##vso[task.complete]z\r\n=1+1|</td><script>]]>`";
    let mut report = sample::report(&[(text, 1, Severity::High), ("=a.tf", 2, Severity::Low), ("c", 3, Severity::Low)]);
    report.findings[2].message = "::error::a message that begins as a command".to_owned();
    report.findings[0].message = text.to_owned();
    report.findings[0].suppressions.clear();
    let rule = crate::model::Rule {
        help: format!("{text}\n\n{text}"),
        title: text.to_owned(),
        references: vec![text.to_owned()],
        aliases: vec![text.to_owned()],
        ..crate::model::Rule::new(text, text, Severity::High)
    };
    report.tools.push(crate::model::Tool { name: text.to_owned(), version: text.to_owned(), ..Default::default() });
    let mut other = sample::finding(&rule, "b.tf", 3, 1);
    other.tool = 1;
    other.message = text.to_owned();
    report.rules.insert((1, rule.id.clone()), std::sync::Arc::new(rule));
    report.findings.push(other);
    report
        .notices
        .push(Notice::warning(crate::model::NoticeKind::Skipped, text).at(&crate::model::RepoPath::new(text)));
    report.verdict = vec![text.to_owned()];
    report.gate_failed = true;
    report
}

#[test]
fn no_line_of_any_format_is_a_command_to_a_runner() {
    let report = hostile();
    for format in FORMATS {
        for options in [Options::default(), Options { show_suppressed: true, verbose: true, ..Options::default() }] {
            let out = text(format.name, &report, &options);
            let ours = |line: &str| match format.name {
                "github" => line.starts_with("::error file=") || line.starts_with("::notice file="),
                "azure" => line.starts_with("##vso[task.logissue type=error;sourcepath="),
                _ => false,
            };
            for line in out.split(['\n', '\r', '\u{2028}', '\u{85}']) {
                let line = if ours(line) { line.trim_start_matches("##vso[") } else { line };
                let commands = ["##[", "##vso["].iter().any(|mark| line.contains(mark));
                // Behind the mark of a command of ours everything is its text.
                let inside = format.name == "github" && ours(line)
                    || format.name == "azure" && line.starts_with("task.logissue");
                assert!(inside || !commands, "{}: {line}", format.name);
                assert!(inside || !line.trim_start().starts_with("::"), "{}: {line}", format.name);
            }
        }
    }
}

#[test]
fn what_is_escaped_for_runners_still_reads_the_same() {
    let report = hostile();
    for name in ["json", "sarif", "gitlab-sast", "gitlab-codequality", "sonar"] {
        let read: serde_json::Value = serde_json::from_str(&text(name, &report, &Options::default())).expect("JSON");
        assert!(read.to_string().contains("##[add-mask]"), "{name}: {read}");
    }
    for line in text("jsonl", &report, &Options::default()).lines() {
        serde_json::from_str::<serde_json::Value>(line).expect("JSON");
    }
}

#[test]
fn markdown_fits_the_smallest_comment_and_is_cut_between_rows() {
    let long = "[*_]".repeat(400);
    let mut report = sample::report(&vec![(long.as_str(), 1, Severity::High); 500]);
    report.findings.iter_mut().for_each(|finding| finding.message.clone_from(&long));
    report.verdict = vec![long.clone(); 100];
    report.notices =
        vec![Notice::warning(crate::model::NoticeKind::Skipped, &long).at(&crate::model::RepoPath::new(&long)); 100];
    let out = text("markdown", &report, &Options::default());
    assert!(out.chars().count() <= 32_768, "{}", out.len());
    assert!(out.lines().filter(|line| line.starts_with('|')).all(|line| line.ends_with(" |")), "{out}");
    assert!(out.contains("more findings are in the full report") && out.trim_end().ends_with("</details>"), "{out}");
}

#[test]
fn a_reader_keeps_every_case_of_junit_and_every_rule_of_sonar() {
    let mut report = sample::report(&[("a.tf", 1, Severity::High); 3]);
    report.tools.push(crate::model::Tool { name: "other".to_owned(), ..Default::default() });
    let rule = crate::model::Rule::new("R", "Title", Severity::High);
    let mut other = sample::finding(&rule, "b.tf", 3, 1);
    other.tool = 1;
    report.rules.insert((1, rule.id.clone()), std::sync::Arc::new(rule));
    let unused = crate::model::Rule::new("U", "Title", Severity::High);
    report.rules.insert((1, unused.id.clone()), std::sync::Arc::new(unused));
    report.findings.push(other);
    let junit = text("junit", &report, &Options::default());
    for name in [" line 1\"", " line 1 (2)\"", " line 1 (3)\"", "file=\"a.tf\""] {
        assert!(junit.contains(name), "{name}: {junit}");
    }
    let sonar: serde_json::Value = serde_json::from_str(&text("sonar", &report, &Options::default())).expect("JSON");
    let ids: Vec<&serde_json::Value> = sonar["rules"].as_array().expect("rules").iter().map(|r| &r["id"]).collect();
    assert_eq!((ids.len(), ids[1]), (2, &serde_json::json!("other:R")), "{ids:?}");
}

#[test]
fn a_suppressed_finding_is_no_annotation_and_marked_where_it_is_shown() {
    let mut report = sample::report(&[("gone.tf", 1, Severity::High)]);
    report.findings[0].suppressions.push(Suppression {
        in_source: false,
        source: "portcullis.toml".into(),
        reason: "a test".into(),
        until: None,
    });
    let all = Options { show_suppressed: true, ..Options::default() };
    for name in ["github", "azure", "hook", "sonar", "gitlab-sast", "gitlab-codequality"] {
        assert!(!text(name, &report, &all).contains("gone.tf"), "{name}");
    }
    for name in ["table", "compact", "markdown", "html", "json", "sarif", "csv", "junit"] {
        let out = text(name, &report, &all);
        assert!(out.contains("gone.tf") && out.contains("a test"), "{name}: {out}");
    }
}

#[test]
fn what_is_gone_from_the_tree_is_no_component() {
    let mut report = sample::report(&[]);
    let rule = crate::model::Rule::new("deps/GHSA-1", "Title", Severity::High);
    report.findings = vec![sample::finding(&rule, "a.lock", 1, 0)];
    let all = Options { show_suppressed: true, ..Options::default() };
    assert!(text("cyclonedx", &report, &all).contains("GHSA-1"));
    report.findings[0].baseline = Some(crate::model::BaselineState::Absent);
    assert!(!text("cyclonedx", &report, &all).contains("GHSA-1"));
}

#[test]
fn a_narrow_table_wraps() {
    let report = sample::report(&[("a.tf", 1, Severity::High)]);
    let out = text("table", &report, &Options { width: Some(60), ..Options::default() });
    assert!(out.lines().take(4).all(|line| line.chars().count() <= 60), "{out}");
}

#[test]
fn sarif_keeps_the_most_severe_of_too_many() {
    let mut places = vec![("a.tf", 1, Severity::Low); 25_001];
    places.push(("worst.tf", 1, Severity::Critical));
    let out = text("sarif", &sample::report(&places), &Options::default());
    let log: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let results = log["runs"][0]["results"].as_array().expect("results");
    assert_eq!(results.len(), 25_000);
    assert_eq!(results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "worst.tf");
    let notes = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"];
    assert!(notes[0]["message"]["text"].as_str().expect("text").contains("the 2 least severe"));
}
