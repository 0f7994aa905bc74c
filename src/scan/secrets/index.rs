//! One look at the bytes for all rules: every literal that anything looks for, by its first three bytes.

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

#[derive(Debug)]
struct Entry {
    literal: Box<[u8]>,
    any_case: bool,
    lead: Lead,
}

/// Literals by a hash of their first three bytes, case folded.
pub(super) struct Index {
    bits: Box<[u64; 1024]>,
    slots: Vec<u16>,
    buckets: Vec<Vec<Entry>>,
}

fn hash(a: u8, b: u8, c: u8) -> usize {
    let word = u32::from_le_bytes([a, b, c, 0]) | 0x0020_2020;
    (word.wrapping_mul(0x9E37_79B1) >> 16) as usize
}

impl Index {
    pub(super) fn new() -> Self {
        Self { bits: Box::new([0; 1024]), slots: vec![0; 65536], buckets: vec![Vec::new()] }
    }

    /// Adds a literal of at least three bytes; shorter ones would lead everywhere and are refused.
    pub(super) fn add(&mut self, literal: &str, any_case: bool, lead: Lead) -> bool {
        let &[a, b, c, ..] = literal.as_bytes() else { return false };
        let slot = hash(a, b, c);
        self.bits[slot >> 6] |= 1 << (slot & 63);
        if self.slots[slot] == 0 {
            self.slots[slot] = u16::try_from(self.buckets.len()).unwrap_or(u16::MAX);
            self.buckets.push(Vec::new());
        }
        let literal = literal.as_bytes().into();
        if let Some(bucket) = self.buckets.get_mut(self.slots[slot] as usize) {
            bucket.push(Entry { literal, any_case, lead });
        }
        true
    }

    /// Calls `found` with each place of a literal, its length and lead, in the order of places.
    pub(super) fn each(&self, bytes: &[u8], mut found: impl FnMut(usize, usize, Lead)) {
        for (at, three) in bytes.windows(3).enumerate() {
            let slot = hash(three[0], three[1], three[2]);
            if self.bits[slot >> 6] >> (slot & 63) & 1 == 0 {
                continue;
            }
            for entry in &self.buckets[self.slots[slot] as usize] {
                let Some(here) = bytes.get(at..at + entry.literal.len()) else { continue };
                if here == &*entry.literal || entry.any_case && here.eq_ignore_ascii_case(&entry.literal) {
                    found(at, entry.literal.len(), entry.lead);
                }
            }
        }
    }
}
