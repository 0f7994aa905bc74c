//! Secrets by their context: assignments, URLs, headers, keys.

use super::checks::decode;
use super::shape;
use crate::model::{Confidence, Span};

/// Parts of names that hold secrets; three bytes or more, any case.
pub(super) const NAMES: &[&str] = &["pass", "pwd", "secret", "token", "key", "credential", "auth"];

/// Last words of a name that make it a secret's, and whether it is a password's.
const LAST: &[(&str, bool)] = &[
    ("password", true),
    ("passwd", true),
    ("passphrase", true),
    ("pwd", true),
    ("pass", true),
    ("passcode", true),
    ("userpassword", true),
    ("secret", false),
    ("token", false),
    ("apikey", false),
    ("authtoken", false),
    ("secretkey", false),
    ("accesskey", false),
    ("credential", false),
    ("credentials", false),
    ("accesstoken", false),
    ("clientsecret", false),
    ("auth", false),
    ("privatekey", false),
    ("dbpassword", true),
    ("dbpasswd", true),
    ("rootpassword", true),
    ("apitoken", false),
    ("accountkey", false),
];

/// Words before `key` that make it a secret's.
const KEYS: &[&str] = &[
    "api",
    "access",
    "secret",
    "private",
    "encryption",
    "signing",
    "master",
    "auth",
    "account",
    "app",
    "client",
    "storage",
    "shared",
    "service",
    "jwt",
    "session",
    "crypt",
    "hmac",
    "aes",
    "cipher",
    "webhook",
    "deploy",
    "write",
    "admin",
    "consumer",
    "token",
    "license",
    "application",
    "subscription",
    "hash",
    "server",
    "signature",
    "integration",
];

/// Words that make a `token` one of a protocol's course: pages, retries, locks.
const COURSE: &[&str] = &[
    "action",
    "cancellation",
    "change",
    "continuation",
    "continue",
    "cursor",
    "idempotency",
    "idempotent",
    "lifecycle",
    "lock",
    "next",
    "page",
    "pagination",
    "paging",
    "prev",
    "previous",
    "request",
    "resume",
    "sync",
    "task",
    "update",
];

/// Words after the one that counts.
const AFTER: &[&str] =
    &["value", "default", "prod", "production", "dev", "test", "staging", "string", "data", "live", "base", "key", "b"];

/// A secret by its context.
pub(super) struct Generic {
    /// The value.
    pub value: Span,
    /// How sure.
    pub confidence: Confidence,
}

/// True for the name of a secret; Some(true) for a password's.
pub(super) fn secret_name(name: &[u8]) -> Option<bool> {
    let mut words: Vec<String> = Vec::new();
    let mut previous = b'_';
    for &b in name {
        let turn = b.is_ascii_uppercase() && !previous.is_ascii_uppercase();
        if (!b.is_ascii_alphabetic() || turn || words.is_empty()) && words.last().is_none_or(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if b.is_ascii_alphabetic()
            && let Some(word) = words.last_mut()
        {
            word.push(char::from(b.to_ascii_lowercase()));
        }
        previous = b;
    }
    words.retain(|word| !word.is_empty());
    let key = |words: &[String]| {
        let [.., before, last] = words else { return false };
        last == "key" && KEYS.contains(&before.as_str()) && !words.iter().any(|w| w == "public" || w == "publishable")
    };
    for _ in 0..3 {
        if key(&words) {
            return Some(false);
        }
        let last = words.last()?;
        if let Some((_, password)) = LAST.iter().find(|(word, _)| word == last) {
            let course = last == "token" && words.iter().any(|word| COURSE.contains(&word.as_str()));
            let open = words.iter().any(|w| w == "public" || w == "no" || w == "csrf");
            return (!open && !course).then_some(*password);
        }
        if !AFTER.contains(&last.as_str()) {
            return None;
        }
        words.pop();
    }
    None
}

fn is_name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')
}

