//! Kustomize: what an overlay makes of its bases, each value in the place that sets it.
//!
//! Resources, bases, components, patches (strategic merge and JSON 6902, in files and inline), namespace, labels,
//! annotations and images are applied, in Kustomize's own order. Names keep no prefix or suffix: whom they are for
//! stays the same. Generators, remote bases, replacements and plugins are not applied; a notice says so.

use std::collections::{HashMap, HashSet};

use super::super::lower::documents;
use super::super::lower::kubernetes::objects as objects_of;
use super::File;
use super::patch;
use super::space::{Space, all_at, moved};
use super::target::{has_merge_keys, has_pattern, is_same, is_target};
use super::transform;
use crate::model::{KeptInput, Notice, NoticeKind, RepoPath, Span};
use crate::syntax::{Node, yaml};

/// Kustomizations inside each other, at most.
const MAX_DEPTH: usize = 32;
/// What all overlays of a tree may cost together: bytes of objects, and objects that patches look at.
const MAX_WORK: usize = 512 * 1024 * 1024;
/// What it costs to look at a kustomization, an object, or a pattern for one.
const VISIT: usize = 1024;
/// Members that are told as not applied, in a kustomization's own words.
const NOT_APPLIED: [&str; 10] = [
    "configMapGenerator",
    "secretGenerator",
    "generators",
    "transformers",
    "validators",
    "replacements",
    "vars",
    "helmCharts",
    "helmChartInflationGenerator",
    "crds",
];

/// Names of the file that says how a folder is built, the first that is there counts.
const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// What all overlays of a tree come to.
#[derive(Default)]
pub(super) struct Overlays<'a> {
    /// The files that they are made of.
    pub space: Space<'a>,
    /// Each kustomization that no other one uses, and its objects.
    pub builds: Vec<(&'a RepoPath, Vec<Node>)>,
    /// Files that are judged through a kustomization, patches included.
    pub used: HashSet<&'a RepoPath>,
    /// True where one that was built is made of no other one: overlays elsewhere may change it.
    pub has_base: bool,
    pub notices: Vec<Notice>,
}

/// True for a file that says how a folder is built.
#[must_use]
pub(crate) fn is_kustomization(path: &RepoPath) -> bool {
    KUSTOMIZATIONS.contains(&path.file_name())
}

/// The files that a kustomization may be made of, there or not. Of another manifest, where the run is of a part of the
/// tree: the kustomizations that most likely use it, in its folder and the one above.
pub(crate) fn named_in(input: &KeptInput, partial: bool) -> Vec<RepoPath> {
    if !is_kustomization(&input.path) {
        if !partial || !matches!(input.path.extension(), "yaml" | "yml" | "json") {
            return Vec::new();
        }
        let near = ["", "../"].iter().flat_map(|above| KUSTOMIZATIONS.map(|name| format!("{above}{name}")));
        return near.filter_map(|near| input.path.sibling(&near)).collect();
    }
    let documents = yaml::parse_documents(&input.bytes).value;
    let Some(document) = documents.first() else { return Vec::new() };
    let lists = ["resources", "bases", "components", "patchesStrategicMerge", "patches", "patchesJson6902"];
    let items = lists.iter().flat_map(|key| document.get(key).map(Node::items).unwrap_or_default());
    let named = items.filter_map(|item| item.as_str().or_else(|| item.get("path").and_then(Node::as_str)));
    let mut paths = Vec::new();
    for text in named.filter(|text| !text.contains('\n') && !is_remote(text)) {
        let folder = text.trim_end_matches('/');
        paths.extend(input.path.sibling(text));
        paths.extend(KUSTOMIZATIONS.iter().filter_map(|name| input.path.sibling(&format!("{folder}/{name}"))));
    }
    paths
}

/// Builds every kustomization that no other one uses.
pub(super) fn build<'a>(files: &'a [File<'a>]) -> Overlays<'a> {
    let by_path: HashMap<&str, &File<'_>> = files.iter().map(|file| (file.path.as_str(), file)).collect();
    let roots: Vec<&File<'_>> = files.iter().filter(|file| is_kustomization(file.path)).collect();
    if roots.is_empty() {
        return Overlays::default();
    }
    let mut builder = Builder { files: by_path, overlays: Overlays::default(), left: MAX_WORK };
    let inner: HashSet<&RepoPath> = roots.iter().flat_map(|file| builder.kustomizations_of(file)).collect();
    for root in &roots {
        let component = root.documents.first().and_then(|document| document.get("kind")).and_then(Node::as_str);
        if !inner.contains(root.path) && component != Some("Component") {
            let mut objects = Vec::new();
            builder.overlays.has_base |= builder.kustomizations_of(root).is_empty();
            builder.apply(root, &mut objects, &mut Vec::new());
            builder.overlays.builds.push((root.path, objects));
        }
    }
    if builder.left == 0 {
        let message = "The overlays of this tree are too large or too many; what was left was not checked.";
        builder.overlays.notices.push(Notice::incomplete(NoticeKind::Limit, message));
    }
    builder.overlays
}

struct Builder<'a> {
    files: HashMap<&'a str, &'a File<'a>>,
    overlays: Overlays<'a>,
    /// What may still be done.
    left: usize,
}

