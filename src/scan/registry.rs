//! The built-in scanners: the only file that names them.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Scanner, deps, iac, secrets};
use crate::advisory::LazyDb;

/// What the scanners are told.
pub struct Settings {
    /// The secrets scanner.
    pub secrets: secrets::Settings,
    /// The dependency scanner.
    pub deps: deps::Settings,
    /// Opens the advisory database; asked only where the dependency scanner runs.
    pub database: Box<dyn Fn() -> Result<Arc<LazyDb>, String>>,
    /// The infrastructure scanner.
    pub iac: iac::Settings,
    /// Rules beside its own; the scanner takes them.
    pub iac_rules: Mutex<iac::Own>,
}

/// One kind of scanner.
pub struct BuiltIn {
    /// As [`Scanner::name`].
    pub name: &'static str,
    /// What it looks for, in a few words.
    pub about: &'static str,
    /// Makes it, or says which rule, setting or database cannot be used and what to do.
    pub build: fn(&Settings) -> Result<Box<dyn Scanner>, String>,
}

/// All of them, in the order of reports.
pub static BUILT_IN: &[BuiltIn] = &[
    BuiltIn { name: "secrets", about: "provider tokens, keys, passwords in files", build: build_secrets },
    BuiltIn { name: "deps", about: "known vulnerabilities of pinned packages", build: build_deps },
    BuiltIn { name: "iac", about: "misconfigured infrastructure and pipelines", build: build_iac },
];

fn build_secrets(settings: &Settings) -> Result<Box<dyn Scanner>, String> {
    let scanner = secrets::SecretsScanner::new(settings.secrets.clone()).map_err(|error| error.to_string())?;
    Ok(Box::new(scanner))
}

fn build_deps(settings: &Settings) -> Result<Box<dyn Scanner>, String> {
    Ok(Box::new(deps::DepsScanner::new(settings.deps.clone(), (settings.database)()?)))
}

fn build_iac(settings: &Settings) -> Result<Box<dyn Scanner>, String> {
    let others = std::mem::take(&mut *settings.iac_rules.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(Box::new(iac::IacScanner::new(settings.iac.clone(), others)))
}
