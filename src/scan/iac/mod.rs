//! Infrastructure as code: files become resources, rules look at resources.
//!
//! `lower` turns each platform's files into the common [`resource`] model; `check` is the language of the
//! predicates; `rule` reads the rules, which are data in `rules/iac/`.

mod actions;
pub mod check;
mod dockerfile;
#[cfg(test)]
mod fix_tests;
mod gitlab;
pub mod lower;
mod manifests;
mod pin;
pub mod policy;
mod repair;
pub mod resource;
mod rule;
#[cfg(test)]
mod rule_tests;
mod shell;
mod skips;
mod text;
mod unknown;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::model::{Anchor, Draft, DraftRelated, Input, KeptInput, RepoPath, Rule, Sink, Span};
use crate::scan::{Interest, Scanner};
use check::Answer;
pub use manifests::helm;
use resource::{Model, Resource};
pub use rule::{IacRule, RuleBook, RuleError, read as read_rules};
pub(crate) use skips::{Skip, Skips};

/// What the scanner is told.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Files of variable values for every Terraform root module; the last one wins.
    pub tf_var_files: Vec<RepoPath>,
    /// Terraform plans in JSON, beside those that their names give away.
    pub tf_plans: Vec<RepoPath>,
    /// Suppressions in metadata and in `module` blocks do not count.
    pub no_pragmas: bool,
    /// Tell of values that can't be known and kept rules from deciding.
    pub report_unknown: bool,
    /// Not all files of the tree are scanned: that an object is missing is not known.
    pub partial: bool,
    /// Charts that helm was asked to render.
    pub rendered: Vec<helm::Rendered>,
}

/// Rules and policies beside the built-in ones.
#[derive(Debug, Default)]
pub struct Own {
    /// In the form of the built-in ones.
    pub rules: Vec<IacRule>,
    /// In Checkov's.
    pub policies: Vec<policy::checkov::Policy>,
    /// In Rego.
    pub rego: Option<policy::rego::Policies>,
}

impl From<Vec<IacRule>> for Own {
    fn from(rules: Vec<IacRule>) -> Self {
        Self { rules, ..Self::default() }
    }
}

/// The scanner for infrastructure as code.
pub struct IacScanner {
    settings: Settings,
    others: Mutex<Own>,
    /// Policies in Rego are among the others: these are asked about every file.
    has_rego: bool,
    /// Read when the first configuration asks for it: most trees hold little or none.
    book: OnceLock<RuleBook>,
}

impl IacScanner {
    /// With the built-in rules and others beside them.
    #[must_use]
    pub fn new(settings: Settings, others: impl Into<Own>) -> Self {
        let others = others.into();
        Self { settings, has_rego: others.rego.is_some(), others: Mutex::new(others), book: OnceLock::new() }
    }

    /// Where no suppression counts, those that only the model could place do not either.
    fn unsuppress(&self, sink: &mut Sink) {
        if self.settings.no_pragmas {
            sink.drafts.iter_mut().for_each(|draft| draft.suppressed = None);
        }
    }

    /// Hands a file to policies in Rego, as the documents that conftest would make of it.
    fn ask_rego(&self, rego: &policy::rego::Policies, input: &Input<'_>, sink: &mut Sink) {
        let name = input.path.file_name();
        if (dockerfile::PLATFORM.interest)(input.path) != Interest::None {
            rego.docker(input, sink);
        } else if self.settings.tf_plans.contains(input.path) || lower::terraform::is_plan(name) {
            rego.node(input, &crate::syntax::json::parse(input.bytes).value, sink);
        } else if lower::terraform::is_configuration(name) && input.path.extension() != "json" {
            rego.terraform(input, sink);
        } else {
            for document in lower::documents::known(input) {
                rego.node(input, &document, sink);
            }
        }
    }

    fn book(&self) -> &RuleBook {
        self.book.get_or_init(|| {
            let mut rules: Vec<IacRule> = rule::built_in().collect();
            let own = std::mem::take(&mut *self.others.lock().unwrap_or_else(PoisonError::into_inner));
            rules.extend(own.rules);
            RuleBook::new(rules).with_policies(own.policies, own.rego).telling_unknown(self.settings.report_unknown)
        })
    }
}

