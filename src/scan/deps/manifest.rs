//! What the project itself asks for: the lines of `package.json` and `Cargo.toml`.

use std::collections::{BTreeMap, BTreeSet};

use crate::lockfile::split_at_version;
use crate::model::{Ecosystem, KeptInput, RepoPath, Scope, Span};
use crate::syntax::{Entry, Node, json, toml};

/// One dependency that a manifest names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    /// The package's real name, never the alias it is used under.
    pub name: String,
    /// Shipped, for development, or optional.
    pub scope: Scope,
    /// Its key in the manifest.
    pub span: Span,
    /// The versions it accepts, as written; none for a path, a git repository, or what a workspace has elsewhere.
    pub accepts: Option<String>,
    /// The key under which the workspace's own manifest says more (`key.workspace = true`).
    pub inherits: Option<String>,
}

/// A manifest of a project.
#[derive(Clone, Debug)]
pub(super) struct Manifest {
    /// Where it is.
    pub path: RepoPath,
    /// The package's own name; empty where it has none.
    pub name: String,
    /// What it asks for, in the order of the file.
    pub asks: Vec<Ask>,
    /// What members may take from it: key, real name, versions (`[workspace.dependencies]`).
    pub shared: BTreeMap<String, (String, Option<String>)>,
}

/// File name, ecosystem and reader. To add a manifest: write its reader and name it here.
const READERS: &[(&str, Ecosystem, Reader)] =
    &[("package.json", Ecosystem::Npm, package_json), ("Cargo.toml", Ecosystem::Cargo, cargo_toml)];

type Reader = fn(&RepoPath, &[u8]) -> Manifest;

/// Whether a file of this name says what a project asks for.
pub(super) fn claims(file_name: &str) -> bool {
    READERS.iter().any(|(name, _, _)| *name == file_name)
}

/// Manifests by the folder of the lock file that speaks for them: the nearest of their ecosystem, beside them
/// or above.
#[derive(Default)]
pub(super) struct ByLock<'a>(BTreeMap<(Ecosystem, &'a str), Vec<&'a KeptInput>>);

impl<'a> ByLock<'a> {
    /// Finds each manifest its lock file; `locks` holds the folders that have one.
    pub(super) fn new(kept: &'a [KeptInput], locks: &BTreeSet<(Ecosystem, &'a str)>) -> Self {
        let mut by_lock = Self::default();
        for input in kept {
            let reader = READERS.iter().find(|(name, _, _)| *name == input.path.file_name());
            let Some((_, ecosystem, _)) = reader else { continue };
            let above = std::iter::successors(Some(input.path.parent()), |folder| {
                (!folder.is_empty()).then(|| folder.rsplit_once('/').map_or("", |(above, _)| above))
            });
            if let Some(folder) = above.into_iter().find(|folder| locks.contains(&(*ecosystem, *folder))) {
                by_lock.0.entry((*ecosystem, folder)).or_default().push(input);
            }
        }
        by_lock
    }

    /// The manifests of a lock file, read; the one beside it comes first.
    pub(super) fn read(&self, ecosystem: Ecosystem, folder: &str) -> Vec<Manifest> {
        let Some((_, _, read)) = READERS.iter().find(|(_, one, _)| *one == ecosystem) else { return Vec::new() };
        let mut inputs = self.0.get(&(ecosystem, folder)).cloned().unwrap_or_default();
        inputs.sort_by_key(|input| (input.path.as_str().matches('/').count(), &input.path));
        let mut manifests: Vec<Manifest> = inputs.into_iter().map(|input| read(&input.path, &input.bytes)).collect();
        inherit(&mut manifests);
        manifests
    }
}

/// Fills in what members take from the workspace: it may stand there under another name.
fn inherit(manifests: &mut [Manifest]) {
    let shared: BTreeMap<String, (String, Option<String>)> =
        manifests.iter().rev().flat_map(|manifest| manifest.shared.clone()).collect();
    for ask in manifests.iter_mut().flat_map(|manifest| &mut manifest.asks) {
        let from = ask.inherits.as_ref().and_then(|key| shared.get(key));
        if let Some((name, accepts)) = from {
            (ask.name, ask.accepts) = (name.clone(), accepts.clone());
        }
    }
}

fn package_json(path: &RepoPath, bytes: &[u8]) -> Manifest {
    let root = json::parse(bytes).value;
    // `"used": "npm:@scope/real@^1"`.
    let real = |key: &str, value: &Node| {
        let alias = value.as_str().and_then(|text| text.strip_prefix("npm:"));
        let name = alias.map(|text| split_at_version(text).map_or(text, |(name, _)| name));
        name.unwrap_or(key).to_owned()
    };
    let mut asks = Vec::new();
    for (key, scope) in [
        ("dependencies", Scope::Production),
        ("optionalDependencies", Scope::Optional),
        ("devDependencies", Scope::Development),
    ] {
        asks.extend(root.get(key).into_iter().flat_map(Node::entries).map(|entry| Ask {
            name: real(&entry.key, &entry.value),
            scope,
            span: entry.key_span,
            accepts: entry.value.as_str().map(str::to_owned),
            inherits: None,
        }));
    }
    let name = root.get("name").and_then(Node::as_str).unwrap_or_default().to_owned();
    Manifest { path: path.clone(), name, asks, shared: BTreeMap::new() }
}

