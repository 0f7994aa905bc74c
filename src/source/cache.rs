//! Files and blobs that were scanned before and gave nothing, so that a second scan reads only what is new.
//!
//! A key says everything that the outcome came from: what the scanners are (the context), the path, and either the
//! object id of a blob or what the file system knows of a file. No content is kept, and nothing of a file with
//! findings, notices or suppression comments: such a file is read again.
//!
//! One flat file for each context: a header with a checksum, then entries sorted by key. It is written beside and
//! renamed, so a run that is killed leaves the old one; a file that does not hold together counts as empty. Of two
//! runs at once, what one of them learned may be lost, and is learned again.

use std::fs::Metadata;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use super::Want;
use crate::model::RepoPath;

/// First bytes of a cache file, with the version of its layout.
const MAGIC: &[u8; 8] = b"PCCLEAN1";
/// Magic, context, number of entries, CRC-32 of the entries.
const HEADER: usize = 8 + 32 + 8 + 4;
/// Key, and length with the binary mark in its lowest bit.
const ENTRY: usize = 16 + 8;
/// A file that was changed this short a time ago may change again within one tick of the file system's clock.
const SETTLED: Duration = Duration::from_secs(2);
/// Files of other contexts that nobody used for so long are removed.
const STALE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Ending of a cache file.
const ENDING: &str = "clean";

/// What a clean file or blob is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key([u8; 16]);

/// What is known of a clean file beside that it is clean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clean {
    /// Bytes read when it was scanned.
    pub bytes: u64,
    /// It looks binary.
    pub binary: bool,
}

impl Clean {
    fn packed(self) -> u64 {
        self.bytes << 1 | u64::from(self.binary)
    }

    fn unpacked(value: u64) -> Self {
        Self { bytes: value >> 1, binary: value & 1 == 1 }
    }
}

/// The clean files of one context.
#[derive(Debug)]
pub struct Cache {
    file: PathBuf,
    context: [u8; 32],
    /// Scanners whose answer hangs on the file alone, as a mask.
    alone: u32,
    limit: u64,
    known: Vec<u8>,
    used: Vec<AtomicU64>,
    fresh: Mutex<Vec<(Key, Clean)>>,
    hits: AtomicU64,
}

impl Cache {
    /// The cache of `context` in `folder`, which need not exist yet. `alone` are the scanners that look at nothing but
    /// the file: what another one wants is always read. `limit` is in bytes, of all cache files together.
    #[must_use]
    pub fn open(folder: &Path, context: &[u8], alone: u32, limit: u64) -> Self {
        let context: [u8; 32] = Sha256::digest(context).into();
        let name = crate::model::hex(&context[..8]);
        let file = folder.join(format!("{name}.{ENDING}"));
        let known = read_entries(&file, &context).unwrap_or_default();
        let used = (0..known.len().div_ceil(ENTRY * 64)).map(|_| AtomicU64::new(0)).collect();
        Self { file, context, alone, limit, known, used, fresh: Mutex::default(), hits: AtomicU64::new(0) }
    }

    /// The key of a blob; `None` where what is wanted of it depends on other files.
    #[must_use]
    pub fn blob(&self, path: &RepoPath, want: Want, id: &[u8]) -> Option<Key> {
        self.key(path, want, "blob", &[id])
    }

    /// The key of a file; `None` where what is wanted of it depends on other files, where the file is so new that it
    /// may change unnoticed, and on systems that do not say when a file was last touched.
    #[must_use]
    pub fn file(&self, path: &RepoPath, want: Want, metadata: &Metadata) -> Option<Key> {
        let stamp = stamp(metadata)?;
        self.key(path, want, "file", &[&stamp, &metadata.len().to_le_bytes()])
    }

    fn key(&self, path: &RepoPath, want: Want, kind: &str, parts: &[&[u8]]) -> Option<Key> {
        if want.keep != 0 || (want.text | want.binary) & !self.alone != 0 {
            return None;
        }
        let mut hash = Sha256::new();
        hash.update(self.context);
        hash.update([want.text.to_le_bytes(), want.binary.to_le_bytes()].concat());
        hash.update(path.as_str());
        hash.update([0]);
        hash.update(kind);
        parts.iter().for_each(|part| hash.update(part));
        let mut key = [0; 16];
        key.copy_from_slice(&hash.finalize()[..16]);
        Some(Key(key))
    }

    /// What is known of a clean file.
    #[must_use]
    pub fn get(&self, key: Key) -> Option<Clean> {
        let (entries, _) = self.known.as_chunks::<ENTRY>();
        let at = entries.binary_search_by(|entry| entry[..16].cmp(&key.0)).ok()?;
        self.used[at / 64].fetch_or(1 << (at % 64), Ordering::Relaxed);
        self.hits.fetch_add(1, Ordering::Relaxed);
        let (_, value) = entries[at].split_at(16);
        Some(Clean::unpacked(value.try_into().map_or(0, u64::from_le_bytes)))
    }

    /// Keeps that a file is clean.
    pub fn add(&self, key: Key, clean: Clean) {
        if let Ok(mut fresh) = self.fresh.lock() {
            fresh.push((key, clean));
        }
    }

