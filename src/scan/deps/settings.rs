//! What the scanner is told.

use std::collections::BTreeMap;

use globset::GlobMatcher;

use crate::model::{Ecosystem, Package, RepoPath, Severity, purl_covers};

/// An advisory or package that is known and accepted.
#[derive(Clone, Debug, Default)]
pub struct Ignore {
    /// An advisory's id or one of its aliases, or a package's name.
    pub what: String,
    /// Only this version of the package; none: all.
    pub version: Option<String>,
    /// Only packages of this ecosystem; none: all.
    pub ecosystem: Option<Ecosystem>,
    /// Only lock files in this folder or below; empty: the whole tree.
    pub folder: String,
    /// Only lock files that one of these globs names, relative to `folder`; empty: all.
    pub paths: Vec<GlobMatcher>,
    /// Only packages with one of these URLs, of any version where the URL names none; empty: all.
    pub purls: Vec<String>,
    /// Why; may be empty.
    pub reason: String,
    /// Who says so: `portcullis.toml`, `deny.toml`.
    pub source: String,
    /// The last day it holds, `YYYY-MM-DD`.
    pub until: Option<String>,
}

impl Ignore {
    /// Whether it speaks of a package of a lock file, and of one of these ids or of the package by name.
    #[must_use]
    pub fn covers(&self, lock: &RepoPath, package: &Package, ids: &[String]) -> bool {
        let Some(inside) = below(&self.folder, lock.as_str()) else { return false };
        (self.what == package.name || ids.iter().any(|id| id.eq_ignore_ascii_case(&self.what)))
            && self.version.as_deref().is_none_or(|version| version == package.version)
            && self.ecosystem.is_none_or(|ecosystem| ecosystem == package.ecosystem)
            && (self.paths.is_empty() || self.paths.iter().any(|glob| glob.is_match(inside)))
            && (self.purls.is_empty() || self.purls.iter().any(|purl| purl_covers(purl, &package.purl())))
    }
}

/// The rest of a path below a folder; the empty folder holds all.
fn below<'a>(folder: &str, path: &'a str) -> Option<&'a str> {
    if folder.is_empty() { Some(path) } else { path.strip_prefix(folder)?.strip_prefix('/') }
}

/// How dependencies are judged.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether development dependencies are reported.
    pub dev: bool,
    /// Only what has a fix.
    pub only_fixed: bool,
    /// For an advisory that states none.
    pub unknown_severity: Severity,
    /// Unmaintained packages count as high.
    pub deny_unmaintained: bool,
    /// Go findings of packages that the module's sources do not import count one step lower. Only for scans of whole
    /// trees: what was not read imports nothing.
    pub reach: bool,
    /// Also the standard library of a `toolchain` line.
    pub stdlib: bool,
    /// By advisory id, alias or package.
    pub severity: BTreeMap<String, Severity>,
    /// Also what is installed in `node_modules`.
    pub installed: bool,
    /// Also what executables say they are made of.
    pub binaries: bool,
    /// Bills of materials that are checked as lock files are.
    pub sboms: Vec<RepoPath>,
    /// What is accepted.
    pub ignores: Vec<Ignore>,
    /// The day of the run, `YYYY-MM-DD`, to judge expiry by; none: nothing expires.
    pub today: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            dev: true,
            only_fixed: false,
            unknown_severity: Severity::Medium,
            deny_unmaintained: false,
            reach: false,
            stdlib: false,
            installed: false,
            binaries: false,
            severity: BTreeMap::new(),
            sboms: Vec::new(),
            ignores: Vec::new(),
            today: None,
        }
    }
}
