//! `portcullis db`: the advisory database on this machine.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::output::cache_folder;
use crate::advisory::fetch::BUCKET;
use crate::advisory::index::Meta;
use crate::advisory::store::{Store, StoreError, built_in};
use crate::advisory::update::{Origin, UpdateError, Updated, update};
use crate::advisory::{AdvisoryDb, DbError};
use crate::model::{Ecosystem, Notice, NoticeKind};

/// Arguments of `portcullis db`.
#[derive(Args, Debug)]
pub struct DbArgs {
    #[command(subcommand)]
    command: DbCommand,
    /// Folder that holds the database [default: the platform's cache folder]
    #[arg(long, env = "PORTCULLIS_CACHE", global = true, value_name = "DIR")]
    cache_dir: Option<PathBuf>,
}

#[derive(Subcommand, Debug)]
enum DbCommand {
    /// Fetch the advisories of crates.io, npm, Go and GitHub Actions, and index them
    Update {
        /// Take them from here: a mirror's URL, a folder in the OSV bucket's layout, a zip, a folder of OSV JSON files,
        /// a RustSec database (folder or bare repository), or a file from `db export`. May be given several times
        #[arg(long, value_name = "URL|PATH")]
        from: Vec<String>,
        /// Show no progress
        #[arg(long, short)]
        quiet: bool,
    },
    /// Say what the database holds and how old it is
    Status {
        /// End with status 3 where the data are older: `7d`, `2w`
        #[arg(long, value_name = "AGE", value_parser = parse_age)]
        max_db_age: Option<i64>,
    },
    /// Read the whole database and check it
    Verify,
    /// Write the database to one file, for a machine without a network
    Export {
        /// The file to write
        file: PathBuf,
    },
    /// Remove kept downloads and what interrupted updates left
    Prune {
        /// Remove the database too
        #[arg(long)]
        all: bool,
    },
}

