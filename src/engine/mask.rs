//! The last look before a report leaves the engine: no snippet holds a value that any scanner called a
//! secret, wherever else in the tree it stands.

use std::collections::BTreeSet;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::model::{Draft, Finding};

/// Shorter values are words: masking them everywhere would blank out ordinary text.
const LEAST: usize = 6;
/// What stands for a secret.
const MARK: &str = "\u{2022}";

/// Secret values of a run, held until its snippets were looked at; part of nothing that is written.
#[derive(Default)]
pub struct Values(BTreeSet<Box<str>>);

impl Values {
    /// Remembers the secrets of drafts about `bytes`; of a value over several lines, each line.
    pub fn remember(&mut self, drafts: &[Draft], bytes: &[u8]) {
        for span in drafts.iter().flat_map(|draft| &draft.secrets) {
            let text = String::from_utf8_lossy(span.of(bytes));
            let lines = text.lines().map(str::trim).filter(|line| line.len() >= LEAST);
            self.0.extend(lines.map(Box::from));
        }
    }

    /// Takes in what another file brought.
    pub fn append(&mut self, other: Values) {
        // `BTreeSet::append` would lay out the whole set anew for each file.
        self.0.extend(other.0);
    }

    /// Masks every value in every snippet.
    pub fn mask(self, findings: &mut [Finding]) {
        if self.0.is_empty() {
            return;
        }
        let values: Vec<Box<str>> = self.0.into_iter().collect();
        let found =
            AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(values.iter().map(|v| v.as_bytes()));
        let Ok(found) = found else {
            // Too many values for one automaton: no snippet is better than one that was not looked at.
            findings.iter_mut().for_each(|finding| finding.snippet = None);
            return;
        };
        for snippet in findings.iter_mut().filter_map(|finding| finding.snippet.as_mut()) {
            if found.is_match(snippet.text.as_str()) {
                let mut text = String::with_capacity(snippet.text.len());
                found.replace_all_with(&snippet.text, &mut text, |_, _, out| {
                    out.push_str(MARK);
                    true
                });
                snippet.text = text;
                snippet.masked = true;
            }
        }
    }
}
