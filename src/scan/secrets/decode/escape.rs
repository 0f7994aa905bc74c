//! Escapes of programming languages, addresses and HTML.

use super::{SHORTEST, is_text_byte};
use crate::scan::secrets::runs::is_token;

/// Bytes of a word with escapes.
const LONGEST: usize = 8192;
/// Blanks with which a line begins that goes on from the one before.
const INDENT: usize = 80;

/// Characters that HTML names, of tokens and beside them.
const NAMED: &[(&[u8], u8)] = &[
    (b"&lowbar;", b'_'),
    (b"&hyphen;", b'-'),
    (b"&dash;", b'-'),
    (b"&period;", b'.'),
    (b"&plus;", b'+'),
    (b"&equals;", b'='),
    (b"&sol;", b'/'),
    (b"&colon;", b':'),
    (b"&commat;", b'@'),
    (b"&UnderBar;", b'_'),
    (b"&quot;", b'"'),
    (b"&apos;", b'\''),
    (b"&amp;", b'&'),
    (b"&nbsp;", b' '),
    (b"&lt;", b'<'),
    (b"&gt;", b'>'),
];

/// False where the first two bytes of a text are none of what [`is_escape`] holds for.
#[inline(always)]
pub(in super::super) fn may_escape(text: &[u8]) -> bool {
    matches!(
        *text,
        [b'%', b'2'..=b'7', ..]
            | [b'&', b'#' | b'a'..=b'z' | b'U', ..]
            | [b'\\', b'x' | b'u' | b'U' | b'0' | b'1' | b'\\' | b'\n' | b'\r', ..]
    )
}

/// The bytes that may stand at the first three places of what [`is_escape`] holds for.
pub(in super::super) fn escape_forms() -> impl Iterator<Item = [Vec<u8>; 3]> {
    let hex = || (0..=255u8).filter(u8::is_ascii_hexdigit).collect();
    let of = |bytes: &[u8]| bytes.to_vec();
    let named = NAMED.iter().filter(|(_, b)| is_word(*b));
    let named = named.filter_map(|(name, _)| name.first_chunk::<3>().map(|name| name.map(|b| vec![b])));
    let others = [
        // No byte of a token is below 0x20 or above 0x7f.
        [of(b"%"), of(b"234567"), hex()],
        [of(b"\\"), of(b"x"), hex()],
        [of(b"\\"), of(b"u"), of(b"0{")],
        [of(b"\\"), of(b"U"), of(b"0")],
        [of(b"\\"), of(b"\\"), of(b"\\01uUx")],
        [of(b"\\"), of(b"01"), of(b"01234567")],
        [of(b"\\"), of(b"\r\n"), (0..=255).collect()],
        [of(b"&"), of(b"#"), of(b"0123456789xX")],
    ];
    others.into_iter().chain(named)
}

/// True where an escape of a letter, digit or mark of a token stands at `at`, or one of an escape; `%2F` is everywhere.
pub(in super::super) fn is_escape(bytes: &[u8], at: usize) -> bool {
    let Some(text) = bytes.get(at..bytes.len().min(at + INDENT + 3)) else { return false };
    match escape(text) {
        Some((_, Some(b'%'))) => text.get(3..5).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit)),
        Some((_, Some(b))) => is_token(b) && (b != b'/' || text[0] != b'%') || matches!(b, b'.' | b':' | b'=' | b'@'),
        // A literal or a value of the shell that goes on in the next line.
        Some((_, None)) => at > 0 && is_word(bytes[at - 1]),
        None => false,
    }
}

