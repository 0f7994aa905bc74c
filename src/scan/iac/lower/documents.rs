//! YAML and JSON files whose content says what they are: CloudFormation, Kubernetes, Compose, Serverless.
//!
//! Templates and services are checked when they are read. Kubernetes objects and Compose projects are kept:
//! `manifests` checks them once all files are there.

use std::collections::HashMap;

use super::super::manifests::{helm, kustomize};
use super::super::resource::{Model, Resource};
use super::super::{Book, Platform, RuleBook, Settings, Skip, Skips, Texts, check_model, manifests};
use super::{cloudformation, compose, kubernetes, serverless};
use crate::model::{Input, KeptInput, Notice, NoticeKind, RepoPath, Sink};
use crate::scan::Interest;
use crate::syntax::{Node, Parsed, SyntaxError, json, yaml};

pub(crate) const PLATFORM: Platform = Platform { interest, scan, finish };

/// What a document became.
#[derive(Debug, Default)]
pub struct Lowered {
    /// Resources of all documents of a file.
    pub resources: Vec<Resource>,
    /// Suppressions in them.
    pub skips: Vec<Skip>,
    /// What was not followed.
    pub notices: Vec<Notice>,
}

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    CloudFormation,
    Kubernetes,
    Serverless,
    Compose,
}

/// True for a document of a language, by its content.
type Claims = fn(&RepoPath, &Node) -> bool;

/// How each is told. The first that claims a document has it.
const LANGUAGES: &[(Language, Claims)] = &[
    (Language::CloudFormation, |_, node| cloudformation::is_template(node)),
    (Language::Kubernetes, |_, node| kubernetes::is_object(node)),
    (Language::Serverless, serverless::is_service),
    (Language::Compose, |_, node| compose::is_project(node)),
];

/// What becomes of a document.
type Lower = fn(&RepoPath, &Node, &mut Lowered);

impl Language {
    fn of(path: &RepoPath, document: &Node) -> Option<Self> {
        LANGUAGES.iter().find(|(_, is)| is(path, document)).map(|(language, _)| *language)
    }

    /// What becomes of its documents at once; `None` for one that waits for the other files.
    fn lower(self) -> Option<Lower> {
        match self {
            Self::CloudFormation => Some(cloudformation::lower),
            Self::Serverless => Some(serverless::lower),
            Self::Kubernetes | Self::Compose => None,
        }
    }
}

/// True for an object of Kubernetes, or a list of them.
pub(crate) fn is_kubernetes(path: &RepoPath, document: &Node) -> bool {
    Language::of(path, document) == Some(Language::Kubernetes)
}

/// True for a Compose project.
pub(crate) fn is_compose(path: &RepoPath, document: &Node) -> bool {
    Language::of(path, document) == Some(Language::Compose)
}

/// True for a document that is looked at once all files are there.
pub(crate) fn is_late(path: &RepoPath, document: &Node) -> bool {
    Language::of(path, document).is_some_and(|language| language.lower().is_none())
}

/// Bytes up to which a file is kept for its words alone; a larger one is parsed first, so that data that only look
/// like manifests are not.
const SMALL: usize = 1 << 16;
/// Words of which every document that concerns us holds one.
const MARKS: [&str; 4] = ["AWS::", "apiVersion", "services", "provider"];

fn interest(path: &RepoPath) -> Interest {
    let wanted = match path.extension() {
        _ if kustomize::is_kustomization(path) || is_environment(path) => true,
        "yaml" | "yml" | "template" => true,
        "json" => {
            !matches!(path.file_name(), "package-lock.json" | "package.json" | "composer.lock" | "npm-shrinkwrap.json")
        }
        _ => false,
    };
    if wanted { Interest::Scan } else { Interest::None }
}

/// True for the file that gives a Compose project's variables their values.
pub(crate) fn is_environment(path: &RepoPath) -> bool {
    path.file_name() == ".env"
}

fn scan(input: &Input<'_>, book: &Book<'_>, sink: &mut Sink) {
    if is_environment(input.path) {
        sink.keep |= input.whole;
        return;
    }
    let part = input.whole && serverless::may_be_part(input.path, input.bytes);
    let named = kustomize::is_kustomization(input.path) || helm::is_chart(input.path) || helm::is_values(input.path);
    sink.keep |= part || named || is_patch(input.bytes);
    if !input.whole || !marked(input.bytes) || is_foreign(input.path) {
        return;
    }
    if is_helm_template(input) {
        sink.keep = true;
        return;
    }
    let waits = may_wait(input.path, input.bytes);
    let small = input.bytes.len() <= SMALL;
    sink.keep |= waits && small;
    if !holds(input.bytes, &["AWS::", "provider"]) && (small || !waits) {
        return;
    }
    let Parsed { value: documents, errors } = parse(input);
    sink.keep |= waits && documents.iter().any(|document| is_late(input.path, document));
    let mut lowered = Lowered::default();
    let takes_files = part && serverless::wants_files(input.bytes);
    for document in &documents {
        if takes_files && serverless::is_service(input.path, document) {
            continue;
        }
        if let Some(lower) = Language::of(input.path, document).and_then(Language::lower) {
            lower(input.path, document, &mut lowered);
        }
    }
    let from = sink.drafts.len();
    let texts = |_: &RepoPath| Some(input.bytes);
    check(input, &errors, lowered, book(), &texts, sink);
    for draft in &mut sink.drafts[from..] {
        draft.path = None;
    }
}

fn finish(kept: &[KeptInput], book: &RuleBook, settings: &Settings, sink: &mut Sink) {
    manifests::finish(kept, book, settings, sink);
    services(kept, book, sink);
}

