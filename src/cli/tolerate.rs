//! `portcullis ignore`: writes into the configuration that a finding is tolerated, and why.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::args::ScanArgs;
use super::exit::Exit;
use super::explain::with_fingerprint;
use super::output::{Terminal, lines, read_file, write_file};
use super::{CliError, print, scan};
use crate::config::{self, CONFIG_FILE};

/// Arguments of `ignore`.
#[derive(Debug, Args)]
pub struct IgnoreArgs {
    /// Fingerprints of the findings, or their first 8 digits.
    #[arg(required = true, value_name = "FINGERPRINT")]
    pub fingerprints: Vec<String>,
    /// Why they are tolerated.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// The last day on which they are, YYYY-MM-DD.
    #[arg(long, value_name = "DAY")]
    pub until: Option<String>,
    /// Show what would be added, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// Adds an `[[ignore]]` for each finding to the end of the configuration; what is in it stays byte for byte.
pub fn run(args: &IgnoreArgs, terminal: &Terminal) -> Result<Exit, CliError> {
    let file = config::find(Path::new("."))?.unwrap_or_else(|| PathBuf::from(CONFIG_FILE));
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_path_buf();
    let before = if file.is_file() { text_of(&file)? } else { String::new() };
    let added = entries(args, &folder, terminal)?;
    let end = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
    let between = if before.is_empty() { "" } else { "\n" };
    let after = format!("{before}{end}{between}{added}");
    check(&after, &folder)?;
    if !args.dry_run {
        write_file(&file, |out| out.write_all(after.as_bytes()))?;
    }
    let what = if args.dry_run { "would get" } else { "got" };
    print(lines(&format!("{} {what}:\n\n{added}", file.display())).as_bytes())
}

fn text_of(file: &Path) -> Result<String, CliError> {
    String::from_utf8(read_file(file)?).map_err(|_| CliError::usage(format!("`{}` is not UTF-8", file.display())))
}

/// The entries to add, the rule and place of each in a comment.
fn entries(args: &IgnoreArgs, folder: &Path, terminal: &Terminal) -> Result<String, CliError> {
    let report = scan::report(&ScanArgs { paths: vec![folder.to_path_buf()], ..ScanArgs::default() }, terminal)?;
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let mut text = String::new();
    for wanted in &args.fingerprints {
        let found = with_fingerprint(&report, wanted)?;
        if found.len() > 1 {
            let message =
                format!("{} findings begin with `{wanted}`: write more digits of the one you mean", found.len());
            return Err(CliError::usage(message));
        }
        for finding in found {
            let (rule, path) = (&finding.rule, &finding.primary.path);
            let _ = writeln!(text, "{}[[ignore]]", if text.is_empty() { "" } else { "\n" });
            let _ = writeln!(text, "# {}", lines(&format!("{rule} in {path}")).replace('\n', " "));
            let _ = writeln!(text, "fingerprint = \"{}\"", finding.fingerprint);
            let _ = writeln!(text, "reason = {}", quoted(&args.reason));
            if let Some(until) = &args.until {
                let _ = writeln!(text, "until = {}", quoted(until));
            }
        }
    }
    Ok(text)
}

/// Refuses what the next scan would refuse.
fn check(text: &str, folder: &Path) -> Result<(), CliError> {
    let file: config::File =
        toml::from_str(text).map_err(|error| CliError::usage(format!("{CONFIG_FILE}: {}", error.message())))?;
    config::validate(file, folder).map_err(|wrong| CliError::usage(wrong.message))?;
    Ok(())
}
