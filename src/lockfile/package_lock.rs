//! `package-lock.json` and `npm-shrinkwrap.json`, versions 1 to 3.

use std::collections::HashMap;

use super::{Builder, LockfileFormat, Want, error, npm_source, package, split_at_version};
use crate::model::{Ecosystem, Package, PackageSource, Scope, Span};
use crate::syntax::{Entry, Node, Parsed, SyntaxError, json};

/// npm's lock file.
pub struct PackageLock;

/// Nesting of version 1 that is followed; npm itself stays far below.
const MAX_DEPTH: usize = 100;

impl LockfileFormat for PackageLock {
    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::Npm
    }

    fn claims(&self, file_name: &str) -> bool {
        matches!(file_name, "package-lock.json" | "npm-shrinkwrap.json")
    }

    fn parse(&self, content: &[u8]) -> Parsed<Vec<Package>> {
        let Parsed { value: root, mut errors } = json::parse_without(content, unused);
        let mut reader = Reader { builder: Builder::default(), paths: Vec::new(), errors: &mut errors };
        if let Some(packages) = root.get("packages") {
            packages.entries().iter().for_each(|entry| reader.flat(entry));
        } else {
            reader.root(&root);
            reader.nested(&root, "", 0);
        }
        let Reader { builder, paths, .. } = reader;
        Parsed { value: builder.finish(|keys, index, want| resolve(keys, &paths[index], want)), errors }
    }
}

/// Members that make up most of a lock file and say nothing here. Names of packages stand at odd depths alone.
fn unused(depth: usize, key: &str) -> bool {
    let fields = ["integrity", "license", "engines", "bin", "funding", "os", "cpu", "libc", "deprecated"];
    depth.is_multiple_of(2) && fields.contains(&key)
}

struct Reader<'a> {
    builder: Builder,
    /// The folder each package is installed in: `node_modules/a/node_modules/b`.
    paths: Vec<String>,
    errors: &'a mut Vec<SyntaxError>,
}

impl Reader<'_> {
    /// One member of `packages` (versions 2 and 3): the key is the folder.
    fn flat(&mut self, entry: &Entry) {
        let (path, node) = (entry.key.as_str(), &entry.value);
        let installed = path.rfind("node_modules/").map(|at| &path[at + "node_modules/".len()..]);
        let name = node.get("name").and_then(Node::as_str).or(installed).unwrap_or(path);
        let link = node.get("link").and_then(Node::as_bool) == Some(true);
        let version = node.get("version").and_then(Node::scalar);
        let source = match installed {
            Some(_) if !link => npm_source(node.get("resolved").and_then(Node::as_str).unwrap_or_default()),
            _ => PackageSource::Local,
        };
        if version.is_none() && source == PackageSource::Registry {
            self.errors.push(error(entry.key_span, "a package without a version"));
            return;
        }
        let mut wants = Vec::new();
        let mut lists = vec!["dependencies", "optionalDependencies", "peerDependencies"];
        if source == PackageSource::Local {
            lists.push("devDependencies");
        }
        for list in lists {
            wants.extend(node.get(list).into_iter().flat_map(Node::entries).map(want));
        }
        if link {
            wants.extend(node.get("resolved").and_then(Node::as_str).map(|target| Want::new(format!("/{target}"))));
        }
        self.add(name, version.unwrap_or_default(), source, entry.key_span, node, path, wants);
    }

    /// The project itself, of which version 1 says no more than its name.
    fn root(&mut self, root: &Node) {
        let text = |key| root.get(key).and_then(Node::as_str).unwrap_or_default();
        let span = root.entry("name").map_or(Span::default(), |entry| entry.key_span);
        self.add(text("name"), text("version"), PackageSource::Local, span, &Node::default(), "", Vec::new());
    }

    /// `dependencies` of version 1, nested as the folders are.
    fn nested(&mut self, node: &Node, folder: &str, depth: usize) {
        for entry in node.get("dependencies").into_iter().flat_map(Node::entries) {
            if depth == MAX_DEPTH {
                self.errors.push(error(entry.key_span, "nested too deeply"));
                return;
            }
            let path = if folder.is_empty() {
                format!("node_modules/{}", entry.key)
            } else {
                format!("{folder}/node_modules/{}", entry.key)
            };
            let written = entry.value.get("version").and_then(Node::scalar);
            let wants = entry.value.get("requires").into_iter().flat_map(Node::entries).map(want).collect();
            match written {
                Some(written) => {
                    let alias = written.strip_prefix("npm:").and_then(split_at_version);
                    let (name, version) = alias.unwrap_or((&entry.key, written));
                    let mut source = npm_source(written);
                    if source == PackageSource::Registry && version.contains("://") {
                        source = PackageSource::Other(version.to_owned());
                    }
                    self.add(name, version, source, entry.key_span, &entry.value, &path, wants);
                }
                None => self.errors.push(error(entry.key_span, "a package without a version")),
            }
            self.nested(&entry.value, &path, depth + 1);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one call per layout, each names all it knows")]
    fn add(
        &mut self,
        name: &str,
        version: &str,
        source: PackageSource,
        span: Span,
        node: &Node,
        path: &str,
        wants: Vec<Want>,
    ) {
        let mut package = package(Ecosystem::Npm, name, version, source, span);
        package.scope = scope(node);
        self.builder.add(package, [path.to_owned()], wants);
        self.paths.push(path.to_owned());
    }
}

/// What the flags of an entry say of when it is used.
pub(super) fn scope(entry: &Node) -> Scope {
    let flag = |key| entry.get(key).and_then(Node::as_bool) == Some(true);
    match () {
        () if flag("dev") => Scope::Development,
        // `devOptional`: an optional dependency asks for it too, so it is not for development alone.
        () if flag("optional") || flag("devOptional") => Scope::Optional,
        () => Scope::Production,
    }
}

/// `"name": "range"`; the scope stands with the package that it leads to.
fn want(entry: &Entry) -> Want {
    Want { key: entry.key.clone(), accepts: entry.value.span, scope: Scope::Unknown }
}

/// Node's own search: the nearest `node_modules` on the way up. A leading `/` names a link's target.
pub(super) fn resolve(keys: &HashMap<String, u32>, from: &str, want: &str) -> Option<u32> {
    if let Some(target) = want.strip_prefix('/') {
        return keys.get(target).copied();
    }
    let mut folder = from;
    loop {
        let key =
            if folder.is_empty() { format!("node_modules/{want}") } else { format!("{folder}/node_modules/{want}") };
        if let Some(&found) = keys.get(&key) {
            return Some(found);
        }
        if folder.is_empty() {
            return None;
        }
        folder = folder.rfind("/node_modules/").map_or("", |at| &folder[..at]);
    }
}
