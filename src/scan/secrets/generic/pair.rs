//! Names and values that stand apart: `name: A` beside `value: B`, in YAML, JSON, XML and HCL.

/// What stands before a value whose name is told apart from it, in order of length.
const VALUES: &[&[u8]] = &[b"value", b"Value", b"default", b"<string>", b"<value>"];
/// Bytes between the name and its value.
const APART: usize = 72;

/// Where the value of a pair stands whose name ends at `end`.
pub(super) fn value_beside(bytes: &[u8], end: usize) -> Option<usize> {
    // The name is quoted, or it ends its line or element.
    if !matches!(bytes.get(end)?, b'"' | b'\'' | b'\n' | b'\r' | b',' | b'<' | b' ') {
        return None;
    }
    let window = bytes.get(end..bytes.len().min(end + APART))?;
    let word = gap(window)?;
    let rest = &window[word..];
    let found = VALUES.iter().find(|value| rest.starts_with(value))?;
    if found.starts_with(b"<") {
        return Some(end + word + found.len());
    }
    let after = &rest[found.len()..];
    let after = after.strip_prefix(b"\"").unwrap_or(after);
    let spaces = after.iter().take_while(|b| **b == b' ').count();
    matches!(after.get(spaces), Some(b'=' | b':')).then(|| end + window.len() - after.len() + spaces + 1)
}

/// Bytes up to a word that may be `value`: blanks and marks, `</key>`, an opening brace, other short members.
fn gap(window: &[u8]) -> Option<usize> {
    let blank = |b: &u8| b"\"', \t\r\n".contains(b);
    let skip = |from: usize| from + window[from..].iter().take_while(|b| blank(b)).count();
    let mut at = skip(0);
    if window[at..].starts_with(b"</key>") {
        at = skip(at + 6);
    } else if window[at..].starts_with(b"</name>") {
        at = skip(at + 7);
    } else if window.first() == Some(&b'"')
        && let Some(tag) = window[at..].iter().position(|b| matches!(b, b'>' | b'<' | b'/' | b'\n'))
        && window[at + tag..].starts_with(b"><value>")
    {
        // `<property name="..."><value>`, with other attributes between.
        at += tag + 1;
    } else if window.get(at) == Some(&b':') && window.first() == Some(&b'"') {
        // `"NAME": { "value": ... }`
        let brace = skip(at + 1);
        if window.get(brace) != Some(&b'{') {
            return None;
        }
        at = skip(brace + 1);
    } else if window.get(at) == Some(&b'{') && window[..at].first() == Some(&b'"') {
        at = skip(at + 1);
        // `type = string` and the like before it, a line each.
        for _ in 0..2 {
            if VALUES.iter().any(|value| window[at..].starts_with(value)) {
                break;
            }
            at = skip(at + window[at..].iter().position(|&b| b == b'\n')?);
        }
    } else if window.first() == Some(&b'"') && window[..at].contains(&b',') {
        // `"slotSetting": false,` before it.
        let member = &window[at..];
        let simple = member.iter().take_while(|b| b.is_ascii_alphanumeric() || b"\": _".contains(b)).count();
        if !VALUES.iter().any(|value| member.starts_with(value)) && member.get(simple) == Some(&b',') {
            at = skip(at + simple);
        }
    }
    (at > 0 && at < window.len()).then_some(at)
}
