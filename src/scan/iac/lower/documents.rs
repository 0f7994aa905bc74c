//! YAML and JSON files whose content says what they are: CloudFormation, Kubernetes, Compose, Serverless.

use std::borrow::Cow;

use super::super::resource::{Model, Resource};
use super::super::{Platform, RuleBook, Skip, check_model};
use super::{cloudformation, compose, kubernetes, serverless};
use crate::model::{Input, Notice, NoticeKind, RepoPath, Sink};
use crate::scan::Interest;
use crate::syntax::{Node, Parsed, json, yaml};

pub(crate) const PLATFORM: Platform = Platform { interest, scan, finish: |_, _, _, _| {} };

/// What a document became.
#[derive(Debug, Default)]
pub struct Lowered {
    /// Resources of all documents of a file.
    pub resources: Vec<Resource>,
    /// Suppressions in them.
    pub skips: Vec<Skip>,
}

/// A kind of document: how it is told by its content, and what becomes of it.
struct Language {
    is: fn(&RepoPath, &Node) -> bool,
    lower: fn(&RepoPath, &Node, &mut Lowered),
}

/// The first that claims a document has it.
static LANGUAGES: &[Language] = &[
    Language { is: |_, node| cloudformation::is_template(node), lower: cloudformation::lower },
    Language { is: |_, node| kubernetes::is_object(node), lower: kubernetes::lower },
    Language { is: serverless::is_service, lower: serverless::lower },
    Language { is: |_, node| compose::is_project(node), lower: compose::lower },
];

/// Words of which every document that concerns us holds one.
const MARKS: [&str; 4] = ["AWS::", "apiVersion", "services", "provider"];

fn interest(path: &RepoPath) -> Interest {
    let wanted = match path.extension() {
        "yaml" | "yml" | "template" => true,
        "json" => {
            !matches!(path.file_name(), "package-lock.json" | "package.json" | "composer.lock" | "npm-shrinkwrap.json")
        }
        _ => false,
    };
    if wanted { Interest::Scan } else { Interest::None }
}

fn scan(input: &Input<'_>, book: &RuleBook, sink: &mut Sink) {
    let marked = |bytes: &[u8]| MARKS.iter().any(|mark| memchr::memmem::find(bytes, mark.as_bytes()).is_some());
    if !input.whole || !marked(input.bytes) || is_foreign(input.path) {
        return;
    }
    if is_helm_template(input) {
        let message = "This is a Helm template; it is checked only once it is rendered.";
        return sink.notice(Notice::note(NoticeKind::Skipped, message).at(input.path));
    }
    let first = input.bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let Parsed { value: documents, errors } = match (input.path.extension(), first) {
        ("json", _) | ("template", Some(b'{')) => {
            let Parsed { value, errors } = json::parse(input.bytes);
            Parsed { value: vec![value], errors }
        }
        _ => yaml::parse_documents(input.bytes),
    };
    let mut lowered = Lowered::default();
    for document in &documents {
        if let Some(language) = LANGUAGES.iter().find(|language| (language.is)(input.path, document)) {
            (language.lower)(input.path, document, &mut lowered);
        }
    }
    if lowered.resources.is_empty() {
        return;
    }
    for error in errors.iter().take(5) {
        let message = format!("What follows was not checked, it does not parse: {}.", error.message);
        sink.notice(Notice::incomplete(NoticeKind::Unparsed, message).at(input.path).span(error.span));
    }
    let from = sink.drafts.len();
    check_model(book, &Model::new(lowered.resources), &lowered.skips, sink);
    for draft in &mut sink.drafts[from..] {
        draft.path = None;
    }
}

/// True for files of other platforms that hold the same words.
fn is_foreign(path: &RepoPath) -> bool {
    path.parent().ends_with(".github/workflows") || matches!(path.file_name(), "values.yaml" | "values.yml")
}

/// True for a file of a chart's `templates` folder, or Go template directives in a YAML file.
fn is_helm_template(input: &Input<'_>) -> bool {
    let text: Cow<'_, str> = String::from_utf8_lossy(&input.bytes[..input.bytes.len().min(1 << 16)]);
    let directive = ["{{ .Values", "{{- ", "{{ include", "{{.Values", "{{ template", "{{ .Release"];
    input.path.extension() != "json" && directive.iter().any(|mark| text.contains(mark))
}
