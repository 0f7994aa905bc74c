//! Known advisories against the packages that lock files pin.

mod executables;
mod finding;
mod graph;
mod installed;
mod manifest;
mod policy;
mod project;
mod reach;
mod settings;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Interest, Scanner};
use crate::advisory::{LazyDb, Match};
use crate::lockfile;
use crate::lockfile::select::{self, Selection};
use crate::model::{
    Ecosystem, Input, KeptInput, Notice, NoticeKind, Package, PackageSource, RepoPath, Rule, Scope, Sink,
};
use crate::syntax::{Parsed, SyntaxError};

use executables::Executables;
use manifest::{ByLock, Manifest};
use project::Project;
use reach::Imports;
pub use settings::{Ignore, Settings};

/// Checks lock files against an advisory database.
pub struct DepsScanner {
    settings: Settings,
    db: Arc<LazyDb>,
    imports: Imports,
    installed: installed::Store,
    executables: Executables,
}

/// What becomes of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Job {
    /// Nothing.
    None,
    /// Kept for the end: lock files, manifests, ignores.
    Keep,
    /// A Go source, whose imports are noted.
    Imports,
    /// An installed package.
    Installed,
    /// An executable, where it is one.
    Executable,
}

impl DepsScanner {
    /// A scanner that answers from `db`.
    #[must_use]
    pub fn new(settings: Settings, db: Arc<LazyDb>) -> Self {
        Self {
            settings,
            db,
            imports: Imports::default(),
            installed: Default::default(),
            executables: Default::default(),
        }
    }
}

impl Scanner for DepsScanner {
    fn name(&self) -> &'static str {
        "deps"
    }

    /// None: each rule is an advisory, and comes with its finding.
    fn rules(&self) -> Vec<Arc<Rule>> {
        Vec::new()
    }

    fn interest(&self, path: &RepoPath) -> Interest {
        match self.job(path) {
            Job::None => Interest::None,
            Job::Keep => Interest::ScanAndKeep,
            Job::Imports | Job::Installed => Interest::Scan,
            Job::Executable => Interest::Executable,
        }
    }

    fn reads_installed(&self) -> bool {
        self.settings.installed
    }

    fn scan(&self, input: &Input<'_>, sink: &mut Sink) {
        match self.job(input.path) {
            Job::None | Job::Keep => {}
            Job::Imports => self.imports.add(input),
            Job::Installed => self.installed.add(input, &self.db, sink),
            Job::Executable => self.executables.add(input, sink),
        }
    }

    fn finish(&self, kept: &[KeptInput], sink: &mut Sink) {
        // Those of installed packages are kept for their lines alone.
        let own = |input: &&KeptInput| self.job(&input.path) == Job::Keep;
        let kept: Vec<KeptInput> = kept.iter().filter(own).cloned().collect();
        let tree = Tree::new(&kept);
        let mut ignores = self.settings.ignores.clone();
        ignores.extend(kept.iter().flat_map(|input| policy::read(&input.path, &input.bytes)));
        let ignores: Vec<Ignore> = ignores.into_iter().filter(|ignore| self.holds(ignore)).collect();
        let mut projects = self.installed.projects(&tree.npm_folders(&kept));
        for input in kept.iter().filter(|input| tree.locks.counts(&input.path)) {
            let Some(parsed) = self.packages(input, &tree) else { continue };
            let is_bom = self.settings.sboms.contains(&input.path);
            unparsed(&input.path, if is_bom { "bill of materials" } else { "lock file" }, parsed.errors, sink);
            let manifests = || {
                let ecosystem = parsed.value.first().map(|package| package.ecosystem);
                ecosystem.map_or_else(Vec::new, |one| tree.manifests.read(one, input.path.parent()))
            };
            let before = sink.drafts.len();
            self.check(&Listing::of(&input.path, &parsed.value), manifests, &ignores, &tree, sink);
            if !is_bom && is_npm(&input.path) {
                for project in &mut projects {
                    project.leave(&input.path, &parsed.value, &mut sink.drafts[before..]);
                }
            }
        }
        for rest in projects.iter().filter_map(|project| project.rest(&kept)) {
            let before = sink.drafts.len();
            let listing = Listing { path: &rest.path, packages: &rest.packages, places: &rest.places };
            self.check(&listing, || rest.manifests.clone(), &ignores, &tree, sink);
            sink.drafts[before..].iter_mut().for_each(|draft| rest.relate(draft));
        }
        for (path, packages) in self.executables.take() {
            let before = sink.drafts.len();
            self.check(&Listing::of(&path, &packages), Vec::new, &ignores, &tree, sink);
            sink.drafts[before..].iter_mut().for_each(executables::told);
        }
    }
}

/// Packages to be checked, and where they stand.
struct Listing<'a> {
    path: &'a RepoPath,
    packages: &'a [Package],
    /// The file of each package; empty where `path` holds them all.
    places: &'a [RepoPath],
}

impl<'a> Listing<'a> {
    fn of(path: &'a RepoPath, packages: &'a [Package]) -> Self {
        Self { path, packages, places: &[] }
    }

    fn place(&self, index: usize) -> &'a RepoPath {
        self.places.get(index).unwrap_or(self.path)
    }
}

