//! `include` of a Compose file: which files are one project, and what lies elsewhere. An included file is a project of
//! its own; a list of paths is merged as `-f` would merge it.

use std::collections::{HashMap, HashSet};

use super::File;
use crate::model::{Notice, NoticeKind, RepoPath};
use crate::syntax::Node;

/// What the `include` of all files says.
#[derive(Default)]
pub struct Includes<'a> {
    /// Files that are laid over another one, by that one's path.
    over: HashMap<&'a str, Vec<&'a File<'a>>>,
    /// All that are laid over another one.
    laid: HashSet<&'a str>,
}

impl<'a> Includes<'a> {
    /// Reads the files of a tree by their paths.
    pub fn find(files: &'a [File<'a>], by_path: &HashMap<&'a str, &'a File<'a>>) -> Self {
        let mut found = Self::default();
        for file in files {
            for paths in included(file) {
                let here = |path: &&str| by_path.get(file.path.sibling(path)?.as_str()).copied();
                let mut known = paths.iter().filter_map(here);
                let Some(first) = known.next() else { continue };
                let later: Vec<_> = known.filter(|later| later.path != first.path).collect();
                found.laid.extend(later.iter().map(|later| later.path.as_str()));
                if !later.is_empty() {
                    found.over.entry(first.path.as_str()).or_insert(later);
                }
            }
        }
        found
    }

    /// The files that are laid over this one, in order.
    pub fn over(&self, path: &RepoPath) -> &[&'a File<'a>] {
        self.over.get(path.as_str()).map(Vec::as_slice).unwrap_or_default()
    }

    /// True for a file that is judged with the one it is laid over.
    pub fn is_laid_over(&self, path: &RepoPath) -> bool {
        self.laid.contains(path.as_str())
    }
}

/// The paths of each `include` of a file.
fn included<'f>(file: &'f File<'_>) -> impl Iterator<Item = Vec<&'f str>> {
    let items = file.documents.iter().filter_map(|document| document.get("include")).flat_map(Node::items);
    items.map(|item| {
        let path = item.get("path").unwrap_or(item);
        path.scalar().into_iter().chain(path.items().iter().filter_map(Node::scalar)).collect()
    })
}

/// A note where a file includes what lies in no tree: a registry's artifact or a repository.
pub fn elsewhere(file: &File<'_>) -> Option<Notice> {
    let remote = |path: &str| path.contains("://") || path.starts_with("git@");
    let count = included(file).flatten().filter(|path| remote(path)).count();
    let what = if count == 1 { "1 include is" } else { "includes are" };
    let number = if count == 1 { String::new() } else { format!("{count} ") };
    let message = format!("{number}{what} not in the tree (an artifact or a repository), and not read.");
    (count > 0).then(|| Notice::note(NoticeKind::Skipped, message).at(file.path))
}
