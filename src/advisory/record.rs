//! An advisory as its publisher wrote it, whichever format that was: what the readers give and the index holds.

use crate::model::{Ecosystem, Severity};

use super::range::Range;

/// Why an advisory is no vulnerability (RustSec, `informational`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Informational {
    /// Worth knowing.
    Notice,
    /// Nobody mends it any more.
    Unmaintained,
    /// Safe code can reach undefined behaviour.
    Unsound,
}

impl Informational {
    /// All, in the order of their number in the index.
    pub const ALL: [Informational; 3] = [Self::Notice, Self::Unmaintained, Self::Unsound];

    /// The word RustSec uses; any other kind counts as a notice.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "unmaintained" => Self::Unmaintained,
            "unsound" => Self::Unsound,
            _ => Self::Notice,
        }
    }

    /// The word in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Unmaintained => "unmaintained",
            Self::Unsound => "unsound",
        }
    }
}

/// One Go package with what in it is vulnerable (vulndb, `ecosystem_specific.imports[]`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoImport {
    /// The import path.
    pub path: String,
    /// Functions and methods; empty for the whole package.
    pub symbols: Vec<String>,
}

/// Where the defect can be reached, as far as the publisher said. Empty lists say nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Rust paths of affected functions.
    pub functions: Vec<String>,
    /// Only on these processor architectures (RustSec `arch`, Go `goarch`).
    pub arch: Vec<String>,
    /// Only on these systems (RustSec `os`, Go `goos`).
    pub os: Vec<String>,
    /// Only through these Go packages.
    pub imports: Vec<GoImport>,
}

/// What a record says of one package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Affected {
    /// Whose package.
    pub ecosystem: Ecosystem,
    /// Its name as the registry writes it; actions in lower case, since GitHub tells no case.
    pub name: String,
    /// Affected in any of these,
    pub ranges: Vec<Range>,
    /// or exactly at one of these.
    pub versions: Vec<String>,
    /// Bounds that the ecosystem's own order cannot express (vulndb, `custom_ranges`).
    pub custom: Vec<Range>,
    /// Where the defect can be reached.
    pub reach: Reach,
}

/// One advisory record. Withdrawn ones never become a `Record`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// `GHSA-35jh-r3h4-6jhm`.
    pub id: String,
    /// The same defect elsewhere, as the record lists it.
    pub aliases: Vec<String>,
    /// One line.
    pub summary: String,
    /// The band; `None` where the publisher gave neither vector nor word.
    pub severity: Option<Severity>,
    /// CVSS base score.
    pub score: Option<f64>,
    /// CVSS vector.
    pub cvss: Option<String>,
    /// Set for what is no vulnerability.
    pub informational: Option<Informational>,
    /// True for a package made to do harm.
    pub malware: bool,
    /// Where to read more; empty where the id says it.
    pub url: String,
    /// `CWE-79`, sorted.
    pub cwe: Vec<String>,
    /// RFC 3339 or a day; empty where unknown.
    pub published: String,
    /// RFC 3339 or a day; empty where unknown.
    pub modified: String,
    /// Package by package; one package may stand here twice.
    pub affected: Vec<Affected>,
}

impl Record {
    /// Marks what is malware and not only vulnerable, and rates it critical: OpenSSF's own ids, CWE-506 (embedded
    /// malicious code), and crates that RustSec lists as removed for malicious code, which carry no other mark.
    #[must_use]
    pub fn with_malware_marked(mut self) -> Self {
        let removed = || {
            self.id.starts_with("RUSTSEC-")
                && self.severity.is_none()
                && self.informational.is_none()
                && self.summary.contains("malicious code")
        };
        self.malware = self.id.starts_with("MAL-") || self.cwe.iter().any(|cwe| cwe == "CWE-506") || removed();
        if self.malware {
            self.severity = Some(Severity::Critical);
        }
        self
    }
}

/// The page that people know an advisory by.
#[must_use]
pub fn page(id: &str) -> String {
    match id.split('-').next() {
        Some("RUSTSEC") => format!("https://rustsec.org/advisories/{id}.html"),
        Some("GHSA") => format!("https://github.com/advisories/{id}"),
        Some("GO") => format!("https://pkg.go.dev/vuln/{id}"),
        _ => format!("https://osv.dev/vulnerability/{id}"),
    }
}
