//! Token runs: stretches of the bytes that opaque tokens are made of, long enough to hide a secret; and in the same look
//! the places at which a literal may begin, texts of small letters, and lists of digits.

use fearless_simd::{Level, Simd, SimdBase, SimdFrom, SimdMask, dispatch, u8x16, u8x64};

use super::mnemonic;
use super::prints::{self, Loaded, PLACES, Prints, Table};

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

/// Kinds of bytes, a bit each. The letters and marks of tokens are told by their rows in the ASCII table, since a byte is looked
/// up by its two halves: a kind's bytes are all those that have both a low and a high half of it.
mod kind {
    pub(super) const MARK: u8 = 1;
    pub(super) const DIGIT: u8 = 2;
    pub(super) const CAPITAL: u8 = 4;
    /// The last capitals, and `_`.
    pub(super) const LATE_CAPITAL: u8 = 8;
    pub(super) const SMALL: u8 = 16;
    pub(super) const LATE_SMALL: u8 = 32;
    pub(super) const BLANK: u8 = 64;
    pub(super) const QUOTE: u8 = 128;
    /// [`is_token`](super::is_token) holds.
    pub(super) const TOKEN: u8 = MARK | DIGIT | CAPITAL | LATE_CAPITAL | SMALL | LATE_SMALL;
    /// A small letter or a blank.
    pub(super) const TEXT: u8 = SMALL | LATE_SMALL | BLANK;
    /// A digit or a single quote.
    pub(super) const SPELLED: u8 = DIGIT | QUOTE;

    /// The kind of a byte; 0 of most.
    pub(super) const fn of(b: u8) -> u8 {
        match b {
            b' ' => BLANK,
            b'\'' => QUOTE,
            _ if !super::is_token(b) => 0,
            _ => match b >> 4 {
                2 => MARK,
                3 => DIGIT,
                4 => CAPITAL,
                5 => LATE_CAPITAL,
                6 => SMALL,
                _ => LATE_SMALL,
            },
        }
    }
}

/// Kinds by the low and by the high half of a byte.
const KINDS: Table = {
    let (mut low, mut high) = ([0; 16], [0; 16]);
    let mut b = 0u8;
    while b < 128 {
        low[(b & 15) as usize] |= kind::of(b);
        high[(b >> 4) as usize] |= kind::of(b);
        b += 1;
    }
    Table { low, high }
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
    /// [`mnemonic::SHORTEST`] bytes or more that are all small letters and blanks: their start and end. They may end before
    /// a word of less than three letters, which stands in most prose and in no phrase.
    fn text(&mut self, start: usize, end: usize);
    /// A place of which the next 16 bytes have [`DENSE`] digits or single quotes, and one that is no letter, digit or `_`.
    /// Every second such place is told, so that what goes on for 47 bytes has one.
    fn dense(&mut self, at: usize);
}

/// Digits or single quotes of 16 bytes that make them dense: `6a 6b 6c 6d 6e ` has five at least.
const DENSE: u32 = 5;

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
    let kinds = prints::wide(simd, KINDS);
    let (prints, tokens, texts) = (prints.load(simd), Stretch::default(), Stretch::default());
    let mut look = Look { simd, bytes, kinds, prints, tokens, texts };
    let mut at = 0;
    // What is left at the end fills no view: two at most, and zeros, which are of no kind, behind it.
    let mut last = [0; VIEW];
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let view = rest.first_chunk::<VIEW>().unwrap_or_else(|| {
            last[..rest.len()].copy_from_slice(rest);
            last[rest.len()..].fill(0);
            &last
        });
        look.at(view, at, seen);
        at += BLOCK;
    }
    // Stretches up to an end that ends a block.
    let end = bytes.len();
    look.run(end - look.tokens.carry.min(end), end, seen);
    look.text(end - look.texts.carry.min(end), end, seen);
}

/// The one look.
struct Look<'a, S: Simd> {
    simd: S,
    bytes: &'a [u8],
    kinds: prints::Wide<S>,
    prints: Loaded<S>,
    tokens: Stretch<MIN_RUN>,
    texts: Stretch<{ mnemonic::SHORTEST }>,
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
        let kinds = prints::look_up(self.kinds, first);
        let of = |kind: u8| (kinds & kind).simd_ne(0).to_bitmask();
        let (mut tokens, mut texts) = (self.tokens, self.texts);
        tokens.add(of(kind::TOKEN), at, &mut |start, end| self.run(start, end, seen));
        texts.add(of(kind::TEXT) & !short_words(of(kind::BLANK)), at, &mut |start, end| self.text(start, end, seen));
        (self.tokens, self.texts) = (tokens, texts);
        let spelled = of(kind::SPELLED);
        if spelled.count_ones() >= DENSE {
            let solid = of(kind::TOKEN & !kind::MARK);
            let lane = |bits: u64, from: usize| bits >> from & 0xFFFF;
            for from in [0, 32] {
                if lane(spelled, from).count_ones() >= DENSE && lane(solid, from) != 0xFFFF {
                    seen.dense(at + from);
                }
            }
        }
    }

    fn run<T: Seen>(&self, start: usize, end: usize, seen: &mut T) {
        let run = &self.bytes[start..end];
        if run.len() >= MIN_RUN && self.simd.vectorize(|| may_be_chance(self.simd, run)) {
            seen.run(start, end);
        }
    }

    fn text<T: Seen>(&self, start: usize, end: usize, seen: &mut T) {
        if end - start >= mnemonic::SHORTEST {
            seen.text(start, end);
        }
    }
}

/// Blanks before a word of two letters or fewer, or before another blank, as far as the block shows both ends.
fn short_words(blanks: u64) -> u64 {
    blanks & (blanks >> 1 | blanks >> 2 | blanks >> 3)
}

/// Rows of `LEAST` set bits and more, over blocks.
#[derive(Clone, Copy, Default)]
struct Stretch<const LEAST: usize> {
    /// Set bits right before the block.
    carry: usize,
}

impl<const LEAST: usize> Stretch<LEAST> {
    /// Tells the rows that end in a block, whose first bit stands at `at`.
    #[inline(always)]
    fn add(&mut self, bits: u64, at: usize, row: &mut impl FnMut(usize, usize)) {
        if bits == u64::MAX {
            self.carry += BLOCK;
            return;
        }
        let low = bits.trailing_ones();
        if self.carry + low as usize >= LEAST {
            row(at - self.carry, at + low as usize);
        }
        let high = bits.leading_ones();
        self.carry = high as usize;
        // A bit stays where a row of the least length begins: seldom one, so that the ends are cut off only then.
        if long::<LEAST>(bits) == 0 {
            return;
        }
        let inner = bits & above(low) & !above(64 - high);
        let mut starts = long::<LEAST>(inner);
        while starts != 0 {
            let start = starts.trailing_zeros();
            let end = start + (inner >> start).trailing_ones();
            row(at + start as usize, at + end as usize);
            starts &= above(end);
        }
    }
}

/// The bits at which `LEAST` set ones in a row begin.
#[inline(always)]
fn long<const LEAST: usize>(mut bits: u64) -> u64 {
    let mut length = 1;
    while length < LEAST {
        let by = length.min(LEAST - length);
        bits &= bits >> by;
        length += by;
    }
    bits
}

#[cfg(test)]
mod tests;
