//! A lock file and its manifests together: what is direct, what is for development alone, and how each package
//! got in.

use std::collections::{HashMap, VecDeque};

use super::graph::Paths;
use super::manifest::Manifest;
use crate::model::{DraftRelated, Package, PackageSource, Scope};

/// Other places of one package that are told.
const PLACES: usize = 10;

/// The packages of one lock file as its manifests complete them.
pub(super) struct Project<'a> {
    /// In the lock file's order, scope and directness filled in where the lock file does not say.
    pub packages: Vec<Package>,
    manifests: &'a [Manifest],
    paths: Paths,
}

impl<'a> Project<'a> {
    /// Fills in what the lock file leaves open.
    pub(super) fn new(packages: &[Package], manifests: &'a [Manifest]) -> Self {
        let mut packages = packages.to_vec();
        let rooted = packages.iter().any(|package| package.source == PackageSource::Local || package.direct);
        let asked: HashMap<&str, Scope> = strongest(manifests);
        if !rooted {
            for package in &mut packages {
                package.direct = asked.contains_key(package.name.as_str());
            }
        }
        if !manifests.is_empty() && packages.iter().any(|package| package.scope == Scope::Unknown) {
            let shipped = shipped(&packages, manifests, &asked);
            for (package, shipped) in packages.iter_mut().zip(shipped) {
                if package.scope == Scope::Unknown && package.source != PackageSource::Local {
                    package.scope = if shipped { Scope::Production } else { Scope::Development };
                }
            }
        }
        let paths = Paths::new(&packages);
        Self { packages, manifests, paths }
    }

    /// From the root to a package: `app`, `a 1.0.0`, `b 2.0.0`.
    pub(super) fn chain(&self, index: usize) -> Vec<String> {
        self.paths.to(index, &self.packages)
    }

    /// The package itself, or where it is for development the same version that is shipped all the same.
    pub(super) fn shipped(&self, index: usize) -> usize {
        let package = &self.packages[index];
        let shipped = |other: &Package| {
            other.scope != Scope::Development
                && (&other.name, &other.version, &other.source) == (&package.name, &package.version, &package.source)
        };
        let other = || self.packages.iter().position(shipped);
        if package.scope == Scope::Development { other().unwrap_or(index) } else { index }
    }

    /// The line of a manifest through which a package got in, and where else in the lock file it stands.
    pub(super) fn related(&self, index: usize) -> Vec<DraftRelated> {
        let package = &self.packages[index];
        let first = self.paths.first(index, &self.packages);
        let name = &self.packages[first].name;
        let asks = self.manifests.iter().flat_map(|manifest| manifest.asks.iter().map(move |ask| (manifest, ask)));
        let asked = asks.into_iter().find(|(_, ask)| ask.name == *name).map(|(manifest, ask)| DraftRelated {
            path: Some(manifest.path.clone()),
            span: ask.span,
            message: if first == index {
                format!("`{name}` is asked for here")
            } else {
                format!("`{name}`, which brings `{}`, is asked for here", package.name)
            },
        });
        let same = |other: &&Package| {
            other.name == package.name && other.version == package.version && other.span != package.span
        };
        let others = self.packages.iter().filter(same).take(PLACES).map(|other| DraftRelated {
            path: None,
            span: other.span,
            message: format!("`{}` {} is here, too", other.name, other.version),
        });
        asked.into_iter().chain(others).collect()
    }
}

/// What each name is asked for at most: what one manifest ships is not for development alone.
fn strongest(manifests: &[Manifest]) -> HashMap<&str, Scope> {
    let mut asked: HashMap<&str, Scope> = HashMap::new();
    for ask in manifests.iter().flat_map(|manifest| &manifest.asks) {
        let known = asked.entry(ask.name.as_str()).or_insert(ask.scope);
        if ask.scope != Scope::Development {
            *known = ask.scope;
        }
    }
    asked
}

/// Whether each package is reached without a dependency for development.
fn shipped(packages: &[Package], manifests: &[Manifest], asked: &HashMap<&str, Scope>) -> Vec<bool> {
    let own: HashMap<&str, HashMap<&str, Scope>> =
        manifests.iter().map(|manifest| (manifest.name.as_str(), strongest(std::slice::from_ref(manifest)))).collect();
    let mut seen = vec![false; packages.len()];
    let mut queue = VecDeque::new();
    for (index, package) in packages.iter().enumerate() {
        let development = |scopes: &HashMap<&str, Scope>, name: &str| scopes.get(name) == Some(&Scope::Development);
        match package.source {
            PackageSource::Local => {
                let scopes = own.get(package.name.as_str());
                for &to in &package.dependencies {
                    let name = packages[to as usize].name.as_str();
                    if !scopes.is_some_and(|scopes| development(scopes, name)) {
                        queue.push_back(to as usize);
                    }
                }
            }
            _ if package.direct && !development(asked, &package.name) => queue.push_back(index),
            _ => {}
        }
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
    use crate::model::{Ecosystem, RepoPath, Span};
    use crate::scan::deps::manifest::Ask;

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
        }
    }

    fn manifest(name: &str, asks: &[(&str, Scope)]) -> Manifest {
        let ask =
            |(name, scope): &(&str, Scope)| Ask { name: (*name).to_owned(), scope: *scope, span: Span::default() };
        Manifest { path: RepoPath::new("Cargo.toml"), name: name.to_owned(), asks: asks.iter().map(ask).collect() }
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
        let project = Project::new(&packages, &manifests);
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
        let project = Project::new(&packages, &manifests);
        assert_eq!(scopes(&project), [Scope::Development, Scope::Development]);
        assert!(project.packages[1].direct && !project.packages[2].direct);
        assert_eq!(project.chain(2), ["a 1.0.0", "b 1.0.0"]);
    }
}
