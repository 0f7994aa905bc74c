//! `data "aws_iam_policy_document"` as the policy it stands for.

use std::rc::Rc;
use std::sync::Arc;

use super::body;
use super::scope::{Env, Evaluator, Scope};
use super::world::In;
use crate::scan::iac::resource::from_json;
use crate::syntax::hcl::{Block, Kind, Val};

/// The policy as JSON whose parts keep the places of the attributes they came from.
pub(super) fn render<'w>(evaluator: &Evaluator<'w>, scope: &Rc<Scope<'w>>, block: In<&'w Block>) -> Val {
    let document = body::evaluate(evaluator, scope, &Env::default(), block.file, &block.item.body, block.item.header);
    let mut statements = Vec::new();
    for name in ["source_policy_documents", "source_json", "override_policy_documents", "override_json"] {
        if let Some(sources) = document.get(name) {
            collect(sources, &mut statements);
        }
    }
    if let Some(own) = document.get("statement") {
        statements.extend(own.items().iter().map(statement));
    }
    let version = document.get("version").cloned().unwrap_or_else(|| document.with(Kind::text("2012-10-17")));
    let policy =
        Kind::map(vec![("Version".into(), version), ("Statement".into(), document.with(Kind::list(statements)))]);
    document.with(Kind::Json(Arc::new(document.with(policy))))
}

/// Statements of other documents; one that is unknown stands as an unknown statement.
fn collect(source: &Val, statements: &mut Vec<Val>) {
    match &source.kind {
        Kind::List(items) => items.iter().for_each(|item| collect(item, statements)),
        Kind::Json(inner) => match inner.get("Statement") {
            Some(Val { kind: Kind::List(items), .. }) => statements.extend(items.iter().cloned()),
            Some(one) => statements.push(one.clone()),
            None => {}
        },
        Kind::String(text) => match serde_json::from_str(text) {
            Ok(value) => {
                let inner = from_json(&value, source);
                collect(&source.with(Kind::Json(Arc::new(inner))), statements);
            }
            Err(_) => statements.push(source.with(Kind::unknown("a policy that is not JSON"))),
        },
        Kind::Null => {}
        other => statements.push(source.with(Kind::Unknown(super::scope::reason(other)))),
    }
}

fn statement(block: &Val) -> Val {
    let mut entries: Vec<(Arc<str>, Val)> = Vec::new();
    entries.push(("Effect".into(), block.get("effect").cloned().unwrap_or_else(|| block.with(Kind::text("Allow")))));
    for (name, key) in [
        ("sid", "Sid"),
        ("actions", "Action"),
        ("not_actions", "NotAction"),
        ("resources", "Resource"),
        ("not_resources", "NotResource"),
    ] {
        if let Some(value) = block.get(name) {
            entries.push((key.into(), value.clone()));
        }
    }
    for (name, key) in [("principals", "Principal"), ("not_principals", "NotPrincipal")] {
        if let Some(blocks) = block.get(name) {
            entries.push((key.into(), principals(blocks)));
        }
    }
    if let Some(blocks) = block.get("condition") {
        entries.push(("Condition".into(), conditions(blocks)));
    }
    block.with(Kind::map(entries))
}

fn principals(blocks: &Val) -> Val {
    let mut entries: Vec<(Arc<str>, Val)> = Vec::new();
    for block in blocks.items() {
        let Some(identifiers) = block.get("identifiers") else { continue };
        match block.get("type").map(|kind| &kind.kind) {
            Some(Kind::String(kind)) if &**kind == "*" => return identifiers.with(Kind::text("*")),
            Some(Kind::String(kind)) => add(&mut entries, kind, identifiers),
            _ => return block.with(Kind::unknown("a principal of unknown type")),
        }
    }
    blocks.with(Kind::map(entries))
}

fn conditions(blocks: &Val) -> Val {
    let mut tests: Vec<(Arc<str>, Val)> = Vec::new();
    for block in blocks.items() {
        let text = |name| match block.get(name).map(|value| &value.kind) {
            Some(Kind::String(text)) => Some(Arc::clone(text)),
            _ => None,
        };
        let (Some(test), Some(variable)) = (text("test"), text("variable")) else {
            return block.with(Kind::unknown("a condition that is not known"));
        };
        let values = block.get("values").cloned().unwrap_or_else(|| block.with(Kind::list(Vec::new())));
        let one = (variable, values);
        match tests.iter_mut().find(|(name, _)| *name == test) {
            Some((_, Val { kind: Kind::Map(entries), .. })) => Arc::make_mut(entries).push(one),
            _ => tests.push((test, block.with(Kind::map(vec![one])))),
        }
    }
    blocks.with(Kind::map(tests))
}

/// Adds a list to the member of that name.
fn add(entries: &mut Vec<(Arc<str>, Val)>, key: &Arc<str>, list: &Val) {
    match entries.iter_mut().find(|(name, _)| name == key) {
        Some((_, Val { kind: Kind::List(items), .. })) => Arc::make_mut(items).extend(list.items().iter().cloned()),
        _ => entries.push((Arc::clone(key), list.clone())),
    }
}
