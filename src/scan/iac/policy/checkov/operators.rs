//! The operators of attribute conditions, as Checkov's documentation and behaviour have them.

use std::borrow::Cow;
use std::net::IpAddr;

use super::parse::PolicyError;
use crate::scan::iac::resource::{Value, ValueKind as Kind};

/// An operator without its `not_`.
#[derive(Debug)]
pub(super) enum Operator {
    Equals,
    EqualsIgnoreCase,
    Exists,
    Contains,
    StartingWith,
    EndingWith,
    Within,
    Regex(regex::Regex),
    Subset,
    Intersects,
    IsEmpty,
    IsTrue,
    Compare(Order),
    Length(Order),
    Words(Order),
    RangeIncludes,
    CidrSubset,
}

/// How two numbers are to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Equal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Order {
    fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
        }
    }
}

const ORDERS: [(&str, Order, bool); 6] = [
    ("equals", Order::Equal, false),
    ("not_equals", Order::Equal, true),
    ("greater_than", Order::Greater, false),
    ("greater_than_or_equal", Order::GreaterOrEqual, false),
    ("less_than", Order::Less, false),
    ("less_than_or_equal", Order::LessOrEqual, false),
];

fn order(name: &str) -> Option<(Order, bool)> {
    ORDERS.iter().find(|(known, ..)| *known == name).map(|(_, order, negated)| (*order, *negated))
}

impl Operator {
    /// The operator of a name, and whether it is turned round. `None` where there is none.
    ///
    /// # Errors
    /// On a regular expression that this program's engine, which is bounded in time, does not take.
    pub fn named(name: &str, value: &Value) -> Result<Option<(Self, bool)>, PolicyError> {
        let pair = |operator| Ok(Some((operator, false)));
        match name {
            "is_false" => return Ok(Some((Self::IsTrue, true))),
            "is_not_empty" => return Ok(Some((Self::IsEmpty, true))),
            "range_not_includes" => return Ok(Some((Self::RangeIncludes, true))),
            "cidr_range_not_subset" => return Ok(Some((Self::CidrSubset, true))),
            "is_true" => return pair(Self::IsTrue),
            "is_empty" => return pair(Self::IsEmpty),
            "range_includes" => return pair(Self::RangeIncludes),
            "cidr_range_subset" => return pair(Self::CidrSubset),
            _ => {}
        }
        if let Some((order, negated)) = name.strip_prefix("length_").and_then(order) {
            return Ok(Some((Self::Length(order), negated)));
        }
        if let Some((order, negated)) = name.strip_prefix("number_of_words_").and_then(order) {
            return Ok(Some((Self::Words(order), negated)));
        }
        let (plain, negated) = name.strip_prefix("not_").map_or((name, false), |plain| (plain, true));
        let operator = match plain {
            "equals" => Self::Equals,
            "equals_ignore_case" => Self::EqualsIgnoreCase,
            "exists" => Self::Exists,
            "contains" => Self::Contains,
            "starting_with" => Self::StartingWith,
            "ending_with" => Self::EndingWith,
            "within" => Self::Within,
            "subset" => Self::Subset,
            "intersects" => Self::Intersects,
            "regex_match" => Self::Regex(regex(&text(value))?),
            other => match order(other).filter(|_| !negated) {
                Some((order, _)) => Self::Compare(order),
                None => return Ok(None),
            },
        };
        Ok(Some((operator, negated)))
    }

    /// True where a value that can't be known still decides: it is there.
    pub fn is_about_presence(&self) -> bool {
        matches!(self, Self::Exists)
    }

