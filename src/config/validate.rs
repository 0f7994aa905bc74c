//! Schema to the narrow settings that each part defines for itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::Spanned;

use super::load::leads_outside;
use super::schema::{self, Size};
use super::tool::ToolSettings;
use crate::model::{Confidence, Severity};

/// A configuration whose every value was checked.
#[derive(Debug, Default)]
pub struct Settings {
    /// The file they are from.
    pub path: Option<PathBuf>,
    /// `[scan]`.
    pub scan: ScanSettings,
    /// `[gate]`: `Some(None)` is `none`.
    pub fail_on: Option<Option<Severity>>,
    /// `[gate.scanners]`.
    pub fail_on_scanners: BTreeMap<String, Option<Severity>>,
    /// `gate.new-only`.
    pub new_only: bool,
    /// `gate.min-confidence`.
    pub min_confidence: Option<Confidence>,
    /// `gate.deny-unused-ignores`.
    pub deny_unused_ignores: bool,
    /// `gate.fixable-only`.
    pub fixable_only: bool,
    /// `gate.tolerate`.
    pub tolerate: Option<usize>,
    /// `[[gate]]` with paths: globs, and `None` for `none`.
    pub fail_on_paths: Vec<(Vec<String>, Option<Severity>)>,
    /// `[[ignore]]`.
    pub ignores: Vec<IgnoreSettings>,
    /// `[secrets]`.
    pub secrets: SecretsSettings,
    /// `[deps]`.
    pub deps: DepsSettings,
    /// `[iac]`.
    pub iac: IacSettings,
    /// `[[tool]]`.
    pub tools: Vec<ToolSettings>,
    /// `[sarif.severity]`.
    pub tool_severity: BTreeMap<String, Severity>,
}

/// `[scan]`, checked.
#[derive(Debug, Default)]
pub struct ScanSettings {
    /// Scanners to run; `None` for all.
    pub scanners: Option<Vec<String>>,
    /// Globs that leave out.
    pub exclude: Vec<String>,
    /// Globs of which one must match.
    pub include: Vec<String>,
    /// Bytes.
    pub max_file_size: Option<u64>,
    /// Folders of own rules.
    pub rules: Vec<PathBuf>,
    /// Whether ignore files count.
    pub ignore_files: Option<bool>,
    /// Whether suppression comments count.
    pub pragmas: Option<bool>,
}

/// One `[[ignore]]`, checked.
#[derive(Clone, Debug, Default)]
pub struct IgnoreSettings {
    /// Rule id, alias or glob.
    pub rule: Option<String>,
    /// Path glob.
    pub path: Option<String>,
    /// Fingerprint.
    pub fingerprint: Option<String>,
    /// Package name.
    pub package: Option<String>,
    /// Why.
    pub reason: String,
    /// Last day, `YYYY-MM-DD`.
    pub until: Option<String>,
}

/// `[secrets]`, checked.
#[derive(Debug, Default)]
pub struct SecretsSettings {
    /// Rules that don't run.
    pub disable: Vec<String>,
    /// Less sure findings are dropped.
    pub min_confidence: Option<Confidence>,
    /// Regexes of values that are no secrets.
    pub allow: Vec<String>,
    /// Globs of files that are not searched.
    pub allow_paths: Vec<String>,
    /// Words that make a value no secret.
    pub stop_words: Vec<String>,
    /// By rule id.
    pub severity: BTreeMap<String, Severity>,
    /// By rule id.
    pub confidence: BTreeMap<String, Confidence>,
}

/// `[deps]`, checked.
#[derive(Debug, Default)]
pub struct DepsSettings {
    /// Whether development dependencies are reported.
    pub dev: Option<bool>,
    /// Only what has a fix.
    pub only_fixed: bool,
    /// For advisories without one.
    pub unknown_severity: Option<Severity>,
    /// Days.
    pub max_db_age: Option<u32>,
    /// Unmaintained packages count as high.
    pub deny_unmaintained: bool,
    /// Whether import lines of Go sources count.
    pub reach: Option<bool>,
    /// Also Go's standard library.
    pub stdlib: bool,
    /// Also what is installed in `node_modules`.
    pub installed: bool,
    /// Also what executables say they are built from.
    pub binaries: bool,
    /// VEX documents.
    pub vex: Vec<PathBuf>,
    /// By advisory id, alias or package.
    pub severity: BTreeMap<String, Severity>,
}

/// `[iac]`, checked.
#[derive(Debug, Default)]
pub struct IacSettings {
    /// Rules that don't run.
    pub disable: Vec<String>,
    /// Terraform variable files.
    pub tf_var_files: Vec<PathBuf>,
}

