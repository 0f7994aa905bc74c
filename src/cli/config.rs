//! `portcullis config`: what is set, where, and what may be set.

use std::fmt::Write as _;
use std::path::Path;

use super::args::{ConfigArgs, ConfigCommand};
use super::exit::Exit;
use super::{CliError, print};
use crate::config;

/// Carries out `portcullis config`.
pub fn run(args: &ConfigArgs) -> Result<Exit, CliError> {
    match &args.command {
        ConfigCommand::Show { path, config, origin } => show(path, config.as_deref(), *origin),
        ConfigCommand::Schema => print(config::json_schema().as_bytes()),
    }
}

fn show(path: &Path, file: Option<&Path>, origin: bool) -> Result<Exit, CliError> {
    let Some(file) = file.map_or_else(|| config::find(path), |file| Ok(Some(file.to_owned())))? else {
        let text =
            format!("# no {} in `{}` or above it: every value is its default\n", config::CONFIG_FILE, path.display());
        return print(text.as_bytes());
    };
    // Values out of range are told before anything is shown.
    config::load(&file)?;
    let mut text = String::new();
    for value in config::values(&file)? {
        let line = format!("{} = {}", value.key, value.text);
        let _ = match origin {
            true => writeln!(text, "{line}  # {}:{}", value.path.display(), value.line),
            false => writeln!(text, "{line}"),
        };
    }
    let lines: Vec<String> = text.lines().map(crate::report::escape::terminal).map(Into::into).collect();
    print(format!("{}\n", lines.join("\n")).as_bytes())
}
