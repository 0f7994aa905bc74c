//! `go.mod`, `go.work`, `go.sum` and `vendor/modules.txt`.

use std::collections::HashSet;

use super::{LockfileFormat, error, lines, package};
use crate::model::{Declared, Ecosystem, Package, PackageSource, Scope, Span};
use crate::syntax::{Parsed, SyntaxError};

/// A Go module's own file; since Go 1.17 it lists the whole pruned graph.
pub struct GoMod;
/// Checksums of what a module may need: more than is built, so read only where `go.mod` is absent.
pub struct GoSum;
/// What `go mod vendor` copied.
pub struct VendorModules;

/// `replace old [version] => new [version]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replace {
    /// The module replaced.
    pub path: String,
    /// Only this version of it.
    pub version: Option<String>,
    /// A module path, or a folder where `new_version` is none.
    pub target: String,
    /// The version used instead.
    pub new_version: Option<String>,
    /// The line.
    pub span: Span,
}

/// The directives of a `go.mod` or `go.work`.
#[derive(Clone, Debug, Default)]
pub struct GoFile {
    /// The module's own path.
    pub module: String,
    /// `toolchain go1.22.1`, without `go`.
    pub toolchain: Option<(String, Span)>,
    /// The `go` directive.
    pub go: Option<String>,
    /// Path, version, whether indirect, the line.
    pub requires: Vec<(String, String, bool, Span)>,
    /// Versions never to use.
    pub excludes: HashSet<(String, String)>,
    /// In order.
    pub replaces: Vec<Replace>,
    /// Folders of a workspace.
    pub uses: Vec<String>,
}

/// Reads the directives of a `go.mod` or `go.work`.
#[must_use]
pub fn read(content: &[u8]) -> Parsed<GoFile> {
    let mut file = GoFile::default();
    let mut errors = Vec::new();
    let mut block: Option<String> = None;
    for (at, line) in lines(content) {
        let (code, comment) = line.split_once("//").unwrap_or((line, ""));
        let span = Span::new(
            at + (line.len() - line.trim_start().len()),
            at + code.trim_end().len().max(line.len() - line.trim_start().len()),
        );
        let mut words: Vec<&str> = code.split_whitespace().map(|word| word.trim_matches(['"', '`'])).collect();
        if words.is_empty() {
            continue;
        }
        if words == [")"] {
            block = None;
            continue;
        }
        let verb = match &block {
            Some(verb) => verb.clone(),
            None => words.remove(0).to_owned(),
        };
        if block.is_none() && words == ["("] {
            block = Some(verb);
            continue;
        }
        let indirect = comment.trim_start().starts_with("indirect");
        if !directive(&mut file, &verb, &words, indirect, span) {
            errors.push(error(span, "no directive of go.mod"));
        }
    }
    Parsed { value: file, errors }
}

fn directive(file: &mut GoFile, verb: &str, words: &[&str], indirect: bool, span: Span) -> bool {
    match (verb, words) {
        ("module", [path, ..]) => file.module = (*path).to_owned(),
        ("go", [version, ..]) => file.go = Some((*version).to_owned()),
        ("toolchain", [name, ..]) => {
            let version = name.strip_prefix("go").filter(|v| v.starts_with(|c: char| c.is_ascii_digit()));
            file.toolchain = version.map(|version| (version.to_owned(), span));
        }
        ("require", [path, version, ..]) => {
            file.requires.push(((*path).to_owned(), (*version).to_owned(), indirect, span));
        }
        ("exclude", [path, version, ..]) => {
            file.excludes.insert(((*path).to_owned(), (*version).to_owned()));
        }
        ("replace", words) => {
            let Some(arrow) = words.iter().position(|word| *word == "=>") else { return false };
            let (Some(path), Some(target)) = (words.first().filter(|_| arrow > 0), words.get(arrow + 1)) else {
                return false;
            };
            file.replaces.push(Replace {
                path: (*path).to_owned(),
                version: (arrow > 1).then(|| words[1].to_owned()),
                target: (*target).to_owned(),
                new_version: words.get(arrow + 2).map(|version| (*version).to_owned()),
                span,
            });
        }
        ("use", [folder, ..]) => file.uses.push((*folder).to_owned()),
        ("retract" | "godebug" | "tool" | "ignore", _) => {}
        _ => return false,
    }
    true
}

