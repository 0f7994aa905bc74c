//! Where to look: every literal that anything waits for, found in one pass over the bytes.
//!
//! Literals of rules whose every match holds a long token run are looked for beside such runs alone, by a
//! hash of their first bytes; those that begin with a mark at marks; the few others everywhere, by a
//! vectorised search.

use aho_corasick::packed;

use super::{decode, runs};

/// What a literal leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lead {
    /// A rule whose pattern begins with the literal.
    Prefix(usize),
    /// A rule whose match holds the literal.
    Inside(usize),
    /// A rule whose value follows the literal.
    Near(usize),
    /// A name that holds a secret.
    Name,
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
}

/// Bytes before a run in which a literal that leads to it may begin.
const MARGIN: usize = 64;
/// Literals one vectorised search takes: more of them take the slower of its two ways.
const GROUP: usize = 32;

/// A literal of at least three bytes.
type Literal = (Box<[u8]>, Lead);

/// Literals by a hash of their first three bytes.
struct Hashed {
    /// One bit for each hash that a literal has: most places end here.
    bits: Box<[u64; 1024]>,
    /// By hash: which of `buckets`, 0 for none.
    slots: Box<[u16]>,
    buckets: Vec<Bucket>,
}

/// Literals whose first bytes have one hash.
#[derive(Default)]
struct Bucket {
    /// Of each literal the first four bytes, or three of them and the mask that leaves out the fourth.
    keys: Vec<(u32, u32)>,
    literals: Vec<Literal>,
}

/// Literals that begin with a mark.
struct Marked {
    /// By byte: bit 0 where a literal has it second, bit 1 where one has it third.
    places: Box<[u8; 256]>,
    /// By first byte.
    groups: Vec<(u8, Vec<Literal>)>,
}

impl Marked {
    fn new() -> Self {
        Self { places: Box::new([0; 256]), groups: Vec::new() }
    }

    fn add(&mut self, literal: Box<[u8]>, lead: Lead) {
        let [first, second, third, ..] = *literal else { return };
        self.places[usize::from(second)] |= 1;
        self.places[usize::from(third)] |= 2;
        match self.groups.iter_mut().find(|(byte, _)| *byte == first) {
            Some((_, literals)) => literals.push((literal, lead)),
            None => self.groups.push((first, vec![(literal, lead)])),
        }
    }

    fn at(&self, bytes: &[u8], at: usize, found: &mut impl FnMut(usize, usize, Lead)) {
        let [first, second, third, ..] = bytes[at..] else { return };
        if self.places[usize::from(second)] & 1 == 0 || self.places[usize::from(third)] & 2 == 0 {
            return;
        }
        let Some((_, literals)) = self.groups.iter().find(|(byte, _)| *byte == first) else { return };
        for (literal, lead) in literals {
            if literal[1] == second && literal[2] == third && bytes[at..].starts_with(literal) {
                found(at, literal.len(), *lead);
            }
        }
    }
}

/// All literals.
pub(super) struct Index {
    beside_runs: Hashed,
    at_marks: Marked,
    /// Waiting for [`Index::finish`].
    waiting: Vec<Literal>,
    groups: Vec<(packed::Searcher, Vec<Lead>)>,
    /// What no vectorised search could be made for on this machine, and everything where the prefilter is off.
    everywhere: Hashed,
    prefilter: bool,
}

/// The low three bytes of a little-endian word.
const THREE: u32 = 0x00FF_FFFF;

/// 16 bits of the first three bytes of a little-endian word, by the golden ratio (Knuth, TAOCP 6.4).
fn hash(word: u32) -> usize {
    ((word & THREE).wrapping_mul(0x9E37_79B1) >> 16) as usize
}

impl Hashed {
    fn new() -> Self {
        let slots = vec![0; 65536].into_boxed_slice();
        Self { bits: Box::new([0; 1024]), slots, buckets: vec![Bucket::default()] }
    }

    fn add(&mut self, literal: Box<[u8]>, lead: Lead) {
        let (key, mask) = match *literal {
            [a, b, c] => (u32::from_le_bytes([a, b, c, 0]), THREE),
            [a, b, c, d, ..] => (u32::from_le_bytes([a, b, c, d]), u32::MAX),
            _ => return,
        };
        let hash = hash(key);
        self.bits[hash >> 6] |= 1 << (hash & 63);
        let slot = &mut self.slots[hash];
        if *slot == 0 {
            *slot = u16::try_from(self.buckets.len()).unwrap_or(u16::MAX);
            self.buckets.push(Bucket::default());
        }
        if let Some(bucket) = self.buckets.get_mut(usize::from(*slot)) {
            bucket.keys.push((key, mask));
            bucket.literals.push((literal, lead));
        }
    }

