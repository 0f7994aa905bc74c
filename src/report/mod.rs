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
mod tests {
    use super::*;
    use crate::model::{Severity, Suppression, sample};

    fn text(name: &str, report: &ScanReport, options: &Options) -> String {
        let mut out = Vec::new();
        find(name).expect("a format").write(report, options, &mut out).expect("memory takes all");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn every_format_shows_a_finding_and_hides_a_suppressed_one() {
        let mut report = sample::report(&[("a/b.tf", 7, Severity::High), ("gone.tf", 1, Severity::Low)]);
        report.findings[1].suppressions.push(Suppression {
            in_source: false,
            source: "portcullis.toml".into(),
            reason: "a test".into(),
            until: None,
        });
        for format in FORMATS {
            let out = text(format.name, &report, &Options::default());
            let elsewhere = ["gitlab-secrets", "gitlab-deps", "cyclonedx", "hook"].contains(&format.name);
            assert!(elsewhere || out.contains("a/b.tf"), "{}: {out}", format.name);
            let marks_them = ["junit", "html"].contains(&format.name);
            assert!(marks_them || !out.contains("gone.tf"), "{}", format.name);
            assert_eq!(out, text(format.name, &report, &Options::default()), "{}", format.name);
        }
    }

    #[test]
    fn a_file_name_steers_no_terminal_and_no_runner() {
        let report = sample::report(&[("x\u{1b}[2J\n::error::y\u{202e}.tf", 1, Severity::High)]);
        for name in ["table", "compact", "github", "azure", "hook", "csv", "markdown", "html", "junit"] {
            let out = text(name, &report, &Options { width: Some(100), ..Options::default() });
            assert!(!out.chars().any(|c| escape::is_unsafe(c) && c != '\r'), "{name}: {out:?}");
            assert!(out.lines().all(|line| !line.starts_with("::") || line.contains("file=")), "{name}: {out}");
        }
    }

    /// Every text that a tree or another tool may choose, made to be taken for a command or for markup.
    fn hostile() -> ScanReport {
        let text = "\n::error::x ##[add-mask]y ##vso[task.complete]z\r\n=1+1|</td><script>]]>`";
        let mut report = sample::report(&[(text, 1, Severity::High), ("=a.tf", 2, Severity::Low)]);
        report.findings[0].message = text.to_owned();
        report.findings[0].suppressions.clear();
        let rule = crate::model::Rule {
            help: format!("{text}\n\n{text}"),
            title: text.to_owned(),
            references: vec![text.to_owned()],
            aliases: vec![text.to_owned()],
            ..crate::model::Rule::new(text, text, Severity::High)
        };
        report.tools.push(crate::model::Tool { name: text.to_owned(), version: text.to_owned(), ..Default::default() });
        let mut other = sample::finding(&rule, "b.tf", 3, 1);
        other.tool = 1;
        other.message = text.to_owned();
        report.rules.insert((1, rule.id.clone()), std::sync::Arc::new(rule));
        report.findings.push(other);
        report
            .notices
            .push(Notice::warning(crate::model::NoticeKind::Skipped, text).at(&crate::model::RepoPath::new(text)));
        report.verdict = vec![text.to_owned()];
        report.gate_failed = true;
        report
    }

    #[test]
    fn no_line_of_any_format_is_a_command_to_a_runner() {
        let report = hostile();
        for format in FORMATS {
            for options in [Options::default(), Options { show_suppressed: true, verbose: true, ..Options::default() }]
            {
                let out = text(format.name, &report, &options);
                let ours = |line: &str| match format.name {
                    "github" => line.starts_with("::error file=") || line.starts_with("::notice file="),
                    "azure" => line.starts_with("##vso[task.logissue type=error;sourcepath="),
                    _ => false,
                };
                for line in out.split(['\n', '\r', '\u{2028}', '\u{85}']) {
                    let line = if ours(line) { line.trim_start_matches("##vso[") } else { line };
                    let commands = ["##[", "##vso["].iter().any(|mark| line.contains(mark));
                    // Behind the mark of a command of ours everything is its text.
                    let inside = format.name == "github" && ours(line)
                        || format.name == "azure" && line.starts_with("task.logissue");
                    assert!(inside || !commands, "{}: {line}", format.name);
                    assert!(inside || !line.trim_start().starts_with("::"), "{}: {line}", format.name);
                }
            }
        }
    }

    #[test]
    fn what_is_escaped_for_runners_still_reads_the_same() {
        let report = hostile();
        for name in ["json", "sarif", "gitlab-sast", "gitlab-codequality", "sonar"] {
            let read: serde_json::Value =
                serde_json::from_str(&text(name, &report, &Options::default())).expect("JSON");
            assert!(read.to_string().contains("##[add-mask]"), "{name}: {read}");
        }
        for line in text("jsonl", &report, &Options::default()).lines() {
            serde_json::from_str::<serde_json::Value>(line).expect("JSON");
        }
    }

    #[test]
    fn markdown_fits_the_smallest_comment_and_is_cut_between_rows() {
        let long = "[*_]".repeat(400);
        let mut report = sample::report(&vec![(long.as_str(), 1, Severity::High); 500]);
        report.findings.iter_mut().for_each(|finding| finding.message.clone_from(&long));
        report.verdict = vec![long.clone(); 100];
        report.notices = vec![
            Notice::warning(crate::model::NoticeKind::Skipped, &long)
                .at(&crate::model::RepoPath::new(&long));
            100
        ];
        let out = text("markdown", &report, &Options::default());
        assert!(out.chars().count() <= 32_768, "{}", out.len());
        assert!(out.lines().filter(|line| line.starts_with('|')).all(|line| line.ends_with(" |")), "{out}");
        assert!(
            out.contains("more findings are in the full report") && out.trim_end().ends_with("</details>"),
            "{out}"
        );
    }

    #[test]
    fn a_narrow_table_wraps() {
        let report = sample::report(&[("a.tf", 1, Severity::High)]);
        let out = text("table", &report, &Options { width: Some(60), ..Options::default() });
        assert!(out.lines().take(4).all(|line| line.chars().count() <= 60), "{out}");
    }

    #[test]
    fn sarif_keeps_the_most_severe_of_too_many() {
        let mut places = vec![("a.tf", 1, Severity::Low); 25_001];
        places.push(("worst.tf", 1, Severity::Critical));
        let out = text("sarif", &sample::report(&places), &Options::default());
        let log: serde_json::Value = serde_json::from_str(&out).expect("JSON");
        let results = log["runs"][0]["results"].as_array().expect("results");
        assert_eq!(results.len(), 25_000);
        assert_eq!(results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "worst.tf");
        let notes = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"];
        assert!(notes[0]["message"]["text"].as_str().expect("text").contains("the 2 least severe"));
    }
}
