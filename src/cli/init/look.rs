//! What a repository looks like from outside: where it is hosted, what manages its hooks.

use std::path::{Path, PathBuf};

use crate::cli::CliError;

/// What `init` needs to know of a repository.
#[derive(Debug)]
pub struct Repository {
    /// The folder of its working tree.
    pub root: PathBuf,
    /// Who runs its pipelines.
    pub host: Host,
    /// Who writes its hooks.
    pub manager: HookManager,
    /// The branch that changes are merged into.
    pub branch: String,
}

/// Who runs the pipelines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// GitHub, by its remote or its folder.
    GitHub,
    /// GitLab, by its remote or its file.
    GitLab,
    /// Another, or none that we know of.
    Other,
}

/// Who writes the hooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookManager {
    /// Nobody: git's own hooks.
    None,
    /// The pre-commit framework.
    PreCommit,
    /// lefthook.
    Lefthook,
    /// husky.
    Husky,
}

/// File or folder that gives a manager away.
const MANAGERS: &[(&str, HookManager)] = &[
    (".pre-commit-config.yaml", HookManager::PreCommit),
    (".pre-commit-config.yml", HookManager::PreCommit),
    ("lefthook.yml", HookManager::Lefthook),
    (".lefthook.yml", HookManager::Lefthook),
    ("lefthook.yaml", HookManager::Lefthook),
    (".husky", HookManager::Husky),
];

impl HookManager {
    /// What to add to its configuration; `None` where there is no manager.
    pub fn line(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::PreCommit => Some("add the hook `portcullis` to .pre-commit-config.yaml (docs/hooks.md)"),
            Self::Lefthook => Some("add a pre-commit job that runs `portcullis hook run pre-commit` to lefthook.yml"),
            Self::Husky => Some("add the line `portcullis hook run pre-commit` to .husky/pre-commit"),
        }
    }
}

impl Repository {
    /// Looks at the repository around `folder`; runs nothing of it.
    ///
    /// # Errors
    /// Where there is none with a working tree.
    pub fn look(folder: &Path) -> Result<Self, CliError> {
        let unusable = |error: &dyn std::fmt::Display| {
            CliError::usage(format!("no git repository that can be used here: {error}. Run this inside of one"))
        };
        let repository = gix::discover(folder).map_err(|error| unusable(&error))?;
        let root = repository.workdir().ok_or_else(|| unusable(&"it is bare"))?.to_path_buf();
        let remote = repository.config_snapshot().string("remote.origin.url").map(|url| url.to_string());
        let manager =
            MANAGERS.iter().find(|(name, _)| root.join(name).exists()).map_or(HookManager::None, |found| found.1);
        Ok(Self { host: host(&root, &remote.unwrap_or_default()), manager, branch: branch(&repository), root })
    }
}

fn host(root: &Path, remote: &str) -> Host {
    if remote.contains("github.com") || root.join(".github").is_dir() {
        Host::GitHub
    } else if remote.contains("gitlab") || root.join(".gitlab-ci.yml").exists() {
        Host::GitLab
    } else {
        Host::Other
    }
}

/// What the remote calls its default branch, else the current one.
fn branch(repository: &gix::Repository) -> String {
    let remote = repository.find_reference("refs/remotes/origin/HEAD").ok();
    let remote = remote.and_then(|head| Some(head.target().try_name()?.shorten().to_string()));
    let current = || repository.head_name().ok().flatten().map(|name| name.shorten().to_string());
    let branch = remote.map(|name| name.trim_start_matches("origin/").to_owned()).or_else(current);
    branch.unwrap_or_else(|| "main".to_owned())
}
