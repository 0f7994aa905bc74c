//! What may be typed. Arguments are never passed below `cli`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::baseline::BaselineArgs;
use super::db::DbArgs;
use super::explain::ExplainArgs;
use super::fix::FixArgs;
use super::hook::HookArgs;
use super::init::InitArgs;
use super::merge::MergeArgs;
use super::online::OnlineArgs;
use super::sbom::SbomArgs;
use super::tolerate::IgnoreArgs;

/// One pass over a source tree for secrets, vulnerable dependencies and infrastructure misconfiguration.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version, about, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 pass, 1 gate failed, 2 usage or configuration error, 3 scan incomplete.")]
pub struct Cli {
    /// When to colour output.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
    /// Say nothing but the report and errors.
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more: every notice, and what was left out.
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// When output has colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Scan a tree and report; exit 1 where the gate fails.
    Scan(Box<ScanArgs>),
    /// Merge other tools' SARIF into one report.
    Merge(MergeArgs),
    /// Write a bill of materials of what the lock files pin.
    Sbom(SbomArgs),
    /// Write, update and show a baseline of known findings.
    Baseline(BaselineArgs),
    /// Fetch, check and carry the advisory database.
    Db(DbArgs),
    /// Propose a configuration, a workflow and a hook for this repository.
    Init(InitArgs),
    /// Scan before each commit or push.
    Hook(HookArgs),
    /// List and show rules.
    Rules(RulesArgs),
    /// External scanners.
    Tools(ToolsArgs),
    /// Show the configuration, and its schema.
    Config(ConfigArgs),
    /// Explain a rule or a finding: why, how to fix it, references.
    Explain(ExplainArgs),
    /// Repair findings where that is mechanical: permissions of tokens, persisted credentials, flags, switches.
    #[command(after_help = "Exit codes: 0 every repair that was offered was made, 1 some were left out, 2 usage or \
                            configuration error, 3 scan incomplete.")]
    Fix(FixArgs),
    /// Tolerate findings: write them into portcullis.toml, with a reason.
    Ignore(IgnoreArgs),
    /// Write shell completions to standard output.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write the manual page to standard output, or one for each command into a folder.
    Man {
        /// The folder; it must exist.
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

/// Arguments of `scan`.
#[derive(Clone, Debug, Default, Args)]
pub struct ScanArgs {
    /// Folders and files to scan, or `-` for one file on standard input; the current folder where none is
    /// named.
    pub paths: Vec<PathBuf>,
    /// Scan the files of a list, one a line or with NUL between them; `-` reads the list from standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "paths")]
    pub files_from: Option<PathBuf>,
    /// The path of the file on standard input: it decides what is looked for, and stands in the report.
    #[arg(long, value_name = "PATH")]
    pub stdin_filename: Option<PathBuf>,
    /// Folder that reported paths are relative to; every path must lie in it. Without it: the one folder scanned,
    /// else the current one.
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Report format, with `=FILE` to write it there; may be repeated.
    #[arg(short, long = "format", value_name = "FORMAT[=FILE]")]
    pub formats: Vec<String>,
    /// Write the (only) report to a file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// In a pipeline of GitHub, GitLab, Azure, Jenkins, Bitbucket or Buildkite: annotations before the table, and
    /// the service's summary and outputs, where it has them.
    #[arg(long)]
    pub ci: bool,
    /// Scan again whenever a file changes, until it is ended.
    #[arg(long, conflicts_with_all = ["history", "ci"])]
    pub watch: bool,
    /// Run these scanners alone.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub scanners: Vec<String>,
    /// Leave these scanners out.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub skip_scanners: Vec<String>,
    /// Fail on findings of this severity or worse: critical, high, medium, low, info or none; per scanner as
    /// `secrets=low,iac=critical`.
    #[arg(long, value_name = "SEVERITY", value_delimiter = ',', env = "PORTCULLIS_FAIL_ON")]
    pub fail_on: Vec<String>,
    /// Only findings with a repair or a fixed version fail.
    #[arg(long)]
    pub fixable_only: bool,
    /// Report and count only findings at least this sure.
    #[arg(long, value_name = "CONFIDENCE")]
    pub min_confidence: Option<String>,
    /// Scan what .gitignore, .ignore and .portcullisignore leave out, too.
    #[arg(long)]
    pub no_ignore: bool,
    /// Leave out files and folders that match; may be repeated.
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Scan only files that match; may be repeated.
    #[arg(long, value_name = "GLOB")]
    pub include: Vec<String>,
    /// Parse files up to this size; larger ones are searched for secrets in windows. K, M and G count 1024.
    #[arg(long, value_name = "BYTES")]
    pub max_file_size: Option<String>,
    /// Worker threads; 0 for one per core.
    #[arg(short = 'j', long, value_name = "N", default_value_t = 0, env = "PORTCULLIS_THREADS")]
    pub threads: usize,
    /// A folder of rules of your own, in the form of rules/README.md and rules/iac/README.md, and of policies for
    /// Checkov, conftest and Trivy; may be repeated.
    #[arg(long, visible_alias = "policy", value_name = "DIR")]
    pub rules: Vec<PathBuf>,
    /// Rules listed in SARIF: those that fired, or all.
    #[arg(long, value_enum, default_value_t = SarifRules::Fired, value_name = "WHICH")]
    pub sarif_rules: SarifRules,
    /// Write each SARIF file in parts, one per scanner and other tool, each with a category of its own:
    /// FILE.secrets.sarif and so on.
    #[arg(long)]
    pub split_sarif: bool,
    /// Write suppressed findings too, marked as such.
    #[arg(long)]
    pub show_suppressed: bool,
    /// A baseline: its findings are known, and only others count as new.
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Only findings that are not in the baseline fail the run.
    #[arg(long, requires = "baseline")]
    pub new_only: bool,
    /// Follow files that git says were renamed since this commit, when the baseline is compared.
    #[arg(long, value_name = "COMMIT", requires = "baseline")]
    pub renames: Option<String>,
    /// SARIF of other tools to merge into the report; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub sarif: Vec<PathBuf>,
    /// Keep findings of different tools apart that mean the same, ours among them.
    #[arg(long)]
    pub no_dedup: bool,
    /// Run the external scanners that a configuration inside the scanned tree names: it may run anything.
    #[arg(long)]
    pub trust_config: bool,
    /// Render the Helm charts of the tree with the helm on the PATH, and check what they become: default values, no
    /// network, no plugins.
    #[arg(long, conflicts_with_all = ["staged", "diff", "since", "history"])]
    pub helm: bool,
    /// Run no external scanner.
    #[arg(long, conflicts_with = "trust_config")]
    pub no_tools: bool,
    /// Tolerate so many findings that meet the gate.
    #[arg(long, value_name = "N")]
    pub max_findings: Option<usize>,
    /// Write the gate's verdict, its reasons and the findings that fail to a JSON file.
    #[arg(long, value_name = "FILE")]
    pub gate_report: Option<PathBuf>,
    /// Ignore every suppression comment.
    #[arg(long)]
    pub no_pragmas: bool,
    /// Group the table by file or by severity.
    #[arg(long, value_enum, default_value_t = GroupBy::File, value_name = "HOW")]
    pub group_by: GroupBy,
    /// Category of the SARIF upload: one analysis per tool and category replaces the one before.
    #[arg(long, value_name = "NAME", default_value = "portcullis")]
    pub category: String,
    /// The configuration file, instead of portcullis.toml found upwards from the root.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Read no configuration file.
    #[arg(long, conflicts_with = "config")]
    pub no_config: bool,
    /// The advisory database: an index file or a folder in the OSV bucket's layout.
    #[arg(long, value_name = "PATH", env = "PORTCULLIS_DB")]
    pub db: Option<PathBuf>,
    /// Bring the advisory database up to date first, from the network or, with `=FROM`, from what `db update --from` takes.
    /// Where that fails, the scan goes on with the database before, and says so.
    #[arg(long, value_name = "FROM", num_args = 0..=1, require_equals = true, default_missing_value = "",
        conflicts_with = "db")]
    pub update_db: Option<String>,
    /// Repairs that need the network.
    #[command(flatten)]
    pub online: OnlineArgs,
    /// Count an advisory database older than this as an incomplete scan: 7d, 48h.
    #[arg(long, value_name = "AGE")]
    pub max_db_age: Option<String>,
    /// Notices of unused ignores fail the run as incomplete.
    #[arg(long)]
    pub deny_unused_ignores: bool,
    /// Scan what is staged for the next commit, as the index has it, and report what is new.
    #[arg(long, conflicts_with_all = ["diff", "since", "history"])]
    pub staged: bool,
    /// Scan the files that a range of commits changed, and report what is new: BASE for BASE...HEAD (since the
    /// branches parted), A..B, or `auto` for what the pipeline's service names.
    #[arg(long, value_name = "BASE", conflicts_with_all = ["since", "history"])]
    pub diff: Option<String>,
    /// Scan the files that changed since a revision, and report what is new.
    #[arg(long, value_name = "REV", conflicts_with = "history")]
    pub since: Option<String>,
    /// With --staged, --diff or --since, report findings on all lines of changed files.
    #[arg(long)]
    pub whole_files: bool,
    /// The index to read instead of the repository's; git sets it for its hooks.
    #[arg(long, value_name = "FILE", env = "GIT_INDEX_FILE", hide = true)]
    pub index_file: Option<PathBuf>,
    /// Look for secrets in every commit of the repository instead of the work tree; with `=REV` or `=A..B` in
    /// those commits alone.
    #[arg(long, value_name = "RANGE", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub history: Option<String>,
    /// With --history, the stash, too.
    #[arg(long, requires = "history")]
    pub stashes: bool,
    /// Keep which files and blobs were clean in the platform's cache folder, or in DIR, and read only what is new the next
    /// time: of a history, and of large trees.
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true, default_missing_value = "",
        conflicts_with_all = ["staged", "diff", "since"])]
    pub cache: Option<std::ffi::OsString>,
    /// A Terraform variable file; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub tf_var_file: Vec<PathBuf>,
    /// A bill of materials to check beside the lock files: CycloneDX or SPDX 2 as JSON; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub sbom: Vec<PathBuf>,
    /// Check what is installed in node_modules, too, although git ignores it; other scanners do not look there.
    #[arg(long)]
    pub installed: bool,
    /// Check what executables say they are built from: Go's build information, and what cargo-auditable embeds.
    #[arg(long)]
    pub binaries: bool,
    /// Do not lower Go findings whose vulnerable packages the module's own sources do not import.
    #[arg(long)]
    pub no_reach: bool,
    /// A VEX document (OpenVEX, CycloneDX) whose statements say what does not affect this project; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub vex: Vec<PathBuf>,
    /// A Terraform plan as JSON (`terraform show -json`), whatever its name; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub tf_plan: Vec<PathBuf>,
    /// Values of infrastructure that can't be known from the text: pass over them, or report in notices which rules
    /// they kept from deciding. They never fail a rule.
    #[arg(long, value_enum, default_value_t = Unknown::Pass, value_name = "HOW")]
    pub unknown: Unknown,
}

