//! Layer 3: how a finished report is shown. A format is one file and one line of [`FORMATS`].

use std::io;

use crate::model::{Finding, Notice, NoticeLevel, ScanReport};

mod azure;
mod compact;
mod csv;
mod cyclonedx;
pub mod escape;
mod github;
mod gitlab;
mod hook;
mod html;
mod json;
mod junit;
mod markdown;
mod runner;
mod sarif;
mod sarif_place;
mod sarif_rules;
pub mod sbom;
mod sonar;
mod table;

/// How a person wants a report.
#[derive(Clone, Debug)]
pub struct Options {
    /// Columns of the terminal; `None` where output is no terminal: lines are then as long as they are.
    pub width: Option<usize>,
    /// Colours may be used.
    pub color: bool,
    /// What the table groups by.
    pub group_by: GroupBy,
    /// SARIF lists every rule of the scanners that ran, not only those that fired.
    pub sarif_all_rules: bool,
    /// Suppressed and absent findings are written too, marked as such.
    pub show_suppressed: bool,
    /// Category of the SARIF upload; empty for none.
    pub category: String,
    /// Notes are shown beside warnings.
    pub verbose: bool,
    /// What of the report SARIF holds.
    pub part: Part,
    /// The commit scanned, 40 or 64 hexadecimal digits, for formats that require one.
    pub commit: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            width: None,
            color: false,
            group_by: GroupBy::File,
            sarif_all_rules: false,
            show_suppressed: false,
            category: "portcullis".to_owned(),
            verbose: false,
            part: Part::Whole,
            commit: None,
        }
    }
}

/// A part of a report, for consumers that take so many results at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    #[default]
    Whole,
    /// What a scanner of ours found.
    Scanner(&'static str),
    /// What the other tool of that index found.
    Tool(usize),
}

impl Part {
    fn holds_tool(self, tool: usize) -> bool {
        match self {
            Self::Whole => true,
            Self::Scanner(_) => tool == 0,
            Self::Tool(one) => tool == one,
        }
    }

    /// Of our own scanners.
    fn holds_scanner(self, scanner: &str) -> bool {
        !matches!(self, Self::Scanner(one) if one != scanner)
    }
}

/// What the table groups by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupBy {
    /// By file.
    #[default]
    File,
    /// By severity, the worst first.
    Severity,
}

/// Writes a finished report in one format. The same report gives the same bytes.
pub trait Reporter: Sync {
    /// Writes the whole report to `out`.
    ///
    /// # Errors
    /// Where `out` fails.
    fn write(&self, report: &ScanReport, options: &Options, out: &mut dyn io::Write) -> io::Result<()>;
}

/// An output format.
pub struct Format {
    /// What `--format` calls it.
    pub name: &'static str,
    /// Usual extension of its files, without a dot.
    pub extension: &'static str,
    /// One line for `--help`.
    pub description: &'static str,
    reporter: &'static dyn Reporter,
}

impl Format {
    /// Writes the whole report to `out`, so that no line of it is a command to a pipeline's runner but those
    /// that the format is made of.
    ///
    /// # Errors
    /// Where `out` fails.
    pub fn write(&self, report: &ScanReport, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
        // Other formats escape line by line.
        let escape = match self.extension {
            "sarif" | "json" | "jsonl" | "cdx.json" => runner::JSON_NUMBER_SIGN,
            "html" | "xml" => "&#35;",
            _ => return self.reporter.write(report, options, out),
        };
        let mut safe = runner::Defused::new(out, escape);
        self.reporter.write(report, options, &mut safe)?;
        safe.finish()
    }
}

const fn format(
    name: &'static str,
    extension: &'static str,
    description: &'static str,
    reporter: &'static dyn Reporter,
) -> Format {
    Format { name, extension, description, reporter }
}

