//! The files that `init` proposes.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::look::{Host, Repository};
use crate::model::{ScanReport, Severity};

/// A file to write.
#[derive(Debug)]
pub struct NewFile {
    /// Relative to the root.
    pub path: &'static str,
    /// All of it.
    pub text: String,
}

/// Folders that often hold others' code or defects on purpose; named in the configuration, never left out unasked.
const OFTEN_EXCLUDED: &[&str] =
    &["examples", "fixtures", "testdata", "test-data", "third_party", "third-party", "vendor", "__fixtures__"];

/// What fits the repository.
pub fn for_repository(repository: &Repository, report: &ScanReport) -> Vec<NewFile> {
    let mut files = vec![NewFile { path: crate::config::CONFIG_FILE, text: configuration(report) }];
    match repository.host {
        Host::GitHub => {
            files.push(NewFile { path: ".github/workflows/portcullis.yml", text: workflow(&repository.branch) });
        }
        Host::GitLab => files.push(NewFile { path: ".gitlab-ci.yml", text: gitlab() }),
        Host::Other => {}
    }
    files
}

fn configuration(report: &ScanReport) -> String {
    let mut text = String::new();
    let folders = excluded(report);
    if !folders.is_empty() {
        let globs: Vec<String> = folders.iter().map(|folder| format!("{:?}", format!("{folder}/**"))).collect();
        text.push_str("[scan]\n# There are findings in these folders. Take the mark away from those that are not yours to mend:\n");
        let _ = writeln!(text, "# exclude = [{}]\n", globs.join(", "));
    }
    text.push_str("[gate]\n# critical, high, medium, low, info or none; by scanner: scanners = { secrets = \"low\" }\nfail-on = \"high\"\n");
    text.push_str(
        "\n# What is tolerated, and why:\n# [[ignore]]\n# rule = \"iac/docker-no-user\"\n# path = \"tools/**\"\n\
         # reason = \"runs on developers' machines alone\"\n# until = \"2030-01-01\"\n",
    );
    text
}

/// Folders of those names that hold findings, as paths.
fn excluded(report: &ScanReport) -> BTreeSet<String> {
    let folder = |path: &str| {
        let parts: Vec<&str> = path.split('/').collect();
        let at = parts.iter().rev().skip(1).position(|part| OFTEN_EXCLUDED.contains(part))?;
        Some(parts[..parts.len() - 1 - at].join("/"))
    };
    report.active().filter_map(|finding| folder(finding.primary.path.as_str())).collect()
}

fn install() -> String {
    let (url, version) = (env!("CARGO_PKG_REPOSITORY"), env!("CARGO_PKG_VERSION"));
    format!("cargo install --locked --git {url} --tag v{version}")
}

fn workflow(branch: &str) -> String {
    let branch = branch.replace('\'', "''");
    let install = install();
    format!(
        "name: portcullis
on:
  push:
    branches: ['{branch}']
  pull_request:
permissions: {{}}
concurrency:
  group: ${{{{ github.workflow }}}}-${{{{ github.ref }}}}
  cancel-in-progress: true
jobs:
  scan:
    name: Scan
    runs-on: ubuntu-24.04
    timeout-minutes: 30
    permissions:
      contents: read
      security-events: write # the upload to code scanning
    steps:
      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0
        with:
          persist-credentials: false
      - name: Install
        run: {install}
      - name: Fetch advisories
        run: portcullis db update --quiet
      - name: Scan
        run: portcullis scan --ci -f table -f sarif=portcullis.sarif
      - name: Upload
        if: ${{{{ !cancelled() && github.event.pull_request.head.repo.fork != true }}}}
        continue-on-error: true
        uses: github/codeql-action/upload-sarif@f443b600d91635bebf5b0d9ebc620189c0d6fba5 # v4.30.8
        with:
          sarif_file: portcullis.sarif
"
    )
}

fn gitlab() -> String {
    let install = install();
    format!(
        "portcullis:
  stage: test
  image: rust:1.95
  before_script:
    - {install}
    - portcullis db update --quiet
  script:
    - >-
      portcullis scan --ci -f table -f gitlab-codequality=gl-code-quality-report.json
      -f gitlab-sast=gl-sast-report.json -f gitlab-secrets=gl-secret-detection-report.json
      -f gitlab-deps=gl-dependency-scanning-report.json
  artifacts:
    when: always
    reports:
      codequality: gl-code-quality-report.json
      sast: gl-sast-report.json
      secret_detection: gl-secret-detection-report.json
      dependency_scanning: gl-dependency-scanning-report.json
"
    )
}

/// What is left to do.
pub fn next_steps(repository: &Repository, report: &ScanReport) -> String {
    let failing = report.active().filter(|finding| finding.severity >= Severity::High).count();
    let mut text = String::from("\n");
    if repository.host == Host::Other {
        text.push_str("For a pipeline: docs/ci.md has templates; `portcullis scan --ci` is all they run.\n");
    }
    match failing {
        0 => text.push_str("A scan passes today.\n"),
        _ => {
            let _ = writeln!(
                text,
                "{failing} {} would fail the gate today: `portcullis scan` shows all. To mend them later, run \
                 `portcullis baseline write`, and scan with --baseline portcullis-baseline.json --new-only",
                if failing == 1 { "finding" } else { "findings" }
            );
        }
    }
    text
}
