//! Rules as data: `rules/iac/**/*.toml`, embedded at build time without their examples.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use serde::Deserialize;

use super::check::{self, Check};
use super::policy::checkov::Policy;
use super::policy::rego::Policies;
use super::repair::Setting;
use crate::model::{Anchor, Confidence, Draft, Rule, Severity, Span};
use crate::ruleset;

/// tfsec's names by Trivy's id: `ID NAME…` on each line.
const TFSEC: &str = include_str!("../../../rules/iac/tfsec.txt");

/// What tfsec calls the checks that a rule has among its aliases.
fn legacy_names(aliases: &[String]) -> Vec<&'static str> {
    static BY_ID: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
        TFSEC.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(' ')).collect()
    });
    aliases.iter().filter_map(|alias| BY_ID.get(&**alias)).flat_map(|names| names.split(' ')).collect()
}

/// One rule as its file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    title: String,
    severity: String,
    /// High where nothing is said.
    confidence: Option<String>,
    /// Empty for a rule that is code: `id` then names it there.
    #[serde(default)]
    on: Vec<On>,
    help: String,
    #[serde(default)]
    references: Vec<String>,
    #[serde(default)]
    cwe: Vec<u32>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    tags: Vec<String>,
    /// Rules that say less about the same thing: silent where this one speaks.
    #[serde(default)]
    subsumes: Vec<String>,
    #[serde(default)]
    bad: Vec<String>,
    #[serde(default)]
    good: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct On {
    kind: Kinds,
    deny: String,
    /// `attribute = literal`: what mends it. Where the predicate is one comparison with a boolean, that says it.
    fix: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Kinds {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    rule: Vec<Written>,
}

/// A rule and what it denies.
#[derive(Debug)]
pub struct IacRule {
    /// What is told about it.
    pub rule: Arc<Rule>,
    /// Resource kinds with the predicate that denies them, and what mends that.
    pub on: Vec<Denied>,
    /// Whole ids of rules that are silent about a resource, or a policy made of it, that this rule speaks of.
    pub subsumes: Vec<String>,
    /// Snippets in which the lines marked `# here` are found.
    pub bad: Vec<String>,
    /// Snippets in which nothing is found.
    pub good: Vec<String>,
}

/// What a rule denies, and of which resources.
#[derive(Debug)]
pub struct Denied {
    /// Resource kinds.
    pub kinds: Vec<String>,
    /// The predicate.
    pub check: Check,
    /// The one setting that mends it; none where there is more than one way, or the author says so.
    pub fix: Option<Setting>,
}

/// Why a rule file is none.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// Not TOML, or not of the form.
    #[error("{0}")]
    Form(#[from] toml::de::Error),
    /// A predicate that does not parse.
    #[error("rule `{id}`: {error} in `{text}`")]
    Predicate {
        /// The rule.
        id: String,
        /// The predicate.
        text: String,
        /// What is wrong with it.
        error: check::ParseError,
    },
    /// A fix that is none.
    #[error("rule `{id}`: a fix is `attribute = literal` or nothing, not `{text}`")]
    Fix {
        /// The rule.
        id: String,
        /// The fix.
        text: String,
    },
    /// A severity that is none.
    #[error("rule `{0}`: unknown severity")]
    Severity(String),
    /// A confidence that is none.
    #[error("rule `{0}`: unknown confidence")]
    Confidence(String),
}

/// Reads the rules of one file; `id`s are written without `iac/`.
///
/// # Errors
/// Where the text is not of the form, at the first problem.
pub fn read(text: &str) -> Result<Vec<IacRule>, RuleError> {
    let file: RuleFile = toml::from_str(text)?;
    file.rule.into_iter().map(|written| compile(written, check::parse)).collect()
}

/// The rules of all built-in files, without their examples; a test has read them as [`read`] does.
pub(super) fn built_in() -> impl Iterator<Item = IacRule> {
    let written: Vec<Written> = ruleset::builtin("iac").expect("a test reads them");
    written.into_iter().map(|rule| compile(rule, check::parse_trusted).expect("a test reads them"))
}

type Parse = fn(&str) -> Result<Check, check::ParseError>;

fn compile(written: Written, parse: Parse) -> Result<IacRule, RuleError> {
    let id = if written.id.starts_with("iac/") { written.id.clone() } else { format!("iac/{}", written.id) };
    let severity: Severity = match written.severity.as_str() {
        "critical" => Severity::Critical,
        "high" => Severity::High,
        "medium" => Severity::Medium,
        "low" => Severity::Low,
        "info" => Severity::Info,
        _ => return Err(RuleError::Severity(id)),
    };
    let mut on = Vec::with_capacity(written.on.len());
    for one in written.on {
        let kinds = match one.kind {
            Kinds::One(kind) => vec![kind],
            Kinds::Many(kinds) => kinds,
        };
        let check = match parse(&one.deny) {
            Ok(check) => check,
            Err(error) => return Err(RuleError::Predicate { id, text: one.deny, error }),
        };
        let fix = match one.fix {
            None => check.wanted().map(|(path, value)| Setting::boolean(path, value)),
            Some(text) if text.is_empty() => None,
            Some(text) => match Setting::parse(&text) {
                Some(setting) => Some(setting),
                None => return Err(RuleError::Fix { id, text }),
            },
        };
        on.push(Denied { kinds, check, fix });
    }
    let mut rule = Rule::new(&id, &written.title, severity);
    rule.confidence = match written.confidence.as_deref() {
        Some("low") => Confidence::Low,
        Some("medium") => Confidence::Medium,
        Some("high") | None => Confidence::High,
        Some(_) => return Err(RuleError::Confidence(id)),
    };
    rule.help = written.help;
    rule.references = written.references;
    rule.cwe = written.cwe;
    rule.legacy_names = legacy_names(&written.aliases);
    rule.aliases = written.aliases;
    rule.tags = written.tags;
    let subsumes = written.subsumes.iter().map(|id| format!("iac/{id}")).collect();
    Ok(IacRule { rule: Arc::new(rule), on, subsumes, bad: written.bad, good: written.good })
}

/// Rules with an index from resource kind to the checks that look at it.
#[derive(Debug)]
pub struct RuleBook {
    rules: Vec<IacRule>,
    by_kind: HashMap<String, Vec<(usize, usize)>>,
    /// From a rule's id to those that subsume it.
    wider: HashMap<String, Vec<Arc<Rule>>>,
    policies: Vec<Policy>,
    rego: Option<Policies>,
    tells_unknown: bool,
}

impl RuleBook {
    /// Indexes rules.
    #[must_use]
    pub fn new(rules: Vec<IacRule>) -> Self {
        let mut by_kind: HashMap<String, Vec<(usize, usize)>> = HashMap::new();
        for (at, rule) in rules.iter().enumerate() {
            for (which, denied) in rule.on.iter().enumerate() {
                for kind in &denied.kinds {
                    by_kind.entry(kind.clone()).or_default().push((at, which));
                }
            }
        }
        let mut wider: HashMap<String, Vec<Arc<Rule>>> = HashMap::new();
        for rule in &rules {
            for id in &rule.subsumes {
                wider.entry(id.clone()).or_default().push(Arc::clone(&rule.rule));
            }
        }
        Self { rules, by_kind, wider, policies: Vec::new(), rego: None, tells_unknown: false }
    }

    /// The same with policies in Checkov's form, and in Rego.
    #[must_use]
    pub fn with_policies(mut self, policies: Vec<Policy>, rego: Option<Policies>) -> Self {
        self.policies = policies;
        self.rego = rego;
        self
    }

    /// The same, telling what could not be known or not.
    #[must_use]
    pub fn telling_unknown(mut self, tells: bool) -> Self {
        self.tells_unknown = tells;
        self
    }

    /// True where notices name the values that kept rules from deciding.
    #[must_use]
    pub fn tells_unknown(&self) -> bool {
        self.tells_unknown
    }

    /// Policies in Rego.
    #[must_use]
    pub fn rego(&self) -> Option<&Policies> {
        self.rego.as_ref()
    }

    /// Policies in Checkov's form.
    #[must_use]
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }

    /// All rules, in the order of their files.
    #[must_use]
    pub fn rules(&self) -> &[IacRule] {
        &self.rules
    }

    /// The rule of an id, for platforms whose rules are code. `id` is whole: `iac/unpinned-action`.
    #[must_use]
    pub fn rule(&self, id: &str) -> Option<&Arc<Rule>> {
        self.rules.iter().map(|rule| &rule.rule).find(|rule| rule.id.as_str() == id)
    }

    /// A finding of such a rule; one that no file describes is still told. `key` is the part of the file it is about,
    /// and `about` tells findings of one rule in that part apart.
    #[must_use]
    pub fn draft(&self, id: &str, span: Span, key: &str, about: &str, message: String) -> Draft {
        let rule = self.rule(id).map(Arc::clone);
        let rule = rule.unwrap_or_else(|| Arc::new(Rule::new(id, id, Severity::Medium)));
        let mut draft = Draft::new(&rule, span, message);
        draft.anchor = Anchor::Key(if about.is_empty() { key.to_owned() } else { format!("{key}|{about}") });
        draft
    }

    /// The rules that make a rule's finding needless where they find something.
    #[must_use]
    pub fn wider(&self, rule: &Rule) -> &[Arc<Rule>] {
        self.wider.get(rule.id.as_str()).map_or(&[], Vec::as_slice)
    }

    /// The checks that look at a kind of resource.
    pub fn checks(&self, kind: &str) -> impl Iterator<Item = (&Arc<Rule>, &Denied)> {
        self.by_kind
            .get(kind)
            .into_iter()
            .flatten()
            .map(|&(rule, on)| (&self.rules[rule].rule, &self.rules[rule].on[on]))
    }
}
