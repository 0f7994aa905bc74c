//! `portcullis.toml` as written: every member optional, unknown keys refused.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct File {
    /// A file whose settings hold where this one has none, relative to this one.
    pub extends: Option<Spanned<String>>,
    /// What of the tree is scanned, and by whom.
    pub scan: Scan,
    /// When a run fails: one table, or several with `paths` each but the first.
    pub gate: Gates,
    /// Findings that don't count.
    pub ignore: Vec<Ignore>,
    /// The secrets scanner.
    pub secrets: Secrets,
    /// The dependency scanner.
    pub deps: Deps,
    /// The infrastructure scanner.
    pub iac: Iac,
    /// External scanners.
    pub tool: Vec<Tool>,
    /// Other tools' reports.
    pub sarif: Sarif,
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

/// `[gate]` once, or `[[gate]]` several times.
#[derive(Debug, Default)]
pub struct Gates(pub Vec<Gate>);

impl<'de> Deserialize<'de> for Gates {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(GatesVisitor)
    }
}

struct GatesVisitor;

impl<'de> Visitor<'de> for GatesVisitor {
    type Value = Gates;

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("a table `[gate]` or tables `[[gate]]`")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Gates, A::Error> {
        Gate::deserialize(MapAccessDeserializer::new(map)).map(|gate| Gates(vec![gate]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut tables: A) -> Result<Gates, A::Error> {
        let mut gates = Vec::new();
        while let Some(gate) = tables.next_element()? {
            gates.push(gate);
        }
        Ok(Gates(gates))
    }
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
    /// Only findings that the baseline does not hold fail.
    pub new_only: bool,
    /// So many findings that meet the gate do not fail it.
    pub tolerate: Option<usize>,
    /// Globs that this gate is about; the last gate that matches counts, before those by scanner.
    pub paths: Vec<GateGlob>,
}

/// A glob of `paths`.
#[derive(Debug)]
pub struct GateGlob(pub String);

impl<'de> Deserialize<'de> for GateGlob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(GateGlobVisitor)
    }
}

struct GateGlobVisitor;

impl<'de> Visitor<'de> for GateGlobVisitor {
    type Value = GateGlob;

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("a glob")
    }

    fn visit_str<E: Error>(self, glob: &str) -> Result<GateGlob, E> {
        Ok(GateGlob(glob.to_owned()))
    }

    /// `[[gate.paths]]`, as an earlier version had it beside `[[gate]]`, for the same.
    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<GateGlob, A::Error> {
        Err(A::Error::custom(
            "a gate by path is a `[[gate]]` of its own: write `[[gate]]` instead of `[gate]`, and below it \
             `[[gate]]` with `paths = [\"tests/**\"]` and `fail-on = \"critical\"` instead of `[[gate.paths]]`",
        ))
    }
}

/// One `[[tool]]`: an external scanner. It runs only where the configuration is trusted.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Tool {
    /// A ready entry of `portcullis tools list`; the other keys change it.
    pub r#use: Option<Spanned<String>>,
    /// What reports call it; its program's name where absent.
    pub name: Option<Spanned<String>>,
    /// The program and its arguments, no shell; `{out}` stands for the SARIF file it writes. Without: standard output.
    pub command: Vec<Spanned<String>>,
    /// The folder it runs in, relative to the root.
    pub folder: Option<Spanned<String>>,
    /// Environment variables it gets beside PATH, HOME and their kin.
    pub env: Vec<Spanned<String>>,
    /// Wall time, as `90s` or `5m`; `5m` where absent.
    pub timeout: Option<Spanned<String>>,
    /// The largest output, as `64M`; `64M` where absent.
    pub max_output: Option<Spanned<Size>>,
    /// Exit codes beside 0 of a run whose SARIF counts; `[1]` where absent.
    pub findings: Option<Vec<i32>>,
    /// Exit codes of a run that had nothing to look at.
    pub nothing: Option<Vec<i32>>,
}

/// `[sarif]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Sarif {
    /// The severity of results of tools that give none, by tool.
    pub severity: BTreeMap<String, Spanned<String>>,
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
    /// Values that are no secrets, as regexes or `sha256:SALT:HEX`.
    pub allow: Vec<Spanned<String>>,
    /// Globs of files that are not searched for secrets.
    pub allow_paths: Vec<Spanned<String>>,
    /// Words that make a value no secret.
    pub stop_words: Vec<Spanned<String>>,
    /// Severity by rule id.
    pub severity: BTreeMap<String, Spanned<String>>,
    /// Confidence by rule id.
    pub confidence: BTreeMap<String, Spanned<String>>,
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
    /// Go findings that the sources do not import count one step lower; true where absent.
    pub reach: Option<bool>,
    /// Also the standard library that a `toolchain` line of go.mod names.
    pub stdlib: bool,
    /// Also what is installed in `node_modules`.
    pub installed: bool,
    /// Also what executables say they are built from.
    pub binaries: bool,
    /// VEX documents, relative to the configuration file.
    pub vex: Vec<Spanned<String>>,
    /// By advisory id, alias or package.
    pub severity: BTreeMap<String, Spanned<String>>,
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
