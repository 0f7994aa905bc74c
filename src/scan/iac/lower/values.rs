//! Documents to values: the same tree, every value in the place a person would look at.

use std::sync::Arc;

use super::super::resource::{Value, ValueKind as Kind};
use crate::model::Span;
use crate::syntax::{Entry, Node, Value as Tree};

/// A node as it is. A map or list stands at its key, or at its first member, so that what is missing from
/// it is reported on one line.
#[must_use]
pub fn plain(node: &Node) -> Value {
    Value::new(kind_with(node, &mut plain_kind), place(node), 0)
}

/// A member's value as it is, at `key: value`.
#[must_use]
pub fn plain_entry(entry: &Entry) -> Value {
    plain(&entry.value).clone_at(entry_place(entry))
}

fn plain_kind(_: &Node) -> Option<Kind> {
    None
}

/// The value of a node; `special` decides it where it gives something.
pub fn kind_with(node: &Node, special: &mut dyn FnMut(&Node) -> Option<Kind>) -> Kind {
    if let Some(kind) = special(node) {
        return kind;
    }
    match &node.value {
        Tree::Null => Kind::Null,
        Tree::Bool(value) => Kind::Bool(*value),
        Tree::Number(text) => node.as_f64().map_or_else(|| Kind::text(text), Kind::Number),
        Tree::String(text) => Kind::text(text),
        Tree::List(items) => {
            Kind::list(items.iter().map(|item| Value::new(kind_with(item, special), place(item), 0)).collect())
        }
        Tree::Map(entries) => Kind::map(
            entries
                .iter()
                .map(|entry| {
                    let kind = kind_with(&entry.value, special);
                    (Arc::from(entry.key.as_str()), Value::new(kind, entry_place(entry), 0))
                })
                .collect(),
        ),
    }
}

/// What evaluation may still build in one document: a few references to a large part of it must not grow
/// without bound.
#[derive(Debug)]
pub struct Fuel(std::cell::Cell<usize>);

impl Default for Fuel {
    fn default() -> Self {
        Self(std::cell::Cell::new(1_000_000))
    }
}

impl Fuel {
    /// Takes `cost`, about one for each value or 16 bytes of text; false where too little is left.
    pub fn spend(&self, cost: usize) -> bool {
        let left = self.0.get().checked_sub(cost);
        self.0.set(left.unwrap_or(0));
        left.is_some()
    }

    /// A copy of a node as it is, as far as the fuel goes.
    pub fn copy(&self, node: &Node) -> Kind {
        kind_with(node, &mut |_| (!self.spend(1)).then(|| Kind::unknown("more than the limit")))
    }

    /// A text that evaluation put together.
    pub fn text(&self, text: &str) -> Kind {
        if self.spend(1 + text.len() / 16) { Kind::text(text) } else { Kind::unknown("more than the limit") }
    }
}

/// Where an item is reported: a scalar whole, anything else at its first member.
#[must_use]
pub fn place(node: &Node) -> Span {
    match (&node.value, node.entries().first(), node.items().first()) {
        (Tree::Map(_), Some(first), _) => entry_place(first),
        (Tree::List(_), _, Some(first)) => place(first),
        _ => node.span,
    }
}

/// Where a member is reported: `key: value` for a scalar, the key for anything else.
#[must_use]
pub fn entry_place(entry: &Entry) -> Span {
    match entry.value.value {
        Tree::Map(_) | Tree::List(_) => entry.key_span,
        // A value behind an alias or a merge key may stand before its key.
        _ if entry.value.span.start >= entry.key_span.end => entry.key_span.join(entry.value.span),
        _ => entry.key_span,
    }
}

impl Value {
    /// The same value at another place.
    #[must_use]
    pub fn clone_at(&self, span: Span) -> Value {
        Value { kind: self.kind.clone(), span, file: self.file }
    }
}

/// A map with more members.
#[must_use]
pub fn extended(value: Value, more: Vec<(&str, Value)>) -> Value {
    let mut entries = match value.kind {
        Kind::Map(entries) => Arc::unwrap_or_clone(entries),
        _ => Vec::new(),
    };
    entries.extend(more.into_iter().map(|(key, value)| (Arc::from(key), value)));
    Value { kind: Kind::map(entries), ..value }
}

/// The number of a file that no resource stands in: values that are told at the place that leads to them.
const ELSEWHERE: u32 = u32::MAX;

/// The same value, none of whose places count: it is told at the place that leads to it.
#[must_use]
pub fn elsewhere(value: Value) -> Value {
    let kind = match value.kind {
        Kind::List(items) => Kind::list(items.iter().cloned().map(elsewhere).collect()),
        Kind::Map(entries) => Kind::map(entries.iter().cloned().map(|(key, value)| (key, elsewhere(value))).collect()),
        other => other,
    };
    Value { kind, span: value.span, file: ELSEWHERE }
}
