//! Layer 2: what is known to be vulnerable.
//!
//! Readers ([`osv`], `rustsec`, [`starter`]) turn what publishers write into [`Record`]s; [`index`] makes one flat
//! file of them; [`AdvisoryDb`] answers from it. [`store`] keeps it, [`update`] replaces it, and [`fetch`] alone
//! touches the network.

pub mod fetch;
mod fixes;
pub mod group;
pub mod import;
pub mod index;
pub mod osv;
pub mod range;
pub mod record;
pub mod requirement;
mod rustsec;
pub mod severity;
pub mod starter;
pub mod store;
pub mod update;
pub mod version;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub use index::{IndexError, Meta};
pub use record::{GoImport, Informational, Reach, Record};

use crate::model::{DatabaseInfo, Ecosystem, Severity};
use index::{Index, Row};
use version::Version;

/// One advisory, as it answers for one package.
#[derive(Clone, Debug, PartialEq)]
pub struct Advisory {
    /// `GHSA-35jh-r3h4-6jhm`.
    pub id: String,
    /// The same defect elsewhere, as the record lists it.
    pub aliases: Vec<String>,
    /// The lowest id among the records that speak of this defect: equal for those to be shown as one.
    /// Two records of one publisher never share it.
    pub group: String,
    /// One line; may be empty.
    pub summary: String,
    /// `None` where neither the record nor an alias of it says.
    pub severity: Option<Severity>,
    /// CVSS base score, 0.0 to 10.0.
    pub score: Option<f64>,
    /// The vector of that score.
    pub cvss: Option<String>,
    /// Set for what is no vulnerability.
    pub informational: Option<Informational>,
    /// True for a package made to do harm.
    pub malware: bool,
    /// Where to read more.
    pub url: String,
    /// `CWE-79`, sorted.
    pub cwe: Vec<String>,
    /// `YYYY-MM-DD` or empty.
    pub published: String,
    /// `YYYY-MM-DD` or empty.
    pub modified: String,
    /// Where the defect can be reached in this package; empty lists say nothing.
    pub reach: Reach,
}

/// An advisory that affects a version.
#[derive(Clone, Debug, PartialEq)]
pub struct Match {
    /// Which.
    pub advisory: Advisory,
    /// Versions above this one that end an affected range and are not affected themselves, lowest first, as the
    /// advisory writes them (Go's without `v`).
    pub fixed: Vec<String>,
    /// True where only a range without an end says so, while bounds exist that the ecosystem's order cannot
    /// express: low confidence, and never a reason to fail a gate.
    pub unbounded: bool,
}

/// A database that is read when first asked: most trees pin no packages.
pub struct LazyDb {
    db: OnceLock<AdvisoryDb>,
    make: fn() -> AdvisoryDb,
}

impl LazyDb {
    /// One that is there already.
    #[must_use]
    pub fn ready(db: AdvisoryDb) -> Self {
        Self { db: OnceLock::from(db), make: AdvisoryDb::starter }
    }

    /// The one that `make` makes.
    #[must_use]
    pub fn later(make: fn() -> AdvisoryDb) -> Self {
        Self { db: OnceLock::new(), make }
    }

    /// The database, read now where it was not before.
    pub fn get(&self) -> &AdvisoryDb {
        self.db.get_or_init(self.make)
    }

    /// The database where somebody asked it already, or where it was there from the start.
    #[must_use]
    pub fn asked(&self) -> Option<&AdvisoryDb> {
        self.db.get()
    }
}

/// What is known to be vulnerable: opened once, shared by every thread.
#[derive(Debug)]
pub struct AdvisoryDb {
    index: Index,
    source: String,
}

/// A database that cannot answer.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The file cannot be read.
    #[error("cannot read the advisory database {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("the advisory database {path} cannot be used: {source}; `portcullis db update` makes a new one")]
    Index {
        /// The file.
        path: PathBuf,
        /// Why.
        source: IndexError,
    },
}

