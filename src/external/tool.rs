//! External scanners: run beside our own, their SARIF taken, their failures told.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use super::interrupt::Scratch;
use super::process::{Ended, ProcessError, Program};
use super::sarif_import::{FindSecrets, Import};
use crate::model::{Notice, NoticeKind, RepoPath};

/// What a program's argument holds where the path of the file it writes goes.
const OUT: &str = "{out}";
/// The name of that file.
const WRITTEN: &str = "out.sarif";
/// Characters of a program's own words in a notice.
const WORDS: usize = 300;

/// One external scanner.
#[derive(Clone, Debug)]
pub struct Tool {
    /// What notices call it.
    pub name: String,
    /// How it is run; the file it writes stands as `{out}` in its arguments.
    pub program: Program,
    /// Exit codes beside 0 of a run whose SARIF counts.
    pub findings: Vec<i32>,
    /// Exit codes of a run that had nothing to look at.
    pub nothing: Vec<i32>,
}

/// A tool that was started.
pub struct Running {
    name: String,
    thread: JoinHandle<Outcome>,
}

/// What a tool came to.
enum Outcome {
    Sarif(Vec<Vec<u8>>),
    Nothing,
    Failed(String),
}

impl Tool {
    /// Starts it in a thread of its own.
    #[must_use]
    pub fn start(self) -> Running {
        Running { name: self.name.clone(), thread: std::thread::spawn(move || self.run()) }
    }

    fn run(mut self) -> Outcome {
        let wanted = self.program.argv.iter().any(|argument| argument.to_string_lossy().contains(OUT));
        let scratch = match wanted.then(Scratch::new).transpose() {
            Ok(scratch) => scratch,
            Err(error) => return Outcome::Failed(format!("no temporary folder can be made: {error}")),
        };
        if let Some(scratch) = &scratch {
            self.program.writes = Some(scratch.path().join(WRITTEN));
            let out = scratch.path().join(WRITTEN).to_string_lossy().into_owned();
            let filled = |argument: &OsString| OsString::from(argument.to_string_lossy().replace(OUT, &out));
            self.program.argv = self.program.argv.iter().map(filled).collect();
        }
        let ended = match self.program.run() {
            Ok(ended) => ended,
            Err(error) => return Outcome::Failed(error.to_string()),
        };
        match ended.code {
            Some(code) if self.nothing.contains(&code) => return Outcome::Nothing,
            Some(code) if code == 0 || self.findings.contains(&code) => {}
            Some(code) => return Outcome::Failed(format!("it ended with exit code {code}{}", words(&ended))),
            None => return Outcome::Failed(format!("a signal ended it{}", words(&ended))),
        }
        let files = match &scratch {
            Some(scratch) => written(scratch, self.program.max_output).map_err(|error| error.to_string()),
            None => Ok(Vec::from([ended.stdout.clone()])),
        };
        match files {
            Ok(files) if files.iter().all(|file| file.trim_ascii().is_empty()) => {
                Outcome::Failed(format!("it wrote no SARIF{}", words(&ended)))
            }
            Ok(files) => Outcome::Sarif(files),
            Err(error) => Outcome::Failed(error),
        }
    }
}

impl Running {
    /// Waits for it, and adds what it found to `import`; what went wrong is a notice, and the scan incomplete.
    pub fn finish(self, import: &mut Import<'_>, secrets: Option<&FindSecrets>) {
        let name = self.name;
        let outcome = self.thread.join().unwrap_or_else(|_| Outcome::Failed("it met an internal error".to_owned()));
        let failed = |text: &str| {
            Notice::incomplete(NoticeKind::Tool, masked(&format!("The tool `{name}` failed: {text}."), secrets))
        };
        match outcome {
            Outcome::Sarif(files) => {
                for file in files {
                    if let Err(error) = import.read(&name, &file) {
                        import.tell(failed(&format!("{error}")));
                    }
                }
            }
            Outcome::Nothing => {
                import.tell(Notice::note(NoticeKind::Tool, format!("The tool `{name}` had nothing to scan.")));
            }
            Outcome::Failed(why) => import.tell(failed(&why)),
        }
    }
}

/// The last line of standard error, short.
fn words(ended: &Ended) -> String {
    let text = String::from_utf8_lossy(&ended.stderr);
    let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty());
    line.map_or_else(String::new, |line| format!(": {}", line.chars().take(WORDS).collect::<String>()))
}

/// A program's words without secrets: it read the tree.
fn masked(text: &str, secrets: Option<&FindSecrets>) -> String {
    let mut object = serde_json::Map::from_iter([("text".to_owned(), text.into())]);
    if let Some(find) = secrets {
        let path = RepoPath::new("stderr");
        super::sarif_mask::hide_found(&mut object, &|text| find(&path, text));
    }
    object["text"].as_str().unwrap_or_default().trim_end_matches("..").to_owned()
}

/// What was written to the path given, or, where a program made a folder of it, the SARIF files in that.
fn written(scratch: &Scratch, limit: u64) -> Result<Vec<Vec<u8>>, ProcessError> {
    let out = scratch.path().join(WRITTEN);
    let mut files = vec![out.clone()];
    if out.is_dir() {
        let inside = std::fs::read_dir(&out).map_err(ProcessError::Output)?;
        let is_sarif = |path: &PathBuf| path.extension().is_some_and(|end| end == "sarif");
        files = inside.filter_map(|entry| Some(entry.ok()?.path())).filter(is_sarif).collect();
        files.sort();
    }
    files.iter().filter(|file| file.is_file()).map(|file| read(file, limit)).collect()
}

fn read(file: &Path, limit: u64) -> Result<Vec<u8>, ProcessError> {
    #[expect(clippy::disallowed_methods, reason = "the file that an external tool was told to write")]
    let opened = std::fs::File::open(file).map_err(ProcessError::Output)?;
    let mut bytes = Vec::new();
    opened.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(ProcessError::Output)?;
    if bytes.len() as u64 > limit { Err(ProcessError::TooMuch(limit)) } else { Ok(bytes) }
}
