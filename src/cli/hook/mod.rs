//! `portcullis hook`: a scan before each commit or push.

mod place;
mod run;
mod script;

use std::io;
use std::path::Path;

use clap::{Args, Subcommand, ValueEnum};

use super::exit::Exit;
use super::output::{Terminal, lines};
use super::{CliError, print};
use place::Place;

/// Arguments of `hook`.
#[derive(Debug, Args)]
pub struct HookArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: HookCommand,
}

/// What may be done with hooks.
#[derive(Debug, Subcommand)]
pub enum HookCommand {
    /// Put a hook into this repository; one that is there already runs first, and stays.
    Install {
        /// Which hooks.
        #[arg(value_enum, default_values_t = [Hook::PreCommit])]
        hooks: Vec<Hook>,
    },
    /// Take our hooks out, and put back what was there before.
    Uninstall {
        /// Which hooks.
        #[arg(value_enum, default_values_t = [Hook::PreCommit, Hook::PrePush])]
        hooks: Vec<Hook>,
    },
    /// What the installed hook calls: scans what is about to be committed or pushed.
    #[command(hide = true)]
    Run {
        /// Which hook.
        #[arg(value_enum)]
        hook: Hook,
        /// What git gives it.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

/// The hooks of git that a scan makes sense in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Hook {
    /// Before a commit: what is staged.
    PreCommit,
    /// Before a push: the commits that the remote lacks.
    PrePush,
}

impl Hook {
    /// The name of its file.
    pub fn name(self) -> &'static str {
        match self {
            Self::PreCommit => "pre-commit",
            Self::PrePush => "pre-push",
        }
    }
}

/// Carries out `portcullis hook`.
pub fn run(args: &HookArgs, terminal: &Terminal) -> Result<Exit, CliError> {
    let told = match &args.command {
        HookCommand::Run { hook, arguments } => return run::run(*hook, arguments, terminal),
        HookCommand::Install { hooks } => install(Path::new("."), hooks)?,
        HookCommand::Uninstall { hooks } => {
            let place = Place::find(Path::new("."))?;
            each(hooks, &place, script::uninstall)?
        }
    };
    print(lines(&told).as_bytes())
}

/// Installs hooks into the repository around `folder`; what to tell the user, a line for each.
///
/// # Errors
/// Where there is no repository, or its hooks are not ours to write.
pub fn install(folder: &Path, hooks: &[Hook]) -> Result<String, CliError> {
    let place = Place::find(folder)?;
    place.refuse_foreign(hooks)?;
    each(hooks, &place, script::install)
}

/// True where the repository around `folder` has our pre-commit hook, or one cannot be installed.
pub fn is_installed(folder: &Path) -> bool {
    let Ok(place) = Place::find(folder) else { return true };
    place.refuse_foreign(&[Hook::PreCommit]).is_err() || script::is_installed(&place.hooks, Hook::PreCommit)
}

fn each(hooks: &[Hook], place: &Place, work: fn(&Path, Hook) -> io::Result<String>) -> Result<String, CliError> {
    let mut told = String::new();
    for hook in hooks {
        told.push_str(&work(&place.hooks, *hook).map_err(|error| failed(&place.hooks, *hook, &error))?);
        told.push('\n');
    }
    Ok(told)
}

fn failed(folder: &Path, hook: Hook, error: &io::Error) -> CliError {
    CliError::usage(format!("{}: {error}", folder.join(hook.name()).display()))
}
