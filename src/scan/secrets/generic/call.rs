//! Secrets that are arguments of a call.

use super::names::Holds;
use super::{Generic, literal_length, unnamed};
use crate::model::Span;
use crate::scan::secrets::shape::{self, Judged};

/// Calls by their text or the end of it, and which argument, from 0, is a secret of which kind.
const CALLS: &[(&str, usize, Holds)] = &[
    ("getConnection(", 2, Holds::Password),
    ("mysqli(", 2, Holds::Password),
    ("_connect(", 2, Holds::Password),
    ("PDO(", 2, Holds::Password),
    ("DBI->connect(", 2, Holds::Password),
    ("WiFi.begin(", 1, Holds::Password),
    (".login(", 1, Holds::Password),
    ("jwt.", 1, Holds::Key),
    ("createHmac(", 1, Holds::Key),
    ("ipheriv(", 1, Holds::Key),
    ("hmac.new(", 0, Holds::Key),
    ("SecretKeySpec(", 0, Holds::Key),
    ("Fernet(", 0, Holds::Key),
];

/// Arguments of a call that are looked at.
const ARGUMENTS: usize = 6;
/// Bytes of a call that are looked at.
const LENGTH: usize = 480;

/// Verbs that give a value to what they name.
const SETS: &[&str] = &["set", "with", "use", "add", "put"];
/// Verbs that do something else with it.
const OTHERS: &[&str] = &[
    "get", "is", "has", "validate", "check", "verify", "hash", "find", "read", "fetch", "parse", "encode", "decode",
    "generate", "create", "compare", "confirm", "require", "delete", "remove", "revoke", "expect", "mask", "test",
    "assert", "load", "lookup", "valid", "invalid", "missing", "extract", "resolve", "decrypt", "no",
];

/// Texts of the calls.
pub(super) fn literals() -> impl Iterator<Item = &'static str> {
    CALLS.iter().map(|(text, ..)| *text)
}

/// The argument of the `call`th of [`literals`], whose text stands at `at`.
pub(super) fn listed(bytes: &[u8], at: usize, call: usize) -> Option<Generic> {
    let (text, argument, holds) = CALLS.get(call)?;
    // `jwt.sign(`, `jwt.verify(` and the others of that library are one.
    let rest = &bytes[at + text.len() - 1..];
    let open = rest.iter().take(12).position(|b| *b == b'(')?;
    // `"connect("` is a text about the call.
    let quote = at.checked_sub(1).map(|at| bytes[at]).filter(|b| matches!(b, b'"' | b'\''));
    if quote.is_some() && rest.get(open + 1).copied() == quote {
        return None;
    }
    let arguments = arguments(bytes, at + text.len() - 1 + open);
    judged(bytes, arguments.into_iter().nth(*argument)??, *holds)
}

/// The argument of a call of `name` whose parenthesis opens at `open`.
pub(super) fn by_name(bytes: &[u8], name: &[u8], open: usize, holds: Holds) -> Option<Generic> {
    let last = name.rsplit(|&b| b == b'.').next().unwrap_or(name);
    let lower = last.to_ascii_lowercase();
    let [first, second, ..] = arguments(bytes, open);
    // `BasicAuth("user", "...")`
    let two = [&b"auth"[..], b"credential", b"credentials", b"authentication"];
    if two.iter().any(|end| lower.ends_with(end)) {
        return judged(bytes, second?, Holds::Password);
    }
    let verb = |verbs: &[&str]| verbs.iter().any(|verb| lower.starts_with(verb.as_bytes()));
    let short = last.windows(2).filter(|w| w[0].is_ascii_lowercase() && w[1].is_ascii_uppercase()).count() < 2;
    // `builder().billingApiKey("...")` is a setter, however long its name.
    let chained = name.starts_with(b".");
    if second.is_some() || !(verb(SETS) || (short || chained) && !verb(OTHERS)) {
        return None;
    }
    judged(bytes, first?, holds)
}

/// `("user", "...")` at `at`: the second.
pub(super) fn pair(bytes: &[u8], at: usize) -> Option<Generic> {
    let open = at + bytes.get(at..)?.iter().take(4).position(|&b| b == b'(')?;
    let [Some(_), Some(second), None, ..] = arguments(bytes, open) else { return None };
    judged(bytes, second, Holds::Password)
}

/// What SQL gives a user: the literal whose quote stands last before `at`, or first behind it, or a word.
pub(super) fn literal(bytes: &[u8], at: usize) -> Option<Generic> {
    // Oracle's passwords need no quotes.
    let rest = bytes.get(at..)?;
    let word =
        rest.iter().take(64).take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'#' | b'$')).count();
    let ends = rest[word..].trim_ascii_start().first().is_none_or(|b| matches!(b, b';' | b'"' | b'\''));
    if word > 0 && ends && bytes[..at].ends_with(b" ") {
        let value = Span::new(at, at + word);
        return shape::is_varied(value.of(bytes)).then(|| judged(bytes, value, Holds::Password)).flatten();
    }
    let before = at.checked_sub(1).filter(|at| matches!(bytes[*at], b'\'' | b'"'));
    let open = before.or_else(|| {
        let gap = bytes.get(at..)?.iter().take(4).position(|b| matches!(b, b'\'' | b'"'))?;
        Some(at + gap)
    })?;
    let window = bytes.get(open + 1..bytes.len().min(open + 160))?;
    let length = literal_length(window, bytes[open])?;
    judged(bytes, Span::new(open + 1, open + 1 + length), Holds::Password)
}

fn judged(bytes: &[u8], span: Span, holds: Holds) -> Option<Generic> {
    unnamed(bytes, span, Judged { password: holds == Holds::Password, quoted: true, config: false })
}

/// The arguments of the call whose parenthesis opens at `open`: those that are one literal, without its quotes.
fn arguments(bytes: &[u8], open: usize) -> [Option<Span>; ARGUMENTS] {
    let mut found = [None; ARGUMENTS];
    let (mut argument, mut depth) = (0, 0);
    let limit = bytes.len().min(open + LENGTH);
    let mut at = open;
    while at < limit && argument < ARGUMENTS {
        match bytes[at] {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth -= 1,
            b',' if depth == 1 => argument += 1,
            quote @ (b'"' | b'\'' | b'`') => {
                let Some(length) = literal_length(&bytes[at + 1..limit], quote) else { break };
                // One inside a call of its own is taken as well: `"...".getBytes()`, `Buffer.from("...")`.
                if depth <= 2 && found[argument].is_none() {
                    found[argument] = Some(Span::new(at + 1, at + 1 + length));
                }
                at += length + 1;
            }
            b';' => break,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        at += 1;
    }
    found
}
