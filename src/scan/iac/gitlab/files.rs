//! The files that pipelines are made of.

use std::collections::HashMap;
use std::sync::Arc;

use super::pipeline::{REFERENCE, entries};
use crate::model::{KeptInput, Notice, NoticeKind, RepoPath, Span};
use crate::scan::iac::lower::values::{entry_place, place};
use crate::scan::iac::resource::{Value, ValueKind as Kind};
use crate::syntax::{Node, Value as Tree, yaml};

/// True for a file that is a pipeline, or a part of one, by its name or folder.
pub fn is_named(path: &RepoPath) -> bool {
    let name = path.file_name();
    let Some(stem) = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml")) else { return false };
    let folder = path.parent();
    let inside = |part: &str| folder == part || folder.ends_with(&format!("/{part}"));
    let below = |part: &str| folder.starts_with(&format!("{part}/")) || folder.contains(&format!("/{part}/"));
    stem == ".gitlab-ci"
        || stem.ends_with(".gitlab-ci")
        || [".gitlab/ci", ".gitlab-ci"].iter().any(|part| inside(part) || below(part))
}

/// True for a file that some pipeline may include, by what it holds.
pub fn may_be_included(path: &RepoPath, bytes: &[u8]) -> bool {
    // Anywhere, these are hardly anything else; the others have to stand at the top, where a file sets them for all jobs,
    // and so do templates (`.name:`).
    let own = ["script:", "extends:", "!reference", "stage:", "artifacts:"];
    let global = ["variables:", "include:", "workflow:", "default:", "image:", "services:", "cache:", "."];
    let holds = |word: &str| memchr::memmem::find(bytes, word.as_bytes()).is_some();
    let at_top =
        |word: &str| memchr::memmem::find_iter(bytes, word.as_bytes()).any(|at| at == 0 || bytes[at - 1] == b'\n');
    let guarded = || holds("rules:") && holds("if:");
    matches!(path.extension(), "yml" | "yaml")
        && bytes.len() <= 1 << 20
        && !path.parent().ends_with(".github/workflows")
        && !path.file_name().contains("compose")
        && (own.iter().any(|word| holds(word)) || global.iter().any(|word| at_top(word)) || guarded())
        && !at_top("apiVersion:")
}

/// A key at the top of a file.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The key alone.
    pub span: Span,
    /// Key and value.
    pub extent: Span,
}

/// One file.
#[derive(Debug)]
pub struct Source<'a> {
    /// Where it is.
    pub path: &'a RepoPath,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// What stands in it: the part behind `spec` of a component.
    pub root: Value,
    /// Inputs that `spec` declares.
    pub inputs: Option<Value>,
    keys: HashMap<String, Key>,
}

/// All that were kept.
#[derive(Debug)]
pub struct Files<'a> {
    sources: Vec<Source<'a>>,
    by_path: HashMap<&'a str, u32>,
}

impl<'a> Files<'a> {
    /// Reads them; what of a named one does not parse is a notice.
    pub fn read(kept: &'a [KeptInput], notices: &mut Vec<Notice>) -> Self {
        let mut files = Self { sources: Vec::new(), by_path: HashMap::new() };
        for input in kept.iter().filter(|input| is_named(&input.path) || may_be_included(&input.path, &input.bytes)) {
            let number = files.sources.len() as u32;
            let parsed = yaml::parse_documents(&input.bytes);
            let documents = parsed.value;
            let spec = documents.first().and_then(|first| first.get("spec")).filter(|_| documents.len() > 1);
            let body = if spec.is_some() { documents.get(1) } else { documents.first() };
            let Some(body) = body.filter(|body| !body.entries().is_empty()) else { continue };
            if let Some(error) = parsed.errors.first().filter(|_| is_named(&input.path)) {
                let message = format!("What follows was not checked, it does not parse: {}.", error.message);
                notices.push(Notice::incomplete(NoticeKind::Unparsed, message).at(&input.path).span(error.span));
            }
            let key = |entry: &crate::syntax::Entry| {
                let extent = if entry.value.span.start >= entry.key_span.start {
                    entry.key_span.join(entry.value.span)
                } else {
                    entry.key_span
                };
                (entry.key.clone(), Key { span: entry.key_span, extent })
            };
            files.by_path.insert(input.path.as_str(), number);
            files.sources.push(Source {
                path: &input.path,
                bytes: &input.bytes,
                root: convert(body, number),
                inputs: spec.and_then(|spec| spec.get("inputs")).map(|inputs| convert(inputs, number)),
                keys: body.entries().iter().map(key).collect(),
            });
        }
        files
    }

