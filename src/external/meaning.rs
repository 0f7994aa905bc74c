//! What a finding means, in terms that findings of all tools share.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::LazyLock;

use regex::Regex;

use super::sarif_tools::is_secret_tool;
use crate::model::{ALSO_REPORTED, Finding, Region, ScanReport};

/// Beginnings of ids that mean the same whoever writes them, in lower case: rules of ours, and advisories.
const EVERYWHERE: &[&str] =
    &[BANDIT, "secrets/", "deps/", "iac/", "cve-", "ghsa-", "rustsec-", "pysec-", "go-2", "mal-", "osv-", "snyk-"];

/// What stands before the number of a check of Bandit's, in place of its own `B` and of the `S` of ruff.
const BANDIT: &str = "flake8-bandit:";

/// Numbers of Bandit's checks that ruff documents as its own under `S`.
const BANDIT_IN_RUFF: &[u16] = &[
    101, 102, 103, 104, 105, 106, 107, 108, 110, 112, 113, 201, 202, 301, 302, 303, 304, 305, 306, 307, 308, 310, 311,
    312, 313, 314, 315, 316, 317, 318, 319, 321, 323, 324, 401, 402, 403, 404, 405, 406, 407, 408, 409, 411, 412, 413,
    415, 501, 502, 503, 504, 505, 506, 507, 508, 509, 601, 602, 603, 604, 605, 606, 607, 608, 609, 610, 611, 612, 701,
    702, 704,
];

/// The name that a check has in both tools, where `tool` is one of them and `rule`, in lower case, such a check.
fn of_bandit(tool: &str, rule: &str) -> Option<String> {
    let letter = [("bandit", 'b'), ("ruff", 's')].into_iter().find(|(name, _)| tool.eq_ignore_ascii_case(name))?.1;
    let number = rule.strip_prefix(letter).filter(|digits| digits.len() == 3)?;
    let known = BANDIT_IN_RUFF.contains(&number.parse().ok()?);
    known.then(|| format!("{BANDIT}{number}"))
}

/// How tools write a package and its version in their messages: trivy, osv-scanner, grype.
static PACKAGES: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [r"Package: (\S+)\s+Installed Version: (\S+)", r"'(@?[^@'\s]+)@([^@'\s]+)'", r"package: (\S+), version (\S+)"]
        .iter()
        .filter_map(|form| Regex::new(form).ok())
        .collect()
});

/// One finding, as others are compared with it.
pub struct Meaning<'f> {
    /// Index in the report.
    pub at: usize,
    pub tool: usize,
    /// Rule ids it answers to, in lower case: its own, with and without the tool's name, earlier ones, aliases.
    pub names: Rc<[String]>,
    /// Name and version of the package it is about, in lower case, without Go's `v`.
    pub package: Option<Box<(String, String)>>,
    pub secret: bool,
    /// First and last line.
    pub lines: (u32, u32),
    /// The same of the block around it.
    pub block: (u32, u32),
    /// First column and one past the last, where they are of one line and tell of a place in it.
    columns: Option<(u32, u32)>,
    finding: &'f Finding,
    called: &'f str,
}

/// The names that rules answer to, by tool, rule and the finding's other names: many findings share them.
#[derive(Default)]
pub struct Names<'f>(BTreeMap<Named<'f>, Rc<[String]>>);

type Named<'f> = (usize, &'f str, &'f Vec<String>);

impl<'f> Meaning<'f> {
    /// Of the finding at an index of the report.
    pub fn of(report: &'f ScanReport, at: usize, finding: &'f Finding, known: &mut Names<'f>) -> Self {
        let tool = report.tools.get(finding.tool).map_or("", |tool| tool.name.as_str());
        let ours = finding.tool == 0;
        let prefix = if ours { finding.scanner() } else { tool };
        let names = known.0.entry((finding.tool, finding.rule.as_str(), &finding.also_known_as));
        let region = finding.primary.region;
        let block = finding.extent.unwrap_or(region);
        Self {
            at,
            tool: finding.tool,
            names: Rc::clone(names.or_insert_with(|| self::names(report, finding, prefix).into())),
            package: if ours { own_package(finding) } else { package(&finding.message) }.map(Box::new),
            secret: if ours { finding.scanner() == "secrets" } else { is_secret_tool(tool) },
            lines: (region.start_line, region.end_line),
            block: (block.start_line.min(region.start_line), block.end_line.max(region.end_line)),
            columns: columns(&region),
            finding,
            called: tool,
        }
    }

