//! How a package got in.

use std::collections::VecDeque;

use crate::model::{Package, PackageSource};

/// The longest chain that is told.
const MAX_CHAIN: usize = 64;

/// Shortest paths from the project's own packages to all others.
pub(super) struct Paths {
    parents: Vec<Option<usize>>,
}

impl Paths {
    /// One breadth-first search from every local package; where a lock file names none, from what is direct.
    pub(super) fn new(packages: &[Package]) -> Self {
        let local = |package: &Package| package.source == PackageSource::Local;
        let mut parents = vec![None; packages.len()];
        let mut seen: Vec<bool> = packages.iter().map(|package| local(package) || package.direct).collect();
        let mut queue: VecDeque<usize> = (0..packages.len()).filter(|&i| local(&packages[i])).collect();
        for &from in &queue {
            for &to in packages[from].dependencies.iter().filter(|&&to| !local(&packages[to as usize])) {
                parents[to as usize].get_or_insert(from);
            }
        }
        queue.extend((0..packages.len()).filter(|&i| packages[i].direct && !local(&packages[i])));
        while let Some(from) = queue.pop_front() {
            for to in packages[from].dependencies.iter().map(|&to| to as usize) {
                if !std::mem::replace(&mut seen[to], true) {
                    parents[to] = Some(from);
                    queue.push_back(to);
                }
            }
        }
        Self { parents }
    }

    /// The first package after the project's own on the way to `index`, which may be `index` itself.
    pub(super) fn first(&self, index: usize, packages: &[Package]) -> usize {
        let chain = std::iter::successors(Some(index), |&at| self.parents[at]).take(MAX_CHAIN);
        chain.take_while(|&at| packages[at].source != PackageSource::Local).last().unwrap_or(index)
    }

    /// `app`, `a 1.0.0`, `b 2.0.0`: from the root to the package.
    pub(super) fn to(&self, index: usize, packages: &[Package]) -> Vec<String> {
        let chain = std::iter::successors(Some(index), |&at| self.parents[at]).take(MAX_CHAIN);
        let mut names: Vec<String> = chain.map(|at| label(&packages[at])).collect();
        names.reverse();
        names
    }
}

fn label(package: &Package) -> String {
    match package.source {
        PackageSource::Local if package.name.is_empty() => "(root)".to_owned(),
        PackageSource::Local => package.name.clone(),
        _ => format!("{} {}", package.name, package.version),
    }
}
