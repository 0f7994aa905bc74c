//! `portcullis scan`: plan, run, triage, report, verdict.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::args::{ScanArgs, Unknown};
use super::baseline::{BaselineArgs, BaselineCommand};
use super::ci::Ci;
use super::exit::Exit;
use super::inputs::Inputs;
use super::narrow::Narrow;
use super::output::Terminal;
use super::{CliError, cache, foreign, gate_report, helm, linters, online, plan, settings, targets, tools};
use crate::config::{CONFIG_FILE, Settings, parse_threshold};
use crate::engine::{self, Mask};
use crate::external::tool::Running;
use crate::external::{Import, ImportSettings, dedup};
use crate::model::{Confidence, Notice, NoticeKind, ScanReport};
use crate::scan::iac;
use crate::scan::registry::BUILT_IN;
use crate::source::git::can_compare;
use crate::source::git::renames::renames;
use crate::triage::gate::{GateSettings, PathGate, Verdict, gate};
use crate::triage::ignore::{self, Entry};
use crate::triage::vex;

/// A report before triage, with what triage needs.
struct Scanned {
    report: ScanReport,
    configuration: Settings,
    ignores: Vec<Entry>,
    vex: Vec<vex::Document>,
    today: String,
    /// The folder that paths are relative to.
    base: PathBuf,
    /// External scanners at work.
    tools: Vec<Running>,
    mask: Mask,
}

impl Scanned {
    /// How reports of other tools on this tree are read, earlier ones too.
    fn foreign(&self) -> Result<ImportSettings, CliError> {
        foreign::settings(&self.base, self.configuration.tool_severity.clone())
    }
}

/// Runs a scan and maps its verdict to an exit code.
pub fn run(args: &ScanArgs, terminal: &Terminal) -> Result<Exit, CliError> {
    let ci = args.ci.then(Ci::find).flatten();
    let (args, without_base) = with_base(args, terminal);
    let args = &args;
    if let Some(ci) = ci {
        terminal.remark(&ci.describe());
    }
    let targets = targets::find(args, ci)?;
    let known = args.baseline.as_deref().map(super::baseline::open).transpose()?;
    let not_updated = args.update_db.as_deref().and_then(|from| super::db::refresh(from, terminal.quiet));
    let mut done = scanned(args, terminal, true)?;
    done.report.notices.extend(without_base.into_iter().chain(not_updated));
    let gate_settings = gate_settings(args, &done.configuration)?;
    merge_foreign(args, &mut done)?;
    if let Some(known) = known {
        let (baseline, told) = known.baseline(|| done.foreign())?;
        done.report.notices.extend(told);
        let renames = args.renames.as_deref().map(|since| renames(&done.base, since)).transpose();
        let renames = renames.map_err(|error| CliError::usage(format!("--renames: {error}")))?;
        baseline.compare(&mut done.report, &renames.unwrap_or_default(), &done.today);
    }
    let verdict = triage(&mut done, &gate_settings, args);
    let report = done.report;
    if let Some(file) = &args.gate_report {
        gate_report::write(file, &report, &gate_settings, verdict)?;
    }
    let exit = match verdict {
        Verdict::Pass => Exit::Pass,
        Verdict::Fail => Exit::Failed,
        Verdict::Incomplete => Exit::Incomplete,
    };
    targets::write(&targets, &report, args, ci, terminal)?;
    if let Some(ci) = ci {
        targets::hand_over(ci, &report, exit)?;
    }
    // The table ends with the same notices and summary.
    let told = targets.iter().any(targets::Target::is_table);
    if !terminal.quiet && !told {
        terminal.notices(&report);
        summary(&report);
        terminal.verdict(&report);
    }
    Ok(exit)
}

/// `--diff auto` as the base that the pipeline's service names. A build of no change is scanned whole, and so is one
/// whose clone cannot tell the change: then with a notice.
fn with_base(args: &ScanArgs, terminal: &Terminal) -> (ScanArgs, Option<Notice>) {
    let mut args = args.clone();
    let mut notice = None;
    if args.diff.as_deref() == Some("auto") {
        let folder = args.paths.first().map_or(Path::new("."), PathBuf::as_path);
        let base = Ci::find().and_then(Ci::base);
        args.diff = base.clone().filter(|base| can_compare(folder, base));
        let told = match (&args.diff, base) {
            (Some(base), _) => format!("--diff auto: what changed since {base}"),
            (None, None) => "--diff auto: no service names a base, so everything is scanned".to_owned(),
            (None, Some(base)) => {
                let message = format!(
                    "this clone cannot say what changed since {base}: it lacks that commit, or the one where both parted. Everything was scanned; a clone with its history (`fetch-depth: 0`) is faster"
                );
                notice = Some(Notice::warning(NoticeKind::Skipped, message));
                format!("--diff auto: {base} is not in this clone, so everything is scanned")
            }
        };
        terminal.remark(&told);
    }
    (args, notice)
}

/// The report of a scan before triage.
pub fn report(args: &ScanArgs, terminal: &Terminal) -> Result<ScanReport, CliError> {
    scanned(args, terminal, false).map(|done| done.report)
}

