//! What was typed and what the configuration says, into one plan: defaults < file < environment < flags.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::CliError;
use super::args::{SarifRules, ScanArgs};
use super::inputs::Inputs;
use crate::config::{self, Settings, nearest};
use crate::engine::{Plan, RunError};
use crate::model::RepoPath;
use crate::scan::Scanner;
use crate::scan::registry::{self, BUILT_IN, BuiltIn};
use crate::source::Source;
use crate::source::cache::Cache;
use crate::source::git::changes::{Changes, Settings as ChangeSettings, Which};
use crate::source::git::history::{History, Settings as HistorySettings};
use crate::source::stream::Stream;
use crate::source::tree::{Settings as TreeSettings, Tree};

/// The largest file that parsers see, unless something else is asked for.
const MAX_FILE_SIZE: u64 = 16 * 1024 * 1024;

/// The configuration of a scan of `roots`: the file named, or the nearest above the first root.
pub fn configuration(args: &ScanArgs, base: &Path) -> Result<Settings, CliError> {
    if args.no_config {
        return Ok(Settings::default());
    }
    let path = args.config.clone().map_or_else(|| config::find(base), |file| Ok(Some(file)))?;
    let settings = path.map(|path| config::load(&path)).transpose()?;
    Ok(settings.unwrap_or_default())
}

/// The working tree as the flags and the configuration describe it.
pub fn tree(args: &ScanArgs, settings: &Settings, inputs: &Inputs) -> Result<Tree, CliError> {
    let join = |flags: &[String], file: &[String]| flags.iter().chain(file).cloned().collect::<Vec<_>>();
    Ok(Tree::new(TreeSettings {
        roots: inputs.roots.clone(),
        listed: inputs.listed.clone(),
        base: inputs.base.clone(),
        ignore_files: !args.no_ignore && settings.scan.ignore_files.unwrap_or(true),
        include: join(&args.include, &settings.scan.include),
        exclude: join(&args.exclude, &settings.scan.exclude),
        max_file_size: max_file_size(args, settings)?,
        threads: args.threads,
    }))
}

/// The limit above which a file is searched in windows.
pub fn max_file_size(args: &ScanArgs, settings: &Settings) -> Result<u64, CliError> {
    let size = args.max_file_size.as_deref().map(config::parse_size).transpose();
    let size = size.map_err(|message| CliError::usage(format!("--max-file-size: {message}")))?;
    Ok(size.or(settings.scan.max_file_size).unwrap_or(MAX_FILE_SIZE))
}

/// The file on standard input, or the working tree; `progress` is told the bytes of each file of a tree.
pub fn source(
    args: &ScanArgs,
    settings: &Settings,
    inputs: &Inputs,
    cache: Option<&Arc<Cache>>,
    progress: Box<dyn Fn(u64) + Send + Sync>,
) -> Result<Box<dyn Source + Send>, CliError> {
    let tree = tree(args, settings, inputs)?;
    if let Some(range) = &args.history {
        return history(args, settings, inputs, range, &tree, cache);
    }
    if let Some(which) = change(args) {
        return changes(args, settings, inputs, which, &tree);
    }
    let Some(path) = &inputs.stdin else {
        return Ok(Box::new(tree.with_progress(progress).with_cache(cache.cloned()).with_installed(inputs.installed)));
    };
    let left_out = tree.leaves_out(&inputs.base.join(path)).map_err(RunError::Source)?;
    let stream = Stream::new(RepoPath::from_relative(path), Box::new(io::stdin()), max_file_size(args, settings)?);
    Ok(Box::new(stream.left_out(left_out)))
}

/// Whether suppressions inside the tree count.
pub fn pragmas(args: &ScanArgs, settings: &Settings) -> bool {
    !args.no_pragmas && settings.scan.pragmas.unwrap_or(true)
}

/// Which change was asked for.
fn change(args: &ScanArgs) -> Option<Which> {
    if args.staged {
        return Some(Which::Staged(args.index_file.clone()));
    }
    let since = args.since.as_ref().map(|revision| format!("{revision}..HEAD"));
    args.diff.clone().or(since).map(Which::Range)
}

