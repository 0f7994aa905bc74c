//! Recovery phrases of wallets: 12 to 24 words of BIP-39's English list, the last of which holds check bits.

use std::sync::OnceLock;

use sha2::{Digest as _, Sha256};

use crate::model::Span;

/// The 2,048 words in order; the place of a word in it is 11 bits.
const LIST: &str = include_str!("bip39.txt");
/// Bits of a word.
const BITS: usize = 11;
/// Words of the shortest phrase.
const FEWEST: usize = 12;
/// Bytes of the shortest phrase: 12 words of 3 letters.
pub(super) const SHORTEST: usize = 47;
/// Bytes of the longest: 24 words of 8 letters.
const LONGEST: usize = 215;
/// Letters of a word.
const LETTERS: std::ops::RangeInclusive<usize> = 3..=8;

/// Phrases that manuals and test suites print: their first words.
const DOCUMENTED: &[&str] = &[
    // Trezor's test vectors, but for those of one repeated byte.
    "ozone drill grab",
    "gravity machine north",
    "hamster diagram private",
    "scheme spot photo",
    "horn tenant knee",
    "panda eyebrow bullet",
    "cat swing flag",
    "light rule cinnamon",
    "all hour make",
    "vessel ladder alter",
    "scissors invite lock",
    "void come effort",
    // Local test chains: Ganache, Truffle, Hardhat and Foundry.
    "myth like bonus",
    "candy maple cake",
    "test test test",
];

/// A phrase and the number of its words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Phrase {
    pub span: Span,
    pub words: usize,
}

/// Calls `found` with each phrase in `start..end` whose check bits are right; small letters and blanks stand there alone, as
/// [`runs::Seen::text`] tells them.
///
/// [`runs::Seen::text`]: super::runs::Seen::text
pub(super) fn each(bytes: &[u8], start: usize, end: usize, mut found: impl FnMut(Phrase)) {
    let (mut from, mut words, mut at) = (start, 0, start);
    // Words that have as many letters as those of the list, one blank between them: prose goes on so for a few.
    for word in bytes[start..end].split(|b| *b == b' ').chain([&b""[..]]) {
        let next = at + word.len() + 1;
        if LETTERS.contains(&word.len()) {
            words += 1;
        } else {
            if words >= FEWEST
                && let text = &bytes[from..at - 1]
                && let Some((begin, stop)) = listed(text)
                && let Some(words) = phrase(&text[begin..stop])
            {
                found(Phrase { span: Span::new(from + begin, from + stop), words });
            }
            (from, words) = (next, 0);
        }
        at = next;
    }
}

/// The longest stretch of words of the list, which other words may stand around.
fn listed(text: &[u8]) -> Option<(usize, usize)> {
    let mut stretches = Vec::new();
    let (mut from, mut at) = (0usize, 0usize);
    for word in text.split(|b| *b == b' ').chain([&b""[..]]) {
        let known = std::str::from_utf8(word).ok().and_then(place).is_some();
        if !known {
            stretches.push((from, at.saturating_sub(1)));
            from = at + word.len() + 1;
        }
        at += word.len() + 1;
    }
    stretches.into_iter().filter(|(from, to)| to >= from).max_by_key(|(from, to)| to - from)
}

