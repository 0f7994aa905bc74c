//! Credentials of two parts: a key id and the secret that goes with it are one finding.

use std::sync::Arc;

use super::hits::Hit;
use super::{SecretsScanner, shape};
use crate::model::{Confidence, Rule, Span};

/// An id that says which secret stands near it.
struct Pair {
    /// The rule that finds the id.
    id: &'static str,
    /// The rule of the secret.
    secret: &'static str,
    /// Length of the secret, and its bytes beside letters and digits.
    length: usize,
    marks: &'static [u8],
}

const PAIRS: &[Pair] = &[
    Pair { id: "aws-access-key-id", secret: "aws-secret-access-key", length: 40, marks: b"/+" },
    Pair { id: "alibaba-access-key-id", secret: "alibaba-secret-key", length: 30, marks: b"" },
    Pair { id: "tencent-secret-id", secret: "generic-secret", length: 32, marks: b"" },
    Pair { id: "twilio-api-key-sid", secret: "twilio-auth-token", length: 32, marks: b"" },
];

/// Bytes between an id and its secret.
const APART: usize = 300;

impl Pair {
    /// The places in `hits` of secrets of this kind in a stretch of the bytes, which no other id has taken; in the order of
    /// the bytes.
    fn known(&self, bytes: &[u8], (from, to): (usize, usize), hits: &[Hit]) -> std::vec::IntoIter<usize> {
        let inside = |hit: &Hit| hit.value.start as usize >= from && hit.value.end as usize <= to;
        let own =
            |hit: &Hit| hit.rule.id.short() == self.secret || is_generic(hit) && self.is_secret(hit.value.of(bytes));
        let fits = |hit: &Hit| hit.beside.is_none() && inside(hit) && own(hit);
        let mut places: Vec<usize> = (0..hits.len()).filter(|at| fits(&hits[*at])).collect();
        places.sort_by_key(|at| hits[*at].value.start);
        // Of several hits at one place the first is told.
        places.dedup_by_key(|at| hits[*at].value.start);
        places.into_iter()
    }

    /// True for chance of the secret's form; a hash of the same length is hexadecimal.
    fn is_secret(&self, value: &[u8]) -> bool {
        value.len() == self.length
            && value.iter().all(|b| b.is_ascii_alphanumeric() || self.marks.contains(b))
            && value.iter().any(u8::is_ascii_digit)
            && value.iter().any(u8::is_ascii_uppercase)
            && value.iter().any(u8::is_ascii_lowercase)
            && shape::entropy(value) >= 3.5
            && !shape::is_placeholder(value)
            && !shape::is_documented(value)
    }

    /// The first such value in `from..to` that no longer word goes on from.
    fn find(&self, bytes: &[u8], from: usize, to: usize) -> Option<Span> {
        let part = |b: &u8| b.is_ascii_alphanumeric() || self.marks.contains(b) || matches!(b, b'-' | b'_');
        let window = bytes.get(from..to)?;
        let mut start = 0;
        for word in window.split(|b| !part(b)) {
            let whole = start + word.len() < window.len() || to == bytes.len();
            if whole && self.is_secret(word) {
                return Some(Span::new(from + start, from + start + word.len()));
            }
            start += word.len() + 1;
        }
        None
    }
}

impl SecretsScanner {
    /// Joins each id with the secret near it: the one behind it, else the one before it, up to the next id.
    pub(super) fn join(&self, bytes: &[u8], hits: &mut Vec<Hit>) {
        for pair in PAIRS {
            let mut ids: Vec<Span> =
                hits.iter().filter(|hit| hit.rule.id.short() == pair.id).map(|h| h.value).collect();
            ids.sort_unstable();
            ids.dedup();
            // More are not reported either.
            ids.truncate(super::MOST);
            for (at, id) in ids.iter().enumerate() {
                let (start, end) = (id.start as usize, id.end as usize);
                let next = ids.get(at + 1).map_or(bytes.len(), |next| next.start as usize);
                let last = at.checked_sub(1).map_or(0, |at| ids[at].end as usize);
                let behind = (end, next.min(end + APART));
                let before = (last.max(start.saturating_sub(APART)), start);
                let secret = self.secret_behind(pair, bytes, behind, hits);
                if let Some(secret) = secret.or_else(|| pair.known(bytes, before, hits).next_back()) {
                    self.name(pair, &mut hits[secret]);
                    hits[secret].beside = Some(*id);
                    let of_id = hits.iter().position(|hit| hit.rule.id.short() == pair.id && hit.value == *id);
                    let says = of_id.and_then(|at| hits[at].structure.take());
                    hits[secret].structure = hits[secret].structure.take().or(says);
                    hits.retain(|hit| hit.rule.id.short() != pair.id || hit.value != *id);
                }
            }
        }
    }

