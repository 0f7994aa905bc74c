//! Findings of different tools that mean the same become one, with the others named in it.

use std::collections::BTreeMap;

use crate::model::{Finding, Property, RepoPath, ScanReport};

/// Marks repetitions across tools: the representative names the others in `alsoReportedBy` and in its
/// aliases, the others leave the report. Results of one tool are never merged with each other.
///
/// Two findings are the same where they lie in one file and
/// - their lines overlap, and our rule or finding answers to the other's rule: the published table of equal
///   rules is what `portcullis rules show` lists as aliases;
/// - or ours is of a package, answers to the other's rule, and the other names that package and version: tools
///   point at other lines of a lock file, or at none;
/// - or their lines overlap, and both are secrets.
///
/// Never by weakness (CWE) and line alone. Nothing is merged in an incomplete run: the missing tool's alert
/// would close and reopen.
pub fn across_tools(report: &mut ScanReport) -> usize {
    if !report.complete || report.tools.len() < 2 {
        return 0;
    }
    let mut by_path: BTreeMap<RepoPath, Vec<usize>> = BTreeMap::new();
    for (at, finding) in report.findings.iter().enumerate().filter(|(_, finding)| finding.is_active()) {
        by_path.entry(finding.primary.path.clone()).or_default().push(at);
    }
    let mut merged: BTreeMap<usize, usize> = BTreeMap::new();
    for group in by_path.values().filter(|group| group.len() > 1) {
        // The representative is the least by (tool, place): ours first.
        let mut order = group.clone();
        order.sort_by_key(|&at| (report.findings[at].tool, at));
        for (rank, &first) in order.iter().enumerate().filter(|(_, at)| report.findings[**at].tool == 0) {
            for &other in order.get(rank + 1..).unwrap_or_default() {
                let pair = (&report.findings[first], &report.findings[other]);
                if pair.0.tool != pair.1.tool && !merged.contains_key(&other) && same(report, pair.0, pair.1) {
                    merged.insert(other, first);
                }
            }
        }
    }
    for (&other, &first) in &merged {
        let gone = report.findings[other].clone();
        let name = report.tools.get(gone.tool).map_or("", |tool| &tool.name).to_owned();
        let kept = &mut report.findings[first];
        kept.severity = kept.severity.max(gone.severity);
        kept.confidence = kept.confidence.max(gone.confidence);
        kept.also_known_as.push(gone.rule.as_str().to_owned());
        let line = format!("{name} {} {}", gone.rule, gone.fingerprint);
        match kept.properties.iter_mut().find(|(key, _)| *key == "alsoReportedBy") {
            Some((_, Property::List(list))) => list.push(line),
            _ => kept.properties.push(("alsoReportedBy", Property::List(vec![line]))),
        }
    }
    let mut at = 0;
    report.findings.retain(|_| {
        at += 1;
        !merged.contains_key(&(at - 1))
    });
    merged.len()
}

fn same(report: &ScanReport, ours: &Finding, other: &Finding) -> bool {
    // A result that came as SARIF is written as it came: it could not name the others.
    if ours.foreign.is_some() {
        return false;
    }
    let (a, b) = (ours.primary.region, other.primary.region);
    let block = ours.extent.unwrap_or(a);
    let overlap = a.start_line <= b.end_line && b.start_line <= a.end_line;
    let in_block = block.start_line <= b.start_line && b.start_line <= block.end_line;
    let tool = report.tools.get(other.tool).map_or("", |tool| &tool.name).to_ascii_lowercase();
    let equal = names(&tool, other.rule.as_str()).any(|id| {
        report.rule_of(ours).is_some_and(|rule| rule.answers_to(id))
            || ours.also_known_as.iter().any(|known| known.eq_ignore_ascii_case(id))
    });
    let secrets = ours.scanner() == "secrets" && super::sarif_import::is_secret_tool(&tool);
    equal && (overlap || in_block || same_package(ours, other)) || secrets && overlap
}

/// A rule's id, and without the tool's name where that stands before it: `zizmor/unpinned-uses`.
fn names<'a>(tool: &str, id: &'a str) -> impl Iterator<Item = &'a str> {
    let short = id.split_once('/').filter(|(first, _)| first.eq_ignore_ascii_case(tool)).map(|(_, rest)| rest);
    std::iter::once(id).chain(short)
}

