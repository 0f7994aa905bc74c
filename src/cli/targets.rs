//! Where the reports of a scan go.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::CliError;
use super::args::{GroupBy, SarifRules, ScanArgs};
use super::ci::Ci;
use super::exit::Exit;
use super::output::{Terminal, write_file};
use crate::model::{BaselineState, ScanReport};
use crate::report::{self, Format};

/// One report to write.
pub struct Target {
    /// How.
    pub format: &'static Format,
    /// Where; standard output where it is `None`.
    pub file: Option<PathBuf>,
}

impl Target {
    /// True for the table on standard output.
    pub fn is_table(&self) -> bool {
        self.file.is_none() && self.format.name == "table"
    }
}

/// Formats and files, refused before anything is scanned where they cannot be. A pipeline's annotations go
/// in front of a table.
///
/// # Errors
/// On a format that there is not, flags that do not go together, or a folder that is missing.
pub fn find(args: &ScanArgs, ci: Option<Ci>) -> Result<Vec<Target>, CliError> {
    let table = ["table".to_owned()];
    let formats = if args.formats.is_empty() { &table[..] } else { &args.formats };
    let mut targets = Vec::new();
    for text in formats {
        let (name, file) = match text.split_once('=') {
            Some((name, file)) => (name, Some(PathBuf::from(file))),
            None => (text.as_str(), None),
        };
        targets.push(Target { format: format(name)?, file });
    }
    if let Some(output) = &args.output {
        match &mut targets[..] {
            [only] if only.file.is_none() => only.file = Some(output.clone()),
            _ => return Err(CliError::usage("-o goes with one format; with several, write -f FORMAT=FILE for each")),
        }
    }
    if args.split_sarif && !targets.iter().any(|target| target.format.name == "sarif" && target.file.is_some()) {
        return Err(CliError::usage("--split-sarif goes with a SARIF file: write -f sarif=FILE"));
    }
    if targets.iter().filter(|target| target.file.is_none()).count() > 1 {
        return Err(CliError::usage("two formats for standard output: write all but one as -f FORMAT=FILE"));
    }
    for folder in targets.iter().filter_map(|target| target.file.as_deref()?.parent()) {
        if !folder.as_os_str().is_empty() && !folder.is_dir() {
            let message = format!("the folder `{}` of an output file does not exist: make it first", folder.display());
            return Err(CliError::usage(message));
        }
    }
    let annotations = ci.and_then(Ci::annotations).filter(|_| targets.iter().any(Target::is_table));
    if let Some(name) = annotations {
        targets.insert(0, Target { format: format(name)?, file: None });
    }
    Ok(targets)
}

/// The format of that name.
///
/// # Errors
/// Where there is none; the message names all, and the one that may be meant.
pub fn format(name: &str) -> Result<&'static Format, CliError> {
    report::find(name).ok_or_else(|| {
        let names: Vec<&str> = report::FORMATS.iter().map(|format| format.name).collect();
        let hint = crate::config::nearest(name, names.iter().copied());
        let hint = hint.map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default();
        CliError::usage(format!("there is no format `{name}`{hint}: the formats are {}", names.join(", ")))
    })
}

/// Writes every report.
///
/// # Errors
/// Where a file, or standard output, cannot be written.
pub fn write(
    targets: &[Target],
    report: &ScanReport,
    args: &ScanArgs,
    ci: Option<Ci>,
    terminal: &Terminal,
) -> Result<(), CliError> {
    let options = report::Options {
        width: terminal.width,
        color: terminal.color,
        group_by: match args.group_by {
            GroupBy::File => report::GroupBy::File,
            GroupBy::Severity => report::GroupBy::Severity,
        },
        sarif_all_rules: args.sarif_rules == SarifRules::All,
        show_suppressed: args.show_suppressed,
        // Beside the tree's alerts in code scanning, not in their place.
        category: match args.history {
            Some(_) => format!("{}-history", args.category),
            None => args.category.clone(),
        },
        verbose: terminal.verbose,
        part: report::Part::Whole,
        commit: ci.and_then(Ci::commit),
    };
    for target in targets {
        match &target.file {
            Some(path) => {
                let plain = report::Options { width: None, color: false, ..options.clone() };
                if args.split_sarif && target.format.name == "sarif" {
                    split(path, target.format, report, &plain)?;
                    continue;
                }
                write_file(path, |out| target.format.write(report, &plain, out))?;
            }
            None => {
                to_stdout(|out| target.format.write(report, &options, out))?;
            }
        }
    }
    Ok(())
}