/// Where the word begins with an escape at `at`, which no escape of a word's byte stands before: not before `floor`.
pub(in super::super) fn word_start(bytes: &[u8], at: usize, floor: usize) -> usize {
    let floor = floor.max(at.saturating_sub(LONGEST));
    let mut start = at;
    while let Some(&b) = bytes[floor..start].last() {
        start -= match b {
            // What an escape of another byte ends with: `%20`, `&#10;`.
            _ if is_word(b) => match bytes[floor..start] {
                [.., b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => 3,
                _ => 1,
            },
            b';' => match bytes[floor..start].iter().rev().take(10).position(|&b| b == b'&') {
                Some(length) if escape(&bytes[start - length - 1..start]).is_some() => length + 1,
                _ => break,
            },
            _ => break,
        };
    }
    // The letter of `\n` is none of the word.
    let escaped = start > floor && bytes[start - 1] == b'\\' && matches!(bytes[start], b'n' | b't' | b'r');
    start + usize::from(escaped && start < at)
}

fn is_word(b: u8) -> bool {
    is_token(b) || matches!(b, b'.' | b':' | b'=' | b'@')
}

/// The word with an escape at `at`, without its escapes (`%41`, `\x41`, `\u0041`, `\101`, `&#65;`, `&lowbar;`): its end,
/// and what it says where that is long enough to matter.
pub(in super::super) fn escapes(bytes: &[u8], at: usize) -> (usize, Option<Vec<u8>>) {
    let window = bytes.get(at..bytes.len().min(at + LONGEST)).unwrap_or_default();
    let mut plain = Vec::new();
    let (mut rest, mut count) = (0, 0);
    while let Some(&b) = window.get(rest) {
        if let Some((length, value)) = escape(&window[rest..]) {
            if !value.is_none_or(is_text_byte) {
                break;
            }
            plain.extend(value);
            rest += length;
            count += 1;
        } else if is_word(b) {
            plain.push(b);
            rest += 1;
        } else {
            break;
        }
    }
    let said = (count > 0 && plain.len() >= SHORTEST).then_some(plain);
    (at + rest.max(1), said)
}

/// Length of an escape and the byte that it stands for; no byte for the end of a line that goes on.
fn escape(text: &[u8]) -> Option<(usize, Option<u8>)> {
    let number = |digits: &[u8], radix| u8::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok();
    let of = |length: usize, value: Option<u8>| value.map(|value| (length, Some(value)));
    match text {
        // An escape in a text that is escaped itself: `\\u0041`.
        [b'\\', b'\\', ..] => {
            let more = text.iter().take(8).take_while(|b| **b == b'\\').count() - 1;
            escape(&text[more..]).filter(|(_, value)| value.is_some()).map(|(length, value)| (length + more, value))
        }
        [b'%', rest @ ..] => of(3, number(rest.get(..2)?, 16)),
        [b'\\', b'x', rest @ ..] => of(4, number(rest.get(..2)?, 16)),
        [b'\\', b'u', b'0', b'0', rest @ ..] => of(6, number(rest.get(..2)?, 16)),
        [b'\\', b'u', b'{', rest @ ..] => {
            let end = rest.iter().take(7).position(|&b| b == b'}')?;
            of(end + 4, number(&rest[..end], 16))
        }
        [b'\\', b'U', b'0', b'0', b'0', b'0', b'0', b'0', rest @ ..] => of(10, number(rest.get(..2)?, 16)),
        // CSS (Syntax 3, 4.3.7).
        [b'\\', b'0', b'0', b'0', b'0', rest @ ..] => of(7, number(rest.get(..2)?, 16)),
        [b'\\', b'0'..=b'1', ..] => of(4, number(text.get(1..4)?, 8)),
        [b'\\', b'\n' | b'\r', ..] => {
            // The next line may be indented.
            let blanks = text[2..].iter().take(INDENT).take_while(|b| b.is_ascii_whitespace()).count();
            text.get(2 + blanks).is_some_and(|b| is_word(*b)).then_some((2 + blanks, None))
        }
        [b'&', b'#', rest @ ..] => {
            let end = rest.iter().take(6).position(|&b| b == b';')?;
            match rest.get(..end)? {
                [b'x' | b'X', digits @ ..] => of(end + 3, number(digits, 16)),
                digits => of(end + 3, number(digits, 10)),
            }
        }
        [b'&', ..] => {
            NAMED.iter().find(|(name, _)| text.starts_with(name)).map(|(name, value)| (name.len(), Some(*value)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_every_kind_say_what_they_stand_for() {
        for text in [
            "%61bcdefghijklm",
            "\\x61bcdefghijklm",
            "\\u0061bcdefghijklm",
            "\\u{61}bcdefghijklm",
            "\\141bcdefghijklm",
            "&#97;bcdefghijklm",
            "&#x61;bcdefghijklm",
            "abcde\\\nfghijklm",
            "\\U00000061bcdefghijklm",
            "\\000061bcdefghijklm",
            "\\\\u0061bcdefghijklm",
        ] {
            let (end, said) = escapes(text.as_bytes(), 0);
            assert_eq!((end, said.as_deref()), (text.len(), Some(&b"abcdefghijklm"[..])), "{text}");
            let at = text.find(['%', '\\', '&']).unwrap();
            assert!(is_escape(text.as_bytes(), at), "{text}");
        }
        assert_eq!(escapes(b"abcdef&lowbar;ghijkl ", 0), (20, Some(b"abcdef_ghijkl".to_vec())));
        for text in ["%20abc", "\\n", "50% of", "a && b", "\\u4e2d", "\\x00"] {
            let at = text.find(['%', '\\', '&']).unwrap();
            assert!(!is_escape(text.as_bytes(), at), "{text}");
        }
    }

    #[test]
    fn a_line_may_go_on_indented_and_an_escape_may_be_escaped() {
        for text in ["abcde\\\n      fghijklm", "abcde\\\r\nfghijklm"] {
            assert!(is_escape(text.as_bytes(), 5), "{text}");
            assert_eq!(escapes(text.as_bytes(), 0).1.as_deref(), Some(&b"abcdefghijklm"[..]));
        }
        assert!(is_escape(b"%2561", 0) && !is_escape(b"50%25 off", 2));
        assert_eq!(escapes(b"%2561bcdefghijklm", 0).1.as_deref(), Some(&b"%61bcdefghijklm"[..]));
    }

    #[test]
    fn a_word_begins_before_what_is_escaped_in_it() {
        for (text, start) in [("a b%20c%2Bd", 2), ("\"x&#10;y&#95;z", 1), ("k: ab%5Fc", 3), ("%41", 0), ("a\\nb%5F", 3)]
        {
            let at = text.rfind(['%', '&']).unwrap();
            assert_eq!(word_start(text.as_bytes(), at, 0), start, "{text}");
        }
        assert_eq!(word_start(b"ab%5Fcd%5F", 7, 5), 5);
    }

    proptest::proptest! {
        /// No escape is of another form than those that are looked for.
        #[test]
        fn every_escape_has_a_form(text in "[%&\\\\][xu{}0-9a-f#+\r\n lhdpesco]{0,3}[{}0-9a-f;a-z]{0,8}") {
            let forms: Vec<_> = escape_forms().collect();
            let has = |text: &[u8]| forms.iter().any(|form| {
                form.iter().zip(text).filter(|(bytes, b)| bytes.contains(b)).count() == 3
            });
            let text = format!("a{text}");
            let after = &text.as_bytes()[1..];
            proptest::prop_assert!(!is_escape(text.as_bytes(), 1) || may_escape(after) && has(after), "{:?}", text);
        }

        /// Any bytes are read, to an end inside of them.
        #[test]
        fn escapes_end_inside(text in "[%&#\\\\xu{}0-9a-f;\n ]{0,60}") {
            for at in 0..text.len() {
                proptest::prop_assert!(word_start(text.as_bytes(), at, 0) <= at);
                let (end, _) = escapes(text.as_bytes(), at);
                proptest::prop_assert!(end > at && end <= text.len());
                is_escape(text.as_bytes(), at);
            }
        }
    }
}
