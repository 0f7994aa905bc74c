//! The functions of the predicate language.

use std::borrow::Cow;
use std::sync::Arc;

use super::eval::{Answer, Context, Hit, any, scalars, text};
use super::{Term, aws_actions, links};
use crate::scan::iac::resource::{Value, ValueKind as Kind, from_json};

/// A function by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    /// `missing(path)`: absent, null, or empty.
    Missing,
    /// `present(path)`: none is missing.
    Present,
    /// `any(path, predicate)`: holds for an element.
    Any,
    /// `all(path, predicate)`: holds for every element.
    All,
    /// `none(path, predicate)`: holds for no element.
    None,
    /// `open_cidr(path)`: holds a block with every address.
    OpenCidr,
    /// `linked("kind", attr, predicate)`: a resource of that kind names this one in `attr`.
    Linked,
    /// `refers("kind", path, predicate)`: `path` names a resource of that kind.
    Refers,
    /// `exists("kind", predicate)`: there is a resource of that kind, whomever it names.
    Exists,
    /// `public(principal)`: a policy's principal is everyone.
    Public,
    /// `grants(actions, ["a:b"])`, `grants(actions, "write")`: a policy's action patterns allow one of these.
    Grants,
    /// `json(path)`: what JSON text holds.
    Json,
    /// `statements(path)`: the statements of a policy, always a list.
    Statements,
    /// `len(path)`: number of elements, members or characters.
    Len,
    /// `values(path)`: the values of a map, whatever their names.
    Values,
    /// `entries(path)`: the members of a map, each with `key` and `value`.
    Entries,
    /// `port(path, 22)`: a port, a range `20-25`, a list of those, or `*`, holds the port.
    Port,
}

const NAMES: [(&str, Function, usize, usize); 17] = [
    ("missing", Function::Missing, 1, 1),
    ("present", Function::Present, 1, 1),
    ("any", Function::Any, 2, 2),
    ("all", Function::All, 2, 2),
    ("none", Function::None, 2, 2),
    ("open_cidr", Function::OpenCidr, 1, 1),
    ("linked", Function::Linked, 2, 3),
    ("refers", Function::Refers, 2, 3),
    ("exists", Function::Exists, 1, 2),
    ("public", Function::Public, 1, 1),
    ("grants", Function::Grants, 2, 2),
    ("json", Function::Json, 1, 1),
    ("statements", Function::Statements, 1, 1),
    ("len", Function::Len, 1, 1),
    ("values", Function::Values, 1, 1),
    ("entries", Function::Entries, 1, 1),
    ("port", Function::Port, 2, 2),
];

impl Function {
    pub fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, ..)| *known == name).map(|(_, function, ..)| *function)
    }

    pub fn takes(self, count: usize) -> bool {
        NAMES.iter().any(|(_, function, min, max)| *function == self && (*min..=*max).contains(&count))
    }

    /// True for a function that answers yes, no or unknown; the others give values.
    pub fn is_predicate(self) -> bool {
        !matches!(self, Self::Json | Self::Statements | Self::Len | Self::Values | Self::Entries)
    }
}

pub(super) fn ask(context: &Context<'_>, function: Function, args: &[Term]) -> Answer {
    match function {
        Function::Missing => any(context.hits(&args[0]).iter().map(missing)),
        Function::Present => match any(context.hits(&args[0]).iter().map(missing)) {
            Answer::Yes(_) => Answer::No,
            Answer::No => Answer::Yes(context.hits(&args[0]).first().map_or(context.here.span, |hit| hit.span)),
            Answer::Unknown => Answer::Unknown,
        },
        Function::Any => over(context, args),
        Function::None => match over(context, args) {
            Answer::Yes(_) => Answer::No,
            Answer::No => Answer::Yes(context.here.span),
            Answer::Unknown => Answer::Unknown,
        },
        Function::All => all(context, args),
        Function::OpenCidr => any(context.hits(&args[0]).iter().flat_map(scalars).map(|hit| match text(&hit.value) {
            Some(Ok(block)) => Answer::new(is_open(&block), hit.span),
            Some(Err(())) => Answer::Unknown,
            None => Answer::No,
        })),
        Function::Linked => links::linked(context, args),
        Function::Refers => links::refers(context, args),
        Function::Exists => links::exists(context, args),
        Function::Public => any(context.hits(&args[0]).iter().map(public)),
        Function::Grants => grants(context, args),
        Function::Port => port(context, args),
        Function::Json | Function::Statements | Function::Len | Function::Values | Function::Entries => Answer::No,
    }
}