    /// One of them.
    pub fn source(&self, file: u32) -> &Source<'a> {
        &self.sources[file as usize]
    }

    /// Those that their names give away.
    pub fn recognised(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.sources.len() as u32).filter(|file| is_named(self.source(*file).path))
    }

    /// True for a repository's own pipeline.
    pub fn is_main(&self, file: u32) -> bool {
        matches!(self.source(file).path.file_name(), ".gitlab-ci.yml" | ".gitlab-ci.yaml")
    }

    /// The files that a local include of `from` names: seen from the outermost folder in which they are, since a
    /// tree may hold several repositories. `*` and `**` are patterns.
    fn local(&self, from: &RepoPath, include: &str) -> Vec<u32> {
        let folder = from.parent();
        let outer = folder.match_indices('/').map(|(at, _)| &folder[..at]);
        let seen_from = std::iter::once("").chain(outer).chain(std::iter::once(folder));
        for folder in seen_from {
            let Some(path) = RepoPath::resolve(folder, include.trim_start_matches('/')) else { continue };
            if path.as_str().contains('*') {
                let others = (0..self.sources.len() as u32).filter(|file| self.source(*file).path != from);
                let matches = |file: &u32| wild(path.as_str().as_bytes(), self.source(*file).path.as_str().as_bytes());
                let found: Vec<u32> = others.filter(matches).collect();
                if !found.is_empty() {
                    return found;
                }
            } else if let Some(&file) = self.by_path.get(path.as_str()) {
                return vec![file];
            }
        }
        Vec::new()
    }
}

impl Source<'_> {
    /// A key at its top.
    pub fn key(&self, name: &str) -> Option<Key> {
        self.keys.get(name).copied()
    }

    /// The files of the tree that it includes, in order.
    pub fn includes(&self, files: &Files<'_>) -> Vec<u32> {
        let includes = self.root.get("include").map(parts_of).unwrap_or_default();
        includes.into_iter().flat_map(|one| self.named_by(one, files)).collect()
    }

    /// The files of the tree that its jobs start as child pipelines.
    pub fn children(&self, files: &Files<'_>) -> Vec<u32> {
        self.started().flat_map(|one| self.named_by(one, files)).collect()
    }

    /// Includes of the child pipelines that its jobs start.
    fn started(&self) -> impl Iterator<Item = &Value> {
        entries(&self.root).iter().filter_map(|(_, job)| job.at(&["trigger", "include"])).flat_map(parts_of)
    }

    /// Includes that were not followed: the local ones that name no file of the tree, and how many come from elsewhere.
    pub fn not_followed(&self, files: &Files<'_>) -> (Vec<&str>, usize) {
        let (mut missing, mut elsewhere) = (Vec::new(), 0);
        let own = self.root.get("include").map(parts_of).unwrap_or_default();
        for include in own.into_iter().chain(self.started()) {
            // A variable in a path is known to the pipeline alone; an artifact, to a run of it.
            match local_path(include).filter(|path| !path.contains('$')) {
                Some(path) if files.local(self.path, path).is_empty() => missing.push(path),
                Some(_) => {}
                None => elsewhere += 1,
            }
        }
        (missing, elsewhere)
    }

    fn named_by(&self, include: &Value, files: &Files<'_>) -> Vec<u32> {
        local_path(include).map(|path| files.local(self.path, path)).unwrap_or_default()
    }
}

/// The path of a local include, in its long or short form.
fn local_path(include: &Value) -> Option<&str> {
    let short = include.as_str().filter(|text| !text.contains("://"));
    short.or_else(|| include.get("local").and_then(Value::as_str))
}

