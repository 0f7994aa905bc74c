//! Which records speak of one defect: the closure over aliases, across sources and never within one.
//!
//! Two records of one source are two defects, even where they share a CVE: their publisher told them apart.

use std::collections::{BTreeSet, HashMap};

use super::record::Record;

/// The publisher of an id: `GHSA`, `RUSTSEC`, `GO`, `MAL`. Any prefix counts, known or not.
fn source(id: &str) -> &str {
    id.split('-').next().unwrap_or(id)
}

/// For each record, the index of the record its group is named after: the lowest id of the group.
/// The records are sorted by id.
#[must_use]
pub fn groups(records: &[Record]) -> Vec<u32> {
    let mut sets = Sets::new(records);
    let by_id: HashMap<&str, u32> = records.iter().zip(0_u32..).map(|(record, n)| (record.id.as_str(), n)).collect();
    // A record that names another is surer than two that name the same third id: those come first.
    for (record, n) in records.iter().zip(0_u32..) {
        for alias in &record.aliases {
            if let Some(&other) = by_id.get(alias.as_str()) {
                sets.join(n, other);
            }
        }
    }
    let mut holders: HashMap<&str, u32> = HashMap::new();
    for (record, n) in records.iter().zip(0_u32..) {
        for alias in &record.aliases {
            let first = *holders.entry(alias).or_insert(n);
            sets.join(first, n);
        }
    }
    (0..records.len() as u32).map(|n| sets.root(n)).collect()
}

/// Disjoint sets, each with the sources of its members; the root is the lowest member.
struct Sets<'a> {
    parent: Vec<u32>,
    sources: Vec<BTreeSet<&'a str>>,
}

impl<'a> Sets<'a> {
    fn new(records: &'a [Record]) -> Self {
        Self {
            parent: (0..records.len() as u32).collect(),
            sources: records.iter().map(|record| BTreeSet::from([source(&record.id)])).collect(),
        }
    }

    fn root(&mut self, mut n: u32) -> u32 {
        while self.parent[n as usize] != n {
            let above = self.parent[self.parent[n as usize] as usize];
            self.parent[n as usize] = above;
            n = above;
        }
        n
    }

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        let (low, high) = (a.min(b), a.max(b));
        if low == high || !self.sources[low as usize].is_disjoint(&self.sources[high as usize]) {
            return;
        }
        let moved = std::mem::take(&mut self.sources[high as usize]);
        self.sources[low as usize].extend(moved);
        self.parent[high as usize] = low;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: &str, aliases: &[&str]) -> Record {
        Record { id: id.to_owned(), aliases: aliases.iter().map(|&a| a.to_owned()).collect(), ..Record::default() }
    }

    #[test]
    fn sources_merge_and_one_source_never_does() {
        let records = [
            record("GHSA-1", &["CVE-1"]),
            record("GO-1", &["CVE-1"]),
            record("RUSTSEC-1", &["GHSA-1"]),
            record("RUSTSEC-2", &["GHSA-1"]),
        ];
        assert_eq!(groups(&records), [0, 0, 0, 3]);
    }
}
