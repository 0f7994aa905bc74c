//! Findings of a history: who brought them, and one for each secret rather than one for each version of its
//! file.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::model::{Commit, Finding, Origin, Property};
use crate::source::Attribution;

/// Rule, path, and the secret's digest or the anchor: what is one defect in all versions of a file.
type Key = (String, String, Vec<u8>);

/// Keeps the first appearance of each defect, and says which commit brought it. The same value under the
/// same rule and path is the same defect in every version of the file.
pub fn attribute(findings: Vec<Finding>, commit_of: &Attribution) -> Vec<Finding> {
    let mut firsts: HashMap<Key, (Finding, Commit)> = HashMap::new();
    let mut before: HashSet<Key> = HashSet::new();
    let mut blobs: HashMap<Arc<str>, Option<Commit>> = HashMap::new();
    for finding in findings {
        let Origin::Commit { blob } = &finding.origin else { continue };
        let commit = blobs.entry(Arc::clone(blob)).or_insert_with(|| commit_of(blob)).clone();
        let value = match &finding.secret_digest {
            Some(digest) => digest.to_vec(),
            None => finding.anchor.as_bytes().to_vec(),
        };
        let key = (finding.rule.to_string(), finding.primary.path.to_string(), value);
        let Some(commit) = commit else {
            before.insert(key);
            continue;
        };
        match firsts.get_mut(&key) {
            None => {
                firsts.insert(key, (finding, commit));
            }
            Some((known, since)) => {
                let in_head = since.in_head || commit.in_head;
                if order(&finding, &commit) < order(known, since) {
                    (*known, *since) = (finding, commit);
                }
                since.in_head = in_head;
            }
        }
    }
    firsts.retain(|key, _| !before.contains(key));
    firsts.into_values().map(|(finding, commit)| told(finding, commit)).collect()
}

/// Which of two appearances is the first.
fn order<'a>(finding: &'a Finding, commit: &Commit) -> (u32, u64, &'a Origin) {
    (commit.number, finding.primary.region.byte_offset, &finding.origin)
}

fn told(mut finding: Finding, commit: Commit) -> Finding {
    let short = commit.id.get(..10).unwrap_or(&commit.id);
    let state = if commit.in_head { "still in the newest commit" } else { "no longer in the newest commit" };
    let author = commit.author.replace('`', "'");
    finding.message = format!("{} Added in `{short}` on {} by `{author}`; {state}.", finding.message, commit.date);
    let show = format!("git show {short}:{}", quoted(finding.primary.path.as_str()));
    finding.properties.extend([
        ("commit", Property::Text(commit.id)),
        ("author", Property::Text(commit.author)),
        ("date", Property::Text(commit.date)),
        ("inHead", Property::Bool(commit.in_head)),
        ("show", Property::Text(show)),
    ]);
    finding
}

/// A path as a POSIX shell takes it.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@".contains(c);
    if path.chars().all(plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}
