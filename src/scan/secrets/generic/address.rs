//! Credentials in addresses and headers.

use super::Generic;
use crate::model::{Confidence, Span};
use crate::scan::secrets::checks::decode;
use crate::scan::secrets::shape::{self, Judged};

/// The password of `scheme://user:password@host`; `at` is where `://` stands.
pub(in super::super) fn url(bytes: &[u8], at: usize) -> Option<Generic> {
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
        || authority.len() < host + 2
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