/// What is staged, or what a range of commits changed.
fn changes(
    args: &ScanArgs,
    settings: &Settings,
    inputs: &Inputs,
    which: Which,
    tree: &Tree,
) -> Result<Box<dyn Source + Send>, CliError> {
    let [folder] = &inputs.roots[..] else {
        return Err(CliError::usage("--staged, --diff and --since go with one root: a folder of the repository"));
    };
    let max_file_size = max_file_size(args, settings)?;
    let settings = ChangeSettings { folder: folder.clone(), which, whole_files: args.whole_files, max_file_size };
    let exclusions = tree.exclusions().map_err(RunError::Source)?;
    Ok(Box::new(Changes::new(settings, exclusions).map_err(RunError::Source)?))
}

/// Every commit of the repository that holds the root.
fn history(
    args: &ScanArgs,
    settings: &Settings,
    inputs: &Inputs,
    range: &str,
    tree: &Tree,
    cache: Option<&Arc<Cache>>,
) -> Result<Box<dyn Source + Send>, CliError> {
    let [folder] = &inputs.roots[..] else {
        return Err(CliError::usage("--history goes with one root: the folder of a repository"));
    };
    let settings = HistorySettings {
        folder: folder.clone(),
        range: Some(range.to_owned()).filter(|range| !range.is_empty()),
        stashes: args.stashes,
        max_file_size: max_file_size(args, settings)?,
        threads: args.threads,
    };
    let exclusions = tree.exclusions().map_err(RunError::Source)?;
    Ok(Box::new(History::new(settings, exclusions).map_err(RunError::Source)?.with_cache(cache.cloned())))
}

/// The scanners asked for, built, in registry order.
pub fn scanners(
    args: &ScanArgs,
    settings: &Settings,
    own: &registry::Settings,
) -> Result<Vec<Box<dyn Scanner>>, CliError> {
    // What was vulnerable or misconfigured once is of no use to know; a secret of the past is.
    let past = ["secrets".to_owned()];
    let wanted = match (&args.scanners[..], &settings.scan.scanners) {
        ([], _) if args.history.is_some() => &past[..],
        ([], Some(names)) => names,
        (names, _) => names,
    };
    if args.history.is_some() && wanted != past {
        return Err(CliError::usage("--history looks for secrets: scan the work tree for everything else"));
    }
    for name in wanted.iter().chain(&args.skip_scanners) {
        known_scanner(name)?;
    }
    let runs = |one: &&BuiltIn| {
        (wanted.is_empty() || wanted.iter().any(|name| name == one.name))
            && !args.skip_scanners.iter().any(|name| name == one.name)
    };
    let built = BUILT_IN.iter().filter(runs).map(|one| (one.build)(own).map_err(CliError::Usage));
    built.collect()
}

/// Those of the scanners that read installed packages which git ignores, as a mask in their order.
pub fn installed(scanners: &[Box<dyn Scanner>]) -> u32 {
    let reading = scanners.iter().enumerate().take(32).filter(|(_, scanner)| scanner.reads_installed());
    reading.fold(0, |mask, (bit, _)| mask | 1 << bit)
}

/// The scanner of that name.
///
/// # Errors
/// Names the scanners there are, and the nearest.
pub fn known_scanner(name: &str) -> Result<&'static BuiltIn, CliError> {
    BUILT_IN.iter().find(|one| one.name == name).ok_or_else(|| {
        let names: Vec<&str> = BUILT_IN.iter().map(|one| one.name).collect();
        let hint = nearest(name, names.iter().copied()).map(|near| format!(" (did you mean `{near}`?)"));
        let hint = hint.unwrap_or_default();
        CliError::usage(format!("there is no scanner `{name}`{hint}: the scanners are {}", names.join(", ")))
    })
}

/// The whole plan.
pub fn plan(
    args: &ScanArgs,
    settings: &Settings,
    source: Box<dyn Source + Send>,
    scanners: Vec<Box<dyn Scanner>>,
) -> Plan {
    Plan {
        source,
        scanners,
        threads: args.threads,
        today: today(),
        pragmas: pragmas(args, settings),
        all_rules: args.sarif_rules == SarifRules::All,
        on_findings: None,
    }
}

/// The day of the run in UTC, `YYYY-MM-DD`.
pub fn today() -> String {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}
