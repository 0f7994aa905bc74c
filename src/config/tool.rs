//! `[[tool]]`, checked: a ready entry, and what the file changes of it.

use std::time::Duration;

use super::nearest;
use super::schema::Tool;
use super::validate::{Checked, Wrong, check, check_optional, check_size};
use crate::external::catalogue::{self, CATALOGUE};
use crate::model::RepoPath;

/// Unless something else is asked for.
const TIMEOUT: Duration = Duration::from_secs(300);
/// Unless something else is asked for.
const MAX_OUTPUT: u64 = 64 << 20;

/// One external scanner.
#[derive(Clone, Debug)]
pub struct ToolSettings {
    /// What reports call it.
    pub name: String,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Where it runs, below the root.
    pub folder: RepoPath,
    /// Names of environment variables it gets.
    pub env: Vec<String>,
    /// Wall time.
    pub timeout: Duration,
    /// Bytes of output.
    pub max_output: u64,
    /// Exit codes of a run that found something.
    pub findings: Vec<i32>,
    /// Exit codes of a run that had nothing to look at.
    pub nothing: Vec<i32>,
}

/// Fills in what the ready entry has, and checks the rest.
pub fn check_tool(tool: Tool) -> Checked<ToolSettings> {
    let entry = check_optional(tool.r#use.as_ref(), |name| {
        catalogue::find(name).ok_or_else(|| {
            let near = nearest(name, CATALOGUE.iter().map(|entry| entry.name));
            let near = near.map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default();
            format!("there is no ready tool `{name}`{near}: see `portcullis tools list`")
        })
    })?;
    let own: Vec<String> = tool.command.into_iter().map(toml::Spanned::into_inner).collect();
    let ready = || entry.map(|entry| entry.command.iter().map(|&argument| argument.to_owned()).collect());
    let command: Vec<String> = if own.is_empty() { ready().unwrap_or_default() } else { own };
    let Some(program) = command.first().filter(|program| !program.trim().is_empty()) else {
        let at = tool.name.as_ref().map_or(0, |name| name.span().start);
        let message = "a tool needs a `command` or, with `use`, a ready entry".to_owned();
        return Err(Wrong { at, message, help: None });
    };
    let default = || entry.map_or(program.as_str(), |entry| entry.name).to_owned();
    let folder = |folder: &str| {
        if matches!(folder, "." | "./") {
            return Ok(RepoPath::new(""));
        }
        RepoPath::resolve("", folder).ok_or_else(|| format!("`{folder}` is outside the root: a tool runs inside it"))
    };
    Ok(ToolSettings {
        name: tool.name.map_or_else(default, toml::Spanned::into_inner),
        folder: tool.folder.as_ref().map(|value| check(value, folder)).transpose()?.unwrap_or(RepoPath::new("")),
        env: tool.env.into_iter().map(toml::Spanned::into_inner).collect(),
        timeout: check_optional(tool.timeout.as_ref(), parse_duration)?.unwrap_or(TIMEOUT),
        max_output: tool.max_output.as_ref().map(check_size).transpose()?.unwrap_or(MAX_OUTPUT),
        findings: tool.findings.unwrap_or_else(|| entry.map_or(vec![1], |entry| entry.findings.to_vec())),
        nothing: tool.nothing.unwrap_or_else(|| entry.map_or(Vec::new(), |entry| entry.nothing.to_vec())),
        command,
    })
}

/// `90s`, `5m` or `1h`.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no time: write 90s, 5m or 1h");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let number: u64 = text.strip_suffix(unit).unwrap_or_default().parse().map_err(|_| wrong())?;
    let factor = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        _ => return Err(wrong()),
    };
    let seconds = number.checked_mul(factor).filter(|seconds| (1..=86_400).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| format!("`{text}` is not between 1s and 24h"))
}
