//! Which repairs of a file are carried out together, and what becomes of its bytes.

use std::collections::{BTreeMap, HashSet};

use crate::model::{Finding, FindingFix, Fingerprint, Region, RepoPath, ScanReport};
use crate::triage::ignore::is_named;

/// The first repair that a finding offers.
pub struct Repair<'r> {
    /// What is repaired.
    pub finding: &'r Finding,
    /// How.
    pub fix: &'r FindingFix,
}

/// One change of the content: bytes that go, and what comes in their place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// First byte that goes.
    pub start: usize,
    /// One past the last.
    pub end: usize,
    /// What comes.
    pub text: String,
}

/// A file after its repairs.
pub struct Repaired {
    /// Its content.
    pub bytes: Vec<u8>,
    /// What was changed, by place.
    pub edits: Vec<Edit>,
    /// For each repair, the earlier one that it overlaps with, for which it was left out.
    pub overlaps: Vec<Option<usize>>,
}

impl Repair<'_> {
    /// The rule's id.
    pub fn rule(&self) -> &str {
        self.finding.rule.as_str()
    }

    /// `path:line: rule: what it does`.
    pub fn describe(&self) -> String {
        let place = &self.finding.primary;
        format!("{}:{}: {}: {}", place.path, place.region.start_line, self.rule(), self.fix.description)
    }

    fn edits(&self) -> Vec<Edit> {
        self.fix.replacements.iter().map(|(region, text)| Edit::new(region, text)).collect()
    }
}

impl Edit {
    fn new(region: &Region, text: &str) -> Self {
        let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
        Self { start: at(region.byte_offset), end: at(region.byte_offset + region.byte_length), text: text.to_owned() }
    }

    /// True where both change a byte, or insert at the same place what may not stand beside each other.
    fn overlaps(&self, other: &Edit) -> bool {
        if self.start == other.start && self.end == other.end {
            return !(self.is_line() && other.is_line() && self.name() != other.name());
        }
        self.start < other.end && other.start < self.end
    }

    /// A line of its own behind another.
    fn is_line(&self) -> bool {
        let text = self.text.strip_prefix('\r').unwrap_or(&self.text);
        self.start == self.end && text.strip_prefix('\n').is_some_and(|line| !line.contains('\n'))
    }

    /// The attribute that a line sets.
    fn name(&self) -> &str {
        self.text.split([':', '=']).next().unwrap_or_default().trim()
    }
}

/// Which findings are to be repaired.
#[derive(Default)]
pub struct Wanted {
    /// Those of these rules; empty for all.
    pub rules: Vec<String>,
    /// Those alone, where some were left for another pass.
    pub fingerprints: Option<HashSet<Fingerprint>>,
}

impl Wanted {
    fn has(&self, finding: &Finding, report: &ScanReport) -> bool {
        let rule = report.rule_of(finding).map(AsRef::as_ref);
        (self.rules.is_empty() || self.rules.iter().any(|name| is_named(name, finding, rule)))
            && self.fingerprints.as_ref().is_none_or(|left| left.contains(&finding.fingerprint))
    }
}

/// The repairs of findings that count, by file and place.
pub fn repairs<'r>(report: &'r ScanReport, wanted: &Wanted) -> BTreeMap<&'r RepoPath, Vec<Repair<'r>>> {
    let mut chosen: BTreeMap<&RepoPath, Vec<Repair<'_>>> = BTreeMap::new();
    for finding in report.active().filter(|finding| finding.tool == 0 && wanted.has(finding, report)) {
        if let Some(fix) = finding.fixes.first() {
            chosen.entry(&finding.primary.path).or_default().push(Repair { finding, fix });
        }
    }
    chosen
}

/// Carries out repairs in their order. One that overlaps with an earlier one is left out whole; one that is the same
/// as an earlier one is done by it.
pub fn apply(bytes: &[u8], repairs: &[Repair<'_>]) -> Repaired {
    let mut done: Vec<(usize, Vec<Edit>)> = Vec::new();
    let mut overlaps = Vec::with_capacity(repairs.len());
    for (at, repair) in repairs.iter().enumerate() {
        let edits = repair.edits();
        let same = done.iter().any(|(_, other)| *other == edits);
        let clash = |other: &[Edit]| edits.iter().any(|edit| other.iter().any(|other| edit.overlaps(other)));
        let first = done.iter().find(|(_, other)| !same && clash(other)).map(|(first, _)| *first);
        if first.is_none() && !same {
            done.push((at, edits));
        }
        overlaps.push(first);
    }
    let mut edits: Vec<Edit> = done.into_iter().flat_map(|(_, edits)| edits).collect();
    edits.sort_by_key(|edit| (edit.start, edit.end));
    Repaired { bytes: edited(bytes, &edits), edits, overlaps }
}

/// The content with every edit made; edits are sorted and do not overlap.
pub fn edited(bytes: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut after = Vec::with_capacity(bytes.len() + edits.iter().map(|edit| edit.text.len()).sum::<usize>());
    let mut from = 0;
    for edit in edits {
        after.extend_from_slice(bytes.get(from..edit.start).unwrap_or_default());
        after.extend_from_slice(edit.text.as_bytes());
        from = edit.end;
    }
    after.extend_from_slice(bytes.get(from..).unwrap_or_default());
    after
}
