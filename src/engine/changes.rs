//! Findings of a change: those on lines that it brought.

use std::collections::HashMap;

use crate::model::{Finding, Notice, Region, RepoPath};
use crate::source::{Lines, NewLines};

/// Leaves out what the change did not touch, and notices about files that were only read beside it.
pub fn retain(findings: &mut Vec<Finding>, notices: &mut Vec<Notice>, lines_of: &NewLines) {
    let mut known: HashMap<RepoPath, Option<Lines>> = HashMap::new();
    let mut lines = |path: &RepoPath| known.entry(path.clone()).or_insert_with(|| lines_of(path)).clone();
    findings.retain(|finding| match lines(&finding.primary.path) {
        None => false,
        Some(Lines::All) => true,
        Some(Lines::Some(stretches)) => stretches.iter().any(|stretch| touches(*stretch, finding)),
    });
    notices.retain(|notice| notice.path.as_ref().is_none_or(|path| lines(path).is_some()));
}

/// True where new lines are the finding's own; or where lines went from the block that a finding at its head
/// is about, as what is missing there may have stood on them.
fn touches((first, last): (u32, u32), finding: &Finding) -> bool {
    let own = finding.primary.region;
    let meets = |region: Region| first <= region.end_line && last >= region.start_line;
    if first <= last {
        return meets(own);
    }
    let at_head = |block: &Region| block.start_line == own.start_line && block.end_line > own.end_line;
    finding.extent.filter(at_head).is_some_and(|block| first > block.start_line && first <= block.end_line + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Confidence, Fingerprint, FingerprintFields, Location, Origin, RuleId, Severity};

    fn finding(own: (u32, u32), block: Option<(u32, u32)>) -> Finding {
        let region = |(start_line, end_line)| Region { start_line, end_line, ..Region::default() };
        let fields = FingerprintFields { tool: "", rule: "", path: "", kind: "", discriminator: "", ordinal: 0 };
        Finding {
            tool: 0,
            rule: RuleId::new("iac/x"),
            severity: Severity::High,
            confidence: Confidence::High,
            message: String::new(),
            primary: Location { path: RepoPath::new("a"), region: region(own) },
            extent: block.map(region),
            related: Vec::new(),
            snippet: None,
            fingerprint: Fingerprint::of(&fields),
            anchor: "".into(),
            line_hash: None,
            origin: Origin::Index,
            properties: Vec::new(),
            fixes: Vec::new(),
            foreign_fix: false,
            gates: true,
            also_known_as: Vec::new(),
            suppressions: Vec::new(),
            baseline: None,
            secret_digest: None,
            foreign: None,
        }
    }

    #[test]
    fn a_finding_is_new_where_its_own_lines_are() {
        assert!(touches((4, 6), &finding((6, 8), None)));
        assert!(touches((8, 8), &finding((6, 8), None)));
        assert!(!touches((9, 9), &finding((6, 8), None)));
        assert!(!touches((3, 4), &finding((2, 2), Some((2, 9)))), "another line of the block");
    }

    #[test]
    fn lines_that_went_from_a_block_make_what_it_lacks_new() {
        // Lines went right before line 5: `last` is one below `first`.
        assert!(touches((5, 4), &finding((2, 2), Some((2, 9)))));
        assert!(touches((10, 9), &finding((2, 2), Some((2, 9)))));
        assert!(!touches((2, 1), &finding((2, 2), Some((2, 9)))), "before the block");
        assert!(!touches((5, 4), &finding((6, 6), Some((2, 9)))), "not at the head");
        assert!(!touches((5, 4), &finding((2, 2), None)));
    }
}
