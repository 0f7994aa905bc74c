//! Repositories that are not as one expects: partial, sparse, damaged, hostile. Made by the `git` program, and read
//! without it. What cannot be read is told, and the scan is then incomplete; nothing of a repository runs.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::git::{commit, four_commits, git, id_of, password, places, repository, scan, write};

/// Paths of the findings of a scan.
fn paths(folder: &Path, flags: &[&str]) -> Vec<String> {
    places(&scan(folder, flags).1).into_iter().map(|(path, _)| path).collect()
}

/// What a scan tells about itself.
fn told(folder: &Path, flags: &[&str]) -> (i32, String) {
    let run = Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .current_dir(folder)
        .args(["scan", "--no-config", "-f", "json", "--fail-on", "none"])
        .args(flags)
        .output()
        .unwrap();
    let text = [run.stdout, run.stderr].concat();
    (run.status.code().unwrap(), String::from_utf8_lossy(&text).into_owned())
}

fn line(number: u32) -> String {
    format!("DB_PASSWORD=\"{}\"\n", password(number))
}

/// The one pack of a repository, writable.
fn pack(folder: &Path) -> PathBuf {
    let folder = folder.join(".git/objects/pack");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let pack = entries.into_iter().find(|path| path.extension().is_some_and(|name| name == "pack")).unwrap();
    fs::set_permissions(&pack, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    pack
}

#[test]
fn a_file_that_is_renamed_deleted_and_added_again_is_told_once() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    write(folder, "old.env", &line(1));
    commit(folder, "one");
    let first = id_of(folder, "HEAD");
    git(folder, &["mv", "old.env", "new.env"]);
    commit(folder, "two");
    git(folder, &["rm", "-q", "new.env"]);
    commit(folder, "three");
    let findings = scan(folder, &["--history"]).1;
    assert_eq!(places(&findings), [("old.env".to_owned(), 1)]);
    assert_eq!(
        (findings[0]["properties"]["commit"].as_str(), findings[0]["properties"]["inHead"].as_bool()),
        (Some(&first[..]), Some(false))
    );
    write(folder, "old.env", &line(1));
    commit(folder, "four");
    let findings = scan(folder, &["--history"]).1;
    assert_eq!(findings.len(), 1);
    assert_eq!(
        (findings[0]["properties"]["commit"].as_str(), findings[0]["properties"]["inHead"].as_bool()),
        (Some(&first[..]), Some(true))
    );
    assert_eq!(paths(folder, &["--diff", "HEAD~1"]), ["old.env"], "what comes back is new to the range");
    assert!(paths(folder, &["--diff", "HEAD~2..HEAD"]).is_empty(), "from there it only moved");
    assert!(paths(folder, &["--diff", "HEAD~3..HEAD"]).is_empty(), "from there it did not change");
}

#[test]
fn what_only_a_merge_brought_is_new_to_its_range() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    write(folder, "app.env", "A=1\n");
    commit(folder, "root");
    git(folder, &["checkout", "-q", "-b", "side"]);
    write(folder, "side.txt", "side\n");
    commit(folder, "side");
    git(folder, &["checkout", "-q", "main"]);
    write(folder, "main.txt", "main\n");
    commit(folder, "main");
    git(folder, &["merge", "-q", "--no-ff", "--no-commit", "side"]);
    write(folder, "app.env", &format!("A=1\n{}", line(1)));
    commit(folder, "merge");
    let place = [("app.env".to_owned(), 2)];
    for flags in [["--diff", "HEAD~1"], ["--since", "HEAD^2"], ["--history=HEAD~1..HEAD", "--"]] {
        let flags: Vec<&str> = flags.into_iter().filter(|flag| *flag != "--").collect();
        assert_eq!(places(&scan(folder, &flags).1), place, "{flags:?}");
    }
}

