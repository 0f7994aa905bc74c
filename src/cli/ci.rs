//! Where a pipeline runs: what its service calls the base of a change, how it takes annotations and a summary.

use std::path::PathBuf;

use super::output::{env, read_file};

/// What one service tells and takes, by names of environment variables.
struct Provider {
    /// Its name.
    name: &'static str,
    /// The variable that is set there, and its value where that matters.
    detect: (&'static str, Option<&'static str>),
    /// Where the base of the change is named, the best first.
    base: &'static [Base],
    /// The commit that is built.
    commit: &'static str,
    /// The format on standard output that becomes annotations; empty for none.
    annotations: &'static str,
    /// How a summary in Markdown is handed over.
    summary: Handover,
    /// The file that takes `name=value` lines; empty for none.
    outputs: &'static str,
}

/// How a variable names the base.
#[derive(Clone, Copy)]
enum Base {
    /// A commit.
    Commit(&'static str),
    /// A branch of the remote `origin`, with or without `refs/heads/`.
    Branch(&'static str),
    /// A file in JSON, in which the commit stands at this pointer (RFC 6901).
    Event(&'static str, &'static str),
}

/// How a summary is handed over.
#[derive(Clone, Copy)]
enum Handover {
    None,
    /// Appended to the file that the variable names.
    Append(&'static str),
    /// Written to a file in the folder that the variable names, and told by this command on standard output.
    Command(&'static str, &'static str),
}

/// The services we know; the first that is detected counts. Forgejo and Gitea set GitHub's variables.
static PROVIDERS: &[Provider] = &[
    Provider {
        name: "GitHub Actions",
        detect: ("GITHUB_ACTIONS", Some("true")),
        base: &[Base::Branch("GITHUB_BASE_REF"), Base::Event("GITHUB_EVENT_PATH", "/before")],
        commit: "GITHUB_SHA",
        annotations: "github",
        summary: Handover::Append("GITHUB_STEP_SUMMARY"),
        outputs: "GITHUB_OUTPUT",
    },
    Provider {
        name: "GitLab CI",
        detect: ("GITLAB_CI", None),
        base: &[
            Base::Commit("CI_MERGE_REQUEST_DIFF_BASE_SHA"),
            Base::Branch("CI_MERGE_REQUEST_TARGET_BRANCH_NAME"),
            Base::Commit("CI_COMMIT_BEFORE_SHA"),
        ],
        commit: "CI_COMMIT_SHA",
        annotations: "",
        summary: Handover::None,
        outputs: "",
    },
    Provider {
        name: "Azure Pipelines",
        detect: ("TF_BUILD", None),
        base: &[Base::Branch("SYSTEM_PULLREQUEST_TARGETBRANCH")],
        commit: "BUILD_SOURCEVERSION",
        annotations: "azure",
        summary: Handover::Command("AGENT_TEMPDIRECTORY", "##vso[task.uploadsummary]"),
        outputs: "",
    },
    Provider {
        name: "Jenkins",
        detect: ("JENKINS_URL", None),
        base: &[Base::Branch("CHANGE_TARGET"), Base::Commit("GIT_PREVIOUS_SUCCESSFUL_COMMIT")],
        commit: "GIT_COMMIT",
        annotations: "compact",
        summary: Handover::None,
        outputs: "",
    },
    Provider {
        name: "Bitbucket Pipelines",
        detect: ("BITBUCKET_BUILD_NUMBER", None),
        base: &[Base::Branch("BITBUCKET_PR_DESTINATION_BRANCH")],
        commit: "BITBUCKET_COMMIT",
        annotations: "",
        summary: Handover::None,
        outputs: "",
    },
    Provider {
        name: "Buildkite",
        detect: ("BUILDKITE", Some("true")),
        base: &[Base::Branch("BUILDKITE_PULL_REQUEST_BASE_BRANCH")],
        commit: "BUILDKITE_COMMIT",
        annotations: "",
        summary: Handover::None,
        outputs: "",
    },
];

/// The service that this process runs at.
#[derive(Clone, Copy)]
pub struct Ci(&'static Provider);

impl Ci {
    /// The service whose variables are set; `None` on a developer's machine.
    pub fn find() -> Option<Self> {
        let here = |provider: &&Provider| {
            let (name, value) = provider.detect;
            set(name).is_some_and(|found| value.is_none_or(|value| found == value))
        };
        PROVIDERS.iter().find(here).map(Self)
    }

    /// What was detected, for people.
    pub fn describe(self) -> String {
        let name = self.0.name;
        self.base()
            .map_or_else(|| format!("{name}: a build of no change"), |base| format!("{name}: a change of {base}"))
    }

    /// The revision that the change under test is compared with; `None` where the build is of no change.
    pub fn base(self) -> Option<String> {
        self.0.base.iter().find_map(|base| match base {
            Base::Commit(name) => set(name).filter(|commit| is_commit(commit)),
            Base::Event(name, pointer) => {
                let event: serde_json::Value = serde_json::from_slice(&read_file(set(name)?.as_ref()).ok()?).ok()?;
                event.pointer(pointer)?.as_str().filter(|commit| is_commit(commit)).map(str::to_owned)
            }
            Base::Branch(name) => {
                set(name).map(|branch| format!("origin/{}", branch.strip_prefix("refs/heads/").unwrap_or(&branch)))
            }
        })
    }

    /// The commit that is built, where it is told as 40 or 64 hexadecimal digits.
    pub fn commit(self) -> Option<String> {
        set(self.0.commit)
            .filter(|commit| matches!(commit.len(), 40 | 64) && commit.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }

    /// The format that becomes annotations when it is written to standard output.
    pub fn annotations(self) -> Option<&'static str> {
        Some(self.0.annotations).filter(|format| !format.is_empty())
    }

    /// The file that takes the summary, and the line to print once it is there.
    pub fn summary(self) -> Option<(PathBuf, Option<String>)> {
        match self.0.summary {
            Handover::None => None,
            Handover::Append(name) => set(name).map(|file| (PathBuf::from(file), None)),
            Handover::Command(name, command) => {
                let file = PathBuf::from(set(name)?).join("portcullis-summary.md");
                let line = format!("{command}{}", file.display());
                Some((file, Some(line)))
            }
        }
    }

    /// The file that takes outputs as `name=value` lines.
    pub fn outputs(self) -> Option<PathBuf> {
        set(self.0.outputs).map(PathBuf::from)
    }
}

/// True for anything but the zeros that stand for no commit.
fn is_commit(text: &str) -> bool {
    text.bytes().any(|byte| byte != b'0')
}

/// A variable that is set and not empty.
fn set(name: &str) -> Option<String> {
    if name.is_empty() { None } else { env(name).filter(|value| !value.is_empty()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report;

    #[test]
    fn every_providers_formats_exist() {
        for provider in PROVIDERS {
            assert!(
                provider.annotations.is_empty() || report::find(provider.annotations).is_some(),
                "{}",
                provider.name
            );
        }
    }
}
