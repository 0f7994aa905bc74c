//! Token runs: stretches of the bytes that opaque tokens are made of, long enough to hide a secret; and in the same look
//! the places at which a literal may begin.

use fearless_simd::{Level, Simd, SimdBase, SimdFrom, SimdMask, dispatch, u8x16, u8x64};

use super::prints::{self, Loaded, PLACES, Prints};

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

/// By half of a byte: [`is_token`] holds where the two halves have a bit in common. A bit for each kind of row of the ASCII
/// table: the marks, the digits, letters but the last ones, the last capitals with `_`, the last small letters.
const TOKEN: ([u8; 16], [u8; 16]) = {
    let (mut low, mut high) = ([0; 16], [0; 16]);
    let mut b = 0u8;
    while b < 128 {
        let bit = match b >> 4 {
            2 => 1,
            3 => 2,
            4 | 6 => 4,
            5 => 8,
            7 => 16,
            _ => 0,
        };
        if is_token(b) {
            low[(b & 15) as usize] |= bit;
            high[(b >> 4) as usize] |= bit;
        }
        b += 1;
    }
    (low, high)
};

/// Bits `from` and above.
fn above(from: u32) -> u64 {
    u64::MAX.checked_shl(from).unwrap_or(0)
}

/// What is told of the bytes, in order of each kind.
pub(super) trait Seen {
    /// A run of at least [`MIN_RUN`] token bytes that chance may have made: its start and end.
    fn run(&mut self, start: usize, end: usize);
    /// A place at which something may begin whose fingerprint was given; it may be past the end of the bytes.
    fn place(&mut self, at: usize);
}

/// Bytes of one block.
const BLOCK: usize = 64;
/// Bytes of a block and those behind it that its last fingerprints need.
const VIEW: usize = BLOCK + PLACES - 1;

/// Tells all runs and places in one look at the bytes, with the widest vectors that the machine has.
pub(super) fn each(bytes: &[u8], prints: &Prints, seen: &mut impl Seen) {
    dispatch!(Level::new(), simd => each_with(simd, bytes, prints, seen));
}

#[inline(always)]
fn each_with<S: Simd, T: Seen>(simd: S, bytes: &[u8], prints: &Prints, seen: &mut T) {
    let wide = |table: [u8; 16]| u8x64::block_splat(u8x16::simd_from(simd, table));
    let token = (wide(TOKEN.0), wide(TOKEN.1));
    let mut look = Look { simd, bytes, token, prints: prints.load(simd), runs: Runs::default() };
    let mut at = 0;
    // What is left at the end fills no view: two at most, and zeros, which are in no run, behind it.
    let mut last = [0; BLOCK + VIEW];
    while at < bytes.len() {
        let view = match bytes.get(at..).and_then(<[u8]>::first_chunk::<VIEW>) {
            Some(view) => view,
            None => {
                let rest = &bytes[at..];
                last[..rest.len()].copy_from_slice(rest);
                last[rest.len()..].fill(0);
                let Some(view) = last.first_chunk::<VIEW>() else { return };
                view
            }
        };
        look.at(view, at, seen);
        at += BLOCK;
    }
    // A run up to an end that ends a block.
    let end = bytes.len();
    look.run(end - look.runs.carry.min(end), end, seen);
}

/// The one look.
struct Look<'a, S: Simd> {
    simd: S,
    bytes: &'a [u8],
    token: (u8x64<S>, u8x64<S>),
    prints: Loaded<S>,
    runs: Runs,
}

impl<S: Simd> Look<'_, S> {
    /// At one block, which begins at `at`.
    #[inline(always)]
    fn at<T: Seen>(&mut self, view: &[u8; VIEW], at: usize, seen: &mut T) {
        let [first, second, third] = [0, 1, 2].map(|from| {
            let block = view[from..].first_chunk::<BLOCK>().copied();
            u8x64::simd_from(self.simd, block.unwrap_or([0; BLOCK]))
        });
        let first = prints::split(first);
        let mut places = self.prints.places(first, prints::split(second), prints::split(third));
        while places != 0 {
            seen.place(at + places.trailing_zeros() as usize);
            places &= places - 1;
        }
        let token = prints::look_up(self.token, first).simd_ne(0).to_bitmask();
        let mut runs = self.runs;
        runs.add(token, at, &mut |start, end| self.run(start, end, seen));
        self.runs = runs;
    }

    fn run<T: Seen>(&self, start: usize, end: usize, seen: &mut T) {
        let run = &self.bytes[start..end];
        if run.len() >= MIN_RUN && self.simd.vectorize(|| may_be_chance(self.simd, run)) {
            seen.run(start, end);
        }
    }
}

/// Runs of set bits over blocks.
#[derive(Clone, Copy, Default)]
struct Runs {
    /// Set bits right before the block.
    carry: usize,
}

impl Runs {
    /// Tells the runs of [`MIN_RUN`] bits and more that end in a block, whose first bit stands at `at`.
    #[inline(always)]
    fn add(&mut self, bits: u64, at: usize, run: &mut impl FnMut(usize, usize)) {
        if bits == u64::MAX {
            self.carry += BLOCK;
            return;
        }
        let low = bits.trailing_ones();
        if self.carry + low as usize >= MIN_RUN {
            run(at - self.carry, at + low as usize);
        }
        let high = bits.leading_ones();
        self.carry = high as usize;
        // A bit stays where sixteen bits in a row begin: seldom one, so that the ends are cut off only then.
        let sixteen = |bits: u64| {
            let pairs = bits & bits >> 1;
            let fours = pairs & pairs >> 2;
            let eights = fours & fours >> 4;
            eights & eights >> 8
        };
        if sixteen(bits) == 0 {
            return;
        }
        let inner = bits & above(low) & !above(64 - high);
        let mut starts = sixteen(inner);
        while starts != 0 {
            let start = starts.trailing_zeros();
            let end = start + (inner >> start).trailing_ones();
            run(at + start as usize, at + end as usize);
            starts &= above(end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Default)]
    struct All {
        runs: Vec<(usize, usize)>,
        places: Vec<usize>,
    }

    impl Seen for All {
        fn run(&mut self, start: usize, end: usize) {
            self.runs.push((start, end));
        }

        fn place(&mut self, at: usize) {
            self.places.push(at);
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
            let (low, high) = (TOKEN.0[usize::from(b & 15)], TOKEN.1[usize::from(b >> 4)]);
            assert_eq!(low & high != 0, is_token(b), "{b}");
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
        fn the_blocks_find_the_places_that_a_walk_finds(bytes in "([a-z\"' \n+.]{0,70}(\" [+.]){1,3}){0,6}") {
            let bytes = bytes.as_bytes();
            let is = |at: &usize| matches!(bytes[*at..], [b'"', b' ', b'+' | b'.', ..]);
            let slow: Vec<usize> = (0..bytes.len()).filter(is).collect();
            // `+` and `.` have other halves in common with others.
            let places: Vec<usize> = all(bytes).places.into_iter().filter(|at| *at < bytes.len() && is(at)).collect();
            prop_assert_eq!(places, slow);
        }
    }
}
