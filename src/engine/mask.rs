//! The last look before a report leaves the engine: no snippet holds a value that any scanner called a
//! secret, wherever else in the tree it stands.

use std::borrow::Cow;
use std::collections::BTreeSet;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

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

    /// What finds them all.
    pub fn mask(self) -> Mask {
        if self.0.is_empty() {
            return Mask(Found::Nothing);
        }
        let values: Vec<Box<str>> = self.0.into_iter().collect();
        // Snippets are short beside what their values would take to be made into a faster automaton.
        let kind = Some(AhoCorasickKind::NoncontiguousNFA);
        let found = AhoCorasick::builder()
            .kind(kind)
            .match_kind(MatchKind::LeftmostLongest)
            .build(values.iter().map(|v| v.as_bytes()));
        // Too many values for one automaton: then no text is shown rather than one that was not looked at.
        Mask(found.map_or(Found::TooMuch, Found::Values))
    }
}

/// Finds every secret value of a run in a text. It can be asked, never read.
pub struct Mask(Found);

enum Found {
    Nothing,
    Values(AhoCorasick),
    TooMuch,
}

impl Mask {
    /// The text with a mark for each value; `None` where there are too many to look for.
    #[must_use]
    pub fn text<'t>(&self, text: &'t str) -> Option<Cow<'t, str>> {
        let found = match &self.0 {
            Found::Nothing => return Some(Cow::Borrowed(text)),
            Found::Values(found) => found,
            Found::TooMuch => return None,
        };
        if !found.is_match(text) {
            return Some(Cow::Borrowed(text));
        }
        let mut masked = String::with_capacity(text.len());
        found.replace_all_with(text, &mut masked, |_, _, out| {
            out.push_str(MARK);
            true
        });
        Some(Cow::Owned(masked))
    }

    /// Masks every snippet, and takes away every fix that would write a value anew.
    pub fn apply(&self, findings: &mut [Finding]) {
        if matches!(self.0, Found::Nothing) {
            return;
        }
        let clean = |text: &str| matches!(self.text(text), Some(Cow::Borrowed(_)));
        for finding in findings {
            finding.fixes.retain(|fix| fix.replacements.iter().all(|(_, text)| clean(text)));
            let Some(snippet) = &mut finding.snippet else { continue };
            match self.text(&snippet.text) {
                None => finding.snippet = None,
                Some(Cow::Borrowed(_)) => {}
                Some(Cow::Owned(masked)) => {
                    snippet.text = masked;
                    snippet.masked = true;
                }
            }
        }
    }
}
