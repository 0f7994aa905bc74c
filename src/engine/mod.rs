//! Layer 4: one run, from a source and scanners to a sorted report.

mod beside;
mod changes;
mod dispatch;
mod history;
mod mask;
mod merge;
mod seal;

use std::collections::{BTreeMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use rayon::prelude::*;

use crate::model::{Finding, KeptInput, Notice, NoticeKind, Origin, RepoPath, Rule, RuleId, ScanReport, Sink, Tool};
use crate::scan::Scanner;
use crate::source::{Content, Source, SourceError};
use crate::triage::pragma::{self, Pragma};
use dispatch::Dispatch;
pub use mask::Mask;
use seal::FileView;

/// Everything one run needs; nothing in it says that a command line exists.
pub struct Plan {
    /// Where inputs come from.
    pub source: Box<dyn Source + Send>,
    /// What looks at them, in registry order; at most 32.
    pub scanners: Vec<Box<dyn Scanner>>,
    /// Worker threads; 0 for one per core.
    pub threads: usize,
    /// The day of the run, `YYYY-MM-DD`: expiring suppressions are compared with it.
    pub today: String,
    /// Honour suppression comments.
    pub pragmas: bool,
    /// Collect every rule of the scanners, not only those that fired.
    pub all_rules: bool,
    /// Told the number of findings whenever a file brought some.
    pub on_findings: Option<Box<dyn Fn(usize) + Send + Sync>>,
}

/// Why a run could not begin.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The source yields nothing.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The thread pool could not be made.
    #[error("cannot start {threads} worker threads: {message}. Try a smaller -j")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// What the system said.
        message: String,
    },
}

/// What has come in so far, from many threads.
#[derive(Default)]
struct Collected {
    findings: Vec<Finding>,
    rules: BTreeMap<RuleId, Arc<Rule>>,
    notices: Vec<Notice>,
    /// What no snippet may show.
    values: mask::Values,
    /// Suppression comments by file and version.
    pragmas: BTreeMap<(RepoPath, Origin), Vec<Pragma>>,
    /// Inputs to keep, with the mask of the scanners that want them.
    kept: Vec<(u32, KeptInput)>,
}

/// Scans everything the source yields; the report is sorted, with fingerprints, not yet gated.
///
/// # Errors
/// Only where nothing could be scanned at all. All other trouble is a notice in the report.
pub fn run(plan: &Plan) -> Result<ScanReport, RunError> {
    run_with_mask(plan).map(|(report, _)| report)
}

/// As [`run`], with what finds the run's secret values in other text of the tree that is to be shown.
///
/// # Errors
/// As [`run`].
pub fn run_with_mask(plan: &Plan) -> Result<(ScanReport, Mask), RunError> {
    let started = Instant::now();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(plan.threads)
        .stack_size(8 * 1024 * 1024)
        .build()
        .map_err(|error| RunError::Threads { threads: plan.threads, message: error.to_string() })?;
    let (mut report, mask) = pool.install(|| scan_all(plan))?;
    report.elapsed = started.elapsed();
    Ok((report, mask))
}

fn scan_all(plan: &Plan) -> Result<(ScanReport, Mask), RunError> {
    let dispatch = Dispatch::new(&plan.scanners);
    let collected = Mutex::new(Collected::default());
    let visit = |content: Content<'_>| visit(plan, &content, &collected);
    let outcome = plan.source.for_each(&|path| dispatch.want(path), &visit)?;
    let mut collected = collected.into_inner().unwrap_or_default();
    collected.notices.extend(outcome.notices);
    finish(plan, &mut collected);
    let mask = std::mem::take(&mut collected.values).mask();
    mask.apply(&mut collected.findings);
    suppress(&mut collected, &plan.today);
    if let Some(lines_of) = &outcome.lines {
        changes::retain(&mut collected.findings, &mut collected.notices, lines_of.as_ref());
    }
    if let Some(commit_of) = &outcome.attribution {
        collected.findings = history::attribute(collected.findings, commit_of);
    }
    let mut report = ScanReport {
        tools: vec![own_tool()],
        coverage: outcome.coverage,
        provenance: outcome.provenance,
        scanners: plan.scanners.iter().map(|scanner| scanner.name()).collect(),
        findings: merge::findings(collected.findings),
        rules: collected.rules.into_iter().map(|(id, rule)| ((0, id), rule)).collect(),
        ..ScanReport::default()
    };
    report.notices = merge::notices(collected.notices);
    report.complete = !report.notices.iter().any(|notice| notice.incomplete);
    if plan.all_rules {
        report.all_rules = plan.scanners.iter().flat_map(|scanner| scanner.rules()).collect();
        report.all_rules.sort_by(|a, b| a.id.cmp(&b.id));
    }
    Ok((report, mask))
}

