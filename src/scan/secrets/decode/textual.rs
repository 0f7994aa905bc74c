//! Whether a run may be text in hexadecimal or base64, seen from its characters: most are not, and need no decoding.

/// Groups of base64 in a row that a text worth a look fills: 20 bytes hold six whole groups however they lie. A shorter run
/// is text from end to end or none.
const GROUPS: usize = 6;
/// Pairs of hexadecimal digits in a row that such a text fills.
const PAIRS: usize = 12;

/// Bits of [`KINDS`]: it may be the first, second or third of a group, or the first of a pair; it is a digit of hexadecimal.
const FIRST: u8 = 1;
const SECOND: u8 = 2;
const THIRD: u8 = 4;
const HIGH: u8 = 8;
const DIGIT: u8 = 16;

/// What each character may be where the bytes are text: `\t`, `\n`, `\r`, a blank to `~`, or the NUL of UTF-16.
static KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut b = 0;
    while b < 256 {
        // RFC 4648, table 1. The last two of the alphabet begin no byte of a text and end none.
        let sextet = match b as u8 {
            b'A'..=b'Z' => b - b'A' as usize,
            b'a'..=b'z' => b - b'a' as usize + 26,
            b'0'..=b'9' => b - b'0' as usize + 52,
            _ => 63,
        };
        // A group's bytes are the sextets' bits in a row: 6 + 2, 4 + 4, 2 + 6.
        if matches!(sextet, 0 | 2 | 3 | 8..=31) {
            kinds[b] |= FIRST;
        }
        if matches!(sextet & 15, 0 | 2..=7) {
            kinds[b] |= SECOND;
        }
        if sextet & 3 < 2 {
            kinds[b] |= THIRD;
        }
        if matches!(b as u8, b'0' | b'2'..=b'7') {
            kinds[b] |= HIGH;
        }
        if (b as u8).is_ascii_hexdigit() {
            kinds[b] |= DIGIT;
        }
        b += 1;
    }
    kinds
};

/// False where `run` is no text in hexadecimal or base64, nor a text of 20 bytes among others.
pub(super) fn may_be_text(run: &[u8]) -> bool {
    let kind = |b: u8| KINDS[usize::from(b)];
    if run.len().is_multiple_of(2) && run.iter().all(|b| kind(*b) & DIGIT != 0) {
        return in_a_row(run.as_chunks::<2>().0, PAIRS, |pair| kind(pair[0]) & HIGH != 0);
    }
    let group =
        |group: &[u8; 4]| kind(group[0]) & FIRST != 0 && kind(group[1]) & SECOND != 0 && kind(group[2]) & THIRD != 0;
    in_a_row(run.as_chunks::<4>().0, GROUPS, group)
}

/// True where `most` in a row, or all where there are fewer, are as asked.
fn in_a_row<T>(all: &[T], most: usize, is: impl Fn(&T) -> bool) -> bool {
    let (mut row, most) = (0, most.min(all.len()));
    all.iter().any(|one| {
        row = if is(one) { row + 1 } else { 0 };
        row == most
    })
}

#[cfg(test)]
mod tests {
    use super::super::run;
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD_NO_PAD;
    use proptest::prelude::*;

    #[test]
    fn digests_are_no_text() {
        assert!(!may_be_text(b"da39a3ee5e6b4b0d3255bfef95601890afd80709"));
        assert!(!may_be_text(b"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"));
        assert!(may_be_text(STANDARD_NO_PAD.encode("just some text to see").as_bytes()));
    }

    proptest! {
        /// What decodes is not turned away.
        #[test]
        fn every_text_may_be_one(before in prop::collection::vec(any::<u8>(), 0..9), text in "[ -~\t\r\n]{12,60}", wide: bool) {
            let text: Vec<u8> = if wide { text.bytes().flat_map(|b| [b, 0]).collect() } else { text.into_bytes() };
            let all = [&before[..], &text].concat();
            let hex: String = all.iter().map(|b| format!("{b:02x}")).collect();
            let base64 = STANDARD_NO_PAD.encode(&all);
            if text.len() >= 20 {
                prop_assert!(may_be_text(hex.as_bytes()), "{}", hex);
                prop_assert!(may_be_text(base64.as_bytes()), "{}", base64);
            }
            // `run` asks here first, behind the prefix of a number.
            let prefixed = format!("0x{}", text.iter().map(|b| format!("{b:02X}")).collect::<String>());
            prop_assert!(prefixed.len() < 26 || run(prefixed.as_bytes()).is_some(), "{}", prefixed);
        }
    }
}
