//! Base64 over several lines, as mail (RFC 2045, 6.8), PEM and YAML's block scalars have it.

use super::undone;
use crate::scan::secrets::runs::is_token;

/// Lines of one text.
const MOST: usize = 256;
/// Bytes of a mark before each line.
const MARK: usize = 8;
/// Ends of lines, as they stand or as a literal has them.
const BREAKS: &[&[u8]] = &[b"\n", b"\r\n", b"\\n", b"\\r\\n", b"\\\n"];
/// Blanks before each line.
const INDENT: usize = 40;

/// The end of the text that begins with the run at `start..end` and goes on in lines of base64 alone, and what it says if
/// that is text. None where the next line is another.
pub(in super::super) fn block(bytes: &[u8], start: usize, end: usize) -> Option<(usize, Option<Vec<u8>>)> {
    let mark = mark(bytes, start);
    let mut last = end;
    let mut text: Vec<u8> = Vec::new();
    let mut width = None;
    for _ in 0..MOST {
        let Some((from, to)) = next_line(bytes, last, mark) else { break };
        // All lines but the last are of one length.
        if to - from > *width.get_or_insert(to - from) {
            break;
        }
        if text.is_empty() {
            text.extend_from_slice(&bytes[start..end]);
        }
        let short = Some(to - from) < width;
        text.extend(bytes[from..to].iter().filter(|b| **b != b'='));
        last = to;
        if short || bytes[to - 1] == b'=' {
            break;
        }
    }
    (last > end).then(|| (last, undone(&text)))
}

/// What every line may begin with where the first one does, whose run stands at `start`: `# `, `> `, ` * `.
fn mark(bytes: &[u8], start: usize) -> &[u8] {
    let before = &bytes[start.saturating_sub(MARK)..start];
    let line = before.iter().rposition(|b| *b == b'\n').map(|gap| &before[gap + 1..]);
    let line = line.or((start <= MARK).then_some(before)).unwrap_or_default();
    let marks = line.iter().all(|b| b.is_ascii_punctuation() || *b == b' ') && !line.trim_ascii().is_empty();
    if marks { line } else { b"" }
}

/// The line behind the one that ends at `end`, if it holds base64 alone: where that begins and ends.
fn next_line(bytes: &[u8], end: usize, mark: &[u8]) -> Option<(usize, usize)> {
    let rest = bytes.get(end..)?;
    let newline = BREAKS.iter().find(|written| rest.starts_with(written))?.len();
    let newline = newline + if rest[newline..].starts_with(mark) { mark.len() } else { 0 };
    let blanks = rest[newline..].iter().take(INDENT).take_while(|b| matches!(b, b' ' | b'\t')).count();
    let from = newline + blanks;
    let length = rest[from..].iter().take_while(|b| is_token(**b)).count();
    let padding = rest[from + length..].iter().take(2).take_while(|b| **b == b'=').count();
    let to = from + length + padding;
    let whole = rest.get(to).is_none_or(|b| matches!(b, b'\n' | b'\r' | b'\\' | b'"' | b'\''));
    (length > 0 && whole).then_some((end + from, end + to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;

    #[test]
    fn lines_of_any_break_and_indent_are_one_text() {
        let plain = "a text that is long enough for some lines, and then a little longer, with an end";
        let text = base64::engine::general_purpose::STANDARD.encode(plain);
        let lines: Vec<&str> = text.as_bytes().chunks(28).map(|line| std::str::from_utf8(line).unwrap()).collect();
        for between in ["\n", "\r\n", "\n    ", "\n\t", "\\n", "\\r\\n", "\\\n"] {
            let wrapped = format!("key: {}\nother: 1\n", lines.join(between));
            let (end, said) = block(wrapped.as_bytes(), 5, 33).unwrap();
            assert_eq!(&wrapped[end..], "\nother: 1\n");
            assert_eq!(said.as_deref(), Some(plain.as_bytes()));
        }
        for mark in ["# ", "> ", " * ", "// "] {
            let wrapped = format!("x\n{mark}{}\nother: 1\n", lines.join(&format!("\n{mark}")));
            let (end, said) = block(wrapped.as_bytes(), 2 + mark.len(), 30 + mark.len()).unwrap();
            assert_eq!((&wrapped[end..], said.as_deref()), ("\nother: 1\n", Some(plain.as_bytes())));
        }
        assert!(block(format!("{}\n", lines[0]).as_bytes(), 0, 28).is_none());
    }

    proptest::proptest! {
        #[test]
        fn any_lines_are_read(text in "([a-zA-Z0-9+/]{0,30}=?\r?\n ?){0,8}") {
            for at in 0..=text.len() {
                if let Some((end, _)) = block(text.as_bytes(), 0, at) {
                    proptest::prop_assert!(end <= text.len());
                }
            }
        }
    }
}
