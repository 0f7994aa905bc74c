//! Findings of different tools that mean the same become one, with the others named in it.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{ALSO_REPORTED, Finding, Property, ScanReport};

use super::meaning::{Meaning, Names, same};

/// So many later findings a finding is compared with, among those of one rule or of secrets that may
/// overlap: more stand in no file but one made to be slow.
const NEIGHBOURS: usize = 64;

/// Marks repetitions across tools: the representative names the others in `alsoReportedBy` and in its
/// aliases, the others leave the report; their number. Of each tool at most one result becomes part of one
/// finding: results of one tool are never merged with each other. The representative is ours, else that of
/// the first tool by name; it is as bad and as sure as the worst and surest.
///
/// Two findings are the same where they lie in one file and
/// - one is ours and answers to the other's rule, or one rule of ours answers to both (the published table of equal
///   rules is what `portcullis rules show` lists as aliases), or they name one advisory, or their rules and messages
///   are equal to the letter; and their lines overlap or the one lies in the other's block;
/// - or they name one advisory of one package version: tools point at other lines of a lock file, or at none;
/// - or both are secrets, and their places overlap.
///
/// Never by weakness (CWE) and line alone. Nothing is merged in an incomplete run: the missing tool's alert
/// would close and reopen.
pub fn across_tools(report: &mut ScanReport) -> usize {
    let tools: BTreeSet<usize> = report.active().map(|finding| finding.tool).collect();
    if !report.complete || tools.len() < 2 {
        return 0;
    }
    let again = told_before(report);
    let mut names = Names::default();
    let mut merged = Vec::new();
    // File by file: what a whole report means would not fit beside it.
    for file in files(report, &again) {
        let one = |&at: &usize| Meaning::of(report, at, &report.findings[at], &mut names);
        let meanings: Vec<Meaning<'_>> = file.iter().map(one).collect();
        merged.extend(groups(&meanings, &pairs(&meanings)));
    }
    let mut gone = again;
    for (first, others) in merged {
        for other in others {
            merge(report, first, other);
            gone.insert(other);
        }
    }
    let mut at = 0;
    report.findings.retain(|_| {
        at += 1;
        !gone.contains(&(at - 1))
    });
    gone.len()
}

/// Of each file that several tools report on, what counts in it, in the report's order.
fn files(report: &ScanReport, but: &BTreeSet<usize>) -> Vec<Vec<usize>> {
    let path = |at: &usize| &report.findings[*at].primary.path;
    let counts = |at: &usize| report.findings[*at].is_active() && !but.contains(at);
    let mut open: Vec<usize> = (0..report.findings.len()).filter(counts).collect();
    open.sort_by(|a, b| path(a).cmp(path(b)));
    let tool = |at: &usize| report.findings[*at].tool;
    let several = |file: &&[usize]| file.iter().any(|at| tool(at) != tool(&file[0]));
    open.chunk_by(|a, b| path(a) == path(b)).filter(several).map(<[usize]>::to_vec).collect()
}

/// Findings that an earlier merge made part of another, which is here: they come from their tool's own file.
fn told_before(report: &ScanReport) -> BTreeSet<usize> {
    let told: BTreeSet<&String> = report.findings.iter().flat_map(|finding| finding.list(ALSO_REPORTED)).collect();
    let is_told = |finding: &Finding| !told.is_empty() && told.contains(&line(report, finding));
    (0..report.findings.len()).filter(|&at| is_told(&report.findings[at])).collect()
}

/// Who says it: a line of `alsoReportedBy`.
fn line(report: &ScanReport, finding: &Finding) -> String {
    let tool = report.tools.get(finding.tool).map_or("", |tool| &tool.name);
    format!("{tool} {} {}", finding.rule, finding.fingerprint)
}

