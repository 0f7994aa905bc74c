//! From what one look gathered to the secrets of a text.

use std::collections::HashMap;
use std::sync::Arc;

use super::checks::{self, Verdict};
use super::cover::Cover;
use super::gather::{Gather, Gathered};
use super::generic::Generic;
use super::rule::{SecretRule, Start};
use super::{FORMS, SecretsScanner, builtin, files, provider, runs, shape};
use crate::model::{Confidence, RepoPath, Rule, RuleId, Severity, Span};

/// Secrets of one text that are given to providers: nobody wrote a file with more of them.
const ATTRIBUTED: usize = 1000;

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
    /// Its context told it, and a provider's name whose it is.
    pub(super) provider: bool,
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
            provider: false,
            refuted: false,
            beside: None,
        }
    }
}

impl SecretsScanner {
    /// Everything in a text. `depth`: how many more forms may be undone.
    pub(super) fn hits(&self, path: &RepoPath, bytes: &[u8], depth: u8, hits: &mut Vec<Hit>) {
        let Gathered { hits: found, mut generics, mut regions } = Gather::new(self, path, bytes, depth).gathered();
        hits.extend(found);
        for &rule in &self.everywhere {
            self.ask(rule, path, bytes, 0, bytes.len(), hits);
        }
        regions.sort_by_key(|(start, ..)| *start);
        self.inner(path, bytes, regions, depth, hits);
        generics.extend(self.file_hits(path, bytes, depth));
        self.settle(bytes, depth, generics, hits);
    }

    /// Adds `generics` where nothing more specific stands, and drops what is refuted or told better by another hit.
    fn settle(&self, bytes: &[u8], depth: u8, mut generics: Vec<Hit>, hits: &mut Vec<Hit>) {
        let refuted: Vec<Hit> = hits.extract_if(.., |hit| hit.refuted).collect();
        let loose: Vec<Hit> = hits.extract_if(.., |hit| hit.loose).collect();
        let taken = cover(hits);
        generics.retain(|hit| !taken.overlaps(hit.value));
        merge(generics, hits);
        if !loose.is_empty() {
            let taken = cover(hits);
            hits.extend(loose.into_iter().filter(|hit| !taken.overlaps(hit.value)));
        }
        if depth == FORMS {
            self.join(bytes, hits);
        }
        if !refuted.is_empty() {
            let refuted = cover(&refuted);
            hits.retain(|hit| !refuted.overlaps(hit.value));
        }
        self.attribute(bytes, hits);
    }

    /// Gives secrets that their context told to the provider that is named there.
    fn attribute(&self, bytes: &[u8], hits: &mut [Hit]) {
        let told = [builtin::GENERIC_SECRET, builtin::AUTHORIZATION].map(|at| &self.generic[at]);
        let told = |hit: &&mut Hit| hit.beside.is_none() && told.iter().any(|rule| rule.id == hit.rule.id);
        for hit in hits.iter_mut().filter(told).take(ATTRIBUTED) {
            let rule = provider::of(bytes, hit.value).and_then(|at| self.providers().get(at)?.as_ref());
            if let Some(rule) = rule {
                (hit.rule, hit.severity, hit.provider) = (Arc::clone(rule), rule.severity, true);
            }
        }
    }

