//! The size of the real thing: two hundred thousand malicious names, twenty thousand vulnerabilities.

use std::time::Instant;

use portcullis::advisory::range::{Event, EventKind, Range};
use portcullis::advisory::record::{Affected, Reach, Record};
use portcullis::advisory::{AdvisoryDb, index};
use portcullis::model::Ecosystem;

fn record(id: String, name: String, fixed: Option<String>) -> Record {
    let mut events = vec![Event { kind: EventKind::Introduced, version: "0".to_owned() }];
    events.extend(fixed.map(|version| Event { kind: EventKind::Fixed, version }));
    let affected = Affected {
        ecosystem: Ecosystem::Npm,
        name,
        ranges: vec![Range::new(events)],
        versions: Vec::new(),
        custom: Vec::new(),
        reach: Reach::default(),
    };
    let malware = id.starts_with("MAL-");
    Record { malware, id, modified: "2026-08-01T00:00:00Z".to_owned(), affected: vec![affected], ..Record::default() }
}

#[test]
fn two_hundred_and_twenty_thousand_entries() {
    let word = |n: u64| format!("{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 24);
    let bad = (0..200_000).map(|n| record(format!("MAL-2025-{n}"), format!("{}-helper-{n}", word(n)), None));
    let real =
        (0..20_000).map(|n| record(format!("GHSA-{n}"), format!("pkg-{}", n / 3), Some(format!("1.{}.0", n % 9))));
    let records: Vec<Record> = bad.chain(real).collect();
    let started = Instant::now();
    let bytes = index::build(records, Vec::new(), "2026-08-02").unwrap();
    let built = started.elapsed();
    assert!(bytes.len() < 9_000_000, "{} bytes", bytes.len());

    let length = bytes.len();
    let started = Instant::now();
    let db = AdvisoryDb::from_bytes(bytes, "test").unwrap();
    let opened = started.elapsed();
    let names: Vec<String> = (0..2_000)
        .map(|n| match n % 20 {
            0 => format!("pkg-{n}"),
            1 => format!("{}-helper-{n}", word(n)),
            _ => format!("harmless-{n}"),
        })
        .collect();
    let look_up = || names.iter().filter(|name| !db.affecting(Ecosystem::Npm, name, "0.1.0").is_empty()).count();
    // Once unmeasured: the allocator first sorts what building left behind.
    assert_eq!(look_up(), 200);
    let started = Instant::now();
    assert_eq!(look_up(), 200);
    let looked_up = started.elapsed();
    eprintln!("{length} bytes: built {built:?}, opened {opened:?}, 2,000 look-ups {looked_up:?}");
    assert_eq!((db.info().advisories, db.index().meta().malware), (220_000, 200_000));
}
