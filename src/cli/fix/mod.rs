//! `portcullis fix`: carries out the repairs that findings offer, or shows them.

mod choose;
mod diff;
mod file;

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::Args;

use super::args::{SarifRules, ScanArgs};
use super::exit::Exit;
use super::online::OnlineArgs;
use super::output::Terminal;
use super::scan::{self, Triaged};
use super::{CliError, print};
use crate::config::nearest;
use crate::model::{Fingerprint, Rule, ScanReport};
use crate::report::escape::terminal as escaped;
use choose::{Repair, Repaired, Wanted};

/// Scans, at most: each carries out repairs that overlapped with those of the one before.
const PASSES: usize = 10;

/// Arguments of `fix`.
#[derive(Debug, Args)]
pub struct FixArgs {
    /// Folders and files to repair; the current folder where none is named.
    pub paths: Vec<PathBuf>,
    /// Repair findings of this rule alone, by its id or an alias; may be repeated.
    #[arg(long = "rule", value_name = "ID")]
    pub rules: Vec<String>,
    /// Show what would change as a unified diff, and write nothing.
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Folder that paths are relative to; nothing outside of it is written. Without it: the one folder named, else
    /// the current one.
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// The configuration file, instead of portcullis.toml found upwards from the root.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Read no configuration file.
    #[arg(long, conflicts_with = "config")]
    pub no_config: bool,
    /// Repairs that need the network.
    #[command(flatten)]
    pub online: OnlineArgs,
}

/// Scans, and repairs what is found and not tolerated. [`Exit::Failed`] where a repair was left out,
/// [`Exit::Incomplete`] where something could not be scanned.
pub fn run(args: &FixArgs, terminal: &Terminal) -> Result<Exit, CliError> {
    let scan = ScanArgs {
        paths: args.paths.clone(),
        root: args.root.clone(),
        config: args.config.clone(),
        no_config: args.no_config,
        // Secrets are looked for whatever the configuration says: the diff must not show one.
        scanners: vec!["secrets".to_owned(), "iac".to_owned()],
        sarif_rules: SarifRules::All,
        online: args.online.clone(),
        ..ScanArgs::default()
    };
    let mut told = Told::default();
    let mut wanted = Wanted { rules: args.rules.clone(), fingerprints: None };
    for pass in 0..PASSES {
        let mut found = scan::triaged(&scan, terminal)?;
        if pass == 0 {
            args.rules.iter().try_for_each(|name| known(name, &found.report))?;
            terminal.notices(&found.report);
            told.complete = found.report.complete;
        }
        keep_configured(&mut found);
        let left = one_pass(args, &found, &wanted, &mut told)?;
        if left.is_empty() {
            break;
        }
        if pass + 1 == PASSES {
            told.left_out.push(format!("{} repairs overlap with others: run fix again for them", left.len()));
        }
        wanted.fingerprints = Some(left);
    }
    told.tell(args.dry_run, terminal);
    Ok(match (told.left_out.is_empty(), told.complete) {
        (false, _) => Exit::Failed,
        (true, false) => Exit::Incomplete,
        (true, true) => Exit::Pass,
    })
}

/// Repairs every file, or shows how. Gives the findings that another pass is to repair.
fn one_pass(
    args: &FixArgs,
    found: &Triaged,
    wanted: &Wanted,
    told: &mut Told,
) -> Result<HashSet<Fingerprint>, CliError> {
    let chosen = choose::repairs(&found.report, wanted);
    let mut text = String::new();
    let mut left = HashSet::new();
    for (path, repairs) in &chosen {
        let outcome = match file::read(&found.base, path, &repairs[0].fix.content) {
            Ok(bytes) => carry_out(args, found, path, repairs, &bytes, &mut text),
            Err(why) => Err(why),
        };
        if let (Ok(repaired), false) = (&outcome, args.dry_run) {
            let clashes = repairs.iter().zip(&repaired.overlaps).filter(|(_, overlap)| overlap.is_some());
            left.extend(clashes.map(|(repair, _)| repair.finding.fingerprint));
        }
        told.add(path.as_str(), repairs, outcome, args.dry_run);
    }
    print(text.as_bytes())?;
    Ok(left)
}

