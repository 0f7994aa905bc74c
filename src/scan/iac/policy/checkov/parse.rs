//! A policy's file into a [`Policy`].

use std::sync::Arc;

use super::operators::Operator;
use super::paths::Path;
use super::{Condition, Policy, Types, Wanted};
use crate::model::{Rule, Severity};
use crate::scan::iac::lower::values;
use crate::syntax::{Node, Value as Tree, json, yaml};

/// Conditions inside conditions, at most.
const MAX_DEPTH: usize = 40;

/// Why a policy cannot be used as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Not YAML or JSON.
    #[error("it does not parse: {0}")]
    Syntax(String),
    /// A part that every policy has is not there.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// Something that has no translation.
    #[error("{0}")]
    Unsupported(String),
}

type Result<T> = std::result::Result<T, PolicyError>;

fn unsupported<T>(message: impl Into<String>) -> Result<T> {
    Err(PolicyError::Unsupported(message.into()))
}

/// Documents of a file; `json` by its name.
fn documents(text: &str, is_json: bool) -> Result<Vec<Node>> {
    let (nodes, errors) = if is_json {
        let parsed = json::parse(text.as_bytes());
        (vec![parsed.value], parsed.errors)
    } else {
        let parsed = yaml::parse_documents(text.as_bytes());
        (parsed.value, parsed.errors)
    };
    match errors.first() {
        Some(error) => Err(PolicyError::Syntax(error.message.clone())),
        None => Ok(nodes),
    }
}

/// True for a text that is meant to be a policy: it has `metadata` and `definition`.
#[must_use]
pub fn is_policy(text: &str, is_json: bool) -> bool {
    let is =
        |node: &Node| node.get("metadata").is_some_and(|m| m.get("id").is_some()) && node.get("definition").is_some();
    documents(text, is_json).is_ok_and(|nodes| nodes.iter().any(is))
}

/// Reads the policy of one file.
///
/// # Errors
/// Where it is not of the form, or asks for something that has no translation: nothing of it is then used.
pub fn read(text: &str, is_json: bool) -> Result<Policy> {
    let nodes = documents(text, is_json)?;
    let node = nodes.first().ok_or(PolicyError::Missing("metadata"))?;
    let metadata = node.get("metadata").ok_or(PolicyError::Missing("metadata"))?;
    let text = |key: &str| metadata.get(key).and_then(Node::scalar);
    let id = text("id").ok_or(PolicyError::Missing("metadata.id"))?;
    let name = text("name").ok_or(PolicyError::Missing("metadata.name"))?;
    let category = text("category").ok_or(PolicyError::Missing("metadata.category"))?;
    let definition = node.get("definition").ok_or(PolicyError::Missing("definition"))?;
    let severity = text("severity").unwrap_or_default().to_ascii_lowercase();
    let severity = match severity.as_str() {
        "critical" => Severity::Critical,
        "high" => Severity::High,
        "low" => Severity::Low,
        "info" | "none" | "off" => Severity::Info,
        _ => Severity::Medium,
    };
    let mut rule = Rule::new(&format!("iac/{id}"), name.trim_end_matches('.'), severity);
    rule.help = text("guideline").map_or_else(
        || format!("The policy `{id}` of this repository's owners asks for it."),
        |guideline| format!("See {guideline}"),
    );
    rule.references.extend(text("guideline").filter(|url| url.starts_with("http")).map(str::to_owned));
    rule.tags.push(category.to_ascii_lowercase().replace([' ', '_'], "-"));
    let providers = strings(node.at(&["scope", "provider"]));
    let definition = match &definition.value {
        // A list stands for all of it.
        Tree::List(items) => Condition::And(all(items, &providers, 1)?),
        _ => condition(definition, &providers, 0)?,
    };
    Ok(Policy { rule: Arc::new(rule), definition })
}

fn all(nodes: &[Node], providers: &[String], depth: usize) -> Result<Vec<Condition>> {
    nodes.iter().map(|node| condition(node, providers, depth)).collect()
}

