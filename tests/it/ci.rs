//! What `--ci` takes for the base of a change, by the variables of each service.

use std::process::Command;

const COMMIT: &str = "1111111111111111111111111111111111111111";
const ZEROS: &str = "0000000000000000000000000000000000000000";

/// Variables of a service, and what `-v` then says.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a str);

#[test]
fn each_service_names_the_base_of_a_change() {
    let event = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = event.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let pushed = file("push.json", &format!("{{\"before\": \"{COMMIT}\"}}"));
    let created = file("new.json", &format!("{{\"before\": \"{ZEROS}\"}}"));
    let broken = file("broken.json", "{\"before\": ");
    let github = ("GITHUB_ACTIONS", "true");
    let azure = ("TF_BUILD", "True");
    let jenkins = ("JENKINS_URL", "https://ci.example.org/");
    let gitlab = ("GITLAB_CI", "true");
    let cases: &[Case<'_>] = &[
        (&[github, ("GITHUB_BASE_REF", "main")], "GitHub Actions: a change of origin/main"),
        (&[github, ("GITHUB_BASE_REF", "main"), ("GITHUB_EVENT_PATH", &pushed)], "a change of origin/main"),
        (&[github, ("GITHUB_BASE_REF", ""), ("GITHUB_EVENT_PATH", &pushed)], COMMIT),
        (&[github, ("GITHUB_EVENT_PATH", &created)], "GitHub Actions: a build of no change"),
        (&[github, ("GITHUB_EVENT_PATH", &broken)], "GitHub Actions: a build of no change"),
        (&[github, ("GITHUB_EVENT_PATH", "/nowhere/event.json")], "GitHub Actions: a build of no change"),
        (&[gitlab, ("CI_MERGE_REQUEST_DIFF_BASE_SHA", COMMIT), ("CI_COMMIT_BEFORE_SHA", ZEROS)], COMMIT),
        (&[gitlab, ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "release/1")], "GitLab CI: a change of origin/release/1"),
        (&[gitlab, ("CI_COMMIT_BEFORE_SHA", COMMIT)], COMMIT),
        (&[gitlab, ("CI_COMMIT_BEFORE_SHA", ZEROS)], "GitLab CI: a build of no change"),
        (&[azure, ("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/main")], "Azure Pipelines: a change of origin/main"),
        (&[azure, ("SYSTEM_PULLREQUEST_TARGETBRANCH", "main")], "Azure Pipelines: a change of origin/main"),
        (&[azure], "Azure Pipelines: a build of no change"),
        (&[jenkins, ("CHANGE_TARGET", "main"), ("GIT_PREVIOUS_SUCCESSFUL_COMMIT", COMMIT)], "a change of origin/main"),
        (&[jenkins, ("GIT_PREVIOUS_SUCCESSFUL_COMMIT", COMMIT)], COMMIT),
        (&[jenkins], "Jenkins: a build of no change"),
        // Forgejo and Gitea set GitHub's variables; a runner of one service may run inside another.
        (&[github, gitlab, ("GITHUB_BASE_REF", "main")], "GitHub Actions: a change of origin/main"),
        // Only the value that the service writes counts.
        (&[("GITHUB_ACTIONS", "no"), ("GITHUB_BASE_REF", "main")], ""),
    ];
    let tree = tempfile::tempdir().unwrap();
    for (variables, expected) in cases {
        let run = Command::new(env!("CARGO_BIN_EXE_portcullis"))
            .current_dir(tree.path())
            .env_clear()
            .envs(variables.iter().copied())
            .args(["scan", "--ci", "-v", "--no-config", "--scanners=secrets"])
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(0), "{variables:?}: {told}");
        let said = told.lines().find(|line| line.contains(": a change of") || line.contains(": a build of"));
        match expected.is_empty() {
            true => assert_eq!(said, None, "{variables:?}"),
            false => assert!(said.is_some_and(|line| line.ends_with(expected)), "{variables:?}: {told}"),
        }
    }
}