/// True for a lock file of any package manager that installs from npm's registry.
fn is_npm(path: &RepoPath) -> bool {
    lockfile::format_of(path.file_name()).is_some_and(|format| format.ecosystem() == Ecosystem::Npm)
}

impl DepsScanner {
    fn job(&self, path: &RepoPath) -> Job {
        let name = path.file_name();
        let kept = select::claims(path)
            || (policy::claims(name) || manifest::claims(name)) && !select::is_installed(path)
            || self.settings.sboms.contains(path);
        match () {
            () if kept => Job::Keep,
            () if self.settings.installed && installed::claims(path) => Job::Installed,
            () if self.settings.reach && Imports::claims(path) => Job::Imports,
            () if self.settings.binaries => Job::Executable,
            () => Job::None,
        }
    }

    fn holds(&self, ignore: &Ignore) -> bool {
        match (&ignore.until, &self.settings.today) {
            (Some(until), Some(today)) => today.as_str() <= until.as_str(),
            _ => true,
        }
    }

    fn packages(&self, input: &KeptInput, tree: &Tree<'_>) -> Option<Parsed<Vec<Package>>> {
        if self.settings.sboms.contains(&input.path) {
            return Some(lockfile::bom::parse(&input.bytes));
        }
        tree.locks.packages(input, self.settings.stdlib)
    }

    /// Reports what is known of the packages. Manifests are read where there is anything to report.
    fn check(
        &self,
        listing: &Listing<'_>,
        manifests: impl FnOnce() -> Vec<Manifest>,
        ignores: &[Ignore],
        tree: &Tree<'_>,
        sink: &mut Sink,
    ) {
        let Listing { path, packages, .. } = *listing;
        let mut seen = BTreeSet::new();
        let affected: Vec<(usize, Vec<Match>)> = packages
            .iter()
            .enumerate()
            .filter(|(_, package)| package.source == PackageSource::Registry)
            .filter(|(_, package)| seen.insert((package.name.as_str(), package.version.as_str())))
            .map(|(at, package)| (at, self.db.get().affecting(package.ecosystem, &package.name, &package.version)))
            .filter(|(_, matches)| !matches.is_empty())
            .collect();
        if affected.is_empty() {
            return;
        }
        let manifests = manifests();
        let project = Project::new(packages, &manifests);
        let is_module = path.file_name() == "go.mod";
        let imported = is_module.then(|| self.imports.of_module(path.parent(), &tree.modules)).flatten();
        for (index, matches) in &affected {
            let index = project.shipped(*index);
            let package = &project.packages[index];
            if !self.settings.dev && package.scope == Scope::Development {
                continue;
            }
            let (path, chain) = (listing.place(index), project.chain(index));
            for group in grouped(matches).into_values() {
                if self.settings.only_fixed && group.iter().all(|found| found.fixed.is_empty()) {
                    continue;
                }
                let reached = reach::reached(package.ecosystem, &package.name, &group, imported.as_ref());
                let entry = finding::Entry { lock: path, package, chain: &chain, reached };
                let mut draft = finding::draft(&self.settings, ignores, &entry, &group).at(path);
                draft.related = project.related(index);
                sink.report(draft);
            }
        }
    }
}

/// Records of one defect together. An informational record never absorbs a vulnerability.
fn grouped(matches: &[Match]) -> BTreeMap<(&str, bool), Vec<&Match>> {
    let mut groups: BTreeMap<(&str, bool), Vec<&Match>> = BTreeMap::new();
    for found in matches {
        let key = (found.advisory.group.as_str(), found.advisory.informational.is_some());
        groups.entry(key).or_default().push(found);
    }
    groups
}

fn unparsed(path: &RepoPath, what: &str, errors: Vec<SyntaxError>, sink: &mut Sink) {
    let count = errors.len();
    let Some(first) = errors.into_iter().next() else { return };
    let more = if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() };
    let message = format!("not a well-formed {what}: {}{more}; what could be read was checked", first.message);
    sink.notice(Notice::incomplete(NoticeKind::Unparsed, message).at(path).span(first.span));
}

/// The kept files together.
struct Tree<'a> {
    locks: Selection<'a>,
    manifests: ByLock<'a>,
    /// Folders of Go modules.
    modules: BTreeSet<&'a str>,
}

impl<'a> Tree<'a> {
    fn new(kept: &'a [KeptInput]) -> Self {
        let lock = |input: &'a KeptInput| {
            let format = lockfile::format_of(input.path.file_name())?;
            Some((format.ecosystem(), input.path.parent()))
        };
        let modules = kept.iter().filter(|input| input.path.file_name() == "go.mod");
        Self {
            locks: Selection::new(kept),
            manifests: ByLock::new(kept, &kept.iter().filter_map(lock).collect()),
            modules: modules.map(|input| input.path.parent()).collect(),
        }
    }

    /// Folders of the lock files that say what is installed in `node_modules`.
    fn npm_folders(&self, kept: &'a [KeptInput]) -> BTreeSet<&'a str> {
        let counting = kept.iter().filter(|input| is_npm(&input.path) && self.locks.counts(&input.path));
        counting.map(|input| input.path.parent()).collect()
    }
}

#[cfg(test)]
mod tests;
