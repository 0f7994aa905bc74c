//! Files named one by one, by a command line or a list. What git ignores is scanned all the same, for it
//! was asked for; `exclude` globs and `.portcullisignore` hold, so that a hook and a whole scan agree.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use ignore::overrides::Override;
use rayon::prelude::*;

use super::{Found, IGNORE_FILE, Tree};
use crate::model::{Notice, NoticeKind, NoticeLevel, RepoPath};
use crate::source::SourceError;

/// Named paths, sorted by what they are.
#[derive(Default)]
pub struct Named {
    /// Folders to walk.
    pub folders: Vec<PathBuf>,
    /// Files to read.
    pub files: Vec<Found>,
    /// What was left out, and why.
    pub notices: Vec<Notice>,
}

impl Tree {
    /// Sorts the settings' roots and listed paths.
    ///
    /// # Errors
    /// On a root that is not there, or a glob that does not parse.
    pub(super) fn named(&self) -> Result<Named, SourceError> {
        let mut named = Named::default();
        let mut exclusions = self.exclusions()?;
        for root in &self.settings.roots {
            let shown = root.strip_prefix(".").ok().filter(|path| !path.as_os_str().is_empty()).unwrap_or(root);
            let unreadable = |source| SourceError::Root { path: shown.to_path_buf(), source };
            #[expect(clippy::disallowed_methods, reason = "a root that is not there is refused by name")]
            let is_folder = std::fs::metadata(root).map_err(unreadable)?.is_dir();
            if is_folder {
                named.folders.push(root.clone());
            } else {
                self.file_or_notice(root, NoticeLevel::Warning, &mut exclusions, &mut named);
            }
        }
        let looked: Vec<_> = self.settings.listed.par_iter().map(std::fs::symlink_metadata).collect();
        for (path, found) in self.settings.listed.iter().zip(looked) {
            match found {
                Ok(found) if found.is_dir() => named.folders.push(path.clone()),
                Ok(found) if found.is_file() => {
                    self.file_or_notice(path, NoticeLevel::Note, &mut exclusions, &mut named)
                }
                Ok(found) if found.is_symlink() => {
                    named.notices.push(left_out(self.relative(path), "a symbolic link is not followed"));
                }
                Ok(_) => named.notices.push(left_out(self.relative(path), "it is neither a file nor a folder")),
                Err(error) => named.notices.push(absent(self.relative(path), &error)),
            }
        }
        Ok(named)
    }

    /// True where an `exclude` glob, an `include` that does not name it, or `.portcullisignore` leaves out
    /// the file at `path`, which need not exist.
    ///
    /// # Errors
    /// On a glob that does not parse.
    pub fn leaves_out(&self, path: &Path) -> Result<bool, SourceError> {
        Ok(self.exclusions()?.match_file(path))
    }

    fn file_or_notice(&self, path: &Path, level: NoticeLevel, exclusions: &mut Exclusions, named: &mut Named) {
        let relative = self.relative(path);
        if exclusions.match_file(path) {
            let notice = left_out(relative, "an exclude glob or .portcullisignore matches it");
            named.notices.push(Notice { level, ..notice });
        } else {
            named.files.push(self.found(path));
        }
    }

    /// What is left out of files that are named, not walked.
    ///
    /// # Errors
    /// On a glob that does not parse.
    pub fn exclusions(&self) -> Result<Exclusions, SourceError> {
        let given = self.settings.base.clone();
        let base: PathBuf = std::path::absolute(&given).unwrap_or_else(|_| given.clone()).components().collect();
        let ignore_files = self.settings.ignore_files;
        Ok(Exclusions { given, base, globs: self.overrides()?, ignore_files, folders: HashMap::new() })
    }
}

fn left_out(path: RepoPath, why: &str) -> Notice {
    Notice::note(NoticeKind::Skipped, format!("not scanned: {why}")).at(&path)
}

/// A deleted file is in many lists (`git diff --name-only`): nothing was hidden. Any other error hides it.
fn absent(path: RepoPath, error: &io::Error) -> Notice {
    if error.kind() == io::ErrorKind::NotFound {
        return Notice::warning(NoticeKind::Skipped, "listed, and not there: not scanned").at(&path);
    }
    super::unreadable(&path, error)
}

/// The exclusions that hold for named files: globs, and `.portcullisignore`.
pub struct Exclusions {
    /// The base as it was given, and absolute.
    given: PathBuf,
    base: PathBuf,
    globs: Override,
    ignore_files: bool,
    /// Every folder that was asked about, by its path below the base: each is looked at once.
    folders: HashMap<PathBuf, Folder>,
}

/// What holds for all in a folder.
#[derive(Clone, Default)]
struct Folder {
    left_out: bool,
    rules: Option<Arc<Rules>>,
}

/// A `.portcullisignore`, and the one above it.
struct Rules {
    own: Gitignore,
    above: Option<Arc<Rules>>,
}

impl Folder {
    /// True where the nearest ignore file that says anything of the path leaves it out.
    fn ignores(&self, path: &Path, is_folder: bool) -> bool {
        let mut rules = self.rules.as_deref();
        while let Some(here) = rules {
            match here.own.matched(path, is_folder) {
                Match::None => rules = here.above.as_deref(),
                decided => return decided.is_ignore(),
            }
        }
        false
    }

