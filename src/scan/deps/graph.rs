//! How a package got in.

use std::cell::Cell;
use std::collections::{HashMap, VecDeque};

use crate::model::{Package, PackageSource};

/// The longest chain that is told.
const MAX_CHAIN: usize = 64;
/// Members of a workspace for which a chain is told, at most.
const MAX_MEMBERS: usize = 50;
/// Edges that are walked for the chains of members in one lock file, at most: past it, one chain stands for all.
const MAX_STEPS: usize = 100_000_000;

/// Shortest paths from the project's own packages to all others.
pub(super) struct Paths {
    parents: Vec<Option<usize>>,
    /// Who asks for each package; empty where there are no two members to tell apart.
    askers: Vec<Vec<u32>>,
    /// Edges that may still be walked.
    steps: Cell<usize>,
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
        Self { parents, askers: askers(packages), steps: Cell::new(MAX_STEPS) }
    }

    /// The first package after the project's own on the way to `index`, which may be `index` itself.
    pub(super) fn first(&self, index: usize, packages: &[Package]) -> usize {
        let chain = std::iter::successors(Some(index), |&at| self.parents[at]).take(MAX_CHAIN);
        chain.take_while(|&at| packages[at].source != PackageSource::Local).last().unwrap_or(index)
    }

    /// The shortest chain from each member of a workspace that reaches `index`, the shorter first: indexes, the
    /// member's own first. Empty where there are no two members.
    pub(super) fn chains_to(&self, index: usize, packages: &[Package]) -> Vec<Vec<usize>> {
        if self.askers.is_empty() {
            return Vec::new();
        }
        // Backwards from the package: what is met first lies nearest.
        let mut next: HashMap<usize, usize> = HashMap::from([(index, index)]);
        let (mut queue, mut members) = (VecDeque::from([index]), Vec::new());
        while let Some(to) = queue.pop_front() {
            if is_member(&packages[to], packages) {
                members.push(to);
            }
            let Some(left) = self.steps.get().checked_sub(self.askers[to].len()) else { return Vec::new() };
            self.steps.set(left);
            for from in self.askers[to].iter().map(|&from| from as usize) {
                next.entry(from).or_insert_with(|| {
                    queue.push_back(from);
                    to
                });
            }
        }
        let chain = |member: usize| {
            let steps = std::iter::successors(Some(member), |at| next.get(at).copied().filter(|to| to != at));
            steps.take(MAX_CHAIN).collect()
        };
        members.into_iter().take(MAX_MEMBERS).map(chain).collect()
    }

    /// Chains of indexes as text.
    pub(super) fn labels(chain: &[usize], packages: &[Package]) -> Vec<String> {
        let mut names: Vec<String> = chain.iter().map(|&at| label(&packages[at])).collect();
        // A link and the member that it leads to are one.
        names.dedup();
        names
    }

    /// `app`, `a 1.0.0`, `b 2.0.0`: from the root to the package.
    pub(super) fn to(&self, index: usize, packages: &[Package]) -> Vec<String> {
        let chain = std::iter::successors(Some(index), |&at| self.parents[at]).take(MAX_CHAIN);
        let mut chain: Vec<usize> = chain.collect();
        chain.reverse();
        Self::labels(&chain, packages)
    }
}

/// Who asks for each package, where at least two local ones ask for any of others.
fn askers(packages: &[Package]) -> Vec<Vec<u32>> {
    if packages.iter().filter(|package| is_member(package, packages)).nth(1).is_none() {
        return Vec::new();
    }
    let mut askers = vec![Vec::new(); packages.len()];
    for (from, package) in (0_u32..).zip(packages) {
        package.dependencies.iter().for_each(|&to| askers[to as usize].push(from));
    }
    askers
}

/// True for a local package that asks for others: a link only leads to one.
fn is_member(package: &Package, packages: &[Package]) -> bool {
    let foreign = |&to: &u32| packages[to as usize].source != PackageSource::Local;
    package.source == PackageSource::Local && package.dependencies.iter().any(foreign)
}

fn label(package: &Package) -> String {
    match package.source {
        PackageSource::Local if matches!(package.name.as_str(), "" | ".") => "(root)".to_owned(),
        PackageSource::Local => package.name.clone(),
        _ => format!("{} {}", package.name, package.version),
    }
}
