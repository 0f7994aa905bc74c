//! Which contexts hold text that somebody chose, by the event that starts the workflow: one table, which
//! `docs/actions.md` shows.
//!
//! The base is GitHub's list of untrusted input (`SECURE`), its list of events with what `github.ref` is on each
//! (`EVENTS`), and its webhook payloads (`PAYLOADS`).

/// Who chooses the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Author {
    /// Whoever may push, label, release or start the workflow.
    Writer,
    /// Whoever calls the reusable workflow, with whatever that has.
    Caller,
    /// Anyone with an account: who opens a pull request or an issue, comments, forks, or wrote a commit that was merged.
    Anyone,
}

/// On these events, these contexts hold text of this author.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Names as under `on`.
    pub events: &'static [&'static str],
    /// Who chose the text.
    pub author: Author,
    /// Dotted paths in small letters; `*` is any one part, and what lies below a path belongs to it.
    pub contexts: &'static [&'static str],
    /// Where GitHub says so.
    pub source: &'static str,
}

/// "Secure use reference", list of untrusted input.
const SECURE: &str = "https://docs.github.com/en/actions/reference/security/secure-use";
/// "Events that trigger workflows".
const EVENTS: &str = "https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows";
/// "Webhook events and payloads".
const PAYLOADS: &str = "https://docs.github.com/en/webhooks/webhook-events-and-payloads";

const PULL_REQUESTS: &[&str] =
    &["pull_request", "pull_request_target", "pull_request_review", "pull_request_review_comment"];

/// The table.
pub static TABLE: &[Row] = &[
    Row {
        events: PULL_REQUESTS,
        author: Author::Anyone,
        contexts: &[
            "github.head_ref",
            "github.event.pull_request.title",
            "github.event.pull_request.body",
            "github.event.pull_request.head.ref",
            "github.event.pull_request.head.label",
            "github.event.pull_request.head.repo.default_branch",
            "github.event.pull_request.head.repo.description",
            "github.event.pull_request.head.repo.homepage",
        ],
        source: SECURE,
    },
    Row {
        events: PULL_REQUESTS,
        author: Author::Writer,
        contexts: &[
            "github.event.label.name",
            "github.event.label.description",
            "github.event.pull_request.labels.*",
            "github.event.pull_request.milestone",
            "github.event.pull_request.base.repo",
        ],
        source: PAYLOADS,
    },
    Row {
        events: &["pull_request_target"],
        author: Author::Writer,
        contexts: &["github.ref", "github.ref_name"],
        source: EVENTS,
    },
    Row {
        events: &["pull_request_review"],
        author: Author::Anyone,
        contexts: &["github.event.review.body"],
        source: SECURE,
    },
    Row {
        events: &["pull_request_review_comment", "issue_comment", "discussion_comment", "commit_comment"],
        author: Author::Anyone,
        contexts: &["github.event.comment.body"],
        source: SECURE,
    },
    Row {
        events: &["issues", "issue_comment"],
        author: Author::Anyone,
        contexts: &["github.event.issue.title", "github.event.issue.body"],
        source: SECURE,
    },
    Row {
        events: &["issues", "issue_comment"],
        author: Author::Writer,
        contexts: &["github.event.label.name", "github.event.issue.labels.*", "github.event.issue.milestone"],
        source: PAYLOADS,
    },
    Row {
        events: &["discussion", "discussion_comment"],
        author: Author::Anyone,
        contexts: &["github.event.discussion.title", "github.event.discussion.body"],
        source: SECURE,
    },
    Row {
        events: &["fork"],
        author: Author::Anyone,
        contexts: &["github.event.forkee.description", "github.event.forkee.homepage", "github.event.forkee.name"],
        source: PAYLOADS,
    },
    Row {
        events: &["gollum"],
        author: Author::Anyone,
        contexts: &["github.event.pages.*.page_name", "github.event.pages.*.title", "github.event.pages.*.summary"],
        source: SECURE,
    },
    Row {
        events: &["workflow_run"],
        author: Author::Anyone,
        contexts: &[
            "github.event.workflow_run.head_branch",
            "github.event.workflow_run.head_commit.message",
            "github.event.workflow_run.head_commit.author",
            "github.event.workflow_run.head_commit.committer",
            "github.event.workflow_run.head_repository.description",
            "github.event.workflow_run.display_title",
            "github.event.workflow_run.pull_requests.*.head.ref",
        ],
        source: SECURE,
    },
    Row {
        events: &["check_run", "check_suite"],
        author: Author::Anyone,
        contexts: &[
            "github.event.check_suite.head_branch",
            "github.event.check_suite.head_commit.message",
            "github.event.check_run.check_suite.head_branch",
            "github.event.check_run.output",
        ],
        source: PAYLOADS,
    },
    Row {
        events: &["push", "merge_group"],
        author: Author::Anyone,
        contexts: &[
            "github.event.head_commit.message",
            "github.event.head_commit.author",
            "github.event.head_commit.committer",
            "github.event.commits.*",
            "github.event.merge_group.head_commit.message",
            "github.event.merge_group.head_commit.author",
        ],
        source: SECURE,
    },
    Row {
        events: &["push", "create", "delete", "release", "workflow_dispatch", "merge_group", "deployment"],
        author: Author::Writer,
        contexts: &["github.ref", "github.ref_name", "github.event.ref", "github.event.base_ref"],
        source: EVENTS,
    },
    Row {
        events: &["release"],
        author: Author::Writer,
        contexts: &["github.event.release.name", "github.event.release.body", "github.event.release.tag_name"],
        source: PAYLOADS,
    },
    Row {
        events: &["workflow_dispatch"],
        author: Author::Writer,
        contexts: &["inputs.*", "github.event.inputs.*"],
        source: EVENTS,
    },
    Row { events: &["workflow_call"], author: Author::Caller, contexts: &["inputs.*", "github"], source: EVENTS },
    Row {
        events: &["repository_dispatch"],
        author: Author::Writer,
        contexts: &["github.event.client_payload", "github.event.action"],
        source: EVENTS,
    },
    Row {
        events: &["deployment", "deployment_status"],
        author: Author::Writer,
        contexts: &["github.event.deployment", "github.event.deployment_status"],
        source: PAYLOADS,
    },
    Row {
        events: &["status"],
        author: Author::Anyone,
        contexts: &["github.event.commit.commit.message", "github.event.commit.commit.author"],
        source: PAYLOADS,
    },
    Row {
        events: &["status"],
        author: Author::Writer,
        contexts: &["github.event.branches.*", "github.event.description", "github.event.context"],
        source: PAYLOADS,
    },
    Row {
        events: &["label", "milestone"],
        author: Author::Writer,
        contexts: &["github.event.label", "github.event.milestone"],
        source: PAYLOADS,
    },
    Row {
        events: &["registry_package"],
        author: Author::Writer,
        contexts: &["github.event.registry_package"],
        source: PAYLOADS,
    },
];

