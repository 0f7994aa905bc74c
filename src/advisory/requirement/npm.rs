//! npm's ranges (node-semver, "Ranges"): alternatives, hyphens, carets, tildes, x, and the pre-releases they admit.

use std::cmp::Ordering;

use semver::{Prerelease, Version};

/// Alternatives, each a list of bounds that hold together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranges(Vec<Vec<Bound>>);

/// What an operator says of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Bound {
    side: Side,
    at: Version,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Below,
    UpTo,
    Exactly,
    From,
    Above,
}

/// A version of which the end may be open: `1`, `1.x`, `1.2.3-rc.1`.
#[derive(Clone, Debug)]
struct Partial {
    major: Option<u64>,
    minor: Option<u64>,
    patch: Option<u64>,
    pre: Prerelease,
}

/// Longest text that is read: npm refuses longer ones, too.
const MAX_LENGTH: usize = 256;

/// The operators, longer ones before those they begin with.
const OPERATORS: [&str; 8] = ["~>", ">=", "<=", "^", "~", ">", "<", "="];

impl Ranges {
    /// Reads a range as `package.json` has it, an alias (`npm:real@^1`) or Berry's `npm:^1` included.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() > MAX_LENGTH {
            return None;
        }
        let text = match text.strip_prefix("npm:") {
            Some(rest) => match rest.get(1..).and_then(|tail| tail.find('@')) {
                Some(at) => &rest[at + 2..],
                None if Self::parse(rest).is_some() => rest,
                None => "*",
            },
            None => text,
        };
        text.split("||").map(|part| alternative(part.trim())).collect::<Option<Vec<_>>>().map(Self)
    }

    pub(super) fn admit(&self, version: &Version) -> bool {
        self.0.iter().any(|bounds| bounds.iter().all(|bound| bound.holds(version)) && pre_admitted(bounds, version))
    }

    pub(super) fn floors(&self) -> Vec<String> {
        let bounds = self.0.iter().flatten().filter(|bound| matches!(bound.side, Side::From | Side::Exactly));
        bounds.map(|bound| bound.at.to_string()).collect()
    }
}

impl Bound {
    fn holds(&self, version: &Version) -> bool {
        let order = version.cmp_precedence(&self.at);
        match self.side {
            Side::Below => order == Ordering::Less,
            Side::UpTo => order != Ordering::Greater,
            Side::Exactly => order == Ordering::Equal,
            Side::From => order != Ordering::Less,
            Side::Above => order == Ordering::Greater,
        }
    }
}

/// A pre-release is taken only where a bound names one of the same release.
fn pre_admitted(bounds: &[Bound], version: &Version) -> bool {
    let release = |one: &Version| (one.major, one.minor, one.patch);
    let named = |bound: &Bound| !bound.at.pre.is_empty() && release(&bound.at) == release(version);
    version.pre.is_empty() || bounds.iter().any(named)
}

fn alternative(text: &str) -> Option<Vec<Bound>> {
    if let Some((from, to)) = hyphen(text) {
        return between(&Partial::parse(from)?, &Partial::parse(to)?);
    }
    let mut bounds = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let operator = OPERATORS.into_iter().find(|operator| rest.starts_with(operator)).unwrap_or_default();
        rest = rest[operator.len()..].trim_start();
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        bounds.extend(comparator(operator, &Partial::parse(&rest[..end])?)?);
        rest = rest[end..].trim_start();
    }
    Some(bounds)
}

/// `1.2 - 2`: a hyphen between spaces, and nothing else.
fn hyphen(text: &str) -> Option<(&str, &str)> {
    let (from, to) = text.split_once(" - ")?;
    let (from, to) = (from.trim(), to.trim());
    let single = |one: &str| !one.is_empty() && !one.contains(char::is_whitespace);
    (single(from) && single(to)).then_some((from, to))
}

fn between(from: &Partial, to: &Partial) -> Option<Vec<Bound>> {
    let mut bounds = Vec::new();
    if from.major.is_some() {
        bounds.push(Bound { side: Side::From, at: from.floor() });
    }
    match (to.major, to.is_whole()) {
        (None, _) => {}
        (_, true) => bounds.push(Bound { side: Side::UpTo, at: to.floor() }),
        _ => bounds.push(below(to.next()?)),
    }
    Some(bounds)
}

