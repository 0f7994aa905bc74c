//! Provider rules: from their TOML to what the scanner asks.

use std::sync::{Arc, OnceLock};

use globset::{Glob, GlobSet, GlobSetBuilder};
use regex::bytes::Regex;
use regex_syntax::hir::literal::{ExtractKind, Extractor};
use serde::Deserialize;

use super::checks::{self, Check};
use super::runs::MIN_RUN;
use crate::model::Rule;
use crate::ruleset::guarantee::token_run;
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

/// What a pattern becomes when it is first needed.
struct Compiled {
    regex: Regex,
    /// Bytes that a match spans at most.
    reach: usize,
}

/// Longest match of a pattern that has no bound of its own.
const FAR: usize = 1024;

/// A rule ready to be asked; its regex is compiled when its literal first turns up.
pub(super) struct SecretRule {
    pub rule: Arc<Rule>,
    pattern: String,
    compiled: OnceLock<Option<Compiled>>,
    pub boundary: bool,
    pub check: Option<&'static Check>,
    pub entropy: f64,
    pub paths: Option<GlobSet>,
    /// Literals that lead to it; `prefix` where the match begins with them.
    pub literals: Vec<String>,
    pub prefix: bool,
    /// Every match holds a token run, so that its literals need no look elsewhere.
    pub beside_run: bool,
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
            (true, false) => (written.keywords, false),
            (true, true) if written.loose => (Vec::new(), false),
            (true, true) => (prefixes(&written.pattern).map_err(wrong)?, true),
        };
        let run = written.run.unwrap_or_else(|| token_run(&written.pattern));
        Ok(Self {
            rule: Arc::new(rule),
            beside_run: run >= MIN_RUN,
            pattern: written.pattern,
            compiled: OnceLock::new(),
            boundary: written.boundary,
            check,
            entropy: written.entropy.unwrap_or(0.0),
            paths: globs(&written.paths).map_err(|error| wrong(error.to_string()))?,
            literals,
            prefix,
            near: written.near,
            group: written.group,
            path: written.path,
            loose: written.loose,
        })
    }

    /// The compiled pattern, and how many bytes a match spans at most; a test asks every rule for it.
    pub(super) fn regex(&self) -> Option<(&Regex, usize)> {
        let compile = || {
            let pattern = if self.prefix { format!("^(?:{})", self.pattern) } else { self.pattern.clone() };
            let regex = regex::bytes::RegexBuilder::new(&pattern).unicode(false).size_limit(1 << 22).build().ok()?;
            let hir = regex_syntax::ParserBuilder::new().utf8(false).unicode(false).build().parse(&pattern);
            let reach = hir.ok().and_then(|hir| hir.properties().maximum_len()).unwrap_or(FAR);
            Some(Compiled { regex, reach })
        };
        self.compiled.get_or_init(compile).as_ref().map(|compiled| (&compiled.regex, compiled.reach))
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

/// The literals of which every match begins with one.
fn prefixes(pattern: &str) -> Result<Vec<String>, String> {
    let hir = regex_syntax::parse(pattern).map_err(|error| error.to_string())?;
    let mut extractor = Extractor::new();
    extractor.kind(ExtractKind::Prefix).limit_class(4).limit_total(64).limit_repeat(8);
    let found = extractor.extract(&hir);
    let literals: Option<Vec<String>> = found
        .literals()
        .map(|all| all.iter().filter_map(|one| String::from_utf8(one.as_bytes().to_vec()).ok()).collect());
    match literals {
        Some(all) if !all.is_empty() && all.iter().all(|one| one.len() >= 3) => Ok(all),
        _ => Err("its pattern begins with no literal of 3 bytes: give it `keywords` or `near`".to_owned()),
    }
}
