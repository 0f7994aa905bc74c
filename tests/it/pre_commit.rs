//! `.pre-commit-hooks.yaml` under the real `pre-commit`, where it is on the path (`pip install pre-commit`).

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::cli::shell;
use crate::support::root;

/// Runs a script with a home of its own; its output, both streams as one text.
fn run(script: &str, folder: &Path, home: &Path) -> (bool, String) {
    let Output { status, stdout, stderr } = shell(script, folder, home).output().unwrap();
    (status.success(), String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned())
}

#[test]
fn the_framework_scans_what_is_staged_and_what_is_pushed() {
    if !Command::new("pre-commit").arg("--version").output().is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: there is no pre-commit on the path");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for name in ["hooks", "work", "home"] {
        fs::create_dir(path(name)).unwrap();
    }
    let (hooks, work, home) = (path("hooks"), path("work"), path("home"));
    fs::copy(root().join(".pre-commit-hooks.yaml"), hooks.join(".pre-commit-hooks.yaml")).unwrap();
    let script =
        "pre-commit validate-manifest .pre-commit-hooks.yaml && git init -q . && git add . && git commit -q -m hooks
                  git rev-parse HEAD";
    let (valid, revision) = run(script, &hooks, &home);
    assert!(valid, "{revision}");
    let config = format!(
        "repos:\n  - repo: {}\n    rev: {}\n    hooks:\n      - id: portcullis-system\n      - id: portcullis-system-push\n",
        hooks.display(),
        revision.trim()
    );
    fs::write(work.join(".pre-commit-config.yaml"), config).unwrap();
    let script = "git init -q -b main . && git init -q --bare ../remote && git remote add origin ../remote
                  pre-commit install -t pre-commit -t pre-push && git add . && git commit -m 'nothing wrong'";
    let (passed, log) = run(script, &work, &home);
    assert!(passed && log.contains("Passed"), "{log}");

    let secret = ["db_pass", "word = \"Zk81qWmR0ver\"\n"].concat();
    fs::write(work.join("a.py"), &secret).unwrap();
    let (passed, log) = run("git add a.py && echo 'a = 1' > a.py && git commit -m stopped", &work, &home);
    assert!(!passed && log.contains("a.py:1:16"), "what is staged counts: {log}");
    let (passed, log) = run("git add a.py && git commit -m mended", &work, &home);
    assert!(passed, "{log}");

    let script = "git push -q origin main && git commit -q -n -a -m 'past the hook'";
    fs::write(work.join("a.py"), &secret).unwrap();
    let (passed, log) = run(script, &work, &home);
    assert!(passed, "{log}");
    let (passed, log) = run("git push -q origin main", &work, &home);
    assert!(!passed && log.contains("a.py:1:16"), "{log}");
}
