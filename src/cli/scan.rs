//! `portcullis scan`: plan, run, triage, report, verdict.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;

use super::args::{GroupBy, SarifRules, ScanArgs};
use super::baseline::{BaselineArgs, BaselineCommand};
use super::exit::Exit;
use super::inputs::Inputs;
use super::output::{Terminal, write_file};
use super::{CliError, plan, settings};
use crate::config::{Settings, parse_threshold};
use crate::engine;
use crate::external::{Import, ImportSettings, dedup};
use crate::model::{Confidence, ScanReport};
use crate::report::{self, Format};
use crate::triage::gate::{GateSettings, Verdict, gate};
use crate::triage::ignore::{self, Entry};

/// One report to write.
struct Target {
    format: &'static Format,
    file: Option<PathBuf>,
}

/// A report before triage, with what triage needs.
struct Scanned {
    report: ScanReport,
    configuration: Settings,
    ignores: Vec<Entry>,
    today: String,
    /// The folder that paths are relative to.
    base: PathBuf,
}

/// Runs a scan and maps its verdict to an exit code.
pub fn run(args: &ScanArgs, terminal: &Terminal) -> Result<Exit, CliError> {
    let targets = targets(args)?;
    let baseline = args.baseline.as_deref().map(super::baseline::read).transpose().map_err(CliError::Usage)?;
    let mut done = scanned(args, terminal)?;
    let gate_settings = gate_settings(args, &done.configuration)?;
    merge_foreign(args, &mut done)?;
    if let Some(baseline) = baseline {
        baseline.compare(&mut done.report, &BTreeMap::new(), &done.today);
    }
    let verdict = triage(&mut done, &gate_settings, args);
    let report = done.report;
    write_all(&targets, &report, args, terminal)?;
    // The table ends with the same notices and summary.
    let told = targets.iter().any(|target| target.file.is_none() && target.format.name == "table");
    if !terminal.quiet && !told {
        terminal.notices(&report);
        summary(&report);
    }
    Ok(match verdict {
        Verdict::Pass => Exit::Pass,
        Verdict::Fail => Exit::Failed,
        Verdict::Incomplete => Exit::Incomplete,
    })
}

/// The report of a scan before triage.
pub fn report(args: &ScanArgs, terminal: &Terminal) -> Result<ScanReport, CliError> {
    scanned(args, terminal).map(|done| done.report)
}

/// Plans and runs, with a progress line.
fn scanned(args: &ScanArgs, terminal: &Terminal) -> Result<Scanned, CliError> {
    let inputs = Inputs::find(args)?;
    let configuration = plan::configuration(args, &inputs.base)?;
    gate_settings(args, &configuration)?;
    let ignores = settings::ignores(&configuration)?;
    let (own, database) = settings::scanners(args, &configuration, &inputs.base)?;
    let scanners = plan::scanners(args, &configuration, &own)?;
    let progress = terminal.progress();
    let (files, findings) = (progress.clone(), progress.clone());
    let source = plan::source(args, &configuration, &inputs, Box::new(move |bytes| files.file(bytes)))?;
    let mut plan = plan::plan(args, &configuration, source, scanners);
    plan.on_findings = Some(Box::new(move |count| findings.findings(count)));
    let outcome = engine::run(&plan);
    progress.done();
    let mut report = outcome?;
    settings::database(args, &configuration, &database, &mut report)?;
    Ok(Scanned { report, configuration, ignores, today: plan.today, base: inputs.base })
}

/// Adds other tools' SARIF to the report, and marks what means the same.
fn merge_foreign(args: &ScanArgs, done: &mut Scanned) -> Result<(), CliError> {
    let Scanned { report, base, .. } = done;
    if args.sarif.is_empty() {
        return Ok(());
    }
    let root = std::path::absolute(base).unwrap_or_default();
    let settings = ImportSettings { root: root.to_string_lossy().replace('\\', "/"), ..ImportSettings::default() };
    let mut import = Import::new(&settings);
    for file in &args.sarif {
        let bytes = super::output::read_file(file)?;
        let name = file.display();
        import.read(&name.to_string(), &bytes).map_err(|error| CliError::usage(format!("{name}: {error}")))?;
    }
    import.finish(report);
    // A finding that another tool's incomplete run lacks must not make its alert close.
    if report.complete {
        dedup::across_tools(report);
    }
    Ok(())
}

/// Carries out `portcullis baseline`.
pub fn baseline(args: &BaselineArgs, terminal: &Terminal) -> Result<Exit, CliError> {
    let scan = match &args.command {
        BaselineCommand::Show { file } => {
            let baseline = super::baseline::read(file).map_err(CliError::Usage)?;
            let mut text = Vec::new();
            let shown = super::baseline::show(&baseline, &mut text);
            shown.map_err(|source| CliError::Write { place: "standard output".to_owned(), source })?;
            return super::print(&text);
        }
        BaselineCommand::Write(scan) | BaselineCommand::Update(scan) | BaselineCommand::Prune(scan) => scan,
    };
    let args_of_scan = ScanArgs { paths: scan.paths.clone(), ..ScanArgs::default() };
    let mut done = scanned(&args_of_scan, terminal)?;
    triage(&mut done, &GateSettings::default(), &args_of_scan);
    terminal.notices(&done.report);
    let told = super::baseline::store(&args.command, &done.report).map_err(CliError::Usage)?;
    super::print(format!("{told}\n").as_bytes())
}

