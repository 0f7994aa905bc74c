//! Secrets in another form: what a region says once it is decoded.

mod dump;
mod escape;
mod join;
mod list;
mod mail;
mod numbers;
mod packed;
mod textual;
mod wrapped;

use super::checks;
pub(super) use escape::{escape_forms, escapes, is_escape, may_escape, word_start};
pub(super) use join::{JOINS, join, word};
pub(super) use list::{CALLS, around, listed};
pub(super) use mail::printable;
pub(super) use numbers::spelled;
pub(super) use wrapped::block;

/// Shortest text inside decoded bytes that is looked at.
const SHORTEST: usize = 12;
/// Shortest run that is decoded.
pub(super) const SHORTEST_RUN: usize = 24;
/// Longest run that is decoded.
const LONGEST: usize = 8192;
/// Longest run that is decoded where it is compressed.
const LONGEST_PACKED: usize = 1 << 20;

/// A token run decoded from hexadecimal or base64, where that gives text; what is no text in it becomes line ends.
pub(super) fn run(text: &[u8]) -> Option<Vec<u8>> {
    let most = if packed::may_be_packed(text) || packed::may_be_release(text) { LONGEST_PACKED } else { LONGEST };
    if !(SHORTEST_RUN..=most).contains(&text.len()) {
        return None;
    }
    // `0x` of a number, `\x` of PostgreSQL's.
    let prefixes = [&b"0x"[..], b"0X", b"x"];
    let digits = prefixes.iter().find_map(|prefix| text.strip_prefix(*prefix)).filter(|rest| is_hex(rest));
    undone(digits.unwrap_or(text))
}

/// As [`run`], of a text of any length.
fn undone(text: &[u8]) -> Option<Vec<u8>> {
    if packed::may_be_packed(text)
        && let Some(plain) = from_base64(text).and_then(|bytes| packed::unpack(&bytes)).and_then(textual)
    {
        return Some(plain);
    }
    if !textual::may_be_text(text) {
        return None;
    }
    let plain = if is_hex(text) {
        let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
        text.chunks_exact(2).map(|two| Some(digit(two[0])? << 4 | digit(two[1])?)).collect::<Option<Vec<u8>>>()?
    } else {
        from_base64(text)?
    };
    textual(plain)
}

fn is_hex(text: &[u8]) -> bool {
    text.len().is_multiple_of(2) && text.iter().all(u8::is_ascii_hexdigit)
}

/// The bytes of base64 without padding; of a text that is a character too long, all but that one.
fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    checks::decode(text.get(..text.len() / 4 * 4 + if text.len() % 4 == 1 { 0 } else { text.len() % 4 })?)
}

/// The text in decoded bytes, if there is enough of it; what is no text becomes line ends.
fn textual(mut plain: Vec<u8>) -> Option<Vec<u8>> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
