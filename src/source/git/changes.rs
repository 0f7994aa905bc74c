//! What a change brings: the files that are staged, or that a range of commits changed, whole for the parsers,
//! with the lines that are new for the report.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use gix::diff::blob::{Algorithm, Diff, InternedInput};
use gix::objs::FindExt;
use gix::{ObjectId, Repository};
use rayon::prelude::*;

use super::snapshot::{Change, Snapshot};
use super::{Opened, fault, local, open, range};
use super::{place, provenance};
use crate::model::{Coverage, KeptInput, Notice, NoticeKind, Origin, RepoPath};
use crate::source::tree::Exclusions;
use crate::source::{Lines, Outcome, Source, SourceError, Visit, Want, read};

/// Files beside a changed one that a scanner wants to see with it, at most.
const BESIDE: usize = 2_000;

/// Which change.
#[derive(Clone, Debug)]
pub enum Which {
    /// The index against the newest commit; the index file, where it is not the repository's own.
    Staged(Option<PathBuf>),
    /// A range of commits: `BASE` stands for `BASE...HEAD`.
    Range(String),
}

/// What of a change is scanned.
#[derive(Clone, Debug)]
pub struct Settings {
    /// A folder of the repository.
    pub folder: PathBuf,
    /// Which change.
    pub which: Which,
    /// Report findings on all lines of changed files.
    pub whole_files: bool,
    /// Files above this many bytes are given to no parser.
    pub max_file_size: u64,
}

/// The files of a change.
pub struct Changes {
    settings: Settings,
    opened: Opened,
    exclusions: Mutex<Exclusions>,
}

/// A file to scan; those that did not change are there for the sake of one that did.
struct File {
    path: RepoPath,
    id: ObjectId,
    want: Want,
}

/// The tree before, the state after, and its commit.
type States = (Option<ObjectId>, Snapshot, Option<ObjectId>);

/// What is to be scanned.
#[derive(Default)]
struct Listed {
    /// The changed files that are wanted, then those beside them that parsers need.
    files: Vec<File>,
    /// The changes alone.
    changed: BTreeMap<RepoPath, Change>,
    /// The commit of what is new, where it is one.
    newest: Option<ObjectId>,
    notices: Vec<Notice>,
}

impl Changes {
    /// Opens the repository; nothing is read yet.
    ///
    /// # Errors
    /// Where the folder lies in no repository.
    pub fn new(settings: Settings, exclusions: Exclusions) -> Result<Self, SourceError> {
        let opened = open(&settings.folder)?;
        Ok(Self { settings, opened, exclusions: Mutex::new(exclusions) })
    }

    /// The state before, the state after, and the commit that it is of.
    fn states(&self, local: &Repository) -> Result<States, SourceError> {
        let tree_of = |commit: ObjectId| {
            let mut buffer = Vec::new();
            let found = local.objects.find_commit(&commit, &mut buffer).map(|commit| commit.tree());
            found.map_err(|error| fault("cannot read a commit", &error))
        };
        match &self.settings.which {
            Which::Staged(file) => {
                let file = file.clone().unwrap_or_else(|| local.index_path());
                let head = local.head_id().ok().map(|id| tree_of(id.detach())).transpose()?;
                Ok((head, Snapshot::index(&file, local)?, None))
            }
            Which::Range(text) => {
                let text = if text.contains("..") { text.clone() } else { format!("{text}...HEAD") };
                let (tips, hidden) = range(local, &text)?;
                let Some(newest) = tips.last() else { return Err(fault("cannot read the range", &"it is empty")) };
                let before = hidden.first().map(|id| tree_of(*id)).transpose()?;
                Ok((before, Snapshot::Tree(tree_of(*newest)?), Some(*newest)))
            }
        }
    }

    fn files(&self, local: &Repository, wanted: &(dyn Fn(&RepoPath) -> Want + Sync)) -> Result<Listed, SourceError> {
        let (before, after, newest) = self.states(local)?;
        let mut listed = Listed { newest, ..Listed::default() };
        let changes = after.changes_since(local, before, &mut listed.notices);
        let mut exclusions =
            self.exclusions.lock().map_err(|_| fault("cannot list the changes", &"a thread failed"))?;
        let mut keeps = |path: &RepoPath| !exclusions.match_file(&self.opened.root.join(path.as_str()));
        let mut folders = BTreeSet::new();
        for change in changes {
            let path = RepoPath::from_bytes(&change.path);
            let want = wanted(&path);
            if want.is_nothing() || !keeps(&path) {
                continue;
            }
            if want.keep != 0 {
                let slash = change.path.iter().rposition(|&b| b == b'/');
                folders.insert(slash.map_or(Vec::new(), |slash| change.path[..=slash].to_vec()));
            }
            listed.files.push(File { path: path.clone(), id: change.id, want });
            listed.changed.insert(path, change);
        }
        let beside = folders.iter().flat_map(|folder| after.files_in(local, folder)).take(BESIDE);
        for (path, id) in beside {
            let path = RepoPath::from_bytes(&path);
            let keep = wanted(&path).keep;
            // Only what is kept: nothing else of an unchanged file is of use.
            if keep != 0 && !listed.changed.contains_key(&path) && keeps(&path) {
                listed.files.push(File { path, id, want: Want { text: keep, binary: 0, keep } });
            }
        }
        Ok(listed)
    }
}

