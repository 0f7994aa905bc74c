//! One external program, run within limits: no shell, an environment of its own, killed with all it began.

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use super::interrupt::Group;

/// How often a program is asked whether it has ended.
const POLL: Duration = Duration::from_millis(10);
/// How long its output may stay open once it was killed.
const GRACE: Duration = Duration::from_secs(2);
/// Bytes of standard error that are kept: its end says why it failed.
const STDERR: usize = 16 * 1024;

/// What to run, and within which limits.
#[derive(Clone, Debug)]
pub struct Program {
    /// The program and its arguments, as the system gets them.
    pub argv: Vec<OsString>,
    /// Its current folder.
    pub folder: PathBuf,
    /// Its whole environment.
    pub env: Vec<(OsString, OsString)>,
    /// Wall time.
    pub timeout: Duration,
    /// Bytes of standard output, and of the file it writes.
    pub max_output: u64,
    /// The file it writes, where it writes one: no disk is filled.
    pub writes: Option<PathBuf>,
}

/// How a program ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// All of standard output.
    pub stdout: Vec<u8>,
    /// The end of standard error.
    pub stderr: Vec<u8>,
}

/// Why a program has no output that could be used.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It is not installed, or may not be run.
    #[error("it cannot be started: {0}")]
    Start(io::Error),
    /// It ran too long.
    #[error("it was ended after {} s", .0.as_secs_f64())]
    Timeout(Duration),
    /// It wrote too much.
    #[error("it wrote more than {0} bytes, and was ended")]
    TooMuch(u64),
    /// Its output could not be read.
    #[error("its output cannot be read: {0}")]
    Output(io::Error),
}

impl Program {
    /// Runs it to its end or to a limit.
    ///
    /// # Errors
    /// Where it does not start or meets a limit; nothing of its process group is left then.
    pub fn run(&self) -> Result<Ended, ProcessError> {
        let (mut child, group) = Group::of(|| self.start(), Child::id).map_err(ProcessError::Start)?;
        let ended = self.attend(&mut child);
        if ended.is_err() {
            kill(&mut child);
        }
        // No zombie stays.
        let _ = child.wait();
        drop(group);
        ended
    }

    fn start(&self) -> io::Result<Child> {
        let (program, arguments) = self.argv.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.folder).env_clear().envs(self.env.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.spawn()
    }

    /// Bytes of the file that it writes so far.
    fn written(&self) -> u64 {
        let file = self.writes.as_ref().and_then(|file| file.symlink_metadata().ok());
        file.filter(|file| file.is_file()).map_or(0, |file| file.len())
    }

    fn attend(&self, child: &mut Child) -> Result<Ended, ProcessError> {
        let limit = self.max_output;
        let stdout = child.stdout.take().map(|pipe| in_thread(move || all(pipe, limit)));
        let stderr = child.stderr.take().map(|pipe| in_thread(move || end(pipe)));
        let deadline = Instant::now() + self.timeout;
        let late = || ProcessError::Timeout(self.timeout);
        let mut early = None;
        let code = loop {
            if let Some(status) = child.try_wait().map_err(ProcessError::Output)? {
                break status.code();
            }
            // A reader that ends before its program met the limit.
            if early.is_none() {
                early = stdout.as_ref().and_then(|reader| reader.try_recv().ok());
            }
            if let Some(Err(error)) = early.take_if(|read| read.is_err()) {
                return Err(error);
            }
            if Instant::now() >= deadline {
                return Err(late());
            }
            if self.written() > limit {
                return Err(ProcessError::TooMuch(limit));
            }
            thread::sleep(POLL);
        };
        // What it left running may hold the pipes open.
        let wait = deadline.saturating_duration_since(Instant::now()).min(GRACE);
        let stdout = match (early, stdout) {
            (Some(read), _) => read?,
            (None, Some(reader)) => reader.recv_timeout(wait).map_err(|_| late())??,
            (None, None) => Vec::new(),
        };
        let stderr = stderr.and_then(|reader| reader.recv_timeout(wait).ok()).unwrap_or_default();
        Ok(Ended { code, stdout, stderr })
    }
}

fn in_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Receiver<T> {
    let (sender, receiver) = mpsc::channel();
    // Nobody may wait for it any more.
    thread::spawn(move || drop(sender.send(work())));
    receiver
}

fn all(pipe: impl Read, limit: u64) -> Result<Vec<u8>, ProcessError> {
    let mut bytes = Vec::new();
    pipe.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(ProcessError::Output)?;
    if bytes.len() as u64 > limit { Err(ProcessError::TooMuch(limit)) } else { Ok(bytes) }
}

/// The last bytes; all is read, so that the program never waits for a reader.
fn end(mut pipe: impl Read) -> Vec<u8> {
    let (mut kept, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = pipe.read(&mut buffer) {
        kept.extend_from_slice(&buffer[..count]);
        let surplus = kept.len().saturating_sub(STDERR);
        kept.drain(..surplus);
    }
    kept
}

/// Ends the program and, on Unix, all of its process group.
fn kill(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
}
