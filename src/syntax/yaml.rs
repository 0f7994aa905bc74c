//! YAML 1.2 with byte spans, from saphyr's events: anchors, merge keys, tags and several documents. The
//! only file that knows the library.

mod lenient;

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span as Marks, Tag};

use super::{Entry, Node, Parsed, SyntaxError, Value};
use crate::model::Span;

/// Deeper nodes are cut off with an error.
const MAX_DEPTH: usize = 128;
/// Nodes that aliases may add to one stream: what a bomb of nested aliases is cut off at.
const ALIAS_BUDGET: usize = 100_000;

/// Reads every document of a stream. A syntax error ends its document; what was read of it and all earlier
/// ones are kept.
#[must_use]
pub fn parse_documents(bytes: &[u8]) -> Parsed<Vec<Node>> {
    let text = same_length(bytes);
    // saphyr's scanner recurses on nothing but its parser keeps a state per level: refuse towers early.
    if let Some(at) = too_deep(bytes) {
        let error = SyntaxError { span: Span::new(at, at + 1), message: "nested too deeply".to_owned() };
        return Parsed { value: Vec::new(), errors: vec![error] };
    }
    let strict = read(&text);
    let stopped =
        |read: &Parsed<Vec<Node>>| read.errors.iter().find(|one| one.message == NOT_YAML).map(|one| one.span.start);
    let Some(end) = stopped(&strict) else { return strict };
    let Some(other) = lenient::on_one_line(&text) else { return strict };
    let lenient = read(&other);
    if stopped(&lenient).is_none_or(|at| at > end) { lenient } else { strict }
}

/// What is said where a document ends because it is none.
const NOT_YAML: &str = "does not follow YAML here";

fn read(text: &str) -> Parsed<Vec<Node>> {
    let mut reader = Reader::new(text);
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        match event {
            Ok((event, marks)) => {
                if reader.event(event, marks).is_none() {
                    break;
                }
            }
            Err(error) => {
                let at = reader.offset(error.marker().index());
                reader.errors.push(SyntaxError { span: Span::new(at, at), message: NOT_YAML.to_owned() });
                break;
            }
        }
    }
    reader.finish()
}

/// The first document; null where there is none.
#[must_use]
pub fn parse(bytes: &[u8]) -> Parsed<Node> {
    let Parsed { value, errors } = parse_documents(bytes);
    Parsed { value: value.into_iter().next().unwrap_or_default(), errors }
}

/// The text, a `?` for each byte that is not UTF-8: a replacement character is longer and would shift every span.
fn same_length(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.into();
    }
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(chunk.invalid().iter().map(|_| '?'));
    }
    out.into()
}

/// Where flow brackets nest past any sense, quotes not looked at.
fn too_deep(bytes: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    bytes.iter().position(|byte| {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > 4 * MAX_DEPTH
    })
}

/// A map or list that is still open.
struct Open {
    node: Node,
    anchor: usize,
    /// The key that waits for its value.
    key: Option<(String, Span)>,
    /// Values of `<<`, to be merged when the map closes.
    merges: Vec<Node>,
}

