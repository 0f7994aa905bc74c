//! Criterion benches of the walk and the scan.

#![allow(missing_docs, reason = "criterion's macros make public items")]

use std::hint::black_box;
use std::path::PathBuf;

use criterion::{Criterion, criterion_group, criterion_main};
use portcullis::engine::{self, Plan};
use portcullis::scan::Scanner;
use portcullis::scan::secrets::{SecretsScanner, Settings};
use portcullis::source::tree::{Settings as TreeSettings, Tree};

fn plan(scanners: Vec<Box<dyn Scanner>>) -> Plan {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/trees/shop"));
    let tree = TreeSettings {
        roots: vec![root.clone()],
        listed: Vec::new(),
        base: root,
        ignore_files: true,
        include: Vec::new(),
        exclude: Vec::new(),
        max_file_size: 16 << 20,
        threads: 2,
    };
    Plan {
        source: Box::new(Tree::new(tree)),
        scanners,
        threads: 2,
        today: "2026-01-01".to_owned(),
        pragmas: true,
        all_rules: false,
        on_findings: None,
    }
}

fn scan(criterion: &mut Criterion) {
    criterion.bench_function("walk alone", |bencher| {
        let plan = plan(Vec::new());
        bencher.iter(|| black_box(engine::run(&plan).is_ok()));
    });
    criterion.bench_function("secrets", |bencher| {
        let scanner = SecretsScanner::new(Settings::default()).expect("the built-in rules read");
        let plan = plan(vec![Box::new(scanner)]);
        bencher.iter(|| black_box(engine::run(&plan).is_ok()));
    });
}

criterion_group!(benches, scan);
criterion_main!(benches);
