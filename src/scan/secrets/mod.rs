//! Secrets: provider tokens, generic credentials, keys, and all of these in another form.
//!
//! One look at the bytes for all rules (`index`); only where a literal stands is a rule asked, on a bounded window.

mod builtin;
mod checks;
mod cover;
mod decode;
mod files;
mod foreign;
mod gather;
mod generic;
mod hashed;
mod hits;
mod index;
mod mnemonic;
mod opening;
mod pairs;
mod pem;
mod prints;
mod provider;
mod putty;
mod rule;
#[cfg(test)]
mod rule_tests;
mod runs;
mod service_account;
mod settings;
mod shape;

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, OnceLock};

use crate::model::{
    Draft, DraftRelated, ForeignSuppression, Input, Notice, NoticeKind, Origin, Property, RepoPath, Rule, Sink,
};
use crate::ruleset::{self, RulesError};
use crate::scan::{Interest, Scanner};
pub use foreign::Foreign;
use index::{Index, Lead, Literals};
pub use rule::Written as SecretRuleSource;
use rule::{SecretRule, Start};
pub use settings::Settings;
use settings::{Allowed, overrule};

/// Bytes after a literal that a rule may look at.
const WINDOW: usize = 4096;
/// Bytes after a word of the provider in which an opaque value may stand.
const NEAR: usize = 160;
/// Encodings around a secret that are undone.
const FORMS: u8 = 2;
/// Findings of one rule in one file.
const MOST: usize = 100;

/// The scanner for secrets.
pub struct SecretsScanner {
    rules: Vec<SecretRule>,
    generic: [Arc<Rule>; builtin::COUNT],
    /// Rules by a provider's name, made when a secret is first found by its context.
    providers: OnceLock<Vec<Option<Arc<Rule>>>>,
    index: Index,
    allowed: Allowed,
    documented: OnceLock<Vec<Arc<Rule>>>,
    wordings: generic::Wordings,
    /// Rules that are asked about every file: those of other tools that have no keyword.
    everywhere: Vec<usize>,
    settings: Settings,
}

impl SecretsScanner {
    /// With the built-in rules and those of `settings`.
    ///
    /// # Errors
    /// Where a rule does not read: an unknown check, a pattern that does not parse.
    pub fn new(settings: Settings) -> Result<Self, RulesError> {
        let mut rules = Vec::new();
        let mut index = Literals::new(settings.prefilter);
        let built_in: Vec<SecretRuleSource> = ruleset::builtin("secrets")?;
        let mut everywhere = Vec::new();
        for written in built_in
            .into_iter()
            .chain(settings.rules.iter().chain(&settings.foreign.rules).cloned())
            .filter(|rule| !settings.is_off(&rule.id))
        {
            let mut rule = SecretRule::new(written)?;
            overrule(&mut rule.rule, &settings);
            let at = rules.len();
            let lead = match rule.start {
                Start::Literal => Lead::Prefix(at),
                Start::Word => Lead::Named(at),
                Start::Anywhere => Lead::Inside(at),
            };
            let short = |word: &String| RulesError::Rule {
                id: rule.rule.id.to_string(),
                message: format!("`{word}` is shorter than 3 bytes"),
            };
            if rule.loose && rule.literals.is_empty() {
                everywhere.push(at);
            }
            for word in &rule.literals {
                if !index.add(word, rule.loose, rule.beside_run(), lead) {
                    return Err(short(word));
                }
            }
            for word in &rule.near {
                if !index.add(word, true, false, Lead::Near(at)) {
                    return Err(short(word));
                }
            }
            rules.push(rule);
        }
        for (literals, any_case, lead) in [
            (generic::PARTS, true, Lead::Name),
            (generic::EXACT, false, Lead::Name),
            (&["://"][..], false, Lead::Url),
            (&["-----BEGIN", putty::MARK], false, Lead::Pem),
            (&["earer ", "asic "], false, Lead::Scheme),
            (decode::JOINS, false, Lead::Join),
            (decode::CALLS, false, Lead::Listed),
        ] {
            for literal in literals {
                index.add(literal, any_case, false, lead);
            }
        }
        let wordings = generic::Wordings::new();
        for (number, text) in wordings.texts().enumerate() {
            index.add(text, false, false, Lead::Wording(number));
        }
        let (allowed, generic) = (Allowed::new(&settings)?, builtin::rules(&settings));
        Ok(Self {
            rules,
            generic,
            providers: OnceLock::new(),
            index: index.finish(),
            allowed,
            documented: OnceLock::new(),
            wordings,
            everywhere,
            settings,
        })
    }

    /// Every rule with its help, which is read when the first finding needs it.
    fn documented(&self) -> &[Arc<Rule>] {
        self.documented.get_or_init(|| {
            let docs = ruleset::builtin_docs("secrets").unwrap_or_default();
            let docs: BTreeMap<&str, &ruleset::RuleDocs> = docs.iter().map(|doc| (doc.id.as_str(), doc)).collect();
            let with_help = |rule: &SecretRule| match docs.get(rule.rule.id.short()) {
                Some(doc) if rule.rule.help.is_empty() => {
                    let (help, references) = (doc.help.clone(), doc.references.clone());
                    Arc::new(Rule { help, references, ..(*rule.rule).clone() })
                }
                _ => Arc::clone(&rule.rule),
            };
            let providers = self.providers().iter().flatten();
            self.generic.iter().chain(providers).map(Arc::clone).chain(self.rules.iter().map(with_help)).collect()
        })
    }

