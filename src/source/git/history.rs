//! The whole history: every blob that some commit holds, once, in the order of the packs.
//!
//! One walk over commits and trees, oldest first, says of each blob which commit first had it and where; then
//! each pack is decoded along its delta trees, so that every base is inflated once, and blobs are scanned as
//! they come. What no pack gave is loose, borrowed from another repository, or damaged, and is looked up.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use gix::hashtable::{HashMap, HashSet};
use gix::objs::{FindExt, Kind};
use gix::odb::pack;
use gix::revision::walk::Sorting;
use gix::traverse::commit::simple::CommitTimeOrder;
use gix::{ObjectId, Repository, ThreadSafeRepository};
use rayon::prelude::*;

use super::walk::{BEFORE, First, Trees, Walk, tips};
use super::{Opened, fault, local, open, range};
use super::{place, provenance};
use crate::model::{Commit, Coverage, Notice, NoticeKind, Origin, RepoPath};
use crate::source::cache::{Cache, Clean, Key};
use crate::source::tree::Exclusions;
use crate::source::{Outcome, Source, SourceError, Visit, Want, read};

/// Largest single object that is decoded, in bytes.
const LARGEST: usize = 1 << 30;
/// What of a history is scanned.
#[derive(Clone, Debug)]
pub struct Settings {
    /// A folder of the repository.
    pub folder: PathBuf,
    /// A revision or range; none for all branches, tags and remote branches.
    pub range: Option<String>,
    /// The stash, too.
    pub stashes: bool,
    /// Blobs above this many bytes are given to no parser.
    pub max_file_size: u64,
    /// Threads that decode; 0 for one per core.
    pub threads: usize,
}

/// All blobs of a history.
pub struct History {
    settings: Settings,
    opened: Opened,
    exclusions: Mutex<Exclusions>,
    cache: Option<Arc<Cache>>,
}

/// Counts of one run.
#[derive(Default)]
struct Tally {
    blobs: AtomicU64,
    bytes: AtomicU64,
    binary: AtomicU64,
}

impl History {
    /// Opens the repository; nothing is read yet.
    ///
    /// # Errors
    /// Where the folder lies in no repository.
    pub fn new(settings: Settings, exclusions: Exclusions) -> Result<Self, SourceError> {
        let opened = open(&settings.folder)?;
        Ok(Self { settings, opened, exclusions: Mutex::new(exclusions), cache: None })
    }

    /// The same, not reading what `cache` knows to be clean.
    #[must_use]
    pub fn with_cache(mut self, cache: Option<Arc<Cache>>) -> Self {
        self.cache = cache;
        self
    }

    fn walk(&self, local: &Repository) -> Result<Walk, SourceError> {
        let mut walk = Walk::default();
        let (tips, hidden) = match &self.settings.range {
            Some(text) => range(local, text)?,
            None => (tips(local, self.settings.stashes, &mut walk)?, Vec::new()),
        };
        if tips.is_empty() {
            return Ok(walk);
        }
        let platform = local.rev_walk(tips).with_hidden(hidden.clone());
        let commits = platform.sorting(Sorting::ByCommitTime(CommitTimeOrder::NewestFirst)).all();
        for commit in commits.map_err(|error| fault("cannot walk the history", &error))? {
            match commit {
                Ok(info) => walk.commits.push(info.id),
                Err(_) => {
                    walk.incomplete("a commit of the history is missing or damaged, and what comes before it with it")
                }
            }
        }
        walk.commits.reverse();
        let mut exclusions =
            self.exclusions.lock().map_err(|_| fault("cannot walk the history", &"a thread failed"))?;
        let mut keeps = |path: &RepoPath| !exclusions.match_file(&self.opened.root.join(path.as_str()));
        let mut trees = Trees::new(local, &mut keeps);
        for id in hidden {
            trees.each(id, &mut walk, BEFORE);
        }
        for at in 0..walk.commits.len() {
            trees.each(walk.commits[at], &mut walk, u32::try_from(at).unwrap_or(BEFORE - 1));
        }
        walk.look_at_what_was_there();
        Ok(walk)
    }
}

/// What the visits share.
struct Visits<'a> {
    blobs: &'a HashMap<ObjectId, First>,
    wanted: &'a (dyn Fn(&RepoPath) -> Want + Sync),
    visit: &'a Visit<'a>,
    max_file_size: u64,
    tally: &'a Tally,
    cache: Option<&'a Cache>,
}