/// A value out of its range.
#[derive(Debug)]
pub struct Wrong {
    /// Byte offset in the file.
    pub at: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

pub(super) type Checked<T> = Result<T, Wrong>;

pub(super) fn check<T>(value: &Spanned<String>, read: impl Fn(&str) -> Result<T, String>) -> Checked<T> {
    read(value.get_ref()).map_err(|message| Wrong { at: value.span().start, message, help: None })
}

pub(super) fn check_optional<T>(
    value: Option<&Spanned<String>>,
    read: impl Fn(&str) -> Result<T, String>,
) -> Checked<Option<T>> {
    value.map(|value| check(value, read)).transpose()
}

fn texts(values: Vec<Spanned<String>>) -> Vec<String> {
    values.into_iter().map(Spanned::into_inner).collect()
}

fn text(value: Option<Spanned<String>>) -> Option<String> {
    value.map(Spanned::into_inner)
}

/// A severity, or `none` for a gate that never fails.
pub fn parse_threshold(word: &str) -> Result<Option<Severity>, String> {
    match word {
        "none" | "never" => Ok(None),
        word => word.parse().map(Some).map_err(|error: String| format!("{error}, or none")),
    }
}

/// Bytes from `16M`, `512K`, `1G` or a plain number; units count 1024.
///
/// # Errors
/// On anything else; the caller wrote it.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let (digits, unit) = text.split_at(text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).len());
    let factor = match unit.to_ascii_uppercase().trim_end_matches("IB").trim_end_matches('B') {
        "" => 1,
        "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        _ => return Err(format!("`{text}` is no size: write 16M, 512K or a number of bytes")),
    };
    let number: u64 =
        digits.parse().map_err(|_| format!("`{text}` is no size: write 16M, 512K or a number of bytes"))?;
    number.checked_mul(factor).ok_or_else(|| format!("`{text}` is too large a size"))
}

/// Whole days from `7d`, `2w` or `48h`.
///
/// # Errors
/// On anything else; the caller wrote it.
pub fn parse_age_days(text: &str) -> Result<u32, String> {
    let wrong = || format!("`{text}` is no age: write 7d, 2w or 48h");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let number: u32 = text.strip_suffix(unit).unwrap_or_default().parse().map_err(|_| wrong())?;
    match unit {
        'd' => Ok(number),
        'w' => number.checked_mul(7).ok_or_else(wrong),
        'h' => Ok(number / 24),
        _ => Err(wrong()),
    }
}

fn parse_date(text: &str) -> Result<String, String> {
    let date: Result<jiff::civil::Date, _> = text.parse();
    date.map(|date| date.to_string()).map_err(|_| format!("`{text}` is no date: write YYYY-MM-DD"))
}

/// Checks every value of a file that stands in `folder`.
///
/// # Errors
/// The first value out of its range, with its place.
pub fn validate(file: schema::File, folder: &Path) -> Checked<Settings> {
    let schema::File { extends: _, scan, gate, ignore, secrets, deps, iac, tool, sarif } = file;
    let gate = gate_settings(gate)?;
    let tool_severity = severities(&sarif.severity)?;
    Ok(Settings {
        path: None,
        scan: scan_settings(scan, folder)?,
        tools: tool.into_iter().map(super::tool::check_tool).collect::<Checked<_>>()?,
        tool_severity,
        ignores: ignore.into_iter().map(ignore_settings).collect::<Checked<_>>()?,
        secrets: secrets_settings(secrets)?,
        deps: DepsSettings {
            dev: deps.dev,
            only_fixed: deps.only_fixed,
            unknown_severity: check_optional(deps.unknown_severity.as_ref(), str::parse)?,
            max_db_age: check_optional(deps.max_db_age.as_ref(), parse_age_days)?,
            deny_unmaintained: deps.deny_unmaintained,
            reach: deps.reach,
            stdlib: deps.stdlib,
            installed: deps.installed,
            binaries: deps.binaries,
            vex: inside(deps.vex, folder)?,
            severity: severities(&deps.severity)?,
        },
        iac: IacSettings { disable: texts(iac.disable), tf_var_files: inside(iac.tf_var_files, folder)? },
        ..gate
    })
}

