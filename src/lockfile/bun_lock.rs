//! `bun.lock`: JSON with comments and trailing commas.

use super::{Builder, LockfileFormat, Want, npm_source, package, split_at_version};
use crate::model::{Ecosystem, Package, PackageSource, Scope};
use crate::syntax::{Node, Parsed, json};

/// bun's text lock file.
pub struct BunLock;

impl LockfileFormat for BunLock {
    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::Npm
    }

    fn claims(&self, file_name: &str) -> bool {
        file_name == "bun.lock"
    }

    fn parse(&self, content: &[u8]) -> Parsed<Vec<Package>> {
        let Parsed { value: root, mut errors } = json::parse_jsonc(content);
        let mut builder = Builder::scoped();
        let mut paths = Vec::new();
        for entry in root.get("workspaces").into_iter().flat_map(Node::entries) {
            let name = entry.value.get("name").and_then(Node::as_str).unwrap_or(&entry.key);
            let member = package(Ecosystem::Npm, name, "", PackageSource::Local, entry.key_span);
            builder.add(member, [], wants(&entry.value));
            paths.push(name.to_owned());
        }
        for entry in root.get("packages").into_iter().flat_map(Node::entries) {
            let items = entry.value.items();
            let Some((name, version)) = items.first().and_then(Node::as_str).and_then(split_at_version) else {
                errors.push(super::error(entry.key_span, "expected `name@version`"));
                continue;
            };
            let source = npm_source(version);
            let wanted = items.iter().find(|item| !item.entries().is_empty()).map(wants).unwrap_or_default();
            builder.add(package(Ecosystem::Npm, name, version, source, entry.key_span), [entry.key.clone()], wanted);
            paths.push(entry.key.clone());
        }
        // A nested key is the path of names; the nearest one on the way up counts.
        let value = builder.finish(|keys, index, want| {
            let mut from = paths[index].as_str();
            loop {
                if let Some(&found) = keys.get(&format!("{from}/{want}")) {
                    return Some(found);
                }
                match from.rfind('/') {
                    Some(at) => from = &from[..at],
                    None => return keys.get(want).copied(),
                }
            }
        });
        Parsed { value, errors }
    }
}

fn wants(node: &Node) -> Vec<Want> {
    let lists = [
        ("dependencies", Scope::Production),
        ("devDependencies", Scope::Development),
        ("optionalDependencies", Scope::Optional),
        ("peerDependencies", Scope::Production),
    ];
    let names = lists
        .iter()
        .flat_map(|(list, scope)| node.get(list).into_iter().flat_map(Node::entries).zip(std::iter::repeat(*scope)));
    names.map(|(entry, scope)| Want { key: entry.key.clone(), accepts: entry.value.span, scope }).collect()
}
