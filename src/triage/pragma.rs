//! Suppression comments: found in the bytes of a file, applied to its findings.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};

use super::pragma_table::{DIRECTIVES, Directive, Names, Reach};
use super::{is_day, is_past};
use crate::model::{Finding, LineIndex, Notice, NoticeKind, NoticeLevel, Region, RepoPath, Rule, Suppression};

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

/// What a suppression comment covers in its file, in lines from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cover {
    /// These lines, ends included, and blocks that begin on one of them.
    Lines(u32, u32),
    /// The block that holds this line or begins on the second.
    Block(u32, u32),
    /// Everything.
    File,
}

/// One suppression comment.
#[derive(Clone, Debug)]
pub struct Pragma {
    /// Where it stands, from 1.
    pub line: u32,
    /// The marker as the table has it: `portcullis:ignore`.
    pub source: &'static str,
    /// What it covers.
    pub cover: Cover,
    /// Rules it names; empty for all.
    pub rules: Vec<String>,
    /// Our scanner that it speaks to; `None` for all.
    pub scanner: Option<&'static str>,
    /// True where it counts for other tools' findings alone.
    pub foreign_only: bool,
    /// Why, or empty.
    pub reason: String,
    /// The last day on which it holds, `YYYY-MM-DD`.
    pub until: Option<String>,
    /// What is wrong with it; then it suppresses nothing.
    pub fault: Option<String>,
    /// True once it suppressed something.
    pub used: bool,
}

impl Pragma {
    /// True for our own, which is told when unused.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.source.starts_with("portcullis:")
    }
}

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

/// Marks the findings of the pragmas' file that they suppress. `rule_of` gives a finding's rule, for its
/// aliases; `today` is `YYYY-MM-DD`.
pub fn apply<R: std::ops::Deref<Target = Rule>>(
    pragmas: &mut [Pragma],
    findings: &mut [Finding],
    rule_of: impl Fn(&Finding) -> Option<R>,
    today: &str,
) {
    if pragmas.is_empty() {
        return;
    }
    for finding in findings {
        let rule = rule_of(finding);
        for pragma in pragmas.iter_mut() {
            let counts = pragma.fault.is_none() && !is_past(pragma.until.as_deref(), today);
            if counts && speaks_of(pragma, finding, rule.as_deref()) && covers(pragma.cover, finding) {
                pragma.used = true;
                finding.suppressions.push(Suppression {
                    in_source: true,
                    source: pragma.source.to_owned(),
                    reason: pragma.reason.clone(),
                    until: pragma.until.clone(),
                });
            }
        }
    }
}

fn speaks_of(pragma: &Pragma, finding: &Finding, rule: Option<&Rule>) -> bool {
    if finding.tool == 0 {
        let ours = !pragma.foreign_only && pragma.scanner.is_none_or(|scanner| scanner == finding.scanner());
        if !ours {
            return false;
        }
    }
    pragma.rules.is_empty() || pragma.rules.iter().any(|name| super::ignore::is_named(name, finding, rule))
}

fn covers(cover: Cover, finding: &Finding) -> bool {
    let region = finding.primary.region;
    let overlaps = |block: Region, first: u32, last: u32| block.start_line <= last && first <= block.end_line;
    match cover {
        Cover::File => true,
        Cover::Lines(first, last) => {
            overlaps(region, first, last)
                || finding.extent.is_some_and(|block| (first..=last).contains(&block.start_line))
        }
        Cover::Block(line, next) => match finding.extent {
            Some(block) => overlaps(block, line, line) || block.start_line == next,
            None => finding.scanner() != "secrets" || overlaps(region, line, next),
        },
    }
}

/// What is to be told about our own comments of a file once all its findings were seen: faults, expired
/// ones, and ones that suppressed nothing.
#[must_use]
pub fn notices(pragmas: &[Pragma], path: &RepoPath, today: &str) -> Vec<Notice> {
    pragmas.iter().filter_map(|pragma| notice(pragma, path, today)).collect()
}

