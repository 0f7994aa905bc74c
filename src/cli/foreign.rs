//! Other tools' reports: where their bytes come from, and what reading them takes from the scanners.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use flate2::Compression;
use flate2::bufread::GzEncoder;

use super::{CliError, plan, settings};
use crate::cli::args::ScanArgs;
use crate::config::Settings;
use crate::external::{Import, ImportSettings};
use crate::model::{Input, Rule, Severity, Sink};
use crate::scan::Scanner;

/// Settings for reports about the tree at `root`.
///
/// # Errors
/// Where a scanner cannot be built.
pub fn settings(root: &Path, severities: BTreeMap<String, Severity>) -> Result<ImportSettings, CliError> {
    let secrets = scanner("secrets")?;
    let iac = scanner("iac")?;
    let rules: OnceLock<Vec<Arc<Rule>>> = OnceLock::new();
    let root = std::path::absolute(root).unwrap_or_default();
    Ok(ImportSettings {
        root: root.to_string_lossy().replace('\\', "/"),
        severities,
        find_secrets: Some(Box::new(move |path, text| {
            let mut sink = Sink::default();
            secrets.scan(&Input::whole(path, text.as_bytes()), &mut sink);
            sink.drafts
                .iter()
                .flat_map(|draft| &draft.secrets)
                .map(|span| span.start as usize..span.end as usize)
                .collect()
        })),
        equal_rule: Some(Box::new(move |id| {
            let rules = rules.get_or_init(|| iac.rules());
            // A tool may write its own name before the id.
            let known = |id: &str| rules.iter().find(|rule| rule.answers_to(id)).cloned();
            known(id).or_else(|| known(id.split_once('/')?.1))
        })),
    })
}

/// Adds one SARIF file to `import`; `-` is standard input. A file is read twice and never whole in memory;
/// what can be read once alone is kept compressed.
///
/// # Errors
/// Where it cannot be read or is no SARIF; the message names it.
pub fn read(import: &mut Import<'_>, file: &Path) -> Result<(), CliError> {
    let name = if file == Path::new("-") { "standard input".to_owned() } else { file.display().to_string() };
    let unreadable = |error: io::Error| CliError::usage(format!("cannot read `{name}`: {error}"));
    // In a report: it names no folder of this machine.
    let last = file.file_name().filter(|_| file.is_absolute()).map(|last| last.to_string_lossy().into_owned());
    let shown = last.unwrap_or_else(|| name.clone());
    let done = if file.is_file() {
        open(file).map_err(unreadable)?;
        import.read_from(&shown, &|| Ok(Box::new(open(file)?)))
    } else {
        let stream: Box<dyn Read> = if file == Path::new("-") {
            Box::new(io::stdin().lock())
        } else {
            Box::new(open(file).map_err(unreadable)?)
        };
        let mut packed = Vec::new();
        GzEncoder::new(BufReader::new(stream), Compression::fast()).read_to_end(&mut packed).map_err(unreadable)?;
        import.read(&shown, &packed)
    };
    done.map_err(|error| CliError::usage(format!("{name}: {error}")))
}

#[expect(clippy::disallowed_methods, reason = "a file that the command line names")]
fn open(file: &Path) -> io::Result<File> {
    File::open(file)
}

fn scanner(name: &str) -> Result<Box<dyn Scanner>, CliError> {
    let args = ScanArgs::default();
    let own = settings::scanners(&args, &Settings::default(), Default::default())?;
    (plan::known_scanner(name)?.build)(&own.scanners).map_err(CliError::Usage)
}
