//! Whether a run passes, and why.

use std::collections::BTreeMap;

use globset::GlobMatcher;

use super::ignore::Entry;
use crate::model::{BaselineState, Confidence, Finding, ScanReport, Severity};

/// Findings a verdict names.
const NAMED: usize = 3;
/// Scanners and paths of which it says what fails.
const EXCEPTIONS: usize = 6;

/// When a run fails.
#[derive(Clone, Debug)]
pub struct GateSettings {
    /// Fail on findings this bad or worse; `None` never fails.
    pub fail_on: Option<Severity>,
    /// By scanner, or by the name of another tool, instead of `fail_on`.
    pub scanners: BTreeMap<String, Option<Severity>>,
    /// By path, instead of both; the last entry that matches wins.
    pub paths: Vec<PathGate>,
    /// Less sure findings never fail.
    pub min_confidence: Option<Confidence>,
    /// Only findings that the baseline does not hold fail.
    pub new_only: bool,
    /// Only findings that have a repair or a fixed version fail.
    pub fixable_only: bool,
    /// So many findings that meet the rest are tolerated.
    pub tolerated: usize,
}

impl Default for GateSettings {
    fn default() -> Self {
        Self {
            fail_on: Some(Severity::High),
            scanners: BTreeMap::new(),
            paths: Vec::new(),
            min_confidence: None,
            new_only: false,
            fixable_only: false,
            tolerated: 0,
        }
    }
}

/// A threshold for a part of the tree.
#[derive(Clone, Debug)]
pub struct PathGate {
    /// Which paths.
    pub paths: Vec<GlobMatcher>,
    /// As [`GateSettings::fail_on`].
    pub fail_on: Option<Severity>,
}

impl PathGate {
    /// From globs as the configuration has them: `*` stays within a folder, as in `[[ignore]]`.
    ///
    /// # Errors
    /// Where a glob does not parse.
    pub fn new(globs: &[String], fail_on: Option<Severity>) -> Result<Self, globset::Error> {
        let paths = globs.iter().map(|glob| Entry::path_glob(glob)).collect::<Result<_, _>>()?;
        Ok(Self { paths, fail_on })
    }
}

/// What a run comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing meets the gate, and everything was looked at.
    Pass,
    /// Something meets the gate.
    Fail,
    /// Nothing meets the gate, and something could not be looked at.
    Incomplete,
}

/// Judges a triaged report: fills `verdict`, one line per reason, and `gate_failed`.
pub fn gate(report: &mut ScanReport, settings: &GateSettings) -> Verdict {
    let active = report.active().count();
    let known = report.active().filter(|finding| is_known(finding, settings)).count();
    let failing = failing(report, settings);
    let unfixable = report.active().filter(|finding| is_unfixable(report, finding, settings)).count();
    let below = active - known - unfixable - failing.len();
    let failed = failing.len() > settings.tolerated;
    let mut lines = vec![headline(&failing, active, failed, settings)];
    lines.extend(by_scanner(report, &failing, failed));
    let suppressed = report.findings.iter().filter(|finding| !finding.suppressions.is_empty()).count();
    let reasons = [
        (below, "below the gate"),
        (unfixable, "without a fix"),
        (known, "in the baseline"),
        (suppressed, "suppressed"),
    ];
    let counted: Vec<String> =
        reasons.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if !counted.is_empty() {
        lines.push(format!("Not counted: {}.", counted.join(", ")));
    }
    let hidden = report.notices.iter().filter(|notice| notice.incomplete).count();
    if !report.complete {
        lines.push(format!("INCOMPLETE: {hidden} problem{} hid content from a scanner.", plural(hidden)));
    }
    report.verdict = lines;
    report.gate_failed = failed;
    match (failed, report.complete) {
        (true, _) => Verdict::Fail,
        (false, true) => Verdict::Pass,
        (false, false) => Verdict::Incomplete,
    }
}

