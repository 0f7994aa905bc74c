//! Packages as lock files name them.

use std::fmt;

use super::Span;
use super::percent::{encode, percent_decode, percent_encode_path};

/// Whose names and version order a package follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ecosystem {
    /// crates.io.
    Cargo,
    /// The npm registry.
    Npm,
    /// Go modules.
    Go,
    /// Actions that GitHub workflows use.
    GitHubActions,
}

impl Ecosystem {
    /// All that advisories are held for.
    pub const ALL: [Ecosystem; 4] = [Self::Cargo, Self::Npm, Self::Go, Self::GitHubActions];

    /// The name in OSV records and in the OSV bucket (OSV schema, `affected[].package.ecosystem`).
    #[must_use]
    pub fn osv(self) -> &'static str {
        match self {
            Self::Cargo => "crates.io",
            Self::Npm => "npm",
            Self::Go => "Go",
            Self::GitHubActions => "GitHub Actions",
        }
    }

    /// The type in a package URL (purl-spec, known types).
    #[must_use]
    pub fn purl_type(self) -> &'static str {
        match self {
            Self::Cargo => "cargo",
            Self::Npm => "npm",
            Self::Go => "golang",
            Self::GitHubActions => "github",
        }
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.osv())
    }
}

/// Where a package's content comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PackageSource {
    /// The ecosystem's public registry: the only one that advisories speak of.
    Registry,
    /// Another registry, a git repository, a URL, a tarball.
    Other(String),
    /// The project itself: workspace members, path and link dependencies.
    Local,
}

/// When a package is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The lock file and manifest do not say.
    #[default]
    Unknown,
    /// Shipped.
    Production,
    /// Development, build and test only.
    Development,
    /// Optional: installed where it can be.
    Optional,
}

impl Scope {
    /// The word in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Production => "production",
            Self::Development => "development",
            Self::Optional => "optional",
        }
    }
}

/// Which versions somebody who depends on a package accepts, where a lock file states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Declared {
    /// The requirement's text in the lock file, maybe in quotes.
    pub span: Span,
    /// True where the project's own manifest, or a workspace member's, asks for it so.
    pub direct: bool,
}

/// One package at one version, as a lock file pins it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Whose names it follows.
    pub ecosystem: Ecosystem,
    /// The real name (never an alias), as the registry writes it.
    pub name: String,
    /// The version as the lock file writes it, Go's `v` included.
    pub version: String,
    /// Where it comes from.
    pub source: PackageSource,
    /// When it is used.
    pub scope: Scope,
    /// The entry in the lock file: best the line that names the package.
    pub span: Span,
    /// Indexes, into the same list, of the packages it depends on; sorted, without repeats.
    pub dependencies: Vec<u32>,
    /// True where the project's own manifest (or a workspace member's) asks for it.
    pub direct: bool,
    /// What dependents accept, as far as the lock file says; sorted, without repeats. Empty: it says nothing.
    pub declared: Vec<Declared>,
}

impl Package {
    /// The package URL (purl-spec): `pkg:npm/%40babel/core@7.0.0`.
    #[must_use]
    pub fn purl(&self) -> String {
        purl(self.ecosystem, &self.name, &self.version)
    }
}

/// The package URL of a name and version (purl-spec, rules for the type).
#[must_use]
pub fn purl(ecosystem: Ecosystem, name: &str, version: &str) -> String {
    let (name, version) = (percent_encode_path(name), encode(version));
    format!("pkg:{}/{name}@{version}", ecosystem.purl_type())
}

/// Whether a package URL as somebody wrote it, with or without a version, names the package of `purl`. Qualifiers and
/// subpath say nothing here; a Go version may lack its `v`.
#[must_use]
pub fn purl_covers(written: &str, purl: &str) -> bool {
    let plain = |text: &str| {
        let bare = text.split(['?', '#']).next().unwrap_or(text);
        let decoded = percent_decode(bare).unwrap_or_else(|| bare.to_owned());
        // The `@` of an npm scope stands behind a slash; the one of a version has none behind it.
        let at = decoded.rfind('@').filter(|at| !decoded[*at..].contains('/') && !decoded[..*at].ends_with('/'));
        let (name, version) = at.map_or((&*decoded, ""), |at| (&decoded[..at], &decoded[at + 1..]));
        let version = if name.starts_with("pkg:golang/") { version.trim_start_matches('v') } else { version };
        (name.to_owned(), version.to_owned())
    };
    let (name, version) = plain(written);
    let (of, current) = plain(purl);
    name == of && (version.is_empty() || version == current)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_purl_covers_with_or_without_version_and_encoding() {
        let npm = "pkg:npm/%40babel/core@7.0.0";
        for written in [npm, "pkg:npm/@babel/core", "pkg:npm/@babel/core@7.0.0", "pkg:npm/%40babel/core?a=b#c"] {
            assert!(purl_covers(written, npm), "{written}");
        }
        for written in ["pkg:npm/%40babel/core@7.0.1", "pkg:npm/core", "pkg:npm/%40babel", "pkg:npm/@babel/cor", ""] {
            assert!(!purl_covers(written, npm), "{written}");
        }
        assert!(purl_covers("pkg:golang/golang.org/x/text@0.3.0", "pkg:golang/golang.org/x/text@v0.3.0"));
        assert!(purl_covers("pkg:golang/a@v2.0.0+incompatible", "pkg:golang/a@v2.0.0%2Bincompatible"));
    }

    #[test]
    fn purls_encode_scopes_and_plus() {
        assert_eq!(purl(Ecosystem::Npm, "@babel/core", "7.0.0"), "pkg:npm/%40babel/core@7.0.0");
        assert_eq!(
            purl(Ecosystem::Go, "github.com/a/b", "v2.0.0+incompatible"),
            "pkg:golang/github.com/a/b@v2.0.0%2Bincompatible"
        );
    }
}
