//! `portcullis baseline`: what is known and tolerated.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::{CliError, output};
use crate::external::{Import, ImportError, ImportSettings};
use crate::model::ScanReport;
use crate::report::escape::terminal;
use crate::triage::baseline::{Baseline, BaselineError};

/// Where a baseline stands unless told otherwise.
pub const DEFAULT_FILE: &str = "portcullis-baseline.json";

/// Arguments of `baseline`.
#[derive(Debug, Args)]
pub struct BaselineArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: BaselineCommand,
}

/// What may be done with a baseline.
#[derive(Debug, Subcommand)]
pub enum BaselineCommand {
    /// Scan, and write every finding that counts as known; refuses to replace a file.
    Write(BaselineScan),
    /// Scan, and write every finding that counts as known; reasons, owners and days of the file stay.
    Update(BaselineScan),
    /// Scan, and drop entries that are found no more.
    Prune(BaselineScan),
    /// Show the entries.
    Show {
        /// The baseline.
        #[arg(default_value = DEFAULT_FILE)]
        file: PathBuf,
    },
}

/// A scan whose findings go into a baseline.
#[derive(Debug, Args)]
pub struct BaselineScan {
    /// Folders and files to scan.
    pub paths: Vec<PathBuf>,
    /// The baseline.
    #[arg(long, value_name = "FILE", default_value = DEFAULT_FILE)]
    pub file: PathBuf,
}

/// Reads a baseline, or the earlier SARIF report of any tool, plain or gzip, as one.
///
/// # Errors
/// One sentence that names the file.
#[expect(clippy::disallowed_methods, reason = "the command reads the file it is given")]
pub fn read(file: &Path) -> Result<Baseline, CliError> {
    let hint = "`portcullis baseline write` makes one";
    let bytes = std::fs::read(file)
        .map_err(|error| CliError::usage(format!("cannot read the baseline `{}`: {error}. {hint}", file.display())))?;
    match Baseline::read(&bytes) {
        Err(BaselineError::Shape(no_baseline)) => earlier_report(file, &bytes).map_err(|error| match error {
            ImportError::Version(_) | ImportError::Json(_) => CliError::usage(format!(
                "{}: it is no baseline ({no_baseline}) and no SARIF 2.1.0. {hint}",
                file.display()
            )),
            error => CliError::usage(format!("{}: {error}", file.display())),
        }),
        read => read.map_err(|error| CliError::usage(format!("{}: {error}", file.display()))),
    }
}

fn earlier_report(file: &Path, bytes: &[u8]) -> Result<Baseline, ImportError> {
    let settings = ImportSettings::default();
    let mut import = Import::new(&settings);
    import.read(&file.to_string_lossy(), bytes)?;
    let mut report = ScanReport { complete: true, ..ScanReport::default() };
    import.finish(&mut report);
    Ok(Baseline::of_sarif(&report))
}

/// Carries the command out on the report of the scan it asked for; what to tell the user.
///
/// # Errors
/// One sentence: the file exists, cannot be read or written, or the scan is incomplete.
pub fn store(command: &BaselineCommand, report: &ScanReport) -> Result<String, CliError> {
    let (file, baseline) = match command {
        BaselineCommand::Write(scan) if scan.file.exists() => {
            return Err(CliError::usage(format!(
                "{}: it exists; `baseline update` keeps its reasons",
                scan.file.display()
            )));
        }
        BaselineCommand::Write(scan) => (&scan.file, Baseline::of(report, None)),
        BaselineCommand::Update(scan) => {
            let earlier = if scan.file.exists() { Some(read(&scan.file)?) } else { None };
            (&scan.file, Baseline::of(report, earlier.as_ref()))
        }
        BaselineCommand::Prune(scan) => (&scan.file, Ok(read(&scan.file)?.pruned(report))),
        BaselineCommand::Show { file } => return Ok(file.display().to_string()),
    };
    let baseline = baseline.map_err(|error| CliError::usage(error.to_string()))?;
    output::write_file(file, |out| out.write_all(baseline.to_text().as_bytes()))?;
    let count = baseline.entries.len();
    Ok(format!("{count} {} in {}", if count == 1 { "entry" } else { "entries" }, file.display()))
}

/// One line per entry.
///
/// # Errors
/// Where `out` fails.
pub fn show(baseline: &Baseline, out: &mut dyn io::Write) -> io::Result<()> {
    for entry in &baseline.entries {
        let owner = entry.owner.as_ref().map(|owner| format!(" owner {}", terminal(owner))).unwrap_or_default();
        let until = entry.until.as_ref().map(|day| format!(" until {day}")).unwrap_or_default();
        let reason = entry.reason.as_ref().map(|reason| format!(" -- {}", terminal(reason))).unwrap_or_default();
        let (path, rule) = (terminal(&entry.path), terminal(&entry.rule));
        writeln!(
            out,
            "{path}: {} {rule}: {}{owner}{until}{reason}",
            terminal(&entry.severity),
            terminal(&entry.message)
        )?;
    }
    Ok(())
}
