//! Helm charts: templates that were rendered, those that were not, and what values say for certain.
//!
//! Go templates are no YAML and are never parsed as such. Where the caller had helm render a chart, its objects are
//! checked, and findings stand in the template that made them, at the line that looks most like the rendered one.

use std::collections::BTreeMap;

use super::super::lower::cluster::Cluster;
use super::super::lower::documents::{self, Lowered};
use super::super::lower::kubernetes;
use super::super::resource::Model;
use super::super::{RuleBook, Skips, check_model};
use super::values;
use crate::model::{Draft, KeptInput, Notice, NoticeKind, RepoPath, Sink, Span};
use crate::syntax::{Node, yaml};

/// What helm made of a chart.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// Its `Chart.yaml`.
    pub chart: RepoPath,
    /// All objects, or why there are none: a lower-case fragment.
    pub text: Result<String, String>,
}

/// Bytes in which the comment of an object's template is looked for, and of a template in which its line is.
const NEAR: usize = 1024 * 1024;

/// True for the file that makes a folder a chart.
#[must_use]
pub fn is_chart(path: &RepoPath) -> bool {
    path.file_name() == "Chart.yaml"
}

/// True for a file of a chart's values.
#[must_use]
pub(crate) fn is_values(path: &RepoPath) -> bool {
    let name = path.file_name();
    name.starts_with("values") && matches!(path.extension(), "yaml" | "yml")
}

/// The charts among kept files.
pub(super) struct Charts<'a> {
    kept: BTreeMap<&'a str, &'a KeptInput>,
    /// Folder and `Chart.yaml` of each, sorted.
    charts: Vec<(&'a str, &'a KeptInput)>,
    rendered: &'a [Rendered],
}

impl<'a> Charts<'a> {
    pub fn find(kept: &'a [KeptInput], rendered: &'a [Rendered]) -> Self {
        let charts = kept.iter().filter(|input| is_chart(&input.path) && is_well_formed(&input.bytes));
        let charts = charts.map(|input| (input.path.parent(), input)).collect();
        Self { kept: kept.iter().map(|input| (input.path.as_str(), input)).collect(), charts, rendered }
    }

    /// The innermost chart whose folder holds the path.
    fn of(&self, path: &RepoPath) -> Option<&(&'a str, &'a KeptInput)> {
        self.charts.iter().filter(|(folder, _)| holds(folder, path)).max_by_key(|(folder, _)| folder.len())
    }

    /// True for a template of a chart that was rendered: its objects are checked as rendered.
    pub fn has_rendered(&self, path: &RepoPath) -> bool {
        let within = |one: &Rendered| one.text.is_ok() && holds(one.chart.parent(), path);
        self.rendered.iter().any(within) && self.of(path).is_some_and(|(folder, _)| is_template_of(folder, path))
    }

    /// Checks values and what was rendered, and says which templates were not.
    pub fn check(&self, book: &RuleBook, partial: bool, sink: &mut Sink) {
        for rendered in self.rendered {
            match &rendered.text {
                Ok(text) => self.check_rendered(rendered, text, book, partial, sink),
                Err(why) => {
                    let message = format!("This chart was not rendered: {why}.");
                    sink.notice(Notice::incomplete(NoticeKind::Tool, message).at(&rendered.chart));
                }
            }
        }
        self.tell_templates(sink);
        for input in self.kept.values().filter(|input| is_values(&input.path)) {
            if let Some((_, chart)) = self.charts.iter().find(|(folder, _)| *folder == input.path.parent()) {
                let versioned = yaml::parse(&chart.bytes).value.get("appVersion").is_some();
                values::check(input, versioned, book, sink);
            }
        }
    }

    fn tell_templates(&self, sink: &mut Sink) {
        let mut left: BTreeMap<&RepoPath, usize> = BTreeMap::new();
        let tried = |path: &RepoPath| self.rendered.iter().any(|one| holds(one.chart.parent(), path));
        let ours = |input: &&&KeptInput| documents::is_ours(&input.path) && !tried(&input.path);
        let templates = self.kept.values().filter(ours);
        for input in templates.filter(|input| documents::is_helm_template(&input.as_input())) {
            match self.of(&input.path) {
                Some((_, chart)) => *left.entry(&chart.path).or_default() += 1,
                None => {
                    let message = "This is a Helm template of no chart in the tree; it was not checked.";
                    sink.notice(Notice::note(NoticeKind::Skipped, message).at(&input.path));
                }
            }
        }
        for (chart, count) in left {
            let files = if count == 1 { "template was" } else { "templates were" };
            let message = format!("{count} {files} not checked: --helm renders this chart with the helm on the PATH.");
            sink.notice(Notice::note(NoticeKind::Skipped, message).at(chart));
        }
    }