/// The items of a list, or the value itself.
pub fn parts_of(value: &Value) -> Vec<&Value> {
    match &value.kind {
        Kind::List(items) => items.iter().collect(),
        _ => vec![value],
    }
}

/// A node with its places; a `!reference` becomes a map of one member, [`REFERENCE`].
fn convert(node: &Node, file: u32) -> Value {
    let kind = match &node.value {
        Tree::Null => Kind::Null,
        Tree::Bool(value) => Kind::Bool(*value),
        Tree::Number(text) => Kind::text(text),
        Tree::String(text) => Kind::text(text),
        Tree::List(items) => Kind::list(items.iter().map(|item| convert(item, file)).collect()),
        Tree::Map(members) => {
            let mut found: Vec<(Arc<str>, Value)> = Vec::with_capacity(members.len());
            let mut places: HashMap<&str, usize> = HashMap::with_capacity(members.len());
            for entry in members {
                let value = Value { span: entry_place(entry), ..convert(&entry.value, file) };
                match places.get(entry.key.as_str()) {
                    Some(&at) => found[at].1 = value,
                    None => {
                        places.insert(&entry.key, found.len());
                        found.push((Arc::from(entry.key.as_str()), value));
                    }
                }
            }
            Kind::map(found)
        }
    };
    let value = Value::new(kind, place(node), file);
    match node.tag.as_deref() {
        Some("reference") => value.with(Kind::map(vec![(Arc::from(REFERENCE), value.clone())])),
        Some(_) => value.with(Kind::unknown("a tag that GitLab does not know")),
        None => value,
    }
}

/// True where a pattern with `*` (no `/`) and `**` (any folders) matches a path whole.
fn wild(pattern: &[u8], path: &[u8]) -> bool {
    // Where the last `*` and the last `**` stand, and what of the path they have eaten.
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    let mut deep: Option<(usize, usize)> = None;
    loop {
        if pattern[p..].starts_with(b"**") {
            p += if pattern[p..].starts_with(b"**/") { 3 } else { 2 };
            (deep, star) = (Some((p, t)), None);
        } else if pattern.get(p) == Some(&b'*') {
            p += 1;
            star = Some((p, t));
        } else if p == pattern.len() && t == path.len() {
            return true;
        } else if p < pattern.len() && path.get(t) == Some(&pattern[p]) {
            (p, t) = (p + 1, t + 1);
        } else if let Some((from, eaten)) = star.filter(|(_, eaten)| path.get(*eaten).is_some_and(|c| *c != b'/')) {
            (p, t, star) = (from, eaten + 1, Some((from, eaten + 1)));
        } else if let Some((from, eaten)) = deep.filter(|(_, eaten)| *eaten < path.len()) {
            (p, t, deep, star) = (from, eaten + 1, Some((from, eaten + 1)), None);
        } else {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_pipelines() {
        for path in
            [".gitlab-ci.yml", "a/.gitlab-ci.yml", "ci/x.gitlab-ci.yml", ".gitlab/ci/a.yml", ".gitlab/ci/b/a.yaml"]
        {
            assert!(is_named(&RepoPath::new(path)), "{path}");
        }
        for path in ["gitlab-ci.yml", ".gitlab/CODEOWNERS", ".gitlab/issue.yml", ".gitlab-ci.json", "ci/a.yml"] {
            assert!(!is_named(&RepoPath::new(path)), "{path}");
        }
    }

    #[test]
    fn patterns_match_paths() {
        for (pattern, path, expected) in [
            ("ci/*.yml", "ci/a.yml", true),
            ("ci/*.yml", "ci/b/a.yml", false),
            ("ci/**.yml", "ci/b/a.yml", true),
            ("ci/**/*.yml", "ci/a.yml", true),
            ("ci/**/*.yml", "ci/b/c/a.yml", true),
            ("ci/**/*.yml", "ci/b/c/a.yaml", false),
            ("*.yml", "ci/a.yml", false),
        ] {
            assert_eq!(wild(pattern.as_bytes(), path.as_bytes()), expected, "{pattern} {path}");
        }
    }
}
