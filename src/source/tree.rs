//! The working tree: paths first, under the ignore rules; then each wanted file is read once.

mod installed;
mod named;
mod stamp;
pub use named::Exclusions;

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use ignore::overrides::{Override, OverrideBuilder};
use ignore::{DirEntry, WalkBuilder, WalkState};
use rayon::prelude::*;

use super::cache::Cache;
use super::{Outcome, Source, SourceError, Visit, Want, read};
use crate::model::{Coverage, KeptInput, Notice, NoticeKind, Origin, RepoPath};

/// Our own ignore file, beside `.gitignore` and `.ignore`; same syntax.
pub const IGNORE_FILE: &str = ".portcullisignore";

/// What of a tree is scanned.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Files and folders to scan; reports name paths relative to `base`.
    pub roots: Vec<PathBuf>,
    /// More of them, from a list that somebody made: one that is not there is a warning, and a symbolic
    /// link is not followed.
    pub listed: Vec<PathBuf>,
    /// The folder that paths are relative to.
    pub base: PathBuf,
    /// Honour `.gitignore`, `.ignore` and `.portcullisignore`.
    pub ignore_files: bool,
    /// Globs of which a file must match one; empty for all.
    pub include: Vec<String>,
    /// Globs that leave files and folders out.
    pub exclude: Vec<String>,
    /// Files above this many bytes are scanned in windows.
    pub max_file_size: u64,
    /// Threads of the walk itself.
    pub threads: usize,
}

/// A file of the walk: its path in reports, and where it is on the disk if not below the base by that path.
type Found = (RepoPath, Option<Box<Path>>);

/// Decides, before the n-th open (from 0), whether it fails: how tests make every read fail once.
pub type Fault = dyn Fn(u64) -> Option<io::Error> + Send + Sync;

/// What a walk gave.
struct Listed {
    files: Vec<Found>,
    /// Installed packages that git ignores.
    installed: Vec<Found>,
    /// What could not be listed.
    notices: Vec<Notice>,
}

/// The files below some folders.
pub struct Tree {
    settings: Settings,
    opens: AtomicU64,
    fault: Option<Box<Fault>>,
    progress: Option<Box<dyn Fn(u64) + Send + Sync>>,
    cache: Option<Arc<Cache>>,
    /// Scanners that also read installed packages which git ignores, as a mask.
    installed: u32,
}

