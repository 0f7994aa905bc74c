//! Files that parse to a tree: JSON, YAML, TOML.

use super::{Kind, Value, plain, plausible, unquoted};
use crate::model::{RepoPath, Span};
use crate::scan::secrets::{checks, generic, shape};
use crate::syntax::{self, Node};

/// Deepest member looked at.
const DEPTH: usize = 32;

fn documents(path: &RepoPath, bytes: &[u8]) -> Vec<Node> {
    let json = matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'['));
    match path.extension() {
        "toml" => vec![syntax::toml::parse(bytes).value],
        _ if json => vec![syntax::json::parse_jsonc(bytes).value],
        _ => syntax::yaml::parse_documents(bytes).value,
    }
}

/// Calls `found` with the keys to each scalar and the scalar.
fn each<'a>(node: &'a Node, keys: &mut Vec<&'a str>, found: &mut dyn FnMut(&[&str], &Node)) {
    if keys.len() > DEPTH {
        return;
    }
    for entry in node.entries() {
        keys.push(&entry.key);
        each(&entry.value, keys, found);
        keys.pop();
    }
    for item in node.items() {
        keys.push("");
        each(item, keys, found);
        keys.pop();
    }
    if node.scalar().is_some() {
        found(keys, node);
    }
}

/// Members of these names (any case, or after `-`, `_` or `.`).
pub(super) fn members(path: &RepoPath, bytes: &[u8], names: &[&str], values: &mut Vec<Value>) {
    for document in documents(path, bytes) {
        each(&document, &mut Vec::new(), &mut |keys, node| {
            let key = keys.last().map(|key| key.trim_start_matches(':').to_ascii_lowercase()).unwrap_or_default();
            let named = |name: &&str| {
                key.strip_suffix(*name)
                    .is_some_and(|head| head.is_empty() || head.ends_with(['-', '_', '.']) && *name != "key")
            };
            if names.iter().any(named) {
                plain(bytes, node.span.start as usize, node.span.end as usize, values);
            }
        });
    }
}

/// `auths.<registry>.auth` is base64 of `user:password`; older files have the registries at the top.
pub(super) fn docker(bytes: &[u8], values: &mut Vec<Value>) {
    each(&syntax::json::parse_jsonc(bytes).value, &mut Vec::new(), &mut |keys, node| {
        let span = unquoted(bytes, node.span.start as usize, node.span.end as usize);
        match keys.last().copied() {
            Some("auth") if is_login(span.of(bytes)) => values.push(Value { span, kind: Kind::Plain }),
            Some("password" | "identitytoken" | "registrytoken") => {
                plain(bytes, span.start as usize, span.end as usize, values);
            }
            _ => {}
        }
    });
}

/// True for base64 of `user:password`.
fn is_login(value: &[u8]) -> bool {
    let Some(plain) = checks::decode(value) else { return false };
    plain.iter().position(|&b| b == b':').is_some_and(|colon| plausible(&plain[colon + 1..]))
}

/// Composer: `http-basic.<host>.password`, `github-oauth.<host>`, `gitlab-token.<host>`, `bearer.<host>`.
pub(super) fn composer(bytes: &[u8], values: &mut Vec<Value>) {
    each(&syntax::json::parse(bytes).value, &mut Vec::new(), &mut |keys, node| {
        if let ["github-oauth" | "gitlab-oauth" | "gitlab-token" | "bearer", _] = keys {
            plain(bytes, node.span.start as usize, node.span.end as usize, values);
        }
    });
}

/// `users[].user`: token, password, client key.
pub(super) fn kubeconfig(bytes: &[u8], values: &mut Vec<Value>) {
    for document in syntax::yaml::parse_documents(bytes).value {
        each(&document, &mut Vec::new(), &mut |keys, node| {
            let Some(&key) = keys.last() else { return };
            if let "token" | "password" | "client-key-data" | "client-secret" | "id-token" | "refresh-token"
            | "access-token" = key
            {
                plain(bytes, node.span.start as usize, node.span.end as usize, values);
            }
        });
    }
}

/// `kind: Secret` of Kubernetes: `data` in base64, `stringData` as it is. Sealed and SOPS files hold no plain values.
pub(super) fn manifests(bytes: &[u8], values: &mut Vec<Value>) {
    let marks: [&[u8]; 4] = [b"kind: Secret", b"\"kind\": \"Secret\"", b"\"kind\":\"Secret\"", b"kind: \"Secret\""];
    let has = |mark: &[u8]| memchr::memmem::find(bytes, mark).is_some();
    if bytes.len() > 1 << 20 || !has(b"Secret") || !marks.iter().any(|mark| has(mark)) {
        return;
    }
    let json = matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'['));
    let documents =
        if json { vec![syntax::json::parse(bytes).value] } else { syntax::yaml::parse_documents(bytes).value };
    for document in &documents {
        let listed = document.get("items").map(Node::items).unwrap_or_default();
        for object in std::iter::once(document).chain(listed) {
            if object.get("kind").and_then(Node::as_str) == Some("Secret") && object.get("sops").is_none() {
                secret(bytes, object, values);
            }
        }
    }
}

fn secret(bytes: &[u8], object: &Node, values: &mut Vec<Value>) {
    let members = |name| object.get(name).map(Node::entries).unwrap_or_default();
    let encoded = members("data").iter().filter_map(|entry| {
        let text: Vec<u8> = entry.value.scalar()?.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
        Some((entry, checks::decode(&text)?))
    });
    let written = members("stringData").iter().filter_map(|entry| {
        let text = entry.value.scalar()?.as_bytes().to_vec();
        Some((entry, text))
    });
    for (entry, value) in encoded.chain(written) {
        let value = value.trim_ascii();
        let named = generic::is_secret_name(entry.key.as_bytes()) || entry.key.starts_with(".dockerconfig");
        let random = shape::judge(value, shape::Judged { password: false, quoted: true, config: true }).is_some();
        let key = memchr::memmem::find(value, b"PRIVATE KEY").is_some();
        let certificate = entry.key.ends_with(".crt") || entry.key.ends_with(".pem") && !key;
        if plausible(value) && !certificate && (named || random || key) {
            let span = unquoted(bytes, entry.value.span.start as usize, entry.value.span.end as usize);
            if !span.is_empty() {
                values.push(Value { span: Span::new(span.start as usize, span.end as usize), kind: Kind::Plain });
            }
        }
    }
}