    /// The rule of each provider that its name alone tells, in the order of [`ruleset::Provider::all`].
    fn providers(&self) -> &[Option<Arc<Rule>>] {
        self.providers.get_or_init(|| provider::rules(&self.settings).unwrap_or_default())
    }

    /// What another tool's file says of a finding.
    fn suppressed(&self, input: &Input<'_>, hit: &hits::Hit) -> Option<ForeignSuppression> {
        if self.settings.foreign.is_empty() {
            return None;
        }
        let (start, bytes) = (hit.value.start as usize, input.bytes);
        let newlines = memchr::memchr_iter(b'\n', bytes.get(..start)?).count();
        // Other tools know what a provider's name told as what its context told.
        let rule = if hit.provider { &self.generic[builtin::GENERIC_SECRET] } else { &hit.rule };
        let from = memchr::memrchr(b'\n', &bytes[..start]).map_or(0, |newline| newline + 1);
        let to = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |gap| start + gap);
        self.settings.foreign.suppresses(&foreign::Place {
            rule,
            path: input.path.as_str(),
            line: input.first_line.saturating_add(u32::try_from(newlines).unwrap_or(u32::MAX)),
            value: hit.value.of(bytes),
            text: &bytes[from..to],
            history: matches!(input.origin, Origin::Commit { .. }),
        })
    }

    /// True where settings, or another tool's, have switched off what found it.
    fn disabled(&self, hit: &hits::Hit) -> bool {
        let generic = &self.generic[builtin::GENERIC_SECRET];
        self.settings.disabled.iter().any(|name| hit.rule.answers_to(name))
            || (self.settings.foreign.disabled.iter())
                .any(|name| hit.rule.answers_to(name) || hit.provider && generic.answers_to(name))
    }

    /// Ids of rules whose pattern does not compile, for the test of the rules.
    #[cfg(test)]
    fn broken(&self) -> Vec<String> {
        self.rules.iter().filter(|rule| rule.regex().is_none()).map(|rule| rule.rule.id.to_string()).collect()
    }
}

impl Scanner for SecretsScanner {
    fn name(&self) -> &'static str {
        "secrets"
    }

    fn rules(&self) -> Vec<Arc<Rule>> {
        self.documented().to_vec()
    }

    fn interest(&self, _path: &RepoPath) -> Interest {
        Interest::Scan
    }

    fn version(&self) -> Option<Vec<u8>> {
        // Whether a token has expired is a matter of the day.
        Some(format!("{:?} {}", self.settings, checks::today()).into_bytes())
    }

    fn scan(&self, input: &Input<'_>, sink: &mut Sink) {
        let mut hits = Vec::new();
        self.hits(input.path, input.bytes, FORMS, &mut hits);
        hits.sort_by(|a, b| (a.value, &a.rule.id).cmp(&(b.value, &b.rule.id)));
        let mut told = HashSet::new();
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for mut hit in hits {
            // What is set for a rule counts more than what a value tells of itself.
            let (severity, confidence) = self.settings.for_rule(&hit.rule);
            hit.severity = severity.unwrap_or(hit.severity);
            hit.confidence = confidence.unwrap_or(hit.confidence);
            let value = hit.value.of(input.bytes);
            let id = hit.rule.id.as_str();
            if hit.confidence < self.settings.min_confidence
                || self.disabled(&hit)
                || self.allowed.value(value)
                || !told.insert((hit.value, id.to_owned()))
            {
                continue;
            }
            let count = counts.entry(id.to_owned()).or_default();
            *count += 1;
            if *count > MOST {
                continue;
            }
            let suppressed = self.suppressed(input, &hit);
            let rule = self.documented().iter().find(|rule| rule.id == hit.rule.id).unwrap_or(&hit.rule);
            let mut draft = Draft::new(rule, hit.value, format!("{}.", hit.rule.title));
            if let Some(structure) = hit.structure {
                draft.message = format!("{} It is checked: {structure}.", draft.message);
                draft.properties.push(("structure", Property::Text(structure)));
            }
            draft.suppressed = suppressed;
            draft.severity = hit.severity;
            draft.confidence = hit.confidence;
            draft.secrets = vec![hit.value];
            if let Some(id) = hit.beside {
                draft.secrets.push(id);
                let message = "The key id that goes with it.".to_owned();
                draft.related.push(DraftRelated { path: None, span: id, message });
            }
            draft.shown_head = u8::try_from(hit.head.min(value.len() / 3)).unwrap_or(0);
            draft.shown_tail = if value.len() >= 24 && value.iter().all(u8::is_ascii_graphic) { 4 } else { 0 };
            sink.report(draft);
        }
        for (id, count) in counts.iter().filter(|(_, count)| **count > MOST) {
            let message = format!("`{id}` was found {count} times; the first {MOST} are reported.");
            sink.notice(Notice::warning(NoticeKind::Limit, message).at(input.path));
        }
    }
}
