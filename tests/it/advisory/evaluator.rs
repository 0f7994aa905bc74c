//! The index against an evaluator written from the OSV schema's own words, over the JSON itself: plain and slow.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use portcullis::advisory::osv::{self, Reading};
use portcullis::advisory::{AdvisoryDb, Record};
use portcullis::model::Ecosystem;
use proptest::prelude::*;
use serde_json::{Value, json};

const PACKAGE: &str = "example.org/p";

/// "The string `0` sorts before any other version" (OSV schema, `introduced`); `None` stands for it.
fn place(text: &str) -> Option<semver::Version> {
    (text != "0").then(|| semver::Version::parse(text).unwrap())
}

fn order(a: &Option<semver::Version>, b: &Option<semver::Version>) -> Ordering {
    match (a, b) {
        (None, None) => Ordering::Equal,
        (None, _) => Ordering::Less,
        (_, None) => Ordering::Greater,
        (Some(a), Some(b)) => a.cmp_precedence(b),
    }
}

/// `IsVulnerable` of the schema's section "Evaluation".
fn is_vulnerable(record: &Value, version: &str) -> bool {
    if record["withdrawn"].is_string() {
        return false;
    }
    let affected = record["affected"].as_array().unwrap().iter().filter(|one| one["package"]["name"] == PACKAGE);
    affected.into_iter().any(|one| {
        let listed = one["versions"].as_array().into_iter().flatten().any(|other| other == version);
        listed || one["ranges"].as_array().into_iter().flatten().any(|range| in_range(range, version))
    })
}

fn in_range(range: &Value, version: &str) -> bool {
    if range["type"] == "GIT" {
        return false;
    }
    let version = place(version);
    let mut events: Vec<(&str, &str)> = Vec::new();
    for event in range["events"].as_array().unwrap() {
        events.extend(event.as_object().unwrap().iter().map(|(key, value)| (key.as_str(), value.as_str().unwrap())));
    }
    // `BeforeLimits`: no limit, or below one of them; `*` is infinity.
    let mut limits = events.iter().filter(|(kind, _)| *kind == "limit").peekable();
    let unlimited = limits.peek().is_none();
    if !unlimited && !limits.any(|(_, at)| *at == "*" || order(&version, &place(at)).is_lt()) {
        return false;
    }
    // "sorted(range.events)": insertion, so that equals stay as written.
    let mut sorted: Vec<(&str, &str)> = Vec::new();
    for event in events.into_iter().filter(|(kind, _)| *kind != "limit") {
        let at = sorted.iter().position(|other| order(&place(other.1), &place(event.1)).is_gt());
        sorted.insert(at.unwrap_or(sorted.len()), event);
    }
    let mut vulnerable = false;
    for (kind, at) in sorted {
        let passed = order(&version, &place(at));
        match kind {
            "introduced" if passed.is_ge() => vulnerable = true,
            "fixed" if passed.is_ge() => vulnerable = false,
            "last_affected" if passed.is_gt() => vulnerable = false,
            _ => {}
        }
    }
    vulnerable
}

/// Few numbers, so that versions meet: releases, pre-releases, Go's pseudo-versions and `+incompatible`.
fn version() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[0-2]\\.[0-2]\\.[0-2]",
        2 => "[0-2]\\.[0-1]\\.[0-1]-(0|rc|rc\\.1|rc\\.2|alpha\\.10|alpha\\.9|beta-1)",
        1 => "0\\.0\\.0-2020010[1-3]000000-[ab]{12}",
        1 => "1\\.0\\.[1-2]-0\\.2020010[1-2]000000-[ab]{12}",
        1 => "[2-3]\\.[0-1]\\.0\\+incompatible",
        1 => "1\\.0\\.0\\+[ab]",
    ]
}

fn event() -> impl Strategy<Value = Value> {
    (0..20_u8, version()).prop_map(|(kind, at)| match kind {
        0..=3 => json!({"introduced": "0"}),
        4..=8 => json!({"introduced": at}),
        9..=14 => json!({"fixed": at}),
        15..=17 => json!({"last_affected": at}),
        18 => json!({"limit": at}),
        _ => json!({"limit": "*"}),
    })
}