#[test]
fn submodules_and_links_are_not_followed() {
    let (Some(folder), Some(other)) = (repository(), repository()) else { return };
    let (folder, other) = (folder.path(), other.path());
    write(other, "inner.env", &line(1));
    commit(other, "inner");
    commit(folder, "root");
    git(folder, &["submodule", "--quiet", "add", other.to_str().unwrap(), "module"]);
    let outside = tempfile::tempdir().unwrap();
    write(outside.path(), "outside.env", &line(2));
    std::os::unix::fs::symlink(outside.path().join("outside.env"), folder.join("link.env")).unwrap();
    std::os::unix::fs::symlink(outside.path(), folder.join("links")).unwrap();
    git(folder, &["add", "-A"]);
    assert_eq!(scan(folder, &["--staged"]), (0, vec![]));
    git(folder, &["commit", "-q", "-m", "links"]);
    assert_eq!(scan(folder, &["--diff", "HEAD~1"]), (0, vec![]));
    assert_eq!(scan(folder, &["--history"]), (0, vec![]));
    assert_eq!(paths(&folder.join("module"), &["--history"]), ["inner.env"], "a submodule is a repository of its own");
    // A link that becomes a file, and a file that becomes a link.
    fs::remove_file(folder.join("link.env")).unwrap();
    write(folder, "link.env", &line(3));
    git(folder, &["add", "-A"]);
    assert_eq!(paths(folder, &["--staged"]), ["link.env"]);
    git(folder, &["commit", "-q", "-m", "file"]);
    fs::remove_file(folder.join("link.env")).unwrap();
    std::os::unix::fs::symlink("elsewhere", folder.join("link.env")).unwrap();
    git(folder, &["add", "-A"]);
    assert_eq!(scan(folder, &["--staged"]), (0, vec![]));
}

#[test]
fn line_ends_and_filters_leave_the_staged_bytes_as_they_are() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    git(folder, &["config", "core.autocrlf", "true"]);
    write(folder, "app.env", "A=1\r\nB=2\r\n");
    commit(folder, "one");
    write(folder, "app.env", &format!("A=1\r\nB=2\r\n{}", line(1).replace('\n', "\r\n")));
    git(folder, &["add", "-A"]);
    let staged = scan(folder, &["--staged"]).1;
    assert_eq!(places(&staged), [("app.env".to_owned(), 3)], "lines that only differ in their end are not new");
    // A clean filter takes the secret out while git stages; afterwards a smudge filter would put another in.
    git(folder, &["config", "filter.hide.clean", "sed s/DB_PASSWORD=.*/gone/"]);
    git(folder, &["config", "filter.hide.smudge", &format!("touch {}", folder.join("marker").display())]);
    git(folder, &["config", "core.autocrlf", "false"]);
    write(folder, ".gitattributes", "*.cfg filter=hide text eol=crlf working-tree-encoding=UTF-16\n");
    commit(folder, "two");
    fs::write(folder.join(".gitattributes"), "*.cfg filter=hide\n").unwrap();
    write(folder, "app.cfg", &line(2));
    git(folder, &["add", "-A"]);
    assert_eq!(scan(folder, &["--staged"]), (0, vec![]), "what git stored is clean");
    assert!(!folder.join("marker").exists());
}

#[test]
fn names_that_are_no_text_are_read_in_every_mode() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    commit(folder, "root");
    let odd = folder.join(std::ffi::OsStr::from_bytes(b"d\xe9p\xf4t"));
    fs::create_dir(&odd).unwrap();
    fs::write(odd.join(std::ffi::OsStr::from_bytes(b"cl\xe9\n.env")), line(1)).unwrap();
    git(folder, &["add", "-A"]);
    let expected = ["d%E9p%F4t/cl%E9\n.env"];
    assert_eq!(paths(folder, &["--staged"]), expected);
    git(folder, &["commit", "-q", "-m", "odd"]);
    assert_eq!(paths(folder, &["--diff", "HEAD~1"]), expected);
    assert_eq!(paths(folder, &["--history"]), expected);
}

#[test]
fn a_sparse_index_is_read_with_the_folders_it_stands_for() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    for (path, number) in [("in/a.env", 1), ("out/deep/b.env", 2), ("out/c.txt", 3)] {
        write(folder, path, &line(number));
    }
    commit(folder, "one");
    git(folder, &["sparse-checkout", "init", "--cone", "--sparse-index"]);
    git(folder, &["sparse-checkout", "set", "in"]);
    assert!(!folder.join("out").exists());
    assert_eq!(scan(folder, &["--staged"]), (0, vec![]));
    // The same bytes as a file of the folder that is not checked out: a copy is news, nothing moved.
    write(folder, "in/copy.env", &line(2));
    git(folder, &["add", "-A"]);
    assert_eq!(paths(folder, &["--staged"]), ["in/copy.env"]);
    // A whole folder that is not checked out is another than in the newest commit.
    git(folder, &["commit", "-q", "-m", "two"]);
    git(folder, &["sparse-checkout", "disable"]);
    write(folder, "out/deep/new.env", &line(4));
    commit(folder, "three");
    git(folder, &["sparse-checkout", "set", "--cone", "--sparse-index", "in"]);
    git(folder, &["reset", "-q", "--soft", "HEAD~1"]);
    assert_eq!(paths(folder, &["--staged"]), ["out/deep/new.env"]);
}

