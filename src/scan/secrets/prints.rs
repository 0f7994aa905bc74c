//! Fingerprints of literals: which places are worth a comparison, for 64 places at a time.
//!
//! A byte is looked up by its two halves, each in a table of sixteen, as Teddy does it (Intel's Hyperscan): the tables hold a
//! bit for each of eight groups of literals, and a place is worth it where one bit is left of three bytes in a row. Small
//! and capital letters have one low half, so that the cases of a name fall into one group.

use fearless_simd::{Simd, SimdBase, SimdFrom, SimdMask, u8x16, u8x64};

/// Bytes of a literal that count.
pub(super) const PLACES: usize = 3;
/// Tables for eight groups each.
const SETS: usize = 3;
const GROUPS: usize = 8 * SETS;
/// Offsets from which a fingerprint may be taken.
const REACH: usize = 12;

/// The halves that the byte at one place of a group may have, a bit each.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Halves {
    low: u16,
    high: u16,
}

/// Which bytes a group admits at each place.
type Group = [Halves; PLACES];

/// Bits by the low and by the high half of a byte: it has those that both have. Of a place of one set: the groups that admit
/// the byte.
#[derive(Clone, Copy, Default)]
pub(super) struct Table {
    pub(super) low: [u8; 16],
    pub(super) high: [u8; 16],
}

/// The fingerprints of a set of literals.
pub(super) struct Prints([[Table; PLACES]; SETS]);

impl Prints {
    /// Of literals and other forms by the bytes that may stand at three places of theirs in a row.
    pub(super) fn new(forms: impl Iterator<Item = [Vec<u8>; PLACES]>) -> Self {
        let mut tables = [[Table::default(); PLACES]; SETS];
        for (number, group) in grouped(forms.map(|form| form.map(|bytes| halves(&bytes)))).into_iter().enumerate() {
            for (table, halves) in tables[number / 8].iter_mut().zip(group) {
                let bit = 1 << (number % 8);
                for half in 0..16 {
                    table.low[half] |= if halves.low >> half & 1 != 0 { bit } else { 0 };
                    table.high[half] |= if halves.high >> half & 1 != 0 { bit } else { 0 };
                }
            }
        }
        Self(tables)
    }

    /// The tables as vectors.
    #[inline(always)]
    pub(super) fn load<S: Simd>(&self, simd: S) -> Loaded<S> {
        let [one, two, three] = &self.0;
        let set = |set: &[Table; PLACES]| [wide(simd, set[0]), wide(simd, set[1]), wide(simd, set[2])];
        Loaded([set(one), set(two), set(three)])
    }
}

/// A table in vectors: the part for low halves, and that for high ones.
pub(super) type Wide<S> = (u8x64<S>, u8x64<S>);

/// [`Prints`] in vectors.
pub(super) struct Loaded<S: Simd>([[Wide<S>; PLACES]; SETS]);

impl<S: Simd> Loaded<S> {
    /// A bit for each place of a block, the first lowest, at which a literal may begin; of the halves of its bytes, of the
    /// bytes one further on, and of those two further on.
    #[inline(always)]
    pub(super) fn places(&self, first: Wide<S>, second: Wide<S>, third: Wide<S>) -> u64 {
        let [one, two, three] = &self.0;
        let one = look_up(one[0], first) & look_up(one[1], second) & look_up(one[2], third);
        let two = look_up(two[0], first) & look_up(two[1], second) & look_up(two[2], third);
        let three = look_up(three[0], first) & look_up(three[1], second) & look_up(three[2], third);
        (one | two | three).simd_ne(0).to_bitmask()
    }
}

/// A table four times side by side.
#[inline(always)]
pub(super) fn wide<S: Simd>(simd: S, table: Table) -> Wide<S> {
    (u8x64::block_splat(u8x16::simd_from(simd, table.low)), u8x64::block_splat(u8x16::simd_from(simd, table.high)))
}

/// Each half of each byte.
#[inline(always)]
pub(super) fn split<S: Simd>(bytes: u8x64<S>) -> Wide<S> {
    (bytes & 15, bytes >> 4)
}

/// The bits that a table has for both halves.
#[inline(always)]
pub(super) fn look_up<S: Simd>(table: Wide<S>, halves: Wide<S>) -> u8x64<S> {
    table.0.swizzle_dyn_within_blocks(halves.0) & table.1.swizzle_dyn_within_blocks(halves.1)
}

/// The offset in a literal of three bytes or more from which its fingerprint is best taken: where it is rarest.
pub(super) fn rarest(literal: &[u8]) -> usize {
    let cost = |three: &[u8]| three.iter().map(|b| weight(*b)).product::<f32>();
    let all = literal.windows(PLACES).take(REACH).enumerate().map(|(at, three)| (cost(three), at));
    all.min_by(|a, b| a.0.total_cmp(&b.0)).map_or(0, |(_, at)| at)
}

fn halves(bytes: &[u8]) -> Halves {
    let add = |sum: Halves, b: &u8| Halves { low: sum.low | 1 << (b & 15), high: sum.high | 1 << (b >> 4) };
    bytes.iter().fold(Halves::default(), add)
}