/// Reads the assignment around a name part at `at`. `config`: values there need no quotes.
pub(super) fn assignment(bytes: &[u8], at: usize, config: bool) -> Option<Generic> {
    let floor = at.saturating_sub(48);
    let start = bytes[floor..at].iter().rposition(|&b| !is_name(b)).map_or(floor, |gap| floor + gap + 1);
    let ceiling = bytes.len().min(at + 48);
    let end = at + bytes[at..ceiling].iter().position(|&b| !is_name(b)).unwrap_or(ceiling - at);
    let mut rest = end;
    let skip = |rest: &mut usize, set: &[u8], most: usize| {
        let from = *rest;
        while *rest < bytes.len() && *rest < from + most && set.contains(&bytes[*rest]) {
            *rest += 1;
        }
        *rest - from
    };
    skip(&mut rest, b"\"'] \t\\", 64);
    let mut operator = skip(&mut rest, b"=:>,", 3);
    if let Some(after) = value_beside(bytes, end) {
        (rest, operator) = (after, 1);
    }
    if operator == 0 && !(config && rest > end) {
        return None;
    }
    let comma = operator > 0 && bytes[rest - operator..rest].contains(&b',');
    if operator > 0 && bytes[rest - operator..rest].starts_with(b"==") {
        return None;
    }
    let name = &bytes[start..end];
    // `("API_KEY", "...")` sets a name; `"token", "..."` further along is a list of words.
    let called = || {
        let quote = bytes[..start].last().filter(|b| matches!(b, b'"' | b'\'' | b'`'));
        quote.is_none() || start < 2 || matches!(bytes[start - 2], b'(' | b'[' | b'{' | b' ' | b'\n' | b'\t')
    };
    if comma && !called() {
        return None;
    }
    // `("auth", "0006_require_contenttypes")`: a pair whose first word is a module's name.
    if comma && name.eq_ignore_ascii_case(b"auth") {
        return None;
    }
    let password = secret_name(name)?;
    if operator == 0 {
        return None;
    }
    skip(&mut rest, b" \t\\", 64);
    // A type annotation: `token: &str = "..."`.
    if !config && bytes.get(rest).is_some_and(u8::is_ascii_alphabetic) || bytes.get(rest) == Some(&b'&') {
        let line = &bytes[rest..bytes.len().min(rest + 40)];
        if let Some(equals) = line.iter().position(|&b| b == b'=')
            && line[..equals].iter().all(|b| b.is_ascii_alphanumeric() || b" &'<>?|:_.".contains(b))
        {
            rest += equals + 1;
            skip(&mut rest, b" ", 2);
        }
    }
    let open = *bytes.get(rest)?;
    let quoted = matches!(open, b'"' | b'\'' | b'`');
    if comma && !quoted {
        return None;
    }
    let from = rest + usize::from(quoted);
    // `"Password:")`: a label's closing quote opens nothing.
    if quoted && !config && rest == end + 1 && bytes.get(from).is_some_and(|b| b"),;+?]}".contains(b)) {
        return None;
    }
    let limit = bytes.len().min(from + 520);
    let window = &bytes[from..limit];
    let close =
        |b: &u8| if quoted { *b == open || *b == b'\n' } else { b.is_ascii_whitespace() || b";,\"'<&)}".contains(b) };
    let mut length = match window.iter().position(close) {
        Some(length) => length,
        None if limit == bytes.len() => window.len(),
        None => return None,
    };
    if window.get(length.wrapping_sub(1)) == Some(&b'\\') {
        length -= 1;
    }
    let value = window.get(..length)?;
    // Unquoted values stand in configuration and in connection strings: `;Password=...;`.
    let joined = start > 0 && matches!(bytes[start - 1], b';' | b'&' | b'?')
        || window.get(length) == Some(&b';') && open != b' ' && bytes[end] == b'=';
    let text = joined && !name.contains(&b'.') && !value.iter().any(|b| b"([{".contains(b));
    if !quoted && !config && !joined {
        return None;
    }
    let confidence = shape::judge(value, password, quoted || text, config)?;
    Some(Generic { value: Span::new(from, from + length), confidence })
}

/// Where the value of a pair stands whose name ends at `end`: `name: A` and `value: B` beside it, in YAML, JSON or XML.
fn value_beside(bytes: &[u8], end: usize) -> Option<usize> {
    let window = bytes.get(end..bytes.len().min(end + 64))?;
    let gap = |b: &u8| b"\"', \t\r\n".contains(b);
    let word = window.iter().position(|b| !gap(b)).filter(|at| *at > 0)?;
    let after = window[word..].strip_prefix(b"value").or_else(|| window[word..].strip_prefix(b"Value"))?;
    let after = after.strip_prefix(b"\"").unwrap_or(after);
    let spaces = after.iter().take_while(|b| **b == b' ').count();
    matches!(after.get(spaces), Some(b'=' | b':')).then(|| end + window.len() - after.len() + spaces + 1)
}

/// The password of `scheme://user:password@host`; `at` is where `://` stands.
pub(super) fn url(bytes: &[u8], at: usize) -> Option<Generic> {
    let from = at + 3;
    let window = bytes.get(from..bytes.len().min(from + 300))?;
    let stop =
        window.iter().position(|b| b.is_ascii_whitespace() || b"\"'`<>{}()$\\/".contains(b)).unwrap_or(window.len());
    let authority = &window[..stop];
    let host = authority.iter().rposition(|&b| b == b'@')?;
    let colon = authority[..host].iter().position(|&b| b == b':')?;
    let (user, password) = (&authority[..colon], &authority[colon + 1..host]);
    let weak = [&b"pass"[..], b"pwd", b"secret", b"postgres", b"root", b"admin", b"guest", b"user", b"test", b"mysql"];
    if password.len() < 4
        || user == password
        || weak.contains(&password)
        || shape::is_placeholder(password)
        || authority.len() < host + 3
    {
        return None;
    }
    // A short plain word is what manuals write.
    if password.len() < 8 && password.iter().all(u8::is_ascii_lowercase) {
        return None;
    }
    let varied = password.iter().any(u8::is_ascii_digit) || password.iter().any(|b| !b.is_ascii_alphanumeric());
    let confidence = if varied && password.len() >= 7 { Confidence::Medium } else { Confidence::Low };
    Some(Generic { value: Span::new(from + colon + 1, from + host), confidence })
}

/// The credentials of an `Authorization` header; `at` is where `Bearer ` or `Basic ` stands.
pub(super) fn scheme(bytes: &[u8], at: usize, length: usize) -> Option<Generic> {
    let from = at + length;
    let window = bytes.get(from..bytes.len().min(from + 2048))?;
    let end =
        window.iter().position(|b| !(b.is_ascii_alphanumeric() || b"+/_-.=~".contains(b))).unwrap_or(window.len());
    let value = &window[..end];
    let good = if bytes[at..from].eq_ignore_ascii_case(b"basic ") {
        value.len() >= 8
            && decode(value).is_some_and(|text| {
                text.iter().rposition(|&b| b == b':').is_some_and(|colon| text.len() > colon + 6)
                    && text.iter().all(u8::is_ascii_graphic)
                    && !shape::is_placeholder(&text)
            })
    } else {
        value.len() >= 20
            && value.iter().filter(|b| b.is_ascii_digit()).count() > 2
            && shape::entropy(value) > 3.3
            && !shape::is_placeholder(value)
    };
    good.then(|| Generic { value: Span::new(from, from + end), confidence: Confidence::Medium })
}
