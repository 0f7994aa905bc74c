//! What foreign results must not show: secrets, folders of the machine where the tool ran, people's addresses.

use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use serde_json::{Map, Value, json};

/// Of a secret tool's result, these may quote the value.
const QUOTING: &[&str] = &["codeFlows", "fixes", "attachments", "stacks"];
/// What stands for a masked text.
const MASK: &str = "•••";
/// Shorter values are words: masking them everywhere would blank out ordinary text.
pub(super) const LEAST: usize = 8;
/// A text is searched so often for secrets.
const ROUNDS: usize = 4;
/// Members that hold no text of the tree: identities and places.
const NO_TEXT: &[&str] =
    &["ruleId", "level", "uri", "uriBaseId", "guid", "correlationGuid", "fingerprints", "partialFingerprints"];
/// Nesting of foreign JSON that is walked: all that serde_json reads.
pub(super) const DEEPEST: usize = 128;

/// Texts that one automaton finds in all strings of results.
pub struct Values {
    plain: Option<AhoCorasick>,
    /// As they stand in JSON.
    written: Option<AhoCorasick>,
}

impl Values {
    /// Of values that are no empty text.
    pub fn new(values: &[String]) -> Self {
        let build = |values: &[String]| {
            let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(values).ok();
            automaton.filter(|_| !values.is_empty())
        };
        let written = |value: &String| {
            let text = json!(value).to_string();
            text[1..text.len() - 1].to_owned()
        };
        let written: Vec<String> = values.iter().map(written).collect();
        Self { plain: build(values), written: build(&written) }
    }

    /// True where there is nothing to mask.
    pub fn are_none(&self) -> bool {
        self.plain.is_none()
    }

    /// True where a result's JSON may hold one.
    pub fn may_be_in(&self, json: &str) -> bool {
        self.written.as_ref().is_some_and(|found| found.is_match(json))
    }

    /// Masks them; the number of strings that held one.
    pub fn hide(&self, object: &mut Map<String, Value>) -> usize {
        let Some(found) = &self.plain else { return 0 };
        hide_found(object, &|text| found.find_iter(text).map(|at| at.range()).collect())
    }
}

/// Masks the ranges that `find` gives, in every text of a result but its identities; the number of texts.
pub fn hide_found(object: &mut Map<String, Value>, find: &dyn Fn(&str) -> Vec<Range<usize>>) -> usize {
    let hide = |text: &mut String| {
        // Until nothing more is found: what a mask leaves may read otherwise, and merging again must find nothing.
        let rounds = (0..ROUNDS).take_while(|_| match without(text, find(text)) {
            Some(masked) => {
                *text = masked;
                true
            }
            None => false,
        });
        rounds.count() > 0
    };
    change_texts(object, &|text| text.len() >= LEAST && hide(text), 0)
}

/// Takes folders of the machine where the tool ran off the paths in its words; the number of texts.
pub fn hide_folders(object: &mut Map<String, Value>, folders: &[String]) -> usize {
    let hide = |text: &mut String| {
        let held = folders.iter().filter(|folder| text.contains(folder.as_str())).collect::<Vec<_>>();
        held.iter().for_each(|folder| *text = text.replace(folder.as_str(), ""));
        !held.is_empty()
    };
    if folders.is_empty() { 0 } else { change_texts(object, &hide, 0) }
}

/// Gives `change` every text of a result but its identities; the number of those it says it changed.
fn change_texts(object: &mut Map<String, Value>, change: &dyn Fn(&mut String) -> bool, depth: usize) -> usize {
    let open = object.iter_mut().filter(|(name, _)| !NO_TEXT.contains(&name.as_str()));
    open.map(|(_, value)| change_text(value, change, depth)).sum()
}

fn change_text(value: &mut Value, change: &dyn Fn(&mut String) -> bool, depth: usize) -> usize {
    match value {
        Value::String(text) => usize::from(change(text)),
        Value::Array(items) if depth < DEEPEST => {
            items.iter_mut().map(|item| change_text(item, change, depth + 1)).sum()
        }
        Value::Object(object) if depth < DEEPEST => change_texts(object, change, depth + 1),
        _ => 0,
    }
}

/// The text with each range masked; `None` where that changes nothing.
fn without(text: &str, mut ranges: Vec<Range<usize>>) -> Option<String> {
    ranges.retain(|range| text.get(range.clone()).is_some_and(|found| !found.is_empty() && !found.contains(MASK)));
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    let mut masked = String::with_capacity(text.len());
    let mut from = 0;
    for range in &ranges {
        if range.start >= from {
            masked.push_str(text.get(from..range.start)?);
            masked.push_str(MASK);
        }
        from = from.max(range.end);
    }
    masked.push_str(text.get(from..)?);
    (from > 0).then_some(masked)
}

/// What a secret tool quotes.
pub(super) fn quoted(object: &Map<String, Value>) -> Vec<String> {
    let mut values = Vec::new();
    for place in object.get("locations").and_then(Value::as_array).into_iter().flatten() {
        if let Some(text) = place["physicalLocation"]["region"]["snippet"]["text"].as_str() {
            values.push(text.trim().to_owned());
        }
    }
    values.retain(|text| text.len() >= 4 && text != MASK);
    values
}

/// Masks what a secret tool quotes, wherever the same text stands, and drops identities made of it.
pub(super) fn hide_secrets(object: &mut Map<String, Value>, values: &[String]) -> usize {
    for name in QUOTING {
        object.remove(*name);
    }
    for name in ["fingerprints", "partialFingerprints"] {
        if let Some(Value::Object(prints)) = object.get_mut(name) {
            let kept = |key: &str| key == "primaryLocationLineHash" || key.starts_with("portcullis");
            prints.retain(|key, _| kept(key));
            if prints.is_empty() {
                object.remove(name);
            }
        }
    }
    let mut hidden = 0;
    for value in object.values_mut() {
        hidden += mask(value, values, 0);
    }
    usize::from(hidden > 0)
}

fn mask(value: &mut Value, secrets: &[String], depth: usize) -> usize {
    if depth > DEEPEST {
        return 0;
    }
    match value {
        Value::String(text) => {
            let mut hidden = 0;
            for secret in secrets {
                if text.contains(secret.as_str()) {
                    *text = text.replace(secret.as_str(), MASK);
                    hidden += 1;
                }
            }
            hidden
        }
        Value::Array(items) => items.iter_mut().map(|item| mask(item, secrets, depth + 1)).sum(),
        Value::Object(object) => {
            let quoted = usize::from(object.remove("snippet").is_some());
            quoted + object.values_mut().map(|item| mask(item, secrets, depth + 1)).sum::<usize>()
        }
        _ => 0,
    }
}

/// A committer's address is nobody's business in a report.
pub(super) fn mask_addresses(value: &mut Value, depth: usize) {
    match value {
        Value::Array(items) if depth < DEEPEST => items.iter_mut().for_each(|item| mask_addresses(item, depth + 1)),
        Value::Object(object) if depth < DEEPEST => {
            for (name, value) in object.iter_mut() {
                let lower = name.to_ascii_lowercase();
                if matches!(lower.as_str(), "email" | "author" | "committer" | "authoremail") && value.is_string() {
                    *value = json!(MASK);
                } else {
                    mask_addresses(value, depth + 1);
                }
            }
        }
        _ => {}
    }
}
