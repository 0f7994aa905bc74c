//! Git repositories as sources, read without a git process. Nothing of a repository's configuration, hooks or
//! attributes is carried out: it is opened isolated, and only objects, references and the index are read.

pub mod changes;
pub mod history;
mod place;
mod provenance;
pub mod renames;
mod snapshot;
mod walk;

use std::path::{Path, PathBuf};

use gix::{ObjectId, Repository, ThreadSafeRepository};

use super::SourceError;

/// Folders within folders that are followed.
const DEPTH: usize = 512;

/// A repository and its work tree.
pub(super) struct Opened {
    /// To be made local on each thread.
    pub repository: ThreadSafeRepository,
    /// The folder that paths are relative to; of a bare repository its own.
    pub root: PathBuf,
}

/// The repository that holds `folder`, with no configuration but its own.
///
/// # Errors
/// Where there is none, or it cannot be opened.
pub fn discover(folder: &Path) -> Result<ThreadSafeRepository, Box<dyn std::error::Error>> {
    let options = gix::open::Options::isolated();
    let trust = gix::sec::trust::Mapping { full: options.clone(), reduced: options };
    ThreadSafeRepository::discover_opts(folder, Default::default(), trust).map_err(Into::into)
}

/// The same with its work tree, where it keeps what it is made of to itself.
///
/// # Errors
/// Where there is none, it cannot be opened, or it leads elsewhere.
pub(super) fn open(folder: &Path) -> Result<Opened, SourceError> {
    // A root that is a file stands in its folder.
    let folder = if folder.is_file() { folder.parent().unwrap_or(folder) } else { folder };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let repository = discover(folder)
        .map_err(|error| fault(&format!("cannot open a git repository at `{}`", folder.display()), &error))?;
    place::check(&repository.to_thread_local(), folder)?;
    let root = repository.work_tree.clone().unwrap_or_else(|| repository.to_thread_local().path().to_path_buf());
    Ok(Opened { repository, root })
}

/// Whether the repository at `folder` can tell what changed since it parted from `base`. A shallow clone often has
/// neither the base nor the commit where both parted.
#[must_use]
pub fn can_compare(folder: &Path, base: &str) -> bool {
    let Ok(opened) = open(folder) else { return false };
    let local = opened.repository.to_thread_local();
    range(&local, &format!("{base}...HEAD")).is_ok_and(|(_, before)| !before.is_empty())
}

/// One sentence of an error of the git library, without its own chain of causes.
pub(super) fn fault(what: &str, error: &dyn std::fmt::Display) -> SourceError {
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    SourceError::Git { message: format!("{what}: {first}. Name a folder of a repository that `git status` accepts") }
}

/// A local handle that finds objects quickly: packs stay open and bases of deltas are kept for a while.
pub(super) fn local(repository: &ThreadSafeRepository) -> Repository {
    let mut local = repository.to_thread_local();
    local.objects.prevent_pack_unload();
    local.objects.set_pack_cache(|| Box::new(gix::odb::pack::cache::lru::MemoryCappedHashmap::new(64 << 20)));
    local
}

/// The commits of a revision or range: those to begin at, and those that are left out with all before them.
///
/// # Errors
/// Where the text names no commit of this repository.
pub(super) fn range(local: &Repository, text: &str) -> Result<(Vec<ObjectId>, Vec<ObjectId>), SourceError> {
    use gix::revision::plumbing::Spec;
    let wrong = |error: &dyn std::fmt::Display| {
        let first = error.to_string().lines().next().unwrap_or_default().to_owned();
        SourceError::Git {
            message: format!("`{text}` is no revision or range here: {first}. Write REV, A..B or A...B"),
        }
    };
    let spec = local.rev_parse(text).map_err(|error| wrong(&error))?.detach();
    Ok(match spec {
        Spec::Include(id) => (vec![id], Vec::new()),
        Spec::Range { from, to } => (vec![to], vec![from]),
        Spec::Merge { theirs, ours } => {
            let base = local.merge_base(theirs, ours).map_err(|error| wrong(&error))?;
            (vec![theirs, ours], base.map(gix::Id::detach).into_iter().collect())
        }
        _ => return Err(wrong(&"this form of a range is not read")),
    })
}
