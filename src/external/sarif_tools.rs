//! What is known of other tools by name: which quote secrets, which give no severity, where they live.

use serde_json::{Map, Value};

use crate::model::{FILLED, Severity, Tool};

/// Tools whose results quote secrets.
const SECRET_TOOLS: &[&str] = &[
    "gitleaks",
    "betterleaks",
    "kingfisher",
    "trufflehog",
    "secretlint",
    "detect-secrets",
    "ggshield",
    "noseyparker",
    "titus",
];
/// Tools that call every result an error and give no severity.
const FLAT_TOOLS: &[(&str, Severity)] = &[("checkov", Severity::Medium), ("secretlint", Severity::High)];
/// Homes of tools that do not name theirs.
const HOMES: &[(&str, &str)] = &[
    ("bandit", "https://bandit.readthedocs.io"),
    ("checkov", "https://checkov.io"),
    ("gitleaks", "https://gitleaks.io"),
    ("hadolint", "https://github.com/hadolint/hadolint"),
    ("njsscan", "https://opensecurity.in"),
    ("opengrep oss", "https://opengrep.dev"),
    ("semgrep", "https://semgrep.dev"),
    ("semgrep oss", "https://semgrep.dev"),
    ("secretlint", "https://secretlint.github.io"),
];

/// True for a tool whose results are secrets; case does not count.
#[must_use]
pub fn is_secret_tool(name: &str) -> bool {
    SECRET_TOOLS.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// The severity of a tool that calls everything an error.
pub fn flat(name: &str) -> Option<Severity> {
    FLAT_TOOLS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, severity)| *severity)
}

/// The tool and category of a run (SARIF 3.14, 3.17.3, 3.19).
pub fn tool(run: &Map<String, Value>) -> Tool {
    let driver = run.get("tool").map_or(&Value::Null, |tool| &tool["driver"]);
    let filled =
        |name: &str| driver["properties"][FILLED].as_array().is_some_and(|all| all.iter().any(|one| one == name));
    let text = |name: &str| driver[name].as_str().filter(|text| !text.is_empty() && !filled(name));
    let name = text("name").unwrap_or("unknown");
    let home = || HOMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, home)| *home);
    let id = run.get("automationDetails").and_then(|details| details["id"].as_str()).unwrap_or_default();
    Tool {
        name: name.to_owned(),
        version: text("semanticVersion").or(text("version")).map(bare_version).unwrap_or_default(),
        information_uri: text("informationUri").or_else(home).unwrap_or_default().to_owned(),
        category: id.rsplit_once('/').map_or("", |(category, _)| category).to_owned(),
    }
}

/// `v8.0.0` as `8.0.0`: a version is compared as numbers.
fn bare_version(text: &str) -> String {
    let bare = text.strip_prefix('v').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    bare.unwrap_or(text).to_owned()
}
