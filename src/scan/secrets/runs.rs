//! Token runs: stretches of the bytes that opaque tokens are made of, long enough to hide a secret; and marks,
//! the bytes at which an escape begins or a string literal ends.

use fearless_simd::{Level, Simd, SimdBase, SimdFrom, SimdMask, dispatch, u8x16, u8x64};

/// Shortest run that counts.
pub(super) const MIN_RUN: usize = 16;

/// True for the bytes that opaque tokens are made of.
pub(super) const fn is_token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'_' | b'-')
}

/// True for a run that chance may have made. It has a digit; or capitals and no small letter; or it turns from
/// small to capital so often, or twice with two capitals side by side, that it is no name in camel case. Words,
/// paths, rulers and most names have none of these; a random token of 16 letters and digits lacks all three
/// once in 400, one of 20 once in 2,000. A run has [`MIN_RUN`] bytes or more.
#[inline(always)]
fn may_be_chance<S: Simd>(simd: S, run: &[u8]) -> bool {
    let (mut small, mut large, mut pairs, mut turns, mut previous) = (0, 0, 0, 0, (0, 0));
    for at in (0..run.len()).step_by(16) {
        // The last block begins early, so that it is whole, and loses the bits that were counted already.
        let from = at.min(run.len().saturating_sub(16));
        let Some(block) = run.get(from..).and_then(<[u8]>::first_chunk::<16>) else { return false };
        let block = u8x16::simd_from(simd, *block);
        let within = |from: u8, count: u8| (block - from).simd_le(count).to_bitmask();
        let seen = at - from;
        if within(b'0', 9) != 0 {
            return true;
        }
        let lower = within(b'a', 25) >> seen;
        let upper = within(b'A', 25) >> seen;
        small |= lower;
        large |= upper;
        pairs |= upper & (upper << 1 | previous.1);
        turns += (upper & (lower << 1 | previous.0)).count_ones();
        previous = (lower >> 15, upper >> 15);
    }
    large != 0 && (small == 0 || turns > 5 || turns > 1 && pairs != 0)
}

/// True where a run that [`each`] tells touches `start..end`. It is looked at within bounds on both sides, so
/// that many matches inside one endless run stay cheap.
pub(super) fn holds_chance(bytes: &[u8], start: usize, end: usize) -> bool {
    const AROUND: usize = 4096;
    let floor = start.saturating_sub(AROUND);
    let start = bytes[floor..start].iter().rposition(|b| !is_token(*b)).map_or(floor, |gap| floor + gap + 1);
    let ceiling = bytes.len().min(end + AROUND);
    let end = bytes[end..ceiling].iter().position(|b| !is_token(*b)).map_or(ceiling, |gap| end + gap);
    let mut runs = bytes[start..end].split(|b| !is_token(*b)).filter(|run| run.len() >= MIN_RUN);
    dispatch!(Level::new(), simd => runs.any(|run| may_be_chance(simd, run)))
}

/// True where `text` holds `length` token bytes in a row.
pub(super) fn has_run(text: &[u8], length: usize) -> bool {
    let mut end = length;
    // Every row of that length holds each `length`th byte of any count.
    while let Some(last) = end.checked_sub(1).and_then(|last| text.get(..=last)) {
        let run = last.iter().rev().take(length).take_while(|b| is_token(**b)).count();
        if run >= length {
            return true;
        }
        end += length - run;
    }
    length == 0
}

/// True for a byte that is a mark whatever follows it: the first of an escape.
const fn is_escape(b: u8) -> bool {
    matches!(b, b'\\' | b'%' | b'&')
}

/// True where a mark stands at the start of `text`: an escape's first byte, or a quote before a blank, a line's
/// end or an operator that joins.
pub(super) fn is_mark(text: &[u8]) -> bool {
    match *text {
        [b'"' | b'\'', b' ' | b'\n' | b'+' | b'.', ..] => true,
        [first, ..] => is_escape(first),
        [] => false,
    }
}

/// One bit per byte of a block, the first byte lowest.
struct Masks {
    /// A token's bytes.
    token: u64,
    /// Bytes at which an escape may begin.
    escape: u64,
    /// `"` and `'`.
    quote: u64,
    /// What may follow a quote that is a mark: a blank, a line's end, an operator that joins.
    gap: u64,
}

#[inline(always)]
fn masks<S: Simd>(simd: S, block: &[u8; 64]) -> Masks {
    let bytes = u8x64::simd_from(simd, *block);
    let is = |byte: u8| bytes.simd_eq(byte);
    let within = |bytes: u8x64<S>, from: u8, to: u8| (bytes - from).simd_le(to - from);
    // `-` and `/` to `9`, but for the `.` between them.
    let digits = within(bytes, b'-', b'9') & !is(b'.');
    let letters = within(bytes | 0x20, b'a', b'z');
    Masks {
        token: (digits | letters | is(b'+') | is(b'_')).to_bitmask(),
        escape: (is(b'\\') | is(b'%') | is(b'&')).to_bitmask(),
        quote: (is(b'"') | is(b'\'')).to_bitmask(),
        gap: (is(b' ') | is(b'\n') | is(b'+') | is(b'.')).to_bitmask(),
    }
}