    /// What decoded regions hold, each reported at the region by the surest of its secrets, if its rule has not found it
    /// as it stands.
    fn inner(
        &self,
        path: &RepoPath,
        bytes: &[u8],
        regions: Vec<(usize, usize, Vec<u8>)>,
        depth: u8,
        hits: &mut Vec<Hit>,
    ) {
        let mut known: HashMap<RuleId, Cover> = HashMap::new();
        let mut found: Vec<Hit> = Vec::new();
        for (start, end, plain) in regions {
            let mut inside = Vec::new();
            self.hits(path, &plain, depth - 1, &mut inside);
            let sure = inside.into_iter().filter(|hit| hit.confidence >= Confidence::Medium);
            let Some(best) = sure.max_by_key(|hit| hit.confidence) else { continue };
            let (id, region) = (best.rule.id.clone(), Span::new(start, end));
            // An address that is written as such was judged as it stands.
            if id == self.generic[builtin::URL_CREDENTIALS].id
                && memchr::memmem::find(&bytes[start..end], b"://").is_some()
            {
                continue;
            }
            let of_rule = || Cover::new(hits.iter().filter(|hit| hit.rule.id == id).map(|hit| hit.value));
            let told = known.entry(id.clone()).or_insert_with(of_rule).overlaps(region);
            let again = found.last().is_some_and(|last| last.rule.id == id && last.value.overlaps(region));
            if !told && !again {
                found.push(Hit { value: region, head: 0, ..best });
            }
        }
        hits.append(&mut found);
    }

    /// What a file of credentials holds by its format; a decoded text is no file.
    fn file_hits(&self, path: &RepoPath, bytes: &[u8], depth: u8) -> Vec<Hit> {
        let values = if depth == FORMS { files::values(path, bytes) } else { Vec::new() };
        let hit = |value: files::Value| {
            let (rule, confidence) = match value.kind {
                files::Kind::Plain => (builtin::CREDENTIAL_FILE, Confidence::Medium),
                files::Kind::Hash => (builtin::PASSWORD_HASH, Confidence::High),
            };
            self.generic_hit(rule, Generic { value: value.span, confidence })
        };
        values.into_iter().map(hit).collect()
    }

    pub(super) fn generic_hit(&self, rule: usize, found: Generic) -> Hit {
        Hit { confidence: found.confidence, ..Hit::plain(&self.generic[rule], found.value) }
    }

    /// Asks one rule about `from..to`.
    pub(super) fn ask(&self, rule: usize, path: &RepoPath, bytes: &[u8], from: usize, to: usize, hits: &mut Vec<Hit>) {
        let rule = &self.rules[rule];
        // A match begins at the literal, or nowhere.
        if rule.start == Start::Literal && (rule.boundary && !begins(bytes, from) || in_blob(bytes, from)) {
            return;
        }
        let Some(window) = bytes.get(from..to).filter(|window| rule.may_match(window)) else { return };
        let Some(regex) = rule.regex() else { return };
        if rule.paths.as_ref().is_some_and(|paths| !paths.is_match(path.as_str()))
            || rule.path.as_ref().is_some_and(|regex| !regex.is_match(path.as_str().as_bytes()))
        {
            return;
        }
        let mut seek = 0;
        while let Some(found) = regex.captures_at(window, seek) {
            let Some(whole) = found.get(0) else { return };
            let named = || found.name("secret").or_else(|| found.get(1)).unwrap_or(whole);
            let value = found.get(rule.group).filter(|_| rule.group > 0).unwrap_or_else(named);
            seek = whole.end().max(whole.start() + 1);
            let (start, end) = (from + value.start(), from + value.end());
            let stands = value.len() >= 8
                && (!rule.boundary || bounded(bytes, from + whole.start(), from + whole.end(), rule.start))
                && (!rule.beside_run() || runs::holds_chance(bytes, from + whole.start(), from + whole.end()))
                && !in_blob(bytes, from + whole.start())
                // `-pa-andre-plass`: it goes on from the words before it.
                && !(bytes[..from + whole.start()].ends_with(b"-") && shape::is_title(whole.as_bytes()));
            let checked =
                |check: &checks::Check| check.judge(if check.whole { whole.as_bytes() } else { value.as_bytes() });
            let verdict = if stands { rule.check.map_or(Verdict::Holds(None), checked) } else { Verdict::Fails };
            let passes =
                stands && !matches!(verdict, Verdict::Fails | Verdict::Refuted) && self.passes(rule, value.as_bytes());
            let mut hit = Hit::plain(&rule.rule, Span::new(start, end));
            match verdict {
                Verdict::Holds(says) => hit.structure = says,
                Verdict::Lesser(severity, says) => {
                    (hit.severity, hit.structure) = (severity.min(hit.severity), Some(says))
                }
                Verdict::Doubtful(says) => (hit.confidence, hit.structure) = (Confidence::Low, Some(says.to_owned())),
                Verdict::Fails => {}
                Verdict::Refuted => hit.refuted = true,
            }
            if hit.refuted {
                hits.push(hit);
            } else if passes {
                let head = rule
                    .literals
                    .iter()
                    .filter(|l| rule.start == Start::Literal && value.as_bytes().starts_with(l.as_bytes()))
                    .map(String::len)
                    .max()
                    .unwrap_or(0);
                hits.push(Hit { head, loose: rule.loose, ..hit });
                if !rule.near.is_empty() {
                    return;
                }
            }
            if rule.anchored() || seek >= window.len() {
                return;
            }
        }
    }

