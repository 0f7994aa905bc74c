//! URIs of foreign reports as paths below the root.

use serde_json::{Map, Value};

use crate::model::{RepoPath, percent_decode};

/// Bases that refer to bases are followed so far.
const DEEPEST: usize = 8;

/// How the URIs of one run become paths.
pub struct Resolver<'a> {
    /// `run.originalUriBaseIds`.
    pub bases: Option<&'a Value>,
    /// `run.artifacts[].location`.
    pub artifacts: &'a [Value],
    /// The root's absolute path with `/` between segments and no final one, or empty.
    pub root: &'a str,
}

impl<'a> Resolver<'a> {
    /// The path of an `artifactLocation`; `None` where it has no URI or leaves the root.
    pub fn path(&self, artifact: &Value) -> Option<RepoPath> {
        let Some(uri) = artifact.get("uri") else { return self.path(self.listed(artifact.get("index")?)?) };
        let uri = uri.as_str()?.to_owned();
        let base = artifact.get("uriBaseId").and_then(Value::as_str);
        if has_scheme(&uri) {
            return self.strip(&uri);
        }
        // A base on the machine where the tool ran says nothing here: the path below it does.
        self.strip(&format!("{}{uri}", self.base(base, 0))).or_else(|| self.strip(&uri))
    }

    /// The place of the artifact of that number; one that has a URI.
    fn listed(&self, index: &Value) -> Option<&'a Value> {
        let place = self.artifacts.get(usize::try_from(index.as_u64()?).ok()?)?;
        place.get("uri").map(|_| place)
    }

    /// Gives an `artifactLocation` that has a number alone the URI it stands for.
    pub fn name(&self, artifact: &mut Map<String, Value>) {
        let listed = artifact.get("index").filter(|_| !artifact.contains_key("uri")).and_then(|at| self.listed(at));
        for name in ["uri", "uriBaseId"] {
            if let Some(value) = listed.and_then(|place| place.get(name)) {
                artifact.insert(name.into(), value.clone());
            }
        }
    }

    /// Folders of the machine where the tool ran, each with its final `/`: long ones alone, which no text
    /// holds by chance.
    pub fn folders(&self) -> Vec<String> {
        let bases = self.bases.and_then(Value::as_object).into_iter().flatten();
        let absolute = bases.filter_map(|(_, base)| base["uri"].as_str()?.strip_prefix("file://"));
        let mut folders: Vec<String> = absolute
            .chain([self.root])
            .filter_map(|folder| percent_decode(folder.trim_end_matches('/')))
            .filter(|folder| folder.matches('/').count() > 1)
            .flat_map(|folder| [format!("file://{folder}/"), format!("{folder}/")])
            .collect();
        folders.sort_by_key(|folder| std::cmp::Reverse(folder.len()));
        folders
    }

    fn base(&self, id: Option<&str>, depth: usize) -> String {
        let Some(base) = id.and_then(|id| self.bases?.get(id)).filter(|_| depth < DEEPEST) else {
            return String::new();
        };
        let mut uri = base.get("uri").and_then(Value::as_str).unwrap_or_default().to_owned();
        if !uri.is_empty() && !uri.ends_with('/') {
            uri.push('/');
        }
        let outer = base.get("uriBaseId").and_then(Value::as_str);
        if has_scheme(&uri) || outer.is_none() { uri } else { format!("{}{uri}", self.base(outer, depth + 1)) }
    }

    fn strip(&self, uri: &str) -> Option<RepoPath> {
        let written = uri.split(['#', '?']).next().unwrap_or_default();
        // What decodes to no text stays as it is written.
        let text = percent_decode(written).unwrap_or_else(|| written.to_owned()).replace('\\', "/");
        let (absolute, path) = match text.strip_prefix("file:") {
            Some(rest) => (true, rest.trim_start_matches('/').to_owned()),
            None if has_scheme(&text) && !is_drive(&text) => return None,
            None => (text.starts_with('/') || is_drive(&text), text.trim_start_matches('/').to_owned()),
        };
        let root = self.root.trim_matches('/');
        let relative = match path.strip_prefix(root).and_then(|rest| rest.strip_prefix('/')) {
            Some(inside) if !root.is_empty() => inside.to_owned(),
            _ if absolute => without_known_root(&path)?,
            _ => path,
        };
        RepoPath::resolve("", &relative)
    }
}

/// Folders where CI services put a checkout.
fn without_known_root(path: &str) -> Option<String> {
    const FOLDERS: &[(&str, usize)] =
        &[("github/workspace/", 0), ("home/runner/work/", 2), ("builds/", 2), ("src/", 0)];
    FOLDERS.iter().find_map(|(folder, segments)| {
        let rest = path.strip_prefix(folder)?;
        let inside: Vec<&str> = rest.splitn(segments + 1, '/').collect();
        inside.get(*segments).map(|path| (*path).to_owned())
    })
}

fn is_drive(text: &str) -> bool {
    matches!(text.as_bytes(), [letter, b':', b'/', ..] if letter.is_ascii_alphabetic())
}

fn has_scheme(uri: &str) -> bool {
    let Some((scheme, _)) = uri.split_once(':') else { return false };
    !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) && scheme.len() < 20
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_way_to_write_a_path_is_one_path() {
        let bases = json!({"SRC": {"uri": "file:///work/repo/"}, "SUB": {"uri": "sub/", "uriBaseId": "SRC"}});
        let resolver = Resolver { bases: Some(&bases), artifacts: &[], root: "/work/repo" };
        let path = |artifact: Value| resolver.path(&artifact).map(|path| path.to_string());
        let expected = Some("sub/a b.tf".to_owned());
        assert_eq!(path(json!({"uri": "sub/a%20b.tf"})), expected);
        assert_eq!(path(json!({"uri": "./sub/a b.tf"})), expected);
        assert_eq!(path(json!({"uri": "sub\\a%20b.tf"})), expected);
        assert_eq!(path(json!({"uri": "file:///work/repo/sub/a%20b.tf"})), expected);
        assert_eq!(path(json!({"uri": "/work/repo/sub/a%20b.tf"})), expected);
        assert_eq!(path(json!({"uri": "a%20b.tf", "uriBaseId": "SUB"})), expected);
        assert_eq!(path(json!({"uri": "sub/a%20b.tf", "uriBaseId": "%SRCROOT%"})), expected);
        let elsewhere = Resolver { bases: Some(&bases), artifacts: &[], root: "/other" };
        let relative = elsewhere.path(&json!({"uri": "a%20b.tf", "uriBaseId": "SUB"}));
        assert_eq!(relative.map(|path| path.to_string()), Some("a b.tf".to_owned()));
        let listed = [json!({"uri": "sub/a%20b.tf"}), json!({"index": 1})];
        let numbered = Resolver { bases: None, artifacts: &listed, root: "" };
        assert_eq!(numbered.path(&json!({"index": 0})).map(|path| path.to_string()), expected);
        assert_eq!(numbered.path(&json!({"index": 1})), None, "a number that names itself ends");
        assert_eq!(path(json!({"uri": "../x"})), None);
        assert_eq!(path(json!({"uri": "https://example.org/x"})), None);
        assert_eq!(path(json!({"uri": "/github/workspace/x.tf"})), Some("x.tf".into()));
    }
}
