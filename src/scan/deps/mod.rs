//! Known advisories against the packages that lock files pin.

mod declared;
mod finding;
mod fix;
mod graph;
mod manifest;
mod policy;
mod project;
mod reach;
mod settings;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::{Interest, Scanner};
use crate::advisory::{LazyDb, Match};
use crate::lockfile::{self, go_mod};
use crate::model::{Input, KeptInput, Notice, NoticeKind, Package, PackageSource, RepoPath, Rule, Scope, Sink};
use crate::syntax::{Parsed, SyntaxError};

use fix::Fix;
use manifest::{ByLock, Manifest};
use project::Project;
use reach::Imports;
pub use settings::{Ignore, Settings};

/// Checks lock files against an advisory database.
pub struct DepsScanner {
    settings: Settings,
    db: Arc<LazyDb>,
    imports: Imports,
}

impl DepsScanner {
    /// A scanner that answers from `db`.
    #[must_use]
    pub fn new(settings: Settings, db: Arc<LazyDb>) -> Self {
        Self { settings, db, imports: Imports::default() }
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
        let name = path.file_name();
        let installed = path.as_str().starts_with("node_modules/") || path.as_str().contains("/node_modules/");
        let wanted = match name {
            "modules.txt" => path.as_str() == "vendor/modules.txt" || path.as_str().ends_with("/vendor/modules.txt"),
            "go.work" => true,
            _ => lockfile::format_of(name).is_some() || policy::claims(name) || manifest::claims(name),
        };
        if wanted && !installed || self.settings.sboms.contains(path) {
            Interest::ScanAndKeep
        } else if self.settings.reach && Imports::claims(path) {
            Interest::Scan
        } else {
            Interest::None
        }
    }

    fn scan(&self, input: &Input<'_>, _: &mut Sink) {
        if self.settings.reach && Imports::claims(input.path) {
            self.imports.add(input);
        }
    }

    fn finish(&self, kept: &[KeptInput], sink: &mut Sink) {
        let tree = Tree::new(kept);
        let mut ignores = self.settings.ignores.clone();
        for input in kept.iter().filter(|input| policy::claims(input.path.file_name())) {
            let Parsed { value, errors } = policy::read(&input.path, &input.bytes);
            ignores.extend(value);
            sink.notices.extend(unhonoured(&input.path, errors));
        }
        let ignores: Vec<Ignore> = ignores.into_iter().filter(|ignore| self.holds(ignore)).collect();
        for input in kept.iter().filter(|input| tree.counts(&input.path)) {
            let Some(parsed) = self.packages(input, &tree) else { continue };
            let is_bom = self.settings.sboms.contains(&input.path);
            unparsed(&input.path, if is_bom { "bill of materials" } else { "lock file" }, parsed.errors, sink);
            let manifests = || {
                let ecosystem = parsed.value.first().map(|package| package.ecosystem);
                ecosystem.map_or_else(Vec::new, |one| tree.manifests.read(one, input.path.parent()))
            };
            self.check(input, &parsed.value, manifests, &ignores, &tree, sink);
        }
    }
}

impl DepsScanner {
    fn holds(&self, ignore: &Ignore) -> bool {
        match (&ignore.until, &self.settings.today) {
            (Some(until), Some(today)) => today.as_str() <= until.as_str(),
            _ => true,
        }
    }

    fn packages(&self, input: &KeptInput, tree: &Tree<'_>) -> Option<Parsed<Vec<Package>>> {
        if input.path.file_name() == "go.mod" {
            let Parsed { value, errors } = go_mod::read(&input.bytes);
            let packages = go_mod::packages(&value, tree.workspace_of(&input.path), self.settings.stdlib);
            return Some(Parsed { value: packages, errors });
        }
        if self.settings.sboms.contains(&input.path) {
            return Some(lockfile::bom::parse(&input.bytes));
        }
        Some(lockfile::format_of(input.path.file_name())?.parse(&input.bytes))
    }

    /// The packages that something is known of: the entries of one version of one, and what.
    fn affected(&self, packages: &[Package]) -> Vec<(Vec<usize>, Vec<Match>)> {
        let mut known: HashMap<(&str, &str), Option<usize>> = HashMap::with_capacity(packages.len());
        let mut affected: Vec<(Vec<usize>, Vec<Match>)> = Vec::new();
        for (index, package) in packages.iter().enumerate() {
            if package.source != PackageSource::Registry {
                continue;
            }
            let at = known.entry((&package.name, &package.version)).or_insert_with(|| {
                let matches = self.db.get().affecting(package.ecosystem, &package.name, &package.version);
                let found = !matches.is_empty();
                found.then(|| {
                    affected.push((Vec::new(), matches));
                    affected.len() - 1
                })
            });
            if let Some(at) = *at {
                affected[at].0.push(index);
            }
        }
        affected
    }

