//! GitHub Actions: workflows, composite actions and Dependabot's configuration; and pre-commit's, which names
//! repositories in much the same way.
//!
//! Each audit looks at one parsed file and reports through [`Out`]; [`AUDITS`] lists them. What is told about
//! a rule stands in `rules/iac/github-actions/`.

mod archived;
mod cache;
mod checkout;
mod conditions;
mod containers;
mod dependabot;
mod events;
mod expr;
#[cfg(test)]
mod expr_tests;
mod facts;
mod model;
mod permissions;
mod pins;
mod precommit;
mod publish;
mod quoting;
pub(super) mod run;
mod secrets;
mod style;
mod taint;
mod template;
#[cfg(test)]
mod tests;
mod to_env;
mod triggers;
mod uses;

use std::borrow::Cow;

use super::text::{line_start, quoted};
use super::{Book, Platform, RuleBook};
use crate::model::{Draft, Input, Notice, NoticeKind, RepoPath, Sink, Span};
use crate::scan::Interest;
use crate::syntax::{Node, yaml};
use model::{File, Kind, Place};

pub(crate) const PLATFORM: Platform = Platform { interest, scan, finish: |_, _, _, _| {} };

/// One way to look at a file.
type Audit = fn(&File<'_>, &mut Out<'_>);

/// All audits, with the files they look at.
static AUDITS: &[(Kind, Audit)] = &[
    (Kind::Workflow, template::injection),
    (Kind::Workflow, triggers::dangerous),
    (Kind::Workflow, triggers::concurrency),
    (Kind::Workflow, uses::audit),
    (Kind::Workflow, uses::reusable),
    (Kind::Workflow, pins::contradictions),
    (Kind::Workflow, triggers::dispatch_inputs),
    (Kind::Workflow, permissions::excessive),
    (Kind::Workflow, permissions::undocumented),
    (Kind::Workflow, permissions::app_tokens),
    (Kind::Workflow, checkout::credentials),
    (Kind::Workflow, checkout::untrusted_head),
    (Kind::Workflow, cache::poisoning),
    (Kind::Workflow, cache::written_by_outsiders),
    (Kind::Workflow, conditions::conditions),
    (Kind::Workflow, containers::credentials),
    (Kind::Workflow, containers::images),
    (Kind::Workflow, run::environment_files),
    (Kind::Workflow, run::insecure_commands),
    (Kind::Workflow, run::commands),
    (Kind::Workflow, secrets::inherited),
    (Kind::Workflow, secrets::exposed),
    (Kind::Workflow, secrets::outside_environment),
    (Kind::Workflow, publish::trusted),
    (Kind::Workflow, style::anonymous),
    (Kind::Workflow, style::misfeatures),
    (Kind::Workflow, style::timeouts),
    (Kind::Workflow, style::self_hosted),
    (Kind::Action, template::injection),
    (Kind::Action, uses::audit),
    (Kind::Action, pins::contradictions),
    (Kind::Action, permissions::app_tokens),
    (Kind::Action, checkout::credentials),
    (Kind::Action, conditions::conditions),
    (Kind::Action, run::environment_files),
    (Kind::Action, run::insecure_commands),
    (Kind::Action, publish::trusted),
    (Kind::PreCommit, precommit::repositories),
    (Kind::Action, run::commands),
    (Kind::Action, secrets::exposed),
    (Kind::Action, style::misfeatures),
    (Kind::Action, containers::action_image),
    (Kind::Dependabot, dependabot::cooldown),
    (Kind::Dependabot, dependabot::execution),
];

fn kind_of(path: &RepoPath) -> Option<Kind> {
    let name = path.file_name();
    if name == ".pre-commit-config.yaml" {
        return Some(Kind::PreCommit);
    }
    let yaml = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml"))?;
    let folder = path.parent();
    match yaml {
        _ if folder == ".github/workflows" || folder.ends_with("/.github/workflows") => Some(Kind::Workflow),
        "dependabot" if folder == ".github" || folder.ends_with("/.github") => Some(Kind::Dependabot),
        "action" => Some(Kind::Action),
        _ => None,
    }
}

fn interest(path: &RepoPath) -> Interest {
    if kind_of(path).is_some() { Interest::Scan } else { Interest::None }
}

fn scan(input: &Input<'_>, book: &Book<'_>, sink: &mut Sink) {
    let Some(kind) = kind_of(input.path) else { return };
    if !input.whole {
        let message = "A workflow this large is not checked.";
        return sink.notice(Notice::incomplete(NoticeKind::Limit, message).at(input.path));
    }
    let text = ascii_for_invalid(input.bytes);
    let parsed = yaml::parse(&text);
    for error in parsed.errors.iter().take(1) {
        let message = format!("What follows was not checked: {}.", error.message);
        sink.notice(Notice::incomplete(NoticeKind::Unparsed, message).at(input.path).span(error.span));
    }
    // An `action.yml` may be anything: one without `runs` is not GitHub's.
    if kind == Kind::Action && parsed.value.get("runs").is_none() {
        return;
    }
    let file = File::new(&text, &parsed.value, kind);
    let mut out = Out { book: book(), sink };
    for (_, audit) in AUDITS.iter().filter(|(of, _)| *of == kind) {
        audit(&file, &mut out);
    }
}

/// The same bytes with `?` for what is not UTF-8, so that the tree's spans are those of the input.
fn ascii_for_invalid(bytes: &[u8]) -> Cow<'_, [u8]> {
    if std::str::from_utf8(bytes).is_ok() {
        return Cow::Borrowed(bytes);
    }
    let mut clean = Vec::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        clean.extend_from_slice(chunk.valid().as_bytes());
        clean.extend(chunk.invalid().iter().map(|_| b'?'));
    }
    Cow::Owned(clean)
}

/// Where audits report to.
pub(crate) struct Out<'a> {
    book: &'a RuleBook,
    sink: &'a mut Sink,
}

impl Out<'_> {
    /// Adds a finding; the draft comes back for what its context changes. `about` tells findings of one rule
    /// at one place apart.
    fn report(&mut self, id: &str, span: Span, place: &Place, about: &str, message: String) -> &mut Draft {
        let mut draft = self.book.draft(&format!("iac/actions-{id}"), span, &place.key, about, message);
        draft.extent = Some(place.extent);
        self.sink.drafts.push(draft);
        let last = self.sink.drafts.len() - 1;
        &mut self.sink.drafts[last]
    }
}

/// The column of a byte, from 0, and the start of its line.
fn indent_of(bytes: &[u8], at: u32) -> (usize, usize) {
    let at = (at as usize).min(bytes.len());
    let line = line_start(bytes, at);
    (at - line, line)
}

/// True where a map is written in block style, so that lines can be added to it.
fn is_block(node: &Node, bytes: &[u8]) -> bool {
    !node.entries().is_empty() && !matches!(bytes.get(node.span.start as usize), Some(b'{' | b'*'))
}
