//! The part of JSONPath that policies use: members, indexes, wildcards, descent and filters.

use std::borrow::Cow;

use super::paths::{Found, items, member, open};
use crate::scan::iac::resource::{Value, ValueKind as Kind};

/// Values that one query may lead to, at most.
const MAX_FOUND: usize = 10_000;
/// Levels that `..` goes down, at most.
const MAX_DESCENT: usize = 40;

/// A parsed query.
#[derive(Debug)]
pub(super) struct Query(Vec<Step>);

#[derive(Debug)]
enum Step {
    Name(String),
    Index(usize),
    /// `[*]`: the elements of a list, or the one value that stands for a list.
    Each,
    /// `.*`: the members of a map.
    Members,
    /// `..name`.
    Deep(String),
    /// `[?(@.a == "b" & @.c)]`: all hold.
    Where(Vec<Test>),
}

#[derive(Debug)]
struct Test {
    path: Query,
    /// None: it is there.
    compare: Option<(String, String)>,
}

/// Reads a query.
pub(super) fn parse(text: &str) -> Result<Query, String> {
    let mut rest = text.trim().trim_start_matches(['$', '@']);
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("..") {
            let (name, after) = word(after)?;
            steps.push(Step::Deep(name));
            rest = after;
        } else if let Some(after) = rest.strip_prefix('[') {
            let (inner, after) = bracket(after)?;
            steps.push(bracketed(inner.trim())?);
            rest = after;
        } else {
            let (name, after) = word(rest.strip_prefix('.').unwrap_or(rest))?;
            steps.push(if name == "*" { Step::Members } else { Step::Name(name) });
            rest = after;
        }
    }
    Ok(Query(steps))
}

fn word(text: &str) -> Result<(String, &str), String> {
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let (name, after) = text[1..].split_once(quote).ok_or("a quote without an end")?;
        return Ok((name.to_owned(), after));
    }
    let end = text.find(['.', '[', ' ', '|', '(', '`']).unwrap_or(text.len());
    let (name, after) = text.split_at(end);
    match name {
        "" => Err("a name is missing".to_owned()),
        _ if after.starts_with([' ', '|', '(', '`']) => Err("functions and unions are not read".to_owned()),
        name => Ok((name.to_owned(), after)),
    }
}

/// The text up to the bracket's end, brackets and quotes inside passed over.
fn bracket(text: &str) -> Result<(&str, &str), String> {
    let (mut depth, mut quote) = (0, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') if depth == 0 => return Ok((&text[..at], &text[at + 1..])),
            (None, ']') => depth -= 1,
            _ => {}
        }
    }
    Err("a bracket without an end".to_owned())
}

fn bracketed(inner: &str) -> Result<Step, String> {
    if inner == "*" {
        return Ok(Step::Each);
    }
    if let Ok(at) = inner.parse() {
        return Ok(Step::Index(at));
    }
    if let Some(filter) = inner.strip_prefix('?') {
        let filter = filter.trim();
        let filter = filter.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(filter);
        let tests = filter.split('&').filter(|part| !part.trim().is_empty()).map(test);
        return tests.collect::<Result<_, _>>().map(Step::Where);
    }
    match word(inner)? {
        (name, "") if inner.starts_with(['"', '\'']) || !name.contains([':', ',']) => Ok(Step::Name(name)),
        _ => Err("slices and unions are not read".to_owned()),
    }
}

fn test(text: &str) -> Result<Test, String> {
    let text = text.trim();
    if text.contains('|') {
        return Err("`|` in a filter is not read".to_owned());
    }
    for op in ["==", "!=", "<=", ">=", "=~", "<", ">", "="] {
        if let Some((path, literal)) = text.split_once(op) {
            let literal = literal.trim();
            let quoted = ['"', '\''].iter().find_map(|&q| literal.strip_prefix(q)?.strip_suffix(q));
            let op = if op == "=" { "==" } else { op };
            if op == "=~" {
                return Err("`=~` in a filter is not read".to_owned());
            }
            let literal = quoted.unwrap_or(literal).to_owned();
            return Ok(Test { path: parse(path)?, compare: Some((op.to_owned(), literal)) });
        }
    }
    Ok(Test { path: parse(text)?, compare: None })
}

