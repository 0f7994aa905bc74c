//! External scanners: what each way to fail comes to. The tool is a script that the test writes.
#![cfg(unix)]

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use portcullis::external::process::Program;
use portcullis::external::tool::Tool;
use portcullis::external::{Import, ImportSettings};
use portcullis::model::ScanReport;

const SARIF: &str = r#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"fake"}},"results":[{"ruleId":"F1",
    "message":{"text":"Found."},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a.tf"},
    "region":{"startLine":1}}}]}]}]}"#;

/// Runs a script as a tool that may find (code 1) and may have nothing to do (code 3).
fn run_with(script: &str, arguments: &[&str], env: &[(&str, &str)]) -> ScanReport {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fake");
    std::fs::write(folder.path().join("report.json"), SARIF).unwrap();
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut argv = vec![path.into_os_string()];
    argv.extend(arguments.iter().map(OsString::from));
    run(Program {
        argv,
        folder: folder.path().to_owned(),
        env: env.iter().map(|(name, value)| (name.into(), value.into())).collect(),
        timeout: Duration::from_millis(1500),
        max_output: 10_000,
        writes: None,
    })
}

fn run(program: Program) -> ScanReport {
    let settings = ImportSettings::default();
    let mut import = Import::new(&settings);
    let tool = Tool { name: "fake".into(), program, findings: vec![1], nothing: vec![3] };
    tool.start().finish(&mut import, None);
    let mut report = ScanReport { complete: true, ..ScanReport::default() };
    import.finish(&mut report);
    report
}

fn sh(script: &str) -> ScanReport {
    run_with(script, &[], &[("PATH", "/usr/bin:/bin")])
}

#[test]
fn sarif_comes_from_standard_output_or_from_a_file() {
    for report in [
        sh("cat report.json"),
        sh("cat report.json; exit 1"),
        run_with("cat report.json > \"$2\"; echo chatter", &["-o", "{out}"], &[("PATH", "/usr/bin:/bin")]),
        // As checkov does: a folder of that name with the file in it.
        run_with("mkdir \"$1\"; cat report.json > \"$1/r.sarif\"", &["{out}"], &[("PATH", "/usr/bin:/bin")]),
    ] {
        assert!(report.complete, "{:?}", report.notices);
        assert_eq!(report.findings.len(), 1);
        assert_eq!(report.findings[0].rule.as_str(), "F1");
    }
}

#[test]
fn each_failure_is_told_and_makes_the_scan_incomplete() {
    for (script, told) in [
        ("exit 2", "ended with exit code 2"),
        ("echo 'bad flag' >&2; exit 64", "exit code 64: bad flag"),
        ("kill -9 $$", "a signal ended it"),
        ("exit 0", "wrote no SARIF"),
        ("echo not json", "no JSON"),
        ("echo '{\"version\":\"2.1.0\"}'", "no SARIF 2.1.0"),
        ("head -c 20000 /dev/zero", "more than 10000 bytes"),
        ("yes", "more than 10000 bytes"),
        ("head -c 100 report.json", "no JSON"),
        ("sleep 60", "ended after 1.5 s"),
    ] {
        let began = Instant::now();
        let report = sh(script);
        assert!(!report.complete, "{script}");
        let notices: Vec<&str> = report.notices.iter().map(|notice| notice.message.as_str()).collect();
        assert!(
            notices.iter().any(|notice| notice.contains(told) && notice.contains("`fake`")),
            "{script}: {notices:?}"
        );
        assert!(began.elapsed() < Duration::from_secs(20), "{script}");
    }
    let missing = Program {
        argv: vec!["/nowhere/at-all".into()],
        folder: std::env::temp_dir(),
        env: Vec::new(),
        timeout: Duration::from_secs(1),
        max_output: 10,
        writes: None,
    };
    let report = run(missing);
    assert!(!report.complete && report.notices[0].message.contains("cannot be started"), "{:?}", report.notices);
}

#[test]
fn nothing_to_scan_is_no_failure() {
    let report = sh("exit 3");
    assert!(report.complete && report.findings.is_empty());
    assert!(report.notices[0].message.contains("nothing to scan"));
}

#[test]
fn a_tool_sees_the_environment_it_was_given_and_no_shell() {
    let script =
        "[ \"$GIVEN\" = yes ] && [ -z \"$CARGO_MANIFEST_DIR\" ] && [ \"$1\" = '$(exit 9); *' ] && cat report.json";
    let report = run_with(script, &["$(exit 9); *"], &[("PATH", "/usr/bin:/bin"), ("GIVEN", "yes")]);
    assert!(report.complete, "{:?}", report.notices);
}

