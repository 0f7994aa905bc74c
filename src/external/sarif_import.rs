//! SARIF 2.1.0 of any tool, read tolerantly: what breaks the standard is repaired or left out, and told.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::{self, Read};
use std::ops::Range;
use std::sync::{Arc, Mutex};

use rayon::prelude::*;
use serde_json::Value;

use super::sarif_mask::Values;
use super::sarif_result::{Outcome, Reader};
use super::sarif_rule::Rules;
use super::sarif_run::{Run, Taken, keep_rule, sort};
use super::sarif_stream::{self, Open};
use super::uri::Resolver;
use super::{sarif_notices, sarif_tools};
use crate::model::{Notice, NoticeKind, PackedText, Packer, RepoPath, Rule, ScanReport, Severity, Tool};

/// Results taken of all files together: what each costs beside its text stays in memory.
const MOST: usize = 1_000_000;
/// Results, and bytes of them, that are read side by side.
const BATCH: usize = 1_024;
const BATCH_BYTES: usize = 4 << 20;
/// Finds secrets in a text that a tool quotes from the file at a path: byte ranges in the text.
pub type FindSecrets = dyn Fn(&RepoPath, &str) -> Vec<Range<usize>> + Send + Sync;
/// The rule of ours that is equal to another tool's rule of that id.
pub type EqualRule = dyn Fn(&str) -> Option<Arc<Rule>> + Send + Sync;

/// How foreign reports are read.
#[derive(Default)]
pub struct ImportSettings {
    /// The root's absolute path with `/` between segments: stripped from absolute URIs.
    pub root: String,
    /// Severity by tool name, for tools that give none.
    pub severities: BTreeMap<String, Severity>,
    /// What masks secrets in texts of tools that do not know them as such.
    pub find_secrets: Option<Box<FindSecrets>>,
    /// What names our rule for another tool's: its severity counts for tools that have none.
    pub equal_rule: Option<Box<EqualRule>>,
}

/// Why a file cannot be read at all. Nothing of it was taken.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It cannot be read, does not unpack, or holds more than the limit.
    #[error("it cannot be read: {0}")]
    Read(#[from] io::Error),
    /// No JSON.
    #[error("it is no JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// UTF-16 or UTF-32.
    #[error("it is not UTF-8; write it again as UTF-8")]
    Encoding,
    /// JSON that is no SARIF 2.1.0.
    #[error("it is no SARIF 2.1.0: {0}")]
    Version(String),
}

/// Reads files one by one, then adds them to a report in an order that does not depend on theirs.
pub struct Import<'a> {
    settings: &'a ImportSettings,
    runs: BTreeMap<(String, String), Run>,
    texts: Packer,
    count: usize,
    values: BTreeSet<String>,
    /// Each path once: many results lie in one file.
    paths: HashSet<RepoPath>,
    notices: Vec<Notice>,
}

/// Results that are read side by side, one text behind the other, each with its run's number and where it ends.
#[derive(Default)]
struct Batch {
    text: String,
    ends: Vec<(usize, usize)>,
}

impl Batch {
    /// True where it is full.
    fn push(&mut self, at: usize, text: &str) -> bool {
        self.text.push_str(text);
        self.ends.push((at, self.text.len()));
        self.ends.len() >= BATCH || self.text.len() >= BATCH_BYTES
    }

    /// The run's number and the text of the result of that number.
    fn get(&self, number: usize) -> (usize, &str) {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before].1);
        let (at, end) = self.ends[number];
        (at, &self.text[start..end])
    }

    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }
}

/// What happened to the results of one run.
#[derive(Default)]
struct Tally {
    left_out: usize,
    repaired: usize,
    passed: usize,
    beyond: usize,
}

impl<'a> Import<'a> {
    /// Nothing read yet.
    #[must_use]
    pub fn new(settings: &'a ImportSettings) -> Self {
        Self {
            settings,
            runs: BTreeMap::new(),
            texts: Packer::default(),
            count: 0,
            values: BTreeSet::new(),
            paths: HashSet::new(),
            notices: Vec::new(),
        }
    }

