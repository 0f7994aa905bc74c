//! `if` conditions that do not say what they seem to.

use super::expr::{self, Oddity, is_alias};
use super::model::{File, Place};
use super::secrets::each_scalar;
use super::{Out, quoted};
use crate::model::{Confidence, Draft, Fix, Replacement, Severity, Span};
use crate::syntax::{Entry, Node};

/// All conditions of jobs and steps.
pub fn conditions(file: &File<'_>, out: &mut Out<'_>) {
    for job in &file.jobs {
        if let Some(entry) = job.node().entry("if") {
            one(entry, &job.place(), file, out);
        }
    }
    for step in &file.steps {
        if let Some(entry) = step.node.entry("if") {
            one(entry, &step.place(), file, out);
        }
    }
    let ternary = |draft: &&Draft| draft.rule.id.as_str() == "iac/actions-unsound-ternary";
    let mut seen: Vec<_> = out.sink.drafts.iter().filter(ternary).map(|draft| draft.span).collect();
    each_scalar(file, &mut |node, place| {
        for one in expr::fenced(node, file.bytes) {
            let falsy = expr::oddities(&one.text).into_iter().any(|oddity| matches!(oddity, Oddity::FalsyTernary));
            if falsy && !seen.iter().any(|span| span.overlaps(one.span)) {
                seen.push(one.span);
                let message =
                    format!("{} in {} never gives its middle, which counts as false.", quoted(&one.text), place.name);
                out.report("unsound-ternary", one.span, place, &one.text, message);
            }
        }
    });
}

fn one(entry: &Entry, place: &Place, file: &File<'_>, out: &mut Out<'_>) {
    let Some(text) = entry.value.as_str() else { return };
    let fenced = expr::fenced(&entry.value, file.bytes);
    if let Some(why) = always_true(text, fenced.len()) {
        let message = format!("The condition of {} is always true: {why}.", place.name);
        out.report("unsound-condition", entry.key_span, place, "", message);
    }
    let whole =
        if fenced.is_empty() { vec![text.to_owned()] } else { fenced.into_iter().map(|one| one.text).collect() };
    for oddity in whole.iter().flat_map(|text| expr::oddities(text)) {
        tell(&oddity, &entry.value, place, file, out);
    }
}

/// Text outside of a `${{ }}` makes the whole a string, and a string that is not empty is true.
fn always_true(text: &str, fences: usize) -> Option<&'static str> {
    if fences == 0 {
        return None;
    }
    let starts = text.trim_start().starts_with("${{");
    let ends = text.trim_end().ends_with("}}");
    if !starts || !ends || fences > 1 {
        return Some("the text around `${{ }}` makes it a string that is never empty");
    }
    (text.ends_with(char::is_whitespace) || text.starts_with(char::is_whitespace)).then_some(
        "the blank or line break beside it makes it a string that is never empty (`|-` leaves a block's off)",
    )
}

/// Events, and who began what they are about: an outsider cannot make that somebody else.
const AUTHORS: &[(&[&str], &str)] = &[
    (&["pull_request", "pull_request_target"], "github.event.pull_request.user"),
    (&["issues"], "github.event.issue.user"),
    (&["issue_comment", "discussion_comment", "pull_request_review_comment"], "github.event.comment.user"),
    (&["pull_request_review"], "github.event.review.user"),
    (&["discussion"], "github.event.discussion.user"),
    (&["milestone"], "github.event.milestone.creator"),
    (&["release"], "github.event.release.author"),
];

/// Events that anyone with an account can cause.
const BY_OUTSIDERS: &[&str] = &[
    "pull_request",
    "pull_request_target",
    "pull_request_review",
    "pull_request_review_comment",
    "workflow_run",
    "issues",
    "issue_comment",
    "discussion",
    "discussion_comment",
];

/// The author in place of whoever acted last, where all events of the workflow have one and the same.
fn author_instead(file: &File<'_>, node: &Node, context: &str) -> Option<Fix> {
    let events = file.events();
    let (_, author) = AUTHORS.iter().find(|(known, _)| events.iter().all(|event| known.contains(event)))?;
    if events.is_empty() || is_alias(node, file.bytes) {
        return None;
    }
    let written = node.span.of(file.bytes);
    let part = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(byte));
    let whole = |at: &usize| {
        let before = at.checked_sub(1).and_then(|at| written.get(at));
        !part(before) && !part(written.get(at + context.len()))
    };
    let mut places = memchr::memmem::find_iter(written, context.as_bytes()).filter(whole);
    let (Some(at), None) = (places.next(), places.next()) else { return None };
    let from = node.span.start as usize + at;
    let text = if context.ends_with("id") { format!("{author}.id") } else { format!("{author}.login") };
    Some(Fix {
        description: format!("Ask who began it: `{text}`"),
        replacements: vec![Replacement { span: Span::new(from, from + context.len()), text }],
    })
}

fn tell(oddity: &Oddity, node: &Node, place: &Place, file: &File<'_>, out: &mut Out<'_>) {
    match oddity {
        Oddity::ContainsInString(context) => {
            let message = format!(
                "`contains` in the condition of {} looks for {} anywhere in a string, so part of a name is enough.",
                place.name,
                quoted(context)
            );
            let free = [
                "github.head_ref",
                "github.ref",
                "github.ref_name",
                "github.actor",
                "github.base_ref",
                "github.sha",
                "github.triggering_actor",
            ];
            let attacker = free.contains(&context.as_str())
                || context.starts_with("github.event")
                || context.starts_with("inputs.")
                || context.starts_with("env.");
            let draft = out.report("unsound-contains", node.span, place, context, message);
            draft.severity = if attacker { Severity::High } else { Severity::Low };
        }
        Oddity::BotName { context, name, dominates } => {
            let risky = file.has_trigger(BY_OUTSIDERS);
            let message = format!(
                "The condition of {} trusts {}, which an outsider can make {}.",
                place.name,
                quoted(context),
                quoted(name)
            );
            let draft = out.report("bot-conditions", node.span, place, context, message);
            draft.confidence = if *dominates { Confidence::High } else { Confidence::Medium };
            draft.fixes.extend(author_instead(file, node, context));
            if !risky {
                // Nobody from outside causes this workflow's runs; the condition may be copied to one where they do.
                (draft.severity, draft.confidence) = (Severity::Low, Confidence::Low);
            }
        }
        Oddity::FalsyTernary => {
            let message =
                format!("`a && b || c` in the condition of {} never gives `b`, which counts as false.", place.name);
            out.report("unsound-ternary", node.span, place, "", message);
        }
        Oddity::StructuredSecret | Oddity::AllSecrets => {}
    }
}
