//! A scanned file on disk: read and replaced only where it is what the scan saw, and lies in the root without links.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::cli::output::without_links;
use crate::model::RepoPath;

/// The file's content, where its SHA-256 is `content`.
///
/// # Errors
/// Says why it is not touched.
pub fn read(base: &Path, path: &RepoPath, content: &[u8; 32]) -> Result<Vec<u8>, String> {
    let disk = place(base, path)?;
    let failed = |error: io::Error| format!("it cannot be read: {error}");
    #[expect(clippy::disallowed_methods, reason = "a scanned file that is to be repaired")]
    let mut file = File::open(disk).map_err(failed)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(failed)?;
    let digest: [u8; 32] = Sha256::digest(&bytes).into();
    if digest == *content { Ok(bytes) } else { Err("it changed while it was scanned, or is not UTF-8".to_owned()) }
}

/// Puts `bytes` in the file's place: written beside, with its permissions, and renamed, so that nobody reads half of
/// it and nothing is lost where that fails.
///
/// # Errors
/// Where the content is not `content` any more, or the folder cannot be written.
pub fn replace(base: &Path, path: &RepoPath, content: &[u8; 32], bytes: &[u8]) -> Result<(), String> {
    let disk = place(base, path)?;
    let name = disk.file_name().unwrap_or_default().to_string_lossy();
    let beside = disk.with_file_name(format!(".{name}.{}.part", std::process::id()));
    let written = write_new(&beside, &disk, bytes).map_err(|error| format!("it cannot be written: {error}"));
    // Another program may have written it since.
    let replaced = written
        .and_then(|()| read(base, path, content))
        .and_then(|_| std::fs::rename(&beside, &disk).map_err(|error| format!("it cannot be replaced: {error}")));
    if replaced.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    replaced
}

/// A new file: what is there already, a link too, is an error.
fn write_new(beside: &Path, like: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(beside)?;
    file.write_all(bytes)?;
    file.set_permissions(like.symlink_metadata()?.permissions())?;
    file.sync_all()
}

fn place(base: &Path, path: &RepoPath) -> Result<PathBuf, String> {
    let found = without_links(base, path).map_err(|error| format!("it cannot be found: {error}"))?;
    found.ok_or_else(|| "it is a link, or lies behind one: repair the file that is meant".to_owned())
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "files of a test's own folder")]
mod tests {
    use super::*;

    fn digest(bytes: &[u8]) -> [u8; 32] {
        Sha256::digest(bytes).into()
    }

    #[test]
    fn only_what_the_scan_saw_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (base, path) = (folder.path(), RepoPath::new("a/b.yml"));
        std::fs::create_dir(base.join("a")).unwrap();
        std::fs::write(base.join("a/b.yml"), "old").unwrap();
        assert!(replace(base, &path, &digest(b"other"), b"new").is_err());
        assert_eq!(std::fs::read(base.join("a/b.yml")).unwrap(), b"old");
        replace(base, &path, &digest(b"old"), b"new").unwrap();
        assert_eq!(std::fs::read(base.join("a/b.yml")).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(base.join("a")).unwrap().count(), 1, "nothing is left beside it");
    }

    #[cfg(unix)]
    #[test]
    fn the_mode_is_kept_and_links_are_not_followed() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (base, outside) = (folder.path().join("root"), folder.path().join("outside"));
        std::fs::create_dir_all(&base).unwrap();
        std::fs::create_dir_all(&outside).unwrap();
        std::fs::write(outside.join("f"), "old").unwrap();
        symlink(&outside, base.join("folder")).unwrap();
        symlink(outside.join("f"), base.join("file")).unwrap();
        for path in ["folder/f", "file"] {
            assert!(read(&base, &RepoPath::new(path), &digest(b"old")).is_err(), "{path}");
            assert!(replace(&base, &RepoPath::new(path), &digest(b"old"), b"new").is_err(), "{path}");
        }
        std::fs::write(base.join("run"), "old").unwrap();
        std::fs::set_permissions(base.join("run"), std::fs::Permissions::from_mode(0o751)).unwrap();
        replace(&base, &RepoPath::new("run"), &digest(b"old"), b"new").unwrap();
        assert_eq!(base.join("run").metadata().unwrap().permissions().mode() & 0o777, 0o751);
        assert_eq!(std::fs::read(outside.join("f")).unwrap(), b"old");
    }
}