    /// The place in `hits` of the pair's first secret in a stretch of the bytes; one that nothing else found is added.
    fn secret_behind(
        &self,
        pair: &Pair,
        bytes: &[u8],
        (from, to): (usize, usize),
        hits: &mut Vec<Hit>,
    ) -> Option<usize> {
        if let Some(known) = pair.known(bytes, (from, to), hits).next() {
            return Some(known);
        }
        let rule = self.rule_of(pair)?;
        let value = pair.find(bytes, from, to).filter(|span| !hits.iter().any(|hit| hit.value.overlaps(*span)))?;
        hits.push(Hit::plain(rule, value));
        Some(hits.len() - 1)
    }

    /// Calls a pair's secret by its own name, whichever rule found it.
    fn name(&self, pair: &Pair, hit: &mut Hit) {
        if let Some(rule) = self.rule_of(pair).filter(|_| is_generic(hit)) {
            hit.rule = Arc::clone(rule);
            hit.severity = rule.severity;
        }
        hit.confidence = Confidence::High;
    }

    fn rule_of(&self, pair: &Pair) -> Option<&Arc<Rule>> {
        self.rules.iter().map(|rule| &rule.rule).find(|rule| rule.id.short() == pair.secret)
    }
}

fn is_generic(hit: &Hit) -> bool {
    matches!(hit.rule.id.short(), "generic-secret" | "credential-file")
}

#[cfg(test)]
mod tests {
    use crate::model::{Input, RepoPath, Sink};
    use crate::scan::Scanner as _;
    use crate::scan::secrets::{SecretsScanner, Settings};

    /// Rule, first byte of the finding, first byte of the related place.
    fn found(text: &str) -> Vec<(String, u32, Option<u32>)> {
        let scanner = SecretsScanner::new(Settings::default()).unwrap();
        let (path, mut sink) = (RepoPath::new("a.py"), Sink::default());
        scanner.scan(&Input::whole(&path, text.as_bytes()), &mut sink);
        let one = |draft: &crate::model::Draft| {
            (draft.rule.id.short().to_owned(), draft.span.start, draft.related.first().map(|other| other.span.start))
        };
        sink.drafts.iter().map(one).collect()
    }

    #[test]
    fn an_id_and_its_secret_are_one_finding() {
        let id = |n: u8| format!("AKIA{}{}", "QZ7TRPNDCIMXB4K", char::from(b'A' + n));
        let key = |n: u8| format!("{}{}", "k9X2mQ7vR4tY8wZ1aB3cD5eF6gH0jL/nP+sUuWi", char::from(b'0' + n));
        let (secret, alone) = ("aws-secret-access-key".to_owned(), "aws-access-key-id".to_owned());
        let named = format!("aws_access_key_id = '{}'\naws_secret_access_key = '{}'\n", id(0), key(0));
        assert_eq!(found(&named), [(secret.clone(), 68, Some(21))]);
        let turned = format!("aws_secret_access_key = '{}'\naws_access_key_id = '{}'\n", key(0), id(0));
        assert_eq!(found(&turned), [(secret.clone(), 25, Some(88))]);
        // No name says what it is.
        let bare = format!("Session('{}', '{}')\n", id(0), key(0));
        assert_eq!(found(&bare), [(secret.clone(), 33, Some(9))]);
        let two = format!("{0} {1}\n{2} {3}\n", id(0), key(0), id(1), key(1));
        assert_eq!(found(&two), [(secret.clone(), 21, Some(0)), (secret, 83, Some(62))]);
        let hash = format!("x = '{}'\nsha = '{}'\n", id(0), "0123456789abcdef0123456789abcdef01234567");
        assert_eq!(found(&hash), [(alone, 5, None)]);
    }
}
