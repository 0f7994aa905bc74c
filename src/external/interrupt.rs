//! Signals that end a run: what it started ends with it, and what it wrote for the time being goes.
//!
//! A program has a process group of its own, so a terminal's interrupt reaches the scan alone. Nothing is listened for
//! before the first program or folder: until then the system's own way to end a process leaves nothing behind.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;

/// What an interrupted run has to end and to remove.
#[derive(Default)]
struct Pending {
    listening: bool,
    /// The process groups that run, by the id of their first process.
    groups: Vec<u32>,
    folders: Vec<PathBuf>,
}

static PENDING: Mutex<Pending> = Mutex::new(Pending { listening: false, groups: Vec::new(), folders: Vec::new() });

/// The table, with somebody listening. A signal takes it for good: who waits for it then waits for the end.
fn pending() -> MutexGuard<'static, Pending> {
    let mut pending = PENDING.lock().unwrap_or_else(PoisonError::into_inner);
    if !pending.listening {
        pending.listening = true;
        #[cfg(unix)]
        unix::listen();
    }
    pending
}

/// A process group that ends when the run is interrupted, for as long as this lives.
#[derive(Debug)]
pub struct Group(u32);

impl Group {
    /// Starts a program and notes its group; no signal is heard in between.
    ///
    /// # Errors
    /// Where `start` fails.
    pub fn of<T>(start: impl FnOnce() -> io::Result<T>, id: impl FnOnce(&T) -> u32) -> io::Result<(T, Self)> {
        let mut pending = pending();
        let started = start()?;
        let group = Self(id(&started));
        pending.groups.push(group.0);
        Ok((started, group))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let mut pending = pending();
        if let Some(place) = pending.groups.iter().position(|group| *group == self.0) {
            pending.groups.swap_remove(place);
        }
    }
}

/// A temporary folder that goes with this value, and where the run is interrupted.
#[derive(Debug)]
pub struct Scratch(TempDir);

impl Scratch {
    /// Makes one where the system keeps temporary files.
    ///
    /// # Errors
    /// Where none can be made there.
    pub fn new() -> io::Result<Self> {
        let mut pending = pending();
        let folder = tempfile::tempdir()?;
        pending.folders.push(folder.path().to_owned());
        Ok(Self(folder))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        pending().folders.retain(|folder| folder != self.0.path());
    }
}

#[cfg(unix)]
mod unix {
    use std::thread;
    use std::time::{Duration, Instant};

    use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    use super::{PENDING, PoisonError};

    /// How long a program may take to tidy up after the polite signal.
    const GRACE: Duration = Duration::from_millis(500);
    const POLL: Duration = Duration::from_millis(10);

    /// Waits for a signal in a thread. One that the caller had ignored (`nohup`, a job in the background) stays so.
    pub(super) fn listen() {
        let ignored = ignored();
        let heard = [SIGHUP, SIGINT, SIGTERM].into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0);
        // Without it, a signal still ends the run, and leaves behind what it always did.
        let Ok(mut signals) = Signals::new(heard) else { return };
        thread::spawn(move || {
            if let Some(signal) = signals.forever().next() {
                end(signal);
            }
        });
    }

    /// Ends all groups, removes all folders, and ends this process with 128 + `signal`.
    fn end(signal: i32) {
        // Kept to the end: nothing starts any more, and no scan goes on without what it started.
        let pending = PENDING.lock().unwrap_or_else(PoisonError::into_inner);
        let groups = pending.groups.iter().filter_map(|group| Pid::from_raw(i32::try_from(*group).ok()?));
        let mut groups: Vec<Pid> = groups.collect();
        let deadline = Instant::now() + GRACE;
        for group in &groups {
            let _ = kill_process_group(*group, Signal::TERM);
        }
        while !groups.is_empty() && Instant::now() < deadline {
            thread::sleep(POLL);
            groups.retain(|group| test_kill_process_group(*group).is_ok());
        }
        for group in groups {
            let _ = kill_process_group(group, Signal::KILL);
        }
        for folder in &pending.folders {
            let _ = std::fs::remove_dir_all(folder);
        }
        #[expect(clippy::exit, reason = "the run was told to end")]
        std::process::exit(128 + signal)
    }

    /// The signals that this process was started to ignore, one bit each from signal 1 on; none where the system has no
    /// `/proc`.
    fn ignored() -> u64 {
        #[expect(clippy::disallowed_methods, reason = "the system's word on this process, no scanned content")]
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
    }
}
