//! What the job's token may do.

use super::model::{File, Job, Place, Step};
use super::{Out, indent_of, quoted};
use crate::model::{Confidence, Fix, Replacement, Severity, Span};
use crate::scan::iac::text::capital;
use crate::syntax::{Entry, Node};

/// Scopes whose write access reaches code, packages, identity or deployments.
const WORST: &[&str] = &[
    "actions",
    "attestations",
    "contents",
    "deployments",
    "discussions",
    "id-token",
    "issues",
    "packages",
    "pages",
    "pull-requests",
    "repository-projects",
    "security-events",
    "statuses",
    "checks",
];
/// Among these, the ones through which a stolen token changes what others run.
const HIGH: &[&str] = &["contents", "packages", "id-token", "deployments", "actions", "attestations", "pages"];

/// `excessive-permissions`.
pub fn excessive(file: &File<'_>, out: &mut Out<'_>) {
    match file.root.entry("permissions") {
        Some(entry) => granted(entry, &file.place(), file.jobs.len() > 1, out),
        None => missing(file, out),
    }
    for job in &file.jobs {
        if let Some(entry) = job.node().entry("permissions").filter(|entry| entry.value.scalar().is_some()) {
            granted(entry, &job.place(), false, out);
        }
    }
}

/// One `permissions` at the top (where jobs share it) or a whole-sale one at a job.
fn granted(entry: &Entry, place: &Place, shared: bool, out: &mut Out<'_>) {
    let whole = match entry.value.scalar() {
        Some("write-all") => Some((Severity::High, "write access to everything")),
        Some("read-all") => Some((Severity::Medium, "read access to everything")),
        _ => None,
    };
    if let Some((severity, what)) = whole {
        let message =
            format!("`permissions: {}` gives {} {what}.", entry.value.scalar().unwrap_or_default(), place.name);
        let draft = out.report("excessive-permissions", entry.value.span, place, "all", message);
        draft.severity = severity;
        return;
    }
    for scope in entry.value.entries() {
        if scope.value.scalar() != Some("write") || !WORST.contains(&scope.key.as_str()) {
            continue;
        }
        let message =
            format!("`{}: write` is given to every job of the workflow; give it to the job that needs it.", scope.key);
        let draft = out.report("excessive-permissions", scope.key_span, place, &scope.key, message);
        let high = HIGH.contains(&scope.key.as_str());
        // With a single job nobody else gets the right: a matter of habit.
        draft.severity = match (high, shared) {
            (true, true) => Severity::High,
            (false, true) => Severity::Medium,
            (_, false) => Severity::Low,
        };
    }
}

/// No `permissions` at the top: whatever the repository's default is.
fn missing(file: &File<'_>, out: &mut Out<'_>) {
    let called_only = file.root.get("on").is_some_and(|on| {
        on.scalar() == Some("workflow_call") || (on.entries().len() == 1 && on.entry("workflow_call").is_some())
    });
    let bare: Vec<_> = file.jobs.iter().filter(|job| job.node().get("permissions").is_none()).collect();
    if bare.is_empty() {
        return;
    }
    let checks_out = |job: &Job<'_>| job.node().get("uses").is_some() || file.steps_of(job).any(checks_out);
    let reads = bare.iter().any(|job| checks_out(job));
    let fix = file.root.entry("jobs").and_then(|jobs| add_permissions(file, jobs, reads));
    if !called_only {
        let span = file.root.entry("on").map_or(Span::default(), |entry| entry.key_span);
        let message = "The workflow has no `permissions`, so its jobs get the repository's default token.".to_owned();
        let draft = out.report("excessive-permissions", span, &file.place(), "default", message);
        draft.extent = None;
        draft.confidence = Confidence::Medium;
        draft.fixes.extend(fix.clone());
    }
    for job in bare {
        let message = format!("{} has no `permissions`, so it gets the default token.", capital(&job.place().name));
        let draft = out.report("excessive-permissions", job.entry.key_span, &job.place(), "default", message);
        draft.confidence = Confidence::Medium;
        draft.fixes.extend(fix.clone());
        if called_only {
            draft.severity = Severity::Low;
        }
    }
}

