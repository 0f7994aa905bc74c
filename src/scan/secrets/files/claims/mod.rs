//! Which file is of which format, by its name alone.

mod clients;
mod keys;
mod projects;

use std::collections::HashMap;
use std::sync::OnceLock;

use super::Reader;
use crate::model::RepoPath;
use clients::CLIENTS;
use projects::PROJECTS;

/// File names, with folders where the name alone says too little, and how such a file is read; a `*` stands for any text
/// of one name.
type Format = (&'static [&'static str], Reader);

struct Claims {
    exact: HashMap<&'static str, Vec<(&'static str, Reader)>>,
    patterns: Vec<(Pattern, Reader)>,
}

/// `folder/head*tail`, cut up.
struct Pattern {
    folder: &'static str,
    head: &'static str,
    tail: &'static str,
}

impl Pattern {
    fn new(written: &'static str) -> Self {
        let (folder, name) = written.rsplit_once('/').unwrap_or(("", written));
        let (head, tail) = name.split_once('*').unwrap_or((name, ""));
        Self { folder, head, tail }
    }

    fn fits(&self, parent: &str, name: &str) -> bool {
        // Every text that is searched asks dozens of patterns: one byte turns most of them down.
        let ends = |one: &str| (one.as_bytes().first().copied(), one.as_bytes().last().copied());
        let (first, last) = ends(name);
        name.len() >= self.head.len() + self.tail.len()
            && (self.tail.is_empty() || ends(self.tail).1 == last)
            && (self.head.is_empty() || ends(self.head).0 == first)
            && name.ends_with(self.tail)
            && name.starts_with(self.head)
            && (self.folder.is_empty() || ends_with(parent, self.folder))
    }
}

fn table() -> &'static Claims {
    static TABLE: OnceLock<Claims> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut claims = Claims { exact: HashMap::new(), patterns: Vec::new() };
        for (names, reader) in CLIENTS.iter().chain(PROJECTS) {
            for name in *names {
                match name.rsplit('/').next() {
                    Some(last) if !last.contains('*') => claims.exact.entry(last).or_default().push((name, *reader)),
                    _ => claims.patterns.push((Pattern::new(name), *reader)),
                }
            }
        }
        claims
    })
}

/// The readers of a file, in the order of the table.
pub(super) fn readers(path: &RepoPath) -> Vec<Reader> {
    let lower = path.as_str().to_ascii_lowercase();
    let (parent, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let table = table();
    let exact = table.exact.get(name).into_iter().flatten().filter(|(tail, _)| ends_with(&lower, tail));
    let patterns = table.patterns.iter().filter(|(pattern, _)| pattern.fits(parent, name));
    exact.map(|(_, reader)| *reader).chain(patterns.map(|(_, reader)| *reader)).collect()
}

/// True where `tail` is the end of a path, from the start of a name.
fn ends_with(path: &str, tail: &str) -> bool {
    path.strip_suffix(tail).is_some_and(|head| head.is_empty() || head.ends_with('/'))
}