/// The members of [`Settings`] that gates fill. All but one gate are about paths, and about nothing else.
fn gate_settings(gates: schema::Gates) -> Checked<Settings> {
    let mut settings = Settings::default();
    let mut general = false;
    for gate in gates.0 {
        let at = gate.fail_on.as_ref().map_or(0, |value| value.span().start);
        let wrong = |message: &str| Wrong { at, message: message.to_owned(), help: None };
        let fail_on = check_optional(gate.fail_on.as_ref(), parse_threshold)?;
        let globs: Vec<String> = gate.paths.into_iter().map(|glob| glob.0).collect();
        if !globs.is_empty() {
            let Some(fail_on) = fail_on else { return Err(wrong("a gate with `paths` needs a `fail-on`")) };
            let more = !gate.scanners.is_empty() || gate.min_confidence.is_some() || gate.tolerate.is_some();
            if more || gate.deny_unused_ignores || gate.fixable_only || gate.new_only {
                return Err(wrong("a gate with `paths` has a `fail-on` and nothing else: the rest goes for all paths"));
            }
            settings.fail_on_paths.push((globs, fail_on));
            continue;
        }
        if std::mem::replace(&mut general, true) {
            return Err(wrong("only one gate may be without `paths`"));
        }
        for (name, value) in &gate.scanners {
            settings.fail_on_scanners.insert(name.clone(), check(value, parse_threshold)?);
        }
        settings.fail_on = fail_on;
        settings.min_confidence = check_optional(gate.min_confidence.as_ref(), str::parse)?;
        settings.deny_unused_ignores = gate.deny_unused_ignores;
        settings.tolerate = gate.tolerate;
        settings.fixable_only = gate.fixable_only;
        settings.new_only = gate.new_only;
    }
    Ok(settings)
}

pub(super) fn check_size(size: &Spanned<Size>) -> Checked<u64> {
    match size.get_ref() {
        Size::Bytes(bytes) => Ok(*bytes),
        Size::Text(text) => parse_size(text).map_err(|message| Wrong { at: size.span().start, message, help: None }),
    }
}

fn scan_settings(scan: schema::Scan, folder: &Path) -> Checked<ScanSettings> {
    Ok(ScanSettings {
        scanners: scan.scanners.map(texts),
        exclude: texts(scan.exclude),
        include: texts(scan.include),
        max_file_size: scan.max_file_size.as_ref().map(check_size).transpose()?,
        rules: inside(scan.rules, folder)?,
        ignore_files: scan.ignore_files,
        pragmas: scan.pragmas,
    })
}

/// Paths of a configuration stay below its folder, links followed: a scanned tree reads nothing outside itself.
fn inside(paths: Vec<Spanned<String>>, folder: &Path) -> Checked<Vec<PathBuf>> {
    let read = |path: &Spanned<String>| {
        let inner = crate::model::RepoPath::resolve("", path.get_ref());
        let outside = || Wrong {
            at: path.span().start,
            message: format!("`{}` is outside the configuration's folder", path.get_ref()),
            help: Some("name it on the command line instead".to_owned()),
        };
        let file = inner.map(|inner| folder.join(inner.as_str())).filter(|file| !leads_outside(folder, file));
        file.ok_or_else(outside)
    };
    paths.iter().map(read).collect()
}

fn severities(written: &BTreeMap<String, Spanned<String>>) -> Checked<BTreeMap<String, Severity>> {
    written.iter().map(|(name, value)| Ok((name.clone(), check(value, str::parse)?))).collect()
}

fn ignore_settings(ignore: schema::Ignore) -> Checked<IgnoreSettings> {
    let at = ignore.reason.span().start;
    let wrong = |message: &str| Wrong { at, message: message.to_owned(), help: None };
    if ignore.reason.get_ref().trim().is_empty() {
        return Err(wrong("an ignore needs a reason: say why the finding does not count"));
    }
    let until = check_optional(ignore.until.as_ref(), parse_date)?;
    let settings = IgnoreSettings {
        rule: text(ignore.rule),
        path: text(ignore.path),
        fingerprint: text(ignore.fingerprint),
        package: text(ignore.package),
        reason: ignore.reason.into_inner(),
        until,
    };
    let IgnoreSettings { rule, path, fingerprint, package, .. } = &settings;
    if [rule, path, fingerprint, package].iter().all(|field| field.is_none()) {
        return Err(wrong("this ignore would match everything: give it a `rule`, `path`, `fingerprint` or `package`"));
    }
    Ok(settings)
}

fn secrets_settings(secrets: schema::Secrets) -> Checked<SecretsSettings> {
    let severity = severities(&secrets.severity)?;
    let mut confidence = BTreeMap::new();
    for (rule, value) in &secrets.confidence {
        confidence.insert(rule.clone(), check(value, str::parse)?);
    }
    Ok(SecretsSettings {
        confidence,
        disable: texts(secrets.disable),
        min_confidence: check_optional(secrets.min_confidence.as_ref(), str::parse)?,
        allow: texts(secrets.allow),
        allow_paths: texts(secrets.allow_paths),
        stop_words: texts(secrets.stop_words),
        severity,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_ages_have_units() {
        assert_eq!(parse_size("16M"), Ok(16 << 20));
        assert_eq!(parse_size("512KiB"), Ok(512 << 10));
        assert_eq!(parse_size("7"), Ok(7));
        assert!(parse_size("7X").is_err());
        assert_eq!(parse_age_days("2w"), Ok(14));
        assert!(parse_age_days("").is_err());
    }
}
