//! Literals by their first bytes, compared exactly.

use super::index::Lead;

/// The low three bytes of a little-endian word.
const THREE: u32 = 0x00FF_FFFF;
/// Hashes, 64 to a word.
const WORDS: usize = 1024;

/// 16 bits of the first three bytes of a little-endian word, by the golden ratio (Knuth, TAOCP 6.4).
fn hash(word: u32) -> usize {
    ((word & THREE).wrapping_mul(0x9E37_79B1) >> 16) as usize
}

/// A literal of three bytes or more.
struct Entry {
    /// Its first eight bytes, little-endian, and the mask that leaves out what a shorter one has not.
    key: u64,
    mask: u64,
    literal: Box<[u8]>,
    lead: Lead,
}

impl Entry {
    fn new(literal: Box<[u8]>, lead: Lead) -> Self {
        let head = literal.len().min(8);
        let key = eight(&literal[..head]);
        Self { key, mask: u64::MAX >> (64 - 8 * head), literal, lead }
    }
}

/// The first eight bytes of `text`; zeros behind its end.
fn eight(text: &[u8]) -> u64 {
    text.first_chunk()
        .copied()
        .map_or_else(|| text.iter().rev().fold(0, |word, b| word << 8 | u64::from(*b)), u64::from_le_bytes)
}

/// Literals by a hash of their first three bytes.
pub(super) struct Hashed {
    /// One bit for each hash that a literal has: most places end here.
    bits: Box<[u64; WORDS]>,
    /// By word of `bits`: the bits that are set before it.
    ranks: Box<[u16; WORDS]>,
    /// By rank of a hash: where its entries begin; one more at the end.
    starts: Vec<u32>,
    entries: Vec<Entry>,
}

impl Hashed {
    /// Of literals, each of three bytes or more; a shorter one would stand everywhere and is left out.
    pub(super) fn new(literals: Vec<(Box<[u8]>, Lead)>) -> Self {
        let of = |literal: &[u8]| literal.first_chunk().map(|[a, b, c]| hash(u32::from_le_bytes([*a, *b, *c, 0])));
        let mut all: Vec<(usize, Entry)> =
            literals.into_iter().filter_map(|(text, lead)| Some((of(&text)?, Entry::new(text, lead)))).collect();
        all.sort_by_key(|(hash, _)| *hash);
        let (mut bits, mut ranks) = (Box::new([0u64; WORDS]), Box::new([0u16; WORDS]));
        let (mut starts, mut entries, mut last) = (Vec::new(), Vec::with_capacity(all.len()), None);
        for (hash, entry) in all {
            if last != Some(hash) {
                bits[hash >> 6] |= 1 << (hash & 63);
                starts.push(u32::try_from(entries.len()).unwrap_or(u32::MAX));
                last = Some(hash);
            }
            entries.push(entry);
        }
        starts.push(u32::try_from(entries.len()).unwrap_or(u32::MAX));
        let mut before = 0u32;
        for (rank, word) in ranks.iter_mut().zip(bits.iter()) {
            *rank = u16::try_from(before).unwrap_or(u16::MAX);
            before += word.count_ones();
        }
        Self { bits, ranks, starts, entries }
    }

    /// Every literal that begins in `from..to`.
    pub(super) fn each(&self, bytes: &[u8], from: usize, to: usize, found: &mut impl FnMut(usize, usize, Lead)) {
        let end = bytes.len().min(to + 3);
        let Some(window) = bytes.get(from..end) else { return };
        for (at, four) in window.windows(4).enumerate() {
            let hash = hash(u32::from_le_bytes([four[0], four[1], four[2], four[3]]));
            if self.has(hash) {
                self.tell(bytes, from + at, hash, found);
            }
        }
        // The last three bytes of the text have no fourth.
        if end == bytes.len() && window.len() >= 3 {
            self.at(bytes, end - 3, found);
        }
    }

    /// False where no literal stands at `at`, by its hash; behind the end of the text nothing is said.
    #[inline(always)]
    pub(super) fn may_stand(&self, bytes: &[u8], at: usize) -> bool {
        let four = bytes.get(at..).and_then(<[u8]>::first_chunk::<4>);
        four.is_none_or(|four| self.has(hash(u32::from_le_bytes(*four))))
    }

    /// Every literal that stands at `at`.
    pub(super) fn at(&self, bytes: &[u8], at: usize, found: &mut impl FnMut(usize, usize, Lead)) {
        let Some([a, b, c]) = bytes.get(at..).and_then(<[u8]>::first_chunk) else { return };
        let hash = hash(u32::from_le_bytes([*a, *b, *c, 0]));
        if self.has(hash) {
            self.tell(bytes, at, hash, found);
        }
    }

    fn has(&self, hash: usize) -> bool {
        self.bits[hash >> 6] >> (hash & 63) & 1 != 0
    }

    /// Those literals of one hash that stand at `at`.
    fn tell(&self, bytes: &[u8], at: usize, hash: usize, found: &mut impl FnMut(usize, usize, Lead)) {
        let below = self.bits[hash >> 6] & !(u64::MAX << (hash & 63));
        let rank = usize::from(self.ranks[hash >> 6]) + below.count_ones() as usize;
        let entries = &self.entries[self.starts[rank] as usize..self.starts[rank + 1] as usize];
        let text = &bytes[at..];
        let word = eight(text.get(..8).unwrap_or(text));
        for entry in entries {
            let length = entry.literal.len();
            // What `word` holds is enough for most; zeros behind the end are no text.
            if word & entry.mask == entry.key
                && length <= text.len()
                && (length <= 8 || text[8..length] == entry.literal[8..])
            {
                found(at, entry.literal.len(), entry.lead);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn literals_are_found_where_they_stand(literals in prop::collection::vec("[ab\0]{3,11}", 1..12), text in "[ab\0]{0,60}") {
            let all = literals.iter().enumerate().map(|(at, one)| (one.clone().into_bytes().into(), Lead::Near(at)));
            let hashed = Hashed::new(all.collect());
            let mut found = Vec::new();
            hashed.each(text.as_bytes(), 0, text.len(), &mut |at, length, lead| found.push((at, length, lead)));
            let mut slow = Vec::new();
            for at in 0..text.len() {
                for (which, literal) in literals.iter().enumerate().filter(|(_, literal)| text[at..].starts_with(*literal)) {
                    slow.push((at, literal.len(), Lead::Near(which)));
                }
            }
            let order = |(at, length, lead): &(usize, usize, Lead)| (*at, *length, format!("{lead:?}"));
            found.sort_by_key(order);
            slow.sort_by_key(order);
            prop_assert_eq!(found, slow);
        }
    }
}