/// True where the other's message names our finding's package and its version, each as a whole word.
fn same_package(ours: &Finding, other: &Finding) -> bool {
    let text = |wanted: &str| {
        ours.properties.iter().find_map(|(name, value)| match value {
            Property::Text(text) if *name == wanted && !text.is_empty() => Some(text.as_str()),
            _ => None,
        })
    };
    let (Some(package), Some(version)) = (text("package"), text("version")) else { return false };
    has_word(&other.message, package) && has_word(&other.message, version)
}

/// True where `word` stands in the text with nothing on either side that would make it part of a longer
/// name or version.
fn has_word(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '/' | '+');
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let mut after = text[at + word.len()..].chars();
        let next = after.next();
        // A full stop ends a sentence, or goes on with a version.
        let goes_on = next == Some('.') && after.next().is_some_and(char::is_alphanumeric);
        !before.is_some_and(|c| part(c) || c == '.') && !next.is_some_and(part) && !goes_on
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{RuleId, Severity, Tool, sample};

    /// Ours at line 5 of `a`, and one of another tool with that rule, line and message.
    fn pair(tool: &str, rule: &str, line: u32, message: &str) -> ScanReport {
        let mut report = sample::report(&[("a", 5, Severity::Medium)]);
        let mut other = report.findings[0].clone();
        report.findings[0].properties =
            vec![("package", Property::Text("lodash".into())), ("version", Property::Text("4.17.20".into()))];
        report.tools.push(Tool { name: tool.into(), ..Tool::default() });
        other.tool = 1;
        other.rule = RuleId::new(rule);
        other.severity = Severity::Critical;
        other.primary.region.start_line = line;
        other.primary.region.end_line = line;
        other.message = message.into();
        other.foreign = Some("{}".into());
        report.findings.push(other);
        report
    }

    #[test]
    fn equal_rules_on_one_line_are_one_finding_as_bad_as_the_worse() {
        for rule in ["CKV_AWS_20", "ckv_aws_20", "other/CKV_AWS_20"] {
            let mut report = pair("other", rule, 5, "x");
            assert_eq!(across_tools(&mut report), 1, "{rule}");
            let kept = &report.findings[0];
            assert_eq!((report.findings.len(), kept.tool, kept.severity), (1, 0, Severity::Critical));
            assert!(kept.properties.iter().any(|(name, _)| *name == "alsoReportedBy"));
            assert!(kept.also_known_as.iter().any(|id| id == rule), "a suppression that names it still holds");
        }
    }

    #[test]
    fn what_only_looks_alike_stays_apart() {
        for (rule, line, message) in [
            ("CKV_AWS_21", 5, "another rule on the line"),
            ("CKV_AWS_20", 9, "the rule on another line"),
            ("CKV_AWS_20", 9, "Package lodash.merge at 4.17.20"),
            ("CKV_AWS_20", 9, "Package lodash at 4.17.20.1"),
            ("CKV_AWS_20", 9, "Package @types/lodash at 4.17.20"),
            ("third/CKV_AWS_20", 5, "another tool's prefix"),
        ] {
            assert_eq!(across_tools(&mut pair("other", rule, line, message)), 0, "{message}");
        }
        let mut incomplete = pair("other", "CKV_AWS_20", 5, "x");
        incomplete.complete = false;
        assert_eq!(across_tools(&mut incomplete), 0);
    }

    #[test]
    fn an_advisory_of_one_package_version_is_one_wherever_tools_point() {
        for message in ["Package 'lodash@4.17.20' is vulnerable.", "Package: lodash\nInstalled Version: 4.17.20"] {
            assert_eq!(across_tools(&mut pair("osv-scanner", "CKV_AWS_20", 1, message)), 1, "{message}");
        }
    }

    #[test]
    fn two_findings_of_one_tool_are_two() {
        let mut report = sample::report(&[("a", 5, Severity::High), ("a", 5, Severity::High)]);
        report.tools.push(Tool::default());
        assert_eq!(across_tools(&mut report), 0);
    }
}
