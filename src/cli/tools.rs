//! External scanners: `portcullis tools list`, and those that a configuration names, started.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::args::{ScanArgs, ToolsArgs, ToolsCommand};
use super::exit::Exit;
use super::output::env;
use super::{CliError, print};
use crate::config::{Settings, ToolSettings};
use crate::external::catalogue::CATALOGUE;
use crate::external::process::Program;
use crate::external::tool::{Running, Tool};
use crate::model::{Notice, NoticeKind, RepoPath};

/// What every program needs to find itself, its home and its temporary files.
const ENVIRONMENT: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "TEMP",
    "TMP",
    "SystemRoot",
    "SystemDrive",
    "PATHEXT",
    "USERPROFILE",
    "APPDATA",
    "LOCALAPPDATA",
    "ProgramData",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "SSL_CERT_FILE",
];

/// Carries out `portcullis tools`.
pub fn run(args: &ToolsArgs) -> Result<Exit, CliError> {
    let ToolsCommand::List = args.command;
    let mut text = String::new();
    for entry in CATALOGUE {
        let there = entry.command.first().is_some_and(|program| is_installed(program));
        let there = if there { "installed" } else { "-" };
        let _ = writeln!(text, "{:<12} {there:<10} {}\n{:23} {}", entry.name, entry.about, "", entry.command.join(" "));
    }
    print(text.as_bytes())
}

fn is_installed(program: &str) -> bool {
    let path = env("PATH").unwrap_or_default();
    let named = |folder: PathBuf| folder.join(program).is_file() || folder.join(format!("{program}.exe")).is_file();
    std::env::split_paths(&path).any(named)
}

/// Starts the tools of a configuration for the tree at `base`; those that may not run are told.
pub fn start(args: &ScanArgs, configuration: &Settings, base: &Path) -> (Vec<Running>, Vec<Notice>) {
    if configuration.tools.is_empty() || args.no_tools {
        return Default::default();
    }
    if !args.trust_config && !is_outside(configuration, args, base) {
        let names: Vec<String> = configuration.tools.iter().map(|tool| format!("`{}`", tool.name)).collect();
        let notice = Notice::incomplete(
            NoticeKind::Tool,
            format!(
                "The tools {} did not run: a configuration of the scanned tree may name any program. Give \
                 --trust-config where you trust it, or --no-tools to do without.",
                names.join(", ")
            ),
        );
        return (Vec::new(), vec![notice]);
    }
    let (inside, outside): (Vec<&ToolSettings>, Vec<_>) =
        configuration.tools.iter().partition(|tool| is_inside(&tool.folder, base));
    let told = outside.into_iter().map(|tool| {
        let text = format!(
            "The tool `{}` did not run: its folder `{}` is none, or a link leads out of the tree.",
            tool.name, tool.folder
        );
        Notice::incomplete(NoticeKind::Tool, text)
    });
    let told = told.collect();
    (inside.into_iter().map(|tool| built(tool, base).start()).collect(), told)
}

/// True for a folder of the tree, links followed: a configuration may be trusted where the tree is not.
fn is_inside(folder: &RepoPath, base: &Path) -> bool {
    #[expect(clippy::disallowed_methods, reason = "no tool runs outside of the tree")]
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let folder = real(&base.join(folder.as_str()));
    matches!((folder, real(base)), (Some(folder), Some(base)) if folder.starts_with(&base) && folder.is_dir())
}

/// True for a file that was named and lies outside the tree: one that was found is of the repository.
fn is_outside(configuration: &Settings, args: &ScanArgs, base: &Path) -> bool {
    #[expect(clippy::disallowed_methods, reason = "whose configuration it is does not depend on how it is written")]
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let file = configuration.path.as_deref().filter(|_| args.config.is_some()).and_then(real);
    matches!((file, real(base)), (Some(file), Some(base)) if !file.starts_with(&base))
}

fn built(tool: &ToolSettings, base: &Path) -> Tool {
    let names = ENVIRONMENT.iter().copied().chain(tool.env.iter().map(String::as_str));
    let program = Program {
        argv: tool.command.iter().map(OsString::from).collect(),
        folder: base.join(tool.folder.as_str()),
        env: names.filter_map(|name| Some((name.into(), env(name)?.into()))).collect(),
        timeout: tool.timeout,
        max_output: tool.max_output,
        writes: None,
    };
    Tool { name: tool.name.clone(), program, findings: tool.findings.clone(), nothing: tool.nothing.clone() }
}
