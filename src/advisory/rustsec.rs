//! Reads RustSec's own database through the rustsec crate: a checked-out tree, or a repository without one.
//!
//! Each file is parsed for itself: `rustsec::Database::open` gives up on all of them at the first it does not
//! understand, as happened to every tool when CVSS 4.0 arrived.

use std::path::Path;

use ::rustsec::Advisory;
use ::rustsec::osv::ranges_for_advisory;

use super::import::{Gathered, ImportError, read};
use super::range::{Event, EventKind, Range};
use super::record::{Affected, Informational, Reach, Record};
use super::severity;
use crate::model::Ecosystem;

/// Reads a folder if it is a RustSec database: `crates/<name>/<id>.md`, in a tree or in the head of a repository.
/// `None` where it is neither.
///
/// # Errors
/// A file or repository that cannot be read; a record that cannot be understood is a warning.
pub(super) fn folder(path: &Path) -> Result<Option<Gathered>, ImportError> {
    let crates = path.join("crates");
    if crates.is_dir() {
        return tree(&crates).map(Some);
    }
    if path.join("HEAD").is_file() || path.join(".git").exists() {
        return Ok(repository(path));
    }
    Ok(None)
}

fn tree(crates: &Path) -> Result<Gathered, ImportError> {
    let mut gathered = Gathered::default();
    for package in children(crates)?.iter().filter(|package| package.is_dir()) {
        for file in children(package)? {
            let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            if wanted(&name) {
                take(&mut gathered, &name, &read(&file)?);
            }
        }
    }
    Ok(gathered)
}

fn children(folder: &Path) -> Result<Vec<std::path::PathBuf>, ImportError> {
    let unreadable = |source| ImportError::Read { path: folder.to_owned(), source };
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        out.push(entry.map_err(unreadable)?.path());
    }
    out.sort_unstable();
    Ok(out)
}

/// Drafts have the number 0000-0000.
fn wanted(name: &str) -> bool {
    name.starts_with("RUSTSEC-") && name.ends_with(".md") && !name.starts_with("RUSTSEC-0000-0000")
}

/// The head of a bare repository, read without a git process.
fn repository(path: &Path) -> Option<Gathered> {
    let repository = gix::open(path).ok()?;
    let head = repository.head_commit().ok()?.tree().ok()?;
    let crates = head.lookup_entry_by_path("crates").ok()??.object().ok()?.try_into_tree().ok()?;
    let mut gathered = Gathered::default();
    for package in crates.iter().filter_map(Result::ok).filter(|entry| entry.mode().is_tree()) {
        let Some(files) = package.object().ok().and_then(|object| object.try_into_tree().ok()) else { continue };
        for file in files.iter().filter_map(Result::ok) {
            let name = file.filename().to_string();
            if !wanted(&name) {
                continue;
            }
            match file.object() {
                Ok(object) => take(&mut gathered, &name, &object.data),
                Err(error) => gathered.warnings.push(format!("{name} was left out: {error}")),
            }
        }
    }
    Some(gathered)
}

fn take(gathered: &mut Gathered, name: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match text.parse::<Advisory>() {
        Ok(advisory) if advisory.withdrawn() => gathered.irrelevant += 1,
        Ok(advisory) => gathered.records.push(record(&advisory)),
        Err(error) => gathered.warnings.push(format!("{name} was left out: {error}")),
    }
}

fn record(advisory: &Advisory) -> Record {
    let metadata = &advisory.metadata;
    let vector = metadata.cvss.as_ref().map(ToString::to_string);
    let rating = severity::rate(vector.as_deref(), None);
    let events = ranges_for_advisory(&advisory.versions).into_iter().flat_map(|range| {
        let introduced = range.introduced.map_or_else(|| "0".to_owned(), |version| version.to_string());
        let fixed = range.fixed.map(|version| Event { kind: EventKind::Fixed, version: version.to_string() });
        std::iter::once(Event { kind: EventKind::Introduced, version: introduced }).chain(fixed)
    });
    let affected = Affected {
        ecosystem: Ecosystem::Cargo,
        name: metadata.package.as_str().to_owned(),
        ranges: vec![Range::new(events.collect())],
        versions: Vec::new(),
        custom: Vec::new(),
        reach: reach(advisory),
    };
    Record {
        id: metadata.id.as_str().to_owned(),
        aliases: metadata.aliases.iter().map(|id| id.as_str().to_owned()).collect(),
        summary: metadata
            .title
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .filter(|c| !c.is_control())
            .take(300)
            .collect(),
        severity: rating.severity,
        score: rating.score,
        cvss: rating.cvss,
        informational: metadata.informational.as_ref().map(|kind| Informational::from_word(kind.as_str())),
        malware: false,
        url: String::new(),
        cwe: Vec::new(),
        published: metadata.date.as_str().to_owned(),
        modified: metadata.date.as_str().to_owned(),
        affected: vec![affected],
    }
    .with_malware_marked()
}

fn reach(advisory: &Advisory) -> Reach {
    let Some(affected) = &advisory.affected else { return Reach::default() };
    Reach {
        functions: affected.functions.keys().map(ToString::to_string).collect(),
        arch: affected.arch.iter().map(|arch| arch.as_str().to_owned()).collect(),
        os: affected.os.iter().map(|os| os.as_str().to_owned()).collect(),
        imports: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patched_and_unaffected_become_the_ranges_between() {
        let text = "```toml\n[advisory]\nid = \"RUSTSEC-2020-0001\"\npackage = \"x\"\ndate = \"2020-01-02\"\n\
                    aliases = [\"CVE-2020-1\"]\n[versions]\npatched = [\"^1.2.3\", \">= 2.0.1\"]\nunaffected = [\"< 0.5.0\"]\n```\n\n# Title\n\nText\n";
        let mut gathered = Gathered::default();
        take(&mut gathered, "a", text.as_bytes());
        take(&mut gathered, "b", b"nothing");
        assert_eq!(gathered.warnings.len(), 1);
        let record = &gathered.records[0];
        assert_eq!((record.id.as_str(), record.summary.as_str()), ("RUSTSEC-2020-0001", "Title"));
        let holds = |v: &str| record.affected[0].ranges[0].contains(super::super::version::Version::parse(v).as_ref());
        assert!(holds("0.5.0") && holds("1.2.3-rc.1") && holds("2.0.0"));
        assert!(!holds("0.4.9") && !holds("1.2.3") && !holds("1.9.9") && !holds("2.0.1"));
    }
}
