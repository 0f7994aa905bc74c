//! Secrets: provider tokens, generic credentials, keys, and all of these in another form.
//!
//! One look at the bytes for all rules (`index`); only where a literal stands is a rule asked, on a bounded window.

mod checks;
mod decode;
mod files;
mod generic;
mod index;
mod rule;
#[cfg(test)]
mod rule_tests;
mod runs;
mod shape;

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, OnceLock};

use regex::bytes::Regex;

use crate::model::{Confidence, Draft, Input, Notice, NoticeKind, RepoPath, Rule, Severity, Sink, Span};
use crate::ruleset::{self, RulesError};
use crate::scan::{Interest, Scanner};
use generic::Generic;
use index::{Index, Lead};
use rule::SecretRule;
pub use rule::Written as SecretRuleSource;

/// Bytes after a literal that a rule may look at.
const WINDOW: usize = 4096;
/// Bytes after a word of the provider in which an opaque value may stand.
const NEAR: usize = 160;
/// Encodings around a secret that are undone.
const FORMS: u8 = 2;
/// Findings of one rule in one file.
const MOST: usize = 100;

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
    /// Values that match one of these are no secrets.
    pub allowed: Vec<String>,
    /// Values that hold one of these words (any case) are no secrets.
    pub stop_words: Vec<String>,
    /// Own rules.
    pub rules: Vec<SecretRuleSource>,
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
            prefilter: true,
        }
    }
}

/// The scanner for secrets.
pub struct SecretsScanner {
    rules: Vec<SecretRule>,
    generic: [Arc<Rule>; 6],
    index: Index,
    allowed: Vec<Regex>,
    documented: OnceLock<Vec<Arc<Rule>>>,
    settings: Settings,
}

/// Rules that are code: id, title, severity, help.
const GENERIC: [(&str, &str, Severity, &str); 6] = [
    (
        "secrets/generic-secret",
        "Hard-coded password, token or key",
        Severity::High,
        "Anyone who reads the file has it. Replace it where it is used, then read it from the environment or a secret store.",
    ),
    (
        "secrets/url-credentials",
        "Credentials in a URL",
        Severity::High,
        "Anyone who reads the file can log in. Change the password and take it from the environment or a secret store.",
    ),
    (
        "secrets/authorization-header",
        "Credentials in an Authorization header",
        Severity::High,
        "Anyone who reads the file can send the same header. Revoke the credentials and take them from the environment.",
    ),
    (
        "secrets/private-key",
        "Private key",
        Severity::Critical,
        "Whoever has the key is its owner to everyone who trusts it. Make a new pair, replace the public half everywhere, and keep the private half out of the tree.",
    ),
    (
        "secrets/credential-file",
        "Credential in a file that a tool keeps credentials in",
        Severity::High,
        "Anyone who reads the file can log in as its owner. Revoke the credential where it was issued and keep the file out of the tree.",
    ),
    (
        "secrets/password-hash",
        "Password hash",
        Severity::Medium,
        "A hash can be attacked offline, without limit. Change the passwords and keep the file out of the tree.",
    ),
];

/// One secret, before it is a draft.
struct Hit {
    rule: Arc<Rule>,
    value: Span,
    confidence: Confidence,
    severity: Severity,
    head: usize,
}

