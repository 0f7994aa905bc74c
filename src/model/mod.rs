//! Layer 0: the vocabulary. Plain data, no I/O, and no other module imported.
//!
//! Nothing here derives `Serialize`: wire types belong to the format that writes them.

mod draft;
mod finding;
mod fingerprint;
mod hex;
mod input;
mod line_hash;
mod notice;
mod package;
mod packed;
mod path;
mod percent;
mod report;
mod rule;
mod severity;
mod span;

pub use draft::{Anchor, Draft, DraftRelated, Fix, ForeignSuppression, Pin, Properties, Property, Replacement, Sink};
pub use finding::{
    ALSO_REPORTED, BaselineState, Finding, FindingFix, Location, OWN_SEVERITY, Region, Related, Snippet, Suppression,
};
pub use fingerprint::{Fingerprint, FingerprintFields, SCHEME as FINGERPRINT_SCHEME};
pub use hex::hex;
pub use input::{Commit, Input, KeptInput, Origin};
pub use line_hash::line_hashes;
pub use notice::{Notice, NoticeKind, NoticeLevel};
pub use package::{Declared, Ecosystem, Package, PackageSource, Scope, purl, purl_covers};
pub use packed::{PackedText, Packer};
pub use path::RepoPath;
pub use percent::{percent_decode, percent_encode_path};
pub use report::{Coverage, DatabaseInfo, Provenance, ScanReport, Tool};
pub use rule::{FILLED, ForeignRule, Rule, RuleId};
pub use severity::{Confidence, Severity};
pub use span::{ColumnKind, LineIndex, Position, Span};

#[cfg(test)]
pub mod sample;