#[test]
fn a_partial_clone_is_told_to_be_one() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    four_commits(folder);
    git(folder, &["config", "uploadpack.allowFilter", "true"]);
    let elsewhere = tempfile::tempdir().unwrap();
    let url = format!("file://{}", folder.display());
    git(elsewhere.path(), &["clone", "-q", "--filter=blob:none", "--no-checkout", &url, "partial"]);
    let partial = elsewhere.path().join("partial");
    let objects =
        |folder: &Path| Command::new("git").current_dir(folder).args(["count-objects", "-v"]).output().unwrap().stdout;
    let before = objects(&partial);
    let (code, text) = told(&partial, &["--history"]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("a partial clone has only some"), "{text}");
    assert_eq!(told(&partial, &["--diff", "HEAD~2..HEAD~1"]).0, 3);
    assert_eq!(objects(&partial), before, "nothing was fetched");
}

#[test]
fn a_linked_work_tree_has_its_own_index_and_head() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    commit(folder, "root");
    let elsewhere = tempfile::tempdir().unwrap();
    let linked = elsewhere.path().join("linked");
    git(folder, &["worktree", "add", "-q", "-b", "side", linked.to_str().unwrap()]);
    write(&linked, "linked.env", &line(1));
    git(&linked, &["add", "-A"]);
    assert_eq!(paths(&linked, &["--staged"]), ["linked.env"]);
    assert_eq!(scan(folder, &["--staged"]), (0, vec![]));
    git(&linked, &["commit", "-q", "-m", "linked"]);
    assert_eq!(paths(&linked, &["--diff", "main"]), ["linked.env"]);
    assert_eq!(paths(folder, &["--history"]), ["linked.env"], "its branch is one of all");
    assert_eq!(scan(folder, &["--history=HEAD"]), (0, vec![]));
}

#[test]
fn a_bare_repository_has_ranges_and_a_shallow_one_says_so() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    four_commits(folder);
    let elsewhere = tempfile::tempdir().unwrap();
    let url = format!("file://{}", folder.display());
    git(elsewhere.path(), &["clone", "-q", "--bare", &url, "bare.git"]);
    let bare = elsewhere.path().join("bare.git");
    assert_eq!(paths(&bare, &["--diff", "HEAD~3..HEAD~1"]), ["conf/app.yaml"]);
    git(elsewhere.path(), &["clone", "-q", "--depth", "2", &url, "shallow"]);
    let shallow = elsewhere.path().join("shallow");
    assert_eq!(paths(&shallow, &["--history"]), ["conf/app.yaml"]);
    let (code, text) = told(&shallow, &["--history"]);
    assert!(code == 0 && text.contains("shallow clone"), "{text}");
    assert_eq!(scan(&shallow, &["--diff", "HEAD~3"]).0, 2, "a base that is not here is an error");
}

#[test]
fn a_repository_of_sha256_is_read_in_every_mode() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    if !git(folder, &["init", "-q", "-b", "main", "--object-format=sha256", "."]) {
        return;
    }
    four_commits(folder);
    assert_eq!(paths(folder, &["--history"]), ["conf/app.yaml"]);
    assert_eq!(paths(folder, &["--diff", "HEAD~3..HEAD~2"]), ["conf/app.yaml"]);
    git(folder, &["gc", "-q"]);
    assert_eq!(paths(folder, &["--history"]), ["conf/app.yaml"]);
    write(folder, "new.env", &line(2));
    git(folder, &["add", "-A"]);
    assert_eq!(paths(folder, &["--staged"]), ["new.env"]);
}

