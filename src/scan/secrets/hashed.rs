//! Literals by three of their bytes, compared exactly.

use super::index::Lead;

/// The low three bytes of a little-endian word.
const THREE: u32 = 0x00FF_FFFF;
/// Hashes, 64 to a word.
const WORDS: usize = 1024;

/// 16 bits of the first three bytes of a little-endian word, by the golden ratio (Knuth, TAOCP 6.4).
fn hash(word: u32) -> usize {
    ((word & THREE).wrapping_mul(0x9E37_79B1) >> 16) as usize
}

/// [`hash`] of the first three bytes of a text that has as many.
fn hash_of(text: &[u8]) -> Option<usize> {
    text.first_chunk().map(|[a, b, c]| hash(u32::from_le_bytes([*a, *b, *c, 0])))
}

/// A literal of three bytes or more that is known by three of its bytes.
struct Entry {
    /// The first eight bytes from those on, little-endian, and the mask that leaves out what is none of the literal.
    key: u64,
    mask: u64,
    /// Where in the literal they begin.
    offset: usize,
    literal: Box<[u8]>,
    /// Everything that waits for it, so that it is compared once.
    leads: Vec<Lead>,
}

impl Entry {
    fn new(literal: Box<[u8]>, offset: usize, lead: Lead) -> Self {
        let head = (literal.len() - offset).min(8);
        let key = eight(&literal[offset..offset + head]);
        Self { key, mask: u64::MAX >> (64 - 8 * head), offset, literal, leads: vec![lead] }
    }
}

/// The first eight bytes of `text`; zeros behind its end.
fn eight(text: &[u8]) -> u64 {
    text.first_chunk()
        .copied()
        .map_or_else(|| text.iter().rev().fold(0, |word, b| word << 8 | u64::from(*b)), u64::from_le_bytes)
}

/// Literals by a hash of three of their bytes.
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
    /// Of literals, each of three bytes or more, and the offset in it of the three by which it is known; a shorter one would
    /// stand everywhere and is left out.
    pub(super) fn new(literals: impl Iterator<Item = (Box<[u8]>, usize, Lead)>) -> Self {
        let known = literals.filter_map(|(literal, offset, lead)| {
            let hash = hash_of(literal.get(offset..)?)?;
            Some((hash, Entry::new(literal, offset, lead)))
        });
        let mut all: Vec<(usize, Entry)> = known.collect();
        all.sort_by(|(a, one), (b, other)| (a, &one.literal).cmp(&(b, &other.literal)));
        all.dedup_by(|(_, one), (_, kept)| {
            let same = one.literal == kept.literal && one.offset == kept.offset;
            if same {
                kept.leads.append(&mut one.leads);
            }
            same
        });
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

    /// Every literal whose three bytes begin in `from..to`.
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

    /// False where no literal's three bytes stand at `at`, by their hash; behind the end of the text nothing is said.
    #[inline(always)]
    pub(super) fn may_stand(&self, bytes: &[u8], at: usize) -> bool {
        let four = bytes.get(at..).and_then(<[u8]>::first_chunk::<4>);
        four.is_none_or(|four| self.has(hash(u32::from_le_bytes(*four))))
    }

    /// Every literal whose three bytes stand at `at`.
    pub(super) fn at(&self, bytes: &[u8], at: usize, found: &mut impl FnMut(usize, usize, Lead)) {
        if let Some(hash) = bytes.get(at..).and_then(hash_of).filter(|hash| self.has(*hash)) {
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
        let word = eight(bytes.get(at..at + 8).unwrap_or(&bytes[at..]));
        for entry in entries {
            if word & entry.mask == entry.key
                && let Some(start) = at.checked_sub(entry.offset)
                && let end = start + entry.literal.len()
                // What `word` holds is enough for most; zeros behind the end are no text.
                && (entry.offset == 0 && entry.literal.len() <= 8 && end <= bytes.len()
                    || bytes.get(start..end) == Some(&*entry.literal))
            {
                for lead in &entry.leads {
                    found(start, entry.literal.len(), *lead);
                }
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
        fn literals_are_found_where_they_stand(
            literals in prop::collection::vec(("[ab\0]{3,11}", 0..9usize), 1..12),
            text in "[ab\0]{0,60}",
        ) {
            let all = literals.iter().enumerate();
            let known = all.map(|(at, (one, offset))| {
                (one.clone().into_bytes().into(), *offset % (one.len() - 2), Lead::Near(at))
            });
            let hashed = Hashed::new(known);
            let mut found = Vec::new();
            hashed.each(text.as_bytes(), 0, text.len(), &mut |at, length, lead| found.push((at, length, lead)));
            let mut slow = Vec::new();
            for at in 0..text.len() {
                for (which, (literal, _)) in literals.iter().enumerate().filter(|(_, (one, _))| text[at..].starts_with(one)) {
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
