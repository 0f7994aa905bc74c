//! Findings that were known before: a file of them, and how a run compares with it.
//!
//! A baseline holds no line numbers and no secrets: identities are hashes, and of a secret's value it
//! keeps 20 salted bits, enough to see that a key was rotated and too few to guess it by.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use super::baseline_entry::Entry;
use super::baseline_match::compare_entries;
use super::{is_day, is_past};
use crate::model::{Finding, Notice, NoticeKind, RepoPath, ScanReport};

/// The file's format.
const VERSION: u32 = 1;
/// Why bytes are no baseline, or a run cannot become one.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// No JSON, or not of this shape.
    #[error("it is no baseline: {0}")]
    Shape(#[from] serde_json::Error),
    /// An entry's day that is none: it would hold for ever, or never.
    #[error("entry {0}: `{1}` is no day: write `until` as YYYY-MM-DD")]
    Day(usize, String),
    /// Written by a later version.
    #[error("its version is {0}, and this program reads {VERSION}; write it again")]
    Version(u32),
    /// A baseline of half a scan would call the other half new.
    #[error("the scan is incomplete, and a baseline of it would call the rest new; mend what the notices tell first")]
    Incomplete,
}

/// Known findings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Baseline {
    /// Sorted.
    pub entries: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(expecting = "an object with `version` and `entries`")]
struct File {
    version: u32,
    entries: Vec<Entry>,
}

