//! TOML with byte spans.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Entry, Node, Parsed, SyntaxError, Value};
use crate::model::Span;

/// Reads one document; after errors, what could be read of it.
#[must_use]
pub fn parse(bytes: &[u8]) -> Parsed<Node> {
    let text = String::from_utf8_lossy(bytes);
    let whole = Span::new(0, bytes.len());
    let (table, errors) = DeTable::parse_recoverable(&text);
    let errors = errors.iter().map(|error| {
        let span = error.span().unwrap_or_default();
        let span = Span::new(span.start.min(bytes.len()), span.end.min(bytes.len()));
        SyntaxError { span, message: error.message().lines().next().unwrap_or_default().to_owned() }
    });
    let errors = errors.collect();
    let value = Value::Map(entries(table.into_inner()));
    Parsed { value: Node::new(whole, value), errors }
}

fn entries(table: DeTable<'_>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = table
        .into_iter()
        .map(|(key, value)| {
            let span = key.span();
            Entry { key: key.into_inner().into_owned(), key_span: Span::new(span.start, span.end), value: node(value) }
        })
        .collect();
    // The library sorts by name: put the members back into the order of the text.
    entries.sort_by_key(|entry| entry.key_span);
    entries
}

fn node(value: Spanned<DeValue<'_>>) -> Node {
    let span = value.span();
    let value = match value.into_inner() {
        DeValue::String(text) => Value::String(text.into_owned()),
        DeValue::Integer(number) => Value::Number(number.to_string().into()),
        DeValue::Float(number) => Value::Number(number.to_string().into()),
        DeValue::Boolean(value) => Value::Bool(value),
        DeValue::Datetime(date) => Value::String(date.to_string()),
        DeValue::Array(items) => Value::List(items.into_iter().map(node).collect()),
        DeValue::Table(table) => Value::Map(entries(table)),
    };
    Node::new(Span::new(span.start, span.end), value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_and_values_know_their_bytes() {
        let text = b"[package]\nname = \"x\"\n\n[[bin]]\npath = 'a'\n";
        let parsed = parse(text);
        assert_eq!(parsed.errors, []);
        assert_eq!(parsed.value.at(&["package", "name"]).map(|name| name.span.of(text)), Some(&b"\"x\""[..]));
        let bin = parsed.value.get("bin").expect("bin");
        assert_eq!(bin.items()[0].entry("path").map(|path| path.key_span.of(text)), Some(&b"path"[..]));
    }

    #[test]
    fn an_error_costs_its_line() {
        let parsed = parse(b"a = 1\nb = = 2\n");
        assert!(!parsed.errors.is_empty());
        assert_eq!(parsed.value.get("a").and_then(Node::as_f64), Some(1.0));
    }
}
