//! Regular expressions of predicates, compiled when they are first asked: most rules of a run never are.

use std::sync::OnceLock;

/// A regular expression by its text.
#[derive(Debug)]
pub(super) struct Pattern {
    text: Box<str>,
    compiled: OnceLock<Option<regex::Regex>>,
}

impl Pattern {
    /// One whose text is known to be right, as a test says of every built-in rule.
    pub fn later(text: &str) -> Self {
        Self { text: text.into(), compiled: OnceLock::new() }
    }

    /// The same, compiled at once; `None` where it is no regular expression, or too large.
    pub fn now(text: &str) -> Option<Self> {
        let pattern = Self::later(text);
        pattern.regex().is_some().then_some(pattern)
    }

    /// True where it is found in `text`.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex().is_some_and(|regex| regex.is_match(text))
    }

    fn regex(&self) -> Option<&regex::Regex> {
        self.compiled.get_or_init(|| regex::Regex::new(&self.text).ok()).as_ref()
    }
}
