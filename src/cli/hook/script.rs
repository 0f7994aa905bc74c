//! The hook's file: written beside what is there, never over it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::Hook;

/// By this line we know our own files again.
const MARK: &str = "# Written by `portcullis hook install`; `portcullis hook uninstall` takes it out.";
/// What an earlier hook is called while ours stands in its place.
const EARLIER: &str = ".before-portcullis";

/// The script for a hook. It calls the earlier hook first, and then portcullis as the path has it, else the
/// program that installed it. The work is done by `hook run`, so that an update needs no new script.
fn text(hook: Hook, program: &str) -> String {
    let name = hook.name();
    let program = program.replace('\'', r"'\''");
    // What git pushes comes on standard input, which both are to read.
    let (keep, feed) = match hook {
        Hook::PreCommit => ("", ""),
        Hook::PrePush => ("pushed=$(cat; echo .)\npushed=${pushed%.}\n", "printf %s \"$pushed\" | "),
    };
    format!(
        "#!/bin/sh
{MARK}
{keep}earlier=\"$0{EARLIER}\"
if [ -x \"$earlier\" ]; then
  {feed}\"$earlier\" \"$@\" || exit
fi
portcullis=$(command -v portcullis || echo '{program}')
if [ ! -x \"$portcullis\" ]; then
  echo \"portcullis is gone: install it, or take this hook out ($0)\" >&2
  exit 1
fi
{feed}\"$portcullis\" hook run {name} -- \"$@\"
"
    )
}

/// Installs a hook into `folder`; what to tell the user.
///
/// # Errors
/// Where the folder cannot be written, or an earlier hook was set aside already.
pub fn install(folder: &Path, hook: Hook) -> io::Result<String> {
    fs::create_dir_all(folder)?;
    let (file, earlier) = files(folder, hook);
    let program = std::env::current_exe()?;
    let script = text(hook, &program.display().to_string());
    let present = present(&file)?;
    let ours = present.as_deref().is_some_and(is_ours);
    if present.as_deref() == Some(script.as_bytes()) {
        return Ok(format!("{}: is installed", file.display()));
    }
    if ours {
        fs::remove_file(&file)?;
    } else if present.is_some() {
        if fs::symlink_metadata(&earlier).is_ok() {
            let message = format!("an earlier hook is in {}: move one of the two away", earlier.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
        }
        fs::rename(&file, &earlier)?;
    }
    let written = write(&file, &script);
    if written.is_err() && !ours && present.is_some() {
        fs::rename(&earlier, &file)?;
    }
    written?;
    let chained = fs::symlink_metadata(&earlier).is_ok();
    let and =
        if chained { format!("; the hook that was there runs first, as {}", earlier.display()) } else { String::new() };
    Ok(format!("{}: installed{and}", file.display()))
}

/// Takes a hook out of `folder`, and puts the earlier one back; what to tell the user.
///
/// # Errors
/// Where the folder cannot be written, or the file was edited.
pub fn uninstall(folder: &Path, hook: Hook) -> io::Result<String> {
    let (file, earlier) = files(folder, hook);
    match present(&file)? {
        None => return Ok(format!("{}: is not there", file.display())),
        Some(bytes) if !is_ours(&bytes) => return Ok(format!("{}: is not ours, and stays", file.display())),
        Some(bytes) => {
            let own_lines = text(hook, "").lines().count();
            if bytes.split(|byte| *byte == b'\n').count() != own_lines + 1 {
                return Err(io::Error::other(
                    "was edited since portcullis wrote it: take the portcullis lines out by hand",
                ));
            }
        }
    }
    fs::remove_file(&file)?;
    if fs::symlink_metadata(&earlier).is_err() {
        return Ok(format!("{}: taken out", file.display()));
    }
    fs::rename(&earlier, &file)?;
    Ok(format!("{}: as it was before portcullis", file.display()))
}

/// True where the hook in `folder` is ours.
pub fn is_installed(folder: &Path, hook: Hook) -> bool {
    present(&files(folder, hook).0).is_ok_and(|bytes| bytes.is_some_and(|bytes| is_ours(&bytes)))
}

fn files(folder: &Path, hook: Hook) -> (PathBuf, PathBuf) {
    (folder.join(hook.name()), folder.join(format!("{}{EARLIER}", hook.name())))
}

/// What the file holds; a link counts by what it points to, and one that points nowhere as empty.
fn present(file: &Path) -> io::Result<Option<Vec<u8>>> {
    if fs::symlink_metadata(file).is_err() {
        return Ok(None);
    }
    #[expect(clippy::disallowed_methods, reason = "the hook that is there already")]
    match fs::read(file) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Some(Vec::new())),
        Err(error) => Err(error),
    }
}

fn is_ours(bytes: &[u8]) -> bool {
    bytes.split(|byte| *byte == b'\n').nth(1) == Some(MARK.as_bytes())
}

fn write(file: &Path, script: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o755);
    options.open(file)?.write_all(script.as_bytes())
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests read and write the hooks they install")]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_hook_comes_back_as_it_was() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("pre-commit");
        fs::write(&file, "#!/bin/sh\nexit 7\n").expect("writes");
        for _ in 0..2 {
            install(folder.path(), Hook::PreCommit).expect("installs");
            assert!(is_ours(&fs::read(&file).expect("is there")));
        }
        uninstall(folder.path(), Hook::PreCommit).expect("uninstalls");
        assert_eq!(fs::read(&file).expect("is there"), b"#!/bin/sh\nexit 7\n");
        assert!(uninstall(folder.path(), Hook::PreCommit).expect("looks").contains("not ours"));
        assert_eq!(fs::read_dir(folder.path()).expect("lists").count(), 1);
    }

    #[test]
    fn nothing_is_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("pre-push");
        fs::write(&file, "one").expect("writes");
        fs::write(folder.path().join("pre-push.before-portcullis"), "two").expect("writes");
        install(folder.path(), Hook::PrePush).expect_err("is refused");
        assert_eq!(fs::read(&file).expect("is there"), b"one");
        fs::remove_file(&file).expect("removes");
        install(folder.path(), Hook::PrePush).expect("installs");
        fs::write(&file, format!("{}\nmore\n", text(Hook::PrePush, "x"))).expect("writes");
        uninstall(folder.path(), Hook::PrePush).expect_err("edited");
    }
}