/// One operator and version as bounds; none for "any".
fn comparator(operator: &str, partial: &Partial) -> Option<Vec<Bound>> {
    let floor = partial.floor();
    let one = |side, at| Some(vec![Bound { side, at }]);
    let Some(major) = partial.major else {
        // Nothing is above or below all versions.
        return if matches!(operator, "<" | ">") { Some(vec![below(least(0, 0, 0))]) } else { Some(Vec::new()) };
    };
    let from = |to| Some(vec![Bound { side: Side::From, at: floor.clone() }, below(to)]);
    match operator {
        "^" => match (major, partial.minor, partial.patch) {
            (0, Some(0), Some(patch)) => from(least(0, 0, patch.checked_add(1)?)),
            (0, Some(minor), _) => from(least(0, minor.checked_add(1)?, 0)),
            _ => from(least(major.checked_add(1)?, 0, 0)),
        },
        "~" | "~>" => match partial.minor {
            Some(minor) => from(least(major, minor.checked_add(1)?, 0)),
            None => from(least(major.checked_add(1)?, 0, 0)),
        },
        ">=" => one(Side::From, floor),
        "<" if partial.is_whole() => one(Side::Below, floor),
        "<" => Some(vec![below(least(floor.major, floor.minor, floor.patch))]),
        ">" if partial.is_whole() => one(Side::Above, floor),
        ">" => one(Side::From, Version { pre: Prerelease::EMPTY, ..partial.next()? }),
        "<=" if partial.is_whole() => one(Side::UpTo, floor),
        "<=" => Some(vec![below(partial.next()?)]),
        _ if partial.is_whole() => one(Side::Exactly, floor),
        _ => from(partial.next()?),
    }
}

fn below(at: Version) -> Bound {
    Bound { side: Side::Below, at }
}

/// The lowest pre-release of a version: what lies below it lies below all of that version's pre-releases, too.
fn least(major: u64, minor: u64, patch: u64) -> Version {
    Version { pre: Prerelease::new("0").unwrap_or_default(), ..Version::new(major, minor, patch) }
}

