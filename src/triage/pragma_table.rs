//! Every suppression comment that counts, ours and the other tools', one line each.

/// What a comment covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Its own line.
    Line,
    /// The next line of code.
    Next,
    /// Its own line; the next line of code where it stands alone.
    LineOrNext,
    /// The block it stands in or above; the whole file where a finding has no block.
    Block,
    /// The whole file.
    File,
    /// From here to the directive's end form, or to the end of the file.
    Begin,
    /// Ends what [`Reach::Begin`] of the same tool began.
    End,
}

/// How the names of rules follow the marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// None: it speaks of all rules.
    All,
    /// `RULE[,RULE] [until=DAY] -- reason`; ours, at least one rule.
    Ours,
    /// `=ID[,ID][:reason]`.
    Equals,
    /// `[ID,ID] reason`.
    Brackets,
    /// `:ID[:exp:DAY][:ws:…]`, ended by white space.
    Colons,
    /// `: ID[, ID]`, or nothing for all.
    MaybeColon,
    /// ` ID[, ID] -- reason`, or nothing for all.
    MaybeList,
}

/// One directive.
#[derive(Clone, Copy, Debug)]
pub struct Directive {
    /// The text that begins it, lower case; matched in any case.
    pub marker: &'static str,
    /// Our scanner that it speaks to; `None` for all.
    pub scanner: Option<&'static str>,
    /// What it covers.
    pub reach: Reach,
    /// How rules are named.
    pub names: Names,
    /// True where it must stand behind a comment opener.
    pub in_comment: bool,
    /// True where it counts for findings of other tools alone.
    pub foreign_only: bool,
}

const fn on(marker: &'static str, scanner: Option<&'static str>, reach: Reach, names: Names) -> Directive {
    Directive { marker, scanner, reach, names, in_comment: false, foreign_only: false }
}

const fn ours(marker: &'static str, reach: Reach, names: Names) -> Directive {
    Directive { marker, scanner: None, reach, names, in_comment: true, foreign_only: false }
}

const SECRETS: Option<&str> = Some("secrets");
const IAC: Option<&str> = Some("iac");

/// The table. Where two markers begin alike, the longer one counts.
pub static DIRECTIVES: &[Directive] = &[
    ours("portcullis:ignore", Reach::LineOrNext, Names::Ours),
    ours("portcullis:ignore-line", Reach::Line, Names::Ours),
    ours("portcullis:ignore-next-line", Reach::Next, Names::Ours),
    ours("portcullis:ignore-block", Reach::Block, Names::Ours),
    ours("portcullis:ignore-file", Reach::File, Names::Ours),
    ours("portcullis:ignore-begin", Reach::Begin, Names::Ours),
    ours("portcullis:ignore-end", Reach::End, Names::All),
    // Secrets.
    on("gitleaks:allow", SECRETS, Reach::Line, Names::All),
    on("betterleaks:allow", SECRETS, Reach::Line, Names::All),
    on("trufflehog:ignore", SECRETS, Reach::Line, Names::All),
    on("kingfisher:ignore", SECRETS, Reach::LineOrNext, Names::All),
    on("pragma: allowlist secret", SECRETS, Reach::Line, Names::All),
    on("pragma: whitelist secret", SECRETS, Reach::Line, Names::All),
    on("pragma: allowlist nextline secret", SECRETS, Reach::Next, Names::All),
    on("pragma: whitelist nextline secret", SECRETS, Reach::Next, Names::All),
    on("secretlint-disable-line", SECRETS, Reach::Line, Names::All),
    on("secretlint-disable-next-line", SECRETS, Reach::Next, Names::All),
    on("secretlint-disable", SECRETS, Reach::Begin, Names::All),
    on("secretlint-enable", SECRETS, Reach::End, Names::All),
    Directive { in_comment: true, ..on("nosecret", SECRETS, Reach::Line, Names::All) },
    Directive { in_comment: true, ..on("ggignore", SECRETS, Reach::Line, Names::All) },
    Directive { in_comment: true, ..on("ggignore-start", SECRETS, Reach::Begin, Names::All) },
    Directive { in_comment: true, ..on("ggignore-end", SECRETS, Reach::End, Names::All) },
    // Infrastructure.
    on("checkov:skip", None, Reach::Block, Names::Equals),
    on("bridgecrew:skip", None, Reach::Block, Names::Equals),
    on("cortex:skip", None, Reach::Block, Names::Equals),
    on("tfsec:ignore", IAC, Reach::LineOrNext, Names::Colons),
    on("trivy:ignore", None, Reach::LineOrNext, Names::Colons),
    on("kics-scan ignore-line", IAC, Reach::Next, Names::All),
    on("kics-scan ignore-block", IAC, Reach::Block, Names::All),
    on("kics-scan ignore", IAC, Reach::File, Names::All),
    on("kics-scan disable", IAC, Reach::File, Names::Equals),
    on("hadolint ignore", IAC, Reach::Next, Names::Equals),
    on("hadolint global ignore", IAC, Reach::File, Names::Equals),
    on("zizmor: ignore", IAC, Reach::Line, Names::Brackets),
    on("ts:skip", IAC, Reach::Block, Names::Equals),
    Directive { foreign_only: true, ..on("nosemgrep", None, Reach::LineOrNext, Names::MaybeColon) },
    Directive { foreign_only: true, ..on("nosec", None, Reach::Line, Names::MaybeList) },
];