/// Services that take parts from other files: they could not be lowered before those were seen.
fn services(kept: &[KeptInput], book: &RuleBook, sink: &mut Sink) {
    let services = |input: &&KeptInput| {
        serverless::may_be_part(&input.path, &input.bytes) && serverless::wants_files(&input.bytes)
    };
    let mut services = kept.iter().filter(services).peekable();
    if services.peek().is_none() {
        return;
    }
    let files = serverless::Files::new(kept);
    let contents: HashMap<&RepoPath, &[u8]> = kept.iter().map(|input| (&input.path, &*input.bytes)).collect();
    let texts = |path: &RepoPath| contents.get(path).copied();
    for kept_input in services {
        let input = kept_input.as_input();
        let Parsed { value: documents, errors } = parse(&input);
        let mut lowered = Lowered::default();
        for document in documents.iter().filter(|document| serverless::is_service(input.path, document)) {
            serverless::lower_with(input.path, document, &files, &mut lowered);
        }
        check(&input, &errors, lowered, book, &texts, sink);
    }
}

fn check(
    input: &Input<'_>,
    errors: &[SyntaxError],
    lowered: Lowered,
    book: &RuleBook,
    texts: &Texts<'_>,
    sink: &mut Sink,
) {
    lowered.notices.into_iter().for_each(|notice| sink.notice(notice));
    if lowered.resources.is_empty() && !looks_like_ours(input) {
        return;
    }
    for error in errors.iter().take(5) {
        let message = format!("What follows was not checked, it does not parse: {}.", error.message);
        sink.notice(Notice::incomplete(NoticeKind::Unparsed, message).at(input.path).span(error.span));
    }
    check_model(book, &Model::new(lowered.resources), &Skips::placed(&lowered.skips), texts, sink);
}

/// True for what would be a template or a service, had it been read to its end.
fn looks_like_ours(input: &Input<'_>) -> bool {
    let resources = input.bytes.starts_with(b"Resources:") || holds(input.bytes, &["\nResources:", "\"Resources\""]);
    // A service that takes parts from other files is told of when those are there.
    let service = input.path.file_name().starts_with("serverless.") && !serverless::wants_files(input.bytes);
    resources && holds(input.bytes, &["AWS::"]) || service
}

/// The documents of a file, and where it does not follow its format.
pub(crate) fn parse(input: &Input<'_>) -> Parsed<Vec<Node>> {
    let first = input.bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    match (input.path.extension(), first) {
        ("json", _) | ("template", Some(b'{')) => {
            let Parsed { value, errors } = json::parse(input.bytes);
            Parsed { value: vec![value], errors }
        }
        _ => yaml::parse_documents(input.bytes),
    }
}

/// The documents of a file that some language claims, or that are a workflow.
pub(crate) fn known(input: &Input<'_>) -> Vec<Node> {
    let workflow = input.path.parent().ends_with(".github/workflows");
    if interest(input.path) == Interest::None || (!workflow && (!marked(input.bytes) || is_helm_template(input))) {
        return Vec::new();
    }
    let claimed = |node: &Node| workflow || Language::of(input.path, node).is_some();
    parse(input).value.into_iter().filter(claimed).collect()
}

/// True for bytes that hold a word of some language.
fn marked(bytes: &[u8]) -> bool {
    holds(bytes, &MARKS)
}

fn holds(bytes: &[u8], marks: &[&str]) -> bool {
    marks.iter().any(|mark| memchr::memmem::find(bytes, mark.as_bytes()).is_some())
}

/// Members of services, of which a file holds one that is a project or is laid over one.
const MEMBERS: [&str; 8] = ["image", "build", "extends", "environment", "ports", "volumes", "privileged", "command"];

/// True for bytes that may be a Kubernetes object or a Compose project.
fn may_wait(path: &RepoPath, bytes: &[u8]) -> bool {
    // A file that is merged into another one may name no image.
    let project = holds(bytes, &["services:", "\"services\""])
        && (path.file_name().contains("compose") || holds(bytes, &MEMBERS));
    project || (holds(bytes, &["apiVersion"]) && holds(bytes, &["kind"]))
}

/// True for bytes that may be a JSON Patch, which a kustomization may name.
fn is_patch(bytes: &[u8]) -> bool {
    bytes.len() < 1 << 16
        && holds(bytes, &["op:", "\"op\""])
        && holds(bytes, &["path:", "\"path\""])
        && holds(bytes, &["add", "replace", "remove", "move", "copy"])
}

/// True for a file that may hold documents, by its name.
pub(crate) fn is_ours(path: &RepoPath) -> bool {
    interest(path) != Interest::None
}

/// True for a kept file that is to be looked at once all files are there.
pub(crate) fn is_deferred(input: &KeptInput) -> bool {
    is_ours(&input.path)
        && !is_environment(&input.path)
        && !is_foreign(&input.path)
        && (may_wait(&input.path, &input.bytes) || kustomize::is_kustomization(&input.path) || is_patch(&input.bytes))
        && !is_helm_template(&input.as_input())
}

/// True for files of other platforms that hold the same words.
fn is_foreign(path: &RepoPath) -> bool {
    path.parent().ends_with(".github/workflows") || matches!(path.file_name(), "values.yaml" | "values.yml")
}

/// True for a file of a chart's `templates` folder, or Go template directives in a YAML file.
pub(crate) fn is_helm_template(input: &Input<'_>) -> bool {
    let directive = ["{{ .Values", "{{- ", "{{ include", "{{.Values", "{{ template", "{{ .Release"];
    input.path.extension() != "json" && holds(&input.bytes[..input.bytes.len().min(1 << 16)], &directive)
}

#[cfg(test)]
mod tests;
