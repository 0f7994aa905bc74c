//! From what packages ask for, by whatever name a format has for it, to a graph of indexes.

use std::collections::HashMap;

use crate::model::{Declared, Package, PackageSource, Scope, Span};

/// One thing that a package asks for.
#[derive(Clone, Debug, Default)]
pub(super) struct Want {
    /// What the format finds the package by.
    pub key: String,
    /// The text that says which versions will do; empty where the lock file has none.
    pub accepts: Span,
    /// Whether it is for development, or optional; `Unknown` counts as neither.
    pub scope: Scope,
}

impl Want {
    /// A want of which no more is known.
    pub(super) fn new(key: String) -> Self {
        Self { key, ..Self::default() }
    }
}

/// Packages and what each asks for.
#[derive(Default)]
pub(super) struct Builder {
    packages: Vec<Package>,
    wants: Vec<Vec<Want>>,
    keys: HashMap<String, u32>,
    scoped: bool,
}

impl Builder {
    /// For a lock file whose roots say what is for development: packages without a scope of their own get the one
    /// that they are reached by.
    pub(super) fn scoped() -> Self {
        Self { scoped: true, ..Self::default() }
    }

    /// Adds a package under its keys; the first to claim a key keeps it.
    pub(super) fn add(&mut self, package: Package, keys: impl IntoIterator<Item = String>, wants: Vec<Want>) -> usize {
        let index = self.packages.len();
        for key in keys {
            self.keys.entry(key).or_insert(u32::try_from(index).unwrap_or(u32::MAX));
        }
        self.packages.push(package);
        self.wants.push(wants);
        index
    }

    /// Turns keys into indexes; keys that nothing claims are left out. What local packages ask for is direct.
    pub(super) fn finish(
        mut self,
        resolve: impl Fn(&HashMap<String, u32>, usize, &str) -> Option<u32>,
    ) -> Vec<Package> {
        let mut edges: Vec<Vec<(u32, Scope)>> = Vec::with_capacity(self.packages.len());
        for index in 0..self.packages.len() {
            let direct = self.packages[index].source == PackageSource::Local;
            let mut found = Vec::with_capacity(self.wants[index].len());
            for want in std::mem::take(&mut self.wants[index]) {
                let Some(to) = resolve(&self.keys, index, &want.key) else { continue };
                let package = &mut self.packages[to as usize];
                package.direct |= direct;
                if !want.accepts.is_empty() {
                    package.declared.push(Declared { span: want.accepts, direct });
                }
                found.push((to, want.scope));
            }
            self.packages[index].dependencies = found.iter().map(|&(to, _)| to).collect();
            self.packages[index].dependencies.sort_unstable();
            self.packages[index].dependencies.dedup();
            edges.push(if self.scoped { found } else { Vec::new() });
        }
        for package in &mut self.packages {
            package.declared.sort_unstable();
            package.declared.dedup();
        }
        if self.scoped {
            let scopes = scopes(&self.packages, &edges);
            for (package, scope) in self.packages.iter_mut().zip(scopes) {
                if package.scope == Scope::Unknown && package.source != PackageSource::Local {
                    package.scope = scope;
                }
            }
        }
        self.packages
    }
}

/// For each package the strongest scope it is reached by from the local ones: what anything ships is not for
/// development alone. Local packages are no way from one to another: each begins by itself.
fn scopes(packages: &[Package], edges: &[Vec<(u32, Scope)>]) -> Vec<Scope> {
    let mut scopes = vec![Scope::Unknown; packages.len()];
    let mut reached: Vec<u32> = Vec::new();
    let is_local = |index: usize| packages[index].source == PackageSource::Local;
    let locals: Vec<usize> = (0..packages.len()).filter(|&index| is_local(index)).collect();
    for level in [Scope::Production, Scope::Optional, Scope::Development] {
        let follows = |scope: Scope| match scope {
            Scope::Unknown | Scope::Production => true,
            scope => scope == level || level == Scope::Development,
        };
        // What was reached before may lead further at a weaker level.
        let from = locals.iter().copied().chain(reached.clone().into_iter().map(|index| index as usize));
        let mut queue: Vec<usize> = from.collect();
        while let Some(index) = queue.pop() {
            for &(to, _) in edges[index].iter().filter(|(_, scope)| follows(*scope)) {
                let to_index = to as usize;
                if scopes[to_index] == Scope::Unknown && !is_local(to_index) {
                    scopes[to_index] = level;
                    reached.push(to);
                    queue.push(to_index);
                }
            }
        }
    }
    scopes
}
