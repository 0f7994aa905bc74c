//! Exit codes: a public promise.

use std::process::ExitCode;

/// What a run tells its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: nothing at or above the gate's severity, and everything was looked at.
    Pass,
    /// 1: the gate failed, whether or not the scan was complete.
    Failed,
    /// 2: the command line, the configuration, a rule file or the database cannot be used; nothing was
    /// scanned.
    Usage,
    /// 3: something could not be scanned, and what could be did not fail the gate.
    Incomplete,
}

impl Exit {
    /// As a number.
    pub fn code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Incomplete => 3,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}