impl AdvisoryDb {
    /// Opens an index file, its checksum verified.
    ///
    /// # Errors
    /// The file cannot be read, or is damaged.
    #[expect(clippy::disallowed_methods, reason = "the database is no scanned content")]
    pub fn open(path: &Path) -> Result<Self, DbError> {
        let bytes = std::fs::read(path).map_err(|source| DbError::Read { path: path.to_owned(), source })?;
        Self::from_bytes(bytes, &path.display().to_string())
            .map_err(|source| DbError::Index { path: path.to_owned(), source })
    }

    /// Opens whatever advisories a path holds (an index, an OSV zip or folder, a RustSec database) for this run
    /// alone; with it, one line for each record that could not be used.
    ///
    /// # Errors
    /// The path holds none, or is damaged.
    pub fn import(path: &Path) -> Result<(Self, Vec<String>), import::ImportError> {
        let source = path.display().to_string();
        let damaged =
            |error: IndexError| import::ImportError::Damaged { path: path.to_owned(), reason: error.to_string() };
        match import::path(path)? {
            import::Import::Index(bytes) => Ok((Self::from_bytes(bytes, &source).map_err(damaged)?, Vec::new())),
            import::Import::Records(gathered) => {
                Ok((Self::from_records(gathered.records, &source).map_err(damaged)?, gathered.warnings))
            }
        }
    }

    /// Opens an index held in memory or in the program; `source` is what reports call it.
    ///
    /// # Errors
    /// The bytes are no whole index.
    pub fn from_bytes(bytes: impl Into<Cow<'static, [u8]>>, source: &str) -> Result<Self, IndexError> {
        Ok(Self { index: Index::open(bytes.into())?, source: source.to_owned() })
    }

    /// A database of records, in memory.
    ///
    /// # Errors
    /// More than the format holds.
    pub fn from_records(records: Vec<Record>, source: &str) -> Result<Self, IndexError> {
        Self::from_bytes(index::build(records, vec![source.to_owned()], "")?, source)
    }

    /// The set that comes with the program: useful at first, and no database.
    #[must_use]
    pub fn starter() -> Self {
        let records = starter::records();
        Self::from_records(records, "starter set").expect("a few hundred records fit the format")
    }

    /// What the database says of itself; the age is counted from the clock's day.
    #[must_use]
    pub fn info(&self) -> DatabaseInfo {
        self.info_on(jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date())
    }

    /// The same on a given day.
    #[must_use]
    pub fn info_on(&self, today: jiff::civil::Date) -> DatabaseInfo {
        let meta = self.index.meta();
        let age = meta.snapshot.parse::<jiff::civil::Date>().map(|day| (today - day).get_days());
        DatabaseInfo {
            source: self.source.clone(),
            snapshot: meta.snapshot.clone(),
            age_days: age.unwrap_or_default().into(),
            advisories: meta.advisories,
        }
    }

    /// The index itself: its description, bytes and census.
    #[must_use]
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Every advisory that affects a package of the ecosystem's public registry, in order of ids.
    ///
    /// `name` is the registry's own, `version` as lock files write it (Go's `v`, or `go1.21` for `stdlib`).
    /// A package that nothing is known of costs two searches and no allocation.
    #[must_use]
    pub fn affecting(&self, ecosystem: Ecosystem, name: &str, version: &str) -> Vec<Match> {
        let name = canonical_name(ecosystem, name);
        let rows = self.index.rows(ecosystem, &name);
        let mut matches: Vec<Match> = Vec::new();
        if !rows.is_empty() {
            let version = canonical_version(ecosystem, &name, version);
            let by_advisory = rows.chunk_by(|a, b| a.advisory == b.advisory);
            matches.extend(by_advisory.filter_map(|rows| self.judge(rows, &version)));
        }
        if let Some(found) = self.index.malicious(ecosystem, &name) {
            matches.push(malicious(found.id, found.aliases, &name));
            matches.sort_by(|a, b| a.advisory.id.cmp(&b.advisory.id));
        }
        matches
    }