#[test]
fn what_a_tool_began_ends_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("pid");
    let script = format!("sleep 60 & echo $! > {}; wait", mark.display());
    assert!(!sh(&script).complete);
    let child = std::fs::read_to_string(mark).unwrap();
    let state = std::path::PathBuf::from(format!("/proc/{}/stat", child.trim()));
    // Dead, or dead and not yet collected by init; where there is no /proc, nothing can be seen.
    let gone = || std::fs::read_to_string(&state).map_or(true, |stat| stat.contains(") Z"));
    let deadline = Instant::now() + Duration::from_secs(5);
    while !gone() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(gone());
}

#[test]
fn a_file_that_grows_beyond_the_limit_ends_its_writer() {
    let began = Instant::now();
    let report = run_with("yes > \"$1\"", &["{out}"], &[("PATH", "/usr/bin:/bin")]);
    assert!(!report.complete && report.notices[0].message.contains("more than 10000 bytes"), "{:?}", report.notices);
    assert!(began.elapsed() < Duration::from_millis(1400), "before its time is over");
}

#[cfg(unix)]
#[test]
fn a_trusted_tool_runs_in_no_folder_that_the_tree_links_to() {
    let (tree, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::os::unix::fs::symlink(outside.path(), tree.path().join("link")).unwrap();
    let text = "[[tool]]\nname = \"fake\"\nfolder = \"link\"\ncommand = [\"touch\", \"ran\"]\n";
    std::fs::write(tree.path().join("portcullis.toml"), text).unwrap();
    let scan = std::process::Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .current_dir(tree.path())
        .args(["scan", "--trust-config"])
        .output()
        .unwrap();
    assert_eq!(scan.status.code(), Some(3));
    assert!(!outside.path().join("ran").exists());
    let told = String::from_utf8_lossy(&scan.stdout);
    assert!(told.contains("The tool `fake` did not run: its folder `link`"), "{told}");
}

/// The state of a process, as the system has it: `None` where it is gone or a zombie that nobody waited for.
fn runs(pid: i32) -> bool {
    let there = rustix::process::Pid::from_raw(pid).is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok());
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    there && !status.contains("State:\tZ")
}

/// A scan with a tool that sleeps (and, where `stubborn`, does not hear SIGTERM), started by `shell` words.
fn interrupted(signal: rustix::process::Signal, stubborn: bool) -> (Option<i32>, Vec<i32>, usize) {
    let folder = tempfile::tempdir().unwrap();
    let (tree, scratch) = (folder.path().join("tree"), folder.path().join("tmp"));
    std::fs::create_dir_all(&tree).unwrap();
    std::fs::create_dir_all(&scratch).unwrap();
    let script = folder.path().join("fake");
    let deaf = if stubborn { "trap '' TERM" } else { ":" };
    let pids = folder.path().join("pids");
    let text = format!(
        "#!/bin/sh\n{deaf}\necho half > \"$1\"\nsleep 61 &\necho $$ $! > {pids}.new\nmv {pids}.new {pids}\nwait; wait\n",
        pids = pids.display()
    );
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let config = folder.path().join("portcullis.toml");
    let command = format!("[[tool]]\nname = \"fake\"\ncommand = [{:?}, \"{{out}}\"]\n", script.display().to_string());
    std::fs::write(&config, command).unwrap();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .arg("scan")
        .arg(&tree)
        .arg("--config")
        .arg(&config)
        .args(["--scanners", "secrets"])
        .env("TMPDIR", &scratch)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    let started = loop {
        if let Ok(text) = std::fs::read_to_string(&pids) {
            break text.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<i32>>();
        }
        assert!(Instant::now() < deadline && child.try_wait().unwrap().is_none(), "the tool did not start");
        std::thread::sleep(Duration::from_millis(10));
    };
    assert_eq!(files(&scratch), 1, "the folder of the tool's output");
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), signal).unwrap();
    let code = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            child.wait().unwrap();
            break None;
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    // The system takes a moment to end what was killed.
    while started.iter().any(|&pid| runs(pid)) && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    let left: Vec<i32> = started.into_iter().filter(|&pid| runs(pid)).collect();
    for &pid in &left {
        let _ =
            rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), rustix::process::Signal::KILL);
    }
    (code, left, files(&scratch))
}

fn files(folder: &std::path::Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

#[test]
fn an_interrupted_scan_ends_its_tools_and_leaves_no_files() {
    use rustix::process::Signal;
    for (signal, stubborn, code) in
        [(Signal::INT, false, 130), (Signal::TERM, false, 143), (Signal::TERM, true, 143), (Signal::HUP, false, 129)]
    {
        assert_eq!(interrupted(signal, stubborn), (Some(code), Vec::new(), 0), "{signal:?}");
    }
}
