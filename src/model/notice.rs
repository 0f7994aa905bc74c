//! A problem of the scan, not of the code.

use super::{RepoPath, Span};

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeLevel {
    /// Told with `-v`, and in reports.
    Note,
    /// Told always.
    Warning,
    /// Something that was asked for could not be done.
    Error,
}

impl NoticeLevel {
    /// The word in reports and on the terminal.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What kind of problem it is: the stable word that reports carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeKind {
    /// A file or folder could not be read.
    Unreadable,
    /// A file does not follow its format.
    Unparsed,
    /// A file was left out, whole or in part (size, binary, windows).
    Skipped,
    /// A limit ended the work on something early.
    Limit,
    /// A scanner failed on a file.
    ScannerFailed,
    /// The advisory database: age, absence, a bad record.
    Database,
    /// A value could not be known (Terraform, CloudFormation).
    Unknown,
    /// An ignore or baseline entry: unused, expired, malformed.
    Suppression,
    /// An external tool.
    Tool,
    /// Another tool's SARIF was repaired or refused in part.
    Foreign,
    /// The configuration.
    Config,
}

impl NoticeKind {
    /// All, in no order.
    pub const ALL: [Self; 11] = [
        Self::Unreadable,
        Self::Unparsed,
        Self::Skipped,
        Self::Limit,
        Self::ScannerFailed,
        Self::Database,
        Self::Unknown,
        Self::Suppression,
        Self::Tool,
        Self::Foreign,
        Self::Config,
    ];

    /// The stable word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Unparsed => "unparsed",
            Self::Skipped => "skipped",
            Self::Limit => "limit",
            Self::ScannerFailed => "scanner-failed",
            Self::Database => "database",
            Self::Unknown => "unknown",
            Self::Suppression => "suppression",
            Self::Tool => "tool",
            Self::Foreign => "foreign",
            Self::Config => "config",
        }
    }
}

/// One problem: what, where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Notice {
    /// The file concerned.
    pub path: Option<RepoPath>,
    /// The line concerned, from 1.
    pub line: Option<u32>,
    /// The column concerned, in code points from 1.
    pub column: Option<u32>,
    /// How much it matters.
    pub level: NoticeLevel,
    /// What kind it is.
    pub kind: NoticeKind,
    /// One or two sentences: what happened, whose fault, the next step. Free of secret text.
    pub message: String,
    /// True where it hid content from a scanner that wanted it: the scan is then incomplete.
    pub incomplete: bool,
    /// Where in the file, for a scanner that knows bytes and not lines: the engine fills `line` and
    /// `column` from it.
    pub span: Option<Span>,
}

impl Notice {
    /// A warning that leaves the scan complete.
    #[must_use]
    pub fn warning(kind: NoticeKind, message: impl Into<String>) -> Self {
        Self {
            path: None,
            line: None,
            column: None,
            level: NoticeLevel::Warning,
            kind,
            message: message.into(),
            incomplete: false,
            span: None,
        }
    }

    /// A remark for `-v` and reports.
    #[must_use]
    pub fn note(kind: NoticeKind, message: impl Into<String>) -> Self {
        Self { level: NoticeLevel::Note, ..Self::warning(kind, message) }
    }

    /// An error that makes the scan incomplete.
    #[must_use]
    pub fn incomplete(kind: NoticeKind, message: impl Into<String>) -> Self {
        Self { level: NoticeLevel::Error, incomplete: true, ..Self::warning(kind, message) }
    }

    /// The same about a file.
    #[must_use]
    pub fn at(mut self, path: &RepoPath) -> Self {
        self.path = Some(path.clone());
        self
    }

    /// The same about a place of that file.
    #[must_use]
    pub fn span(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }
}
