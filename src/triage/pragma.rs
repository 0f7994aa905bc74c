//! Suppression comments of a file, applied to its findings.

use super::is_past;
pub use super::pragma_read::read_pragmas;
use crate::model::{Finding, Notice, NoticeKind, NoticeLevel, Region, RepoPath, Rule, Suppression};

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
    use crate::triage::pragma_table::DIRECTIVES;

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
