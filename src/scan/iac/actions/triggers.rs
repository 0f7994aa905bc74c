//! Events that run with the repository's secrets on somebody else's change.

use super::model::File;
use super::{Out, quoted};
use crate::model::{Confidence, Severity};

/// Events that run in the base repository's context: with its token and its secrets.
pub const PRIVILEGED: &[&str] = &["pull_request_target", "workflow_run", "issue_comment"];

/// `dangerous-triggers`.
pub fn dangerous(file: &File<'_>, out: &mut Out<'_>) {
    for name in PRIVILEGED {
        let Some(trigger) = file.trigger(name) else { continue };
        let message =
            format!("`{name}` runs this workflow with write token and secrets on an event that outsiders cause.");
        let draft = out.report("dangerous-triggers", trigger.span, &file.place(), name, message);
        draft.extent = Some(trigger.span);
        draft.confidence = Confidence::Medium;
    }
}

/// Inputs of a run by hand (Checkov's CKV_GHA_7, from SLSA's rule that parameters must not affect a build).
pub fn dispatch_inputs(file: &File<'_>, out: &mut Out<'_>) {
    let settings = file.trigger("workflow_dispatch").and_then(|trigger| trigger.settings);
    let Some(inputs) = settings.and_then(|settings| settings.entry("inputs")) else { return };
    if inputs.value.entries().is_empty() {
        return;
    }
    let message = "Who starts this workflow by hand can change what it builds through its `inputs`.".to_owned();
    let draft = out.report("dispatch-inputs", inputs.key_span, &file.place(), "", message);
    draft.extent = Some(inputs.key_span.join(inputs.value.span));
}

/// `concurrency-limits`.
pub fn concurrency(file: &File<'_>, out: &mut Out<'_>) {
    let called_only = file.root.get("on").is_some_and(|on| {
        on.scalar() == Some("workflow_call") || (on.entries().len() == 1 && on.entry("workflow_call").is_some())
    });
    if called_only || file.jobs.is_empty() {
        return;
    }
    // A group alone lets one more run wait; it does not say what becomes of the one before.
    let limits = |node: &crate::syntax::Node| node.get("concurrency").is_some_and(|given| given.scalar().is_none());
    let own: Vec<_> = file.jobs.iter().filter(|job| !job.is_call()).collect();
    if limits(file.root) || own.iter().all(|job| limits(job.node())) {
        return;
    }
    let Some(on) = file.root.entry("on") else { return };
    let own: Vec<_> = own.into_iter().filter(|job| !limits(job.node())).collect();
    let names: Vec<String> = own.iter().take(4).map(|job| quoted(&job.entry.key)).collect();
    let more = if own.len() > 4 { " and others" } else { "" };
    let message = format!(
        "Runs of this workflow pile up: jobs {}{more} have no `concurrency` with `cancel-in-progress`.",
        names.join(", ")
    );
    let draft = out.report("concurrency-limits", on.key_span, &file.place(), "", message);
    draft.extent = None;
    draft.severity = Severity::Info;
}
