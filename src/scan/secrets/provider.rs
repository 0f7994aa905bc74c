//! Whose credential it is: a provider's name beside a value that its context tells to be a secret.
//!
//! The scan looks for no provider's name: only where a secret was found by its context is the text before it read. So a
//! provider more costs a scan nothing, and no value is a finding for a name's sake alone.

use std::sync::Arc;

use super::settings::{Settings, overrule};
use crate::model::{Rule, Severity, Span};
use crate::ruleset::{Provider, RulesError};

/// Bytes before a value in which a provider's name may stand.
const NEAR: usize = 160;
/// Bytes between a name and a value that could be anything's hash or id.
const BESIDE: usize = 64;
/// What names of secrets begin with, right behind a provider's name.
const PARTS: &[&str] = &[
    "access", "account", "admin", "api", "app", "auth", "bearer", "client", "cred", "key", "oauth", "org", "pass",
    "personal", "private", "project", "pw", "secret", "service", "sign", "token", "user", "web",
];

/// Every provider's rule as settings have it, in the order of [`Provider::all`]; none where it is off.
///
/// # Errors
/// Where a built-in row names no severity or confidence, which a test rules out.
pub(super) fn rules(settings: &Settings) -> Result<Vec<Option<Arc<Rule>>>, RulesError> {
    let rule = |provider: &Provider| {
        let wrong = |message: String| RulesError::Rule { id: provider.id.to_owned(), message };
        let severity: Severity = provider.family.severity.parse().map_err(wrong)?;
        let mut rule = Rule::new(&format!("secrets/{}", provider.id), &provider.title(), severity);
        rule.confidence = provider.family.confidence.parse().map_err(wrong)?;
        rule.help = provider.help();
        rule.references = vec![format!("https://{}/", provider.site)];
        rule.tags = vec![provider.id.trim_end_matches("-credential").to_owned()];
        rule.cwe = vec![798];
        let mut rule = Arc::new(rule);
        overrule(&mut rule, settings);
        Ok((!settings.is_off(provider.id)).then_some(rule))
    };
    Provider::all().iter().map(rule).collect()
}

/// Place in [`Provider::all`] of the provider whose name stands before `value` and whose credentials have its form: the
/// nearest on the same line; where there is none, the one that heads the lines before, as in `name:` or `name = {`.
pub(super) fn of(bytes: &[u8], value: Span) -> Option<usize> {
    let text = value.of(bytes);
    let start = value.start as usize;
    let before = bytes.get(start.saturating_sub(NEAR)..start)?;
    let line = before.iter().rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1);
    let fits = |at: &usize| Provider::all()[*at].forms.iter().any(|form| form.admits(text));
    let common = text.iter().all(|b| b.is_ascii_hexdigit() || *b == b'-');
    let own = &before[line..];
    if common {
        let beside = own.iter().rposition(|b| matches!(b, b',' | b';' | b'{' | b'}')).map_or(0, |at| at + 1);
        return nearest(&own[beside.max(own.len().saturating_sub(BESIDE))..]).filter(fits);
    }
    let heads = before[..line].split(|b| *b == b'\n').rev().map(<[u8]>::trim_ascii);
    let head = heads.skip(1).take_while(|line| !line.is_empty()).find(|line| opens(line));
    nearest(own).filter(fits).or_else(|| nearest(head?).filter(fits))
}

/// True for a line that the next ones belong to.
fn opens(line: &[u8]) -> bool {
    matches!(line, [.., b':' | b'{' | b'(' | b'['] | [b'[', .., b']'])
}

/// The last provider that `text` names.
fn nearest(text: &[u8]) -> Option<usize> {
    let words = Words::of(text);
    (0..words.bytes.len()).rev().find_map(|at| words.provider(at))
}

/// A text as names are compared: small letters, without what separates the words of a name.
struct Words {
    /// 0 stands for what no name goes on behind.
    bytes: Vec<u8>,
    /// Whether a word begins at a byte.
    begins: Vec<bool>,
}

impl Words {
    fn of(text: &[u8]) -> Self {
        let (mut bytes, mut begins) = (Vec::with_capacity(text.len()), Vec::with_capacity(text.len()));
        let mut last = 0u8;
        for &b in text {
            if b.is_ascii_alphanumeric() {
                bytes.push(b.to_ascii_lowercase());
                begins.push(!last.is_ascii_alphanumeric() || last.is_ascii_lowercase() && b.is_ascii_uppercase());
            } else if !matches!(b, b'_' | b'-' | b'.' | b' ') {
                bytes.push(0);
                begins.push(true);
            }
            last = b;
        }
        Self { bytes, begins }
    }

    /// The provider with the longest name that begins at `at` and is a word, or goes on as names of secrets do.
    fn provider(&self, at: usize) -> Option<usize> {
        if !self.begins[at] {
            return None;
        }
        let text = &self.bytes[at..];
        let (_, place) = Provider::words_of(text).iter().rev().find(|(word, _)| {
            let end = at + word.len();
            text.starts_with(word.as_bytes())
                && (self.begins.get(end).is_none_or(|begins| *begins)
                    || PARTS.iter().any(|part| self.bytes[end..].starts_with(part.as_bytes())))
        })?;
        Some(usize::from(*place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str, value: &str) -> Option<&'static str> {
        let start = text.find(value).unwrap();
        of(text.as_bytes(), Span::new(start, start + value.len())).map(|at| Provider::all()[at].id)
    }

    #[test]
    fn a_name_is_a_word_and_what_is_common_needs_it_beside() {
        let form = Provider::all().iter().find(|one| one.id == "zenserp-credential").unwrap().forms[0];
        let value = form.sample(7);
        for text in ["ZENSERP_API_KEY = 'V'", "zenSerp.token: V", "\"X-Zenserp-Key\": \"V\"", "zenserpkey=V"] {
            assert_eq!(named(&text.replace('V', &value), &value), Some("zenserp-credential"), "{text}");
        }
        for text in ["prezenserp_key = 'V'", "zenserpent_key = 'V'", "zenserp:\n  api_key: V", "zenserp = 1; key = 'V'"]
        {
            assert_eq!(named(&text.replace('V', &value), &value), None, "{text}");
        }
    }

    #[test]
    fn what_is_not_common_may_stand_below_its_name() {
        let form = Provider::all().iter().find(|one| one.id == "nylas-credential").unwrap().forms[0];
        let value = format!("{}Zz9", &form.sample(7)[3..]);
        for text in ["nylas:\n  api_key: V", "[nylas]\nsecret = V", "\"nylas\": {\n  \"a\": 1,\n  \"key\": \"V\""] {
            assert_eq!(named(&text.replace('V', &value), &value), Some("nylas-credential"), "{text}");
        }
        for text in ["nylas = 1\napi_key: V", "nylas:\n  a: 1\n\napi_key: V"] {
            assert_eq!(named(&text.replace('V', &value), &value), None, "{text}");
        }
    }
}
