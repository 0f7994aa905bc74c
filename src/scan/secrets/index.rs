//! Where to look: every literal that anything waits for, found in one pass over the bytes.
//!
//! Literals of rules whose every match holds a long token run are looked for beside such runs alone; the others, and
//! escapes, where a fingerprint of three of their bytes stands.

use super::hashed::Hashed;
use super::prints::{self, PLACES, Prints};
use super::{decode, runs};

/// What a literal leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lead {
    /// A rule whose pattern begins with the literal.
    Prefix(usize),
    /// A rule whose pattern begins with the literal, which may stand inside a name.
    Named(usize),
    /// A rule whose match holds the literal.
    Inside(usize),
    /// A rule whose value follows the literal.
    Near(usize),
    /// A name that holds a secret.
    Name,
    /// One of the texts of calls, commands and addresses.
    Wording(usize),
    /// `://`
    Url,
    /// `-----BEGIN`
    Pem,
    /// `Bearer ` or `Basic `
    Scheme,
    /// The start of an escape.
    Escape,
    /// The end of one string literal and an operator that joins another.
    Join,
    /// A call that puts string literals together.
    Listed,
}

/// Bytes before a run in which a literal that leads to it may begin.
const MARGIN: usize = 64;

/// Literals that wait for [`Literals::finish`].
pub(super) struct Literals {
    beside_runs: Vec<(Box<[u8]>, Lead)>,
    elsewhere: Vec<(Box<[u8]>, Lead)>,
    prefilter: bool,
}

/// All literals.
pub(super) struct Index {
    beside_runs: Hashed,
    elsewhere: Hashed,
    prints: Prints,
    prefilter: bool,
}

impl Literals {
    /// None yet. Without the prefilter every literal is looked for everywhere, one byte after the other: slow, and the
    /// measure of what the fast way must find.
    pub(super) fn new(prefilter: bool) -> Self {
        Self { beside_runs: Vec::new(), elsewhere: Vec::new(), prefilter }
    }

    /// Adds a literal of at least three bytes; shorter ones would lead everywhere and are refused. `any_case`:
    /// as `word`, `WORD` and `Word`. `beside_run`: what it leads to holds a run that [`runs::each`] tells.
    pub(super) fn add(&mut self, literal: &str, any_case: bool, beside_run: bool, lead: Lead) -> bool {
        if literal.len() < PLACES {
            return false;
        }
        let mut forms = vec![literal.as_bytes().to_vec()];
        if any_case {
            let lower = literal.to_ascii_lowercase().into_bytes();
            let mut capital = lower.clone();
            if let Some(first) = capital.iter_mut().find(|b| b.is_ascii_alphabetic()) {
                first.make_ascii_uppercase();
            }
            forms = vec![lower, literal.to_ascii_uppercase().into_bytes(), capital];
            forms.sort_unstable();
            forms.dedup();
        }
        let to = if beside_run && self.prefilter { &mut self.beside_runs } else { &mut self.elsewhere };
        to.extend(forms.into_iter().map(|form| (form.into_boxed_slice(), lead)));
        true
    }

    /// Once all are in.
    pub(super) fn finish(self) -> Index {
        let known = |(literal, lead): (Box<[u8]>, Lead)| (prints::rarest(&literal), literal, lead);
        let elsewhere: Vec<(usize, Box<[u8]>, Lead)> = self.elsewhere.into_iter().map(known).collect();
        let one = |b: &u8| vec![*b];
        let forms = elsewhere.iter().filter_map(|(offset, literal, _)| literal[*offset..].first_chunk::<PLACES>());
        let prints = Prints::new(forms.map(|form| form.each_ref().map(one)).chain(decode::escape_forms()));
        Index {
            prints,
            beside_runs: Hashed::new(self.beside_runs.into_iter().map(|(literal, lead)| (literal, 0, lead))),
            elsewhere: Hashed::new(elsewhere.into_iter().map(|(offset, literal, lead)| (literal, offset, lead))),
            prefilter: self.prefilter,
        }
    }
}

/// What is told of a text, in order of each kind.
pub(super) trait Seen {
    /// A literal and what it leads to.
    fn literal(&mut self, at: usize, length: usize, lead: Lead);
    /// As [`runs::Seen::run`].
    fn run(&mut self, start: usize, end: usize);
    /// As [`runs::Seen::text`].
    fn text(&mut self, start: usize, end: usize);
    /// As [`runs::Seen::dense`].
    fn dense(&mut self, at: usize);
}

impl Index {
    /// Takes one look at a text, and tells what it sees.
    pub(super) fn each(&self, bytes: &[u8], seen: &mut impl Seen) {
        let mut look = Look { index: self, bytes, seen, looked: 0 };
        runs::each(bytes, &self.prints, &mut look);
        if !self.prefilter {
            (0..bytes.len()).for_each(|at| look.literals(at));
        }
    }
}

/// The one look.
struct Look<'a, T> {
    index: &'a Index,
    bytes: &'a [u8],
    seen: &'a mut T,
    /// End of the last run: literals beside runs were looked for before it.
    looked: usize,
}

impl<T: Seen> Look<'_, T> {
    #[cold]
    #[inline(never)]
    fn literals(&mut self, at: usize) {
        self.index.elsewhere.at(self.bytes, at, &mut |at, length, lead| self.seen.literal(at, length, lead));
        if self.bytes.get(at..).is_some_and(decode::may_escape) && decode::is_escape(self.bytes, at) {
            self.seen.literal(at, 1, Lead::Escape);
        }
    }
}

impl<T: Seen> runs::Seen for Look<'_, T> {
    fn run(&mut self, start: usize, end: usize) {
        let (from, seen) = (start.saturating_sub(MARGIN).max(self.looked), &mut *self.seen);
        self.index.beside_runs.each(self.bytes, from, end, &mut |at, length, lead| seen.literal(at, length, lead));
        self.looked = end;
        self.seen.run(start, end);
    }

    #[inline(always)]
    fn place(&mut self, at: usize) {
        let escape = self.bytes.get(at..).is_some_and(decode::may_escape);
        if self.index.prefilter && (escape || self.index.elsewhere.may_stand(self.bytes, at)) {
            self.literals(at);
        }
    }

    fn text(&mut self, start: usize, end: usize) {
        self.seen.text(start, end);
    }

    fn dense(&mut self, at: usize) {
        self.seen.dense(at);
    }
}