fn condition(node: &Node, providers: &[String], depth: usize) -> Result<Condition> {
    if depth > MAX_DEPTH {
        return unsupported("conditions are nested too deep");
    }
    for word in ["and", "or", "not"] {
        let Some(inner) = node.get(word).filter(|inner| !inner.is_null()) else { continue };
        let parts = match &inner.value {
            Tree::List(items) => all(items, providers, depth + 1)?,
            _ => vec![condition(inner, providers, depth + 1)?],
        };
        return combined(word, parts);
    }
    let Tree::Map(_) = node.value else { return unsupported("a condition is a map") };
    let types = types(node.get("resource_types").or_else(|| node.get("resource_type")), providers)?;
    let operator = node.get("operator").and_then(Node::as_str).unwrap_or_default();
    match node.get("cond_type").and_then(Node::as_str).unwrap_or_default() {
        "" => Ok(Condition::Any(types)),
        "attribute" => attribute(node, types, operator),
        "connection" => {
            let connected = self::types(node.get("connected_resource_types"), providers)?;
            Ok(Condition::Connection { types, connected, wanted: wanted(operator)? })
        }
        "filter" if operator == "within" => {
            let path = Path::parse(attribute_of(node)?, false)?;
            Ok(Condition::Filter { path, values: strings(node.get("value")) })
        }
        "filter" => unsupported(format!("a filter has no operator `{operator}`")),
        "resource" => match wanted(operator)? {
            Wanted::OneExists => unsupported("a resource has no operator `one_exists`"),
            wanted => Ok(Condition::Resource { types, wanted }),
        },
        other => unsupported(format!("there is no cond_type `{other}`")),
    }
}

fn combined(word: &str, mut parts: Vec<Condition>) -> Result<Condition> {
    match (word, parts.len()) {
        (_, 0) => unsupported(format!("`{word}` without conditions")),
        ("and", _) => Ok(Condition::And(parts)),
        ("or", _) => Ok(Condition::Or(parts)),
        (_, 1) => match parts.remove(0) {
            inner if inner.is_connected() => unsupported("`not` around a connection: use `not_exists`"),
            inner => Ok(Condition::Not(Box::new(inner))),
        },
        _ => unsupported("`not` takes one condition"),
    }
}

fn attribute_of(node: &Node) -> Result<&str> {
    node.get("attribute").and_then(Node::scalar).ok_or(PolicyError::Missing("attribute"))
}

fn attribute(node: &Node, types: Types, operator: &str) -> Result<Condition> {
    let (plain, jsonpath) = match operator.strip_prefix("jsonpath_") {
        Some(plain) => (plain, true),
        None => (operator, false),
    };
    if plain == "any" {
        return Ok(Condition::Any(types));
    }
    let value = values::plain(node.get("value").unwrap_or(&Node::default()));
    let Some((operator, negated)) = Operator::named(plain, &value)? else {
        return unsupported(format!("there is no operator `{operator}`"));
    };
    let path = Path::parse(attribute_of(node)?, jsonpath)?;
    Ok(Condition::Attribute { types, path, operator, negated, value })
}

fn wanted(operator: &str) -> Result<Wanted> {
    match operator {
        "exists" => Ok(Wanted::Exists),
        "not_exists" => Ok(Wanted::NotExists),
        "one_exists" => Ok(Wanted::OneExists),
        other => unsupported(format!("a connection has no operator `{other}`")),
    }
}

fn strings(node: Option<&Node>) -> Vec<String> {
    match node.map(|node| (&node.value, node)) {
        Some((Tree::List(items), _)) => items.iter().filter_map(Node::scalar).map(str::to_owned).collect(),
        Some((_, node)) => node.scalar().map(str::to_owned).into_iter().collect(),
        None => Vec::new(),
    }
}

fn types(node: Option<&Node>, providers: &[String]) -> Result<Types> {
    let names = strings(node);
    match names.first().map(|first| first.to_ascii_lowercase()).as_deref() {
        None | Some("all") => Ok(Types::All),
        Some("taggable") => unsupported("`taggable` needs a list of types: write them out"),
        _ if names.iter().any(|name| name == "provider") && !providers.is_empty() => {
            Ok(Types::Named(providers.iter().map(|name| format!("provider.{}", name.to_ascii_lowercase())).collect()))
        }
        _ => Ok(Types::Named(names)),
    }
}
