//! Who decides what a context holds. The base is GitHub's "Contexts reference" and its security guide's list of
//! untrusted input; what neither names is taken for free text. Which event lets whom choose a text: [`super::events`].

use super::events::{Author, Row, row};
use super::expr;
use super::model::{File, Kind, Step};
use crate::syntax::Node;

/// How free the author of a context's value is, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Taint {
    /// GitHub or the workflow itself writes it: a number, a commit id, a literal.
    Fixed,
    /// Another step or a setting of the repository decides it.
    Indirect,
    /// Its form leaves no room for shell syntax, or it takes write access to set.
    Structured,
    /// Someone with write access decides it: who pushes, or runs the workflow by hand.
    Operator,
    /// Computed: a matrix from an expression, an environment variable with one.
    Computed,
    /// Anyone who can open an issue, a pull request or call the workflow.
    Free,
}

/// Members of the `github` context that hold nothing an author chooses.
const FIXED_GITHUB: &[&str] = &[
    "action",
    "action_path",
    "action_repository",
    "action_status",
    "actor_id",
    "api_url",
    "env",
    "event_name",
    "event_path",
    "graphql_url",
    "job",
    "path",
    "ref_protected",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "repositoryurl",
    "retention_days",
    "run_attempt",
    "run_id",
    "run_number",
    "secret_source",
    "server_url",
    "sha",
    "token",
    "workflow_sha",
    "workspace",
];

/// Members that are names with a restricted alphabet, or that only maintainers set.
const STRUCTURED_GITHUB: &[&str] =
    &["actor", "triggering_actor", "base_ref", "ref_type", "workflow", "workflow_ref", "action_ref"];

/// Last parts of an event's path whose value GitHub forms.
const FIXED_EVENT: &[&str] = &[
    "number",
    "id",
    "node_id",
    "sha",
    "head_sha",
    "merge_commit_sha",
    "before",
    "after",
    "created_at",
    "updated_at",
    "closed_at",
    "merged_at",
    "draft",
    "merged",
    "locked",
    "state",
    "size",
    "run_id",
    "run_number",
    "run_attempt",
    "commits_count",
    "conclusion",
    "status",
    "changed_files",
    "additions",
    "deletions",
    "comments",
    "private",
    "fork",
    "forced",
    "created",
    "deleted",
    "mergeable",
    "prerelease",
    "event",
    "installation",
    "timestamp",
    "workflow_id",
    "check_suite_id",
    "tree_id",
    "author_association",
    "visibility",
];

/// Last parts with a restricted alphabet.
const STRUCTURED_EVENT: &[&str] = &["login", "full_name", "action", "type", "ref_type", "username"];

/// Actions whose outputs repeat names from the change under test.
const ECHOING: &[&str] = &[
    "tj-actions/changed-files",
    "dorny/paths-filter",
    "xt0rted/pull-request-comment-branch",
    "trilom/file-changes-action",
    "jitterbit/get-changed-files",
    "tj-actions/branch-names",
    "khan/pull-request-comment-trigger",
];

/// What is known about one context, read in one step. `path` is in lower case.
#[must_use]
pub fn of(path: &str, file: &File<'_>, step: &Step<'_>) -> Taint {
    let (head, rest) = path.split_once('.').unwrap_or((path, ""));
    match head {
        "github" => github(rest, file),
        "inputs" => input(rest, file),
        "env" => environment(rest, file, step),
        "matrix" => matrix(rest, step),
        "steps" => output(rest, step, file),
        "needs" => {
            if rest.ends_with(".result") {
                Taint::Fixed
            } else {
                Taint::Indirect
            }
        }
        "vars" | "jobs" | "" => Taint::Indirect,
        // Secrets, runner, job and strategy: their values are the repository's or the runner's own.
        _ => Taint::Fixed,
    }
}

fn github(rest: &str, file: &File<'_>) -> Taint {
    let (member, below) = rest.split_once('.').unwrap_or((rest, ""));
    let base = member_of(member, below, file);
    if base != Taint::Free || file.kind == Kind::Action {
        return base;
    }
    match source(&format!("github.{rest}"), file).map(|row| row.author) {
        Some(Author::Writer) => Taint::Operator,
        _ => Taint::Free,
    }
}

