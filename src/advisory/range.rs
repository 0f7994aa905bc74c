//! OSV ranges: events along the order of versions (OSV schema, `affected[].ranges[]` and its evaluation).

use std::cmp::Ordering;

use super::version::Version;

/// What happens at a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// Affected from here on.
    Introduced,
    /// Not affected from here on.
    Fixed,
    /// Affected up to here; not above.
    LastAffected,
    /// The range speaks only of versions below.
    Limit,
}

impl EventKind {
    /// All, in the order of their number in the index.
    pub const ALL: [EventKind; 4] = [Self::Introduced, Self::Fixed, Self::LastAffected, Self::Limit];
}

/// One event of a range. The version is text; `0` stands below every version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<S = String> {
    /// What happens.
    pub kind: EventKind,
    /// Where; a limit may also be `*`.
    pub version: S,
}

impl<S: AsRef<str>> Event<S> {
    /// True where the event's version can be compared at all.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        Bound::parse(self.version.as_ref()).is_some()
    }
}

/// One range: its events in the order that [`sort`] gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Range<S = String> {
    /// Sorted by version; events of one version stay as the record has them.
    pub events: Vec<Event<S>>,
}

/// A place in the order of versions: below all, at a version, above all.
#[derive(Clone, Copy)]
enum Bound<'a> {
    Bottom,
    At(Version<'a>),
    Top,
}

impl<'a> Bound<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        match text {
            "0" => Some(Self::Bottom),
            "*" => Some(Self::Top),
            _ => Version::parse(text).map(Self::At),
        }
    }

    fn cmp(&self, other: &Bound<'_>) -> Ordering {
        match (self, other) {
            (Self::Bottom, Bound::Bottom) | (Self::Top, Bound::Top) => Ordering::Equal,
            (Self::Bottom, _) | (_, Bound::Top) => Ordering::Less,
            (_, Bound::Bottom) | (Self::Top, _) => Ordering::Greater,
            (Self::At(a), Bound::At(b)) => a.cmp_precedence(b),
        }
    }
}

/// Sorts events by version and keeps the order of equals: an empty interval (introduced 1.2.0, fixed 1.2.0)
/// must stay empty. Events that cannot be read go last; they decide nothing.
pub fn sort<S: AsRef<str>>(events: &mut [Event<S>]) {
    events.sort_by(|a, b| match (Bound::parse(a.version.as_ref()), Bound::parse(b.version.as_ref())) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    });
}

impl<S: AsRef<str>> Range<S> {
    /// A range of events in any order.
    #[must_use]
    pub fn new(mut events: Vec<Event<S>>) -> Self {
        sort(&mut events);
        Self { events }
    }

    /// True where no event ends the range: whatever comes after the first affected version is affected.
    #[must_use]
    pub fn is_unbounded(&self) -> bool {
        !self.events.iter().any(|event| match event.kind {
            EventKind::Introduced => false,
            EventKind::Fixed | EventKind::LastAffected => true,
            EventKind::Limit => event.version.as_ref() != "*",
        })
    }

    /// True where the range is of every version there is: malware, most of the time.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.is_unbounded() && self.events.iter().any(|e| e.kind == EventKind::Introduced && e.version.as_ref() == "0")
    }

    /// True where the version lies in the range. A version that cannot be read (`None`) lies only in a range
    /// of everything.
    #[must_use]
    pub fn contains(&self, version: Option<&Version<'_>>) -> bool {
        let Some(version) = version else { return self.is_everything() };
        let at = Bound::At(*version);
        let (mut affected, mut limited, mut below_limit) = (false, false, false);
        for event in &self.events {
            let Some(bound) = Bound::parse(event.version.as_ref()) else { continue };
            let passed = bound.cmp(&at);
            match event.kind {
                EventKind::Introduced if passed != Ordering::Greater => affected = true,
                EventKind::Fixed if passed != Ordering::Greater => affected = false,
                EventKind::LastAffected if passed == Ordering::Less => affected = false,
                EventKind::Limit => {
                    limited = true;
                    below_limit |= passed == Ordering::Greater;
                }
                _ => {}
            }
        }
        affected && (!limited || below_limit)
    }
}

#[cfg(test)]
#[path = "range_tests.rs"]
mod tests;
