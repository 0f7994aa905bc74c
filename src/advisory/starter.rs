//! The starter set: advisories of widely pinned packages, written for this project as facts in `rules/advisories`.
//!
//! It is text in the program, read only where a lock file is met.

use serde::Deserialize;

use super::range::{Event, EventKind, Range};
use super::record::{Affected, Informational, Reach, Record};
use super::{severity, version};
use crate::model::{Ecosystem, Severity};

/// The files: one per ecosystem.
const FILES: [&str; 4] = [
    include_str!("../../rules/advisories/cargo.toml"),
    include_str!("../../rules/advisories/npm.toml"),
    include_str!("../../rules/advisories/go.toml"),
    include_str!("../../rules/advisories/github-actions.toml"),
];

/// All records of the set.
#[must_use]
pub fn records() -> Vec<Record> {
    FILES.iter().flat_map(|text| read(text).expect("the starter set is tested")).collect()
}

/// Reads one file of the starter format.
///
/// # Errors
/// The first entry that does not follow the format, with the reason.
pub fn read(text: &str) -> Result<Vec<Record>, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let ecosystem = *Ecosystem::ALL
        .iter()
        .find(|ecosystem| ecosystem.osv() == file.ecosystem)
        .ok_or_else(|| format!("`{}` is no ecosystem", file.ecosystem))?;
    file.advisory
        .into_iter()
        .map(|entry| {
            let id = entry.id.clone();
            record(ecosystem, &file.snapshot, entry).map_err(|error| format!("{id}: {error}"))
        })
        .collect()
}

fn record(ecosystem: Ecosystem, snapshot: &str, entry: Entry) -> Result<Record, String> {
    let malware = entry.malware;
    let rating = severity::rate(entry.cvss.as_deref(), entry.severity.as_deref());
    if entry.cvss.is_some() && rating.score.is_none() {
        return Err("its vector cannot be read".to_owned());
    }
    let informational = entry.informational.as_deref().map(Informational::from_word);
    let affected: Result<Vec<_>, String> = entry.affected.into_iter().map(|item| affected(ecosystem, item)).collect();
    Ok(Record {
        id: entry.id,
        aliases: entry.aliases,
        summary: entry.title,
        severity: if malware { Some(Severity::Critical) } else { rating.severity },
        score: rating.score,
        cvss: rating.cvss,
        informational,
        malware,
        url: entry.url,
        cwe: entry.cwe,
        published: String::new(),
        modified: snapshot.to_owned(),
        affected: affected?,
    })
}

fn affected(ecosystem: Ecosystem, item: Item) -> Result<Affected, String> {
    let ranges: Result<Vec<Vec<Event>>, String> = item.ranges.iter().map(|text| interval(text)).collect();
    let ranges: Vec<Range> = ranges?.into_iter().map(Range::new).collect();
    if ranges.is_empty() && item.versions.is_empty() {
        return Err("it affects no version".to_owned());
    }
    Ok(Affected {
        ecosystem,
        name: super::canonical_name(ecosystem, &item.package).into_owned(),
        ranges,
        versions: item.versions.iter().map(|text| version::bare(text).to_owned()).collect(),
        custom: Vec::new(),
        reach: Reach { functions: item.functions, ..Reach::default() },
    })
}

/// `1.0.0..1.2.3` from 1.0.0 up to and without 1.2.3; `..=1.2.2` with it; nothing after the dots: no end.
fn interval(text: &str) -> Result<Vec<Event>, String> {
    let (from, to) = text.split_once("..").ok_or_else(|| format!("`{text}` is no range `from..to`"))?;
    let event = |kind, version: &str| Event { kind, version: version.to_owned() };
    let mut events = vec![event(EventKind::Introduced, if from.is_empty() { "0" } else { from })];
    match to.strip_prefix('=') {
        Some(last) => events.push(event(EventKind::LastAffected, last)),
        None if to.is_empty() => {}
        None => events.push(event(EventKind::Fixed, to)),
    }
    match events.iter().find(|event| !event.is_readable()) {
        Some(bad) => Err(format!("`{}` is no version", bad.version)),
        None => Ok(events),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    ecosystem: String,
    snapshot: String,
    advisory: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    #[serde(default)]
    aliases: Vec<String>,
    title: String,
    cvss: Option<String>,
    severity: Option<String>,
    informational: Option<String>,
    #[serde(default)]
    malware: bool,
    #[serde(default)]
    cwe: Vec<String>,
    #[serde(default)]
    url: String,
    affected: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    package: String,
    #[serde(default)]
    ranges: Vec<String>,
    #[serde(default)]
    versions: Vec<String>,
    #[serde(default)]
    functions: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_of_the_set_can_be_used() {
        let records = records();
        let mut ids: Vec<&str> = records.iter().map(|record| record.id.as_str()).collect();
        ids.sort_unstable();
        assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "an id stands twice");
        for record in &records {
            assert!(!record.affected.is_empty() && record.summary.len() >= 12, "{}", record.id);
            assert!(record.summary.len() <= 120 && !record.summary.ends_with('.'), "{}", record.id);
        }
        assert!(Ecosystem::ALL.iter().all(|&e| records.iter().any(|r| r.affected[0].ecosystem == e)));
    }

    #[test]
    fn intervals_read_as_written() {
        let kinds = |text: &str| interval(text).map(|events| events.iter().map(|e| e.kind).collect::<Vec<_>>());
        assert_eq!(kinds("..1.0.0"), Ok(vec![EventKind::Introduced, EventKind::Fixed]));
        assert_eq!(kinds("1.0.0..=1.2.0"), Ok(vec![EventKind::Introduced, EventKind::LastAffected]));
        assert_eq!(kinds("1.0.0.."), Ok(vec![EventKind::Introduced]));
        assert!(kinds("1.0.0").is_err() && kinds("x..1").is_err());
    }
}
