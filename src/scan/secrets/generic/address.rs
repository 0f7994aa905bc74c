//! Credentials in addresses and headers.

use super::{Generic, names};
use crate::model::{Confidence, Span};
use crate::scan::secrets::checks::decode;
use crate::scan::secrets::shape::{self, Judged};

/// The password of `scheme://user:password@host`; `at` is where `://` stands.
pub(in super::super) fn url(bytes: &[u8], at: usize) -> Option<Generic> {
    let from = at + 3;
    let window = bytes.get(from..bytes.len().min(from + 300))?;
    let stop =
        window.iter().position(|b| b.is_ascii_whitespace() || b"\"'`<>{}()$\\/?".contains(b)).unwrap_or(window.len());
    let authority = &window[..stop];
    let host = authority.iter().rposition(|&b| b == b'@')?;
    let colon = authority[..host].iter().position(|&b| b == b':')?;
    let (user, password) = (&authority[..colon], &authority[colon + 1..host]);
    let weak = [&b"pass"[..], b"pwd", b"secret", b"postgres", b"root", b"admin", b"guest", b"user", b"test", b"mysql"];
    if password.len() < 4
        || user == password
        || weak.contains(&password)
        || shape::is_placeholder(password)
        || authority.len() < host + 2
    {
        return None;
    }
    if !is_chosen(password) || is_reserved(&authority[host + 1..]) && !shape::is_varied(password) {
        return None;
    }
    let varied = password.iter().any(u8::is_ascii_digit) || password.iter().any(|b| !b.is_ascii_alphanumeric());
    let confidence = if varied && password.len() >= 7 { Confidence::Medium } else { Confidence::Low };
    Some(Generic { value: Span::new(from + colon + 1, from + host), confidence })
}

/// False for what manuals and tests write: a plain word, the name of what should stand there, a template, escapes alone.
fn is_chosen(password: &[u8]) -> bool {
    let word = password.iter().all(u8::is_ascii_lowercase) && password.len() < 12;
    let constant = password.iter().all(|b| b.is_ascii_uppercase() || *b == b'_');
    let name = !password.iter().any(u8::is_ascii_digit) && names::holds(password).is_some();
    let (mut plain, mut rest) = (0, password);
    while let Some((&b, after)) = rest.split_first() {
        rest = after;
        if b == b'%' {
            // What does not stand for a byte is a variable of some template.
            let Some((two, after)) = after.split_first_chunk::<2>() else { return false };
            if !two.iter().all(u8::is_ascii_hexdigit) {
                return false;
            }
            rest = after;
        } else {
            plain += 1;
        }
    }
    // An address is ASCII (RFC 3986, 3.2.1): a word of another script is a translation's `user:password`.
    !word && !constant && !name && plain >= 4 && password.is_ascii()
}

/// True for a host of the names that are kept free for manuals and tests (RFC 2606).
fn is_reserved(host: &[u8]) -> bool {
    let name = host.split(|&b| b == b':').next().unwrap_or_default();
    let ends = ["example.com", "example.org", "example.net", ".example", ".test", ".invalid"];
    ends.iter().any(|end| name.ends_with(end.as_bytes()))
}

/// The credentials of an `Authorization` header; `at` is where `earer ` or `asic ` of the scheme's name stands.
pub(in super::super) fn scheme(bytes: &[u8], at: usize, length: usize) -> Option<Generic> {
    let from = at + length;
    let basic = match bytes[..at].last()? {
        b'b' | b'B' if bytes[at] == b'a' => true,
        b'b' | b'B' => false,
        _ => return None,
    };
    let window = bytes.get(from..bytes.len().min(from + 2048))?;
    let end =
        window.iter().position(|b| !(b.is_ascii_alphanumeric() || b"+/_-.=~".contains(b))).unwrap_or(window.len());
    let value = &window[..end];
    let good = if basic {
        value.len() >= 8
            && decode(value).is_some_and(|text| {
                text.iter().position(|&b| b == b':').is_some_and(|colon| {
                    let password = &text[colon + 1..];
                    password.len() > 5 && is_chosen(password)
                }) && text.iter().all(u8::is_ascii_graphic)
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

/// The password of `user:password@tcp(host)`; `at` is where `@` stands.
pub(super) fn go_dsn(bytes: &[u8], at: usize) -> Option<Generic> {
    let floor = at.saturating_sub(100);
    let before = &bytes[floor..at];
    let from = floor + before.iter().rposition(|b| b.is_ascii_whitespace() || b"\"'`=".contains(b))? + 1;
    let colon = from + bytes[from..at].iter().position(|&b| b == b':')?;
    login(bytes, Span::new(colon + 1, at))
}

/// The password of `thin:user/password@host`; `at` is where the user stands.
pub(super) fn oracle(bytes: &[u8], at: usize) -> Option<Generic> {
    let window = bytes.get(at..bytes.len().min(at + 160))?;
    let stop = window.iter().position(|b| b.is_ascii_whitespace() || b"\"'`<>{}()$@".contains(b))?;
    let slash = window[..stop].iter().position(|&b| b == b'/')?;
    (window[stop] == b'@').then(|| login(bytes, Span::new(at + slash + 1, at + stop))).flatten()
}

fn login(bytes: &[u8], span: Span) -> Option<Generic> {
    let confidence = shape::judge(span.of(bytes), Judged { password: true, quoted: true, config: true })?;
    Some(Generic { value: span, confidence })
}
