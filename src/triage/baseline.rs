//! Findings that were known before: a file of them, and how a run compares with it.
//!
//! A baseline holds no line numbers and no secrets: identities are hashes, and of a secret's value it
//! keeps 20 salted bits, enough to see that a key was rotated and too few to guess it by.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{is_day, is_past};
use crate::model::{
    BaselineState, Confidence, Finding, Fingerprint, FingerprintFields, Location, Notice, NoticeKind, Origin, Region,
    RepoPath, RuleId, ScanReport, Severity,
};

/// The file's format.
const VERSION: u32 = 1;
/// Hexadecimal digits kept of a secret's salted hash: 20 bits.
const SECRET_DIGITS: usize = 5;

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

/// One known finding.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "an entry of a baseline")]
pub struct Entry {
    /// The file it was in.
    pub path: String,
    /// Its rule.
    pub rule: String,
    /// How bad it was.
    pub severity: String,
    /// Its message, for people.
    pub message: String,
    /// Hash of tool, rule, path and anchor; equal ones are counted.
    pub key: String,
    /// The same without the path: what stays when a file moves.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub content: String,
    /// Of an earlier SARIF file: the whole fingerprint, where no key is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// 20 salted bits of the secret's digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Why it is tolerated; a person writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who mends it; a person writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The last day on which it is tolerated, `YYYY-MM-DD`; a person writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(expecting = "an object with `version` and `entries`")]
struct File {
    version: u32,
    entries: Vec<Entry>,
}

impl Entry {
    fn of(report: &ScanReport, finding: &Finding) -> Self {
        let path = finding.primary.path.as_str();
        let content = key(report, finding, "");
        Self {
            path: path.to_owned(),
            rule: finding.rule.as_str().to_owned(),
            severity: finding.severity.word().to_owned(),
            message: finding.message.clone(),
            key: key(report, finding, path),
            secret: finding.secret_digest.as_ref().map(|digest| secret_bits(&content, digest)),
            content,
            ..Self::default()
        }
    }

