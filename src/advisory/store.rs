//! Where the database lives, and how a new one takes the old one's place.
//!
//! ```text
//! <cache>/advisories/current.idx      what scans answer from
//! <cache>/advisories/update.lock      held while an update runs
//! <cache>/advisories/incoming-*.idx   being written; never read
//! <cache>/advisories/downloads/       archives, kept for their ETags (`db prune`)
//! ```

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::index::Index;
use super::{AdvisoryDb, DbError, IndexError};
use crate::model::{DatabaseInfo, Notice, NoticeKind};

/// An index put into the program when it was built (`PORTCULLIS_EMBED_DB`); empty where none was.
static EMBEDDED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/advisories.idx"));

/// How long a held lock is waited for: an update that is only installing is done by then.
const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// The folder of the database.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

/// Why the store could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing says where caches go.
    #[error("no cache folder is known: set PORTCULLIS_CACHE to one")]
    NoFolder,
    /// A file of the store.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another update runs.
    #[error("another update holds {0}: wait for it to end")]
    Locked(PathBuf),
    /// What was to be installed is no index.
    #[error("the new database was not installed: {0}")]
    Refused(#[from] IndexError),
}

/// The update lock; dropping it, or the end of the process however it comes, lets the next one in.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held for its lock")] File);

/// The platform's cache folder for portcullis, from the environment as `var` gives it:
/// `PORTCULLIS_CACHE`; else `%LOCALAPPDATA%` on Windows, `~/Library/Caches` on macOS, `$XDG_CACHE_HOME` or
/// `~/.cache` elsewhere, and `portcullis` in it.
#[must_use]
pub fn cache_folder(var: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let path = |name: &str| var(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(own) = path("PORTCULLIS_CACHE") {
        return Some(own);
    }
    let base = if cfg!(windows) {
        path("LOCALAPPDATA").or_else(|| Some(path("USERPROFILE")?.join("AppData").join("Local")))
    } else if cfg!(target_os = "macos") {
        path("HOME").map(|home| home.join("Library").join("Caches"))
    } else {
        // The XDG base directory specification has relative paths ignored.
        path("XDG_CACHE_HOME").filter(|path| path.is_absolute()).or_else(|| Some(path("HOME")?.join(".cache")))
    };
    Some(base?.join("portcullis"))
}

impl Store {
    /// The store in a cache folder, which need not exist yet.
    #[must_use]
    pub fn new(cache: &Path) -> Self {
        Self { folder: cache.join("advisories") }
    }

    /// The index that scans answer from.
    #[must_use]
    pub fn index_path(&self) -> PathBuf {
        self.folder.join("current.idx")
    }

    /// Kept archives.
    #[must_use]
    pub fn downloads(&self) -> PathBuf {
        self.folder.join("downloads")
    }

    /// Takes the update lock, after a short wait for another process to let go of it.
    ///
    /// # Errors
    /// Another process holds it, or the folder cannot be written.
    pub fn lock(&self) -> Result<Lock, StoreError> {
        let path = self.folder.join("update.lock");
        let failed = |source| StoreError::Write { path: path.clone(), source };
        std::fs::create_dir_all(&self.folder).map_err(failed)?;
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        let mut tries = LOCK_TRIES;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock(file)),
                Err(TryLockError::WouldBlock) if tries > 0 => std::thread::sleep(LOCK_PAUSE),
                Err(TryLockError::WouldBlock) => return Err(StoreError::Locked(path)),
                Err(TryLockError::Error(source)) => return Err(StoreError::Write { path, source }),
            }
            tries -= 1;
        }
    }

    /// Puts a new index in the old one's place: written beside it, synced, read back, renamed. Whatever ends the
    /// process, a reader finds the old file or the new one, whole.
    ///
    /// # Errors
    /// The bytes are no index, or the disk does not take them; the old database stays.
    pub fn install(&self, bytes: &[u8], _lock: &Lock) -> Result<(), StoreError> {
        let incoming = self.folder.join(format!("incoming-{}.idx", std::process::id()));
        let placed = self.place(&incoming, bytes);
        if placed.is_err() {
            // Best effort: a full disk is freed again.
            let _ = std::fs::remove_file(&incoming);
        }
        placed?;
        sync_folder(&self.folder);
        Ok(())
    }

    #[expect(clippy::disallowed_methods, reason = "the database is no scanned content")]
    fn place(&self, incoming: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        let failed = |source| StoreError::Write { path: incoming.to_owned(), source };
        write_synced(incoming, bytes).map_err(failed)?;
        Index::open(std::fs::read(incoming).map_err(failed)?.into())?;
        std::fs::rename(incoming, self.index_path()).map_err(failed)
    }

    /// Removes what killed updates left behind, and with `downloads` the kept archives: bytes freed.
    ///
    /// # Errors
    /// A file that cannot be removed.
    pub fn prune(&self, downloads: bool, _lock: &Lock) -> Result<u64, StoreError> {
        let mut freed = 0;
        let remove = |path: &Path, freed: &mut u64| {
            let size = path.symlink_metadata().map(|data| data.len()).unwrap_or_default();
            let removed = std::fs::remove_file(path);
            *freed += size;
            removed.map_err(|source| StoreError::Write { path: path.to_owned(), source })
        };
        for path in files(&self.folder) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with("incoming-") {
                remove(&path, &mut freed)?;
            }
        }
        if downloads {
            for path in files(&self.downloads()) {
                remove(&path, &mut freed)?;
            }
        }
        Ok(freed)
    }

    /// The database that answers: the store's own, else the one built into the program, else the starter set.
    ///
    /// # Errors
    /// The store's database is there and cannot be used: silence would hide findings.
    pub fn open(&self) -> Result<AdvisoryDb, DbError> {
        if self.index_path().is_file() { AdvisoryDb::open(&self.index_path()) } else { Ok(built_in()) }
    }
}

