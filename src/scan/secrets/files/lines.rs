//! Files of lines.

use super::{Kind, Value, plain, plausible, unquoted};
use crate::model::Span;

/// Every line that is no comment, as start and end without its terminator.
fn each(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    bytes.split(|&b| b == b'\n').filter_map(move |line| {
        let start = at;
        at += line.len() + 1;
        let text = line.strip_suffix(b"\r").unwrap_or(line);
        let comment = matches!(text.trim_ascii_start().first(), None | Some(b'#' | b';' | b'!'));
        (!comment).then_some((start, text))
    })
}

/// True where a key is one of `keys` or ends with one after a separator.
fn is_key(key: &[u8], keys: &[&str]) -> bool {
    let key = key.to_ascii_lowercase();
    keys.iter().any(|known| {
        key.strip_suffix(known.as_bytes())
            .is_some_and(|head| head.last().is_none_or(|b| matches!(b, b'.' | b':' | b'_' | b'-' | b' ')))
    }) || keys.contains(&"password") && (key.ends_with(b"password") || key.ends_with(b"passphrase"))
}

/// `key = value`, `key: value`, and the same in `[sections]` or blocks.
pub(super) fn keyed(bytes: &[u8], keys: &[&str], values: &mut Vec<Value>) {
    for (start, line) in each(bytes) {
        // The keys of `.npmrc` hold colons: `//registry/:_authToken=`.
        let Some(sign) = line.iter().position(|&b| b == b'=').or_else(|| line.iter().position(|&b| b == b':')) else {
            continue;
        };
        let key = line[..sign].trim_ascii();
        let key = key.strip_prefix(b"set ").unwrap_or(key);
        let key = key.strip_prefix(b"\"").and_then(|key| key.strip_suffix(b"\"")).unwrap_or(key);
        if is_key(key, keys) {
            let end = start + uncommented(line, sign + 1);
            plain(bytes, start + sign + 1, end, values);
        }
    }
}

/// Where the value of a line ends: before ` #` or ` ;` outside quotes.
fn uncommented(line: &[u8], from: usize) -> usize {
    let value = &line[from..];
    let quoted = matches!(value.trim_ascii_start().first(), Some(b'"' | b'\''));
    let comment = value.windows(2).position(|two| matches!(two, [b' ' | b'\t', b'#' | b';']));
    match comment {
        Some(at) if !quoted => from + at,
        _ => line.len(),
    }
}

/// `key value`.
pub(super) fn words(bytes: &[u8], keys: &[&str], values: &mut Vec<Value>) {
    for (start, line) in each(bytes) {
        let mut words = spans(line).into_iter();
        while let Some(word) = words.next() {
            let key = word.of(line);
            if keys.iter().any(|known| key.eq_ignore_ascii_case(known.as_bytes()))
                && let Some(value) = words.next()
            {
                let value = match value.of(line) {
                    b"=" | b":" | b"is" => words.next().unwrap_or_default(),
                    _ => value,
                };
                plain(bytes, start + value.start as usize, start + value.end as usize, values);
            }
        }
    }
}

/// The words of a line; a quoted text is one.
fn spans(line: &[u8]) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut at = 0;
    while at < line.len() {
        if line[at].is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let start = at;
        at = match line[at] {
            quote @ (b'"' | b'\'') => {
                line[at + 1..].iter().position(|&b| b == quote).map_or(line.len(), |length| at + length + 2)
            }
            _ => line[at..].iter().position(u8::is_ascii_whitespace).map_or(line.len(), |length| at + length),
        };
        spans.push(Span::new(start, at));
    }
    spans
}

/// `machine host login name password value` over any number of lines.
pub(super) fn netrc(bytes: &[u8], values: &mut Vec<Value>) {
    words_over_lines(bytes, b"password", values);
}

fn words_over_lines(bytes: &[u8], key: &[u8], values: &mut Vec<Value>) {
    let mut armed = false;
    for (start, line) in each(bytes) {
        for word in spans(line) {
            if std::mem::take(&mut armed) {
                plain(bytes, start + word.start as usize, start + word.end as usize, values);
            } else {
                armed = word.of(line).eq_ignore_ascii_case(key);
            }
        }
    }
}

/// `host:port:database:user:password`; `\:` is a colon.
pub(super) fn pgpass(bytes: &[u8], values: &mut Vec<Value>) {
    for (start, line) in each(bytes) {
        let colons = (0..line.len()).filter(|&at| line[at] == b':' && (at == 0 || line[at - 1] != b'\\'));
        if let Some(fourth) = colons.clone().nth(3) {
            plain(bytes, start + fourth + 1, start + line.len(), values);
        }
    }
}

/// `https://user:password@host`.
pub(super) fn urls(bytes: &[u8], values: &mut Vec<Value>) {
    for (start, line) in each(bytes) {
        let Some(scheme) = memchr::memmem::find(line, b"://").map(|at| at + 3) else { continue };
        let Some(host) = line.iter().rposition(|&b| b == b'@').filter(|at| *at > scheme) else { continue };
        // A token may stand alone, as the user.
        let colon = line[scheme..host].iter().position(|&b| b == b':').map_or(scheme, |at| scheme + at + 1);
        plain(bytes, start + colon, start + host, values);
    }
}