    /// Every literal that begins in `from..to`.
    fn each(&self, bytes: &[u8], from: usize, to: usize, found: &mut impl FnMut(usize, usize, Lead)) {
        let end = bytes.len().min(to + 3);
        let Some(window) = bytes.get(from..end) else { return };
        for (at, four) in window.windows(4).enumerate() {
            let word = u32::from_le_bytes([four[0], four[1], four[2], four[3]]);
            let hash = hash(word);
            if self.bits[hash >> 6] >> (hash & 63) & 1 != 0 {
                self.tell(bytes, from + at, word, found);
            }
        }
        // The last three bytes of the text have no fourth.
        if end == bytes.len()
            && let Some(&[a, b, c]) = window.last_chunk::<3>()
        {
            self.tell(bytes, end - 3, u32::from_le_bytes([a, b, c, 0]), found);
        }
    }

    /// Those literals that stand at `at`, where `word` is.
    fn tell(&self, bytes: &[u8], at: usize, word: u32, found: &mut impl FnMut(usize, usize, Lead)) {
        let Bucket { keys, literals } = &self.buckets[usize::from(self.slots[hash(word)])];
        for ((key, mask), (literal, lead)) in keys.iter().zip(literals) {
            if word & mask == *key && bytes[at..].starts_with(literal) {
                found(at, literal.len(), *lead);
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.buckets.len() == 1
    }
}

impl Index {
    /// An index without literals. Without the prefilter every literal is looked for everywhere, one byte after
    /// the other: slow, and the measure of what the fast way must find.
    pub(super) fn new(prefilter: bool) -> Self {
        Self {
            beside_runs: Hashed::new(),
            at_marks: Marked::new(),
            waiting: Vec::new(),
            groups: Vec::new(),
            everywhere: Hashed::new(),
            prefilter,
        }
    }

    /// Adds a literal of at least three bytes; shorter ones would lead everywhere and are refused. `any_case`:
    /// as `word`, `WORD` and `Word`. `beside_run`: what it leads to holds a run that [`runs::each`] tells.
    pub(super) fn add(&mut self, literal: &str, any_case: bool, beside_run: bool, lead: Lead) -> bool {
        if literal.len() < 3 {
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
        for form in forms {
            let form = form.into_boxed_slice();
            match (self.prefilter, beside_run) {
                (false, _) => self.everywhere.add(form, lead),
                (true, true) => self.beside_runs.add(form, lead),
                (true, false) if runs::is_mark(&form) => self.at_marks.add(form, lead),
                (true, false) => self.waiting.push((form, lead)),
            }
        }
        true
    }

    /// To be called once all literals are in.
    pub(super) fn finish(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        for group in waiting.chunks(GROUP) {
            let mut builder = packed::Config::new().builder();
            builder.extend(group.iter().map(|(literal, _)| literal));
            match builder.build() {
                Some(searcher) => self.groups.push((searcher, group.iter().map(|(_, lead)| *lead).collect())),
                None => group.iter().for_each(|(literal, lead)| self.everywhere.add(literal.clone(), *lead)),
            }
        }
    }

    /// Calls `found` with each place of a literal, its length and lead, and `run` with each token run.
    pub(super) fn each(&self, bytes: &[u8], found: &mut impl FnMut(usize, usize, Lead), run: impl FnMut(usize, usize)) {
        for (searcher, leads) in &self.groups {
            let mut from = 0;
            while let Some(hit) = searcher.find_in(bytes, (from..bytes.len()).into()) {
                found(hit.start(), hit.len(), leads[hit.pattern().as_usize()]);
                from = hit.start() + 1;
            }
        }
        if !self.everywhere.is_empty() {
            self.everywhere.each(bytes, 0, bytes.len(), found);
        }
        runs::each(bytes, &mut Look { index: self, bytes, found, run, seen: 0 });
    }
}

/// The one look at runs and marks.
struct Look<'a, F, R> {
    index: &'a Index,
    bytes: &'a [u8],
    found: &'a mut F,
    run: R,
    /// End of the last run: what stands before it was looked at.
    seen: usize,
}

impl<F: FnMut(usize, usize, Lead), R: FnMut(usize, usize)> runs::Seen for Look<'_, F, R> {
    fn run(&mut self, start: usize, end: usize) {
        self.index.beside_runs.each(self.bytes, start.saturating_sub(MARGIN).max(self.seen), end, self.found);
        self.seen = end;
        (self.run)(start, end);
    }

    fn mark(&mut self, at: usize) {
        self.index.at_marks.at(self.bytes, at, self.found);
        if decode::is_escape(self.bytes, at) {
            (self.found)(at, 1, Lead::Escape);
        }
    }
}
