//! Markdown for a step summary or a pull-request comment, kept below a comment's size.

use std::io;

use super::escape::{code, markdown};
use super::{Options, Reporter, count_words, cut, mark, shown, source, told};
use crate::model::{Finding, ScanReport};

/// Bytes of the table. A comment on GitHub takes 65,536 characters, one on Bitbucket Server 32,768.
const TABLE: usize = 24_000;
/// Bytes of the verdict's lines, and of the notices'.
const LIST: usize = 3_500;
/// Characters of a message in a cell.
const MESSAGE: usize = 300;

/// Verdict, one table of findings (the worst first), notices.
pub struct Markdown;

impl Reporter for Markdown {
    fn write(&self, report: &ScanReport, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
        let mark = if report.gate_failed { "❌" } else { "✅" };
        writeln!(out, "### {mark} portcullis: {}\n", count_words(report))?;
        let reasons = report.verdict.iter().map(|line| format!("- {}\n", markdown(&cut(line, MESSAGE * 2))));
        within(LIST, reasons, |left| format!("- {left} more reasons are in the full report.\n"), out)?;
        let mut findings: Vec<&Finding> = shown(report, options).collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        if !findings.is_empty() {
            writeln!(out, "\n| Severity | Where | What | Rule |\n| --- | --- | --- | --- |")?;
        }
        let rows = findings.iter().map(|finding| row(report, finding));
        within(TABLE, rows, |left| format!("\n{left} more findings are in the full report.\n"), out)?;
        let notices: Vec<_> = told(report, options).collect();
        if !notices.is_empty() {
            writeln!(out, "\n<details><summary>{} notices</summary>\n", notices.len())?;
            let told = notices.iter().map(|notice| {
                let place = notice.path.as_ref().map(|path| format!("{}: ", code(&cut(path.as_str(), MESSAGE))));
                format!("- {}{}\n", place.unwrap_or_default(), markdown(&cut(&notice.message, MESSAGE)))
            });
            within(LIST, told, |left| format!("- {left} more are in the full report.\n"), out)?;
            writeln!(out, "\n</details>")?;
        }
        Ok(())
    }
}

/// Writes lines, each whole, as long as they fit into so many bytes; then how many are left.
fn within(
    most: usize,
    lines: impl ExactSizeIterator<Item = String>,
    more: impl Fn(usize) -> String,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let count = lines.len();
    let mut spent = 0;
    for (at, line) in lines.enumerate() {
        spent += line.len();
        if spent > most {
            return out.write_all(more(count - at).as_bytes());
        }
        out.write_all(line.as_bytes())?;
    }
    Ok(())
}

fn row(report: &ScanReport, finding: &Finding) -> String {
    let place = format!("{}:{}", cut(finding.primary.path.as_str(), MESSAGE), finding.primary.region.start_line);
    let text = format!("{}{}", finding.message, mark(finding));
    let rule = match finding.tool {
        0 => code(finding.rule.as_str()),
        _ => format!("{} {}", markdown(source(report, finding)), code(finding.rule.as_str())),
    };
    format!("| {} | {} | {} | {rule} |\n", finding.severity, code(&place), markdown(&cut(&text, MESSAGE)))
}
