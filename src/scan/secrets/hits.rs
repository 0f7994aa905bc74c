//! From the places that literals lead to, to the secrets of a text.

use std::sync::Arc;

use super::generic::{Generic, Manner};
use super::index::Lead;
use super::pem::{self, Pem};
use super::rule::SecretRule;
use super::{FORMS, NEAR, SecretsScanner, WINDOW, builtin, decode, files, generic, runs, shape};
use crate::model::{Confidence, RepoPath, Rule, Severity, Span};

/// One secret, before it is a draft.
pub(super) struct Hit {
    pub(super) rule: Arc<Rule>,
    pub(super) value: Span,
    pub(super) confidence: Confidence,
    pub(super) severity: Severity,
    /// Bytes at its start that every token of its kind has.
    pub(super) head: usize,
    /// What its structure was found to say; never text of a secret.
    pub(super) structure: Option<String>,
    /// It gives way to what overlaps it: a rule of another tool often has a counterpart here.
    pub(super) loose: bool,
    /// Its check digits are wrong: neither this rule nor another one reports what stands there.
    pub(super) refuted: bool,
    /// The id that goes with it.
    pub(super) beside: Option<Span>,
}

impl Hit {
    /// What a rule says of a value, and no more.
    pub(super) fn plain(rule: &Arc<Rule>, value: Span) -> Self {
        Self {
            rule: Arc::clone(rule),
            value,
            confidence: rule.confidence,
            severity: rule.severity,
            head: 0,
            structure: None,
            loose: false,
            refuted: false,
            beside: None,
        }
    }
}

impl SecretsScanner {
    /// Everything in a text. `depth`: how many more forms may be undone.
    pub(super) fn hits(&self, path: &RepoPath, bytes: &[u8], depth: u8, hits: &mut Vec<Hit>) {
        let manner = Manner::of(path);
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
            Lead::Name => generics
                .extend(generic::assignment(bytes, at, manner).map(|g| self.generic_hit(builtin::GENERIC_SECRET, g))),
            Lead::Url => {
                generics.extend(generic::url(bytes, at).map(|g| self.generic_hit(builtin::URL_CREDENTIALS, g)))
            }
            Lead::Scheme => {
                generics.extend(generic::scheme(bytes, at, length).map(|g| self.generic_hit(builtin::AUTHORIZATION, g)))
            }
            Lead::Pem => hits.extend(pem::read(bytes, at).map(|found| self.pem_hit(found))),
            Lead::Escape if depth > 0 && at >= escaped => {
                let start = at
                    - bytes[at.saturating_sub(64)..at]
                        .iter()
                        .rev()
                        .take_while(|b| runs::is_token(**b) || **b == b'.')
                        .count();
                let (end, plain) = decode::escapes(bytes, start);
                escaped = end;
                inner.extend(plain.map(|plain| (start, end, plain)));
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
        self.wordings.each(bytes, manner, |found| generics.push(self.generic_hit(builtin::GENERIC_SECRET, found)));
        for &rule in &self.everywhere {
            self.ask(rule, path, bytes, 0, bytes.len(), hits);
        }
        inner.append(&mut undone);
        for (start, end, plain) in inner {
            self.inner(path, &plain, start, end, depth, hits);
        }
        let loose: Vec<Hit> = hits.extract_if(.., |hit| hit.loose).collect();
        let refuted: Vec<Span> = hits.extract_if(.., |hit| hit.refuted).map(|hit| hit.value).collect();
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
        for hit in loose {
            if !hits.iter().any(|other| other.value.overlaps(hit.value)) {
                hits.push(hit);
            }
        }
        if depth == FORMS {
            self.join(bytes, hits);
        }
        if !refuted.is_empty() {
            hits.retain(|hit| !refuted.iter().any(|span| span.overlaps(hit.value)));
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
                files::Kind::Plain => (builtin::CREDENTIAL_FILE, Confidence::Medium),
                files::Kind::Hash => (builtin::PASSWORD_HASH, Confidence::High),
                files::Kind::Key | files::Kind::SealedKey => (builtin::PRIVATE_KEY, Confidence::High),
            };
            let mut hit = self.generic_hit(rule, Generic { value: value.span, confidence });
            if value.kind == files::Kind::SealedKey {
                hit.severity = Severity::Medium;
            }
            hit
        };
        values.into_iter().map(hit).collect()
    }

    fn pem_hit(&self, found: Pem) -> Hit {
        let confidence = if found.sure { Confidence::High } else { Confidence::Low };
        let generic = Generic { value: found.body, confidence };
        let mut hit = self.generic_hit(builtin::PRIVATE_KEY, generic);
        hit.structure = found.kind;
        if found.encrypted {
            hit.severity = Severity::Medium;
        }
        hit
    }

    fn generic_hit(&self, rule: usize, found: Generic) -> Hit {
        Hit { confidence: found.confidence, ..Hit::plain(&self.generic[rule], found.value) }
    }

    /// Asks one rule about `from..to`.
    fn ask(&self, rule: usize, path: &RepoPath, bytes: &[u8], from: usize, to: usize, hits: &mut Vec<Hit>) {
        let rule = &self.rules[rule];
        let (Some((regex, _)), Some(window)) = (rule.regex(), bytes.get(from..to)) else { return };
        if rule.paths.as_ref().is_some_and(|paths| !paths.is_match(path.as_str()))
            || rule.path.as_ref().is_some_and(|regex| !regex.is_match(path.as_str().as_bytes()))
        {
            return;
        }
        let anchored = rule.prefix;
        let mut seek = 0;
        while let Some(found) = regex.captures_at(window, seek) {
            let Some(whole) = found.get(0) else { return };
            let named = || found.name("secret").or_else(|| found.get(1)).unwrap_or(whole);
            let value = found.get(rule.group).filter(|_| rule.group > 0).unwrap_or_else(named);
            seek = whole.end().max(whole.start() + 1);
            let (start, end) = (from + value.start(), from + value.end());
            let stands = value.len() >= 8
                && (!rule.boundary || bounded(bytes, from + whole.start(), from + whole.end()))
                && (!rule.beside_run || runs::holds_chance(bytes, from + whole.start(), from + whole.end()))
                && !in_blob(bytes, from + whole.start());
            if stands && rule.check.is_some_and(|check| check.refutes(value.as_bytes())) {
                hits.push(Hit { refuted: true, ..Hit::plain(&rule.rule, Span::new(start, end)) });
            } else if stands && self.passes(rule, value.as_bytes()) {
                let head = rule
                    .literals
                    .iter()
                    .filter(|l| anchored && value.as_bytes().starts_with(l.as_bytes()))
                    .map(String::len)
                    .max()
                    .unwrap_or(0);
                hits.push(Hit {
                    head,
                    structure: rule.check.and_then(|check| check.says(value.as_bytes())),
                    loose: rule.loose,
                    ..Hit::plain(&rule.rule, Span::new(start, end))
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
        rule.check.is_none_or(|check| (check.holds)(value))
            && (rule.entropy == 0.0 || shape::entropy(value) >= rule.entropy)
            && !stands_in.iter().any(|word| memchr::memmem::find(&lower, word.as_bytes()).is_some())
            && !shape::is_documented(value)
            && (rule.check.is_some() || !shape::reads(value))
            && (rule.near.is_empty() || value.iter().any(u8::is_ascii_digit) && shape::entropy(value) > 2.5)
    }
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