impl SecretsScanner {
    /// With the built-in rules and those of `settings`.
    ///
    /// # Errors
    /// Where a rule does not read: an unknown check, a pattern that does not parse.
    pub fn new(settings: Settings) -> Result<Self, RulesError> {
        let mut rules = Vec::new();
        let mut index = Index::new(settings.prefilter);
        let built_in: Vec<SecretRuleSource> = ruleset::builtin("secrets")?;
        let off =
            |id: &str| settings.disabled.iter().any(|name| name == id || name.strip_prefix("secrets/") == Some(id));
        for written in built_in.into_iter().chain(settings.rules.iter().cloned()).filter(|rule| !off(&rule.id)) {
            let mut rule = SecretRule::new(written)?;
            overrule(&mut rule.rule, &settings);
            let at = rules.len();
            let lead = if rule.prefix { Lead::Prefix(at) } else { Lead::Inside(at) };
            let short = |word: &String| RulesError::Rule {
                id: rule.rule.id.to_string(),
                message: format!("`{word}` is shorter than 3 bytes"),
            };
            for word in &rule.literals {
                if !index.add(word, false, rule.beside_run, lead) {
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
            (generic::NAMES, true, Lead::Name),
            (&["://"][..], false, Lead::Url),
            (&["-----BEGIN"], false, Lead::Pem),
            (&["bearer ", "Bearer ", "basic ", "Basic "], false, Lead::Scheme),
            (
                &["\\x6", "\\x4", "\\u006", "\\u004", "%41", "%67", "%73", "%5f", "%5F", "%2D", "%2d"],
                false,
                Lead::Escape,
            ),
            (&["\" +", "' +", "\" \\", "\" .", "' .", "\"\n ", "\"\n\t", "\" \"", "'\n ", "'\n\t"], false, Lead::Join),
        ] {
            for literal in literals {
                index.add(literal, any_case, false, lead);
            }
        }
        index.add("&#x", false, false, Lead::Escape);
        for digit in ["&#4", "&#5", "&#6", "&#7", "&#8", "&#9", "&#1"] {
            index.add(digit, false, false, Lead::Escape);
        }
        index.finish();
        let allowed = settings.allowed.iter().map(|text| {
            Regex::new(text).map_err(|error| RulesError::Rule { id: "allowed".into(), message: error.to_string() })
        });
        let allowed = allowed.collect::<Result<_, _>>()?;
        let generic = GENERIC.map(|(id, title, severity, help)| {
            let mut rule = Rule::new(id, title, severity);
            rule.confidence = Confidence::Medium;
            rule.help = help.to_owned();
            rule.cwe = vec![798];
            rule.references =
                vec!["https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html".to_owned()];
            let mut rule = Arc::new(rule);
            overrule(&mut rule, &settings);
            rule
        });
        Ok(Self { rules, generic, index, allowed, documented: OnceLock::new(), settings })
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
            self.generic.iter().map(Arc::clone).chain(self.rules.iter().map(with_help)).collect()
        })
    }

    /// Ids of rules whose pattern does not compile, for the test of the rules.
    #[cfg(test)]
    fn broken(&self) -> Vec<String> {
        self.rules.iter().filter(|rule| rule.regex().is_none()).map(|rule| rule.rule.id.to_string()).collect()
    }

    /// Everything in a text. `depth`: how many more forms may be undone.
    fn hits(&self, path: &RepoPath, bytes: &[u8], depth: u8, hits: &mut Vec<Hit>) {
        let config = is_config(path);
        let mut generics: Vec<Hit> = Vec::new();
        let (mut escaped, mut joined) = (0, 0);
        let mut inner: Vec<(usize, usize, Vec<u8>)> = Vec::new();
        let mut undone = Vec::new();
        let mut lead = |at: usize, length: usize, lead: Lead| match lead {
            Lead::Prefix(rule) => self.ask(rule, path, bytes, at, bytes.len().min(at + WINDOW), hits),
            Lead::Inside(rule) => {
                let Some((_, reach)) = self.rules[rule].regex() else { return };
                self.ask(
                    rule,
                    path,
                    bytes,
                    at.saturating_sub(reach.min(256)),
                    bytes.len().min(at + reach.min(1024)),
                    hits,
                );
            }
            Lead::Near(rule) => self.ask(rule, path, bytes, at + length, bytes.len().min(at + length + NEAR), hits),
            Lead::Name => generics.extend(generic::assignment(bytes, at, config).map(|g| self.generic_hit(0, g))),
            Lead::Url => generics.extend(generic::url(bytes, at).map(|g| self.generic_hit(1, g))),
            Lead::Scheme => generics.extend(generic::scheme(bytes, at, length).map(|g| self.generic_hit(2, g))),
            Lead::Pem => hits.extend(generic::pem(bytes, at).map(|(value, encrypted)| {
                let mut hit = self.generic_hit(3, Generic { value, confidence: Confidence::High });
                if encrypted {
                    hit.severity = Severity::Medium;
                }
                hit
            })),
            Lead::Escape if depth > 0 && at >= escaped => {
                let start =
                    at - bytes[at.saturating_sub(64)..at].iter().rev().take_while(|b| runs::is_token(**b)).count();
                if let Some((end, plain)) = decode::escapes(bytes, start) {
                    escaped = end;
                    inner.push((start, end, plain));
                }
            }
            Lead::Join if depth > 0 && at >= joined => {
                if let Some((start, end, plain)) = decode::join(bytes, at) {
                    joined = end;
                    inner.push((start, end, plain));
                }
            }
            Lead::Escape | Lead::Join => {}
        };
        self.index.each(bytes, &mut lead, |start, end| {
            if depth > 0 && has_digit_and_letter(&bytes[start..end]) {
                undone.extend(decode::run(&bytes[start..end]).map(|plain| (start, end, plain)));
            }
        });
        inner.append(&mut undone);
        for (start, end, plain) in inner {
            self.inner(path, &plain, start, end, depth, hits);
        }
        generics.retain(|g| !hits.iter().any(|hit| hit.value.overlaps(g.value)));
        let specific = hits.len();
        generics.extend(
            self.file_hits(path, bytes, depth)
                .into_iter()
                .filter(|f| !hits.iter().any(|hit| hit.value.overlaps(f.value))),
        );
        for hit in generics {
            // Two ways to the same value: one finding, as sure as the surer, that hides what either calls secret.
            match hits[specific..].iter_mut().find(|other| other.value.overlaps(hit.value)) {
                Some(other) => {
                    other.value = other.value.join(hit.value);
                    other.confidence = other.confidence.max(hit.confidence);
                }
                None => hits.push(hit),
            }
        }
    }

