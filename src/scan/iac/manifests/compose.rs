//! Compose projects of several files: `extends`, and the override file that Compose reads beside its own.
//!
//! A project file is judged together with its override, in the places of both. Another file beside it
//! (`compose.prod.yaml`) is judged as merged with it, and findings of its own lines alone are told: who runs it names
//! both.

use std::collections::HashMap;

use super::super::lower::compose;
use super::super::lower::documents::{Lowered, is_environment};
use super::super::lower::interpolation::Environment;
use super::include::{self, Includes};
use super::space::{Space, moved};
use super::{File, RuleBook, check_placed};
use crate::model::{KeptInput, Notice, NoticeKind, RepoPath, Sink};
use crate::syntax::{Entry, Node, Value};

/// Services that extend each other in a row, at most.
const MAX_DEPTH: usize = 16;
/// Bytes of services that a project may take from others, and of a file that others are used with.
const MAX_TAKEN: usize = 16 * 1024 * 1024;
const MAX_BASE: usize = 1024 * 1024;
/// Members that are lists in one file and maps in the other.
const PAIRS: [&str; 6] = ["environment", "labels", "annotations", "extra_hosts", "sysctls", "args"];
/// Lists that the later file replaces.
const REPLACED: [&str; 4] = ["command", "entrypoint", "test", "tmpfs"];

/// All Compose files of a tree.
pub(super) struct Projects<'a> {
    files: HashMap<&'a str, &'a File<'a>>,
    /// The `.env` files, by their folder.
    environments: HashMap<String, Environment>,
    none: Environment,
    includes: Includes<'a>,
}

/// How the name of a Compose file divides: `docker-compose.prod.yml` into its base's stem and `prod`.
fn name_of(path: &RepoPath) -> Option<(&str, Option<&str>)> {
    let name = path.file_name();
    let name = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml"))?;
    let (stem, part) = name.split_once('.').map_or((name, None), |(stem, part)| (stem, Some(part)));
    matches!(stem, "compose" | "docker-compose" | "podman-compose").then_some((stem, part))
}

/// True for a file that may be part of a project of several files.
pub(super) fn is_candidate(file: &File<'_>) -> bool {
    file.document().is_some() && (file.projects().next().is_some() || name_of(file.path).is_some())
}

impl<'a> Projects<'a> {
    /// All of a tree's: `kept` has the `.env` files.
    pub fn find(files: &'a [File<'a>], kept: &[KeptInput]) -> Self {
        let environments = kept.iter().filter(|input| is_environment(&input.path));
        let by_path = files.iter().map(|file| (file.path.as_str(), file)).collect();
        Self {
            includes: Includes::find(files, &by_path),
            files: by_path,
            environments: environments
                .map(|input| (input.path.parent().to_owned(), Environment::read(&input.bytes)))
                .collect(),
            none: Environment::default(),
        }
    }

    /// What the `.env` file says that Compose reads for a project of this file.
    pub fn environment(&self, path: &RepoPath) -> &Environment {
        self.environments.get(path.parent()).unwrap_or(&self.none)
    }

    /// Checks a file that is part of a project of several files; false where it is judged by itself.
    pub fn check(&self, file: &'a File<'a>, book: &RuleBook, sink: &mut Sink) -> bool {
        let part = name_of(file.path).and_then(|(_, part)| part);
        let base = self.base_of(file);
        let laid_over = self.includes.over(file.path);
        if self.includes.is_laid_over(file.path) && laid_over.is_empty() {
            return true;
        }
        sink.notices.extend(include::elsewhere(file));
        let with: Vec<&'a File<'a>> = match (part, base) {
            _ if !laid_over.is_empty() => std::iter::once(file).chain(laid_over.iter().copied()).collect(),
            // Judged with its base.
            (Some("override"), Some(_)) => return true,
            (_, Some(base)) => vec![base, file],
            (_, None) => std::iter::once(file).chain(self.override_of(file)).collect(),
        };
        let extends = with.iter().flat_map(|file| file.projects()).any(|project| {
            let services = project.get("services").map(Node::entries).unwrap_or_default();
            services.iter().any(|service| service.value.get("extends").is_some())
        });
        if with.len() == 1 && !extends {
            return false;
        }
        let mut project = Project { all: self, space: Space::default(), notices: Vec::new(), left: MAX_TAKEN };
        let mut merged: Option<Node> = None;
        for one in &with {
            let Some(services) = project.services(one) else { continue };
            match &mut merged {
                Some(merged) => merge(merged, &services, 0),
                None => merged = Some(services),
            }
        }
        let Some(services) = merged else { return false };
        let place = services.span;
        let key = Entry { key: "services".to_owned(), key_span: place, value: services };
        let document = Node::new(place, Value::Map(vec![key]));
        let mut lowered = Lowered::default();
        compose::lower(file.path, &document, self.environment(file.path), &mut lowered);
        let mut own = Sink::default();
        check_placed(lowered, &project.space, book, &mut own);
        // What stands in the base is told there.
        if base.is_some() && laid_over.is_empty() {
            own.drafts.retain(|draft| draft.path.as_ref() == Some(file.path));
        }
        sink.notices.extend(with.iter().flat_map(|file| file.notices.iter().cloned()));
        sink.notices.append(&mut project.notices);
        sink.drafts.append(&mut own.drafts);
        true
    }

    /// The file that one such as `compose.prod.yaml` is used with.
    fn base_of(&self, file: &File<'_>) -> Option<&'a File<'a>> {
        let (stem, part) = name_of(file.path)?;
        part?;
        self.named(file.path, stem, "").or_else(|| self.named(file.path, "compose", ""))
    }

    fn override_of(&self, file: &File<'_>) -> Option<&'a File<'a>> {
        let (stem, part) = name_of(file.path)?;
        if part.is_some() { None } else { self.named(file.path, stem, ".override") }
    }

    fn named(&self, beside: &RepoPath, stem: &str, part: &str) -> Option<&'a File<'a>> {
        ["yaml", "yml"].iter().find_map(|end| {
            let path = beside.sibling(&format!("{stem}{part}.{end}"))?;
            self.files
                .get(path.as_str())
                .copied()
                .filter(|file| file.bytes.len() < MAX_BASE && file.document().is_some())
        })
    }
}

