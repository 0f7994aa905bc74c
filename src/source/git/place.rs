//! Where a repository's data lie. A scanned tree may name any folder of the machine as its repository; one that
//! lies outside is read only where it names the tree back, as a linked work tree's and a submodule's do.

use std::path::{Path, PathBuf};

use gix::Repository;

use crate::model::{Notice, NoticeKind};
use crate::source::SourceError;

/// Bytes of a file that names a folder.
const LONGEST: u64 = 16 << 10;

/// Checks that the repository found for `folder` is that folder's own.
///
/// # Errors
/// Where its data, or those it shares with others, lie outside and do not name the folder back.
pub fn check(local: &Repository, folder: &Path) -> Result<(), SourceError> {
    let own = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let (folder, data, common) = (own(folder), own(local.git_dir()), own(local.common_dir()));
    // `x/.git` is the repository of `x`; any other folder is a bare one.
    let holder = if data.ends_with(".git") { data.parent().unwrap_or(&data) } else { &data };
    if folder.starts_with(holder) {
        let inside = common.starts_with(holder) || data.parent() == Some(&common.join("worktrees"));
        return if inside { Ok(()) } else { Err(outside(&common, &folder)) };
    }
    let link = folder.ancestors().map(|one| one.join(".git")).find(|link| link.symlink_metadata().is_ok());
    let Some(link) = link else { return Err(outside(&data, &folder)) };
    let home = link.parent().unwrap_or(&folder);
    // What lies in the tree is as hostile as the tree, so it may vouch for nothing outside.
    let vouched = if data.starts_with(home) { common.starts_with(home) } else { names_back(local, &data, &link) };
    if vouched { Ok(()) } else { Err(outside(&data, home)) }
}

/// True where the repository's data say that `link` is the `.git` of their work tree.
fn names_back(local: &Repository, data: &Path, link: &Path) -> bool {
    let same = |path: PathBuf| path.canonicalize().is_ok_and(|path| path == *link);
    let worktree = short(&data.join("gitdir")).is_some_and(|text| same(data.join(text)));
    let configured = || {
        let config = local.config_snapshot();
        let folder = config.string("core.worktree").map(|text| String::from_utf8_lossy(&text).into_owned());
        folder.is_some_and(|folder| same(data.join(folder).join(".git")))
    };
    worktree || configured()
}

/// The first line of a small file.
#[expect(clippy::disallowed_methods, reason = "the file that names the work tree back, of a bounded size")]
fn short(file: &Path) -> Option<String> {
    if std::fs::metadata(file).ok()?.len() > LONGEST {
        return None;
    }
    let text = std::fs::read_to_string(file).ok()?;
    text.lines().next().map(str::to_owned)
}

fn outside(data: &Path, home: &Path) -> SourceError {
    let message = format!(
        "the repository's data lie outside of `{}`, in `{}`, which does not name it back: nothing there was read. Where \
         that is meant, run `git config core.worktree` with this folder in it, or scan the folder that holds it",
        home.display(),
        data.display()
    );
    SourceError::Git { message }
}

/// A remark where objects are borrowed from other folders. Only what a commit of this repository reaches is read
/// of them.
pub fn borrowed(local: &Repository) -> Option<Notice> {
    let count = local.objects.store_ref().alternate_db_paths().unwrap_or_default().len();
    let message = format!(
        "objects are also read from {count} folders of other repositories, which `objects/info/alternates` names"
    );
    (count > 0).then(|| Notice::note(NoticeKind::Skipped, message))
}