/// What GitHub says of a context on the workflow's events; `None` where it is empty on them, as far as is known.
#[must_use]
pub fn source(path: &str, file: &File<'_>) -> Option<&'static Row> {
    row(path, |event| file.trigger(event).is_some())
}

fn member_of(member: &str, below: &str, file: &File<'_>) -> Taint {
    match member {
        "event" => event(below, file),
        _ if FIXED_GITHUB.contains(&member) => Taint::Fixed,
        _ if STRUCTURED_GITHUB.contains(&member) => Taint::Structured,
        // `head_ref`, `ref`, `ref_name`, and the whole context.
        _ => Taint::Free,
    }
}

fn event(below: &str, file: &File<'_>) -> Taint {
    if let Some(name) = below.strip_prefix("inputs.") {
        return input(name, file);
    }
    let last = below.rsplit('.').next().unwrap_or_default();
    match last {
        _ if FIXED_EVENT.contains(&last) => Taint::Fixed,
        _ if STRUCTURED_EVENT.contains(&last) || last.ends_with("_url") || last == "url" => Taint::Structured,
        "ref" if below.contains(".base.") || below == "base_ref" => Taint::Structured,
        "name" | "default_branch" if below.starts_with("repository.") => Taint::Structured,
        _ => Taint::Free,
    }
}

fn input(name: &str, file: &File<'_>) -> Taint {
    let name = name.split('.').next().unwrap_or(name);
    if file.kind == Kind::Action {
        return Taint::Free;
    }
    let declared = |trigger: &str| {
        let inputs = file.trigger(trigger)?.settings?.get("inputs")?;
        inputs.entries().iter().rev().find(|entry| entry.key.eq_ignore_ascii_case(name)).map(|entry| &entry.value)
    };
    let kind = |node: &Node| match node.get("type").and_then(Node::as_str) {
        Some("boolean" | "number" | "choice") => Taint::Fixed,
        _ => Taint::Free,
    };
    let called = declared("workflow_call").map(kind);
    let dispatched = declared("workflow_dispatch").map(|node| kind(node).min(Taint::Operator));
    match (called, dispatched) {
        (None, None) => Taint::Structured,
        (called, dispatched) => called.max(dispatched).unwrap_or(Taint::Free),
    }
}

fn environment(name: &str, file: &File<'_>, step: &Step<'_>) -> Taint {
    let scopes = [step.node.get("env"), step.job.and_then(|job| job.node().get("env")), file.root.get("env")];
    let value = scopes.into_iter().flatten().find_map(|env| {
        env.entries().iter().rev().find(|entry| entry.key.eq_ignore_ascii_case(name)).map(|entry| &entry.value)
    });
    let Some(value) = value else { return Taint::Structured };
    let mut worst = Taint::Fixed;
    for one in expr::fenced(value, file.bytes) {
        for read in expr::reads(&one.text).unwrap_or_default() {
            // A variable made from another variable is looked at once, not chased.
            if read.flows && !read.path.starts_with("env.") {
                worst = worst.max(of(&read.path, file, step));
            }
        }
    }
    worst
}

fn matrix(name: &str, step: &Step<'_>) -> Taint {
    let Some(matrix) = step.job.and_then(|job| job.node().at(&["strategy", "matrix"])) else { return Taint::Fixed };
    let key = name.split('.').next().unwrap_or(name);
    if matrix.as_str().is_some() {
        return Taint::Computed;
    }
    let included = matrix.get("include");
    let values = matrix.entries().iter().filter(|entry| entry.key.eq_ignore_ascii_case(key)).map(|entry| &entry.value);
    let more = included.map(Node::items).unwrap_or_default().iter().filter_map(|item| item.get(key));
    let from_expression = included.and_then(Node::as_str).is_some();
    if from_expression || values.chain(more).any(holds_expression) { Taint::Computed } else { Taint::Fixed }
}

fn holds_expression(node: &Node) -> bool {
    node.as_str().is_some_and(|text| text.contains("${{"))
        || node.items().iter().any(holds_expression)
        || node.entries().iter().any(|entry| holds_expression(&entry.value))
}

fn output(rest: &str, step: &Step<'_>, file: &File<'_>) -> Taint {
    let (id, below) = rest.split_once('.').unwrap_or((rest, ""));
    if matches!(below, "outcome" | "conclusion") {
        return Taint::Fixed;
    }
    let job = |step: &Step<'_>| step.job.map(|job| job.entry.key_span);
    let source = file.steps.iter().find(|other| {
        job(other) == job(step)
            && other.node.get("id").and_then(Node::scalar).is_some_and(|it| it.eq_ignore_ascii_case(id))
    });
    let echoes = source.and_then(Step::uses).is_some_and(|(uses, _)| ECHOING.iter().any(|slug| uses.is(slug)));
    let verdict = ["any_", "only_", "_count", "cache-hit"].iter().any(|word| below.contains(word));
    if echoes && !verdict && below.starts_with("outputs") { Taint::Free } else { Taint::Indirect }
}
