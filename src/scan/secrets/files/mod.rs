//! Files that tools keep credentials in: which file, and where in it the values stand.
//!
//! In these files a value is a secret by its place, so that weak ones count too; only what plainly stands for
//! a value is left out.

mod blocks;
mod claims;
mod lines;
mod markup;
mod sql;
mod text;
mod trees;

use super::shape;
use crate::model::{RepoPath, Span};

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A password, token or key as it is used.
    Plain,
    /// A hash that can be attacked offline.
    Hash,
}

/// A value and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Value {
    /// Where.
    pub span: Span,
    /// What.
    pub kind: Kind,
}

/// How a file is read.
#[derive(Clone, Copy)]
enum Reader {
    /// `key = value` or `key: value` lines; these keys (lower case, or the end of one after `.`, `:`, `_` or `-`).
    Keyed(&'static [&'static str]),
    /// `key value` lines.
    Words(&'static [&'static str]),
    /// JSON, YAML or TOML by its extension or first byte; members of these names.
    Tree(&'static [&'static str]),
    /// Elements and attributes of these names.
    Markup(&'static [&'static str]),
    /// Anything else.
    Own(fn(&[u8], &mut Vec<Value>)),
}

/// The secret values of a file of credentials; empty for any other file.
pub(super) fn values(path: &RepoPath, bytes: &[u8]) -> Vec<Value> {
    let mut values = Vec::new();
    for reader in claims::readers(path) {
        match reader {
            Reader::Keyed(keys) => lines::keyed(bytes, keys, &mut values),
            Reader::Words(keys) => lines::words(bytes, keys, &mut values),
            Reader::Tree(keys) => trees::members(path, bytes, keys, &mut values),
            Reader::Markup(names) => markup::named(bytes, names, &mut values),
            Reader::Own(read) => read(bytes, &mut values),
        }
    }
    values
}

/// Adds a value that is not one that stands for another.
fn plain(bytes: &[u8], start: usize, end: usize, values: &mut Vec<Value>) {
    let span = unquoted(bytes, start, end);
    if plausible(span.of(bytes)) {
        values.push(Value { span, kind: Kind::Plain });
    }
}

/// The span without blanks and one pair of quotes around it.
fn unquoted(bytes: &[u8], start: usize, end: usize) -> Span {
    let Some(text) = bytes.get(start..end) else { return Span::default() };
    let from = start + (text.len() - text.trim_ascii_start().len());
    let to = start + text.trim_ascii_end().len();
    match bytes.get(from..to.max(from)) {
        Some([open @ (b'"' | b'\''), .., close]) if open == close => Span::new(from + 1, to - 1),
        _ => Span::new(from, to.max(from)),
    }
}

/// Words that stand where a value would be.
const STANDS_IN: &[&str] = &[
    "changeme",
    "change_me",
    "change-me",
    "example",
    "your",
    "placeholder",
    "redacted",
    "xxxx",
    "****",
    "insert",
    "replace",
    "todo",
    "dummy",
    "enc[",
    "ref:",
    "vault:",
    "secretref",
    "getenv",
    "environ",
    "op://",
    "put_",
    "enter_",
];

/// Values that are words of a format or nobody's password.
const NO_VALUE: &[&str] = &[
    "password",
    "passwd",
    "pass",
    "secret",
    "token",
    "none",
    "null",
    "true",
    "false",
    "undefined",
    "prompt",
    "ask",
    "keyring",
    "osxkeychain",
    "interactive",
    "md5",
    "empty",
    "default",
];

/// True for a value that may be somebody's: not a variable, a template, a mask or a word of the format.
fn plausible(value: &[u8]) -> bool {
    let Some(&first) = value.first() else { return false };
    if !(4..=8192).contains(&value.len()) || value.iter().all(|b| *b == first) {
        return false;
    }
    let variable = first == b'$' && value.get(1).is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'{' | b'('))
        || first == b'%' && value.last() == Some(&b'%')
        || first == b'<' && (value.last() == Some(&b'>') || value.get(1) == Some(&b' '))
        || first == b'!' && value.get(1).is_some_and(u8::is_ascii_alphabetic) && value.contains(&b' ');
    let inside =
        ["${", "{{", "$(", "<%", "%("].iter().any(|open| memchr::memmem::find(value, open.as_bytes()).is_some());
    let lower = value[..value.len().min(256)].to_ascii_lowercase();
    let has = |word: &&str| memchr::memmem::find(&lower, word.as_bytes()).is_some();
    // A long random value holds `your` or `todo` by chance.
    let by_chance = value.len() >= 40 && shape::entropy(value) > 4.5;
    !variable
        && !inside
        && !NO_VALUE.iter().any(|word| word.as_bytes() == lower)
        && (by_chance || !STANDS_IN.iter().any(has))
}

#[cfg(test)]
mod tests;
