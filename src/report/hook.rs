//! What a commit hook says: on one screen, what is wrong, where, how to mend it, how to tolerate it.

use std::io;

use super::escape::log_line;
use super::{Options, Reporter, count_words, cut};
use crate::model::{Finding, Notice, ScanReport};

/// Findings shown whole: with these and the last lines, a screen of 24 is not exceeded.
const SHOWN: usize = 4;
/// Notices of an incomplete scan.
const NOTICES: usize = 3;
/// Characters of a line.
const LINE: usize = 160;
/// Extensions of files that take no comment, and where an ignore goes into the configuration.
const NO_COMMENTS: &[&str] = &["json", "lock", "sum", "pem", "key", "sarif", "ipynb", "csv", "txt", "zip", "p12"];
/// Comment openers other than `#`, and closers, by extension.
const COMMENTS: &[(&str, &str, &[&str])] = &[
    (
        "//",
        "",
        &["c", "cc", "cpp", "cs", "go", "java", "js", "jsx", "kt", "mod", "php", "rs", "scala", "swift", "ts", "tsx"],
    ),
    ("<!--", " -->", &["html", "md", "svg", "vue", "xml"]),
    ("--", "", &["lua", "sql"]),
    (";", "", &["ini"]),
];

/// Nothing where nothing was found; else the worst findings, and what may be done.
pub struct Hook;

impl Reporter for Hook {
    fn write(&self, report: &ScanReport, _options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
        let mut findings: Vec<&Finding> = report.active().collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let hidden: Vec<&Notice> = report.notices.iter().filter(|notice| notice.incomplete).collect();
        for notice in hidden.iter().take(NOTICES) {
            let place = notice.path.as_ref().map(|path| format!("{path}: ")).unwrap_or_default();
            writeln!(out, "portcullis: {}", log_line(&cut(&format!("{place}{}", notice.message), LINE)))?;
        }
        if findings.is_empty() {
            return Ok(());
        }
        if !report.gate_failed {
            return writeln!(out, "portcullis: {}, all below the gate", count_words(report));
        }
        let verdict = report.verdict.first().map_or("the gate failed", String::as_str);
        writeln!(out, "portcullis: {}\n", log_line(&cut(verdict, LINE)))?;
        for finding in findings.iter().take(SHOWN) {
            self::finding(report, finding, out)?;
        }
        if findings.len() > SHOWN {
            writeln!(out, "{} more are not shown here: `-f table` shows all.\n", findings.len() - SHOWN)?;
        }
        findings.first().map_or(Ok(()), |first| advice(first, out))
    }
}

fn finding(report: &ScanReport, finding: &Finding, out: &mut dyn io::Write) -> io::Result<()> {
    let region = finding.primary.region;
    let place = format!("{}:{}:{}", finding.primary.path, region.start_line, region.char_column);
    writeln!(out, "  {}  {}  {}", log_line(&place), finding.severity, log_line(finding.rule.as_str()))?;
    writeln!(out, "    {}", log_line(&cut(&finding.message, LINE)))?;
    let help = report.rule_of(finding).map(|rule| rule.help.split_whitespace().collect::<Vec<_>>().join(" "));
    if let Some(help) = help.filter(|help| !help.is_empty()) {
        writeln!(out, "    {}", log_line(&cut(&help, LINE)))?;
    }
    writeln!(out)
}

/// How to learn more, and how to tolerate, with the first finding as the example.
fn advice(finding: &Finding, out: &mut dyn io::Write) -> io::Result<()> {
    let rule = log_line(finding.rule.as_str());
    writeln!(out, "Why, and how to mend it: portcullis explain {rule}")?;
    let extension = finding.primary.path.extension().to_ascii_lowercase();
    if NO_COMMENTS.contains(&extension.as_str()) {
        let print = finding.fingerprint.to_string();
        let print = print.get(..8).unwrap_or(&print);
        return writeln!(
            out,
            "To tolerate it, with a day to look again: portcullis ignore {print} --reason '…' --until 2030-01-01"
        );
    }
    let comment = COMMENTS.iter().find(|(_, _, extensions)| extensions.contains(&extension.as_str()));
    let (opener, closer) = comment.map_or(("#", ""), |(opener, closer, _)| (opener, closer));
    let short = log_line(finding.rule.short());
    writeln!(out, "To tolerate it, on the line or above it: {opener} portcullis:ignore {short} -- why{closer}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Severity, sample};

    fn text(report: &ScanReport) -> String {
        let mut out = Vec::new();
        Hook.write(report, &Options::default(), &mut out).expect("memory takes all");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn a_hundred_findings_fit_a_screen() {
        let mut report = sample::report(&[("a/b.tf", 7, Severity::High); 100]);
        report.gate_failed = true;
        let text = text(&report);
        assert!(text.lines().count() <= 24, "{text}");
        assert!(text.contains("96 more") && text.contains("on the line or above it: # portcullis"));
    }

    #[test]
    fn nothing_is_said_of_nothing() {
        assert_eq!(text(&sample::report(&[])), "");
        assert!(text(&sample::report(&[("a.tf", 1, Severity::Low)])).ends_with("all below the gate\n"));
    }
}
