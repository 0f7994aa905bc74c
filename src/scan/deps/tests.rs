//! The scanner over small trees and a database of its own.

use super::*;
use crate::advisory::AdvisoryDb;
use crate::advisory::Record;
use crate::advisory::range::{Event, EventKind, Range};
use crate::advisory::record::{Affected, GoImport, Reach};
use crate::model::{Ecosystem, Origin, Property};

fn scanner(ecosystem: Ecosystem, name: &str, fixed: &str) -> DepsScanner {
    let event = |kind, version: &str| Event { kind, version: version.to_owned() };
    let affected = Affected {
        ecosystem,
        name: name.to_owned(),
        ranges: vec![Range::new(vec![event(EventKind::Introduced, "0"), event(EventKind::Fixed, fixed)])],
        versions: Vec::new(),
        custom: Vec::new(),
        reach: Reach::default(),
    };
    let aliases = vec!["CVE-1".to_owned()];
    let record = Record { id: "GHSA-x".to_owned(), aliases, affected: vec![affected], ..Record::default() };
    let db = AdvisoryDb::from_records(vec![record], "test").unwrap();
    DepsScanner::new(Settings::default(), Arc::new(LazyDb::ready(db)))
}

fn run(scanner: &DepsScanner, files: &[(&str, &str)]) -> Sink {
    let kept: Vec<KeptInput> = files
        .iter()
        .map(|(path, text)| KeptInput {
            path: RepoPath::new(path),
            bytes: text.as_bytes().into(),
            origin: Origin::WorkTree,
        })
        .collect();
    let mut sink = Sink::default();
    scanner.finish(&kept, &mut sink);
    sink
}

const LOCK: &str = r#"{"name":"app","lockfileVersion":3,"packages":{
"":{"dependencies":{"a":"1"}},
"node_modules/a":{"version":"1.0.0","dependencies":{"bad":"1"}},
"node_modules/bad":{"version":"1.0.0"},
"node_modules/link":{"resolved":"packages/bad","link":true},
"packages/bad":{"name":"bad","version":"1.0.0"}}}"#;

#[test]
fn a_finding_says_where_and_why() {
    let sink = run(&scanner(Ecosystem::Npm, "bad", "1.1.0"), &[("package-lock.json", LOCK)]);
    let [draft] = &sink.drafts[..] else { panic!("{:?}", sink.drafts) };
    assert_eq!(draft.span.of(LOCK.as_bytes()), b"\"node_modules/bad\"");
    assert!(draft.message.contains("fixed in 1.1.0"), "{}", draft.message);
    let path = draft.properties.iter().find(|(name, _)| *name == "path").map(|(_, value)| value.clone());
    assert_eq!(path, Some(Property::List(vec!["(root)".into(), "a 1.0.0".into(), "bad 1.0.0".into()])));
    assert!(sink.notices.is_empty());
}

