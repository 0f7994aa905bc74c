//! A defect at a place, as plain data that outlives the bytes it was found in.

use std::sync::Arc;

use super::{Confidence, Fingerprint, Origin, PackedText, Properties, Property, RepoPath, RuleId, Severity};

/// The property of a result from another tool that holds the severity it came to: merging again comes to the same.
pub const OWN_SEVERITY: &str = "portcullisSeverity";
/// The property that lists who else reported a finding, each as tool, rule and fingerprint.
pub const ALSO_REPORTED: &str = "alsoReportedBy";

/// A region of a file as reports write it. Lines and columns count from 1; `end_column` is one past the
/// last; columns count UTF-16 code units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region {
    /// First line, from 1.
    pub start_line: u32,
    /// First column, from 1, in UTF-16 code units.
    pub start_column: u32,
    /// Last line.
    pub end_line: u32,
    /// One past the last column.
    pub end_column: u32,
    /// The start column in code points, for people.
    pub char_column: u32,
    /// Byte offset in the file, from 0.
    pub byte_offset: u64,
    /// Length in bytes.
    pub byte_length: u64,
}

/// A file and a region of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// Relative to the root.
    pub path: RepoPath,
    /// Where in it.
    pub region: Region,
}

/// Another place that explains a finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Related {
    /// Where.
    pub location: Location,
    /// What it shows.
    pub message: String,
}

/// The lines around a finding, every secret value of the file in them masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    /// The line of the file the text begins with, from 1.
    pub first_line: u32,
    /// Whole lines joined by LF, at most a few, each cut to a bounded length.
    pub text: String,
    /// True where something was masked: SARIF then leaves the snippet out.
    pub masked: bool,
}

/// A repair in positions of the file on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingFix {
    /// What it does.
    pub description: String,
    /// Region to replace, and the text to put there; sorted, none overlapping.
    pub replacements: Vec<(Region, String)>,
    /// SHA-256 of the whole content that the regions count in: what is to be repaired must still have it.
    pub content: [u8; 32],
    /// What must be known first: its id stands as [`super::Pin::PLACE`] in the texts. `None` in every report.
    pub pin: Option<super::Pin>,
}

/// Why a finding does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// True for a comment in the scanned file, false for a configuration or ignore file
    /// (SARIF 3.35.2: `inSource`, `external`).
    pub in_source: bool,
    /// What said so: `portcullis:ignore`, `gitleaks:allow`, `portcullis.toml`.
    pub source: String,
    /// The reason given, or empty.
    pub reason: String,
    /// The day after which it no longer holds, `YYYY-MM-DD`.
    pub until: Option<String>,
}

/// How a finding compares with the baseline (SARIF 3.27.24).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BaselineState {
    /// Not in the baseline.
    New,
    /// In the baseline as it is.
    Unchanged,
    /// In the baseline, changed since (moved, another severity).
    Updated,
    /// In the baseline, gone from the tree.
    Absent,
}

impl BaselineState {
    /// SARIF's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Unchanged => "unchanged",
            Self::Updated => "updated",
            Self::Absent => "absent",
        }
    }
}

/// One defect at one place.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Index into [`super::ScanReport::tools`]; 0 is portcullis itself.
    pub tool: usize,
    /// The rule; its text is in [`super::ScanReport::rules`].
    pub rule: RuleId,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// For a person, free of secret text.
    pub message: String,
    /// Where a person looks first; a suppression comment applies to these lines.
    pub primary: Location,
    /// The block around it.
    pub extent: Option<Region>,
    /// Other places that explain the defect, in reading order.
    pub related: Vec<Related>,
    /// The lines around it, masked.
    pub snippet: Option<Snippet>,
    /// Identity in another run.
    pub fingerprint: Fingerprint,
    /// The fingerprint's fields without the ordinal, joined: equal keys match as a multiset.
    pub anchor: Arc<str>,
    /// `primaryLocationLineHash` exactly as code scanning computes it.
    pub line_hash: Option<String>,
    /// Where the bytes came from.
    pub origin: Origin,
    /// In writing order.
    pub properties: Properties,
    /// Best first.
    pub fixes: Vec<FindingFix>,
    /// Another tool says how to repair it: that counts as a repair, and is never carried out.
    pub foreign_fix: bool,
    /// False where it must never fail a gate.
    pub gates: bool,
    /// Ids beside the rule's aliases to which suppressions answer.
    pub also_known_as: Vec<String>,
    /// Empty for a finding that counts.
    pub suppressions: Vec<Suppression>,
    /// Only where the run had a baseline.
    pub baseline: Option<BaselineState>,
    /// SHA-256 of the secret's value, in memory only: a baseline file holds a few salted bits of it, no
    /// other output anything.
    pub secret_digest: Option<Box<[u8; 32]>>,
    /// A result that came as SARIF, one JSON object without what we add to it: identity, severity, state.
    pub foreign: Option<PackedText>,
}

impl Finding {
    /// True where it counts: neither suppressed nor absent.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.suppressions.is_empty() && self.baseline != Some(BaselineState::Absent)
    }

    /// True where somebody says how to repair it: an edit of ours or of another tool, or a fixed version.
    #[must_use]
    pub fn is_fixable(&self) -> bool {
        !self.fixes.is_empty() || self.foreign_fix || !self.list("fixedVersions").is_empty()
    }

    /// The text of a property; `None` where it has none of that name, or no text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.properties.iter().find_map(|(key, value)| match value {
            Property::Text(text) if *key == name => Some(text.as_str()),
            _ => None,
        })
    }

    /// The texts of a property; empty where it has none of that name, or no list.
    #[must_use]
    pub fn list(&self, name: &str) -> &[String] {
        let lists = self.properties.iter().find_map(|(key, value)| match value {
            Property::List(list) if *key == name => Some(list.as_slice()),
            _ => None,
        });
        lists.unwrap_or_default()
    }

    /// The scanner: what stands before the first `/` of the rule's id.
    #[must_use]
    pub fn scanner(&self) -> &str {
        self.rule.scanner()
    }
}
