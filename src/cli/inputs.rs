//! What `scan` was told to look at: folders, files, a list of files, a file on standard input.

use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use super::CliError;
use super::args::ScanArgs;
use super::output::read_file;
use crate::model::RepoPath;

/// The inputs of a scan, their paths checked: each lies in `base`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// The folder that reported paths are relative to: the one folder scanned, else the current one. A
    /// single file elsewhere has its own folder. `--root` goes before all this.
    pub base: PathBuf,
    /// Folders and files that were named.
    pub roots: Vec<PathBuf>,
    /// Files of `--files-from`.
    pub listed: Vec<PathBuf>,
    /// Path below `base` of the file on standard input.
    pub stdin: Option<PathBuf>,
    /// Scanners that also read installed packages which git ignores, as a mask.
    pub installed: u32,
}

impl Inputs {
    /// What the arguments name.
    ///
    /// # Errors
    /// On a path outside the base, a list that cannot be read, or flags that do not go together.
    pub fn find(args: &ScanArgs) -> Result<Self, CliError> {
        let asked = args.root.as_deref();
        let base = asked.unwrap_or(Path::new(".")).to_path_buf();
        let dash = |path: &PathBuf| path.as_os_str() == "-";
        if args.paths.iter().any(dash) {
            if args.paths.len() > 1 {
                return Err(CliError::usage("`-` reads the one file of a scan: scan other paths by themselves"));
            }
            let name = args.stdin_filename.as_deref().unwrap_or(Path::new("stdin"));
            return Ok(Self { stdin: Some(below_base(&base, name)?), base, ..Self::default() });
        }
        if args.stdin_filename.is_some() {
            return Err(CliError::usage("--stdin-filename names the file on standard input: add `-`"));
        }
        if let Some(list) = &args.files_from {
            return Ok(Self { listed: all_below(&base, &read_list(list)?)?, base, ..Self::default() });
        }
        match (&args.paths[..], asked) {
            ([], _) => Ok(Self { roots: vec![base.clone()], base, ..Self::default() }),
            ([folder], None) if folder.is_dir() => {
                Ok(Self { roots: vec![folder.clone()], base: folder.clone(), ..Self::default() })
            }
            ([file], None) => Ok(single(file, base)),
            (several, _) => Ok(Self { roots: all_below(&base, several)?, base, ..Self::default() }),
        }
    }
}

impl Inputs {
    /// The files that lie in the base, and those that do not.
    ///
    /// # Errors
    /// Where the current folder cannot be read.
    pub fn inside<'a>(&self, files: &'a [PathBuf]) -> Result<(Vec<&'a PathBuf>, Vec<&'a PathBuf>), CliError> {
        let base = Base::find(&self.base)?;
        Ok(files.iter().partition(|file| base.below(file).is_ok()))
    }

    /// True where the folder that paths are relative to lies in a folder of installed packages, or is one.
    pub fn is_installed(&self) -> bool {
        let base = std::path::absolute(&self.base).unwrap_or_else(|_| self.base.clone());
        plain(&base).components().any(|part| part.as_os_str() == "node_modules")
    }

    /// Adds files that a flag or the configuration names, so that they are read even where git ignores them; their
    /// paths as the scan has them.
    ///
    /// # Errors
    /// On a file that is not there, or lies outside of the base.
    pub fn add_files<'a>(&mut self, files: impl Iterator<Item = &'a PathBuf>) -> Result<Vec<RepoPath>, CliError> {
        let mut paths = Vec::new();
        for file in files {
            if !file.is_file() {
                return Err(CliError::usage(format!("there is no file `{}`: name one that exists", file.display())));
            }
            let below = below_base(&self.base, file)?;
            paths.push(RepoPath::from_relative(&below));
            self.listed.push(self.base.join(below));
        }
        Ok(paths)
    }
}

/// One file: below the current folder where it lies there, so that its path reads as in a scan of all.
fn single(file: &Path, here: PathBuf) -> Inputs {
    if let Some(below) = below_base(&here, file).ok().filter(|_| file.exists()) {
        return Inputs { roots: vec![here.join(below)], base: here, ..Inputs::default() };
    }
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    Inputs { roots: vec![file.to_path_buf()], base: parent.map_or(here, Path::to_path_buf), ..Inputs::default() }
}

fn below_base(base: &Path, path: &Path) -> Result<PathBuf, CliError> {
    Base::find(base)?.below(path)
}

