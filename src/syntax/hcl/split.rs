//! A look at HCL text that needs no grammar: how deep it nests, and where its top-level items begin and end.

use std::ops::Range;

/// What the scanner is inside of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// `{`, `[`, `(`, or the braces of an interpolation.
    Bracket,
    /// A quoted template.
    Quote,
}

/// One pass over text, token by token, with a stack of what is open.
struct Walker<'a> {
    bytes: &'a [u8],
    at: usize,
    open: Vec<Inside>,
    deepest: usize,
}

/// What [`Walker::step`] passed.
enum Passed {
    /// A line end outside any string.
    LineEnd,
    /// Anything else.
    Other,
}

impl<'a> Walker<'a> {
    fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, open: Vec::new(), deepest: 0 }
    }

    fn push(&mut self, inside: Inside) {
        self.open.push(inside);
        self.deepest = self.deepest.max(self.open.len());
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn step(&mut self) -> Passed {
        if self.open.last() == Some(&Inside::Quote) { self.step_in_quote() } else { self.step_in_code() }
    }

    fn step_in_code(&mut self) -> Passed {
        let rest = self.rest();
        match rest {
            [b'\n', ..] => {
                self.at += 1;
                return Passed::LineEnd;
            }
            [b'#', ..] | [b'/', b'/', ..] => {
                self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            }
            [b'/', b'*', ..] => {
                self.at += memchr::memmem::find(&rest[2..], b"*/").map_or(rest.len(), |end| end + 4);
            }
            [b'<', b'<', ..] => self.at += heredoc_len(rest).unwrap_or(2),
            [b'"', ..] => {
                self.at += 1;
                self.push(Inside::Quote);
            }
            [b'{' | b'[' | b'(', ..] => {
                self.at += 1;
                self.push(Inside::Bracket);
            }
            [b'}' | b']' | b')', ..] => {
                self.at += 1;
                self.open.pop();
            }
            _ => self.at += 1,
        }
        Passed::Other
    }

    fn step_in_quote(&mut self) -> Passed {
        match self.rest() {
            [b'\\', _, ..] => self.at += 2,
            [b'$', b'$', b'{', ..] | [b'%', b'%', b'{', ..] => self.at += 3,
            [b'$' | b'%', b'{', ..] => {
                self.at += 2;
                self.push(Inside::Bracket);
            }
            [b'"', ..] => {
                self.at += 1;
                self.open.pop();
            }
            // A quoted template holds no line end: the quote was never closed.
            [b'\n', ..] => {
                self.open.pop();
            }
            _ => self.at += 1,
        }
        Passed::Other
    }
}

/// Length of a heredoc from its `<<` to the end of its closing word; `None` where it is none.
fn heredoc_len(text: &[u8]) -> Option<usize> {
    let intro = if text.get(2) == Some(&b'-') { 3 } else { 2 };
    let word = &text[intro..];
    let len = word.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')).count();
    if len == 0 {
        return None;
    }
    let (word, rest) = word.split_at(len);
    let first = memchr::memchr(b'\n', rest)?;
    if !rest[..first].trim_ascii().is_empty() {
        return None;
    }
    let mut at = intro + len + first + 1;
    while let Some(line) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let end = memchr::memchr(b'\n', line).unwrap_or(line.len());
        let found = line[..end].trim_ascii();
        if found == word
            || found.strip_prefix(word).is_some_and(|next| next.first().is_some_and(|b| b",)]}".contains(b)))
        {
            let lead = line.iter().take_while(|b| b.is_ascii_whitespace()).count();
            return Some(at + lead + word.len());
        }
        at += end + 1;
    }
    None
}

/// The deepest nesting of brackets, quotes and interpolations.
///
/// The inside of a heredoc counts as flat here; the grammar bounds it.
pub(super) fn depth(bytes: &[u8]) -> usize {
    let mut walker = Walker::new(bytes, 0);
    while walker.at < bytes.len() {
        walker.step();
    }
    walker.deepest
}

/// As [`depth`], for text that is itself the inside of a template.
pub(super) fn template_depth(bytes: &[u8]) -> usize {
    let mut walker = Walker::new(bytes, 0);
    while walker.at < bytes.len() {
        match (walker.open.is_empty(), walker.rest()) {
            (true, [b'$' | b'%', b'{', ..]) => {
                walker.at += 2;
                walker.push(Inside::Bracket);
            }
            (true, _) => walker.at += 1,
            (false, _) => {
                walker.step();
            }
        }
    }
    walker.deepest
}

/// The top-level items of a file from `start`: each a block or an attribute with the line that ends it.
///
/// An item ends where all its brackets are closed and a line ends; and, where a bracket was never closed,
/// before a line that begins as only a top-level block does.
pub(super) fn top_level(text: &str, start: usize) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut items = Vec::new();
    let mut begin = start;
    let mut walker = Walker::new(bytes, start);
    while walker.at < bytes.len() {
        if matches!(walker.step(), Passed::LineEnd) && (walker.open.is_empty() || begins_block(walker.rest())) {
            walker.open.clear();
            push_item(text, begin..walker.at, &mut items);
            begin = walker.at;
        }
    }
    push_item(text, begin..bytes.len(), &mut items);
    items
}

fn push_item(text: &str, range: Range<usize>, items: &mut Vec<Range<usize>>) {
    // Every cut stands behind an ASCII byte, so the range is on character boundaries.
    if text.get(range.clone()).is_some_and(|part| !part.trim().is_empty()) {
        items.push(range);
    }
}

/// True for a line that begins, in column 1, with a word that opens blocks at the top level of Terraform
/// files alone, and ends with `{`.
fn begins_block(rest: &[u8]) -> bool {
    const WORDS: [&[u8]; 5] = [b"resource \"", b"data \"", b"module \"", b"variable \"", b"output \""];
    let line = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
    (WORDS.iter().any(|word| line.starts_with(word)) || line.starts_with(b"locals {")) && line.contains(&b'{')
}
