//! The scanner over small trees and a database of its own.

use super::*;
use crate::advisory::AdvisoryDb;
use crate::advisory::Record;
use crate::advisory::range::{Event, EventKind, Range};
use crate::advisory::record::{Affected, GoImport, Reach};
use crate::model::{Ecosystem, Property};

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
    let kept: Vec<KeptInput> = files.iter().map(|(path, text)| KeptInput::work_tree(path, text)).collect();
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

#[test]
fn a_version_that_is_shipped_and_for_development_is_shipped() {
    let lock = r#"{"lockfileVersion":3,"packages":{
"node_modules/a/node_modules/bad":{"version":"1.0.0","dev":true},
"node_modules/bad":{"version":"1.0.0"},
"node_modules/c/node_modules/bad":{"version":"0.9.0","dev":true}}}"#;
    let mut scanner = scanner(Ecosystem::Npm, "bad", "1.1.0");
    scanner.settings.dev = false;
    let sink = run(&scanner, &[("package-lock.json", lock)]);
    let [draft] = &sink.drafts[..] else { panic!("{:?}", sink.drafts) };
    assert_eq!(draft.span.of(lock.as_bytes()), b"\"node_modules/bad\"");
}

/// A scan of installed packages and the files beside them.
fn run_installed(files: &[(&str, &str)]) -> Sink {
    let mut scanner = scanner(Ecosystem::Npm, "bad", "1.1.0");
    scanner.settings.installed = true;
    let mut own = Vec::new();
    for (path, text) in files {
        let repo_path = RepoPath::new(path);
        let mut sink = Sink::default();
        match scanner.interest(&repo_path) {
            Interest::Scan => scanner.scan(&Input::whole(&repo_path, text.as_bytes()), &mut sink),
            Interest::ScanAndKeep => sink.keep = true,
            _ => {}
        }
        assert!(sink.notices.is_empty());
        if sink.keep {
            own.push((*path, *text));
        }
    }
    run(&scanner, &own)
}

fn places(sink: &Sink) -> Vec<(String, Vec<String>)> {
    let path = |path: &Option<RepoPath>| path.as_ref().map(RepoPath::to_string).unwrap_or_default();
    let related = |draft: &crate::model::Draft| draft.related.iter().map(|one| path(&one.path)).collect();
    sink.drafts.iter().map(|draft| (path(&draft.path), related(draft))).collect()
}

const BAD: &str = r#"{"name": "bad", "version": "1.0.0"}"#;

#[test]
fn what_is_installed_is_one_finding_a_version_and_names_its_other_places() {
    let files = [
        ("node_modules/a/node_modules/bad/package.json", BAD),
        ("node_modules/bad/package.json", BAD),
        ("node_modules/c/node_modules/bad/package.json", r#"{"name": "bad", "version": "0.9.0"}"#),
        ("node_modules/d/test/bad/package.json", BAD),
        ("package.json", r#"{"dependencies": {"bad": "1"}}"#),
        ("web/node_modules/bad/package.json", BAD),
    ];
    let sink = run_installed(&files);
    let one = |path: &str, related: &[&str]| (path.to_owned(), related.iter().map(|one| (*one).to_owned()).collect());
    assert_eq!(
        places(&sink),
        [
            one("node_modules/bad/package.json", &["package.json", "node_modules/a/node_modules/bad/package.json"]),
            one("node_modules/c/node_modules/bad/package.json", &["package.json"]),
            one("web/node_modules/bad/package.json", &[]),
        ]
    );
    assert_eq!(sink.drafts[0].span.of(BAD.as_bytes()), br#""version": "1.0.0""#);
}

#[test]
fn a_lock_file_reports_what_it_pins_for_the_folders_below_up_to_the_next_one() {
    let lock = r#"{"packages": {"node_modules/bad": {"version": "1.0.0"}}}"#;
    let other = r#"{"packages": {"node_modules/bad": {"version": "1.0.1"}}}"#;
    let files = [
        ("package-lock.json", lock),
        ("node_modules/bad/package.json", BAD),
        ("packages/a/node_modules/bad/package.json", BAD),
        ("packages/b/node_modules/bad/package.json", BAD),
        ("packages/b/package-lock.json", other),
    ];
    let one = |path: &str, related: &[&str]| (path.to_owned(), related.iter().map(|one| (*one).to_owned()).collect());
    assert_eq!(
        places(&run_installed(&files)),
        [
            one("package-lock.json", &["node_modules/bad/package.json", "packages/a/node_modules/bad/package.json"]),
            one("packages/b/package-lock.json", &[]),
            one("packages/b/node_modules/bad/package.json", &[]),
        ]
    );
}

#[test]
fn local_and_git_packages_that_are_installed_are_nobody_elses() {
    let hidden = r#"{"packages": {"node_modules/bad": {"resolved": "git+ssh://git@h/bad.git#0"}}}"#;
    assert!(
        run_installed(&[("node_modules/.package-lock.json", hidden), ("node_modules/bad/package.json", BAD)])
            .drafts
            .is_empty()
    );
    let yarn = "bad@file:./bad:\n  version \"1.0.0\"\n";
    assert!(run_installed(&[("node_modules/bad/package.json", BAD), ("yarn.lock", yarn)]).drafts.is_empty());
}

#[test]
fn an_executable_is_a_list_of_packages_without_lines() {
    let piece = |modules: &str| {
        let text = format!("0123456789abcdef{modules}fedcba9876543210");
        let mut bytes = b"\xff Go buildinf:\x08\x02".to_vec();
        bytes.resize(32, 0);
        bytes.extend([0, text.len() as u8 | 0x80, (text.len() >> 7) as u8]);
        bytes.extend(text.bytes());
        bytes
    };
    let mut scanner = scanner(Ecosystem::Go, "example.org/x", "1.2.0");
    scanner.settings.binaries = true;
    let path = RepoPath::new("bin/app");
    assert_eq!(scanner.interest(&path), Interest::Executable);
    assert_eq!(scanner.interest(&RepoPath::new("Cargo.lock")), Interest::ScanAndKeep);
    let modules = "path\tm\nmod\tm\t(devel)\t\ndep\texample.org/x\tv1.0.0\th1:=\ndep\texample.org/yyyyyyyyyyyyyyyyyyyyyyyyyyyy\tv1.0.0\n";
    let mut sink = Sink::default();
    scanner.scan(&Input::whole(&path, &piece(modules)), &mut sink);
    assert!(!sink.keep && sink.notices.is_empty());
    scanner.finish(&[], &mut sink);
    let [draft] = &sink.drafts[..] else { panic!("{:?}", sink.drafts) };
    assert_eq!((draft.path.as_ref(), draft.span), (Some(&path), crate::model::Span::default()));
    assert!(draft.message.ends_with("It is compiled into this executable."), "{}", draft.message);
    scanner.scan(&Input::whole(&path, &piece(modules)[..60]), &mut sink);
    assert!(sink.notices[0].incomplete && sink.notices[0].message.contains("breaks off"));
}
