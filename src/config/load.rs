//! Finding and reading the file.

use std::path::{Path, PathBuf};

use super::extend::over;
use super::{File, Settings, validate};
use crate::model::RepoPath;

/// The file's name.
pub const CONFIG_FILE: &str = "portcullis.toml";
/// A configuration file larger than this is refused.
const MAX_BYTES: u64 = 1024 * 1024;

/// A configuration that cannot be used: the file's author is at fault, and the message says what to write.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration `{}`: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It was found, not named, and is a link to what lies elsewhere.
    #[error("the configuration `{}` is a link out of the tree; name what it leads to with --config", .0.display())]
    Link(PathBuf),
    /// The file does not follow TOML or the schema, or a value is out of its range.
    #[error("{}:{line}:{column}: {message}{}", path.display(), help.as_ref().map(|help| format!("\n  help: {help}")).unwrap_or_default())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// From 1, in code points.
        column: usize,
        /// What is wrong.
        message: String,
        /// What to write instead.
        help: Option<String>,
    },
}

/// The nearest configuration file: in `root`, else in the folders above it, up to the one that holds
/// `.git`.
///
/// # Errors
/// Where it is a link out of that folder, or out of its own where none holds `.git`: whoever made the tree could
/// have any file read.
pub fn find(root: &Path) -> Result<Option<PathBuf>, ConfigError> {
    #[expect(clippy::disallowed_methods, reason = "the root as the user sees it, to look upwards from")]
    let Ok(root) = std::fs::canonicalize(root) else { return Ok(None) };
    let holds_git = |folder: &&Path| folder.join(".git").exists();
    let top = root.ancestors().find(holds_git);
    for folder in root.ancestors() {
        let file = folder.join(CONFIG_FILE);
        if file.is_file() {
            if leads_outside(top.unwrap_or(folder), &file) {
                return Err(ConfigError::Link(file));
            }
            return Ok(Some(file));
        }
        if Some(folder) == top {
            break;
        }
    }
    Ok(None)
}

/// True where links on the way to a file lead out of a folder. What is not there is an error of its own.
pub(super) fn leads_outside(folder: &Path, file: &Path) -> bool {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    #[expect(clippy::disallowed_methods, reason = "a configuration reads nothing outside its folder, links or not")]
    let (Ok(real), Ok(folder)) = (std::fs::canonicalize(file), std::fs::canonicalize(folder)) else { return false };
    !real.starts_with(folder)
}

/// Reads and checks a configuration file, over those it extends.
///
/// # Errors
/// Where one cannot be read, does not parse, has an unknown key or a value out of range, lies outside the
/// first one's folder, or extends itself.
pub fn load(path: &Path) -> Result<Settings, ConfigError> {
    let mut settings: Option<Settings> = None;
    for file in chain(path)? {
        let folder = file.path.parent().unwrap_or(Path::new("."));
        let checked = validate(file.content, folder);
        let base = checked.map_err(|wrong| invalid(&file.path, &file.text, wrong.at, &wrong.message, wrong.help))?;
        settings = Some(match settings {
            Some(own) => over(own, base),
            None => base,
        });
    }
    Ok(Settings { path: Some(path.to_owned()), ..settings.unwrap_or_default() })
}

/// One file of a chain of extended ones.
pub struct Link {
    /// Where it is.
    pub path: PathBuf,
    /// What it holds.
    pub text: String,
    /// The same, parsed.
    content: File,
}

/// The file and those it extends, itself first.
///
/// # Errors
/// As [`load`], but for values out of range.
pub fn chain(path: &Path) -> Result<Vec<Link>, ConfigError> {
    let root = path.parent().unwrap_or(Path::new("."));
    let mut links: Vec<Link> = Vec::new();
    let mut next = Some(path.to_owned());
    while let Some(path) = next.take() {
        let text = read(&path).map_err(|source| ConfigError::Read { path: path.clone(), source })?;
        let content: File = toml::from_str(&text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            let message = error.message().trim().to_owned();
            invalid(&path, &text, span.start, &message, suggestion(&message))
        })?;
        if let Some(extends) = &content.extends {
            let folder = path.parent().unwrap_or(Path::new("."));
            let wrong = |message: &str| invalid(&path, &text, extends.span().start, message, None);
            let below = extended(root, folder, extends.get_ref());
            let below = below.ok_or_else(|| wrong("the file it extends is outside the configuration's folder"))?;
            if path == below || links.iter().any(|link| link.path == below) {
                return Err(wrong("this configuration extends itself"));
            }
            next = Some(below);
        }
        links.push(Link { path, text, content });
    }
    Ok(links)
}

/// The path of an extended file, where it lies below `root`, links followed.
fn extended(root: &Path, folder: &Path, relative: &str) -> Option<PathBuf> {
    let inside = RepoPath::from_relative(folder.strip_prefix(root).ok()?);
    let file = root.join(RepoPath::resolve(inside.as_str(), relative)?.as_str());
    (!leads_outside(root, &file)).then_some(file)
}

fn read(path: &Path) -> std::io::Result<String> {
    #[expect(clippy::disallowed_methods, reason = "the configuration file is read here alone")]
    let size = std::fs::metadata(path)?.len();
    if size > MAX_BYTES {
        return Err(std::io::Error::other("it is larger than 1 MiB"));
    }
    #[expect(clippy::disallowed_methods, reason = "the configuration file is read here alone")]
    std::fs::read_to_string(path)
}

fn invalid(path: &Path, text: &str, at: usize, message: &str, help: Option<String>) -> ConfigError {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    ConfigError::Invalid {
        path: path.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        message: message.to_owned(),
        help,
    }
}

/// "did you mean" for an unknown key, from the names that the message lists in backquotes.
fn suggestion(message: &str) -> Option<String> {
    let mut names = message.split('`').skip(1).step_by(2);
    let unknown = message.starts_with("unknown field").then(|| names.next()).flatten()?;
    nearest(unknown, names).map(|name| format!("did you mean `{name}`?"))
}

/// The candidate that is nearest to `word`, where one is near enough to be meant.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = candidates.map(|name| (strsim::damerau_levenshtein(word, name), name));
    scored.min().filter(|(distance, name)| *distance <= (name.len() / 3).max(2)).map(|(_, name)| name)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests write the files they read")]
mod tests {
    use super::*;

    fn error_of(text: &str) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(CONFIG_FILE);
        std::fs::write(&path, text).expect("writes");
        let error = load(&path).expect_err("is refused").to_string();
        error.replace(&format!("{}/", folder.path().display()), "")
    }

    #[test]
    fn an_unknown_key_is_refused_with_a_suggestion() {
        assert_eq!(
            error_of("[gate]\nfail_on = \"high\"\n").lines().collect::<Vec<_>>()[..2],
            [
                "portcullis.toml:2:1: unknown field `fail_on`, expected one of `fail-on`, `scanners`, `min-confidence`, `deny-unused-ignores`, `fixable-only`, `new-only`, `tolerate`, `paths`",
                "  help: did you mean `fail-on`?"
            ]
        );
    }

    #[test]
    fn a_value_out_of_range_is_named_by_its_place() {
        assert!(error_of("[gate]\nfail-on = \"hihg\"\n").starts_with("portcullis.toml:2:11: `hihg` is no severity"));
        assert!(error_of("[[ignore]]\nrule = \"x\"\n").contains("missing field `reason`"));
        assert!(error_of("[[ignore]]\nreason = \"because\"\n").starts_with("portcullis.toml:2:10: "));
    }
}