#[test]
fn a_shrinkwrap_beats_the_lock_beside_it() {
    let files = [("npm-shrinkwrap.json", r#"{"packages":{}}"#), ("package-lock.json", LOCK)];
    assert!(run(&scanner(Ecosystem::Npm, "bad", "1.1.0"), &files).drafts.is_empty());
}

#[test]
fn a_workspace_replaces_before_its_modules() {
    let scanner = scanner(Ecosystem::Go, "example.org/x", "1.2.0");
    let module = ("a/go.mod", "module m\ngo 1.20\nrequire example.org/x v1.0.0\n");
    assert_eq!(run(&scanner, &[module]).drafts.len(), 1);
    let work = ("go.work", "go 1.20\nuse ./a\nreplace example.org/x => example.org/x v1.3.0\n");
    assert!(run(&scanner, &[module, work]).drafts.is_empty());
}

#[test]
fn an_ignored_id_is_suppressed_with_its_reason() {
    let ignore = (".nsprc", r#"{"GHSA-x": "not reachable"}"#);
    let sink = run(&scanner(Ecosystem::Npm, "bad", "1.1.0"), &[ignore, ("package-lock.json", LOCK)]);
    let suppressed = sink.drafts[0].suppressed.as_ref().unwrap();
    assert_eq!((suppressed.source.as_str(), suppressed.reason.as_str()), (".nsprc", "not reachable"));
}

/// Each tool's file, with an end where it has one: `until` is the last day on which it holds.
const IGNORES: &[(&str, &str, Option<&str>)] = &[
    ("deny.toml", "[advisories]\nignore = [{ id = \"GHSA-x\", reason = \"why\" }]\n", None),
    (".cargo/audit.toml", "[advisories]\nignore = [\"ghsa-X\"]\n", None),
    (
        "osv-scanner.toml",
        "[[IgnoredVulns]]\nid = \"CVE-1\"\nignoreUntil = 2026-05-02\nreason = \"why\"\n",
        Some("2026-05-01"),
    ),
    (
        "osv-scanner.toml",
        "[[PackageOverrides]]\nname = \"bad\"\nversion = \"1.0.0\"\necosystem = \"npm\"\nignore = true\neffectiveUntil = 2026-05-02\n",
        Some("2026-05-01"),
    ),
    (".trivyignore", "# all of them\nCVE-1 exp:2026-05-02\n", Some("2026-05-01")),
    (
        ".trivyignore.yaml",
        "vulnerabilities:\n- id: CVE-1\n  paths: [\"package-lock.json\"]\n  purls: [\"pkg:npm/bad\"]\n  expired_at: 2026-05-02\n  statement: why\n",
        Some("2026-05-01"),
    ),
    (".nsprc", "{\"GHSA-x\": {\"active\": true, \"notes\": \"why\", \"expiry\": \"2026-05-02\"}}", Some("2026-05-01")),
    (".nancy-ignore", "CVE-1 until=2026-05-02 # why\n", Some("2026-05-01")),
];

#[test]
fn ignores_of_other_tools_hold_in_their_folder_until_their_end() {
    let base = scanner(Ecosystem::Npm, "bad", "1.1.0");
    let suppressed = |today: &str, files: &[(&str, &str)]| {
        let settings = Settings { today: Some(today.to_owned()), ..Settings::default() };
        let scanner = DepsScanner::new(settings, Arc::clone(&base.db));
        let sink = run(&scanner, files);
        assert!(sink.notices.is_empty() && sink.drafts.len() == 1, "{files:?}");
        sink.drafts[0].suppressed.as_ref().map(|by| by.source.clone())
    };
    for (path, text, until) in IGNORES {
        let name = path.rsplit('/').next().map(str::to_owned);
        let beside = [(*path, *text), ("package-lock.json", LOCK)];
        assert_eq!(suppressed("2026-05-01", &beside), name, "{path}");
        let after = if until.is_some() { None } else { name.clone() };
        assert_eq!(suppressed("2026-05-02", &beside), after, "{path}");
        let elsewhere = format!("other/{path}");
        assert_eq!(
            suppressed("2026-05-01", &[(elsewhere.as_str(), *text), ("package-lock.json", LOCK)]),
            None,
            "{path}"
        );
        let below = [(elsewhere.as_str(), *text), ("other/package-lock.json", LOCK)];
        assert_eq!(suppressed("2026-05-01", &below), name, "{path}");
    }
}

#[test]
fn an_ignore_that_cannot_be_read_is_told_and_not_honoured() {
    let files = [(".trivyignore", "GHSA-x exp:someday\n"), ("package-lock.json", LOCK)];
    let sink = run(&scanner(Ecosystem::Npm, "bad", "1.1.0"), &files);
    assert!(sink.drafts[0].suppressed.is_none());
    assert!(sink.notices[0].message.contains("expected a day") && !sink.notices[0].incomplete);
}

#[test]
fn what_the_sources_do_not_import_counts_one_step_lower() {
    let event = |kind, version: &str| Event { kind, version: version.to_owned() };
    let import = GoImport { path: "example.org/x/html".to_owned(), symbols: vec!["Parse".to_owned()] };
    let affected = Affected {
        ecosystem: Ecosystem::Go,
        name: "example.org/x".to_owned(),
        ranges: vec![Range::new(vec![event(EventKind::Introduced, "0"), event(EventKind::Fixed, "1.2.0")])],
        versions: Vec::new(),
        custom: Vec::new(),
        reach: Reach { imports: vec![import], os: vec!["windows".to_owned()], ..Reach::default() },
    };
    let record = Record {
        id: "GO-x".to_owned(),
        severity: Some(crate::model::Severity::High),
        affected: vec![affected],
        ..Record::default()
    };
    let db = Arc::new(LazyDb::ready(AdvisoryDb::from_records(vec![record], "test").unwrap()));
    let with = |sources: &[(&str, &str)]| {
        let scanner = DepsScanner::new(Settings { reach: true, ..Settings::default() }, Arc::clone(&db));
        for (path, text) in sources {
            assert_eq!(scanner.interest(&RepoPath::new(path)), Interest::Scan, "{path}");
            scanner.scan(&Input::whole(&RepoPath::new(path), text.as_bytes()), &mut Sink::default());
        }
        let sink =
            run(&scanner, &[("a/go.mod", "module m\nrequire example.org/x v1.0.0\n"), ("a/b/go.mod", "module n\n")]);
        let draft = sink.drafts.into_iter().next().unwrap();
        (
            draft.severity.word(),
            draft.properties.iter().find(|(name, _)| *name == "imported").map(|(_, v)| v.clone()),
            draft.message,
        )
    };
    let (severity, imported, message) = with(&[]);
    assert_eq!((severity, imported), ("high", None), "no source, no word");
    assert!(message.ends_with(" Only on windows."), "{message}");
    let other = ("a/main.go", "package main\nimport \"example.org/x/text\"\n");
    let (severity, imported, message) = with(&[other]);
    assert_eq!((severity, imported), ("medium", Some(Property::Bool(false))));
    assert!(message.contains("nowhere import `example.org/x/html`"), "{message}");
    let uses = "package p\nimport h \"example.org/x/html\"\n";
    assert_eq!(with(&[other, ("a/c/d/p.go", uses)]).0, "high");
    // Another module, below this one, has sources of its own.
    assert_eq!(with(&[other, ("a/b/p.go", uses)]).0, "medium");
    let scanner = DepsScanner::new(Settings::default(), db);
    assert_eq!(scanner.interest(&RepoPath::new("a/main.go")), Interest::None, "off by default");
    let scanner = DepsScanner { settings: Settings { reach: true, ..Settings::default() }, ..scanner };
    assert_eq!(scanner.interest(&RepoPath::new("vendor/example.org/x/p.go")), Interest::None, "not its own");
}
