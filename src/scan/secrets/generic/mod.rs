//! Secrets by their context: assignments, arguments, command lines, addresses, headers.

mod address;
mod assign;
mod call;
mod command;
mod manner;
mod names;
mod pair;
#[cfg(test)]
mod tests;
mod value;
mod wordings;

pub(super) use address::{scheme, url};
pub(super) use assign::assignment;
pub(super) use manner::Manner;
pub(super) use names::{EXACT, PARTS};
pub(super) use wordings::{Told, Wordings};

use super::shape::{self, Judged};
use crate::model::{Confidence, Span};

/// A secret by its context.
pub(super) struct Generic {
    /// The value.
    pub value: Span,
    /// How sure.
    pub confidence: Confidence,
}

/// True for the name of a secret.
pub(super) fn is_secret_name(name: &[u8]) -> bool {
    names::holds(name).is_some()
}

/// A value that no name of its own tells: one that is not sure must be varied.
fn unnamed(bytes: &[u8], value: Span, how: Judged) -> Option<Generic> {
    let confidence = shape::judge(value.of(bytes), how)?;
    (confidence > Confidence::Low || shape::is_varied(value.of(bytes))).then_some(Generic { value, confidence })
}

/// Bytes up to the quote that closes a literal, or to the end of its line.
fn literal_length(window: &[u8], quote: u8) -> Option<usize> {
    window.iter().position(|&b| b == quote || b == b'\n')
}

/// The line before `at`, of at most `most` bytes.
fn line_before(bytes: &[u8], at: usize, most: usize) -> &[u8] {
    let window = &bytes[at.saturating_sub(most)..at];
    window.iter().rposition(|&b| b == b'\n').map_or(window, |newline| &window[newline + 1..])
}