    /// The entry as a finding that is gone.
    fn absent(&self) -> Finding {
        let fields = FingerprintFields {
            tool: "",
            rule: &self.rule,
            path: &self.path,
            kind: "",
            discriminator: &self.key,
            ordinal: 0,
        };
        let print = self.fingerprint.as_deref().and_then(Fingerprint::parse);
        Finding {
            tool: 0,
            rule: RuleId::new(&self.rule),
            severity: self.severity.parse().unwrap_or(Severity::Medium),
            confidence: Confidence::High,
            message: self.message.clone(),
            primary: Location {
                path: RepoPath::new(&self.path),
                region: Region {
                    start_line: 1,
                    start_column: 1,
                    end_line: 1,
                    end_column: 1,
                    char_column: 1,
                    ..Region::default()
                },
            },
            extent: None,
            related: Vec::new(),
            snippet: None,
            fingerprint: print.unwrap_or_else(|| Fingerprint::of(&fields)),
            anchor: Arc::from(""),
            line_hash: None,
            origin: Origin::WorkTree,
            properties: Vec::new(),
            fixes: Vec::new(),
            foreign_fix: false,
            gates: false,
            also_known_as: Vec::new(),
            suppressions: Vec::new(),
            baseline: Some(BaselineState::Absent),
            secret_digest: None,
            foreign: None,
        }
    }
}

/// Identity without the ordinal, as 32 hexadecimal digits.
fn key(report: &ScanReport, finding: &Finding, path: &str) -> String {
    let tool = report.tools.get(finding.tool).map_or("", |tool| &tool.name);
    let fields = FingerprintFields {
        tool,
        rule: finding.rule.as_str(),
        path,
        kind: "baseline",
        discriminator: &finding.anchor,
        ordinal: 0,
    };
    Fingerprint::of(&fields).to_string()
}

/// The entry's content key is the salt, so that the bits survive a move and tables serve for one entry.
fn secret_bits(salt: &str, digest: &[u8; 32]) -> String {
    let hash = Sha256::new().chain_update(salt).chain_update(digest).finalize();
    let text = crate::model::hex(&hash);
    text.chars().take(SECRET_DIGITS).collect()
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

/// Matches findings with entries; true for each entry that some finding took.
fn compare_entries(
    report: &mut ScanReport,
    baseline: &Baseline,
    renames: &BTreeMap<String, String>,
    today: &str,
) -> Vec<bool> {
    let open: Vec<usize> = (0..report.findings.len()).filter(|&at| report.findings[at].is_active()).collect();
    let found: Vec<Entry> = open.iter().map(|&at| Entry::of(report, &report.findings[at])).collect();
    let prints: Vec<String> = open.iter().map(|&at| report.findings[at].fingerprint.to_string()).collect();
    let mut matcher = Matcher {
        entries: &baseline.entries,
        found: &found,
        taken: baseline.entries.iter().map(|entry| is_past(entry.until.as_deref(), today)).collect(),
        states: vec![None; found.len()],
    };
    matcher.pair(|entry| entry.fingerprint.clone().unwrap_or_default(), |at| prints[at].clone(), false);
    matcher.pair(|entry| named(&entry.key, entry), |at| named(&found[at].key, &found[at]), false);
    matcher.renamed(renames);
    matcher.pair(moved, |at| moved(&found[at]), true);
    let Matcher { taken, states, .. } = matcher;
    for (&at, state) in open.iter().zip(states) {
        report.findings[at].baseline = Some(state.unwrap_or(BaselineState::New));
    }
    let expired = |entry: &Entry| is_past(entry.until.as_deref(), today);
    baseline.entries.iter().zip(taken).map(|(entry, taken)| taken && !expired(entry)).collect()
}

fn moved(entry: &Entry) -> String {
    named(&entry.content, entry)
}

/// A key with the secret's bits; empty where there is no key.
fn named(key: &str, entry: &Entry) -> String {
    if key.is_empty() { String::new() } else { format!("{key} {:?}", entry.secret) }
}

struct Matcher<'a> {
    entries: &'a [Entry],
    found: &'a [Entry],
    taken: Vec<bool>,
    states: Vec<Option<BaselineState>>,
}

impl Matcher<'_> {
    /// Pairs what is open on both sides by equal, non-empty names, in order: n known and n + 1 found is
    /// one new. With `unique`, only where one stands against one, and as updated.
    fn pair(&mut self, of_entry: impl Fn(&Entry) -> String, of_found: impl Fn(usize) -> String, unique: bool) {
        let mut open: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, entry) in self.entries.iter().enumerate().filter(|(at, _)| !self.taken[*at]) {
            open.entry(of_entry(entry)).or_default().push(at);
        }
        open.remove("");
        let mut wanted: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for at in (0..self.found.len()).filter(|&at| self.states[at].is_none()) {
            wanted.entry(of_found(at)).or_default().push(at);
        }
        for (name, findings) in wanted {
            let Some(entries) = open.get(&name) else { continue };
            if unique && (entries.len() != 1 || findings.len() != 1) {
                continue;
            }
            for (&entry, &at) in entries.iter().zip(&findings) {
                self.take(entry, at, unique);
            }
        }
    }

    fn take(&mut self, entry: usize, at: usize, moved: bool) {
        self.taken[entry] = true;
        let known = &self.entries[entry].severity;
        let changed = moved || !known.is_empty() && *known != self.found[at].severity;
        self.states[at] = Some(if changed { BaselineState::Updated } else { BaselineState::Unchanged });
    }

    /// Pairs what version control calls one file, in order.
    fn renamed(&mut self, renames: &BTreeMap<String, String>) {
        let mut open: BTreeMap<(&str, String), VecDeque<usize>> = BTreeMap::new();
        for (at, entry) in self.entries.iter().enumerate().filter(|(at, _)| !self.taken[*at]) {
            if let Some(path) = renames.get(&entry.path).filter(|_| !entry.content.is_empty()) {
                open.entry((path, moved(entry))).or_default().push_back(at);
            }
        }
        if open.is_empty() {
            return;
        }
        let found = self.found;
        for (at, found) in found.iter().enumerate() {
            let entries = open.get_mut(&(found.path.as_str(), moved(found))).filter(|_| self.states[at].is_none());
            if let Some(entry) = entries.and_then(VecDeque::pop_front) {
                self.take(entry, at, true);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample;

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
        assert!(baseline.entries[0].secret.as_ref().is_some_and(|bits| bits.len() == SECRET_DIGITS));
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