/// Why a `db` command failed. Each is exit status 2.
#[derive(Debug, thiserror::Error)]
pub enum DbCommandError {
    /// The update; the old database is still in place.
    #[error("the database was not updated, and the one before still answers: {0}")]
    Update(#[from] UpdateError),
    /// The database cannot be read.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The cache folder.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no database.
    #[error("there is no database in {0}: `portcullis db update` makes one")]
    Missing(PathBuf),
    /// Part of the database cannot be read.
    #[error("{path}: {lost} of {due} entries cannot be read; `portcullis db update` makes a new one")]
    Lost {
        /// The database.
        path: PathBuf,
        /// Entries that cannot be read.
        lost: usize,
        /// Entries in all.
        due: usize,
    },
    /// An output file.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The terminal or pipe.
    #[error("cannot write the answer: {0}")]
    Output(#[from] io::Error),
}

/// Reads an age: days, with `d`, `w` or nothing behind them.
///
/// # Errors
/// Text that is no age.
pub fn parse_age(text: &str) -> Result<i64, String> {
    let (number, factor) = match text.strip_suffix('w') {
        Some(weeks) => (weeks, 7),
        None => (text.strip_suffix('d').unwrap_or(text), 1),
    };
    let days = number.parse::<u16>().map_err(|_| format!("`{text}` is no age: write `7d` or `2w`"))?;
    Ok(i64::from(days) * factor)
}

/// Runs a `db` command; answers go to `out`, progress to the terminal.
///
/// The answer is the exit status: 0, or 3 where `status --max-db-age` found the data too old.
///
/// # Errors
/// [`DbCommandError`].
pub fn run(args: &DbArgs, out: &mut dyn Write) -> Result<u8, DbCommandError> {
    let store = store(args)?;
    match &args.command {
        DbCommand::Update { from, quiet } => update_command(&store, from, *quiet, out)?,
        DbCommand::Status { max_db_age } => return status(&store, *max_db_age, out),
        DbCommand::Verify => verify(&store, out)?,
        DbCommand::Export { file } => export(&store, file, out)?,
        DbCommand::Prune { all } => prune(&store, *all, out)?,
    }
    Ok(0)
}

fn store(args: &DbArgs) -> Result<Store, StoreError> {
    let folder = args.cache_dir.clone().or_else(cache_folder);
    Ok(Store::new(&folder.ok_or(StoreError::NoFolder)?))
}

fn update_command(store: &Store, from: &[String], quiet: bool, out: &mut dyn Write) -> Result<(), DbCommandError> {
    let origins: Vec<Origin> = if from.is_empty() {
        vec![Origin::Url(BUCKET.to_owned())]
    } else {
        from.iter().map(|text| Origin::parse(text)).collect()
    };
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
    let bars = Bars::new(!quiet && io::stderr().is_terminal());
    let updated = update(store, &origins, &today, &|ecosystem, done, total| bars.show(ecosystem, done, total))?;
    bars.clear();
    tell_update(&updated, out)?;
    Ok(())
}

/// What `scan --update-db` does first: an update of the database in the platform's cache folder, from the bucket or from
/// `from`. One that fails is a warning, for the database before still answers; `--max-db-age` says how old it may be.
pub fn refresh(from: &str, quiet: bool) -> Option<Notice> {
    let from: Vec<String> = Some(from.to_owned()).filter(|from| !from.is_empty()).into_iter().collect();
    let update = |folder: PathBuf| update_command(&Store::new(&folder), &from, quiet, &mut io::sink());
    let done = cache_folder().ok_or(DbCommandError::Store(StoreError::NoFolder)).and_then(update);
    done.err().map(|error| Notice::warning(NoticeKind::Database, format!("--update-db: {error}")))
}

fn tell_update(updated: &Updated, out: &mut dyn Write) -> io::Result<()> {
    /// Warnings shown before they are only counted.
    const SHOWN: usize = 20;
    for warning in updated.warnings.iter().take(SHOWN) {
        writeln!(out, "warning: {warning}")?;
    }
    if updated.warnings.len() > SHOWN {
        writeln!(out, "warning: and {} more", updated.warnings.len() - SHOWN)?;
    }
    if updated.changed {
        writeln!(out, "{}, {:.1} MB", summary(&updated.meta), updated.bytes as f64 / 1e6)
    } else {
        writeln!(out, "up to date: {}", summary(&updated.meta))
    }
}

fn summary(meta: &Meta) -> String {
    let count = |n: u64, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    format!(
        "{} for {} and {}, as of {}",
        count(meta.advisories.saturating_sub(meta.malware), "advisory", "advisories"),
        count(meta.packages, "package", "packages"),
        count(meta.malware, "malicious package", "malicious packages"),
        if meta.snapshot.is_empty() { "an unknown day" } else { &meta.snapshot }
    )
}

fn status(store: &Store, max_age: Option<i64>, out: &mut dyn Write) -> Result<u8, DbCommandError> {
    let path = store.index_path();
    let db = store.open()?;
    let info = db.info();
    writeln!(out, "database:   {}", info.source)?;
    writeln!(out, "snapshot:   {} ({} days old)", info.snapshot, info.age_days)?;
    writeln!(out, "holds:      {}", summary(db.index().meta()))?;
    for source in &db.index().meta().sources {
        writeln!(out, "taken from: {source}")?;
    }
    writeln!(out, "size:       {:.1} MB", db.index().bytes().len() as f64 / 1e6)?;
    if !path.is_file() {
        writeln!(out, "There is no downloaded database in {}: `portcullis db update` fetches one.", path.display())?;
    }
    let old = max_age.is_some_and(|most| info.age_days > most || info.snapshot.is_empty());
    if old {
        writeln!(out, "The data are older than {} days.", max_age.unwrap_or_default())?;
    }
    Ok(if old { 3 } else { 0 })
}

fn verify(store: &Store, out: &mut dyn Write) -> Result<(), DbCommandError> {
    let path = store.index_path();
    if !path.is_file() {
        return Err(DbCommandError::Missing(path));
    }
    let db = AdvisoryDb::open(&path)?;
    let (read, due) = db.index().census();
    if read != due {
        return Err(DbCommandError::Lost { path, lost: due - read.min(due), due });
    }
    writeln!(out, "{}: whole, {} entries read, {}", path.display(), read, summary(db.index().meta()))?;
    Ok(())
}

fn export(store: &Store, file: &PathBuf, out: &mut dyn Write) -> Result<(), DbCommandError> {
    let path = store.index_path();
    let db = if path.is_file() { AdvisoryDb::open(&path)? } else { built_in() };
    let written = write_beside(file, db.index().bytes());
    written.map_err(|source| DbCommandError::Write { path: file.clone(), source })?;
    writeln!(out, "{}: {}", file.display(), summary(db.index().meta()))?;
    writeln!(out, "On the other machine: portcullis db update --from {}", file.display())?;
    Ok(())
}

/// Written beside its place and renamed, so that no reader meets half a file.
fn write_beside(file: &PathBuf, bytes: &[u8]) -> io::Result<()> {
    let mut name = file.clone().into_os_string();
    name.push(".part");
    let mut part = std::fs::File::create(&name)?;
    part.write_all(bytes)?;
    part.sync_all()?;
    std::fs::rename(&name, file)
}

fn prune(store: &Store, all: bool, out: &mut dyn Write) -> Result<(), DbCommandError> {
    let lock = store.lock()?;
    let mut freed = store.prune(true, &lock)?;
    let path = store.index_path();
    if all && path.is_file() {
        freed += path.symlink_metadata().map(|data| data.len()).unwrap_or_default();
        std::fs::remove_file(&path).map_err(|source| DbCommandError::Write { path, source })?;
    }
    writeln!(out, "{:.1} MB freed", freed as f64 / 1e6)?;
    Ok(())
}

/// One bar for each ecosystem, or none.
struct Bars(Option<[ProgressBar; 4]>);

impl Bars {
    fn new(shown: bool) -> Self {
        if !shown {
            return Self(None);
        }
        let style = ProgressStyle::with_template("{prefix:>15} {bar:30} {bytes}/{total_bytes} {bytes_per_sec}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        let all = MultiProgress::new();
        Self(Some(
            Ecosystem::ALL
                .map(|ecosystem| all.add(ProgressBar::new(0).with_style(style.clone()).with_prefix(ecosystem.osv()))),
        ))
    }

    fn show(&self, ecosystem: Ecosystem, done: u64, total: Option<u64>) {
        let number = Ecosystem::ALL.iter().position(|&known| known == ecosystem).unwrap_or_default();
        if let Some(bars) = &self.0 {
            bars[number].set_length(total.unwrap_or(done));
            bars[number].set_position(done);
        }
    }

    fn clear(&self) {
        self.0.iter().flatten().for_each(ProgressBar::finish_and_clear);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: DbArgs,
    }

    /// Runs a command line in a cache folder: its status and its answer, or its error.
    fn db(cache: &std::path::Path, line: &[&str]) -> Result<(u8, String), DbCommandError> {
        let cache = cache.to_str().unwrap();
        let words = ["db"].into_iter().chain(line.iter().copied()).chain(["--cache-dir", cache]);
        let mut out = Vec::new();
        let status = run(&Line::parse_from(words).args, &mut out)?;
        Ok((status, String::from_utf8(out).unwrap()))
    }

    #[test]
    fn ages_are_days_or_weeks() {
        assert_eq!((parse_age("7d"), parse_age("2w"), parse_age("30")), (Ok(7), Ok(14), Ok(30)));
        assert!(parse_age("soon").is_err() && parse_age("-1d").is_err() && parse_age("").is_err());
    }

    #[test]
    fn a_database_is_made_checked_carried_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (here, there) = (folder.path().join("here"), folder.path().join("there"));
        let (record, file) = (folder.path().join("GHSA-a.json"), folder.path().join("db.idx"));
        let json = r#"{"id":"GHSA-a","modified":"2020-01-02T00:00:00Z","affected":[{"package":{"ecosystem":"npm",
            "name":"p"},"versions":["1.0.0"]}]}"#;
        write_beside(&record, json.as_bytes()).unwrap();
        assert!(matches!(db(&here, &["verify"]), Err(DbCommandError::Missing(_))));
        assert!(db(&here, &["status"]).unwrap().1.contains("starter set"));

        let (_, said) = db(&here, &["update", "--from", record.to_str().unwrap()]).unwrap();
        assert!(said.starts_with("1 advisory for 1 package and 0 malicious packages, as of 2020-01-02"), "{said}");
        assert!(db(&here, &["verify"]).unwrap().1.contains("whole, 2 entries read"));
        assert_eq!(db(&here, &["status", "--max-db-age", "7d"]).unwrap().0, 3);

        db(&here, &["export", file.to_str().unwrap()]).unwrap();
        db(&there, &["update", "--from", file.to_str().unwrap()]).unwrap();
        assert_eq!(db(&there, &["status"]).unwrap().0, 0);
        db(&there, &["prune", "--all"]).unwrap();
        assert!(matches!(db(&there, &["verify"]), Err(DbCommandError::Missing(_))));
    }

    #[test]
    fn a_failed_update_says_that_the_old_database_answers() {
        let folder = tempfile::tempdir().unwrap();
        let error = db(folder.path(), &["update", "--from", "/nowhere/at/all"]).unwrap_err().to_string();
        assert!(error.contains("still answers") && error.contains("/nowhere/at/all"), "{error}");
    }
}
