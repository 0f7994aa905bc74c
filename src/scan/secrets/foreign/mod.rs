//! What other secret scanners were told: gitleaks' configuration and ignore file, detect-secrets' baseline.
//!
//! A finding that they let pass is suppressed, not dropped: it says who did so.

mod gitleaks;
mod known;

use std::collections::BTreeMap;

use super::rule::Written;
use crate::model::{ForeignSuppression, Notice, NoticeKind, RepoPath, Rule};
use gitleaks::Allowlist;
use known::{Known, Print};

/// How much of one file is read.
const LARGEST: usize = 16 << 20;

/// Files at the root of a scan that are read, and how.
const READERS: &[(&str, Reader)] = &[
    (".gitleaks.toml", Foreign::gitleaks),
    ("gitleaks.toml", Foreign::gitleaks),
    (".betterleaks.toml", Foreign::gitleaks),
    (".gitleaksignore", Foreign::prints),
    (".betterleaksignore", Foreign::prints),
    (".secrets.baseline", Foreign::baseline),
];

type Reader = fn(&mut Foreign, &str, &[u8], &mut Vec<Notice>);

/// What the files of other tools let pass, and the rules that they add.
#[derive(Clone, Debug, Default)]
pub struct Foreign {
    pub(super) rules: Vec<Written>,
    pub(super) allow: Vec<Allowlist>,
    pub(super) prints: Vec<Print>,
    pub(super) known: BTreeMap<String, Vec<Known>>,
    /// Rules that are off, by the names that the other tool has for them.
    pub(super) disabled: Vec<String>,
}

/// Where a finding stands, for those who let it pass.
pub(super) struct Place<'a> {
    pub rule: &'a Rule,
    pub path: &'a str,
    /// From 1.
    pub line: u32,
    pub value: &'a [u8],
    /// The line on which the value begins.
    pub text: &'a [u8],
    /// True for a commit's content.
    pub history: bool,
}

impl Foreign {
    /// Names of the files that [`Foreign::add`] reads.
    pub fn files() -> impl Iterator<Item = &'static str> {
        READERS.iter().map(|(name, _)| *name)
    }

    /// Takes the content of the file `name`, one of [`Foreign::files`]. Gives notices of what does not read, which is
    /// the fault of the file's author, and of what has no counterpart here.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Vec<Notice> {
        let mut notices = Vec::new();
        if bytes.len() > LARGEST {
            tell(&mut notices, name, format!("it has more than {} MB and is not read", LARGEST >> 20));
        } else if let Some((_, read)) = READERS.iter().find(|(one, _)| *one == name) {
            read(self, name, bytes, &mut notices);
        }
        notices
    }

    /// Forgets everything that lets findings pass.
    pub fn keep_rules_alone(&mut self) {
        *self = Self { rules: std::mem::take(&mut self.rules), ..Self::default() };
    }

    fn gitleaks(&mut self, name: &str, bytes: &[u8], notices: &mut Vec<Notice>) {
        gitleaks::read(self, name, bytes, notices);
    }

    fn prints(&mut self, name: &str, bytes: &[u8], notices: &mut Vec<Notice>) {
        self.prints.extend(known::prints(name, bytes, notices));
    }

    fn baseline(&mut self, name: &str, bytes: &[u8], notices: &mut Vec<Notice>) {
        known::baseline(&mut self.known, name, bytes, notices);
    }

    /// True where nothing was read.
    pub(super) fn is_empty(&self) -> bool {
        self.allow.is_empty() && self.prints.is_empty() && self.known.is_empty()
    }

    /// Who lets the finding pass, if anybody does.
    pub(super) fn suppresses(&self, place: &Place<'_>) -> Option<ForeignSuppression> {
        let by = |source: &str, reason: &str| ForeignSuppression { source: source.into(), reason: reason.into() };
        if let Some(list) = self.allow.iter().find(|list| list.allows(place)) {
            return Some(by(&list.source, &list.reason));
        }
        if let Some(print) = self.prints.iter().find(|print| print.is_of(place)) {
            return Some(by(&print.source, ""));
        }
        let known = self.known.get(place.path)?;
        known::has(known, place).then(|| by(".secrets.baseline", ""))
    }
}

/// A notice about a file at the root.
fn tell(notices: &mut Vec<Notice>, name: &str, message: impl std::fmt::Display) {
    notices.push(Notice::warning(NoticeKind::Config, message.to_string()).at(&RepoPath::new(name)));
}

#[cfg(test)]
mod tests;
