//! Kubernetes objects and Compose projects: what several files say together.
//!
//! Files are kept until all are there. Then objects are read with what others say of them (`lower::cluster`), and
//! each is asked about alone. What a kustomization builds is judged as built, in the places its values come from.

mod compose;
pub mod helm;
mod include;
pub(crate) mod kustomize;
mod patch;
mod space;
mod target;
#[cfg(test)]
mod tests;
mod transform;
mod values;

use std::collections::HashSet;
use std::sync::Arc;

use rayon::prelude::*;

use super::lower::cluster::Cluster;
use super::lower::documents::{self, Lowered};
use super::lower::{compose as services, kubernetes};
use super::resource::Model;
use super::{RuleBook, Settings, Skips, check_model};
use crate::model::{Draft, DraftRelated, KeptInput, Notice, NoticeKind, NoticeLevel, RepoPath, Sink, Span};
use crate::syntax::{Node, Parsed};
use compose::Projects;
use helm::Charts;
use kustomize::Overlays;
use space::Space;

/// A kept file and its documents.
pub(crate) struct File<'a> {
    path: &'a RepoPath,
    bytes: &'a [u8],
    documents: Vec<Node>,
    /// Where it does not follow its format.
    notices: Vec<Notice>,
}

impl File<'_> {
    /// The objects of all documents; what is another platform's is none.
    fn objects(&self) -> impl Iterator<Item = &Node> {
        let ours = |document: &&Node| documents::is_kubernetes(self.path, document);
        self.documents.iter().filter(ours).flat_map(kubernetes::objects)
    }

    fn projects(&self) -> impl Iterator<Item = &Node> {
        self.documents.iter().filter(|document| documents::is_compose(self.path, document))
    }
}

/// What is said where kustomizations were built of a part of their tree.
const PARTIAL_OVERLAYS: &str = "Not all files are part of this run: a base was judged without overlays in other folders \
    that change it, or an overlay without a base that could not be read. A scan of the whole tree applies them.";

/// Bytes of manifests that are looked at together: their trees, about ten times as large, are held at once, as each may
/// say something about the others.
const MAX_BYTES: usize = 128 * 1024 * 1024;

/// The files that wait for the others, in order and as many as `limit` bytes hold, and the number of those left out.
fn within(kept: &[KeptInput], limit: usize) -> (Vec<&KeptInput>, usize) {
    let mut left = limit;
    let waiting: Vec<&KeptInput> = kept.par_iter().filter(|input| documents::is_deferred(input)).collect();
    let (within, beyond): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|input| {
        let fits = input.bytes.len() <= left;
        left -= if fits { input.bytes.len() } else { 0 };
        fits
    });
    (within, beyond.len())
}

/// Checks what was kept.
pub(crate) fn finish(kept: &[KeptInput], book: &RuleBook, settings: &Settings, sink: &mut Sink) {
    let before = sink.drafts.len();
    let (within, beyond) = within(kept, MAX_BYTES);
    if beyond > 0 {
        let message = format!(
            "{beyond} files of manifests were not checked: together with the others they are more than {} MB.",
            MAX_BYTES >> 20
        );
        sink.notice(Notice::incomplete(NoticeKind::Limit, message));
    }
    let files: Vec<File<'_>> = within.into_par_iter().filter_map(read).collect();
    let cluster = Cluster::read(files.iter().flat_map(File::objects), !settings.partial);
    let mut overlays = kustomize::build(&files);
    if settings.partial {
        // What is not there may well be in the tree.
        let before = overlays.notices.len();
        overlays.notices.retain(|notice| notice.level != NoticeLevel::Warning);
        if overlays.has_base || overlays.notices.len() < before {
            sink.notice(Notice::note(NoticeKind::Skipped, PARTIAL_OVERLAYS));
        }
    }
    let charts = Charts::find(kept, &settings.rendered);
    let is_plain = |path: &RepoPath| {
        !overlays.used.contains(path) && !kustomize::is_kustomization(path) && !charts.has_rendered(path)
    };
    let projects = Projects::find(&files, kept);
    let plain: Vec<Sink> = files
        .par_iter()
        .filter(|file| is_plain(file.path))
        .map(|file| {
            let mut own = Sink::default();
            check_file(file, &cluster, &projects, book, &mut own);
            own
        })
        .collect();
    for mut own in plain {
        sink.drafts.append(&mut own.drafts);
        sink.notices.append(&mut own.notices);
    }
    charts.check(book, settings.partial, sink);
    check_overlays(overlays, &files, book, settings, sink);
    // What a service brings that others extend is told once, and what several overlays bring of a base.
    let mut told = HashSet::new();
    let mut at = 0;
    sink.drafts.retain(|draft| {
        at += 1;
        at <= before || told.insert((Arc::as_ptr(&draft.rule), draft.path.clone(), draft.span))
    });
}

