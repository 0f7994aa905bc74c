//! What the configuration takes out of a finished report: `iac.disable` and `secrets.allow-paths`.

use globset::GlobMatcher;

use super::CliError;
use crate::config::{Settings, nearest};
use crate::model::{Finding, Rule, ScanReport};
use crate::scan::Scanner;
use crate::triage::ignore::Entry;

/// Rules and paths that are not to be reported, checked.
pub struct Narrow {
    /// Rules of the infrastructure scanner, as its rules answer to them.
    rules: Vec<String>,
    /// Files that may hold what looks like a secret.
    paths: Vec<GlobMatcher>,
}

impl Narrow {
    /// As the configuration has it.
    ///
    /// # Errors
    /// On a name that no rule answers to, or a path that is no glob.
    pub fn new(file: &Settings, scanners: &[Box<dyn Scanner>]) -> Result<Self, CliError> {
        let glob = |text: &String| {
            Entry::path_glob(text).map_err(|error| CliError::usage(format!("secrets.allow-paths: {error}")))
        };
        let rules = file.iac.disable.clone();
        if let (false, Some(scanner)) = (rules.is_empty(), scanners.iter().find(|one| one.name() == "iac")) {
            let known = scanner.rules();
            rules.iter().try_for_each(|name| must_be_known(name, known.iter().map(AsRef::as_ref)))?;
        }
        Ok(Self { rules, paths: file.secrets.allow_paths.iter().map(glob).collect::<Result<_, _>>()? })
    }

    /// Takes it out, the rules of what went with it.
    pub fn apply(&self, report: &mut ScanReport) {
        if self.rules.is_empty() && self.paths.is_empty() {
            return;
        }
        let off = |rule: &Rule| rule.id.scanner() == "iac" && self.rules.iter().any(|name| rule.answers_to(name));
        let allowed = |finding: &Finding| {
            finding.scanner() == "secrets" && self.paths.iter().any(|glob| glob.is_match(finding.primary.path.as_str()))
        };
        let known = &report.rules;
        let rule = |finding: &Finding| known.get(&(finding.tool, finding.rule.clone()));
        report.findings.retain(|finding| !allowed(finding) && !rule(finding).is_some_and(|rule| off(rule)));
        report.rules.retain(|_, rule| !off(rule));
        report.all_rules.retain(|rule| !off(rule));
    }
}

fn must_be_known<'a>(name: &str, rules: impl Iterator<Item = &'a Rule> + Clone) -> Result<(), CliError> {
    if rules.clone().any(|rule| rule.answers_to(name)) {
        return Ok(());
    }
    let near = nearest(name, rules.flat_map(|rule| [rule.id.as_str(), rule.id.short()]));
    let hint = near.map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default();
    Err(CliError::usage(format!("iac.disable: there is no rule `{name}`{hint}: `portcullis rules list` lists them")))
}