/// The row with the least trusted author of a context's text on events for which `starts` is true; `None` where none names
/// the context for them. `path` is in small letters; one above a context (`github.event`) holds it.
#[must_use]
pub fn row(path: &str, starts: impl Fn(&str) -> bool) -> Option<&'static Row> {
    let rows = TABLE.iter().filter(|row| row.contexts.iter().any(|context| meets(context, path)));
    rows.filter(|row| row.events.iter().any(|event| starts(event))).max_by_key(|row| row.author)
}

/// True where one is the other or lies below it.
fn meets(context: &str, path: &str) -> bool {
    let parts = context.split('.').zip(path.split('.'));
    parts.fold(true, |same, (context, part)| same && (context == "*" || part == "*" || context == part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    #[test]
    fn the_event_decides_who_writes() {
        let table: &[(&str, &str, Option<Author>)] = &[
            ("pull_request_target", "github.event.pull_request.title", Some(Author::Anyone)),
            ("pull_request_target", "github.head_ref", Some(Author::Anyone)),
            ("pull_request_target", "github.ref_name", Some(Author::Writer)),
            ("pull_request", "github.ref_name", None),
            ("push", "github.ref_name", Some(Author::Writer)),
            ("push", "github.head_ref", None),
            ("push", "github.event.commits.*.message", Some(Author::Anyone)),
            ("push", "github.event.commits", Some(Author::Anyone)),
            ("push", "github.event", Some(Author::Anyone)),
            ("issues", "github.event.issue.title", Some(Author::Anyone)),
            ("issues", "github.event.issue.labels.*.name", Some(Author::Writer)),
            ("issues", "github.ref", None),
            ("issue_comment", "github.event.comment.body", Some(Author::Anyone)),
            ("discussion", "github.event.discussion.body", Some(Author::Anyone)),
            ("workflow_run", "github.event.workflow_run.head_branch", Some(Author::Anyone)),
            ("workflow_run", "github.event.workflow_run.id", None),
            ("workflow_dispatch", "inputs.version", Some(Author::Writer)),
            ("workflow_call", "inputs.version", Some(Author::Caller)),
            ("workflow_call", "github.head_ref", Some(Author::Caller)),
            ("schedule", "github.event.issue.title", None),
        ];
        for (event, path, expected) in table {
            assert_eq!(row(path, |name| name == *event).map(|row| row.author), *expected, "{path} on {event}");
        }
    }

    /// The rows as `docs/actions.md` shows them.
    fn shown() -> String {
        let ticked = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let mut text = String::from("| on | chosen by | contexts | source |\n|---|---|---|---|\n");
        for row in TABLE {
            let author = match row.author {
                Author::Anyone => "anyone",
                Author::Caller => "the caller",
                Author::Writer => "who has write access",
            };
            let title = match row.source {
                SECURE => "secure use",
                EVENTS => "events",
                _ => "payloads",
            };
            let (events, contexts) = (ticked(row.events), ticked(row.contexts));
            let _ = writeln!(text, "| {events} | {author} | {contexts} | [{title}]({}) |", row.source);
        }
        text
    }

    #[test]
    fn the_page_shows_the_table() {
        let page = include_str!("../../../../docs/actions.md").replace("\r\n", "\n");
        let expected = shown();
        assert!(page.contains(&expected), "docs/actions.md should hold:\n{expected}");
    }
}
