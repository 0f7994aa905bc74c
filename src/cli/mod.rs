//! Layer 5: the command line.

pub mod args;
pub mod baseline;
mod cache;
mod ci;
mod config;
pub mod db;
pub mod exit;
pub mod explain;
pub mod fix;
mod foreign;
mod gate_report;
mod helm;
pub mod hook;
pub mod init;
mod inputs;
mod linters;
pub mod merge;
mod narrow;
mod online;
mod output;
mod own_rules;
mod plan;
mod rules;
mod sbom;
mod scan;
mod settings;
mod targets;
pub mod tolerate;
mod tools;
mod watch;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::triage::gate::Verdict;
use args::{Cli, Command};
use exit::Exit;

/// Why a command could not do its work: the caller's command line, files or configuration are at fault.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// Said in one message that names the place and the next step.
    #[error("{0}")]
    Usage(String),
    /// The configuration file.
    #[error(transparent)]
    Config(#[from] crate::config::ConfigError),
    /// The run could not begin.
    #[error(transparent)]
    Run(#[from] crate::engine::RunError),
    /// Output could not be written.
    #[error("cannot write {place}: {source}")]
    Write {
        /// Standard output, or a file's path.
        place: String,
        /// What the system said.
        source: io::Error,
    },
}

impl CliError {
    /// A usage error from anything that explains itself.
    pub fn usage(message: impl std::fmt::Display) -> Self {
        Self::Usage(message.to_string())
    }

    fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Write { source, .. } if source.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// Runs the command line of this process; the exit code is a documented [`Exit`].
#[must_use]
pub fn main() -> ExitCode {
    quiet_panics();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; clap writes each to its own stream.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Pass };
            let _ = error.print();
            return exit.into();
        }
    };
    let terminal = output::Terminal::find(&cli);
    match run(&cli, &terminal) {
        Ok(exit) => exit.into(),
        // The reader of a pipe has gone: it has what it wanted.
        Err(error) if error.is_broken_pipe() => Exit::Pass.into(),
        Err(error) => {
            terminal.error(&error);
            Exit::Usage.into()
        }
    }
}

fn run(cli: &Cli, terminal: &output::Terminal) -> Result<Exit, CliError> {
    match &cli.command {
        Command::Scan(args) if args.watch => watch::run(args, terminal),
        Command::Scan(args) => scan::run(args, terminal),
        Command::Sbom(args) => sbom::run(args, terminal),
        Command::Merge(args) => match merge::run(args, terminal)? {
            Verdict::Pass => Ok(Exit::Pass),
            Verdict::Fail => Ok(Exit::Failed),
            Verdict::Incomplete => Ok(Exit::Incomplete),
        },
        Command::Baseline(args) => scan::baseline(args, terminal),
        Command::Db(args) => match db::run(args, &mut io::stdout().lock()).map_err(CliError::usage)? {
            0 => Ok(Exit::Pass),
            _ => Ok(Exit::Incomplete),
        },
        Command::Hook(args) => hook::run(args, terminal),
        Command::Fix(args) => fix::run(args, terminal),
        Command::Ignore(args) => tolerate::run(args, terminal),
        Command::Init(args) => init::run(args, terminal),
        Command::Rules(args) => rules::run(args, terminal),
        Command::Tools(args) => tools::run(args),
        Command::Config(args) => config::run(args),
        Command::Explain(args) => explain::run(args, terminal),
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "portcullis", &mut text);
            print(&text)
        }
        Command::Man { dir: Some(folder) } => {
            let failed = |source| CliError::Write { place: format!("`{}`", folder.display()), source };
            clap_mangen::generate_to(Cli::command(), folder).map_err(failed)?;
            Ok(Exit::Pass)
        }
        Command::Man { dir: None } => {
            let mut text = Vec::new();
            let page = clap_mangen::Man::new(Cli::command());
            page.render(&mut text).map_err(|source| CliError::Write { place: "standard output".into(), source })?;
            print(&text)
        }
    }
}

/// Writes to standard output, all of it or an error.
fn print(text: &[u8]) -> Result<Exit, CliError> {
    let mut out = io::stdout().lock();
    out.write_all(text)
        .and_then(|()| out.flush())
        .map_err(|source| CliError::Write { place: "standard output".to_owned(), source })?;
    Ok(Exit::Pass)
}

/// A panic tells its place in the source and nothing else: its text may hold scanned content.
fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|place| format!("{}:{}", place.file(), place.line()));
        let _ = writeln!(io::stderr(), "portcullis: internal error at {}", place.unwrap_or_default());
    }));
}
