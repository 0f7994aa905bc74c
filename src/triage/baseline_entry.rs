//! One known finding, as a line of a baseline.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::model::{
    BaselineState, Confidence, Finding, Fingerprint, FingerprintFields, Location, Origin, Region, RepoPath, RuleId,
    ScanReport, Severity,
};

/// Hexadecimal digits kept of a secret's salted hash: 20 bits.
const SECRET_DIGITS: usize = 5;

/// One known finding.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "an entry of a baseline")]
pub struct Entry {
    /// The file it was in.
    pub path: String,
    /// Its rule.
    pub rule: String,
    /// How bad it was.
    pub severity: String,
    /// Its message, for people.
    pub message: String,
    /// Hash of tool, rule, path and anchor; equal ones are counted.
    pub key: String,
    /// The same without the path: what stays when a file moves.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub content: String,
    /// Of an earlier SARIF file: the whole fingerprint, where no key is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// 20 salted bits of the secret's digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Why it is tolerated; a person writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who mends it; a person writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The last day on which it is tolerated, `YYYY-MM-DD`; a person writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

impl Entry {
    /// Of a finding.
    pub fn of(report: &ScanReport, finding: &Finding) -> Self {
        let path = finding.primary.path.as_str();
        let content = key(report, finding, "");
        Self {
            path: path.to_owned(),
            rule: finding.rule.as_str().to_owned(),
            severity: finding.severity.word().to_owned(),
            message: finding.message.clone(),
            key: key(report, finding, path),
            secret: finding.secret_digest.as_ref().map(|digest| secret_bits(&content, digest)),
            content,
            ..Self::default()
        }
    }

    /// The entry as a finding that is gone.
    pub fn absent(&self) -> Finding {
        let fields = FingerprintFields {
            tool: "",
            rule: &self.rule,
            path: &self.path,
            kind: "",
            discriminator: &self.key,
            ordinal: 0,
        };
        let print = self.fingerprint.as_deref().and_then(Fingerprint::parse);
        Finding {
            tool: 0,
            rule: RuleId::new(&self.rule),
            severity: self.severity.parse().unwrap_or(Severity::Medium),
            confidence: Confidence::High,
            message: self.message.clone(),
            primary: Location {
                path: RepoPath::new(&self.path),
                region: Region {
                    start_line: 1,
                    start_column: 1,
                    end_line: 1,
                    end_column: 1,
                    char_column: 1,
                    ..Region::default()
                },
            },
            extent: None,
            related: Vec::new(),
            snippet: None,
            fingerprint: print.unwrap_or_else(|| Fingerprint::of(&fields)),
            anchor: Arc::from(""),
            line_hash: None,
            origin: Origin::WorkTree,
            properties: Vec::new(),
            fixes: Vec::new(),
            foreign_fix: false,
            gates: false,
            also_known_as: Vec::new(),
            suppressions: Vec::new(),
            baseline: Some(BaselineState::Absent),
            secret_digest: None,
            foreign: None,
        }
    }
}

/// Identity without the ordinal, as 32 hexadecimal digits.
fn key(report: &ScanReport, finding: &Finding, path: &str) -> String {
    let tool = report.tools.get(finding.tool).map_or("", |tool| &tool.name);
    let fields = FingerprintFields {
        tool,
        rule: finding.rule.as_str(),
        path,
        kind: "baseline",
        discriminator: &finding.anchor,
        ordinal: 0,
    };
    Fingerprint::of(&fields).to_string()
}

/// The entry's content key is the salt, so that the bits survive a move and tables serve for one entry.
fn secret_bits(salt: &str, digest: &[u8; 32]) -> String {
    let hash = Sha256::new().chain_update(salt).chain_update(digest).finalize();
    let text = crate::model::hex(&hash);
    text.chars().take(SECRET_DIGITS).collect()
}
