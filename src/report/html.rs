//! One HTML page: no network, filters, light and dark. maud escapes all text.

use std::collections::BTreeSet;
use std::io::{self, Write};

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::escape::terminal;
use super::{Options, Reporter, count_words, source, told};
use crate::model::{Finding, ScanReport, Severity};

/// The page's style, and the few lines of script that filter.
const STYLE: &str = include_str!("html.css");
const SCRIPT: &str = include_str!("html.js");
/// Nothing may be loaded from anywhere, whatever the page holds.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// A page with every finding, suppressed ones marked as such.
pub struct Html;

impl Reporter for Html {
    /// The head first, then card by card: a page of 100,000 findings is never whole in memory.
    fn write(&self, report: &ScanReport, options: &Options, out: &mut dyn Write) -> io::Result<()> {
        let head = html! {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta http-equiv="Content-Security-Policy" content=(POLICY);
            title { "portcullis: " (count_words(report)) }
            style { (PreEscaped(STYLE)) }
        };
        write!(out, "{}<html lang=\"en\"><head>{}</head><body>", DOCTYPE.into_string(), head.into_string())?;
        out.write_all(top(report, options).into_string().as_bytes())?;
        let mut findings: Vec<&Finding> = report.findings.iter().collect();
        findings.sort_by_key(|finding| (std::cmp::Reverse(finding.severity), !finding.is_active()));
        out.write_all(b"<main>\n")?;
        for finding in findings {
            out.write_all(card(report, finding).into_string().as_bytes())?;
            out.write_all(b"\n")?;
        }
        writeln!(out, "</main><script>{SCRIPT}</script></body></html>")
    }
}

fn top(report: &ScanReport, options: &Options) -> Markup {
    let sources: BTreeSet<&str> = report.findings.iter().map(|finding| source(report, finding)).collect();
    let notices: Vec<_> = told(report, options).collect();
    html! {
        h1 { "portcullis: " (count_words(report)) }
        div.verdict.fail[report.gate_failed] { @for line in &report.verdict { p { (terminal(line)) } } }
        @if !notices.is_empty() {
            details { summary { (notices.len()) @if notices.len() == 1 { " notice" } @else { " notices" } }
                ul { @for notice in notices { li {
                    @if let Some(path) = &notice.path { code { (terminal(path.as_str())) } ": " }
                    (terminal(&notice.message))
                } } }
            }
        }
        div.filters {
            input #text type="search" placeholder="Filter by text, rule or path" aria-label="Filter by text";
            select #severity aria-label="Severity" {
                option value="" { "every severity" }
                @for severity in Severity::ALL { option { (severity) } }
            }
            select #source aria-label="Scanner" {
                option value="" { "every scanner" }
                @for name in sources { option { (terminal(name)) } }
            }
            span #count.dim {}
        }
    }
}

fn card(report: &ScanReport, finding: &Finding) -> Markup {
    let region = finding.primary.region;
    let rule = report.rule_of(finding);
    html! {
        article.off[!finding.is_active()] data-severity=(finding.severity) data-source=(terminal(source(report, finding))) {
            h2 { span.badge.(finding.severity.word()) { (finding.severity) } " " (terminal(&finding.message)) }
            div.dim {
                code { (terminal(finding.primary.path.as_str())) ":" (region.start_line) ":" (region.char_column) }
                " · " (terminal(source(report, finding))) " · " code { (terminal(finding.rule.as_str())) }
                @if let Some(state) = finding.baseline { " · " (state.word()) }
            }
            @for one in &finding.suppressions {
                div.dim { "Suppressed by " code { (terminal(&one.source)) } ": " (terminal(&one.reason)) }
            }
            (frame(finding))
            @if let Some(rule) = rule {
                @if !rule.help.is_empty() {
                    details { summary { "Why, and what to do" }
                        @for text in rule.help.split("\n\n") { p { (terminal(&text.replace('\n', " "))) } }
                        @for link in rule.references.iter().filter(|link| link.starts_with("https://")) {
                            div { a href=(terminal(link)) rel="noreferrer noopener" { (terminal(link)) } }
                        }
                    }
                }
            }
        }
    }
}

fn frame(finding: &Finding) -> Markup {
    let Some(snippet) = &finding.snippet else { return html! {} };
    let region = finding.primary.region;
    html! {
        pre {
            @for (number, line) in (snippet.first_line..).zip(snippet.text.split('\n')) {
                @let text = format!("{number:>5}  {}", terminal(&line.replace('\t', "    ")));
                @if (region.start_line..=region.end_line).contains(&number) { b { (text) } } @else { (text) }
                "\n"
            }
        }
    }
}
