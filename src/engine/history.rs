//! Findings of a history: who brought them, and one for each secret rather than one for each version of its
//! file.

use std::collections::HashMap;

use crate::model::{Commit, Finding, Origin, Property};
use crate::source::Attribution;

/// Keeps the first appearance of each defect, and says which commit brought it. The same value under the
/// same rule and path is the same defect in every version of the file.
pub fn attribute(findings: Vec<Finding>, commit_of: &Attribution) -> Vec<Finding> {
    let mut firsts: HashMap<(String, String, Vec<u8>), (Finding, Option<Commit>)> = HashMap::new();
    let mut blobs: HashMap<String, Option<Commit>> = HashMap::new();
    for finding in findings {
        let Origin::Commit { blob } = &finding.origin else { continue };
        let commit = blobs.entry(blob.to_string()).or_insert_with(|| commit_of(blob)).clone();
        let value = match &finding.secret_digest {
            Some(digest) => digest.to_vec(),
            None => finding.anchor.as_bytes().to_vec(),
        };
        let key = (finding.rule.to_string(), finding.primary.path.to_string(), value);
        let still = commit.as_ref().is_some_and(|commit| commit.in_head);
        match firsts.get_mut(&key) {
            None => {
                firsts.insert(key, (finding, commit));
            }
            Some(known) => {
                let still = still || known.1.as_ref().is_some_and(|commit| commit.in_head);
                if order(&finding, commit.as_ref()) < order(&known.0, known.1.as_ref()) {
                    *known = (finding, commit);
                }
                if let Some(commit) = &mut known.1 {
                    commit.in_head = still;
                }
            }
        }
    }
    firsts.into_values().map(|(finding, commit)| told(finding, commit)).collect()
}

/// Which of two appearances is the first.
fn order(finding: &Finding, commit: Option<&Commit>) -> (u32, u64, String) {
    let Origin::Commit { blob } = &finding.origin else { return (0, 0, String::new()) };
    (commit.map_or(u32::MAX, |commit| commit.number), finding.primary.region.byte_offset, blob.to_string())
}

fn told(mut finding: Finding, commit: Option<Commit>) -> Finding {
    let Some(commit) = commit else { return finding };
    let short = commit.id.get(..10).unwrap_or(&commit.id);
    let path = finding.primary.path.as_str();
    let state = if commit.in_head { "still in the newest commit" } else { "no longer in the newest commit" };
    finding.message = format!(
        "{} Added in `{short}` on {} by `{}`; {state}.",
        finding.message,
        commit.date,
        commit.author.replace('`', "'")
    );
    let show = format!("git show {short}:{}", quoted(path));
    let text = |text: String| Property::Text(text);
    finding.properties.extend([
        ("commit", text(commit.id)),
        ("author", text(commit.author)),
        ("date", text(commit.date)),
        ("inHead", Property::Bool(commit.in_head)),
        ("show", text(show)),
    ]);
    finding
}

/// A path as a POSIX shell takes it.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@".contains(c);
    if path.chars().all(plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}
