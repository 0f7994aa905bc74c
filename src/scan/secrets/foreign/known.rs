//! Findings that other tools know: `.gitleaksignore` by place, `.secrets.baseline` by the hash of the value.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha1::{Digest, Sha1};

use super::{Place, tell};
use crate::model::Notice;

/// One line of `.gitleaksignore`: `path:rule:line`, or `commit:path:rule:line`. The rule is not compared: gitleaks has
/// other names for what stands there.
#[derive(Clone, Debug)]
pub(in super::super) struct Print {
    pub(super) source: Arc<str>,
    path: String,
    line: u32,
    history: bool,
}

impl Print {
    /// True where the line means this finding. Without a commit it means the tree's and, as gitleaks has it, any
    /// commit's.
    pub(super) fn is_of(&self, place: &Place<'_>) -> bool {
        self.path == place.path && self.line == place.line && (place.history || !self.history)
    }
}

/// Reads `.gitleaksignore`.
pub(super) fn prints(name: &str, bytes: &[u8], notices: &mut Vec<Notice>) -> Vec<Print> {
    let source: Arc<str> = name.into();
    let mut prints = Vec::new();
    for (at, line) in String::from_utf8_lossy(bytes).lines().enumerate() {
        let line = line.split_once(" #").map_or(line, |(line, _)| line).trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let read = || {
            let (rest, number) = line.rsplit_once(':')?;
            let (place, _rule) = rest.rsplit_once(':')?;
            let is_commit = |text: &str| text.len() >= 7 && text.bytes().all(|b| b.is_ascii_hexdigit());
            let commit = place.split_once(':').filter(|(commit, _)| is_commit(commit));
            let path = commit.map_or(place, |(_, path)| path).replace('\\', "/");
            let path = path.strip_prefix("./").map(str::to_owned).unwrap_or(path);
            Some(Print { source: Arc::clone(&source), path, line: number.parse().ok()?, history: commit.is_some() })
        };
        match read() {
            Some(print) => prints.push(print),
            None => tell(notices, name, format!("line {}: not `path:rule:line`; it is not used", at + 1)),
        }
    }
    prints
}

/// One secret of detect-secrets' baseline.
#[derive(Clone, Debug)]
pub(in super::super) struct Known {
    /// SHA-1 of the value, in lower case.
    hash: String,
    /// For a private key, of which its first line is hashed: where it stands, from 1.
    key_line: Option<u32>,
}

/// True where one of a file's known secrets is this finding.
pub(super) fn has(known: &[Known], place: &Place<'_>) -> bool {
    let hash = format!("{:x}", Sha1::digest(place.value));
    known.iter().any(|one| match one.key_line {
        Some(line) => place.rule.id.short() == "private-key" && (line..=line + 1).contains(&place.line),
        None => one.hash == hash,
    })
}

/// Reads `.secrets.baseline`: its `results`, by path.
pub(super) fn baseline(known: &mut BTreeMap<String, Vec<Known>>, name: &str, bytes: &[u8], notices: &mut Vec<Notice>) {
    let root: serde_json::Value = match serde_json::from_slice(bytes) {
        Ok(root) => root,
        Err(error) => return tell(notices, name, format!("line {}: {error}; nothing of it is used", error.line())),
    };
    let Some(results) = root.get("results").and_then(serde_json::Value::as_object) else {
        return tell(notices, name, "it has no `results`; nothing of it is used");
    };
    for (path, secrets) in results {
        for secret in secrets.as_array().into_iter().flatten() {
            let hash = secret.get("hashed_secret").and_then(|hash| hash.as_str()).and_then(sha1);
            let Some(hash) = hash else {
                tell(notices, name, format!("an entry of `{path}` has no SHA-1 as `hashed_secret`; it is not used"));
                continue;
            };
            let key = secret.get("type").and_then(|kind| kind.as_str()) == Some("Private Key");
            let line = secret.get("line_number").and_then(serde_json::Value::as_u64);
            let key_line = line.filter(|_| key).and_then(|line| u32::try_from(line).ok());
            known.entry(path.replace('\\', "/")).or_default().push(Known { hash, key_line });
        }
    }
}

/// 40 hexadecimal digits, in lower case.
fn sha1(text: &str) -> Option<String> {
    let whole = text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit());
    whole.then(|| text.to_ascii_lowercase())
}
