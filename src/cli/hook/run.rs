//! What an installed hook calls.

use std::collections::BTreeSet;
use std::io::{self, BufRead};
use std::path::Path;

use clap::Parser;

use super::Hook;
use crate::cli::args::{Cli, Command};
use crate::cli::exit::Exit;
use crate::cli::output::{Terminal, env};
use crate::cli::{CliError, scan};
use crate::source::git;

/// Scans what is about to be committed or pushed; `arguments` are git's, of which a push's first is the remote.
pub fn run(hook: Hook, arguments: &[String], terminal: &Terminal) -> Result<Exit, CliError> {
    let scans = match hook {
        Hook::PreCommit => vec!["--staged".to_owned()],
        Hook::PrePush => ranges(arguments)?.iter().map(|range| format!("--history={range}")).collect(),
    };
    let quiet = terminal.quietly();
    let mut worst = Exit::Pass;
    for scan in scans {
        // As typed, so that environment variables and defaults count.
        let words = ["portcullis", "scan", "--format=hook", &scan];
        let cli = Cli::try_parse_from(words).map_err(|error| CliError::usage(error.render()))?;
        let Command::Scan(args) = cli.command else { continue };
        let exit = scan::run(&args, &quiet)?;
        worst = if worst == Exit::Failed || exit == Exit::Pass { worst } else { exit };
    }
    Ok(worst)
}

/// A ref that is about to be pushed.
#[derive(Debug, PartialEq, Eq)]
struct Pushed {
    /// The commit that is sent.
    local: String,
    /// The commit that the remote has; `None` for a new ref.
    remote: Option<String>,
}

/// The commits that are about to be pushed. The pre-commit framework reads git's list itself, and tells by the
/// environment.
fn ranges(arguments: &[String]) -> Result<BTreeSet<String>, CliError> {
    let list = match (env("PRE_COMMIT_FROM_REF"), env("PRE_COMMIT_TO_REF")) {
        (Some(from), Some(to)) => pushed(format!("- {to} - {from}").as_bytes())?,
        _ => pushed(io::stdin().lock())?,
    };
    let remote = env("PRE_COMMIT_REMOTE_NAME").or_else(|| arguments.first().cloned()).unwrap_or_default();
    let repository = git::discover(Path::new("."))
        .map_err(|error| CliError::usage(format!("no git repository here: {error}")))?
        .to_thread_local();
    let known = |revision: &str| repository.rev_parse_single(revision).is_ok();
    let heads = ["HEAD", "main", "master"].map(|name| format!("refs/remotes/{remote}/{name}"));
    let head = heads.into_iter().find(|name| known(name));
    let range = |one: Pushed| match one.remote.filter(|commit| known(commit)).or_else(|| head.clone()) {
        Some(base) => format!("{base}..{}", one.local),
        None => one.local,
    };
    Ok(list.into_iter().map(range).collect())
}

/// The refs that a push sends: git writes a line of local ref, its commit, remote ref and its commit for each
/// (githooks(5)); a commit of zeros is a ref that is not there.
fn pushed(input: impl BufRead) -> Result<Vec<Pushed>, CliError> {
    let there = |commit: &&str| commit.bytes().any(|byte| byte != b'0');
    let mut refs = Vec::new();
    for line in input.lines() {
        let line = line.map_err(|error| CliError::usage(format!("git's list of refs cannot be read: {error}")))?;
        if let [_, local, _, remote] = line.split(' ').collect::<Vec<_>>()[..] {
            let (local, remote) = (Some(local).filter(there), Some(remote).filter(there).map(str::to_owned));
            refs.extend(local.map(|local| Pushed { local: local.to_owned(), remote }));
        }
    }
    Ok(refs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_sends_each_ref_that_is_not_deleted() {
        let (zero, one, two) = ("0".repeat(40), "1".repeat(40), "2".repeat(40));
        let input = format!(
            "refs/heads/a {one} refs/heads/a {two}\nrefs/heads/b {one} refs/heads/b {zero}\n(delete) {zero} refs/heads/c {two}\n"
        );
        let refs = pushed(input.as_bytes()).expect("reads");
        let update = Pushed { local: one.clone(), remote: Some(two) };
        assert_eq!(refs, [update, Pushed { local: one, remote: None }]);
    }
}