    /// Asks about a known value, or about an absent one.
    pub fn holds(&self, attribute: Option<&Value>, wanted: &Value) -> bool {
        let Some(value) = attribute else {
            return match self {
                Self::Regex(regex) => regex.is_match("None"),
                Self::Equals | Self::EqualsIgnoreCase => matches!(wanted.kind, Kind::Null),
                _ => false,
            };
        };
        match self {
            Self::Exists => true,
            Self::Equals => same(value, wanted),
            Self::EqualsIgnoreCase => text(value).eq_ignore_ascii_case(&text(wanted)),
            Self::Contains => contains(value, wanted),
            Self::StartingWith => string(value).is_some_and(|own| own.starts_with(&text(wanted))),
            Self::EndingWith => string(value).is_some_and(|own| own.ends_with(&text(wanted))),
            Self::Within => match &wanted.kind {
                Kind::List(items) => items.iter().any(|item| same(value, item)),
                _ => string(value).is_some_and(|own| text(wanted).contains(own)),
            },
            Self::Regex(regex) => regex.is_match(&text(value)),
            Self::Subset => elements(value).iter().all(|own| elements(wanted).iter().any(|other| same(own, other))),
            Self::Intersects => match (string(value), string(wanted)) {
                (Some(own), Some(wanted)) => own.contains(wanted),
                _ => elements(value).iter().any(|own| elements(wanted).iter().any(|other| same(own, other))),
            },
            Self::IsEmpty => size(value) == Some(0),
            Self::IsTrue => matches!(value.kind, Kind::Bool(true)),
            Self::Compare(order) => order.holds(compare(value, wanted)),
            Self::Length(order) => {
                // Checkov takes a map for one block.
                let size = if matches!(value.kind, Kind::Map(_)) { Some(1) } else { size(value) };
                counts(*order, size, wanted)
            }
            Self::Words(order) => counts(*order, string(value).map(|own| own.split_whitespace().count()), wanted),
            Self::RangeIncludes => ranges(wanted, value),
            Self::CidrSubset => cidrs(value, wanted),
        }
    }
}

/// Checkov's patterns begin at the text's beginning.
fn regex(pattern: &str) -> Result<regex::Regex, PolicyError> {
    let anchored = regex::RegexBuilder::new(&format!("^(?:{pattern})")).size_limit(1 << 20).build();
    anchored.map_err(|_| {
        PolicyError::Unsupported(format!(
            "the pattern `{pattern}` is not read (look-around and back-references are not)"
        ))
    })
}

