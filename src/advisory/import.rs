//! Turns what a path holds into records: OSV zips and folders, a RustSec database, a finished index.

use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use zip::ZipArchive;

use super::index;
use super::osv::{self, Reading};
use super::record::Record;
use super::rustsec;
use crate::model::Ecosystem;

/// Largest record: the largest real one is under 1 MiB.
const MAX_RECORD: u64 = 8 << 20;
/// Unpacked bytes that wait to be read, at most, before one more record.
const MAX_BATCH: usize = 32 << 20;
/// All records of one archive, unpacked.
const MAX_UNPACKED: u64 = 8 << 30;
/// Most files of one archive or folder.
const MAX_FILES: usize = 2_000_000;
/// Largest archive or index: read whole.
const MAX_FILE: u64 = 2 << 30;

/// What a path held.
#[derive(Clone, Debug, PartialEq)]
pub enum Import {
    /// Records, to be indexed.
    Records(Gathered),
    /// An index made elsewhere (`db export`), checked.
    Index(Vec<u8>),
}

/// Records of one source, and what was left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gathered {
    /// In the order of the source.
    pub records: Vec<Record>,
    /// One line for each record that could not be used, in the same order.
    pub warnings: Vec<String>,
    /// Withdrawn records, and those of other ecosystems.
    pub irrelevant: usize,
}

impl Gathered {
    /// Appends another source's.
    pub fn append(&mut self, mut other: Gathered) {
        self.records.append(&mut other.records);
        self.warnings.append(&mut other.warnings);
        self.irrelevant += other.irrelevant;
    }
}

/// Why a path gives no records.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is none of the forms known.
    #[error(
        "{0} holds no advisories that portcullis reads: it takes a folder with `crates.io/all.zip`, `npm/all.zip` or \
         `Go/all.zip`, an OSV zip, a folder of OSV JSON files, a RustSec database, or a file from `db export`"
    )]
    Unknown(PathBuf),
    /// A bundle needs git.
    #[error("{0} is a git bundle: make a folder of it with `git clone {0} -b main DIR`, then name that folder")]
    Bundle(PathBuf),
    /// An archive is damaged or hostile.
    #[error("{path} is damaged: {reason}")]
    Damaged {
        /// The archive.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Larger than any real one.
    #[error("{path} is too large: {reason}")]
    TooLarge {
        /// The archive or folder.
        path: PathBuf,
        /// Which limit.
        reason: String,
    },
}

/// Reads whatever advisories a path holds.
///
/// # Errors
/// [`ImportError`]; a single bad record is a warning instead.
pub fn path(path: &Path) -> Result<Import, ImportError> {
    if path.is_dir() {
        return folder(path).map(Import::Records);
    }
    let bytes = read(path)?;
    match bytes.get(..4) {
        Some(b"PK\x03\x04" | b"PK\x05\x06") => zip(&bytes, path).map(Import::Records),
        Some(b"# v2" | b"# v3") => Err(ImportError::Bundle(path.to_owned())),
        _ if bytes.starts_with(index::MAGIC) => match index::Index::open(bytes.clone().into()) {
            Ok(_) => Ok(Import::Index(bytes)),
            Err(error) => Err(ImportError::Damaged { path: path.to_owned(), reason: error.to_string() }),
        },
        _ if path.extension().is_some_and(|end| end == "json") => {
            let mut gathered = Gathered::default();
            take(&mut gathered, &path.display().to_string(), &bytes);
            Ok(Import::Records(gathered))
        }
        // A download that was cut before it began looks like nothing at all.
        _ if path.extension().is_some_and(|end| end == "zip") => {
            Err(ImportError::Damaged { path: path.to_owned(), reason: "it is no zip archive".to_owned() })
        }
        _ => Err(ImportError::Unknown(path.to_owned())),
    }
}

/// A folder: the bucket's layout, a RustSec database, or OSV files.
fn folder(path: &Path) -> Result<Gathered, ImportError> {
    let zips: Vec<PathBuf> = Ecosystem::ALL.iter().map(|e| path.join(e.osv()).join("all.zip")).collect();
    if zips.iter().any(|zip| zip.is_file()) {
        let mut all = Gathered::default();
        for file in zips.iter().filter(|zip| zip.is_file()) {
            let bytes = read(file)?;
            all.append(zip(&bytes, file)?);
        }
        return Ok(all);
    }
    if let Some(gathered) = rustsec::folder(path)? {
        return Ok(gathered);
    }
    let mut files = Vec::new();
    json_files(path, 3, &mut files)?;
    if files.is_empty() {
        return Err(ImportError::Unknown(path.to_owned()));
    }
    let read_one = |file: &PathBuf| -> Result<Gathered, ImportError> {
        let mut gathered = Gathered::default();
        take(&mut gathered, &file.display().to_string(), &read(file)?);
        Ok(gathered)
    };
    let parts: Result<Vec<Gathered>, ImportError> = files.par_iter().map(read_one).collect();
    let mut all = Gathered::default();
    parts?.into_iter().for_each(|part| all.append(part));
    Ok(all)
}

