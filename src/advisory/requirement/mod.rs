//! The versions that a project declares it accepts: Cargo's requirements, npm's ranges, Go's minimum versions.
//!
//! Only for telling which fix can be had without touching a manifest. What an advisory affects is never judged by
//! these rules: see [`super::range`].

mod npm;

use semver::{Version, VersionReq};

use super::version;
use crate::model::Ecosystem;

/// A requirement that can be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// Cargo's (Cargo Book, "Specifying Dependencies").
    Cargo(VersionReq),
    /// npm's: any of these, each of which holds where all of its comparators do.
    Npm(npm::Ranges),
    /// Go's: this version or a later one of the same module path (Go Modules Reference, "Minimal version selection").
    Go(Version),
}

impl Requirement {
    /// Reads a requirement as a manifest or lock file of the ecosystem writes it. `None` where it is none: a tag, a
    /// URL, a path, a word of a package manager's own.
    #[must_use]
    pub fn parse(ecosystem: Ecosystem, text: &str) -> Option<Self> {
        match ecosystem {
            Ecosystem::Cargo => VersionReq::parse(text.trim()).ok().map(Self::Cargo),
            Ecosystem::Npm => npm::Ranges::parse(text).map(Self::Npm),
            Ecosystem::Go => exact(text).map(Self::Go),
            Ecosystem::GitHubActions => None,
        }
    }

    /// Whether the ecosystem's own tool would take this version. A version that cannot be read is not taken.
    #[must_use]
    pub fn admits(&self, version: &str) -> bool {
        let Some(wanted) = exact(version) else { return false };
        match self {
            Self::Cargo(requirement) => requirement.matches(&wanted),
            Self::Npm(ranges) => ranges.admit(&wanted),
            // A path without `/vN` holds majors 0 and 1; a later one only by tags from before modules.
            Self::Go(least) => wanted.cmp_precedence(least).is_ge() && (least.major >= 2 || wanted.major < 2),
        }
    }

    /// The versions at which alternatives of the requirement begin, as text: where a fix below is outside of one
    /// alternative, the next may begin above it.
    #[must_use]
    pub fn floors(&self) -> Vec<String> {
        match self {
            Self::Npm(ranges) => ranges.floors(),
            Self::Cargo(_) | Self::Go(_) => Vec::new(),
        }
    }
}

/// A version as SemVer has it, read as tolerantly as [`version::Version`] is, up to numbers of 64 bits.
fn exact(text: &str) -> Option<Version> {
    version::Version::parse(text)?;
    let text = version::bare(text);
    let text = text.split_once('+').map_or(text, |(version, _)| version);
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (release, pre) = text.split_at(at);
    let mut numbers = release.split('.').map(|part| part.parse::<u64>().ok());
    let mut next = || numbers.next().unwrap_or(Some(0));
    let (major, minor, patch) = (next()?, next()?, next()?);
    let pre = semver::Prerelease::new(pre.strip_prefix('-').unwrap_or(pre)).ok()?;
    numbers.next().is_none().then_some(Version { major, minor, patch, pre, build: semver::BuildMetadata::EMPTY })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn admits(ecosystem: Ecosystem, requirement: &str, version: &str) -> bool {
        Requirement::parse(ecosystem, requirement).is_some_and(|one| one.admits(version))
    }

    #[test]
    fn cargo_means_the_caret() {
        for (requirement, version, expected) in [
            ("1.2.3", "1.9.0", true),
            ("1.2.3", "2.0.0", false),
            ("0.2.3", "0.3.0", false),
            ("0.0.3", "0.0.4", false),
            ("~1.2", "1.3.0", false),
            ("=1.2.3", "1.2.3+build", true),
            (">=1, <3", "2.9.9", true),
            ("1.*", "1.0.0", true),
            ("1.0", "1.1.0-rc.1", false),
            ("1.1.0-beta", "1.1.0-rc.1", true),
        ] {
            assert_eq!(admits(Ecosystem::Cargo, requirement, version), expected, "{requirement} {version}");
        }
    }

    #[test]
    fn go_takes_what_is_later_in_the_same_path() {
        let admits = |requirement, version| admits(Ecosystem::Go, requirement, version);
        assert!(admits("v1.2.0", "1.2.0") && admits("v0.3.0", "1.0.0") && admits("v2.0.0", "2.1.0"));
        assert!(admits("v0.0.0-20200101000000-abcdefabcdef", "0.1.0"));
        assert!(admits("v2.0.0+incompatible", "3.0.0"));
        assert!(!admits("v1.2.0", "1.1.9") && !admits("v1.2.0", "2.0.0"));
    }

    #[test]
    fn versions_that_are_none_are_not_taken() {
        assert!(!admits(Ecosystem::Npm, "*", "latest") && !admits(Ecosystem::Npm, "*", "1.2.3.4"));
        assert!(Requirement::parse(Ecosystem::GitHubActions, "1").is_none());
        assert!(exact("1").is_some_and(|one| one == Version::new(1, 0, 0)));
    }

    proptest! {
        #[test]
        fn any_text_is_a_requirement_or_none(text in "[-0-9x*.^~<>=| v,npm:@+]{0,24}|\\PC{0,24}", version in "\\PC{0,16}") {
            for ecosystem in Ecosystem::ALL {
                if let Some(requirement) = Requirement::parse(ecosystem, &text) {
                    let _ = (requirement.admits(&version), requirement.floors());
                }
            }
        }
    }
}