    fn check_rendered(&self, rendered: &Rendered, text: &str, book: &RuleBook, partial: bool, sink: &mut Sink) {
        let parsed = yaml::parse_documents(text.as_bytes());
        if let Some(error) = parsed.errors.first() {
            let message = format!("What helm rendered of this chart does not parse: {}.", error.message);
            sink.notice(Notice::incomplete(NoticeKind::Unparsed, message).at(&rendered.chart));
        }
        let ours = || parsed.value.iter().filter(|one| documents::is_kubernetes(&rendered.chart, one));
        let cluster = Cluster::read(ours().flat_map(kubernetes::objects), !partial);
        for object in ours().flat_map(kubernetes::objects) {
            let mut lowered = Lowered::default();
            kubernetes::lower(&rendered.chart, object, &cluster, &mut lowered);
            let mut own = Sink::default();
            check_model(book, &Model::new(lowered.resources), &Skips::placed(&lowered.skips), &|_| None, &mut own);
            // Who installs a chart names the namespace.
            own.drafts.retain(|draft| draft.rule.id.short() != "k8s-default-namespace");
            let template = self.source(rendered, text, object.span);
            sink.drafts.extend(own.drafts.into_iter().map(|draft| placed(draft, text, template, &rendered.chart)));
        }
    }

    /// The template that an object came from, by helm's `# Source:` comment before it.
    fn source(&self, rendered: &Rendered, text: &str, span: Span) -> Option<&'a KeptInput> {
        let end = span.start as usize;
        let before = text.as_bytes().get(end.saturating_sub(NEAR)..end)?;
        let at = memchr::memmem::rfind(before, b"# Source: ")?;
        let line = before[at + b"# Source: ".len()..].split(|&byte| byte == b'\n').next()?;
        let line = std::str::from_utf8(line).ok()?;
        // The first step is the chart's own name.
        let (_, inner) = line.trim().split_once('/')?;
        let path = rendered.chart.sibling(inner)?;
        self.kept.get(path.as_str()).copied()
    }
}

fn holds(folder: &str, path: &RepoPath) -> bool {
    folder.is_empty() || path.as_str().strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

fn is_template_of(folder: &str, path: &RepoPath) -> bool {
    path.as_str()[folder.len()..].trim_start_matches('/').starts_with("templates/")
}

/// True for what Helm takes for a chart: it has a name and a version.
fn is_well_formed(bytes: &[u8]) -> bool {
    let chart = yaml::parse(bytes).value;
    ["name", "version"].iter().all(|key| chart.get(key).and_then(Node::scalar).is_some())
}

/// A finding of rendered text, at the line of the template that it most likely came from.
fn placed(mut draft: Draft, text: &str, template: Option<&KeptInput>, chart: &RepoPath) -> Draft {
    let rendered = line_of(text, draft.span.start as usize);
    let small = template.filter(|input| input.bytes.len() <= NEAR);
    let source = small.map(|input| String::from_utf8_lossy(&input.bytes));
    draft.span = source.as_deref().and_then(|source| like(source, rendered)).unwrap_or_default();
    draft.extent = None;
    draft.secrets.clear();
    draft.related.clear();
    draft.at(template.map_or(chart, |input| &input.path))
}

fn line_of(text: &str, at: usize) -> &str {
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1);
    text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default()
}

/// The line of a template that equals a rendered one; else the first with its key; else its `kind`.
fn like(template: &str, rendered: &str) -> Option<Span> {
    let bare = |line: &str| line.trim().trim_start_matches("- ").trim().to_owned();
    let key = |line: &str| bare(line).split_once(':').map(|(key, _)| key.trim_matches(['"', '\'']).to_owned());
    let wanted = (bare(rendered), key(rendered));
    let mut at = 0;
    let mut best: [Option<Span>; 3] = [None; 3];
    for line in template.split_inclusive('\n') {
        let shown = line.trim();
        let start = at + (line.len() - line.trim_start().len());
        let span = Span::new(start, start + shown.len());
        at += line.len();
        if shown.is_empty() {
            continue;
        }
        let ranks = [bare(line) == wanted.0, wanted.1.is_some() && key(line) == wanted.1, shown.starts_with("kind:")];
        for (best, fits) in best.iter_mut().zip(ranks) {
            if fits && best.is_none() {
                *best = Some(span);
            }
        }
    }
    best.into_iter().flatten().next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::LineIndex;

    #[test]
    fn a_rendered_line_is_found_in_its_template() {
        let template =
            "apiVersion: v1\nkind: Pod\n{{- if .x }}\n  image: {{ .Values.image }}\n  hostPID: true\n{{- end }}\n";
        let at =
            |rendered: &str| like(template, rendered).map(|span| &template[span.start as usize..span.end as usize]);
        assert_eq!(at("    hostPID: true"), Some("hostPID: true"));
        assert_eq!(at("  - image: nginx:latest"), Some("image: {{ .Values.image }}"));
        assert_eq!(at("  other: 1"), Some("kind: Pod"));
        assert_eq!(LineIndex::new(template.as_bytes()).line_of(like(template, "hostPID: true").unwrap().start), 5);
    }
}
