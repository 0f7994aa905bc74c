//! `portcullis rules` and `portcullis explain`.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::{RulesArgs, RulesCommand, ScanArgs};
use super::exit::Exit;
use super::output::{Terminal, lines};
use super::{CliError, plan, print, scan, settings};
use crate::config::{Settings, nearest};
use crate::model::Rule;

/// Carries out `portcullis rules`.
pub fn run(args: &RulesArgs, terminal: &Terminal) -> Result<Exit, CliError> {
    match &args.command {
        RulesCommand::List { scanner } => {
            if let Some(name) = scanner {
                plan::known_scanner(name)?;
            }
            let mut text = String::new();
            for rule in all()?.iter().filter(|rule| scanner.as_ref().is_none_or(|name| rule.id.scanner() == name)) {
                let _ = writeln!(text, "{:<9} {:<60} {}", rule.severity, rule.id, rule.title);
            }
            print(text.as_bytes())
        }
        RulesCommand::Show { rule } => explain(rule),
        RulesCommand::Test { rule, file, rules } => test(rule, file, rules, terminal),
    }
}

/// Scans a file, and shows what one rule finds in it; exit 1 where it finds nothing.
fn test(name: &str, file: &Path, folders: &[PathBuf], terminal: &Terminal) -> Result<Exit, CliError> {
    let args = ScanArgs {
        paths: vec![file.to_path_buf()],
        rules: folders.to_vec(),
        no_ignore: true,
        no_config: true,
        no_pragmas: true,
        ..ScanArgs::default()
    };
    let report = scan::report(&args, terminal)?;
    let mut text = String::new();
    for finding in &report.findings {
        if report.rule_of(finding).is_some_and(|rule| rule.answers_to(name)) {
            let place = finding.primary.region;
            let _ = writeln!(text, "{}:{}: {}", place.start_line, place.char_column, finding.message);
        }
    }
    if text.is_empty() {
        print(format!("`{name}` finds nothing in {}\n", lines(&file.display().to_string())).as_bytes())?;
        return Ok(Exit::Failed);
    }
    print(lines(&text).as_bytes())
}

/// Everything about one rule.
pub fn explain(name: &str) -> Result<Exit, CliError> {
    let rules = all()?;
    let found: Vec<&Arc<Rule>> = rules.iter().filter(|rule| rule.answers_to(name)).collect();
    if found.is_empty() {
        let near = nearest(name, rules.iter().flat_map(|rule| [rule.id.as_str(), rule.id.short()]));
        let hint = near.map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default();
        let message = format!("there is no rule `{name}`{hint}: `portcullis rules list` lists them");
        return Err(CliError::usage(message));
    }
    let text: Vec<String> = found.into_iter().map(|rule| described(rule)).collect();
    print(lines(&text.join("\n")).as_bytes())
}

/// A rule as a page for people.
pub fn described(rule: &Rule) -> String {
    let mut text = format!("{}\n  {}\n", rule.id, rule.title);
    let _ = writeln!(text, "  severity {}, confidence {}", rule.severity, rule.confidence);
    let cwe: Vec<String> = rule.cwe.iter().map(|number| format!("CWE-{number}")).collect();
    for (label, items) in [("weakness", &cwe), ("also known as", &rule.aliases), ("tags", &rule.tags)] {
        if !items.is_empty() {
            let _ = writeln!(text, "  {label} {}", items.join(", "));
        }
    }
    if !rule.help.is_empty() {
        let _ = writeln!(text, "\n{}", rule.help.trim());
    }
    for reference in &rule.references {
        let _ = writeln!(text, "  {reference}");
    }
    text
}

/// Every rule of every scanner, sorted by id.
fn all() -> Result<Vec<Arc<Rule>>, CliError> {
    let (args, file) = (ScanArgs::default(), Settings::default());
    let own = settings::scanners(&args, &file, Default::default())?;
    let scanners = plan::scanners(&args, &file, &own.scanners)?;
    let mut rules: Vec<Arc<Rule>> = scanners.iter().flat_map(|scanner| scanner.rules()).collect();
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(rules)
}