    /// Adds a notice about what is read here.
    pub fn tell(&mut self, notice: Notice) {
        self.notices.push(notice);
    }

    /// Whether a file that is in memory is SARIF 2.1.0 as a whole, its results apart.
    ///
    /// # Errors
    /// Why it is not.
    pub fn check(bytes: &[u8]) -> Result<(), ImportError> {
        frame(&|| Ok(Box::new(bytes) as Box<dyn Read>)).map(|_| ())
    }

    /// Reads one file that is in memory, plain or gzip; `name` is what notices call it.
    ///
    /// # Errors
    /// Where the file as a whole is no SARIF 2.1.0.
    pub fn read(&mut self, name: &str, bytes: &[u8]) -> Result<(), ImportError> {
        self.read_from(name, &|| Ok(Box::new(bytes) as Box<dyn Read>))
    }

    /// Reads one file, plain or gzip, that `open` opens from its beginning each time it is called: twice.
    /// In memory is one result at a time, and of each what finding it again needs.
    ///
    /// # Errors
    /// Where the file as a whole is no SARIF 2.1.0.
    pub fn read_from(&mut self, name: &str, open: &Open<'_>) -> Result<(), ImportError> {
        let frames = frame(open)?;
        let tools: Vec<Tool> = frames.iter().map(|run| sarif_tools::tool(&run.members)).collect();
        let settings = self.settings;
        let readers: Vec<Reader<'_>> =
            frames.iter().zip(&tools).map(|(run, tool)| reader(settings, run, tool)).collect();
        let mut read: Vec<(Run, Tally)> = readers.iter().map(|_| Default::default()).collect();
        let mut batch = Batch::default();
        sarif_stream::results(open, &mut |at, text| {
            if batch.push(at, text) {
                self.take(&readers, &mut read, &mut batch);
            }
        })?;
        self.take(&readers, &mut read, &mut batch);
        drop(readers);
        for ((frame, tool), (run, tally)) in frames.iter().zip(tools).zip(read) {
            let who = format!("{} in `{name}`", tool.name);
            self.notices.extend(sarif_notices::of(frame, &tool));
            self.notices.extend(tally.notices(&who));
            let into = self.runs.entry((tool.name.clone(), tool.category.clone())).or_default();
            // Of two versions the greater one is named, whichever came first.
            if into.tool.name.is_empty() || into.tool.version < tool.version {
                into.tool = tool;
            }
            run.rules.into_values().for_each(|rule| keep_rule(&mut into.rules, rule));
            into.results.extend(run.results);
        }
        Ok(())
    }

