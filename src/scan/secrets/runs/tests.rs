//! Runs, texts and places beside a walk over each byte.

use super::*;
use proptest::prelude::*;

#[derive(Default)]
struct All {
    runs: Vec<(usize, usize)>,
    places: Vec<usize>,
    texts: Vec<(usize, usize)>,
    dense: Vec<usize>,
}

impl Seen for All {
    fn run(&mut self, start: usize, end: usize) {
        self.runs.push((start, end));
    }

    fn place(&mut self, at: usize) {
        self.places.push(at);
    }

    fn text(&mut self, start: usize, end: usize) {
        self.texts.push((start, end));
    }

    fn dense(&mut self, at: usize) {
        self.dense.push(at);
    }
}

/// Everything, with the fingerprint of one word.
fn all(bytes: &[u8]) -> All {
    let mut all = All::default();
    let word = [vec![b'"'], vec![b' '], vec![b'+', b'.']];
    each(bytes, &Prints::new([word].into_iter()), &mut all);
    all
}

fn runs(bytes: &[u8]) -> Vec<(usize, usize)> {
    all(bytes).runs
}

#[test]
fn runs_need_length_and_chance() {
    assert_eq!(runs(b"x = abcdefgh12345678;"), [(4, 20)]);
    assert_eq!(runs(b"abcdefghijklmnopqrst src/module/some-file-name"), []);
    assert_eq!(runs(b"aBcDeFgHiJkLmNoPqRsT"), [(0, 20)]);
    assert_eq!(runs(b"getElementsByTagName isReadyForTheNext ------------------"), []);
    assert_eq!(runs(b"qwErtyUIopasDfghjklz QWERTYUIOPASDFGH"), [(0, 20), (21, 37)]);
    assert_eq!(runs(b"short1 abcdefg1234567"), []);
}

#[test]
fn every_byte_is_told_right() {
    for b in 0..=255u8 {
        let found = KINDS.low[usize::from(b & 15)] & KINDS.high[usize::from(b >> 4)];
        assert_eq!(found, kind::of(b), "{b}");
        assert_eq!(found & kind::TOKEN != 0, is_token(b), "{b}");
        assert_eq!(found & kind::TEXT != 0, b.is_ascii_lowercase() || b == b' ', "{b}");
        assert_eq!(found & kind::SPELLED != 0, b.is_ascii_digit() || b == b'\'', "{b}");
    }
}

#[test]
fn texts_and_dense_places_are_told() {
    let words = "abandon ability able about above absent absorb ";
    assert_eq!((words.len(), all(words.as_bytes()).texts), (47, vec![(0, 47)]));
    assert_eq!(all(format!("{}A{words}{words}.", &words[1..]).as_bytes()).texts, [(47, 141)]);
    let list = format!("{}{}", "x".repeat(20), "0x61, 0x62, ".repeat(9));
    assert_eq!(all(list.as_bytes()).dense, [32, 64, 96]);
}

fn chance(run: &[u8]) -> bool {
    dispatch!(Level::new(), simd => may_be_chance(simd, run))
}

/// What [`may_be_chance`] says, byte by byte.
fn by_bytes(run: &[u8]) -> bool {
    let pairs =
        |kind: fn(&u8) -> bool| run.windows(2).filter(|pair| kind(&pair[0]) && pair[1].is_ascii_uppercase()).count();
    let (turns, doubles) = (pairs(u8::is_ascii_lowercase), pairs(u8::is_ascii_uppercase));
    let (small, large) = (run.iter().any(u8::is_ascii_lowercase), run.iter().any(u8::is_ascii_uppercase));
    run.iter().any(u8::is_ascii_digit) || large && (!small || turns > 5 || turns > 1 && doubles > 0)
}

proptest! {
    #[test]
    fn chance_is_judged_alike_in_blocks_and_by_bytes(run in "[a-z_-]{0,20}([A-Z]{0,2}[a-z]{0,9}){0,4}[a-z]{16,40}[A-Z]{0,3}[0-9]?") {
        prop_assert_eq!(chance(run.as_bytes()), by_bytes(run.as_bytes()));
        let capitals = run.to_ascii_uppercase();
        prop_assert_eq!(chance(capitals.as_bytes()), by_bytes(capitals.as_bytes()));
    }

    #[test]
    fn the_blocks_find_what_a_walk_finds(bytes in "([a-zA-Z0-9+/_-]{0,90}[ .,\n]{1,3}){0,6}[a-z0-9]{0,40}") {
        let bytes = bytes.as_bytes();
        let mut slow = Vec::new();
        let mut start = 0;
        for at in 0..=bytes.len() {
            if at == bytes.len() || !is_token(bytes[at]) {
                if at - start >= MIN_RUN && by_bytes(&bytes[start..at]) {
                    slow.push((start, at));
                }
                start = at + 1;
            }
        }
        prop_assert_eq!(runs(bytes), slow);
    }

    #[test]
    fn the_blocks_find_the_places_that_a_walk_finds(bytes in "([a-z\"' \n+.]{0,70}(\" [+.]){1,3}){0,6}") {
        let bytes = bytes.as_bytes();
        let is = |at: &usize| matches!(bytes[*at..], [b'"', b' ', b'+' | b'.', ..]);
        let slow: Vec<usize> = (0..bytes.len()).filter(is).collect();
        // `+` and `.` have other halves in common with others.
        let places: Vec<usize> = all(bytes).places.into_iter().filter(|at| *at < bytes.len() && is(at)).collect();
        prop_assert_eq!(places, slow);
    }
}