impl ScanArgs {
    /// True where a flag leaves out files of the folders that are scanned.
    pub fn is_partial(&self) -> bool {
        let change = self.staged || self.diff.is_some() || self.since.is_some() || self.history.is_some();
        change || self.files_from.is_some() || !self.include.is_empty() || !self.exclude.is_empty()
    }
}

/// What is done with values that can't be known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Unknown {
    /// Nothing.
    #[default]
    Pass,
    /// A notice for each resource.
    Report,
}

/// Which rules SARIF lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum SarifRules {
    /// Those that fired.
    #[default]
    Fired,
    /// Every rule of the scanners that ran.
    All,
}

/// How the table groups findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum GroupBy {
    /// By file.
    #[default]
    File,
    /// By severity, the worst first.
    Severity,
}

/// Arguments of `tools`.
#[derive(Debug, Args)]
pub struct ToolsArgs {
    /// What to do with them.
    #[command(subcommand)]
    pub command: ToolsCommand,
}

/// What may be done with external scanners.
#[derive(Debug, Subcommand)]
pub enum ToolsCommand {
    /// One line per ready entry: its name, whether it is installed, what is run.
    List,
}

/// Arguments of `config`.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// What may be done with the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Show every value that is set.
    Show {
        /// The folder whose configuration it is.
        #[arg(default_value = ".")]
        path: PathBuf,
        /// The configuration file, instead of portcullis.toml found upwards.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Show the file and line that each value is from.
        #[arg(long)]
        origin: bool,
    },
    /// Write the JSON schema of portcullis.toml to standard output.
    Schema,
}

/// Arguments of `rules`.
#[derive(Debug, Args)]
pub struct RulesArgs {
    /// What to do with them.
    #[command(subcommand)]
    pub command: RulesCommand,
}

/// What may be done with rules.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// One line per rule.
    List {
        /// Only rules of this scanner.
        #[arg(long, value_name = "NAME")]
        scanner: Option<String>,
    },
    /// Scan a file of samples, and show what one rule finds in it.
    Test {
        /// A rule id, with or without its scanner.
        rule: String,
        /// The samples; the file's name counts, as in a scan.
        file: PathBuf,
        /// A folder of rules of your own; may be repeated.
        #[arg(long, value_name = "DIR")]
        rules: Vec<PathBuf>,
    },
    /// Everything about one rule.
    Show {
        /// A rule id, with or without its scanner, or an alias.
        rule: String,
    },
}
