//! Byte offsets, lines and columns.

/// A half-open range of byte offsets, `start..end`, in one input's content.
///
/// Offsets count bytes of the content a scanner saw ([`crate::model::Input::bytes`]), from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte, from 0.
    pub start: u32,
    /// One past the last byte; never below `start`.
    pub end: u32,
}

impl Span {
    /// A span from `usize` offsets, saturated to `u32` (an input is never longer than 4 GiB).
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        let start = u32::try_from(start).unwrap_or(u32::MAX);
        let end = u32::try_from(end).unwrap_or(u32::MAX);
        Self { start, end: end.max(start) }
    }

    /// The bytes of `content` inside the span; empty where the span leaves the content.
    #[must_use]
    pub fn of(self, content: &[u8]) -> &[u8] {
        content.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// True where the span holds no byte.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// True where `other` lies inside this span, ends included.
    #[must_use]
    pub fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// True where the two share at least one byte.
    #[must_use]
    pub fn overlaps(self, other: Span) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// The smallest span that holds both.
    #[must_use]
    pub fn join(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// How a column counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// UTF-16 code units, as SARIF's `utf16CodeUnits` and most editors.
    Utf16,
    /// Unicode code points, as terminals and compilers print.
    CodePoints,
}

/// A place a person can find: line and column, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// From 1.
    pub line: u32,
    /// From 1, in the unit the caller asked for.
    pub column: u32,
}

/// Where each line of one content begins.
///
/// A line ends at LF, CR LF, or a CR alone (as code scanning counts them); the terminator belongs to
/// the line it ends.
#[derive(Clone, Debug)]
pub struct LineIndex {
    starts: Vec<u32>,
    /// In lines longer than [`STRIDE`], so that a column is not counted from the start of a line of megabytes.
    marks: Vec<Mark>,
}

/// Bytes between two marks.
const STRIDE: usize = 4096;

/// A byte offset between two characters, and how many units of its line stand before it.
#[derive(Clone, Copy, Debug)]
struct Mark {
    at: u32,
    utf16: u32,
    points: u32,
}

impl LineIndex {
    /// Reads `content` once.
    #[must_use]
    pub fn new(content: &[u8]) -> Self {
        let mut starts = vec![0];
        for at in memchr::memchr2_iter(b'\n', b'\r', content) {
            if content[at] == b'\r' && content.get(at + 1) == Some(&b'\n') {
                continue;
            }
            starts.push(u32::try_from(at + 1).unwrap_or(u32::MAX));
        }
        let mut marks = Vec::new();
        for (index, &start) in starts.iter().enumerate() {
            let end = starts.get(index + 1).map_or(content.len(), |&next| next as usize);
            if end.saturating_sub(start as usize) > STRIDE {
                mark(start as usize, end, content, &mut marks);
            }
        }
        Self { starts, marks }
    }

    /// Number of lines; content that ends with a line end has an empty last line.
    #[must_use]
    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// The line of a byte offset, from 1. An offset past the end belongs to the last line.
    #[must_use]
    pub fn line_of(&self, offset: u32) -> u32 {
        u32::try_from(self.starts.partition_point(|&start| start <= offset)).unwrap_or(u32::MAX).max(1)
    }

    /// Byte span of a line (from 1) without its terminator; empty past the last line.
    #[must_use]
    pub fn line_span(&self, line: u32, content: &[u8]) -> Span {
        let index = line.saturating_sub(1) as usize;
        let Some(&start) = self.starts.get(index) else {
            return Span::new(content.len(), content.len());
        };
        let mut end = self.starts.get(index + 1).map_or(content.len(), |&next| next as usize);
        while end > start as usize && matches!(content.get(end - 1), Some(b'\n' | b'\r')) {
            end -= 1;
        }
        Span::new(start as usize, end)
    }