fn notice(pragma: &Pragma, path: &RepoPath, today: &str) -> Option<Notice> {
    let name = pragma.source;
    let (level, message) = if let Some(fault) = &pragma.fault {
        (NoticeLevel::Warning, format!("`{name}` suppresses nothing: {fault}."))
    } else if let Some(until) = pragma.until.as_ref().filter(|until| is_past(Some(until), today)) {
        (NoticeLevel::Warning, format!("`{name}` expired on {until}. Remove it, or give it another day."))
    } else if !pragma.used && pragma.is_ours() {
        let rules = pragma.rules.join(", ");
        (NoticeLevel::Warning, format!("Nothing here is ignored by `{name} {rules}`. Remove it."))
    } else {
        return None;
    };
    if !pragma.is_ours() && level == NoticeLevel::Warning && pragma.until.is_none() {
        return None;
    }
    let mut notice = Notice::warning(NoticeKind::Suppression, message).at(path);
    notice.line = Some(pragma.line);
    Some(notice)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Severity, sample};

    /// Our own marker is put together here, so that a scan of this file sees no comment of ours.
    fn ours(text: &str) -> String {
        text.replace("@@", concat!("portcullis", ":ignore"))
    }

    fn suppressed(text: &str, scanner: &str, aliases: &[&str], line: u32) -> bool {
        let mut rule = Rule::new(&format!("{scanner}/test-rule"), "Title", Severity::High);
        rule.aliases = aliases.iter().map(|&alias| alias.to_owned()).collect();
        let mut findings = vec![sample::finding(&rule, "f", line, 0)];
        let mut pragmas = read_pragmas(ours(text).as_bytes());
        apply(&mut pragmas, &mut findings, |_| Some(&rule), "2026-01-01");
        !findings[0].suppressions.is_empty()
    }

    #[test]
    fn ours_covers_its_line_or_the_next_and_needs_a_reason() {
        assert!(suppressed("x = 1 # @@ iac/test-rule -- demo", "iac", &[], 1));
        assert!(suppressed("# @@ test-rule -- demo\n\n# more\nx = 1", "iac", &[], 4));
        assert!(!suppressed("x = 1 # @@ test-rule -- demo\nx = 1", "iac", &[], 2));
        assert!(!suppressed("x = 1 # @@ test-rule", "iac", &[], 1));
        assert!(!suppressed("x = \"@@ test-rule -- demo\"", "iac", &[], 1), "not in a comment");
        assert!(!suppressed("# @@ other -- demo\nx", "iac", &[], 2));
        assert!(suppressed("<!-- @@ CKV_1 -- demo -->\nx", "iac", &["CKV_1"], 2));
    }

    #[test]
    fn every_comment_syntax_has_its_line_and_the_next() {
        // Opener and closer: behind code, and on a line of its own.
        let both = [
            ("#", ""),
            ("//", ""),
            ("/*", "*/"),
            ("--", ""),
            (";", ""),
            (";;", ""),
            ("<!--", "-->"),
            ("%", ""),
            ("'", ""),
            ("{{/*", "*/}}"),
            ("{{- /*", "*/ -}}"),
            ("{#", "#}"),
            ("<%#", "%>"),
            ("<%--", "--%>"),
            ("--[[", "]]"),
            ("{-", "-}"),
            ("(*", "*)"),
            ("#|", "|#"),
            ("///", ""),
        ];
        for (opener, closer) in both {
            let comment = format!("{opener} @@ test-rule until=2030-01-01 -- don't mind {closer}");
            assert!(suppressed(&format!("x = 1 {comment}\nx = 1"), "iac", &[], 1), "{comment}");
            assert!(!suppressed(&format!("x = 1 {comment}\nx = 1"), "iac", &[], 2), "{comment}");
            assert!(suppressed(&format!("{comment}\nx = 1"), "iac", &[], 2), "{comment}");
            assert!(!suppressed(&format!("{comment}\nx = 1\nx = 1"), "iac", &[], 3), "{comment}");
        }
        for opener in ["REM", "rem", "@REM", "::", "!", "dnl", " * "] {
            assert!(suppressed(&format!("{opener} @@ test-rule -- demo\nx = 1"), "iac", &[], 2), "{opener}");
        }
        assert!(suppressed("{\n  \"//\": \"@@ test-rule -- demo\",\n  \"a\": 1\n}", "iac", &[], 3), "JSON's own key");
        assert!(suppressed("'@@ test-rule -- demo\nDim x", "iac", &[], 2), "Basic, without a blank");
    }

    #[test]
    fn texts_in_quotes_are_no_comments() {
        for text in [
            "x = '@@ test-rule -- demo'",
            "f( '@@ test-rule -- demo');",
            "x = \"@@ test-rule -- demo\"",
            "x = `@@ test-rule -- demo`",
        ] {
            assert!(!suppressed(text, "iac", &[], 1), "{text}");
        }
        assert!(!suppressed("[\n  ' @@ test-rule -- demo',\n  'x'\n]", "iac", &[], 3));
        assert!(!suppressed("{\"a\": \"@@ test-rule -- demo\"}", "iac", &[], 1), "a value of JSON");
        // As with other tools, an opener in a string is an opener: lines are not parsed in thirty languages.
        assert!(suppressed("x = \"a # @@ test-rule -- demo\"", "iac", &[], 1));
        // A line that begins with a quote is code.
        assert!(suppressed("# @@ test-rule -- demo\n'value',\nx", "iac", &[], 2));
        assert!(!suppressed("# @@ test-rule -- demo\n'value',\nx", "iac", &[], 3));
    }

    #[test]
    fn days_end_a_suppression() {
        assert!(suppressed("x # @@ test-rule until=2026-01-01 -- demo", "iac", &[], 1));
        let text = "x # @@ test-rule until=2025-12-31 -- demo";
        assert!(!suppressed(text, "iac", &[], 1));
        let notices = notices(&read_pragmas(ours(text).as_bytes()), &RepoPath::new("f"), "2026-01-01");
        assert!(notices[0].message.contains("expired on 2025-12-31"));
        assert!(!suppressed("#trivy:ignore:AVD-1:exp:2025-12-31\nx", "iac", &["AVD-1"], 2));
        assert!(suppressed("#trivy:ignore:AVD-2 trivy:ignore:AVD-1:exp:2026-12-31\nx", "iac", &["AVD-1"], 2));
    }

    #[test]
    fn the_other_tools_comments_count_where_they_count_there() {
        assert!(suppressed("key = 1 # gitleaks:allow", "secrets", &[], 1));
        assert!(!suppressed("key = 1 # gitleaks:allow", "iac", &[], 1));
        assert!(suppressed("# pragma: allowlist nextline secret\nkey", "secrets", &[], 2));
        assert!(suppressed("# hadolint ignore=DL1, DL3006\nFROM x", "iac", &["DL3006"], 2));
        assert!(suppressed("# hadolint global ignore=DL3006\n\n\nFROM x", "iac", &["DL3006"], 4));
        assert!(suppressed("uses: x # zizmor: ignore[a,unpinned] fine", "iac", &["unpinned"], 1));
        assert!(suppressed("#checkov:skip=CKV_1:why\nFROM x\nRUN y", "iac", &["CKV_1"], 3), "no block: the file");
        assert!(!suppressed("#checkov:skip=CKV_2:why\nFROM x", "iac", &["CKV_1"], 2));
        assert!(suppressed("/* secretlint-disable */\na\n/* secretlint-enable */\nb", "secrets", &[], 2));
        assert!(!suppressed("/* secretlint-disable */\na\n/* secretlint-enable */\nb", "secrets", &[], 4));
        assert!(!suppressed("x = nosecrets # y", "secrets", &[], 1));
        assert!(!suppressed("x # nosemgrep", "iac", &[], 1), "for other tools alone");
    }

    #[test]
    fn a_block_comment_covers_the_block_it_stands_in() {
        let rule = Rule::new("iac/r", "Title", Severity::High);
        let text = "resource {\n  # @@-block r -- demo\n  a\n}\nresource {\n  a\n}\n";
        for (start, end, line, expected) in [(1, 4, 3, true), (5, 7, 6, false)] {
            let mut finding = sample::finding(&rule, "f", line, 0);
            finding.extent = Some(Region { start_line: start, end_line: end, ..Region::default() });
            let mut findings = [finding];
            apply(&mut read_pragmas(ours(text).as_bytes()), &mut findings, |_| Some(&rule), "2026-01-01");
            assert_eq!(!findings[0].suppressions.is_empty(), expected);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(tail in proptest::collection::vec(any::<u8>(), 0..80), at in 0..DIRECTIVES.len()) {
            let mut bytes = b"# ".to_vec();
            bytes.extend_from_slice(DIRECTIVES[at].marker.as_bytes());
            bytes.extend_from_slice(&tail);
            let _ = read_pragmas(&bytes);
        }
    }
}
