//! Predicates on resources.

use std::borrow::Cow;

use super::functions;
use super::{Base, Check, Op, Term};
use crate::model::Span;
use crate::scan::iac::resource::{Model, Resource, Value, ValueKind as Kind};

/// What a predicate comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It holds; here is the place that says so.
    Yes(Span),
    /// It does not.
    No,
    /// Something it needs can't be known.
    Unknown,
}

impl Answer {
    pub(super) fn new(holds: bool, span: Span) -> Self {
        if holds { Self::Yes(span) } else { Self::No }
    }
}

/// A resource that a rule denies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The attribute that is wrong, or the header of the block where it is missing.
    pub span: Span,
}

/// Asks a predicate about a resource: `Yes` means the rule denies it.
#[must_use]
pub fn deny(check: &Check, resource: &Resource, model: &Model) -> Answer {
    let here = Hit { value: Cow::Borrowed(&resource.attributes), span: resource.header };
    match (Context { model, resource, here }.ask(&check.0), resource.alternatives.first()) {
        (Answer::Unknown, Some(_)) => however(check, resource, model),
        (answer, _) => answer,
    }
}

/// What all alternatives of a resource agree on.
fn however(check: &Check, resource: &Resource, model: &Model) -> Answer {
    let mut agreed = None;
    for one in &resource.alternatives {
        match (deny(check, one, model), agreed) {
            (Answer::Yes(span), None) => agreed = Some(Answer::Yes(span)),
            (Answer::No, None) => agreed = Some(Answer::No),
            (Answer::Yes(_), Some(Answer::Yes(_))) | (Answer::No, Some(Answer::No)) => {}
            _ => return Answer::Unknown,
        }
    }
    agreed.unwrap_or(Answer::Unknown)
}

/// A value that a path led to, and the place it is reported at. What is absent is null in its parent's place.
#[derive(Clone)]
pub(super) struct Hit<'m> {
    pub value: Cow<'m, Value>,
    pub span: Span,
}

/// What a predicate is asked about.
pub(super) struct Context<'m> {
    pub model: &'m Model,
    pub resource: &'m Resource,
    pub here: Hit<'m>,
}

impl<'m> Context<'m> {
    /// The same about another value.
    pub fn about(&self, here: Hit<'m>) -> Context<'m> {
        Context { model: self.model, resource: self.resource, here }
    }

    pub fn ask(&self, term: &Term) -> Answer {
        match term {
            Term::Not(inner) => match self.ask(inner) {
                Answer::Yes(_) => Answer::No,
                Answer::No => Answer::Yes(self.here.span),
                Answer::Unknown => Answer::Unknown,
            },
            Term::And(terms) => self.and(terms),
            Term::Or(terms) => {
                let mut unknown = false;
                for term in terms {
                    match self.ask(term) {
                        Answer::No => {}
                        Answer::Unknown => unknown = true,
                        yes => return yes,
                    }
                }
                if unknown { Answer::Unknown } else { Answer::No }
            }
            Term::Compare(op, left, right) => self.compare(*op, left, right),
            Term::Call(function, args) if function.is_predicate() => functions::ask(self, *function, args),
            _ => any(self.hits(term).into_iter().map(|hit| truth(&hit))),
        }
    }

    /// All hold; the place is that of the first that points at more than the whole.
    fn and(&self, terms: &[Term]) -> Answer {
        let mut place = None;
        let mut unknown = false;
        for term in terms {
            match self.ask(term) {
                Answer::No => return Answer::No,
                Answer::Unknown => unknown = true,
                Answer::Yes(span) => {
                    if place.is_none_or(|place| place == self.here.span) {
                        place = Some(span);
                    }
                }
            }
        }
        if unknown { Answer::Unknown } else { Answer::Yes(place.unwrap_or(self.here.span)) }
    }

    /// The values of an operand.
    pub fn hits(&self, term: &Term) -> Vec<Hit<'m>> {
        match term {
            Term::Path(base, steps) => {
                let start = match base {
                    Base::Here => vec![self.here.clone()],
                    Base::Root => {
                        vec![Hit { value: Cow::Borrowed(&self.resource.attributes), span: self.resource.header }]
                    }
                    Base::Of(call) => self.hits(call),
                };
                steps.iter().fold(start, |hits, step| hits.iter().flat_map(|hit| self.step(hit, step)).collect())
            }
            Term::Call(function, args) if !function.is_predicate() => functions::values(self, *function, args),
            Term::Literal(kind) => vec![self.made(kind.clone())],
            Term::Literals(kinds) => {
                let items = kinds.iter().map(|kind| self.here.value.with(kind.clone())).collect();
                vec![self.made(Kind::list(items))]
            }
            other => {
                let kind = match self.ask(other) {
                    Answer::Yes(_) => Kind::Bool(true),
                    Answer::No => Kind::Bool(false),
                    Answer::Unknown => Kind::unknown("a condition"),
                };
                vec![self.made(kind)]
            }
        }
    }

