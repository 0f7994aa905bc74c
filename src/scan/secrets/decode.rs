//! Secrets in another form: what a region says once it is decoded.

use super::checks;
use super::runs::is_token;

/// A token run decoded from hexadecimal or base64, where that gives text.
pub(super) fn run(text: &[u8]) -> Option<Vec<u8>> {
    if !(24..=8192).contains(&text.len()) {
        return None;
    }
    let hex = text.len().is_multiple_of(2) && text.iter().all(u8::is_ascii_hexdigit);
    let plain = if hex {
        let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
        text.chunks_exact(2).map(|two| Some(digit(two[0])? << 4 | digit(two[1])?)).collect::<Option<Vec<u8>>>()?
    } else {
        checks::decode(text.get(..text.len() / 4 * 4 + if text.len() % 4 == 1 { 0 } else { text.len() % 4 })?)?
    };
    is_text(&plain).then_some(plain)
}

fn is_text(plain: &[u8]) -> bool {
    plain.len() >= 12 && plain.iter().all(|b| b.is_ascii_graphic() || matches!(b, b' ' | b'\n' | b'\r' | b'\t'))
}

/// The word with an escape at `at`, without its escapes (`%41`, `\x41`, `\u0041`, `&#65;`, `&#x41;`): its end and what it says.
pub(super) fn escapes(bytes: &[u8], at: usize) -> Option<(usize, Vec<u8>)> {
    let window = bytes.get(at..bytes.len().min(at + 4096))?;
    let mut plain = Vec::new();
    let mut rest = 0;
    let mut count = 0;
    while let Some(&b) = window.get(rest) {
        if let Some((length, value)) = escape(&window[rest..]) {
            plain.push(value);
            rest += length;
            count += 1;
        } else if is_token(b) || matches!(b, b'.' | b':' | b'=' | b'@') {
            plain.push(b);
            rest += 1;
        } else {
            break;
        }
    }
    (count > 0 && plain.len() >= 12 && is_text(&plain)).then_some((at + rest, plain))
}

fn escape(text: &[u8]) -> Option<(usize, u8)> {
    let number = |digits: &[u8], radix| u8::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok();
    match text {
        [b'%', rest @ ..] => Some((3, number(rest.get(..2)?, 16)?)),
        [b'\\', b'x', rest @ ..] => Some((4, number(rest.get(..2)?, 16)?)),
        [b'\\', b'u', b'0', b'0', rest @ ..] => Some((6, number(rest.get(..2)?, 16)?)),
        [b'&', b'#', rest @ ..] => {
            let end = rest.iter().take(6).position(|&b| b == b';')?;
            let value = match rest.get(..end)? {
                [b'x' | b'X', digits @ ..] => number(digits, 16)?,
                digits => number(digits, 10)?,
            };
            Some((end + 3, value))
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