/// `user:hash:...`: what crypt(3), Apache and mosquitto write.
pub(super) fn hashes(bytes: &[u8], values: &mut Vec<Value>) {
    for (start, line) in each(bytes) {
        let fields: Vec<usize> = (0..line.len()).filter(|&at| line[at] == b':').collect();
        let Some(&first) = fields.first() else { continue };
        let second = fields.get(1).copied().unwrap_or(line.len());
        let hash = &line[first + 1..second];
        if is_hash(hash) {
            values.push(Value { span: Span::new(start + first + 1, start + second), kind: Kind::Hash });
        } else if fields.len() == 2 && is_hex(&line[second + 1..], 32) {
            // `user:realm:md5` of htdigest.
            values.push(Value { span: Span::new(start + second + 1, start + line.len()), kind: Kind::Hash });
        }
    }
}

fn is_hex(text: &[u8], length: usize) -> bool {
    text.len() == length && text.iter().all(u8::is_ascii_hexdigit)
}

/// True for a password hash in one of the forms of crypt(3), Apache or LDAP.
pub(super) fn is_hash(text: &[u8]) -> bool {
    let salted = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'/');
    match text {
        [b'$', id, ..] if id.is_ascii_alphanumeric() => {
            text.len() >= 20
                && text.iter().filter(|&&b| b == b'$').count() >= 2
                && text.iter().all(|b| salted(b) || matches!(b, b'$' | b'=' | b',' | b'+' | b'-' | b'_'))
        }
        [b'{', ..] => {
            let lower = text[..text.len().min(12)].to_ascii_lowercase();
            [&b"{sha}"[..], b"{ssha}", b"{smd5}", b"{md5}", b"{ssha256}", b"{ssha512}", b"{crypt}", b"{pbkdf2"]
                .iter()
                .any(|scheme| lower.starts_with(scheme))
                && text.len() >= 20
        }
        _ => text.len() == 13 && text.iter().all(salted) && text.iter().any(u8::is_ascii_uppercase),
    }
}

/// A file that is one value.
pub(super) fn whole(bytes: &[u8], values: &mut Vec<Value>) {
    let span = unquoted(bytes, 0, bytes.len());
    let value = span.of(bytes);
    if (8..=512).contains(&value.len()) && value.iter().all(u8::is_ascii_graphic) && plausible(value) {
        values.push(Value { span, kind: Kind::Plain });
    }
}

/// `user = "name:password"`, `-u name:password`.
pub(super) fn curlrc(bytes: &[u8], values: &mut Vec<Value>) {
    for (start, line) in each(bytes) {
        let words: Vec<Span> = spans(line).into_iter().filter(|word| word.of(line) != b"=").collect();
        for pair in words.windows(2) {
            let key = pair[0].of(line);
            let key = key.strip_suffix(b"=").or_else(|| key.strip_suffix(b":")).unwrap_or(key);
            let known: [&[u8]; 6] = [b"user", b"-u", b"--user", b"proxy-user", b"--proxy-user", b"-U"];
            if known.contains(&key) {
                let value = unquoted(bytes, start + pair[1].start as usize, start + pair[1].end as usize);
                if let Some(colon) = value.of(bytes).iter().position(|&b| b == b':') {
                    plain(bytes, value.start as usize + colon + 1, value.end as usize, values);
                }
            }
        }
    }
}

/// `left right : PSK "value"`.
pub(super) fn ipsec(bytes: &[u8], values: &mut Vec<Value>) {
    for (start, line) in each(bytes) {
        let words = spans(line);
        let kinds: [&[u8]; 4] = [b"PSK", b"EAP", b"XAUTH", b"NTLM"];
        for pair in words.windows(2).filter(|pair| kinds.contains(&pair[0].of(line))) {
            plain(bytes, start + pair[1].start as usize, start + pair[1].end as usize, values);
        }
    }
}

/// `client server secret address`.
pub(super) fn chap(bytes: &[u8], values: &mut Vec<Value>) {
    for (start, line) in each(bytes) {
        if let Some(word) = spans(line).get(2) {
            plain(bytes, start + word.start as usize, start + word.end as usize, values);
        }
    }
}

/// `name:value`, `"name" "value"`, `host name:value`.
pub(super) fn after_colon(bytes: &[u8], values: &mut Vec<Value>) {
    for (start, line) in each(bytes) {
        match (spans(line).as_slice(), line.iter().rposition(|&b| b == b':')) {
            ([_, value], _) if line.starts_with(b"\"") => {
                plain(bytes, start + value.start as usize, start + value.end as usize, values);
            }
            (_, Some(colon)) => plain(bytes, start + colon + 1, start + line.len(), values),
            _ => {}
        }
    }
}