/// The modules a `go.mod` asks for after `exclude` and `replace`. `workspace` holds the replacements of a
/// `go.work` above it, which come first; `stdlib` adds the standard library of the `toolchain` line.
#[must_use]
pub fn packages(file: &GoFile, workspace: &[Replace], stdlib: bool) -> Vec<Package> {
    let mut out = Vec::new();
    for (path, version, indirect, span) in &file.requires {
        if file.excludes.contains(&(path.clone(), version.clone())) {
            continue;
        }
        let replaced = replacement(workspace, path, version).or_else(|| replacement(&file.replaces, path, version));
        let (name, version, source) = match replaced {
            Some(Replace { target, new_version: Some(new), .. }) => (target, new, PackageSource::Registry),
            Some(Replace { target, new_version: None, .. }) => (target, version, PackageSource::Local),
            None => (path, version, PackageSource::Registry),
        };
        let mut found = package(Ecosystem::Go, name, version, source, *span);
        found.direct = !indirect;
        found.scope = Scope::Production;
        if replaced.is_none() {
            // The line's version is the least that will do. What is replaced stays as it is until the line goes.
            found.declared.push(Declared { span: *span, direct: !indirect });
        }
        out.push(found);
    }
    if let Some((version, span)) = file.toolchain.as_ref().filter(|_| stdlib) {
        out.push(package(Ecosystem::Go, "stdlib", version, PackageSource::Registry, *span));
    }
    out
}

/// The replacement of one version, before that of all.
fn replacement<'a>(replaces: &'a [Replace], path: &str, version: &str) -> Option<&'a Replace> {
    let of = |wanted: Option<&str>| replaces.iter().rev().find(|r| r.path == path && r.version.as_deref() == wanted);
    of(Some(version)).or_else(|| of(None))
}

impl LockfileFormat for GoMod {
    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::Go
    }

    fn claims(&self, file_name: &str) -> bool {
        file_name == "go.mod"
    }

    fn parse(&self, content: &[u8]) -> Parsed<Vec<Package>> {
        let Parsed { value, errors } = read(content);
        Parsed { value: packages(&value, &[], false), errors }
    }
}

impl LockfileFormat for GoSum {
    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::Go
    }

    fn claims(&self, file_name: &str) -> bool {
        file_name == "go.sum"
    }

    fn parse(&self, content: &[u8]) -> Parsed<Vec<Package>> {
        let mut errors: Vec<SyntaxError> = Vec::new();
        let mut value = Vec::new();
        for (at, line) in lines(content) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let span = Span::new(at, at + line.len());
            match words[..] {
                [] => {}
                // A `/go.mod` line pins the file alone: the module's code need not be there.
                [_, version, _] if version.ends_with("/go.mod") => {}
                [path, version, _] => value.push(package(Ecosystem::Go, path, version, PackageSource::Registry, span)),
                _ => errors.push(error(span, "expected module, version and hash")),
            }
        }
        Parsed { value, errors }
    }
}

impl LockfileFormat for VendorModules {
    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::Go
    }

    fn claims(&self, file_name: &str) -> bool {
        file_name == "modules.txt"
    }

    fn parse(&self, content: &[u8]) -> Parsed<Vec<Package>> {
        let mut value: Vec<Package> = Vec::new();
        let mut errors = Vec::new();
        for (at, line) in lines(content) {
            if line.starts_with("## explicit")
                && let Some(last) = value.last_mut()
            {
                last.direct = true;
            }
            let span = Span::new(at, at + line.len());
            let Some(text) = line.strip_prefix("# ") else {
                // Import paths and `## ` remarks; anything else was not written by Go.
                if !line.starts_with("## ") && line.trim().contains([' ', '\t']) {
                    errors.push(error(span, "expected an import path"));
                }
                continue;
            };
            let words: Vec<&str> = text.split_whitespace().collect();
            let (name, version, source) = match words[..] {
                [path, version] if version.starts_with('v') => (path, version, PackageSource::Registry),
                [_, _, "=>", path, version] => (path, version, PackageSource::Registry),
                [path, version, "=>", _] => (path, version, PackageSource::Local),
                // A replacement of what is not used.
                [_, "=>", ..] => continue,
                _ => {
                    errors.push(error(span, "expected a module and its version"));
                    continue;
                }
            };
            let found = package(Ecosystem::Go, name, version, source, span);
            value.push(found);
        }
        Parsed { value, errors }
    }
}
