//! Draft to finding, while the bytes are in memory: positions, masks, identity, inline suppressions. The
//! one place that touches a secret's value after a scanner found it.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::Plan;
use super::mask::Values;
use crate::model::{
    Anchor, ColumnKind, Draft, Finding, FindingFix, Fingerprint, FingerprintFields, Fix, Input, KeptInput, LineIndex,
    Location, Notice, Origin, Region, Related, RepoPath, Rule, Sink, Snippet, Span, Suppression, line_hashes,
};
use crate::triage::pragma::{Pragma, read_pragmas};

/// Lines shown above and below a finding.
const CONTEXT_LINES: u32 = 1;
/// Most lines a snippet has.
const SNIPPET_LINES: u32 = 12;
/// Most bytes of one line a snippet or an anchor takes.
const LINE_BYTES: usize = 240;
/// What stands for a secret in an anchor.
const MARK: char = '\u{2022}';

/// The other files that the same scanner kept, for related places in them. The lines of each are counted once,
/// however many findings lead there: a root module is where every finding of its modules leads.
#[derive(Default)]
pub struct Others<'k> {
    kept: &'k [KeptInput],
    views: RefCell<HashMap<&'k RepoPath, Rc<FileView<'k>>>>,
}

impl<'k> Others<'k> {
    /// Inputs sorted by path.
    pub fn new(kept: &'k [KeptInput]) -> Self {
        Self { kept, views: RefCell::default() }
    }

    /// The input of that path.
    pub fn input(&self, path: &RepoPath) -> Option<&'k KeptInput> {
        self.kept.binary_search_by(|input| input.path.cmp(path)).ok().map(|at| &self.kept[at])
    }

    fn view(&self, path: &RepoPath) -> Option<Rc<FileView<'k>>> {
        let input = self.input(path)?;
        let mut views = self.views.borrow_mut();
        Some(Rc::clone(views.entry(&input.path).or_insert_with(|| Rc::new(FileView::new(&input.as_input())))))
    }
}

/// One file's content with its lines.
pub struct FileView<'a> {
    path: &'a RepoPath,
    origin: &'a Origin,
    bytes: &'a [u8],
    first_line: u32,
    byte_base: u64,
    whole: bool,
    lines: LineIndex,
    digest: OnceCell<[u8; 32]>,
}

impl<'a> FileView<'a> {
    /// Reads the content once for its line ends.
    pub fn new(input: &Input<'a>) -> Self {
        Self {
            path: input.path,
            origin: input.origin,
            bytes: input.bytes,
            first_line: input.first_line,
            byte_base: input.byte_base,
            whole: input.whole,
            lines: LineIndex::new(input.bytes),
            digest: OnceCell::new(),
        }
    }

    fn region(&self, span: Span) -> Region {
        let last = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        let span = Span { start: span.start.min(last), end: span.end.min(last) };
        let start = self.lines.position(span.start, self.bytes, ColumnKind::Utf16);
        let end = self.lines.position(span.end, self.bytes, ColumnKind::Utf16);
        let lines_before = self.first_line - 1;
        Region {
            start_line: lines_before + start.line,
            start_column: start.column,
            end_line: lines_before + end.line,
            end_column: end.column,
            char_column: self.lines.position(span.start, self.bytes, ColumnKind::CodePoints).column,
            byte_offset: self.byte_base + u64::from(span.start),
            byte_length: span.len() as u64,
        }
    }
}

/// What came of one file.
#[derive(Default)]
pub struct Sealed {
    pub findings: Vec<Finding>,
    pub rules: Vec<Arc<Rule>>,
    pub notices: Vec<Notice>,
    pub values: Values,
    /// The file's suppression comments, where they are honoured.
    pub pragmas: Vec<Pragma>,
}

/// True where the file may hold a suppression comment of our own, which is checked for use even where
/// nothing was found.
pub fn may_hold_ignores(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, b"portcullis:ignore").is_some()
}

