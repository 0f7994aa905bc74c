//! Expressions that are pasted into code before a shell or an interpreter sees it.

use super::expr::{self, Fenced};
use super::model::{File, Step};
use super::taint::{self, Taint};
use super::{Out, indent_of, is_block, quoted};
use crate::model::{Confidence, Fix, Replacement, Severity, Span};
use crate::syntax::{Entry, Node};

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
    ("addnab/docker-run-action", &["run"]),
    ("mikefarah/yq", &["cmd"]),
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
            "whoever starts the workflow runs code with the job's token and secrets",
        ),
        Taint::Computed => (Severity::Medium, Confidence::Medium, "its value is computed and may hold shell syntax"),
        Taint::Structured => (Severity::Low, Confidence::Medium, "its value is set outside the workflow"),
        Taint::Indirect => (Severity::Info, Confidence::Low, "its value comes from another step or from settings"),
        Taint::Fixed => (Severity::Info, Confidence::Low, "an environment variable keeps text and code apart"),
    };
    let message = format!("{shown} is pasted into `{}` of {}: {why}.", entry.key, place.name);
    let fix = if is_run { move_to_env(file, step, one, all) } else { None };
    let about = one.text.split_whitespace().collect::<String>();
    let id = if taint == Taint::Fixed { "expression-in-code" } else { "template-injection" };
    let draft = out.report(id, one.span, &place, &about, message);
    draft.severity = severity;
    draft.confidence = confidence;
    draft.fixes.extend(fix);
    if !path.is_empty() {
        draft.properties.push(("context", crate::model::Property::Text(path.to_owned())));
    }
}

/// `${{ github.head_ref }}` becomes `${HEAD_REF}`, with `HEAD_REF` in the step's `env`. Only where a POSIX shell
/// reads the text, no single quote is open, and the variable is not taken.
fn move_to_env(file: &File<'_>, step: &Step<'_>, one: &Fenced, all: &[Fenced]) -> Option<Fix> {
    let run = step.node.entry("run")?;
    if !expr::is_plain_context(&one.text) || !posix_shell(file, step) {
        return None;
    }
    let name = variable_name(&one.text)?;
    let same: Vec<&Fenced> = all.iter().filter(|other| other.text.trim() == one.text.trim()).collect();
    if same.iter().any(|other| in_single_quotes(file.bytes, run.value.span, other.span)) {
        return None;
    }
    let value = format!("{name}: ${{{{ {} }}}}", one.text.trim());
    let env = step.node.entry("env");
    let insertion = match env {
        Some(env) if is_block(&env.value, file.bytes) => {
            if env.value.entries().iter().any(|entry| entry.key.eq_ignore_ascii_case(&name)) {
                return None;
            }
            let at = env.value.entries().first()?.key_span.start;
            let (indent, _) = indent_of(file.bytes, at);
            Replacement { span: Span { start: at, end: at }, text: format!("{value}\n{}", " ".repeat(indent)) }
        }
        Some(_) => return None,
        None if is_block(step.node, file.bytes) => {
            let at = run.key_span.start;
            let indent = " ".repeat(indent_of(file.bytes, at).0);
            Replacement { span: Span { start: at, end: at }, text: format!("env:\n{indent}  {value}\n{indent}") }
        }
        None => return None,
    };
    let mut replacements = vec![insertion];
    replacements.extend(same.iter().map(|other| Replacement { span: other.span, text: format!("${{{name}}}") }));
    replacements.sort_by_key(|replacement| replacement.span);
    Some(Fix { description: format!("Pass the value as environment variable `{name}`"), replacements })
}

fn posix_shell(file: &File<'_>, step: &Step<'_>) -> bool {
    let defaults = |node: &Node| node.at(&["defaults", "run", "shell"]).and_then(Node::scalar).map(str::to_owned);
    let shell = step.node.get("shell").and_then(Node::scalar).map(str::to_owned);
    let shell = shell.or_else(|| step.job.and_then(|job| defaults(job.node()))).or_else(|| defaults(file.root));
    match shell {
        Some(shell) => matches!(shell.split_whitespace().next(), Some("bash" | "sh")),
        // Without one, the runner decides: only names that are plainly not Windows.
        None => step
            .job
            .and_then(|job| job.node().get("runs-on"))
            .and_then(Node::as_str)
            .is_some_and(|label| label.starts_with("ubuntu") || label.starts_with("macos")),
    }
}

/// An odd number of single quotes before, on the same line: the shell would not expand a variable there.
fn in_single_quotes(bytes: &[u8], run: Span, at: Span) -> bool {
    let (column, line) = indent_of(bytes, at.start);
    let from = line.max(run.start as usize);
    let before = bytes.get(from..line + column).unwrap_or_default();
    // In a YAML single-quoted scalar each of the shell's quotes is doubled: leave those alone.
    bytes.get(run.start as usize) == Some(&b'\'') || before.iter().filter(|byte| **byte == b'\'').count() % 2 == 1
}

fn variable_name(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_prefix("github.").unwrap_or(text);
    let name: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    let name = name.trim_matches('_').to_owned();
    (!name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) && name.len() <= 64).then_some(name)
}
