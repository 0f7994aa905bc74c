//! Files as the documents that conftest hands to policies, each part with its place.

use serde_json::{Map, Value as Json, json};

use crate::model::{Input, Span};
use crate::syntax::hcl::{Block, Body, Expr, ExprKind, Part};
use crate::syntax::{Node, Value as Tree, dockerfile, hcl};

/// A document, and names that a message may speak of, with their places.
pub(super) struct Document {
    pub json: Json,
    pub places: Vec<(String, Span)>,
    /// Where a message stands that speaks of nothing that is known.
    pub first: Span,
}

/// Terraform: labels as nested members, blocks in lists, expressions as `${source}`.
pub(super) fn terraform(input: &Input<'_>) -> Document {
    let text = String::from_utf8_lossy(input.bytes);
    let body = hcl::parse(input.bytes).value;
    let mut places = Vec::new();
    for block in &body.blocks {
        // `a.b` before `b`: the longer name says more.
        let labels: Vec<&str> = block.labels.iter().map(|label| &*label.text).collect();
        if let Some(last) = labels.last() {
            places.push((labels.join("."), block.header));
            places.push(((*last).to_owned(), block.header));
        }
    }
    let first = body.blocks.first().map_or_else(Span::default, |block| block.header);
    Document { json: Json::Object(body_json(&body, &text)), places, first }
}

fn body_json(body: &Body, text: &str) -> Map<String, Json> {
    let mut out = Map::new();
    for attr in &body.attrs {
        out.insert(attr.name.to_string(), expression(&attr.value, text));
    }
    for block in &body.blocks {
        place_block(block, text, &mut out);
    }
    out
}

fn place_block(block: &Block, text: &str, out: &mut Map<String, Json>) {
    let mut at = out;
    let mut key = block.kind.to_string();
    for label in &block.labels {
        let inner = at.entry(key).or_insert_with(|| Json::Object(Map::new()));
        let Json::Object(inner) = inner else { return };
        at = inner;
        key = label.text.to_string();
    }
    let value = Json::Object(body_json(&block.body, text));
    match at.get_mut(&key) {
        Some(Json::Array(items)) => items.push(value),
        Some(other) => *other = json!([other.take(), value]),
        None => drop(at.insert(key, json!([value]))),
    }
}

fn source(expr: &Expr, text: &str) -> String {
    format!("${{{}}}", text.get(expr.span.start as usize..expr.span.end as usize).unwrap_or_default())
}

fn expression(expr: &Expr, text: &str) -> Json {
    match &expr.kind {
        ExprKind::Null => Json::Null,
        ExprKind::Bool(value) => Json::Bool(*value),
        ExprKind::Number(value) => number(*value),
        ExprKind::String(value) => Json::String(value.to_string()),
        ExprKind::Template(parts) => Json::String(parts.iter().map(|part| template(part, text)).collect()),
        ExprKind::List(items) => Json::Array(items.iter().map(|item| expression(item, text)).collect()),
        ExprKind::Object(members) => Json::Object(
            members
                .iter()
                .map(|(key, value)| {
                    let key = match &key.kind {
                        ExprKind::String(name) => name.to_string(),
                        _ => source(key, text),
                    };
                    (key, expression(value, text))
                })
                .collect(),
        ),
        _ => Json::String(source(expr, text)),
    }
}

fn template(part: &Part, text: &str) -> String {
    let all = |parts: &[Part]| parts.iter().map(|part| template(part, text)).collect::<String>();
    let bare = |expr: &Expr| text.get(expr.span.start as usize..expr.span.end as usize).unwrap_or_default().to_owned();
    match part {
        Part::Text(piece) => piece.to_string(),
        Part::Interpolation(expr) => source(expr, text),
        Part::If(condition, then, otherwise) if otherwise.is_empty() => {
            format!("%{{if {}}}{}%{{endif}}", bare(condition), all(then))
        }
        Part::If(condition, then, otherwise) => {
            format!("%{{if {}}}{}%{{else}}{}%{{endif}}", bare(condition), all(then), all(otherwise))
        }
        Part::For { key, value, of, body } => {
            let names = key.iter().chain([value]).map(|name| name.to_string()).collect::<Vec<_>>().join(", ");
            format!("%{{for {names} in {}}}{}%{{endfor}}", bare(of), all(body))
        }
    }
}

