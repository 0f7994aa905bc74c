//! Markdown for a step summary or a pull-request comment, kept below a comment's size.

use std::io;

use super::escape::{code, markdown};
use super::{Options, Reporter, count_words, cut, shown, source, told};
use crate::model::{Finding, ScanReport};

/// A comment on GitHub takes 65,536 characters, one on Bitbucket Server 32,768; what follows the table
/// needs some of them.
const MOST_BYTES: usize = 30_000;
/// Characters of a message in a cell.
const MESSAGE: usize = 300;

/// Verdict, one table of findings (the worst first), notices.
pub struct Markdown;

impl Reporter for Markdown {
    fn write(&self, report: &ScanReport, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
        let mark = if report.gate_failed { "❌" } else { "✅" };
        writeln!(out, "### {mark} portcullis: {}\n", count_words(report))?;
        for line in &report.verdict {
            writeln!(out, "- {}", markdown(&cut(line, MESSAGE * 2)))?;
        }
        let mut findings: Vec<&Finding> = shown(report, options).collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        if !findings.is_empty() {
            writeln!(out, "\n| Severity | Where | What | Rule |\n| --- | --- | --- | --- |")?;
        }
        let mut spent = 0;
        for (at, finding) in findings.iter().enumerate() {
            let row = row(report, finding);
            spent += row.len();
            if spent > MOST_BYTES {
                writeln!(out, "\n{} more findings are in the full report.", findings.len() - at)?;
                break;
            }
            out.write_all(row.as_bytes())?;
        }
        let notices: Vec<_> = told(report, options).collect();
        if !notices.is_empty() {
            writeln!(out, "\n<details><summary>{} notices</summary>\n", notices.len())?;
            for notice in notices.iter().take(20) {
                let place = notice.path.as_ref().map(|path| format!("{}: ", code(path.as_str()))).unwrap_or_default();
                writeln!(out, "- {place}{}", markdown(&cut(&notice.message, MESSAGE)))?;
            }
            writeln!(out, "\n</details>")?;
        }
        Ok(())
    }
}

fn row(report: &ScanReport, finding: &Finding) -> String {
    let place = format!("{}:{}", cut(finding.primary.path.as_str(), MESSAGE), finding.primary.region.start_line);
    let rule = match finding.tool {
        0 => code(finding.rule.as_str()),
        _ => format!("{} {}", markdown(source(report, finding)), code(finding.rule.as_str())),
    };
    format!("| {} | {} | {} | {rule} |\n", finding.severity, code(&place), markdown(&cut(&finding.message, MESSAGE)))
}