/// Applies each file's suppression comments to its findings, and collects what is to be told about them.
fn suppress(collected: &mut Collected, today: &str) {
    let Collected { findings, rules, pragmas, notices, .. } = collected;
    findings.sort_by(|a, b| (&a.primary.path, &a.origin).cmp(&(&b.primary.path, &b.origin)));
    for ((path, origin), pragmas) in pragmas.iter_mut() {
        let place = |finding: &Finding| (&finding.primary.path, &finding.origin).cmp(&(path, origin));
        let start = findings.partition_point(|finding| place(finding).is_lt());
        let end = start + findings[start..].partition_point(|finding| place(finding).is_le());
        let rule_of = |finding: &Finding| rules.get(&finding.rule).cloned();
        pragma::apply(pragmas, &mut findings[start..end], rule_of, today);
        // Documentation shows such comments without meaning them, and what is past can't be edited.
        let shown = matches!(path.extension(), "md" | "mdx" | "rst" | "adoc");
        if !shown && !matches!(origin, Origin::Commit { .. }) {
            notices.extend(pragma::notices(pragmas, path, today));
        }
    }
}

/// portcullis as a tool of its own report.
#[must_use]
pub fn own_tool() -> Tool {
    Tool {
        name: env!("CARGO_PKG_NAME").to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        information_uri: env!("CARGO_PKG_REPOSITORY").to_owned(),
        ..Tool::default()
    }
}

/// True where nothing came of it.
fn visit(plan: &Plan, content: &Content<'_>, collected: &Mutex<Collected>) -> bool {
    let Content { input, want, binary } = *content;
    let mask = if binary { want.binary } else { want.text };
    let mut sink = Sink::default();
    let mut keep = want.keep & mask;
    for (bit, scanner) in plan.scanners.iter().enumerate() {
        if mask & (1 << bit) != 0 {
            guarded(scanner.as_ref(), Some(input.path), &mut sink, |sink| scanner.scan(&input, sink));
            if std::mem::take(&mut sink.keep) && input.whole {
                keep |= 1 << bit;
            }
        }
    }
    if keep == 0 && sink.drafts.is_empty() && sink.notices.is_empty() && !seal::may_hold_ignores(input.bytes) {
        return true;
    }
    let view = FileView::new(&input);
    let sealed = seal::file(&view, sink, plan, &seal::Others::default());
    let kept = (keep != 0).then(|| {
        let (path, origin) = (input.path.clone(), input.origin.clone());
        (keep, KeptInput { path, bytes: Arc::from(input.bytes), origin })
    });
    if let (Some(tell), false) = (&plan.on_findings, sealed.findings.is_empty()) {
        tell(sealed.findings.len());
    }
    if let Ok(mut collected) = collected.lock() {
        collected.add(input.path, input.origin, sealed);
        collected.kept.extend(kept);
    }
    false
}

impl Collected {
    fn add(&mut self, path: &RepoPath, origin: &Origin, sealed: seal::Sealed) {
        if !sealed.pragmas.is_empty() {
            self.pragmas.entry((path.clone(), origin.clone())).or_insert(sealed.pragmas);
        }
        self.values.append(sealed.values);
        self.findings.extend(sealed.findings);
        self.notices.extend(sealed.notices);
        for rule in sealed.rules {
            let known = self.rules.entry(rule.id.clone()).or_insert_with(|| Arc::clone(&rule));
            // Two that differ: the same one stays whatever order files came in.
            let words = |rule: &Rule| (rule.title.clone(), rule.help.clone());
            if !Arc::ptr_eq(known, &rule) && words(&rule) < words(known) {
                *known = rule;
            }
        }
    }
}