pub(super) fn values<'m>(context: &Context<'m>, function: Function, args: &[Term]) -> Vec<Hit<'m>> {
    let hits = context.hits(&args[0]).into_iter();
    match function {
        Function::Json => hits.map(|hit| decoded(context, &hit)).collect(),
        Function::Values => hits
            .flat_map(|hit| match &hit.value.kind {
                Kind::Map(entries) => entries.iter().map(|(_, value)| context.inside(&hit, value)).collect(),
                Kind::Null => Vec::new(),
                _ => vec![hit],
            })
            .collect(),
        Function::Entries => hits
            .flat_map(|hit| match &hit.value.kind {
                Kind::Map(entries) => entries.iter().map(|entry| member(context, &hit, entry)).collect(),
                Kind::Null => Vec::new(),
                _ => vec![hit],
            })
            .collect(),
        Function::Statements => hits.flat_map(|hit| statements(context, &decoded(context, &hit))).collect(),
        _ => hits
            .map(|hit| {
                let count = match &hit.value.kind {
                    Kind::List(items) => Kind::Number(items.len() as f64),
                    Kind::Map(entries) => Kind::Number(entries.len() as f64),
                    Kind::String(text) => Kind::Number(text.chars().count() as f64),
                    Kind::Null => Kind::Number(0.0),
                    Kind::Unknown(_) | Kind::Invalid(_) | Kind::Ref(..) => Kind::unknown("a length"),
                    _ => Kind::Number(1.0),
                };
                Hit { value: Cow::Owned(hit.value.with(count)), span: hit.span }
            })
            .collect(),
    }
}

/// A member of a map as a map of its own, in the value's place.
fn member<'m>(context: &Context<'m>, map: &Hit<'m>, (key, value): &(Arc<str>, Value)) -> Hit<'m> {
    let entry =
        vec![(Arc::from("key"), value.with(Kind::String(Arc::clone(key)))), (Arc::from("value"), value.clone())];
    context.inside(map, &value.with(Kind::map(entry)))
}

fn missing(hit: &Hit<'_>) -> Answer {
    match &hit.value.kind {
        Kind::Null => Answer::Yes(hit.span),
        Kind::String(text) => Answer::new(text.is_empty(), hit.span),
        Kind::List(items) => Answer::new(items.is_empty(), hit.span),
        Kind::Map(entries) => Answer::new(entries.is_empty() && hit.span.is_empty(), hit.span),
        Kind::Unknown(_) | Kind::Invalid(_) => Answer::Unknown,
        _ => Answer::No,
    }
}

/// The elements that `any` and `all` walk: of lists, and the value itself where it is a map.
fn elements<'m>(context: &Context<'m>, term: &Term) -> Vec<Hit<'m>> {
    let mut all = Vec::new();
    for hit in context.hits(term) {
        match &hit.value.kind {
            Kind::List(items) => all.extend(items.iter().map(|item| context.inside(&hit, item))),
            Kind::Null => {}
            _ => all.push(hit),
        }
    }
    all
}

fn over(context: &Context<'_>, args: &[Term]) -> Answer {
    any(elements(context, &args[0]).into_iter().map(|hit| match hit.value.kind {
        Kind::Unknown(_) | Kind::Invalid(_) | Kind::Ref(..) => Answer::Unknown,
        _ => context.about(hit).ask(&args[1]),
    }))
}

fn all(context: &Context<'_>, args: &[Term]) -> Answer {
    let mut unknown = false;
    for hit in elements(context, &args[0]) {
        match context.about(hit).ask(&args[1]) {
            Answer::Yes(_) => {}
            Answer::No => return Answer::No,
            Answer::Unknown => unknown = true,
        }
    }
    if unknown { Answer::Unknown } else { Answer::Yes(context.here.span) }
}