impl Baseline {
    /// Reads a baseline file.
    ///
    /// # Errors
    /// Where the bytes are none, or of a later version.
    pub fn read(bytes: &[u8]) -> Result<Self, BaselineError> {
        let file: File = serde_json::from_slice(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes))?;
        if file.version != VERSION {
            return Err(BaselineError::Version(file.version));
        }
        for (at, entry) in file.entries.iter().enumerate() {
            if let Some(day) = entry.until.as_ref().filter(|day| !is_day(day)) {
                return Err(BaselineError::Day(at + 1, day.clone()));
            }
        }
        Ok(Self { entries: file.entries })
    }

    /// An earlier report that was read from SARIF: ours by their fingerprints, another tool's by what it wrote.
    /// What was absent then is no candidate now.
    #[must_use]
    pub fn of_sarif(report: &ScanReport) -> Self {
        let entry = |finding: &Finding| {
            let mut entry = Entry::of(report, finding);
            if finding.tool == 0 {
                entry.key.clear();
                entry.content.clear();
                entry.fingerprint = Some(finding.fingerprint.to_string());
            }
            entry
        };
        Self { entries: report.active().map(entry).collect() }
    }

    /// One entry per line, sorted: a change of one finding is a change of one line.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut entries: Vec<&Entry> = self.entries.iter().collect();
        entries.sort();
        let lines: Vec<String> = entries.iter().map(|entry| serde_json::to_string(entry).unwrap_or_default()).collect();
        format!("{{\"version\":{VERSION},\"entries\":[\n{}\n]}}\n", lines.join(",\n"))
    }

    /// All findings of a run that count. What a person wrote into `earlier` entries stays.
    ///
    /// # Errors
    /// Where the run is incomplete.
    pub fn of(report: &ScanReport, earlier: Option<&Self>) -> Result<Self, BaselineError> {
        if !report.complete {
            return Err(BaselineError::Incomplete);
        }
        let mut notes: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
        for entry in earlier.iter().flat_map(|baseline| &baseline.entries) {
            notes.entry(&entry.key).or_default().push(entry);
        }
        let mut entries: Vec<Entry> = report.active().map(|finding| Entry::of(report, finding)).collect();
        for entry in &mut entries {
            let known = notes.get_mut(entry.key.as_str());
            let same = known.and_then(|list| {
                let at = list.iter().position(|known| known.secret == entry.secret)?;
                Some(list.remove(at))
            });
            if let Some(known) = same {
                entry.reason.clone_from(&known.reason);
                entry.owner.clone_from(&known.owner);
                entry.until.clone_from(&known.until);
            }
        }
        entries.sort();
        Ok(Self { entries })
    }

    /// The entries without those that a compared run found absent; nothing is added.
    #[must_use]
    pub fn pruned(&self, report: &ScanReport) -> Self {
        let mut copy = report.clone();
        let taken = compare_entries(&mut copy, self, &BTreeMap::new(), "");
        let entries = self.entries.iter().zip(taken).filter(|(_, taken)| *taken).map(|(entry, _)| entry.clone());
        Self { entries: entries.collect() }
    }

    /// Gives every active finding its state and adds absent ones. `renames` maps old paths to new ones
    /// where version control knows them; `today` is `YYYY-MM-DD`. An entry past its day counts no more.
    pub fn compare(&self, report: &mut ScanReport, renames: &BTreeMap<String, String>, today: &str) {
        let taken = compare_entries(report, self, renames, today);
        for (entry, taken) in self.entries.iter().zip(taken) {
            if is_past(entry.until.as_deref(), today) {
                let text = format!(
                    "The baseline's entry of `{}` expired on {}. Mend the finding, or give the entry another day.",
                    entry.rule,
                    entry.until.as_deref().unwrap_or_default()
                );
                let notice = Notice::warning(NoticeKind::Suppression, text).at(&RepoPath::new(&entry.path));
                report.notices.push(notice);
            } else if !taken {
                report.findings.push(entry.absent());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BaselineState, Severity, sample};

    const TODAY: &str = "2026-01-01";

    fn states(report: &ScanReport) -> Vec<&'static str> {
        report.findings.iter().map(|finding| finding.baseline.map_or("none", BaselineState::word)).collect()
    }

    fn compared(baseline: &Baseline, mut report: ScanReport) -> Vec<&'static str> {
        baseline.compare(&mut report, &BTreeMap::new(), TODAY);
        states(&report)
    }

    fn written(report: &ScanReport) -> Baseline {
        let text = Baseline::of(report, None).expect("a complete run").to_text();
        Baseline::read(text.as_bytes()).expect("what was written reads back")
    }

    #[test]
    fn equal_findings_match_as_a_multiset_and_lines_do_not_count() {
        let two = sample::report(&[("a.tf", 1, Severity::High), ("a.tf", 5, Severity::High)]);
        let baseline = written(&two);
        let three =
            sample::report(&[("a.tf", 2, Severity::High), ("a.tf", 8, Severity::High), ("a.tf", 9, Severity::High)]);
        assert_eq!(compared(&baseline, three), ["unchanged", "unchanged", "new"]);
        assert_eq!(compared(&baseline, sample::report(&[("a.tf", 7, Severity::High)])), ["unchanged", "absent"]);
    }

    #[test]
    fn a_rotated_key_is_new_and_the_old_one_absent() {
        let mut report = sample::report(&[("k.env", 1, Severity::High)]);
        report.findings[0].secret_digest = Some(Box::new([1; 32]));
        let baseline = written(&report);
        assert!(baseline.entries[0].secret.as_ref().is_some_and(|bits| bits.len() == 5));
        assert_eq!(compared(&baseline, report.clone()), ["unchanged"]);
        report.findings[0].secret_digest = Some(Box::new([2; 32]));
        assert_eq!(compared(&baseline, report), ["new", "absent"]);
    }

    #[test]
    fn a_moved_file_is_updated_where_it_is_the_only_candidate() {
        let baseline = written(&sample::report(&[("old.tf", 1, Severity::High)]));
        assert_eq!(compared(&baseline, sample::report(&[("new.tf", 1, Severity::High)])), ["updated"]);
        let twice = sample::report(&[("x.tf", 1, Severity::High), ("y.tf", 1, Severity::High)]);
        assert_eq!(compared(&baseline, twice.clone()), ["new", "new", "absent"], "ambiguous");
        let mut renamed = twice;
        let renames = BTreeMap::from([("old.tf".to_owned(), "y.tf".to_owned())]);
        baseline.compare(&mut renamed, &renames, TODAY);
        assert_eq!(states(&renamed), ["new", "updated"]);
    }

    #[test]
    fn expired_entries_count_no_more_and_are_told() {
        let mut report = sample::report(&[("a.tf", 1, Severity::High)]);
        let mut baseline = written(&report);
        baseline.entries[0].until = Some("2025-12-31".into());
        baseline.compare(&mut report, &BTreeMap::new(), TODAY);
        assert_eq!(states(&report), ["new"]);
        assert!(report.notices[0].message.contains("expired on 2025-12-31"));
    }

    #[test]
    fn people_s_words_survive_an_update_and_prune_only_drops() {
        let report = sample::report(&[("a.tf", 1, Severity::High)]);
        let mut earlier = written(&sample::report(&[("a.tf", 1, Severity::High), ("b.tf", 1, Severity::Low)]));
        earlier.entries[0].reason = Some("legacy".into());
        let updated = Baseline::of(&report, Some(&earlier)).expect("complete");
        assert_eq!(updated.entries[0].reason.as_deref(), Some("legacy"));
        assert_eq!(earlier.pruned(&report).entries.len(), 1);
        let incomplete = ScanReport { complete: false, ..report };
        assert!(matches!(Baseline::of(&incomplete, None), Err(BaselineError::Incomplete)));
    }

    #[test]
    fn what_a_person_mistyped_is_refused() {
        let entry = |more: &str| format!(r#"{{"version":1,"entries":[{{"path":"a","rule":"r"{more}}}]}}"#);
        assert!(Baseline::read(entry("").as_bytes()).is_ok());
        for (wrong, told) in [
            (entry(r#","until":"tomorrow""#), "entry 1: `tomorrow` is no day"),
            (entry(r#","until":"2026-02-30""#), "`2026-02-30` is no day"),
            (entry(r#","untill":"2026-02-01""#), "unknown field `untill`"),
            (entry(r#","owner":5"#), "expected a string"),
            ("[]".to_owned(), "expected an object with `version` and `entries`"),
            (r#"{"version":2,"entries":[]}"#.to_owned(), "its version is 2"),
        ] {
            let error = Baseline::read(wrong.as_bytes()).expect_err(&wrong).to_string();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn an_earlier_report_serves() {
        let report = sample::report(&[("a.tf", 1, Severity::High)]);
        let baseline = Baseline::of_sarif(&report);
        assert!(baseline.entries[0].fingerprint.is_some());
        assert_eq!(compared(&baseline, report.clone()), ["unchanged"]);
        let mut gone = report;
        gone.findings[0].baseline = Some(BaselineState::Absent);
        assert_eq!(Baseline::of_sarif(&gone).entries, []);
    }
}
