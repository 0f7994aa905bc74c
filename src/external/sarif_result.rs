//! One foreign result as a finding: its severity, message, place and what it shall not show.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value, json};

use super::incoming::{Incoming, More};
use super::sarif_import::{EqualRule, FindSecrets};
use super::sarif_rule::{Rules, rule};
use super::uri::Resolver;
use super::{sarif_mask, sarif_repair};
use crate::model::{
    ALSO_REPORTED, Confidence, FINGERPRINT_SCHEME, Fingerprint, OWN_SEVERITY, RepoPath, Rule, Severity, Suppression,
};

/// Properties of results in which tools write how bad and how sure they are.
const SEVERITY_PROPERTIES: &[&str] =
    &[OWN_SEVERITY, "security-severity", "zizmor/severity", "issue_severity", "severity", "problem.severity"];
const CONFIDENCE_PROPERTIES: &[&str] = &["zizmor/confidence", "issue_confidence", "confidence", "precision"];

/// What stands before the version that mends a package, in messages of trivy.
const FIXED_VERSION: &str = "Fixed Version: ";

/// What a result comes to.
pub enum Outcome {
    /// With its JSON, members in alphabetical order, without what a merge adds.
    Finding(Box<Incoming>, String, Arc<Known>, sarif_repair::Repairs),
    NoDefect,
    Broken,
}

/// A rule that results of a run name.
pub struct Known {
    /// As its tool describes it.
    pub rule: Rule,
    /// Our rule for the same.
    equal: Option<Arc<Rule>>,
}

/// Reads the results of one run.
pub struct Reader<'r> {
    pub secret: bool,
    pub information_uri: &'r str,
    pub find_secrets: Option<&'r FindSecrets>,
    pub equal_rule: Option<&'r EqualRule>,
    /// Our equal rule's severity counts: the tool has none.
    pub flat: bool,
    pub rules: Rules<'r>,
    pub resolver: Resolver<'r>,
    /// [`Resolver::folders`]: what its words shall not name.
    pub folders: Vec<String>,
    /// Rules met before, by id: a run names few, and each often.
    pub known: Mutex<BTreeMap<String, Arc<Known>>>,
}

impl Reader<'_> {
    /// Reads one result, given as JSON.
    pub fn result(&self, text: &str) -> Outcome {
        let Ok(Value::Object(mut object)) = serde_json::from_str::<Value>(text) else { return Outcome::Broken };
        let kind = object.get("kind").and_then(Value::as_str).unwrap_or("fail");
        if matches!(kind, "pass" | "notApplicable" | "informational") || object.get("level") == Some(&json!("none")) {
            return Outcome::NoDefect;
        }
        let Some((id, descriptor)) = self.rules.find(&object) else { return Outcome::Broken };
        let descriptor = descriptor.unwrap_or(&Value::Null);
        let level = self.level(&object, &id, descriptor);
        let rule = self.known(&id, descriptor);
        let severity = self.severity(&object, descriptor, level, rule.equal.as_deref());
        let message = message(&object, descriptor);
        object.insert("ruleId".into(), json!(id));
        object.insert("level".into(), json!(level));
        object.insert("message".into(), json!({"text": &message}));
        let place = object.get("locations").and_then(|places| places.get(0)).unwrap_or(&Value::Null);
        let Some(path) = self.resolver.path(&place["physicalLocation"]["artifactLocation"]) else {
            return Outcome::Broken;
        };
        let known = take_fingerprint(&mut object);
        let also = take_additions(&mut object);
        let mut repairs = sarif_repair::result(&mut object, &self.resolver, self.secret);
        repairs.count += sarif_mask::hide_folders(&mut object, &self.folders);
        if let Some(find) = self.find_secrets {
            repairs.count += sarif_mask::hide_found(&mut object, &|text| find(&path, text));
        }
        let mut incoming = incoming(&object, &rule.rule, severity, path);
        incoming.known = known;
        let equal = rule.equal.iter().filter(|own| own.id != rule.rule.id).map(|own| own.id.as_str().to_owned());
        let others = also.iter().filter_map(|line| Some(line.split(' ').nth_back(1)?.to_owned()));
        let also_known_as = equal.chain(others).collect();
        let absent = object.get("baselineState").and_then(Value::as_str) == Some("absent");
        let fixable = object.contains_key("fixes") || names_fixed_version(&message);
        incoming.more = More { also_known_as, also, suppressions: suppressions(&object), absent, fixable }.any();
        let text = incoming.set(object);
        Outcome::Finding(Box::new(incoming), text, rule, repairs)
    }

    fn known(&self, id: &str, descriptor: &Value) -> Arc<Known> {
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.get(id) {
            return Arc::clone(known);
        }
        let rule = rule(id, descriptor, self.rules.default, self.information_uri);
        let known = Arc::new(Known { rule, equal: self.equal_rule.and_then(|find| find(id)) });
        all.insert(id.to_owned(), Arc::clone(&known));
        known
    }

    /// The result's own level, else what its invocation sets, else its rule's, else `warning` (SARIF 3.27.10).
    fn level(&self, object: &Map<String, Value>, id: &str, rule: &Value) -> &'static str {
        let own = object.get("level").and_then(Value::as_str);
        match own.or(self.rules.overriding(object, id)).or(rule["defaultConfiguration"]["level"].as_str()) {
            Some("error") => "error",
            Some("note" | "none") => "note",
            _ => "warning",
        }
    }

    /// What the result's properties say, then the rule's (its score first), then our equal rule's for tools that
    /// have none, then the tool's default, then the level.
    fn severity(&self, object: &Map<String, Value>, rule: &Value, level: &str, equal: Option<&Rule>) -> Severity {
        let own = object.get("properties").unwrap_or(&Value::Null);
        let stated = [own, &rule["properties"]].into_iter().find_map(|bag| {
            SEVERITY_PROPERTIES.iter().find_map(|name| {
                let value = bag.get(*name)?;
                let score = value.as_f64().or_else(|| value.as_str()?.parse().ok());
                score.map(Severity::from_score).or_else(|| value.as_str()?.parse().ok())
            })
        });
        let equal = equal.filter(|_| self.flat).map(|rule| rule.severity);
        stated.or(equal).or(self.rules.default).unwrap_or(match level {
            "error" => Severity::High,
            "warning" => Severity::Medium,
            _ => Severity::Low,
        })
    }
}

