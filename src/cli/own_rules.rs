//! `--rules DIR` and `scan.rules`: folders of own rules, in the form of the built-in ones.

use std::path::{Path, PathBuf};

use super::CliError;
use super::output::read_file;
use crate::ruleset;
use crate::scan::iac::{IacRule, read_rules};
use crate::scan::secrets::SecretRuleSource;

/// A folder that nests deeper, or holds more files, is not one of rules.
const MAX_FILES: usize = 10_000;

/// Own rules by the scanner that takes them.
#[derive(Default)]
pub struct OwnRules {
    /// Files whose rules have a `pattern`.
    pub secrets: Vec<SecretRuleSource>,
    /// Files whose rules have `on`.
    pub iac: Vec<IacRule>,
}

/// Reads every `.toml` file below the folders.
///
/// # Errors
/// Names the folder or file, the line, and what to write instead; its author is at fault.
pub fn load(folders: &[PathBuf]) -> Result<OwnRules, CliError> {
    let mut own = OwnRules::default();
    for folder in folders {
        for file in toml_files(folder)? {
            read(&file, &mut own)?;
        }
    }
    Ok(own)
}

fn toml_files(folder: &Path) -> Result<Vec<PathBuf>, CliError> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        let unreadable =
            |error| CliError::usage(format!("cannot read the folder of rules `{}`: {error}", folder.display()));
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let kind = entry.file_type().map_err(unreadable)?;
            let path = entry.path();
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "toml") {
                files.push(path);
            }
        }
        if files.len() + folders.len() > MAX_FILES {
            return Err(CliError::usage(format!("`{}` holds too many files for a folder of rules", folder.display())));
        }
    }
    files.sort();
    Ok(files)
}

fn read(file: &Path, own: &mut OwnRules) -> Result<(), CliError> {
    let name = file.display().to_string();
    let text = String::from_utf8(read_file(file)?)
        .map_err(|_| CliError::usage(format!("{name}: a rule file is UTF-8 text; this one is not")))?;
    // A secret rule has a pattern; a rule for infrastructure has kinds to look at.
    let is_secret = text
        .lines()
        .any(|line| line.trim_start().strip_prefix("pattern").is_some_and(|rest| rest.trim_start().starts_with('=')));
    if is_secret {
        own.secrets.extend(ruleset::parse(&name, &text).map_err(CliError::usage)?);
    } else {
        own.iac.extend(read_rules(&text).map_err(|error| CliError::usage(format!("{name}: {error}")))?);
    }
    Ok(())
}
