//! What the scanner is told.

use std::collections::BTreeMap;

use crate::model::Severity;

/// An advisory or package that is known and accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignore {
    /// An advisory's id or one of its aliases, or a package's name.
    pub what: String,
    /// Why; may be empty.
    pub reason: String,
    /// Who says so: `portcullis.toml`, `deny.toml`.
    pub source: String,
    /// The last day it holds, `YYYY-MM-DD`.
    pub until: Option<String>,
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
    /// Also the standard library of a `toolchain` line.
    pub stdlib: bool,
    /// By advisory id, alias or package.
    pub severity: BTreeMap<String, Severity>,
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
            stdlib: false,
            severity: BTreeMap::new(),
            ignores: Vec::new(),
            today: None,
        }
    }
}
