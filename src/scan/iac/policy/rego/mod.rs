//! Rego files as conftest and Trivy run them: `deny`, `violation` and `warn` of every package, on the documents of a
//! tree, in regorus.
//!
//! A policy does arithmetic on one document: it has no network, no clock, no file system, and a limit of time.

mod input;
mod metadata;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};
use serde_json::Value as Json;

use crate::model::{Draft, Input, Notice, NoticeKind, Rule, Sink, Span};
use crate::syntax::Node;
use input::Document;

/// Time that one rule may take on one document.
const LIMIT: Duration = Duration::from_secs(2);
/// Messages of one rule about one document that are told.
const MAX_MESSAGES: usize = 200;
/// Bytes of a message that are told.
const MAX_MESSAGE: usize = 500;

/// One rule of one package.
#[derive(Debug)]
struct Entry {
    /// `data.main.deny`.
    path: String,
    rule: Arc<Rule>,
}

/// Policies, compiled together: they may import each other.
pub struct Policies {
    engine: Mutex<Engine>,
    entries: Vec<Entry>,
    /// Entries that failed once: told once, and left out from then on.
    failed: Mutex<HashSet<usize>>,
}

impl std::fmt::Debug for Policies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.entries.iter().map(|entry| &entry.path)).finish()
    }
}

/// A file by name and text.
pub type Source = (String, String);

/// Compiles files; what can't be used is told and left out.
#[must_use]
pub fn load(files: Vec<Source>, notices: &mut Vec<Notice>) -> Option<Policies> {
    let refuse = |name: &str, why: &str| {
        Notice::incomplete(NoticeKind::Config, format!("The policy `{name}` was not used: {why}."))
    };
    let mut good: Vec<Source> = Vec::new();
    for (name, text) in files {
        // Tests of policies are no policies.
        if name.ends_with("_test.rego") {
            continue;
        }
        if metadata::wants_cloud_model(&text) {
            notices.push(refuse(&name, "it asks for Trivy's own model of a cloud account (`type: cloud`)"));
        } else if metadata::package(&text).is_none() {
            notices.push(refuse(&name, "it names no package, or one with special characters"));
        } else if let Err(why) = add(&mut engine(), &name, &text) {
            notices.push(refuse(&name, &why));
        } else {
            good.push((name, text));
        }
    }
    // Files without an entry are libraries of all others.
    let libraries: Vec<Source> = good.iter().filter(|(_, text)| metadata::entries(text).is_empty()).cloned().collect();
    good.retain(|(name, text)| {
        if metadata::entries(text).is_empty() {
            return true;
        }
        let mut alone = engine();
        let all = libraries.iter().chain([&(name.clone(), text.clone())]).try_for_each(|(n, t)| add(&mut alone, n, t));
        let asked = all.and_then(|()| ask_all(&mut alone, text));
        asked.map_err(|why| notices.push(refuse(name, &why))).is_ok()
    });
    let mut engine = engine();
    for (name, text) in &good {
        add(&mut engine, name, text).ok()?;
    }
    let mut entries: Vec<Entry> = Vec::new();
    for (_, text) in &good {
        describe(&mut engine, text, &mut entries);
    }
    (!entries.is_empty()).then(|| Policies { engine: Mutex::new(engine), entries, failed: Mutex::default() })
}

fn engine() -> Engine {
    let mut engine = Engine::new();
    engine.set_execution_timer_config(ExecutionTimerConfig {
        limit: LIMIT,
        check_interval: NonZeroU32::new(64).unwrap_or(NonZeroU32::MIN),
    });
    // Trivy's libraries make a result of a message and the thing it is about.
    let made = |args: Vec<Value>| match &args[..] {
        [message, about] => {
            let (message, about) = (serde_json::to_value(message)?, serde_json::to_value(about)?);
            let line =
                |key| about.get("__defsec_metadata").and_then(|meta| meta.get(key)).cloned().unwrap_or(Json::Null);
            let result = serde_json::json!({"msg": message, "startline": line("startline")});
            Ok(Value::from_json_str(&result.to_string())?)
        }
        _ => Ok(Value::Undefined),
    };
    let _ = engine.add_extension("result.new".to_owned(), 2, Box::new(made));
    engine
}

/// Adds a file, in the language's version of today or the one before.
fn add(engine: &mut Engine, name: &str, text: &str) -> Result<(), String> {
    engine.set_rego_v0(false);
    let Err(today) = engine.add_policy(name.to_owned(), text.to_owned()) else { return Ok(()) };
    engine.set_rego_v0(true);
    engine.add_policy(name.to_owned(), text.to_owned()).map(drop).map_err(|before| {
        let error = if text.contains("rego.v1") { today } else { before };
        first_line(&error.to_string())
    })
}

