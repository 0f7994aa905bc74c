//! What an installed hook calls.

use std::collections::BTreeSet;
use std::io::{self, BufRead};

use clap::Parser;

use super::Hook;
use crate::cli::args::{Cli, Command};
use crate::cli::exit::Exit;
use crate::cli::output::{Terminal, env};
use crate::cli::{CliError, scan};

/// Scans what is about to be committed or pushed.
pub fn run(hook: Hook, terminal: &Terminal) -> Result<Exit, CliError> {
    let quiet = terminal.quietly();
    let scans = match hook {
        Hook::PreCommit => vec![vec!["--staged".to_owned()]],
        Hook::PrePush => to_push()?.into_iter().map(|range| vec![format!("--history={range}")]).collect(),
    };
    let mut worst = Exit::Pass;
    for scan in scans {
        let words = ["portcullis", "scan", "--format=hook"].map(str::to_owned).into_iter().chain(scan);
        let cli = Cli::try_parse_from(words).map_err(|error| CliError::usage(error.render()))?;
        let Command::Scan(args) = cli.command else { continue };
        let exit = scan::run(&args, &quiet)?;
        worst = if worst == Exit::Failed || exit == Exit::Pass { worst } else { exit };
    }
    Ok(worst)
}

/// The ranges of commits that are about to be pushed. The pre-commit framework reads git's list itself and
/// tells in the environment.
fn to_push() -> Result<BTreeSet<String>, CliError> {
    match (env("PRE_COMMIT_FROM_REF"), env("PRE_COMMIT_TO_REF")) {
        (Some(from), Some(to)) => pushed(format!("- {to} - {from}").as_bytes()),
        _ => pushed(io::stdin().lock()),
    }
}

/// The ranges of commits that a push sends: git writes a line of local ref, its commit, remote ref and its
/// commit for each ref (githooks(5)); a commit of zeros is a ref that is not there.
fn pushed(input: impl BufRead) -> Result<BTreeSet<String>, CliError> {
    let none = |commit: &str| commit.bytes().all(|byte| byte == b'0');
    let mut ranges = BTreeSet::new();
    for line in input.lines() {
        let line = line.map_err(|error| CliError::usage(format!("git's list of refs cannot be read: {error}")))?;
        let words: Vec<&str> = line.split(' ').collect();
        if let [_, local, _, remote] = words[..] {
            match (none(local), none(remote)) {
                (true, _) => {}
                (false, true) => _ = ranges.insert(local.to_owned()),
                (false, false) => _ = ranges.insert(format!("{remote}..{local}")),
            }
        }
    }
    Ok(ranges)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_is_a_range_for_each_ref_that_is_sent() {
        let (zero, one, two) = ("0".repeat(40), "1".repeat(40), "2".repeat(40));
        let input = format!(
            "refs/heads/a {one} refs/heads/a {two}\nrefs/heads/b {one} refs/heads/b {zero}\n(delete) {zero} refs/heads/c {two}\n"
        );
        let ranges = pushed(input.as_bytes()).expect("reads");
        assert_eq!(ranges.into_iter().collect::<Vec<_>>(), [one.clone(), format!("{two}..{one}")]);
    }
}