    /// One advisory's rows of one package against a version.
    fn judge(&self, rows: &[Row<'_>], text: &str) -> Option<Match> {
        let version = if version::is_commit(text) { None } else { Version::parse(text) };
        let hits: Vec<(&Row<'_>, Hit)> = rows.iter().filter_map(|row| Some((row, hit(row, text, version)?))).collect();
        let unbounded = !hits.is_empty() && hits.iter().all(|(_, hit)| *hit == Hit::Unbounded);
        let (record, group) = self.index.advisory(hits.first()?.0.advisory)?;
        let reach = hits.iter().filter_map(|(row, _)| row.reach()).fold(None, |known, next| Some(join(known, next)));
        let advisory = Advisory {
            url: if record.url.is_empty() { record::page(&record.id) } else { record.url },
            id: record.id,
            aliases: record.aliases,
            group,
            summary: record.summary,
            severity: record.severity,
            score: record.score,
            cvss: record.cvss,
            informational: record.informational,
            malware: record.malware,
            cwe: record.cwe,
            published: record.published,
            modified: record.modified,
            reach: reach.unwrap_or_default(),
        };
        Some(Match { advisory, fixed: fixes::of(rows, version), unbounded })
    }
}

/// How sure a row is of a version.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hit {
    Sure,
    Unbounded,
}

fn hit(row: &Row<'_>, text: &str, version: Option<Version<'_>>) -> Option<Hit> {
    if row.versions.contains(&text) {
        return Some(Hit::Sure);
    }
    let within = |ranges: &[range::Range<&str>]| ranges.iter().any(|range| range.contains(version.as_ref()));
    if !within(&row.ranges) {
        return None;
    }
    let bounded = row.ranges.iter().any(|range| !range.is_unbounded() && range.contains(version.as_ref()));
    if row.custom.is_empty() || bounded {
        return Some(Hit::Sure);
    }
    // The custom bounds speak of tags: a pseudo-version cannot be compared with them.
    let tag = version.filter(|version| !version.is_prerelease());
    let cleared = tag.is_some_and(|tag| !row.custom.iter().any(|range| range.contains(Some(&tag))));
    (!cleared).then_some(Hit::Unbounded)
}

/// One defect through several rows: reachable by any of them, so an unrestricted row lifts the restriction.
fn join(known: Option<Reach>, next: Reach) -> Reach {
    let Some(mut known) = known else { return next };
    let lists = [(&mut known.functions, next.functions), (&mut known.arch, next.arch), (&mut known.os, next.os)];
    for (mine, theirs) in lists {
        if mine.is_empty() || theirs.is_empty() {
            mine.clear();
        } else {
            mine.extend(theirs);
            mine.sort_unstable();
            mine.dedup();
        }
    }
    if known.imports.is_empty() || next.imports.is_empty() {
        known.imports.clear();
    } else {
        known.imports.extend(next.imports);
    }
    known
}

fn malicious(id: String, aliases: Vec<String>, name: &str) -> Match {
    let advisory = Advisory {
        group: id.clone(),
        url: record::page(&id),
        summary: format!("Every version of `{name}` is malicious"),
        id,
        aliases,
        severity: Some(Severity::Critical),
        score: None,
        cvss: None,
        informational: None,
        malware: true,
        cwe: vec!["CWE-506".to_owned()],
        published: String::new(),
        modified: String::new(),
        reach: Reach::default(),
    };
    Match { advisory, fixed: Vec::new(), unbounded: false }
}

/// A package's name as the index holds it: GitHub's owners and repositories know no case.
#[must_use]
pub fn canonical_name(ecosystem: Ecosystem, name: &str) -> Cow<'_, str> {
    if ecosystem == Ecosystem::GitHubActions && name.bytes().any(|b| b.is_ascii_uppercase()) {
        return Cow::Owned(name.to_ascii_lowercase());
    }
    Cow::Borrowed(name)
}

/// A version as the index holds it: without `v`, and Go's own releases as SemVer.
fn canonical_version<'a>(ecosystem: Ecosystem, name: &str, version: &'a str) -> Cow<'a, str> {
    if ecosystem == Ecosystem::Go && matches!(name, "stdlib" | "toolchain") {
        return version::go_toolchain(version);
    }
    Cow::Borrowed(version::bare(version))
}

#[cfg(test)]
#[path = "db_tests.rs"]
mod tests;
