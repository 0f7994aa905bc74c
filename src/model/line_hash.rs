//! `primaryLocationLineHash`, exactly as code scanning's upload action computes it.

use std::collections::{HashMap, VecDeque};

/// Units one line's hash covers.
const WINDOW: usize = 100;
/// The base of the polynomial.
const BASE: u64 = 37;
/// What follows the last unit.
const END: u16 = 0xFFFF;

/// The hash of each of `lines` (from 1, in any order): a value and how many lines up to that one share it,
/// `c129715d7a2bc9a3:1`; empty for a line the content does not have.
///
/// A line's value is Σ unit·37^k mod 2^64 over the 100 UTF-16 units that begin with the line's first,
/// running on into the following lines, the newest unit with k = 0. Spaces and tabs are skipped, CR and
/// CR LF count as LF, bytes that are not UTF-8 are U+FFFD, one unit 0xFFFF and then zeros follow the end.
#[must_use]
pub fn line_hashes(bytes: &[u8], lines: &[u32]) -> Vec<String> {
    let last = lines.iter().copied().max().unwrap_or_default();
    let wanted: std::collections::BTreeSet<u32> = lines.iter().copied().collect();
    let mut found: HashMap<u32, String> = HashMap::new();
    let mut roll = Rolling::new();
    let mut counts: HashMap<u64, u32> = HashMap::new();
    let mut take = |line: u32, value: u64| {
        let count = counts.entry(value).or_default();
        *count += 1;
        if wanted.contains(&line) {
            found.insert(line, format!("{value:x}:{count}"));
        }
        line >= last
    };
    let zeros = std::iter::repeat_n(0, WINDOW);
    for unit in Units::new(bytes).chain(std::iter::once(END)).chain(zeros) {
        if let Some((line, value)) = roll.push(unit)
            && take(line, value)
        {
            break;
        }
    }
    lines.iter().map(|line| found.get(line).cloned().unwrap_or_default()).collect()
}

/// The last hundred units and their hash.
struct Rolling {
    ring: [u16; WINDOW],
    hash: u64,
    /// 37^100: what leaves the window is worth this much.
    out: u64,
    at: usize,
    line: u32,
    line_begins: bool,
    /// Unit and line, of lines whose window is not full yet.
    pending: VecDeque<(usize, u32)>,
}

impl Rolling {
    fn new() -> Self {
        let out = (0..WINDOW).fold(1_u64, |power, _| power.wrapping_mul(BASE));
        Self { ring: [0; WINDOW], hash: 0, out, at: 0, line: 0, line_begins: true, pending: VecDeque::new() }
    }

    /// Takes one unit; the line whose window it fills, and its value.
    fn push(&mut self, unit: u16) -> Option<(u32, u64)> {
        if self.line_begins {
            self.line += 1;
            self.pending.push_back((self.at, self.line));
        }
        self.line_begins = unit == u16::from(b'\n');
        let slot = self.at % WINDOW;
        let leaving = u64::from(std::mem::replace(&mut self.ring[slot], unit));
        self.hash = self.hash.wrapping_mul(BASE).wrapping_add(u64::from(unit));
        self.hash = self.hash.wrapping_sub(self.out.wrapping_mul(leaving));
        self.at += 1;
        match self.pending.front() {
            Some(&(start, line)) if self.at == start + WINDOW => {
                self.pending.pop_front();
                Some((line, self.hash))
            }
            _ => None,
        }
    }
}

/// The kept UTF-16 units of a content.
struct Units<'a> {
    chunks: std::str::Utf8Chunks<'a>,
    chars: std::str::Chars<'a>,
    replacement: bool,
    low: Option<u16>,
    after_cr: bool,
}

impl<'a> Units<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { chunks: bytes.utf8_chunks(), chars: "".chars(), replacement: false, low: None, after_cr: false }
    }

    fn next_char(&mut self) -> Option<char> {
        loop {
            if let Some(c) = self.chars.next() {
                return Some(c);
            }
            if std::mem::take(&mut self.replacement) {
                return Some(char::REPLACEMENT_CHARACTER);
            }
            let chunk = self.chunks.next()?;
            self.chars = chunk.valid().chars();
            self.replacement = !chunk.invalid().is_empty();
        }
    }
}

impl Iterator for Units<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        if let Some(low) = self.low.take() {
            return Some(low);
        }
        loop {
            let c = self.next_char()?;
            let after_cr = std::mem::take(&mut self.after_cr);
            match c {
                ' ' | '\t' => {}
                '\n' if after_cr => {}
                '\r' => {
                    self.after_cr = true;
                    return Some(u16::from(b'\n'));
                }
                c => {
                    let mut pair = [0; 2];
                    let units = c.encode_utf16(&mut pair);
                    let first = units[0];
                    self.low = units.get(1).copied();
                    return Some(first);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition, word for word.
    fn slow(bytes: &[u8]) -> Vec<String> {
        let mut units = Vec::new();
        let mut cr = false;
        for unit in String::from_utf8_lossy(bytes).encode_utf16() {
            let after_cr = std::mem::take(&mut cr);
            match unit {
                0x20 | 0x09 => {}
                0x0A if after_cr => {}
                0x0D => {
                    cr = true;
                    units.push(0x0A);
                }
                unit => units.push(unit),
            }
        }
        units.push(0xFFFF);
        let mut starts = vec![0];
        starts.extend((0..units.len()).filter(|&at| units[at] == 0x0A).map(|at| at + 1));
        let mut counts = HashMap::new();
        let mut hashes = Vec::new();
        for start in starts {
            let hash = (0..100).fold(0_u64, |hash, k| {
                hash.wrapping_mul(37).wrapping_add(u64::from(units.get(start + k).copied().unwrap_or(0)))
            });
            let count = counts.entry(hash).or_insert(0);
            *count += 1;
            hashes.push(format!("{hash:x}:{count}"));
        }
        hashes
    }

    #[test]
    fn the_empty_last_line_has_the_known_value() {
        assert_eq!(line_hashes(b"a\n", &[2]), ["c129715d7a2bc9a3:1"]);
        assert_eq!(line_hashes(b"a", &[2]), [""], "there is no second line");
    }

    #[test]
    fn equal_lines_are_counted_and_line_ends_are_one() {
        let text = "x\n".repeat(300);
        let hashes = line_hashes(text.as_bytes(), &[1, 2, 300]);
        assert!(hashes[0].ends_with(":1") && hashes[1].ends_with(":2"));
        assert_eq!(line_hashes(b"a\r\nb\rc\n", &[1, 2, 3]), line_hashes(b" a\nb\n\tc\n", &[1, 2, 3]));
    }

    proptest! {
        #[test]
        fn it_equals_the_definition(text in "[ab \t\r\n\u{ffff}é😀]{0,400}", bad in proptest::bool::ANY) {
            let mut bytes = text.into_bytes();
            if bad { bytes.insert(bytes.len() / 2, 0xFF); }
            let expected = slow(&bytes);
            let lines: Vec<u32> = (1..=u32::try_from(expected.len()).unwrap()).collect();
            prop_assert_eq!(line_hashes(&bytes, &lines), expected);
        }
    }
}
