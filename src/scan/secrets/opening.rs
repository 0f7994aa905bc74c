//! Which bytes may stand at the first places of a pattern's matches: enough to turn most texts away before the pattern is
//! even compiled.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Places that are looked at.
const MOST: usize = 32;

/// A set of bytes, one bit each.
type Bytes = [u64; 4];

/// A set of bytes for each of the first places of a match, as far as they stand at the same place in every match.
pub(super) struct Opening(Vec<Bytes>);

impl Opening {
    /// Of a pattern that was parsed without Unicode.
    pub(super) fn of(hir: &Hir) -> Self {
        let mut places = Vec::new();
        extend(hir, &mut places);
        Self(places)
    }

    /// False where no match can begin at the start of `text`.
    pub(super) fn admits(&self, text: &[u8]) -> bool {
        text.len() >= self.0.len() && self.0.iter().zip(text).all(|(set, b)| has(set, *b))
    }
}

fn has(set: &Bytes, b: u8) -> bool {
    set[usize::from(b >> 6)] >> (b & 63) & 1 != 0
}

fn put(set: &mut Bytes, b: u8) {
    set[usize::from(b >> 6)] |= 1 << (b & 63);
}

/// Adds the places of `hir`, and says whether what comes after it stands at one place, too.
fn extend(hir: &Hir, places: &mut Vec<Bytes>) -> bool {
    if places.len() >= MOST {
        return false;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => {
            places.extend(literal.0.iter().map(|b| {
                let mut set = Bytes::default();
                put(&mut set, *b);
                set
            }));
            true
        }
        HirKind::Class(class) => {
            let mut set = Bytes::default();
            match class {
                Class::Bytes(class) => {
                    class.ranges().iter().flat_map(|range| range.start()..=range.end()).for_each(|b| put(&mut set, b));
                }
                // Without Unicode there are ASCII characters alone.
                Class::Unicode(class) if class.is_ascii() => {
                    let ranges = class.ranges().iter().flat_map(|range| range.start()..=range.end());
                    ranges.filter_map(|c| u8::try_from(c).ok()).for_each(|b| put(&mut set, b));
                }
                Class::Unicode(_) => return false,
            }
            places.push(set);
            true
        }
        HirKind::Repetition(repetition) => {
            (0..repetition.min).all(|_| extend(&repetition.sub, places)) && repetition.max == Some(repetition.min)
        }
        HirKind::Capture(capture) => extend(&capture.sub, places),
        HirKind::Concat(parts) => parts.iter().all(|part| extend(part, places)),
        HirKind::Alternation(ways) => either(ways, places),
    }
}

/// Adds what any of several ways has at a place, as far as all of them go.
fn either(ways: &[Hir], places: &mut Vec<Bytes>) -> bool {
    let mut fixed = true;
    let mut all: Vec<Vec<Bytes>> = Vec::new();
    for way in ways {
        let mut own = Vec::new();
        fixed &= extend(way, &mut own);
        all.push(own);
    }
    let shortest = all.iter().map(Vec::len).min().unwrap_or(0);
    fixed &= all.iter().all(|own| own.len() == shortest);
    for at in 0..shortest {
        let sets = all.iter().map(|own| own[at]);
        let any = |a: Bytes, b: Bytes| [a[0] | b[0], a[1] | b[1], a[2] | b[2], a[3] | b[3]];
        places.push(sets.fold(Bytes::default(), any));
    }
    fixed
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn opening(pattern: &str) -> Opening {
        Opening::of(&regex_syntax::ParserBuilder::new().utf8(false).unicode(false).build().parse(pattern).unwrap())
    }

    #[test]
    fn places_end_where_lengths_differ() {
        assert_eq!(opening("ghp_[a-z]{4}").0.len(), 8);
        assert_eq!(opening("ab?c").0.len(), 1);
        assert_eq!(opening("(?:abc|de)f").0.len(), 2);
        assert_eq!(opening("(?:abc|def)g").0.len(), 4);
        assert_eq!(opening("x[0-9]{3,5}y").0.len(), 4);
        assert!(opening("(?i:a)b").admits(b"Ab"));
        assert!(!opening("ab|cd").admits(b"a"));
        // Places of different ways are not kept apart: this is a first look.
        assert!(opening("ab|cd").admits(b"ad"));
    }

    proptest! {
        /// What matches is admitted.
        #[test]
        fn no_match_is_turned_away(text in "[abc0-2_]{0,9}", pattern in prop::sample::select(vec![
            "a(?:b|c0)[0-2]{2}", "(?:ab|ba|c)_?a", "[ab]{1,3}0", "a+b", "(?i:AB)c{2}|b", "(?:a|)(?:b|c)0", "\\Aab", "[^a]b(?:c|1){2}",
        ])) {
            let regex = regex::bytes::RegexBuilder::new(&format!("^(?:{pattern})")).unicode(false).build().unwrap();
            if regex.is_match(text.as_bytes()) {
                prop_assert!(opening(pattern).admits(text.as_bytes()), "{} {}", pattern, text);
            }
        }
    }
}
