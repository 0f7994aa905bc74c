//! Token runs: stretches of the bytes that opaque tokens are made of, long enough to hide a secret.

use wide::u8x16;

/// Shortest run that counts.
pub(super) const MIN_RUN: usize = 16;

/// True for the bytes that opaque tokens are made of.
pub(super) const fn is_token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'_' | b'-')
}

/// True for a run that chance may have made: it has a digit, or no small letter, or turns from small to
/// capital more than once. Words, paths and most names have none of these.
fn may_be_chance(run: &[u8]) -> bool {
    let (mut digit, mut small, mut turns, mut previous) = (false, false, 0_u32, b'A');
    for &b in run {
        digit |= b.is_ascii_digit();
        small |= b.is_ascii_lowercase();
        turns += u32::from(b.is_ascii_uppercase() && previous.is_ascii_lowercase());
        previous = b;
    }
    digit || !small || turns > 1
}

/// One bit per byte of the block, the first byte lowest: set where the byte is a token's.
fn mask(block: &[u8; 64]) -> u64 {
    let (quarters, _) = block.as_chunks::<16>();
    let mut bits = 0;
    for (at, quarter) in quarters.iter().enumerate() {
        let bytes = u8x16::new(*quarter);
        let within = |from: u8, count: u8, bytes: u8x16| {
            let offset = bytes - u8x16::splat(from);
            offset.min(u8x16::splat(count)).simd_eq(offset)
        };
        // `-` and `/` to `9`, but for the `.` between them.
        let digits = within(b'-', b'9' - b'-', bytes) & !bytes.simd_eq(u8x16::splat(b'.'));
        let letters = within(b'a', 25, bytes | u8x16::splat(0x20));
        let others = bytes.simd_eq(u8x16::splat(b'+')) | bytes.simd_eq(u8x16::splat(b'_'));
        bits |= u64::from((digits | letters | others).to_bitmask()) << (16 * at);
    }
    bits
}

/// Bits `from` and above.
fn above(from: u32) -> u64 {
    u64::MAX.checked_shl(from).unwrap_or(0)
}

/// Calls `found` with start and end of every run of at least [`MIN_RUN`] token bytes that chance may have
/// made, in order.
pub(super) fn each_run(bytes: &[u8], mut found: impl FnMut(usize, usize)) {
    let mut tell = |start: usize, end: usize| {
        if end - start >= MIN_RUN && may_be_chance(&bytes[start..end]) {
            found(start, end);
        }
    };
    let (blocks, tail) = bytes.as_chunks::<64>();
    // Token bytes right before `at`.
    let (mut carry, mut at) = (0, 0);
    for block in blocks {
        let bits = mask(block);
        if bits == u64::MAX {
            carry += 64;
            at += 64;
            continue;
        }
        let low = bits.trailing_ones();
        tell(at - carry, at + low as usize);
        let high = bits.leading_ones();
        let inner = bits & above(low) & !above(64 - high);
        // A bit stays where sixteen bits in a row begin.
        let mut starts = inner & (inner >> 1);
        starts &= starts >> 2;
        starts &= starts >> 4;
        starts &= starts >> 8;
        while starts != 0 {
            let start = starts.trailing_zeros();
            let end = start + (inner >> start).trailing_ones();
            tell(at + start as usize, at + end as usize);
            starts &= above(end);
        }
        carry = high as usize;
        at += 64;
    }
    for &b in tail {
        if is_token(b) {
            carry += 1;
        } else {
            tell(at - carry, at);
            carry = 0;
        }
        at += 1;
    }
    tell(at - carry, at);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn runs(bytes: &[u8]) -> Vec<(usize, usize)> {
        let mut all = Vec::new();
        each_run(bytes, |start, end| all.push((start, end)));
        all
    }

    #[test]
    fn runs_need_length_and_chance() {
        assert_eq!(runs(b"x = abcdefgh12345678;"), [(4, 20)]);
        assert_eq!(runs(b"abcdefghijklmnopqrst src/module/some-file-name"), []);
        assert_eq!(runs(b"aBcDeFgHiJkLmNoPqRsT"), [(0, 20)]);
        assert_eq!(runs(b"short1 abcdefg1234567"), []);
    }

    #[test]
    fn every_byte_is_told_right() {
        for b in 0..=255 {
            assert_eq!(mask(&[b; 64]), if is_token(b) { u64::MAX } else { 0 }, "{b}");
        }
    }

    proptest! {
        #[test]
        fn the_blocks_find_what_a_walk_finds(bytes in "([a-zA-Z0-9+/_-]{0,90}[ .,\n]{1,3}){0,6}[a-z0-9]{0,40}") {
            let bytes = bytes.as_bytes();
            let mut slow = Vec::new();
            let mut start = 0;
            for at in 0..=bytes.len() {
                if at == bytes.len() || !is_token(bytes[at]) {
                    if at - start >= MIN_RUN && may_be_chance(&bytes[start..at]) {
                        slow.push((start, at));
                    }
                    start = at + 1;
                }
            }
            prop_assert_eq!(runs(bytes), slow);
        }
    }
}
