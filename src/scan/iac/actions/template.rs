//! Expressions that are pasted into code before a shell or an interpreter sees it.

use super::expr::{self, Fenced};
use super::model::{File, Kind, Step};
use super::taint::{self, Taint};
use super::{Out, quoted, to_env};
use crate::model::{Confidence, Property, Severity};
use crate::syntax::Entry;

/// Arguments of well-known actions that are run as code.
const CODE_ARGUMENTS: &[(&str, &[&str])] = &[
    ("actions/github-script", &["script"]),
    ("azure/cli", &["inlinescript"]),
    ("azure/powershell", &["inlinescript"]),
    ("appleboy/ssh-action", &["script"]),
    ("cardinalby/js-eval-action", &["expression"]),
    ("nick-fields/retry", &["command", "on_retry_command"]),
    ("nick-invision/retry", &["command", "on_retry_command"]),
    ("wandalen/wretry.action", &["command"]),
    ("addnab/docker-run-action", &["run", "options"]),
    ("mikefarah/yq", &["cmd"]),
    ("devorbitus/yq-action-output", &["cmd"]),
    ("sergeysova/jq-action", &["cmd"]),
    ("docker/build-push-action", &["context"]),
    ("8398a7/action-slack", &["custom_payload"]),
    ("skitionek/notify-microsoft-teams", &["overwrite"]),
    ("gautamkrishnar/blog-post-workflow", &["item_exec"]),
    ("roots/issue-closer-action", &["issue-close-message", "pr-close-message"]),
    ("lucasbento/auto-close-issues", &["issue-close-message"]),
    ("imjohnbo/issue-bot", &["body", "linked-comments-previous-issue-text", "linked-comments-new-issue-text"]),
    ("tibdex/backport", &["body_template", "head_template", "labels_template", "title_template"]),
    ("jannekem/run-python-script-action", &["script"]),
    ("amadevus/pwsh-script", &["script"]),
    ("reactivecircus/android-emulator-runner", &["script", "pre-emulator-launch-script"]),
    ("vmactions/freebsd-vm", &["run", "prepare"]),
    ("uraimo/run-on-arch-action", &["run", "install"]),
];

/// `template-injection`.
pub fn injection(file: &File<'_>, out: &mut Out<'_>) {
    for step in &file.steps {
        for (entry, is_run) in code_of(step) {
            let found = expr::fenced(&entry.value, file.bytes);
            for one in &found {
                let Some((taint, path)) = worst(&one.text, file, step) else { continue };
                tell(file, step, entry, is_run, one, &found, (taint, &path), out);
            }
        }
    }
}

fn code_of<'a>(step: &Step<'a>) -> Vec<(&'a Entry, bool)> {
    let mut code: Vec<(&Entry, bool)> = step.node.entry("run").map(|entry| (entry, true)).into_iter().collect();
    if let Some((uses, _)) = step.uses() {
        let names = CODE_ARGUMENTS.iter().find(|(slug, _)| uses.is(slug)).map(|(_, names)| *names).unwrap_or_default();
        code.extend(names.iter().filter_map(|name| step.with(name)).map(|entry| (entry, false)));
    }
    code
}

/// The freest context that flows into the expression's value.
fn worst(text: &str, file: &File<'_>, step: &Step<'_>) -> Option<(Taint, String)> {
    let reads = expr::reads(text)?;
    let flowing = reads.into_iter().filter(|read| read.flows);
    let worst = flowing.map(|read| (taint::of(&read.path, file, step), read.path)).max_by_key(|(taint, _)| *taint);
    Some(worst.unwrap_or((Taint::Fixed, String::new())))
}

#[expect(clippy::too_many_arguments, reason = "one finding's whole context, named once")]
fn tell(
    file: &File<'_>,
    step: &Step<'_>,
    entry: &Entry,
    is_run: bool,
    one: &Fenced,
    all: &[Fenced],
    (taint, path): (Taint, &str),
    out: &mut Out<'_>,
) {
    let place = step.place();
    let shown = quoted(&format!("${{{{ {} }}}}", one.text.trim()));
    let (severity, confidence, why) = match taint {
        Taint::Free => {
            (Severity::High, Confidence::High, "anyone who sets it runs code with the job's token and secrets")
        }
        Taint::Operator => (
            Severity::Medium,
            Confidence::High,
            "whoever may push or start the workflow runs code with the job's token and secrets",
        ),
        Taint::Computed => (Severity::Medium, Confidence::Medium, "its value is computed and may hold shell syntax"),
        Taint::Structured => (Severity::Low, Confidence::Medium, "its value is set outside the workflow"),
        Taint::Indirect => (Severity::Info, Confidence::Low, "its value comes from another step or from settings"),
        Taint::Fixed => (Severity::Info, Confidence::Low, "an environment variable keeps text and code apart"),
    };
    let message = format!("{shown} is pasted into `{}` of {}: {why}.", entry.key, place.name);
    let fix = if is_run { to_env::fix(file, step, one, all) } else { None };
    let about = one.text.split_whitespace().collect::<String>();
    let id = if taint == Taint::Fixed { "expression-in-code" } else { "template-injection" };
    let source = taint::source(path, file).filter(|_| taint >= Taint::Operator && file.kind == Kind::Workflow);
    let draft = out.report(id, one.span, &place, &about, message);
    draft.severity = severity;
    draft.confidence = match taint {
        Taint::Free if source.is_none() && path.starts_with("github.") && file.kind == Kind::Workflow => {
            Confidence::Medium
        }
        _ => confidence,
    };
    if let Some(row) = source {
        draft.properties.push(("source", Property::Text(row.source.to_owned())));
    }
    draft.fixes.extend(fix);
    if !path.is_empty() {
        draft.properties.push(("context", Property::Text(path.to_owned())));
    }
}