impl Query {
    /// What it leads to; nothing where nothing fits.
    pub fn find<'v>(&self, root: &'v Value) -> Vec<Found<'v>> {
        self.from(Found::Value(Cow::Borrowed(root)))
    }

    fn from<'v>(&self, root: Found<'v>) -> Vec<Found<'v>> {
        let mut found = vec![root];
        for step in &self.0 {
            found = found.into_iter().flat_map(|at| walk(at, step)).take(MAX_FOUND).collect();
        }
        found
    }
}

fn walk<'v>(at: Found<'v>, step: &Step) -> Vec<Found<'v>> {
    let Found::Value(value) = at else { return vec![at] };
    let value = open(value);
    if value.kind.is_unknown() {
        return vec![Found::Unknown];
    }
    let is_list = matches!(value.kind, Kind::List(_));
    match step {
        Step::Each if is_list => items(&value),
        Step::Each => vec![Found::Value(value)],
        Step::Members => members(&value),
        Step::Index(at) if is_list => items(&value).into_iter().nth(*at).into_iter().collect(),
        Step::Index(at) => {
            if *at == 0 {
                vec![Found::Value(value)]
            } else {
                Vec::new()
            }
        }
        // A block that stands once is a map for Checkov.
        Step::Name(_) if is_list && value.items().len() == 1 => {
            items(&value).into_iter().flat_map(|one| walk(one, step)).collect()
        }
        Step::Name(name) => present(member(&value, name)),
        Step::Deep(name) => {
            let mut found = Vec::new();
            descend(value, name, 0, &mut found);
            found
        }
        Step::Where(tests) => {
            let candidates = if is_list { items(&value) } else { vec![Found::Value(value)] };
            candidates.into_iter().flat_map(|one| keep(one, tests)).collect()
        }
    }
}

fn members<'v>(value: &Cow<'v, Value>) -> Vec<Found<'v>> {
    let Kind::Map(entries) = &value.kind else { return Vec::new() };
    let names = entries.iter().map(|(name, _)| name);
    names.map(|name| member(value, name)).filter(|found| !matches!(found, Found::Absent)).collect()
}

fn present(found: Found<'_>) -> Vec<Found<'_>> {
    if matches!(found, Found::Absent) { Vec::new() } else { vec![found] }
}

fn descend<'v>(value: Cow<'v, Value>, name: &str, depth: usize, found: &mut Vec<Found<'v>>) {
    if depth > MAX_DESCENT || found.len() > MAX_FOUND {
        return;
    }
    found.extend(present(member(&value, name)));
    for inner in members(&value).into_iter().chain(items(&value)) {
        if let Found::Value(inner) = inner {
            descend(open(inner), name, depth + 1, found);
        }
    }
}

/// The value where all tests hold; unknown where one can't be decided.
fn keep<'v>(value: Found<'v>, tests: &[Test]) -> Option<Found<'v>> {
    let mut unknown = false;
    for test in tests {
        let found = test.path.from(value.clone());
        let holds = found.iter().map(|found| match (found, &test.compare) {
            (Found::Value(value), Some(_)) if value.kind.is_unknown() => None,
            (Found::Value(value), Some((op, literal))) => Some(compares(value, op, literal)),
            (Found::Value(_), None) => Some(true),
            (Found::Unknown, _) => None,
            (Found::Absent, _) => Some(false),
        });
        let holds: Vec<Option<bool>> = holds.collect();
        match (holds.contains(&Some(true)), holds.contains(&None)) {
            (true, _) => {}
            (false, true) => unknown = true,
            (false, false) => return None,
        }
    }
    Some(if unknown { Found::Unknown } else { value })
}

fn compares(value: &Value, op: &str, literal: &str) -> bool {
    let text = super::operators::text(value);
    let ordered = match (text.parse::<f64>(), literal.parse::<f64>()) {
        (Ok(a), Ok(b)) => a.partial_cmp(&b),
        _ => Some(text.as_str().cmp(literal)),
    };
    let same = text == literal || text.eq_ignore_ascii_case(literal) && matches!(value.kind, Kind::Bool(_));
    match op {
        "==" => same,
        "!=" => !same,
        "<" => ordered.is_some_and(|o| o.is_lt()),
        "<=" => ordered.is_some_and(|o| o.is_le()),
        ">" => ordered.is_some_and(|o| o.is_gt()),
        _ => ordered.is_some_and(|o| o.is_ge()),
    }
}
