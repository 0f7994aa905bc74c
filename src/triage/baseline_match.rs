//! Which finding is which entry of a baseline.

use std::collections::{BTreeMap, VecDeque};

use super::baseline::{Baseline, Entry};
use super::is_past;
use crate::model::{BaselineState, ScanReport};

/// Matches findings with entries; true for each entry that some finding took.
pub fn compare_entries(
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