/// One file per scanner of ours, and per other tool: `out.sarif` as `out.secrets.sarif`.
fn split(path: &Path, format: &Format, report: &ScanReport, options: &report::Options) -> Result<(), CliError> {
    let ours = report.scanners.iter().map(|name| ((*name).to_owned(), report::Part::Scanner(name)));
    let others = report.tools.iter().enumerate().skip(1);
    let others = others.map(|(at, tool)| (part_name(&tool.name, &tool.category), report::Part::Tool(at)));
    let mut taken = BTreeSet::new();
    for (name, part) in ours.chain(others) {
        let name = free_name(name, &mut taken);
        let category = format!("{}-{name}", options.category);
        let file = path.with_extension(format!("{name}.{}", path.extension().unwrap_or_default().to_string_lossy()));
        let options = report::Options { part, category, ..options.clone() };
        write_file(&file, |out| format.write(report, &options, out))?;
    }
    Ok(())
}

/// A tool's name and category as part of a file's name.
fn part_name(tool: &str, category: &str) -> String {
    let text = if category.is_empty() { tool.to_owned() } else { format!("{tool}-{category}") };
    let plain =
        |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c.to_ascii_lowercase() } else { '-' };
    text.chars().take(100).map(plain).collect()
}

/// The name, or with a number where another part has it: no tool calls itself into our file.
fn free_name(name: String, taken: &mut BTreeSet<String>) -> String {
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let free = std::iter::once(name.clone()).chain(numbered).find(|name| taken.insert(name.clone()));
    free.unwrap_or(name)
}

/// A step's summary of more than 1 MiB is dropped whole, and just under it without a word: what earlier commands
/// of the step wrote counts.
const SUMMARY: u64 = 1_000_000;
/// Instead of a page that does not fit any more.
const TOO_LONG: &str = "\nportcullis: this summary is full; the verdict is in the log.\n";

/// Bytes that a summary still takes.
fn room(file: &Path) -> usize {
    let held = file.metadata().map_or(0, |file| file.len());
    usize::try_from(SUMMARY.saturating_sub(held)).unwrap_or(usize::MAX)
}

/// Gives the pipeline's service its summary and its outputs.
///
/// # Errors
/// Where one of the service's files cannot be written.
pub fn hand_over(ci: Ci, report: &ScanReport, exit: Exit) -> Result<(), CliError> {
    if let Some((file, command)) = ci.summary() {
        let options = report::Options::default();
        let mut page = Vec::new();
        let written = format("markdown")?.write(report, &options, &mut page);
        written.map_err(|source| CliError::Write { place: "the summary".to_owned(), source })?;
        if room(&file) < page.len() {
            page = TOO_LONG.as_bytes().to_vec();
        }
        if room(&file) >= page.len() {
            append(&file, &page)?;
        }
        if let Some(command) = command {
            to_stdout(|out| writeln!(out, "{command}"))?;
        }
    }
    if let Some(file) = ci.outputs() {
        append(&file, outputs(report, exit).as_bytes())?;
    }
    Ok(())
}

/// What later steps may ask: counts and the verdict, nothing of the scanned tree.
fn outputs(report: &ScanReport, exit: Exit) -> String {
    let mut lines = format!("exit-code={}\nfindings={}\n", exit.code(), report.active().count());
    for (severity, count) in report.counts() {
        let _ = writeln!(lines, "{severity}={count}");
    }
    let new = report.active().filter(|finding| finding.baseline == Some(BaselineState::New)).count();
    let suppressed = report.findings.iter().filter(|finding| !finding.suppressions.is_empty()).count();
    let _ = writeln!(lines, "new={new}\nsuppressed={suppressed}\ncomplete={}", report.complete);
    lines
}

fn append(file: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let opened = std::fs::OpenOptions::new().create(true).append(true).open(file);
    let written = opened.and_then(|mut file| file.write_all(bytes));
    written.map_err(|source| CliError::Write { place: format!("`{}`", file.display()), source })
}

fn to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), CliError> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = write(&mut out).and_then(|()| out.flush());
    written.map_err(|source| CliError::Write { place: "standard output".to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_takes_the_file_of_another() {
        let mut taken = BTreeSet::new();
        let parts = ["secrets".to_owned(), part_name("Secrets", ""), part_name("a", "b-c"), part_name("a-b", "c")];
        let names = parts.map(|name| free_name(name, &mut taken));
        assert_eq!(names, ["secrets", "secrets-2", "a-b-c", "a-b-c-2"]);
    }
}
