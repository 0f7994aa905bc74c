//! The shell of `action.yml`, step by step, in GitHub's environment as far as it matters.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::cli::program_folder;
use crate::support::root;

/// A runner: a work folder, a temporary one, and the files that steps write.
struct Runner {
    folder: TempDir,
    variables: BTreeMap<&'static str, String>,
}

/// What a step left behind.
struct Step {
    code: i32,
    log: String,
    outputs: BTreeMap<String, String>,
}

impl Runner {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["work", "temp", "bin", "program/bin"] {
            fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        let program = program_folder().join("portcullis");
        std::os::unix::fs::symlink(program, folder.path().join("program/bin/portcullis")).unwrap();
        let mut runner = Self { folder, variables: BTreeMap::new() };
        let path = |name: &str| runner.folder.path().join(name).display().to_string();
        let defaults = [
            ("PATH", format!("{}:{}", path("bin"), std::env::var("PATH").unwrap())),
            ("HOME", path("temp")),
            ("PORTCULLIS_CACHE", path("temp/cache")),
            ("GITHUB_ACTIONS", "true".to_owned()),
            ("GITHUB_ACTION_PATH", root().display().to_string()),
            ("GITHUB_API_URL", "https://api.github.test".to_owned()),
            ("GITHUB_REPOSITORY", "one/repo".to_owned()),
            ("GITHUB_ACTOR", "somebody".to_owned()),
            ("GITHUB_OUTPUT", path("output")),
            ("GITHUB_STEP_SUMMARY", path("summary")),
            ("RUNNER_TEMP", path("temp")),
            ("FOLDER", path("program")),
            ("UPDATE_DB", "false".to_owned()),
            ("CATEGORY", "portcullis".to_owned()),
            ("PATHS", ".".to_owned()),
            ("UPLOAD", "auto".to_owned()),
            ("SARIF", path("temp/portcullis.sarif")),
            ("TOKEN", "of-the-test".to_owned()),
        ];
        let empty =
            ["FAIL_ON", "SCANNERS", "CONFIG", "BASELINE", "ARGS", "HEAD_REPOSITORY", "BINARY_URL", "BINARY_SHA256"];
        let empty = empty.map(|name| (name, String::new()));
        let variables = defaults.into_iter().chain(empty).collect();
        runner.variables = variables;
        runner
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.variables.insert(name, value.to_owned());
        self
    }

    /// Puts a `curl` on the path that answers with `status`, after it checked that the token is not an argument.
    fn answering(self, status: &str) -> Self {
        let script = format!(
            "#!/bin/sh\ncase \"$*\" in *of-the-test*) exit 9;; esac\ngrep -q 'Bearer of-the-test' && printf {status}\n"
        );
        self.script("curl", &script)
    }

    fn script(self, name: &str, text: &str) -> Self {
        let file = self.path("bin").join(name);
        fs::write(&file, text).unwrap();
        fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        self
    }

    fn file(self, name: &str, text: &str) -> Self {
        let file = self.path("work").join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
        self
    }

    fn step(&self, name: &str) -> Step {
        let _ = fs::remove_file(self.path("output"));
        let mut command = Command::new("bash");
        command.arg(root().join("action/run.sh")).arg(name).current_dir(self.path("work"));
        let output = command.env_clear().envs(&self.variables).output().unwrap();
        let lines = fs::read_to_string(self.path("output")).unwrap_or_default();
        let outputs = lines.lines().filter_map(|line| line.split_once('='));
        Step {
            code: output.status.code().unwrap(),
            log: String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
            outputs: outputs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        }
    }
}

const DEFECT: &str =
    "FROM alpine:3.20@sha256:0a4eaa0eecf5f8c050e5bba433f58c052be7587ee8af3e8b3910ef9ab5fbe9f5\nUSER root\n";

#[test]
fn a_scan_reports_everywhere_and_leaves_the_verdict_to_the_gate() {
    let runner = Runner::new().file("app/Dockerfile", DEFECT).with("PATHS", "app\r\n\n");
    let step = runner.step("scan");
    assert_eq!(step.code, 0, "{}", step.log);
    assert!(step.log.contains("::error file=app/Dockerfile"), "{}", step.log);
    assert_eq!(step.outputs["exit-code"], "1");
    assert_eq!(step.outputs["high"], "1");
    assert!(fs::read_to_string(runner.path("summary")).unwrap().contains("`app/Dockerfile:"));
    let sarif = fs::read_to_string(&step.outputs["sarif"]).unwrap();
    assert!(sarif.contains("\"uri\":\"app/Dockerfile\""), "paths are the repository's");
    assert_eq!(runner.with("EXIT_CODE", "1").step("gate").code, 1);
    assert_eq!(Runner::new().with("EXIT_CODE", "0").step("gate").code, 0);
    assert_eq!(Runner::new().step("gate").code, 2, "a scan that never ran does not pass");
}

