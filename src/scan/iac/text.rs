//! Text of the tree in messages, and lines of it.

/// Text of the tree for a message: one line, no backquote, cut where it is long.
pub fn quoted(text: &str) -> String {
    let mut line: String = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('`', "'");
    if line.chars().count() > 100 {
        line = line.chars().take(99).collect();
        line.push('…');
    }
    format!("`{line}`")
}

/// The same with a capital letter in front, for the beginning of a sentence.
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Where the line of a byte begins.
pub fn line_start(bytes: &[u8], at: usize) -> usize {
    memchr::memrchr(b'\n', &bytes[..at.min(bytes.len())]).map_or(0, |newline| newline + 1)
}

/// Where the line of a byte ends, its terminator left out.
pub fn line_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let end = at + memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    if end > at && bytes.get(end - 1) == Some(&b'\r') { end - 1 } else { end }
}
