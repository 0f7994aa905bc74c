//! A state of the files, a tree of a commit or the index, and what changed since an earlier tree.

use std::collections::BTreeMap;
use std::path::Path;

use gix::index::entry::{Mode, Stage};
use gix::index::{Entry, extension};
use gix::objs::FindExt;
use gix::{ObjectId, Repository};

use super::{DEPTH, fault};
use crate::model::{Notice, NoticeKind};
use crate::source::SourceError;

/// A file that is new or another than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// As git has it, from the repository's root.
    pub path: Vec<u8>,
    /// The blob it is now.
    pub id: ObjectId,
    /// The blob it was.
    pub before: Option<ObjectId>,
}

/// A state of the files.
pub enum Snapshot {
    /// A commit's tree.
    Tree(ObjectId),
    /// The index.
    Index(Box<gix::index::File>),
}

/// Name, and whether it is a folder, to object id.
type Names = BTreeMap<(Vec<u8>, bool), ObjectId>;

impl Snapshot {
    /// The index in `file`; empty where there is none.
    ///
    /// # Errors
    /// Where the file is no index.
    pub fn index(file: &Path, local: &Repository) -> Result<Self, SourceError> {
        let options = gix::index::decode::Options { thread_limit: Some(1), ..Default::default() };
        let index = gix::index::File::at_or_default(file, local.object_hash(), true, options);
        let index = index.map_err(|error| fault(&format!("cannot read the index `{}`", file.display()), &error))?;
        Ok(Self::Index(Box::new(index)))
    }

    /// What is new or another than in `before`. A file that only moved did not change.
    pub fn changes_since(
        &self,
        local: &Repository,
        before: Option<ObjectId>,
        notices: &mut Vec<Notice>,
    ) -> Vec<Change> {
        let mut compare = Compare { local, found: Vec::new(), gone: Vec::new(), notices };
        match self {
            Self::Tree(after) => compare.trees(before, Some(*after), &mut Vec::new(), 0),
            Self::Index(index) => compare.entries(before, index, index.entries(), index.tree(), 0, 0),
        }
        let Compare { mut found, mut gone, .. } = compare;
        gone.sort_unstable();
        found.retain(|change| change.before.is_some() || gone.binary_search(&change.id).is_err());
        found
    }

    /// The files right in a folder, whose path ends with `/` or is empty.
    pub fn files_in(&self, local: &Repository, folder: &[u8]) -> Vec<(Vec<u8>, ObjectId)> {
        match self {
            Self::Tree(root) => {
                let mut tree = Some(*root);
                for name in folder.split(|&b| b == b'/').filter(|name| !name.is_empty()) {
                    tree = tree.and_then(|tree| names(local, tree)?.remove(&(name.to_vec(), true)));
                }
                let names = tree.and_then(|tree| names(local, tree)).unwrap_or_default();
                let files = names.into_iter().filter(|((_, folder), _)| !folder);
                files.map(|((name, _), id)| ([folder, &name].concat(), id)).collect()
            }
            Self::Index(index) => {
                let entries = index.entries();
                let start = entries.partition_point(|entry| entry.path(index) < folder);
                let below = entries[start..].iter().take_while(|entry| entry.path(index).starts_with(folder));
                let right_in = below.filter(|entry| !entry.path(index)[folder.len()..].contains(&b'/'));
                right_in.filter(|entry| is_file(entry)).map(|entry| (entry.path(index).to_vec(), entry.id)).collect()
            }
        }
    }
}

fn is_file(entry: &Entry) -> bool {
    (entry.mode == Mode::FILE || entry.mode == Mode::FILE_EXECUTABLE) && entry.stage() == Stage::Unconflicted
}

/// The files and folders of a tree; `None` where it cannot be read.
fn names(local: &Repository, tree: ObjectId) -> Option<Names> {
    let mut buffer = Vec::new();
    if tree.is_empty_tree() {
        return Some(Names::new());
    }
    let entries = local.objects.find_tree_iter(&tree, &mut buffer).ok()?;
    let named = |entry: gix::objs::tree::EntryRef<'_>| {
        let is_folder = entry.mode.is_tree();
        (is_folder || entry.mode.is_blob()).then(|| ((entry.filename.to_vec(), is_folder), entry.oid.to_owned()))
    };
    entries.filter_map(|entry| entry.map(named).transpose()).collect::<Result<_, _>>().ok()
}

