//! Ignore files of other tools.

use globset::Glob;

use super::settings::Ignore;
use crate::model::{Ecosystem, RepoPath, Span};
use crate::syntax::{Node, Parsed, SyntaxError, json, toml, yaml};

/// Entries, with what is wrong with the others.
type Reader = fn(&[u8], &mut Vec<SyntaxError>) -> Vec<Ignore>;

/// File name and reader. To honour another tool, write its reader and name it here.
const READERS: &[(&str, Reader)] = &[
    ("deny.toml", |bytes, errors| advisories(bytes, "deny.toml", errors)),
    ("audit.toml", |bytes, errors| advisories(bytes, "audit.toml", errors)),
    ("osv-scanner.toml", osv_scanner),
    (".trivyignore", |bytes, errors| plain(bytes, ".trivyignore", errors)),
    (".trivyignore.yaml", trivy_yaml),
    (".nancy-ignore", |bytes, errors| plain(bytes, ".nancy-ignore", errors)),
    (".nsprc", nsprc),
];

/// Whether a file of this name holds ignores.
pub(super) fn claims(file_name: &str) -> bool {
    READERS.iter().any(|(name, _)| *name == file_name)
}

/// The ignores of one file, for the folder it stands in and below (`.cargo` stands for the one above); none
/// from a name that no tool uses. What is wrong with a file costs its entry alone.
pub(super) fn read(path: &RepoPath, bytes: &[u8]) -> Parsed<Vec<Ignore>> {
    let reader = READERS.iter().find(|(name, _)| *name == path.file_name());
    let folder = path.parent();
    let cargo = folder.strip_suffix(".cargo").filter(|above| above.is_empty() || above.ends_with('/'));
    // cargo-audit reads `.cargo/audit.toml`, and no other of that name.
    let reader = reader.filter(|(name, _)| *name != "audit.toml" || cargo.is_some());
    let folder = cargo.map_or(folder, |above| above.trim_end_matches('/'));
    let mut errors = Vec::new();
    let mut value = reader.map_or_else(Vec::new, |(_, reader)| reader(bytes, &mut errors));
    value.iter_mut().for_each(|ignore| folder.clone_into(&mut ignore.folder));
    Parsed { value, errors }
}

fn ignore(what: &str, reason: &str, source: &str) -> Ignore {
    Ignore { what: what.to_owned(), reason: reason.to_owned(), source: source.to_owned(), ..Ignore::default() }
}

/// The ignore with its end, where one is stated; none, and an error at `span`, where that is no day.
fn ending(ignore: Ignore, end: Option<&str>, span: Span, errors: &mut Vec<SyntaxError>) -> Option<Ignore> {
    let Some(end) = end else { return Some(ignore) };
    let until = last_day(end);
    if until.is_none() {
        let message = "expected a day, `YYYY-MM-DD`: the entry is not honoured".to_owned();
        errors.push(SyntaxError { span, message });
    }
    Some(Ignore { until: Some(until?), ..ignore })
}

/// The last day on which an entry holds. All of these tools compare the clock with the moment that is written, and a
/// day alone is its first moment: the day before is the last whole one. `.nsprc` may count milliseconds since 1970.
fn last_day(end: &str) -> Option<String> {
    let end = end.trim();
    let (day, midnight) = if !end.is_empty() && end.bytes().all(|b| b.is_ascii_digit()) {
        let moment = jiff::Timestamp::from_millisecond(end.parse().ok()?).ok()?.to_zoned(jiff::tz::TimeZone::UTC);
        (moment.date(), moment.time() == jiff::civil::Time::midnight())
    } else {
        let (day, time) = end.split_at_checked(10)?;
        let time = time.trim_start_matches(['T', 't', ' ']);
        (day.parse().ok()?, time.bytes().all(|b| matches!(b, b'0' | b':' | b'.' | b'Z' | b'z' | b'+')))
    };
    let last = if midnight { day.yesterday().ok()? } else { day };
    Some(last.to_string())
}

fn text<'a>(node: &'a Node, keys: &[&str]) -> Option<&'a str> {
    keys.iter().find_map(|key| node.get(key)?.scalar())
}

