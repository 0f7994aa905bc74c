//! `--cache` under what happens to caches: runs that are killed, runs beside each other, files that change behind
//! their times.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::git::{commit, git, password, repository, write};

fn portcullis(folder: &Path, flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.current_dir(folder).args(["scan", "--no-config", "-f", "json", "--fail-on", "none"]).args(flags);
    command.stdin(Stdio::null());
    command
}

/// The report of a scan.
fn report(folder: &Path, flags: &[&str]) -> String {
    let output = portcullis(folder, flags).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A repository of `commits` commits: in each three new clean files, in every third a secret.
fn history(folder: &Path, commits: u32) {
    for number in 0..commits {
        for part in 0..3 {
            let text = format!("the number of this file is {number}.{part}\n").repeat(200);
            write(folder, &format!("notes/{number}-{part}.txt"), &text);
        }
        if number % 3 == 0 {
            write(folder, &format!("env/{number}.env"), &format!("DB_PASSWORD=\"{}\"\n", password(number)));
        }
        commit(folder, &number.to_string());
    }
}

#[test]
fn a_run_that_is_killed_leaves_a_cache_that_is_right() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    history(folder, 24);
    let cache = tempfile::tempdir().unwrap();
    let flag = format!("--cache={}", cache.path().display());
    let whole = report(folder, &["--history"]);
    for number in 0..100_u64 {
        fs::read_dir(cache.path()).unwrap().for_each(|entry| fs::remove_file(entry.unwrap().path()).unwrap());
        if number % 3 == 0 {
            // Some of it is known, so that the killed run puts new beside old.
            report(folder, &[&format!("--history=HEAD~{}", number % 20), &flag]);
        }
        let mut run =
            portcullis(folder, &["--history", &flag]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Knuth's multiplicative hash spreads the moments over a whole run and a bit more.
        std::thread::sleep(Duration::from_micros(number.wrapping_mul(2_654_435_761) % 45_000));
        run.kill().unwrap();
        run.wait().unwrap();
        assert_eq!(report(folder, &["--history", &flag]), whole, "after kill {number}");
        assert_eq!(report(folder, &["--history", &flag]), whole, "from the cache, after kill {number}");
    }
}

#[test]
fn runs_beside_each_other_share_a_cache() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    history(folder, 12);
    let cache = tempfile::tempdir().unwrap();
    let flag = format!("--cache={}", cache.path().display());
    let whole = report(folder, &["--history"]);
    std::thread::scope(|scope| {
        let run = |_| scope.spawn(|| report(folder, &["--history", &flag]));
        let runs: Vec<_> = (0..8).map(run).collect();
        runs.into_iter().for_each(|run| assert_eq!(run.join().unwrap(), whole));
    });
    let names: Vec<_> = fs::read_dir(cache.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[test]
fn a_file_whose_times_are_set_back_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let cache = tempfile::tempdir().unwrap();
    let flag = format!("--cache={}", cache.path().display());
    let file = folder.path().join("settings.env");
    let secret = format!("DB_PASSWORD=\"{}\"\n", password(7));
    fs::write(&file, "x".repeat(secret.len())).unwrap();
    let before = fs::metadata(&file).unwrap().modified().unwrap();
    std::thread::sleep(Duration::from_millis(2100));
    let clean = report(folder.path(), &[&flag]);
    assert_eq!(report(folder.path(), &[&flag]), clean);
    let known: u64 = fs::read_dir(cache.path()).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    assert!(known > 0, "the clean file was kept");
    // Same length, same inode, same time of change: as `rsync --times --inplace` or `touch -r` leave it.
    fs::write(&file, &secret).unwrap();
    fs::File::options().write(true).open(&file).unwrap().set_modified(before).unwrap();
    assert!(report(folder.path(), &[&flag]).contains("secrets/generic"), "the change is seen");
}

#[test]
fn new_commits_are_scanned_and_old_ones_are_not() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    history(folder, 9);
    let cache = tempfile::tempdir().unwrap();
    let flag = format!("--cache={}", cache.path().display());
    report(folder, &["--history", &flag]);
    write(folder, "late.env", &format!("DB_PASSWORD=\"{}\"\n", password(99)));
    commit(folder, "late");
    git(folder, &["gc", "-q"]);
    let output = portcullis(folder, &["--history", &flag, "-v"]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("27 files and blobs were known to be clean"));
    assert_eq!(String::from_utf8_lossy(&output.stdout), report(folder, &["--history"]));
}
