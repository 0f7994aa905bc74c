//! The scanner over small trees and a database of its own.

use super::*;
use crate::advisory::AdvisoryDb;
use crate::advisory::Record;
use crate::advisory::range::{Event, EventKind, Range};
use crate::advisory::record::{Affected, Reach};
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
    let record = Record { id: "GHSA-x".to_owned(), affected: vec![affected], ..Record::default() };
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
