//! Whether a module's own sources use what is vulnerable: Go's advisories name the packages of a module that are.
//!
//! A look at import lines, no build: build tags do not count, tests do, and what another dependency imports is not
//! seen. That is why a finding is only said to be less severe, never left out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use crate::advisory::Match;
use crate::model::{Ecosystem, Input, RepoPath};
use crate::syntax::go;

/// Import paths by the folder of the files that have them.
#[derive(Debug, Default)]
pub(super) struct Imports {
    folders: Mutex<BTreeMap<String, BTreeSet<String>>>,
}

impl Imports {
    /// Whether a file belongs to a module's own sources. What `go build` passes over is none of them.
    pub(super) fn claims(path: &RepoPath) -> bool {
        let aside = |folder: &str| {
            matches!(folder, "vendor" | "testdata" | "node_modules")
                || folder.starts_with('_')
                || folder.starts_with('.')
        };
        path.extension() == "go" && !path.parent().split('/').any(aside)
    }

    /// Notes what a file imports.
    pub(super) fn add(&self, input: &Input<'_>) {
        if input.byte_base != 0 {
            return;
        }
        let imports = go::imports(input.bytes);
        let Ok(mut folders) = self.folders.lock() else { return };
        let known = folders.entry(input.path.parent().to_owned()).or_default();
        for import in imports {
            if !known.contains(import) {
                known.insert(import.to_owned());
            }
        }
    }

    /// What the sources of the module in `folder` import; modules below it, in `modules`, have sources of their own.
    /// `None` where there is no source of it at all, so that nothing can be said.
    pub(super) fn of_module(&self, folder: &str, modules: &BTreeSet<&str>) -> Option<BTreeSet<String>> {
        let folders = self.folders.lock().ok()?;
        let own = folders.iter().filter(|(name, _)| nearest(name, modules) == Some(folder));
        let sets: Vec<&BTreeSet<String>> = own.map(|(_, imports)| imports).collect();
        (!sets.is_empty()).then(|| sets.into_iter().flatten().cloned().collect())
    }
}

/// The innermost of `modules` that is `folder` or lies above it.
pub(super) fn nearest<'a>(folder: &str, modules: &BTreeSet<&'a str>) -> Option<&'a str> {
    let mut at = folder;
    loop {
        if let Some(module) = modules.get(at) {
            return Some(module);
        }
        if at.is_empty() {
            return None;
        }
        at = at.rfind('/').map_or("", |slash| &at[..slash]);
    }
}

/// What the sources say of one defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reached {
    /// The sources, or the advisory, say nothing.
    Unknown,
    /// A vulnerable package is imported.
    Imported,
    /// None is.
    NotImported,
}

/// Compares the packages that the records of one defect name with what is imported.
pub(super) fn reached(
    ecosystem: Ecosystem,
    name: &str,
    group: &[&Match],
    imported: Option<&BTreeSet<String>>,
) -> Reached {
    // Go's tools are run, not imported.
    let imported = imported.filter(|_| ecosystem == Ecosystem::Go && name != "toolchain");
    let mut named = group.iter().flat_map(|found| &found.advisory.reach.imports).peekable();
    match imported {
        Some(imported) if named.peek().is_some() => match named.any(|import| imported.contains(&import.path)) {
            true => Reached::Imported,
            false => Reached::NotImported,
        },
        _ => Reached::Unknown,
    }
}
