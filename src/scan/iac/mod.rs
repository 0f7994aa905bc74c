//! Infrastructure as code: files become resources, rules look at resources.
//!
//! `lower` turns each platform's files into the common [`resource`] model; `check` is the language of the
//! predicates; `rule` reads the rules, which are data in `rules/iac/`.

pub mod check;
pub mod lower;
pub mod resource;
mod rule;
#[cfg(test)]
mod rule_tests;

use std::collections::HashSet;
use std::sync::Arc;

use crate::model::{Anchor, Draft, DraftRelated, Input, KeptInput, RepoPath, Rule, Sink};
use crate::scan::{Interest, Scanner};
use check::Answer;
use resource::{Model, Resource};
pub use rule::{IacRule, RuleBook, RuleError, read as read_rules};

/// What the scanner is told.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Files of variable values for every Terraform root module; the last one wins.
    pub tf_var_files: Vec<RepoPath>,
}

/// The scanner for infrastructure as code.
pub struct IacScanner {
    settings: Settings,
    book: RuleBook,
}

impl IacScanner {
    /// With the built-in rules and others beside them.
    ///
    /// # Errors
    /// Where a built-in rule file does not read, which a test rules out.
    pub fn new(settings: Settings, others: Vec<IacRule>) -> Result<Self, RuleError> {
        let mut rules = Vec::new();
        for (_, text) in rule::BUILT_IN {
            rules.extend(rule::read(text)?);
        }
        rules.extend(others);
        Ok(Self { settings, book: RuleBook::new(rules) })
    }

    /// Asks every rule about every resource. What several callers of a module bring twice is told once.
    fn check(&self, model: &Model, sink: &mut Sink) {
        let mut told = HashSet::new();
        for resource in model.resources() {
            for (rule, check) in self.book.checks(&resource.kind) {
                if let Answer::Yes(span) = check::deny(check, resource, model)
                    && told.insert((Arc::as_ptr(rule), resource.path.clone(), span))
                {
                    sink.report(draft(rule, resource, span));
                }
            }
        }
    }
}

fn draft(rule: &Arc<Rule>, resource: &Resource, span: crate::model::Span) -> Draft {
    let message = format!("{} (`{}`).", rule.title, resource.address);
    let mut draft = Draft::new(rule, span, message).at(&resource.path);
    draft.extent = Some(resource.extent);
    draft.anchor = Anchor::Key(format!("{}.{}", resource.kind, resource.name));
    draft.related = resource
        .calls
        .iter()
        .rev()
        .map(|(path, span)| DraftRelated {
            path: Some(path.clone()),
            span: *span,
            message: "The module is called here.".into(),
        })
        .collect();
    draft
}

impl Scanner for IacScanner {
    fn name(&self) -> &'static str {
        "iac"
    }

    fn rules(&self) -> Vec<Arc<Rule>> {
        self.book.rules().iter().map(|rule| Arc::clone(&rule.rule)).collect()
    }

    fn interest(&self, path: &RepoPath) -> Interest {
        if lower::terraform::wants(path.file_name()) || lower::terraform::is_template(path.file_name()) {
            Interest::ScanAndKeep
        } else {
            Interest::None
        }
    }

    fn scan(&self, _: &Input<'_>, _: &mut Sink) {}

    fn finish(&self, kept: &[KeptInput], sink: &mut Sink) {
        let settings = lower::terraform::Settings { var_files: self.settings.tf_var_files.clone() };
        let resources = lower::terraform::evaluate(kept, &settings, &mut sink.notices);
        self.check(&Model::new(resources), sink);
    }
}
