//! The head of a Go source file: its imports, without a parser for the rest (Go specification, "Import declarations").

/// The import paths of a file, in its order. Reading ends at the first declaration that is no import; what does not
/// read as Go gives what stood before it.
#[must_use]
pub fn imports(source: &[u8]) -> Vec<&str> {
    let mut words = Words { rest: source.strip_prefix(b"\xef\xbb\xbf").unwrap_or(source) };
    let mut found = Vec::new();
    if words.next() != Some(Word::Name(b"package")) || !matches!(words.next(), Some(Word::Name(_))) {
        return found;
    }
    loop {
        match words.next() {
            Some(Word::Name(b"import")) => {}
            Some(Word::Mark(b';')) => continue,
            _ => return found,
        }
        let mut grouped = false;
        loop {
            match words.next() {
                Some(Word::Text(path)) => found.extend(std::str::from_utf8(path).ok()),
                // The name it goes by here: `alias`, `_`, `.`.
                Some(Word::Name(_) | Word::Mark(b'.' | b';')) => continue,
                Some(Word::Mark(b'(')) if !grouped => grouped = true,
                Some(Word::Mark(b')')) if grouped => break,
                _ => return found,
            }
            if !grouped {
                break;
            }
        }
    }
}

#[derive(PartialEq)]
enum Word<'a> {
    Name(&'a [u8]),
    /// What stands between quotes of either kind; no import path holds an escape.
    Text(&'a [u8]),
    Mark(u8),
}

struct Words<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        loop {
            match *self.rest {
                [b' ' | b'\t' | b'\r' | b'\n', ..] => self.rest = &self.rest[1..],
                [b'/', b'/', ..] => self.skip(memchr::memchr(b'\n', self.rest)?),
                [b'/', b'*', ..] => self.skip(memchr::memmem::find(&self.rest[2..], b"*/")? + 4),
                _ => break,
            }
        }
        let first = *self.rest.first()?;
        if first == b'"' || first == b'`' {
            let end = memchr::memchr2(first, b'\n', &self.rest[1..])? + 1;
            let text = &self.rest[1..end];
            self.skip(end + 1);
            return Some(Word::Text(text));
        }
        let is_name = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric() || byte >= 0x80;
        let length = self.rest.iter().take_while(|&&byte| is_name(byte)).count();
        let name = &self.rest[..length];
        self.skip(length.max(1));
        Some(if length == 0 { Word::Mark(first) } else { Word::Name(name) })
    }
}

impl Words<'_> {
    fn skip(&mut self, count: usize) {
        self.rest = &self.rest[count..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_form_of_an_import_is_read() {
        let source = br#"// Copyright
//go:build linux
/* cgo */
package main; import "a"
import alias "b/c"
import . "d"
import _ `e`
import (
	"f" // why
	/* and */ g "example.org/g/v2"
	. "h"; _ "i"
)
import "C"
var x = "no"
import "late"
"#;
        assert_eq!(imports(source), ["a", "b/c", "d", "e", "f", "example.org/g/v2", "h", "i", "C"]);
        assert!(imports(b"import \"a\"").is_empty(), "no package clause");
        assert_eq!(imports(b"package a\nimport (\n\"b\"\n"), ["b"], "cut off");
        assert!(imports(b"package a\nfunc f() { _ = \"import\" }").is_empty());
    }

    proptest! {
        #[test]
        fn anything_is_read_without_harm(tail in "[a-z\"`/*();._ \n]{0,60}", bytes: Vec<u8>) {
            let _ = imports(&bytes);
            let _ = imports(format!("package a\nimport {tail}").as_bytes());
        }
    }
}
