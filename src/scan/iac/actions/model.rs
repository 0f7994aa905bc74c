//! A workflow, an action or a Dependabot file as audits see it.

use crate::model::Span;
use crate::syntax::{Entry, Node};

/// Which of GitHub's files it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `.github/workflows/*.yml`.
    Workflow,
    /// `action.yml`.
    Action,
    /// `.github/dependabot.yml`.
    Dependabot,
    /// `.pre-commit-config.yaml`.
    PreCommit,
}

/// One file, parsed.
pub struct File<'a> {
    /// The content.
    pub bytes: &'a [u8],
    /// Its tree.
    pub root: &'a Node,
    /// Which file it is.
    pub kind: Kind,
    /// The jobs of a workflow, but for those that are switched off.
    pub jobs: Vec<Job<'a>>,
    /// All steps of all jobs, or of a composite action.
    pub steps: Vec<Step<'a>>,
}

/// One job.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// Its key and value.
    pub entry: &'a Entry,
}

/// One step.
#[derive(Clone, Copy)]
pub struct Step<'a> {
    /// Its map.
    pub node: &'a Node,
    /// The job it belongs to; none in an action.
    pub job: Option<Job<'a>>,
    /// Its place among its siblings, from 0.
    pub at: usize,
}

/// What a finding is about: scope for suppressions, words for its message, identity across edits.
#[derive(Clone, Debug)]
pub struct Place {
    /// The step, job or file.
    pub extent: Span,
    /// ``step `Build` of job `test` ``.
    pub name: String,
    /// `test/Build`.
    pub key: String,
}

/// `owner/repo/path@ref`, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uses<'a> {
    /// `owner`.
    pub owner: &'a str,
    /// `repo`.
    pub repo: &'a str,
    /// What follows the repository, without its first `/`.
    pub path: &'a str,
    /// What follows `@`; `None` without one.
    pub reference: Option<&'a str>,
}

/// `https://github.com/owner/repo@ref` names what `owner/repo@ref` names.
#[must_use]
pub fn without_host(text: &str) -> &str {
    text.strip_prefix("https://github.com/").unwrap_or(text)
}

impl<'a> Uses<'a> {
    /// Of a repository's action; `None` for local paths and images.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let text = without_host(text);
        if text.starts_with("./") || text.starts_with("../") || text.starts_with("$/") || text.starts_with("docker://")
        {
            return None;
        }
        let (slug, reference) = match text.split_once('@') {
            Some((slug, reference)) => (slug, Some(reference)),
            None => (text, None),
        };
        let mut parts = slug.splitn(3, '/');
        let (owner, repo) = (parts.next()?, parts.next()?);
        if owner.is_empty() || repo.is_empty() || owner.contains("${{") {
            return None;
        }
        Some(Self { owner, repo, path: parts.next().unwrap_or(""), reference })
    }

    /// True for `owner/repo`, in any case.
    #[must_use]
    pub fn is(&self, slug: &str) -> bool {
        slug.split_once('/')
            .is_some_and(|(owner, repo)| owner.eq_ignore_ascii_case(self.owner) && repo.eq_ignore_ascii_case(self.repo))
    }

    /// True where the reference is a full commit id.
    #[must_use]
    pub fn is_hash(&self) -> bool {
        self.reference.is_some_and(|text| matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit()))
    }
}

impl<'a> File<'a> {
    /// Finds the jobs and steps of a tree.
    #[must_use]
    pub fn new(bytes: &'a [u8], root: &'a Node, kind: Kind) -> Self {
        let entries = root.get("jobs").map(Node::entries).unwrap_or_default();
        let jobs: Vec<Job<'a>> = entries.iter().map(|entry| Job { entry }).filter(|job| !job.is_off()).collect();
        let mut steps = Vec::new();
        for job in &jobs {
            let nodes = job.node().get("steps").map(Node::items).unwrap_or_default();
            // Steps that run side by side stand below one of the job's.
            let each = nodes.iter().flat_map(|node| match node.get("parallel").map(Node::items) {
                Some(beside) if !beside.is_empty() => beside,
                _ => std::slice::from_ref(node),
            });
            steps.extend(each.enumerate().map(|(at, node)| Step { node, job: Some(*job), at }));
        }
        if kind == Kind::Action {
            let nodes = root.at(&["runs", "steps"]).map(Node::items).unwrap_or_default();
            steps.extend(nodes.iter().enumerate().map(|(at, node)| Step { node, job: None, at }));
        }
        Self { bytes, root, kind, jobs, steps }
    }