/// All formats, in the order of `--help`.
pub static FORMATS: &[Format] = &[
    format("table", "txt", "for people: grouped by file or severity", &table::Table),
    format(
        "compact",
        "txt",
        "one line per finding, as editors parse it: path:line:column: error: message",
        &compact::Compact,
    ),
    format("sarif", "sarif", "SARIF 2.1.0, for code scanning", &sarif::Sarif),
    format("json", "json", "everything, in a documented and versioned shape", &json::Json),
    format("jsonl", "jsonl", "one JSON object per finding and line", &json::Jsonl),
    format("github", "txt", "annotations of a GitHub Actions step", &github::GitHub),
    format("azure", "txt", "annotations of an Azure Pipelines step", &azure::Azure),
    format("markdown", "md", "a step summary or pull-request comment", &markdown::Markdown),
    format("html", "html", "one page with filters, readable without a network", &html::Html),
    format("hook", "txt", "what a commit hook says: one screen", &hook::Hook),
    format("junit", "xml", "JUnit XML: a case per finding", &junit::JUnit),
    format(
        "gitlab-sast",
        "json",
        "GitLab SAST report: infrastructure findings and other tools'",
        &gitlab::Security { kind: "sast", scanner: "iac" },
    ),
    format(
        "gitlab-secrets",
        "json",
        "GitLab secret detection report",
        &gitlab::Security { kind: "secret_detection", scanner: "secrets" },
    ),
    format(
        "gitlab-deps",
        "json",
        "GitLab dependency scanning report",
        &gitlab::Security { kind: "dependency_scanning", scanner: "deps" },
    ),
    format("gitlab-codequality", "json", "GitLab Code Quality report", &gitlab::CodeQuality),
    format("sonar", "json", "SonarQube generic issues", &sonar::Sonar),
    format("cyclonedx", "cdx.json", "CycloneDX 1.6 vulnerabilities of dependencies", &cyclonedx::CycloneDx),
    format("csv", "csv", "one row per finding, for spreadsheets", &csv::Csv),
];

/// The format of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

/// Findings a format writes: those that count, or all.
fn shown<'a>(report: &'a ScanReport, options: &Options) -> impl Iterator<Item = &'a Finding> + Clone {
    let all = options.show_suppressed;
    report.findings.iter().filter(move |finding| all || finding.is_active())
}

/// Who found it: a scanner of ours, or the other tool's name.
fn source<'a>(report: &'a ScanReport, finding: &'a Finding) -> &'a str {
    match finding.tool {
        0 => finding.scanner(),
        tool => report.tools.get(tool).map_or("", |tool| &tool.name),
    }
}

/// What is to be said of a finding that does not count; nothing of one that does.
fn mark(finding: &Finding) -> String {
    if finding.is_active() { String::new() } else { state(finding) }
}

/// What else is to be said of a finding: suppressed, known.
fn state(finding: &Finding) -> String {
    let mut text = String::new();
    if let Some(one) = finding.suppressions.first() {
        let reason = if one.reason.is_empty() { "no reason given" } else { &one.reason };
        text.push_str(&format!(" (suppressed by {}: {})", escape::terminal(&one.source), escape::terminal(reason)));
    }
    if let Some(state) = finding.baseline {
        text.push_str(&format!(" ({})", state.word()));
    }
    text
}

/// The message up to the end of its first sentence.
fn first_sentence(message: &str) -> &str {
    message.split_inclusive(". ").next().unwrap_or(message).trim_end()
}

/// Notices a person is told: warnings and errors, with `verbose` notes too.
fn told<'a>(report: &'a ScanReport, options: &Options) -> impl Iterator<Item = &'a Notice> + Clone {
    let least = if options.verbose { NoticeLevel::Note } else { NoticeLevel::Warning };
    report.notices.iter().filter(move |notice| notice.level >= least)
}

/// `3 critical, 1 high`; severities without findings are left out.
fn count_words(report: &ScanReport) -> String {
    let words: Vec<String> = report
        .counts()
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(severity, count)| format!("{count} {severity}"))
        .collect();
    if words.is_empty() { "no findings".to_owned() } else { words.join(", ") }
}

/// `text` cut to at most `most` characters, with an ellipsis where something was cut.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests;
