//! What a scanner reports, before the engine makes findings of it.

use std::sync::Arc;

use super::{Confidence, Notice, RepoPath, Rule, Severity, Span};

/// A value in a finding's properties. Reporters write it as their format has it.
#[derive(Clone, Debug, PartialEq)]
pub enum Property {
    /// Text, free of secret values.
    Text(String),
    /// A number.
    Number(f64),
    /// Yes or no.
    Bool(bool),
    /// Several texts, in order.
    List(Vec<String>),
}

/// Named values in the order they are to be written. Names are camelCase, as SARIF's are.
pub type Properties = Vec<(&'static str, Property)>;

/// What stays the same about a defect when lines move: the discriminator of its fingerprint.
///
/// It never holds a secret's value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Anchor {
    /// The normalised text of the finding's lines, every secret masked: the engine takes it from the bytes.
    #[default]
    Line,
    /// A meaning: `npm|lodash|4.17.20|CVE-2021-23337`, `aws_s3_bucket.logs|acl`.
    Key(String),
}

/// Another place that explains a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftRelated {
    /// The file, where it is another than the finding's own.
    pub path: Option<RepoPath>,
    /// Where in that file.
    pub span: Span,
    /// What it shows: "called from here".
    pub message: String,
}

/// One replacement that mends a finding: `span` of the finding's own file becomes `text`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// Bytes to remove; empty to insert.
    pub span: Span,
    /// Text to put there, lines ended by LF: the engine writes those of the file instead.
    pub text: String,
}

/// A mechanical repair: all replacements together, sorted by span, none overlapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does: "add `persist-credentials: false`".
    pub description: String,
    /// In the finding's own file.
    pub replacements: Vec<Replacement>,
}

/// A name whose id is known to a server alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pin {
    /// A tag or branch of a repository on GitHub: its commit.
    Commit {
        /// `owner/repo`.
        repository: String,
        /// `v4`, `main`.
        reference: String,
    },
    /// A tag of an image: its digest.
    Digest {
        /// `ghcr.io/octo/app:1.2`.
        image: String,
    },
}

impl Pin {
    /// What stands for the id in the text of a repair, until it is known.
    pub const PLACE: &'static str = "<id>";

    /// As people write it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Commit { repository, reference } => format!("{repository}@{reference}"),
            Self::Digest { image } => image.clone(),
        }
    }
}

/// One defect as a scanner saw it.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The rule, shared by all its drafts.
    pub rule: Arc<Rule>,
    /// Where the rule's own does not hold.
    pub severity: Severity,
    /// Where the rule's own does not hold.
    pub confidence: Confidence,
    /// One sentence or more for a person; the first stands alone as a title. Free of secret text, and of
    /// any text of the tree that was not put in backquotes.
    pub message: String,
    /// The file, where a draft leaves `Scanner::finish`; `scan` leaves it out.
    pub path: Option<RepoPath>,
    /// The primary place: small, best within one line.
    pub span: Span,
    /// The block, resource or step around `span`: scope of block suppressions, shown as related place.
    pub extent: Option<Span>,
    /// Secret values inside the file: masked in every snippet. For a secret finding, the first is the
    /// value that the baseline's salted hash is made of.
    pub secrets: Vec<Span>,
    /// Bytes at the end of the secret that may be shown; 0 hides it whole.
    pub shown_tail: u8,
    /// Bytes at the start of the secret that may be shown (a public prefix such as `ghp_`).
    pub shown_head: u8,
    /// Identity across edits.
    pub anchor: Anchor,
    /// In reading order.
    pub related: Vec<DraftRelated>,
    /// In writing order.
    pub properties: Properties,
    /// Best first.
    pub fixes: Vec<Fix>,
    /// A repair that waits for an id, which stands as [`Pin::PLACE`] in its text.
    pub pin: Option<(Pin, Fix)>,
    /// False for a match that is reported but must never fail a gate (an unbounded range, say).
    pub gates: bool,
    /// Ids beside the rule's own aliases to which suppressions of this one finding answer.
    pub also_known_as: Vec<String>,
    /// A suppression that the scanner itself read (a Checkov annotation in Kubernetes metadata, a VEX
    /// statement): what said so and why.
    pub suppressed: Option<ForeignSuppression>,
}

/// A suppression in some other tool's own format, as a scanner understood it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignSuppression {
    /// `checkov annotation`, `OpenVEX`, `osv-scanner.toml`.
    pub source: String,
    /// The reason given, or empty.
    pub reason: String,
}

impl Draft {
    /// A draft with the rule's own severity and confidence at one place.
    #[must_use]
    pub fn new(rule: &Arc<Rule>, span: Span, message: impl Into<String>) -> Self {
        Self {
            rule: Arc::clone(rule),
            severity: rule.severity,
            confidence: rule.confidence,
            message: message.into(),
            path: None,
            span,
            extent: None,
            secrets: Vec::new(),
            shown_tail: 0,
            shown_head: 0,
            anchor: Anchor::Line,
            related: Vec::new(),
            properties: Vec::new(),
            fixes: Vec::new(),
            pin: None,
            gates: true,
            also_known_as: Vec::new(),
            suppressed: None,
        }
    }

    /// The same draft in another file: for `Scanner::finish`.
    #[must_use]
    pub fn at(mut self, path: &RepoPath) -> Self {
        self.path = Some(path.clone());
        self
    }
}

/// Where a scanner leaves what it found. One sink per call; the engine drains it.
#[derive(Debug, Default)]
pub struct Sink {
    /// Findings, in any order.
    pub drafts: Vec<Draft>,
    /// Problems with the scan.
    pub notices: Vec<Notice>,
    /// Set in `scan` by a scanner that only the content told to keep the input: `finish` gets it, as if its path
    /// had said so.
    pub keep: bool,
}

impl Sink {
    /// Adds a finding.
    pub fn report(&mut self, draft: Draft) {
        self.drafts.push(draft);
    }

    /// Adds a problem of the scan itself.
    pub fn notice(&mut self, notice: Notice) {
        self.notices.push(notice);
    }
}
