//! Git repositories as sources. The repositories are made here, with the `git` program; portcullis reads them
//! without it.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// A password that no shape rule takes for anything else, put together only here.
pub fn password(number: u32) -> String {
    format!("x7Kq{}vB9!tR{number:02}", "%sLm2")
}

/// Runs git in `folder`, away from any configuration of this machine; false, with a printed reason, where
/// there is no git.
pub fn git(folder: &Path, args: &[&str]) -> bool {
    let run = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=A U Thor", "-c", "user.email=author@example.org", "-c", "protocol.file.allow=always"])
        .args(args)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output();
    match run {
        Ok(output) => {
            assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
            true
        }
        Err(error) => {
            eprintln!("skipped: git does not run here: {error}");
            false
        }
    }
}

pub fn write(folder: &Path, path: &str, text: &str) {
    let file = folder.join(path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

pub fn commit(folder: &Path, message: &str) {
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-q", "--allow-empty", "-m", message]);
}

pub fn repository() -> Option<tempfile::TempDir> {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "-q", "-b", "main", "."]).then_some(folder)
}

/// Exit code and findings of a scan.
pub fn scan(folder: &Path, flags: &[&str]) -> (i32, Vec<Value>) {
    let run = Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .current_dir(folder)
        .args(["scan", "-q", "--no-config", "-f", "jsonl"])
        .args(flags)
        .output()
        .unwrap();
    let text = String::from_utf8(run.stdout).unwrap();
    let findings = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (run.status.code().unwrap(), findings)
}

pub fn places(findings: &[Value]) -> Vec<(String, u64)> {
    let place = |one: &Value| (one["path"].as_str().unwrap().to_owned(), one["region"]["startLine"].as_u64().unwrap());
    findings.iter().map(place).collect()
}

pub fn id_of(folder: &Path, revision: &str) -> String {
    let output = Command::new("git").current_dir(folder).args(["rev-parse", revision]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Four commits: the password comes in the second, stays in the third, and goes in the fourth.
pub fn four_commits(folder: &Path) {
    write(folder, "a.txt", "hello\n");
    commit(folder, "one");
    write(folder, "conf/app.yaml", &format!("db:\n  password: \"{}\"\n", password(1)));
    commit(folder, "two");
    write(folder, "conf/app.yaml", &format!("db:\n  user: me\n  password: \"{}\"\n", password(1)));
    commit(folder, "three");
    write(folder, "conf/app.yaml", "db:\n  user: me\n  password: ${DB}\n");
    commit(folder, "four");
}

#[test]
fn a_secret_of_the_past_is_told_once_with_the_commit_that_brought_it() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    four_commits(folder);
    for packed in [false, true] {
        if packed {
            git(folder, &["gc", "-q"]);
        }
        let (code, findings) = scan(folder, &["--history"]);
        assert_eq!((code, places(&findings)), (1, vec![("conf/app.yaml".to_owned(), 2)]), "packed: {packed}");
        let facts = &findings[0]["properties"];
        let second = id_of(folder, "HEAD~2");
        assert_eq!(facts["commit"].as_str().unwrap(), second);
        assert_eq!((facts["author"].as_str().unwrap(), facts["inHead"].as_bool()), ("A U Thor", Some(false)));
        assert_eq!(facts["show"].as_str().unwrap(), format!("git show {}:conf/app.yaml", &second[..10]));
    }
    assert_eq!(scan(folder, &[]).0, 0, "the tree itself is clean");
}

#[test]
fn a_rotated_secret_is_another_and_one_in_head_is_said_to_be_there() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    for number in 1..=3 {
        write(folder, "app.env", &format!("DB_PASSWORD=\"{}\"\n", password(number)));
        commit(folder, "rotate");
    }
    let (_, findings) = scan(folder, &["--history"]);
    let mut in_head: Vec<bool> = findings.iter().map(|one| one["properties"]["inHead"].as_bool().unwrap()).collect();
    in_head.sort_unstable();
    assert_eq!(in_head, [false, false, true]);
    let mut prints: Vec<&str> = findings.iter().map(|one| one["fingerprint"].as_str().unwrap()).collect();
    prints.sort_unstable();
    prints.dedup();
    assert_eq!(prints.len(), 3);
}

