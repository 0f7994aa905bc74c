//! Functions on lists and maps.

use std::sync::Arc;

use super::super::ops::{self, Out, boolean, elements, equal, integer, known, members, number, order, set_of, text};
use super::Args;
use crate::syntax::hcl::{Kind, Val};

pub(super) fn same(args: Args<'_>) -> Out {
    Ok(args[0].kind.clone())
}

pub(super) fn always_false(_: Args<'_>) -> Out {
    Ok(Kind::Bool(false))
}

pub(super) fn tostring(args: Args<'_>) -> Out {
    if args[0].kind == Kind::Null { Ok(Kind::Null) } else { Ok(Kind::text(&text(&args[0])?)) }
}

pub(super) fn tonumber(args: Args<'_>) -> Out {
    if args[0].kind == Kind::Null { Ok(Kind::Null) } else { number(&args[0]).map(Kind::Number) }
}

pub(super) fn tobool(args: Args<'_>) -> Out {
    if args[0].kind == Kind::Null { Ok(Kind::Null) } else { boolean(&args[0]).map(Kind::Bool) }
}

pub(super) fn tolist(args: Args<'_>) -> Out {
    if let Kind::Ref(..) = args[0].kind {
        return Ok(args[0].kind.clone());
    }
    Ok(Kind::list(elements(&args[0])?))
}

pub(super) fn toset(args: Args<'_>) -> Out {
    if let Kind::Ref(..) = args[0].kind {
        return Ok(args[0].kind.clone());
    }
    Ok(Kind::list(set_of(elements(&args[0])?)))
}

pub(super) fn length(args: Args<'_>) -> Out {
    let count = match &args[0].kind {
        Kind::List(items) => items.len(),
        Kind::Map(entries) => entries.len(),
        Kind::String(text) => text.chars().count(),
        _ => return Err(Kind::invalid("no length")),
    };
    Ok(Kind::Number(count as f64))
}

pub(super) fn keys(args: Args<'_>) -> Out {
    let mut names: Vec<Val> =
        members(&args[0])?.iter().map(|(key, value)| value.with(Kind::String(Arc::clone(key)))).collect();
    names.sort_by(order);
    Ok(Kind::list(names))
}

pub(super) fn values(args: Args<'_>) -> Out {
    let mut sorted: Vec<_> = members(&args[0])?.iter().collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(Kind::list(sorted.into_iter().map(|(_, value)| value.clone()).collect()))
}

/// `lookup`, lenient: an unknown map gives unknown, an unknown default matters only where the key is absent.
pub(super) fn lookup(args: Args<'_>) -> Out {
    let key = text(&args[1])?;
    members(&args[0])?;
    match (args[0].get(&key), args.get(2)) {
        (Some(value), _) => Ok(value.kind.clone()),
        (None, Some(default)) => Ok(default.kind.clone()),
        (None, None) => Err(Kind::invalid("no such key")),
    }
}

pub(super) fn merge(args: Args<'_>) -> Out {
    let mut merged: Vec<(Arc<str>, Val)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for arg in args.iter().filter(|arg| arg.kind != Kind::Null) {
        for (key, value) in members(arg)? {
            match places.get(key) {
                Some(&at) => {
                    let slot: &mut (Arc<str>, Val) = &mut merged[at];
                    slot.1 = value.clone();
                }
                None => {
                    places.insert(Arc::clone(key), merged.len());
                    merged.push((Arc::clone(key), value.clone()));
                }
            }
        }
    }
    Ok(Kind::map(merged))
}

/// `concat`, lenient: a list that is unknown stands as one unknown element, so that the others are seen.
pub(super) fn concat(args: Args<'_>) -> Out {
    let mut all = Vec::new();
    for arg in args {
        if arg.kind.is_unknown() {
            all.push(arg.clone());
        } else {
            all.extend(elements(arg)?);
        }
    }
    Ok(Kind::list(all))
}

/// `flatten`, lenient as `concat`. Bounded by the depth of the value.
pub(super) fn flatten(args: Args<'_>) -> Out {
    fn into(items: &[Val], flat: &mut Vec<Val>) {
        for item in items {
            match &item.kind {
                Kind::List(inner) => into(inner, flat),
                _ => flat.push(item.clone()),
            }
        }
    }
    let mut flat = Vec::new();
    match &known(&args[0])?.kind {
        Kind::List(items) => into(items, &mut flat),
        _ => return Err(Kind::invalid("expected a list")),
    }
    Ok(Kind::list(flat))
}

pub(super) fn compact(args: Args<'_>) -> Out {
    let mut items = elements(&args[0])?;
    items.retain(|item| item.kind != Kind::Null && item.kind != Kind::text(""));
    Ok(Kind::list(items))
}

pub(super) fn distinct(args: Args<'_>) -> Out {
    let mut kept: Vec<Val> = Vec::new();
    for item in elements(&args[0])? {
        let seen = kept.len() < 2_000 && kept.iter().any(|other| equal(other, &item) == Ok(true));
        if !seen {
            kept.push(item);
        }
    }
    Ok(Kind::list(kept))
}

pub(super) fn contains(args: Args<'_>) -> Out {
    let mut unknown = None;
    for item in elements(&args[0])? {
        match equal(&item, &args[1]) {
            Ok(true) => return Ok(Kind::Bool(true)),
            Ok(false) => {}
            Err(kind) => unknown = Some(kind),
        }
    }
    unknown.map_or(Ok(Kind::Bool(false)), Err)
}

/// `coalesce`, lenient: the first argument that is neither null nor empty text.
pub(super) fn coalesce(args: Args<'_>) -> Out {
    for arg in args {
        match &arg.kind {
            Kind::Null => {}
            Kind::String(text) if text.is_empty() => {}
            other => return Ok(other.clone()),
        }
    }
    Err(Kind::invalid("nothing but null"))
}