/// True where the message names the version that mends it, as trivy writes it: the line is there without one, too.
fn names_fixed_version(message: &str) -> bool {
    let mut versions = message.match_indices(FIXED_VERSION).map(|(at, mark)| &message[at + mark.len()..]);
    versions.any(|rest| rest.starts_with(|c: char| !c.is_whitespace()))
}

/// The message as text: its own, the rule's string it names with arguments filled in, or the rule's title.
fn message(object: &Map<String, Value>, rule: &Value) -> String {
    let message = object.get("message").unwrap_or(&Value::Null);
    let by_id = || {
        let template = rule["messageStrings"][message["id"].as_str()?]["text"].as_str()?;
        let mut text = template.to_owned();
        for (at, argument) in message["arguments"].as_array().into_iter().flatten().enumerate() {
            text = text.replace(&format!("{{{at}}}"), argument.as_str().unwrap_or_default());
        }
        Some(text)
    };
    let own = message["text"].as_str().or(message["markdown"].as_str()).or(message.as_str()).map(str::to_owned);
    own.filter(|text| !text.trim().is_empty())
        .or_else(by_id)
        .or_else(|| rule["shortDescription"]["text"].as_str().map(str::to_owned))
        .unwrap_or_else(|| "The tool gave no message.".to_owned())
}

/// The fingerprint that an earlier merge or scan of ours wrote, taken out: equal results compare equal.
fn take_fingerprint(object: &mut Map<String, Value>) -> Option<Fingerprint> {
    let prints = object.get_mut("fingerprints")?.as_object_mut()?;
    let known = prints.remove(FINGERPRINT_SCHEME);
    if prints.is_empty() {
        object.remove("fingerprints");
    }
    Fingerprint::parse(known?.as_str()?)
}

/// Takes out what a merge adds: who else reported it, and how bad it came to be.
fn take_additions(object: &mut Map<String, Value>) -> BTreeSet<String> {
    let Some(Value::Object(bag)) = object.get_mut("properties") else { return BTreeSet::new() };
    bag.shift_remove(OWN_SEVERITY);
    let also = bag.shift_remove(ALSO_REPORTED);
    if bag.is_empty() {
        object.shift_remove("properties");
    }
    let lines = also.as_ref().and_then(Value::as_array).into_iter().flatten();
    lines.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn incoming(object: &Map<String, Value>, rule: &Rule, severity: Severity, path: RepoPath) -> Incoming {
    let place = object.get("locations").map_or(&Value::Null, |all| &all[0]["physicalLocation"]["region"]);
    let number = |name: &str| place.get(name).and_then(sarif_repair::integer).and_then(|n| u32::try_from(n).ok());
    let start_line = number("startLine").unwrap_or(1);
    let start_column = number("startColumn").unwrap_or(1);
    let own = object.get("properties").unwrap_or(&Value::Null);
    let words = CONFIDENCE_PROPERTIES.iter().filter_map(|name| own.get(*name)?.as_str());
    let confidence = words.filter_map(|word| word.to_ascii_lowercase().parse::<Confidence>().ok()).next();
    Incoming {
        rule: rule.id.clone(),
        path,
        severity,
        confidence: confidence.unwrap_or(rule.confidence),
        lines: (start_line, number("endLine").unwrap_or(start_line).max(start_line)),
        columns: (start_column, number("endColumn").unwrap_or(start_column)),
        message: "".into(),
        anchor: Arc::from(""),
        digest: [0; 16],
        known: None,
        more: None,
    }
}

/// Suppressions that hold: neither rejected nor under review (SARIF 3.35.3).
fn suppressions(object: &Map<String, Value>) -> Vec<Suppression> {
    let list = object.get("suppressions").and_then(Value::as_array);
    let holds = |one: &&Value| !matches!(one["status"].as_str(), Some("rejected" | "underReview"));
    list.into_iter()
        .flatten()
        .filter(holds)
        .map(|one| Suppression {
            in_source: one["kind"] == "inSource",
            source: "the tool's own suppression".to_owned(),
            reason: one["justification"].as_str().unwrap_or_default().to_owned(),
            until: None,
        })
        .collect()
}