/// Formats and files, refused before anything is scanned where they cannot be.
fn targets(args: &ScanArgs) -> Result<Vec<Target>, CliError> {
    let table = ["table".to_owned()];
    let formats = if args.formats.is_empty() { &table[..] } else { &args.formats };
    let mut targets = Vec::new();
    for text in formats {
        let (name, file) = match text.split_once('=') {
            Some((name, file)) => (name, Some(PathBuf::from(file))),
            None => (text.as_str(), None),
        };
        targets.push(Target { format: format(name)?, file });
    }
    if let Some(output) = &args.output {
        match &mut targets[..] {
            [only] if only.file.is_none() => only.file = Some(output.clone()),
            _ => return Err(CliError::usage("-o goes with one format; with several, write -f FORMAT=FILE for each")),
        }
    }
    if targets.iter().filter(|target| target.file.is_none()).count() > 1 {
        return Err(CliError::usage("two formats for standard output: write all but one as -f FORMAT=FILE"));
    }
    for folder in targets.iter().filter_map(|target| target.file.as_deref()?.parent()) {
        if !folder.as_os_str().is_empty() && !folder.is_dir() {
            let message = format!("the folder `{}` of an output file does not exist: make it first", folder.display());
            return Err(CliError::usage(message));
        }
    }
    Ok(targets)
}

fn format(name: &str) -> Result<&'static Format, CliError> {
    report::find(name).ok_or_else(|| {
        let names: Vec<&str> = report::FORMATS.iter().map(|format| format.name).collect();
        let hint = crate::config::nearest(name, names.iter().copied());
        let hint = hint.map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default();
        CliError::usage(format!("there is no format `{name}`{hint}: the formats are {}", names.join(", ")))
    })
}

/// Flags over configuration over the default, `high`.
fn gate_settings(args: &ScanArgs, configuration: &Settings) -> Result<GateSettings, CliError> {
    let mut settings = GateSettings::default();
    if let Some(fail_on) = configuration.fail_on {
        settings.fail_on = fail_on;
    }
    settings.scanners.extend(configuration.fail_on_scanners.clone());
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
            }
        }
    }
    settings.new_only = args.new_only;
    settings.min_confidence = min_confidence(args)?;
    Ok(settings)
}

fn min_confidence(args: &ScanArgs) -> Result<Option<Confidence>, CliError> {
    let read = |word: &String| word.parse().map_err(|message| CliError::usage(format!("--min-confidence: {message}")));
    args.min_confidence.as_ref().map(read).transpose()
}

fn triage(done: &mut Scanned, gate_settings: &GateSettings, args: &ScanArgs) -> Verdict {
    let Scanned { report, configuration, ignores, today, .. } = done;
    if let Some(least) = gate_settings.min_confidence.or(configuration.min_confidence) {
        report.findings.retain(|finding| finding.confidence >= least);
    }
    ignore::apply(report, ignores, today);
    if args.deny_unused_ignores || configuration.deny_unused_ignores {
        for notice in report.notices.iter_mut().filter(|n| n.kind == crate::model::NoticeKind::Suppression) {
            notice.incomplete = true;
        }
    }
    report.complete = !report.notices.iter().any(|notice| notice.incomplete);
    gate(report, gate_settings)
}

fn write_all(targets: &[Target], report: &ScanReport, args: &ScanArgs, terminal: &Terminal) -> Result<(), CliError> {
    let options = report::Options {
        width: terminal.width,
        color: terminal.color,
        group_by: match args.group_by {
            GroupBy::File => report::GroupBy::File,
            GroupBy::Severity => report::GroupBy::Severity,
        },
        sarif_all_rules: args.sarif_rules == SarifRules::All,
        show_suppressed: args.show_suppressed,
        category: args.category.clone(),
        verbose: terminal.verbose,
        ..report::Options::default()
    };
    for target in targets {
        match &target.file {
            Some(path) => {
                let plain = report::Options { width: None, color: false, ..options.clone() };
                write_file(path, |out| target.format.reporter.write(report, &plain, out))?;
            }
            None => {
                let mut out = io::BufWriter::new(io::stdout().lock());
                let written = target.format.reporter.write(report, &options, &mut out).and_then(|()| out.flush());
                written.map_err(|source| CliError::Write { place: "standard output".to_owned(), source })?;
            }
        }
    }
    Ok(())
}

/// One line on standard error: counts, coverage, time, and then the gate's reasons.
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
    for line in &report.verdict {
        let _ = writeln!(err, "{}", crate::report::escape::terminal(line));
    }
}
