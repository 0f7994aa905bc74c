//! A lock file and its manifests together: what is direct, what is for development alone, and how each package
//! got in.

use std::collections::{HashMap, HashSet, VecDeque};

use super::declared::{self, Accepted};
use super::graph::Paths;
use super::manifest::{Ask, Manifest};
use crate::model::{DraftRelated, Package, PackageSource, RepoPath, Scope, Span};

/// Other places of one package that are told.
const PLACES: usize = 10;
/// Manifests that are asked about one name, at most.
const MOST_ASKS: usize = 1_000;

/// The packages of one lock file as its manifests complete them.
pub(super) struct Project<'a> {
    /// In the lock file's order, scope and directness filled in where the lock file does not say.
    pub packages: Vec<Package>,
    /// What the manifests ask for, by name; of one name in the order of the manifests.
    asks: Vec<(&'a Manifest, &'a Ask)>,
    /// Indexes of the packages, by name and version.
    order: Vec<u32>,
    content: &'a [u8],
    paths: Paths,
}

impl<'a> Project<'a> {
    /// Fills in what the lock file leaves open; `content` is the lock file's, `module` the path that a `go.mod` is of.
    pub(super) fn new(
        lock: &RepoPath,
        packages: &[Package],
        manifests: &'a [Manifest],
        content: &'a [u8],
        module: &str,
    ) -> Self {
        let mut packages = packages.to_vec();
        name_members(lock, &mut packages, manifests);
        root(&mut packages, manifests, content, module);
        if !manifests.is_empty() && packages.iter().any(|package| package.scope == Scope::Unknown) {
            let production = reached(&packages, manifests, |scope| scope == Scope::Production);
            let shipped = reached(&packages, manifests, |scope| scope != Scope::Development);
            for (index, package) in packages.iter_mut().enumerate() {
                if package.scope == Scope::Unknown && package.source != PackageSource::Local {
                    package.scope = match (production[index], shipped[index]) {
                        (true, _) => Scope::Production,
                        (false, true) => Scope::Optional,
                        (false, false) => Scope::Development,
                    };
                }
            }
        }
        let paths = Paths::new(&packages);
        let asked = |manifest: &'a Manifest| manifest.asks.iter().map(move |ask| (manifest, ask));
        let mut asks: Vec<(&Manifest, &Ask)> = manifests.iter().flat_map(asked).collect();
        asks.sort_by(|a, b| a.1.name.cmp(&b.1.name));
        let mut order: Vec<u32> = (0..packages.len() as u32).collect();
        order.sort_by(|&a, &b| identity(&packages[a as usize]).cmp(&identity(&packages[b as usize])));
        Self { packages, asks, order, content, paths }
    }

    /// From the root to a package: `app`, `a 1.0.0`, `b 2.0.0`.
    pub(super) fn chain(&self, index: usize) -> Vec<String> {
        self.paths.to(index, &self.packages)
    }

    /// Of several entries of one version the one that a finding speaks of: what is shipped before what is for
    /// development, what is direct before what is brought, then the first.
    pub(super) fn strongest(&self, copies: &[usize]) -> usize {
        let rank = |index: &usize| {
            let package = &self.packages[*index];
            let scope = match package.scope {
                Scope::Production => 0,
                Scope::Unknown => 1,
                Scope::Optional => 2,
                Scope::Development => 3,
            };
            (scope, !package.direct, *index)
        };
        copies.iter().copied().min_by_key(rank).unwrap_or_default()
    }

    /// The shortest chain for each member of a workspace that one of these entries got in through, as
    /// `app > a 1.0.0 > b 2.0.0`; empty where there are no two members.
    pub(super) fn member_chains(&self, copies: &[usize]) -> Vec<String> {
        let mut chains: Vec<Vec<usize>> = Vec::new();
        for &index in copies.iter().take(PLACES) {
            for chain in self.paths.chains_to(index, &self.packages) {
                match chains.iter_mut().find(|known| known[0] == chain[0]) {
                    Some(known) if known.len() > chain.len() => *known = chain,
                    Some(_) => {}
                    None => chains.push(chain),
                }
            }
        }
        chains.sort_by_key(Vec::len);
        chains.iter().map(|chain| Paths::labels(chain, &self.packages).join(" > ")).collect()
    }

    /// The package of others that a package got in through, where it is not direct itself.
    pub(super) fn bringer(&self, index: usize) -> Option<&Package> {
        let first = self.paths.first(index, &self.packages);
        (first != index).then(|| &self.packages[first])
    }

    /// What the versions of a package are declared to be; `None` where that is not known.
    pub(super) fn declared(&self, index: usize) -> Option<Vec<Accepted>> {
        let package = &self.packages[index];
        declared::of(package, self.asks_for(&package.name).map(|(_, ask)| ask), self.content)
    }

