//! The lock files of a tree together: which of them count, and the Go workspaces above modules.

use std::collections::BTreeSet;

use super::format_of;
use super::go_mod::{self, GoFile, Replace};
use crate::model::{KeptInput, Package, RepoPath};
use crate::syntax::Parsed;

/// What packages are installed in: what lies below is theirs, not the project's.
const INSTALLED: &str = "node_modules";

/// True where a path lies in a folder of installed packages.
#[must_use]
pub fn is_installed(path: &RepoPath) -> bool {
    path.parent().split('/').any(|folder| folder == INSTALLED)
}

/// True where a file at this path pins packages of a project, or says how those that do are to be read (`go.work`).
#[must_use]
pub fn claims(path: &RepoPath) -> bool {
    let named = match path.file_name() {
        "modules.txt" => path.parent() == "vendor" || path.parent().ends_with("/vendor"),
        "go.work" => true,
        name => format_of(name).is_some(),
    };
    named && !is_installed(path)
}

/// The files of a tree, as far as they say which of them count and how they are read.
pub struct Selection<'a> {
    paths: BTreeSet<&'a str>,
    workspaces: Vec<(&'a str, GoFile)>,
}

impl<'a> Selection<'a> {
    /// Of all files of a tree that [`claims`] names; others do no harm.
    #[must_use]
    pub fn new(files: &'a [KeptInput]) -> Self {
        let works = files.iter().filter(|input| input.path.file_name() == "go.work");
        Self {
            paths: files.iter().map(|input| input.path.as_str()).collect(),
            workspaces: works.map(|input| (input.path.parent(), go_mod::read(&input.bytes).value)).collect(),
        }
    }

    /// False where another file of the same project says more: `npm-shrinkwrap.json` beats `package-lock.json`, and
    /// `go.mod` beats `go.sum` and `vendor/modules.txt`.
    #[must_use]
    pub fn counts(&self, path: &RepoPath) -> bool {
        let beside =
            |relative| RepoPath::resolve(path.parent(), relative).is_some_and(|p| self.paths.contains(p.as_str()));
        match path.file_name() {
            "package-lock.json" => !beside("npm-shrinkwrap.json"),
            "go.sum" => !beside("go.mod"),
            "modules.txt" => !beside("../go.mod"),
            _ => true,
        }
    }

    /// What a file pins; `None` where it pins nothing by its name. A module is read under the replacements of the
    /// workspace that uses it; `stdlib` adds the standard library of its `toolchain` line.
    #[must_use]
    pub fn packages(&self, input: &KeptInput, stdlib: bool) -> Option<Parsed<Vec<Package>>> {
        if input.path.file_name() == "go.mod" {
            let Parsed { value, errors } = go_mod::read(&input.bytes);
            return Some(Parsed { value: go_mod::packages(&value, self.workspace_of(&input.path), stdlib), errors });
        }
        Some(format_of(input.path.file_name())?.parse(&input.bytes))
    }

    /// Replacements of the `go.work` that uses this module.
    fn workspace_of(&self, path: &RepoPath) -> &[Replace] {
        let folder = path.parent();
        let uses = |root: &str, file: &GoFile| {
            file.uses.iter().any(|used| {
                RepoPath::resolve(root, used).is_some_and(|used| used.as_str() == folder)
                    || (matches!(used.as_str(), "." | "./") && root == folder)
            })
        };
        self.workspaces.iter().find(|(root, file)| uses(root, file)).map_or(&[], |(_, file)| &file.replaces)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(files: &[(&str, &str)]) -> Vec<KeptInput> {
        let kept = |(path, text): &(&str, &str)| KeptInput::work_tree(path, text);
        files.iter().map(kept).collect()
    }

    #[test]
    fn lock_files_of_the_project_are_claimed_and_those_of_packages_are_not() {
        for path in ["Cargo.lock", "a/go.mod", "vendor/modules.txt", "a/vendor/modules.txt", "go.work"] {
            assert!(claims(&RepoPath::new(path)), "{path}");
        }
        for path in
            ["modules.txt", "xvendor/modules.txt", "node_modules/a/package-lock.json", "a/node_modules/yarn.lock"]
        {
            assert!(!claims(&RepoPath::new(path)), "{path}");
        }
    }

    #[test]
    fn of_two_that_speak_of_one_project_the_one_that_knows_more_counts() {
        let paths = [
            "a/package-lock.json",
            "a/npm-shrinkwrap.json",
            "b/package-lock.json",
            "go.mod",
            "go.sum",
            "vendor/modules.txt",
            "c/go.sum",
            "c/vendor/modules.txt",
        ];
        let all = files(&paths.map(|path| (path, "")));
        let selection = Selection::new(&all);
        let counting: Vec<&str> = paths.into_iter().filter(|path| selection.counts(&RepoPath::new(path))).collect();
        assert_eq!(
            counting,
            ["a/npm-shrinkwrap.json", "b/package-lock.json", "go.mod", "c/go.sum", "c/vendor/modules.txt"]
        );
    }

    #[test]
    fn a_workspace_replaces_in_its_modules_alone() {
        let module = "module m\nrequire example.org/x v1.0.0\n";
        let work = "use ./a\nreplace example.org/x => example.org/x v1.3.0\n";
        let all = files(&[("go.work", work), ("a/go.mod", module), ("b/go.mod", module)]);
        let selection = Selection::new(&all);
        let versions = [1, 2].map(|at| selection.packages(&all[at], false).unwrap().value[0].version.clone());
        assert_eq!(versions, ["v1.3.0", "v1.0.0"]);
        assert!(selection.packages(&all[0], false).is_none());
    }
}
