//! The dependency scanner against 47 lock files with every expected finding.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use portcullis::advisory::{AdvisoryDb, LazyDb};
use portcullis::lockfile;
use portcullis::model::{Ecosystem, KeptInput, PackageSource, Property, Sink};
use portcullis::scan::Scanner;
use portcullis::scan::deps::{DepsScanner, Settings};

/// Every lock file below a folder; what `go.mod` beside it makes superfluous is left out, as the scanner does.
fn lock_files(folder: &Path, prefix: &str, files: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            lock_files(&entry.path(), &format!("{prefix}{name}/"), files);
        } else if lockfile::format_of(&name).is_some() && !matches!(name.as_str(), "go.sum" | "modules.txt") {
            files.insert(format!("{prefix}{name}"));
        }
    }
}

type Row = (String, String, String, String, String);

#[test]
fn every_expected_finding_and_no_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/advisories");
    let Ok(table) = std::fs::read_to_string(root.join("lockfiles/expected-findings.tsv")) else {
        eprintln!("skipped: no ../shared/advisories");
        return;
    };
    let dbs: Vec<AdvisoryDb> = ["crates.io", "npm", "Go"]
        .iter()
        .map(|name| AdvisoryDb::import(&root.join(name).join("all.zip")).unwrap().0)
        .collect();
    let mut expected: BTreeSet<Row> = BTreeSet::new();
    let mut files = BTreeSet::new();
    lock_files(&root.join("lockfiles"), "", &mut files);
    assert!(files.len() >= 47, "files without any finding are checked too");
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        if !fields.get(5).is_some_and(|note| note.starts_with("optional:")) {
            let [file, ecosystem, name, version, id] = std::array::from_fn(|i| fields[i].to_owned());
            expected.insert((file, ecosystem, name, version, id));
        }
    }
    let mut got: BTreeSet<Row> = BTreeSet::new();
    for file in &files {
        let bytes = std::fs::read(root.join("lockfiles").join(file)).unwrap();
        let format = lockfile::format_of(file.rsplit('/').next().unwrap()).unwrap();
        let parsed = format.parse(&bytes);
        assert!(parsed.errors.is_empty(), "{file}: {:?}", parsed.errors);
        let db = &dbs[match format.ecosystem() {
            Ecosystem::Cargo => 0,
            Ecosystem::Npm => 1,
            _ => 2,
        }];
        for package in parsed.value.iter().filter(|package| package.source == PackageSource::Registry) {
            for found in db.affecting(package.ecosystem, &package.name, &package.version) {
                if !found.unbounded {
                    let version = package.version.trim_start_matches('v').to_owned();
                    got.insert((
                        file.clone(),
                        package.ecosystem.osv().to_owned(),
                        package.name.clone(),
                        version,
                        found.advisory.id,
                    ));
                }
            }
        }
    }
    let expected: BTreeSet<Row> =
        expected.into_iter().map(|(f, e, n, v, i)| (f, e, n, v.trim_start_matches('v').to_owned(), i)).collect();
    let missed: Vec<&Row> = expected.difference(&got).collect();
    let extra: Vec<&Row> = got.difference(&expected).collect();
    assert!(
        missed.is_empty() && extra.is_empty(),
        "missed {}: {:#?}\nextra {}: {:#?}",
        missed.len(),
        &missed[..missed.len().min(8)],
        extra.len(),
        &extra[..extra.len().min(8)]
    );
}

#[test]
fn two_thousand_packages_are_quick() {
    let entries: String = (0..2000).map(|i| format!("\"node_modules/p{i}\":{{\"version\":\"1.0.{i}\"}},\n")).collect();
    let text = format!(
        "{{\"lockfileVersion\":3,\"packages\":{{{entries}\"node_modules/lodash\":{{\"version\":\"4.17.20\"}}}}}}"
    );
    let scanner = DepsScanner::new(Settings::default(), Arc::new(LazyDb::ready(AdvisoryDb::starter())));
    let kept = [KeptInput::work_tree("package-lock.json", text)];
    let mut sink = Sink::default();
    let start = std::time::Instant::now();
    scanner.finish(&kept, &mut sink);
    eprintln!("2001 packages: {:?}", start.elapsed());
    assert!(!sink.drafts.is_empty());
    assert!(
        sink.drafts.iter().all(|draft| draft.properties.contains(&("package", Property::Text("lodash".to_owned()))))
    );
}