/// The last line of the engine's report says what is wrong.
fn first_line(error: &str) -> String {
    let line = error.lines().rev().find(|line| line.contains("error")).or_else(|| error.lines().last());
    let line = line.unwrap_or_default().trim().trim_start_matches("error: ").trim_end_matches('.');
    line.chars().filter(|c| !c.is_control()).take(200).collect()
}

fn paths(text: &str) -> Vec<String> {
    let package = metadata::package(text).unwrap_or_default();
    metadata::entries(text).iter().map(|(entry, _)| format!("data.{package}.{entry}")).collect()
}

/// Asks every rule of a file about an empty document: what can't be compiled says so here.
fn ask_all(engine: &mut Engine, text: &str) -> Result<(), String> {
    engine.set_input(Value::new_object());
    paths(text)
        .into_iter()
        .try_for_each(|path| engine.eval_rule(path).map(drop).map_err(|error| first_line(&error.to_string())))
}

fn describe(engine: &mut Engine, text: &str, entries: &mut Vec<Entry>) {
    let package = metadata::package(text).unwrap_or_default();
    engine.set_input(Value::new_object());
    let value =
        text.contains("__rego_metadata__").then(|| engine.eval_rule(format!("data.{package}.__rego_metadata__")));
    let value = value.and_then(Result::ok).and_then(|value| serde_json::to_value(&value).ok());
    for (name, severity) in metadata::entries(text) {
        let path = format!("data.{package}.{name}");
        // Several files may add to one rule.
        if !entries.iter().any(|entry| entry.path == path) {
            let rule = metadata::rule(package, name, severity, text, value.as_ref());
            entries.push(Entry { path, rule: Arc::new(rule) });
        }
    }
}

impl Policies {
    /// What is told about each rule.
    pub fn rules(&self) -> impl Iterator<Item = &Arc<Rule>> {
        self.entries.iter().map(|entry| &entry.rule)
    }

    /// Asks about a Terraform file.
    pub fn terraform(&self, input: &Input<'_>, sink: &mut Sink) {
        self.ask(input, &input::terraform(input), sink);
    }

    /// Asks about a Dockerfile.
    pub fn docker(&self, input: &Input<'_>, sink: &mut Sink) {
        self.ask(input, &input::docker(input), sink);
    }

    /// Asks about one document of a YAML or JSON file.
    pub fn node(&self, input: &Input<'_>, node: &Node, sink: &mut Sink) {
        self.ask(input, &input::node(node), sink);
    }

    fn ask(&self, input: &Input<'_>, document: &Document, sink: &mut Sink) {
        let Ok(value) = Value::from_json_str(&document.json.to_string()) else { return };
        let mut engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner).clone();
        engine.set_input(value);
        for (at, entry) in self.entries.iter().enumerate() {
            if self.failed.lock().unwrap_or_else(PoisonError::into_inner).contains(&at) {
                continue;
            }
            match engine.eval_rule(entry.path.clone()) {
                Ok(value) => tell(entry, &value, document, sink),
                Err(error) => self.fail(at, input, &first_line(&error.to_string()), sink),
            }
        }
    }

    fn fail(&self, at: usize, input: &Input<'_>, why: &str, sink: &mut Sink) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.insert(at) {
            let path = self.entries[at].path.strip_prefix("data.").unwrap_or_default();
            let message = format!("The policy `{path}` ended with an error here and was not asked further: {why}.");
            sink.notice(Notice::incomplete(NoticeKind::Config, message).at(input.path));
        }
    }
}

/// Makes findings of what a rule came to: texts, or objects with a `msg`.
fn tell(entry: &Entry, value: &Value, document: &Document, sink: &mut Sink) {
    let Ok(json) = serde_json::to_value(value) else { return };
    let results = match json {
        Json::Array(results) => results,
        Json::Object(results) => results.into_iter().map(|(_, result)| result).collect(),
        Json::Bool(true) => vec![Json::String(entry.rule.title.clone())],
        Json::String(text) => vec![Json::String(text)],
        _ => Vec::new(),
    };
    for result in results.iter().take(MAX_MESSAGES) {
        let text = result.as_str().or_else(|| result.get("msg").or_else(|| result.get("message"))?.as_str());
        let Some(text) = text else { continue };
        let text: String = text.chars().take(MAX_MESSAGE).collect();
        let message = format!("{}: `{}`.", entry.rule.title, text.replace('`', "'"));
        sink.report(Draft::new(&entry.rule, place(&text, document), message));
    }
}

/// The place that a message speaks of: the longest name in it that the document knows.
fn place(message: &str, document: &Document) -> Span {
    let known = document.places.iter().filter(|(name, _)| !name.is_empty() && holds_word(message, name));
    known.max_by_key(|(name, _)| name.len()).map_or(document.first, |(_, span)| *span)
}

fn holds_word(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    text.match_indices(word).any(|(at, _)| !text[..at].ends_with(part) && !text[at + word.len()..].starts_with(part))
}
