//! `--rules DIR` and `scan.rules`: folders of own rules in the form of the built-in ones, and of policies that were
//! written for other tools.

use std::path::{Path, PathBuf};

use super::CliError;
use super::output::read_file;
use crate::model::{Notice, NoticeKind};
use crate::ruleset;
use crate::scan::iac::policy::{checkov, rego};
use crate::scan::iac::{Own, read_rules};
use crate::scan::secrets::SecretRuleSource;

/// A folder that nests deeper, or holds more files, is not one of rules.
const MAX_FILES: usize = 10_000;

/// Own rules by the scanner that takes them.
#[derive(Default)]
pub struct OwnRules {
    /// Files whose rules have a `pattern`.
    pub secrets: Vec<SecretRuleSource>,
    /// Files whose rules have `on`, and policies in other tools' form.
    pub iac: Own,
    /// Policies that could not be used, and files that hold none.
    pub notices: Vec<Notice>,
    /// Policies in Rego, read and not yet compiled.
    rego: Vec<rego::Source>,
}

/// Reads every file of rules below the folders: those that the configuration names, then those of the command line.
/// What is in Rego can compute, and costs time and memory as it likes: from a configuration it runs only where that is
/// `trusted`.
///
/// # Errors
/// Names the folder or file, the line, and what to write instead; its author is at fault.
pub fn load(configured: &[PathBuf], named: &[PathBuf], trusted: bool) -> Result<OwnRules, CliError> {
    let mut own = OwnRules::default();
    let read_all = |folders: &[PathBuf], own: &mut OwnRules| -> Result<(), CliError> {
        folders.iter().try_for_each(|folder| files(folder)?.iter().try_for_each(|file| read(file, own)))
    };
    read_all(configured, &mut own)?;
    if !own.rego.is_empty() && !trusted {
        own.rego.clear();
        let message = "Policies in Rego that the configuration names were not used: name their folder with --policy, or \
                       give --trust-config where you trust the tree.";
        own.notices.push(Notice::incomplete(NoticeKind::Config, message));
    }
    read_all(named, &mut own)?;
    own.iac.rego = rego::load(std::mem::take(&mut own.rego), &mut own.notices);
    Ok(own)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, CliError> {
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
            } else if kind.is_file() && reader(&path).is_some() {
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

/// Takes a file's name and text.
type Reader = fn(&str, &str, &mut OwnRules) -> Result<(), CliError>;

/// How a file is read, by the end of its name.
fn reader(file: &Path) -> Option<Reader> {
    Some(match file.extension()?.to_str()? {
        "toml" => read_toml,
        "yaml" | "yml" => |name, text, own| read_policy(name, text, false, own),
        "rego" => |name, text, own| {
            own.rego.push((name.to_owned(), text.to_owned()));
            Ok(())
        },
        "json" => |name, text, own| read_policy(name, text, true, own),
        _ => return None,
    })
}

fn read(file: &Path, own: &mut OwnRules) -> Result<(), CliError> {
    let name = file.display().to_string();
    let text = String::from_utf8(read_file(file)?)
        .map_err(|_| CliError::usage(format!("{name}: a rule file is UTF-8 text; this one is not")))?;
    reader(file).map_or(Ok(()), |read| read(&name, &text, own))
}

fn read_toml(name: &str, text: &str, own: &mut OwnRules) -> Result<(), CliError> {
    // A secret rule has a pattern; a rule for infrastructure has kinds to look at.
    let is_secret = text
        .lines()
        .any(|line| line.trim_start().strip_prefix("pattern").is_some_and(|rest| rest.trim_start().starts_with('=')));
    if is_secret {
        own.secrets.extend(ruleset::parse(name, text).map_err(CliError::usage)?);
    } else {
        own.iac.rules.extend(read_rules(text).map_err(|error| CliError::usage(format!("{name}: {error}")))?);
    }
    Ok(())
}

/// A policy that can't be used is told and hides what it would have found; the others count.
fn read_policy(name: &str, text: &str, is_json: bool, own: &mut OwnRules) -> Result<(), CliError> {
    match checkov::read(text, is_json) {
        Ok(policy) => own.iac.policies.push(policy),
        Err(error) if !matches!(error, checkov::PolicyError::Syntax(_)) && !checkov::is_policy(text, is_json) => {
            let message =
                format!("`{name}` holds no policy (`metadata` with an `id`, and a `definition`); it was passed over.");
            own.notices.push(Notice::note(NoticeKind::Config, message));
        }
        Err(error) => {
            let message = format!("The policy `{name}` was not used: {error}.");
            own.notices.push(Notice::incomplete(NoticeKind::Config, message));
        }
    }
    Ok(())
}
