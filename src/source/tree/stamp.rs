//! Whether a tree changed since it was looked at last.

use std::hash::{DefaultHasher, Hash, Hasher};

use rayon::prelude::*;

use super::Tree;
use crate::source::SourceError;

impl Tree {
    /// A number that changes with the paths, lengths and times of the files that a scan would read. Two trees that
    /// differ have the same with a chance of one in 2^64.
    ///
    /// # Errors
    /// Where the tree cannot be listed.
    pub fn stamp(&self) -> Result<u64, SourceError> {
        let files = self.list()?.files;
        let facts: Vec<_> = files
            .par_iter()
            .map(|file| {
                let found = std::fs::symlink_metadata(self.on_disk(file)).ok();
                (file.0.as_str(), found.map(|found| (found.len(), found.modified().ok())))
            })
            .collect();
        let mut hasher = DefaultHasher::new();
        facts.hash(&mut hasher);
        Ok(hasher.finish())
    }
}