impl Tree {
    /// A tree as the settings describe it; nothing is read yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, opens: AtomicU64::new(0), fault: None, progress: None, cache: None, installed: 0 }
    }

    /// The same with opens that fail where `fault` says so.
    #[must_use]
    pub fn with_fault(mut self, fault: Box<Fault>) -> Self {
        self.fault = Some(fault);
        self
    }

    /// The same, not reading what `cache` knows to be clean.
    #[must_use]
    pub fn with_cache(mut self, cache: Option<Arc<Cache>>) -> Self {
        self.cache = cache;
        self
    }

    /// The same, with the folders of installed packages (`node_modules`) that git ignores, for the scanners of a mask
    /// alone.
    #[must_use]
    pub fn with_installed(mut self, scanners: u32) -> Self {
        self.installed = scanners;
        self
    }

    /// The same, telling `progress` the bytes of each file once it was scanned.
    #[must_use]
    pub fn with_progress(mut self, progress: Box<dyn Fn(u64) + Send + Sync>) -> Self {
        self.progress = Some(progress);
        self
    }

    fn overrides(&self) -> Result<Override, SourceError> {
        let mut builder = OverrideBuilder::new(&self.settings.base);
        let globs = self.settings.include.iter().map(|glob| (glob, glob.clone()));
        let excluded = self.settings.exclude.iter().map(|glob| (glob, format!("!{glob}")));
        for (written, glob) in globs.chain(excluded) {
            let bad = |error: ignore::Error| SourceError::Glob {
                glob: written.clone(),
                message: error.to_string().replace(&glob, written),
            };
            builder.add(&glob).map_err(bad)?;
        }
        builder.build().map_err(|error| SourceError::Glob { glob: String::new(), message: error.to_string() })
    }

    fn list(&self) -> Result<Listed, SourceError> {
        let mut named = self.named()?;
        let Some((first, rest)) = named.folders.split_first() else {
            named.files.par_sort_unstable();
            named.files.dedup();
            return Ok(Listed { files: named.files, installed: Vec::new(), notices: named.notices });
        };
        let builder = self.walk(first, rest, self.settings.ignore_files)?;
        let (found, notices) = (Mutex::new(named.files), Mutex::new(named.notices));
        let folders = Mutex::new(Vec::new());
        builder.build_parallel().run(|| {
            let mut batch = Batch { paths: Vec::new(), sink: &found };
            let (notices, folders) = (&notices, &folders);
            Box::new(move |entry| {
                match entry {
                    Ok(entry) => {
                        if self.installed != 0 {
                            installed::beside(&entry, folders);
                        }
                        batch.paths.extend(self.file(&entry));
                    }
                    Err(error) => push(notices, self.walk_notice(&error)),
                }
                WalkState::Continue
            })
        });
        let mut found = found.into_inner().unwrap_or_default();
        found.par_sort_unstable();
        found.dedup_by(|a, b| a.0 == b.0);
        let installed = self.list_installed(folders.into_inner().unwrap_or_default(), &found, &notices)?;
        Ok(Listed { files: found, installed, notices: notices.into_inner().unwrap_or_default() })
    }

    /// A walk of folders under the exclusions, and with `git` under git's ignore files.
    fn walk(&self, first: &Path, rest: &[PathBuf], git: bool) -> Result<WalkBuilder, SourceError> {
        let Settings { ignore_files, threads, .. } = &self.settings;
        let mut builder = WalkBuilder::new(first);
        rest.iter().for_each(|root| {
            builder.add(root);
        });
        builder
            .standard_filters(false)
            .hidden(false)
            .parents(*ignore_files)
            .ignore(git)
            .git_ignore(git)
            .git_exclude(git)
            .require_git(false)
            .follow_links(false)
            .threads(*threads)
            .overrides(self.overrides()?)
            .filter_entry(|entry| entry.file_name() != ".git");
        if *ignore_files {
            builder.add_custom_ignore_filename(IGNORE_FILE);
        }
        Ok(builder)
    }

    fn file(&self, entry: &DirEntry) -> Option<Found> {
        let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
        is_file.then(|| self.found(entry.path()))
    }

    /// A file at `disk`. Large trees hold many, so that a path which can be told from the other is not kept.
    fn found(&self, disk: &Path) -> Found {
        let path = self.relative(disk);
        let below = disk.to_str().zip(self.settings.base.to_str()).and_then(|(disk, base)| disk.strip_prefix(base));
        let told = below.and_then(|below| below.strip_prefix('/')) == Some(path.as_str());
        (path, (!told).then(|| disk.into()))
    }

    /// The path below the base; a root outside the base keeps its own name.
    fn relative(&self, path: &Path) -> RepoPath {
        let below = path.strip_prefix(&self.settings.base).ok();
        let below = below.or_else(|| self.settings.roots.iter().find_map(|root| path.strip_prefix(root).ok()));
        match below {
            Some(below) if below.as_os_str().is_empty() => {
                RepoPath::from_relative(Path::new(path.file_name().unwrap_or_default()))
            }
            Some(below) => RepoPath::from_relative(below),
            None => RepoPath::from_relative(path),
        }
    }

    fn walk_notice(&self, error: &ignore::Error) -> Notice {
        let mut notice = Notice::incomplete(NoticeKind::Unreadable, String::new());
        let mut inner = error;
        loop {
            inner = match inner {
                ignore::Error::WithPath { path, err } => {
                    notice.path = Some(self.relative(path));
                    err
                }
                ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => err,
                _ => break,
            };
        }
        notice.message = match inner.io_error() {
            Some(io) => format!("cannot be listed: {}. Give this user access, or exclude it", io.kind()),
            None => "a glob of an ignore file does not parse and was left out".to_owned(),
        };
        notice
    }

    fn on_disk<'f>(&self, (path, disk): &'f Found) -> Cow<'f, Path> {
        let below = || Cow::Owned(self.settings.base.join(path.as_str()));
        disk.as_deref().map_or_else(below, Cow::Borrowed)
    }

    fn visit(&self, file: &Found, want: Want, visit: &Visit<'_>) -> io::Result<(read::Done, Option<Notice>)> {
        let number = self.opens.fetch_add(1, Ordering::Relaxed);
        if let Some(error) = self.fault.as_ref().and_then(|fault| fault(number)) {
            return Err(error);
        }
        read::visit_file(&self.on_disk(file), &file.0, want, self.settings.max_file_size, self.cache.as_deref(), visit)
    }
}

