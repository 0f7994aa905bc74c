//! `Cargo.lock`, versions 1 to 4, read line by line: cargo writes no other layout, and an odd entry costs itself alone.

use std::collections::HashMap;

use super::{Builder, LockfileFormat, Want, error, lines, package};
use crate::model::{Ecosystem, Package, PackageSource, Span};
use crate::syntax::{Parsed, SyntaxError};

/// Cargo's lock file.
pub struct CargoLock;

const CRATES_IO: [&str; 2] =
    ["registry+https://github.com/rust-lang/crates.io-index", "sparse+https://index.crates.io/"];

#[derive(Default)]
struct Entry {
    span: Span,
    name: String,
    version: String,
    source: Option<String>,
    wants: Vec<String>,
}

impl LockfileFormat for CargoLock {
    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::Cargo
    }

    fn claims(&self, file_name: &str) -> bool {
        file_name == "Cargo.lock"
    }

    fn parse(&self, content: &[u8]) -> Parsed<Vec<Package>> {
        let mut builder = Builder::default();
        let mut errors = Vec::new();
        let mut entry: Option<Entry> = None;
        let mut in_list = false;
        for (at, line) in lines(content) {
            let text = line.trim();
            let span = Span::new(at, at + line.len());
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            if text.starts_with('[') {
                flush(entry.take(), &mut builder, &mut errors);
                in_list = false;
                if matches!(text, "[[package]]" | "[root]") {
                    entry = Some(Entry { span, ..Entry::default() });
                }
                continue;
            }
            if text.starts_with(['<', '>']) || text == "=======" {
                errors.push(error(span, "a merge conflict was left here"));
                continue;
            }
            let Some(entry) = &mut entry else { continue };
            if in_list {
                in_list = !text.starts_with(']');
                entry.wants.extend(quoted(text).map(str::to_owned));
                continue;
            }
            let Some((key, value)) = text.split_once('=') else {
                errors.push(error(span, "expected `key = value`"));
                continue;
            };
            let value = value.trim();
            let text_value = quoted(value).next();
            match (key.trim(), text_value) {
                ("name", Some(name)) => {
                    entry.name = name.to_owned();
                    entry.span = span;
                }
                ("version", Some(version)) => entry.version = version.to_owned(),
                ("source", Some(source)) => entry.source = Some(source.to_owned()),
                ("dependencies", _) => {
                    entry.wants.extend(value.split('"').skip(1).step_by(2).map(str::to_owned));
                    in_list = !value.ends_with(']');
                }
                ("name" | "version" | "source", None) => errors.push(error(span, "expected a string")),
                _ => {}
            }
        }
        flush(entry, &mut builder, &mut errors);
        Parsed { value: builder.finish(resolve), errors }
    }
}

fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split_once('"').and_then(|(_, rest)| rest.split_once('"')).map(|(inner, _)| inner).into_iter()
}

fn flush(entry: Option<Entry>, builder: &mut Builder, errors: &mut Vec<SyntaxError>) {
    let Some(entry) = entry else { return };
    if entry.name.is_empty() || entry.version.is_empty() {
        errors.push(error(entry.span, "a package without a name or a version"));
        return;
    }
    let Entry { span, name, version, source, wants } = entry;
    let keys = [
        format!("{name} {version} ({})", source.as_deref().unwrap_or_default()),
        format!("{name} {version}"),
        name.clone(),
    ];
    let source = match source {
        None => PackageSource::Local,
        Some(source) if CRATES_IO.contains(&source.as_str()) => PackageSource::Registry,
        Some(source) => PackageSource::Other(source),
    };
    let wants = wants.into_iter().map(Want::new).collect();
    builder.add(package(Ecosystem::Cargo, &name, &version, source, span), keys, wants);
}

/// `name`, `name version` or `name version (source)`; a path dependency of version 1 has no source.
fn resolve(keys: &HashMap<String, u32>, _: usize, want: &str) -> Option<u32> {
    let short = || want.split_once(" (").and_then(|(short, _)| keys.get(short));
    keys.get(want).or_else(short).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_local_and_their_dependencies_direct() {
        let text = "version = 4\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"a 1.0.0\",\n]\n\n\
            [[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n\
            [[package]]\nname = \"broken\"\n[[patch.unused]]\nname = \"x\"\nversion = \"1.0.0\"\n";
        let parsed = CargoLock.parse(text.as_bytes());
        assert_eq!(parsed.value.len(), 2);
        assert_eq!(parsed.value[0].source, PackageSource::Local);
        assert_eq!(parsed.value[0].dependencies, [1]);
        assert!(parsed.value[1].direct);
        assert_eq!(parsed.value[1].span.of(text.as_bytes()), b"name = \"a\"");
        assert_eq!(parsed.errors.len(), 1);
    }
}