/// Runs `work`; a panic in it becomes a notice that names scanner and file. The panic's own text is not
/// told: it may hold scanned content.
fn guarded(scanner: &dyn Scanner, path: Option<&RepoPath>, sink: &mut Sink, work: impl FnOnce(&mut Sink)) {
    let mut own = Sink::default();
    let outcome = catch_unwind(AssertUnwindSafe(|| work(&mut own)));
    sink.drafts.append(&mut own.drafts);
    sink.notices.append(&mut own.notices);
    sink.keep |= own.keep;
    if outcome.is_err() {
        let message = format!(
            "the {} scanner failed here: a fault of portcullis, not of the file. Please report it; --skip-scanners {} goes on without",
            scanner.name(),
            scanner.name()
        );
        let notice = Notice::incomplete(NoticeKind::ScannerFailed, message);
        sink.notice(match path {
            Some(path) => notice.at(path),
            None => notice,
        });
    }
}

/// Gives each scanner its kept inputs, and seals what comes of them file by file.
fn finish(plan: &Plan, collected: &mut Collected) {
    let mut kept = std::mem::take(&mut collected.kept);
    kept.sort_by(|a, b| a.1.path.cmp(&b.1.path));
    let work: Vec<(RepoPath, Origin, seal::Sealed)> = plan
        .scanners
        .par_iter()
        .enumerate()
        .flat_map_iter(|(bit, scanner)| {
            let mut own: Vec<KeptInput> =
                kept.iter().filter(|(mask, _)| mask & (1 << bit) != 0).map(|(_, input)| input.clone()).collect();
            let mut sink = Sink::default();
            let mut beside = HashSet::new();
            guarded(scanner.as_ref(), None, &mut sink, |sink| {
                beside = beside::add(plan.source.as_ref(), scanner.as_ref(), &mut own);
                scanner.finish(&own, sink);
            });
            let told = |path: &Option<RepoPath>| path.as_ref().is_none_or(|path| !beside.contains(path));
            sink.drafts.retain(|draft| told(&draft.path));
            sink.notices.retain(|notice| told(&notice.path));
            seal_kept(plan, &own, sink)
        })
        .collect();
    work.into_iter().for_each(|(path, origin, sealed)| collected.add(&path, &origin, sealed));
}

/// Splits what `finish` reported by file. A draft or notice about a file that was not kept is sealed
/// against empty content: it keeps its message and loses its place.
fn seal_kept(plan: &Plan, kept: &[KeptInput], mut sink: Sink) -> Vec<(RepoPath, Origin, seal::Sealed)> {
    let nowhere = RepoPath::new("");
    let others = seal::Others::new(kept);
    sink.drafts.sort_by(|a, b| a.path.cmp(&b.path));
    sink.notices.sort_by(|a, b| a.path.cmp(&b.path));
    let mut paths: Vec<Option<RepoPath>> = sink.drafts.iter().map(|draft| draft.path.clone()).collect();
    paths.extend(sink.notices.iter().map(|notice| notice.path.clone()));
    paths.sort_unstable();
    paths.dedup();
    let (mut drafts, mut notices) = (sink.drafts.into_iter().peekable(), sink.notices.into_iter().peekable());
    let mut sealed = Vec::with_capacity(paths.len());
    for path in paths {
        let mut own = Sink::default();
        while let Some(draft) = drafts.next_if(|draft| draft.path == path) {
            own.report(draft);
        }
        while let Some(notice) = notices.next_if(|notice| notice.path == path) {
            own.notice(notice);
        }
        let (origin, bytes) = match path.as_ref().and_then(|path| others.input(path)) {
            Some(input) => (&input.origin, &input.bytes[..]),
            None => (&Origin::WorkTree, &[][..]),
        };
        let input =
            crate::model::Input { origin, ..crate::model::Input::whole(path.as_ref().unwrap_or(&nowhere), bytes) };
        sealed.push((input.path.clone(), origin.clone(), seal::file(&FileView::new(&input), own, plan, &others)));
    }
    sealed
}