impl File<'_> {
    /// The document that has services.
    fn document(&self) -> Option<&Node> {
        self.documents.iter().find(|document| document.get("services").is_some_and(|one| !one.entries().is_empty()))
    }
}

/// One project at work.
struct Project<'p, 'a> {
    all: &'p Projects<'a>,
    space: Space<'a>,
    notices: Vec<Notice>,
    /// Bytes that may still be taken from other services.
    left: usize,
}

impl<'a> Project<'_, 'a> {
    /// The services of a file, each with what it extends.
    fn services(&mut self, file: &'a File<'a>) -> Option<Node> {
        let base = self.space.base(file)?;
        let mut services = moved(file.document()?.get("services")?.clone(), base);
        if let Value::Map(entries) = &mut services.value {
            for entry in entries.iter_mut() {
                let mut seen = vec![(file.path.as_str().to_owned(), entry.key.clone())];
                entry.value = self.extended(file, std::mem::take(&mut entry.value), &mut seen);
            }
        }
        Some(services)
    }

    /// A service on top of the one that it extends.
    fn extended(&mut self, file: &'a File<'a>, service: Node, seen: &mut Vec<(String, String)>) -> Node {
        let Some(extends) = service.get("extends") else { return service };
        let word = |key: &str| extends.get(key).and_then(Node::scalar);
        let Some(name) = word("service").or_else(|| extends.scalar()) else { return service };
        let from = match word("file") {
            None => Some(file),
            Some(path) => file.path.sibling(path).and_then(|path| self.all.files.get(path.as_str()).copied()),
        };
        let key = from.map(|from| (from.path.as_str().to_owned(), name.to_owned()));
        let found = from.and_then(|from| Some((from, from.document()?.at(&["services", name])?)));
        let (Some((from, under)), Some(key)) = (found, key) else {
            let name: String = name.chars().filter(|c| *c != '`' && !c.is_control()).take(80).collect();
            let message = format!("The service `{name}` that is extended here is not among the files that were read.");
            self.notices.push(Notice::warning(NoticeKind::Skipped, message).at(file.path));
            return service;
        };
        let left = self.left.checked_sub(under.span.len() + 64);
        self.left = left.unwrap_or(0);
        if seen.contains(&key) || seen.len() > MAX_DEPTH || left.is_none() {
            let message = "Services extend each other in a circle, too deep or too often; that was not followed.";
            self.notices.push(Notice::warning(NoticeKind::Limit, message).at(file.path));
            return service;
        }
        seen.push(key);
        let Some(base) = self.space.base(from) else { return service };
        let mut under = self.extended(from, moved(under.clone(), base), seen);
        merge(&mut under, &service, 0);
        under
    }
}

/// Merges a later file's node into an earlier one, as the Compose specification has it (13, Merge).
fn merge(target: &mut Node, later: &Node, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    if !matches!((&target.value, &later.value), (Value::Map(_), Value::Map(_))) {
        *target = later.clone();
        return;
    }
    for entry in later.entries() {
        let Value::Map(entries) = &mut target.value else { return };
        let at = entries.iter().rposition(|own| own.key == entry.key);
        let tag = entry.value.tag.as_deref();
        match at {
            Some(at) if tag == Some("reset") => {
                entries.remove(at);
            }
            Some(at) if tag != Some("override") => merge_member(&mut entries[at], entry, depth + 1),
            Some(at) => entries[at] = entry.clone(),
            None => entries.push(entry.clone()),
        }
    }
}

fn merge_member(target: &mut Entry, later: &Entry, depth: usize) {
    let key = later.key.as_str();
    if PAIRS.contains(&key) {
        let mut own = paired(&target.value);
        merge(&mut own, &paired(&later.value), depth);
        target.value = own;
        return;
    }
    match (&mut target.value.value, &later.value.value) {
        (Value::Map(_), Value::Map(_)) => merge(&mut target.value, &later.value, depth),
        (Value::List(own), Value::List(items)) if !REPLACED.contains(&key) => {
            for item in items {
                let same = |one: &Node| match key {
                    "volumes" => target_of(one) == target_of(item) && target_of(item).is_some(),
                    _ => one.scalar().is_some() && one.scalar() == item.scalar(),
                };
                match own.iter().position(same) {
                    Some(at) => own[at] = item.clone(),
                    None => own.push(item.clone()),
                }
            }
        }
        _ => *target = later.clone(),
    }
}

/// Where a volume is mounted, in either form.
fn target_of(volume: &Node) -> Option<&str> {
    match volume.as_str() {
        Some(text) => text.split(':').nth(1).or(Some(text)),
        None => volume.get("target").and_then(Node::as_str),
    }
}

/// `KEY=value` items as a map, in their places.
fn paired(node: &Node) -> Node {
    let Value::List(items) = &node.value else { return node.clone() };
    let entries = items.iter().filter_map(|item| {
        let text = item.scalar()?;
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key, Value::String(value.to_owned())),
            None => (text, Value::Null),
        };
        Some(Entry { key: key.to_owned(), key_span: item.span, value: Node::new(item.span, value) })
    });
    Node::new(node.span, Value::Map(entries.collect()))
}
