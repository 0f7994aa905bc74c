//! `portcullis init`: a configuration, a workflow and a hook that fit the repository, shown before they are
//! written.

mod files;
mod look;

use std::fmt::Write as _;
use std::io::{self, BufRead, IsTerminal, Write as _};
use std::path::Path;

use clap::Args;

use super::args::ScanArgs;
use super::exit::Exit;
use super::hook::{self, Hook};
use super::output::{Terminal, lines};
use super::{CliError, print, scan};
use files::NewFile;
use look::{HookManager, Repository};

/// Arguments of `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Show what would be written, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Write without asking.
    #[arg(short, long, conflicts_with = "dry_run")]
    pub yes: bool,
}

/// Looks at the repository around the current folder, shows what fits it, and writes that once it is agreed to.
/// A file that exists is never touched.
pub fn run(args: &InitArgs, terminal: &Terminal) -> Result<Exit, CliError> {
    let repository = Repository::look(Path::new("."))?;
    let root = repository.root.clone();
    let report = scan::report(&ScanArgs { paths: vec![root.clone()], ..ScanArgs::default() }, terminal)?;
    let (present, new): (Vec<NewFile>, Vec<NewFile>) =
        files::for_repository(&repository, &report).into_iter().partition(|file| root.join(file.path).exists());
    let wants_hook = repository.manager == HookManager::None && !hook::is_installed(&root);
    print(lines(&plan(&repository, &present, &new, wants_hook)).as_bytes())?;
    if (!new.is_empty() || wants_hook) && agreed(args)? {
        new.iter().try_for_each(|file| refuse_links(&root, file))?;
        for file in &new {
            create(&root, file)?;
        }
        let hooked = if wants_hook { hook::install(&root, &[Hook::PreCommit])? } else { String::new() };
        let written: Vec<&str> = new.iter().map(|file| file.path).collect();
        print(lines(&format!("\nWritten: {}\n{hooked}", written.join(", "))).as_bytes())?;
    }
    print(lines(&files::next_steps(&repository, &report)).as_bytes())
}

fn plan(repository: &Repository, present: &[NewFile], new: &[NewFile], wants_hook: bool) -> String {
    let mut text = String::new();
    for file in present {
        let _ = writeln!(text, "{}: is there, and stays as it is", file.path);
    }
    for file in new {
        let _ = writeln!(text, "{}:\n", file.path);
        file.text.lines().for_each(|line| _ = writeln!(text, "    {line}"));
        text.push('\n');
    }
    if let Some(line) = repository.manager.line() {
        let _ = writeln!(text, "A hook manager is in use: {line}");
    } else if wants_hook {
        text.push_str("A pre-commit hook that scans what is staged: `portcullis hook install`\n");
    }
    text
}

/// Whether to write: as the flags say, else as the person at the terminal does; nobody there is a no.
fn agreed(args: &InitArgs) -> Result<bool, CliError> {
    if args.yes || args.dry_run {
        return Ok(args.yes);
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        print(b"\nNothing was written: `portcullis init --yes` writes it.\n")?;
        return Ok(false);
    }
    let _ = write!(io::stderr(), "\nWrite this? [y/N] ");
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    read.map_err(|error| CliError::usage(format!("the answer cannot be read: {error}")))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Refuses a file whose folder is a link: it may lead out of the repository.
fn refuse_links(root: &Path, file: &NewFile) -> Result<(), CliError> {
    let folders = Path::new(file.path).ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
    match folders.into_iter().find(|folder| root.join(folder).is_symlink()) {
        Some(link) => Err(CliError::usage(format!("`{}` is a link: write `{}` by hand", link.display(), file.path))),
        None => Ok(()),
    }
}

/// Writes a file that is not there yet.
fn create(root: &Path, file: &NewFile) -> Result<(), CliError> {
    let path = root.join(file.path);
    let failed = |source| CliError::Write { place: format!("`{}`", path.display()), source };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let opened = std::fs::OpenOptions::new().write(true).create_new(true).open(&path);
    opened.and_then(|mut out| out.write_all(file.text.as_bytes())).map_err(failed)
}
