//! Type constraints of variables: conversions, and defaults of optional members.

use std::sync::Arc;

use super::ops;
use crate::syntax::hcl::{Expr, ExprKind, Kind, Val};

/// Evaluates the default of an optional member.
type Default<'a> = &'a dyn Fn(&Expr) -> Val;

/// `value` as a variable of type `kind` holds it. What does not fit stays as it is: the plan would fail, and
/// it is not ours to say so. Bounded by the depth of the type expression.
pub(super) fn convert(value: &Val, kind: &Expr, default: Default<'_>) -> Val {
    if value.kind == Kind::Null || value.kind.is_unknown() {
        return value.clone();
    }
    match &kind.kind {
        ExprKind::Var(name) => primitive(value, name),
        ExprKind::Call(name, args, _) => match (&**name, args.as_slice()) {
            ("list" | "set", [of]) => list(value, of, &**name == "set", default),
            ("map", [of]) => map(value, of, default),
            ("object", [of]) => object(value, of, default),
            ("optional", [of, ..]) => convert(value, of, default),
            _ => value.clone(),
        },
        _ => value.clone(),
    }
}

fn primitive(value: &Val, name: &str) -> Val {
    let converted = match name {
        "string" => ops::text(value).map(|text| Kind::text(&text)),
        "number" => ops::number(value).map(Kind::Number),
        "bool" => ops::boolean(value).map(Kind::Bool),
        _ => return value.clone(),
    };
    converted.map_or_else(|_| value.clone(), |kind| value.with(kind))
}

fn list(value: &Val, of: &Expr, set: bool, default: Default<'_>) -> Val {
    let Kind::List(items) = &value.kind else { return value.clone() };
    let items: Vec<Val> = items.iter().map(|item| convert(item, of, default)).collect();
    value.with(Kind::list(if set { ops::set_of(items) } else { items }))
}

fn map(value: &Val, of: &Expr, default: Default<'_>) -> Val {
    let Kind::Map(entries) = &value.kind else { return value.clone() };
    value.with(Kind::map(entries.iter().map(|(key, item)| (Arc::clone(key), convert(item, of, default))).collect()))
}

fn object(value: &Val, of: &Expr, default: Default<'_>) -> Val {
    let (Kind::Map(_), ExprKind::Object(members)) = (&value.kind, &of.kind) else { return value.clone() };
    let mut entries: Vec<(Arc<str>, Val)> = Vec::with_capacity(members.len());
    for (key, kind) in members {
        let ExprKind::String(key) = &key.kind else { continue };
        let given = value.get(key).filter(|given| given.kind != Kind::Null);
        let item = match (given, optional(kind)) {
            (Some(given), _) => convert(given, kind, default),
            (None, Some(Some(fallback))) => {
                let fallback = default(fallback);
                convert(&fallback, kind, default)
            }
            (None, Some(None)) => value.with(Kind::Null),
            (None, None) => continue,
        };
        entries.push((Arc::from(&**key), item));
    }
    value.with(Kind::map(entries))
}

/// For `optional(type, default)`: the default, where one is given.
fn optional(kind: &Expr) -> Option<Option<&Expr>> {
    match &kind.kind {
        ExprKind::Call(name, args, _) if &**name == "optional" => Some(args.get(1)),
        _ => None,
    }
}