#[test]
fn no_damage_of_a_pack_passes_unseen() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    four_commits(folder);
    git(folder, &["gc", "-q"]);
    let pack = pack(folder);
    let whole = fs::read(&pack).unwrap();
    assert_eq!(told(folder, &["--history"]).0, 0);
    // Behind the header, before the checksum at the end: any stretch of eight bytes.
    for start in (12..whole.len() - 28).step_by(23) {
        let mut damaged = whole.clone();
        damaged[start..start + 8].iter_mut().for_each(|byte| *byte ^= 0xff);
        fs::write(&pack, damaged).unwrap();
        let (code, text) = told(folder, &["--history"]);
        assert!(code == 3 || code == 2, "damage at {start}: {code} {text}");
    }
    fs::write(&pack, &whole[..whole.len() / 2]).unwrap();
    assert_ne!(told(folder, &["--history"]).0, 0);
    fs::remove_file(&pack).unwrap();
    assert_ne!(told(folder, &["--history"]).0, 0);
}

#[test]
fn no_damage_of_a_loose_object_passes_unseen() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    four_commits(folder);
    for revision in ["HEAD", "HEAD~1", "HEAD^{tree}", "HEAD~2:conf", "HEAD~2:conf/app.yaml"] {
        let id = id_of(folder, revision);
        let object = folder.join(".git/objects").join(&id[..2]).join(&id[2..]);
        let whole = fs::read(&object).unwrap();
        fs::set_permissions(&object, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        for damaged in [&b"no object"[..], &[], &whole[..whole.len() / 2]] {
            fs::write(&object, damaged).unwrap();
            let (code, text) = told(folder, &["--history"]);
            assert!(code == 3 || code == 2, "{revision}: {code} {text}");
        }
        fs::write(&object, whole).unwrap();
    }
    assert_eq!(told(folder, &["--history"]).0, 0);
}

#[test]
fn a_repository_that_leads_elsewhere_is_refused() {
    let Some(victim) = repository() else { return };
    let victim = victim.path();
    four_commits(victim);
    let plain = tempfile::tempdir().unwrap();
    let hostile = plain.path().join("tree");
    fs::create_dir(&hostile).unwrap();
    // A `.git` file that names a repository which knows nothing of this folder.
    write(&hostile, ".git", &format!("gitdir: {}\n", victim.join(".git").display()));
    for flags in [["--history"], ["--staged"], ["--diff=HEAD~3"]] {
        let (code, text) = told(&hostile, &flags);
        assert!(code == 2 && text.contains("outside"), "{flags:?}: {code} {text}");
    }
    fs::remove_file(hostile.join(".git")).unwrap();
    // A repository whose common folder is another one.
    git(&hostile, &["init", "-q", "-b", "main", "."]);
    write(&hostile, ".git/commondir", &format!("{}\n", victim.join(".git").display()));
    for flags in [["--history"], ["--staged"]] {
        let (code, text) = told(&hostile, &flags);
        assert!(code == 2 && text.contains("outside"), "{flags:?}: {code} {text}");
    }
}

#[test]
fn objects_borrowed_from_elsewhere_are_read_and_told() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    four_commits(folder);
    let elsewhere = tempfile::tempdir().unwrap();
    git(elsewhere.path(), &["clone", "-q", "--shared", folder.to_str().unwrap(), "borrower"]);
    let borrower = elsewhere.path().join("borrower");
    assert_eq!(paths(&borrower, &["--history"]), ["conf/app.yaml"]);
    let (code, text) = told(&borrower, &["--history"]);
    assert!(code == 0 && text.contains("alternates"), "{code} {text}");
    // Nothing that no commit of the borrower reaches is read out of the lender.
    write(folder, "later.env", &line(9));
    commit(folder, "later");
    assert_eq!(paths(&borrower, &["--history"]), ["conf/app.yaml"]);
    // A lender that is gone.
    write(&borrower, ".git/objects/info/alternates", "/nowhere/objects\n");
    assert_ne!(told(&borrower, &["--history"]).0, 0);
}

