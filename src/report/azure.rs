//! Annotations of an Azure Pipelines step.

use std::io;

use super::escape::{is_unsafe, log_line};
use super::{Options, Reporter, count_words};
use crate::model::{Finding, ScanReport};

/// The summary page shows about so many; the log holds all.
const MOST: usize = 50;

/// `##vso[task.logissue …]message`, the most severe first. Azure has no level below a warning: notes stay in
/// the log's count.
pub struct Azure;

impl Reporter for Azure {
    fn write(&self, report: &ScanReport, _options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
        let mut findings: Vec<&Finding> =
            report.active().filter(|finding| finding.severity.sarif_level() != "note").collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        for finding in findings.iter().take(MOST) {
            let region = finding.primary.region;
            writeln!(
                out,
                "##vso[task.logissue type={};sourcepath={};linenumber={};columnnumber={};code={};]{}",
                finding.severity.sarif_level(),
                property(finding.primary.path.as_str()),
                region.start_line.max(1),
                region.char_column.max(1),
                property(finding.rule.as_str()),
                data(&finding.message)
            )?;
        }
        writeln!(out, "portcullis: {}", count_words(report))?;
        for line in &report.verdict {
            writeln!(out, "{}", log_line(line))?;
        }
        Ok(())
    }
}

/// The text of a command, on one line.
fn data(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '%' => safe.push_str("%AZP25"),
            '\r' => safe.push_str("%0D"),
            '\n' => safe.push_str("%0A"),
            c if is_unsafe(c) => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

/// A property of a command.
fn property(text: &str) -> String {
    data(text).replace(']', "%5D").replace(';', "%3B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_end_the_command() {
        assert_eq!(property("a;b]c%\n"), "a%3Bb%5Dc%AZP25%0A");
    }
}
