//! The order of versions: SemVer 2.0.0 precedence (section 11) for all three ecosystems, read tolerantly.
//!
//! OSV speaks of npm, crates.io and Go in this one order, whether a range is typed `SEMVER` or `ECOSYSTEM`;
//! the ecosystems differ in spelling alone. What range requirements mean (`^1`, or that a pre-release matches
//! only its own triple) has no part in it.

mod go;

pub use go::toolchain as go_toolchain;

use std::cmp::Ordering;

/// A version read for comparison alone: it borrows its text, and compares without allocating.
///
/// Reading forgives what registries have let through: a `v` or `=` in front, one, two or more than three
/// numbers, leading zeros, numbers of any length. Build metadata takes no part (SemVer section 10).
#[derive(Clone, Copy, Debug)]
pub struct Version<'a> {
    release: &'a str,
    pre: Option<&'a str>,
}

/// Orders two versions as text by precedence. What is no version comes before all that are, by its letters.
#[must_use]
pub fn by_precedence(a: &str, b: &str) -> Ordering {
    match (Version::parse(a), Version::parse(b)) {
        (Some(a), Some(b)) => a.cmp_precedence(&b),
        (None, None) => a.cmp(b),
        (one, other) => one.is_some().cmp(&other.is_some()),
    }
}

impl<'a> Version<'a> {
    /// Reads a version; `None` where it does not begin with a number, or holds what no version may.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let text = bare(text);
        let text = text.split_once('+').map_or(text, |(version, _)| version);
        let (release, pre) = match text.split_once('-') {
            Some((release, pre)) => (release, Some(pre)),
            None => split_glued(text),
        };
        let numeric = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !release.split('.').all(numeric) {
            return None;
        }
        if pre.is_some_and(|pre| pre.is_empty() || !pre.bytes().all(|b| b.is_ascii_graphic())) {
            return None;
        }
        Some(Self { release, pre })
    }

    /// SemVer precedence (section 11); missing numbers count as zero.
    #[must_use]
    pub fn cmp_precedence(&self, other: &Version<'_>) -> Ordering {
        cmp_release(self.release, other.release).then_with(|| match (self.pre, other.pre) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(a), Some(b)) => cmp_pre(a, b),
        })
    }

    /// True for a pre-release: also for Go's pseudo-versions.
    #[must_use]
    pub fn is_prerelease(&self) -> bool {
        self.pre.is_some()
    }

    /// Major version and release line: `("1", "1.2")` of 1.2.3. Parts that are not written count as 0.
    #[must_use]
    pub fn lines(&self) -> (&'a str, &'a str) {
        let mut dots = self.release.match_indices('.').map(|(at, _)| at);
        let (major, minor) = (dots.next(), dots.next());
        let upto = |at: Option<usize>| at.map_or(self.release, |at| &self.release[..at]);
        (upto(major), upto(minor))
    }
}

/// The version without spelling: no space, `=` or `v` in front of a number.
#[must_use]
pub fn bare(text: &str) -> &str {
    let text = text.trim();
    let text = text.strip_prefix('=').map_or(text, str::trim_start);
    match text.strip_prefix(['v', 'V']) {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => rest,
        _ => text,
    }
}

/// True where the text can be told from a commit: forty or sixty-four hexadecimal digits are no version.
#[must_use]
pub fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// `1.2.3beta` and `1.2.0rc1`: npm's old loose form of a pre-release.
fn split_glued(text: &str) -> (&str, Option<&str>) {
    match text.find(|c: char| !c.is_ascii_digit() && c != '.') {
        Some(at) if at > 0 && text.as_bytes()[at - 1].is_ascii_digit() => (&text[..at], Some(&text[at..])),
        _ => (text, None),
    }
}

fn cmp_release(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (x, y) => match cmp_digits(x.unwrap_or("0"), y.unwrap_or("0")) {
                Ordering::Equal => {}
                unequal => return unequal,
            },
        }
    }
}

/// Digits by value, of any length.
fn cmp_digits(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// Pre-release identifiers, dot by dot: numbers by value and below words, words by ASCII, fewer below more.
fn cmp_pre(a: &str, b: &str) -> Ordering {
    let numeric = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let unequal = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) => match (numeric(x), numeric(y)) {
                (true, true) => cmp_digits(x, y),
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                (false, false) => x.cmp(y),
            },
        };
        if unequal != Ordering::Equal {
            return unequal;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cmp(a: &str, b: &str) -> Ordering {
        Version::parse(a).unwrap().cmp_precedence(&Version::parse(b).unwrap())
    }

    #[test]
    fn the_standards_own_examples_ascend() {
        let rising = [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "2.0.0",
            "2.1.0",
            "2.1.1",
        ];
        for pair in rising.windows(2) {
            assert_eq!(cmp(pair[0], pair[1]), Ordering::Less, "{pair:?}");
        }
    }

    #[test]
    fn spelling_does_not_matter() {
        for (a, b) in [("v1.2.3", "1.2.3"), ("1.2", "1.2.0"), ("=1.02.3", "1.2.3"), ("1.0.0+a", "1.0.0+b")] {
            assert_eq!(cmp(a, b), Ordering::Equal, "{a} {b}");
        }
        assert_eq!(cmp("99999999999999999999999.0.0", "3.0.0"), Ordering::Greater);
        assert_eq!(cmp("1.2.3.4", "1.2.3"), Ordering::Greater);
        assert_eq!(cmp("1.2.3beta", "1.2.3"), Ordering::Less);
        for bad in ["", "latest", "x.1", "1..2", "1.-1", "-", "v", "1.2.", "git+ssh://host/x"] {
            assert!(Version::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn pseudo_versions_are_prereleases_and_incompatible_is_build() {
        assert_eq!(cmp("v0.0.0-20220906165146-f3363e06e74c", "v0.1.0"), Ordering::Less);
        assert_eq!(cmp("v0.0.0-20220906165146-f3363e06e74c", "v0.0.0-20200101000000-aaaaaaaaaaaa"), Ordering::Greater);
        assert_eq!(cmp("v2.0.0+incompatible", "2.0.0"), Ordering::Equal);
        assert_eq!(cmp("v1.2.4-0.20200101000000-abcdefabcdef", "1.2.3"), Ordering::Greater);
    }

    #[test]
    fn commits_are_told_from_versions() {
        assert!(is_commit("0e58ed8671d6b60d0890c21b07f8835ace038e67"));
        assert!(!is_commit("v45.0.1"));
    }

    proptest! {
        #[test]
        fn agrees_with_the_semver_crate(
            a in "[0-9]{1,2}\\.[0-3]\\.[0-3](-(alpha|beta|rc|0|1|11|a-b)(\\.(0|1|2|10|x)){0,2})?(\\+[a-z]{1,3})?",
            b in "[0-9]{1,2}\\.[0-3]\\.[0-3](-(alpha|beta|rc|0|1|11|a-b)(\\.(0|1|2|10|x)){0,2})?(\\+[a-z]{1,3})?",
        ) {
            if let (Ok(x), Ok(y)) = (semver::Version::parse(&a), semver::Version::parse(&b)) {
                prop_assert_eq!(cmp(&a, &b), x.cmp_precedence(&y));
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            let _ = Version::parse(&text);
            let _ = is_commit(&text);
        }
    }
}
