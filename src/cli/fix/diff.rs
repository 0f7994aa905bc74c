//! Edits as a unified diff. Where they are is known, so nothing has to be compared.

use std::fmt::Write;
use std::ops::Range;

use super::choose::{Edit, edited};
use crate::engine::Mask;
use crate::report::escape::is_unsafe;

/// Unchanged lines shown above and below a change.
const CONTEXT: usize = 3;

/// Lines that go and the lines that come in their place.
struct Change<'a> {
    old: Range<usize>,
    new: Vec<&'a [u8]>,
}

/// The edits of one file, sorted, as `diff -u` writes them. Secrets stand as marks: a diff that holds one
/// shows a change and cannot be applied.
pub fn unified(path: &str, bytes: &[u8], edits: &[Edit], mask: &Mask) -> String {
    let lines = lines(bytes);
    let blocks = blocks(&lines, bytes, edits);
    let changes: Vec<Change<'_>> = blocks.iter().map(|(old, text)| change(&lines, old.clone(), text)).collect();
    let mut out = String::new();
    let path: String = path.chars().map(|c| if is_unsafe(c) || c == '\n' { '?' } else { c }).collect();
    let _ = writeln!(out, "--- a/{path}\n+++ b/{path}");
    let mut ahead = 0_isize;
    for hunk in hunks(&changes) {
        ahead += write_hunk(&lines, hunk, ahead, mask, &mut out);
    }
    out
}

/// Lines with their ends.
fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').collect()
}

/// The lines that edits touch, and what becomes of them; edits of neighbouring lines together.
fn blocks(lines: &[&[u8]], bytes: &[u8], edits: &[Edit]) -> Vec<(Range<usize>, Vec<u8>)> {
    let mut starts: Vec<usize> = vec![0];
    for line in lines {
        starts.push(starts[starts.len() - 1] + line.len());
    }
    let line_of = |at: usize| starts.partition_point(|start| *start <= at).saturating_sub(1).min(lines.len());
    let mut groups: Vec<(Range<usize>, Vec<Edit>)> = Vec::new();
    for edit in edits {
        let touched = line_of(edit.start)..(line_of(edit.end) + 1).min(lines.len());
        match groups.last_mut() {
            Some((old, group)) if touched.start < old.end => {
                old.end = old.end.max(touched.end);
                group.push(edit.clone());
            }
            _ => groups.push((touched, vec![edit.clone()])),
        }
    }
    let after = |(old, group): (Range<usize>, Vec<Edit>)| {
        let from = starts[old.start];
        let local: Vec<Edit> =
            group.into_iter().map(|edit| Edit { start: edit.start - from, end: edit.end - from, ..edit }).collect();
        let part = bytes.get(from..starts[old.end]).unwrap_or_default();
        (old, edited(part, &local))
    };
    groups.into_iter().map(after).collect()
}

/// Without the lines at both ends that stay as they are.
fn change<'a>(all: &[&[u8]], mut old: Range<usize>, text: &'a [u8]) -> Change<'a> {
    let mut new = lines(text);
    while old.start < old.end && new.first() == Some(&all[old.start]) {
        old.start += 1;
        new.remove(0);
    }
    while old.start < old.end && new.last() == Some(&all[old.end - 1]) {
        old.end -= 1;
        new.pop();
    }
    Change { old, new }
}

/// Changes whose context would meet stand in one hunk.
fn hunks<'c, 'a>(changes: &'c [Change<'a>]) -> impl Iterator<Item = &'c [Change<'a>]> {
    changes.chunk_by(|a, b| b.old.start <= a.old.end + 2 * CONTEXT)
}

/// Writes a hunk; gives how many lines more there are after it than before.
fn write_hunk(lines: &[&[u8]], changes: &[Change<'_>], ahead: isize, mask: &Mask, out: &mut String) -> isize {
    let (Some(first), Some(last)) = (changes.first(), changes.last()) else { return 0 };
    let from = first.old.start.saturating_sub(CONTEXT);
    let to = (last.old.end + CONTEXT).min(lines.len());
    let more: isize = changes.iter().map(|change| change.new.len() as isize - change.old.len() as isize).sum();
    let (old, new) = (to - from, (to - from).saturating_add_signed(more));
    // A hunk of no lines names the line before it.
    let place = |start: usize, count: usize| if count == 0 { start } else { start + 1 };
    let begin = from.saturating_add_signed(ahead);
    let _ = writeln!(out, "@@ -{},{old} +{},{new} @@", place(from, old), place(begin, new));
    let mut at = from;
    for change in changes {
        lines[at..change.old.start].iter().for_each(|line| write_line(' ', line, mask, out));
        lines[change.old.clone()].iter().for_each(|line| write_line('-', line, mask, out));
        change.new.iter().for_each(|line| write_line('+', line, mask, out));
        at = change.old.end;
    }
    lines[at..to].iter().for_each(|line| write_line(' ', line, mask, out));
    more
}

/// A line with its mark; what would steer a terminal stands as `?`, but for a carriage return at the end.
fn write_line(mark: char, line: &[u8], mask: &Mask, out: &mut String) {
    let text = String::from_utf8_lossy(line);
    let (text, end) = match text.strip_suffix('\n') {
        Some(text) => (text, "\n"),
        None => (&*text, "\n\\ No newline at end of file\n"),
    };
    let (text, end) = text.strip_suffix('\r').map_or((text, end.to_owned()), |text| (text, format!("\r{end}")));
    let shown = mask.text(text).unwrap_or("\u{2022}".into());
    out.push(mark);
    out.extend(shown.chars().map(|c| if is_unsafe(c) { '?' } else { c }));
    out.push_str(&end);
}
