//! Suppression comments, found in the bytes of a file and read.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};

use super::is_day;
use super::pragma::{Cover, Pragma};
use super::pragma_table::{DIRECTIVES, Directive, Names, Reach};
use crate::model::LineIndex;

/// Directives of one file that are read.
const MOST: usize = 10_000;
/// Comment lines that may lie between a directive and the line it speaks of.
const STACKED: u32 = 16;
/// What begins a comment in some language, wherever in a line it stands.
const OPENERS: &[&str] =
    &["#", "//", "/*", "<!--", "--", ";", "{{/*", "{{- /*", "{#", "%", "*", "rem ", "{-", "<%#", "<%--", "\"//\""];
/// What begins one only as the first of its line: in other places it is text or an operator.
const FIRST_OPENERS: &[&str] = &["::", "'", "!", "@rem ", "dnl ", "\\", "(*"];
/// Tags, blanks and quotes between opener and directive don't matter; this much text does not either.
static MARKERS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasickBuilder::new()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostLongest)
        .build(DIRECTIVES.iter().map(|directive| directive.marker))
        .expect("a few dozen short markers make an automaton")
});

/// Reads every suppression comment of a file: one pass over the bytes, nothing more where there is none.
#[must_use]
pub fn read_pragmas(bytes: &[u8]) -> Vec<Pragma> {
    let mut found = MARKERS.find_iter(bytes).take(MOST).peekable();
    if found.peek().is_none() {
        return Vec::new();
    }
    let lines = LineIndex::new(bytes);
    let mut pragmas: Vec<Pragma> = Vec::new();
    let mut open: Vec<(&'static str, usize)> = Vec::new();
    for marker in found {
        let directive = &DIRECTIVES[marker.pattern().as_usize()];
        let line = lines.line_of(u32::try_from(marker.start()).unwrap_or(u32::MAX));
        let whole = lines.line_span(line, bytes);
        let before = bytes.get(whole.start as usize..marker.start()).unwrap_or_default();
        let after = bytes.get(marker.end()..whole.end as usize).unwrap_or_default();
        if !stands_alone_as_word(directive, before, after) {
            continue;
        }
        let tool = directive.marker.split(['-', ':', ' ']).next().unwrap_or_default();
        if directive.reach == Reach::End {
            if let Some(at) = open.iter().rposition(|(name, _)| *name == tool) {
                let (_, index) = open.remove(at);
                if let Cover::Lines(first, _) = pragmas[index].cover {
                    pragmas[index].cover = Cover::Lines(first, line);
                }
            }
            continue;
        }
        let Some(mut pragma) = parse(directive, &String::from_utf8_lossy(after)) else { continue };
        pragma.line = line;
        pragma.cover = cover(directive.reach, line, before, &lines, bytes);
        if directive.reach == Reach::Begin {
            open.push((tool, pragmas.len()));
        }
        pragmas.push(pragma);
    }
    pragmas
}

fn stands_alone_as_word(directive: &Directive, before: &[u8], after: &[u8]) -> bool {
    let word = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    if word(before.last().filter(|b| **b != b'-')) || word(after.first()) {
        return false;
    }
    if is_quoted(before, after) {
        return false;
    }
    !directive.in_comment || opener_in(before)
}

/// A name in quotes is talked about, not used. The value of JSON's `"//"` is a comment, and so is what follows
/// Visual Basic's `'` where nothing closes it.
fn is_quoted(before: &[u8], after: &[u8]) -> bool {
    let closed = || after.iter().rev().find(|byte| !b" \t\r,;)]}".contains(byte)) == Some(&b'\'');
    match before.last() {
        Some(b'`') => true,
        Some(b'"') => !before.trim_ascii_start().starts_with(b"\"//\""),
        _ => before.trim_ascii_end().ends_with(b"'") && (closed() || !opens_basic(before)),
    }
}

/// True where a `'` that ends the text may begin a comment of Visual Basic: first in its line or behind a blank.
fn opens_basic(before: &[u8]) -> bool {
    let text = before.trim_ascii();
    text == b"'" || text.ends_with(b" '") || text.ends_with(b"\t'")
}

fn opener_in(before: &[u8]) -> bool {
    let text = String::from_utf8_lossy(before).to_ascii_lowercase();
    let anywhere = OPENERS.iter().any(|opener| text.contains(opener));
    anywhere || begins_with(text.trim_start(), FIRST_OPENERS) || opens_basic(before)
}

fn begins_with(text: &str, openers: &[&str]) -> bool {
    openers.iter().any(|opener| text.get(..opener.len()).is_some_and(|head| head.eq_ignore_ascii_case(opener)))
}

/// True where nothing but white space, quotes and a comment opener stands in front.
fn only_comment(before: &[u8]) -> bool {
    let text = String::from_utf8_lossy(before);
    let text = text.trim_start();
    begins_with(text, OPENERS) || begins_with(text, FIRST_OPENERS)
}

fn cover(reach: Reach, line: u32, before: &[u8], lines: &LineIndex, bytes: &[u8]) -> Cover {
    match reach {
        Reach::Line => Cover::Lines(line, line),
        Reach::LineOrNext if !only_comment(before) => Cover::Lines(line, line),
        Reach::Next | Reach::LineOrNext => Cover::Lines(line, next_code_line(line, lines, bytes)),
        Reach::Block => Cover::Block(line, next_code_line(line, lines, bytes)),
        Reach::File => Cover::File,
        Reach::Begin | Reach::End => Cover::Lines(line, u32::MAX),
    }
}

/// The next line that is neither blank nor all comment.
fn next_code_line(line: u32, lines: &LineIndex, bytes: &[u8]) -> u32 {
    let count = u32::try_from(lines.count()).unwrap_or(u32::MAX);
    let last = line.saturating_add(STACKED).min(count);
    let is_code = |at: &u32| {
        let text = lines.line_span(*at, bytes).of(bytes).trim_ascii();
        let passed_over =
            begins_with(&String::from_utf8_lossy(text), OPENERS) && text.len() > 1 && !text.starts_with(b"--");
        !text.is_empty() && !passed_over
    };
    (line + 1..=last).find(is_code).unwrap_or(line.saturating_add(1))
}

/// The directive's names, reason and day; `None` where the text is no directive after all.
fn parse(directive: &'static Directive, after: &str) -> Option<Pragma> {
    let mut pragma = Pragma {
        line: 0,
        source: directive.marker,
        cover: Cover::File,
        rules: Vec::new(),
        scanner: directive.scanner,
        foreign_only: directive.foreign_only,
        reason: String::new(),
        until: None,
        fault: None,
        used: false,
    };
    let after = strip_closers(after);
    match directive.names {
        Names::All => after.trim_start_matches([' ', ':', '-']).clone_into(&mut pragma.reason),
        Names::Ours => parse_ours(after, &mut pragma),
        Names::Equals => {
            let rest = after.trim_start().strip_prefix('=')?.trim_start();
            let end = rest.find(|c: char| c == ':' || c.is_whitespace()).unwrap_or(rest.len());
            let end = list_end(rest, end);
            pragma.rules = names(&rest[..end]);
            rest[end..].trim_start_matches([':', ' ']).clone_into(&mut pragma.reason);
        }
        Names::Brackets => {
            let (inside, rest) = after.trim_start().strip_prefix('[')?.split_once(']')?;
            pragma.rules = names(inside);
            rest.trim().clone_into(&mut pragma.reason);
        }
        Names::Colons => parse_colons(after.strip_prefix(':')?, &mut pragma),
        Names::MaybeColon => {
            if let Some(rest) = after.strip_prefix(':') {
                pragma.rules = names(rest.split("--").next().unwrap_or_default());
            }
        }
        Names::MaybeList => {
            let ids = after.trim_start_matches([':', ' ']).split("--").next().unwrap_or_default();
            let is_id = |name: &&str| name.chars().any(|c| c.is_ascii_digit());
            pragma.rules = ids.split([',', ' ']).filter(is_id).map(str::to_owned).collect();
        }
    }
    let nameless = pragma.rules.is_empty();
    (!nameless || matches!(directive.names, Names::All | Names::MaybeColon | Names::MaybeList | Names::Ours))
        .then_some(pragma)
}

/// `DL3006, DL3008` goes on after a blank where a comma stands before it.
fn list_end(text: &str, first: usize) -> usize {
    let mut end = first;
    while text[..end].ends_with(',') && text[end..].starts_with(' ') {
        let rest = text[end..].trim_start();
        let start = text.len() - rest.len();
        end = start + rest.find(|c: char| c == ':' || c.is_whitespace()).unwrap_or(rest.len());
    }
    end
}

fn strip_closers(text: &str) -> &str {
    let mut text = text.trim_end();
    for closer in ["*/", "-->", "--}}", "*/}}", "}}", "#}", "\"", "\",", "'", "*)", "-}", "%>", "]]", "|#"] {
        text = text.strip_suffix(closer).unwrap_or(text).trim_end();
    }
    text
}

fn names(list: &str) -> Vec<String> {
    list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn parse_ours(after: &str, pragma: &mut Pragma) {
    let (head, reason) = after.split_once("--").unwrap_or((after, ""));
    reason.trim().clone_into(&mut pragma.reason);
    for word in head.split([' ', '\t', ',']).filter(|word| !word.is_empty()) {
        match word.split_once('=') {
            Some(("until", day)) if is_day(day) => pragma.until = Some(day.to_owned()),
            Some(_) => pragma.fault = Some(format!("`{word}` is not understood; write `until=YYYY-MM-DD`")),
            None => pragma.rules.push(word.to_owned()),
        }
    }
    if pragma.rules.is_empty() {
        pragma.fault = Some("it names no rule; write `portcullis:ignore RULE -- reason`".to_owned());
    } else if pragma.reason.is_empty() {
        pragma.fault = Some("it gives no reason; write `portcullis:ignore RULE -- reason`".to_owned());
    }
}

/// `ID:exp:2026-01-31:ws:prod`, perhaps with `[key=value]` behind the id.
fn parse_colons(rest: &str, pragma: &mut Pragma) {
    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    let mut parts = rest[..end].split(':');
    let id = parts.next().unwrap_or_default();
    let id = id.split('[').next().unwrap_or_default();
    if id != "*" && !id.is_empty() {
        pragma.rules.push(id.to_owned());
    } else if id.is_empty() {
        pragma.fault = Some("it names no rule".to_owned());
    }
    if id == "*" {
        pragma.rules.push("*".to_owned());
    }
    while let Some(part) = parts.next() {
        if part == "exp" {
            pragma.until = parts.next().filter(|day| is_day(day)).map(str::to_owned);
        }
    }
    rest[end..].trim().clone_into(&mut pragma.reason);
}
