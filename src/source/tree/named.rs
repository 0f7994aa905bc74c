//! Files named one by one, by a command line or a list. What git ignores is scanned all the same, for it
//! was asked for; `exclude` globs and `.portcullisignore` hold, so that a hook and a whole scan agree.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use ignore::overrides::Override;

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
        for path in &self.settings.listed {
            match std::fs::symlink_metadata(path) {
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
            named.files.push((relative, path.to_path_buf()));
        }
    }

    /// What is left out of files that are named, not walked.
    ///
    /// # Errors
    /// On a glob that does not parse.
    pub fn exclusions(&self) -> Result<Exclusions, SourceError> {
        let base = std::path::absolute(&self.settings.base).unwrap_or_else(|_| self.settings.base.clone());
        let base: PathBuf = base.components().collect();
        Ok(Exclusions { base, globs: self.overrides()?, own: self.settings.ignore_files.then(HashMap::new) })
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
    /// Absolute.
    base: PathBuf,
    globs: Override,
    /// `.portcullisignore` by folder, each read once; `None` where ignore files are not honoured.
    own: Option<HashMap<PathBuf, Option<Gitignore>>>,
}

impl Exclusions {
    /// True where the file at `path`, which need not exist, is left out.
    pub fn match_file(&mut self, path: &Path) -> bool {
        let Ok(path) = std::path::absolute(path) else { return false };
        let Ok(below) = path.strip_prefix(&self.base) else { return false };
        // Folders from the top: what lies in one that is left out is left out.
        let parts: Vec<&Path> = below.ancestors().filter(|part| !part.as_os_str().is_empty()).collect();
        parts.into_iter().rev().any(|part| {
            let is_folder = part != below;
            self.globs.matched(part, is_folder).is_ignore() || self.own_match(&self.base.join(part), is_folder)
        })
    }

    /// The nearest `.portcullisignore` that says anything of the path decides; the search ends at the
    /// folder that holds `.git`.
    fn own_match(&mut self, path: &Path, is_folder: bool) -> bool {
        let Some(own) = &mut self.own else { return false };
        for folder in path.ancestors().skip(1) {
            let rules = own.entry(folder.to_path_buf()).or_insert_with(|| read(folder));
            match rules.as_ref().map_or(Match::None, |rules| rules.matched(path, is_folder)) {
                Match::None => {}
                decided => return decided.is_ignore(),
            }
            if folder.join(".git").exists() {
                break;
            }
        }
        false
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