#[test]
fn a_range_tells_only_what_it_brought() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    four_commits(folder);
    // The third commit moves a line that holds the secret of the second.
    assert_eq!(scan(folder, &["--history=HEAD~2..HEAD"]), (0, vec![]));
    assert_eq!(scan(folder, &["--history=HEAD~3..HEAD"]).1.len(), 1);
    assert_eq!(scan(folder, &["--history=HEAD~2"]).1.len(), 1);
    assert_eq!(scan(folder, &["--history=nowhere"]).0, 2);
}

#[test]
fn branches_tags_merges_and_stashes() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    commit(folder, "root");
    git(folder, &["checkout", "-q", "-b", "side"]);
    write(folder, "side.env", &format!("API_SECRET=\"{}\"\n", password(1)));
    commit(folder, "side");
    git(folder, &["checkout", "-q", "main"]);
    write(folder, "main.env", &format!("API_SECRET=\"{}\"\n", password(2)));
    commit(folder, "main");
    // Only the merge itself has this one.
    git(folder, &["merge", "-q", "--no-ff", "--no-commit", "side"]);
    write(folder, "merged.env", &format!("API_SECRET=\"{}\"\n", password(3)));
    commit(folder, "merge");
    git(folder, &["checkout", "-q", "--detach"]);
    write(folder, "tagged.env", &format!("API_SECRET=\"{}\"\n", password(4)));
    commit(folder, "tagged");
    git(folder, &["tag", "-a", "v1", "-m", "v1"]);
    git(folder, &["checkout", "-q", "main"]);
    write(folder, "main.env", &format!("API_SECRET=\"{}\"\n", password(5)));
    git(folder, &["stash", "-q"]);
    let files =
        |flags: &[&str]| -> Vec<String> { places(&scan(folder, flags).1).into_iter().map(|(path, _)| path).collect() };
    assert_eq!(files(&["--history"]), ["main.env", "merged.env", "side.env", "tagged.env"]);
    assert_eq!(files(&["--history", "--stashes"]), ["main.env", "main.env", "merged.env", "side.env", "tagged.env"]);
}

#[test]
fn bare_and_shallow_and_linked_repositories_are_read() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    four_commits(folder);
    let elsewhere = tempfile::tempdir().unwrap();
    let url = format!("file://{}", folder.display());
    git(elsewhere.path(), &["clone", "-q", "--bare", &url, "bare"]);
    assert_eq!(scan(&elsewhere.path().join("bare"), &["--history"]).1.len(), 1);
    git(folder, &["worktree", "add", "-q", "--detach", elsewhere.path().join("linked").to_str().unwrap()]);
    assert_eq!(scan(&elsewhere.path().join("linked"), &["--history"]).1.len(), 1);
    git(elsewhere.path(), &["clone", "-q", "--depth", "1", &url, "shallow"]);
    assert_eq!(scan(&elsewhere.path().join("shallow"), &["--history"]), (0, vec![]), "the newest commit is clean");
}

#[test]
fn nothing_of_a_hostile_repository_runs() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    four_commits(folder);
    let marker = folder.join("marker");
    let script = folder.join(".git/hooks/post-checkout");
    std::fs::write(&script, format!("#!/bin/sh\ntouch {}\n", marker.display())).unwrap();
    let run = format!("touch {}", marker.display());
    std::fs::write(folder.join(".git/included"), format!("[core]\n\tpager = {run}\n")).unwrap();
    let config = format!(
        "[core]\n\trepositoryformatversion = 0\n\tfsmonitor = {run}\n\tsshCommand = {run}\n\tpager = {run}\n\
         [filter \"x\"]\n\tsmudge = {run}\n\tclean = {run}\n\tprocess = {run}\n\
         [diff \"x\"]\n\ttextconv = {run}\n\tcommand = {run}\n[include]\n\tpath = included\n[credential]\n\thelper = !{run}\n"
    );
    std::fs::write(folder.join(".git/config"), config).unwrap();
    write(folder, ".gitattributes", "* filter=x diff=x\n");
    assert_eq!(scan(folder, &["--history"]).1.len(), 1);
    assert!(!marker.exists(), "something of the repository ran");
}

