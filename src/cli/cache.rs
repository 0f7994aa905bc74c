//! `--cache`: where it lies, what it hangs on, and what is said of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::ScanArgs;
use super::output::{Terminal, cache_folder};
use super::{CliError, plan};
use crate::config::Settings;
use crate::model::{Notice, NoticeKind};
use crate::scan::Scanner;
use crate::source::cache::Cache;

/// All cache files together, in bytes: some ten million files and blobs.
const LIMIT: u64 = 256 * 1024 * 1024;

/// The cache that `--cache` asks for.
///
/// # Errors
/// Where it would lie in the tree that is scanned: whoever writes the tree could then say what is clean.
pub fn open(
    args: &ScanArgs,
    settings: &Settings,
    base: &Path,
    scanners: &[Box<dyn Scanner>],
) -> Result<Option<Arc<Cache>>, CliError> {
    let Some(named) = &args.cache else { return Ok(None) };
    let folder = match named.is_empty() {
        false => std::path::absolute(named).unwrap_or_else(|_| named.into()),
        true => default_folder()?,
    };
    if inside(&folder, base) {
        return Err(CliError::usage(format!(
            "--cache={} lies in what is scanned, so that the tree itself could say what is clean. Name a folder outside of it",
            folder.display()
        )));
    }
    let mut context = fingerprint_of_program()?;
    context.extend(plan::max_file_size(args, settings)?.to_le_bytes());
    let mut alone = 0;
    for (bit, scanner) in scanners.iter().enumerate().take(32) {
        context.extend(scanner.name().bytes().chain([0]));
        if let Some(version) = scanner.version() {
            alone |= 1 << bit;
            context.extend((version.len() as u64).to_le_bytes());
            context.extend(version);
        }
    }
    Ok(Some(Arc::new(Cache::open(&folder, &context, alone, LIMIT))))
}

/// Keeps what the run learned, and tells under `-v` what the cache saved. A cache that cannot be written is a warning:
/// the scan itself is whole.
pub fn close(cache: &Cache, terminal: &Terminal) -> Option<Notice> {
    terminal.remark(&format!("--cache: {} files and blobs were known to be clean and not read", cache.hits()));
    let error = cache.save().err()?;
    let message = format!("the cache of clean files was not written: {error}. The next scan reads everything again");
    Some(Notice::warning(NoticeKind::Skipped, message))
}

fn default_folder() -> Result<PathBuf, CliError> {
    let none = || CliError::usage("this system names no cache folder. Give one: --cache=DIR");
    Ok(cache_folder().ok_or_else(none)?.join("clean"))
}

/// True where a folder is `base` or below it, also by way of links.
fn inside(folder: &Path, base: &Path) -> bool {
    #[expect(clippy::disallowed_methods, reason = "to see through links is the point here")]
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let Some(base) = real(base) else { return false };
    folder.ancestors().find_map(real).is_some_and(|folder| folder.starts_with(base))
}

/// What the program is: its length and the checksum of its bytes. Two builds of one version may differ in their rules.
fn fingerprint_of_program() -> Result<Vec<u8>, CliError> {
    let own = std::env::current_exe().map_err(|error| CliError::usage(format!("--cache: {error}")))?;
    let bytes = super::output::read_file(&own)?;
    let sum = u64::from(crc32fast::hash(&bytes));
    Ok([bytes.len() as u64, sum].map(u64::to_le_bytes).concat())
}
