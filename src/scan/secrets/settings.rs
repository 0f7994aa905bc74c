//! What the scanner is told, and what follows from it for a rule and a value.

use std::collections::BTreeMap;
use std::sync::Arc;

use regex::bytes::{Regex, RegexBuilder};
use sha2::{Digest, Sha256};

use super::foreign::Foreign;
use super::rule::Written;
use crate::model::{Confidence, Rule, Severity};
use crate::ruleset::RulesError;

/// What the scanner is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Rules that are off, by id with or without `secrets/`.
    pub disabled: Vec<String>,
    /// Severity by rule id.
    pub severity: BTreeMap<String, Severity>,
    /// Confidence by rule id.
    pub confidence: BTreeMap<String, Confidence>,
    /// Findings less sure than this are left out.
    pub min_confidence: Confidence,
    /// Values that match one of these regexes are no secrets; `sha256:SALT:HEX` is the value whose SHA-256 behind
    /// the salt is `HEX`.
    pub allowed: Vec<String>,
    /// Values that hold one of these words (any case) are no secrets.
    pub stop_words: Vec<String>,
    /// Own rules.
    pub rules: Vec<Written>,
    /// What files of other tools say.
    pub foreign: Foreign,
    /// False: every place is looked at. Findings are the same, which a test shows.
    pub prefilter: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            disabled: Vec::new(),
            severity: BTreeMap::new(),
            confidence: BTreeMap::new(),
            min_confidence: Confidence::Low,
            allowed: Vec::new(),
            stop_words: Vec::new(),
            rules: Vec::new(),
            foreign: Foreign::default(),
            prefilter: true,
        }
    }
}

impl Settings {
    /// True for a built-in rule, by its id without `secrets/`, that is not to be asked.
    pub(super) fn is_off(&self, id: &str) -> bool {
        self.disabled.iter().any(|name| name == id || name.strip_prefix("secrets/") == Some(id))
    }

    /// The severity and the confidence that are set for a rule.
    pub(super) fn for_rule(&self, rule: &Rule) -> (Option<Severity>, Option<Confidence>) {
        let severity = self.severity.iter().find(|(name, _)| rule.answers_to(name)).map(|(_, s)| *s);
        let confidence = self.confidence.iter().find(|(name, _)| rule.answers_to(name)).map(|(_, c)| *c);
        (severity, confidence)
    }
}

/// Gives a rule the severity and confidence that settings have for it.
pub(super) fn overrule(rule: &mut Arc<Rule>, settings: &Settings) {
    let (severity, confidence) = settings.for_rule(rule);
    let rule = Arc::make_mut(rule);
    rule.severity = severity.unwrap_or(rule.severity);
    rule.confidence = confidence.unwrap_or(rule.confidence);
}

/// What settings call no secret.
pub(super) struct Allowed {
    patterns: Vec<Regex>,
    /// Salt, and SHA-256 of salt and value.
    hashes: Vec<(String, String)>,
    /// In lower case.
    words: Vec<String>,
}

impl Allowed {
    /// # Errors
    /// On a regex, hash or glob that does not read.
    pub(super) fn new(settings: &Settings) -> Result<Self, RulesError> {
        let wrong = |message: String| RulesError::Rule { id: "secrets.allow".into(), message };
        let (mut patterns, mut hashes) = (Vec::new(), Vec::new());
        for text in &settings.allowed {
            if let Some(hash) = text.strip_prefix("sha256:") {
                let read = hash.rsplit_once(':').filter(|(_, hex)| is_sha256(hex));
                let (salt, hex) = read.ok_or_else(|| wrong(format!("`{text}` is not `sha256:SALT:HEX`")))?;
                hashes.push((salt.to_owned(), hex.to_ascii_lowercase()));
            } else {
                let regex = RegexBuilder::new(text).size_limit(1 << 22).build();
                patterns.push(regex.map_err(|error| wrong(error.to_string()))?);
            }
        }
        let words = settings.stop_words.iter().map(|word| word.to_ascii_lowercase()).filter(|word| !word.is_empty());
        Ok(Self { patterns, hashes, words: words.collect() })
    }

    /// True for a value that is no secret here.
    pub(super) fn value(&self, value: &[u8]) -> bool {
        let lower = value.to_ascii_lowercase();
        self.patterns.iter().any(|regex| regex.is_match(value))
            || self.words.iter().any(|word| memchr::memmem::find(&lower, word.as_bytes()).is_some())
            || self.hashes.iter().any(|(salt, hex)| {
                let hash = Sha256::new().chain_update(salt).chain_update(value).finalize();
                format!("{hash:x}") == *hex
            })
    }
}

fn is_sha256(hex: &str) -> bool {
    hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_allowed_by_regex_word_and_hash() {
        let settings = Settings {
            // SHA-256 of "abc", the salt being its first byte.
            allowed: vec![
                "^tmp-".into(),
                "sha256:a:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".into(),
            ],
            stop_words: vec!["Acme".into()],
            ..Settings::default()
        };
        let allowed = Allowed::new(&settings).unwrap();
        for value in ["tmp-1", "x-aCME-1", "bc"] {
            assert!(allowed.value(value.as_bytes()), "{value}");
        }
        assert!(!allowed.value(b"abc") && !allowed.value(b"a-tmp-1"));
        assert!(Allowed::new(&Settings { allowed: vec!["sha256:a:12".into()], ..Settings::default() }).is_err());
        assert!(Allowed::new(&Settings { allowed: vec!["(".into()], ..Settings::default() }).is_err());
    }
}
