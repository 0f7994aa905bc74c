//! The terminal: what standard error says, in which width and colour; files written beside and renamed.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::CliError;
use super::args::{Cli, Color};
use crate::advisory::store;
use crate::model::{Notice, NoticeLevel, RepoPath, ScanReport};
use crate::report::escape::log_line;

/// How this process may speak.
#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    /// Colour on standard output.
    pub color: bool,
    /// Standard output's width in columns; `None` where it is no terminal.
    pub width: Option<usize>,
    /// Nothing but the report and errors.
    pub quiet: bool,
    /// Every notice.
    pub verbose: bool,
    progress: bool,
}

impl Terminal {
    /// From the flags, the environment (`NO_COLOR`, `CLICOLOR_FORCE`, `TERM`) and the streams.
    pub fn find(cli: &Cli) -> Self {
        let set = |name| env(name).is_some_and(|value| !value.is_empty());
        let dumb = env("TERM").is_some_and(|term| term == "dumb");
        let terminal = io::stdout().is_terminal();
        let color = match cli.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => !set("NO_COLOR") && (set("CLICOLOR_FORCE") || terminal && !dumb),
        };
        let width = terminal.then(|| usize::from(console_width()));
        let progress = io::stderr().is_terminal() && !cli.quiet && !dumb;
        Self { color, width, quiet: cli.quiet, verbose: cli.verbose, progress }
    }

    /// The same, saying nothing but the report and errors.
    pub fn quietly(self) -> Self {
        Self { quiet: true, verbose: false, progress: false, ..self }
    }

    /// Tells an error that ends the run.
    pub fn error(&self, error: &CliError) {
        let _ = writeln!(io::stderr(), "error: {}", lines(&error.to_string()));
    }

    /// Tells a remark, where all is to be told.
    pub fn remark(&self, text: &str) {
        if self.verbose {
            let _ = writeln!(io::stderr(), "note: {}", log_line(text));
        }
    }

    /// Tells the notices that matter at this verbosity.
    pub fn notices(&self, report: &ScanReport) {
        if self.quiet {
            return;
        }
        let mut err = io::stderr().lock();
        let told = |notice: &&Notice| self.verbose || notice.level > NoticeLevel::Note;
        for notice in report.notices.iter().filter(told) {
            let text = format!("{}: {}{}", notice.level.word(), place(notice), notice.message);
            let _ = writeln!(err, "{}", log_line(&text));
        }
    }

    /// Tells why the run passes or fails.
    pub fn verdict(&self, report: &ScanReport) {
        if self.quiet {
            return;
        }
        let mut err = io::stderr().lock();
        for line in &report.verdict {
            let _ = writeln!(err, "{}", log_line(line));
        }
    }

    /// A progress line on standard error, from half a second on; nothing where that is no terminal.
    pub fn progress(&self) -> Progress {
        let bar = if self.progress {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
            let style = ProgressStyle::with_template("{spinner} {elapsed} {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.enable_steady_tick(Duration::from_millis(500));
            bar
        } else {
            ProgressBar::hidden()
        };
        Progress(Arc::new(Counts {
            files: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            findings: AtomicU64::new(0),
            bar,
        }))
    }
}

fn console_width() -> u16 {
    let asked = env("COLUMNS").and_then(|columns| columns.parse().ok());
    asked.or_else(|| terminal_size::terminal_size().map(|(width, _)| width.0)).unwrap_or(100)
}

/// `path:line:column: `, as far as it is known.
fn place(notice: &Notice) -> String {
    let path = notice.path.as_ref().map(ToString::to_string);
    let parts = [path, notice.line.map(|line| line.to_string()), notice.column.map(|column| column.to_string())];
    let known: Vec<String> = parts.into_iter().map_while(|part| part).collect();
    if known.is_empty() { String::new() } else { format!("{}: ", known.join(":")) }
}

/// Text of several lines, each safe for a terminal.
pub fn lines(text: &str) -> String {
    text.split('\n').map(log_line).collect::<Vec<_>>().join("\n")
}

/// An environment variable as text; one that is not UTF-8 counts as absent.
pub fn env(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the environment is read in cli, and here alone")]
    std::env::var(name).ok()
}

/// The platform's cache folder for portcullis; none on a system that names none.
pub fn cache_folder() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "the environment is read in cli, and here alone")]
    store::cache_folder(&|name| std::env::var_os(name))
}

/// Where a file of a tree is: a regular one, and no part of its path below `base` a link. `None` where that is not so.
///
/// # Errors
/// What the system said where there is none.
pub fn without_links(base: &Path, path: &RepoPath) -> io::Result<Option<PathBuf>> {
    let mut disk = base.to_path_buf();
    let parts: Vec<&str> = path.as_str().split('/').collect();
    for (at, part) in parts.iter().enumerate() {
        disk.push(part);
        let kind = disk.symlink_metadata()?.file_type();
        let last = at + 1 == parts.len();
        if kind.is_symlink() || (last && !kind.is_file()) {
            return Ok(None);
        }
    }
    Ok(Some(disk))
}

/// Files, bytes and findings so far.
#[derive(Clone, Debug)]
pub struct Progress(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    files: AtomicU64,
    bytes: AtomicU64,
    findings: AtomicU64,
    bar: ProgressBar,
}

impl Progress {
    /// One more file of so many bytes.
    pub fn file(&self, bytes: u64) {
        let counts = &self.0;
        let files = counts.files.fetch_add(1, Ordering::Relaxed) + 1;
        let bytes = counts.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if files.is_multiple_of(64) && !counts.bar.is_hidden() {
            let megabytes = bytes as f64 / 1e6;
            let rate = megabytes / counts.bar.elapsed().as_secs_f64().max(0.001);
            let findings = counts.findings.load(Ordering::Relaxed);
            counts.bar.set_message(format!("{files} files, {megabytes:.0} MB ({rate:.0} MB/s), {findings} findings"));
        }
    }

    /// So many more findings.
    pub fn findings(&self, count: usize) {
        self.0.findings.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// Takes the line away.
    pub fn done(&self) {
        self.0.bar.finish_and_clear();
    }
}

/// Reads a file that the command line names.
///
/// # Errors
/// Names the file.
pub fn read_file(path: &Path) -> Result<Vec<u8>, CliError> {
    #[expect(clippy::disallowed_methods, reason = "a file that the command line names")]
    std::fs::read(path).map_err(|error| CliError::usage(format!("cannot read `{}`: {error}", path.display())))
}

/// Writes a file beside its place and renames it there, so that nobody reads half of it.
///
/// # Errors
/// Where the folder is missing or cannot be written.
pub fn write_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), CliError> {
    let failed = |source| CliError::Write { place: format!("`{}`", path.display()), source };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let beside = path.with_file_name(name);
    // The parent of a bare file name is empty: the current folder.
    if path.parent().is_some_and(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        return Err(failed(io::Error::new(io::ErrorKind::NotFound, "its folder does not exist")));
    }
    // A device such as /dev/null or /dev/stdout is written as it is.
    if path.exists() && !path.is_file() {
        let file = File::options().write(true).open(path).map_err(failed)?;
        let mut out = io::BufWriter::new(file);
        return write(&mut out).and_then(|()| out.flush()).map_err(failed);
    }
    let written = File::create(&beside).and_then(|file| {
        let mut out = io::BufWriter::new(file);
        write(&mut out)?;
        out.flush()
    });
    let renamed = written.and_then(|()| std::fs::rename(&beside, path));
    renamed.map_err(|error| {
        let _ = std::fs::remove_file(&beside);
        failed(error)
    })
}
