//! XML files: values of elements and attributes by name.

use super::{Value, plain};

/// Longest tag or text looked at.
const MOST: usize = 16 * 1024;

/// One attribute: name, and where its value stands.
type Attribute<'a> = (&'a [u8], usize, usize);

/// Told a start tag's name, its attributes and where the text behind it stands.
type Found<'a, 'f> = dyn FnMut(&'a [u8], &[Attribute<'a>], usize, usize) + 'f;

/// Calls `found` with each start tag's name, its attributes and where the text behind it stands.
fn each<'a>(bytes: &'a [u8], found: &mut Found<'a, '_>) {
    let mut at = 0;
    while let Some(open) = memchr::memchr(b'<', &bytes[at..]).map(|gap| at + gap) {
        at = open + 1;
        let rest = &bytes[at..];
        if rest.starts_with(b"!--") {
            at = memchr::memmem::find(rest, b"-->").map_or(bytes.len(), |end| at + end + 3);
            continue;
        }
        let length = rest.iter().take(128).take_while(|b| b.is_ascii_alphanumeric() || b"_-.:".contains(b)).count();
        if length == 0 {
            continue;
        }
        let name = &rest[..length];
        let Some(close) = memchr::memchr(b'>', &rest[..rest.len().min(MOST)]) else { continue };
        let attributes = attributes(bytes, at + length, at + close);
        let from = at + close + 1;
        let behind = &bytes[from..bytes.len().min(from + MOST)];
        let end = match behind.strip_prefix(b"<![CDATA[") {
            Some(inner) => memchr::memmem::find(inner, b"]]>").map_or(from, |end| from + 9 + end),
            None => from + memchr::memchr(b'<', behind).unwrap_or(0),
        };
        let from = if behind.starts_with(b"<![CDATA[") { from + 9 } else { from };
        found(name, &attributes, from, end.max(from));
        at = from;
    }
}

fn attributes(bytes: &[u8], from: usize, to: usize) -> Vec<Attribute<'_>> {
    let mut all = Vec::new();
    let mut at = from;
    while let Some(equals) = bytes.get(at..to).and_then(|text| memchr::memchr(b'=', text)).map(|gap| at + gap) {
        let head = bytes[at..equals].trim_ascii_end();
        let start = head.iter().rposition(u8::is_ascii_whitespace).map_or(0, |gap| gap + 1);
        let blank = bytes[equals + 1..to].iter().take_while(|b| b.is_ascii_whitespace()).count();
        let open = equals + 1 + blank;
        let Some(&quote @ (b'"' | b'\'')) = bytes.get(open).filter(|_| open < to) else {
            at = equals + 1;
            continue;
        };
        let Some(length) = memchr::memchr(quote, &bytes[open + 1..to]) else { break };
        all.push((&head[start..], open + 1, open + 1 + length));
        at = open + length + 2;
    }
    all
}

/// Elements and attributes of these names, and `<add key="NAME" value="..."/>`.
pub(super) fn named(bytes: &[u8], names: &[&str], values: &mut Vec<Value>) {
    let known = |name: &[u8]| names.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()));
    let mut armed = 0;
    each(bytes, &mut |name, attributes, from, to| {
        let local = name.rsplit(|&b| b == b':').next().unwrap_or_default();
        if known(local) {
            plain(bytes, from, to, values);
            // `<Password><Value>...</Value></Password>`
            armed = 3;
        } else if local.eq_ignore_ascii_case(b"value") && armed > 0 {
            plain(bytes, from, to, values);
        }
        armed = usize::saturating_sub(armed, 1);
        for (attribute, start, end) in attributes {
            let label = attribute.eq_ignore_ascii_case(b"key") || attribute.eq_ignore_ascii_case(b"name");
            if known(attribute) {
                plain(bytes, *start, *end, values);
            } else if label && last_word(&bytes[*start..*end], names) {
                let value = attributes.iter().find(|(name, ..)| name.eq_ignore_ascii_case(b"value"));
                match value {
                    Some((_, start, end)) => plain(bytes, *start, *end, values),
                    None => plain(bytes, from, to, values),
                }
            }
        }
    });
}

/// `javax.persistence.jdbc.password` is a name by its last word.
fn last_word(text: &[u8], names: &[&str]) -> bool {
    let last = text.rsplit(|b| matches!(b, b'.' | b':' | b'_' | b'-')).next().unwrap_or_default();
    names.iter().any(|known| last.eq_ignore_ascii_case(known.as_bytes()))
}

/// Jenkins writes `{base64}` under a key that lies beside the file; its plain forms count.
pub(super) fn jenkins(bytes: &[u8], values: &mut Vec<Value>) {
    if memchr::memmem::find(bytes, b"hudson").is_some() || memchr::memmem::find(bytes, b"jenkins").is_some() {
        named(bytes, &["password", "passphrase", "secret", "apitoken", "secretbytes"], values);
    }
}