#[test]
fn a_damaged_object_is_told_and_the_rest_is_scanned() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    four_commits(folder);
    let hello = id_of(folder, "HEAD:a.txt");
    let object = folder.join(".git/objects").join(&hello[..2]).join(&hello[2..]);
    std::fs::remove_file(object).unwrap();
    let never = ["--history", "--fail-on", "none"];
    let (code, findings) = scan(folder, &never);
    assert_eq!((code, findings.len()), (3, 1));
}

/// Terraform whose default, in another file, decides whether the bucket is public.
const BUCKET: &str = "resource \"aws_s3_bucket_acl\" \"b\" {\n  bucket = \"b\"\n  acl    = var.acl\n}\n";

#[test]
fn what_is_staged_is_scanned_and_not_what_is_on_the_disk() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    assert_eq!(scan(folder, &["--staged"]), (0, vec![]), "no commit, no index");
    write(folder, "old.env", &format!("OLD_PASSWORD=\"{}\"\n", password(1)));
    commit(folder, "one");
    assert_eq!(scan(folder, &["--staged"]), (0, vec![]));
    write(folder, "a/new.env", &format!("# new\nNEW_PASSWORD=\"{}\"\n", password(2)));
    git(folder, &["add", "-A"]);
    write(folder, "a/new.env", "clean\n");
    write(folder, "unstaged.env", &format!("DB_PASSWORD=\"{}\"\n", password(3)));
    let (code, findings) = scan(folder, &["--staged"]);
    assert_eq!((code, places(&findings)), (1, vec![("a/new.env".to_owned(), 2)]));
    // The other way round: staged clean, dirty on the disk.
    write(folder, "a/new.env", "clean\n");
    git(folder, &["add", "a/new.env"]);
    write(folder, "a/new.env", &format!("NEW_PASSWORD=\"{}\"\n", password(2)));
    assert_eq!(scan(folder, &["--staged"]), (0, vec![]));
    assert_eq!(scan(&folder.join("a"), &["--staged"]), (0, vec![]), "from a folder below");
}

#[test]
fn before_the_first_commit_everything_staged_is_new() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    write(folder, "app.env", &format!("DB_PASSWORD=\"{}\"\n", password(1)));
    git(folder, &["add", "-A"]);
    assert_eq!(places(&scan(folder, &["--staged"]).1), [("app.env".to_owned(), 1)]);
}

#[test]
fn another_index_is_read_where_git_names_one() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    commit(folder, "root");
    write(folder, "app.env", &format!("DB_PASSWORD=\"{}\"\n", password(1)));
    let other = folder.join(".git/other-index");
    let added = Command::new("git").current_dir(folder).args(["add", "-A"]).env("GIT_INDEX_FILE", &other).status();
    assert!(added.unwrap().success());
    assert_eq!(scan(folder, &["--staged"]), (0, vec![]));
    assert_eq!(scan(folder, &["--staged", "--index-file", ".git/other-index"]).1.len(), 1);
}

#[test]
fn only_new_lines_count_unless_whole_files_are_asked_for() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    let old = format!("A_PASSWORD=\"{}\"\n\nother=1\n", password(1));
    write(folder, "app.env", &old);
    commit(folder, "one");
    write(folder, "app.env", &format!("{old}B_PASSWORD=\"{}\"\n", password(2)));
    git(folder, &["add", "-A"]);
    assert_eq!(places(&scan(folder, &["--staged"]).1), [("app.env".to_owned(), 4)]);
    assert_eq!(scan(folder, &["--staged", "--whole-files"]).1.len(), 2);
}