/// Paths of `.json` files, sorted, to a small depth: exports lie flat or by ecosystem and year.
fn json_files(folder: &Path, depth: u8, out: &mut Vec<PathBuf>) -> Result<(), ImportError> {
    let unreadable = |source| ImportError::Read { path: folder.to_owned(), source };
    let mut entries: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        entries.push(entry.map_err(unreadable)?.path());
    }
    entries.sort_unstable();
    for entry in entries {
        if out.len() >= MAX_FILES {
            return Err(ImportError::TooLarge { path: folder.to_owned(), reason: format!("over {MAX_FILES} files") });
        }
        if entry.extension().is_some_and(|end| end == "json") && entry.is_file() {
            out.push(entry);
        } else if depth > 0 && !entry.is_symlink() && entry.is_dir() {
            json_files(&entry, depth - 1, out)?;
        }
    }
    Ok(())
}

/// The records of one OSV `all.zip`. An entry whose checksum fails damns the archive, since nothing says how much
/// else is wrong; a record that is no OSV costs itself alone.
fn zip(bytes: &[u8], path: &Path) -> Result<Gathered, ImportError> {
    let damaged = |reason: String| ImportError::Damaged { path: path.to_owned(), reason };
    let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(error.to_string()))?;
    if archive.len() > MAX_FILES {
        return Err(ImportError::TooLarge { path: path.to_owned(), reason: format!("over {MAX_FILES} entries") });
    }
    let numbers: Vec<usize> = (0..archive.len()).collect();
    let unpacked = AtomicU64::new(0);
    let part = |numbers: &[usize]| -> Result<Gathered, ImportError> {
        let (mut archive, mut gathered) = (archive.clone(), Gathered::default());
        // Unpacked by the batch and then read: records kept between one inflater and the next would tear the heap
        // into holes too small for it, gigabytes of them for npm's archive.
        let (mut batch, mut names) = (Vec::new(), Vec::new());
        for numbers in numbers.chunks(512) {
            for &number in numbers {
                let entry = archive.by_index(number).map_err(|error| damaged(error.to_string()))?;
                let name = entry.name().map_err(|error| damaged(error.to_string()))?.into_owned();
                if !entry.is_file() || !name.ends_with(".json") {
                    continue;
                }
                let start = batch.len();
                let mut limited = entry.take(MAX_RECORD + 1);
                let length = limited.read_to_end(&mut batch).map_err(|error| damaged(format!("{name}: {error}")))?;
                if unpacked.fetch_add(length as u64, Ordering::Relaxed) > MAX_UNPACKED {
                    let reason = format!("over {} GiB unpacked", MAX_UNPACKED >> 30);
                    return Err(ImportError::TooLarge { path: path.to_owned(), reason });
                }
                if length as u64 > MAX_RECORD {
                    // Not kept until it is read: a hostile batch must not fill the memory.
                    gathered.warnings.push(format!("{name} was left out: it is over {} MiB", MAX_RECORD >> 20));
                    batch.truncate(start);
                    continue;
                }
                names.push((name, start..start + length));
                if batch.len() > MAX_BATCH {
                    take_all(&mut gathered, &mut names, &mut batch);
                }
            }
            take_all(&mut gathered, &mut names, &mut batch);
        }
        Ok(gathered)
    };
    // Few parts: each clones the archive's directory, which is megabytes for npm's.
    let length = numbers.len().div_ceil(rayon::current_num_threads()).max(512);
    let parts: Result<Vec<Gathered>, ImportError> = numbers.par_chunks(length).map(part).collect();
    let mut all = Gathered::default();
    parts?.into_iter().for_each(|part| all.append(part));
    Ok(all)
}

/// Reads a batch of unpacked records and empties it.
fn take_all(gathered: &mut Gathered, names: &mut Vec<(String, std::ops::Range<usize>)>, batch: &mut Vec<u8>) {
    for (name, range) in names.drain(..) {
        take(gathered, &name, &batch[range]);
    }
    batch.clear();
}

fn take(gathered: &mut Gathered, name: &str, bytes: &[u8]) {
    if bytes.len() as u64 > MAX_RECORD {
        gathered.warnings.push(format!("{name} was left out: it is over {} MiB", MAX_RECORD >> 20));
        return;
    }
    match osv::read(bytes, &mut gathered.warnings) {
        Ok(Reading::Advisory(record)) => gathered.records.push(*record),
        Ok(Reading::Irrelevant) => gathered.irrelevant += 1,
        Err(reason) => gathered.warnings.push(format!("{name} was left out: {reason}")),
    }
}

#[expect(clippy::disallowed_methods, reason = "advisory data are no scanned content")]
pub(super) fn read(path: &Path) -> Result<Vec<u8>, ImportError> {
    let unreadable = |source| ImportError::Read { path: path.to_owned(), source };
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > MAX_FILE {
        return Err(ImportError::TooLarge { path: path.to_owned(), reason: format!("over {} GiB", MAX_FILE >> 30) });
    }
    std::fs::read(path).map_err(unreadable)
}