impl Partial {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim_start_matches(['v', '=']);
        let text = text.split_once('+').map_or(text, |(version, _)| version);
        let (release, pre) = match text.split_once('-') {
            Some((release, pre)) => (release, Prerelease::new(pre).ok()?),
            None => (text, Prerelease::EMPTY),
        };
        let mut open = false;
        let mut parts = [None; 3];
        for (n, part) in release.split('.').enumerate() {
            let slot = parts.get_mut(n)?;
            match part {
                "x" | "X" | "*" => open = true,
                // Nothing after an open part counts; npm refuses that in some places, and takes it in others.
                _ => *slot = Some(part.parse().ok()?).filter(|_| !open),
            }
        }
        let [major, minor, patch] = parts;
        // The pre-release of a version that is not whole says nothing.
        let pre = if patch.is_some() { pre } else { Prerelease::EMPTY };
        Some(Self { major, minor, patch, pre })
    }

    fn is_whole(&self) -> bool {
        self.patch.is_some()
    }

    fn floor(&self) -> Version {
        let [major, minor, patch] = [self.major, self.minor, self.patch].map(Option::unwrap_or_default);
        Version { pre: self.pre.clone(), ..Version::new(major, minor, patch) }
    }

    /// Where the versions that an open end stands for are over.
    fn next(&self) -> Option<Version> {
        let major = self.major?;
        Some(match self.minor {
            Some(minor) => least(major, minor.checked_add(1)?, 0),
            None => least(major.checked_add(1)?, 0, 0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(range: &str, version: &str) -> bool {
        Ranges::parse(range).is_some_and(|ranges| ranges.admit(&Version::parse(version).unwrap()))
    }

    /// Range, versions inside, versions outside: what node-semver answers to each.
    const TABLE: &[(&str, &str, &str)] = &[
        ("^1.2.3", "1.2.3 1.9.9", "1.2.2 2.0.0 2.0.0-rc.1 1.3.0-rc.1 1.2.3-rc.1"),
        ("^0.2.3", "0.2.3 0.2.9", "0.3.0 0.2.2"),
        ("^0.0.3", "0.0.3", "0.0.4 0.1.0"),
        ("^0.0", "0.0.0 0.0.9", "0.1.0"),
        ("^0.x", "0.0.0 0.9.0", "1.0.0"),
        ("^0", "0.0.0 0.9.0", "1.0.0"),
        ("^1.2.3-beta.2", "1.2.3-beta.2 1.2.3-beta.10 1.2.3 1.5.0", "1.2.3-beta.1 1.2.4-beta.2 2.0.0"),
        ("~1.2.3", "1.2.3 1.2.9", "1.3.0 1.2.2"),
        ("~1.2", "1.2.0 1.2.9", "1.3.0"),
        ("~1", "1.0.0 1.9.0", "2.0.0"),
        ("~> 1.2.3", "1.2.5", "1.3.0"),
        ("~0.0.1", "0.0.1 0.0.9", "0.1.0"),
        ("1.2.3", "1.2.3", "1.2.4 1.2.3-rc.1"),
        ("=v1.2.3", "1.2.3", "1.2.4"),
        ("1.x", "1.0.0 1.9.9", "2.0.0 0.9.9 1.0.0-rc.1"),
        ("1.2.*", "1.2.0 1.2.9", "1.3.0"),
        ("*", "0.0.0 9.9.9", "1.0.0-rc.1"),
        ("", "0.0.0 9.9.9", "1.0.0-rc.1"),
        ("1.2.3 - 2.3.4", "1.2.3 2.3.4", "2.3.5 1.2.2"),
        ("1.2 - 2.3", "1.2.0 2.3.9", "2.4.0 1.1.9"),
        ("1.2.3 - 2", "2.9.9", "3.0.0"),
        (">=1.2.3 <2", "1.2.3 1.9.9", "2.0.0 2.0.0-rc.1"),
        (">1.2", "1.3.0", "1.2.9 1.3.0-rc.1"),
        (">1", "2.0.0", "1.9.9"),
        ("<=1.2", "1.2.9", "1.3.0"),
        ("<1.2", "1.1.9", "1.2.0 1.2.0-rc.1"),
        (">= 1.2.3 < 1.3", "1.2.9", "1.3.0"),
        (">*", "", "0.0.0 1.0.0"),
        (">=*", "0.0.0 1.0.0", ""),
        ("1.2.3 || ^2.1 || >=4", "1.2.3 2.9.0 4.0.0 9.0.0", "1.2.4 2.0.9 3.0.0"),
        ("|| 1", "3.0.0", ""),
        (">=1.2.3-alpha <1.2.3-beta", "1.2.3-alpha.1", "1.2.3-rc 1.2.3"),
        ("npm:real@^1.0.0", "1.5.0", "2.0.0"),
        ("npm:@scope/real@~1.0.0", "1.0.5", "1.1.0"),
        ("npm:^1.0.0", "1.5.0", "2.0.0"),
        ("npm:real", "1.5.0", ""),
    ];

    #[test]
    fn ranges_hold_what_npm_says() {
        for (range, inside, outside) in TABLE {
            for version in inside.split_whitespace() {
                assert!(admits(range, version), "{version} in `{range}`");
            }
            for version in outside.split_whitespace() {
                assert!(Ranges::parse(range).is_some() && !admits(range, version), "{version} not in `{range}`");
            }
        }
    }

    #[test]
    fn what_is_no_range_is_none() {
        for text in ["latest", "git+ssh://h/a", "file:../a", "workspace:^", "catalog:", "^1.2.3.4", ">", "1 - 2 - 3"] {
            assert!(Ranges::parse(text).is_none(), "{text}");
        }
        assert!(Ranges::parse(&"1".repeat(300)).is_none());
    }

    #[test]
    fn alternatives_begin_where_they_say() {
        assert_eq!(Ranges::parse("1.x || ^3.2.0 || <2").unwrap().floors(), ["1.0.0", "3.2.0"]);
    }
}