    /// The lines of the manifests through which a package got in, one a member of a workspace, and where else in
    /// the lock file it stands.
    pub(super) fn related(&self, index: usize) -> Vec<DraftRelated> {
        let package = &self.packages[index];
        let mut asked: Vec<DraftRelated> = Vec::new();
        for chain in self.paths.chains_to(index, &self.packages) {
            let local = chain.iter().rposition(|&at| self.packages[at].source == PackageSource::Local);
            let (member, first) = local.map_or((None, index), |at| {
                (Some(&self.packages[chain[at]]), chain.get(at + 1).copied().unwrap_or(index))
            });
            asked.extend(self.asked_for(first, index, member).filter(|one| !asked.contains(one)));
            if asked.len() == PLACES {
                break;
            }
        }
        if asked.is_empty() {
            asked.extend(self.asked_for(self.paths.first(index, &self.packages), index, None));
        }
        let at = |index: &u32| &self.packages[*index as usize];
        let first = self.order.partition_point(|index| identity(at(index)) < identity(package));
        let same = self.order[first..].iter().map(at).take_while(|other| identity(other) == identity(package));
        let others = same.filter(|other| other.span != package.span).take(PLACES).map(|other| DraftRelated {
            path: None,
            span: other.span,
            message: format!("`{}` {} is here, too", other.name, other.version),
        });
        asked.into_iter().chain(others).collect()
    }

    /// The lines of manifests that ask for a name.
    fn asks_for(&self, name: &str) -> impl Iterator<Item = (&'a Manifest, &'a Ask)> {
        let first = self.asks.partition_point(|(_, ask)| ask.name.as_str() < name);
        self.asks[first..].iter().copied().take_while(move |(_, ask)| ask.name == name).take(MOST_ASKS)
    }

    /// The line of a manifest, best that of `member`, which asks for the package at `first`.
    fn asked_for(&self, first: usize, index: usize, member: Option<&Package>) -> Option<DraftRelated> {
        let package = &self.packages[first];
        let (manifest, ask) = self.asks_for(&package.name).max_by_key(|(manifest, ask)| {
            let own = member.is_some_and(|member| member.name == manifest.name);
            let meant = ask.accepts.as_deref().is_none_or(|text| Accepted::read(package, text).is_some());
            // Of equals the first: `max_by_key` gives the last.
            (own, meant, std::cmp::Reverse((manifest.path.as_str().matches('/').count(), ask.span)))
        })?;
        let name = &package.name;
        let message = if first == index {
            format!("`{name}` is asked for here")
        } else {
            format!("`{name}`, which brings `{}`, is asked for here", self.packages[index].name)
        };
        Some(DraftRelated { path: Some(manifest.path.clone()), span: ask.span, message })
    }
}

fn identity(package: &Package) -> (&str, &str) {
    (&package.name, &package.version)
}

/// Names the project's own packages as their manifests do, where the lock file has a folder (pnpm) or nothing.
fn name_members(lock: &RepoPath, packages: &mut [Package], manifests: &[Manifest]) {
    for package in packages.iter_mut().filter(|package| package.source == PackageSource::Local) {
        let folder = match package.name.as_str() {
            "" | "." => Some(RepoPath::new(lock.parent())),
            name => RepoPath::resolve(lock.parent(), name),
        };
        let own = manifests.iter().find(|one| folder.as_ref().is_some_and(|at| at.as_str() == one.path.parent()));
        if let Some(manifest) = own.filter(|manifest| !manifest.name.is_empty()) {
            manifest.name.clone_into(&mut package.name);
        }
    }
}

/// Finds out what is direct where the lock file does not say: by the manifests; without any, what nothing else asks
/// for. A lock file without a root (yarn's version 1), or with one that asks for nothing (npm's version 1), gets what
/// the manifests say.
fn root(packages: &mut Vec<Package>, manifests: &[Manifest], content: &[u8], module: &str) {
    let rooted = |package: &Package| package.source == PackageSource::Local && !package.dependencies.is_empty();
    if packages.is_empty() || packages.iter().any(rooted) {
        return;
    }
    let mut roots: Vec<(String, Vec<usize>)> = Vec::new();
    if packages.iter().any(|package| package.direct) {
        roots.push((module.to_owned(), (0..packages.len()).filter(|&index| packages[index].direct).collect()));
    } else if manifests.iter().any(|manifest| !manifest.asks.is_empty()) {
        let mut named: HashMap<&str, Vec<usize>> = HashMap::new();
        packages.iter().enumerate().for_each(|(index, one)| named.entry(&one.name).or_default().push(index));
        let asked = |manifest: &Manifest| {
            let mut names = HashSet::new();
            let asks = manifest.asks.iter().filter(|ask| names.insert((&ask.name, &ask.accepts)));
            let of =
                |ask: &Ask| named.get(ask.name.as_str()).map(|named| declared::meant(packages, named, ask, content));
            (manifest.name.clone(), asks.filter_map(of).flatten().collect())
        };
        roots.extend(manifests.iter().map(asked));
    } else {
        let asked: HashSet<u32> = packages.iter().flat_map(|package| package.dependencies.iter().copied()).collect();
        let unasked = |index: &usize| !asked.contains(&(*index as u32));
        // A list without a single edge says nothing of who asks for what.
        if !asked.is_empty() {
            roots.push((String::new(), (0..packages.len()).filter(unasked).collect()));
        }
    }
    for (name, mut asked) in roots {
        asked.retain(|&index| packages[index].source != PackageSource::Local);
        asked.sort_unstable();
        asked.dedup();
        asked.iter().for_each(|&index| packages[index].direct = true);
        let dependencies = asked.into_iter().map(|index| index as u32).collect();
        let own = packages.iter_mut().find(|one| one.source == PackageSource::Local && one.dependencies.is_empty());
        match own {
            Some(own) => own.dependencies = dependencies,
            None => packages.push(Package {
                name,
                version: String::new(),
                source: PackageSource::Local,
                span: Span::default(),
                direct: false,
                declared: Vec::new(),
                dependencies,
                ..packages[0].clone()
            }),
        }
    }
}