fn checks_out(step: &Step<'_>) -> bool {
    step.uses().is_some_and(|(uses, _)| uses.is("actions/checkout"))
}

/// Nothing at all, or reading the code where a job fetches it, above `jobs` and the comments that belong to it. A job that
/// writes with the token needs permissions of its own besides: what for, only its author knows.
fn add_permissions(file: &File<'_>, jobs: &Entry, reads: bool) -> Option<Fix> {
    let (indent, mut at) = indent_of(file.bytes, jobs.key_span.start);
    while at > 0 {
        let (_, above) = indent_of(file.bytes, u32::try_from(at - 1).ok()?);
        if file.bytes.get(above) != Some(&b'#') {
            break;
        }
        at = above;
    }
    let (what, text) = match reads {
        true => ("with read access to the code alone", "permissions:\n  contents: read\n\n"),
        false => ("that grant nothing", "permissions: {}\n\n"),
    };
    (indent == 0).then(|| Fix {
        description: format!("Add `permissions` {what}"),
        replacements: vec![Replacement { span: Span::new(at, at), text: text.to_owned() }],
    })
}

/// `undocumented-permissions`: a grant beyond reading code, without a word why.
pub fn undocumented(file: &File<'_>, out: &mut Out<'_>) {
    let top = file.root.get("permissions").map(|node| (node, file.place()));
    let jobs = file.jobs.iter().filter_map(|job| job.node().get("permissions").map(|node| (node, job.place())));
    for (node, place) in top.into_iter().chain(jobs) {
        for scope in node.entries() {
            let usual = scope.key == "contents" && scope.value.scalar() == Some("read");
            if usual || scope.value.scalar() == Some("none") || has_comment(file.bytes, scope) {
                continue;
            }
            let message = format!(
                "`{}: {}` has no comment that says what needs it.",
                scope.key,
                scope.value.scalar().unwrap_or("…")
            );
            let draft = out.report("undocumented-permissions", scope.key_span, &place, &scope.key, message);
            draft.extent = Some(node.span);
            draft.severity = Severity::Info;
            draft.confidence = Confidence::Low;
        }
    }
}

/// A comment on the line, or one of its own on the line above.
fn has_comment(bytes: &[u8], scope: &Entry) -> bool {
    let end = scope.value.span.end as usize;
    let rest = bytes.get(end..).unwrap_or_default();
    let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let (_, start) = indent_of(bytes, scope.key_span.start);
    let above = bytes.get(..start.saturating_sub(1)).unwrap_or_default().rsplit(|byte| *byte == b'\n').next();
    memchr::memmem::find(line, b" #").is_some() || above.is_some_and(|line| line.trim_ascii_start().starts_with(b"#"))
}

/// `github-app`: an app's token for every repository and permission the app has.
pub fn app_tokens(file: &File<'_>, out: &mut Out<'_>) {
    for step in &file.steps {
        let Some((uses, node)) = step.uses() else { continue };
        if !uses.is("actions/create-github-app-token") {
            continue;
        }
        let arguments = step.node.get("with").map(Node::entries).unwrap_or_default();
        let scoped = arguments.iter().any(|entry| entry.key.starts_with("permission-"));
        let place = step.place();
        if !scoped {
            let message = format!(
                "{} asks for every permission its app has; name them with `permission-…`.",
                capital(&place.name)
            );
            out.report("github-app", node.span, &place, "permissions", message);
        }
        if let Some(owner) = step.with("owner").filter(|_| step.with("repositories").is_none()) {
            let message = format!(
                "{} asks for a token for all repositories of {}.",
                capital(&place.name),
                quoted(owner.value.scalar().unwrap_or_default())
            );
            out.report("github-app", owner.key_span, &place, "owner", message);
        }
        if let Some(skip) = step.with("skip-token-revoke").filter(|entry| entry.value.scalar() != Some("false")) {
            let message = format!("{} leaves its app token valid after the job.", capital(&place.name));
            out.report("github-app", skip.key_span, &place, "revoke", message);
        }
    }
}
