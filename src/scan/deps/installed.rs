//! Packages that are installed in `node_modules`: what `scan` read of them, and which of them no lock file reports.
//!
//! One finding for each package version and advisory of a project, as `npm audit` has it: where a lock file of the
//! project pins the version, its finding names the places where it is installed; where none does, the finding stands at
//! the first place, and names the others.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Mutex;

use super::manifest::{ByLock, Manifest};
use super::reach::nearest;
use super::unparsed;
use crate::advisory::LazyDb;
use crate::lockfile::installed::{self, Installed, Known};
use crate::model::{
    Draft, DraftRelated, Ecosystem, Input, KeptInput, Notice, NoticeKind, Package, PackageSource, Property, RepoPath,
    Sink,
};

/// Other places of one package that are told.
const PLACES: usize = 10;

/// What was read so far, from many threads.
#[derive(Default)]
pub(super) struct Store {
    packages: Mutex<Vec<(RepoPath, Installed)>>,
    /// By the folder of the project.
    known: Mutex<BTreeMap<String, Known>>,
}

/// True for what [`Store::add`] takes.
pub(super) fn claims(path: &RepoPath) -> bool {
    installed::claims(path) || installed::is_lock(path)
}

impl Store {
    /// Reads one file. It is kept only where an advisory speaks of it, since findings point into it then.
    pub(super) fn add(&self, input: &Input<'_>, db: &LazyDb, sink: &mut Sink) {
        if !input.whole {
            if input.byte_base == 0 {
                let message =
                    "too large for what an installed package says of itself: it was not read. Raise --max-file-size";
                sink.notice(Notice::incomplete(NoticeKind::Skipped, message).at(input.path));
            }
            return;
        }
        if installed::is_lock(input.path) {
            let parsed = installed::lock(input.bytes);
            unparsed(input.path, "lock file", parsed.errors, sink);
            if let (Ok(mut known), Some((folder, _))) = (self.known.lock(), installed::project(input.path.as_str())) {
                known.insert(folder.to_owned(), parsed.value);
            }
            return;
        }
        let parsed = installed::read(input.bytes);
        unparsed(input.path, "package.json", parsed.errors, sink);
        let Some(package) = parsed.value else { return };
        sink.keep = !db.get().affecting(Ecosystem::Npm, &package.name, &package.version).is_empty();
        if let Ok(mut packages) = self.packages.lock() {
            packages.push((input.path.clone(), package));
        }
    }

    /// Everything that was read, by project. `locks` holds the folders of npm's lock files, of all package managers.
    pub(super) fn projects(&self, locks: &BTreeSet<&str>) -> Vec<Project> {
        let mut packages = self.packages.lock().map(|mut all| std::mem::take(&mut *all)).unwrap_or_default();
        let mut known = self.known.lock().map(|mut all| std::mem::take(&mut *all)).unwrap_or_default();
        // Of several places of one version the outermost is the one to be named.
        let depth = |path: &RepoPath| path.as_str().matches("node_modules/").count();
        packages.sort_by(|a, b| (depth(&a.0), &a.0).cmp(&(depth(&b.0), &b.0)));
        let mut projects: BTreeMap<String, Project> = BTreeMap::new();
        for (path, installed) in packages {
            let Some((folder, _)) = installed::project(path.as_str()) else { continue };
            let project = projects.entry(folder.to_owned()).or_insert_with(|| Project {
                folder: folder.to_owned(),
                lock: nearest(folder, locks).map(str::to_owned),
                known: known.remove(folder).unwrap_or_default(),
                found: Vec::new(),
            });
            project.found.push(Found { path, installed, pinned: false });
        }
        projects.into_values().collect()
    }
}

struct Found {
    path: RepoPath,
    installed: Installed,
    /// A lock file of the project pins this version, and reports it.
    pinned: bool,
}

/// What is installed for one project.
pub(super) struct Project {
    folder: String,
    /// The folder of the lock file that speaks for it.
    lock: Option<String>,
    known: Known,
    found: Vec<Found>,
}

