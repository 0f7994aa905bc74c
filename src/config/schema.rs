//! `portcullis.toml` as written: every member optional, unknown keys refused.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct File {
    /// What of the tree is scanned, and by whom.
    pub scan: Scan,
    /// When a run fails.
    pub gate: Gate,
    /// Findings that don't count.
    pub ignore: Vec<Ignore>,
    /// The secrets scanner.
    pub secrets: Secrets,
    /// The dependency scanner.
    pub deps: Deps,
    /// The infrastructure scanner.
    pub iac: Iac,
}

/// `[scan]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Scan {
    /// Scanners to run; all where absent.
    pub scanners: Option<Vec<Spanned<String>>>,
    /// Globs that leave files and folders out.
    pub exclude: Vec<Spanned<String>>,
    /// Globs of which a file must match one.
    pub include: Vec<Spanned<String>>,
    /// Bytes, or text such as `16M`.
    pub max_file_size: Option<Spanned<Size>>,
    /// Folders of own rules, relative to the configuration file.
    pub rules: Vec<Spanned<String>>,
    /// Honour `.gitignore` and its kin; true where absent.
    pub ignore_files: Option<bool>,
    /// Honour suppression comments; true where absent.
    pub pragmas: Option<bool>,
}

/// A size as a number of bytes or as text with K, M or G.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Size {
    /// Bytes.
    Bytes(u64),
    /// With a unit.
    Text(String),
}

/// `[gate]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Gate {
    /// A severity or `none`; `high` where absent.
    pub fail_on: Option<Spanned<String>>,
    /// A severity per scanner: `secrets = "low"`.
    pub scanners: BTreeMap<String, Spanned<String>>,
    /// Findings less sure than this neither count nor show.
    pub min_confidence: Option<Spanned<String>>,
    /// An ignore that matches nothing fails the run as incomplete.
    pub deny_unused_ignores: bool,
    /// Only findings with a repair or a fixed version fail.
    pub fixable_only: bool,
    /// So many findings that meet the gate do not fail it.
    pub tolerate: usize,
    /// Severities by path; the last that matches counts, before those by scanner.
    pub paths: Vec<GatePath>,
}

/// One `[[gate.paths]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct GatePath {
    /// Globs.
    pub globs: Vec<Spanned<String>>,
    /// A severity or `none`.
    pub fail_on: Spanned<String>,
}

/// One `[[ignore]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Ignore {
    /// A rule id, with or without its scanner, an alias, or `*`-globs of either.
    pub rule: Option<Spanned<String>>,
    /// A glob over the path.
    pub path: Option<Spanned<String>>,
    /// A finding's fingerprint.
    pub fingerprint: Option<Spanned<String>>,
    /// A package name, for dependency findings.
    pub package: Option<Spanned<String>>,
    /// Why; required.
    pub reason: Spanned<String>,
    /// The last day on which it holds, `YYYY-MM-DD`.
    pub until: Option<Spanned<String>>,
}

/// `[secrets]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Secrets {
    /// Rules that don't run.
    pub disable: Vec<Spanned<String>>,
    /// Findings less sure than this are dropped by the scanner.
    pub min_confidence: Option<Spanned<String>>,
    /// Values that are no secrets, as regexes.
    pub allow: Vec<Spanned<String>>,
    /// Globs of files that are not searched for secrets.
    pub allow_paths: Vec<Spanned<String>>,
    /// Words that make a value no secret.
    pub stop_words: Vec<Spanned<String>>,
    /// Severity by rule id.
    pub severity: BTreeMap<String, Spanned<String>>,
}

/// `[deps]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Deps {
    /// Report development dependencies; true where absent.
    pub dev: Option<bool>,
    /// Report only what has a fixed version.
    pub only_fixed: bool,
    /// An advisory without a severity counts as this; `medium` where absent.
    pub unknown_severity: Option<Spanned<String>>,
    /// An older database makes the scan incomplete: `7d`.
    pub max_db_age: Option<Spanned<String>>,
    /// Unmaintained packages count as high.
    pub deny_unmaintained: bool,
}

/// `[iac]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Iac {
    /// Rules that don't run.
    pub disable: Vec<Spanned<String>>,
    /// Terraform variable files, relative to the configuration file.
    pub tf_var_files: Vec<Spanned<String>>,
}