/// Checks what kustomizations build.
fn check_overlays(overlays: Overlays<'_>, files: &[File<'_>], book: &RuleBook, settings: &Settings, sink: &mut Sink) {
    let Overlays { space, builds, used, notices, .. } = overlays;
    sink.notices.extend(notices);
    sink.notices.extend(files.iter().filter(|file| used.contains(file.path)).flat_map(|file| file.notices.clone()));
    let others: Vec<&Node> = if builds.is_empty() {
        Vec::new()
    } else {
        let unused = files.iter().filter(|file| !used.contains(file.path));
        unused.flat_map(File::objects).filter(|object| Cluster::counts(object)).collect()
    };
    for (from, objects) in builds {
        let cluster = Cluster::read(objects.iter().chain(others.iter().copied()), !settings.partial);
        for object in &objects {
            let mut own = Sink::default();
            check_built(object, &space, &cluster, book, &mut own);
            sink.drafts.extend(own.drafts.into_iter().map(|draft| built_by(draft, from)));
            sink.notices.append(&mut own.notices);
        }
    }
}

/// Checks one object whose values lie in several files.
fn check_built(object: &Node, space: &Space<'_>, cluster: &Cluster, book: &RuleBook, sink: &mut Sink) {
    let Some((path, ..)) = space.locate(object.span) else { return };
    let mut lowered = Lowered::default();
    kubernetes::lower(path, object, cluster, &mut lowered);
    check_placed(lowered, space, book, sink);
}

/// Checks resources whose places are those of a space; findings are told in their files.
fn check_placed(mut lowered: Lowered, space: &Space<'_>, book: &RuleBook, sink: &mut Sink) {
    lowered.resources.iter_mut().for_each(|resource| resource.extent = space.whole());
    lowered.skips.iter_mut().for_each(|skip| skip.extent = space.whole());
    let mut own = Sink::default();
    check_model(book, &Model::new(lowered.resources), &Skips::placed(&lowered.skips), &|_| None, &mut own);
    for mut draft in own.drafts {
        let Some((path, span, document)) = space.locate(draft.span) else { continue };
        draft.secrets = draft.secrets.iter().filter_map(|secret| Some(space.locate(*secret)?.1)).collect();
        draft.span = span;
        draft.extent = document;
        sink.report(draft.at(path));
    }
    for mut notice in own.notices {
        let found = notice.span.and_then(|span| space.locate(span));
        notice.span = found.map(|(_, span, _)| span);
        sink.notice(match found {
            Some((path, ..)) => notice.at(path),
            None => notice,
        });
    }
}

fn built_by(mut draft: Draft, from: &RepoPath) -> Draft {
    if draft.path.as_ref() != Some(from) {
        let message = "Built by this kustomization.".to_owned();
        draft.related.push(DraftRelated { path: Some(from.clone()), span: Span::default(), message });
    }
    draft
}

/// A file with something in it that is looked at here; of others nothing is held on to.
fn read(input: &KeptInput) -> Option<File<'_>> {
    let Parsed { value, errors } = documents::parse(&input.as_input());
    let part = |document: &Node| {
        documents::is_late(&input.path, document)
            || document.get("services").is_some()
            || document.get("kind").is_some()
            || document.items().first().is_some_and(|item| item.get("op").is_some())
    };
    if !kustomize::is_kustomization(&input.path) && !value.iter().any(part) {
        return None;
    }
    let told = |message: &str| format!("What follows was not checked, it does not parse: {message}.");
    let notices = errors
        .iter()
        .take(5)
        .map(|error| Notice::incomplete(NoticeKind::Unparsed, told(&error.message)).at(&input.path).span(error.span));
    Some(File { path: &input.path, bytes: &input.bytes, notices: notices.collect(), documents: value })
}

/// Checks a file by itself.
fn check_file<'a>(file: &'a File<'a>, cluster: &Cluster, projects: &Projects<'a>, book: &RuleBook, sink: &mut Sink) {
    if compose::is_candidate(file) && projects.check(file, book, sink) {
        return;
    }
    let mut lowered = Lowered::default();
    file.objects().for_each(|object| kubernetes::lower(file.path, object, cluster, &mut lowered));
    let known = projects.environment(file.path);
    file.projects().for_each(|project| services::lower(file.path, project, known, &mut lowered));
    if lowered.resources.is_empty() {
        return;
    }
    sink.notices.extend(file.notices.iter().cloned());
    let texts = |_: &RepoPath| Some(file.bytes);
    check_model(book, &Model::new(lowered.resources), &Skips::placed(&lowered.skips), &texts, sink);
}
