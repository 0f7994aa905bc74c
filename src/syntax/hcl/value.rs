//! What an expression comes to.

use std::sync::Arc;

use crate::model::Span;

/// A value, and the text it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Val {
    /// What it is.
    pub kind: Kind,
    /// The bytes in `file` that say so.
    pub span: Span,
    /// Which of the evaluated files `span` counts in: a number the evaluator gives out.
    pub file: u32,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Nothing: the same as leaving the attribute out.
    Null,
    /// True or false.
    Bool(bool),
    /// A number.
    Number(f64),
    /// Text.
    String(Arc<str>),
    /// A list, tuple or set, in order; a set is sorted and without repeats.
    List(Arc<Vec<Val>>),
    /// A map or object, sorted by key where the language says so (`keys`, `for`).
    Map(Arc<Vec<(Arc<str>, Val)>>),
    /// JSON text whose structure is still at hand: what `jsonencode` and rendered policies come to.
    Json(Arc<Val>),
    /// It can't be known from the text alone: why.
    Unknown(Arc<str>),
    /// The expression is an error (a missing member, a bad argument): `try` and `can` see it, everything else
    /// takes it as unknown. The text says what is wrong.
    Invalid(Arc<str>),
    /// An attribute of another resource: its address (`module.a.aws_s3_bucket.b`) and the path after it (`id`).
    Ref(Arc<str>, Arc<str>),
}

impl Kind {
    /// Text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::String(Arc::from(text))
    }

    /// Something that can't be known.
    #[must_use]
    pub fn unknown(reason: &str) -> Self {
        Self::Unknown(Arc::from(reason))
    }

    /// An expression that is an error.
    #[must_use]
    pub fn invalid(reason: &str) -> Self {
        Self::Invalid(Arc::from(reason))
    }

    /// A list of these.
    #[must_use]
    pub fn list(items: Vec<Val>) -> Self {
        Self::List(Arc::new(items))
    }

    /// A map of these.
    #[must_use]
    pub fn map(entries: Vec<(Arc<str>, Val)>) -> Self {
        Self::Map(Arc::new(entries))
    }

    /// True for what can't be known, references to other resources included.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown(_) | Self::Ref(..) | Self::Invalid(_))
    }
}

impl Val {
    /// A value at a place.
    #[must_use]
    pub fn new(kind: Kind, span: Span, file: u32) -> Self {
        Self { kind, span, file }
    }

    /// Another value at the same place.
    #[must_use]
    pub fn with(&self, kind: Kind) -> Self {
        Self { kind, span: self.span, file: self.file }
    }

    /// How many values stand inside, itself included; stops counting at `limit`.
    #[must_use]
    pub fn weight(&self, limit: usize) -> usize {
        let mut sum = 1;
        let mut add = |value: &Val| {
            if sum < limit {
                sum += value.weight(limit - sum);
            }
        };
        match &self.kind {
            Kind::List(items) => items.iter().for_each(&mut add),
            Kind::Map(entries) => entries.iter().for_each(|(_, value)| add(value)),
            Kind::Json(inner) => add(inner),
            Kind::String(text) => sum += text.len() / 64,
            _ => {}
        }
        sum
    }

    /// The member of a map; `None` on anything else.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Val> {
        match &self.kind {
            Kind::Map(entries) => entries.iter().find(|(name, _)| &**name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Follows keys from map to map.
    #[must_use]
    pub fn at(&self, keys: &[&str]) -> Option<&Val> {
        keys.iter().try_fold(self, |value, key| value.get(key))
    }

    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a list; empty on anything else.
    #[must_use]
    pub fn items(&self) -> &[Val] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    /// True where nothing inside is unknown. Bounded by the value's own depth.
    #[must_use]
    pub fn is_wholly_known(&self) -> bool {
        match &self.kind {
            Kind::Unknown(_) | Kind::Ref(..) | Kind::Invalid(_) => false,
            Kind::List(items) => items.iter().all(Self::is_wholly_known),
            Kind::Map(entries) => entries.iter().all(|(_, value)| value.is_wholly_known()),
            Kind::Json(inner) => inner.is_wholly_known(),
            _ => true,
        }
    }
}
