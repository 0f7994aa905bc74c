//! What a Rego file says about itself: `# METADATA` comments, `__rego_metadata__`, or nothing.

use serde_json::Value as Json;

use crate::model::{Rule, Severity};
use crate::syntax::{Node, yaml};

/// The names of rules that say what is wrong.
const ENTRIES: [(&str, Severity); 3] =
    [("deny", Severity::High), ("violation", Severity::High), ("warn", Severity::Low)];

/// The package of a file: `a.b`.
pub(super) fn package(text: &str) -> Option<&str> {
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix("package "))?;
    let name = line.split(['#', ';']).next().unwrap_or_default().trim();
    let plain = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    Some(name).filter(|name| plain && !name.is_empty())
}

/// The rules of a file that say what is wrong, with the severity of their kind: `deny`, `warn_tags`.
pub(super) fn entries(text: &str) -> Vec<(&str, Severity)> {
    let mut found: Vec<(&str, Severity)> = Vec::new();
    for line in text.lines() {
        let word = line.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        let fits = |name: &str| word == name || word.strip_prefix(name).is_some_and(|rest| rest.starts_with('_'));
        if let Some((_, severity)) = ENTRIES.iter().find(|(name, _)| fits(name))
            && !found.iter().any(|(known, _)| *known == word)
        {
            found.push((word, *severity));
        }
    }
    found
}

/// The annotations above `package` (or, without those, above the first rule).
fn annotations(text: &str) -> Option<Node> {
    let mut block = String::new();
    let mut inside = false;
    for line in text.lines() {
        match line.trim().strip_prefix('#') {
            Some(comment) if comment.trim() == "METADATA" => inside = true,
            Some(comment) if inside => {
                block.push_str(comment.strip_prefix(' ').unwrap_or(comment));
                block.push('\n');
            }
            None if inside => break,
            _ => {}
        }
    }
    yaml::parse_documents(block.as_bytes()).value.into_iter().next().filter(|_| inside)
}

/// What people are told about one entry of a file. `value` is `__rego_metadata__`, where there is one.
pub(super) fn rule(package: &str, entry: &str, severity: Severity, text: &str, value: Option<&Json>) -> Rule {
    let notes = annotations(text);
    let note =
        |keys: &[&str]| notes.as_ref().and_then(|notes| notes.at(keys)).and_then(Node::scalar).map(str::to_owned);
    let member = |key: &str| value.and_then(|value| value.get(key)).and_then(Json::as_str).map(str::to_owned);
    let either = |key: &str| note(&["custom", key]).or_else(|| member(key));
    let id =
        either("id").filter(|id| !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)));
    let plain = format!("rego-{}-{entry}", package.replace('.', "-"));
    let title = note(&["title"]).or_else(|| member("title"));
    let title = title.unwrap_or_else(|| format!("The policy `{package}.{entry}` objects"));
    let severity = match either("severity").unwrap_or_default().to_ascii_lowercase().as_str() {
        "critical" => Severity::Critical,
        "high" => Severity::High,
        "medium" => Severity::Medium,
        "low" => Severity::Low,
        "info" | "unknown" => Severity::Info,
        _ => severity,
    };
    let mut rule =
        Rule::new(&format!("iac/{}", id.as_deref().unwrap_or(&plain)), title.trim_end_matches('.'), severity);
    let description = note(&["description"]).or_else(|| member("description")).unwrap_or_default();
    let advice = either("recommended_action").or_else(|| either("recommended_actions")).unwrap_or_default();
    rule.help = [description.trim(), advice.trim()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("\n\n");
    if rule.help.is_empty() {
        rule.help = format!("The policy `{package}` of this repository's owners says so.");
    }
    rule.aliases.extend(either("avd_id").into_iter().chain(either("long_id")).filter(|name| !name.is_empty()));
    rule.references.extend(either("url").filter(|url| url.starts_with("http")));
    rule
}

/// True where a file asks for Trivy's own model of a cloud account, which is not the document's shape.
pub(super) fn wants_cloud_model(text: &str) -> bool {
    let selectors = |notes: &Node| {
        let all = notes.at(&["custom", "input", "selector"]).map_or(&[][..], Node::items);
        all.iter().any(|one| one.get("type").and_then(Node::as_str) == Some("cloud"))
    };
    annotations(text).is_some_and(|notes| selectors(&notes))
}