/// What one kustomization could not do.
#[derive(Default)]
struct Left {
    remote: Vec<String>,
    missing: Vec<String>,
    unmatched: Vec<String>,
}

impl<'a> Builder<'a> {
    fn kustomizations_of(&self, file: &File<'_>) -> Vec<&'a RepoPath> {
        let Some(document) = file.documents.first() else { return Vec::new() };
        let named = ["resources", "bases", "components"].into_iter().flat_map(|key| texts(document, key));
        named.filter_map(|text| self.folder(file.path, text)).map(|inner| inner.path).collect()
    }

    /// The kustomization of a folder that another one names.
    fn folder(&self, from: &RepoPath, text: &str) -> Option<&'a File<'a>> {
        let text = text.trim_end_matches('/');
        KUSTOMIZATIONS
            .iter()
            .filter_map(|name| from.sibling(&format!("{text}/{name}")))
            .find_map(|path| self.files.get(path.as_str()).copied())
    }

    fn file(&self, from: &RepoPath, text: &str) -> Option<&'a File<'a>> {
        from.sibling(text).and_then(|path| self.files.get(path.as_str()).copied())
    }

    /// Takes from what may be done; false, and nothing left, where it is too much.
    fn pays(&mut self, cost: usize) -> bool {
        let left = self.left.checked_sub(cost);
        self.left = left.unwrap_or(0);
        left.is_some()
    }

    /// Does what a kustomization says to `objects`, those of its own resources added first.
    fn apply(&mut self, file: &'a File<'a>, objects: &mut Vec<Node>, stack: &mut Vec<&'a RepoPath>) {
        let Some(document) = file.documents.first() else { return };
        if stack.contains(&file.path) || stack.len() >= MAX_DEPTH {
            let message = "This kustomization leads back to itself, or too deep; it was not followed.";
            self.overlays.notices.push(Notice::warning(NoticeKind::Limit, message).at(file.path));
            return;
        }
        if !self.pays(VISIT) {
            return;
        }
        let Some(base) = self.overlays.space.base(file) else { return };
        stack.push(file.path);
        let mut left = Left::default();
        for text in ["resources", "bases"].into_iter().flat_map(|key| texts(document, key)) {
            self.resource(file, text, objects, stack, &mut left);
        }
        for text in texts(document, "components") {
            match self.folder(file.path, text) {
                Some(component) => self.apply(component, objects, stack),
                None => left.add(text),
            }
        }
        for (target, patches) in self.patches(file, document, base, &mut left) {
            let each = if target.as_ref().is_some_and(has_pattern) { VISIT } else { 64 };
            if self.pays(objects.len().saturating_mul(patches.len()).saturating_mul(each)) {
                patch_all(objects, &target, &patches, &mut left);
            }
        }
        let own = moved(document.clone(), base);
        transform::namespace(objects, &own);
        transform::labels(objects, &own);
        transform::annotations(objects, &own);
        transform::images(objects, &own);
        self.tell(file, document, &left);
        stack.pop();
    }

    fn resource(
        &mut self,
        file: &'a File<'a>,
        text: &str,
        objects: &mut Vec<Node>,
        stack: &mut Vec<&'a RepoPath>,
        left: &mut Left,
    ) {
        if let Some(inner) = self.folder(file.path, text) {
            let mut built = Vec::new();
            self.apply(inner, &mut built, stack);
            return objects.append(&mut built);
        }
        let Some(found) = self.file(file.path, text) else { return left.add(text) };
        let Some(base) = self.overlays.space.base(found) else { return };
        self.overlays.used.insert(found.path);
        let ours = found.documents.iter().filter(|document| documents::is_kubernetes(found.path, document));
        for object in ours.flat_map(objects_of) {
            if !self.pays(object.span.len() + 64) {
                return;
            }
            objects.push(moved(object.clone(), base));
        }
    }

    /// All patches in the order they are applied: the target, where it is named apart, and what is merged.
    fn patches(
        &mut self,
        file: &'a File<'a>,
        document: &'a Node,
        base: u32,
        left: &mut Left,
    ) -> Vec<(Option<Node>, Vec<Node>)> {
        let mut all = Vec::new();
        let items = |key: &str| document.get(key).map(Node::items).unwrap_or_default();
        for item in items("patchesStrategicMerge") {
            let Some(text) = item.as_str() else { continue };
            let patches = if text.contains('\n') { inline(file, item, base) } else { self.read(file, text, left) };
            all.push((None, patches));
        }
        for item in items("patches").iter().chain(items("patchesJson6902")) {
            let word = |key| item.get(key).and_then(Node::as_str);
            let patches = match (item.get("patch"), word("path").or_else(|| item.as_str())) {
                (Some(patch), _) => inline(file, patch, base),
                (None, Some(path)) => self.read(file, path, left),
                _ => Vec::new(),
            };
            all.push((item.get("target").cloned(), patches));
        }
        all
    }

    fn read(&mut self, from: &'a File<'a>, text: &str, left: &mut Left) -> Vec<Node> {
        let Some(found) = self.file(from.path, text) else {
            left.add(text);
            return Vec::new();
        };
        self.overlays.used.insert(found.path);
        let Some(base) = self.overlays.space.base(found) else { return Vec::new() };
        found.documents.iter().map(|document| moved(document.clone(), base)).collect()
    }

    fn tell(&mut self, file: &File<'_>, document: &Node, left: &Left) {
        let mut told: Vec<String> = NOT_APPLIED
            .iter()
            .filter(|key| document.get(key).is_some_and(|value| !value.is_null()))
            .map(|key| format!("`{key}`"))
            .collect();
        told.extend(left.remote.iter().map(|text| format!("the remote `{}`", shown(text))));
        if !told.is_empty() {
            let message = format!("This kustomization was built without {}.", told.join(", "));
            self.overlays.notices.push(Notice::note(NoticeKind::Skipped, message).at(file.path));
        }
        for (texts, why) in
            [(&left.missing, "is not among the files that were read"), (&left.unmatched, "patches no object")]
        {
            if let Some(first) = texts.first() {
                let message = format!("`{}` {why}: this kustomization was built without it.", shown(first));
                self.overlays.notices.push(Notice::warning(NoticeKind::Skipped, message).at(file.path));
            }
        }
    }
}

impl Left {
    fn add(&mut self, text: &str) {
        if is_remote(text) { self.remote.push(text.to_owned()) } else { self.missing.push(text.to_owned()) }
    }
}

fn is_remote(text: &str) -> bool {
    text.contains("://") || text.contains("?ref=") || text.starts_with("git@") || text.contains(".com/")
}

fn shown(text: &str) -> String {
    text.chars().take(120).map(|c| if c == '`' || c.is_control() { ' ' } else { c }).collect()
}

fn texts<'n>(document: &'n Node, key: &str) -> impl Iterator<Item = &'n str> {
    document.get(key).map(Node::items).unwrap_or_default().iter().filter_map(Node::as_str)
}