    /// Line and column of a byte offset. Bytes that are not UTF-8 count as one unit each.
    #[must_use]
    pub fn position(&self, offset: u32, content: &[u8], kind: ColumnKind) -> Position {
        let line = self.line_of(offset);
        let start = self.starts.get(line as usize - 1).copied().unwrap_or_default();
        let passed = self.marks.partition_point(|mark| mark.at <= offset);
        let mark = self.marks[..passed].last().filter(|mark| mark.at >= start);
        let (from, counted) = match (mark, kind) {
            (None, _) => (start, 0),
            (Some(mark), ColumnKind::Utf16) => (mark.at, mark.utf16),
            (Some(mark), ColumnKind::CodePoints) => (mark.at, mark.points),
        };
        let before = Span::new(from as usize, (offset as usize).min(content.len())).of(content);
        let units = counted as usize + units(before, kind);
        Position { line, column: u32::try_from(units + 1).unwrap_or(u32::MAX) }
    }
}

/// Bytes that are not UTF-8 count as one unit each.
fn units(text: &[u8], kind: ColumnKind) -> usize {
    let of = |valid: &str| match kind {
        ColumnKind::Utf16 => valid.encode_utf16().count(),
        ColumnKind::CodePoints => valid.chars().count(),
    };
    text.utf8_chunks().map(|chunk| of(chunk.valid()) + chunk.invalid().len()).sum()
}

/// Marks the line `start..end`.
fn mark(start: usize, end: usize, content: &[u8], marks: &mut Vec<Mark>) {
    let (mut from, mut utf16, mut points) = (start, 0, 0);
    while end - from > STRIDE + 4 {
        // Where four bytes in a row continue a character, none of them is part of one.
        let continues = |at: &usize| content.get(*at).is_some_and(|byte| byte & 0xC0 == 0x80);
        let at = from + STRIDE;
        let at = (at..at + 3).find(|at| !continues(at)).unwrap_or(at + 3);
        utf16 += units(&content[from..at], ColumnKind::Utf16);
        points += units(&content[from..at], ColumnKind::CodePoints);
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        marks.push(Mark { at: number(at), utf16: number(utf16), points: number(points) });
        from = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counted from the start of the line.
    fn slow(lines: &LineIndex, offset: usize, content: &[u8], kind: ColumnKind) -> u32 {
        let line = lines.line_span(lines.line_of(u32::try_from(offset).unwrap()), content);
        u32::try_from(units(&content[line.start as usize..offset], kind) + 1).unwrap()
    }

    #[test]
    fn columns_in_long_lines_are_those_counted_from_the_start() {
        let bad = b"\x80\x80\x80\x80\x80\xe2\x82".repeat(2_000);
        let texts = ["é😀x".repeat(3_000).into_bytes(), "a\n".repeat(3).into_bytes(), bad, vec![b'a'; 9_000]];
        let content = texts.join(&b'\n');
        let lines = LineIndex::new(&content);
        assert!(lines.marks.len() > 6);
        for offset in (0..content.len()).step_by(61) {
            for kind in [ColumnKind::Utf16, ColumnKind::CodePoints] {
                let found = lines.position(u32::try_from(offset).unwrap(), &content, kind).column;
                // Behind a line's terminator the line is another.
                if lines.line_span(lines.line_of(u32::try_from(offset).unwrap()), &content).end as usize >= offset {
                    assert_eq!(found, slow(&lines, offset, &content, kind), "{offset} {kind:?}");
                }
            }
        }
    }

    #[test]
    fn lines_end_at_lf_crlf_and_cr() {
        let content = b"a\nbc\r\nd\re";
        let lines = LineIndex::new(content);
        assert_eq!(lines.count(), 4);
        assert_eq!(lines.line_span(2, content).of(content), b"bc");
        assert_eq!(lines.line_of(7), 3, "the CR after d belongs to d's line");
        assert_eq!(lines.line_of(8), 4);
        assert_eq!(lines.line_span(9, content).of(content), b"");
    }

    #[test]
    fn columns_count_in_the_unit_asked_for() {
        let content = "é😀x".as_bytes();
        let lines = LineIndex::new(content);
        let at = |kind| lines.position(6, content, kind).column;
        assert_eq!(at(ColumnKind::Utf16), 4);
        assert_eq!(at(ColumnKind::CodePoints), 3);
        assert_eq!(lines.position(1, b"\xff\xffz", ColumnKind::Utf16).column, 2);
    }
}
