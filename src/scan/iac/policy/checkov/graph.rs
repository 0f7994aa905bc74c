//! Policies on a model: sets of resources that pass, fail, or are unknown.

use std::collections::{BTreeSet, HashMap};

use super::operators::Operator;
use super::paths::{Found, Path};
use super::{Condition, Types, Wanted};
use crate::model::Span;
use crate::scan::iac::resource::{Model, Resource, Value, ValueKind as Kind, without_keys};

/// Who refers to whom, as positions in the model.
#[derive(Debug, Default)]
pub struct Edges(Vec<(usize, usize)>);

impl Edges {
    /// Every reference of every resource.
    #[must_use]
    pub fn new(model: &Model) -> Self {
        let mut places: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, resource) in model.resources().iter().enumerate() {
            places.entry(without_keys(&resource.address)).or_default().push(at);
        }
        let mut edges = BTreeSet::new();
        for (from, resource) in model.resources().iter().enumerate() {
            let mut found = Vec::new();
            references(&resource.attributes, &mut found);
            let targets = found.iter().filter_map(|address| places.get(*address)).flatten();
            edges.extend(targets.filter(|to| **to != from).map(|to| (from, *to)));
        }
        // A policy whose document was rendered belongs to the document.
        for (from, resource) in model.resources().iter().enumerate() {
            edges.extend(model.documents_of(resource).map(|to| (from, to)));
        }
        Self(edges.into_iter().collect())
    }
}

fn references<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match &value.kind {
        Kind::Ref(address, _) => found.push(address),
        Kind::List(items) => items.iter().for_each(|item| references(item, found)),
        Kind::Map(entries) => entries.iter().for_each(|(_, item)| references(item, found)),
        Kind::Json(inner) => references(inner, found),
        _ => {}
    }
}

#[derive(Default)]
struct Outcome {
    passed: BTreeSet<usize>,
    failed: BTreeSet<usize>,
    unknown: BTreeSet<usize>,
}

impl Outcome {
    fn put(&mut self, at: usize, result: Option<bool>) {
        match result {
            Some(true) => self.passed.insert(at),
            Some(false) => self.failed.insert(at),
            None => self.unknown.insert(at),
        };
    }

    fn add(&mut self, other: Self) {
        self.passed.extend(other.passed);
        self.failed.extend(other.failed);
        self.unknown.extend(other.unknown);
    }
}

struct Graph<'m> {
    resources: &'m [Resource],
    edges: &'m Edges,
}

pub(super) fn failures(definition: &Condition, model: &Model, edges: &Edges) -> Vec<(usize, Span)> {
    let graph = Graph { resources: model.resources(), edges };
    let failed = graph.run(definition, &BTreeSet::new(), &BTreeSet::new()).failed;
    failed.into_iter().map(|at| (at, place(definition, &graph.resources[at]))).collect()
}