/// The findings that meet the gate, the worst first.
#[must_use]
pub fn failing<'a>(report: &'a ScanReport, settings: &GateSettings) -> Vec<&'a Finding> {
    let counts = |finding: &&Finding| !is_known(finding, settings) && meets(report, finding, settings);
    let mut failing: Vec<&Finding> = report.active().filter(counts).collect();
    failing.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    failing
}

fn is_known(finding: &Finding, settings: &GateSettings) -> bool {
    settings.new_only && matches!(finding.baseline, Some(BaselineState::Unchanged | BaselineState::Updated))
}

fn meets(report: &ScanReport, finding: &Finding, settings: &GateSettings) -> bool {
    is_bad(report, finding, settings) && (!settings.fixable_only || finding.is_fixable())
}

/// Bad and sure enough, whether or not it has a fix.
fn is_bad(report: &ScanReport, finding: &Finding, settings: &GateSettings) -> bool {
    let Some(least) = threshold(report, finding, settings) else { return false };
    finding.gates
        && finding.severity >= least
        && settings.min_confidence.is_none_or(|least| finding.confidence >= least)
}

/// True where only that it has no fix keeps it from failing.
fn is_unfixable(report: &ScanReport, finding: &Finding, settings: &GateSettings) -> bool {
    settings.fixable_only && !finding.is_fixable() && !is_known(finding, settings) && is_bad(report, finding, settings)
}

/// Who found it, as gates and reports name it: a scanner of ours, or another tool.
fn source<'a>(report: &'a ScanReport, finding: &'a Finding) -> &'a str {
    match finding.tool {
        0 => finding.scanner(),
        tool => report.tools.get(tool).map_or("", |tool| &tool.name),
    }
}

fn threshold(report: &ScanReport, finding: &Finding, settings: &GateSettings) -> Option<Severity> {
    let path = finding.primary.path.as_str();
    let by_path = settings.paths.iter().rev().find(|gate| gate.paths.iter().any(|glob| glob.is_match(path)));
    match (by_path, settings.scanners.get(source(report, finding))) {
        (Some(gate), _) => gate.fail_on,
        (None, Some(own)) => *own,
        (None, None) => settings.fail_on,
    }
}

fn headline(failing: &[&Finding], active: usize, failed: bool, settings: &GateSettings) -> String {
    let new = if settings.new_only { "new and " } else { "" };
    let fixable = if settings.fixable_only { "fixable and " } else { "" };
    let gate = format!("{new}{fixable}{}{}", least(settings.fail_on), exceptions(settings));
    let of = format!("of {active} finding{}", plural(active));
    match (failed, failing.len()) {
        (true, count) => format!("FAIL: {count} {of} meet{} the gate ({gate}).", if count == 1 { "s" } else { "" }),
        (false, 0) => format!("PASS: none {of} meets the gate ({gate})."),
        (false, count) => {
            format!("PASS: {count} {of} meet the gate ({gate}), and {} are tolerated.", settings.tolerated)
        }
    }
}

/// What fails, in words.
fn least(threshold: Option<Severity>) -> String {
    match threshold {
        Some(Severity::Critical) => "critical".to_owned(),
        Some(severity) => format!("{severity} or worse"),
        None => "no severity".to_owned(),
    }
}

/// What fails for scanners and paths that have a threshold of their own.
fn exceptions(settings: &GateSettings) -> String {
    let scanners = settings.scanners.iter().map(|(name, own)| (name.clone(), *own));
    let paths = settings.paths.iter().map(|gate| {
        let globs: Vec<&str> = gate.paths.iter().map(|glob| glob.glob().glob()).collect();
        (globs.join(", "), gate.fail_on)
    });
    let all: Vec<String> = scanners.chain(paths).map(|(name, own)| format!("; {name}: {}", least(own))).collect();
    let more = all.len().saturating_sub(EXCEPTIONS);
    let rest = if more > 0 { format!("; and {more} more") } else { String::new() };
    all.iter().take(EXCEPTIONS).map(String::as_str).chain([rest.as_str()]).collect()
}