/// Pairs of equal findings of one file, as indices into `meanings`, the nearest first.
fn pairs(meanings: &[Meaning<'_>]) -> Vec<(usize, usize)> {
    let mut lists: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut packages: BTreeMap<_, BTreeMap<usize, Vec<usize>>> = BTreeMap::new();
    for (at, one) in meanings.iter().enumerate() {
        for name in one.names.iter() {
            lists.entry(name).or_default().push(at);
            if let Some(package) = &one.package {
                packages.entry((name.as_str(), package)).or_default().entry(one.tool).or_default().push(at);
            }
        }
        if one.secret {
            lists.entry("").or_default().push(at);
        }
    }
    let mut pairs = BTreeSet::new();
    for list in lists.values_mut() {
        list.sort_by_key(|&at| (meanings[at].block.0, at));
        for (rank, &a) in list.iter().enumerate() {
            let near = list[rank + 1..].iter().take_while(|&&b| meanings[b].block.0 <= meanings[a].block.1);
            pairs.extend(
                near.take(NEIGHBOURS).filter(|&&b| same(&meanings[a], &meanings[b])).map(|&b| pair(meanings, a, b)),
            );
        }
    }
    // The first of one tool is the first of the other.
    for by_tool in packages.values() {
        for (first, second) in by_tool.values().zip(by_tool.values().skip(1)) {
            pairs.extend(first.iter().zip(second).map(|(&a, &b)| pair(meanings, a, b)));
        }
    }
    pairs.into_iter().map(|(_, a, b)| (a, b)).collect()
}

fn pair(meanings: &[Meaning<'_>], a: usize, b: usize) -> (u32, usize, usize) {
    (meanings[a].lines.0.abs_diff(meanings[b].lines.0), a.min(b), a.max(b))
}

/// Representatives and the others of their groups, as indices of findings; of each tool one in a group.
fn groups(meanings: &[Meaning<'_>], pairs: &[(usize, usize)]) -> Vec<(usize, Vec<usize>)> {
    let mut of: BTreeMap<usize, usize> = BTreeMap::new();
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for &(a, b) in pairs {
        let (group_a, group_b) = (*of.get(&a).unwrap_or(&a), *of.get(&b).unwrap_or(&b));
        if group_a == group_b {
            continue;
        }
        let list = |group| members.get(&group).cloned().unwrap_or_else(|| vec![group]);
        let (mut all, more) = (list(group_a), list(group_b));
        let tools = |list: &[usize]| list.iter().flat_map(|&at| meanings[at].tools()).collect::<BTreeSet<_>>();
        if !tools(&all).is_disjoint(&tools(&more)) {
            continue;
        }
        all.extend(more);
        for &one in &all {
            of.insert(one, group_a);
        }
        members.remove(&group_b);
        members.insert(group_a, all);
    }
    let ordered = members.into_values().filter_map(|mut all| {
        all.sort_by_key(|&at| (meanings[at].tool, at));
        let (first, others) = all.split_first()?;
        Some((meanings[*first].at, others.iter().map(|&at| meanings[at].at).collect()))
    });
    ordered.collect()
}

/// Makes `other` part of `first`. What is taken of it is gone from it: there may be hundreds of thousands.
fn merge(report: &mut ScanReport, first: usize, other: usize) {
    let said = line(report, &report.findings[other]);
    let gone = &mut report.findings[other];
    let mut lines: BTreeSet<String> = gone.list(ALSO_REPORTED).iter().cloned().collect();
    lines.insert(said);
    let (severity, confidence, fixable) = (gone.severity, gone.confidence, gone.is_fixable());
    let mut names = std::mem::take(&mut gone.also_known_as);
    names.push(gone.rule.as_str().to_owned());
    (gone.message, gone.properties) = Default::default();
    let kept = &mut report.findings[first];
    kept.severity = kept.severity.max(severity);
    kept.confidence = kept.confidence.max(confidence);
    kept.foreign_fix |= fixable;
    names.retain(|name| kept.rule.as_str() != name && !kept.also_known_as.contains(name));
    kept.also_known_as.reserve_exact(names.len());
    kept.also_known_as.extend(names);
    lines.extend(kept.list(ALSO_REPORTED).iter().cloned());
    kept.properties.retain(|(key, _)| *key != ALSO_REPORTED);
    kept.properties.reserve_exact(1);
    kept.properties.push((ALSO_REPORTED, Property::List(Vec::from_iter(lines))));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{PackedText, Property, Rule, RuleId, Severity, Tool, sample};
    use std::sync::Arc;

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
        other.foreign = PackedText::of("{}");
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
    fn a_check_of_bandit_is_the_one_that_ruff_took_over() {
        for (one, two) in [("B101", "S101"), ("B602", "S602")] {
            let mut report = empty();
            foreign(&mut report, "Bandit", one, 4, "Use of assert detected.");
            foreign(&mut report, "ruff", two, 4, "Use of `assert` detected");
            assert_eq!(across_tools(&mut report), 1, "{one}");
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
        // Sonar's S101 is about names of classes, ruff's about assertions; a tool's name before an id is part of it.
        for (a, b) in [("S101", "S101"), ("a/sqli", "b/sqli")] {
            let mut report = empty();
            foreign(&mut report, "a", a, 4, "Rename this class.");
            foreign(&mut report, "b", b, 4, "Use of `assert` detected.");
            assert_eq!(across_tools(&mut report), 0, "{a}");
        }
        // Of other tools, of other checks, and of one that ruff does not have.
        for (a, one, b, two) in [
            ("bandit", "B101", "sonar", "S101"),
            ("bandit", "B101", "ruff", "S102"),
            ("bandit", "B613", "ruff", "S613"),
        ] {
            let mut report = empty();
            foreign(&mut report, a, one, 4, "one");
            foreign(&mut report, b, two, 4, "two");
            assert_eq!(across_tools(&mut report), 0, "{one} {b} {two}");
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

    /// A finding of a foreign tool, with that rule, lines and message.
    fn foreign(report: &mut ScanReport, tool: &str, rule: &str, line: u32, message: &str) {
        let at = report.tools.iter().position(|known| known.name == tool).unwrap_or_else(|| {
            report.tools.push(Tool { name: tool.into(), ..Tool::default() });
            report.tools.len() - 1
        });
        let ordinal = u32::try_from(report.findings.len()).unwrap();
        let mut finding = sample::finding(&Rule::new(rule, "Title", Severity::Medium), "a", line, ordinal);
        (finding.tool, finding.message, finding.foreign) = (at, message.into(), PackedText::of("{}"));
        report.rules.insert((at, RuleId::new(rule)), Arc::new(Rule::new(rule, "Title", Severity::Medium)));
        report.findings.push(finding);
    }

    fn empty() -> ScanReport {
        ScanReport { complete: true, tools: vec![Tool::default()], ..ScanReport::default() }
    }

    #[test]
    fn two_other_tools_are_one_finding_too_and_three() {
        let mut report = empty();
        foreign(&mut report, "osv-scanner", "CVE-1", 1, "Package 'lodash@4.17.20' is vulnerable to 'CVE-1'.");
        foreign(&mut report, "osv-scanner", "CVE-1", 1, "Package 'lodash@3.0.0' is vulnerable to 'CVE-1'.");
        foreign(&mut report, "trivy", "CVE-1", 9, "Package: lodash\nInstalled Version: 3.0.0\nFixed Version: 4.17.21");
        foreign(
            &mut report,
            "grype",
            "CVE-1",
            1,
            "A high vulnerability in npm package: lodash, version 3.0.0 was found",
        );
        assert_eq!(across_tools(&mut report), 2);
        let kept: Vec<(&str, &[String])> =
            report.findings.iter().map(|one| (one.message.as_str(), one.list(ALSO_REPORTED))).collect();
        assert_eq!((kept.len(), kept[0].1.len(), kept[1].1.len()), (2, 0, 2), "{kept:?}");
    }

    #[test]
    fn the_same_check_of_two_tools_is_one_by_its_words_or_by_our_table() {
        let mut report = empty();
        foreign(&mut report, "semgrep", "js.eval", 4, "eval runs what it is given");
        foreign(&mut report, "opengrep", "js.eval", 4, "eval runs what it is given");
        assert_eq!(across_tools(&mut report), 1);
        let mut report = empty();
        foreign(&mut report, "checkov", "CKV_AWS_20", 4, "x");
        foreign(&mut report, "kics", "38c5ee0d", 4, "y");
        report.findings.iter_mut().for_each(|one| one.also_known_as.push("iac/aws-s3-public-acl".to_owned()));
        assert_eq!(across_tools(&mut report), 1, "one rule of ours answers to both");
        let mut report = empty();
        foreign(&mut report, "a", "CVE-2021-1", 4, "x");
        foreign(&mut report, "b", "CVE-2021-1", 4, "y");
        assert_eq!(across_tools(&mut report), 1, "an advisory's id is the same everywhere");
    }

    #[test]
    fn secrets_are_one_where_their_places_overlap() {
        let mut report = empty();
        foreign(&mut report, "gitleaks", "generic-api-key", 4, "x");
        foreign(&mut report, "kingfisher", "kingfisher.generic.1", 4, "y");
        foreign(&mut report, "kingfisher", "kingfisher.aws.1", 4, "z");
        report.findings[2].primary.region.start_column = 40;
        report.findings[2].primary.region.end_column = 60;
        assert_eq!(across_tools(&mut report), 1);
        assert_eq!(report.findings.len(), 2);
    }

    #[test]
    fn merging_again_merges_no_more() {
        let mut report = empty();
        foreign(&mut report, "Semgrep OSS", "CKV_1", 4, "x");
        foreign(&mut report, "Semgrep OSS", "CKV_1", 4, "y");
        foreign(&mut report, "checkov", "CKV_1", 4, "x");
        foreign(&mut report, "checkov", "CKV_1", 4, "y");
        foreign(&mut report, "checkov", "CKV_1", 4, "z");
        assert_eq!((across_tools(&mut report), across_tools(&mut report)), (2, 0));
    }

    #[test]
    fn a_tool_that_says_it_twice_is_merged_once() {
        let mut report = empty();
        foreign(&mut report, "checkov", "CKV_1", 4, "x");
        foreign(&mut report, "checkov", "CKV_1", 5, "x");
        foreign(&mut report, "other", "CKV_1", 5, "x");
        assert_eq!(across_tools(&mut report), 1);
        assert_eq!(report.findings[0].list(ALSO_REPORTED).len() + report.findings[1].list(ALSO_REPORTED).len(), 1);
        assert_eq!(report.findings[0].primary.region.start_line, 4);
        assert!(report.findings[0].list(ALSO_REPORTED).is_empty(), "the nearest pair is the same finding");
    }

    #[test]
    fn thousands_on_one_line_take_no_hour() {
        let mut report = empty();
        for _ in 0..2_000 {
            foreign(&mut report, "a", "R", 1, "x");
        }
        for _ in 0..2_000 {
            foreign(&mut report, "b", "R", 1, "x");
        }
        across_tools(&mut report);
    }
}