impl Graph<'_> {
    fn of_types(&self, types: &Types) -> BTreeSet<usize> {
        let all = self.resources.iter().enumerate();
        all.filter(|(_, resource)| types.has(&resource.kind)).map(|(at, _)| at).collect()
    }

    /// `failed` and `unknown` are what earlier parts of an `and` said: a connection to those is none.
    fn run(&self, condition: &Condition, failed: &BTreeSet<usize>, unknown: &BTreeSet<usize>) -> Outcome {
        match condition {
            Condition::And(parts) if condition.is_connected() => self.both(parts),
            Condition::Or(parts) if condition.is_connected() => self.either(parts),
            Condition::Connection { types, connected, wanted } => {
                self.connection(types, connected, *wanted, failed, unknown)
            }
            Condition::Resource { types, wanted } => {
                let mut outcome = Outcome::default();
                for (at, resource) in self.resources.iter().enumerate() {
                    match (types.has(&resource.kind), wanted) {
                        (false, Wanted::NotExists) => {}
                        (known, Wanted::NotExists) => outcome.put(at, Some(!known)),
                        (known, _) => outcome.put(at, Some(known)),
                    }
                }
                outcome
            }
            _ => {
                let mut outcome = Outcome::default();
                for at in self.of_types(&condition.types()) {
                    if concerns(condition, &self.resources[at]) {
                        outcome.put(at, holds(condition, &self.resources[at]));
                    }
                }
                outcome
            }
        }
    }

    fn both(&self, parts: &[Condition]) -> Outcome {
        let mut all = Outcome::default();
        for part in parts.iter().filter(|part| !part.is_connected() && !is_filter(part)) {
            all.add(self.run(part, &BTreeSet::new(), &BTreeSet::new()));
        }
        for part in sorted(parts) {
            let outcome = self.run(part, &all.failed, &all.unknown);
            all.add(outcome);
        }
        all.passed = &(&all.passed - &all.failed) - &all.unknown;
        all.unknown = &all.unknown - &all.failed;
        self.filtered(all, parts)
    }

    fn either(&self, parts: &[Condition]) -> Outcome {
        let mut all = Outcome::default();
        for part in parts.iter().filter(|part| !is_filter(part)) {
            all.add(self.run(part, &BTreeSet::new(), &BTreeSet::new()));
        }
        all.unknown = &all.unknown - &all.passed;
        all.failed = &(&all.failed - &all.passed) - &all.unknown;
        self.filtered(all, parts)
    }

    fn filtered(&self, mut outcome: Outcome, parts: &[Condition]) -> Outcome {
        for filter in parts.iter().filter(|part| is_filter(part)) {
            let fits = |at: &usize| holds(filter, &self.resources[*at]) == Some(true);
            outcome.passed.retain(fits);
            outcome.failed.retain(fits);
            outcome.unknown.retain(fits);
        }
        outcome
    }

    fn connection(
        &self,
        types: &Types,
        connected: &Types,
        wanted: Wanted,
        failed: &BTreeSet<usize>,
        unknown: &BTreeSet<usize>,
    ) -> Outcome {
        let (own, others) = (self.of_types(types), self.of_types(connected));
        let mut outcome = Outcome::default();
        if !own.is_empty() && !others.is_empty() {
            let between = |a: &usize, b: &usize| own.contains(a) && others.contains(b);
            for (from, to) in self.edges.0.iter().filter(|(a, b)| between(a, b) || between(b, a)) {
                let into = match () {
                    () if failed.contains(from) || failed.contains(to) => &mut outcome.failed,
                    () if unknown.contains(from) || unknown.contains(to) => &mut outcome.unknown,
                    () => &mut outcome.passed,
                };
                into.extend([*from, *to]);
            }
        }
        for at in own.union(&others) {
            if !outcome.passed.contains(at) && !outcome.unknown.contains(at) {
                outcome.failed.insert(*at);
            }
        }
        match wanted {
            Wanted::Exists => {}
            Wanted::NotExists => std::mem::swap(&mut outcome.passed, &mut outcome.failed),
            Wanted::OneExists => {
                outcome.failed = &outcome.failed - &outcome.passed;
                outcome.unknown = &outcome.unknown - &outcome.passed;
            }
        }
        outcome
    }
}

fn is_filter(condition: &Condition) -> bool {
    matches!(condition, Condition::Filter { .. })
}

/// Connections, those about filtered types last.
fn sorted(parts: &[Condition]) -> Vec<&Condition> {
    let filtered: Vec<&str> = parts
        .iter()
        .filter_map(|part| match part {
            Condition::Filter { values, .. } => Some(values.iter().map(String::as_str)),
            _ => None,
        })
        .flatten()
        .collect();
    let late = |part: &&Condition| match part.types() {
        Types::Named(names) => names.iter().any(|name| filtered.contains(&name.as_str())),
        Types::All => false,
    };
    let mut connections: Vec<&Condition> = parts.iter().filter(|part| part.is_connected()).collect();
    connections.sort_by_key(late);
    connections
}

