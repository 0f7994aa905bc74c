//! `portcullis baseline`: what is known and tolerated.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::args::ScanArgs;
use super::{CliError, output};
use crate::external::{Import, ImportError, ImportSettings};
use crate::model::{Notice, NoticeKind, ScanReport};
use crate::report::escape::log_line;
use crate::triage::baseline::{Baseline, BaselineError};

/// Where a baseline stands unless told otherwise.
pub const DEFAULT_FILE: &str = "portcullis-baseline.json";
const HINT: &str = "`portcullis baseline write` makes one";

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
    /// Add what another tool found: a SARIF 2.1.0 file, also several times.
    #[arg(long, value_name = "FILE")]
    pub sarif: Vec<PathBuf>,
    /// Read this configuration file instead of the one found above.
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    pub config: Option<PathBuf>,
    /// Read no configuration file.
    #[arg(long)]
    pub no_config: bool,
    /// Run the tools that a configuration inside the scanned tree names.
    #[arg(long)]
    pub trust_config: bool,
    /// Run no external tools.
    #[arg(long)]
    pub no_tools: bool,
}

impl BaselineScan {
    /// The same scan as `portcullis scan` with these flags.
    #[must_use]
    pub fn args(&self) -> ScanArgs {
        ScanArgs {
            paths: self.paths.clone(),
            sarif: self.sarif.clone(),
            config: self.config.clone(),
            no_config: self.no_config,
            trust_config: self.trust_config,
            no_tools: self.no_tools,
            ..ScanArgs::default()
        }
    }
}

/// A file that serves as a baseline.
pub enum Known {
    /// What `portcullis baseline` wrote.
    Ours(Baseline),
    /// A file's name and bytes, to be an earlier report, and why they are no baseline.
    Report(String, Vec<u8>, BaselineError),
}

/// Reads the file; of an earlier report only its bytes, since how one is read depends on the scan.
///
/// # Errors
/// One sentence that names the file: it cannot be read, is of a later version, or neither a baseline nor SARIF.
#[expect(clippy::disallowed_methods, reason = "the command reads the file it is given")]
pub fn open(file: &Path) -> Result<Known, CliError> {
    let bytes = std::fs::read(file)
        .map_err(|error| CliError::usage(format!("cannot read the baseline `{}`: {error}. {HINT}", file.display())))?;
    match Baseline::read(&bytes) {
        Ok(baseline) => Ok(Known::Ours(baseline)),
        Err(error @ BaselineError::Shape(_)) => {
            let name = file.display().to_string();
            Import::check(&bytes).map_err(|wrong| no_report(&name, &error, wrong))?;
            Ok(Known::Report(name, bytes, error))
        }
        Err(error) => Err(CliError::usage(format!("{}: {error}", file.display()))),
    }
}

/// Why a file that is no baseline is no earlier report either.
fn no_report(file: &str, no_baseline: &BaselineError, wrong: ImportError) -> CliError {
    match wrong {
        ImportError::Version(_) | ImportError::Json(_) => {
            CliError::usage(format!("{file}: {no_baseline}; as an earlier report, {wrong}. {HINT}"))
        }
        wrong => CliError::usage(format!("{file}: {wrong}")),
    }
}

impl Known {
    /// The baseline, and what to tell of it. An earlier SARIF report of any tool, plain or gzip, is read with the
    /// settings by which the scan reads other tools' reports: equal results then have equal identities, and no secret
    /// is told. Where it does not hold all that was found then, the rest is new now: a warning says so.
    ///
    /// # Errors
    /// One sentence that names the file: it is no SARIF either.
    pub fn baseline(
        self,
        settings: impl FnOnce() -> Result<ImportSettings, CliError>,
    ) -> Result<(Baseline, Vec<Notice>), CliError> {
        let (file, bytes, no_baseline) = match self {
            Self::Ours(baseline) => return Ok((baseline, Vec::new())),
            Self::Report(file, bytes, error) => (file, bytes, error),
        };
        let settings = settings()?;
        let mut import = Import::new(&settings);
        import.read(&file, &bytes).map_err(|wrong| no_report(&file, &no_baseline, wrong))?;
        let mut report = ScanReport { complete: true, ..ScanReport::default() };
        import.finish(&mut report);
        let lacking = report.notices.iter().filter(|notice| notice.incomplete);
        let told = |notice: &Notice| {
            let text = format!("The baseline is an incomplete report, what it lacks is new: {}", notice.message);
            Notice::warning(NoticeKind::Foreign, text)
        };
        Ok((Baseline::of_sarif(&report), lacking.map(told).collect()))
    }
}

/// Carries the command out on the report of the scan it asked for; what to tell the user.
///
/// # Errors
/// One sentence: the file exists, cannot be read or written, or the scan is incomplete.
pub fn store(
    command: &BaselineCommand,
    report: &ScanReport,
    settings: impl FnOnce() -> Result<ImportSettings, CliError>,
) -> Result<String, CliError> {
    let read = |file: &Path| open(file)?.baseline(settings).map(|(baseline, _)| baseline);
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
        let owner = entry.owner.as_ref().map(|owner| format!(" owner {}", log_line(owner))).unwrap_or_default();
        let until = entry.until.as_ref().map(|day| format!(" until {day}")).unwrap_or_default();
        let reason = entry.reason.as_ref().map(|reason| format!(" -- {}", log_line(reason))).unwrap_or_default();
        let (path, rule) = (log_line(&entry.path), log_line(&entry.rule));
        writeln!(
            out,
            "{path}: {} {rule}: {}{owner}{until}{reason}",
            log_line(&entry.severity),
            log_line(&entry.message)
        )?;
    }
    Ok(())
}
