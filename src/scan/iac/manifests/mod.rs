//! Kubernetes objects and Compose projects: what several files say together.
//!
//! Files are kept until all are there. Then objects are read with what others say of them (`lower::cluster`), and
//! each is asked about alone.

use std::collections::HashSet;

use rayon::prelude::*;

use super::lower::cluster::Cluster;
use super::lower::documents::{self, Lowered};
use super::lower::{compose, kubernetes};
use super::resource::Model;
use super::{RuleBook, Settings, Skips, check_model};
use crate::model::{KeptInput, Notice, NoticeKind, RepoPath, Sink};
use crate::syntax::{Node, Parsed};

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

/// Checks what was kept.
pub(crate) fn finish(kept: &[KeptInput], book: &RuleBook, settings: &Settings, sink: &mut Sink) {
    let files: Vec<File<'_>> = kept.par_iter().filter(|input| documents::is_deferred(input)).map(read).collect();
    let cluster = Cluster::read(files.iter().flat_map(File::objects), !settings.partial);
    let used: HashSet<&RepoPath> = HashSet::new();
    let plain: Vec<Sink> = files
        .par_iter()
        .filter(|file| !used.contains(file.path))
        .map(|file| {
            let mut own = Sink::default();
            check_file(file, &cluster, book, &mut own);
            own
        })
        .collect();
    for mut own in plain {
        sink.drafts.append(&mut own.drafts);
        sink.notices.append(&mut own.notices);
    }
}

fn read(input: &KeptInput) -> File<'_> {
    let Parsed { value, errors } = documents::parse(&input.as_input());
    let told = |message: &str| format!("What follows was not checked, it does not parse: {message}.");
    let notices = errors.iter().take(5).map(|error| {
        Notice::incomplete(NoticeKind::Unparsed, told(&error.message)).at(&input.path).span(error.span)
    });
    File { path: &input.path, bytes: &input.bytes, notices: notices.collect(), documents: value }
}

/// Checks a file by itself.
fn check_file(file: &File<'_>, cluster: &Cluster, book: &RuleBook, sink: &mut Sink) {
    let mut lowered = Lowered::default();
    file.objects().for_each(|object| kubernetes::lower(file.path, object, cluster, &mut lowered));
    file.projects().for_each(|project| compose::lower(file.path, project, &mut lowered));
    if lowered.resources.is_empty() {
        return;
    }
    sink.notices.extend(file.notices.iter().cloned());
    let texts = |_: &RepoPath| Some(file.bytes);
    check_model(book, &Model::new(lowered.resources), &Skips::placed(&lowered.skips), &texts, sink);
}