fn cargo_toml(path: &RepoPath, bytes: &[u8]) -> Manifest {
    let root = toml::parse(bytes).value;
    let mut asks = Vec::new();
    let targets = root.get("target").into_iter().flat_map(Node::entries).map(|entry| &entry.value);
    for table in std::iter::once(&root).chain(targets) {
        for (list, scope) in [
            ("dependencies", Scope::Production),
            ("build-dependencies", Scope::Production),
            ("dev-dependencies", Scope::Development),
        ] {
            asks.extend(table.get(list).into_iter().flat_map(Node::entries).map(|entry| {
                let (name, accepts) = crate_of(entry);
                let inherits = entry.value.get("workspace").and_then(Node::as_bool) == Some(true);
                let inherits = inherits.then(|| entry.key.clone());
                Ask { name, scope, span: entry.key_span, accepts, inherits }
            }));
        }
    }
    let shared = root.at(&["workspace", "dependencies"]).into_iter().flat_map(Node::entries);
    let shared = shared.map(|entry| (entry.key.clone(), crate_of(entry))).collect();
    let name = root.at(&["package", "name"]).and_then(Node::as_str).unwrap_or_default().to_owned();
    Manifest { path: path.clone(), name, asks, shared }
}

/// Real name and versions of `used = "1"` or `used = { package = "real", version = "1" }`.
fn crate_of(entry: &Entry) -> (String, Option<String>) {
    let value = &entry.value;
    let text = |key| value.get(key).and_then(Node::as_str);
    let accepts = value.as_str().or_else(|| text("version"));
    (text("package").unwrap_or(&entry.key).to_owned(), accepts.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str) -> Vec<(String, Scope, String)> {
        let (_, _, read) = READERS.iter().find(|(one, _, _)| *one == name).expect("a manifest");
        let mut manifests = [read(&RepoPath::new(name), text.as_bytes())];
        inherit(&mut manifests);
        let asks = manifests[0].asks.iter();
        let key = |ask: &Ask| String::from_utf8_lossy(ask.span.of(text.as_bytes())).into_owned();
        asks.map(|ask| (ask.name.clone(), ask.scope, key(ask))).collect()
    }

    #[test]
    fn package_json_names_real_packages() {
        let text = r#"{"dependencies": {"a": "1", "b": "npm:@x/real@^2"}, "devDependencies": {"c": "npm:d@1"}}"#;
        let found = read("package.json", text);
        let names: Vec<(&str, Scope)> = found.iter().map(|(name, scope, _)| (name.as_str(), *scope)).collect();
        assert_eq!(names, [("a", Scope::Production), ("@x/real", Scope::Production), ("d", Scope::Development)]);
        assert_eq!(found[1].2, "\"b\"");
    }

    #[test]
    fn cargo_toml_has_targets_and_renames() {
        let text = "[dependencies]\na = '1'\nused = { package = 'real', version = '1' }\n\
                    [target.'cfg(unix)'.dev-dependencies]\nc = { version = '1' }\n[build-dependencies.d]\nversion = '1'\n";
        let found = read("Cargo.toml", text);
        let names: Vec<(&str, Scope)> = found.iter().map(|(name, scope, _)| (name.as_str(), *scope)).collect();
        let production = Scope::Production;
        assert_eq!(names, [("a", production), ("real", production), ("d", production), ("c", Scope::Development)]);
        assert_eq!(found[1].2, "used");
    }

    #[test]
    fn members_take_names_and_versions_from_the_workspace() {
        let root = "[workspace.dependencies]\nused = { package = 'real', version = '1.2' }\nplain = '3'\n";
        let member =
            "[package]\nname = 'm'\n[dependencies]\nused.workspace = true\nplain = { workspace = true }\nown = '2'\n";
        let path = RepoPath::new("Cargo.toml");
        let mut manifests = [cargo_toml(&path, root.as_bytes()), cargo_toml(&path, member.as_bytes())];
        inherit(&mut manifests);
        let told = |ask: &Ask| (ask.name.clone(), ask.accepts.clone().unwrap_or_default());
        let told: Vec<(String, String)> = manifests[1].asks.iter().map(told).collect();
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(told, [pair("real", "1.2"), pair("plain", "3"), pair("own", "2")]);
    }

    #[test]
    fn a_lock_speaks_for_what_lies_below_up_to_the_next_lock() {
        let input = |path: &str| KeptInput::work_tree(path, b"{}");
        let kept = ["b/c/package.json", "b/package.json", "package.json", "bc/package.json"].map(input);
        let paths = |folder| -> Vec<String> {
            let locks = [(Ecosystem::Npm, ""), (Ecosystem::Npm, "b"), (Ecosystem::Go, "bc")];
            let found = ByLock::new(&kept, &BTreeSet::from(locks)).read(Ecosystem::Npm, folder);
            found.into_iter().map(|manifest| manifest.path.to_string()).collect()
        };
        assert_eq!(paths(""), ["package.json", "bc/package.json"]);
        assert_eq!(paths("b"), ["b/package.json", "b/c/package.json"]);
    }
}