/// `[advisories] ignore = ["ID", { id = "ID", reason = "" }]`.
fn advisories(bytes: &[u8], source: &str, errors: &mut Vec<SyntaxError>) -> Vec<Ignore> {
    let root = take(toml::parse(bytes), errors);
    let items = root.at(&["advisories", "ignore"]).into_iter().flat_map(Node::items);
    items
        .filter_map(|item| match item.as_str() {
            Some(id) => Some(ignore(id, "", source)),
            None => Some(ignore(text(item, &["id"])?, text(item, &["reason"]).unwrap_or_default(), source)),
        })
        .collect()
}

fn osv_scanner(bytes: &[u8], errors: &mut Vec<SyntaxError>) -> Vec<Ignore> {
    let root = take(toml::parse(bytes), errors);
    let reason = |item: &Node| text(item, &["reason"]).unwrap_or_default().to_owned();
    let mut found = Vec::new();
    for item in root.get("IgnoredVulns").into_iter().flat_map(Node::items) {
        let Some(id) = text(item, &["id"]) else { continue };
        let entry = ignore(id, &reason(item), "osv-scanner.toml");
        found.extend(ending(entry, text(item, &["ignoreUntil"]), item.span, errors));
    }
    // An override that ignores a package, or its vulnerabilities. One without a name would ignore everything
    // of an ecosystem: that is not carried over.
    let overrides = |item: &Node| {
        let ignored = [item.get("ignore"), item.at(&["vulnerability", "ignore"])];
        if !ignored.into_iter().flatten().any(|yes| yes.as_bool() == Some(true)) {
            return None;
        }
        let ecosystem = match text(item, &["ecosystem"]) {
            Some(name) => Some(Ecosystem::ALL.into_iter().find(|known| known.osv() == name)?),
            None => None,
        };
        let version = text(item, &["version"]).map(str::to_owned);
        Some(Ignore { ecosystem, version, ..ignore(text(item, &["name"])?, &reason(item), "osv-scanner.toml") })
    };
    for item in root.get("PackageOverrides").into_iter().flat_map(Node::items) {
        let Some(entry) = overrides(item) else { continue };
        found.extend(ending(entry, text(item, &["effectiveUntil"]), item.span, errors));
    }
    found
}

/// A parser's value; its errors are kept.
fn take(parsed: Parsed<Node>, errors: &mut Vec<SyntaxError>) -> Node {
    errors.extend(parsed.errors);
    parsed.value
}

/// One id a line; `#` begins a comment, `exp:` or `until=` a day.
fn plain(bytes: &[u8], source: &str, errors: &mut Vec<SyntaxError>) -> Vec<Ignore> {
    let (mut at, mut found) = (0, Vec::new());
    for whole in bytes.split_inclusive(|&byte| byte == b'\n') {
        let span = Span::new(at, at + whole.len());
        at += whole.len();
        let content = String::from_utf8_lossy(whole);
        let (line, reason) = content.split_once('#').unwrap_or((&content, ""));
        let mut words = line.split_whitespace();
        let Some(what) = words.next() else { continue };
        let until = words.find_map(|word| word.strip_prefix("exp:").or_else(|| word.strip_prefix("until=")));
        found.extend(ending(ignore(what, reason.trim(), source), until, span, errors));
    }
    found
}

