//! Which files a repository says were renamed.

use std::collections::BTreeMap;
use std::path::Path;

use gix::diff::tree_with_rewrites::Change;
use gix::{Repository, Tree};

use super::{fault, open};
use crate::source::SourceError;

/// So many removed files against as many added ones are compared; of more, equal files alone are found.
const FILES: usize = 1_000;

/// Files that were renamed between a commit and `HEAD`, old paths to new ones, relative to `folder`: equal ones,
/// and those half of whose content stayed, as `git diff -M` takes them.
///
/// # Errors
/// Where `folder` is in no repository, or the repository has no such commit.
pub fn renames(folder: &Path, since: &str) -> Result<BTreeMap<String, String>, SourceError> {
    let opened = open(folder)?;
    let local = opened.repository.to_thread_local();
    let (before, after) = (tree(&local, since)?, tree(&local, "HEAD")?);
    let rewrites = gix::diff::Rewrites { copies: None, percentage: Some(0.5), limit: FILES, ..Default::default() };
    let options = gix::diff::Options::default().with_rewrites(Some(rewrites));
    let changes = local.diff_tree_to_tree(&before, &after, options).map_err(|error| fault("cannot compare", &error))?;
    let inside = below(&opened.root, folder);
    let path = |path: &[u8]| Some(std::str::from_utf8(path).ok()?.strip_prefix(&inside)?.to_owned());
    let pairs = changes.iter().filter_map(|change| match change {
        Change::Rewrite { source_location, location, copy: false, .. } => {
            Some((path(source_location)?, path(location)?))
        }
        _ => None,
    });
    Ok(pairs.collect())
}

fn tree<'r>(local: &'r Repository, revision: &str) -> Result<Tree<'r>, SourceError> {
    let failed = |error: &dyn std::fmt::Display| fault(&format!("there is no commit `{revision}`"), error);
    let id = local.rev_parse_single(revision).map_err(|error| failed(&error))?;
    let object = id.object().map_err(|error| failed(&error))?;
    object.peel_to_tree().map_err(|error| failed(&error))
}

/// Where `folder` lies in the work tree, with a final `/`, or empty.
fn below(root: &Path, folder: &Path) -> String {
    let whole = |path: &Path| path.canonicalize().unwrap_or_default();
    let below = whole(folder).strip_prefix(whole(root)).map(|path| path.to_string_lossy().replace('\\', "/"));
    below.ok().filter(|path| !path.is_empty()).map(|path| format!("{path}/")).unwrap_or_default()
}
