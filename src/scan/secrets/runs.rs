//! Token runs: stretches long enough to hide a secret, found by looking at few bytes.

/// Shortest run that counts.
pub(super) const MIN_RUN: usize = 16;

/// True for the bytes that opaque tokens are made of.
pub(super) const fn is_token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'_' | b'-')
}

const CLASS: [bool; 256] = {
    let mut table = [false; 256];
    let mut b = 0;
    while b < 256 {
        table[b] = is_token(b as u8);
        b += 1;
    }
    table
};

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

/// The first run of at least [`MIN_RUN`] token bytes that [`may_be_chance`] and begins at `from` or later, as
/// start and end. Looks at one byte in sixteen where there is none.
pub(super) fn next_run(bytes: &[u8], mut from: usize) -> Option<(usize, usize)> {
    while from + MIN_RUN <= bytes.len() {
        let window = &bytes[from..from + MIN_RUN];
        if let Some(gap) = window.iter().rposition(|&b| !CLASS[b as usize]) {
            from += gap + 1;
            continue;
        }
        let tail = &bytes[from + MIN_RUN..];
        let end = from + MIN_RUN + tail.iter().position(|&b| !CLASS[b as usize]).unwrap_or(tail.len());
        let run = &bytes[from..end];
        if may_be_chance(run) {
            return Some((from, end));
        }
        from = end + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_need_length_and_chance() {
        assert_eq!(next_run(b"x = abcdefgh12345678;", 0), Some((4, 20)));
        assert_eq!(next_run(b"abcdefghijklmnopqrst src/module/some-file-name", 0), None);
        assert_eq!(next_run(b"aBcDeFgHiJkLmNoPqRsT", 0), Some((0, 20)));
        assert_eq!(next_run(b"short1 abcdefg1234567", 0), None);
    }
}
