//! Where git looks for the hooks of a repository.

use std::path::{Path, PathBuf};

use super::Hook;
use crate::cli::CliError;

/// A repository's folder of hooks.
#[derive(Debug)]
pub struct Place {
    /// The folder; it may not exist yet.
    pub hooks: PathBuf,
    /// True where it lies in the repository, so that a hook there runs for this one alone.
    pub own: bool,
}

impl Place {
    /// The hooks folder of the repository around `folder`, as `core.hooksPath` or git's default has it. Linked
    /// worktrees share the one of their main repository. Reads configuration files; runs nothing.
    ///
    /// # Errors
    /// Where there is no repository, or its configuration cannot be read.
    pub fn find(folder: &Path) -> Result<Self, CliError> {
        let unusable = |error: &dyn std::fmt::Display| {
            CliError::usage(format!("no git repository that can be used here: {error}. Run this inside of one"))
        };
        let repository = gix::discover(folder).map_err(|error| unusable(&error))?;
        let common = repository.common_dir().to_path_buf();
        let root = repository.workdir().unwrap_or(&common).to_path_buf();
        let asked = repository.config_snapshot().trusted_path("core.hooksPath").map_err(|error| unusable(&error))?;
        let hooks = match asked {
            Some(path) => root.join(path),
            None => common.join("hooks"),
        };
        let hooks = plain(&hooks);
        let own = [&root, &common].iter().any(|inside| hooks.starts_with(plain(inside)));
        Ok(Self { hooks, own })
    }

    /// Refuses a folder that other repositories share, or that another hook manager writes.
    ///
    /// # Errors
    /// With the line to add instead.
    pub fn refuse_foreign(&self, hooks: &[Hook]) -> Result<(), CliError> {
        let folder = self.hooks.display();
        let names: Vec<&str> = hooks.iter().map(|hook| hook.name()).collect();
        let line = format!("portcullis hook run {}", names.join(" / "));
        if self.hooks.ends_with(".husky/_") {
            return Err(CliError::usage(format!(
                "husky writes `{folder}`: add the line `{line}` to .husky/{}",
                names.join(", ")
            )));
        }
        if !self.own {
            return Err(CliError::usage(format!(
                "core.hooksPath is `{folder}`, outside of this repository: a hook there would run for others too. \
                 Add the line `{line}` to it yourself, or set core.hooksPath for this repository"
            )));
        }
        Ok(())
    }
}

/// The absolute path with the links of what exists of it followed.
fn plain(path: &Path) -> PathBuf {
    let path = &std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    for known in path.ancestors() {
        #[expect(clippy::disallowed_methods, reason = "a folder of hooks may be a link to one that others share")]
        let Ok(real) = std::fs::canonicalize(known) else { continue };
        let rest = path.strip_prefix(known).unwrap_or(Path::new(""));
        return real.join(rest).components().collect();
    }
    path.to_path_buf()
}
