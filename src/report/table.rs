//! The report for people: groups of rows, a summary, the verdict.

use std::collections::BTreeMap;
use std::io;

use comfy_table::{ColumnConstraint, ContentArrangement, Table as Grid, Width, presets};

use super::escape::{log_line, terminal};
use super::{GroupBy, Options, Reporter, count_words, shown, source, state, told};
use crate::model::{Finding, NoticeLevel, ScanReport, Severity};

/// Narrowest table that wraps; a terminal narrower than this gets long lines.
const NARROWEST: usize = 50;
/// Width of the severity column.
const SEVERITY: u16 = 8;

/// Rows grouped by file or by severity.
pub struct Table;

impl Reporter for Table {
    fn write(&self, report: &ScanReport, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
        let mut groups: BTreeMap<Key<'_>, Vec<&Finding>> = BTreeMap::new();
        for finding in shown(report, options) {
            groups.entry(Key::of(finding, options.group_by)).or_default().push(finding);
        }
        for (key, findings) in &groups {
            writeln!(out, "{}", paint(&log_line(&key.heading(findings.len())), "1", options.color))?;
            rows(findings, options, out)?;
            writeln!(out)?;
        }
        notices(report, options, out)?;
        summary(report, options, out)
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    File(&'a str),
    Severity(std::cmp::Reverse<Severity>),
}

impl<'a> Key<'a> {
    fn of(finding: &'a Finding, by: GroupBy) -> Self {
        match by {
            GroupBy::File => Self::File(finding.primary.path.as_str()),
            GroupBy::Severity => Self::Severity(std::cmp::Reverse(finding.severity)),
        }
    }

    fn heading(&self, count: usize) -> String {
        match self {
            Self::File(path) => (*path).to_owned(),
            Self::Severity(severity) => format!("{} ({count})", severity.0),
        }
    }
}

/// The rows of one group. comfy-table passes control characters through, so that every cell is escaped.
fn rows(findings: &[&Finding], options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let mut grid = Grid::new();
    grid.load_style(presets::NOTHING);
    match options.width.filter(|width| *width >= NARROWEST) {
        Some(width) => {
            grid.set_width(u16::try_from(width).unwrap_or(u16::MAX));
            grid.set_content_arrangement(ContentArrangement::Dynamic);
        }
        None => {
            grid.set_content_arrangement(ContentArrangement::Disabled);
        }
    }
    for finding in findings {
        grid.add_row(vec![
            finding.severity.word().to_owned(),
            place(finding, options.group_by),
            terminal(finding.rule.as_str()).into_owned(),
            format!("{}{}", terminal(&finding.message), state(finding)),
        ]);
    }
    if let Some(column) = grid.column_mut(0) {
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(SEVERITY + 2)));
    }
    if let (Some(width), Some(column)) = (options.width, grid.column_mut(2)) {
        let most = u16::try_from(width / 3).unwrap_or(u16::MAX);
        column.set_constraint(ColumnConstraint::UpperBoundary(Width::Fixed(most)));
    }
    for line in grid.lines() {
        let line = line.trim_end();
        writeln!(out, "{}", paint_severity(&log_line(line), options.color))?;
    }
    Ok(())
}

fn place(finding: &Finding, by: GroupBy) -> String {
    let region = finding.primary.region;
    match by {
        GroupBy::File => format!("{}:{}", region.start_line, region.char_column),
        GroupBy::Severity => {
            format!("{}:{}:{}", terminal(finding.primary.path.as_str()), region.start_line, region.char_column)
        }
    }
}

fn notices(report: &ScanReport, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let mut any = false;
    for notice in told(report, options) {
        let (word, code) = match notice.level {
            NoticeLevel::Error => ("error", "31"),
            NoticeLevel::Warning => ("warning", "33"),
            NoticeLevel::Note => ("note", "36"),
        };
        let place = match (&notice.path, notice.line) {
            (Some(path), Some(line)) => format!("{path}:{line}: "),
            (Some(path), None) => format!("{path}: "),
            _ => String::new(),
        };
        let text = log_line(&format!("{place}{}", notice.message)).into_owned();
        writeln!(out, "{}: {text}", paint(word, code, options.color))?;
        any = true;
    }
    if any { writeln!(out) } else { Ok(()) }
}

fn summary(report: &ScanReport, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let coverage = &report.coverage;
    let mut by: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in report.active() {
        *by.entry(source(report, finding)).or_default() += 1;
    }
    let by: Vec<String> = by.iter().map(|(name, count)| format!("{} {count}", log_line(name))).collect();
    let by = if by.is_empty() { String::new() } else { format!(" ({})", by.join(", ")) };
    writeln!(
        out,
        "{}{by}; {} of {} files, {}, {:.2} s",
        count_words(report),
        coverage.files_scanned,
        coverage.files_seen,
        bytes(coverage.bytes_scanned),
        report.elapsed.as_secs_f64()
    )?;
    for (at, line) in report.verdict.iter().enumerate() {
        let code = match (at, report.gate_failed) {
            (0, true) => "1;31",
            (0, false) => "1;32",
            _ => "",
        };
        writeln!(out, "{}", paint(&log_line(line), code, options.color))?;
    }
    Ok(())
}

fn bytes(count: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
    let count_f = count as f64;
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{:.1} kB", count_f / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", count_f / 1e6),
        _ => format!("{:.2} GB", count_f / 1e9),
    }
}

fn paint(text: &str, code: &str, color: bool) -> String {
    if color && !code.is_empty() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}

/// Colours the word in the first column; a wrapped row's further lines begin with white space.
fn paint_severity(line: &str, color: bool) -> String {
    let code = |severity| match severity {
        Severity::Critical => "1;31",
        Severity::High => "31",
        Severity::Medium => "33",
        Severity::Low => "36",
        Severity::Info => "2",
    };
    let word = line.trim_start().split(' ').next().unwrap_or_default();
    match Severity::ALL.iter().find(|severity| color && severity.word() == word) {
        Some(&severity) => line.replacen(word, &paint(word, code(severity), true), 1),
        None => line.to_owned(),
    }
}
