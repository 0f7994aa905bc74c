//! Terraform's JSON syntax: the same blocks as objects, with templates in the strings.

use super::ast::{Attr, Block, Body, Expr, ExprKind, Label};
use super::parse_template;
use crate::model::Span;
use crate::syntax::{Entry, Node, Value};

/// How many labels a top-level block of that type has; `None` where it is no block.
fn labels_of(kind: &str) -> Option<usize> {
    match kind {
        "resource" | "data" | "ephemeral" => Some(2),
        "module" | "variable" | "output" | "provider" | "check" => Some(1),
        "locals" | "terraform" | "moved" | "import" | "removed" => Some(0),
        _ => None,
    }
}

/// A document in Terraform's JSON syntax. Top-level members that are no blocks become attributes
/// (`terraform.tfvars.json` has nothing else). Nested blocks stay objects: an evaluator that knows no
/// provider schema takes both alike.
#[must_use]
pub fn from_node(root: &Node) -> Body {
    let mut body = Body::default();
    for entry in root.entries() {
        match labels_of(&entry.key) {
            Some(count) => blocks(entry, count, &mut body.blocks),
            None if entry.key == "//" => {}
            None => body.attrs.push(attr(entry)),
        }
    }
    body
}

fn blocks(entry: &Entry, labels: usize, into: &mut Vec<Block>) {
    let seed = block(entry, &entry.value, Body::default());
    descend(&seed, &entry.value, labels, into);
}

/// One block for each way down through the labels; a list stands for several.
fn descend(seed: &Block, node: &Node, labels: usize, into: &mut Vec<Block>) {
    if !node.items().is_empty() {
        for item in node.items().iter().filter(|item| item.items().is_empty()) {
            descend(seed, item, labels, into);
        }
        return;
    }
    if labels == 0 {
        into.push(Block { body: nested(&seed.kind, node), ..seed.clone() });
        return;
    }
    for entry in node.entries() {
        let mut next = seed.clone();
        next.labels.push(Label { text: entry.key.as_str().into(), span: entry.key_span });
        next.header = entry.key_span;
        next.span = entry.key_span.join(entry.value.span);
        descend(&next, &entry.value, labels - 1, into);
    }
}

/// What stands in a block. Nested blocks stay attributes, but for `dynamic` and those with one inside: they are
/// unfolded as in the native syntax.
fn nested(kind: &str, node: &Node) -> Body {
    let mut body = Body::default();
    for entry in node.entries().iter().filter(|entry| entry.key != "//") {
        if entry.key == "dynamic" && objects(&entry.value).any(|one| !one.entries().is_empty()) {
            for entry in objects(&entry.value).flat_map(Node::entries) {
                for one in objects(&entry.value) {
                    body.blocks.push(dynamic(entry, one));
                }
            }
        } else if kind == "terraform" && entry.key == "backend" {
            descend(&block(entry, &entry.value, Body::default()), &entry.value, 1, &mut body.blocks);
        } else if objects(&entry.value).any(|one| one.get("dynamic").is_some()) {
            blocks_of(entry, &mut body.blocks);
        } else {
            body.attrs.push(attr(entry));
        }
    }
    body
}

/// An object, or those of a list.
fn objects(node: &Node) -> impl Iterator<Item = &Node> {
    let items = node.items();
    let one = items.is_empty().then_some(node);
    one.into_iter().chain(items).filter(|node| matches!(node.value, Value::Map(_)))
}

fn blocks_of(entry: &Entry, into: &mut Vec<Block>) {
    into.extend(objects(&entry.value).map(|one| block(entry, one, nested(&entry.key, one))));
}

fn block(entry: &Entry, node: &Node, body: Body) -> Block {
    Block {
        kind: entry.key.as_str().into(),
        kind_span: entry.key_span,
        labels: Vec::new(),
        header: entry.key_span,
        span: entry.key_span.join(node.span),
        body,
    }
}

/// `"NAME": {"for_each": …, "content": {…}}` of a `dynamic` object.
fn dynamic(entry: &Entry, node: &Node) -> Block {
    let mut body = Body::default();
    for inner in node.entries() {
        match inner.key.as_str() {
            "content" => blocks_of(inner, &mut body.blocks),
            _ => body.attrs.push(attr(inner)),
        }
    }
    let label = Label { text: entry.key.as_str().into(), span: entry.key_span };
    Block { kind: "dynamic".into(), labels: vec![label], ..block(entry, node, body) }
}

fn attr(entry: &Entry) -> Attr {
    Attr { name: entry.key.as_str().into(), name_span: entry.key_span, value: expr(&entry.value) }
}

fn expr(node: &Node) -> Expr {
    let span = node.span;
    let kind = match &node.value {
        Value::Null => ExprKind::Null,
        Value::Bool(value) => ExprKind::Bool(*value),
        Value::Number(_) => ExprKind::Number(node.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => return string(text, span),
        Value::List(items) => ExprKind::List(items.iter().map(expr).collect()),
        Value::Map(entries) => ExprKind::Object(
            entries.iter().map(|entry| (string(&entry.key, entry.key_span), expr(&entry.value))).collect(),
        ),
    };
    Expr { span, kind }
}

fn string(text: &str, span: Span) -> Expr {
    parse_template(text, span).unwrap_or_else(|| Expr { span, kind: ExprKind::String(text.into()) })
}