    /// The steps of one job.
    pub fn steps_of<'s>(&'s self, job: &'s Job<'a>) -> impl Iterator<Item = &'s Step<'a>> {
        self.steps.iter().filter(|step| step.job.is_some_and(|own| own.entry.key_span == job.entry.key_span))
    }

    /// The file itself as a place.
    #[must_use]
    pub fn place(&self) -> Place {
        let name = match self.kind {
            Kind::Workflow => "the workflow",
            Kind::Action => "the action",
            Kind::Dependabot | Kind::PreCommit => "the configuration",
        };
        Place { extent: self.root.span, name: name.to_owned(), key: String::new() }
    }

    /// The trigger of that name, with its settings where it has any.
    #[must_use]
    pub fn trigger(&self, name: &str) -> Option<Trigger<'a>> {
        let on = self.root.entry("on")?;
        match on.value.scalar() {
            Some(text) => (text == name).then_some(Trigger { span: on.value.span, settings: None }),
            None => {
                let listed = on.value.items().iter().find(|item| item.scalar() == Some(name));
                let mapped = on.value.entry(name);
                listed
                    .map(|item| Trigger { span: item.span, settings: None })
                    .or_else(|| mapped.map(|entry| Trigger { span: entry.key_span, settings: Some(&entry.value) }))
            }
        }
    }

    /// The names of all its triggers.
    #[must_use]
    pub fn events(&self) -> Vec<&'a str> {
        let Some(on) = self.root.get("on") else { return Vec::new() };
        let listed = on.items().iter().filter_map(Node::scalar);
        on.scalar().into_iter().chain(listed).chain(on.entries().iter().map(|entry| &*entry.key)).collect()
    }

    /// True where the file has one of the triggers.
    #[must_use]
    pub fn has_trigger(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.trigger(name).is_some())
    }
}

/// One event a workflow waits for.
#[derive(Clone, Copy)]
pub struct Trigger<'a> {
    /// Its name in the file.
    pub span: Span,
    /// What is under it.
    pub settings: Option<&'a Node>,
}

impl<'a> Job<'a> {
    /// Its value.
    #[must_use]
    pub fn node(&self) -> &'a Node {
        &self.entry.value
    }

    /// True for a call of a reusable workflow, which has the limits and the environment, not the call.
    #[must_use]
    pub fn is_call(&self) -> bool {
        self.node().get("uses").is_some()
    }

    /// True where its condition is a plain `false`: it is switched off.
    #[must_use]
    fn is_off(&self) -> bool {
        let condition = self.node().get("if").and_then(Node::scalar).unwrap_or_default().trim();
        let bare = condition.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")).unwrap_or(condition);
        bare.trim() == "false"
    }

    /// As a place.
    #[must_use]
    pub fn place(&self) -> Place {
        Place {
            extent: self.entry.key_span.join(self.entry.value.span),
            name: format!("job `{}`", self.entry.key),
            key: self.entry.key.clone(),
        }
    }
}

impl<'a> Step<'a> {
    /// The value of `uses` with its node.
    #[must_use]
    pub fn uses(&self) -> Option<(Uses<'a>, &'a Node)> {
        let node = self.node.get("uses")?;
        Some((Uses::parse(node.as_str()?)?, node))
    }

    /// A `with` argument; names are case-insensitive there.
    #[must_use]
    pub fn with(&self, name: &str) -> Option<&'a Entry> {
        self.node.get("with")?.entries().iter().rev().find(|entry| entry.key.eq_ignore_ascii_case(name))
    }

    /// As a place, by the step's name, id, action or number.
    #[must_use]
    pub fn place(&self) -> Place {
        let label = ["name", "id", "uses"].iter().find_map(|key| self.node.get(key)?.scalar());
        let slug = label.map(|text| text.split('@').next().unwrap_or(text).replace('`', "'"));
        let (name, id) = match slug {
            Some(text) => (format!("step `{text}`"), text),
            None => (format!("step {}", self.at + 1), format!("#{}", self.at)),
        };
        match &self.job {
            Some(job) => Place {
                extent: self.node.span,
                name: format!("{name} of job `{}`", job.entry.key),
                key: format!("{}/{id}", job.entry.key),
            },
            None => Place { extent: self.node.span, name, key: id },
        }
    }
}
