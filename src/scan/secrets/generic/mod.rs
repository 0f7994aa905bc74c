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
pub(super) use wordings::Wordings;

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