/// A scan whose findings know whether they are tolerated: what there is to repair.
pub struct Triaged {
    /// Its findings, the tolerated ones marked.
    pub report: ScanReport,
    /// The folder that their paths are relative to.
    pub base: PathBuf,
    /// The scanners that the configuration asks for; `None` for all.
    pub scanners: Option<Vec<String>>,
    /// Finds the tree's secrets in what is shown of it.
    pub mask: Mask,
}

/// Scans and applies suppressions; no gate.
pub fn triaged(args: &ScanArgs, terminal: &Terminal) -> Result<Triaged, CliError> {
    let mut done = scanned(args, terminal, false)?;
    triage(&mut done, &GateSettings::default(), args);
    let Scanned { report, base, configuration, mask, .. } = done;
    Ok(Triaged { report, base, scanners: configuration.scan.scanners, mask })
}

/// Plans and runs, with a progress line; external scanners go on beside it.
fn scanned(args: &ScanArgs, terminal: &Terminal, with_tools: bool) -> Result<Scanned, CliError> {
    let mut inputs = Inputs::find(args)?;
    if args.installed && inputs.is_installed() {
        return Err(CliError::usage(
            "--installed: what is scanned lies in node_modules itself, and a package is known by the folders above it. Scan the project's folder, or name that with --root",
        ));
    }
    let configuration = plan::configuration(args, &inputs.base)?;
    gate_settings(args, &configuration)?;
    let mut ignores = settings::ignores(&configuration)?;
    let mut unread = Vec::new();
    if plan::pragmas(args, &configuration) {
        let (entries, notices) = linters::ignores(&inputs.base)?;
        ignores.extend(entries);
        unread = notices;
    }
    let vex = settings::vex(args, &configuration)?;
    // What the configuration of a larger tree names may lie outside of the part that is scanned.
    let (inside, outside) = inputs.inside(&configuration.iac.tf_var_files)?;
    let tf_var_files = inputs.add_files(inside.into_iter().chain(&args.tf_var_file))?;
    let tf_plans = inputs.add_files(args.tf_plan.iter())?;
    let sboms = inputs.add_files(args.sbom.iter())?;
    let (rendered, of_helm) = helm::render(args, &configuration, &inputs)?;
    let iac_settings = iac::Settings {
        rendered,
        tf_var_files,
        tf_plans,
        no_pragmas: !plan::pragmas(args, &configuration),
        report_unknown: args.unknown == Unknown::Report,
        partial: !settings::reads_whole_folders(args, &configuration),
    };
    let mut own = settings::scanners(args, &configuration, iac_settings)?;
    own.scanners.deps.sboms = sboms;
    settings::foreign(&inputs.base, plan::pragmas(args, &configuration), &mut own)?;
    let scanners = plan::scanners(args, &configuration, &own.scanners)?;
    inputs.installed = plan::installed(&scanners);
    let narrow = Narrow::new(&configuration, &scanners)?;
    let progress = terminal.progress();
    let (files, findings) = (progress.clone(), progress.clone());
    let cache = cache::open(args, &configuration, &inputs.base, &scanners)?;
    let tell = Box::new(move |bytes| files.file(bytes));
    let source = plan::source(args, &configuration, &inputs, cache.as_ref(), tell)?;
    let mut plan = plan::plan(args, &configuration, source, scanners);
    plan.on_findings = Some(Box::new(move |count| findings.findings(count)));
    let (tools, not_started) =
        if with_tools { tools::start(args, &configuration, &inputs.base) } else { Default::default() };
    let outcome = engine::run_with_mask(&plan);
    progress.done();
    let (mut report, mask) = outcome?;
    report.notices.extend(cache.and_then(|cache| cache::close(&cache, terminal)));
    narrow.apply(&mut report);
    online::resolve(&args.online, &mut report);
    report.notices.extend(outside.into_iter().map(|file| settings::outside(file)));
    report.notices.extend(own.notices.into_iter().chain(unread).chain(of_helm));
    report.complete &= not_started.is_empty();
    report.notices.extend(not_started);
    settings::database(args, &configuration, &own.database, &mut report)?;
    Ok(Scanned { report, configuration, ignores, vex, today: plan.today, base: inputs.base, tools, mask })
}

/// Adds other tools' SARIF to the report, and marks what means the same.
fn merge_foreign(args: &ScanArgs, done: &mut Scanned) -> Result<(), CliError> {
    if args.sarif.is_empty() && done.tools.is_empty() {
        return Ok(());
    }
    let settings = done.foreign()?;
    let Scanned { report, tools, .. } = done;
    let mut import = Import::new(&settings);
    for file in &args.sarif {
        foreign::read(&mut import, file)?;
    }
    for tool in tools.drain(..) {
        tool.finish(&mut import, settings.find_secrets.as_deref());
    }
    import.finish(report);
    if !args.no_dedup {
        dedup::across_tools(report);
    }
    Ok(())
}

