//! Writes the index from records.

use super::bytes::{Strings, put_varint};
use super::malware::{self, Entry};
use super::{FORMAT, HEADER, IndexError, MAGIC, Meta, SECTIONS};
use crate::advisory::group;
use crate::advisory::range::Range;
use crate::advisory::record::{Affected, Record};
use crate::model::{Ecosystem, Severity};

/// Builds the index of some records; the same records in any order give the same bytes.
///
/// Of several records with one id the newest `modified` stays; a record without a severity takes the worst of
/// the records it shares a defect with. `sources` and `built` (a day) go into the index's own description.
///
/// # Errors
/// [`IndexError::TooLarge`] past 4 GiB in one section.
pub fn build(mut records: Vec<Record>, sources: Vec<String>, built: &str) -> Result<Vec<u8>, IndexError> {
    records.sort_by(|a, b| a.id.cmp(&b.id).then_with(|| b.modified.cmp(&a.modified)));
    records.dedup_by(|later, kept| later.id == kept.id);
    let groups = group::groups(&records);
    inherit_severity(&mut records, &groups);

    let alone = lone_members(&groups);
    let (malicious, ordinary) = split(&records, &alone);
    let mut writer = Writer { strings: Strings::new(), rows: Vec::new(), table: Vec::new(), advisories: Vec::new() };
    let mut mentions: Vec<(Ecosystem, &str, u32, &Affected)> = Vec::new();
    for (&n, number) in ordinary.iter().zip(0_u32..) {
        let record = &records[n];
        writer.advisory(record, &records[groups[n] as usize].id);
        mentions.extend(record.affected.iter().map(|item| (item.ecosystem, item.name.as_str(), number, item)));
    }
    mentions.sort_by_key(|&(ecosystem, name, number, _)| (ecosystem, name, number));
    let packages = writer.packages(&mentions);
    let meta = Meta {
        snapshot: snapshot(&records),
        built: built.to_owned(),
        advisories: records.len() as u64,
        malware: malicious.len() as u64,
        packages: (packages.len() / 16) as u64,
        sources,
    };
    let meta = serde_json::to_vec(&meta).unwrap_or_default();
    let malware = malware::write(&malicious);
    let table: Vec<u8> = writer.table.iter().flat_map(|offset| offset.to_le_bytes()).collect();
    assemble([&meta, &writer.strings.bytes, &packages, &writer.rows, &table, &writer.advisories, &malware])
}

/// The day of the newest change.
fn snapshot(records: &[Record]) -> String {
    let newest = records.iter().filter_map(|record| record.modified.get(..10)).max();
    newest.unwrap_or_default().to_owned()
}

/// Some databases rate nothing: theirs is then the worst rating of the same defect elsewhere.
fn inherit_severity(records: &mut [Record], groups: &[u32]) {
    let mut worst: Vec<Option<usize>> = vec![None; records.len()];
    for (n, &group) in groups.iter().enumerate() {
        let best = &mut worst[group as usize];
        let rank = |n: usize| (records[n].severity, records[n].score.map(|score| (score * 10.0) as u32));
        if records[n].severity.is_some() && best.is_none_or(|known| rank(known) < rank(n)) {
            *best = Some(n);
        }
    }
    for n in 0..records.len() {
        if let Some(from) = worst[groups[n] as usize]
            && records[n].severity.is_none()
        {
            let (severity, score, cvss) = (records[from].severity, records[from].score, records[from].cvss.clone());
            let record = &mut records[n];
            (record.severity, record.score, record.cvss) = (severity, score, cvss);
        }
    }
}

/// For each record, whether its group has no other.
fn lone_members(groups: &[u32]) -> Vec<bool> {
    let mut sizes = vec![0_u32; groups.len()];
    groups.iter().for_each(|&group| sizes[group as usize] += 1);
    groups.iter().map(|&group| sizes[group as usize] == 1).collect()
}

/// Names that are malicious whole go into the segment of their own; all else is written in full.
fn split<'a>(records: &'a [Record], alone: &[bool]) -> (Vec<Entry<'a>>, Vec<usize>) {
    let (mut malicious, mut ordinary) = (Vec::new(), Vec::new());
    for (n, record) in records.iter().enumerate() {
        match &record.affected[..] {
            [item]
                if alone[n]
                    && record.id.starts_with("MAL-")
                    && item.ecosystem == Ecosystem::Npm
                    && item.ranges.iter().any(Range::is_everything) =>
            {
                malicious.push((Entry { name: &item.name, id: &record.id, aliases: &record.aliases }, n));
            }
            _ => ordinary.push(n),
        }
    }
    malicious.sort_by(|a, b| a.0.cmp(&b.0));
    // A second report of one name keeps its own record.
    malicious.dedup_by(|later, kept| {
        let twin = later.0.name == kept.0.name;
        if twin {
            ordinary.push(later.1);
        }
        twin
    });
    ordinary.sort_unstable();
    (malicious.into_iter().map(|(entry, _)| entry).collect(), ordinary)
}

