//! Conversions, comparison and operators, as Terraform's type system has them.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::syntax::hcl::{BinOp, Kind, Val};

/// The result of an operation; `Err` holds what stands in its place: unknown, or invalid.
pub(super) type Out = Result<Kind, Kind>;

/// Text longer than this is not built.
pub(super) const MAX_TEXT: usize = 1 << 20;

/// The unknown that a value carries into every operation on it.
pub(super) fn known(value: &Val) -> Result<&Val, Kind> {
    if value.kind.is_unknown() { Err(carried(&value.kind)) } else { Ok(value) }
}

fn carried(kind: &Kind) -> Kind {
    match kind {
        Kind::Ref(address, path) => Kind::unknown(&format!("`{address}.{path}` is known after apply")),
        other => other.clone(),
    }
}

/// A number as Terraform writes it into text: no exponent, no trailing zeros.
pub(super) fn number_text(value: f64) -> String {
    if value == value.trunc() && value.abs() < 1e15 {
        return format!("{value:.0}").replace("-0", if value == 0.0 { "0" } else { "-0" });
    }
    format!("{value}")
}

/// As text: strings, numbers and booleans.
pub(super) fn text(value: &Val) -> Result<Cow<'_, str>, Kind> {
    match &known(value)?.kind {
        Kind::String(text) => Ok(Cow::Borrowed(text)),
        Kind::Number(number) => Ok(number_text(*number).into()),
        Kind::Bool(value) => Ok(if *value { "true" } else { "false" }.into()),
        Kind::Json(inner) => super::functions::json_text(inner).map(Into::into),
        _ => Err(Kind::invalid("expected text")),
    }
}

/// As a number: numbers, and text that holds one.
pub(super) fn number(value: &Val) -> Result<f64, Kind> {
    match &known(value)?.kind {
        Kind::Number(number) => Ok(*number),
        Kind::String(text) => {
            text.trim().parse().ok().filter(|n: &f64| n.is_finite()).ok_or_else(|| Kind::invalid("expected a number"))
        }
        _ => Err(Kind::invalid("expected a number")),
    }
}

/// As a whole number.
pub(super) fn integer(value: &Val) -> Result<i64, Kind> {
    let number = number(value)?;
    if number.fract() == 0.0 && number.abs() < 9e15 {
        Ok(number as i64)
    } else {
        Err(Kind::invalid("expected a whole number"))
    }
}

/// As a boolean: booleans, and the text `true` or `false`.
pub(super) fn boolean(value: &Val) -> Result<bool, Kind> {
    match &known(value)?.kind {
        Kind::Bool(value) => Ok(*value),
        Kind::String(text) if &**text == "true" => Ok(true),
        Kind::String(text) if &**text == "false" => Ok(false),
        _ => Err(Kind::invalid("expected true or false")),
    }
}

/// The elements of a list; the values of a map.
pub(super) fn elements(value: &Val) -> Result<Vec<Val>, Kind> {
    match &known(value)?.kind {
        Kind::List(items) => Ok(items.to_vec()),
        Kind::Map(entries) => Ok(entries.iter().map(|(_, value)| value.clone()).collect()),
        _ => Err(Kind::invalid("expected a list")),
    }
}

/// The members of a map.
pub(super) fn members(value: &Val) -> Result<&[(std::sync::Arc<str>, Val)], Kind> {
    match &known(value)?.kind {
        Kind::Map(entries) => Ok(entries),
        _ => Err(Kind::invalid("expected a map")),
    }
}

/// Equality without conversion; unknown where something inside decides and is unknown.
pub(super) fn equal(a: &Val, b: &Val) -> Result<bool, Kind> {
    match (&a.kind, &b.kind) {
        (Kind::Ref(a, p), Kind::Ref(b, q)) if a == b && p == q => Ok(true),
        // What another resource computes is some value, so it is never null.
        (Kind::Ref(..), Kind::Null) | (Kind::Null, Kind::Ref(..)) => Ok(false),
        _ => equal_known(known(a)?, known(b)?),
    }
}