fn all_below(base: &Path, paths: &[PathBuf]) -> Result<Vec<PathBuf>, CliError> {
    let found = Base::find(base)?;
    paths.iter().map(|path| Ok(base.join(found.below(path)?))).collect()
}

/// The folder that all paths must lie in.
struct Base {
    current: PathBuf,
    /// Absolute, without `.` and `..`.
    folder: PathBuf,
}

impl Base {
    fn find(base: &Path) -> Result<Self, CliError> {
        let current = std::env::current_dir().map_err(|error| {
            CliError::usage(format!("the current folder cannot be read: {error}. Change to one that can"))
        })?;
        Ok(Self { folder: plain(&current.join(base)), current })
    }

    /// The path as seen from the base, without `.` and `..`; a relative one is seen from the current folder first.
    fn below(&self, path: &Path) -> Result<PathBuf, CliError> {
        let seen = plain(&self.current.join(path));
        let linked = || below(&resolved(&self.folder)?, &resolved(&seen)?);
        below(&self.folder, &seen).or_else(linked).ok_or_else(|| {
            CliError::usage(format!(
                "`{}` is outside of `{}`, which paths in the report are relative to: scan it by itself, or with a \
                 --root that holds all paths",
                path.display(),
                self.folder.display()
            ))
        })
    }
}

/// `path` as seen from `folder`, where it lies in it by its text.
fn below(folder: &Path, path: &Path) -> Option<PathBuf> {
    path.strip_prefix(folder).ok().map(Path::to_path_buf)
}

/// The path without `.` and `..`, by its text alone.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

/// The path with the links of its folder followed: `/tmp` is one on some systems.
fn resolved(path: &Path) -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "a path the caller names by way of a link to the current folder")]
    let folder = std::fs::canonicalize(path.parent()?).ok()?;
    Some(folder.join(path.file_name()?))
}

fn read_list(file: &Path) -> Result<Vec<PathBuf>, CliError> {
    let bytes = if file.as_os_str() == "-" {
        let mut bytes = Vec::new();
        let read = io::stdin().lock().read_to_end(&mut bytes);
        read.map_err(|error| CliError::usage(format!("cannot read the list on standard input: {error}")))?;
        bytes
    } else {
        read_file(file)?
    };
    Ok(paths(&bytes))
}

/// The paths of a list: with NUL between them where there is one, else one a line. A line in quotes is
/// read as git writes names with special characters.
fn paths(list: &[u8]) -> Vec<PathBuf> {
    if list.contains(&0) {
        return list.split(|byte| *byte == 0).filter(|path| !path.is_empty()).map(path).collect();
    }
    let lines = list.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let read = |line: &[u8]| match line {
        [b'"', inner @ .., b'"'] => path(&unquoted(inner)),
        line => path(line),
    };
    lines.filter(|line| !line.is_empty()).map(read).collect()
}

/// C escapes as git's `core.quotePath` writes them.
fn unquoted(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            plain.push(byte);
            continue;
        }
        let Some((&escape, after)) = rest.split_first() else { break };
        if let [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7'] = rest.get(..3).unwrap_or_default() {
            plain.push((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'));
            rest = &rest[3..];
            continue;
        }
        rest = after;
        plain.push(match escape {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'a' => 7,
            b'b' => 8,
            b'v' => 11,
            b'f' => 12,
            other => other,
        });
    }
    plain
}

#[cfg(unix)]
fn path(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
fn path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_by_line_or_by_nul() {
        let names = |list: &[u8]| paths(list).iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
        assert_eq!(names(b"a b\r\nc\n\n"), ["a b", "c"]);
        assert_eq!(names(b"a\nb\0\"c\"\0"), ["a\nb", "\"c\""]);
        assert_eq!(names(b"\"f\\303\\244\\t\\\"\\\\.txt\"\n\"open\n"), ["f\u{e4}\t\"\\.txt", "\"open"]);
        assert_eq!(names(b""), Vec::<String>::new());
    }

    #[test]
    fn a_path_stays_in_its_folder() {
        let seen = |path: &str| below(Path::new("/w/repo"), &plain(&Path::new("/w/repo").join(path)));
        assert_eq!(seen("a/./b/../c"), Some(PathBuf::from("a/c")));
        assert_eq!(seen("/w/repo/x"), Some(PathBuf::from("x")));
        assert_eq!(seen("../repo/x"), Some(PathBuf::from("x")));
        assert_eq!(seen("../other"), None);
        assert_eq!(seen("/w/repository"), None);
    }
}