/// Paths of one walking thread, handed over in one go when the thread ends.
struct Batch<'a> {
    paths: Vec<Found>,
    sink: &'a Mutex<Vec<Found>>,
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        if let Ok(mut sink) = self.sink.lock() {
            sink.append(&mut self.paths);
        }
    }
}

fn push(notices: &Mutex<Vec<Notice>>, notice: Notice) {
    if let Ok(mut notices) = notices.lock() {
        notices.push(notice);
    }
}

impl Source for Tree {
    fn beside(&self, paths: &[RepoPath], limit: u64) -> Vec<KeptInput> {
        let read = |path: &RepoPath| {
            let bytes = read::beside(&self.settings.base, path, limit.min(self.settings.max_file_size))?;
            Some(KeptInput { path: path.clone(), bytes: bytes.into(), origin: Origin::WorkTree })
        };
        paths.iter().filter_map(read).collect()
    }

    fn for_each(&self, wanted: &(dyn Fn(&RepoPath) -> Want + Sync), visit: &Visit<'_>) -> Result<Outcome, SourceError> {
        let Listed { files, installed, notices: mut listing } = self.list()?;
        if files.is_empty() && installed.is_empty() && !self.settings.roots.is_empty() && listing.is_empty() {
            let message =
                "there is no file to scan: the folder is empty, or ignore files and globs leave out all of it";
            listing.push(Notice::warning(NoticeKind::Skipped, message));
        }
        let (notices, read, scanned, binary) =
            (Mutex::new(listing), AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
        let one = |file: &Found, want: Want| match self.visit(file, want, visit) {
            Ok((done, notice)) => {
                read.fetch_add(done.bytes, Ordering::Relaxed);
                scanned.fetch_add(u64::from(done.scanned), Ordering::Relaxed);
                binary.fetch_add(u64::from(done.binary), Ordering::Relaxed);
                if let Some(progress) = &self.progress {
                    progress(done.bytes);
                }
                notice.into_iter().for_each(|notice| push(&notices, notice));
            }
            Err(error) => push(&notices, unreadable(&file.0, &error)),
        };
        files.par_iter().with_max_len(64).for_each(|file| {
            let want = wanted(&file.0);
            if !want.is_nothing() {
                one(file, want);
            }
        });
        let seen = AtomicU64::new(files.len() as u64);
        installed.par_iter().with_max_len(64).for_each(|file| {
            let want = wanted(&file.0).only(self.installed);
            if !want.is_nothing() {
                seen.fetch_add(1, Ordering::Relaxed);
                one(file, want);
            }
        });
        let coverage = Coverage {
            files_seen: seen.into_inner(),
            files_scanned: scanned.into_inner(),
            bytes_scanned: read.into_inner(),
            binary: binary.into_inner(),
        };
        Ok(Outcome { coverage, notices: notices.into_inner().unwrap_or_default(), ..Outcome::default() })
    }
}

fn unreadable(path: &RepoPath, error: &io::Error) -> Notice {
    let message = format!("cannot be read: {}. Give this user access, or exclude it", error.kind());
    Notice::incomplete(NoticeKind::Unreadable, message).at(path)
}
