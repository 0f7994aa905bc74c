//! Blocks to values: attributes evaluated, nested blocks as lists, dynamic blocks unfolded.

use std::rc::Rc;
use std::sync::Arc;

use super::instances::MAX_INSTANCES;
use super::scope::{Env, Evaluator, Scope, reason};
use crate::model::Span;
use crate::syntax::hcl::{Block, Body, Expr, ExprKind, Kind, Part, SplatStep, Val};

/// Attributes that steer Terraform and say nothing about the resource.
const META: [&str; 5] = ["count", "for_each", "depends_on", "provider", "providers"];

/// A body as a map; its place is `header`. A nested block type is a list of maps, each in the place of its
/// block's header.
pub(super) fn evaluate<'w>(
    evaluator: &Evaluator<'w>,
    scope: &Rc<Scope<'w>>,
    env: &Env,
    file: u32,
    body: &'w Body,
    header: Span,
) -> Val {
    let mut entries: Vec<(Arc<str>, Val)> = Vec::with_capacity(body.attrs.len() + body.blocks.len());
    for attr in body.attrs.iter().filter(|attr| !META.contains(&&*attr.name)) {
        let mut value = evaluator.eval(scope, env, file, &attr.value);
        value.span = attr.name_span.join(attr.value.span);
        entries.push((Arc::from(&*attr.name), value));
    }
    for block in &body.blocks {
        match (&*block.kind, block.label(0)) {
            ("provisioner" | "connection", _) => {}
            ("dynamic", Some(name)) => {
                for value in unfold(evaluator, scope, env, file, block) {
                    push(&mut entries, name, value);
                }
            }
            (name, label) => {
                let mut value = evaluate(evaluator, scope, env, file, &block.body, block.header);
                // `backend "s3" { … }`: what kind of backend it is stands in the label.
                if let (Some(label), Kind::Map(entries)) = (label, &mut value.kind) {
                    let label = Val::new(Kind::text(label), block.header, file);
                    Arc::make_mut(entries).push((Arc::from("label"), label));
                }
                push(&mut entries, name, value);
            }
        }
    }
    Val::new(Kind::map(entries), header, file)
}

fn push(entries: &mut Vec<(Arc<str>, Val)>, name: &str, value: Val) {
    match entries.iter_mut().find(|(key, _)| &**key == name) {
        Some((_, Val { kind: Kind::List(items), .. })) => Arc::make_mut(items).push(value),
        _ => {
            let list = value.with(Kind::list(vec![value.clone()]));
            entries.push((Arc::from(name), list));
        }
    }
}

/// The blocks that a `dynamic` block stands for. Where their number can't be known, one stands for all, with
/// its iterator unknown.
fn unfold<'w>(evaluator: &Evaluator<'w>, scope: &Rc<Scope<'w>>, env: &Env, file: u32, block: &'w Block) -> Vec<Val> {
    let Some(content) = block.body.blocks_of("content").next() else { return Vec::new() };
    let Some(each) = block.body.attr("for_each") else { return Vec::new() };
    let iterator = match block.body.attr("iterator").map(|attr| &attr.value.kind) {
        Some(ExprKind::Var(name) | ExprKind::String(name)) => &**name,
        _ => block.label(0).unwrap_or_default(),
    };
    let one = |key: Val, value: Val| {
        let bound = Kind::map(vec![("key".into(), key.clone()), ("value".into(), value)]);
        let env = env.with(iterator, key.with(bound));
        let mut made = evaluate(evaluator, scope, &env, file, &content.body, block.header);
        made.span = block.header;
        made
    };
    let of = evaluator.eval(scope, env, file, &each.value);
    match &of.kind {
        Kind::List(items) => {
            let items = items.iter().take(MAX_INSTANCES).enumerate().take_while(|_| evaluator.enter(8).is_ok());
            items.map(|(at, item)| one(item.with(Kind::Number(at as f64)), item.clone())).collect()
        }
        Kind::Map(entries) => {
            let entries = entries.iter().take(MAX_INSTANCES).take_while(|_| evaluator.enter(8).is_ok());
            entries.map(|(key, item)| one(item.with(Kind::String(Arc::clone(key))), item.clone())).collect()
        }
        Kind::Null => Vec::new(),
        other => {
            let unknown = of.with(Kind::Unknown(reason(other)));
            vec![one(unknown.clone(), unknown)]
        }
    }
}

/// True where a body mentions the name `count` or `each`: then its instances differ. `each` is looked for
/// with `for_each`, whose blocks always count as different.
pub(super) fn uses(body: &Body, name: &str) -> bool {
    body.attrs.iter().filter(|attr| &*attr.name != "count").any(|attr| mentions(&attr.value, name))
        || body.blocks.iter().any(|block| uses(&block.body, name))
}

fn mentions(expr: &Expr, name: &str) -> bool {
    let any = |exprs: &[Expr]| exprs.iter().any(|expr| mentions(expr, name));
    match &expr.kind {
        ExprKind::Var(var) => &**var == name,
        ExprKind::Template(parts) => parts.iter().any(|part| mentioned_in(part, name)),
        ExprKind::List(items) | ExprKind::Call(_, items, _) => any(items),
        ExprKind::Object(members) => members.iter().any(|(key, value)| mentions(key, name) || mentions(value, name)),
        ExprKind::Attr(of, _) | ExprKind::Not(of) | ExprKind::Neg(of) => mentions(of, name),
        ExprKind::Index(of, key) => mentions(of, name) || mentions(key, name),
        ExprKind::Splat(of, steps) => {
            mentions(of, name) || steps.iter().any(|step| matches!(step, SplatStep::Index(key) if mentions(key, name)))
        }
        ExprKind::Cond(parts) => any(&parts[..]),
        ExprKind::Binary(_, sides) => any(&sides[..]),
        ExprKind::For(each) => {
            let optional = [each.key.as_ref(), each.cond.as_ref()];
            mentions(&each.of, name)
                || mentions(&each.value, name)
                || optional.into_iter().flatten().any(|expr| mentions(expr, name))
        }
        ExprKind::Null | ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::String(_) => false,
    }
}

fn mentioned_in(part: &Part, name: &str) -> bool {
    match part {
        Part::Text(_) => false,
        Part::Interpolation(expr) => mentions(expr, name),
        Part::If(condition, then, otherwise) => {
            mentions(condition, name) || then.iter().chain(otherwise).any(|part| mentioned_in(part, name))
        }
        Part::For { of, body, .. } => mentions(of, name) || body.iter().any(|part| mentioned_in(part, name)),
    }
}
