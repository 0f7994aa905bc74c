//! The functions of the predicate language that look at other resources.

use std::borrow::Cow;

use super::Term;
use super::eval::{Answer, Context, Hit, any, equal, scalars};
use crate::scan::iac::resource::{Resource, Value, ValueKind as Kind};

fn kind_name(term: &Term) -> &str {
    match term {
        Term::Literal(Kind::String(kind)) => kind,
        _ => "",
    }
}

/// `linked("kind", attr[, predicate])`, seen from the resource that is named.
pub(super) fn linked(context: &Context<'_>, args: &[Term]) -> Answer {
    let mut unknown = false;
    for other in context.model.of_kind(kind_name(&args[0])) {
        let there = Context { model: context.model, resource: other, here: whole(other) };
        let names = any(there.hits(&args[1]).iter().flat_map(scalars).map(|hit| names(&hit.value, context.resource)));
        let holds = match (names, args.get(2)) {
            (Answer::Yes(_), Some(predicate)) => there.ask(predicate),
            (answer, _) => answer,
        };
        match holds {
            Answer::Yes(_) => return Answer::Yes(context.resource.header),
            Answer::Unknown => unknown = true,
            Answer::No => {}
        }
    }
    if unknown { Answer::Unknown } else { Answer::No }
}

/// `exists("kind"[, predicate])`.
pub(super) fn exists(context: &Context<'_>, args: &[Term]) -> Answer {
    any(context.model.of_kind(kind_name(&args[0])).map(|other| {
        let there = Context { model: context.model, resource: other, here: whole(other) };
        let holds = args.get(1).map_or(Answer::Yes(other.header), |predicate| there.ask(predicate));
        if matches!(holds, Answer::Yes(_)) { Answer::Yes(context.resource.header) } else { holds }
    }))
}

fn whole(resource: &Resource) -> Hit<'_> {
    Hit { value: Cow::Borrowed(&resource.attributes), span: resource.header }
}

/// True where a value is a reference to the resource, or the name that it gives itself.
fn names(value: &Value, resource: &Resource) -> Answer {
    match &value.kind {
        Kind::Ref(address, _) => Answer::new(resource.is_at(address), resource.header),
        Kind::Unknown(_) | Kind::Invalid(_) => Answer::Unknown,
        Kind::String(_) => any(["bucket", "name", "id", "identifier", "cluster_identifier", "function_name"]
            .iter()
            .map(|own| match resource.attributes.get(own).map(|own| equal(own, value)) {
                Some(Some(true)) => Answer::Yes(resource.header),
                _ => Answer::No,
            })),
        _ => Answer::No,
    }
}

/// `refers("kind", path[, predicate])`, seen from the resource that names.
pub(super) fn refers(context: &Context<'_>, args: &[Term]) -> Answer {
    let kind = kind_name(&args[0]);
    any(context.hits(&args[1]).iter().flat_map(scalars).map(|hit| {
        let target = match &hit.value.kind {
            Kind::Ref(address, _) => match context.model.at(address) {
                // One of that kind that was not scanned may hold anything.
                None if address.rsplit('.').nth(1) == Some(kind) => return Answer::Unknown,
                target => target.filter(|target| target.kind == kind),
            },
            Kind::String(_) => {
                context.model.of_kind(kind).find(|other| matches!(names(&hit.value, other), Answer::Yes(_)))
            }
            Kind::Unknown(_) | Kind::Invalid(_) => return Answer::Unknown,
            _ => None,
        };
        match (target, args.get(2)) {
            (None, _) => Answer::No,
            (Some(_), None) => Answer::Yes(hit.span),
            (Some(target), Some(predicate)) => {
                let there = Context { model: context.model, resource: target, here: whole(target) };
                match there.ask(predicate) {
                    Answer::Yes(_) => Answer::Yes(hit.span),
                    other => other,
                }
            }
        }
    }))
}