    fn made(&self, kind: Kind) -> Hit<'m> {
        Hit { value: Cow::Owned(self.here.value.with(kind)), span: self.here.span }
    }

    /// One member of a value; of each element where it is a list.
    fn step(&self, from: &Hit<'m>, name: &str) -> Vec<Hit<'m>> {
        match &from.value.kind {
            Kind::List(items) if items.is_empty() => vec![absent(from)],
            Kind::List(items) => items.iter().flat_map(|item| self.step(&self.inside(from, item), name)).collect(),
            Kind::Map(entries) => match entries.iter().rev().find(|(key, _)| &**key == name) {
                Some((_, value)) => vec![self.inside(from, value)],
                None => vec![absent(from)],
            },
            Kind::Unknown(_) | Kind::Invalid(_) | Kind::Ref(..) => vec![from.clone()],
            _ => vec![absent(from)],
        }
    }

    /// A value found in another: in its own place where that lies inside the resource's text.
    pub fn inside(&self, from: &Hit<'m>, value: &Value) -> Hit<'m> {
        let own =
            value.file == self.resource.file && self.resource.extent.contains(value.span) && !value.span.is_empty();
        Hit { value: Cow::Owned(value.clone()), span: if own { value.span } else { from.span } }
    }

    fn compare(&self, op: Op, left: &Term, right: &Term) -> Answer {
        let lefts = self.hits(left);
        if let Term::Regex(pattern) = right {
            return any(lefts.iter().flat_map(scalars).map(|hit| match text(&hit.value) {
                Some(Ok(text)) => Answer::new(pattern.is_match(&text), hit.span),
                Some(Err(())) => Answer::Unknown,
                None => Answer::No,
            }));
        }
        let rights = self.hits(right);
        let Some(other) = rights.first() else { return Answer::No };
        any(lefts.iter().map(|hit| compare_one(op, hit, &other.value)))
    }
}

fn absent<'m>(from: &Hit<'m>) -> Hit<'m> {
    Hit { value: Cow::Owned(from.value.with(Kind::Null)), span: from.span }
}

/// Yes where one is, else unknown where one is.
pub(super) fn any(answers: impl Iterator<Item = Answer>) -> Answer {
    let mut found = Answer::No;
    for answer in answers {
        match answer {
            Answer::Yes(span) => return Answer::Yes(span),
            Answer::Unknown => found = Answer::Unknown,
            Answer::No => {}
        }
    }
    found
}

fn truth(hit: &Hit<'_>) -> Answer {
    match equal(&hit.value, &hit.value.with(Kind::Bool(true))) {
        Some(holds) => Answer::new(holds, hit.span),
        None => Answer::Unknown,
    }
}

/// A list as its elements, anything else as itself; an empty list as nothing at all.
pub(super) fn scalars<'m>(hit: &Hit<'m>) -> Vec<Hit<'m>> {
    match &hit.value.kind {
        Kind::List(items) => items.iter().map(|item| Hit { value: Cow::Owned(item.clone()), span: hit.span }).collect(),
        _ => vec![hit.clone()],
    }
}