#[test]
fn no_mode_runs_anything_of_a_hostile_repository() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    four_commits(folder);
    write(folder, "staged.env", &line(2));
    git(folder, &["add", "-A"]);
    let hello = id_of(folder, "HEAD:a.txt");
    let marker = folder.join("marker");
    let script = format!("#!/bin/sh\ntouch {}\n", marker.display());
    write(folder, "evil.sh", &script);
    let evil = folder.join("evil.sh");
    fs::set_permissions(&evil, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let run = evil.display();
    for hook in ["pre-commit", "post-checkout", "fsmonitor-watchman", "post-index-change", "reference-transaction"] {
        fs::copy(&evil, folder.join(".git/hooks").join(hook)).unwrap();
    }
    let config = format!(
        "[core]\n\trepositoryformatversion = 1\n\tfsmonitor = {run}\n\thooksPath = .git/hooks\n\tsshCommand = {run}\n\
         \tpager = {run}\n\teditor = {run}\n\taskPass = {run}\n\talternateRefsCommand = {run}\n\tgitProxy = {run}\n\
         \tworktree = /\n\tattributesFile = {folder}/attributes\n\
         [filter \"x\"]\n\tsmudge = {run}\n\tclean = {run}\n\tprocess = {run}\n\trequired = true\n\
         [diff]\n\texternal = {run}\n[diff \"x\"]\n\ttextconv = {run}\n\tcommand = {run}\n[merge \"x\"]\n\tdriver = {run}\n\
         [gpg]\n\tprogram = {run}\n[credential]\n\thelper = !{run}\n[alias]\n\tstatus = !{run}\n\
         [remote \"origin\"]\n\turl = ext::{run}\n\tuploadpack = {run}\n\tpromisor = true\n\tpartialclonefilter = blob:none\n\
         [extensions]\n\tpartialClone = origin\n\
         [include]\n\tpath = included\n[includeIf \"gitdir:/\"]\n\tpath = included\n",
        folder = folder.display(),
    );
    fs::write(folder.join(".git/config"), config).unwrap();
    fs::write(folder.join(".git/included"), format!("[core]\n\tfsmonitor = {run}\n[this is no configuration\n"))
        .unwrap();
    fs::write(folder.join("attributes"), "* filter=x diff=x merge=x\n").unwrap();
    fs::write(folder.join(".git/info/attributes"), "* filter=x diff=x merge=x ident text\n").unwrap();
    write(folder, ".gitattributes", "* filter=x diff=x merge=x working-tree-encoding=UTF-16\n");
    // A blob that is not there would be fetched by git.
    fs::remove_file(folder.join(".git/objects").join(&hello[..2]).join(&hello[2..])).unwrap();
    let _ = fs::remove_file(&marker);
    assert_eq!(scan(folder, &["."]).0, 1);
    assert_eq!(paths(folder, &["--staged"]), ["staged.env"]);
    assert_eq!(paths(folder, &["--diff", "HEAD~3..HEAD~2"]), ["conf/app.yaml"]);
    assert_eq!(paths(folder, &["--history"]), ["conf/app.yaml"]);
    let hook =
        Command::new(env!("CARGO_BIN_EXE_portcullis")).current_dir(folder).args(["hook", "run", "pre-commit"]).output();
    assert!(hook.is_ok());
    assert!(!marker.exists(), "something of the repository ran");
}

#[test]
fn sarif_of_commits_names_repository_and_revision_without_credentials() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    four_commits(folder);
    let provenance = |flags: &[&str]| {
        let run = Command::new(env!("CARGO_BIN_EXE_portcullis"))
            .current_dir(folder)
            .args(["scan", "-q", "--no-config", "-f", "sarif"])
            .args(flags)
            .output()
            .unwrap();
        assert!(!String::from_utf8_lossy(&run.stdout).contains("of-the-remote"));
        let log: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
        (log["runs"][0]["versionControlProvenance"][0].clone(), log["runs"][0]["automationDetails"]["id"].clone())
    };
    assert!(provenance(&["--history"]).0.is_null(), "no remote, no address");
    git(folder, &["remote", "add", "origin", &["https://me:of-the", "-remote@example.org/a/b.git"].concat()]);
    let (whole, category) = provenance(&["--history"]);
    assert_eq!(whole["repositoryUri"], "https://example.org/a/b.git");
    assert_eq!(whole["revisionId"], id_of(folder, "HEAD"));
    assert_eq!((&whole["branch"], &whole["mappedTo"]["uriBaseId"]), (&"main".into(), &"SRCROOT".into()));
    assert_eq!(category, "portcullis-history/");
    let (range, _) = provenance(&["--history=HEAD~2..HEAD~1"]);
    assert_eq!(range["revisionId"], id_of(folder, "HEAD~1"));
    assert!(range["branch"].is_null());
    let (range, category) = provenance(&["--diff", "HEAD~1"]);
    assert_eq!((&range["revisionId"], category), (&id_of(folder, "HEAD").into(), "portcullis/".into()));
    assert!(provenance(&["--staged"]).0.is_null());
}
