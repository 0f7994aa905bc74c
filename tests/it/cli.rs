//! The command line as its users see it: each folder of `fixtures/cli` is a case.
//!
//! `cmd` is run by `sh` in a copy of the case's `tree`, with `portcullis` on the path; standard output, standard
//! error and the exit code must be what `stdout`, `stderr` and `exit` say (an absent file: nothing, 0). Times read
//! `0.00 s`, ages `N days old`, the version `VERSION`, the copy's folder `TREE`, the home `HOME`. `BLESS=1 cargo test --test it cli` writes them anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rayon::prelude::*;

use crate::support::{files_below, root};

/// What one run gave.
struct Outcome {
    stdout: String,
    stderr: String,
    exit: String,
}

/// The folder of the program under test.
pub fn program_folder() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_portcullis")).parent().unwrap().to_path_buf()
}

/// `sh` in `folder`, with the program on the path, a home of its own, and nothing else of this environment.
pub fn shell(script: &str, folder: &Path, home: &Path) -> Command {
    let path = std::env::var("PATH").unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", script]).current_dir(folder).env_clear().stdin(Stdio::null());
    command.env("PATH", format!("{}:{path}", program_folder().display()));
    command.env("HOME", home).env("PORTCULLIS_CACHE", home.join("cache")).env("TERM", "dumb").env("LC_ALL", "C");
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "T. Ester").env(format!("GIT_{who}_EMAIL"), "t@example.com");
        command.env(format!("GIT_{who}_DATE"), "2026-01-01T00:00:00Z");
    }
    command
}

/// A copy of `tree` below `to`.
pub fn copy_tree(tree: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in if tree.is_dir() { files_below(tree) } else { Vec::new() } {
        let copy = to.join(file.strip_prefix(tree).unwrap());
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(&file, copy).unwrap();
    }
}

fn run(case: &Path) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().canonicalize().unwrap();
    let (tree, home) = (base.join("tree"), base.join("home"));
    copy_tree(&case.join("tree"), &tree);
    fs::create_dir(&home).unwrap();
    let script = fs::read_to_string(case.join("cmd")).unwrap();
    let output = shell(&script, &tree, &home).output().unwrap();
    let plain = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).unwrap();
        steady(&text.replace(&tree.display().to_string(), "TREE").replace(&home.display().to_string(), "HOME"))
    };
    Outcome {
        stdout: plain(output.stdout),
        stderr: plain(output.stderr),
        exit: format!("{}\n", output.status.code().unwrap()),
    }
}

/// The text without what changes from run to run.
fn steady(text: &str) -> String {
    let text = text.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    let time = regex::Regex::new(r"\b\d+\.\d\d s\b").unwrap();
    let age = regex::Regex::new(r"\b\d+ days old\b").unwrap();
    age.replace_all(&time.replace_all(&text, "0.00 s"), "N days old").into_owned()
}

/// Where a case's outcome is not what its files say; with `bless`, the files are made to say it.
fn judge(case: &Path, bless: bool) -> Vec<String> {
    let (outcome, mut wrong) = (run(case), Vec::new());
    for (name, found, absent) in
        [("exit", &outcome.exit, "0\n"), ("stdout", &outcome.stdout, ""), ("stderr", &outcome.stderr, "")]
    {
        let file = case.join(name);
        let expected = fs::read_to_string(&file).unwrap_or_else(|_| absent.to_owned());
        if bless && found == absent {
            let _ = fs::remove_file(file);
        } else if bless {
            fs::write(file, found).unwrap();
        } else if expected != *found {
            let case = case.file_name().unwrap().display();
            wrong.push(format!("{case}: {name} should be\n{expected}\nand is\n{found}"));
        }
    }
    wrong
}

#[test]
fn every_case_of_the_command_line() {
    let mut cases: Vec<PathBuf> =
        fs::read_dir(root().join("fixtures/cli")).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|case| case.join("cmd").is_file());
    cases.sort();
    assert!(cases.len() > 50, "the cases are in fixtures/cli");
    let bless = std::env::var("BLESS").is_ok();
    let wrong: Vec<String> = cases.par_iter().flat_map_iter(|case| judge(case, bless)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