/// False where a filter in the way says that the resource is none of the policy's.
fn concerns(condition: &Condition, resource: &Resource) -> bool {
    match condition {
        Condition::And(parts) => parts.iter().all(|part| concerns(part, resource)),
        Condition::Filter { .. } => holds(condition, resource) == Some(true),
        _ => true,
    }
}

/// What a condition about single resources says of one; `None` where it can't be known.
fn holds(condition: &Condition, resource: &Resource) -> Option<bool> {
    match condition {
        Condition::And(parts) => three(parts.iter().map(|part| holds(part, resource)), false),
        Condition::Or(parts) => three(parts.iter().map(|part| holds(part, resource)), true),
        Condition::Not(inner) => holds(inner, resource).map(|holds| !holds),
        Condition::Any(types) | Condition::Resource { types, .. } => Some(types.has(&resource.kind)),
        Condition::Connection { .. } => None,
        Condition::Filter { path, values } => {
            let own = match path.find(&resource.attributes).first() {
                Some(Found::Value(value)) => super::operators::text(value),
                _ => resource.kind.strip_prefix("k8s:").unwrap_or(&resource.kind).to_owned(),
            };
            Some(values.contains(&own))
        }
        Condition::Attribute { types, path, operator, negated, value } => {
            if !types.has(&resource.kind) {
                return Some(false);
            }
            attribute(path, operator, *negated, value, resource)
        }
    }
}

/// Three-valued `and` (decided by false) and `or` (decided by true).
fn three(parts: impl Iterator<Item = Option<bool>>, decisive: bool) -> Option<bool> {
    let mut unknown = false;
    for part in parts {
        match part {
            Some(value) if value == decisive => return Some(decisive),
            Some(_) => {}
            None => unknown = true,
        }
    }
    if unknown { None } else { Some(!decisive) }
}

fn attribute(path: &Path, operator: &Operator, negated: bool, wanted: &Value, resource: &Resource) -> Option<bool> {
    let found = path.find(&resource.attributes);
    let one = |found: &Found<'_>| {
        let value = match found {
            Found::Unknown => return None,
            Found::Absent => None,
            Found::Value(value) if value.kind.is_unknown() && !operator.is_about_presence() => {
                // Something that is unknown is hardly the empty text.
                return matches!(&wanted.kind, Kind::String(text) if text.is_empty() && negated).then_some(true);
            }
            Found::Value(value) => Some(&**value),
        };
        let partly = value.is_some_and(|value| !value.is_wholly_known()) && !operator.is_about_presence();
        let holds = operator.holds(value, wanted);
        // A list with an unknown element may hold what is looked for.
        if partly && !holds { None } else { Some(holds != negated) }
    };
    if found.is_empty() {
        return Some(operator.holds(None, wanted) != negated);
    }
    let every = path.is_query() || (negated && matches!(operator, Operator::Contains));
    three(found.iter().map(one), !every)
}

/// The attribute that fails, or the resource's header.
fn place(condition: &Condition, resource: &Resource) -> Span {
    failing(condition, resource, false).unwrap_or(resource.header)
}

fn failing(condition: &Condition, resource: &Resource, turned: bool) -> Option<Span> {
    match condition {
        Condition::And(parts) | Condition::Or(parts) => parts.iter().find_map(|part| failing(part, resource, turned)),
        Condition::Not(inner) => failing(inner, resource, !turned),
        Condition::Attribute { types, path, .. } if types.has(&resource.kind) => {
            if holds(condition, resource) != Some(turned) {
                return None;
            }
            let own = |value: &Value| {
                let inside = resource.extent.contains(value.span) && !value.span.is_empty();
                (value.file == resource.file && inside).then_some(value.span)
            };
            path.find(&resource.attributes).iter().find_map(|found| match found {
                Found::Value(value) => own(value),
                _ => None,
            })
        }
        _ => None,
    }
}