/// `port(path, number)`.
fn port(context: &Context<'_>, args: &[Term]) -> Answer {
    let Term::Literal(Kind::Number(wanted)) = args[1] else { return Answer::No };
    any(context.hits(&args[0]).iter().flat_map(scalars).map(|hit| match text(&hit.value) {
        Some(Ok(range)) => Answer::new(range.split(',').any(|range| holds_port(range.trim(), wanted)), hit.span),
        Some(Err(())) => Answer::Unknown,
        None => Answer::No,
    }))
}

fn holds_port(range: &str, wanted: f64) -> bool {
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    match (first.trim().parse::<f64>(), last.trim().parse::<f64>()) {
        (Ok(first), Ok(last)) => first <= wanted && wanted <= last,
        _ => range == "*",
    }
}

fn is_open(block: &str) -> bool {
    let Some((address, prefix)) = block.trim().split_once('/') else { return false };
    prefix == "0" && address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_unspecified())
}

/// What JSON text holds, every part of it in the text's place.
fn decoded<'m>(context: &Context<'m>, hit: &Hit<'m>) -> Hit<'m> {
    match &hit.value.kind {
        Kind::Json(inner) => context.inside(hit, inner),
        Kind::String(text) => match serde_json::from_str::<serde_json::Value>(text) {
            Ok(json) => Hit { value: Cow::Owned(from_json(&json, &hit.value)), span: hit.span },
            Err(_) => Hit { value: Cow::Owned(hit.value.with(Kind::unknown("text that is not JSON"))), span: hit.span },
        },
        _ => hit.clone(),
    }
}

fn statements<'m>(context: &Context<'m>, policy: &Hit<'m>) -> Vec<Hit<'m>> {
    match &policy.value.kind {
        Kind::Map(_) => match policy.value.get("Statement") {
            Some(all) => {
                let all = context.inside(policy, all);
                match &all.value.kind {
                    Kind::List(items) => items.iter().map(|item| context.inside(&all, item)).collect(),
                    _ => vec![all],
                }
            }
            None => Vec::new(),
        },
        Kind::Null => Vec::new(),
        _ => vec![policy.clone()],
    }
}

/// A policy's principal: `"*"`, or a map with `AWS` (or the like) that holds `"*"`.
fn public(hit: &Hit<'_>) -> Answer {
    match &hit.value.kind {
        Kind::Map(entries) => any(entries
            .iter()
            .filter(|(key, _)| matches!(&**key, "AWS" | "*" | "CanonicalUser"))
            .map(|(_, value)| public(&Hit { value: Cow::Owned(value.clone()), span: hit.span }))),
        Kind::List(_) => any(scalars(hit).iter().map(public)),
        Kind::String(text) => Answer::new(matches!(&**text, "*" | "arn:aws:iam::*:root"), hit.span),
        Kind::Unknown(_) | Kind::Invalid(_) | Kind::Ref(..) => Answer::Unknown,
        _ => Answer::No,
    }
}

fn grants(context: &Context<'_>, args: &[Term]) -> Answer {
    let holds: Box<dyn Fn(&str) -> bool> = match &args[1] {
        Term::Literals(wanted) => {
            let wanted: Vec<String> = wanted
                .iter()
                .filter_map(|kind| match kind {
                    Kind::String(text) => Some(text.to_ascii_lowercase()),
                    _ => None,
                })
                .collect();
            Box::new(move |pattern| {
                wanted.iter().any(|action| aws_actions::wildcard(pattern.as_bytes(), action.as_bytes()))
            })
        }
        Term::Literal(Kind::String(set)) => match aws_actions::Set::named(set) {
            Some(set) => Box::new(move |pattern| aws_actions::allows(pattern, set)),
            None => return Answer::No,
        },
        _ => return Answer::No,
    };
    any(context.hits(&args[0]).iter().flat_map(scalars).map(|hit| match text(&hit.value) {
        Some(Ok(pattern)) => Answer::new(holds(&pattern.to_ascii_lowercase()), hit.span),
        Some(Err(())) => Answer::Unknown,
        None => Answer::No,
    }))
}
