//! Layer 3: scanners. They do not import each other; [`registry`] alone names them.

pub mod deps;
pub mod iac;
pub mod registry;
pub mod secrets;

use crate::model::{Input, KeptInput, RepoPath, Rule, Sink};
use std::sync::Arc;

/// How much of a file a scanner wants, decided from its path before anything is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interest {
    /// Never opened on this scanner's account.
    None,
    /// `scan` is called with the content, or with each window of it where it is past the size limit.
    Scan,
    /// `scan` is called, and `finish` gets the whole content again. Files past the size limit are not
    /// kept: the engine says so in a notice.
    ScanAndKeep,
    /// `scan` is called only where the file is an executable, with each piece of build data that a compiler left in it:
    /// Go's build information, cargo-auditable's list of crates. Lines and columns say nothing of such a file.
    Executable,
}

/// One kind of check over a stream of inputs.
///
/// Built once per run, then shared by every worker thread. A scanner does no I/O and reads no clock:
/// bytes arrive as an [`Input`], drafts and notices leave through a [`Sink`].
pub trait Scanner: Send + Sync {
    /// Name in `--scanners` and in configuration, and the first part of its rule ids: `secrets`.
    fn name(&self) -> &'static str;

    /// Every rule it can report that is known without looking at the tree. SARIF lists those that fired, or
    /// all on request. Rules born of data (one per advisory) come with their drafts alone.
    fn rules(&self) -> Vec<Arc<Rule>>;

    /// Asked once for every path of the source, so it neither allocates nor runs a regex.
    fn interest(&self, path: &RepoPath) -> Interest;

    /// What the answer of [`scan`](Self::scan) comes from beside the input: rules, settings, in bytes that change
    /// when they do. `None` where it is not said, or where other files have a say; such a scanner is always asked.
    fn version(&self) -> Option<Vec<u8>> {
        None
    }

    /// True where it wants what its `interest` names also in folders of installed packages (`node_modules`) that git
    /// ignores; other scanners are not asked about those.
    fn reads_installed(&self) -> bool {
        false
    }

    /// Checks one input. Text that does not parse is a notice, not an error: the part that was understood
    /// is still checked.
    fn scan(&self, input: &Input<'_>, sink: &mut Sink);

    /// Files of the tree that [`finish`](Self::finish) gets beside what was kept, where they are there: what a kept file
    /// names and the run may not have read. `kept` is what came in last; asked again with what that brought. Nothing
    /// is told of such a file itself.
    fn beside(&self, kept: &[KeptInput]) -> Vec<RepoPath> {
        let _ = kept;
        Vec::new()
    }

    /// Checks that need several files: `Cargo.lock` with its `Cargo.toml`, a Terraform module. `kept` holds
    /// the inputs this scanner answered `ScanAndKeep` for, sorted by path; drafts name their file with
    /// [`crate::model::Draft::at`].
    fn finish(&self, kept: &[KeptInput], sink: &mut Sink) {
        let _ = (kept, sink);
    }
}