/// The strongest scope that each name is asked for: what one manifest ships is not for development alone.
fn strongest(manifests: &[Manifest]) -> HashMap<&str, Scope> {
    let rank = |scope: Scope| [Scope::Development, Scope::Optional].iter().position(|one| *one == scope).unwrap_or(2);
    let mut asked: HashMap<&str, Scope> = HashMap::new();
    for ask in manifests.iter().flat_map(|manifest| &manifest.asks) {
        let known = asked.entry(ask.name.as_str()).or_insert(ask.scope);
        if rank(ask.scope) > rank(*known) {
            *known = ask.scope;
        }
    }
    asked
}

/// Whether each package is reached from what the manifests ask for with a scope that `passes`. What they do not speak
/// of is shipped.
fn reached(packages: &[Package], manifests: &[Manifest], passes: impl Fn(Scope) -> bool) -> Vec<bool> {
    let own: HashMap<&str, HashMap<&str, Scope>> =
        manifests.iter().map(|manifest| (manifest.name.as_str(), strongest(std::slice::from_ref(manifest)))).collect();
    let mut seen = vec![false; packages.len()];
    let mut queue = VecDeque::new();
    for package in packages.iter().filter(|package| package.source == PackageSource::Local) {
        let scopes = own.get(package.name.as_str());
        let scope = |name: &str| scopes.and_then(|scopes| scopes.get(name)).copied().unwrap_or(Scope::Production);
        let asked = package.dependencies.iter().map(|&to| to as usize);
        queue.extend(asked.filter(|&to| passes(scope(&packages[to].name))));
    }
    // Members are no way from one to the other: each begins by itself above.
    while let Some(from) = queue.pop_front() {
        if !std::mem::replace(&mut seen[from], true) && packages[from].source != PackageSource::Local {
            queue.extend(packages[from].dependencies.iter().map(|&to| to as usize));
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Ecosystem;
    use std::collections::BTreeMap;

    fn package(name: &str, source: PackageSource, dependencies: &[u32]) -> Package {
        Package {
            ecosystem: Ecosystem::Cargo,
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            source,
            scope: Scope::Unknown,
            span: Span::default(),
            dependencies: dependencies.to_vec(),
            direct: false,
            declared: Vec::new(),
        }
    }

    fn manifest(name: &str, asks: &[(&str, Scope)]) -> Manifest {
        let ask = |(name, scope): &(&str, Scope)| Ask {
            name: (*name).to_owned(),
            scope: *scope,
            span: Span::default(),
            accepts: None,
            inherits: None,
        };
        Manifest {
            path: RepoPath::new("Cargo.toml"),
            name: name.to_owned(),
            asks: asks.iter().map(ask).collect(),
            shared: BTreeMap::new(),
        }
    }

    fn scopes(project: &Project<'_>) -> Vec<Scope> {
        project.packages.iter().skip(1).map(|package| package.scope).collect()
    }

    #[test]
    fn what_only_a_test_needs_is_for_development() {
        let registry = PackageSource::Registry;
        let packages = [
            package("app", PackageSource::Local, &[1, 2]),
            package("a", registry.clone(), &[3]),
            package("dev", registry.clone(), &[3, 4]),
            package("both", registry.clone(), &[]),
            package("deep", registry, &[]),
        ];
        let manifests = [manifest("app", &[("a", Scope::Production), ("dev", Scope::Development)])];
        let project = Project::new(&RepoPath::new("Cargo.lock"), &packages, &manifests, b"", "");
        use Scope::{Development, Production};
        assert_eq!(scopes(&project), [Production, Development, Production, Development]);
        let related = project.related(4);
        assert_eq!(related[0].message, "`dev`, which brings `deep`, is asked for here");
    }

    #[test]
    fn without_roots_in_the_lock_names_make_them() {
        let registry = PackageSource::Registry;
        let packages =
            [package("x", registry.clone(), &[]), package("a", registry.clone(), &[2]), package("b", registry, &[])];
        let manifests = [manifest("", &[("a", Scope::Development), ("x", Scope::Production)])];
        let project = Project::new(&RepoPath::new("Cargo.lock"), &packages, &manifests, b"", "");
        assert_eq!(scopes(&project)[..2], [Scope::Development, Scope::Development]);
        assert!(project.packages[1].direct && !project.packages[2].direct);
        assert_eq!(project.chain(2), ["(root)", "a 1.0.0", "b 1.0.0"]);
    }
}
