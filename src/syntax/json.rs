//! JSON (RFC 8259) with byte spans, and the dialect with comments and trailing commas.

use super::{Entry, Node, Parsed, SyntaxError, Value};
use crate::model::Span;

/// Deeper values are cut off with an error, so that no document exhausts the stack.
const MAX_DEPTH: usize = 128;

/// Reads one JSON document. What follows an error in the same value is not read; what came before it is
/// kept.
#[must_use]
pub fn parse(bytes: &[u8]) -> Parsed<Node> {
    parse_without(bytes, |_, _| false)
}

/// As [`parse`], without the members that `dropped` names by depth (0 for those of the outermost map) and key. They are
/// read, and errors in them told; only nothing is kept of them.
#[must_use]
pub fn parse_without(bytes: &[u8], dropped: fn(usize, &str) -> bool) -> Parsed<Node> {
    Reader { bytes, at: bom(bytes), errors: Vec::new(), relaxed: false, dropped }.document()
}

/// As [`parse`], with `//` and `/* */` comments and trailing commas (`bun.lock`, `tsconfig.json`).
#[must_use]
pub fn parse_jsonc(bytes: &[u8]) -> Parsed<Node> {
    Reader { bytes, at: bom(bytes), errors: Vec::new(), relaxed: true, dropped: |_, _| false }.document()
}

/// Length of a UTF-8 byte order mark at the start.
fn bom(bytes: &[u8]) -> usize {
    if bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 }
}

/// The value ends here: an error was noted, or nesting went too deep.
struct Stop;

type Step<T> = Result<T, Stop>;

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    errors: Vec<SyntaxError>,
    relaxed: bool,
    dropped: fn(usize, &str) -> bool,
}

