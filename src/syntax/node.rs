//! The tree that JSON, YAML, TOML and HCL all become.

use crate::model::Span;

/// What a parser understood, and where it did not. Parsing has no other way to fail.
#[derive(Clone, Debug, Default)]
pub struct Parsed<T> {
    /// What was understood.
    pub value: T,
    /// Where it was not, in the order of the text.
    pub errors: Vec<SyntaxError>,
}

/// A place that does not follow the format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where; may be empty, lies inside the content.
    pub span: Span,
    /// A lower-case fragment: "expected `,` or `}`". Free of the scanned text.
    pub message: String,
}

/// One value of a document. Its span lies inside its parent's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// The value's bytes; for a YAML alias, those of the alias.
    pub span: Span,
    /// What it is.
    pub value: Value,
    /// A YAML tag without its leading `!` (`Sub`, `GetAtt`); core-schema tags are resolved and left out.
    pub tag: Option<Box<str>>,
}

/// What a node is.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Nothing, or an explicit null.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A number as written; [`Node::as_f64`] reads it.
    Number(Box<str>),
    /// Text after escapes; the span still covers what was written.
    String(String),
    /// In order.
    List(Vec<Node>),
    /// In order; keys may repeat, the last one counts.
    Map(Vec<Entry>),
}

/// One member of a map.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key as text.
    pub key: String,
    /// Where the key stands.
    pub key_span: Span,
    /// Its value.
    pub value: Node,
}

impl Node {
    /// A node without a tag.
    #[must_use]
    pub fn new(span: Span, value: Value) -> Self {
        Self { span, value, tag: None }
    }

    /// The value of a member; the last one where a key repeats. `None` on anything but a map.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The member of that name; the last one where a key repeats.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().rev().find(|entry| entry.key == key)
    }

    /// Follows keys from map to map.
    #[must_use]
    pub fn at(&self, keys: &[&str]) -> Option<&Node> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The members; empty on anything but a map.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items; empty on anything but a list.
    #[must_use]
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The text of any scalar but null: strings, numbers and booleans as written.
    #[must_use]
    pub fn scalar(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            Value::Number(text) => Some(text),
            Value::Bool(true) => Some("true"),
            Value::Bool(false) => Some("false"),
            _ => None,
        }
    }

    /// A boolean.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self.value {
            Value::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// A number; hexadecimal and octal forms of YAML 1.2 too.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        let Value::Number(text) = &self.value else { return None };
        let digits = |prefix, radix| text.strip_prefix(prefix).and_then(|t| i64::from_str_radix(t, radix).ok());
        if let Some(value) = digits("0x", 16).or_else(|| digits("0o", 8)) {
            return Some(value as f64);
        }
        text.parse().ok()
    }

    /// True for null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.value == Value::Null
    }
}