/// The text of a scalar; `Err` where it is unknown, `None` where there is none.
pub(super) fn text(value: &Value) -> Option<Result<Cow<'_, str>, ()>> {
    match &value.kind {
        Kind::String(text) => Some(Ok(Cow::Borrowed(text))),
        Kind::Number(number) => Some(Ok(number.to_string().into())),
        Kind::Bool(value) => Some(Ok(value.to_string().into())),
        Kind::Unknown(_) | Kind::Invalid(_) | Kind::Ref(..) => Some(Err(())),
        _ => None,
    }
}

fn number(value: &Value) -> Option<Result<f64, ()>> {
    match text(value)? {
        Ok(text) => text.parse().ok().map(Ok),
        Err(()) => Some(Err(())),
    }
}

/// Equality with Terraform's conversions (`"true"` is `true`); `None` where it can't be known.
pub(super) fn equal(a: &Value, b: &Value) -> Option<bool> {
    match (&a.kind, &b.kind) {
        // What another resource computes is some value.
        (Kind::Ref(..), Kind::Null) | (Kind::Null, Kind::Ref(..)) => Some(false),
        (Kind::Ref(x, p), Kind::Ref(y, q)) if x == y && p == q => Some(true),
        (Kind::Unknown(_) | Kind::Invalid(_) | Kind::Ref(..), _)
        | (_, Kind::Unknown(_) | Kind::Invalid(_) | Kind::Ref(..)) => None,
        (Kind::Null, Kind::Null) => Some(true),
        (Kind::List(a), Kind::List(b)) => {
            if a.len() != b.len() {
                return Some(false);
            }
            a.iter().zip(b.iter()).try_fold(true, |same, (a, b)| equal(a, b).map(|next| same && next))
        }
        (Kind::List(items), _) if items.is_empty() => Some(matches!(b.kind, Kind::Null)),
        _ => match (text(a), text(b)) {
            (Some(Ok(a)), Some(Ok(b))) => Some(a == b),
            _ => Some(false),
        },
    }
}

fn compare_one(op: Op, hit: &Hit<'_>, other: &Value) -> Answer {
    let decided = |holds: Option<bool>| holds.map_or(Answer::Unknown, |holds| Answer::new(holds, hit.span));
    match op {
        Op::Eq | Op::Ne => {
            let wanted = op == Op::Eq;
            match (&hit.value.kind, &other.kind) {
                // A list against a scalar: each element.
                (Kind::List(items), Kind::String(_) | Kind::Number(_) | Kind::Bool(_)) if !items.is_empty() => {
                    any(items.iter().map(|item| decided(equal(item, other).map(|same| same == wanted))))
                }
                _ => decided(equal(&hit.value, other).map(|same| same == wanted)),
            }
        }
        Op::In | Op::NotIn => {
            let wanted = op == Op::In;
            any(one_or_null(hit).iter().map(|hit| decided(contains(other, &hit.value).map(|found| found == wanted))))
        }
        Op::Contains => decided(contains(&hit.value, other)),
        Op::Lt | Op::Le | Op::Gt | Op::Ge => {
            let (Some(a), Some(b)) = (number(&hit.value), number(other)) else { return Answer::No };
            let (Ok(a), Ok(b)) = (a, b) else { return Answer::Unknown };
            Answer::new(
                match op {
                    Op::Lt => a < b,
                    Op::Le => a <= b,
                    Op::Gt => a > b,
                    _ => a >= b,
                },
                hit.span,
            )
        }
        Op::Matches => Answer::No,
    }
}

fn one_or_null<'m>(hit: &Hit<'m>) -> Vec<Hit<'m>> {
    let all = scalars(hit);
    if all.is_empty() { vec![absent(hit)] } else { all }
}

/// True where `list` holds `item`; a scalar holds itself.
fn contains(list: &Value, item: &Value) -> Option<bool> {
    let Kind::List(items) = &list.kind else { return equal(list, item) };
    let mut unknown = false;
    for one in items.iter() {
        match equal(one, item) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => unknown = true,
        }
    }
    if unknown { None } else { Some(false) }
}
