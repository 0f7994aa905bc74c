//! `--online`: repairs that need to know what a tag stands for today.

use std::collections::BTreeMap;

use clap::Args;

use crate::model::{Notice, NoticeKind, Pin, ScanReport};
use crate::online::{self, Settings};

/// Arguments about the network.
#[derive(Args, Clone, Debug, Default)]
pub struct OnlineArgs {
    /// Ask GitHub and image registries what tags stand for now, and offer to pin actions to that commit and images to that
    /// digest. Names of the tree's actions and images are sent there; nothing is asked without this.
    #[arg(long)]
    pub online: bool,
    /// An image registry that may be asked beside the well-known public ones; may be repeated.
    #[arg(long, value_name = "HOST", requires = "online")]
    pub online_registry: Vec<String>,
    /// The server that actions come from, instead of `https://github.com`.
    #[arg(long, value_name = "URL", requires = "online")]
    pub online_github: Option<String>,
}

impl OnlineArgs {
    fn settings(&self) -> Settings {
        let mut settings = Settings { registries: self.online_registry.clone(), ..Settings::default() };
        if let Some(url) = &self.online_github {
            settings.github = url.trim_end_matches('/').to_owned();
        }
        settings
    }
}

/// Fills in what repairs wait for. One that cannot be had is taken away, with a notice where it was asked for; without
/// `--online` all of them are, and nothing is asked.
pub fn resolve(args: &OnlineArgs, report: &mut ScanReport) {
    let mut known: BTreeMap<Pin, Option<String>> = BTreeMap::new();
    if args.online {
        let asked = report.findings.iter().flat_map(|finding| &finding.fixes).filter_map(|fix| fix.pin.clone());
        known.extend(asked.map(|pin| (pin, None)));
        let names: Vec<Pin> = known.keys().cloned().collect();
        match online::resolve(&args.settings(), &names) {
            Ok(answers) => {
                for (pin, answer) in names.into_iter().zip(answers) {
                    match answer {
                        Ok(id) => drop(known.insert(pin, Some(id))),
                        Err(why) => {
                            let notice = unresolved(&pin, &why, report);
                            report.notices.push(notice);
                        }
                    }
                }
            }
            Err(why) => report.notices.push(Notice::warning(NoticeKind::Skipped, format!("--online: {why}"))),
        }
    }
    for finding in &mut report.findings {
        finding.fixes.retain_mut(|fix| match &fix.pin {
            None => true,
            Some(pin) => known.get(pin).cloned().flatten().is_some_and(|id| {
                fix.replacements.iter_mut().for_each(|(_, text)| *text = text.replace(Pin::PLACE, &id));
                fix.pin = None;
                true
            }),
        });
    }
}

fn unresolved(pin: &Pin, why: &str, report: &ScanReport) -> Notice {
    let message = format!("`{}` could not be pinned: {why}", pin.name().replace('`', "'"));
    let notice = Notice::warning(NoticeKind::Skipped, message);
    let waits = |finding: &&crate::model::Finding| finding.fixes.iter().any(|fix| fix.pin.as_ref() == Some(pin));
    match report.findings.iter().find(waits) {
        Some(finding) => notice.at(&finding.primary.path),
        None => notice,
    }
}
