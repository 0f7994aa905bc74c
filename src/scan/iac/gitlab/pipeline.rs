//! A pipeline as GitLab puts it together: includes inside the tree, `extends`, `!reference`, `default`.
//!
//! Facts: GitLab's "CI/CD YAML syntax reference" and "Optimize GitLab CI/CD configuration files".

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::files::{Files, Source, parts_of};
use crate::model::Span;
use crate::scan::iac::resource::{Value, ValueKind as Kind};

/// Files that one pipeline takes in, at most; GitLab's own limit is 150.
const MAX_INCLUDES: usize = 300;
/// `extends` that lead to `extends`; GitLab allows 11.
const MAX_EXTENDS: usize = 11;
/// `!reference` inside what a reference brings; GitLab allows 10.
const MAX_REFERENCES: usize = 10;
/// Values that one pipeline may copy for references and `extends`.
const BUDGET: usize = 400_000;

/// Keys at the top of a file that are no jobs.
const RESERVED: &[&str] = &[
    "after_script",
    "before_script",
    "cache",
    "default",
    "image",
    "include",
    "services",
    "spec",
    "stages",
    "types",
    "variables",
    "workflow",
];

/// What a job takes over from `default`, or from the top of the file as older pipelines have it.
const INHERITED: &[&str] =
    &["after_script", "artifacts", "before_script", "cache", "hooks", "id_tokens", "image", "services", "tags"];

/// A job, or a hidden one that others build on.
#[derive(Debug)]
pub struct Job {
    /// Its key; hidden ones begin with `.`.
    pub name: String,
    /// The file its key stands in.
    pub file: u32,
    /// The key.
    pub header: Span,
    /// Key and value.
    pub extent: Span,
    /// A map: what it says with what it takes over. A hidden list of commands is its `script`.
    pub body: Value,
    /// Variables of the pipeline and its own: name, value, and where that stands.
    pub variables: Vec<(Arc<str>, Value)>,
}

impl Job {
    /// True for one that runs only through others.
    pub fn is_hidden(&self) -> bool {
        self.name.starts_with('.')
    }
}

/// One pipeline.
#[derive(Debug)]
pub struct Pipeline {
    /// Everything at its top, includes merged in.
    pub top: Value,
    /// Hidden ones first: what a job takes over is told where it stands.
    pub jobs: Vec<Job>,
    /// Numbers of the files it is made of; the last is the one it begins with.
    pub files: Vec<u32>,
    /// True where a limit cut something off.
    pub cut: bool,
}

/// Puts together the pipeline that begins with a file.
pub fn assemble(files: &Files<'_>, root: u32) -> Pipeline {
    let mut loader = Loader { files, seen: HashSet::new(), order: Vec::new(), cut: false };
    let top = loader.load(root);
    let index = entries(&top).iter().map(|(name, value)| (name.as_ref(), value)).collect();
    let mut merger = Merger { index, left: BUDGET, cut: loader.cut };
    let mut jobs: Vec<Job> =
        entries(&top).iter().filter_map(|(name, _)| merger.job(name, files, &loader.order)).collect();
    jobs.sort_by_key(|job| !job.is_hidden());
    let cut = merger.cut;
    Pipeline { jobs, files: loader.order, cut, top }
}

struct Loader<'f, 'a> {
    files: &'f Files<'a>,
    seen: HashSet<u32>,
    order: Vec<u32>,
    cut: bool,
}

impl Loader<'_, '_> {
    /// A file with what it includes under it; one that is in already adds nothing.
    fn load(&mut self, file: u32) -> Value {
        let source = self.files.source(file);
        let mut merged = source.root.with(Kind::map(Vec::new()));
        if !self.seen.insert(file) {
            return merged;
        }
        for included in source.includes(self.files) {
            if self.seen.len() >= MAX_INCLUDES {
                self.cut = true;
                break;
            }
            let part = self.load(included);
            merged = deep_merge(&merged, &part, &mut usize::MAX.clone());
        }
        self.order.push(file);
        deep_merge(&merged, &source.root, &mut usize::MAX.clone())
    }
}

