//! Files that kept ones name and the run did not read: bases of an overlay that alone changed, texts that a configuration
//! reads into a value.

use std::collections::HashSet;

use crate::model::{KeptInput, RepoPath};
use crate::scan::Scanner;
use crate::source::Source;

/// How often what was read may name more.
const ROUNDS: usize = 16;
/// Files that are asked for, at most.
const MAX_FILES: usize = 4_000;
/// Bytes of one of them.
const MAX_FILE: u64 = 1 << 20;
/// Bytes of all of them.
const MAX_BYTES: usize = 32 << 20;

/// Adds to `own`, the inputs that were kept for a scanner, those that it wants beside them; they are named in what is
/// returned. `own` stays sorted by path.
pub(super) fn add(source: &dyn Source, scanner: &dyn Scanner, own: &mut Vec<KeptInput>) -> HashSet<RepoPath> {
    let mut asked: HashSet<RepoPath> = HashSet::new();
    let mut added = HashSet::new();
    let mut wanted = scanner.beside(own);
    if wanted.is_empty() {
        return added;
    }
    asked.extend(own.iter().map(|input| input.path.clone()));
    let (mut files, mut bytes) = (MAX_FILES, MAX_BYTES);
    for _ in 0..ROUNDS {
        wanted.sort_unstable();
        wanted.retain(|path| asked.insert(path.clone()));
        wanted.truncate(files);
        if wanted.is_empty() {
            break;
        }
        files -= wanted.len();
        let mut found = source.beside(&wanted, MAX_FILE);
        found.sort_by(|a, b| a.path.cmp(&b.path));
        found.retain(|input| {
            let left = bytes.checked_sub(input.bytes.len());
            bytes = left.unwrap_or(bytes);
            left.is_some()
        });
        wanted = scanner.beside(&found);
        added.extend(found.iter().map(|input| input.path.clone()));
        own.append(&mut found);
    }
    own.sort_by(|a, b| a.path.cmp(&b.path));
    added
}
