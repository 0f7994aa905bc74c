//! `portcullis explain`: a rule, or one finding of the tree.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;

use super::args::ScanArgs;
use super::exit::Exit;
use super::output::{Terminal, lines};
use super::{CliError, print, rules, scan};
use crate::model::{Finding, ScanReport};

/// Hexadecimal digits of a fingerprint that are enough to name it, and all there are.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=32;

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A rule id, with or without its scanner; an alias such as `CKV_AWS_20`; or (the first 8 digits of) a finding's
    /// fingerprint.
    pub what: String,
    /// Where to look for the finding; the current folder where none is named.
    pub paths: Vec<PathBuf>,
}

/// Carries out `portcullis explain`.
pub fn run(args: &ExplainArgs, terminal: &Terminal) -> Result<Exit, CliError> {
    let hex = args.what.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hex && DIGITS.contains(&args.what.len()) {
        return finding(args, terminal);
    }
    rules::explain(&args.what)
}

/// Scans for the finding, and tells all there is to know of it.
fn finding(args: &ExplainArgs, terminal: &Terminal) -> Result<Exit, CliError> {
    let report = scan::report(&ScanArgs { paths: args.paths.clone(), ..ScanArgs::default() }, terminal)?;
    let found = with_fingerprint(&report, &args.what)?;
    let text: Vec<String> = found.into_iter().map(|finding| described(&report, finding)).collect();
    print(lines(&text.join("\n\n")).as_bytes())
}

/// The findings whose fingerprint begins with `wanted`.
///
/// # Errors
/// Where there is none.
pub fn with_fingerprint<'a>(report: &'a ScanReport, wanted: &str) -> Result<Vec<&'a Finding>, CliError> {
    let wanted = wanted.to_ascii_lowercase();
    let begins = |finding: &&Finding| finding.fingerprint.to_string().starts_with(&wanted);
    let found: Vec<&Finding> = report.findings.iter().filter(begins).collect();
    if found.is_empty() || !DIGITS.contains(&wanted.len()) {
        return Err(CliError::usage(format!(
            "no finding here has the fingerprint `{wanted}`: it was mended, or it is of another folder \
             (`portcullis scan -f json` names those of this one, of which 8 digits are enough)"
        )));
    }
    Ok(found)
}

fn described(report: &ScanReport, finding: &Finding) -> String {
    let place = finding.primary.region;
    let mut text = format!("{}:{}:{}\n", finding.primary.path, place.start_line, place.char_column);
    let _ = writeln!(text, "  {}", finding.message);
    let _ = writeln!(text, "  severity {}, confidence {}", finding.severity, finding.confidence);
    let _ = writeln!(text, "  fingerprint {}", finding.fingerprint);
    for one in &finding.suppressions {
        let _ = writeln!(text, "  tolerated by {}: {}", one.source, one.reason);
    }
    if let Some(snippet) = &finding.snippet {
        text.push('\n');
        for (number, line) in (snippet.first_line..).zip(snippet.text.lines()) {
            let mark = if (place.start_line..=place.end_line).contains(&number) { '>' } else { ' ' };
            let _ = writeln!(text, "{mark} {number:>5} | {line}");
        }
    }
    for related in &finding.related {
        let Some(first) = related.message.lines().next() else { continue };
        let _ = writeln!(text, "  {}:{}: {first}", related.location.path, related.location.region.start_line);
    }
    for fix in &finding.fixes {
        let _ = writeln!(text, "  fix: {}", fix.description);
    }
    let print = finding.fingerprint.to_string();
    let _ = writeln!(text, "\nTo tolerate it: portcullis ignore {} --reason '…'\n", print.get(..8).unwrap_or(&print));
    if let Some(rule) = report.rule_of(finding) {
        text.push_str(&rules::described(rule));
    }
    text
}