fn equal_known(a: &Val, b: &Val) -> Result<bool, Kind> {
    match (&a.kind, &b.kind) {
        (Kind::List(a), Kind::List(b)) => {
            if a.len() != b.len() {
                return Ok(false);
            }
            all_equal(a.iter().zip(b.iter()))
        }
        (Kind::Map(a), Kind::Map(_)) => {
            let theirs = members(b)?;
            if a.len() != theirs.len() || a.iter().any(|(key, _)| !theirs.iter().any(|(other, _)| other == key)) {
                return Ok(false);
            }
            all_equal(a.iter().filter_map(|(key, value)| b.get(key).map(|other| (value, other))))
        }
        (Kind::Json(_), _) | (_, Kind::Json(_)) => Ok(text(a)? == text(b)?),
        (a, b) => Ok(a == b),
    }
}

fn all_equal<'v>(pairs: impl Iterator<Item = (&'v Val, &'v Val)>) -> Result<bool, Kind> {
    let mut unknown = None;
    for (a, b) in pairs {
        match equal(a, b) {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(reason) => unknown = Some(reason),
        }
    }
    unknown.map_or(Ok(true), Err)
}

/// The order that `sort` and sets have: by text, numbers by size.
pub(super) fn order(a: &Val, b: &Val) -> Ordering {
    match (&a.kind, &b.kind) {
        (Kind::Number(a), Kind::Number(b)) => a.total_cmp(b),
        (Kind::String(a), Kind::String(b)) => a.cmp(b),
        (Kind::Bool(a), Kind::Bool(b)) => a.cmp(b),
        _ => Ordering::Equal,
    }
}

/// `a op b` for everything but `&&` and `||`, which look at one side first.
pub(super) fn binary(op: BinOp, a: &Val, b: &Val) -> Out {
    match op {
        BinOp::Eq => return equal(a, b).map(Kind::Bool),
        BinOp::Ne => return equal(a, b).map(|same| Kind::Bool(!same)),
        _ => {}
    }
    let (x, y) = (number(a)?, number(b)?);
    Ok(match op {
        BinOp::Add => Kind::Number(x + y),
        BinOp::Sub => Kind::Number(x - y),
        BinOp::Mul => Kind::Number(x * y),
        BinOp::Div | BinOp::Mod if y == 0.0 => return Err(Kind::invalid("division by zero")),
        BinOp::Div => Kind::Number(x / y),
        BinOp::Mod => Kind::Number(x % y),
        BinOp::Lt => Kind::Bool(x < y),
        BinOp::Le => Kind::Bool(x <= y),
        BinOp::Gt => Kind::Bool(x > y),
        BinOp::Ge => Kind::Bool(x >= y),
        BinOp::Eq | BinOp::Ne | BinOp::And | BinOp::Or => return Err(Kind::invalid("no operator")),
    })
}

/// A list as a set: sorted where all are scalars of one type, repeats left out.
pub(super) fn set_of(items: Vec<Val>) -> Vec<Val> {
    let mut kept: Vec<Val> = Vec::with_capacity(items.len());
    let scalar = items.iter().all(|item| matches!(item.kind, Kind::String(_) | Kind::Number(_) | Kind::Bool(_)));
    if scalar {
        kept = items;
        // A set of mixed scalars is a set of text.
        let mixed =
            kept.windows(2).any(|two| std::mem::discriminant(&two[0].kind) != std::mem::discriminant(&two[1].kind));
        if mixed {
            for item in &mut kept {
                item.kind = text(item).map_or_else(|kind| kind, |text| Kind::text(&text));
            }
        }
        kept.sort_by(order);
        kept.dedup_by(|a, b| a.kind == b.kind);
        return kept;
    }
    for item in items {
        let seen = kept.len() < 2_000 && kept.iter().any(|other| equal(other, &item) == Ok(true));
        if !seen {
            kept.push(item);
        }
    }
    kept
}