/// The number of words of a phrase whose check bits are right, and which nobody has printed.
fn phrase(text: &[u8]) -> Option<usize> {
    if !(SHORTEST..=LONGEST).contains(&text.len()) {
        return None;
    }
    let text = std::str::from_utf8(text).ok()?;
    let mut bits: Vec<u8> = Vec::new();
    let mut words = 0;
    for word in text.split(' ') {
        let place = place(word)?;
        bits.extend((0..BITS).rev().map(|bit| u8::from(place >> bit & 1 == 1)));
        words += 1;
    }
    if !matches!(words, 12 | 15 | 18 | 21 | 24) || DOCUMENTED.iter().any(|start| text.starts_with(start)) {
        return None;
    }
    // One check bit for 32 bits of entropy.
    let (entropy, check) = bits.split_at(bits.len() * 32 / 33);
    let entropy: Vec<u8> = entropy.chunks(8).map(|byte| byte.iter().fold(0, |all, bit| all << 1 | bit)).collect();
    let hash = Sha256::digest(&entropy);
    let right = check.iter().enumerate().all(|(at, bit)| hash[0] >> (7 - at) & 1 == *bit);
    // The other test vectors: `abandon ... about`, `zoo ... wrong`.
    let repeats = entropy.iter().all(|byte| *byte == entropy[0]);
    (right && !repeats).then_some(words)
}

/// The place of a word in the list.
fn place(word: &str) -> Option<usize> {
    static WORDS: OnceLock<Vec<&str>> = OnceLock::new();
    WORDS.get_or_init(|| LIST.split_ascii_whitespace().collect()).binary_search(&word).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The phrase of an entropy, computed apart: the number is divided, from its end.
    fn phrase_of(entropy: &[u8]) -> String {
        let words: Vec<&str> = LIST.split_ascii_whitespace().collect();
        let all = [entropy, &Sha256::digest(entropy)].concat();
        let bit = |at: usize| usize::from(all[at / 8] >> (7 - at % 8) & 1);
        let count = entropy.len() * 8 * 33 / 32 / BITS;
        let word = |which: usize| words[(0..BITS).fold(0, |sum, at| sum * 2 + bit(which * BITS + at))];
        (0..count).map(word).collect::<Vec<_>>().join(" ")
    }

    fn found(text: &str) -> Vec<Phrase> {
        let is_text = |b: u8| b.is_ascii_lowercase() || b == b' ';
        let (mut all, mut at) = (Vec::new(), 0);
        for stretch in text.as_bytes().split(|b| !is_text(*b)) {
            each(text.as_bytes(), at, at + stretch.len(), |one| all.push(one));
            at += stretch.len() + 1;
        }
        all
    }

    #[test]
    fn phrases_of_every_length_are_found_by_their_check_bits() {
        assert_eq!(LIST.split_ascii_whitespace().count(), 2048);
        assert!(LIST.split_ascii_whitespace().is_sorted());
        for (bytes, words) in [(16, 12), (20, 15), (24, 18), (28, 21), (32, 24)] {
            let entropy: Vec<u8> = (0..bytes).map(|at: u8| at.wrapping_mul(37).wrapping_add(11)).collect();
            let text = phrase_of(&entropy);
            let span = Span::new(10, 10 + text.len());
            assert_eq!(found(&format!("MNEMONIC=\"{text}\"\n")), [Phrase { span, words }]);
            assert_eq!(found(&format!("{text} {text}")), []);
            // Another first word: its bits are others, and the check has one chance in 16 or fewer.
            let (_, rest) = text.split_once(' ').unwrap();
            let wrong = ["able", "about", "zoo", "wall", "key"].map(|word| found(&format!("{word} {rest}")).len());
            assert!(wrong.iter().sum::<usize>() <= 1, "{wrong:?}");
        }
    }

    #[test]
    fn documented_phrases_are_no_findings() {
        for byte in [0, 0x7f, 0x80, 0xff] {
            assert_eq!(found(&phrase_of(&[byte; 16])), []);
        }
        assert_eq!(phrase_of(&[0; 16]).split(' ').next_back(), Some("about"));
        assert_eq!(found(&format!("'{}junk'", "test ".repeat(11))), []);
        assert_eq!(found(LIST), []);
    }

    proptest::proptest! {
        #[test]
        fn a_phrase_is_found_wherever_it_stands(before in "[a-z ]{0,300}[.:=\n]", entropy: [u8; 16]) {
            let text = format!("{before}{}", phrase_of(&entropy));
            proptest::prop_assert_eq!(found(&text).len(), 1);
        }
    }
}
