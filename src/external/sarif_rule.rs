//! Rules of a foreign run: which one a result means, and what its tool says of it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::sarif_repair::integer;
use crate::model::{Confidence, FILLED, ForeignRule, Rule, RuleId, Severity};

/// Where code scanning reads a rule's severity.
const SCORE: &str = "security-severity";

/// Rules of driver and extensions, as a run lists them.
pub struct Rules<'r> {
    components: Vec<&'r [Value]>,
    /// The first of each id.
    by_id: BTreeMap<&'r str, &'r Value>,
    /// Levels that invocations set, by rule (SARIF 3.20.5).
    overrides: Vec<BTreeMap<&'r str, &'r str>>,
    /// The severity of rules that give none.
    pub default: Option<Severity>,
}

impl<'r> Rules<'r> {
    /// Of a run's members.
    pub fn of(run: &'r Map<String, Value>, default: Option<Severity>) -> Self {
        fn list(component: &Value) -> &[Value] {
            component["rules"].as_array().map_or(&[], Vec::as_slice)
        }
        let tool = run.get("tool").unwrap_or(&Value::Null);
        let mut components = vec![list(&tool["driver"])];
        components.extend(tool["extensions"].as_array().into_iter().flatten().map(list));
        let mut by_id = BTreeMap::new();
        for rule in components.iter().flat_map(|rules| rules.iter()) {
            if let Some(id) = rule["id"].as_str() {
                by_id.entry(id).or_insert(rule);
            }
        }
        let mut rules = Self { components, by_id, overrides: Vec::new(), default };
        let invocations = run.get("invocations").and_then(Value::as_array).into_iter().flatten();
        rules.overrides = invocations.map(|invocation| rules.overridden(invocation)).collect();
        rules
    }

    fn overridden(&self, invocation: &'r Value) -> BTreeMap<&'r str, &'r str> {
        let list = invocation["ruleConfigurationOverrides"].as_array().into_iter().flatten();
        let pair = |one: &'r Value| {
            let of = &one["descriptor"];
            let by_index = || self.at(&of["toolComponent"], of.get("index"))?["id"].as_str();
            Some((of["id"].as_str().or_else(by_index)?, one["configuration"]["level"].as_str()?))
        };
        list.filter_map(pair).collect()
    }

    fn at(&self, component: &Value, index: Option<&Value>) -> Option<&'r Value> {
        let component = component["index"].as_u64().map_or(0, |index| index as usize + 1);
        self.components.get(component)?.get(usize::try_from(integer(index?)?).ok()?)
    }

    /// The level that the invocation of a result, or any where it names none, sets for a rule.
    pub fn overriding(&self, result: &Map<String, Value>, id: &str) -> Option<&'r str> {
        let of = result.get("provenance").and_then(|provenance| provenance["invocationIndex"].as_u64());
        let all = match of.and_then(|index| self.overrides.get(index as usize)) {
            Some(one) => std::slice::from_ref(one),
            None => &self.overrides[..],
        };
        all.iter().find_map(|levels| levels.get(id).copied())
    }

    /// The id a result names and its rule's object (SARIF 3.27.5 to 3.27.7, 3.52.4): by index where one is
    /// given, else by id, else by the id without its last part.
    pub fn find(&self, result: &Map<String, Value>) -> Option<(String, Option<&'r Value>)> {
        let reference = result.get("rule").unwrap_or(&Value::Null);
        let index = result.get("ruleIndex").or(reference.get("index"));
        let id = result.get("ruleId").or(reference.get("id")).and_then(Value::as_str);
        let by_index = self.at(&reference["toolComponent"], index);
        let by_id = |wanted: &str| self.by_id.get(wanted).copied();
        let agrees = |rule: &&Value| id.is_none_or(|id| rule["id"].as_str().is_some_and(|own| id.starts_with(own)));
        let rule = by_index.filter(agrees).or_else(|| {
            let id = id?;
            by_id(id).or_else(|| by_id(id.rsplit_once('/')?.0))
        });
        let id = id.or_else(|| rule?["id"].as_str())?;
        Some((id.to_owned(), rule))
    }
}

/// What the tool says of a rule, in our words' places.
pub fn rule(id: &str, descriptor: &Value, default: Option<Severity>, information_uri: &str) -> Rule {
    let text = |name: &str| descriptor[name]["text"].as_str().map(str::trim).filter(|text| !text.is_empty());
    let bag = &descriptor["properties"];
    let title = text("shortDescription").or(text("fullDescription")).or(descriptor["name"].as_str()).unwrap_or(id);
    let title = title.trim_end_matches('.');
    let filled = |name: &str| bag[FILLED].as_array().is_some_and(|list| list.iter().any(|one| one == name));
    let mut rule = Rule::new(id, title, default.unwrap_or(Severity::Medium));
    rule.id = RuleId::new(id);
    rule.help = text("help").or(text("fullDescription")).map_or_else(|| format!("{title}."), str::to_owned);
    let markdown = descriptor["help"]["markdown"].as_str().unwrap_or_default();
    let missing = |name: &&str| filled(name) || descriptor[*name]["text"].as_str().is_none_or(str::is_empty);
    let mut foreign = ForeignRule {
        description: text("fullDescription").unwrap_or_default().to_owned(),
        markdown: markdown.to_owned(),
        name: descriptor["name"].as_str().unwrap_or_default().to_owned(),
        filled: ["shortDescription", "fullDescription", "help"].into_iter().filter(missing).collect(),
    };
    let score = &bag[SCORE];
    if score.is_null() || filled(SCORE) {
        foreign.filled.push(SCORE);
    }
    rule.foreign = Some(Box::new(foreign));
    rule.score = score.as_f64().or_else(|| score.as_str()?.parse().ok()).filter(|score| (0.0..=10.0).contains(score));
    rule.confidence = match bag["precision"].as_str() {
        Some("low") => Confidence::Low,
        Some("medium") => Confidence::Medium,
        _ => Confidence::High,
    };
    let old = descriptor["deprecatedIds"].as_array().into_iter().flatten().filter_map(Value::as_str);
    rule.deprecated_ids.extend(old.map(str::to_owned));
    let link = descriptor["helpUri"].as_str().unwrap_or(information_uri);
    rule.references.extend(Some(link.to_owned()).filter(|link| link.starts_with("http")));
    for tag in bag["tags"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let lower = tag.to_ascii_lowercase();
        let digits: String = lower
            .strip_prefix("external/cwe/cwe-")
            .or(lower.strip_prefix("cwe-"))
            .map(|rest| rest.chars().take_while(char::is_ascii_digit).collect())
            .unwrap_or_default();
        match digits.parse() {
            Ok(cwe) => rule.cwe.push(cwe),
            Err(_) if tag != "security" => rule.tags.push(tag.to_owned()),
            Err(_) => {}
        }
    }
    for alias in bag["aliases"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        rule.aliases.push(alias.to_owned());
    }
    rule
}
