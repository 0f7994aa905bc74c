//! Ignore files of other tools.

use super::settings::Ignore;
use crate::syntax::{Node, json, toml, yaml};

type Reader = fn(&[u8]) -> Vec<Ignore>;

/// File name and reader. To honour another tool, write its reader and name it here.
const READERS: &[(&str, Reader)] = &[
    ("deny.toml", |bytes| advisories(bytes, "deny.toml")),
    ("audit.toml", |bytes| advisories(bytes, "audit.toml")),
    ("osv-scanner.toml", osv_scanner),
    (".trivyignore", |bytes| plain(bytes, ".trivyignore")),
    (".trivyignore.yaml", trivy_yaml),
    (".nancy-ignore", |bytes| plain(bytes, ".nancy-ignore")),
    (".nsprc", nsprc),
];

/// Whether a file of this name holds ignores.
pub(super) fn claims(file_name: &str) -> bool {
    READERS.iter().any(|(name, _)| *name == file_name)
}

/// The ignores of one file; none from a name that no tool uses.
pub(super) fn read(file_name: &str, bytes: &[u8]) -> Vec<Ignore> {
    READERS.iter().find(|(name, _)| *name == file_name).map_or_else(Vec::new, |(_, reader)| reader(bytes))
}

fn ignore(what: &str, reason: &str, source: &str, until: Option<&str>) -> Ignore {
    let day = |text: &str| text.get(..10).unwrap_or(text).to_owned();
    Ignore { what: what.to_owned(), reason: reason.to_owned(), source: source.to_owned(), until: until.map(day) }
}

fn text<'a>(node: &'a Node, keys: &[&str]) -> Option<&'a str> {
    keys.iter().find_map(|key| node.get(key)?.scalar())
}

/// `[advisories] ignore = ["ID", { id = "ID", reason = "" }]`.
fn advisories(bytes: &[u8], source: &str) -> Vec<Ignore> {
    let root = toml::parse(bytes).value;
    let items = root.at(&["advisories", "ignore"]).into_iter().flat_map(Node::items);
    items
        .filter_map(|item| match item.as_str() {
            Some(id) => Some(ignore(id, "", source, None)),
            None => Some(ignore(text(item, &["id"])?, text(item, &["reason"]).unwrap_or_default(), source, None)),
        })
        .collect()
}

fn osv_scanner(bytes: &[u8]) -> Vec<Ignore> {
    let root = toml::parse(bytes).value;
    let items = root.get("IgnoredVulns").into_iter().flat_map(Node::items);
    items
        .filter_map(|item| {
            let reason = text(item, &["reason"]).unwrap_or_default();
            Some(ignore(text(item, &["id"])?, reason, "osv-scanner.toml", text(item, &["ignoreUntil"])))
        })
        .collect()
}

/// One id a line; `#` begins a comment, `exp:` or `until=` a day.
fn plain(bytes: &[u8], source: &str) -> Vec<Ignore> {
    let content = String::from_utf8_lossy(bytes);
    let lines = content.lines().map(|line| line.split_once('#').unwrap_or((line, "")));
    lines
        .filter_map(|(line, reason)| {
            let mut words = line.split_whitespace();
            let what = words.next()?;
            let until = words.find_map(|word| word.strip_prefix("exp:").or_else(|| word.strip_prefix("until=")));
            Some(ignore(what, reason.trim(), source, until))
        })
        .collect()
}

fn trivy_yaml(bytes: &[u8]) -> Vec<Ignore> {
    let root = yaml::parse(bytes).value;
    let items = root.get("vulnerabilities").into_iter().flat_map(Node::items);
    items
        // An entry for some paths or packages alone must not hide the others.
        .filter(|item| item.get("paths").is_none() && item.get("purls").is_none())
        .filter_map(|item| {
            let reason = text(item, &["statement"]).unwrap_or_default();
            Some(ignore(text(item, &["id"])?, reason, ".trivyignore.yaml", text(item, &["expired_at"])))
        })
        .collect()
}

fn nsprc(bytes: &[u8]) -> Vec<Ignore> {
    let root = json::parse_jsonc(bytes).value;
    let active = |node: &&crate::syntax::Entry| node.value.get("active").and_then(Node::as_bool) != Some(false);
    let exceptions = root.get("exceptions").into_iter().flat_map(Node::items).filter_map(Node::as_str);
    let old = exceptions.map(|url| ignore(url.rsplit('/').next().unwrap_or(url), "", ".nsprc", None));
    let entries = root.entries().iter().filter(|entry| entry.key != "exceptions").filter(active);
    let new = entries.map(|entry| {
        let reason = entry.value.as_str().or_else(|| text(&entry.value, &["notes"])).unwrap_or_default();
        ignore(&entry.key, reason, ".nsprc", text(&entry.value, &["expiry"]))
    });
    old.chain(new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whats(name: &str, content: &str) -> Vec<String> {
        read(name, content.as_bytes()).into_iter().map(|ignore| ignore.what).collect()
    }

    #[test]
    fn every_tool_is_read() {
        assert_eq!(whats("deny.toml", "[advisories]\nignore = ['A', { id = 'B', reason = 'r' }]"), ["A", "B"]);
        assert_eq!(whats("osv-scanner.toml", "[[IgnoredVulns]]\nid = 'A'\nignoreUntil = 2030-01-01"), ["A"]);
        assert_eq!(whats(".trivyignore", "# c\nA exp:2030-01-01\n\nB # why"), ["A", "B"]);
        assert_eq!(read(".trivyignore", b"A exp:2030-01-01")[0].until.as_deref(), Some("2030-01-01"));
        assert_eq!(whats(".trivyignore.yaml", "vulnerabilities:\n- id: A\n- id: B\n  paths: [x]\n"), ["A"]);
        assert_eq!(whats(".nsprc", r#"{"A": "why", "B": {"active": false}}"#), ["A"]);
    }
}
