//! Where a policy's `attribute` leads: `a.b`, `ingress.*.cidr_blocks`, and JSONPath.

use std::borrow::Cow;

use super::jsonpath::{self, Query};
use super::parse::PolicyError;
use crate::scan::iac::resource::{Value, ValueKind as Kind, from_json};

/// A parsed `attribute`.
#[derive(Debug)]
pub(super) enum Path {
    Plain(Vec<Step>),
    Query(Query),
}

#[derive(Debug)]
pub(super) enum Step {
    Name(Box<str>),
    Index(usize),
    /// `*`: every element, or the one block that there is.
    Each,
}

/// What a path led to.
#[derive(Clone, Debug)]
pub(super) enum Found<'v> {
    Value(Cow<'v, Value>),
    Absent,
    /// Something on the way can't be known.
    Unknown,
}

impl Path {
    pub fn parse(text: &str, query: bool) -> Result<Self, PolicyError> {
        if query {
            let query = jsonpath::parse(text);
            return query.map(Self::Query).map_err(|why| PolicyError::Unsupported(format!("in `{text}`: {why}")));
        }
        let step = |part: &str| match (part, part.parse()) {
            ("*", _) => Step::Each,
            (_, Ok(at)) => Step::Index(at),
            _ => Step::Name(part.into()),
        };
        Ok(Self::Plain(text.split('.').filter(|part| !part.is_empty()).map(step).collect()))
    }

    /// True where it may lead to several values.
    pub fn is_wide(&self) -> bool {
        match self {
            Self::Plain(steps) => steps.iter().any(|step| matches!(step, Step::Each)),
            Self::Query(_) => true,
        }
    }

    pub fn is_query(&self) -> bool {
        matches!(self, Self::Query(_))
    }

    /// The values it leads to. Empty only where it is wide and nothing is there.
    pub fn find<'v>(&self, root: &'v Value) -> Vec<Found<'v>> {
        match self {
            Self::Query(query) => query.find(root),
            Self::Plain(steps) => {
                let mut found = vec![Found::Value(Cow::Borrowed(root))];
                for step in steps {
                    found = found.into_iter().flat_map(|at| walk(at, step)).collect();
                }
                if self.is_wide() {
                    found.retain(|found| !matches!(found, Found::Absent));
                }
                found
            }
        }
    }
}

fn walk<'v>(at: Found<'v>, step: &Step) -> Vec<Found<'v>> {
    let Found::Value(value) = at else { return vec![at] };
    let value = open(value);
    match (&value.kind, step) {
        (Kind::Unknown(_) | Kind::Invalid(_) | Kind::Ref(..), _) => vec![Found::Unknown],
        (Kind::List(_), Step::Each) => items(&value),
        (Kind::Map(_), Step::Each) => vec![Found::Value(value)],
        (Kind::List(_), Step::Index(at)) => {
            items(&value).into_iter().nth(*at).map_or(vec![Found::Absent], |one| vec![one])
        }
        // A block that stands once is a map for Checkov.
        (Kind::List(list), Step::Name(_)) if list.len() == 1 => {
            items(&value).into_iter().flat_map(|one| walk(one, step)).collect()
        }
        (Kind::Map(_), Step::Name(name)) => vec![member(&value, name)],
        (Kind::Map(_), Step::Index(0)) => vec![Found::Value(value)],
        (Kind::Map(_), Step::Index(at)) => vec![member(&value, &at.to_string())],
        _ => vec![Found::Absent],
    }
}

/// The elements of a list, each borrowed where the list is.
pub(super) fn items<'v>(value: &Cow<'v, Value>) -> Vec<Found<'v>> {
    match value {
        Cow::Borrowed(value) => value.items().iter().map(|item| Found::Value(Cow::Borrowed(item))).collect(),
        Cow::Owned(value) => value.items().iter().map(|item| Found::Value(Cow::Owned(item.clone()))).collect(),
    }
}

pub(super) fn member<'v>(value: &Cow<'v, Value>, name: &str) -> Found<'v> {
    let found = match value {
        Cow::Borrowed(value) => value.get(name).map(Cow::Borrowed),
        Cow::Owned(value) => value.get(name).cloned().map(Cow::Owned),
    };
    match found {
        Some(value) if matches!(value.kind, Kind::Null) => Found::Absent,
        Some(value) => Found::Value(value),
        None => Found::Absent,
    }
}

/// JSON in a text counts as what it holds.
pub(super) fn open(value: Cow<'_, Value>) -> Cow<'_, Value> {
    match &value.kind {
        Kind::Json(inner) => Cow::Owned((**inner).clone()),
        Kind::String(text) if text.trim_start().starts_with(['{', '[']) => {
            match serde_json::from_str::<serde_json::Value>(text) {
                Ok(json) => Cow::Owned(from_json(&json, &value)),
                Err(_) => value,
            }
        }
        _ => value,
    }
}