    /// Files that were not read because of this cache.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    /// Writes what is new, and keeps the limit: first other contexts go, then what this run did not use.
    ///
    /// # Errors
    /// What the system said of writing; the cache file before is whole then.
    pub fn save(&self) -> io::Result<()> {
        let fresh = self.fresh.lock().map(|mut fresh| std::mem::take(&mut *fresh)).unwrap_or_default();
        if fresh.is_empty() {
            return Ok(());
        }
        let Some(folder) = self.file.parent() else { return Ok(()) };
        std::fs::create_dir_all(folder)?;
        let entries = self.merged(fresh);
        let mut bytes = Vec::with_capacity(HEADER + entries.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&self.context);
        bytes.extend_from_slice(&((entries.len() / ENTRY) as u64).to_le_bytes());
        bytes.extend_from_slice(&crc32fast::hash(&entries).to_le_bytes());
        bytes.extend_from_slice(&entries);
        let mut beside = tempfile::NamedTempFile::new_in(folder)?;
        beside.write_all(&bytes)?;
        beside.persist(&self.file).map_err(|error| error.error)?;
        prune(folder, &self.file, self.limit.saturating_sub(bytes.len() as u64));
        Ok(())
    }

    /// Entries of the file as it is now, those of this run, and the fresh ones, sorted, within the limit.
    fn merged(&self, fresh: Vec<(Key, Clean)>) -> Vec<u8> {
        let entry = |(key, clean): (Key, Clean)| {
            let mut entry = [0; ENTRY];
            entry[..16].copy_from_slice(&key.0);
            entry[16..].copy_from_slice(&clean.packed().to_le_bytes());
            entry
        };
        let (known, _) = self.known.as_chunks::<ENTRY>();
        let is_used = |at: usize| self.used[at / 64].load(Ordering::Relaxed) >> (at % 64) & 1 == 1;
        let mut kept: Vec<[u8; ENTRY]> = fresh.into_iter().map(entry).collect();
        kept.extend(known.iter().enumerate().filter(|(at, _)| is_used(*at)).map(|(_, entry)| entry));
        let room = usize::try_from(self.limit).unwrap_or(usize::MAX).saturating_sub(HEADER) / ENTRY;
        kept.truncate(room);
        // Another run may have written meanwhile.
        let now = read_entries(&self.file, &self.context).unwrap_or_default();
        let others = now.as_chunks::<ENTRY>().0.iter().chain(known);
        kept.extend(others.take(room - kept.len()));
        kept.sort_unstable();
        kept.dedup_by(|a, b| a[..16] == b[..16]);
        kept.into_flattened()
    }
}

/// The entries of a cache file; `None` where there is none, or it does not hold together.
fn read_entries(file: &Path, context: &[u8; 32]) -> Option<Vec<u8>> {
    #[expect(clippy::disallowed_methods, reason = "a file of our own, not scanned content")]
    let mut bytes = std::fs::read(file).ok()?;
    let rest = bytes.strip_prefix(MAGIC)?.strip_prefix(context)?;
    let (count, rest) = rest.split_first_chunk::<8>()?;
    let (sum, entries) = rest.split_first_chunk::<4>()?;
    let whole = u64::from_le_bytes(*count).checked_mul(ENTRY as u64)? == entries.len() as u64;
    let sorted = || entries.as_chunks::<ENTRY>().0.is_sorted_by(|a, b| a[..16] < b[..16]);
    (whole && crc32fast::hash(entries) == u32::from_le_bytes(*sum) && sorted()).then(|| bytes.split_off(HEADER))
}

/// Removes cache files that are stale, and the oldest of the others until `room` bytes are enough for them; also
/// what killed runs left.
fn prune(folder: &Path, own: &Path, room: u64) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut others = Vec::new();
    for entry in entries.flatten() {
        let path = entry.path();
        let Ok(metadata) = entry.metadata() else { continue };
        let temporary = entry.file_name().to_string_lossy().starts_with(".tmp");
        let ours = path.extension().is_some_and(|ending| ending == ENDING) && path != own;
        if !metadata.is_file() || !(temporary || ours) {
            continue;
        }
        let age = metadata.modified().ok().and_then(|at| at.elapsed().ok()).unwrap_or_default();
        if age > STALE || (temporary && age > Duration::from_secs(60 * 60)) {
            let _ = std::fs::remove_file(&path);
        } else if ours {
            others.push((age, metadata.len(), path));
        }
    }
    others.sort_unstable();
    let mut left = room;
    for (_, length, path) in others {
        match left.checked_sub(length) {
            Some(rest) => left = rest,
            None => drop(std::fs::remove_file(path)),
        }
    }
}

