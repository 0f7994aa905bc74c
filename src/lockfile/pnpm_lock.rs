//! `pnpm-lock.yaml`, versions 5, 6 and 9.

use std::collections::HashMap;

use super::{Builder, LockfileFormat, Want, error, npm_source, package, split_at_version};
use crate::model::{Ecosystem, Package, PackageSource, Scope, Span};
use crate::syntax::{Entry, Node, Parsed, SyntaxError, yaml};

/// pnpm's lock file.
pub struct PnpmLock;

const LISTS: [(&str, Scope); 3] = [
    ("dependencies", Scope::Production),
    ("optionalDependencies", Scope::Optional),
    ("devDependencies", Scope::Development),
];

impl LockfileFormat for PnpmLock {
    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::Npm
    }

    fn claims(&self, file_name: &str) -> bool {
        file_name == "pnpm-lock.yaml"
    }

    fn parse(&self, content: &[u8]) -> Parsed<Vec<Package>> {
        let Parsed { value: documents, mut errors } = yaml::parse_documents(content);
        let mut builder = Builder::scoped();
        for root in &documents {
            document(root, &mut builder, &mut errors);
        }
        Parsed { value: builder.finish(resolve), errors }
    }
}

fn document(root: &Node, builder: &mut Builder, errors: &mut Vec<SyntaxError>) {
    let old = root.get("lockfileVersion").and_then(Node::scalar).is_some_and(|version| version.starts_with('5'));
    match root.get("importers") {
        Some(importers) => importers.entries().iter().for_each(|entry| importer(&entry.key, &entry.value, builder)),
        None => importer(".", root, builder),
    }
    let snapshots: HashMap<&str, Vec<Want>> =
        root.get("snapshots").into_iter().flat_map(Node::entries).fold(HashMap::new(), |mut map, entry| {
            map.entry(without_peers(&entry.key)).or_default().extend(wants(&entry.value));
            map
        });
    for entry in root.get("packages").into_iter().flat_map(Node::entries) {
        let Some((name, version, source)) = identity(entry, old) else {
            errors.push(error(entry.key_span, "expected a name and a version"));
            continue;
        };
        let mut found = package(Ecosystem::Npm, &name, &version, source, entry.key_span);
        let flag = |name| entry.value.get(name).and_then(Node::as_bool);
        found.scope = match (flag("dev"), flag("optional")) {
            (Some(true), _) => Scope::Development,
            (Some(false), Some(true)) => Scope::Optional,
            (Some(false), _) => Scope::Production,
            // Version 9 leaves it to what the importers ask for.
            (None, _) => Scope::Unknown,
        };
        let wanted = snapshots.get(without_peers(&entry.key)).cloned().unwrap_or_else(|| wants(&entry.value));
        builder.add(found, [entry.key.clone(), format!("{name}@{version}")], wanted);
    }
}

fn importer(path: &str, node: &Node, builder: &mut Builder) {
    let wanted = LISTS.iter().flat_map(|&(list, scope)| {
        let entries = node.get(list).into_iter().flat_map(Node::entries);
        entries.filter_map(move |entry| {
            let specifier = entry.value.get("specifier").or_else(|| node.at(&["specifiers", &entry.key]));
            want(entry, specifier.map_or(Span::default(), |text| text.span), scope)
        })
    });
    builder.add(package(Ecosystem::Npm, path, "", PackageSource::Local, node.span), [], wanted.collect());
}

/// What a package asks for: versions that were chosen, not ranges.
fn wants(node: &Node) -> Vec<Want> {
    let lists = LISTS[..2].iter().flat_map(|&(list, scope)| {
        node.get(list).into_iter().flat_map(Node::entries).filter_map(move |entry| want(entry, Span::default(), scope))
    });
    lists.collect()
}

fn want(entry: &Entry, accepts: Span, scope: Scope) -> Option<Want> {
    let version = entry.value.get("version").unwrap_or(&entry.value).scalar()?;
    // `name@1.0.0` and `/name/1.0.0` are keys; `1.0.0_peer@2.0.0` (version 5) is a version with its peers.
    let name = split_at_version(without_peers(version)).map(|(name, _)| name);
    let whole = version.starts_with('/') || name.is_some_and(|name| !name.starts_with(|c: char| c.is_ascii_digit()));
    let key = if whole { version.to_owned() } else { format!("{}@{version}", entry.key) };
    Some(Want { key, accepts, scope })
}

fn resolve(keys: &HashMap<String, u32>, _: usize, want: &str) -> Option<u32> {
    let bare = without_peers(want);
    let unscored = || {
        let (name, version) = split_at_version(bare)?;
        Some(&bare[..name.len() + 1 + version.find('_')?])
    };
    keys.get(want).or_else(|| keys.get(bare)).or_else(|| keys.get(unscored()?)).copied()
}

/// A key up to the peers in parentheses.
fn without_peers(key: &str) -> &str {
    key.split('(').next().unwrap_or(key)
}

/// Name, version and source of one entry: from its own `name` and `version` where it states them.
fn identity(entry: &Entry, old: bool) -> Option<(String, String, PackageSource)> {
    let node = &entry.value;
    let resolution = node.get("resolution");
    let key = without_peers(&entry.key);
    let source = if resolution.is_some_and(|r| r.get("directory").is_some())
        || key.starts_with("file:")
        || key.contains("@file:")
        || key.contains("@link:")
    {
        PackageSource::Local
    } else if let Some(repo) = resolution.and_then(|r| r.get("repo")).and_then(Node::as_str) {
        PackageSource::Other(repo.to_owned())
    } else {
        let tarball = resolution.and_then(|r| r.get("tarball")).and_then(Node::as_str).unwrap_or_default();
        npm_source(tarball)
    };
    let stated = |name| node.get(name).and_then(Node::scalar);
    if let (Some(name), Some(version)) = (stated("name"), stated("version")) {
        return Some((name.to_owned(), version.to_owned(), source));
    }
    // A registry's host may stand before the slash.
    let path = key.split_once('/').filter(|(host, _)| !host.contains('@') && (host.is_empty() || host.contains('.')));
    let path = path.map_or(key, |(_, rest)| rest);
    let (name, version) = if old { path.rsplit_once('/')? } else { split_at_version(path)? };
    let version = if old { version.split('_').next()? } else { version };
    let version = stated("version").unwrap_or(version);
    if version.contains("://") || version.starts_with("file:") {
        let elsewhere =
            if source == PackageSource::Registry { PackageSource::Other(version.to_owned()) } else { source };
        return Some((name.to_owned(), version.to_owned(), elsewhere));
    }
    (!name.is_empty() && !version.is_empty()).then(|| (name.to_owned(), version.to_owned(), source))
}
