//! How a file writes its values.

use crate::model::RepoPath;

/// How a file writes its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Manner {
    /// Values need no quotes.
    Config,
    /// Text for people: a value may stand without quotes, and words do as well.
    Prose,
    /// Values stand in quotes.
    Code,
}

/// Extensions of files whose values need no quotes.
const CONFIG: &[&str] = &[
    "env",
    "ini",
    "cfg",
    "conf",
    "properties",
    "yaml",
    "yml",
    "toml",
    "xml",
    "config",
    "tfvars",
    "sh",
    "bash",
    "zsh",
    "ksh",
    "csh",
    "fish",
    "bat",
    "cmd",
    "mk",
    "service",
    "http",
    "rest",
    "netrc",
    "npmrc",
    "pypirc",
    "cnf",
    "envrc",
    "dockerfile",
    "plist",
    "credentials",
    "secrets",
    "pw",
];

/// Names of such files that have no extension.
const NAMES: &[&str] =
    &["Dockerfile", "Containerfile", "Makefile", "GNUmakefile", "makefile", "Procfile", "credentials", "config"];

/// Extensions of text for people.
const PROSE: &[&str] =
    &["md", "markdown", "mdx", "rst", "txt", "text", "adoc", "asciidoc", "log", "out", "org", "wiki", "eml", ""];

impl Manner {
    /// By the path alone.
    pub(in super::super) fn of(path: &RepoPath) -> Self {
        let name = path.file_name();
        let extension = path.extension().to_ascii_lowercase();
        let stem = name.split('.').next().unwrap_or_default();
        if CONFIG.contains(&extension.as_str()) || name.starts_with('.') || NAMES.contains(&stem) || stem == "env" {
            Self::Config
        } else if PROSE.contains(&extension.as_str()) {
            Self::Prose
        } else {
            Self::Code
        }
    }
}
