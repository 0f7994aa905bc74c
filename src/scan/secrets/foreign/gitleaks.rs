//! `.gitleaks.toml`: custom rules, allowlists, disabled rules.

use std::sync::Arc;

use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;

use super::{Foreign, Place, tell};
use crate::model::Notice;
use crate::scan::secrets::rule::Written;

/// The parts of the file that mean something here; others are gitleaks' own concern.
#[derive(Deserialize)]
struct File {
    #[serde(default)]
    extend: Extend,
    #[serde(default)]
    rules: Vec<RuleOf>,
    allowlist: Option<ListOf>,
    #[serde(default)]
    allowlists: Vec<ListOf>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Extend {
    path: Option<String>,
    url: Option<String>,
    #[serde(default)]
    disabled_rules: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RuleOf {
    id: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    regex: String,
    #[serde(default)]
    secret_group: usize,
    entropy: Option<f64>,
    path: Option<String>,
    #[serde(default)]
    keywords: Vec<String>,
    #[serde(default)]
    tags: Vec<String>,
    allowlist: Option<ListOf>,
    #[serde(default)]
    allowlists: Vec<ListOf>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListOf {
    #[serde(default)]
    description: String,
    #[serde(default)]
    condition: String,
    #[serde(default)]
    commits: Vec<String>,
    #[serde(default)]
    paths: Vec<String>,
    #[serde(default)]
    regex_target: String,
    #[serde(default)]
    regexes: Vec<String>,
    #[serde(default)]
    stopwords: Vec<String>,
    #[serde(default)]
    target_rules: Vec<String>,
}

/// What an allowlist's regexes are held against.
#[derive(Clone, Copy, Debug)]
enum Target {
    Value,
    Line,
}

/// One allowlist.
#[derive(Clone, Debug)]
pub(in super::super) struct Allowlist {
    pub(super) source: Arc<str>,
    pub(super) reason: String,
    /// Rules that it is about; all where empty.
    rules: Vec<String>,
    /// All of its kinds must hold; else any.
    all: bool,
    paths: Vec<Regex>,
    target: Target,
    regexes: Vec<Regex>,
    /// In lower case.
    words: Vec<String>,
}

impl Allowlist {
    /// True where the list lets a finding pass.
    pub(super) fn allows(&self, place: &Place<'_>) -> bool {
        if !self.rules.is_empty() && !self.rules.iter().any(|name| place.rule.answers_to(name)) {
            return false;
        }
        let text = match self.target {
            Target::Value => place.value,
            Target::Line => place.text,
        };
        let lower = place.value.to_ascii_lowercase();
        let kinds = [
            (!self.paths.is_empty(), self.paths.iter().any(|path| path.is_match(place.path.as_bytes()))),
            (!self.regexes.is_empty(), self.regexes.iter().any(|regex| regex.is_match(text))),
            (!self.words.is_empty(), self.words.iter().any(|w| memchr::memmem::find(&lower, w.as_bytes()).is_some())),
        ];
        let mut given = kinds.iter().filter(|(given, _)| *given).peekable();
        given.peek().is_some() && if self.all { given.all(|(_, holds)| *holds) } else { given.any(|(_, holds)| *holds) }
    }
}

/// Adds what the file says to `foreign`.
pub(super) fn read(foreign: &mut Foreign, name: &str, bytes: &[u8], notices: &mut Vec<Notice>) {
    let text = String::from_utf8_lossy(bytes);
    let file: File = match toml::from_str(&text) {
        Ok(file) => file,
        Err(error) => {
            let line = error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count());
            return tell(notices, name, format!("line {line}: {}; nothing of it is used", error.message()));
        }
    };
    for other in file.extend.path.iter().chain(&file.extend.url) {
        tell(notices, name, format!("`extend` of `{other}` is not followed; name its rules and allowlists here"));
    }
    foreign.disabled.extend(file.extend.disabled_rules);
    for list in file.allowlist.into_iter().chain(file.allowlists) {
        let rules = list.target_rules.clone();
        foreign.allow.extend(allowlist(list, rules, name, notices));
    }
    for mut rule in file.rules {
        let id = rule.id.clone();
        for list in rule.allowlist.take().into_iter().chain(std::mem::take(&mut rule.allowlists)) {
            foreign.allow.extend(allowlist(list, vec![id.clone()], name, notices));
        }
        match written(rule) {
            Ok(rule) => foreign.rules.extend(rule),
            Err(why) => tell(notices, name, format!("the rule `{id}` is not used: {why}")),
        }
    }
}

/// The rule in our form; none for an entry that only adds an allowlist to a rule of gitleaks.
fn written(rule: RuleOf) -> Result<Option<Written>, String> {
    if rule.regex.is_empty() {
        return match &rule.path {
            Some(_) => Err("it is about a path alone, and nothing here reports a file for its name".into()),
            None => Ok(None),
        };
    }
    let path = rule.path.as_deref().map(regex).transpose()?;
    let groups = regex(&rule.regex)?.captures_len();
    if rule.secret_group >= groups {
        return Err(format!("its regex has no group {}", rule.secret_group));
    }
    let title = Some(rule.description.trim_end_matches('.')).filter(|text| !text.is_empty()).unwrap_or(&rule.id);
    Ok(Some(Written {
        title: title.to_owned(),
        pattern: rule.regex,
        group: rule.secret_group,
        keywords: rule.keywords.into_iter().filter(|word| word.len() >= 3).collect(),
        entropy: rule.entropy,
        path,
        tags: rule.tags,
        help: "A rule of the repository's own gitleaks configuration. Revoke the secret where it was issued, and keep \
               it out of the tree."
            .to_owned(),
        ..Written::loose(&rule.id)
    }))
}

fn allowlist(list: ListOf, rules: Vec<String>, name: &str, notices: &mut Vec<Notice>) -> Option<Allowlist> {
    let what = if list.description.is_empty() { "an allowlist".to_owned() } else { format!("`{}`", list.description) };
    if !list.commits.is_empty() {
        tell(notices, name, format!("{what}: `commits` is not used; `.gitleaksignore` can name a commit's finding"));
    }
    let mut compiled = |patterns: &[String]| -> Vec<Regex> {
        let each = patterns.iter().filter_map(|pattern| match regex(pattern) {
            Ok(regex) => Some(regex),
            Err(why) => {
                tell(notices, name, format!("{what}: {why}"));
                None
            }
        });
        each.collect()
    };
    let (paths, regexes) = (compiled(&list.paths), compiled(&list.regexes));
    // One part that cannot be held must not make the rest of it hold more.
    let all = list.condition.eq_ignore_ascii_case("and");
    let partial = paths.len() < list.paths.len() || regexes.len() < list.regexes.len() || !list.commits.is_empty();
    (!(all && partial)).then(|| Allowlist {
        source: name.into(),
        reason: list.description,
        rules,
        all,
        paths,
        // The whole match is not kept; its line holds it.
        target: if list.regex_target.is_empty() || list.regex_target == "secret" {
            Target::Value
        } else {
            Target::Line
        },
        regexes,
        words: list.stopwords.iter().map(|word| word.to_ascii_lowercase()).filter(|word| !word.is_empty()).collect(),
    })
}

/// A regex of Go as one of ours: the two grammars agree but for `\z` and a few classes.
fn regex(pattern: &str) -> Result<Regex, String> {
    let adapted = pattern.replace(r"\Z", r"\z");
    RegexBuilder::new(&adapted).size_limit(1 << 22).build().map_err(|error| {
        let last = error.to_string();
        let why = last.lines().last().unwrap_or_default().trim().to_owned();
        format!("`{pattern}` is no regex here: {why}")
    })
}