/// Carries out `portcullis baseline`.
pub fn baseline(args: &BaselineArgs, terminal: &Terminal) -> Result<Exit, CliError> {
    let scan = match &args.command {
        BaselineCommand::Show { file } => {
            let settings = || foreign::settings(Path::new("."), Default::default());
            let (baseline, _) = super::baseline::open(file)?.baseline(settings)?;
            let mut text = Vec::new();
            let shown = super::baseline::show(&baseline, &mut text);
            shown.map_err(|source| CliError::Write { place: "standard output".to_owned(), source })?;
            return super::print(&text);
        }
        BaselineCommand::Write(scan) | BaselineCommand::Update(scan) | BaselineCommand::Prune(scan) => scan,
    };
    let args_of_scan = scan.args();
    let mut done = scanned(&args_of_scan, terminal, true)?;
    merge_foreign(&args_of_scan, &mut done)?;
    triage(&mut done, &GateSettings::default(), &args_of_scan);
    terminal.notices(&done.report);
    let told = super::baseline::store(&args.command, &done.report, || done.foreign())?;
    super::print(format!("{told}\n").as_bytes())
}

/// Flags over configuration over the default, `high`.
fn gate_settings(args: &ScanArgs, configuration: &Settings) -> Result<GateSettings, CliError> {
    let mut settings = GateSettings::default();
    if let Some(fail_on) = configuration.fail_on {
        settings.fail_on = fail_on;
    }
    settings.scanners.extend(configuration.fail_on_scanners.clone());
    for (globs, fail_on) in &configuration.fail_on_paths {
        let gate = PathGate::new(globs, *fail_on)
            .map_err(|error| CliError::usage(format!("`paths` of a `[[gate]]`: {error}")))?;
        settings.paths.push(gate);
    }
    settings.fixable_only = args.fixable_only || configuration.fixable_only;
    settings.tolerated = args.max_findings.or(configuration.tolerate).unwrap_or(0);
    for text in &args.fail_on {
        let read = |word| parse_threshold(word).map_err(|message| CliError::usage(format!("--fail-on: {message}")));
        match text.split_once('=') {
            Some((scanner, word)) => {
                plan::known_scanner(scanner)?;
                settings.scanners.insert(scanner.to_owned(), read(word)?);
            }
            None => {
                settings.fail_on = read(text)?;
                settings.scanners.clear();
                settings.paths.clear();
            }
        }
    }
    settings.new_only = args.new_only || configuration.new_only;
    settings.min_confidence = min_confidence(args)?;
    Ok(settings)
}

fn min_confidence(args: &ScanArgs) -> Result<Option<Confidence>, CliError> {
    let read = |word: &String| word.parse().map_err(|message| CliError::usage(format!("--min-confidence: {message}")));
    args.min_confidence.as_ref().map(read).transpose()
}

fn triage(done: &mut Scanned, gate_settings: &GateSettings, args: &ScanArgs) -> Verdict {
    let Scanned { report, configuration, ignores, vex, today, base, .. } = done;
    if let Some(least) = gate_settings.min_confidence.or(configuration.min_confidence) {
        report.findings.retain(|finding| finding.confidence >= least);
    }
    let idle = idle_scanners(report);
    let whole = sees_everything(args, base);
    // What other tools' files ignore may be about what we have no rule for.
    let own = |entry: &Entry| entry.source == CONFIG_FILE;
    let could_match = |entry: &Entry| whole && own(entry) && !idle.iter().any(|name| entry.is_about(name));
    ignore::apply(report, ignores, today, &could_match);
    vex::apply(report, vex);
    if args.deny_unused_ignores || configuration.deny_unused_ignores {
        for notice in report.notices.iter_mut().filter(|n| n.kind == NoticeKind::Suppression) {
            notice.incomplete = true;
        }
    }
    report.complete = !report.notices.iter().any(|notice| notice.incomplete);
    gate(report, gate_settings)
}

/// The built-in scanners that did not run.
fn idle_scanners(report: &ScanReport) -> Vec<&'static str> {
    BUILT_IN.iter().map(|one| one.name).filter(|name| !report.scanners.contains(name)).collect()
}

/// True where the run looked at all that the configuration speaks of: every file of its folder.
fn sees_everything(args: &ScanArgs, base: &Path) -> bool {
    let whole = matches!(&args.paths[..], []) || matches!(&args.paths[..], [one] if one.is_dir());
    !args.is_partial() && whole && (args.config.is_some() || base.join(CONFIG_FILE).is_file())
}

/// One line on standard error: counts, coverage, time.
fn summary(report: &ScanReport) {
    let counts = report.counts();
    let found: Vec<String> =
        counts.iter().filter(|(_, count)| *count > 0).map(|(severity, count)| format!("{count} {severity}")).collect();
    let found = if found.is_empty() { "no findings".to_owned() } else { found.join(", ") };
    let coverage = &report.coverage;
    let mut err = io::stderr().lock();
    let _ = writeln!(
        err,
        "{found} in {} {} ({:.1} MB) in {:.2} s",
        coverage.files_scanned,
        if coverage.files_scanned == 1 { "file" } else { "files" },
        coverage.bytes_scanned as f64 / 1e6,
        report.elapsed.as_secs_f64()
    );
}