    /// What a decoded region holds, reported at the region; the surest of its secrets.
    fn inner(&self, path: &RepoPath, plain: &[u8], start: usize, end: usize, depth: u8, hits: &mut Vec<Hit>) {
        let mut inside = Vec::new();
        self.hits(path, plain, depth - 1, &mut inside);
        let best =
            inside.into_iter().filter(|hit| hit.confidence >= Confidence::Medium).max_by_key(|hit| hit.confidence);
        let region = Span::new(start, end);
        let known = |hit: &Hit| hits.iter().any(|told| told.rule.id == hit.rule.id && told.value.overlaps(region));
        if let Some(hit) = best.filter(|hit| !known(hit)) {
            hits.push(Hit { value: region, head: 0, ..hit });
        }
    }

    /// What a file of credentials holds by its format; a decoded text is no file.
    fn file_hits(&self, path: &RepoPath, bytes: &[u8], depth: u8) -> Vec<Hit> {
        let values = if depth == FORMS { files::values(path, bytes) } else { Vec::new() };
        let hit = |value: files::Value| {
            let (rule, confidence) = match value.kind {
                files::Kind::Plain => (4, Confidence::Medium),
                files::Kind::Hash => (5, Confidence::High),
                files::Kind::Key | files::Kind::SealedKey => (3, Confidence::High),
            };
            let mut hit = self.generic_hit(rule, Generic { value: value.span, confidence });
            if value.kind == files::Kind::SealedKey {
                hit.severity = Severity::Medium;
            }
            hit
        };
        values.into_iter().map(hit).collect()
    }

    fn generic_hit(&self, rule: usize, found: Generic) -> Hit {
        let rule = Arc::clone(&self.generic[rule]);
        Hit { severity: rule.severity, rule, value: found.value, confidence: found.confidence, head: 0 }
    }

    /// Asks one rule about `from..to`.
    fn ask(&self, rule: usize, path: &RepoPath, bytes: &[u8], from: usize, to: usize, hits: &mut Vec<Hit>) {
        let rule = &self.rules[rule];
        let (Some((regex, _)), Some(window)) = (rule.regex(), bytes.get(from..to)) else { return };
        if rule.paths.as_ref().is_some_and(|paths| !paths.is_match(path.as_str())) {
            return;
        }
        let anchored = rule.prefix;
        let mut seek = 0;
        while let Some(found) = regex.captures_at(window, seek) {
            let Some(whole) = found.get(0) else { return };
            let value = found.name("secret").or_else(|| found.get(1)).unwrap_or(whole);
            seek = whole.end().max(whole.start() + 1);
            let (start, end) = (from + value.start(), from + value.end());
            if value.len() >= 8
                && (!rule.boundary || bounded(bytes, from + whole.start(), from + whole.end()))
                && (!rule.beside_run || runs::holds_chance(bytes, from + whole.start(), from + whole.end()))
                && !in_blob(bytes, from + whole.start())
                && self.passes(rule, value.as_bytes())
            {
                let head = rule
                    .literals
                    .iter()
                    .filter(|l| anchored && value.as_bytes().starts_with(l.as_bytes()))
                    .map(String::len)
                    .max()
                    .unwrap_or(0);
                hits.push(Hit {
                    rule: Arc::clone(&rule.rule),
                    value: Span::new(start, end),
                    confidence: rule.rule.confidence,
                    severity: rule.rule.severity,
                    head,
                });
                if !rule.near.is_empty() {
                    return;
                }
            }
            if anchored || seek >= window.len() {
                return;
            }
        }
    }

