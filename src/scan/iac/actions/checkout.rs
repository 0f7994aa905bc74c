//! What a checkout leaves behind, and whose code it fetches.

use super::model::{File, Step};
use super::triggers::PRIVILEGED;
use super::{Out, expr, indent_of, is_block, quoted};
use crate::model::{Confidence, Fix, Replacement, Severity, Span};
use crate::scan::iac::text::line_end;
use crate::syntax::Node;

/// `artipacked`: the token stays in `.git/config` for every later step, and for what uploads the folder.
pub fn credentials(file: &File<'_>, out: &mut Out<'_>) {
    for (at, step) in file.steps.iter().enumerate() {
        let Some((uses, node)) = step.uses() else { continue };
        if !uses.is("actions/checkout") {
            continue;
        }
        let setting = step.with("persist-credentials");
        let value = setting.and_then(|entry| entry.value.scalar());
        if value.is_some_and(|text| text.eq_ignore_ascii_case("false")) {
            continue;
        }
        let asked = value.is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let uploads = file.steps[at + 1..].iter().filter(|later| same_job(later, step)).any(uploads_folder);
        let place = step.place();
        let message = match asked {
            true => format!("The checkout in {} keeps the token in `.git/config` on purpose.", place.name),
            false => format!(
                "The checkout in {} leaves the token in `.git/config`: set `persist-credentials: false`.",
                place.name
            ),
        };
        let span = setting.map_or(node.span, |entry| entry.key_span);
        let draft = out.report("artipacked", span, &place, &format!("#{at}"), message);
        draft.confidence = if uploads { Confidence::High } else { Confidence::Low };
        draft.severity = match (uploads, asked) {
            (true, _) => Severity::High,
            // From version 6 the token lies outside the work tree, where an upload of it does not reach.
            (false, false) if major(uses.reference) < Some(6) => Severity::Medium,
            _ => Severity::Low,
        };
        if !asked {
            draft.fixes.extend(add_argument(file, step, "persist-credentials: false"));
        }
    }
}

fn major(reference: Option<&str>) -> Option<u32> {
    reference?.strip_prefix('v').and_then(|text| text.split('.').next()?.parse().ok()).or(Some(0))
}

fn same_job(a: &Step<'_>, b: &Step<'_>) -> bool {
    a.job.map(|job| job.entry.key_span) == b.job.map(|job| job.entry.key_span)
}

/// An upload of the whole work tree, hidden files and all.
fn uploads_folder(step: &Step<'_>) -> bool {
    let Some((uses, _)) = step.uses() else { return false };
    let path = step.with("path").and_then(|entry| entry.value.scalar()).unwrap_or_default();
    let whole = path
        .lines()
        .any(|line| matches!(line.trim(), "." | "./" | ".." | "${{ github.workspace }}" | "./.git" | ".git"));
    uses.is("actions/upload-artifact") && whole
}

/// Adds `name: value` to the step's `with`, which has no such argument yet.
pub fn add_argument(file: &File<'_>, step: &Step<'_>, setting: &str) -> Option<Fix> {
    let uses = step.node.entry("uses")?;
    let (at, text) = match step.node.entry("with").map(|with| (with, with.value.entries().first())) {
        Some((with, Some(first))) if is_block(&with.value, file.bytes) => {
            let indent = " ".repeat(indent_of(file.bytes, first.key_span.start).0);
            (first.key_span.start as usize, format!("{setting}\n{indent}"))
        }
        Some((with, Some(first))) if with.value.span.of(file.bytes).starts_with(b"{") => {
            (first.key_span.start as usize, format!("{setting}, "))
        }
        Some(_) => return None,
        None if is_block(step.node, file.bytes) => {
            let indent = " ".repeat(indent_of(file.bytes, uses.key_span.start).0);
            let at = line_end(file.bytes, uses.value.span.end as usize);
            (at, format!("\n{indent}with:\n{indent}  {setting}"))
        }
        None if step.node.span.of(file.bytes).starts_with(b"{") => {
            (uses.value.span.end as usize, format!(", with: {{{setting}}}"))
        }
        None => return None,
    };
    let replacements = vec![Replacement { span: Span::new(at, at), text }];
    Some(Fix { description: format!("Add `{setting}`"), replacements })
}

/// Contexts that name the outsider's side of a pull request.
const HEADS: &[&str] = &[
    "github.event.pull_request.head",
    "github.head_ref",
    "github.event.workflow_run.head",
    "github.event.number",
    "github.event.pull_request.number",
    "github.event.issue.number",
    "github.event.pull_request.merge_commit_sha",
];

/// A privileged event that fetches, and so likely runs, the outsider's code.
pub fn untrusted_head(file: &File<'_>, out: &mut Out<'_>) {
    let Some(trigger) = PRIVILEGED.iter().find(|name| file.trigger(name).is_some()) else { return };
    for (at, step) in file.steps.iter().enumerate() {
        let guarded = [Some(step.node), step.job.map(|job| job.node())].into_iter().flatten().any(only_own_branches);
        if guarded {
            continue;
        }
        let checks_out = step.uses().is_some_and(|(uses, _)| uses.is("actions/checkout"));
        let arguments = ["ref", "repository"].into_iter().filter_map(|name| step.with(name));
        let place = step.place();
        for entry in arguments.filter(|_| checks_out) {
            if names_head(&entry.value, file.bytes) {
                let value = quoted(entry.value.scalar().unwrap_or_default());
                let message = format!(
                    "On `{trigger}`, {} checks out {value}: an outsider's code next to the repository's secrets.",
                    place.name
                );
                out.report("untrusted-checkout", entry.value.span, &place, &format!("{}#{at}", entry.key), message);
            }
        }
        if let Some(run) = step.node.get("run")
            && run.as_str().is_some_and(|text| text.contains("gh pr checkout"))
        {
            let message = format!(
                "On `{trigger}`, {} checks out a pull request: an outsider's code next to the repository's secrets.",
                place.name
            );
            out.report("untrusted-checkout", run.span, &place, "gh", message).confidence = Confidence::Medium;
        }
    }
}

/// True for a condition that lets branches of the repository itself pass alone: no outsider's code.
fn only_own_branches(node: &Node) -> bool {
    let condition = node.get("if").and_then(Node::scalar).unwrap_or_default();
    let condition: String = condition.split_whitespace().collect::<String>().to_ascii_lowercase();
    let own = ["pull_request.head.repo.full_name", "workflow_run.head_repository.full_name"].iter().any(|head| {
        let (head, here) = (format!("github.event.{head}"), "github.repository");
        condition.contains(&format!("{head}=={here}")) || condition.contains(&format!("{here}=={head}"))
    });
    let no_fork = ["!github.event.pull_request.head.repo.fork", "github.event.pull_request.head.repo.fork==false"];
    (own || no_fork.iter().any(|text| condition.contains(text))) && !condition.contains("||")
}

fn names_head(node: &Node, bytes: &[u8]) -> bool {
    let reads = expr::fenced(node, bytes).into_iter().filter_map(|one| expr::reads(&one.text)).flatten();
    reads.into_iter().any(|read| read.flows && HEADS.iter().any(|head| read.path.starts_with(head)))
}