struct Merger<'t> {
    /// What stands at the top of the pipeline.
    index: HashMap<&'t str, &'t Value>,
    left: usize,
    cut: bool,
}

impl<'t> Merger<'t> {
    fn top(&self, key: &str) -> Option<&'t Value> {
        self.index.get(key).copied()
    }

    fn job(&mut self, name: &Arc<str>, files: &Files<'_>, order: &[u32]) -> Option<Job> {
        if RESERVED.contains(&name.as_ref()) {
            return None;
        }
        let (file, key) = order.iter().rev().find_map(|&file| Some((file, files.source(file).key(name)?)))?;
        let extended = self.extended(name, &mut Vec::new())?;
        let body = match &extended.kind {
            Kind::Map(_) => self.resolved(&extended, 0),
            // `.setup: &setup [command, …]`: commands that jobs take by alias or reference.
            Kind::List(_) if name.starts_with('.') => {
                let script = self.resolved(&extended, 0);
                extended.with(Kind::map(vec![(Arc::from("script"), script)]))
            }
            _ => return None,
        };
        let body = if name.starts_with('.') { body } else { self.with_defaults(body) };
        let variables = self.variables(&body);
        Some(Job { name: name.to_string(), file, header: key.span, extent: key.extent, body, variables })
    }

    /// What `extends` leads to under what the job itself says.
    fn extended(&mut self, name: &str, path: &mut Vec<String>) -> Option<Value> {
        let own = self.top(name)?;
        if path.len() >= MAX_EXTENDS || path.iter().any(|before| before == name) {
            self.cut |= path.len() >= MAX_EXTENDS;
            return Some(own.clone());
        }
        let bases = own.get("extends").map(texts).unwrap_or_default();
        if bases.is_empty() {
            return Some(own.clone());
        }
        path.push(name.to_owned());
        let mut merged = own.with(Kind::map(Vec::new()));
        for base in bases {
            if let Some(base) = self.extended(&base, path) {
                merged = deep_merge(&merged, &base, &mut self.left);
            }
        }
        path.pop();
        self.cut |= self.left == 0;
        Some(deep_merge(&merged, own, &mut self.left))
    }

    /// With each `!reference [a, b]` replaced by what stands there.
    fn resolved(&mut self, value: &Value, depth: usize) -> Value {
        if self.left == 0 {
            self.cut = true;
            return value.with(Kind::unknown("more than the limit"));
        }
        self.left -= 1;
        match &value.kind {
            Kind::List(items) => value.with(Kind::list(items.iter().map(|item| self.resolved(item, depth)).collect())),
            Kind::Map(members) => match members.as_slice() {
                [(key, path)] if key.as_ref() == REFERENCE => self.reference(value, path, depth),
                members => {
                    let each = members.iter().map(|(key, item)| (Arc::clone(key), self.resolved(item, depth)));
                    value.with(Kind::map(each.collect()))
                }
            },
            _ => value.clone(),
        }
    }

    fn reference(&mut self, value: &Value, path: &Value, depth: usize) -> Value {
        let keys = texts(path);
        let Some((first, rest)) = keys.split_first().filter(|_| depth < MAX_REFERENCES) else {
            return value.with(Kind::unknown("a reference that leads nowhere"));
        };
        let start = self.extended(first, &mut Vec::new());
        let found = start.and_then(|start| rest.iter().try_fold(start, |at, key| at.get(key).cloned()));
        match found {
            Some(found) => self.resolved(&found, depth + 1),
            None => value.with(Kind::unknown("a reference that leads nowhere")),
        }
    }

    fn with_defaults(&mut self, body: Value) -> Value {
        let inherit = body.at(&["inherit", "default"]).cloned();
        let allowed = |key: &str| match inherit.as_ref().map(|value| &value.kind) {
            Some(Kind::Bool(all)) => *all,
            Some(Kind::List(_)) => inherit.as_ref().is_some_and(|keys| texts(keys).iter().any(|one| one == key)),
            _ => true,
        };
        let default = self.top("default");
        let missing: Vec<(Arc<str>, Value)> = INHERITED
            .iter()
            .filter(|key| allowed(key) && body.get(key).is_none())
            .filter_map(|key| Some((Arc::from(*key), default.and_then(|all| all.get(key)).or(self.top(key))?)))
            .map(|(key, value)| (key, value.clone()))
            .collect();
        let missing: Vec<_> = missing.into_iter().map(|(key, value)| (key, self.resolved(&value, 0))).collect();
        let mut members = entries(&body).to_vec();
        members.extend(missing);
        body.with(Kind::map(members))
    }

    /// The pipeline's variables and the job's own, which win.
    fn variables(&mut self, body: &Value) -> Vec<(Arc<str>, Value)> {
        let mut found: HashMap<Arc<str>, Value> = HashMap::new();
        let inherits = body.at(&["inherit", "variables"]).is_none_or(|value| value.kind != Kind::Bool(false));
        let global = self.top("variables").filter(|_| inherits).map(|all| self.resolved(all, 0));
        for all in global.iter().chain(body.get("variables")) {
            for (name, value) in entries(all) {
                let value = value.get("value").unwrap_or(value);
                found.insert(Arc::clone(name), value.clone());
            }
        }
        let mut sorted: Vec<_> = found.into_iter().collect();
        sorted.sort_by(|a, b| a.0.cmp(&b.0));
        sorted
    }
}