struct Reader<'a> {
    text: &'a str,
    /// Character index and byte offset of the last look-up, so that a forward walk is linear.
    last: (usize, usize),
    ascii: bool,
    stack: Vec<Open>,
    anchors: HashMap<usize, Node>,
    budget: usize,
    documents: Vec<Node>,
    errors: Vec<SyntaxError>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            last: (0, 0),
            ascii: text.is_ascii(),
            stack: Vec::new(),
            anchors: HashMap::new(),
            budget: ALIAS_BUDGET,
            documents: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// Byte offset of a character index. Marks mostly move forward; a step back starts from the front only
    /// where it is long.
    fn offset(&mut self, index: usize) -> usize {
        if self.ascii {
            return index.min(self.text.len());
        }
        let (mut at, mut byte) = self.last;
        if index < at {
            let back = at - index;
            let mut chars = self.text[..byte].char_indices().rev();
            byte = chars.nth(back - 1).map_or(0, |(offset, _)| offset);
        } else {
            let rest = &self.text[byte..];
            byte += rest.char_indices().nth(index - at).map_or(rest.len(), |(offset, _)| offset);
        }
        at = index;
        self.last = (at, byte);
        byte
    }

    fn span(&mut self, marks: Marks) -> Span {
        let start = self.offset(marks.start.index());
        let end = self.offset(marks.end.index());
        Span::new(start, end)
    }

    /// Takes one event; `None` where reading must stop.
    fn event(&mut self, event: Event<'_>, marks: Marks) -> Option<()> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let span = self.span(marks);
                let (value, tag) = scalar(&text, style, tag.as_deref());
                self.add(Node { span, value, tag }, anchor);
            }
            Event::Alias(id) => {
                let span = self.span(marks);
                let mut node = self.anchors.get(&id).cloned().unwrap_or_default();
                let size = size(&node);
                if size > self.budget {
                    let message = "aliases grow past all measure".to_owned();
                    self.errors.push(SyntaxError { span, message });
                    return None;
                }
                self.budget -= size;
                relocate(&mut node, span);
                self.add(node, 0);
            }
            Event::SequenceStart(anchor, tag) => self.open(Value::List(Vec::new()), marks, anchor, tag.as_deref())?,
            Event::MappingStart(anchor, tag) => self.open(Value::Map(Vec::new()), marks, anchor, tag.as_deref())?,
            Event::SequenceEnd | Event::MappingEnd => self.close(marks),
            Event::DocumentEnd => self.anchors.clear(),
            _ => {}
        }
        Some(())
    }

    fn open(&mut self, value: Value, marks: Marks, anchor: usize, tag: Option<&Tag>) -> Option<()> {
        let span = self.span(marks);
        if self.stack.len() >= MAX_DEPTH {
            self.errors.push(SyntaxError { span, message: "nested too deeply".to_owned() });
            return None;
        }
        let node = Node { span, value, tag: tag.and_then(own_tag) };
        self.stack.push(Open { node, anchor, key: None, merges: Vec::new() });
        Some(())
    }

    fn close(&mut self, marks: Marks) {
        let Some(mut open) = self.stack.pop() else { return };
        // A block collection's end mark stands at the next token: end with the last child instead.
        let end = self.span(marks).end;
        let written = self.text.as_bytes().get(end.saturating_sub(1) as usize);
        let last = last_end(&open.node).max(open.node.span.start);
        let flow = matches!(self.text.as_bytes().get(open.node.span.start as usize), Some(b'[' | b'{'))
            && matches!(written, Some(b']' | b'}'));
        open.node.span.end = if flow { end } else { last };
        merge(&mut open);
        self.add(open.node, open.anchor);
    }

    fn add(&mut self, node: Node, anchor: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(parent) = self.stack.last_mut() else {
            self.documents.push(node);
            return;
        };
        match &mut parent.node.value {
            Value::List(items) => items.push(node),
            Value::Map(entries) => match parent.key.take() {
                None => parent.key = Some((node.scalar().unwrap_or_default().to_owned(), node.span)),
                Some((key, _)) if key == "<<" => parent.merges.push(node),
                Some((key, key_span)) => entries.push(Entry { key, key_span, value: node }),
            },
            _ => {}
        }
    }

    /// Closes what an error left open.
    fn finish(mut self) -> Parsed<Vec<Node>> {
        while let Some(mut open) = self.stack.pop() {
            open.node.span.end = last_end(&open.node).max(open.node.span.start);
            merge(&mut open);
            self.add(open.node, 0);
        }
        Parsed { value: self.documents, errors: self.errors }
    }
}

/// Where a collection's last child ends.
fn last_end(node: &Node) -> u32 {
    let item = node.items().iter().map(|item| item.span.end).max();
    let entry = node.entries().iter().map(|entry| entry.value.span.end.max(entry.key_span.end)).max();
    item.max(entry).unwrap_or(node.span.start)
}

/// Adds what `<<` brings and the map does not set itself (YAML merge key type); an earlier map wins.
fn merge(open: &mut Open) {
    let Value::Map(entries) = &mut open.node.value else { return };
    for merged in std::mem::take(&mut open.merges) {
        let maps = if merged.items().is_empty() { std::slice::from_ref(&merged) } else { merged.items() };
        for entry in maps.iter().flat_map(Node::entries) {
            if !entries.iter().any(|own| own.key == entry.key) {
                entries.push(entry.clone());
            }
        }
        open.node.span.end = open.node.span.end.max(merged.span.end);
    }
}

fn size(node: &Node) -> usize {
    1 + node.items().iter().map(size).sum::<usize>()
        + node.entries().iter().map(|entry| size(&entry.value)).sum::<usize>()
}

/// What an alias stands for lies where the alias stands, so that children stay inside their parents.
fn relocate(node: &mut Node, span: Span) {
    node.span = span;
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| relocate(item, span)),
        Value::Map(entries) => entries.iter_mut().for_each(|entry| {
            entry.key_span = span;
            relocate(&mut entry.value, span);
        }),
        _ => {}
    }
}

/// A tag of the document's own; those of the core schema are resolved instead.
fn own_tag(tag: &Tag) -> Option<Box<str>> {
    (!tag.is_yaml_core_schema()).then(|| tag.suffix.trim_start_matches('!').into())
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> (Value, Option<Box<str>>) {
    let core = tag.filter(|tag| tag.is_yaml_core_schema()).map(|tag| tag.suffix.as_str());
    let own = tag.and_then(own_tag);
    let plain = style == ScalarStyle::Plain && own.is_none() && core != Some("str");
    let value = if plain { plain_scalar(text) } else { Value::String(text.to_owned()) };
    (value, own)
}

/// The core schema's reading of a plain scalar (YAML 1.2.2 section 10.3.2).
fn plain_scalar(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let number = match digits.get(..2) {
        Some("0x") => digits.len() > 2 && digits[2..].bytes().all(|b| b.is_ascii_hexdigit()),
        Some("0o") => digits.len() > 2 && digits[2..].bytes().all(|b| (b'0'..=b'7').contains(&b)),
        _ => digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') && text.parse::<f64>().is_ok(),
    };
    if number { Value::Number(text.into()) } else { Value::String(text.to_owned()) }
}

#[cfg(test)]
mod tests;
