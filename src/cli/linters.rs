//! Configuration files of hadolint and zizmor at the root of a scan: what they ignore is suppressed here as well.

use std::path::Path;

use super::CliError;
use super::output::{read_file, without_links};
use crate::model::{Notice, NoticeKind, RepoPath};
use crate::syntax::{Node, yaml};
use crate::triage::ignore::Entry;

/// What makes entries of a file's content.
type Reader = fn(&Node, &str) -> Vec<Entry>;

/// Where each tool looks, the first that is there counts, and how it is read.
const FILES: &[(&[&str], Reader)] = &[
    (&[".hadolint.yaml", ".hadolint.yml"], hadolint),
    (&[".github/zizmor.yml", ".github/zizmor.yaml", "zizmor.yml", "zizmor.yaml"], zizmor),
];

/// The entries of all files, and what of them was not understood. A link is not followed.
///
/// # Errors
/// Where a file is there and cannot be read.
pub fn ignores(base: &Path) -> Result<(Vec<Entry>, Vec<Notice>), CliError> {
    let (mut entries, mut notices) = (Vec::new(), Vec::new());
    for (names, read) in FILES {
        let there = names.iter().find_map(|name| {
            let path = RepoPath::new(name);
            Some((without_links(base, &path).ok()??, path))
        });
        let Some((file, path)) = there else { continue };
        let parsed = yaml::parse(&read_file(&file)?);
        if let Some(error) = parsed.errors.first() {
            let message = format!("not well-formed: {}; what could be read of it counts", error.message);
            notices.push(Notice::warning(NoticeKind::Config, message).at(&path));
        }
        entries.extend(read(&parsed.value, path.as_str()));
    }
    Ok((entries, notices))
}

fn entry(rule: String, source: &str) -> Entry {
    Entry { rule: Some(rule), source: source.to_owned(), ..Entry::default() }
}

/// `ignored`, and levels of `override` that mean the same.
fn hadolint(root: &Node, source: &str) -> Vec<Entry> {
    let lists = [root.get("ignored"), root.at(&["override", "ignore"])];
    let ids = lists.into_iter().flatten().flat_map(Node::items).filter_map(Node::as_str);
    ids.map(|id| entry(id.to_owned(), source)).collect()
}

/// `rules.ID.disable`, and `rules.ID.ignore` with `file.yml`, `file.yml:LINE` or `file.yml:LINE:COLUMN`.
fn zizmor(root: &Node, source: &str) -> Vec<Entry> {
    let rules = root.get("rules").map(Node::entries).unwrap_or_default();
    let of = |rule: &crate::syntax::Entry| {
        let whole = || entry(format!("zizmor:{}", rule.key), source);
        if rule.value.get("disable").and_then(Node::as_bool) == Some(true) {
            return vec![whole()];
        }
        let places = rule.value.get("ignore").into_iter().flat_map(Node::items).filter_map(Node::as_str);
        // A place that does not read must not widen the entry to every file.
        places.filter_map(|place| at(place).map(|(path, line)| Entry { path: Some(path), line, ..whole() })).collect()
    };
    rules.iter().flat_map(of).collect()
}

/// A file name, wherever it stands, and a line of it.
fn at(place: &str) -> Option<(globset::GlobMatcher, Option<u32>)> {
    let mut parts = place.split(':');
    let name = parts.next().filter(|name| !name.is_empty())?;
    let line = parts.next().map(str::parse).transpose().ok()?;
    Some((Entry::path_glob(&format!("**/{}", globset::escape(name))).ok()?, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str) -> Vec<(String, Option<u32>)> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        #[expect(clippy::disallowed_methods, reason = "a file of the test's own folder")]
        std::fs::write(file, text).unwrap();
        let (entries, notices) = ignores(folder.path()).unwrap();
        assert!(notices.is_empty(), "{notices:?}");
        entries.into_iter().map(|entry| (entry.rule.unwrap_or_default(), entry.line)).collect()
    }

    #[test]
    fn each_tool_is_read_at_its_place() {
        let all = |ids: &[&str]| ids.iter().map(|id| ((*id).to_owned(), None)).collect::<Vec<_>>();
        let text = "ignored:\n  - DL3008\noverride:\n  ignore: [DL3013]\n  error: [DL3002]\n";
        assert_eq!(read(".hadolint.yml", text), all(&["DL3008", "DL3013"]));
        let text = "rules:\n  unpinned-uses:\n    disable: true\n  artipacked:\n    ignore: [a.yml, 'b.yml:7', 'b.yml:8:2', 'c.yml:x']\n";
        let mut expected = all(&["zizmor:unpinned-uses", "zizmor:artipacked"]);
        expected.extend([7, 8].map(|line| ("zizmor:artipacked".to_owned(), Some(line))));
        assert_eq!(read(".github/zizmor.yml", text), expected);
        assert!(read("other/zizmor.yml", text).is_empty());
    }
}