    /// What holds one folder further down: the ignore files above a folder that holds `.git` do not.
    fn entered(&self, folder: &Path) -> Option<Arc<Rules>> {
        let above = self.rules.clone().filter(|_| !folder.join(".git").exists());
        match read(folder) {
            Some(own) => Some(Arc::new(Rules { own, above })),
            None => above,
        }
    }
}

impl Exclusions {
    /// True where the file at `path`, which need not exist, is left out.
    pub fn match_file(&mut self, path: &Path) -> bool {
        let below = path.strip_prefix(&self.given).map(Path::to_path_buf).ok().or_else(|| {
            let path = std::path::absolute(path).ok()?;
            path.strip_prefix(&self.base).map(Path::to_path_buf).ok()
        });
        let Some(below) = below else { return false };
        let folder = self.folder(below.parent().unwrap_or(Path::new("")));
        folder.left_out
            || self.globs.matched(&below, false).is_ignore()
            || folder.rules.is_some() && folder.ignores(&self.base.join(&below), false)
    }

    /// True where the folder at `path`, or one above it in the base, is left out.
    pub fn match_folder(&mut self, path: &Path) -> bool {
        let below = path.strip_prefix(&self.given).map(Path::to_path_buf);
        below.is_ok_and(|below| self.folder(&below).left_out)
    }

    /// What holds in the folder at `below`. Folders are decided from the top: what lies in one that is left out
    /// is left out.
    fn folder(&mut self, below: &Path) -> Folder {
        if let Some(known) = self.folders.get(below) {
            return known.clone();
        }
        let mut unknown: Vec<&Path> = below.ancestors().take_while(|part| !self.folders.contains_key(*part)).collect();
        let known = unknown.last().and_then(|part| part.parent()).and_then(|part| self.folders.get(part));
        let mut folder = known.cloned().unwrap_or_default();
        while let Some(part) = unknown.pop() {
            folder = if part.as_os_str().is_empty() { self.top() } else { self.enter(&folder, part) };
            self.folders.insert(part.to_path_buf(), folder.clone());
        }
        folder
    }

    fn enter(&self, above: &Folder, below: &Path) -> Folder {
        let path = self.base.join(below);
        let left_out = above.left_out || self.globs.matched(below, true).is_ignore() || above.ignores(&path, true);
        let rules = if self.ignore_files && !left_out { above.entered(&path) } else { None };
        Folder { left_out, rules }
    }

    /// The base, under the ignore files of the folders around it, up to the one that holds `.git`.
    fn top(&self) -> Folder {
        let mut folder = Folder::default();
        if self.ignore_files {
            let around: Vec<&Path> = self.base.ancestors().collect();
            let first = around.iter().position(|around| around.join(".git").exists());
            let first = first.unwrap_or(around.len().saturating_sub(1));
            for around in around[..=first].iter().rev() {
                folder.rules = folder.entered(around);
            }
        }
        folder
    }
}

/// The folder's own ignore file; a glob of it that does not parse counts as absent, as it does in a walk.
fn read(folder: &Path) -> Option<Gitignore> {
    let file = folder.join(IGNORE_FILE);
    if !file.is_file() {
        return None;
    }
    let mut builder = GitignoreBuilder::new(folder);
    let _ = builder.add(file);
    builder.build().ok()
}

#[cfg(test)]
mod tests {
    use super::super::Settings;
    use super::*;
    use std::fs;

    fn tree(base: &Path, listed: &[&str]) -> Tree {
        Tree::new(Settings {
            roots: Vec::new(),
            listed: listed.iter().map(|name| base.join(name)).collect(),
            base: base.to_path_buf(),
            ignore_files: true,
            include: Vec::new(),
            exclude: vec!["/vendor".to_owned()],
            max_file_size: 1 << 20,
            threads: 1,
        })
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test writes what it lists")]
    fn own_exclusions_hold_and_gitignore_does_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let base = folder.path();
        for (name, text) in [
            (".gitignore", "a.txt\n"),
            (".portcullisignore", "sub/\n*.log\n"),
            ("a.txt", ""),
            ("keep/.portcullisignore", "!b.log\n"),
            ("keep/b.log", ""),
            ("c.log", ""),
            ("sub/d.txt", ""),
            ("vendor/deep/e.txt", ""),
        ] {
            let path = base.join(name);
            fs::create_dir_all(path.parent().expect("has one")).expect("makes");
            fs::write(path, text).expect("writes");
        }
        let listed = ["a.txt", "keep/b.log", "c.log", "sub/d.txt", "vendor/deep/e.txt", "gone.txt"];
        let named = tree(base, &listed).named().expect("lists");
        let files: Vec<&str> = named.files.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(files, ["a.txt", "keep/b.log"]);
        assert_eq!(named.notices.len(), 4);
        assert!(named.notices.iter().all(|notice| !notice.incomplete));
        assert!(named.notices[3].message.contains("not there"));
    }
}
