//! Bills of materials: every package of every lock file, with its package URL and what it depends on.

mod cyclonedx;
mod spdx;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::gitlab::uuid;
use super::runner::{Defused, JSON_NUMBER_SIGN};
use crate::model::{Fingerprint, FingerprintFields, Package, PackageSource, RepoPath, Scope, percent_encode_path};

/// What is written, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standard {
    /// CycloneDX 1.6, JSON.
    CycloneDx,
    /// SPDX 2.3, JSON.
    Spdx,
}

/// What a bill is about.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The project's name.
    pub name: &'a str,
    /// Version of this program.
    pub version: &'a str,
    /// When it was made, as RFC 3339 has it in UTC: SPDX requires it (2.3, 6.9).
    pub created: &'a str,
}

/// One package, however many lock files pin it.
struct Component<'a> {
    package: &'a Package,
    /// Paths of the lock files.
    files: BTreeSet<&'a str>,
    /// References of what it depends on.
    dependencies: BTreeSet<String>,
    /// Used only in development, by every lock file that has it.
    development: bool,
}

/// All packages by their references, and what the project itself asks for.
pub struct Bill<'a> {
    components: BTreeMap<String, Component<'a>>,
    direct: BTreeSet<String>,
}

impl<'a> Bill<'a> {
    /// Of the packages of lock files. Local packages are parts of the project: what they depend on is direct.
    #[must_use]
    pub fn of(files: &'a [(RepoPath, Vec<Package>)]) -> Self {
        let mut bill = Self { components: BTreeMap::new(), direct: BTreeSet::new() };
        for (path, packages) in files {
            for package in packages {
                bill.add(path, package, packages);
            }
        }
        bill
    }

    fn add(&mut self, path: &'a RepoPath, package: &'a Package, packages: &'a [Package]) {
        let asked = package.dependencies.iter().filter_map(|at| packages.get(*at as usize)).filter(|p| is_foreign(p));
        let dependencies = asked.map(reference);
        if !is_foreign(package) {
            self.direct.extend(dependencies);
            return;
        }
        let dependencies: Vec<String> = dependencies.collect();
        let component = self.components.entry(reference(package)).or_insert_with(|| Component {
            package,
            files: BTreeSet::new(),
            dependencies: BTreeSet::new(),
            development: true,
        });
        component.files.insert(path.as_str());
        component.dependencies.extend(dependencies);
        component.development &= package.scope == Scope::Development;
        if package.direct {
            self.direct.insert(reference(package));
        }
    }

    /// Packages in the bill.
    #[must_use]
    pub fn len(&self) -> usize {
        self.components.len()
    }

    /// True for a project without packages of others.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.components.is_empty()
    }

    /// Writes it; the same bytes for the same packages and `about`.
    ///
    /// # Errors
    /// Where `out` fails.
    pub fn write(&self, standard: Standard, about: &About<'_>, out: &mut dyn Write) -> io::Result<()> {
        let document = match standard {
            Standard::CycloneDx => cyclonedx::document(self, about),
            Standard::Spdx => spdx::document(self, about),
        };
        let mut safe = Defused::new(out, JSON_NUMBER_SIGN);
        serde_json::to_writer_pretty(&mut safe, &document)?;
        safe.write_all(b"\n")?;
        safe.finish()
    }

    /// A UUID made of the content.
    fn serial(&self, about: &About<'_>) -> String {
        let mut all = about.name.to_owned();
        for (reference, component) in &self.components {
            all = all + "\n" + reference;
            component.dependencies.iter().for_each(|other| all = format!("{all} {other}"));
        }
        let fields = FingerprintFields { tool: "sbom", rule: "", path: "", kind: "", discriminator: &all, ordinal: 0 };
        uuid(&Fingerprint::of(&fields).to_string())
    }
}

/// True for what is not the project's own.
fn is_foreign(package: &Package) -> bool {
    package.source != PackageSource::Local
}

/// The package URL; what comes from elsewhere than the registry says so.
fn reference(package: &Package) -> String {
    match &package.source {
        PackageSource::Other(place) => {
            let kind = if place.contains("git") { "vcs_url" } else { "download_url" };
            format!("{}?{kind}={}", package.purl(), encoded(place))
        }
        PackageSource::Registry | PackageSource::Local => package.purl(),
    }
}

/// Percent-encoded as a qualifier of a package URL; credentials of an address are left out.
fn encoded(place: &str) -> String {
    let bare = match place.split_once("://") {
        Some((scheme, rest)) => {
            let host = rest.split('/').next().unwrap_or_default();
            let skip = host.rfind('@').map_or(0, |at| at + 1);
            format!("{scheme}://{}", &rest[skip..])
        }
        None => place.to_owned(),
    };
    percent_encode_path(&bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_their_credentials() {
        assert_eq!(encoded("git+https://joe:pw@h.org/a.git#1"), "git%2Bhttps://h.org/a.git%231");
        assert_eq!(encoded("file:../a b"), "file:../a%20b");
    }
}