/// An empty interval, or events in any order.
fn events() -> impl Strategy<Value = Vec<Value>> {
    prop_oneof![
        5 => prop::collection::vec(event(), 0..8),
        1 => version().prop_map(|at| vec![json!({"introduced": at}), json!({"fixed": at})]),
        1 => version().prop_map(|at| vec![json!({"fixed": at}), json!({"introduced": at})]),
        1 => Just(vec![json!({"introduced": "0"})]),
    ]
}

fn affected(ecosystem: Ecosystem) -> impl Strategy<Value = Value> {
    let range = (0..8_u8, events()).prop_map(|(kind, events)| {
        json!({"type": match kind { 0 => "GIT", 1..=3 => "ECOSYSTEM", _ => "SEMVER" }, "events": events})
    });
    let name = (0..6_u8).prop_map(|other| if other == 0 { "example.org/p/v2" } else { PACKAGE });
    (name, prop::collection::vec(range, 0..3), prop::collection::vec(version(), 0..3)).prop_map(
        move |(name, ranges, versions)| {
            json!({"package": {"ecosystem": ecosystem.osv(), "name": name}, "ranges": ranges, "versions": versions})
        },
    )
}

/// A few records of one ecosystem; some of malware, which the index keeps elsewhere, some withdrawn.
fn records(ecosystem: Ecosystem) -> impl Strategy<Value = Vec<Value>> {
    let record = (0..10_u8, prop::collection::vec(affected(ecosystem), 1..4));
    prop::collection::vec(record, 1..5).prop_map(|records| {
        let number = |(n, (kind, affected)): (usize, (u8, Vec<Value>))| {
            let id = if kind < 2 { format!("MAL-2025-{n}") } else { format!("GHSA-{n}") };
            let mut record = json!({"id": id, "affected": affected});
            if kind == 9 {
                record["withdrawn"] = json!("2024-01-01T00:00:00Z");
            }
            record
        };
        records.into_iter().enumerate().map(number).collect()
    })
}

fn database(records: &[Value]) -> AdvisoryDb {
    let read = |record: &Value| match osv::read(record.to_string().as_bytes(), &mut Vec::new()).unwrap() {
        Reading::Advisory(record) => Some(*record),
        Reading::Irrelevant => None,
    };
    let read: Vec<Record> = records.iter().filter_map(read).collect();
    AdvisoryDb::from_records(read, "test").unwrap()
}

proptest! {
    #[test]
    fn the_index_answers_as_the_schema_says(
        (ecosystem, records) in prop::sample::select(vec![Ecosystem::Cargo, Ecosystem::Npm, Ecosystem::Go])
            .prop_flat_map(|ecosystem| (Just(ecosystem), records(ecosystem))),
        versions in prop::collection::vec(version(), 1..12),
    ) {
        let db = database(&records);
        for version in &versions {
            let expected: BTreeSet<&str> = records.iter()
                .filter(|record| is_vulnerable(record, version))
                .map(|record| record["id"].as_str().unwrap())
                .collect();
            let spelt = if ecosystem == Ecosystem::Go { format!("v{version}") } else { version.clone() };
            let found = db.affecting(ecosystem, PACKAGE, &spelt);
            let got: BTreeSet<&str> = found.iter().map(|found| found.advisory.id.as_str()).collect();
            prop_assert_eq!(&got, &expected, "{} in {:#?}", version, records);
            prop_assert!(found.iter().all(|one| !one.unbounded), "nothing has bounds of another kind");
            // A fix lies above, and its own advisory does not affect it.
            for one in &found {
                let record = records.iter().find(|record| record["id"] == one.advisory.id.as_str()).unwrap();
                for fix in &one.fixed {
                    prop_assert!(order(&place(fix), &place(version)).is_gt() && !is_vulnerable(record, fix));
                }
            }
            let group: Vec<_> = found.iter().collect();
            for fix in db.common_fixes(ecosystem, PACKAGE, &group) {
                let affected = records.iter().filter(|record| expected.contains(record["id"].as_str().unwrap()));
                prop_assert!(affected.into_iter().all(|record| !is_vulnerable(record, &fix)), "{}", fix);
            }
        }
    }
}