impl Reader<'_> {
    fn document(mut self) -> Parsed<Node> {
        self.space();
        let (value, finished) = self.value(0);
        if finished.is_ok() {
            self.space();
            if self.at < self.bytes.len() {
                self.error("expected the end of the document");
            }
        }
        Parsed { value, errors: self.errors }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn error(&mut self, message: &str) -> Stop {
        let end = (self.at + 1).min(self.bytes.len());
        self.errors.push(SyntaxError { span: Span::new(self.at, end), message: message.to_owned() });
        Stop
    }

    fn space(&mut self) {
        loop {
            while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
                self.at += 1;
            }
            if !self.relaxed || self.peek() != Some(b'/') {
                return;
            }
            let rest = &self.bytes[self.at..];
            let length = match rest.get(1) {
                Some(b'/') => memchr::memchr(b'\n', rest),
                Some(b'*') => memchr::memmem::find(rest, b"*/").map(|end| end + 2),
                _ => return,
            };
            self.at += length.unwrap_or(rest.len());
        }
    }

    /// One value; even where it stops early, what was read of it is returned.
    fn value(&mut self, depth: usize) -> (Node, Step<()>) {
        let start = self.at;
        let mut value = Value::Null;
        let step = if depth > MAX_DEPTH {
            Err(self.error("nested too deeply"))
        } else {
            match self.peek() {
                Some(b'{') => self.map(depth, &mut value),
                Some(b'[') => self.list(depth, &mut value),
                Some(b'"') => self.string().map(|text| value = Value::String(text)),
                Some(b'-' | b'0'..=b'9') => self.number().map(|text| value = Value::Number(text)),
                Some(b't') => self.word(b"true").map(|()| value = Value::Bool(true)),
                Some(b'f') => self.word(b"false").map(|()| value = Value::Bool(false)),
                Some(b'n') => self.word(b"null"),
                _ => Err(self.error("expected a value")),
            }
        };
        (Node::new(Span::new(start, self.at), value), step)
    }

    fn word(&mut self, word: &[u8]) -> Step<()> {
        if !self.bytes[self.at..].starts_with(word) {
            return Err(self.error("expected a value"));
        }
        self.at += word.len();
        Ok(())
    }

    fn number(&mut self) -> Step<Box<str>> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')) {
            self.at += 1;
        }
        let text = std::str::from_utf8(&self.bytes[start..self.at]).unwrap_or_default();
        if text.parse::<f64>().is_err() {
            self.at = start;
            return Err(self.error("expected a number"));
        }
        Ok(text.into())
    }

    fn list(&mut self, depth: usize, value: &mut Value) -> Step<()> {
        self.at += 1;
        *value = Value::List(Vec::new());
        let Value::List(items) = value else { return Ok(()) };
        loop {
            self.space();
            if self.peek() == Some(b']') && (items.is_empty() || self.relaxed) {
                break;
            }
            let (item, step) = self.value(depth + 1);
            items.push(item);
            step?;
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return Err(self.error("expected `,` or `]`")),
            }
        }
        self.at += 1;
        items.shrink_to_fit();
        Ok(())
    }

    fn map(&mut self, depth: usize, value: &mut Value) -> Step<()> {
        self.at += 1;
        *value = Value::Map(Vec::new());
        let Value::Map(entries) = value else { return Ok(()) };
        let mut first = true;
        loop {
            self.space();
            if self.peek() == Some(b'}') && (first || self.relaxed) {
                break;
            }
            first = false;
            let key_start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.error("expected a key in double quotes"));
            }
            let key = self.string()?;
            let key_span = Span::new(key_start, self.at);
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.error("expected `:`"));
            }
            self.at += 1;
            self.space();
            if (self.dropped)(depth, &key) {
                self.skip(depth + 1)?;
            } else {
                let (value, step) = self.value(depth + 1);
                entries.push(Entry { key, key_span, value });
                step?;
            }
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return Err(self.error("expected `,` or `}`")),
            }
        }
        self.at += 1;
        entries.shrink_to_fit();
        Ok(())
    }

    /// A value of which nothing is kept.
    fn skip(&mut self, depth: usize) -> Step<()> {
        let plain = match self.bytes.get(self.at + 1..).filter(|_| self.peek() == Some(b'"')) {
            Some(rest) => memchr::memchr2(b'"', b'\\', rest).filter(|&end| rest[end] == b'"'),
            None => None,
        };
        match plain {
            Some(length) => {
                self.at += length + 2;
                Ok(())
            }
            None => self.value(depth).1,
        }
    }

    fn string(&mut self) -> Step<String> {
        self.at += 1;
        let mut text = Vec::new();
        loop {
            let rest = &self.bytes[self.at..];
            let Some(stop) = memchr::memchr2(b'"', b'\\', rest) else {
                self.at = self.bytes.len();
                return Err(self.error("a string without an end"));
            };
            text.extend_from_slice(&rest[..stop]);
            self.at += stop + 1;
            if rest[stop] == b'"' {
                return Ok(
                    String::from_utf8(text).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
                );
            }
            self.escape(&mut text)?;
        }
    }

    fn escape(&mut self, text: &mut Vec<u8>) -> Step<()> {
        let letter = self.peek();
        self.at += 1;
        text.push(match letter {
            Some(plain @ (b'"' | b'\\' | b'/')) => plain,
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => {
                let unit = self.unit()?;
                let c = self.scalar(unit)?;
                text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => {
                self.at = (self.at - 1).min(self.bytes.len());
                return Err(self.error("an unknown escape"));
            }
        });
        Ok(())
    }

    /// A UTF-16 unit; a high surrogate takes the low one that follows, else stands for U+FFFD.
    fn scalar(&mut self, unit: u16) -> Step<char> {
        if (0xD800..0xDC00).contains(&unit) && self.bytes[self.at..].starts_with(b"\\u") {
            let before = self.at;
            self.at += 2;
            let low = self.unit()?;
            if let Some(Ok(c)) = char::decode_utf16([unit, low]).next() {
                return Ok(c);
            }
            self.at = before;
        }
        Ok(char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn unit(&mut self) -> Step<u16> {
        let digits = self.bytes.get(self.at..self.at + 4).and_then(|four| std::str::from_utf8(four).ok());
        match digits.filter(|four| !four.starts_with('+')).and_then(|four| u16::from_str_radix(four, 16).ok()) {
            Some(unit) => {
                self.at += 4;
                Ok(unit)
            }
            None => Err(self.error("expected four hexadecimal digits")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_dropped_is_still_read() {
        let dropped = |depth: usize, key: &str| depth == 1 && key == "x";
        let text = br#"{"x": {"x": "a", "b": 1, "c": "d"}, "y": {"x": ["\"", {"x": 1}]}}"#;
        let parsed = parse_without(text, dropped);
        assert_eq!(parsed.errors, []);
        let keys = |at: &str| -> Vec<String> {
            parsed.value.get(at).unwrap().entries().iter().map(|entry| entry.key.clone()).collect()
        };
        assert_eq!((keys("x"), keys("y")), (vec!["b".to_owned(), "c".to_owned()], Vec::new()));
        for bad in [&br#"{"y": {"x": "a}}"#[..], br#"{"y": {"x": "\q"}}"#, br#"{"y": {"x": }}"#, br#"{"y": {"x": [1}}"#]
        {
            assert_eq!(parse_without(bad, dropped).errors, parse(bad).errors);
            assert_eq!(parse(bad).errors.len(), 1);
        }
    }

    #[test]
    fn every_node_knows_its_bytes() {
        let text = br#"{"a": [1, "x\u00e9\ud83d\ude00"], "b": null}"#;
        let parsed = parse(text);
        assert_eq!(parsed.errors, []);
        let a = parsed.value.entry("a").expect("a");
        assert_eq!(a.key_span.of(text), b"\"a\"");
        assert_eq!(a.value.items()[0].span.of(text), b"1");
        assert_eq!(a.value.items()[1].as_str(), Some("xé😀"));
    }

    #[test]
    fn what_came_before_an_error_is_kept() {
        let parsed = parse(br#"{"a": {"b": 1, "c": }}"#);
        assert_eq!(parsed.errors.len(), 1);
        assert_eq!(parsed.errors[0].span.start, 20);
        assert_eq!(parsed.value.at(&["a", "b"]).and_then(Node::as_f64), Some(1.0));
        assert_eq!(parse(&b"[".repeat(100_000)).errors.len(), 1);
    }

    #[test]
    fn comments_and_trailing_commas_are_a_dialect() {
        let text = b"{ // one\n \"a\": [1, /* two */ 2,], }";
        assert_eq!(parse_jsonc(text).value.get("a").map(|a| a.items().len()), Some(2));
        assert_eq!(parse_jsonc(text).errors, []);
        assert_eq!(parse(text).errors.len(), 1);
    }

    pub(crate) fn inside(node: &Node, outer: Span) -> bool {
        outer.contains(node.span)
            && node.items().iter().all(|item| inside(item, node.span))
            && node.entries().iter().all(|e| node.span.contains(e.key_span) && inside(&e.value, node.span))
    }

    proptest! {
        #[test]
        fn any_bytes_give_spans_inside(bytes in prop::collection::vec(prop::sample::select(&b"{}[]:,\"\\u0019aftrue/*\n "[..]), 0..200)) {
            for parsed in [parse(&bytes), parse_jsonc(&bytes)] {
                prop_assert!(inside(&parsed.value, Span::new(0, bytes.len())));
            }
        }

        #[test]
        fn what_serde_json_reads_we_read(value in "[a-z\\\\\"\n\u{e9}\u{1F600}]{0,20}", number in any::<i32>()) {
            let text = serde_json::json!({"k": [value, number, true, null]}).to_string();
            let parsed = parse(text.as_bytes());
            prop_assert_eq!(&parsed.errors, &[]);
            let items = parsed.value.get("k").map(Node::items).unwrap_or_default().to_vec();
            prop_assert_eq!(items[0].as_str(), Some(value.as_str()));
            prop_assert_eq!(items[1].as_f64(), Some(f64::from(number)));
        }
    }
}