#[test]
fn a_moved_file_is_no_news_and_a_deleted_one_is_none() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    write(folder, "a.env", &format!("A_PASSWORD=\"{}\"\n", password(1)));
    write(folder, "sub/b.env", &format!("B_PASSWORD=\"{}\"\n", password(2)));
    commit(folder, "one");
    git(folder, &["mv", "a.env", "moved.env"]);
    git(folder, &["rm", "-q", "sub/b.env"]);
    assert_eq!(scan(folder, &["--staged"]), (0, vec![]));
    commit(folder, "two");
    assert_eq!(scan(folder, &["--diff", "HEAD~1"]), (0, vec![]));
}

#[test]
fn a_range_of_commits_is_compared_with_where_it_began() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    write(folder, "a.env", "clean\n");
    commit(folder, "root");
    git(folder, &["checkout", "-q", "-b", "side"]);
    write(folder, "side.env", &format!("A_PASSWORD=\"{}\"\n", password(1)));
    commit(folder, "side");
    git(folder, &["checkout", "-q", "main"]);
    write(folder, "main.env", &format!("B_PASSWORD=\"{}\"\n", password(2)));
    commit(folder, "main");
    git(folder, &["checkout", "-q", "side"]);
    let of = |flags: &[&str]| places(&scan(folder, flags).1);
    assert_eq!(of(&["--diff", "main"]), [("side.env".to_owned(), 1)]);
    assert_eq!(of(&["--diff", "side...main"]), [("main.env".to_owned(), 1)]);
    assert_eq!(of(&["--since", "HEAD~1"]), [("side.env".to_owned(), 1)]);
    assert_eq!(scan(folder, &["--diff", "nowhere"]).0, 2);
    assert_eq!(scan(folder, &["--since", "HEAD~1", "--staged"]).0, 2);
}

#[test]
fn files_beside_a_changed_one_are_read_for_its_sake_alone() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    let public = "variable \"acl\" {\n  default = \"public-read\"\n}\n";
    write(
        folder,
        "infra/variables.tf",
        &format!("{public}resource \"aws_s3_bucket_acl\" \"old\" {{\n  bucket = \"c\"\n  acl = \"public-read\"\n}}\n"),
    );
    commit(folder, "one");
    write(folder, "infra/main.tf", BUCKET);
    git(folder, &["add", "-A"]);
    let findings = scan(folder, &["--staged"]).1;
    assert!(findings.iter().all(|one| one["path"] == "infra/main.tf"), "{:?}", places(&findings));
    assert!(findings.iter().any(|one| one["region"]["startLine"] == 3), "the default of another file counts");
}

#[test]
fn links_submodules_and_odd_names_in_a_change() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    commit(folder, "root");
    let secret = format!("A_PASSWORD=\"{}\"\r\n", password(1));
    write(folder, "crlf.env", &secret);
    write(folder, "dir with space/\u{e9}.env", &secret);
    std::os::unix::fs::symlink("crlf.env", folder.join("link.env")).unwrap();
    use std::os::unix::ffi::OsStrExt;
    let odd = std::ffi::OsStr::from_bytes(b"bad\xff.env");
    std::fs::write(folder.join(odd), &secret).unwrap();
    git(folder, &["add", "-A"]);
    let cache = format!("160000,{},module", id_of(folder, "HEAD"));
    git(folder, &["update-index", "--add", "--cacheinfo", &cache]);
    let mut paths: Vec<String> = places(&scan(folder, &["--staged"]).1).into_iter().map(|(path, _)| path).collect();
    paths.sort();
    assert_eq!(paths, ["bad%FF.env", "crlf.env", "dir with space/\u{e9}.env"]);
}
