//! Dumps of bytes as `xxd`, `hexdump -C` and packet analysers print them: an offset, hexadecimal digits, perhaps the text.

use super::SHORTEST;

/// Bytes of one line, as text.
const LINE: usize = 120;
/// Bytes that a line dumps.
const ROW: usize = 32;
/// Lines of one dump.
const MOST: usize = 512;
/// Digits of an offset.
const OFFSET: std::ops::RangeInclusive<usize> = 4..=16;

/// The dump whose line `at` is in: its region, and the bytes of it.
pub(super) fn dump(bytes: &[u8], at: usize, floor: usize) -> Option<(usize, usize, Vec<u8>)> {
    let (start, mut plain, mut end) = row_at(bytes, at)?;
    let mut from = start;
    // The lines before it, while they are of the same dump.
    for _ in 0..MOST {
        let Some((before, row, _)) = from.checked_sub(1).filter(|at| *at > floor).and_then(|at| row_at(bytes, at))
        else {
            break;
        };
        plain.splice(0..0, row);
        from = before;
    }
    for _ in 0..MOST {
        let Some((_, row, to)) = bytes.get(end + 1).and_then(|_| row_at(bytes, end + 1)) else { break };
        plain.extend(row);
        end = to;
    }
    (plain.len() >= SHORTEST).then_some((from, end, plain))
}

/// The line that `at` is in: where it begins, what it dumps, and where it ends.
fn row_at(bytes: &[u8], at: usize) -> Option<(usize, Vec<u8>, usize)> {
    let floor = at.saturating_sub(LINE);
    let start = bytes[floor..at].iter().rposition(|b| *b == b'\n').map(|gap| floor + gap + 1);
    let start = start.or((floor == 0).then_some(0))?;
    let line = &bytes[start..bytes.len().min(start + LINE)];
    let end = memchr::memchr(b'\n', line).or((start + line.len() == bytes.len()).then_some(line.len()))?;
    let line = &line[..end];
    let indent = line.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    let digits = line[indent..].strip_prefix(b"0x").unwrap_or(&line[indent..]);
    let offset = digits.iter().take_while(|b| b.is_ascii_hexdigit()).count();
    let rest = digits.get(offset..).filter(|_| OFFSET.contains(&offset))?;
    let mut rest = rest.strip_prefix(b":").unwrap_or(rest);
    let mut row = Vec::new();
    loop {
        let blanks = rest.iter().take_while(|b| **b == b' ').count();
        // Two blanks part the halves of a line, more or a mark what is text.
        let group = rest[blanks..].iter().take_while(|b| b.is_ascii_hexdigit()).count();
        let bounded = rest.get(blanks + group).is_none_or(|b| matches!(b, b' ' | b'\r'));
        if blanks == 0 || !row.is_empty() && blanks > 2 || !matches!(group, 2 | 4 | 8) || !bounded || row.len() >= ROW {
            break;
        }
        let value = |two: &[u8; 2]| super::numbers::number(two, 16);
        row.extend(rest[blanks..blanks + group].as_chunks::<2>().0.iter().filter_map(value));
        rest = &rest[blanks + group..];
        // `xxd` parts its text by two blanks after 16 bytes.
        if row.len() == 16 && rest.starts_with(b"  ") {
            break;
        }
    }
    (row.len() >= 2).then_some((start, row, start + end))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"key = a1b2c3d4e5f6g7h8 and more of it";

    fn rows(line: impl Fn(usize, &[u8]) -> String) -> String {
        TEXT.chunks(16).enumerate().map(|(at, row)| line(at * 16, row)).collect()
    }

    #[test]
    fn dumps_of_tools_are_read() {
        let text = |row: &[u8]| String::from_utf8(row.to_vec()).unwrap();
        let pairs = |row: &[u8]| row.iter().map(|b| format!(" {b:02x}")).collect::<String>();
        let fours = |row: &[u8]| {
            row.chunks(2)
                .map(|two| two.iter().map(|b| format!("{b:02x}")).collect::<String>() + " ")
                .collect::<String>()
        };
        for dumped in [
            rows(|at, row| format!("{at:08x}: {:40} {}\n", fours(row), text(row))),
            rows(|at, row| format!("{at:08x} {:49}  |{}|\n", pairs(row), text(row))),
            rows(|at, row| format!("\t0x{at:04x}:  {:40} {}\n", fours(row), text(row))),
            rows(|at, row| format!("{at:04x} {:50}  {}\n", pairs(row), text(row))),
        ] {
            for before in ["", "a dump:\n"] {
                let all = format!("{before}{dumped}end\n");
                for at in [before.len() + 20, before.len() + dumped.len() / 2] {
                    let (start, end, plain) = dump(all.as_bytes(), at, 0).unwrap();
                    assert_eq!(plain, TEXT, "{dumped}");
                    assert_eq!((start, end), (before.len(), before.len() + dumped.len() - 1));
                }
            }
        }
        for other in ["2026 12 24 11 30\n", "no dump\n", "1234: x\n"] {
            assert_eq!(dump(other.as_bytes(), 3, 0), None, "{other}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_lines_are_read(text in "([0-9a-f]{2,9}:?  ?|\n){0,40}") {
            for at in 0..text.len() {
                if let Some((start, end, _)) = dump(text.as_bytes(), at, 0) {
                    proptest::prop_assert!(start <= at && end <= text.len());
                }
            }
        }
    }
}
