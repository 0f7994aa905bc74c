//! The file format: what goes in comes out, and damage is told.

use std::borrow::Cow;

use proptest::prelude::*;

use super::*;
use crate::advisory::range::{Event, EventKind, Range};
use crate::advisory::record::{Affected, GoImport, Reach, Record};
use crate::model::{Ecosystem, Severity};

fn everything() -> Vec<Range> {
    vec![Range::new(vec![Event { kind: EventKind::Introduced, version: "0".to_owned() }])]
}

fn npm(name: &str, ranges: Vec<Range>) -> Affected {
    Affected {
        ecosystem: Ecosystem::Npm,
        name: name.to_owned(),
        ranges,
        versions: vec!["1.0.0".to_owned()],
        custom: Vec::new(),
        reach: Reach {
            functions: vec!["a::b".to_owned()],
            imports: vec![GoImport { path: "p".to_owned(), symbols: vec!["S".to_owned()] }],
            ..Reach::default()
        },
    }
}

fn full() -> Record {
    Record {
        id: "GHSA-a".to_owned(),
        aliases: vec!["CVE-1".to_owned()],
        summary: "Title".to_owned(),
        severity: Some(Severity::High),
        score: Some(7.5),
        cvss: Some("AV:N/AC:L/Au:N/C:P/I:P/A:P".to_owned()),
        cwe: vec!["CWE-79".to_owned()],
        url: "https://example.org/".to_owned(),
        published: "2020-01-02T00:00:00Z".to_owned(),
        modified: "2020-02-03T00:00:00Z".to_owned(),
        affected: vec![npm("x", everything()), npm("y", everything())],
        ..Record::default()
    }
}

fn open(bytes: Vec<u8>) -> Result<Index, IndexError> {
    Index::open(Cow::Owned(bytes))
}

#[test]
fn what_goes_in_comes_out() {
    let index = open(build(vec![full()], vec!["here".to_owned()], "2026-01-01").unwrap()).unwrap();
    let rows = index.rows(Ecosystem::Npm, "y");
    assert_eq!((rows.len(), rows[0].versions.as_slice()), (1, ["1.0.0"].as_slice()));
    assert_eq!(rows[0].reach(), Some(npm("y", everything()).reach));
    let (record, group) = index.advisory(rows[0].advisory).unwrap();
    let days = ("2020-01-02".to_owned(), "2020-02-03".to_owned());
    let expected = Record { affected: Vec::new(), published: days.0, modified: days.1, ..full() };
    assert_eq!((record, group.as_str()), (expected, "GHSA-a"));
    assert_eq!((index.meta().snapshot.as_str(), index.meta().packages), ("2020-02-03", 2));
    let (read, due) = index.census();
    assert_eq!((read, due), (3, 3));
}

#[test]
fn the_order_of_records_does_not_matter() {
    let (a, b) = (full(), Record { id: "GHSA-b".to_owned(), ..full() });
    let one = build(vec![a.clone(), b.clone()], Vec::new(), "").unwrap();
    assert_eq!(one, build(vec![b, a], Vec::new(), "").unwrap());
}

#[test]
fn every_damaged_byte_and_every_cut_is_told() {
    let bytes = build(vec![full()], Vec::new(), "").unwrap();
    for n in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[n] ^= 0x10;
        assert!(open(damaged).is_err(), "byte {n}");
        assert!(open(bytes[..n].to_vec()).is_err(), "cut at {n}");
    }
    assert_eq!(open(b"{}".to_vec()).err(), Some(IndexError::NotAnIndex));
}

fn malware(n: u32) -> Record {
    Record {
        id: format!("MAL-2025-{n}"),
        malware: true,
        aliases: if n.is_multiple_of(3) { vec![format!("GHSA-{n}")] } else { Vec::new() },
        affected: vec![npm(&format!("@scope{}/pkg-{}", n % 7, n), everything())],
        ..Record::default()
    }
}

#[test]
fn the_malware_section_finds_each_name_and_no_other() {
    let index = open(build((1..500).map(malware).collect(), Vec::new(), "").unwrap()).unwrap();
    assert_eq!((index.meta().malware, index.meta().packages), (499, 0));
    for n in 1..500 {
        let name = format!("@scope{}/pkg-{n}", n % 7);
        let found = index.malicious(Ecosystem::Npm, &name).unwrap();
        assert_eq!(found.id, format!("MAL-2025-{n}"));
        assert_eq!(found.aliases.len(), usize::from(n % 3 == 0));
        for other in [format!("{name}x"), name[..name.len() - 1].to_owned() + "~", "@scope0/".to_owned()] {
            assert!(index.malicious(Ecosystem::Npm, &other).is_none(), "{other}");
        }
    }
    assert!(index.malicious(Ecosystem::Npm, "").is_none() && index.malicious(Ecosystem::Npm, "zzz").is_none());
}

proptest! {
    /// A checksum can be made to hold: offsets are still never trusted.
    #[test]
    fn forged_content_never_panics(at in 80_usize..400, value in any::<u8>(), more in prop::collection::vec((80_usize..400, any::<u8>()), 0..8)) {
        let records = vec![full(), malware(1), malware(2), Record { id: "MAL-2025-3".into(), ..malware(4) }];
        let mut bytes = build(records, Vec::new(), "").unwrap();
        for (at, value) in more.into_iter().chain([(at, value)]) {
            let at = 24 + at % (bytes.len() - 24);
            bytes[at] = value;
        }
        let sum = crc32fast::hash(&bytes[16..]);
        bytes[12..16].copy_from_slice(&sum.to_le_bytes());
        if let Ok(index) = open(bytes) {
            for name in ["x", "y", "@scope1/pkg-1", "@scope2/pkg-2"] {
                for row in index.rows(Ecosystem::Npm, name) {
                    let _ = (row.reach(), index.advisory(row.advisory));
                }
                let _ = index.malicious(Ecosystem::Npm, name);
            }
            let _ = index.census();
        }
    }
}
