//! Ignore files of other tools.

use globset::Glob;

use super::settings::Ignore;
use crate::model::{Ecosystem, RepoPath};
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

/// The ignores of one file, for the folder it stands in and below (`.cargo` stands for the one above); none
/// from a name that no tool uses.
pub(super) fn read(path: &RepoPath, bytes: &[u8]) -> Vec<Ignore> {
    let reader = READERS.iter().find(|(name, _)| *name == path.file_name());
    let folder = path.parent();
    let folder = folder.strip_suffix(".cargo").map_or(folder, |above| above.trim_end_matches('/'));
    let mut ignores = reader.map_or_else(Vec::new, |(_, reader)| reader(bytes));
    ignores.iter_mut().for_each(|ignore| folder.clone_into(&mut ignore.folder));
    ignores
}

fn ignore(what: &str, reason: &str, source: &str, until: Option<&str>) -> Ignore {
    let day = |text: &str| text.get(..10).unwrap_or(text).to_owned();
    Ignore {
        what: what.to_owned(),
        reason: reason.to_owned(),
        source: source.to_owned(),
        until: until.map(day),
        ..Ignore::default()
    }
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
    let reason = |item: &Node| text(item, &["reason"]).unwrap_or_default().to_owned();
    let ids = root.get("IgnoredVulns").into_iter().flat_map(Node::items).filter_map(|item| {
        Some(ignore(text(item, &["id"])?, &reason(item), "osv-scanner.toml", text(item, &["ignoreUntil"])))
    });
    // An override that ignores a package, or its vulnerabilities. One without a name would ignore everything
    // of an ecosystem: that is not carried over.
    let overrides = root.get("PackageOverrides").into_iter().flat_map(Node::items).filter_map(|item| {
        let ignored = [item.get("ignore"), item.at(&["vulnerability", "ignore"])];
        if !ignored.into_iter().flatten().any(|yes| yes.as_bool() == Some(true)) {
            return None;
        }
        let ecosystem = match text(item, &["ecosystem"]) {
            Some(name) => Some(Ecosystem::ALL.into_iter().find(|known| known.osv() == name)?),
            None => None,
        };
        let until = text(item, &["effectiveUntil"]);
        let version = text(item, &["version"]).map(str::to_owned);
        Some(Ignore { ecosystem, version, ..ignore(text(item, &["name"])?, &reason(item), "osv-scanner.toml", until) })
    });
    ids.chain(overrides).collect()
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
        .filter_map(|item| {
            let texts = |key| item.get(key).map(|list| list.items().iter().filter_map(Node::as_str));
            let reason = text(item, &["statement"]).unwrap_or_default();
            let mut found = ignore(text(item, &["id"])?, reason, ".trivyignore.yaml", text(item, &["expired_at"]));
            // A path that is no glob must not widen the entry to every path.
            if let Some(paths) = texts("paths") {
                found.paths = paths.filter_map(|glob| Some(Glob::new(glob).ok()?.compile_matcher())).collect();
                if found.paths.is_empty() {
                    return None;
                }
            }
            found.purls = texts("purls").map(|purls| purls.map(str::to_owned).collect()).unwrap_or_default();
            Some(found)
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

    fn all(path: &str, content: &str) -> Vec<Ignore> {
        read(&RepoPath::new(path), content.as_bytes())
    }

    fn whats(name: &str, content: &str) -> Vec<String> {
        all(name, content).into_iter().map(|ignore| ignore.what).collect()
    }

    #[test]
    fn every_tool_is_read() {
        assert_eq!(whats("deny.toml", "[advisories]\nignore = ['A', { id = 'B', reason = 'r' }]"), ["A", "B"]);
        assert_eq!(whats("osv-scanner.toml", "[[IgnoredVulns]]\nid = 'A'\nignoreUntil = 2030-01-01"), ["A"]);
        assert_eq!(whats(".trivyignore", "# c\nA exp:2030-01-01\n\nB # why"), ["A", "B"]);
        assert_eq!(all(".trivyignore", "A exp:2030-01-01")[0].until.as_deref(), Some("2030-01-01"));
        assert_eq!(whats(".nsprc", r#"{"A": "why", "B": {"active": false}}"#), ["A"]);
    }

    #[test]
    fn an_ignore_holds_in_its_own_folder() {
        let folders = ["deny.toml", "a/b/deny.toml", ".cargo/audit.toml", "a/.cargo/audit.toml"];
        let found = folders.map(|path| all(path, "[advisories]\nignore = ['A']")[0].folder.clone());
        assert_eq!(found, ["", "a/b", "", "a"]);
    }

    #[test]
    fn trivys_paths_and_package_urls_narrow_an_entry() {
        let text = "vulnerabilities:\n- id: A\n  paths: ['web/*']\n  purls: ['pkg:npm/x@1']\n- id: B\n  paths: ['[']\n";
        let found = all(".trivyignore.yaml", text);
        assert_eq!(found.len(), 1, "a path that does not parse ignores nothing");
        assert!(found[0].paths[0].is_match("web/package-lock.json"));
        assert_eq!(found[0].purls, ["pkg:npm/x@1"]);
    }

    #[test]
    fn osv_scanners_overrides_ignore_packages() {
        let text = "[[PackageOverrides]]\nname = 'a'\necosystem = 'npm'\nversion = '1.0.0'\nignore = true\n\
                    [[PackageOverrides]]\nname = 'b'\nvulnerability.ignore = true\n\
                    [[PackageOverrides]]\necosystem = 'Go'\nignore = true\n\
                    [[PackageOverrides]]\nname = 'c'\nlicense.ignore = true\n";
        let found = all("osv-scanner.toml", text);
        let names: Vec<&str> = found.iter().map(|ignore| ignore.what.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!((found[0].ecosystem, found[0].version.as_deref()), (Some(Ecosystem::Npm), Some("1.0.0")));
    }
}