impl Visits<'_> {
    /// Scans a blob the first time it comes.
    fn blob(&self, id: &gix::oid, bytes: &[u8]) {
        let Some(first) = self.blobs.get(id) else { return };
        if first.seen.swap(true, Ordering::Relaxed) {
            return;
        }
        let mut want = (self.wanted)(&first.path);
        if bytes.len() as u64 > self.max_file_size {
            want = Want { text: want.text & !want.keep, binary: want.binary & !want.keep, keep: 0 };
        }
        let binary = read::is_binary(bytes);
        self.tally.blobs.fetch_add(1, Ordering::Relaxed);
        self.tally.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.tally.binary.fetch_add(u64::from(binary), Ordering::Relaxed);
        if want.is_nothing() {
            return;
        }
        let origin = Origin::Commit { blob: Arc::from(id.to_string()) };
        let clean = read::visit_bytes(&first.path, &origin, want, binary, bytes, self.visit).unwrap_or(true);
        if let (true, Some((cache, key))) = (clean, self.key(id, first)) {
            cache.add(key, Clean { bytes: bytes.len() as u64, binary });
        }
    }

    /// What a blob is known by. Its path alone says what is wanted: a blob above the limit is wanted for less, and its
    /// id says that, too.
    fn key(&self, id: &gix::oid, first: &First) -> Option<(&Cache, Key)> {
        let cache = self.cache?;
        Some((cache, cache.blob(&first.path, (self.wanted)(&first.path), id.as_bytes())?))
    }

    /// Takes out what is known to be clean; the number of blobs that are left.
    fn skip_clean(&self) -> usize {
        let mut left = 0;
        for (id, first) in self.blobs {
            if first.seen.load(Ordering::Relaxed) {
                continue;
            }
            let known = self.key(id, first).and_then(|(cache, key)| cache.get(key));
            let Some(clean) = known else {
                left += 1;
                continue;
            };
            first.seen.store(true, Ordering::Relaxed);
            self.tally.blobs.fetch_add(1, Ordering::Relaxed);
            self.tally.bytes.fetch_add(clean.bytes, Ordering::Relaxed);
            self.tally.binary.fetch_add(u64::from(clean.binary), Ordering::Relaxed);
        }
        left
    }
}

/// Gives every blob of every pack to `visits`; the number of objects whose stored bytes are not what they were.
/// What cannot be decoded is left to the look-up by id.
fn each_packed(local: &Repository, threads: usize, visits: &Visits<'_>) -> usize {
    let mut damaged = 0;
    let store = local.objects.store_ref();
    let mut folders = vec![store.path().to_path_buf()];
    folders.extend(store.alternate_db_paths().unwrap_or_default());
    for folder in folders {
        let Ok(entries) = std::fs::read_dir(folder.join("pack")) else { continue };
        let mut indices: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        indices.retain(|path| path.extension().is_some_and(|extension| extension == "idx"));
        indices.sort();
        for index in indices {
            let Ok(bundle) = pack::Bundle::at(&index, local.object_hash()) else {
                damaged += 1;
                continue;
            };
            damaged += damaged_entries(&bundle);
            let options = pack::index::traverse::with_index::Options {
                thread_limit: (threads > 0).then_some(threads),
                check: pack::index::traverse::SafetyCheck::SkipFileAndObjectChecksumVerificationAndNoAbortOnDecodeError,
                alloc_limit_bytes: Some(LARGEST),
            };
            let each = |kind: Kind, bytes: &[u8], entry: &pack::index::Entry, _: &dyn gix::Progress| {
                if kind == Kind::Blob {
                    visits.blob(&entry.oid, bytes);
                }
                Ok(())
            };
            // A damaged pack ends early: what it did not give is looked up by id, and told where that fails.
            let _ = bundle.index.traverse_with_index(
                &bundle.pack,
                each,
                &mut gix::progress::Discard,
                &AtomicBool::new(false),
                options,
            );
        }
    }
    damaged
}

/// Objects of a pack whose stored bytes have another checksum than the index says. To check what comes of them
/// would mean to hash every object; their stored form is far smaller.
fn damaged_entries(bundle: &pack::Bundle) -> usize {
    let mut entries: Vec<(u64, Option<u32>)> =
        bundle.index.iter().map(|entry| (entry.pack_offset, entry.crc32)).collect();
    entries.sort_unstable();
    let end = bundle.pack.pack_end() as u64;
    let ends = entries.iter().skip(1).map(|entry| entry.0).chain([end]);
    let wrong = |((start, sum), end): &(&(u64, Option<u32>), u64)| {
        let stored = bundle.pack.entry_slice(*start..*end);
        sum.is_some_and(|sum| stored.is_none_or(|bytes| crc32fast::hash(bytes) != sum))
    };
    entries.iter().zip(ends).filter(wrong).count()
}

