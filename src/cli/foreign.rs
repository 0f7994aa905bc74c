//! What reading other tools' reports takes from the scanners: masks for secrets, severities of equal rules.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::{CliError, plan, settings};
use crate::cli::args::ScanArgs;
use crate::config::Settings;
use crate::external::ImportSettings;
use crate::model::{Input, Rule, Severity, Sink};
use crate::scan::Scanner;

/// Settings for reports about the tree at `root`.
///
/// # Errors
/// Where a scanner cannot be built.
pub fn settings(root: &Path, severities: BTreeMap<String, Severity>) -> Result<ImportSettings, CliError> {
    let secrets = scanner("secrets")?;
    let iac = scanner("iac")?;
    let rules: OnceCell<Vec<Arc<Rule>>> = OnceCell::new();
    let root = std::path::absolute(root).unwrap_or_default();
    Ok(ImportSettings {
        root: root.to_string_lossy().replace('\\', "/"),
        severities,
        find_secrets: Some(Box::new(move |path, text| {
            let mut sink = Sink::default();
            secrets.scan(&Input::whole(path, text.as_bytes()), &mut sink);
            sink.drafts
                .iter()
                .flat_map(|draft| &draft.secrets)
                .map(|span| span.start as usize..span.end as usize)
                .collect()
        })),
        equal_rule: Some(Box::new(move |id| {
            let rules = rules.get_or_init(|| iac.rules());
            rules.iter().find(|rule| rule.answers_to(id)).map(|rule| rule.severity)
        })),
    })
}

fn scanner(name: &str) -> Result<Box<dyn Scanner>, CliError> {
    let args = ScanArgs::default();
    let own = settings::scanners(&args, &Settings::default(), Default::default())?;
    (plan::known_scanner(name)?.build)(&own.scanners).map_err(CliError::Usage)
}
