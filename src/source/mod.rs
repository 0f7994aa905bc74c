//! Layer 1: where inputs come from. Each source yields the same [`Input`]s to the same scanners.

pub mod cache;
mod executable;
pub mod git;
mod read;
pub mod stream;
pub mod tree;

use crate::model::{Commit, Coverage, Input, KeptInput, Notice, Provenance, RepoPath};
use std::path::PathBuf;
use std::sync::Arc;

/// What the engine wants of one path. The masks have one bit per scanner, in the engine's order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Want {
    /// Scanners that take text.
    pub text: u32,
    /// Scanners that take the build data of executables.
    pub binary: u32,
    /// Scanners that want the whole content kept; a subset of `text`.
    pub keep: u32,
}

impl Want {
    /// True where nobody wants the path: it is never opened.
    #[must_use]
    pub fn is_nothing(self) -> bool {
        self.text | self.binary == 0
    }

    /// What is left of it for the scanners of a mask.
    #[must_use]
    pub fn only(self, scanners: u32) -> Self {
        Self { text: self.text & scanners, binary: self.binary & scanners, keep: self.keep & scanners }
    }
}

/// One piece of content on its way to the scanners.
#[derive(Clone, Copy, Debug)]
pub struct Content<'a> {
    /// The bytes and where they came from.
    pub input: Input<'a>,
    /// What the engine answered for its path.
    pub want: Want,
    /// True for the build data of an executable, which goes to the scanners of `want.binary` alone. Of other content
    /// that looks binary (a NUL byte in its first 8 KiB) nothing comes this way.
    pub binary: bool,
}

/// The commit that first had a blob, by the blob's object id in hexadecimal; `None` where the blob was there
/// before the range.
pub type Attribution = dyn Fn(&str) -> Option<Commit> + Send + Sync;

/// Lines of a file, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lines {
    /// Every line.
    All,
    /// First and last of each stretch; a last below the first is a place where lines went, right before the
    /// first.
    Some(Vec<(u32, u32)>),
}

/// Which lines of a file a change brought; `None` of a file that it did not touch.
pub type NewLines = dyn Fn(&RepoPath) -> Option<Lines> + Send + Sync;

/// Takes one piece of content, from any thread. True where nothing came of it: no finding, nothing to tell, nothing
/// kept, no comment that might suppress something.
pub type Visit<'a> = dyn Fn(Content<'_>) -> bool + Sync + 'a;

/// What a source could read, and what it could not.
#[derive(Default)]
pub struct Outcome {
    /// Files and bytes.
    pub coverage: Coverage,
    /// Unreadable files, skipped windows; in no particular order.
    pub notices: Vec<Notice>,
    /// Who brought what; only of a history.
    pub attribution: Option<Box<Attribution>>,
    /// What is new; only of a change. Findings elsewhere are not told.
    pub lines: Option<Arc<NewLines>>,
    /// Which repository and commit; only of commits.
    pub provenance: Option<Provenance>,
}

/// A supply of inputs, each read once.
pub trait Source: Sync {
    /// Calls `visit` for every input whose path is `wanted`, from many threads, in no order.
    ///
    /// # Errors
    /// Only when nothing can be read: no such directory, not a repository. A single unreadable file is a
    /// notice in the [`Outcome`], and makes the scan incomplete.
    fn for_each(&self, wanted: &(dyn Fn(&RepoPath) -> Want + Sync), visit: &Visit<'_>) -> Result<Outcome, SourceError>;

    /// Those of some files that are there, in the same state of the tree: whole, text, and each at most `limit` bytes.
    /// No link is followed. Nothing of it counts as read.
    fn beside(&self, paths: &[RepoPath], limit: u64) -> Vec<KeptInput> {
        let _ = (paths, limit);
        Vec::new()
    }
}

/// Why a source yields nothing at all.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The root is missing or unreadable: the caller named the wrong place.
    #[error("cannot read `{}`: {source}. Name an existing folder or file to scan", path.display())]
    Root {
        /// As it was given.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// An `--include`, `--exclude` or ignore glob that does not parse.
    #[error("`{glob}` is not a glob: {message}. Quote it, and escape `[` and `{{` with a backslash")]
    Glob {
        /// As it was given.
        glob: String,
        /// What the glob parser said.
        message: String,
    },
    /// A git repository that cannot be used.
    #[error("{message}")]
    Git {
        /// What is wrong, where, and what to do.
        message: String,
    },
}