/// What no lock file reports, as a list to be checked.
pub(super) struct Rest {
    /// The project's folder of installed packages.
    pub path: RepoPath,
    /// The project itself, then what is installed.
    pub packages: Vec<Package>,
    /// The file of each.
    pub places: Vec<RepoPath>,
    /// What the project asks for.
    pub manifests: Vec<Manifest>,
}

impl Project {
    /// Leaves what a lock file pins to that file, and names the places where it is installed in its findings.
    pub(super) fn leave(&mut self, lock: &RepoPath, pinned: &[Package], drafts: &mut [Draft]) {
        if self.lock.as_deref() != Some(lock.parent()) {
            return;
        }
        let pinned: HashSet<(&str, &str)> =
            pinned.iter().map(|package| (package.name.as_str(), package.version.as_str())).collect();
        for found in &mut self.found {
            found.pinned |= pinned.contains(&(found.installed.name.as_str(), found.installed.version.as_str()));
        }
        if drafts.is_empty() {
            return;
        }
        let mut places: HashMap<(&str, &str), Vec<&Found>> = HashMap::new();
        for found in &self.found {
            places.entry((&found.installed.name, &found.installed.version)).or_default().push(found);
        }
        for draft in drafts {
            let Some((name, version)) = subject(draft) else { continue };
            let found = places.get(&(name, version)).into_iter().flatten().take(PLACES);
            let told: Vec<DraftRelated> =
                found.map(|found| place(&found.path, name, version, found.installed.span)).collect();
            draft.related.extend(told);
        }
    }

    /// What is left; none where lock files report it all.
    pub(super) fn rest(&self, kept: &[KeptInput]) -> Option<Rest> {
        if self.found.iter().all(|found| found.pinned) {
            return None;
        }
        let own = RepoPath::resolve(&self.folder, "package.json")?;
        let manifest = kept.iter().find(|input| input.path == own);
        let below = |found: &Found| {
            let folder = found.path.parent();
            installed::project(folder).map_or(String::new(), |(_, below)| below.to_owned())
        };
        let folders: Vec<String> = self.found.iter().map(below).collect();
        let list: Vec<(&str, &Installed)> =
            folders.iter().map(String::as_str).zip(self.found.iter().map(|found| &found.installed)).collect();
        let mut packages = installed::packages(manifest.map(|input| &input.bytes[..]), &list, &self.known);
        for (package, found) in packages.iter_mut().skip(1).zip(&self.found) {
            if found.pinned {
                // It stays a step on the way to others.
                package.source = PackageSource::Other("reported by a lock file".to_owned());
            }
        }
        let path = RepoPath::resolve(&self.folder, "node_modules/.package-lock.json")?;
        let places = std::iter::once(own).chain(self.found.iter().map(|found| found.path.clone())).collect();
        let locks = BTreeSet::from([(Ecosystem::Npm, self.folder.as_str())]);
        let manifests = ByLock::new(kept, &locks).read(Ecosystem::Npm, &self.folder);
        Some(Rest { path, packages, places, manifests })
    }
}

impl Rest {
    /// Names the other places of a finding's package in place of what a lock file would name.
    pub(super) fn relate(&self, draft: &mut Draft) {
        draft.related.retain(|related| related.path.is_some());
        let own = draft.path.clone();
        let Some((name, version)) = subject(draft) else { return };
        let same = |package: &Package| package.name == name && package.version == version;
        let all = self.packages.iter().zip(&self.places).filter(|(package, _)| same(package));
        let others =
            all.filter(|(package, path)| package.source == PackageSource::Registry && own.as_ref() != Some(*path));
        let others: Vec<DraftRelated> =
            others.take(PLACES).map(|(package, path)| place(path, name, version, package.span)).collect();
        draft.related.extend(others);
    }
}

fn place(path: &RepoPath, name: &str, version: &str, span: crate::model::Span) -> DraftRelated {
    let message = format!("`{name}` {version} is installed here");
    DraftRelated { path: Some(path.clone()), span, message }
}

/// Name and version of the package that a finding is about.
fn subject(draft: &Draft) -> Option<(&str, &str)> {
    let text = |wanted| {
        draft.properties.iter().find_map(|(name, value)| match value {
            Property::Text(text) if *name == wanted => Some(text.as_str()),
            _ => None,
        })
    };
    text("package").zip(text("version"))
}
