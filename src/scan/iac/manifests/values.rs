//! What the values of a chart say for certain: parts with conventional names, default passwords, parts left empty.

use super::super::lower::values::{entry_place, place, plain};
use super::super::resource::{Model, Resource, Value, ValueKind as Kind};
use super::super::{RuleBook, Skips, check_model};
use crate::model::{KeptInput, RepoPath, Sink, Span};
use crate::syntax::{Entry, Node, Value as Tree, yaml};

/// Members of values that say how a pod or a container runs.
const MARKS: [&str; 9] = [
    "securityContext",
    "podSecurityContext",
    "containerSecurityContext",
    "image",
    "hostNetwork",
    "hostPID",
    "hostIPC",
    "volumes",
    "extraVolumes",
];
/// Members that charts leave empty for their users to fill.
const LEFT_OPEN: [&str; 4] = ["securityContext", "podSecurityContext", "containerSecurityContext", "resources"];
/// Maps inside each other that are looked into.
const MAX_DEPTH: usize = 12;
/// Parts of the names of secrets, in lower case and without `_` and `-`.
const SECRETS: [&str; 9] =
    ["password", "passwd", "passphrase", "secretkey", "clientsecret", "apikey", "accesskey", "privatekey", "token"];
/// Ends of names that speak about a secret without being one.
const ABOUT: [&str; 16] = [
    "name", "ref", "path", "file", "url", "enabled", "id", "ttl", "length", "header", "claim", "secret", "type",
    "mount", "expiry", "env",
];

/// Checks a chart's values; `versioned` where the chart names the version of its application.
pub(super) fn check(input: &KeptInput, versioned: bool, book: &RuleBook, sink: &mut Sink) {
    let parsed = yaml::parse(&input.bytes);
    let mut reader = Reader { path: &input.path, versioned, found: Vec::new() };
    reader.map(&parsed.value, "values", None, 0);
    check_model(book, &Model::new(reader.found), &Skips::placed(&[]), &|_| None, sink);
}

struct Reader<'a> {
    path: &'a RepoPath,
    versioned: bool,
    found: Vec<Resource>,
}

impl Reader<'_> {
    fn add(&mut self, kind: &str, name: &str, header: Span, extent: Span, members: Vec<(&str, Value)>) {
        let members = members.into_iter().map(|(key, value)| (key.into(), value)).collect();
        self.found.push(Resource {
            kind: kind.to_owned(),
            address: name.to_owned(),
            name: name.to_owned(),
            path: self.path.clone(),
            file: 0,
            header,
            extent,
            attributes: Value::new(Kind::map(members), header, 0),
            alternatives: Vec::new(),
            calls: Vec::new(),
        });
    }

    fn map(&mut self, node: &Node, name: &str, key: Option<&Entry>, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        let marked = |entry: &&Entry| MARKS.contains(&entry.key.as_str());
        let entries = node.entries();
        if entries.iter().any(|entry| marked(&entry)) {
            let header = key.map_or_else(|| place(node), |entry| entry.key_span);
            let kept = entries.iter().filter(marked).filter(|entry| !is_off(&entry.value));
            let mut members: Vec<(&str, Value)> = kept
                .map(|entry| (entry.key.as_str(), Value::new(plain(&entry.value).kind, entry_place(entry), 0)))
                .collect();
            members.push(("versioned", Value::new(Kind::Bool(self.versioned), header, 0)));
            self.add("helm.values", name, header, node.span, members);
        }
        self.variable(node, name);
        for entry in entries {
            let below = format!("{name}.{}", entry.key);
            self.member(entry, &below);
            if !marked(&entry) {
                self.map(&entry.value, &below, Some(entry), depth + 1);
            }
            for (at, item) in entry.value.items().iter().enumerate().filter(|(_, item)| !item.entries().is_empty()) {
                self.map(item, &format!("{below}[{at}]"), None, depth + 1);
            }
        }
    }

    fn member(&mut self, entry: &Entry, name: &str) {
        let extent = entry.key_span.join(entry.value.span);
        if names_secret(&entry.key) && is_literal(&entry.value) {
            let value = Value::new(plain(&entry.value).kind, entry.value.span, 0);
            self.add("helm.secret", name, entry.key_span, extent, vec![("value", value)]);
        }
        let is_empty = matches!(&entry.value.value, Tree::Map(entries) if entries.is_empty());
        if is_empty && LEFT_OPEN.contains(&entry.key.as_str()) {
            let part = Value::new(Kind::text(&entry.key), entry_place(entry), 0);
            self.add("helm.empty", name, entry.key_span, extent, vec![("part", part)]);
        }
    }

    /// `name: DB_PASSWORD`, `value: …` of a list of variables.
    fn variable(&mut self, node: &Node, name: &str) {
        let Some(variable) = node.get("name").and_then(Node::as_str).filter(|variable| names_secret(variable)) else {
            return;
        };
        if let Some(entry) = node.entry("value").filter(|entry| is_literal(&entry.value)) {
            let value = Value::new(plain(&entry.value).kind, entry.value.span, 0);
            self.add("helm.secret", &format!("{name}.{variable}"), entry.key_span, node.span, vec![("value", value)]);
        }
    }
}

/// True for a part that its own `enabled` switches off.
fn is_off(node: &Node) -> bool {
    node.get("enabled").and_then(Node::as_bool) == Some(false)
}

fn names_secret(key: &str) -> bool {
    let plain: String = key.chars().filter(|c| !matches!(c, '_' | '-')).collect::<String>().to_ascii_lowercase();
    SECRETS.iter().any(|part| plain.contains(part))
        && (plain.ends_with("clientsecret") || !ABOUT.iter().any(|end| plain.ends_with(end)))
        && !plain.contains("existing")
}

/// True for text that is used as it stands: no reference, path, address or template.
fn is_literal(node: &Node) -> bool {
    node.as_str().is_some_and(|text| {
        let setting = matches!(text.to_ascii_lowercase().as_str(), "true" | "false" | "none" | "null" | "auto");
        text.len() >= 4
            && !setting
            && !text.contains(char::is_whitespace)
            && !text.contains("{{")
            && !text.contains("://")
            && !text.starts_with(['$', '/', '<', '%'])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_told_from_names_about_them() {
        for key in ["adminPassword", "rootPassword", "DB_PASSWORD", "api-key", "authToken", "secretKey", "clientSecret"]
        {
            assert!(names_secret(key), "{key}");
        }
        for key in ["passwordSecretName", "existingSecretPassword", "tokenPath", "passwordFile", "username", "tokenTTL"]
        {
            assert!(!names_secret(key), "{key}");
        }
    }
}
