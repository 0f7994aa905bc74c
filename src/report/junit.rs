//! JUnit XML: a suite per scanner, a case per finding, as GitLab and Jenkins read it.

use std::collections::BTreeMap;
use std::io;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::escape::terminal;
use super::{Options, Reporter, source};
use crate::model::{Finding, ScanReport};

/// Active findings fail, suppressed ones are skipped, a scanner without findings has one passing case.
pub struct JUnit;

impl Reporter for JUnit {
    fn write(&self, report: &ScanReport, _options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
        let mut suites: BTreeMap<&str, Vec<&Finding>> =
            report.scanners.iter().map(|name| (*name, Vec::new())).collect();
        for finding in &report.findings {
            suites.entry(source(report, finding)).or_default().push(finding);
        }
        let mut junit = Report::new("portcullis");
        for (name, findings) in suites {
            let mut suite = TestSuite::new(terminal(name));
            if findings.is_empty() {
                suite.add_test_case(TestCase::new("no findings", TestCaseStatus::success()));
            }
            let mut names = BTreeMap::new();
            suite.add_test_cases(findings.into_iter().map(|finding| case(finding, &mut names)));
            junit.add_test_suite(suite);
        }
        junit.serialize(out).map_err(io::Error::other)
    }
}

/// How often a file had a case of that name: readers keep one of several.
type Names<'f> = BTreeMap<(&'f str, String), usize>;

fn case<'f>(finding: &'f Finding, names: &mut Names<'f>) -> TestCase {
    let region = finding.primary.region;
    let mut status = match finding.suppressions.first() {
        Some(one) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(format!("suppressed by {}: {}", terminal(&one.source), terminal(&one.reason)));
            status
        }
        None if finding.is_active() => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(terminal(&finding.message)).set_type(finding.severity.word());
            status.set_description(format!(
                "{}:{}:{}: {}\n{}: {}",
                terminal(finding.primary.path.as_str()),
                region.start_line,
                region.char_column,
                terminal(finding.rule.as_str()),
                finding.severity,
                terminal(&finding.message)
            ));
            status
        }
        None => TestCaseStatus::skipped(),
    };
    if !finding.is_active() && finding.suppressions.is_empty() {
        status.set_message("absent: in the baseline, gone from the tree");
    }
    let path = finding.primary.path.as_str();
    let mut name = format!("{} line {}", terminal(finding.rule.as_str()), region.start_line);
    let count = names.entry((path, name.clone())).or_default();
    *count += 1;
    if *count > 1 {
        name.push_str(&format!(" ({count})"));
    }
    let mut case = TestCase::new(name, status);
    case.set_classname(terminal(path));
    // GitLab links to it.
    case.extra.insert("file".into(), terminal(path).into_owned().into());
    case
}