fn assemble(sections: [&[u8]; SECTIONS]) -> Result<Vec<u8>, IndexError> {
    let length = HEADER + sections.iter().map(|section| section.len()).sum::<usize>();
    u32::try_from(length).map_err(|_| IndexError::TooLarge)?;
    let mut out = Vec::with_capacity(length);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&FORMAT.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&(length as u64).to_le_bytes());
    let mut at = HEADER;
    for section in sections {
        out.extend_from_slice(&(at as u32).to_le_bytes());
        out.extend_from_slice(&(section.len() as u32).to_le_bytes());
        at += section.len();
    }
    sections.iter().for_each(|section| out.extend_from_slice(section));
    let checksum = crc32fast::hash(&out[16..]);
    out[12..16].copy_from_slice(&checksum.to_le_bytes());
    Ok(out)
}

struct Writer<'a> {
    strings: Strings<'a>,
    rows: Vec<u8>,
    table: Vec<u32>,
    advisories: Vec<u8>,
}

impl<'a> Writer<'a> {
    /// One advisory's facts; `super::read` reads the same order.
    fn advisory(&mut self, record: &'a Record, group: &'a str) {
        self.table.push(self.advisories.len() as u32);
        let day = |text: &'a str| text.get(..10).unwrap_or_default();
        let texts = [&*record.id, group, &record.summary, record.cvss.as_deref().unwrap_or_default(), &record.url];
        for text in texts.into_iter().chain([day(&record.published), day(&record.modified)]) {
            put_varint(&mut self.advisories, self.strings.add(text));
        }
        let severity = record.severity.and_then(|known| Severity::ALL.iter().position(|&s| s == known));
        let informational = record.informational.map(|kind| kind as u64 + 1).unwrap_or_default();
        put_varint(&mut self.advisories, severity.map_or(0, |n| n as u64 + 1));
        put_varint(&mut self.advisories, record.score.map_or(0, |score| (score * 10.0).round() as u64 + 1));
        put_varint(&mut self.advisories, informational);
        put_varint(&mut self.advisories, u64::from(record.malware));
        for list in [&record.aliases, &record.cwe] {
            list_of(&mut self.advisories, &mut self.strings, list);
        }
    }

    /// The package table; each package's rows follow one another in `rows`.
    fn packages(&mut self, mentions: &[(Ecosystem, &'a str, u32, &'a Affected)]) -> Vec<u8> {
        let mut table = Vec::new();
        for package in mentions.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let (ecosystem, name, ..) = package[0];
            let number = Ecosystem::ALL.iter().position(|&e| e == ecosystem).unwrap_or_default();
            let words = [number as u32, self.strings.add(name) as u32, self.rows.len() as u32, package.len() as u32];
            table.extend(words.into_iter().flat_map(u32::to_le_bytes));
            for &(_, _, advisory, item) in package {
                self.row(advisory, item);
            }
        }
        table
    }

    fn row(&mut self, advisory: u32, item: &'a Affected) {
        let out = &mut self.rows;
        put_varint(out, u64::from(advisory));
        ranges(out, &mut self.strings, &item.ranges);
        list_of(out, &mut self.strings, &item.versions);
        ranges(out, &mut self.strings, &item.custom);
        for list in [&item.reach.functions, &item.reach.arch, &item.reach.os] {
            list_of(out, &mut self.strings, list);
        }
        put_varint(out, item.reach.imports.len() as u64);
        for import in &item.reach.imports {
            put_varint(out, self.strings.add(&import.path));
            list_of(out, &mut self.strings, &import.symbols);
        }
    }
}

fn ranges<'a>(out: &mut Vec<u8>, strings: &mut Strings<'a>, ranges: &'a [Range]) {
    put_varint(out, ranges.len() as u64);
    for range in ranges {
        put_varint(out, range.events.len() as u64);
        for event in &range.events {
            out.push(event.kind as u8);
            put_varint(out, strings.add(&event.version));
        }
    }
}

fn list_of<'a>(out: &mut Vec<u8>, strings: &mut Strings<'a>, list: &'a [String]) {
    put_varint(out, list.len() as u64);
    list.iter().for_each(|text| put_varint(out, strings.add(text)));
}
