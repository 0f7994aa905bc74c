//! Secrets in another form: what a region says once it is decoded.

use super::checks;
use super::runs::is_token;

/// What joins a string literal to the next: its closing quote and what follows.
pub(super) const JOINS: &[&str] = &[
    "\" +", "' +", "\"+\"", "'+'", "\" \\", "\" .", "' .", "\".\"", "'.'", "\" &", "\"\n ", "\"\n\t", "\" \"", "'\n ",
    "'\n\t",
];

/// Shortest text inside decoded bytes that is looked at.
const SHORTEST: usize = 12;

/// A token run decoded from hexadecimal or base64, where that gives text; what is no text in it becomes line ends.
pub(super) fn run(text: &[u8]) -> Option<Vec<u8>> {
    if !(24..=8192).contains(&text.len()) {
        return None;
    }
    let hex = text.len().is_multiple_of(2) && text.iter().all(u8::is_ascii_hexdigit);
    let mut plain = if hex {
        let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
        text.chunks_exact(2).map(|two| Some(digit(two[0])? << 4 | digit(two[1])?)).collect::<Option<Vec<u8>>>()?
    } else {
        checks::decode(text.get(..text.len() / 4 * 4 + if text.len() % 4 == 1 { 0 } else { text.len() % 4 })?)?
    };
    // UTF-16, as PowerShell takes its commands.
    if plain.len() >= 2 * SHORTEST && plain.iter().skip(1).step_by(2).all(|b| *b == 0) {
        plain = plain.into_iter().step_by(2).collect();
    }
    if is_text(&plain) {
        return (plain.len() >= SHORTEST).then_some(plain);
    }
    // Random bytes have 20 of text in a row once in 300 million; such a row has one of every twentieth bytes.
    if !plain.iter().skip(19).step_by(20).any(|b| is_text_byte(*b)) {
        return None;
    }
    let longest = plain.split(|b| !is_text_byte(*b)).map(<[u8]>::len).max()?;
    plain.iter_mut().filter(|b| !is_text_byte(**b)).for_each(|b| *b = b'\n');
    (longest >= 20).then_some(plain)
}

fn is_text_byte(b: u8) -> bool {
    b.is_ascii_graphic() || matches!(b, b' ' | b'\n' | b'\r' | b'\t')
}

fn is_text(plain: &[u8]) -> bool {
    plain.iter().all(|b| is_text_byte(*b))
}

/// Characters that HTML names and tokens have.
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
];

/// True where an escape of a letter, digit or mark of a token stands at `at`; `%2F` is everywhere.
pub(super) fn is_escape(bytes: &[u8], at: usize) -> bool {
    let Some(text) = bytes.get(at..bytes.len().min(at + 12)) else { return false };
    match escape(text) {
        Some((_, Some(b))) => is_token(b) && (b != b'/' || text[0] != b'%') || matches!(b, b'.' | b':' | b'=' | b'@'),
        // A literal or a value of the shell that goes on in the next line.
        Some((_, None)) => at > 0 && is_token(bytes[at - 1]),
        None => false,
    }
}

/// The word with an escape at `at`, without its escapes (`%41`, `\x41`, `\u0041`, `\101`, `&#65;`, `&lowbar;`): its end,
/// and what it says where that is long enough to matter.
pub(super) fn escapes(bytes: &[u8], at: usize) -> (usize, Option<Vec<u8>>) {
    let window = bytes.get(at..bytes.len().min(at + 4096)).unwrap_or_default();
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
        } else if is_token(b) || matches!(b, b'.' | b':' | b'=' | b'@') {
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
        [b'%', rest @ ..] => of(3, number(rest.get(..2)?, 16)),
        [b'\\', b'x', rest @ ..] => of(4, number(rest.get(..2)?, 16)),
        [b'\\', b'u', b'0', b'0', rest @ ..] => of(6, number(rest.get(..2)?, 16)),
        [b'\\', b'u', b'{', rest @ ..] => {
            let end = rest.iter().take(7).position(|&b| b == b'}')?;
            of(end + 4, number(&rest[..end], 16))
        }
        [b'\\', b'0'..=b'1', ..] => of(4, number(text.get(1..4)?, 8)),
        [b'\\', b'\n', next, ..] if is_token(*next) => Some((2, None)),
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

/// String literals joined by an operator; `at` is the closing quote of the first. Gives the region and what it says.
pub(super) fn join(bytes: &[u8], at: usize) -> Option<(usize, usize, Vec<u8>)> {
    let quote = bytes[at];
    let mut next = literal_after(bytes, at, quote);
    next?;
    let floor = at.saturating_sub(200);
    let start = floor + bytes[floor..at].iter().rposition(|&b| b == quote || b == b'\n')?;
    if bytes[start] != quote {
        return None;
    }
    let mut plain = bytes[start + 1..at].to_vec();
    let mut end = at;
    for _ in 0..16 {
        let Some((from, to)) = next else { break };
        plain.extend_from_slice(&bytes[from..to]);
        end = to;
        next = literal_after(bytes, to, quote);
    }
    (plain.len() >= 12).then_some((start + 1, end, plain))
}

/// Inside of the literal that an operator, or nothing but blanks, joins to the one whose quote closes at `at`.
fn literal_after(bytes: &[u8], at: usize, quote: u8) -> Option<(usize, usize)> {
    let gap = bytes.get(at + 1..bytes.len().min(at + 80))?;
    let open = gap.iter().position(|b| !(b.is_ascii_whitespace() || matches!(b, b'+' | b'.' | b'\\' | b'&')))?;
    if gap[open] != quote {
        return None;
    }
    let from = at + open + 2;
    let body = bytes.get(from..bytes.len().min(from + 200))?;
    let length = body.iter().position(|&b| b == quote || b == b'\n').filter(|at| body[*at] == quote)?;
    Some((from, from + length))
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
    fn text_among_bytes_and_utf_16_are_read() {
        let base64 = |bytes: &[u8]| base64::Engine::encode(&base64::engine::general_purpose::STANDARD_NO_PAD, bytes);
        let text = "twenty bytes of text or more";
        let mixed = [&[0, 1, 255][..], text.as_bytes(), &[254]].concat();
        assert_eq!(run(base64(&mixed).as_bytes()), Some(format!("\n\n\n{text}\n").into_bytes()));
        let wide: Vec<u8> = text.bytes().flat_map(|b| [b, 0]).collect();
        assert_eq!(run(base64(&wide).as_bytes()), Some(text.as_bytes().to_vec()));
        assert_eq!(run(base64(&[7; 40]).as_bytes()), None);
    }

    proptest::proptest! {
        /// Any bytes are read, to an end inside of them.
        #[test]
        fn escapes_end_inside(text in "[%&#\\\\xu{}0-9a-f;\n]{0,60}") {
            for at in 0..text.len() {
                let (end, _) = escapes(text.as_bytes(), at);
                proptest::prop_assert!(end > at && end <= text.len());
                is_escape(text.as_bytes(), at);
                if matches!(text.as_bytes()[at], b'"' | b'\'') {
                    join(text.as_bytes(), at);
                }
            }
        }
    }
}