/// Refuses the name of a rule that there is not: nothing would be repaired, and nobody would know why.
fn known(name: &str, report: &ScanReport) -> Result<(), CliError> {
    let rules = &report.all_rules;
    if name.contains('*') || rules.iter().any(|rule| rule.answers_to(name)) {
        return Ok(());
    }
    let near = nearest(name, rules.iter().flat_map(|rule: &std::sync::Arc<Rule>| [rule.id.as_str(), rule.id.short()]));
    let hint = near.map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default();
    Err(CliError::usage(format!("--rule: there is no rule `{name}`{hint}: `portcullis rules list` lists them")))
}

/// Drops findings of scanners that the configuration leaves out.
fn keep_configured(found: &mut Triaged) {
    if let Some(names) = &found.scanners {
        found.report.findings.retain(|finding| names.iter().any(|name| name == finding.scanner()));
    }
}

/// Repairs one file, or shows how; adds what is to be said of it to `text`.
fn carry_out(
    args: &FixArgs,
    found: &Triaged,
    path: &crate::model::RepoPath,
    repairs: &[Repair<'_>],
    bytes: &[u8],
    text: &mut String,
) -> Result<Repaired, String> {
    let repaired = choose::apply(bytes, repairs);
    if repaired.edits.is_empty() {
        return Ok(repaired);
    }
    if args.dry_run {
        text.push_str(&diff::unified(path.as_str(), bytes, &repaired.edits, &found.mask));
        return Ok(repaired);
    }
    file::replace(&found.base, path, &repairs[0].fix.content, &repaired.bytes)?;
    for (repair, _) in repairs.iter().zip(&repaired.overlaps).filter(|(_, overlap)| overlap.is_none()) {
        let _ = writeln!(text, "{}", escaped(&repair.describe()));
    }
    Ok(repaired)
}

/// What became of all repairs.
#[derive(Default)]
struct Told {
    done: usize,
    files: BTreeSet<String>,
    /// False where something could not be scanned.
    complete: bool,
    /// One line for each that was left out.
    left_out: Vec<String>,
    /// One line for each that a diff cannot show beside another.
    later: Vec<String>,
}

impl Told {
    fn add(&mut self, path: &str, repairs: &[Repair<'_>], outcome: Result<Repaired, String>, dry_run: bool) {
        let repaired = match outcome {
            Ok(repaired) => repaired,
            Err(why) => {
                let count = repairs.len();
                let what = if count == 1 { "repair" } else { "repairs" };
                return self.left_out.push(format!("{path}: {count} {what} left out: {why}"));
            }
        };
        for (repair, overlap) in repairs.iter().zip(&repaired.overlaps) {
            match overlap {
                None => self.done += 1,
                Some(other) if dry_run => {
                    let why = format!("not shown: it changes the same place as {}", repairs[*other].rule());
                    self.later.push(format!("{}: {why}, and is made after it", repair.describe()));
                }
                Some(_) => {}
            }
        }
        if !repaired.edits.is_empty() {
            self.files.insert(path.to_owned());
        }
    }

    fn tell(&self, dry_run: bool, terminal: &Terminal) {
        let mut err = io::stderr().lock();
        for line in &self.left_out {
            let _ = writeln!(err, "warning: {}", escaped(line));
        }
        for line in self.later.iter().filter(|_| !terminal.quiet) {
            let _ = writeln!(err, "note: {}", escaped(line));
        }
        if !terminal.quiet {
            let what = if dry_run { "would be repaired" } else { "repaired" };
            let finding = if self.done == 1 { "finding" } else { "findings" };
            let file = if self.files.len() == 1 { "file" } else { "files" };
            let _ = writeln!(err, "{} {finding} {what} in {} {file}", self.done, self.files.len());
        }
    }
}
