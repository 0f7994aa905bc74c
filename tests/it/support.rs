//! What several tests share.

use std::path::{Path, PathBuf};

/// The project's root.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A file or folder of the help data beside the project; `None`, with a printed reason, where it is
/// absent.
#[allow(dead_code, reason = "used by the tests of real advisory and SARIF data")]
pub fn shared(path: &str) -> Option<PathBuf> {
    let found = root().parent().map(|parent| parent.join("shared").join(path)).filter(|path| path.exists());
    if found.is_none() {
        eprintln!("skipped: ../shared/{path} is not here");
    }
    found
}

/// Every file below `folder`, sorted.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("the entry is readable").path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}
