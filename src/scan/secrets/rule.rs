//! Provider rules: from their TOML to what the scanner asks.

use std::sync::{Arc, OnceLock};

use globset::{Glob, GlobSet, GlobSetBuilder};
use regex::bytes::Regex;
use regex_syntax::hir::Hir;
use serde::Deserialize;

use super::checks::{self, Check};
use super::opening::Opening;
use super::runs::{self, MIN_RUN};
use crate::model::Rule;
use crate::ruleset::guarantee::{prefixes, token_run};
use crate::ruleset::{RulesError, Sample};

/// A rule as its file has it; `rules/README.md` describes the keys.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Written {
    pub id: String,
    pub title: String,
    pub severity: String,
    pub confidence: String,
    pub pattern: String,
    #[serde(default)]
    pub keywords: Vec<String>,
    /// Every match begins with one of the keywords.
    #[serde(default)]
    pub starts: bool,
    #[serde(default)]
    pub near: Vec<String>,
    #[serde(default = "yes")]
    pub boundary: bool,
    pub check: Option<String>,
    pub entropy: Option<f64>,
    #[serde(default)]
    pub paths: Vec<String>,
    #[serde(default)]
    pub tags: Vec<String>,
    #[serde(default)]
    pub help: String,
    #[serde(default)]
    pub references: Vec<String>,
    #[serde(default)]
    pub matches: Vec<Sample>,
    #[serde(default)]
    pub near_misses: Vec<Sample>,
    /// Longest token run that every match holds; the build script fills it in for built-in rules.
    pub run: Option<usize>,
    /// The group that is the secret; 0: the one named `secret`, else the first, else the whole match.
    #[serde(skip)]
    pub group: usize,
    /// A regex that paths must match.
    #[serde(skip)]
    pub path: Option<Regex>,
    /// Keywords in any case; without any the rule is asked everywhere. It gives way to every other rule.
    #[serde(skip)]
    pub loose: bool,
}

impl Written {
    /// A rule of another tool, still without a pattern.
    pub(super) fn loose(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            severity: "high".to_owned(),
            confidence: "medium".to_owned(),
            run: Some(0),
            loose: true,
            ..Self::default()
        }
    }
}

fn yes() -> bool {
    true
}

/// Said of a pattern that nothing leads to.
const NO_LITERAL: &str = "its pattern begins with no literal of 3 bytes: give it `keywords` or `near`";
/// What stands before a provider's word in a name: a pattern that begins with it is asked from the word on, so that no
/// search has to try each place before it.
const NAME: &str = "[A-Za-z0-9_.-]{0,40}";
/// Longest match of a pattern that has no bound of its own.
const FAR: usize = 1024;

/// What a pattern says of its matches before it is compiled.
struct Form {
    /// Bytes that a match spans at most.
    reach: usize,
    /// Which bytes may stand at the first places of a match.
    opening: Opening,
}

/// Where a match begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// At a literal that leads to the rule.
    Literal,
    /// At one, which may stand inside a name.
    Word,
    /// Anywhere around one.
    Anywhere,
}

/// A rule ready to be asked; its regex is compiled when its literal first turns up.
pub(super) struct SecretRule {
    pub rule: Arc<Rule>,
    pattern: String,
    form: OnceLock<Form>,
    compiled: OnceLock<Option<Regex>>,
    pub boundary: bool,
    pub check: Option<&'static Check>,
    pub entropy: f64,
    pub paths: Option<GlobSet>,
    /// Literals that lead to it.
    pub literals: Vec<String>,
    pub start: Start,
    /// Longest token run that every match holds.
    run: usize,
    pub near: Vec<String>,
    pub group: usize,
    pub path: Option<Regex>,
    pub loose: bool,
}

impl SecretRule {
    pub(super) fn new(written: Written) -> Result<Self, RulesError> {
        let id = written.id.clone();
        let wrong = |message: String| RulesError::Rule { id: id.clone(), message };
        let severity = written.severity.parse().map_err(wrong)?;
        let mut rule = Rule::new(&format!("secrets/{}", written.id), &written.title, severity);
        rule.confidence = written.confidence.parse().map_err(wrong)?;
        rule.help = written.help;
        rule.references = written.references;
        rule.tags = written.tags;
        rule.cwe = vec![798];
        let check = match &written.check {
            Some(name) => Some(checks::named(name).ok_or_else(|| wrong(format!("there is no check `{name}`")))?),
            None => None,
        };
        let (literals, prefix) = match (written.near.is_empty(), written.keywords.is_empty()) {
            (false, _) => (Vec::new(), false),
            (true, false) => (written.keywords, written.starts),
            (true, true) if written.loose => (Vec::new(), false),
            (true, true) => (prefixes(&written.pattern).map_err(wrong)?, true),
        };
        if prefix && literals.is_empty() {
            return Err(wrong(NO_LITERAL.to_owned()));
        }
        let run = written.run.unwrap_or_else(|| token_run(&written.pattern));
        let word = written.pattern.strip_prefix(NAME).filter(|_| !written.loose && written.near.is_empty());
        let (start, pattern) = match (prefix, word) {
            (true, _) => (Start::Literal, written.pattern),
            (false, Some(word)) => (Start::Word, word.to_owned()),
            (false, None) => (Start::Anywhere, written.pattern),
        };
        Ok(Self {
            rule: Arc::new(rule),
            run,
            pattern,
            start,
            form: OnceLock::new(),
            compiled: OnceLock::new(),
            boundary: written.boundary,
            check,
            entropy: written.entropy.unwrap_or(0.0),
            paths: globs(&written.paths).map_err(|error| wrong(error.to_string()))?,
            literals,
            near: written.near,
            group: written.group,
            path: written.path,
            loose: written.loose,
        })
    }

    /// Every match holds a token run, so that its literals need no look elsewhere.
    pub(super) fn beside_run(&self) -> bool {
        self.run >= MIN_RUN
    }

    /// Bytes that a match spans at most.
    pub(super) fn reach(&self) -> usize {
        self.form().reach
    }

    /// True where a match begins at the literal that leads to the rule, or nowhere.
    pub(super) fn anchored(&self) -> bool {
        self.start != Start::Anywhere
    }

    /// False where nothing in `window` can match, which is cheap to see. A match of an anchored rule begins there.
    pub(super) fn may_match(&self, window: &[u8]) -> bool {
        (!self.anchored() || self.form().opening.admits(window))
            && (self.start == Start::Literal || !self.beside_run() || runs::has_run(window, self.run))
    }

    /// The compiled pattern; a test asks every rule for it.
    pub(super) fn regex(&self) -> Option<&Regex> {
        let compile = || {
            let anchored = format!("^(?:{})", self.pattern);
            let pattern = if self.anchored() { &anchored } else { &self.pattern };
            regex::bytes::RegexBuilder::new(pattern).unicode(false).size_limit(1 << 22).build().ok()
        };
        self.compiled.get_or_init(compile).as_ref()
    }

    fn form(&self) -> &Form {
        self.form.get_or_init(|| {
            let parsed = regex_syntax::ParserBuilder::new().utf8(false).unicode(false).build().parse(&self.pattern);
            let hir = parsed.unwrap_or_else(|_| Hir::empty());
            Form { reach: hir.properties().maximum_len().unwrap_or(FAR), opening: Opening::of(&hir) }
        })
    }
}

fn globs(paths: &[String]) -> Result<Option<GlobSet>, globset::Error> {
    if paths.is_empty() {
        return Ok(None);
    }
    let mut set = GlobSetBuilder::new();
    for path in paths {
        set.add(Glob::new(path)?);
    }
    set.build().map(Some)
}