/// How often about a byte stands in source text: what the two halves of a group admit by chance is weighed by it.
fn weight(b: u8) -> f32 {
    match b {
        b' ' => 12.0,
        b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' => 4.0,
        b'\n' => 3.0,
        b'a'..=b'z' => 2.0,
        b'0'..=b'9' => 1.5,
        b'A'..=b'Z' => 0.6,
        b'!'..=b'~' => 1.0,
        _ => 0.05,
    }
}

/// How often a group turns up.
fn cost(group: &Group, weights: &[[f32; 16]; 16]) -> f32 {
    group
        .iter()
        .map(|place| bits(place.high).map(|h| bits(place.low).map(|l| weights[h][l]).sum::<f32>()).sum::<f32>())
        .product()
}

/// The numbers of the bits that are set.
fn bits(mut set: u16) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = set.trailing_zeros();
        set &= set.checked_sub(1)?;
        Some(bit as usize)
    })
}

fn joined(a: &Group, b: &Group) -> Group {
    std::array::from_fn(|at| Halves { low: a[at].low | b[at].low, high: a[at].high | b[at].high })
}

/// Groups that are being joined to fewer.
struct Joining {
    weights: [[f32; 16]; 16],
    /// Each with its cost; none once it was joined to another.
    groups: Vec<Option<(Group, f32)>>,
    /// For each group what its cheapest join to one before it adds to the cost, and which that is.
    cheapest: Vec<Option<(f32, usize)>>,
}

impl Joining {
    /// What the groups cost together more than apart.
    fn more(&self, one: usize, other: usize) -> Option<(f32, usize)> {
        let ((a, alone), (b, apart)) = (self.groups[one].as_ref()?, self.groups[other].as_ref()?);
        Some((cost(&joined(a, b), &self.weights) - alone - apart, other))
    }

    fn ask(&mut self, one: usize) {
        self.cheapest[one] = (0..one).filter_map(|other| self.more(one, other)).min_by(|a, b| a.0.total_cmp(&b.0));
    }

    /// Joins the two that it costs least to join.
    fn step(&mut self) -> Option<()> {
        let all = self.cheapest.iter().enumerate();
        let (_, (to, from)) = all
            .filter_map(|(from, best)| best.map(|(more, to)| (more, (to, from))))
            .min_by(|a, b| a.0.total_cmp(&b.0))?;
        let (gone, _) = self.groups[from].take()?;
        let both = joined(&self.groups[to].as_ref()?.0, &gone);
        self.groups[to] = Some((both, cost(&both, &self.weights)));
        self.cheapest[from] = None;
        self.ask(to);
        for one in to + 1..self.groups.len() {
            match self.cheapest[one] {
                Some((_, other)) if other == to || other == from => self.ask(one),
                Some(best) => self.cheapest[one] = self.more(one, to).filter(|new| new.0 < best.0).or(Some(best)),
                None => {}
            }
        }
        Some(())
    }
}

/// Joins what costs least when it is joined, until no more than [`GROUPS`] are left.
fn grouped(forms: impl Iterator<Item = Group>) -> Vec<Group> {
    let weight = |high: usize, low: usize| u8::try_from(high << 4 | low).map_or(0.0, weight) / 256.0;
    let weights = std::array::from_fn(|high| std::array::from_fn(|low| weight(high, low)));
    let mut groups: Vec<Group> = Vec::new();
    for form in forms {
        if !groups.contains(&form) {
            groups.push(form);
        }
    }
    let mut left = groups.len();
    let groups = groups.into_iter().map(|group| Some((group, cost(&group, &weights)))).collect();
    let mut joining = Joining { weights, cheapest: vec![None; left], groups };
    (0..left).for_each(|one| joining.ask(one));
    while left > GROUPS && joining.step().is_some() {
        left -= 1;
    }
    joining.groups.into_iter().flatten().map(|(group, _)| group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fearless_simd::{Level, dispatch};
    use proptest::prelude::*;

    proptest! {
        /// No form is missed; of a few forms nothing else is told.
        #[test]
        fn each_form_has_a_place(forms in prop::collection::vec("[ -~]{3}", 1..60), text in "[ -~]{66}") {
            let prints = Prints::new(forms.iter().map(|form| std::array::from_fn(|at| vec![form.as_bytes()[at]])));
            for form in forms.iter().map(String::as_str).chain([text.as_str()]) {
                let text = format!("{form}{}", &text[3..]);
                let block = |at: usize| *text.as_bytes()[at..].first_chunk::<64>().unwrap();
                let places = dispatch!(Level::new(), simd => {
                    let halves = |at: usize| split(u8x64::simd_from(simd, block(at)));
                    prints.load(simd).places(halves(0), halves(1), halves(2))
                });
                for at in 0..64 {
                    let stands = forms.iter().any(|form| text[at..].starts_with(form.as_str()));
                    prop_assert!(places >> at & 1 != 0 || !stands, "{} {}", text, at);
                    prop_assert!(forms.len() > GROUPS || places >> at & 1 == 0 || stands, "{} {}", text, at);
                }
            }
        }
    }
}