/// The documents of a patch that stands in the kustomization itself: in the places of a block scalar's lines.
fn inline(file: &File<'_>, text: &Node, base: u32) -> Vec<Node> {
    if text.as_str().is_none() {
        return vec![moved(text.clone(), base)];
    }
    // The lines of a block scalar are a document by themselves, indented as a whole.
    let start = text.span.start as usize;
    let line = file.bytes[..start.min(file.bytes.len())].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let indent = file.bytes.get(line..start).unwrap_or_default();
    if line > 0 && indent.iter().all(|&byte| byte == b' ') {
        let lines = Span::new(line, text.span.end as usize);
        let parsed = yaml::parse_documents(lines.of(file.bytes));
        if parsed.errors.is_empty() {
            let at = base.saturating_add(lines.start);
            return parsed.value.into_iter().map(|document| moved(document, at)).collect();
        }
    }
    let mut documents = yaml::parse_documents(text.as_str().unwrap_or_default().as_bytes()).value;
    documents.iter_mut().for_each(|document| all_at(document, text.span));
    documents.into_iter().map(|document| moved(document, base)).collect()
}

fn patch_all(objects: &mut Vec<Node>, target: &Option<Node>, patches: &[Node], left: &mut Left) {
    // Operations may be spread over the items of one list or be one document.
    for one in patches.iter().filter(|one| !one.is_null()) {
        let mut matched = false;
        let mut failed = false;
        objects.retain_mut(|object| {
            let named = match target {
                Some(target) => is_target(target, object),
                None => is_same(one, object),
            };
            matched |= named;
            if !named {
                return true;
            }
            if one.items().is_empty() {
                return patch::merge(object, one, has_merge_keys(object));
            }
            failed |= patch::operate(object, one.items()).is_err();
            true
        });
        if failed || (!matched && target.is_none()) {
            let name = one.at(&["metadata", "name"]).and_then(Node::as_str).unwrap_or("a JSON patch");
            left.unmatched.push(name.to_owned());
        }
    }
}
