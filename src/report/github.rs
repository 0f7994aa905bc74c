//! Annotations of a GitHub Actions step.

use std::io;

use super::escape::{command_data, command_property, log_line};
use super::{Options, Reporter, count_words, first_sentence};
use crate::model::{Finding, ScanReport};

/// The runner shows this many annotations of a level per step and drops the rest without a word.
const PER_LEVEL: usize = 10;

/// `::error file=…::message`, the most severe first, the last of a level telling how many more there are.
pub struct GitHub;

impl Reporter for GitHub {
    fn write(&self, report: &ScanReport, _options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
        for (level, command) in [("error", "error"), ("warning", "warning"), ("note", "notice")] {
            let mut findings: Vec<&Finding> =
                report.active().filter(|finding| finding.severity.sarif_level() == level).collect();
            findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
            let fits = if findings.len() > PER_LEVEL { PER_LEVEL - 1 } else { findings.len() };
            for finding in findings.iter().take(fits) {
                writeln!(out, "{}", annotation(command, finding))?;
            }
            if findings.len() > fits {
                let more = findings.len() - fits;
                let text = format!("{more} more findings of this level are in the full report.");
                writeln!(out, "::{command} title=portcullis::{}", command_data(&text))?;
            }
        }
        writeln!(out, "portcullis: {}", count_words(report))?;
        for line in &report.verdict {
            writeln!(out, "{}", log_line(line))?;
        }
        Ok(())
    }
}

/// Columns are given only where the region lies within a line: the runner refuses them otherwise.
fn annotation(command: &str, finding: &Finding) -> String {
    let region = finding.primary.region;
    let mut place =
        format!("file={},line={}", command_property(finding.primary.path.as_str()), region.start_line.max(1));
    if region.start_line == region.end_line {
        place.push_str(&format!(",col={},endColumn={}", region.start_column.max(1), region.end_column.max(1)));
    } else {
        place.push_str(&format!(",endLine={}", region.end_line));
    }
    let title = command_property(&format!("{} ({})", finding.rule, finding.severity));
    let text = if finding.message.is_empty() { first_sentence(finding.rule.as_str()) } else { &finding.message };
    format!("::{command} {place},title={title}::{}", command_data(text))
}