/// Gives the rules, and reads them where no file has asked for them yet.
pub(crate) type Book<'b> = dyn Fn() -> &'b RuleBook + 'b;

/// One kind of configuration: which files are its own, and what is done with them. To add one, write its
/// module and name it in [`PLATFORMS`].
pub(crate) struct Platform {
    /// As [`Scanner::interest`], for this platform alone.
    pub interest: fn(&RepoPath) -> Interest,
    /// As [`Scanner::scan`]; called where `interest` is not `None`.
    pub scan: fn(&Input<'_>, &Book<'_>, &mut Sink),
    /// As [`Scanner::finish`], once per run.
    pub finish: fn(&[KeptInput], &RuleBook, &Settings, &mut Sink),
}

/// All platforms.
static PLATFORMS: &[Platform] = &[
    Platform { interest: terraform_interest, scan: terraform_scan, finish: terraform_finish },
    lower::documents::PLATFORM,
    actions::PLATFORM,
    dockerfile::PLATFORM,
    gitlab::PLATFORM,
];

fn terraform_interest(path: &RepoPath) -> Interest {
    let name = path.file_name();
    if lower::terraform::wants(name) || lower::terraform::is_template(name) {
        Interest::ScanAndKeep
    } else if path.extension() == "json" {
        Interest::Scan
    } else {
        Interest::None
    }
}

/// Keeps the JSON that a configuration may read into a resource.
fn terraform_scan(input: &Input<'_>, _: &Book<'_>, sink: &mut Sink) {
    sink.keep |= input.whole && lower::terraform::is_part(input.bytes);
}

fn terraform_finish(kept: &[KeptInput], book: &RuleBook, settings: &Settings, sink: &mut Sink) {
    for planned in lower::terraform::plans(kept, &settings.tf_plans, &mut sink.notices) {
        let from = sink.drafts.len();
        check_model(book, &Model::new(planned.resources), &Skips::placed(&[]), &|_| None, sink);
        // Masked in every snippet of the run once one draft says so.
        if let Some(first) = sink.drafts.get_mut(from) {
            first.secrets.extend(planned.secrets);
        }
    }
    let settings = lower::terraform::Settings { var_files: settings.tf_var_files.clone() };
    let comments = skips::Comments::read(kept);
    let contents: HashMap<&RepoPath, &[u8]> = kept.iter().map(|input| (&input.path, &*input.bytes)).collect();
    let texts = |path: &RepoPath| contents.get(path).copied();
    // What several root modules bring of a module that they share is told once.
    let mut told = HashSet::new();
    for resources in lower::terraform::evaluate(kept, &settings, &mut sink.notices) {
        let mut part = Sink::default();
        check_model(book, &Model::new(resources), &Skips { placed: &[], comments: Some(&comments) }, &texts, &mut part);
        part.drafts.retain(|draft| told.insert((Arc::as_ptr(&draft.rule), draft.path.clone(), draft.span)));
        sink.drafts.append(&mut part.drafts);
        sink.notices.append(&mut part.notices);
    }
}

/// The content of a file.
pub(crate) type Texts<'a> = dyn Fn(&RepoPath) -> Option<&'a [u8]> + 'a;

