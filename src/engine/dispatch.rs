//! Which scanners want a path; asked once for each.

use crate::model::RepoPath;
use crate::scan::{Interest, Scanner};
use crate::source::Want;

/// The scanners of a run, as bits of a mask.
pub struct Dispatch<'a> {
    scanners: &'a [Box<dyn Scanner>],
}

impl<'a> Dispatch<'a> {
    /// At most 32 scanners; more are not asked.
    pub fn new(scanners: &'a [Box<dyn Scanner>]) -> Self {
        debug_assert!(scanners.len() <= 32, "a mask has 32 bits");
        Self { scanners }
    }

    /// What all of them together want of a path.
    pub fn want(&self, path: &RepoPath) -> Want {
        let mut want = Want::default();
        for (bit, scanner) in self.scanners.iter().enumerate().take(32) {
            let bit = 1 << bit;
            let interest = scanner.interest(path);
            match interest {
                Interest::None => {}
                Interest::Scan | Interest::ScanAndKeep => want.text |= bit,
                Interest::Executable => want.binary |= bit,
            }
            if interest == Interest::ScanAndKeep {
                want.keep |= bit;
            }
        }
        want
    }
}