#[test]
fn inputs_are_arguments_and_never_shell() {
    let runner = Runner::new()
        .file("a b/Dockerfile", DEFECT)
        .with("PATHS", "a b\n$(touch hacked)")
        .with("ARGS", "--exclude=;touch hacked\n--min-confidence=high")
        .with("FAIL_ON", "none");
    let step = runner.step("scan");
    assert!(step.log.contains("`$(touch hacked)`"), "{}", step.log);
    assert_eq!((step.code, step.outputs["exit-code"].as_str()), (0, "2"));
    let step = runner.with("PATHS", "a b").step("scan");
    assert_eq!(step.outputs["exit-code"], "0", "{}", step.log);
    let runner = Runner::new().with("FAIL_ON", "high --no-ignore");
    assert_eq!(runner.step("scan").outputs["exit-code"], "2");
    assert!(!runner.path("work/hacked").exists());
}

#[test]
fn uploads_only_where_it_can() {
    let decided = |runner: Runner| {
        fs::write(runner.path("temp/portcullis.sarif"), "{}").unwrap();
        let step = runner.step("decide");
        assert_eq!(step.code, 0, "{}", step.log);
        (step.outputs["upload"] == "true", step.log)
    };
    let new = Runner::new;
    assert!(decided(new().answering("200")).0);
    assert!(decided(new().answering("404").with("HEAD_REPOSITORY", "one/repo")).0);
    for status in ["403", "000", "500"] {
        let (upload, log) = decided(new().answering(status));
        assert!(!upload && log.contains("::warning"), "{status}: {log}");
    }
    assert!(!decided(new().answering("200").with("HEAD_REPOSITORY", "two/repo")).0);
    assert!(!decided(new().answering("200").with("GITHUB_ACTOR", "dependabot[bot]")).0);
    assert!(!decided(new().answering("200").with("UPLOAD", "never")).0);
    assert!(decided(new().answering("403").with("UPLOAD", "always")).0);
    assert_eq!(new().with("UPLOAD", "yes").step("decide").code, 1);
}

#[test]
fn a_fetched_program_must_have_the_sum_that_was_asked_for() {
    let url = format!("file://{}", root().join("Cargo.toml").display());
    let runner = Runner::new()
        .with("BINARY_URL", &url)
        .with("FOLDER", &tempfile::tempdir().unwrap().path().display().to_string());
    assert!(runner.step("install").log.contains("needs binary-sha256"));
    let step = runner.with("BINARY_SHA256", &"0".repeat(64)).step("install");
    assert!(step.code != 0 && step.log.contains("another SHA-256"), "{}", step.log);
}

#[test]
fn a_program_that_is_there_is_not_built_again() {
    let runner = Runner::new().script("cargo", "#!/bin/sh\necho built; exit 5\n").script("rustup", "#!/bin/sh\n");
    let step = runner.step("install");
    assert_eq!(step.code, 0, "{}", step.log);
    assert!(!step.log.contains("built"));
    let step = runner.with("FOLDER", "/nowhere").step("install");
    assert_eq!(step.code, 5, "{}", step.log);
    let step = Runner::new().step("prepare");
    assert_eq!(step.outputs["key"].len(), 32, "{}", step.log);
}

#[test]
fn the_action_passes_inputs_by_environment_and_pins_what_it_uses() {
    let text = fs::read_to_string(root().join("action.yml")).unwrap();
    for line in text.lines().map(str::trim) {
        if let Some(run) = line.strip_prefix("run:") {
            assert!(!run.contains("${{"), "{run}");
        }
        if let Some(uses) = line.strip_prefix("uses:").or(line.strip_prefix("- uses:")) {
            let commit = uses.split(['@', ' ']).find(|part| part.len() == 40);
            assert!(commit.is_some_and(|commit| commit.bytes().all(|b| b.is_ascii_hexdigit())), "{uses}");
        }
    }
}