/// Makes findings of a file's drafts, and places its notices.
pub fn file(view: &FileView<'_>, sink: Sink, plan: &Plan, others: &Others<'_>) -> Sealed {
    let mut secrets: Vec<Span> = sink.drafts.iter().flat_map(|draft| draft.secrets.iter().copied()).collect();
    secrets.sort_unstable();
    let mut sealed = Sealed::default();
    sealed.values.remember(&sink.drafts, view.bytes);
    for draft in sink.drafts {
        sealed.rules.push(Arc::clone(&draft.rule));
        sealed.findings.push(finding(view, draft, &secrets, others));
    }
    hash_lines(view, &mut sealed.findings);
    if plan.pragmas && view.whole {
        sealed.pragmas = read_pragmas(view.bytes);
    }
    sealed.notices = sink.notices.into_iter().map(|notice| place(view, notice)).collect();
    sealed
}

/// Fills in what code scanning tells findings apart by. A window of a large file does not know its line's
/// count, so its findings have none.
fn hash_lines(view: &FileView<'_>, findings: &mut [Finding]) {
    if !view.whole || findings.is_empty() || view.bytes.is_empty() {
        return;
    }
    let lines: Vec<u32> = findings.iter().map(|finding| finding.primary.region.start_line).collect();
    for (finding, hash) in findings.iter_mut().zip(line_hashes(view.bytes, &lines)) {
        finding.line_hash = Some(hash).filter(|hash| !hash.is_empty());
    }
}

fn place(view: &FileView<'_>, mut notice: Notice) -> Notice {
    if let Some(span) = notice.span.take() {
        let region = view.region(span);
        notice.line = Some(region.start_line);
        notice.column = Some(region.char_column);
    }
    if notice.path.is_none() && !view.path.as_str().is_empty() {
        notice.path = Some(view.path.clone());
    }
    notice
}

fn finding(view: &FileView<'_>, draft: Draft, secrets: &[Span], others: &Others<'_>) -> Finding {
    let related = draft.related.iter().map(|place| related(view, place, others)).collect();
    // A window of a file has no positions in the whole.
    let waiting = draft.pin.iter().map(|(pin, one)| FindingFix { pin: Some(pin.clone()), ..fix(view, one) });
    let fixes = draft.fixes.iter().map(|one| fix(view, one)).chain(waiting).filter(|_| view.whole);
    let suppressions = draft.suppressed.iter().map(|foreign| Suppression {
        in_source: true,
        source: foreign.source.clone(),
        reason: foreign.reason.clone(),
        until: None,
    });
    let placeholder = FingerprintFields { tool: "", rule: "", path: "", kind: "", discriminator: "", ordinal: 0 };
    Finding {
        tool: 0,
        rule: draft.rule.id.clone(),
        severity: draft.severity,
        confidence: draft.confidence,
        primary: Location { path: view.path.clone(), region: view.region(draft.span) },
        extent: draft.extent.map(|span| view.region(span)),
        related,
        snippet: snippet(view, draft.span, secrets),
        fingerprint: Fingerprint::of(&placeholder),
        anchor: anchor(view, &draft, secrets),
        line_hash: None,
        origin: view.origin.clone(),
        fixes: fixes.collect(),
        foreign_fix: false,
        gates: draft.gates,
        suppressions: suppressions.collect(),
        baseline: None,
        secret_digest: draft.secrets.first().map(|span| Box::new(Sha256::digest(span.of(view.bytes)).into())),
        foreign: None,
        message: draft.message,
        properties: draft.properties,
        also_known_as: draft.also_known_as,
    }
}

/// In the file's own line ends.
fn fix(view: &FileView<'_>, fix: &Fix) -> FindingFix {
    let line_end = memchr::memchr(b'\n', view.bytes).filter(|at| *at > 0 && view.bytes[at - 1] == b'\r');
    let text = |text: &String| if line_end.is_some() { text.replace('\n', "\r\n") } else { text.clone() };
    FindingFix {
        description: fix.description.clone(),
        replacements: fix.replacements.iter().map(|one| (view.region(one.span), text(&one.text))).collect(),
        content: *view.digest.get_or_init(|| Sha256::digest(view.bytes).into()),
        pin: None,
    }
}