/// One line per scanner that makes the run fail, its worst findings named.
fn by_scanner(report: &ScanReport, failing: &[&Finding], failed: bool) -> Vec<String> {
    let mut groups: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in failing.iter().filter(|_| failed) {
        groups.entry(source(report, finding)).or_default().push(finding);
    }
    groups
        .iter()
        .map(|(name, findings)| {
            let named: Vec<String> = findings
                .iter()
                .take(NAMED)
                .map(|f| format!("{} at {}:{} ({})", f.rule, f.primary.path, f.primary.region.start_line, f.severity))
                .collect();
            let more = findings.len().saturating_sub(NAMED);
            let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("{name}: {} finding{}: {}{rest}.", findings.len(), plural(findings.len()), named.join(", "))
        })
        .collect()
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Property;
    use crate::model::sample::report;

    #[test]
    fn the_default_gate_is_high() {
        let mut high = report(&[("a.tf", 1, Severity::High), ("b.tf", 2, Severity::Low)]);
        assert_eq!(gate(&mut high, &GateSettings::default()), Verdict::Fail);
        assert!(high.gate_failed);
        assert!(high.verdict[0].starts_with("FAIL: 1 of 2 findings meets the gate"), "{:?}", high.verdict);
        assert!(high.verdict[1].contains("a.tf:1"), "{:?}", high.verdict);
        let mut low = report(&[("b.tf", 2, Severity::Medium)]);
        assert_eq!(gate(&mut low, &GateSettings::default()), Verdict::Pass);
    }

    #[test]
    fn an_incomplete_run_does_not_pass() {
        let mut one = report(&[]);
        one.complete = false;
        assert_eq!(gate(&mut one, &GateSettings::default()), Verdict::Incomplete);
        let mut both = report(&[("a.tf", 1, Severity::Critical)]);
        both.complete = false;
        assert_eq!(gate(&mut both, &GateSettings::default()), Verdict::Fail);
    }

    #[test]
    fn paths_win_over_scanners_and_scanners_over_the_default() {
        let mut settings = GateSettings::default();
        settings.scanners.insert("iac".into(), Some(Severity::Low));
        settings.paths.push(PathGate::new(&["test/**".into()], None).expect("a glob"));
        assert_eq!(gate(&mut report(&[("prod/a.tf", 1, Severity::Low)]), &settings), Verdict::Fail);
        assert_eq!(gate(&mut report(&[("test/a.tf", 1, Severity::Critical)]), &settings), Verdict::Pass);
    }

    #[test]
    fn new_only_leaves_known_findings_and_tolerance_counts() {
        let mut known = report(&[("a.tf", 1, Severity::High)]);
        known.findings[0].baseline = Some(BaselineState::Unchanged);
        let settings = GateSettings { new_only: true, ..GateSettings::default() };
        assert_eq!(gate(&mut known, &settings), Verdict::Pass);
        let settings = GateSettings { tolerated: 1, ..GateSettings::default() };
        assert_eq!(gate(&mut report(&[("a.tf", 1, Severity::High)]), &settings), Verdict::Pass);
    }

    #[test]
    fn a_list_of_no_versions_is_no_fix() {
        let mut report = report(&[("a.lock", 1, Severity::High)]);
        let settings = GateSettings { fixable_only: true, ..GateSettings::default() };
        report.findings[0].properties = vec![("fixedVersions", Property::List(Vec::new()))];
        assert_eq!(gate(&mut report, &settings), Verdict::Pass);
        report.findings[0].properties = vec![("fixedVersions", Property::List(vec!["1.0.1".to_owned()]))];
        assert_eq!(gate(&mut report, &settings), Verdict::Fail);
        report.findings[0].properties.clear();
        report.findings[0].foreign_fix = true;
        assert_eq!(gate(&mut report, &settings), Verdict::Fail, "another tool's repair is one");
    }
}
