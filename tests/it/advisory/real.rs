//! Real records, where they are at hand: the OSV exports of three ecosystems and RustSec's own database.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use portcullis::advisory::import::{self, Import};
use portcullis::advisory::store::Store;
use portcullis::advisory::{AdvisoryDb, Record};
use portcullis::model::Ecosystem;

fn data() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/advisories");
    if !path.is_dir() {
        eprintln!("skipped: {} is absent", path.display());
        return None;
    }
    Some(path)
}

fn records(path: &Path) -> Vec<Record> {
    match import::path(path).unwrap() {
        Import::Records(gathered) => {
            assert!(gathered.warnings.is_empty(), "{:?}", gathered.warnings);
            gathered.records
        }
        Import::Index(_) => panic!("{} is an index", path.display()),
    }
}

#[test]
fn every_expected_finding_and_no_other() {
    let Some(data) = data() else { return };
    let db = AdvisoryDb::from_records(records(&data), "test").unwrap();
    let text = std::fs::read_to_string(data.join("lockfiles/expected-findings.tsv")).unwrap();
    let mut expected: BTreeMap<(Ecosystem, &str, &str), BTreeSet<&str>> = BTreeMap::new();
    let mut optional: BTreeSet<&str> = BTreeSet::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let cells: Vec<&str> = line.split('\t').collect();
        let ecosystem = *Ecosystem::ALL.iter().find(|ecosystem| ecosystem.osv() == cells[1]).unwrap();
        if cells.get(5).is_some_and(|note| note.starts_with("optional")) {
            optional.insert(cells[4]);
        } else {
            expected.entry((ecosystem, cells[2], cells[3])).or_default().insert(cells[4]);
        }
    }
    assert!(expected.len() > 200);
    for ((ecosystem, name, version), ids) in expected {
        let found = db.affecting(ecosystem, name, version);
        let found: BTreeSet<&str> = found.iter().filter(|m| !m.unbounded).map(|m| m.advisory.id.as_str()).collect();
        let more: Vec<_> = found.difference(&ids).filter(|id| !optional.contains(**id)).collect();
        let less: Vec<_> = ids.difference(&found).collect();
        assert!(more.is_empty() && less.is_empty(), "{name} {version}: more {more:?}, less {less:?}");
    }
}

#[test]
fn rustsecs_own_database_says_what_its_export_says() {
    let Some(data) = data() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (clone, bare) = (folder.path().join("clone"), folder.path().join("bare"));
    let bundle = data.join("rustsec-advisory-db.bundle");
    let git = |extra: &[&str], target: &Path| {
        let mut command = Command::new("git");
        command.args(["clone", "-q", "-b", "main"]).args(extra).arg(&bundle).arg(target);
        command.status().is_ok_and(|status| status.success())
    };
    if !git(&[], &clone) || !git(&["--bare"], &bare) {
        eprintln!("skipped: git cannot clone the bundle");
        return;
    }
    let (mut own, mut from_bare) = (records(&clone), records(&bare));
    own.sort_by(|a, b| a.id.cmp(&b.id));
    from_bare.sort_by(|a, b| a.id.cmp(&b.id));
    assert!(own == from_bare, "a bare repository holds the same");
    let export = records(&data.join("crates.io/all.zip"));
    let (a, b) = (AdvisoryDb::from_records(own, "a").unwrap(), AdvisoryDb::from_records(export.clone(), "b").unwrap());
    let mut versions = 0;
    for record in &export {
        let item = &record.affected[0];
        for event in item.ranges.iter().flat_map(|range| &range.events) {
            for version in [event.version.clone(), format!("{}-rc.1", event.version), format!("{}9", event.version)] {
                let ids = |db: &AdvisoryDb| -> Vec<(String, Option<String>)> {
                    let found = db.affecting(Ecosystem::Cargo, &item.name, &version);
                    found.into_iter().map(|m| (m.advisory.id, m.advisory.cvss)).collect()
                };
                assert_eq!(ids(&a), ids(&b), "{} {version}", item.name);
                versions += 1;
            }
        }
    }
    assert!(versions > 5_000);
}

#[test]
fn a_bundle_is_told_apart_and_told_how_to_open() {
    let Some(data) = data() else { return };
    let error = import::path(&data.join("rustsec-advisory-db.bundle")).unwrap_err();
    assert!(error.to_string().contains("git clone"));
}

#[test]
fn the_three_ecosystems_in_one_index() {
    let Some(data) = data() else { return };
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let started = Instant::now();
    let updated = super::update(&store, data.to_str().unwrap()).unwrap();
    let took = started.elapsed();
    // 13 and 17 of 1205 and 4291 records are withdrawn, none of npm's 504.
    assert_eq!(updated.meta.advisories, 1205 - 13 + 4291 - 17 + 504);
    let started = Instant::now();
    let db = store.open().unwrap();
    let opened = started.elapsed();
    let (read, due) = db.index().census();
    assert_eq!(read, due);
    eprintln!("updated in {took:?}, {} bytes, opened in {opened:?}", updated.bytes);
}