/// Bits `from` and above.
fn above(from: u32) -> u64 {
    u64::MAX.checked_shl(from).unwrap_or(0)
}

/// What is told of the bytes, in order of each kind.
pub(super) trait Seen {
    /// A run of at least [`MIN_RUN`] token bytes that chance may have made: its start and end.
    fn run(&mut self, start: usize, end: usize);
    /// A place where [`is_mark`] holds.
    fn mark(&mut self, at: usize);
}

/// Tells all runs and marks in one look at the bytes, with the widest vectors that the machine has.
pub(super) fn each(bytes: &[u8], seen: &mut impl Seen) {
    dispatch!(Level::new(), simd => each_with(simd, bytes, seen));
}

#[inline(always)]
fn each_with<S: Simd>(simd: S, bytes: &[u8], seen: &mut impl Seen) {
    let run = |start: usize, end: usize, seen: &mut dyn Seen| {
        if end - start >= MIN_RUN && simd.vectorize(|| may_be_chance(simd, &bytes[start..end])) {
            seen.run(start, end);
        }
    };
    let (blocks, tail) = bytes.as_chunks::<64>();
    // Token bytes right before `at`.
    let (mut carry, mut at) = (0, 0);
    for block in blocks {
        let masks = masks(simd, block);
        let next = u64::from(bytes.get(at + 64).is_some_and(|b| matches!(b, b' ' | b'\n' | b'+' | b'.')));
        let mut marks = masks.escape | masks.quote & (masks.gap >> 1 | next << 63);
        while marks != 0 {
            seen.mark(at + marks.trailing_zeros() as usize);
            marks &= marks - 1;
        }
        let bits = masks.token;
        if bits == u64::MAX {
            carry += 64;
            at += 64;
            continue;
        }
        let low = bits.trailing_ones();
        run(at - carry, at + low as usize, seen);
        let high = bits.leading_ones();
        // A bit stays where sixteen bits in a row begin: seldom one, so that the ends are cut off only then.
        let sixteen = |bits: u64| {
            let pairs = bits & bits >> 1;
            let fours = pairs & pairs >> 2;
            let eights = fours & fours >> 4;
            eights & eights >> 8
        };
        let inner = bits & above(low) & !above(64 - high);
        let mut starts = if sixteen(bits) == 0 { 0 } else { sixteen(inner) };
        while starts != 0 {
            let start = starts.trailing_zeros();
            let end = start + (inner >> start).trailing_ones();
            run(at + start as usize, at + end as usize, seen);
            starts &= above(end);
        }
        carry = high as usize;
        at += 64;
    }
    for rest in 0..tail.len() {
        if is_token(tail[rest]) {
            carry += 1;
        } else {
            run(at - carry, at, seen);
            carry = 0;
        }
        if is_mark(&tail[rest..]) {
            seen.mark(at);
        }
        at += 1;
    }
    run(at - carry, at, seen);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Default)]
    struct All {
        runs: Vec<(usize, usize)>,
        marks: Vec<usize>,
    }

    impl Seen for All {
        fn run(&mut self, start: usize, end: usize) {
            self.runs.push((start, end));
        }

        fn mark(&mut self, at: usize) {
            self.marks.push(at);
        }
    }

    fn all(bytes: &[u8]) -> All {
        let mut all = All::default();
        each(bytes, &mut all);
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
        for b in 0..=255 {
            let all = |yes: bool| if yes { u64::MAX } else { 0 };
            let masks = dispatch!(Level::new(), simd => masks(simd, &[b; 64]));
            assert_eq!(masks.token, all(is_token(b)), "{b}");
            assert_eq!(masks.escape, all(is_escape(b)), "{b}");
            assert_eq!(masks.quote, all(matches!(b, b'"' | b'\'')), "{b}");
            assert_eq!(masks.gap, all(matches!(b, b' ' | b'\n' | b'+' | b'.')), "{b}");
        }
    }

    fn chance(run: &[u8]) -> bool {
        dispatch!(Level::new(), simd => may_be_chance(simd, run))
    }

    /// What [`may_be_chance`] says, byte by byte.
    fn by_bytes(run: &[u8]) -> bool {
        let pairs = |kind: fn(&u8) -> bool| {
            run.windows(2).filter(|pair| kind(&pair[0]) && pair[1].is_ascii_uppercase()).count()
        };
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
        fn the_blocks_find_the_marks_that_a_walk_finds(bytes in "([a-z\"' \n+.]{0,70}[\\\\%&\"']{1,3}){0,6}") {
            let bytes = bytes.as_bytes();
            let slow: Vec<usize> = (0..bytes.len()).filter(|at| is_mark(&bytes[*at..])).collect();
            prop_assert_eq!(all(bytes).marks, slow);
        }
    }
}
