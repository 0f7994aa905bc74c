//! GitLab CI: pipelines, put together from their files, and what their jobs do.
//!
//! Each audit looks at one [`Pipeline`] or [`Job`] and reports through [`Out`]; what is told about a rule stands in
//! `rules/iac/gitlab-ci/`.

mod files;
mod images;
mod includes;
mod injection;
mod jobs;
mod names;
mod pipeline;
mod script;
mod secrets;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use super::{Book, Platform, RuleBook, Settings};
use crate::model::{Draft, Input, KeptInput, Notice, NoticeKind, RepoPath, Sink, Span};
use crate::scan::Interest;
use crate::scan::iac::resource::Value;
use crate::scan::iac::text::quoted;
use files::Files;
use pipeline::{Job, Pipeline};
use script::Step;

pub(crate) const PLATFORM: Platform = Platform { interest, scan, finish };

/// Looks at one job and its scripts.
type JobAudit = fn(&View<'_>, &mut Out<'_>);

/// All audits of jobs; those of hidden ones are about what stands in them, whoever uses it.
static JOB_AUDITS: &[(Hidden, JobAudit)] = &[
    (Hidden::Too, injection::outsiders),
    (Hidden::Too, injection::inputs),
    (Hidden::Too, script::shapes),
    (Hidden::Too, secrets::printed),
    (Hidden::Too, secrets::in_arguments),
    (Hidden::Too, secrets::sent),
    (Hidden::Too, secrets::job_variables),
    (Hidden::Too, images::job),
    (Hidden::Too, includes::triggered),
    (Hidden::Not, secrets::merge_requests),
    (Hidden::Not, jobs::docker_without_tls),
    (Hidden::Not, jobs::may_fail),
    (Hidden::Too, jobs::duplicate_pipelines),
    (Hidden::Too, jobs::unprotected_cache),
];

/// Looks at what stands at the top of one file.
type FileAudit = fn(&Files<'_>, u32, &mut Out<'_>);

static FILE_AUDITS: &[FileAudit] = &[includes::pinned, secrets::global_variables, images::global, jobs::workflow];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Hidden {
    Too,
    Not,
}

/// A job in its pipeline.
pub(crate) struct View<'a> {
    files: &'a Files<'a>,
    pipeline: &'a Pipeline,
    job: &'a Job,
    /// Its scripts, taken apart.
    steps: Vec<Step<'a>>,
}

fn interest(path: &RepoPath) -> Interest {
    if files::is_named(path) {
        Interest::ScanAndKeep
    } else if matches!(path.extension(), "yml" | "yaml") {
        Interest::Scan
    } else {
        Interest::None
    }
}

/// Other files are kept where a pipeline may include them: only the whole tree tells.
fn scan(input: &Input<'_>, _: &Book<'_>, sink: &mut Sink) {
    sink.keep |= input.whole && !files::is_named(input.path) && files::may_be_included(input.path, input.bytes);
}

fn finish(kept: &[KeptInput], book: &RuleBook, _: &Settings, sink: &mut Sink) {
    if !kept.iter().any(|input| files::is_named(&input.path)) {
        return;
    }
    let files = Files::read(kept, &mut sink.notices);
    let mut out = Out { book, files: &files, sink, told: HashSet::new() };
    let mut seen = HashSet::new();
    for root in pipeline::roots(&files) {
        let pipeline = pipeline::assemble(&files, root);
        if pipeline.cut {
            let message = "This pipeline has more includes, references or levels of `extends` than are followed; part of it was not checked.";
            out.sink.notice(Notice::incomplete(NoticeKind::Limit, message).at(files.source(root).path));
        }
        for &file in pipeline.files.iter().filter(|file| seen.insert(**file)) {
            FILE_AUDITS.iter().for_each(|audit| audit(&files, file, &mut out));
            not_followed(&files, file, out.sink);
        }
        for job in &pipeline.jobs {
            let view = View { files: &files, pipeline: &pipeline, job, steps: script::steps(job) };
            for (hidden, audit) in JOB_AUDITS {
                if !job.is_hidden() || *hidden == Hidden::Too {
                    audit(&view, &mut out);
                }
            }
        }
    }
}

/// Says which parts of a pipeline are not in the tree, and were not checked for that.
fn not_followed(files: &Files<'_>, file: u32, sink: &mut Sink) {
    let source = files.source(file);
    let (missing, elsewhere) = source.not_followed(files);
    if let Some(first) = missing.first() {
        let more = if missing.len() > 1 { format!(" (and {} more)", missing.len() - 1) } else { String::new() };
        let message =
            format!("The local include `{first}`{more} is no file of this scan, and its jobs were not checked.");
        sink.notice(Notice::warning(NoticeKind::Skipped, message).at(source.path));
    }
    if elsewhere > 0 {
        let what = if elsewhere == 1 { "include is" } else { "includes are" };
        let message =
            format!("{elsewhere} {what} not in the tree (a project, component, template or address), and not read.");
        sink.notice(Notice::note(NoticeKind::Skipped, message).at(source.path));
    }
}

/// Where audits report to.
pub(crate) struct Out<'a> {
    book: &'a RuleBook,
    files: &'a Files<'a>,
    sink: &'a mut Sink,
    /// What several jobs take over is told once.
    told: HashSet<(String, u32, Span)>,
}

/// What a finding is about.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    file: u32,
    span: Span,
    /// What a block suppression covers.
    extent: Option<Span>,
    /// ``job `build` ``, for messages.
    name: String,
    /// Identity across edits.
    key: String,
}

impl Place {
    /// A job, at its key.
    fn of(job: &Job) -> Self {
        let name = format!("{} {}", if job.is_hidden() { "template" } else { "job" }, quoted(&job.name));
        Self { file: job.file, span: job.header, extent: Some(job.extent), name, key: job.name.clone() }
    }

    /// What stands at the top of a file.
    fn top(value: &Value) -> Self {
        Self { file: value.file, span: value.span, extent: None, name: "the pipeline".to_owned(), key: String::new() }
    }

    /// The same at a value, which may stand in another file or job.
    fn at(&self, value: &Value) -> Self {
        self.at_span(value.file, value.span)
    }

    fn at_span(&self, file: u32, span: Span) -> Self {
        let inside = self.extent.filter(|extent| file == self.file && extent.contains(span));
        Self { file, span, extent: inside.or(Some(span)), ..self.clone() }
    }
}

impl Out<'_> {
    /// Adds a finding, once for each place; the draft comes back for what its context changes. An alias (`*x`) is
    /// passed over: what it stands for is told where it is written.
    fn report(&mut self, id: &str, place: &Place, about: &str, message: String) -> Option<&mut Draft> {
        let source = self.files.source(place.file);
        let alias = source.bytes.get(place.span.start as usize) == Some(&b'*');
        if alias || !self.told.insert((id.to_owned(), place.file, place.span)) {
            return None;
        }
        let id = format!("iac/gitlab-{id}");
        let mut draft = self.book.draft(&id, place.span, &place.key, about, message).at(source.path);
        draft.extent = place.extent;
        self.sink.drafts.push(draft);
        self.sink.drafts.last_mut()
    }
}