    /// Reports what is known of the packages. Manifests are read where there is anything to report.
    fn check(
        &self,
        input: &KeptInput,
        packages: &[Package],
        manifests: impl FnOnce() -> Vec<Manifest>,
        ignores: &[Ignore],
        tree: &Tree<'_>,
        sink: &mut Sink,
    ) {
        let path = &input.path;
        let affected = self.affected(packages);
        if affected.is_empty() {
            return;
        }
        let manifests = manifests();
        let is_module = path.file_name() == "go.mod";
        let module = if is_module { go_mod::read(&input.bytes).value.module } else { String::new() };
        let project = Project::new(path, packages, &manifests, &input.bytes, &module);
        let imported = is_module.then(|| self.imports.of_module(path.parent(), &tree.modules)).flatten();
        for (copies, matches) in &affected {
            let index = project.strongest(copies);
            let package = &project.packages[index];
            if !self.settings.dev && package.scope == Scope::Development {
                continue;
            }
            let (chain, members) = (project.chain(index), project.member_chains(copies));
            let bringer = project.bringer(index);
            for group in grouped(matches).into_values() {
                let fix = Fix::new(self.db.get(), &project, index, &group);
                if self.settings.only_fixed && fix.versions.is_empty() {
                    continue;
                }
                let reached = reach::reached(package.ecosystem, &package.name, &group, imported.as_ref());
                let entry = finding::Entry {
                    lock: path,
                    package,
                    chain: &chain,
                    members: &members,
                    bringer,
                    fix: &fix,
                    reached,
                };
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

/// What is wrong with another tool's list of ignores: findings that it means to hide are shown.
fn unhonoured(path: &RepoPath, errors: Vec<SyntaxError>) -> Option<Notice> {
    let more = if errors.len() > 1 { format!(" (and {} more)", errors.len() - 1) } else { String::new() };
    let first = errors.into_iter().next()?;
    let message = format!("not all ignores could be read: {}{more}; the others hold", first.message);
    Some(Notice::warning(NoticeKind::Suppression, message).at(path).span(first.span))
}

/// The kept files together: which of them count, and the Go workspaces above modules.
struct Tree<'a> {
    paths: BTreeSet<&'a str>,
    manifests: ByLock<'a>,
    workspaces: Vec<(&'a str, go_mod::GoFile)>,
    /// Folders of Go modules.
    modules: BTreeSet<&'a str>,
}

impl<'a> Tree<'a> {
    fn new(kept: &'a [KeptInput]) -> Self {
        let lock = |input: &'a KeptInput| {
            let format = lockfile::format_of(input.path.file_name())?;
            Some((format.ecosystem(), input.path.parent()))
        };
        let named = |name: &'static str| kept.iter().filter(move |input| input.path.file_name() == name);
        Self {
            paths: kept.iter().map(|input| input.path.as_str()).collect(),
            manifests: ByLock::new(kept, &kept.iter().filter_map(lock).collect()),
            modules: named("go.mod").map(|input| input.path.parent()).collect(),
            workspaces: named("go.work").map(|input| (input.path.parent(), go_mod::read(&input.bytes).value)).collect(),
        }
    }

    /// False where another file of the same project says more: `npm-shrinkwrap.json` beats `package-lock.json`,
    /// and `go.mod` beats `go.sum` and `vendor/modules.txt`.
    fn counts(&self, path: &RepoPath) -> bool {
        let beside =
            |relative| RepoPath::resolve(path.parent(), relative).is_some_and(|p| self.paths.contains(p.as_str()));
        match path.file_name() {
            "package-lock.json" => !beside("npm-shrinkwrap.json"),
            "go.sum" => !beside("go.mod"),
            "modules.txt" => !beside("../go.mod"),
            _ => true,
        }
    }

    /// Replacements of the `go.work` that uses this module.
    fn workspace_of(&self, path: &RepoPath) -> &[go_mod::Replace] {
        let folder = path.parent();
        let uses = |root: &str, file: &go_mod::GoFile| {
            file.uses.iter().any(|used| {
                RepoPath::resolve(root, used).is_some_and(|used| used.as_str() == folder)
                    || (matches!(used.as_str(), "." | "./") && root == folder)
            })
        };
        self.workspaces.iter().find(|(root, file)| uses(root, file)).map_or(&[], |(_, file)| &file.replaces)
    }
}

#[cfg(test)]
mod tests;