/// Looks up what no pack gave; what is not there either.
fn each_left(repository: &ThreadSafeRepository, visits: &Visits<'_>) -> Vec<RepoPath> {
    let mut left: Vec<(&ObjectId, &First)> =
        visits.blobs.iter().filter(|(_, first)| !first.seen.load(Ordering::Relaxed)).collect();
    left.sort_unstable_by_key(|(id, _)| **id);
    let missing = Mutex::new(Vec::new());
    left.par_iter().with_min_len(16).for_each_init(
        || (local(repository), Vec::new()),
        |(local, buffer), (id, first)| match local.objects.find_blob(id, buffer) {
            Ok(blob) => visits.blob(id, blob.data),
            Err(_) => {
                if let Ok(mut missing) = missing.lock() {
                    missing.push(first.path.clone());
                }
            }
        },
    );
    let mut missing = missing.into_inner().unwrap_or_default();
    missing.sort_unstable();
    missing
}

/// Every blob of the newest commit's tree.
fn in_head(local: &Repository) -> HashSet<ObjectId> {
    let Ok(head) = local.head_id() else { return HashSet::default() };
    let mut walk = Walk::default();
    Trees::new(local, &mut |_| true).each(head.detach(), &mut walk, 0);
    walk.blobs.into_keys().collect()
}

/// What is known of a commit; one that cannot be read has neither author nor date.
fn commit(local: &Repository, number: u32, id: ObjectId) -> Commit {
    let mut commit = Commit { number, id: id.to_string(), author: String::new(), date: String::new(), in_head: false };
    if let Ok(object) = local.find_commit(id)
        && let Ok(author) = object.author()
    {
        commit.author = author.name.to_string();
        let date = author.time().ok().map(|time| time.format_or_unix(gix::date::time::format::SHORT));
        commit.date = date.unwrap_or_default();
    }
    commit
}

impl Source for History {
    fn for_each(&self, wanted: &(dyn Fn(&RepoPath) -> Want + Sync), visit: &Visit<'_>) -> Result<Outcome, SourceError> {
        let repository = &self.opened.repository;
        let here = local(repository);
        let Walk { commits, blobs, mut notices } = self.walk(&here)?;
        notices.extend(place::borrowed(&here));
        let tally = Tally::default();
        let cache = self.cache.as_deref();
        let max_file_size = self.settings.max_file_size;
        let visits = Visits { blobs: &blobs, wanted, visit, max_file_size, tally: &tally, cache };
        let left = visits.skip_clean();
        // To decode a pack along its delta trees costs a quarter of looking each object up, and gives all of them.
        let packs = left > blobs.len() / 4;
        let damaged = if packs { each_packed(&here, self.settings.threads, &visits) } else { 0 };
        if damaged > 0 {
            let message = format!("{damaged} objects of the packs are damaged. `git fsck` names them");
            notices.push(Notice::incomplete(NoticeKind::Unreadable, message));
        }
        let missing = each_left(repository, &visits);
        if let Some(first) = missing.first() {
            let message = format!(
                "{} blobs of the history are missing or damaged, `{first}` the first: a partial clone has only some; `git fsck` names damaged ones",
                missing.len()
            );
            notices.push(Notice::incomplete(NoticeKind::Unreadable, message));
        }
        if here.is_shallow().unwrap_or(false) {
            let message = "the repository is a shallow clone: what is older is not here and was not scanned. `git fetch --unshallow` brings it";
            notices.push(Notice::warning(NoticeKind::Skipped, message.to_owned()));
        }
        let coverage = Coverage {
            files_seen: blobs.values().filter(|first| first.commit != BEFORE).count() as u64,
            files_scanned: tally.blobs.into_inner(),
            bytes_scanned: tally.bytes.into_inner(),
            binary: tally.binary.into_inner(),
        };
        let newest = match &self.settings.range {
            Some(_) => commits.last().copied(),
            None => here.head_id().ok().map(gix::Id::detach),
        };
        let provenance = provenance::of(&here, newest);
        let head = in_head(&here);
        let handle = repository.clone();
        let attribute = move |blob: &str| {
            let id = ObjectId::from_hex(blob.as_bytes()).ok()?;
            let first = blobs.get(&id)?;
            let commit_id = *commits.get(first.commit as usize)?;
            let found = commit(&handle.to_thread_local(), first.commit, commit_id);
            Some(Commit { in_head: head.contains(&id), ..found })
        };
        Ok(Outcome { coverage, notices, attribution: Some(Box::new(attribute)), provenance, ..Outcome::default() })
    }
}
