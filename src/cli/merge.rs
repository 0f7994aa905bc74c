//! `portcullis merge`: other tools' SARIF as one report.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::external::Import;
use crate::model::ScanReport;
use crate::report::{self, Options};
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
}

/// Merges the files and writes the report.
///
/// # Errors
/// One sentence for the user: an unknown format or severity, a file that cannot be read or is no SARIF, a
/// report that cannot be written. Nothing was written then.
#[expect(clippy::disallowed_methods, reason = "the command reads the files it is given and writes one")]
pub fn run(args: &MergeArgs) -> Result<Verdict, String> {
    let format = report::find(&args.format).ok_or_else(|| format!("there is no format `{}`", args.format))?;
    let fail_on = match args.fail_on.as_str() {
        "none" => None,
        word => Some(word.parse()?),
    };
    let root = std::fs::canonicalize(&args.root).map_err(|error| format!("{}: {error}", args.root.display()))?;
    let settings = super::foreign::settings(&root, BTreeMap::new()).map_err(|error| error.to_string())?;
    let mut import = Import::new(&settings);
    for file in &args.files {
        let bytes = read(file).map_err(|error| format!("{}: {error}", file.display()))?;
        import.read(&file.to_string_lossy(), &bytes).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    let mut merged = ScanReport { complete: true, ..ScanReport::default() };
    import.finish(&mut merged);
    let verdict = gate(&mut merged, &GateSettings { fail_on, ..GateSettings::default() });
    let mut out = Vec::new();
    format.reporter.write(&merged, &Options::default(), &mut out).map_err(|error| error.to_string())?;
    match &args.output {
        Some(path) => std::fs::write(path, &out).map_err(|error| format!("{}: {error}", path.display()))?,
        None => io::stdout().lock().write_all(&out).map_err(|error| error.to_string())?,
    }
    Ok(verdict)
}

#[expect(clippy::disallowed_methods, reason = "the command reads the files it is given")]
fn read(file: &Path) -> io::Result<Vec<u8>> {
    if file == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    std::fs::read(file)
}
