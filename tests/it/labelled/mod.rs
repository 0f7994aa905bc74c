//! Recall and false findings of the secrets scanner on a labelled set that is made at run time.
//!
//! `PORTCULLIS_SAMPLES=folder` also writes the set there, for other tools: one folder a sample, and `labels.tsv`.

mod chance;
mod digits;
pub mod recipe;

use std::collections::BTreeMap;
use std::path::Path;

use portcullis::model::{Input, RepoPath, Sink};
use portcullis::scan::Scanner as _;
use portcullis::scan::secrets::{SecretsScanner, Settings};
use recipe::{Sample, samples};

/// Of each class: the least share found, or the most.
const BOUNDS: &[(&str, f64)] = &[
    ("provider", 0.98),
    ("by name", 0.95),
    ("generic", 0.95),
    ("file", 0.95),
    ("encoded", 0.95),
    ("near-miss", 0.0),
    ("wrong-check", 0.0),
    ("clean", 0.0),
];

#[test]
fn the_labelled_set_is_told_apart() {
    let scanner = SecretsScanner::new(Settings::default()).unwrap();
    let set = samples();
    assert!(set.len() >= 1500, "{} samples", set.len());
    if let Some(folder) = std::env::var_os("PORTCULLIS_SAMPLES") {
        write(Path::new(&folder), &set);
    }
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for sample in &set {
        let found = speaks(&scanner, sample);
        let count = counts.entry(sample.class).or_default();
        count.0 += usize::from(found);
        count.1 += 1;
        if found != sample.secret {
            wrong.push(format!("{} {} {:?}: {}", sample.class, sample.path, sample.rule, shown(&sample.text)));
        }
    }
    wrong.iter().for_each(|line| eprintln!("{line}"));
    for (class, (found, all)) in &counts {
        eprintln!("{class:12} {found:5} of {all:5}");
    }
    for (class, bound) in BOUNDS {
        let (found, all) = counts[class];
        let share = found as f64 / all as f64;
        let secret = set.iter().any(|sample| sample.class == *class && sample.secret);
        let good = if secret { share >= *bound } else { share <= *bound };
        let of_class: Vec<&String> = wrong.iter().filter(|line| line.starts_with(class)).collect();
        assert!(good, "{class}: {found} of {all}\n{of_class:#?}");
    }
}

/// True where the rule that the sample is about (any rule where it names none) finds something.
fn speaks(scanner: &SecretsScanner, sample: &Sample) -> bool {
    let path = RepoPath::new(&sample.path);
    let mut sink = Sink::default();
    scanner.scan(&Input::whole(&path, sample.text.as_bytes()), &mut sink);
    sink.drafts.iter().any(|draft| sample.rule.as_deref().is_none_or(|id| draft.rule.id.short() == id))
}

/// The set's values are made here and belong to nobody, so that a failure may show them.
fn shown(text: &str) -> String {
    text.chars().take(160).collect()
}

fn write(folder: &Path, set: &[Sample]) {
    let mut labels = String::new();
    for (at, sample) in set.iter().enumerate() {
        let file = format!("{}/{at:04}/{}", sample.class, sample.path);
        let path = folder.join(&file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, &sample.text).unwrap();
        labels += &format!("{file}\t{}\t{}\n", sample.class, sample.secret);
    }
    std::fs::write(folder.join("labels.tsv"), labels).unwrap();
}
