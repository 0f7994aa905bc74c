//! One file that comes through a pipe, under a name the caller gives.

use std::io::{self, Read};
use std::sync::Mutex;

use super::{Outcome, Source, SourceError, Visit, Want, read};
use crate::model::{Coverage, Notice, NoticeKind, RepoPath};

/// A reader as the only input of a scan.
pub struct Stream {
    path: RepoPath,
    reader: Mutex<Box<dyn Read + Send>>,
    max_bytes: u64,
    left_out: bool,
}

impl Stream {
    /// The bytes of `reader` as the file `path`; above `max_bytes` they are searched in windows.
    #[must_use]
    pub fn new(path: RepoPath, reader: Box<dyn Read + Send>, max_bytes: u64) -> Self {
        Self { path, reader: Mutex::new(reader), max_bytes, left_out: false }
    }

    /// The same, not scanned where `left_out`: its name is excluded.
    #[must_use]
    pub fn left_out(mut self, left_out: bool) -> Self {
        self.left_out = left_out;
        self
    }

    fn read(&self, want: Want, visit: &Visit<'_>) -> io::Result<(read::Done, Option<Notice>)> {
        let mut reader = self.reader.lock().map_err(|_| io::Error::other("a scan of it failed before"))?;
        read::visit_reader(&mut **reader, &self.path, want, self.max_bytes, visit)
    }
}

impl Source for Stream {
    fn for_each(&self, wanted: &(dyn Fn(&RepoPath) -> Want + Sync), visit: &Visit<'_>) -> Result<Outcome, SourceError> {
        let mut outcome = Outcome { coverage: Coverage { files_seen: 1, ..Coverage::default() }, ..Outcome::default() };
        let want = wanted(&self.path);
        if self.left_out || want.is_nothing() {
            let why = match self.left_out {
                true => "not scanned: an exclude glob or .portcullisignore matches it",
                false => "no scanner looks at a file of this name. Give its real one with --stdin-filename",
            };
            outcome.notices.push(Notice::warning(NoticeKind::Skipped, why).at(&self.path));
            return Ok(outcome);
        }
        match self.read(want, visit) {
            Ok((done, notice)) => {
                outcome.coverage.files_scanned = u64::from(done.scanned);
                outcome.coverage.bytes_scanned = done.bytes;
                outcome.coverage.binary = u64::from(done.binary);
                outcome.notices.extend(notice);
            }
            Err(error) => {
                let message = format!("standard input cannot be read: {}", error.kind());
                outcome.notices.push(Notice::incomplete(NoticeKind::Unreadable, message).at(&self.path));
            }
        }
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Content;

    const TEXT: Want = Want { text: 1, binary: 0, keep: 0 };

    fn lengths(bytes: &[u8], max_bytes: u64, want: Want) -> (Vec<usize>, Outcome) {
        let seen = Mutex::new(Vec::new());
        let visit = |content: Content<'_>| {
            seen.lock().expect("no panic").push(content.input.bytes.len());
            true
        };
        let reader = Box::new(io::Cursor::new(bytes.to_vec()));
        let outcome = Stream::new(RepoPath::new("a.txt"), reader, max_bytes).for_each(&|_| want, &visit);
        (seen.into_inner().expect("no panic"), outcome.expect("reads"))
    }

    #[test]
    fn a_stream_comes_whole_up_to_the_limit_and_in_windows_above() {
        let (seen, outcome) = lengths(b"abcd", 4, TEXT);
        assert_eq!((seen, outcome.coverage.bytes_scanned), (vec![4], 4));
        let (seen, outcome) = lengths(b"abcde", 4, TEXT);
        assert_eq!((seen, outcome.coverage.bytes_scanned), (vec![5], 5));
        let (_, outcome) = lengths(b"abcde", 4, Want { keep: 1, ..TEXT });
        assert!(outcome.notices[0].incomplete, "a parser did not get it");
    }

    #[test]
    fn what_nobody_wants_is_told() {
        let (seen, outcome) = lengths(b"abcd", 4, Want::default());
        assert!(seen.is_empty() && outcome.notices[0].message.contains("--stdin-filename"));
    }
}
