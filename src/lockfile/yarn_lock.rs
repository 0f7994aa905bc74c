//! `yarn.lock`, version 1 and Berry, by indentation: both write one block per package.

use super::{Builder, LockfileFormat, Want, error, lines, npm_source, package, split_at_version};
use crate::model::{Ecosystem, Package, PackageSource, Scope, Span};
use crate::syntax::{Parsed, SyntaxError};

/// yarn's lock file.
pub struct YarnLock;

#[derive(Default)]
struct Block {
    span: Span,
    specs: Vec<String>,
    version: Option<String>,
    resolution: Option<String>,
    resolved: Option<String>,
    wants: Vec<Want>,
}

impl LockfileFormat for YarnLock {
    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::Npm
    }

    fn claims(&self, file_name: &str) -> bool {
        file_name == "yarn.lock"
    }

    fn parse(&self, content: &[u8]) -> Parsed<Vec<Package>> {
        let mut builder = Builder::default();
        let mut errors = Vec::new();
        let mut block: Option<Block> = None;
        let mut in_dependencies = false;
        for (at, line) in lines(content) {
            let text = line.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let span = Span::new(at, at + line.len());
            let indent = line.len() - line.trim_start().len();
            if indent == 0 {
                flush(block.take(), &mut builder, &mut errors);
                let Some(specs) = text.strip_suffix(':') else {
                    errors.push(error(span, "expected specifiers and `:`"));
                    continue;
                };
                let specs = specs.split(',').map(|spec| spec.trim().trim_matches('"').to_owned()).collect();
                block = Some(Block { span, specs, ..Block::default() });
                continue;
            }
            let Some(block) = &mut block else { continue };
            let Some((key, value)) = key_value(text) else { continue };
            if indent <= 2 {
                in_dependencies = matches!(key, "dependencies" | "optionalDependencies");
                match key {
                    "version" => block.version = Some(value.to_owned()),
                    "resolution" => block.resolution = Some(value.to_owned()),
                    "resolved" => block.resolved = Some(value.to_owned()),
                    _ => {}
                }
            } else if in_dependencies && indent == 4 {
                // Within the line: `trim` and `split` only narrow.
                let start = at + (value.as_ptr() as usize - line.as_ptr() as usize);
                block.wants.push(Want {
                    key: format!("{key}@{value}"),
                    accepts: Span::new(start, start + value.len()),
                    scope: Scope::Unknown,
                });
            }
        }
        flush(block, &mut builder, &mut errors);
        let value = builder.finish(|keys, _, want| {
            let (name, range) = split_at_version(want)?;
            keys.get(want).or_else(|| keys.get(&format!("{name}@npm:{range}"))).copied()
        });
        Parsed { value, errors }
    }
}

/// `key value`, `key: value`, either quoted.
fn key_value(text: &str) -> Option<(&str, &str)> {
    let (key, rest) = match text.strip_prefix('"') {
        Some(rest) => rest.split_once('"')?,
        None => text.split_at(text.find([' ', ':']).unwrap_or(text.len())),
    };
    Some((key, rest.trim_start_matches(':').trim().trim_matches('"')))
}

fn flush(block: Option<Block>, builder: &mut Builder, errors: &mut Vec<SyntaxError>) {
    let Some(block) = block else { return };
    let Some(first) = block.specs.first().filter(|spec| *spec != "__metadata") else { return };
    let named = match &block.resolution {
        Some(resolution) => berry(resolution, block.version.as_deref()),
        None => classic(first, block.version.as_deref(), block.resolved.as_deref()),
    };
    let Some((name, version, source)) = named else {
        errors.push(error(block.span, "a package without a name or a version"));
        return;
    };
    builder.add(package(Ecosystem::Npm, &name, &version, source, block.span), block.specs, block.wants);
}

fn classic(spec: &str, version: Option<&str>, resolved: Option<&str>) -> Option<(String, String, PackageSource)> {
    let (alias, range) = split_at_version(spec)?;
    let real = range.strip_prefix("npm:").map(|target| split_at_version(target).map_or(target, |(name, _)| name));
    let source = match npm_source(range) {
        PackageSource::Registry => npm_source(resolved.unwrap_or_default()),
        // The project and its workspaces do not stand in this format: a folder here is asked for like any package.
        PackageSource::Local => PackageSource::Other(range.to_owned()),
        other => other,
    };
    Some((real.unwrap_or(alias).to_owned(), version?.to_owned(), source))
}

/// `name@npm:1.2.3`, `name@workspace:.`, `name@patch:name@npm%3A1.2.3#...`.
fn berry(resolution: &str, version: Option<&str>) -> Option<(String, String, PackageSource)> {
    let (name, reference) = split_at_version(resolution)?;
    let source = match reference {
        r if r.starts_with("npm:") => PackageSource::Registry,
        r if r.starts_with("patch:") && (r.contains("@npm:") || r.contains("@npm%3A")) => PackageSource::Registry,
        r if r.starts_with("patch:") => PackageSource::Local,
        r => match npm_source(r) {
            PackageSource::Registry => PackageSource::Other(r.to_owned()),
            other => other,
        },
    };
    let pinned = reference.strip_prefix("npm:").map(|text| text.split("::").next().unwrap_or(text));
    let version = pinned.filter(|text| text.starts_with(|c: char| c.is_ascii_digit())).or(version)?;
    Some((name.to_owned(), version.to_owned(), source))
}
