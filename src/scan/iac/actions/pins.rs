//! Commit ids and the versions that comments beside them claim.

use super::model::{File, Job, Step};
use super::{Out, quoted};
use crate::model::Span;
use crate::syntax::Node;

/// `owner/repo@<id> # v1.2.3`.
struct Claim {
    slug: String,
    commit: String,
    version: String,
}

/// `ref-version-mismatch`, as far as one file shows it without asking GitHub: one commit that is called two versions, or two
/// commits that are called the same one. A shortened version (`v4`) moves, and claims nothing.
pub fn contradictions(file: &File<'_>, out: &mut Out<'_>) {
    let steps = file.steps.iter().filter_map(|step| Some((step.node.get("uses")?, Step::place(step))));
    let calls = file.jobs.iter().filter_map(|job| Some((job.node().get("uses")?, Job::place(job))));
    let mut known: Vec<Claim> = Vec::new();
    for (at, (node, place)) in steps.chain(calls).enumerate() {
        let Some((claim, span)) = claim(node, file.bytes) else { continue };
        let same = |other: &&Claim| other.slug.eq_ignore_ascii_case(&claim.slug);
        let against = known.iter().filter(same).find_map(|other| {
            match (other.commit == claim.commit, other.version == claim.version) {
                (true, false) => Some(format!("the same commit is called {} above", quoted(&other.version))),
                (false, true) => Some("another commit is called so above".to_owned()),
                _ => None,
            }
        });
        match against {
            Some(why) => {
                let (slug, version) = (quoted(&claim.slug), quoted(&claim.version));
                let message = format!("The commit of {slug} in {} is not {version}, or {why} in error.", place.name);
                out.report("ref-version-mismatch", span, &place, &format!("{}#{at}", claim.slug), message);
            }
            None => known.push(claim),
        }
    }
}

/// The claim and the comment that makes it.
fn claim(node: &Node, bytes: &[u8]) -> Option<(Claim, Span)> {
    let uses = super::model::Uses::parse(node.as_str()?).filter(super::model::Uses::is_hash)?;
    let end = node.span.end as usize;
    let line = bytes.get(end..)?.split(|byte| *byte == b'\n').next()?;
    let mark = line.iter().position(|byte| *byte == b'#')?;
    let comment = std::str::from_utf8(&line[mark + 1..]).ok()?;
    let version = comment.split_whitespace().find(|word| is_full(word))?;
    let slug = format!("{}/{}", uses.owner, uses.repo);
    let claim = Claim { slug, commit: uses.reference?.to_ascii_lowercase(), version: normal(version).to_owned() };
    Some((claim, Span::new(end + mark, end + line.trim_ascii_end().len())))
}

/// `v1.2.3` without its `v`.
fn normal(version: &str) -> &str {
    version.trim_start_matches(['v', 'V'])
}

/// Three numbers and whatever follows them.
fn is_full(word: &str) -> bool {
    let mut parts = normal(word).split('.');
    let number =
        |part: Option<&str>| part.is_some_and(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    number(parts.next())
        && number(parts.next())
        && parts.next().is_some_and(|part| part.starts_with(|c: char| c.is_ascii_digit()))
}