/// Device, inode, times of change of content and of inode: nobody sets the last one by a call.
#[cfg(unix)]
fn stamp(metadata: &Metadata) -> Option<Vec<u8>> {
    use std::os::unix::fs::MetadataExt;
    let changed = |seconds: i64, nanos: i64| {
        let since = Duration::new(u64::try_from(seconds).ok()?, u32::try_from(nanos).ok()?);
        SystemTime::UNIX_EPOCH.checked_add(since)
    };
    let last = changed(metadata.ctime(), metadata.ctime_nsec())?.max(metadata.modified().ok()?);
    if last.elapsed().ok()? < SETTLED {
        return None;
    }
    let times = [metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec()];
    let ids = [metadata.dev(), metadata.ino()].map(u64::to_le_bytes);
    Some(ids.into_iter().chain(times.map(i64::to_le_bytes)).flatten().collect())
}

#[cfg(not(unix))]
fn stamp(_: &Metadata) -> Option<Vec<u8>> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: Want = Want { text: 1, binary: 0, keep: 0 };
    const LIMIT: u64 = 1 << 20;

    fn keys(cache: &Cache, numbers: std::ops::Range<u32>) -> Vec<Key> {
        let key = |at: u32| cache.blob(&RepoPath::new("a"), TEXT, &at.to_le_bytes()).expect("a key");
        numbers.map(key).collect()
    }

    #[test]
    fn what_was_added_is_there_in_the_next_run_and_only_in_its_context() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::open(folder.path(), b"rules 1", 1, LIMIT);
        for (at, key) in keys(&cache, 0..100).into_iter().enumerate() {
            cache.add(key, Clean { bytes: at as u64, binary: at % 2 == 0 });
        }
        cache.save().expect("saves");
        let again = Cache::open(folder.path(), b"rules 1", 1, LIMIT);
        for (at, key) in keys(&again, 0..100).into_iter().enumerate() {
            assert_eq!(again.get(key), Some(Clean { bytes: at as u64, binary: at % 2 == 0 }));
        }
        assert_eq!((again.get(keys(&again, 100..101)[0]), again.hits()), (None, 100));
        let other = Cache::open(folder.path(), b"rules 2", 1, LIMIT);
        assert!(other.known.is_empty());
    }

    #[test]
    fn what_hangs_on_other_files_has_no_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::open(folder.path(), b"", 0b01, LIMIT);
        let path = RepoPath::new("a");
        assert!(cache.blob(&path, Want { text: 0b01, binary: 0, keep: 0 }, b"1").is_some());
        assert!(cache.blob(&path, Want { text: 0b11, binary: 0, keep: 0 }, b"1").is_none());
        assert!(cache.blob(&path, Want { text: 0b01, binary: 0, keep: 0b01 }, b"1").is_none());
    }

    #[test]
    fn a_file_that_was_just_written_has_no_key() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let cache = Cache::open(Path::new("none"), b"", 1, LIMIT);
        let metadata = file.as_file().metadata().expect("metadata");
        assert!(cache.file(&RepoPath::new("a"), TEXT, &metadata).is_none());
    }

    #[test]
    fn two_runs_at_once_both_keep_what_they_learned_where_they_end_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        let (one, two) = (Cache::open(folder.path(), b"", 1, LIMIT), Cache::open(folder.path(), b"", 1, LIMIT));
        one.add(keys(&one, 0..1)[0], Clean { bytes: 1, binary: false });
        two.add(keys(&two, 1..2)[0], Clean { bytes: 2, binary: false });
        one.save().and_then(|()| two.save()).expect("saves");
        let after = Cache::open(folder.path(), b"", 1, LIMIT);
        assert!(keys(&after, 0..2).into_iter().all(|key| after.get(key).is_some()));
    }

    #[test]
    fn the_limit_keeps_what_was_used() {
        let folder = tempfile::tempdir().expect("a folder");
        let limit = (HEADER + 60 * ENTRY) as u64;
        let first = Cache::open(folder.path(), b"", 1, limit);
        keys(&first, 0..50).into_iter().for_each(|key| first.add(key, Clean { bytes: 0, binary: false }));
        first.save().expect("saves");
        let second = Cache::open(folder.path(), b"", 1, limit);
        assert!(keys(&second, 0..10).into_iter().all(|key| second.get(key).is_some()));
        keys(&second, 100..140).into_iter().for_each(|key| second.add(key, Clean { bytes: 0, binary: false }));
        second.save().expect("saves");
        let third = Cache::open(folder.path(), b"", 1, limit);
        assert!(keys(&third, 0..10).into_iter().chain(keys(&third, 100..140)).all(|key| third.get(key).is_some()));
        assert!(third.known.len() <= 60 * ENTRY);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test damages the file")]
    fn a_damaged_file_counts_as_empty() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::open(folder.path(), b"", 1, LIMIT);
        keys(&cache, 0..20).into_iter().for_each(|key| cache.add(key, Clean { bytes: 9, binary: false }));
        cache.save().expect("saves");
        let whole = std::fs::read(&cache.file).expect("reads");
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x10;
            std::fs::write(&cache.file, &damaged).expect("writes");
            assert!(Cache::open(folder.path(), b"", 1, LIMIT).known.is_empty(), "byte {at}");
            std::fs::write(&cache.file, &whole[..at]).expect("writes");
            assert!(Cache::open(folder.path(), b"", 1, LIMIT).known.is_empty(), "cut at {at}");
        }
    }
}