/// The database that answers without any file.
#[must_use]
pub fn built_in() -> AdvisoryDb {
    if EMBEDDED.is_empty() {
        return AdvisoryDb::starter();
    }
    AdvisoryDb::from_bytes(EMBEDDED, "built into the program").unwrap_or_else(|_| AdvisoryDb::starter())
}

/// What a report should say of the database: the starter set's limits, an age past `max_age_days`.
#[must_use]
pub fn notices(info: &DatabaseInfo, max_age_days: Option<i64>) -> Vec<Notice> {
    let mut out = Vec::new();
    if info.source == "starter set" {
        out.push(Notice::warning(
            NoticeKind::Database,
            format!(
                "Dependencies were checked against the starter set alone: {} advisories as of {} ({} days old). \
                 `portcullis db update` fetches the whole database.",
                info.advisories, info.snapshot, info.age_days
            ),
        ));
    }
    if let Some(most) = max_age_days
        && (info.age_days > most || info.snapshot.is_empty())
    {
        let age =
            if info.snapshot.is_empty() { "of unknown age".to_owned() } else { format!("{} days old", info.age_days) };
        out.push(Notice::incomplete(
            NoticeKind::Database,
            format!("The advisory database is {age}, and at most {most} days are allowed: run `portcullis db update`."),
        ));
    }
    out
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut out: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    out.sort_unstable();
    out
}

/// Writes a file and waits for the disk.
pub(super) fn write_synced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes the rename itself last; where folders cannot be synced, the file system does it in its own time.
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "a folder of the store")]
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_folder_follows_the_environment() {
        let own = |name: &str| (name == "PORTCULLIS_CACHE").then(|| OsString::from("/c"));
        assert_eq!(cache_folder(&own), Some(PathBuf::from("/c")));
        assert_eq!(cache_folder(&|_| None), None);
    }

    #[test]
    fn a_refused_index_leaves_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        let lock = store.lock().unwrap();
        assert!(matches!(store.lock(), Err(StoreError::Locked(_))));
        let good = crate::advisory::index::build(Vec::new(), Vec::new(), "2026-01-01").unwrap();
        store.install(&good, &lock).unwrap();
        assert!(store.install(&good[..good.len() - 1], &lock).is_err());
        assert_eq!(store.open().unwrap().index().bytes(), good);
    }

    #[test]
    fn an_old_database_makes_the_scan_incomplete() {
        let info = DatabaseInfo { source: "x".into(), snapshot: "2026-01-01".into(), age_days: 8, advisories: 1 };
        assert!(notices(&info, Some(8)).is_empty() && notices(&info, None).is_empty());
        assert!(notices(&info, Some(7))[0].incomplete);
    }
}