pub(super) fn coalescelist(args: Args<'_>) -> Out {
    for arg in args {
        match &arg.kind {
            Kind::List(items) if items.is_empty() => {}
            Kind::Null => {}
            other => return Ok(other.clone()),
        }
    }
    Err(Kind::invalid("nothing but empty lists"))
}

pub(super) fn element(args: Args<'_>) -> Out {
    let items = elements(&args[0])?;
    let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
    if count == 0 {
        return Err(Kind::invalid("element of an empty list"));
    }
    let at = integer(&args[1])?.rem_euclid(count);
    Ok(items[usize::try_from(at).unwrap_or_default()].kind.clone())
}

pub(super) fn index(args: Args<'_>) -> Out {
    for (at, item) in elements(&args[0])?.iter().enumerate() {
        if equal(item, &args[1])? {
            return Ok(Kind::Number(at as f64));
        }
    }
    Err(Kind::invalid("not in the list"))
}

pub(super) fn slice(args: Args<'_>) -> Out {
    let items = elements(&args[0])?;
    let bound = |arg| integer(arg).map(|at| usize::try_from(at).unwrap_or(usize::MAX));
    match items.get(bound(&args[1])?..bound(&args[2])?) {
        Some(part) => Ok(Kind::list(part.to_vec())),
        None => Err(Kind::invalid("outside the list")),
    }
}

pub(super) fn chunklist(args: Args<'_>) -> Out {
    let items = elements(&args[0])?;
    let size = usize::try_from(integer(&args[1])?).map_err(|_| Kind::invalid("negative size"))?;
    let size = if size == 0 { items.len().max(1) } else { size };
    Ok(Kind::list(items.chunks(size).map(|chunk| args[0].with(Kind::list(chunk.to_vec()))).collect()))
}

pub(super) fn reverse(args: Args<'_>) -> Out {
    let mut items = elements(&args[0])?;
    items.reverse();
    Ok(Kind::list(items))
}

pub(super) fn sort(args: Args<'_>) -> Out {
    let mut items = elements(&args[0])?;
    for item in &mut items {
        if !item.kind.is_unknown() {
            item.kind = Kind::text(&text(item)?);
        }
    }
    items.sort_by(order);
    Ok(Kind::list(items))
}

pub(super) fn one(args: Args<'_>) -> Out {
    if let Kind::Ref(..) = args[0].kind {
        return Ok(args[0].kind.clone());
    }
    match elements(&args[0])?.as_slice() {
        [] => Ok(Kind::Null),
        [only] => Ok(only.kind.clone()),
        _ => Err(Kind::invalid("more than one")),
    }
}

pub(super) fn alltrue(args: Args<'_>) -> Out {
    quantified(args, false)
}

pub(super) fn anytrue(args: Args<'_>) -> Out {
    quantified(args, true)
}

/// The answer is `decisive` where one element is; unknown where one could be.
fn quantified(args: Args<'_>, decisive: bool) -> Out {
    let mut unknown = None;
    for item in elements(&args[0])? {
        match boolean(&item) {
            Ok(value) if value == decisive => return Ok(Kind::Bool(decisive)),
            Ok(_) => {}
            Err(kind) => unknown = Some(kind),
        }
    }
    unknown.map_or(Ok(Kind::Bool(!decisive)), Err)
}

pub(super) fn zipmap(args: Args<'_>) -> Out {
    let (names, items) = (elements(&args[0])?, elements(&args[1])?);
    if names.len() != items.len() {
        return Err(Kind::invalid("lists of different length"));
    }
    let mut entries = Vec::with_capacity(names.len());
    for (name, item) in names.iter().zip(items) {
        entries.push((Arc::from(&*text(name)?), item));
    }
    Ok(Kind::map(entries))
}

pub(super) fn matchkeys(args: Args<'_>) -> Out {
    let (items, names, wanted) = (elements(&args[0])?, elements(&args[1])?, elements(&args[2])?);
    if names.len().saturating_mul(wanted.len()) > 1_000_000 {
        return Err(Kind::unknown("lists too large to compare"));
    }
    let mut kept = Vec::new();
    for (item, name) in items.iter().zip(&names) {
        for other in &wanted {
            if equal(name, other)? {
                kept.push(item.clone());
                break;
            }
        }
    }
    Ok(Kind::list(kept))
}

pub(super) fn transpose(args: Args<'_>) -> Out {
    let mut turned: std::collections::BTreeMap<Arc<str>, Vec<Val>> = std::collections::BTreeMap::new();
    for (key, names) in members(&args[0])? {
        for name in elements(names)? {
            let name = Arc::from(&*text(&name)?);
            turned.entry(name).or_default().push(names.with(Kind::String(Arc::clone(key))));
        }
    }
    Ok(Kind::map(
        turned
            .into_iter()
            .map(|(key, mut names)| {
                names.sort_by(ops::order);
                (key, args[0].with(Kind::list(names)))
            })
            .collect(),
    ))
}

/// `list(a, b)` of Terraform before 0.15.
pub(super) fn list(args: Args<'_>) -> Out {
    Ok(Kind::list(args.to_vec()))
}

/// `map("a", 1, "b", 2)` of Terraform before 0.15.
pub(super) fn map(args: Args<'_>) -> Out {
    let (pairs, []) = args.as_chunks::<2>() else { return Err(Kind::invalid("a key without a value")) };
    let pairs = pairs.iter().map(|[key, value]| Ok((Arc::from(&*text(key)?), value.clone())));
    Ok(Kind::map(pairs.collect::<Result<_, Kind>>()?))
}
