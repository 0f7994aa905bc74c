//! The advisory database against real records, a local server that fails in every way, and sudden ends.

mod evaluator;
mod faults;
mod real;
mod server;
mod size;

use std::io::{Cursor, Write};
use std::path::Path;

use portcullis::advisory::fetch::Settings;
use portcullis::advisory::store::Store;
use portcullis::advisory::update::{Origin, UpdateError, Updated, update_with};
use portcullis::model::Ecosystem;

/// A zip of OSV records: npm package `p`, affected below `fixed`, and `padding` records more.
fn zip_of(fixed: &str, padding: usize) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let mut add = |id: &str, package: &str, fixed: &str| {
        let json = format!(
            r#"{{"id":"{id}","modified":"2026-08-01T00:00:00Z","summary":"Defect in {package}","affected":[{{"package":
            {{"ecosystem":"npm","name":"{package}"}},"ranges":[{{"type":"SEMVER","events":[{{"introduced":"0"}},{{"fixed":"{fixed}"}}]}}]}}]}}"#
        );
        zip.start_file(format!("{id}.json"), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(json.as_bytes()).unwrap();
    };
    add("GHSA-aaaa-aaaa-aaaa", "p", fixed);
    (0..padding).for_each(|n| add(&format!("GHSA-pad-{n}"), &format!("padding-{n}"), "1.0.0"));
    zip.finish().unwrap().into_inner()
}

/// A folder in the bucket's layout.
fn mirror(folder: &Path, zip: &[u8]) {
    for ecosystem in [Ecosystem::Cargo, Ecosystem::Npm, Ecosystem::Go] {
        std::fs::create_dir_all(folder.join(ecosystem.osv())).unwrap();
        std::fs::write(folder.join(ecosystem.osv()).join("all.zip"), zip).unwrap();
    }
}

fn update(store: &Store, from: &str) -> Result<Updated, UpdateError> {
    let settings = |base: &str| Settings {
        retries: 3,
        backoff: std::time::Duration::from_millis(5),
        patience: std::time::Duration::from_millis(700),
        ..Settings::new(base, &store.downloads())
    };
    update_with(store, &[Origin::parse(from)], "2026-08-02", &|_, _, _| {}, &settings)
}

/// Which version fixes `p`, as the database in place says: what tells one database from the next.
fn answer(store: &Store) -> Vec<String> {
    let db = store.open().unwrap();
    assert_eq!(db.index().census().0, db.index().census().1);
    db.affecting(Ecosystem::Npm, "p", "0.1.0").into_iter().flat_map(|found| found.fixed).collect()
}
