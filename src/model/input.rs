//! What a scanner is given.

use std::sync::Arc;

use super::RepoPath;

/// Where content came from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// A file of the working tree.
    WorkTree,
    /// A blob of the git index.
    Index,
    /// A blob that some commit holds; `blob` is its object id in hexadecimal.
    Commit {
        /// Object id of the blob, hexadecimal.
        blob: Arc<str>,
    },
    /// Bytes given on standard input.
    Stdin,
}

/// A commit of a history, as a finding names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its place in the history, the oldest 0.
    pub number: u32,
    /// Its object id, hexadecimal.
    pub id: String,
    /// The author's name, as the commit has it.
    pub author: String,
    /// The day it was written, `YYYY-MM-DD`.
    pub date: String,
    /// True where the newest commit still holds the content.
    pub in_head: bool,
}

/// One piece of content to scan: a file of the tree, a staged blob, a blob of the history, or one window
/// of a file too large to hold whole. Scanners see no difference between them.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Relative to the scan root.
    pub path: &'a RepoPath,
    /// UTF-16 with a byte order mark arrives as UTF-8; every [`super::Span`] counts bytes of this.
    pub bytes: &'a [u8],
    /// The working tree, the index, a commit, or standard input.
    pub origin: &'a Origin,
    /// The file's line at which `bytes` begins, from 1. Above 1 only for a window of a large file.
    pub first_line: u32,
    /// The file's byte offset at which `bytes` begins. Above 0 only for a window of a large file.
    pub byte_base: u64,
    /// True where `bytes` is the whole content. Parsers want nothing else; secrets take windows too.
    pub whole: bool,
}

impl<'a> Input<'a> {
    /// A whole file of the working tree, as tests and rule examples use it.
    #[must_use]
    pub fn whole(path: &'a RepoPath, bytes: &'a [u8]) -> Self {
        Self { path, bytes, origin: &Origin::WorkTree, first_line: 1, byte_base: 0, whole: true }
    }
}

/// An input that a scanner asked to keep until all inputs were seen.
#[derive(Clone, Debug)]
pub struct KeptInput {
    /// As [`Input::path`].
    pub path: RepoPath,
    /// As [`Input::bytes`].
    pub bytes: Arc<[u8]>,
    /// As [`Input::origin`].
    pub origin: Origin,
}

impl KeptInput {
    /// A file of the working tree, as tests and rule examples use it; `path` as [`RepoPath::new`] takes it.
    #[must_use]
    pub fn work_tree(path: &str, bytes: impl AsRef<[u8]>) -> Self {
        Self { path: RepoPath::new(path), bytes: bytes.as_ref().into(), origin: Origin::WorkTree }
    }

    /// The same content as an [`Input`].
    #[must_use]
    pub fn as_input(&self) -> Input<'_> {
        Input { path: &self.path, bytes: &self.bytes, origin: &self.origin, first_line: 1, byte_base: 0, whole: true }
    }
}
