//! One walk over commits and trees, oldest first: which commit first had each blob, and where.

use std::sync::atomic::AtomicBool;

use gix::hashtable::{HashMap, HashSet};
use gix::objs::{FindExt, Kind};
use gix::{ObjectId, Repository};

use super::{DEPTH, fault};
use crate::model::{Notice, NoticeKind, RepoPath};
use crate::source::SourceError;

/// In place of a commit's number: what a range leaves out.
pub const BEFORE: u32 = u32::MAX;

/// A blob's first appearance.
pub struct First {
    /// Its number; [`BEFORE`] where the range begins after it.
    pub commit: u32,
    /// Where that commit has it.
    pub path: RepoPath,
    /// Scanned already, or not to be scanned.
    pub seen: AtomicBool,
}

/// Every blob of the walk.
#[derive(Default)]
pub struct Walk {
    /// Oldest first.
    pub commits: Vec<ObjectId>,
    /// By object id.
    pub blobs: HashMap<ObjectId, First>,
    /// What could not be read.
    pub notices: Vec<Notice>,
}

/// The commits to begin at where no range is asked for: all branches, tags, remote branches and the newest commit,
/// and with `stashes` the stash. What of them cannot be read is a notice.
///
/// # Errors
/// Where the references cannot be listed.
pub fn tips(local: &Repository, stashes: bool, walk: &mut Walk) -> Result<Vec<ObjectId>, SourceError> {
    let unreadable = |error: &dyn std::fmt::Display| fault("cannot read the branches and tags", error);
    let platform = local.references().map_err(|error| unreadable(&error))?;
    let mut tips: Vec<ObjectId> = Vec::new();
    for reference in platform.all().map_err(|error| unreadable(&error))? {
        let Ok(mut reference) = reference else {
            walk.incomplete("a branch or tag is damaged");
            continue;
        };
        if reference.name().as_bstr() == "refs/stash" && !stashes {
            continue;
        }
        // A branch of a remote may stand for one that is not here.
        let symbolic = matches!(reference.inner.target, gix::refs::Target::Symbolic(_));
        match reference.peel_to_id().map(|id| (id, id.header())) {
            // A tag may name a tree or a blob; those have no history.
            Ok((id, Ok(header))) if header.kind() == Kind::Commit => tips.push(id.detach()),
            Ok((_, Ok(_))) => {}
            Err(_) if symbolic => {}
            _ => walk.incomplete("a branch or tag names something that is missing or damaged"),
        }
    }
    match local.head() {
        Ok(head) if head.is_unborn() => {}
        Ok(_) => match local.head_id() {
            Ok(id) => tips.push(id.detach()),
            Err(_) => walk.incomplete("the newest commit is missing or damaged"),
        },
        Err(_) => walk.incomplete("the newest commit is missing or damaged"),
    }
    tips.sort_unstable();
    tips.dedup();
    Ok(tips)
}

impl Walk {
    /// A range may change a file around a secret that was there before: the versions before it are scanned too,
    /// so that what they hold is not told as new.
    pub fn look_at_what_was_there(&mut self) {
        let changed: std::collections::HashSet<RepoPath> =
            self.blobs.values().filter(|first| first.commit != BEFORE).map(|first| first.path.clone()).collect();
        for first in self.blobs.values_mut().filter(|first| first.commit == BEFORE) {
            *first.seen.get_mut() = !changed.contains(&first.path);
        }
    }

    /// Enters a notice that something could not be read.
    pub fn incomplete(&mut self, what: &str) {
        self.notices.push(Notice::incomplete(NoticeKind::Unreadable, format!("{what}. `git fsck` names it")));
    }
}

/// Trees that were read already are not read again.
pub struct Trees<'a> {
    local: &'a Repository,
    keeps: &'a mut dyn FnMut(&RepoPath) -> bool,
    seen: HashSet<ObjectId>,
    /// Every path that came, `None` where it is left out.
    paths: std::collections::HashMap<Vec<u8>, Option<RepoPath>>,
    buffer: Vec<u8>,
}

impl<'a> Trees<'a> {
    /// Reads trees of `local`; paths that `keeps` refuses are left out.
    pub fn new(local: &'a Repository, keeps: &'a mut dyn FnMut(&RepoPath) -> bool) -> Self {
        Self { local, keeps, seen: HashSet::default(), paths: Default::default(), buffer: Vec::new() }
    }

    /// The path as reports write it, where it is wanted.
    fn path(&mut self, bytes: Vec<u8>) -> Option<RepoPath> {
        if let Some(known) = self.paths.get(&bytes) {
            return known.clone();
        }
        let path = Some(RepoPath::from_bytes(&bytes)).filter(|path| (self.keeps)(path));
        self.paths.insert(bytes, path.clone());
        path
    }

    /// Enters every blob below a commit that no earlier one had, under the commit's number.
    pub fn each(&mut self, commit: ObjectId, walk: &mut Walk, number: u32) {
        let tree = self.local.objects.find_commit(&commit, &mut self.buffer).map(|commit| commit.tree());
        let Ok(tree) = tree else {
            walk.incomplete("a commit of the history is missing or damaged");
            return;
        };
        let mut stack = vec![(tree, Vec::new(), 0)];
        while let Some((tree, folder, depth)) = stack.pop() {
            if !self.seen.insert(tree) {
                continue;
            }
            if depth > DEPTH {
                walk.incomplete("folders of the history are nested too deeply");
                continue;
            }
            let mut buffer = std::mem::take(&mut self.buffer);
            let entries = self.local.objects.find_tree_iter(&tree, &mut buffer);
            let mut whole = entries.is_ok();
            for entry in entries.into_iter().flatten() {
                let Ok(entry) = entry else {
                    whole = false;
                    break;
                };
                let id = entry.oid.to_owned();
                let mut path = [&folder[..], entry.filename].concat();
                if entry.mode.is_tree() && !self.seen.contains(&id) {
                    path.push(b'/');
                    stack.push((id, path, depth + 1));
                } else if entry.mode.is_blob()
                    && !walk.blobs.contains_key(&id)
                    && let Some(path) = self.path(path)
                {
                    walk.blobs.insert(id, First { commit: number, path, seen: AtomicBool::new(false) });
                }
            }
            if !whole {
                walk.incomplete("a folder of the history is missing or damaged");
            }
            self.buffer = buffer;
        }
    }
}