    fn passes(&self, rule: &SecretRule, value: &[u8]) -> bool {
        let lower = value.to_ascii_lowercase();
        let stands_in = ["example", "xxxxxx", "000000000", "your_", "your-", "123456789012", "abcdefghijkl"];
        (rule.entropy == 0.0 || shape::entropy(value) >= rule.entropy)
            && !stands_in.iter().any(|word| memchr::memmem::find(&lower, word.as_bytes()).is_some())
            && !shape::is_documented(value)
            && (rule.check.is_some() || !shape::reads(value))
            && (rule.near.is_empty() || value.iter().any(u8::is_ascii_digit) && shape::entropy(value) > 2.5)
    }
}

fn cover(hits: &[Hit]) -> Cover {
    Cover::new(hits.iter().map(|hit| hit.value))
}

/// Adds generic findings to `hits`. Two ways to the same value are one finding, as sure as the surer, that hides what
/// either calls secret.
fn merge(mut generics: Vec<Hit>, hits: &mut Vec<Hit>) {
    generics.sort_by_key(|hit| hit.value);
    let specific = hits.len();
    for hit in generics {
        match hits[specific..].last_mut().filter(|last| last.value.overlaps(hit.value)) {
            Some(last) => {
                last.value = last.value.join(hit.value);
                last.confidence = last.confidence.max(hit.confidence);
            }
            None => hits.push(hit),
        }
    }
}

fn is_word(b: &u8) -> bool {
    b.is_ascii_alphanumeric() || *b == b'_'
}

/// True where no byte of a longer word touches `start..end`; before the word of a name, that may go on.
fn bounded(bytes: &[u8], start: usize, end: usize, of: Start) -> bool {
    let last = end.checked_sub(1).and_then(|at| bytes.get(at));
    (of == Start::Word || begins(bytes, start)) && (!last.is_some_and(is_word) || !bytes.get(end).is_some_and(is_word))
}

/// True where no longer word goes on at `start`.
fn begins(bytes: &[u8], start: usize) -> bool {
    let (first, before) = (bytes.get(start), start.checked_sub(1).and_then(|at| bytes.get(at)));
    // `\n` and `\t` written out end a word as well as a line end does, and so does `%20` or `\u0022`.
    let escaped = match bytes[..start] {
        [.., b'\\', b'n' | b't' | b'r'] => true,
        [.., b'%', b'2' | b'3', digit] => digit.is_ascii_hexdigit(),
        [.., b'\\', b'x', b'2' | b'3', digit] => digit.is_ascii_hexdigit(),
        [.., b'\\', b'u', b'0', b'0', b'2' | b'3', digit] => digit.is_ascii_hexdigit(),
        _ => false,
    };
    escaped || !first.is_some_and(is_word) || !before.is_some_and(is_word)
}

/// True where base64 has been going on before `start`: a token's first letters come up there by chance.
fn in_blob(bytes: &[u8], start: usize) -> bool {
    let base64 = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
    let before = &bytes[start.saturating_sub(64)..start];
    before.len() == 64 && matches!(before[63], b'+' | b'/') && before.iter().all(base64)
}