fn related(view: &FileView<'_>, place: &crate::model::DraftRelated, others: &Others<'_>) -> Related {
    let location = match &place.path {
        Some(path) if path != view.path => {
            let region = match others.view(path) {
                Some(other) => other.region(place.span),
                None => FileView::new(&Input::whole(path, &[])).region(place.span),
            };
            Location { path: path.clone(), region }
        }
        _ => Location { path: view.path.clone(), region: view.region(place.span) },
    };
    Related { location, message: place.message.clone() }
}

/// What identity rests on: the draft's own meaning, or the text of its first line with every secret
/// replaced by one mark and all white space gone.
fn anchor(view: &FileView<'_>, draft: &Draft, secrets: &[Span]) -> Arc<str> {
    if let Anchor::Key(key) = &draft.anchor {
        return Arc::from(format!("key:{key}"));
    }
    let line = view.lines.line_span(view.lines.line_of(draft.span.start), view.bytes);
    let (text, _) = masked(view, around(line, draft.span), secrets);
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    Arc::from(format!("line:{text}"))
}

/// The part of a long line that is next to `span`.
fn around(line: Span, span: Span) -> Span {
    if line.len() <= LINE_BYTES {
        return line;
    }
    let before = span.start.saturating_sub(u32::try_from(LINE_BYTES / 3).unwrap_or(0)).max(line.start);
    Span::new(before as usize, (before as usize + LINE_BYTES).min(line.end as usize))
}

/// The text of `part` with every secret value in it replaced by a mark; true where one was.
fn masked(view: &FileView<'_>, part: Span, secrets: &[Span]) -> (String, bool) {
    let mut bytes = Vec::with_capacity(part.len());
    let (mut at, mut any) = (part.start, false);
    for secret in secrets.iter().filter(|secret| secret.overlaps(part)) {
        if secret.end <= at {
            continue;
        }
        let start = secret.start.max(at);
        bytes.extend_from_slice(Span { start: at, end: start }.of(view.bytes));
        bytes.extend_from_slice(MARK.to_string().as_bytes());
        at = secret.end.min(part.end);
        any = true;
    }
    bytes.extend_from_slice(Span { start: at, end: part.end.max(at) }.of(view.bytes));
    (String::from_utf8_lossy(&bytes).into_owned(), any)
}

/// The finding's lines with a little around them, bounded in lines and bytes.
fn snippet(view: &FileView<'_>, span: Span, secrets: &[Span]) -> Option<Snippet> {
    if view.bytes.is_empty() {
        return None;
    }
    let first = view.lines.line_of(span.start).saturating_sub(CONTEXT_LINES).max(1);
    let count = u32::try_from(view.lines.count()).unwrap_or(u32::MAX);
    let last = (view.lines.line_of(span.end) + CONTEXT_LINES).min(count).min(first + SNIPPET_LINES - 1);
    let mut snippet = Snippet { first_line: view.first_line - 1 + first, text: String::new(), masked: false };
    for line in first..=last {
        let (text, hidden) = masked(view, around(view.lines.line_span(line, view.bytes), span), secrets);
        snippet.text.push_str(&text);
        snippet.masked |= hidden;
        if line < last {
            snippet.text.push('\n');
        }
    }
    Some(snippet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_another_file_are_counted_once() {
        let kept = [KeptInput::work_tree("a.tf", "x\ny\n"), KeptInput::work_tree("b.tf", "z\n")];
        let others = Others::new(&kept);
        let views = [others.view(&RepoPath::new("a.tf")), others.view(&RepoPath::new("a.tf"))];
        let [Some(first), Some(second)] = views else { panic!("it was kept") };
        assert!(Rc::ptr_eq(&first, &second));
        assert_eq!(second.region(Span::new(2, 3)).start_line, 2);
        assert!(others.view(&RepoPath::new("c.tf")).is_none());
    }
}
