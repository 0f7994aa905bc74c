//! `portcullis merge`: other tools' SARIF as one report.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;

use super::output::Terminal;
use super::{CliError, foreign, output, targets};
use crate::config::{self, parse_threshold};
use crate::external::{Import, dedup};
use crate::model::ScanReport;
use crate::report::Options;
use crate::triage::gate::{GateSettings, Verdict, gate};

/// Arguments of `merge`.
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// SARIF 2.1.0 files of any tool, plain or gzip; `-` reads standard input.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Write the report to a file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Format of the report.
    #[arg(short, long, value_name = "FORMAT", default_value = "sarif")]
    pub format: String,
    /// Folder that absolute paths in the files are relative to.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub root: PathBuf,
    /// Fail on findings of this severity or worse, or `none`.
    #[arg(long, value_name = "SEVERITY", default_value = "none")]
    pub fail_on: String,
    /// Keep findings of different tools apart that mean the same.
    #[arg(long)]
    pub no_dedup: bool,
    /// Take `[sarif.severity]` from this configuration file, not from the one found above the root.
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    pub config: Option<PathBuf>,
    /// Read no configuration file.
    #[arg(long)]
    pub no_config: bool,
}

/// Merges the files, writes the report, and tells what is wrong with them and what fails.
///
/// # Errors
/// One sentence for the user: an unknown format or severity, a file that cannot be read or is no SARIF, a
/// report that cannot be written. Nothing was written then.
pub fn run(args: &MergeArgs, terminal: &Terminal) -> Result<Verdict, CliError> {
    let format = targets::format(&args.format)?;
    let fail_on = parse_threshold(&args.fail_on).map_err(|message| CliError::usage(format!("--fail-on: {message}")))?;
    #[expect(clippy::disallowed_methods, reason = "a folder that the command line names")]
    let root = std::fs::canonicalize(&args.root)
        .map_err(|error| CliError::usage(format!("{}: {error}", args.root.display())))?;
    let file = match &args.config {
        Some(file) => Some(file.clone()),
        None if args.no_config => None,
        None => config::find(&root)?,
    };
    let configuration = file.map(|file| config::load(&file)).transpose()?.unwrap_or_default();
    let settings = foreign::settings(&root, configuration.tool_severity)?;
    let mut import = Import::new(&settings);
    for file in &args.files {
        foreign::read(&mut import, file)?;
    }
    let mut merged = ScanReport { complete: true, ..ScanReport::default() };
    import.finish(&mut merged);
    if !args.no_dedup {
        dedup::across_tools(&mut merged);
    }
    let verdict = gate(&mut merged, &GateSettings { fail_on, ..GateSettings::default() });
    let write = |out: &mut dyn Write| format.write(&merged, &Options::default(), out);
    match &args.output {
        Some(path) => output::write_file(path, write)?,
        None => {
            let mut out = io::BufWriter::new(io::stdout().lock());
            let written = write(&mut out).and_then(|()| out.flush());
            written.map_err(|source| CliError::Write { place: "standard output".to_owned(), source })?;
        }
    }
    // The table ends with the same.
    if format.name != "table" {
        terminal.notices(&merged);
        if fail_on.is_some() {
            terminal.verdict(&merged);
        }
    }
    Ok(verdict)
}
