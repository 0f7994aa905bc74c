//! The database as its callers see it.

use super::range::{Event, EventKind, Range};
use super::record::Affected;
use super::*;

fn record(id: &str, package: &str, ranges: &[&[(EventKind, &str)]]) -> Record {
    let range = |events: &&[(EventKind, &str)]| {
        Range::new(events.iter().map(|&(kind, v)| Event { kind, version: v.to_owned() }).collect())
    };
    let affected = Affected {
        ecosystem: Ecosystem::Npm,
        name: package.to_owned(),
        ranges: ranges.iter().map(range).collect(),
        versions: Vec::new(),
        custom: Vec::new(),
        reach: Reach::default(),
    };
    Record { id: id.to_owned(), affected: vec![affected], ..Record::default() }
}

fn ids(db: &AdvisoryDb, ecosystem: Ecosystem, name: &str, version: &str) -> Vec<String> {
    db.affecting(ecosystem, name, version).into_iter().map(|m| m.advisory.id).collect()
}

use EventKind::{Fixed, Introduced};

#[test]
fn fixes_are_above_the_version_and_clean() {
    let two: &[&[(EventKind, &str)]] =
        &[&[(Introduced, "0"), (Fixed, "1.2.0")], &[(Introduced, "2.0.0"), (Fixed, "2.1.0")]];
    let db = AdvisoryDb::from_records(vec![record("GHSA-a", "x", two)], "test").unwrap();
    let found = db.affecting(Ecosystem::Npm, "x", "1.0.0");
    assert_eq!(found[0].fixed, ["1.2.0", "2.1.0"]);
    assert_eq!(db.affecting(Ecosystem::Npm, "x", "2.0.5")[0].fixed, ["2.1.0"]);
    assert!(ids(&db, Ecosystem::Npm, "x", "1.2.0").is_empty());
    assert!(ids(&db, Ecosystem::Npm, "X", "1.0.0").is_empty(), "npm names tell case");
    assert!(ids(&db, Ecosystem::Cargo, "x", "1.0.0").is_empty());
}

#[test]
fn bounds_outside_the_order_make_a_match_unbounded_or_clear_it() {
    let mut go = record("GO-1", "example.org/m", &[&[(Introduced, "0")]]);
    go.affected[0].ecosystem = Ecosystem::Go;
    go.affected[0].custom = vec![Range::new(vec![
        Event { kind: Introduced, version: "2.0.0".to_owned() },
        Event { kind: Fixed, version: "2.3.0".to_owned() },
    ])];
    let db = AdvisoryDb::from_records(vec![go], "test").unwrap();
    let at = |version| db.affecting(Ecosystem::Go, "example.org/m", version);
    assert!(at("v2.1.0+incompatible")[0].unbounded);
    assert_eq!(at("v2.1.0+incompatible")[0].fixed, ["2.3.0"]);
    assert!(at("v2.3.0+incompatible").is_empty());
    assert!(at("v0.0.0-20240101000000-abcdefabcdef")[0].unbounded);
}

#[test]
fn a_severity_comes_from_an_alias_where_the_record_has_none() {
    let range: &[&[(EventKind, &str)]] = &[&[(Introduced, "0"), (Fixed, "2.0.0")]];
    let mut rated = record("GHSA-a", "x", range);
    (rated.severity, rated.aliases) = (Some(Severity::High), vec!["CVE-1".to_owned()]);
    let mut silent = record("NSWG-ECO-1", "x", range);
    silent.aliases = vec!["CVE-1".to_owned()];
    let db = AdvisoryDb::from_records(vec![silent, rated], "test").unwrap();
    let found = db.affecting(Ecosystem::Npm, "x", "1.0.0");
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|m| m.advisory.severity == Some(Severity::High) && m.advisory.group == "GHSA-a"));
}

#[test]
fn actions_know_no_case_and_a_commit_is_no_version() {
    let mut action =
        record("GHSA-mrrh-fwg8-r2c3", "tj-actions/changed-files", &[&[(Introduced, "0"), (Fixed, "46.0.1")]]);
    action.affected[0].ecosystem = Ecosystem::GitHubActions;
    let db = AdvisoryDb::from_records(vec![action], "test").unwrap();
    let at = |version| ids(&db, Ecosystem::GitHubActions, "TJ-actions/Changed-Files", version).len();
    assert_eq!((at("v45"), at("v46.0.1"), at("0123456789012345678901234567890123456789")), (1, 0, 0));
}

#[test]
fn the_standard_library_answers_to_gos_own_spelling() {
    let mut go = record("GO-2", "stdlib", &[&[(Introduced, "0"), (Fixed, "1.21.0-rc.3")]]);
    go.affected[0].ecosystem = Ecosystem::Go;
    let db = AdvisoryDb::from_records(vec![go], "test").unwrap();
    assert_eq!(ids(&db, Ecosystem::Go, "stdlib", "go1.21rc2"), ["GO-2"]);
    assert!(ids(&db, Ecosystem::Go, "stdlib", "1.21.0").is_empty());
}

#[test]
fn age_is_counted_in_days() {
    let mut one = record("GHSA-a", "x", &[&[(Introduced, "0")]]);
    one.modified = "2026-08-22T10:00:00Z".to_owned();
    let db = AdvisoryDb::from_records(vec![one], "test").unwrap();
    let info = db.info_on(jiff::civil::date(2026, 9, 1));
    assert_eq!((info.snapshot.as_str(), info.age_days, info.advisories), ("2026-08-22", 10, 1));
}

#[test]
fn the_starter_set_knows_the_famous() {
    let db = AdvisoryDb::starter();
    assert!(!ids(&db, Ecosystem::Npm, "lodash", "4.17.20").is_empty());
    assert!(!ids(&db, Ecosystem::Cargo, "time", "0.1.43").is_empty());
    assert!(!ids(&db, Ecosystem::Go, "golang.org/x/net", "v0.16.0").is_empty());
    assert!(!ids(&db, Ecosystem::GitHubActions, "tj-actions/changed-files", "v45").is_empty());
}
