//! Layer 2: lock files to packages.
//!
//! One file and one line in [`FORMATS`] for each format. Every reader is lenient: an odd entry is an error at its
//! span, and the others are still returned.

pub mod bom;
mod builder;
mod bun_lock;
mod cargo_lock;
pub mod executable;
pub mod go_mod;
pub mod installed;
mod package_lock;
mod pnpm_lock;
pub mod select;
mod yarn_lock;

use crate::model::{Ecosystem, Package, PackageSource, Scope, Span};
use crate::syntax::{Parsed, SyntaxError};
use builder::{Builder, Want};

/// A file that pins the exact versions of a project's dependencies.
pub trait LockfileFormat: Sync {
    /// Whose package names and version order the entries follow.
    fn ecosystem(&self) -> Ecosystem;
    /// Whether a file of this name, without its directory, is in this format.
    fn claims(&self, file_name: &str) -> bool;
    /// Reads every pinned package, each with the span of the entry that pins it. Local packages (workspace
    /// members, links) are among them, since paths begin at them. An entry without a name or a version becomes
    /// an error at its span; the rest are still returned.
    fn parse(&self, content: &[u8]) -> Parsed<Vec<Package>>;
}

/// All formats. To add one: write its file in this folder and name it here.
pub static FORMATS: &[&dyn LockfileFormat] = &[
    &cargo_lock::CargoLock,
    &package_lock::PackageLock,
    &yarn_lock::YarnLock,
    &pnpm_lock::PnpmLock,
    &bun_lock::BunLock,
    &go_mod::GoMod,
    &go_mod::GoSum,
    &go_mod::VendorModules,
];

/// The format of a file of this name, without its directory.
#[must_use]
pub fn format_of(file_name: &str) -> Option<&'static dyn LockfileFormat> {
    FORMATS.iter().copied().find(|format| format.claims(file_name))
}

/// Lines with the offset of their first byte, from 0; terminators left out. Bytes that are not UTF-8 make a line
/// empty: no name or version holds any.
fn lines(content: &[u8]) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    content.split(|&byte| byte == b'\n').map(move |line| {
        let at = start;
        start += line.len() + 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        (at, std::str::from_utf8(line).unwrap_or_default())
    })
}

fn error(span: Span, message: &str) -> SyntaxError {
    SyntaxError { span, message: message.to_owned() }
}

fn package(ecosystem: Ecosystem, name: &str, version: &str, source: PackageSource, span: Span) -> Package {
    Package {
        ecosystem,
        name: name.to_owned(),
        version: version.to_owned(),
        source,
        scope: Scope::Unknown,
        span,
        dependencies: Vec::new(),
        direct: false,
        declared: Vec::new(),
    }
}

/// Splits `name@version` at the `@` that is not a scope's.
pub(crate) fn split_at_version(text: &str) -> Option<(&str, &str)> {
    let at = text.get(1..)?.find('@')? + 1;
    Some((&text[..at], &text[at + 1..]))
}

/// Where an npm specifier or resolution leads: a registry, another place, or this tree.
fn npm_source(text: &str) -> PackageSource {
    const LOCAL: [&str; 6] = ["file:", "link:", "portal:", "workspace:", "./", "../"];
    const REMOTE: [&str; 7] = ["git+", "git:", "git@", "github:", "gitlab:", "bitbucket:", "ssh:"];
    if LOCAL.iter().any(|prefix| text.starts_with(prefix)) {
        return PackageSource::Local;
    }
    let git_host = ["https://codeload.github.com/", "https://github.com/", "https://gitlab.com/"];
    if REMOTE.iter().chain(&git_host).any(|prefix| text.starts_with(prefix)) || text.contains(".git#") {
        return PackageSource::Other(text.to_owned());
    }
    PackageSource::Registry
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_read_within_bounds(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            for format in FORMATS {
                let parsed = format.parse(&bytes);
                for package in &parsed.value {
                    prop_assert!(package.span.end as usize <= bytes.len());
                    prop_assert!(package.dependencies.iter().all(|&i| (i as usize) < parsed.value.len()));
                }
            }
        }
    }

    #[test]
    fn scopes_are_no_version_separators() {
        assert_eq!(split_at_version("@a/b@1.0.0"), Some(("@a/b", "1.0.0")));
        assert_eq!(split_at_version("b@npm:c@1"), Some(("b", "npm:c@1")));
        assert_eq!(split_at_version("@a/b"), None);
    }
}
