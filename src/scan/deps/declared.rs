//! Which versions of a package a project declares it accepts, by its manifests and lock file.

use super::manifest::Ask;
use crate::advisory::requirement::Requirement;
use crate::lockfile::split_at_version;
use crate::model::{Ecosystem, Package, Span};

/// Versions of one package in one lock file among which a manifest's is looked for; real ones have a handful.
const MOST_VERSIONS: usize = 100;

/// A requirement that takes the version in use.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Accepted {
    /// As written, an alias's name left out.
    pub text: String,
    /// The same, to be judged.
    pub requirement: Requirement,
}

impl Accepted {
    /// Reads what is said of a package; `None` where it is no requirement, or means another version.
    pub(super) fn read(package: &Package, text: &str) -> Option<Self> {
        let requirement = Requirement::parse(package.ecosystem, text).filter(|one| one.admits(&package.version))?;
        let text =
            text.strip_prefix("npm:").map_or(text, |real| split_at_version(real).map_or(real, |(_, version)| version));
        Some(Self { text: text.to_owned(), requirement })
    }
}

/// What the versions of a package are declared to be: by the manifests' `asks` for its name where it is direct, else
/// by all that depend on it. `None` where that is not known, or where the version in use is another (an override); `content` is the
/// lock file's.
pub(super) fn of<'a>(package: &Package, asks: impl Iterator<Item = &'a Ask>, content: &[u8]) -> Option<Vec<Accepted>> {
    let stated = package.declared.iter().filter(|one| one.direct == package.direct);
    let stated = stated.map(|one| Accepted::read(package, &text_at(content, one.span, package.ecosystem)));
    let mut all: Vec<Accepted> = stated.collect::<Option<_>>()?;
    if package.direct {
        // Another version of the same package may be the one that a manifest means.
        all.extend(asks.filter_map(|ask| Accepted::read(package, ask.accepts.as_deref()?)));
    }
    all.sort_by(|a, b| a.text.cmp(&b.text));
    all.dedup_by(|a, b| a.text == b.text);
    (!all.is_empty()).then_some(all)
}

/// The packages that a manifest means, of those that have the name: of several versions the one whose entry has the
/// very text, else those that the requirement takes, else all.
pub(super) fn meant(packages: &[Package], named: &[usize], ask: &Ask, content: &[u8]) -> Vec<usize> {
    let several = named.len() > 1 && named.len() < MOST_VERSIONS;
    let Some(accepts) = ask.accepts.as_deref().filter(|_| several) else { return named.to_vec() };
    let exact =
        |package: &Package| package.declared.iter().any(|one| text_at(content, one.span, package.ecosystem) == accepts);
    let taken = |package: &Package| Accepted::read(package, accepts).is_some();
    let which = |test: &dyn Fn(&Package) -> bool| -> Vec<usize> {
        named.iter().copied().filter(|&index| test(&packages[index])).collect()
    };
    [which(&exact), which(&taken)].into_iter().find(|found| !found.is_empty()).unwrap_or_else(|| named.to_vec())
}

/// A requirement's text in a lock file, without its quotes; in a line of `go.mod` it comes last.
fn text_at(content: &[u8], span: Span, ecosystem: Ecosystem) -> String {
    let text = String::from_utf8_lossy(span.of(content));
    let text = text.trim();
    if ecosystem == Ecosystem::Go {
        return text.rsplit([' ', '\t']).next().unwrap_or_default().to_owned();
    }
    if text.starts_with('"') && text.contains('\\') {
        return serde_json::from_str(text).unwrap_or_default();
    }
    text.trim_matches(['"', '\'']).to_owned()
}
