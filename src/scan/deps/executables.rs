//! Executables: the modules and crates that compilers say they are made of.

use std::sync::Mutex;

use crate::lockfile::executable;
use crate::model::{Draft, Input, Notice, NoticeKind, Package, RepoPath, Sink};

/// What was read so far, from many threads: for each piece of build data its packages.
#[derive(Default)]
pub(super) struct Executables(Mutex<Vec<(RepoPath, Vec<Package>)>>);

impl Executables {
    /// Reads one piece of build data.
    pub(super) fn add(&self, input: &Input<'_>, sink: &mut Sink) {
        let parsed = executable::parse(input.bytes);
        if let Some(first) = parsed.errors.first() {
            let message = format!("the executable's build data was not read whole: {}", first.message);
            sink.notice(Notice::incomplete(NoticeKind::Unparsed, message).at(input.path));
        }
        if let (Ok(mut all), false) = (self.0.lock(), parsed.value.is_empty()) {
            all.push((input.path.clone(), parsed.value));
        }
    }

    /// Everything that was read, by path.
    pub(super) fn take(&self) -> Vec<(RepoPath, Vec<Package>)> {
        let mut all = self.0.lock().map(|mut all| std::mem::take(&mut *all)).unwrap_or_default();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }
}

/// Says what the finding's place cannot: an executable has no lines.
pub(super) fn told(draft: &mut Draft) {
    draft.message.push_str(" It is compiled into this executable.");
}