    /// Reads the results of a batch side by side, and takes them in their order.
    fn take(&mut self, readers: &[Reader<'_>], read: &mut [(Run, Tally)], batch: &mut Batch) {
        let one = |number: usize| {
            let (at, text) = batch.get(number);
            Some((at, readers.get(at)?.result(text)))
        };
        let outcomes: Vec<(usize, Outcome)> = (0..batch.ends.len()).into_par_iter().filter_map(one).collect();
        batch.clear();
        for (at, outcome) in outcomes {
            let Some((run, tally)) = read.get_mut(at) else { continue };
            if self.count >= MOST {
                tally.beyond += 1;
                continue;
            }
            match outcome {
                Outcome::Finding(mut incoming, text, known, repairs) => {
                    self.count += 1;
                    tally.repaired += usize::from(repairs.count > 0);
                    self.values.extend(repairs.values);
                    run.name(&known.rule, incoming.severity);
                    match self.paths.get(&incoming.path) {
                        Some(path) => incoming.path = path.clone(),
                        None => _ = self.paths.insert(incoming.path.clone()),
                    }
                    run.results.push(Taken { incoming: *incoming, text: self.texts.push(&text) });
                }
                Outcome::NoDefect => tally.passed += 1,
                Outcome::Broken => tally.left_out += 1,
            }
        }
    }

    /// Adds everything read to `report`: tools by name and category, results by place, exact repetitions
    /// once, each with a fingerprint. Results of an earlier portcullis report join its own.
    pub fn finish(self, report: &mut ScanReport) {
        if report.tools.is_empty() {
            report.tools.push(Tool {
                name: env!("CARGO_PKG_NAME").into(),
                version: env!("CARGO_PKG_VERSION").into(),
                information_uri: env!("CARGO_PKG_REPOSITORY").into(),
                category: String::new(),
            });
        }
        let values: Vec<String> = self.values.into_iter().collect();
        let values = Values::new(&values);
        let mut texts = self.texts.finish();
        let mut runs: Vec<Run> = self.runs.into_values().collect();
        mask(&mut runs, &mut texts, &values);
        for run in runs {
            run.join(report, &texts);
        }
        sort(&mut report.findings);
        report.complete &= !self.notices.iter().any(|notice| notice.incomplete);
        report.notices.extend(self.notices);
        report.notices.sort();
        report.notices.dedup();
    }
}

/// The runs of a log of version 2.1.0, without their results.
fn frame(open: &Open<'_>) -> Result<Vec<sarif_stream::Run>, ImportError> {
    let frame = sarif_stream::frame(open)?;
    if !frame.version.starts_with("2.1.0") {
        return Err(ImportError::Version(format!("its version is `{}`", frame.version)));
    }
    frame.runs.ok_or_else(|| ImportError::Version("it has no runs".to_owned()))
}

fn reader<'r>(settings: &'r ImportSettings, run: &'r sarif_stream::Run, tool: &'r Tool) -> Reader<'r> {
    let secret = sarif_tools::is_secret_tool(&tool.name);
    let flat = sarif_tools::flat(&tool.name);
    let given = settings.severities.iter().find(|(name, _)| name.eq_ignore_ascii_case(&tool.name));
    let default = given.map(|(_, severity)| *severity).or(secret.then_some(Severity::High)).or(flat);
    let resolver =
        Resolver { bases: run.members.get("originalUriBaseIds"), artifacts: &run.artifacts, root: &settings.root };
    Reader {
        secret,
        information_uri: &tool.information_uri,
        find_secrets: settings.find_secrets.as_deref(),
        equal_rule: settings.equal_rule.as_deref(),
        flat: flat.is_some() && given.is_none(),
        rules: Rules::of(&run.members, default),
        folders: resolver.folders(),
        resolver,
        known: Mutex::default(),
    }
}

/// Masks in all results what a secret tool quoted of any file.
fn mask(runs: &mut [Run], texts: &mut Vec<PackedText>, values: &Values) {
    if values.are_none() {
        return;
    }
    let mut masked = Packer::default();
    let before = u32::try_from(texts.len()).unwrap_or(u32::MAX);
    for taken in runs.iter_mut().flat_map(|run| &mut run.results) {
        let text = texts[taken.text as usize].text();
        if !values.may_be_in(&text) {
            continue;
        }
        let Ok(Value::Object(mut object)) = serde_json::from_str(&text) else { continue };
        if values.hide(&mut object) > 0 {
            taken.text = before + masked.push(&taken.incoming.set(object));
        }
    }
    texts.extend(masked.finish());
}

impl Tally {
    fn notices(&self, who: &str) -> Vec<Notice> {
        let told = |count: usize, text: &str| format!("{count} results of {who} {text}");
        let mut notices = Vec::new();
        if self.left_out > 0 {
            let text = told(self.left_out, "have no place below the root (--root) or no rule, and were left out.");
            notices.push(Notice::incomplete(NoticeKind::Foreign, text));
        }
        if self.beyond > 0 {
            let text = told(self.beyond, &format!("were left out: {MOST} are taken of all files. Merge fewer files."));
            notices.push(Notice::incomplete(NoticeKind::Foreign, text));
        }
        if self.repaired > 0 {
            notices.push(Notice::note(NoticeKind::Foreign, told(self.repaired, "were repaired or masked.")));
        }
        if self.passed > 0 {
            notices.push(Notice::note(NoticeKind::Foreign, told(self.passed, "report no defect, and were left out.")));
        }
        notices
    }
}
