//! Versions that end an affected range.

use super::index::Row;
use super::range::EventKind;
use super::version::{Version, by_precedence};
use super::{AdvisoryDb, Match};
use crate::model::Ecosystem;

impl AdvisoryDb {
    /// The fixes that all records of one defect agree on, lowest first: named by at least one of them, above the
    /// version that they matched, and affected by none.
    #[must_use]
    pub fn common_fixes(&self, ecosystem: Ecosystem, name: &str, group: &[&Match]) -> Vec<String> {
        let mut fixes: Vec<&String> = group.iter().flat_map(|found| &found.fixed).collect();
        fixes.sort_by(|a, b| by_precedence(a, b).then_with(|| a.cmp(b)));
        fixes.dedup_by(|a, b| by_precedence(a, b).is_eq());
        // One record alone has judged its own.
        fixes.retain(|fix| group.len() < 2 || self.clears(ecosystem, name, fix, group));
        fixes.into_iter().cloned().collect()
    }

    /// Whether none of these advisories affects a version of the package. What only a range without an end says
    /// beside bounds of another kind does not count.
    #[must_use]
    pub fn clears(&self, ecosystem: Ecosystem, name: &str, version: &str, group: &[&Match]) -> bool {
        let named = |id: &str| group.iter().any(|found| found.advisory.id == id);
        let found = self.affecting(ecosystem, name, version);
        !found.iter().any(|found| !found.unbounded && named(&found.advisory.id))
    }
}

/// Ends of ranges above the version that no row affects, lowest first.
pub(super) fn of(rows: &[Row<'_>], version: Option<Version<'_>>) -> Vec<String> {
    let ranges = || rows.iter().flat_map(|row| row.ranges.iter().chain(&row.custom));
    let mut ends: Vec<(Version<'_>, &str)> = ranges()
        .flat_map(|range| &range.events)
        .filter(|event| event.kind == EventKind::Fixed)
        .filter_map(|event| Some((Version::parse(event.version)?, event.version)))
        .filter(|(end, _)| version.is_none_or(|version| end.cmp_precedence(&version).is_gt()))
        .filter(|(end, text)| {
            let listed = rows.iter().any(|row| row.versions.contains(text));
            let affected = rows.iter().any(|row| {
                let main = row.ranges.iter().filter(|range| row.custom.is_empty() || !range.is_unbounded());
                main.chain(&row.custom).any(|range| range.contains(Some(end)))
            });
            !listed && !affected
        })
        .collect();
    // A release that the next one of its line undoes is no fix: RustSec's `unaffected = ["=0.2.1"]`.
    let begins: Vec<Version<'_>> = ranges()
        .flat_map(|range| &range.events)
        .filter(|event| event.kind == EventKind::Introduced)
        .filter_map(|event| Version::parse(event.version))
        .collect();
    let undone = |end: &Version<'_>| {
        begins.iter().any(|begin| begin.lines().1 == end.lines().1 && begin.cmp_precedence(end).is_gt())
    };
    if ends.iter().any(|(end, _)| !undone(end)) {
        ends.retain(|(end, _)| !undone(end));
    }
    ends.sort_by(|a, b| a.0.cmp_precedence(&b.0).then_with(|| a.1.cmp(b.1)));
    ends.dedup_by(|a, b| a.0.cmp_precedence(&b.0).is_eq());
    ends.into_iter().map(|(_, text)| text.to_owned()).collect()
}