    /// Tools that it stands for: its own, and those that an earlier merge found to say the same.
    pub fn tools(&self) -> impl Iterator<Item = &'f str> {
        let also = self.finding.list(ALSO_REPORTED).iter().filter_map(|line| line.rsplitn(3, ' ').nth(2));
        also.chain([self.called])
    }

    /// True where rule and words are equal: one check that two tools run. An id alone may be two tools' own.
    fn says_the_same(&self, other: &Self) -> bool {
        let (one, two) = (self.finding, other.finding);
        one.rule.as_str().eq_ignore_ascii_case(two.rule.as_str()) && one.message == two.message
    }

    fn is_in(&self, other: &Self) -> bool {
        other.block.0 <= self.lines.0 && self.lines.0 <= other.block.1
    }
}

fn names(report: &ScanReport, finding: &Finding, prefix: &str) -> Vec<String> {
    let rule = report.rule_of(finding);
    let known = rule.iter().flat_map(|rule| rule.aliases.iter().chain(&rule.deprecated_ids));
    // tfsec's long ids; its short ones (`AWS001`) may be anybody's.
    let legacy = rule.iter().flat_map(|rule| &rule.legacy_names).copied().filter(|name| name.contains('-'));
    let all = known.chain(&finding.also_known_as).map(String::as_str).chain(legacy).chain([finding.rule.as_str()]);
    let mut names = Vec::new();
    for name in all {
        let name = name.to_ascii_lowercase();
        // `zizmor/unpinned-uses` is `unpinned-uses` too.
        if let Some((first, rest)) = name.split_once('/')
            && first.eq_ignore_ascii_case(prefix)
        {
            names.push(rest.to_owned());
        }
        names.extend(of_bandit(prefix, &name));
        names.push(name);
    }
    names.sort();
    names.dedup();
    names
}

fn own_package(finding: &Finding) -> Option<(String, String)> {
    let text = |name: &str| finding.text(name).filter(|text| !text.is_empty());
    Some(normal(text("package")?, text("version")?))
}

fn package(message: &str) -> Option<(String, String)> {
    let found = PACKAGES.iter().find_map(|form| form.captures(message))?;
    Some(normal(found.get(1)?.as_str(), found.get(2)?.as_str()))
}

fn normal(name: &str, version: &str) -> (String, String) {
    let bare = version.strip_prefix('v').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    (name.to_ascii_lowercase(), bare.unwrap_or(version).to_ascii_lowercase())
}

/// True where two findings of one file, which share a rule or are secrets, are the same by their places and
/// packages.
pub fn same(a: &Meaning<'_>, b: &Meaning<'_>) -> bool {
    if a.tool == b.tool {
        return false;
    }
    let overlap = a.lines.0 <= b.lines.1 && b.lines.0 <= a.lines.1;
    if a.secret && b.secret && overlap && columns_meet(a, b) {
        return true;
    }
    let mut shared = a.names.iter().filter(|name| b.names.binary_search(name).is_ok());
    let table = a.tool == 0 || b.tool == 0;
    if !shared.any(|name| table || is_the_same_everywhere(name)) && !a.says_the_same(b) {
        return false;
    }
    match (&a.package, &b.package) {
        (Some(one), Some(two)) => one == two,
        _ => overlap || a.is_in(b) || b.is_in(a),
    }
}

fn is_the_same_everywhere(name: &str) -> bool {
    EVERYWHERE.iter().any(|beginning| name.starts_with(beginning))
}

fn columns(region: &Region) -> Option<(u32, u32)> {
    let tells = region.start_line == region.end_line && region.end_column > region.start_column;
    tells.then_some((region.start_column, region.end_column))
}

/// True unless both tell columns of one line, and those lie apart; some tools count from 0 or to the last.
fn columns_meet(a: &Meaning<'_>, b: &Meaning<'_>) -> bool {
    match (a.columns, b.columns) {
        (Some(one), Some(two)) if a.lines.0 == b.lines.0 => {
            one.0 <= two.1.saturating_add(1) && two.0 <= one.1.saturating_add(1)
        }
        _ => true,
    }
}
