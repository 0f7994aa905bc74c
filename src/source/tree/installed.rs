//! Folders of installed packages that git ignores: walked for those alone who ask for them.

use std::path::PathBuf;
use std::sync::Mutex;

use ignore::{DirEntry, WalkState};
use rayon::prelude::*;

use super::{Batch, Found, Tree, push};
use crate::model::Notice;
use crate::source::SourceError;

/// Where npm, yarn, pnpm and bun install.
const FOLDER: &str = "node_modules";

/// Notes the folder of installed packages in a folder of the walk. A link to one is not followed: it may lead out of
/// the tree.
pub(super) fn beside(entry: &DirEntry, folders: &Mutex<Vec<PathBuf>>) {
    if !entry.file_type().is_some_and(|kind| kind.is_dir()) {
        return;
    }
    let folder = entry.path().join(FOLDER);
    if std::fs::symlink_metadata(&folder).is_ok_and(|found| found.is_dir())
        && let Ok(mut folders) = folders.lock()
    {
        folders.push(folder);
    }
}

impl Tree {
    /// The files below `folders` that are not among the sorted `known`; `exclude` globs and `.portcullisignore` hold.
    pub(super) fn list_installed(
        &self,
        mut folders: Vec<PathBuf>,
        known: &[Found],
        notices: &Mutex<Vec<Notice>>,
    ) -> Result<Vec<Found>, SourceError> {
        folders.sort_unstable();
        // One inside another is walked with it.
        folders.dedup_by(|inner, outer| inner.starts_with(outer));
        let mut exclusions = self.exclusions()?;
        folders.retain(|folder| !exclusions.match_folder(folder));
        let Some((first, rest)) = folders.split_first() else { return Ok(Vec::new()) };
        let found = Mutex::new(Vec::new());
        self.walk(first, rest, false)?.build_parallel().run(|| {
            let mut batch = Batch { paths: Vec::new(), sink: &found };
            Box::new(move |entry| {
                match entry {
                    Ok(entry) => batch.paths.extend(self.file(&entry)),
                    Err(error) => push(notices, self.walk_notice(&error)),
                }
                WalkState::Continue
            })
        });
        let mut found = found.into_inner().unwrap_or_default();
        found.retain(|(path, _)| known.binary_search_by(|(other, _)| other.cmp(path)).is_err());
        found.par_sort_unstable();
        Ok(found)
    }
}
