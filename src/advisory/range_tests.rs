//! Ranges against an evaluator written separately: plain, slow, over intervals of the semver crate's versions.

use proptest::prelude::*;

use super::*;

fn range(events: &[(EventKind, &str)]) -> Range {
    Range::new(events.iter().map(|&(kind, version)| Event { kind, version: version.to_owned() }).collect())
}

fn holds(range: &Range, version: &str) -> bool {
    range.contains(Version::parse(version).as_ref())
}

use EventKind::{Fixed, Introduced, LastAffected, Limit};

#[test]
fn half_open_and_closed_ends() {
    let r = range(&[(Introduced, "0"), (Fixed, "1.2.0"), (Introduced, "2.0.0-alpha"), (LastAffected, "2.3.0")]);
    let inside = ["0.0.0-0", "1.1.9", "1.2.0-rc.1", "2.0.0-alpha", "2.0.0", "2.3.0"];
    let outside = ["1.2.0", "1.9.0", "2.0.0-0", "2.3.1", "9.0.0"];
    assert!(inside.iter().all(|v| holds(&r, v)));
    assert!(!outside.iter().any(|v| holds(&r, v)));
}

#[test]
fn an_empty_interval_stays_empty() {
    let r = range(&[(Introduced, "1.2.0"), (Fixed, "1.2.0")]);
    assert!(!holds(&r, "1.2.0") && !holds(&r, "3.0.0"));
}

#[test]
fn limits_cut_and_the_star_does_not() {
    let cut = range(&[(Introduced, "0"), (Limit, "2.0.0")]);
    assert!(holds(&cut, "1.9.9") && !holds(&cut, "2.0.0"));
    let star = range(&[(Introduced, "0"), (Limit, "*")]);
    assert!(holds(&star, "99.0.0") && star.is_unbounded() && star.is_everything());
}

#[test]
fn a_version_nobody_can_read_lies_in_everything_alone() {
    assert!(range(&[(Introduced, "0")]).contains(None));
    assert!(!range(&[(Introduced, "0"), (Fixed, "2.0.0")]).contains(None));
}

/// What the schema's pseudo code says, step by step, on the semver crate's order.
fn plain(events: &[(EventKind, String)], version: &semver::Version) -> bool {
    let key = |text: &str| (text != "0").then(|| semver::Version::parse(text).unwrap());
    let at_or_below = |text: &str| key(text).is_none_or(|bound| bound.cmp_precedence(version) != Ordering::Greater);
    let limits: Vec<_> = events.iter().filter(|e| e.0 == Limit).collect();
    if !limits.is_empty() && !limits.iter().any(|e| e.1 == "*" || !at_or_below(&e.1)) {
        return false;
    }
    // Selection of the greatest bound passed so far, the later of equals winning: no sort at all.
    let mut last: Option<(Option<semver::Version>, bool)> = None;
    for (kind, text) in events {
        let bound = key_or_limit(*kind, text);
        let (passed, affected) = match kind {
            Introduced => (at_or_below(text), true),
            Fixed => (at_or_below(text), false),
            LastAffected => (key(text).is_none_or(|bound| bound.cmp_precedence(version) == Ordering::Less), false),
            Limit => continue,
        };
        let newer = last.as_ref().is_none_or(|(known, _)| match (known, &bound) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(a), Some(b)) => b.cmp_precedence(a) != Ordering::Less,
        });
        if passed && newer {
            last = Some((bound, affected));
        }
    }
    last.is_some_and(|(_, affected)| affected)
}

fn key_or_limit(kind: EventKind, text: &str) -> Option<semver::Version> {
    (kind != Limit && text != "0").then(|| semver::Version::parse(text).unwrap())
}

fn version() -> impl Strategy<Value = String> {
    "[0-2]\\.[0-3]\\.[0-2](-(0|rc|alpha\\.1|alpha\\.2))?"
}

fn event() -> impl Strategy<Value = (EventKind, String)> {
    (0..8_u8, version()).prop_map(|(n, v)| match n {
        0 => (Introduced, "0".to_owned()),
        1..=3 => (Introduced, v),
        4 | 5 => (Fixed, v),
        6 => (LastAffected, v),
        _ => (Limit, v),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]
    #[test]
    fn agrees_with_the_plain_evaluator(events in prop::collection::vec(event(), 0..8), v in version()) {
        let r = Range::new(events.iter().map(|(kind, version)| Event { kind: *kind, version: version.clone() }).collect());
        let exact = semver::Version::parse(&v).unwrap();
        prop_assert_eq!(holds(&r, &v), plain(&events, &exact), "{:?} {}", events, v);
    }
}