impl Source for Changes {
    fn beside(&self, paths: &[RepoPath], limit: u64) -> Vec<KeptInput> {
        let local = local(&self.opened.repository);
        let Ok((_, after, _)) = self.states(&local) else { return Vec::new() };
        let limit = limit.min(self.settings.max_file_size);
        let folders: BTreeSet<&str> = paths.iter().map(RepoPath::parent).collect();
        let mut buffer = Vec::new();
        let mut found = Vec::new();
        for folder in folders {
            let folder = if folder.is_empty() { String::new() } else { format!("{folder}/") };
            for (path, id) in after.files_in(&local, folder.as_bytes()) {
                let path = RepoPath::from_bytes(&path);
                // What is asked for alone is opened.
                if !paths.contains(&path) {
                    continue;
                }
                let Ok(blob) = local.objects.find_blob(&id, &mut buffer) else { continue };
                if blob.data.len() as u64 <= limit && !read::is_binary(blob.data) {
                    found.push(KeptInput { path, bytes: blob.data.into(), origin: Origin::Index });
                }
            }
        }
        found
    }

    fn for_each(&self, wanted: &(dyn Fn(&RepoPath) -> Want + Sync), visit: &Visit<'_>) -> Result<Outcome, SourceError> {
        let repository = &self.opened.repository;
        let here = local(repository);
        let Listed { files, changed, newest, mut notices } = self.files(&here, wanted)?;
        notices.extend(place::borrowed(&here));
        let (bytes, scanned, binaries) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
        let troubles = Mutex::new(Vec::new());
        files.par_iter().for_each_init(
            || (local(repository), Vec::new()),
            |(local, buffer), file| {
                let Ok(blob) = local.objects.find_blob(&file.id, buffer) else {
                    let message = "its blob is missing or damaged. `git fsck` names it";
                    let notice = Notice::incomplete(NoticeKind::Unreadable, message.to_owned()).at(&file.path);
                    troubles.lock().iter_mut().for_each(|all| all.push(notice.clone()));
                    return;
                };
                let mut want = file.want;
                if blob.data.len() as u64 > self.settings.max_file_size && want.keep != 0 {
                    let notice = read::too_large(&file.path, self.settings.max_file_size, read::SECRETS_ONLY);
                    troubles.lock().iter_mut().for_each(|all| all.push(notice.clone()));
                    want = Want { text: want.text & !want.keep, binary: want.binary & !want.keep, keep: 0 };
                }
                let binary = read::is_binary(blob.data);
                bytes.fetch_add(blob.data.len() as u64, Ordering::Relaxed);
                binaries.fetch_add(u64::from(binary), Ordering::Relaxed);
                let seen = match read::visit_executable(&file.path, &Origin::Index, want, blob.data, visit) {
                    Some((_, notice)) => {
                        troubles.lock().iter_mut().for_each(|all| all.extend(notice.clone()));
                        true
                    }
                    None => read::visit_bytes(&file.path, &Origin::Index, want, binary, blob.data, visit).is_some(),
                };
                scanned.fetch_add(u64::from(seen && changed.contains_key(&file.path)), Ordering::Relaxed);
            },
        );
        notices.extend(troubles.into_inner().unwrap_or_default());
        let coverage = Coverage {
            files_seen: changed.len() as u64,
            files_scanned: scanned.into_inner(),
            bytes_scanned: bytes.into_inner(),
            binary: binaries.into_inner(),
        };
        let provenance = newest.and_then(|newest| provenance::of(&here, Some(newest)));
        let handle = repository.clone();
        let whole_files = self.settings.whole_files;
        let new_lines = move |path: &RepoPath| {
            let change = changed.get(path)?;
            Some(match change.before.filter(|_| !whole_files) {
                Some(before) => new_lines(&handle.to_thread_local(), before, change.id),
                None => Lines::All,
            })
        };
        Ok(Outcome { coverage, notices, lines: Some(Arc::new(new_lines)), provenance, ..Outcome::default() })
    }
}

/// The lines of a blob that another one does not have; all where one of them cannot be read, or has none.
fn new_lines(local: &Repository, before: ObjectId, after: ObjectId) -> Lines {
    let (mut old, mut new) = (Vec::new(), Vec::new());
    let (Ok(old), Ok(new)) = (local.objects.find_blob(&before, &mut old), local.objects.find_blob(&after, &mut new))
    else {
        return Lines::All;
    };
    if read::is_binary(new.data) {
        return Lines::All;
    }
    let input = InternedInput::new(old.data, new.data);
    let hunks = Diff::compute(Algorithm::Histogram, &input);
    // Line numbers count from 1; where lines only went, the one before and the one after stand for the place.
    Lines::Some(hunks.hunks().map(|hunk| (hunk.after.start + 1, hunk.after.end)).collect())
}