/// A value as Checkov, a program in Python, turns it into text.
pub(super) fn text(value: &Value) -> String {
    match &value.kind {
        Kind::Null => "None".to_owned(),
        Kind::Bool(true) => "True".to_owned(),
        Kind::Bool(false) => "False".to_owned(),
        Kind::Number(number) => number.to_string(),
        Kind::String(text) => text.to_string(),
        Kind::List(items) => format!("[{}]", items.iter().map(quoted).collect::<Vec<_>>().join(", ")),
        Kind::Map(entries) => {
            let members = entries.iter().map(|(key, value)| format!("'{key}': {}", quoted(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        Kind::Json(inner) => text(inner),
        Kind::Ref(address, path) => format!("{address}.{path}"),
        Kind::Unknown(_) | Kind::Invalid(_) => String::new(),
    }
}

fn quoted(value: &Value) -> String {
    match &value.kind {
        Kind::String(text) => format!("'{text}'"),
        _ => text(value),
    }
}

fn string(value: &Value) -> Option<&str> {
    match &value.kind {
        Kind::String(text) => Some(text),
        _ => None,
    }
}

fn same(a: &Value, b: &Value) -> bool {
    match (&a.kind, &b.kind) {
        (Kind::Bool(_), _) | (_, Kind::Bool(_)) => text(a).eq_ignore_ascii_case(&text(b)),
        (Kind::List(x), Kind::List(y)) => x.len() == y.len() && x.iter().zip(y.iter()).all(|(x, y)| same(x, y)),
        (Kind::Map(x), Kind::Map(_)) => {
            Some(x.len()) == size(b) && x.iter().all(|(key, x)| b.get(key).is_some_and(|y| same(x, y)))
        }
        _ => text(a) == text(b),
    }
}

fn size(value: &Value) -> Option<usize> {
    match &value.kind {
        Kind::List(items) => Some(items.len()),
        Kind::Map(entries) => Some(entries.len()),
        Kind::String(text) => Some(text.chars().count()),
        Kind::Json(inner) => size(inner),
        _ => None,
    }
}

/// The elements of a list, the keys of a map, or the value itself.
fn elements(value: &Value) -> Vec<Value> {
    match &value.kind {
        Kind::List(items) => items.to_vec(),
        Kind::Map(entries) => entries.iter().map(|(key, _)| value.with(Kind::text(key))).collect(),
        _ => vec![value.clone()],
    }
}

fn contains(value: &Value, wanted: &Value) -> bool {
    match &value.kind {
        Kind::List(items) => items.iter().any(|item| same(item, wanted)),
        Kind::Map(entries) => {
            let inside = |inner: &Value| match &inner.kind {
                Kind::String(own) => string(wanted).is_some_and(|wanted| own.contains(wanted)),
                Kind::List(_) | Kind::Map(_) => elements(inner).iter().any(|one| same(one, wanted)),
                _ => false,
            };
            entries.iter().any(|(key, inner)| string(wanted) == Some(&**key) || inside(inner))
        }
        Kind::Json(inner) => contains(inner, wanted),
        // A policy document in a text counts as what it holds.
        Kind::String(_) => match super::paths::open(Cow::Borrowed(value)) {
            Cow::Owned(inner) => contains(&inner, wanted),
            Cow::Borrowed(_) => text(value).contains(&text(wanted)),
        },
        _ => text(value).contains(&text(wanted)),
    }
}

fn compare(value: &Value, wanted: &Value) -> std::cmp::Ordering {
    let (a, b) = (text(value), text(wanted));
    match (a.trim().parse::<f64>(), b.trim().parse::<f64>()) {
        (Ok(x), Ok(y)) => x.total_cmp(&y),
        _ => a.cmp(&b),
    }
}

fn counts(order: Order, count: Option<usize>, wanted: &Value) -> bool {
    match (count, text(wanted).trim().parse::<usize>()) {
        (Some(count), Ok(wanted)) => order.holds(count.cmp(&wanted)),
        _ => false,
    }
}

/// True where a number of `wanted` (numbers, `20-25`) is among those of the attribute.
fn ranges(wanted: &Value, attribute: &Value) -> bool {
    let range = |value: &Value| {
        let text = text(value);
        let (first, last) = text.split_once('-').unwrap_or((&text, &text));
        Some((first.trim().parse::<i64>().ok()?, last.trim().parse::<i64>().ok()?))
    };
    let list = |value: &Value| match &value.kind {
        Kind::List(items) => items.to_vec(),
        _ => vec![value.clone()],
    };
    list(attribute).iter().any(|own| {
        text(own) == "*"
            || list(wanted).iter().any(|one| match (range(own), range(one)) {
                (Some((a, b)), Some((c, d))) => a <= d && c <= b,
                _ => text(own) == text(one),
            })
    })
}

/// True where every block of the attribute lies in one of `wanted`'s.
fn cidrs(attribute: &Value, wanted: &Value) -> bool {
    let blocks = |value: &Value| elements(value).iter().map(|one| block(&text(one))).collect::<Option<Vec<_>>>();
    let (Some(own), Some(allowed)) = (blocks(attribute), blocks(wanted)) else { return false };
    !own.is_empty()
        && own.iter().all(|own| allowed.iter().any(|outer| outer.0 == own.0 && outer.1 <= own.1 && own.2 <= outer.2))
}

/// Version, first and last address.
fn block(text: &str) -> Option<(bool, u128, u128)> {
    let (address, prefix) = text.trim().split_once('/').unwrap_or((text.trim(), ""));
    let (v6, bits, width) = match address.parse::<IpAddr>().ok()? {
        IpAddr::V4(address) => (false, u128::from(u32::from(address)), 32),
        IpAddr::V6(address) => (true, u128::from(address), 128),
    };
    let prefix: u32 = if prefix.is_empty() { width } else { prefix.parse().ok().filter(|p| *p <= width)? };
    let hosts = if prefix == 0 && width == 128 { u128::MAX } else { (1_u128 << (width - prefix)) - 1 };
    Some((v6, bits & !hosts, bits | hosts))
}