    fn passes(&self, rule: &SecretRule, value: &[u8]) -> bool {
        let lower = value.to_ascii_lowercase();
        let stands_in = ["example", "xxxxxx", "000000000", "your_", "your-", "123456789012", "abcdefghijkl"];
        rule.check.is_none_or(|check| check(value))
            && (rule.entropy == 0.0 || shape::entropy(value) >= rule.entropy)
            && !stands_in.iter().any(|word| memchr::memmem::find(&lower, word.as_bytes()).is_some())
            && !shape::is_documented(value)
            && (rule.check.is_some() || !shape::reads(value))
            && (rule.near.is_empty() || value.iter().any(u8::is_ascii_digit) && shape::entropy(value) > 2.5)
    }

    fn allowed(&self, value: &[u8]) -> bool {
        let lower = value.to_ascii_lowercase();
        self.allowed.iter().any(|regex| regex.is_match(value))
            || self
                .settings
                .stop_words
                .iter()
                .any(|w| memchr::memmem::find(&lower, w.to_ascii_lowercase().as_bytes()).is_some())
    }
}

fn overrule(rule: &mut Arc<Rule>, settings: &Settings) {
    let severity = settings.severity.iter().find(|(name, _)| rule.answers_to(name)).map(|(_, s)| *s);
    let confidence = settings.confidence.iter().find(|(name, _)| rule.answers_to(name)).map(|(_, c)| *c);
    let rule = Arc::make_mut(rule);
    rule.severity = severity.unwrap_or(rule.severity);
    rule.confidence = confidence.unwrap_or(rule.confidence);
}

fn has_digit_and_letter(run: &[u8]) -> bool {
    run.iter().any(u8::is_ascii_digit) && run.iter().any(u8::is_ascii_alphabetic)
}

/// True where no byte of a longer word touches `start..end`.
fn bounded(bytes: &[u8], start: usize, end: usize) -> bool {
    let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    let (first, last) = (bytes.get(start), end.checked_sub(1).and_then(|at| bytes.get(at)));
    let before = start.checked_sub(1).and_then(|at| bytes.get(at));
    // `\n` and `\t` written out end a word as well as a line end does.
    let escaped = start >= 2 && bytes[start - 2] == b'\\' && matches!(bytes[start - 1], b'n' | b't' | b'r');
    (escaped || !first.is_some_and(word) || !before.is_some_and(word))
        && (!last.is_some_and(word) || !bytes.get(end).is_some_and(word))
}

/// True where base64 has been going on before `start`: a token's first letters come up there by chance.
fn in_blob(bytes: &[u8], start: usize) -> bool {
    let base64 = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
    let before = &bytes[start.saturating_sub(64)..start];
    before.len() == 64 && matches!(before[63], b'+' | b'/') && before.iter().all(base64)
}

/// Files whose values stand without quotes.
fn is_config(path: &RepoPath) -> bool {
    let name = path.file_name();
    const EXTENSIONS: &[&str] = &[
        "env",
        "ini",
        "cfg",
        "conf",
        "properties",
        "yaml",
        "yml",
        "toml",
        "xml",
        "config",
        "tfvars",
        "sh",
        "bash",
        "netrc",
        "npmrc",
        "pypirc",
        "cnf",
        "envrc",
    ];
    name.starts_with(".env")
        || EXTENSIONS.contains(&path.extension())
        || name.starts_with('.')
        || matches!(name, "Dockerfile" | "credentials" | "config" | "")
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

    fn scan(&self, input: &Input<'_>, sink: &mut Sink) {
        let mut hits = Vec::new();
        self.hits(input.path, input.bytes, FORMS, &mut hits);
        hits.sort_by(|a, b| (a.value, &a.rule.id).cmp(&(b.value, &b.rule.id)));
        let mut told = HashSet::new();
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for hit in hits {
            let value = hit.value.of(input.bytes);
            let id = hit.rule.id.as_str();
            if hit.confidence < self.settings.min_confidence
                || self.settings.disabled.iter().any(|name| hit.rule.answers_to(name))
                || self.allowed(value)
                || !told.insert((hit.value, id.to_owned()))
            {
                continue;
            }
            let count = counts.entry(id.to_owned()).or_default();
            *count += 1;
            if *count > MOST {
                continue;
            }
            let rule = self.documented().iter().find(|rule| rule.id == hit.rule.id).unwrap_or(&hit.rule);
            let mut draft = Draft::new(rule, hit.value, format!("{}.", hit.rule.title));
            draft.severity = hit.severity;
            draft.confidence = hit.confidence;
            draft.secrets = vec![hit.value];
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
