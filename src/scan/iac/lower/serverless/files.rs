//! The files of the tree that a service may take parts from.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use crate::model::{KeptInput, RepoPath};
use crate::syntax::{Node, json, yaml};

/// Files that are read for a part of a service, at most this long.
const MAX_BYTES: usize = 1 << 20;
/// JSON is read only where the name says that it holds settings: most of a tree's JSON is data.
const SETTINGS: [&str; 8] = ["config", "env", "param", "resource", "secret", "serverless", "setting", "var"];

/// Every file that may be a part of a service, parsed when one asks for it.
#[derive(Default)]
pub struct Files<'k> {
    by_path: BTreeMap<&'k str, (&'k KeptInput, OnceCell<Option<Node>>)>,
}

impl<'k> Files<'k> {
    /// Of everything that was kept.
    pub fn new(kept: &'k [KeptInput]) -> Self {
        let parts = kept.iter().filter(|input| may_be_part(&input.path, &input.bytes));
        Self { by_path: parts.map(|input| (input.path.as_str(), (input, OnceCell::new()))).collect() }
    }

    /// The first document of `path`, as written in a service of `folder`. `None` where the tree has no such file.
    pub fn get(&self, folder: &str, path: &str) -> Option<(&RepoPath, &Node)> {
        let path = RepoPath::resolve(folder, path)?;
        let (input, parsed) = self.by_path.get(path.as_str())?;
        let node = parsed.get_or_init(|| match input.path.extension() {
            "json" => Some(json::parse(&input.bytes).value),
            _ => yaml::parse_documents(&input.bytes).value.into_iter().next(),
        });
        node.as_ref().map(|node| (&input.path, node))
    }
}

/// True for a file that a service may name in `${file(…)}`.
pub fn may_be_part(path: &RepoPath, bytes: &[u8]) -> bool {
    let named = || SETTINGS.iter().any(|word| path.file_name().contains(word));
    let kind = match path.extension() {
        "yml" | "yaml" => memchr::memmem::find(bytes, b"apiVersion:").is_none(),
        "json" => named(),
        _ => false,
    };
    kind && bytes.len() <= MAX_BYTES && !path.parent().ends_with(".github/workflows")
}