struct Compare<'a> {
    local: &'a Repository,
    found: Vec<Change>,
    /// Blobs that some path no longer has.
    gone: Vec<ObjectId>,
    notices: &'a mut Vec<Notice>,
}

impl Compare<'_> {
    fn names(&mut self, tree: Option<ObjectId>) -> Names {
        let Some(tree) = tree else { return Names::new() };
        names(self.local, tree).unwrap_or_else(|| {
            let message = "a folder of a commit is missing or damaged. `git fsck` names it".to_owned();
            self.notices.push(Notice::incomplete(NoticeKind::Unreadable, message));
            Names::new()
        })
    }

    fn too_deep(&mut self, depth: usize) -> bool {
        if depth > DEPTH {
            let message = format!("folders are nested more than {DEPTH} deep: what is below was not compared");
            self.notices.push(Notice::incomplete(NoticeKind::Limit, message));
        }
        depth > DEPTH
    }

    fn trees(&mut self, before: Option<ObjectId>, after: Option<ObjectId>, folder: &mut Vec<u8>, depth: usize) {
        if before == after || self.too_deep(depth) {
            return;
        }
        let (old, new) = (self.names(before), self.names(after));
        let mut all: Vec<&(Vec<u8>, bool)> = old.keys().chain(new.keys()).collect();
        all.sort_unstable();
        all.dedup();
        for key in all {
            let (name, is_folder) = key;
            let (was, is) = (old.get(key).copied(), new.get(key).copied());
            let length = folder.len();
            folder.extend_from_slice(name);
            match (is_folder, is) {
                (true, _) => {
                    folder.push(b'/');
                    self.trees(was, is, folder, depth + 1);
                }
                (false, Some(id)) if was != is => self.found.push(Change { path: folder.clone(), id, before: was }),
                (false, _) => self.gone.extend(was.filter(|_| is.is_none())),
            }
            folder.truncate(length);
        }
    }

    /// Compares the entries below one folder, whose path is the first `from` bytes of theirs, with its tree. A
    /// folder that the index itself knows to be a tree, and the same one, is not looked into.
    fn entries(
        &mut self,
        before: Option<ObjectId>,
        index: &gix::index::File,
        entries: &[Entry],
        cache: Option<&extension::Tree>,
        from: usize,
        depth: usize,
    ) {
        let same = |cache: &extension::Tree| cache.num_entries.is_some() && Some(cache.id) == before;
        if cache.is_some_and(same) || self.too_deep(depth) {
            return;
        }
        let mut old = self.names(before);
        let mut rest = entries;
        while let Some(entry) = rest.first() {
            let path = entry.path(index);
            let name = &path[from..];
            let Some(slash) = name.iter().position(|&b| b == b'/') else {
                rest = &rest[1..];
                let was = old.remove(&(name.to_vec(), false));
                if is_file(entry) && was != Some(entry.id) {
                    self.found.push(Change { path: path.to_vec(), id: entry.id, before: was });
                }
                continue;
            };
            let folder = &path[..=from + slash];
            let below = rest.partition_point(|other| other.path(index).starts_with(folder));
            let name = &name[..slash];
            let was = old.remove(&(name.to_vec(), true));
            if let [sparse] = &rest[..below]
                && sparse.mode == Mode::DIR
            {
                // A sparse index has a folder that is not checked out as one entry, with its tree.
                self.trees(was, Some(sparse.id), &mut folder.to_vec(), depth + 1);
                rest = &rest[below..];
                continue;
            }
            let cache = cache.and_then(|cache| cache.children.iter().find(|child| child.name[..] == *name));
            let (inside, after) = rest.split_at(below.max(1));
            self.entries(was, index, inside, cache, from + slash + 1, depth + 1);
            rest = after;
        }
        for ((_, is_folder), id) in old {
            match is_folder {
                false => self.gone.push(id),
                true => self.trees(Some(id), None, &mut Vec::new(), depth + 1),
            }
        }
    }
}
