//! Habits: names, timeouts, runner features better left alone.

use super::model::{File, Place};
use super::{Out, quoted};
use crate::model::{Confidence, Severity, Span};
use crate::syntax::Node;

/// `anonymous-definition`.
pub fn anonymous(file: &File<'_>, out: &mut Out<'_>) {
    if file.root.get("name").is_none() && !file.jobs.is_empty() {
        let span = file.root.entries().first().map_or(Span::default(), |entry| entry.key_span);
        let draft =
            out.report("anonymous-definition", span, &file.place(), "", "The workflow has no `name`.".to_owned());
        draft.extent = None;
        draft.severity = Severity::Info;
    }
    // A call shows the names of the jobs it calls.
    for job in file.jobs.iter().filter(|job| job.node().get("name").is_none() && !job.is_call()) {
        let place = job.place();
        let message = format!("J{} has no `name`.", place.name.trim_start_matches('j'));
        let draft = out.report("anonymous-definition", job.entry.key_span, &place, "", message);
        draft.severity = Severity::Info;
    }
}

/// `misfeature`.
pub fn misfeatures(file: &File<'_>, out: &mut Out<'_>) {
    let jobs = file.jobs.iter().map(|job| (job.node(), job.place()));
    for (node, place) in std::iter::once((file.root, file.place())).chain(jobs) {
        if let Some(run) = node.at(&["defaults", "run"]) {
            unreadable_shell(run, &place, out);
        }
    }
    for step in &file.steps {
        let place = step.place();
        if let Some(entry) = step.with("pip-install") {
            let message = format!("`pip-install` in {} installs into the runner's shared Python.", place.name);
            out.report("misfeature", entry.key_span, &place, "pip-install", message);
        }
        unreadable_shell(step.node, &place, out);
    }
}

fn unreadable_shell(node: &Node, place: &Place, out: &mut Out<'_>) {
    let Some(shell) = node.entry("shell") else { return };
    let Some(text) = shell.value.scalar().filter(|text| !text.contains("${{")) else { return };
    let first = text.split_whitespace().next().unwrap_or_default().trim_end_matches(".exe");
    if !matches!(first, "bash" | "sh" | "pwsh" | "powershell" | "python") {
        let message = format!("The shell {} in {} is none that audits can read.", quoted(text), place.name);
        out.report("misfeature", shell.key_span.join(shell.value.span), place, "shell", message);
    }
}

/// A job that hangs for six hours, GitHub's own limit.
pub fn timeouts(file: &File<'_>, out: &mut Out<'_>) {
    for job in &file.jobs {
        let node = job.node();
        let called = job.is_call();
        let stepwise = node.get("steps").map(Node::items).unwrap_or_default();
        let each = !stepwise.is_empty() && stepwise.iter().all(|step| step.get("timeout-minutes").is_some());
        if called || each || node.get("timeout-minutes").is_some() || stepwise.is_empty() {
            continue;
        }
        let place = job.place();
        let message =
            format!("J{} has no `timeout-minutes` and may run for six hours.", place.name.trim_start_matches('j'));
        let draft = out.report("missing-timeout", job.entry.key_span, &place, "", message);
        draft.severity = Severity::Info;
        draft.confidence = Confidence::Low;
    }
}

/// `self-hosted-runner`: worse where outsiders' code arrives.
pub fn self_hosted(file: &File<'_>, out: &mut Out<'_>) {
    let outsiders = file.has_trigger(&["pull_request", "pull_request_target", "issue_comment", "workflow_run"]);
    for job in &file.jobs {
        let Some(runs_on) = job.node().entry("runs-on") else { continue };
        let value = runs_on.value.get("labels").unwrap_or(&runs_on.value);
        let labels = value.items().iter().chain(std::iter::once(value)).filter_map(Node::scalar);
        let group = runs_on.value.get("group").is_some();
        let listed = |label: &str| {
            let name = label.trim().strip_prefix("${{")?.strip_suffix("}}")?.trim().strip_prefix("matrix.")?;
            job.node().at(&["strategy", "matrix", name])
        };
        let is_own = |label: &str| {
            let chosen = listed(label).map(Node::items).unwrap_or_default().iter();
            label == "self-hosted" || chosen.filter_map(Node::scalar).any(|value| value == "self-hosted")
        };
        if !group && !labels.into_iter().any(is_own) {
            continue;
        }
        let place = job.place();
        let why = if outsiders { ", on an event that outsiders cause" } else { "" };
        let message = format!(
            "J{} runs on a self-hosted runner{why}; what one run leaves there meets the next.",
            place.name.trim_start_matches('j')
        );
        let draft = out.report("self-hosted-runner", runs_on.key_span.join(runs_on.value.span), &place, "", message);
        draft.severity = if outsiders { Severity::Medium } else { Severity::Low };
        draft.confidence = if outsiders { Confidence::Medium } else { Confidence::Low };
    }
}
