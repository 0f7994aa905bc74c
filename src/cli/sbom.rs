//! `portcullis sbom`: what the lock files of a tree pin, as a bill of materials.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use clap::{Args, ValueEnum};

use super::args::ScanArgs;
use super::exit::Exit;
use super::inputs::Inputs;
use super::output::{Terminal, env, write_file};
use super::{CliError, plan};
use crate::engine;
use crate::lockfile::select::{self, Selection};
use crate::model::{Input, KeptInput, Notice, NoticeKind, Package, RepoPath, Rule, ScanReport, Sink};
use crate::report::sbom::{About, Bill, Standard};
use crate::scan::{Interest, Scanner};

/// Arguments of `sbom`.
#[derive(Debug, Args)]
pub struct SbomArgs {
    /// The folder whose lock files are read; the current one if absent.
    pub path: Option<PathBuf>,
    /// How the bill is written.
    #[arg(short, long, value_enum, default_value_t = SbomFormat::Cyclonedx)]
    pub format: SbomFormat,
    /// Write it to a file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Read files that ignore files leave out.
    #[arg(long)]
    pub no_ignore: bool,
}

/// How a bill is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SbomFormat {
    /// CycloneDX 1.6, JSON.
    Cyclonedx,
    /// SPDX 2.3, JSON.
    Spdx,
}

/// What one lock file pins; sorted by path, as files are kept.
type Pinned = (RepoPath, Vec<Package>);

/// A scanner that finds nothing and remembers what lock files pin.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Pinned>>>);

impl Scanner for Collector {
    fn name(&self) -> &'static str {
        "sbom"
    }

    fn rules(&self) -> Vec<Arc<Rule>> {
        Vec::new()
    }

    fn interest(&self, path: &RepoPath) -> Interest {
        if select::claims(path) { Interest::ScanAndKeep } else { Interest::None }
    }

    fn scan(&self, _: &Input<'_>, _: &mut Sink) {}

    fn finish(&self, kept: &[KeptInput], sink: &mut Sink) {
        let Ok(mut pinned) = self.0.lock() else { return };
        let selection = Selection::new(kept);
        for input in kept.iter().filter(|input| selection.counts(&input.path)) {
            let Some(parsed) = selection.packages(input, false) else { continue };
            for error in parsed.errors {
                sink.notice(Notice::incomplete(NoticeKind::Unparsed, error.message).at(&input.path).span(error.span));
            }
            pinned.push((input.path.clone(), parsed.value));
        }
    }
}

/// Reads the lock files and writes the bill; incomplete where one could not be read whole.
///
/// # Errors
/// Where the folder is none, or the bill cannot be written.
pub fn run(args: &SbomArgs, terminal: &Terminal) -> Result<Exit, CliError> {
    let scan =
        ScanArgs { paths: args.path.iter().cloned().collect(), no_ignore: args.no_ignore, ..ScanArgs::default() };
    let inputs = Inputs::find(&scan)?;
    let configuration = plan::configuration(&scan, &inputs.base)?;
    let source = plan::source(&scan, &configuration, &inputs, None, Box::new(|_| {}))?;
    let collector = Collector::default();
    let report: ScanReport =
        engine::run(&plan::plan(&scan, &configuration, source, vec![Box::new(collector.clone())]))?;
    terminal.notices(&report);
    let files = collector.0.lock().map(|mut files| std::mem::take(&mut *files)).unwrap_or_default();
    let bill = Bill::of(&files);
    let name =
        std::path::absolute(&inputs.base).ok().and_then(|base| Some(base.file_name()?.to_string_lossy().into_owned()));
    let (name, created) = (name.unwrap_or_else(|| "project".to_owned()), created());
    let about = About { name: &name, version: env!("CARGO_PKG_VERSION"), created: &created };
    let standard = match args.format {
        SbomFormat::Cyclonedx => Standard::CycloneDx,
        SbomFormat::Spdx => Standard::Spdx,
    };
    match &args.output {
        Some(file) => write_file(file, |out| bill.write(standard, &about, out))?,
        None => {
            let written = bill.write(standard, &about, &mut io::stdout().lock()).and_then(|()| io::stdout().flush());
            written.map_err(|source| CliError::Write { place: "standard output".into(), source })?;
        }
    }
    terminal.remark(&format!("{} packages of {} lock files", bill.len(), files.len()));
    Ok(if report.complete { Exit::Pass } else { Exit::Incomplete })
}

/// The time of the run, or of `SOURCE_DATE_EPOCH` (reproducible-builds.org), to the second.
fn created() -> String {
    let told = env("SOURCE_DATE_EPOCH").and_then(|text| text.parse().ok());
    let second = told.unwrap_or_else(|| jiff::Timestamp::now().as_second());
    jiff::Timestamp::from_second(second).unwrap_or_default().to_string()
}