/// The key of the map that stands for a `!reference`.
pub const REFERENCE: &str = "!reference";

/// Members of a map; empty on anything else.
pub fn entries(value: &Value) -> &[(Arc<str>, Value)] {
    match &value.kind {
        Kind::Map(entries) => entries,
        _ => &[],
    }
}

/// A text, or the texts of a list.
pub fn texts(value: &Value) -> Vec<String> {
    parts_of(value).into_iter().filter_map(|part| part.as_str().map(str::to_owned)).collect()
}

/// Maps become one, member by member; anything else is replaced.
fn deep_merge(base: &Value, over: &Value, left: &mut usize) -> Value {
    let (Kind::Map(below), Kind::Map(above)) = (&base.kind, &over.kind) else { return over.clone() };
    if below.is_empty() {
        return over.clone();
    }
    *left = left.saturating_sub(below.len() + above.len());
    if *left == 0 {
        return over.clone();
    }
    let mut members = below.as_ref().clone();
    let places: HashMap<Arc<str>, usize> =
        members.iter().enumerate().map(|(at, (key, _))| (Arc::clone(key), at)).collect();
    for (key, value) in above.iter() {
        match places.get(key) {
            Some(&at) => members[at].1 = deep_merge(&members[at].1, value, left),
            None => members.push((Arc::clone(key), value.clone())),
        }
    }
    over.with(Kind::map(members))
}

/// The files that no other one includes, then the child pipelines that jobs start.
pub fn roots(files: &Files<'_>) -> Vec<u32> {
    let mut included = HashSet::new();
    let mut children = HashSet::new();
    let mut open: Vec<u32> = files.recognised().collect();
    let mut seen: HashSet<u32> = open.iter().copied().collect();
    while let Some(file) = open.pop() {
        let source: &Source<'_> = files.source(file);
        let (own, below) = (source.includes(files), source.children(files));
        for &other in own.iter().chain(&below) {
            if seen.insert(other) {
                open.push(other);
            }
        }
        included.extend(own.into_iter().filter(|other| *other != file));
        children.extend(below);
    }
    let mut found: Vec<u32> = seen.iter().copied().filter(|file| !included.contains(file)).collect();
    // Two that include one another are still pipelines.
    found.extend(files.recognised().filter(|file| files.is_main(*file)));
    found.extend(children);
    found.sort_unstable();
    found.dedup();
    found
}