/// Asks every rule about every resource. What several callers of a module bring twice is told once, and what a
/// wider rule says of the same resource, or of the document its policy comes from, is not told again. `texts` gives
/// the content of files that may be repaired.
pub(crate) fn check_model(book: &RuleBook, model: &Model, skips: &Skips<'_>, texts: &Texts<'_>, sink: &mut Sink) {
    let mut answers = Vec::new();
    for (at, resource) in model.resources().iter().enumerate() {
        let mut undecided: Vec<&str> = Vec::new();
        for (rule, denied) in book.checks(&resource.kind) {
            match check::deny(&denied.check, resource, model) {
                Answer::Yes(span) => answers.push((at, rule, span, denied.fix.as_ref())),
                Answer::Unknown if book.tells_unknown() => undecided.push(rule.id.short()),
                _ => {}
            }
        }
        sink.notices.extend(unknown::notice(resource, &undecided));
    }
    let spoken: HashSet<(usize, *const Rule)> = answers.iter().map(|(at, rule, ..)| (*at, Arc::as_ptr(rule))).collect();
    let mut told = HashSet::new();
    for (at, rule, span, setting) in answers {
        let resource = &model.resources()[at];
        let needless = book.wider(rule).iter().map(Arc::as_ptr).any(|wider| {
            spoken.contains(&(at, wider)) || model.documents_of(resource).any(|from| spoken.contains(&(from, wider)))
        });
        if !needless && told.insert((Arc::as_ptr(rule), &resource.path, span)) {
            let mut draft = draft(rule, resource, span);
            draft.suppressed = skips.of(rule, resource, span);
            let text = texts(&resource.path);
            draft.fixes.extend(setting.zip(text).and_then(|(setting, bytes)| setting.fix(resource, span, bytes)));
            sink.report(draft);
        }
    }
    check_policies(book, model, skips, sink);
}

/// Asks the policies that came in another tool's form.
fn check_policies(book: &RuleBook, model: &Model, skips: &Skips<'_>, sink: &mut Sink) {
    if book.policies().is_empty() {
        return;
    }
    let edges = policy::checkov::Edges::new(model);
    let mut told = HashSet::new();
    for policy in book.policies() {
        for (at, span) in policy.failures(model, &edges) {
            let resource = &model.resources()[at];
            if told.insert((Arc::as_ptr(&policy.rule), &resource.path, span)) {
                let mut draft = draft(&policy.rule, resource, span);
                draft.suppressed = skips.of(&policy.rule, resource, span);
                sink.report(draft);
            }
        }
    }
}

fn draft(rule: &Arc<Rule>, resource: &Resource, span: Span) -> Draft {
    let message = format!("{} (`{}`).", rule.title, resource.address);
    let mut draft = Draft::new(rule, span, message).at(&resource.path);
    draft.extent = Some(resource.extent);
    // A hard-coded credential (CWE-798) is shown in no snippet.
    if rule.cwe.contains(&798) && span != resource.header {
        draft.secrets.push(span);
    }
    draft.anchor = Anchor::Key(format!("{}.{}", resource.kind, resource.name));
    draft.related = resource
        .calls
        .iter()
        .rev()
        .map(|call| DraftRelated {
            path: Some(call.path.clone()),
            span: call.header,
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
        let book = self.book();
        let policies = book.policies().iter().map(|policy| &policy.rule);
        let rego = book.rego().into_iter().flat_map(policy::rego::Policies::rules);
        book.rules().iter().map(|rule| &rule.rule).chain(policies).chain(rego).map(Arc::clone).collect()
    }

    fn interest(&self, path: &RepoPath) -> Interest {
        if self.settings.tf_plans.contains(path) {
            return Interest::ScanAndKeep;
        }
        PLATFORMS.iter().map(|platform| (platform.interest)(path)).max().unwrap_or(Interest::None)
    }

    fn scan(&self, input: &Input<'_>, sink: &mut Sink) {
        let book = || self.book();
        for platform in PLATFORMS {
            if (platform.interest)(input.path) != Interest::None {
                (platform.scan)(input, &book, sink);
            }
        }
        if self.has_rego
            && input.whole
            && let Some(rego) = self.book().rego()
        {
            self.ask_rego(rego, input, sink);
        }
        self.unsuppress(sink);
    }

    fn beside(&self, kept: &[KeptInput]) -> Vec<RepoPath> {
        let partial = self.settings.partial;
        let named =
            |input| [manifests::kustomize::named_in(input, partial), lower::terraform::named_in(input)].concat();
        kept.iter().flat_map(named).collect()
    }

    fn finish(&self, kept: &[KeptInput], sink: &mut Sink) {
        if kept.is_empty() {
            return;
        }
        for platform in PLATFORMS {
            (platform.finish)(kept, self.book(), &self.settings, sink);
        }
        self.unsuppress(sink);
    }
}