fn number(value: f64) -> Json {
    if value.fract() == 0.0 && value.abs() < 9e15 { json!(value as i64) } else { json!(value) }
}

/// YAML and JSON as they are; CloudFormation's short forms as their long ones.
pub(super) fn node(node: &Node) -> Document {
    let mut places = Vec::new();
    for part in ["Resources", "services", "functions", "jobs"] {
        let members = node.get(part).map_or(&[][..], Node::entries);
        places.extend(members.iter().map(|entry| (entry.key.clone(), entry.key_span)));
    }
    if let Some(name) = node.at(&["metadata", "name"]).and_then(Node::as_str) {
        places.push((name.to_owned(), node.at(&["metadata", "name"]).map_or(node.span, |name| name.span)));
    }
    let first = node.entry("kind").or_else(|| node.entries().first()).map_or(node.span, |entry| entry.key_span);
    Document { json: plain(node), places, first }
}

fn plain(node: &Node) -> Json {
    let value = match &node.value {
        Tree::Null => Json::Null,
        Tree::Bool(value) => Json::Bool(*value),
        Tree::Number(text) => node.as_f64().map_or_else(|| Json::String(text.to_string()), number),
        Tree::String(text) => Json::String(text.clone()),
        Tree::List(items) => Json::Array(items.iter().map(plain).collect()),
        Tree::Map(entries) => {
            Json::Object(entries.iter().map(|entry| (entry.key.clone(), plain(&entry.value))).collect())
        }
    };
    match node.tag.as_deref() {
        None => value,
        Some("Ref") => json!({ "Ref": value }),
        Some("Condition") => json!({ "Condition": value }),
        Some("GetAtt") => match value {
            Json::String(path) => json!({ "Fn::GetAtt": path.splitn(2, '.').collect::<Vec<_>>() }),
            value => json!({ "Fn::GetAtt": value }),
        },
        Some(tag) => Json::Object([(format!("Fn::{tag}"), value)].into_iter().collect()),
    }
}

/// A Dockerfile as a list that holds the list of its commands.
pub(super) fn docker(input: &Input<'_>) -> Document {
    let instructions = dockerfile::parse(input.bytes);
    let mut stage: usize = 0;
    let mut commands = Vec::new();
    let mut froms = 0;
    for one in &instructions {
        if one.name == "FROM" {
            stage = froms;
            froms += 1;
        }
        let text = one.text.trim();
        let list = serde_json::from_str::<Vec<String>>(text).ok().filter(|_| text.starts_with('['));
        let (sub, text) = match (one.name.as_str(), text.split_once(char::is_whitespace)) {
            ("ONBUILD", Some((sub, rest))) => (sub.to_ascii_lowercase(), rest.trim()),
            _ => (String::new(), text),
        };
        let flags: Vec<String> = one.flags.iter().map(|(name, value)| format!("--{name}={value}")).collect();
        commands.push(json!({
            "Cmd": one.name.to_ascii_lowercase(),
            "SubCmd": sub,
            "JSON": list.is_some(),
            "Flags": flags,
            "Value": list.unwrap_or_else(|| words(&one.name, text)),
            "Stage": stage,
        }));
    }
    let places = instructions.iter().map(|one| (one.text.clone(), one.span)).collect();
    let first = instructions.first().map_or_else(Span::default, |one| one.name_span);
    Document { json: json!([commands]), places, first }
}

/// Arguments: a shell's line whole, `ENV` and `LABEL` as names and values, others word by word.
fn words(name: &str, text: &str) -> Vec<String> {
    match name {
        "RUN" | "CMD" | "ENTRYPOINT" | "SHELL" | "MAINTAINER" | "ONBUILD" => vec![text.to_owned()],
        "ENV" | "LABEL" => text
            .split_whitespace()
            .flat_map(|word| word.splitn(2, '=').map(str::to_owned).collect::<Vec<_>>())
            .collect(),
        _ => text.split_whitespace().map(str::to_owned).collect(),
    }
}
