//! Files laid end to end, so that one span says file and place: what several files build together keeps where each
//! part of it came from.

use std::collections::HashMap;

use super::File;
use crate::model::{RepoPath, Span};
use crate::syntax::{Node, Value};

/// The files, in the order they were added.
#[derive(Default)]
pub struct Space<'a> {
    files: Vec<Placed<'a>>,
    /// By path, where those lie that [`Space::base`] added.
    bases: HashMap<&'a str, u32>,
    end: u32,
}

struct Placed<'a> {
    base: u32,
    path: &'a RepoPath,
    length: u32,
    /// Where its documents lie, in its own offsets.
    documents: Vec<Span>,
}

impl<'a> Space<'a> {
    /// Adds a file of `length` bytes; its first byte's offset here. `None` where all of them are too long.
    pub fn add(&mut self, path: &'a RepoPath, length: usize, documents: &[Node]) -> Option<u32> {
        let base = self.end;
        let length = u32::try_from(length).ok()?;
        // A gap, so that the end of one is not the start of the next.
        self.end = base.checked_add(length)?.checked_add(1)?;
        let documents = documents.iter().map(|document| document.span).collect();
        self.files.push(Placed { base, path, length, documents });
        Some(base)
    }

    /// Where a file lies here; it is added when it is first asked for. `None` as of [`Space::add`].
    pub fn base(&mut self, file: &'a File<'a>) -> Option<u32> {
        if let Some(base) = self.bases.get(file.path.as_str()) {
            return Some(*base);
        }
        let base = self.add(file.path, file.bytes.len(), &file.documents)?;
        self.bases.insert(file.path.as_str(), base);
        Some(base)
    }

    /// All of it.
    pub fn whole(&self) -> Span {
        Span { start: 0, end: self.end }
    }

    /// The file of a span, the span in that file, and the document around it.
    pub fn locate(&self, span: Span) -> Option<(&'a RepoPath, Span, Option<Span>)> {
        let at = self.files.partition_point(|file| file.base <= span.start).checked_sub(1)?;
        let file = &self.files[at];
        let start = span.start - file.base;
        let own = Span { start, end: (span.end.max(span.start) - file.base).min(file.length).max(start) };
        let document = file.documents.iter().copied().find(|document| document.contains(own));
        Some((file.path, own, document))
    }
}

/// The node with every place moved on by `base`.
pub fn moved(mut node: Node, base: u32) -> Node {
    shift(&mut node, base);
    node
}

fn shift(node: &mut Node, base: u32) {
    node.span = along(node.span, base);
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| shift(item, base)),
        Value::Map(entries) => entries.iter_mut().for_each(|entry| {
            entry.key_span = along(entry.key_span, base);
            shift(&mut entry.value, base);
        }),
        _ => {}
    }
}

fn along(span: Span, base: u32) -> Span {
    Span { start: span.start.saturating_add(base), end: span.end.saturating_add(base) }
}

/// The node with every place at `span`.
pub fn all_at(node: &mut Node, span: Span) {
    node.span = span;
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| all_at(item, span)),
        Value::Map(entries) => entries.iter_mut().for_each(|entry| {
            entry.key_span = span;
            all_at(&mut entry.value, span);
        }),
        _ => {}
    }
}
