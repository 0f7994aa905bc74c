//! How bad, and how sure.

use std::fmt;
use std::str::FromStr;

/// How bad a finding is. Ordered, so that a gate is one comparison.
///
/// An advisory maps by its base score, as CVSS v3.1 section 5 does: 0.1-3.9 low, 4.0-6.9 medium,
/// 7.0-8.9 high, 9.0-10.0 critical. A secret or IaC rule states its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; nothing to do.
    Info,
    /// Hardening.
    Low,
    /// To be fixed in the ordinary course.
    Medium,
    /// To be fixed before release.
    High,
    /// To be fixed now.
    Critical,
}

impl Severity {
    /// All, worst first.
    pub const ALL: [Severity; 5] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Info];

    /// The word in reports and flags.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// SARIF's `level`: error, warning or note.
    #[must_use]
    pub fn sarif_level(self) -> &'static str {
        match self {
            Self::Critical | Self::High => "error",
            Self::Medium => "warning",
            Self::Low | Self::Info => "note",
        }
    }

    /// The number code scanning reads as `security-severity` where a rule has no score of its own:
    /// inside its bands (over 9.0, 7.0 to 8.9, 4.0 to 6.9, 0.1 to 3.9), away from their edges.
    #[must_use]
    pub fn score(self) -> f64 {
        match self {
            Self::Critical => 9.5,
            Self::High => 8.0,
            Self::Medium => 5.5,
            Self::Low => 2.0,
            Self::Info => 0.5,
        }
    }

    /// From a CVSS base score, 0.0 to 10.0 (CVSS v3.1 section 5, table 14).
    #[must_use]
    pub fn from_score(score: f64) -> Self {
        match score {
            s if s >= 9.0 => Self::Critical,
            s if s >= 7.0 => Self::High,
            s if s >= 4.0 => Self::Medium,
            s if s > 0.0 => Self::Low,
            _ => Self::Info,
        }
    }

    /// One step less bad; `Info` stays.
    #[must_use]
    pub fn lower(self) -> Self {
        match self {
            Self::Critical => Self::High,
            Self::High => Self::Medium,
            Self::Medium => Self::Low,
            Self::Low | Self::Info => Self::Info,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for Severity {
    type Err = String;

    /// Reads the words of all tools that portcullis meets: `moderate`, `error`, `warning`, `note` too.
    fn from_str(word: &str) -> Result<Self, String> {
        match word.to_ascii_lowercase().as_str() {
            "critical" => Ok(Self::Critical),
            "high" | "error" => Ok(Self::High),
            "medium" | "moderate" | "warning" => Ok(Self::Medium),
            "low" | "minor" | "note" => Ok(Self::Low),
            "info" | "informational" | "none" => Ok(Self::Info),
            _ => Err(format!("`{word}` is no severity: critical, high, medium, low, info")),
        }
    }
}

/// How sure a finding is. Ordered, least sure first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Shape alone; likely something else.
    Low,
    /// Shape and context agree.
    Medium,
    /// A checksum, a parser or an exact version says so.
    High,
}

impl Confidence {
    /// The word in reports and flags; code scanning's `precision` takes the same three.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl FromStr for Confidence {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "low" => Ok(Self::Low),
            "medium" => Ok(Self::Medium),
            "high" => Ok(Self::High),
            _ => Err(format!("`{word}` is no confidence: high, medium, low")),
        }
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
