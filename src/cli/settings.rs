//! The configuration and the flags, as what each scanner is told.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use super::args::ScanArgs;
use super::output::{cache_folder, env, read_file, without_links};
use super::{CliError, own_rules, plan};
use crate::advisory::{AdvisoryDb, LazyDb, store};
use crate::config::{Settings, parse_age_days};
use crate::model::{Confidence, Notice, NoticeKind, RepoPath, ScanReport};
use crate::scan::registry;
use crate::scan::{deps, iac, secrets};
use crate::triage::ignore::Entry;
use crate::triage::vex;

/// The database, once it was opened, and what was said at that.
pub type Opened = Rc<RefCell<Option<(Arc<LazyDb>, Vec<String>)>>>;

/// What the scanners are told, and what comes of that beside findings.
pub struct Own {
    /// Settings of every scanner.
    pub scanners: registry::Settings,
    /// Where the database leaves its description.
    pub database: Opened,
    /// What of own rules and policies could not be used.
    pub notices: Vec<Notice>,
}

/// Settings of every scanner, from the flags and the configuration.
///
/// # Errors
/// On an own rule that does not read.
pub fn scanners(args: &ScanArgs, file: &Settings, iac: iac::Settings) -> Result<Own, CliError> {
    max_db_age(args, file)?;
    let opened = Opened::default();
    let (told, path) = (Rc::clone(&opened), args.db.clone());
    let database = move || {
        let (db, warnings) = open(path.as_deref())?;
        let db = Arc::new(db);
        told.replace(Some((Arc::clone(&db), warnings)));
        Ok(db)
    };
    let own_rules = own_rules::load(&file.scan.rules, &args.rules, args.trust_config)?;
    let scanners = registry::Settings {
        secrets: secrets::Settings { rules: own_rules.secrets, ..secrets(file) },
        iac_rules: Mutex::new(own_rules.iac),
        deps: deps(args, file),
        database: Box::new(database),
        iac,
    };
    Ok(Own { scanners, database: opened, notices: own_rules.notices })
}

/// The database that was named, else the one in the cache folder, else the starter set.
fn open(path: Option<&Path>) -> Result<(LazyDb, Vec<String>), String> {
    if let Some(path) = path {
        let (db, warnings) = AdvisoryDb::import(path).map_err(|error| error.to_string())?;
        return Ok((LazyDb::ready(db), warnings));
    }
    let store = cache_folder().map(|cache| store::Store::new(&cache));
    match store.filter(|store| store.index_path().is_file()) {
        Some(store) => Ok((LazyDb::ready(store.open().map_err(|error| error.to_string())?), Vec::new())),
        None => Ok((LazyDb::later(store::built_in), Vec::new())),
    }
}

/// The age in days above which advisories make a scan incomplete.
fn max_db_age(args: &ScanArgs, file: &Settings) -> Result<Option<u32>, CliError> {
    let age = args.max_db_age.as_deref().map(parse_age_days).transpose();
    Ok(age.map_err(|message| CliError::usage(format!("--max-db-age: {message}")))?.or(file.deps.max_db_age))
}

/// Adds the database's description and its notices to a report.
///
/// # Errors
/// On an age that is none.
pub fn database(args: &ScanArgs, file: &Settings, opened: &Opened, report: &mut ScanReport) -> Result<(), CliError> {
    let Some((db, warnings)) = opened.take() else { return Ok(()) };
    let Some(info) = db.asked().map(AdvisoryDb::info) else { return Ok(()) };
    report.notices.extend(store::notices(&info, max_db_age(args, file)?.map(i64::from)));
    report.notices.extend(warnings.into_iter().map(|text| Notice::warning(NoticeKind::Database, text)));
    report.notices.sort_unstable();
    report.database = Some(info);
    Ok(())
}

fn secrets(file: &Settings) -> secrets::Settings {
    let own = &file.secrets;
    secrets::Settings {
        disabled: own.disable.clone(),
        severity: own.severity.clone(),
        min_confidence: own.min_confidence.unwrap_or(Confidence::Low),
        allowed: own.allow.clone(),
        stop_words: own.stop_words.clone(),
        confidence: own.confidence.clone(),
        prefilter: env("PORTCULLIS_NO_PREFILTER").is_none(),
        ..secrets::Settings::default()
    }
}

/// Adds what files of other secret scanners at the root say, or without `pragmas` their rules alone; a link is not
/// followed.
///
/// # Errors
/// Where such a file is there and cannot be read.
pub fn foreign(base: &Path, pragmas: bool, own: &mut Own) -> Result<(), CliError> {
    for name in secrets::Foreign::files() {
        if let Ok(Some(path)) = without_links(base, &RepoPath::new(name)) {
            own.notices.extend(own.scanners.secrets.foreign.add(name, &read_file(&path)?));
        }
    }
    if !pragmas {
        own.scanners.secrets.foreign.keep_rules_alone();
    }
    Ok(())
}

fn deps(args: &ScanArgs, file: &Settings) -> deps::Settings {
    let (own, default) = (&file.deps, deps::Settings::default());
    deps::Settings {
        dev: own.dev.unwrap_or(default.dev),
        only_fixed: own.only_fixed,
        unknown_severity: own.unknown_severity.unwrap_or(default.unknown_severity),
        deny_unmaintained: own.deny_unmaintained,
        reach: !args.no_reach && own.reach.unwrap_or(true) && reads_whole_folders(args, file),
        stdlib: own.stdlib,
        installed: args.installed || own.installed,
        binaries: args.binaries || own.binaries,
        severity: own.severity.clone(),
        today: Some(plan::today()),
        ..default
    }
}

/// True where a scan reads every file of the folders it names. (A source that git ignores is not read even then.)
pub fn reads_whole_folders(args: &ScanArgs, file: &Settings) -> bool {
    let narrowed = !file.scan.include.is_empty() || !file.scan.exclude.is_empty();
    !args.is_partial() && !narrowed && args.paths.iter().all(|path| path.is_dir())
}

/// The VEX documents that the configuration and the flags name.
///
/// # Errors
/// Names the file and what is wrong in it; its author is at fault.
pub fn vex(args: &ScanArgs, file: &Settings) -> Result<Vec<vex::Document>, CliError> {
    let read = |path: &std::path::PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        vex::read(&name, &read_file(path)?)
            .map_err(|message| CliError::usage(format!("cannot read the VEX document `{}`: {message}", path.display())))
    };
    file.deps.vex.iter().chain(&args.vex).map(read).collect()
}

/// What is told of a configured file that this scan cannot see.
pub fn outside(file: &Path) -> Notice {
    // Not its folder: reports are the same on every machine.
    let name = file.file_name().unwrap_or_default().display();
    let message = format!("iac.tf-var-files: `{name}` is outside of what is scanned, and its values are not used");
    Notice::warning(NoticeKind::Config, message)
}

/// The `[[ignore]]` entries, their globs compiled.
///
/// # Errors
/// On a path that is no glob.
pub fn ignores(file: &Settings) -> Result<Vec<Entry>, CliError> {
    let entry = |one: &crate::config::IgnoreSettings| {
        let path = one.path.as_deref().map(Entry::path_glob).transpose();
        let path = path.map_err(|error| CliError::usage(format!("[[ignore]] path: {error}")))?;
        Ok(Entry {
            rule: one.rule.clone(),
            path,
            line: None,
            fingerprint: one.fingerprint.clone(),
            package: one.package.clone(),
            reason: one.reason.clone(),
            until: one.until.clone(),
            source: crate::config::CONFIG_FILE.to_owned(),
        })
    };
    file.ignores.iter().map(entry).collect()
}