fn trivy_yaml(bytes: &[u8], errors: &mut Vec<SyntaxError>) -> Vec<Ignore> {
    let root = take(yaml::parse(bytes), errors);
    let items = root.get("vulnerabilities").into_iter().flat_map(Node::items);
    items
        .filter_map(|item| {
            let texts = |key| item.get(key).map(|list| list.items().iter().filter_map(Node::as_str));
            let reason = text(item, &["statement"]).unwrap_or_default();
            let found = ignore(text(item, &["id"])?, reason, ".trivyignore.yaml");
            let mut found = ending(found, text(item, &["expired_at"]), item.span, errors)?;
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

fn nsprc(bytes: &[u8], errors: &mut Vec<SyntaxError>) -> Vec<Ignore> {
    let root = take(json::parse_jsonc(bytes), errors);
    let active = |node: &&crate::syntax::Entry| node.value.get("active").and_then(Node::as_bool) != Some(false);
    let exceptions = root.get("exceptions").into_iter().flat_map(Node::items).filter_map(Node::as_str);
    let old = exceptions.map(|url| ignore(url.rsplit('/').next().unwrap_or(url), "", ".nsprc"));
    let entries = root.entries().iter().filter(|entry| entry.key != "exceptions").filter(active);
    let new = entries.filter_map(|entry| {
        let reason = entry.value.as_str().or_else(|| text(&entry.value, &["notes"])).unwrap_or_default();
        let found = ignore(&entry.key, reason, ".nsprc");
        ending(found, text(&entry.value, &["expiry"]).filter(|end| !end.is_empty()), entry.key_span, errors)
    });
    old.chain(new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(path: &str, content: &str) -> Vec<Ignore> {
        read(&RepoPath::new(path), content.as_bytes()).value
    }

    fn whats(name: &str, content: &str) -> Vec<String> {
        all(name, content).into_iter().map(|ignore| ignore.what).collect()
    }

    #[test]
    fn every_tool_is_read() {
        assert_eq!(whats("deny.toml", "[advisories]\nignore = ['A', { id = 'B', reason = 'r' }]"), ["A", "B"]);
        assert_eq!(whats("osv-scanner.toml", "[[IgnoredVulns]]\nid = 'A'\nignoreUntil = 2030-01-01"), ["A"]);
        assert_eq!(whats(".trivyignore", "# c\nA exp:2030-01-01\n\nB # why"), ["A", "B"]);
        assert_eq!(whats(".nsprc", r#"{"A": "why", "B": {"active": false}}"#), ["A"]);
    }

    #[test]
    fn an_end_is_the_moment_that_the_tool_means() {
        let osv = "[[IgnoredVulns]]\nid = 'A'\nignoreUntil = ";
        for (path, text, last) in [
            (".trivyignore", "A exp:2030-01-01".to_owned(), "2029-12-31"),
            (".nancy-ignore", "A until=2030-03-01 # why".to_owned(), "2030-02-28"),
            (".trivyignore.yaml", "vulnerabilities:\n- id: A\n  expired_at: 2030-01-01\n".to_owned(), "2029-12-31"),
            ("osv-scanner.toml", format!("{osv}2030-01-01"), "2029-12-31"),
            ("osv-scanner.toml", format!("{osv}2030-01-01T00:00:00Z"), "2029-12-31"),
            ("osv-scanner.toml", format!("{osv}2030-01-01T12:30:00Z"), "2030-01-01"),
            (
                "osv-scanner.toml",
                "[[PackageOverrides]]\nname = 'p'\nignore = true\neffectiveUntil = 2030-01-01\n".to_owned(),
                "2029-12-31",
            ),
            (".nsprc", r#"{"A": {"expiry": "2030-01-01"}}"#.to_owned(), "2029-12-31"),
            (".nsprc", r#"{"A": {"expiry": 1893456000000}}"#.to_owned(), "2029-12-31"),
            (".nsprc", r#"{"A": {"expiry": "1893456000001"}}"#.to_owned(), "2030-01-01"),
        ] {
            assert_eq!(all(path, &text)[0].until.as_deref(), Some(last), "{path} {text}");
        }
        let bad = read(&RepoPath::new(".trivyignore"), b"A exp:soon\nB\n");
        assert_eq!((bad.value.len(), bad.value[0].what.as_str(), bad.errors[0].span), (1, "B", Span::new(0, 11)));
        assert_eq!(read(&RepoPath::new("deny.toml"), b"[advisories").errors.len(), 1);
    }

    #[test]
    fn an_ignore_holds_in_its_own_folder() {
        let folders = ["deny.toml", "a/b/deny.toml", ".cargo/audit.toml", "a/.cargo/audit.toml"];
        let found = folders.map(|path| all(path, "[advisories]\nignore = ['A']")[0].folder.clone());
        assert_eq!(found, ["", "a/b", "", "a"]);
        assert!(all("a/audit.toml", "[advisories]\nignore = ['A']").is_empty(), "cargo-audit does not read it");
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
