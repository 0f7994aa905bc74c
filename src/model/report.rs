//! What a run found, whole.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Finding, Notice, Rule, RuleId, Severity};

/// Who found something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tool {
    /// Name in reports: `portcullis`, `zizmor`.
    pub name: String,
    /// Its version, or empty.
    pub version: String,
    /// Where to read about it.
    pub information_uri: String,
    /// What code scanning tells uploads of one tool apart by; empty for the default.
    pub category: String,
}

/// How much was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Files that the walk met and no ignore rule left out.
    pub files_seen: u64,
    /// Files opened and given to at least one scanner.
    pub files_scanned: u64,
    /// Bytes read.
    pub bytes_scanned: u64,
    /// Files that look binary: text scanners left them out.
    pub binary: u64,
}

/// The advisory snapshot that answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatabaseInfo {
    /// Where it came from: a path or `starter set`.
    pub source: String,
    /// When its data were current, `YYYY-MM-DD`.
    pub snapshot: String,
    /// Age in whole days on the day of the run.
    pub age_days: i64,
    /// Advisories held.
    pub advisories: u64,
}

/// Where a scanned history is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// The repository's address, without credentials.
    pub repository: String,
    /// The newest commit that was read, all digits; empty where none was.
    pub revision: String,
    /// The branch that is checked out, where it stands at that commit; or empty.
    pub branch: String,
}

/// One finished run: sorted, triaged, complete or not.
#[derive(Clone, Debug, Default)]
pub struct ScanReport {
    /// Index 0 is portcullis itself.
    pub tools: Vec<Tool>,
    /// All findings, suppressed and absent ones too, in the total order of `engine::merge`.
    pub findings: Vec<Finding>,
    /// Every rule that fired, by tool and id.
    pub rules: BTreeMap<(usize, RuleId), Arc<Rule>>,
    /// Every rule of the scanners that ran; filled only where a format asked for it.
    pub all_rules: Vec<Arc<Rule>>,
    /// Problems of the scan, sorted.
    pub notices: Vec<Notice>,
    /// How much was looked at.
    pub coverage: Coverage,
    /// Built-in scanners that ran, in registry order.
    pub scanners: Vec<&'static str>,
    /// The advisory snapshot, where dependencies were checked.
    pub database: Option<DatabaseInfo>,
    /// Which repository and commit were read; only of commits.
    pub provenance: Option<Provenance>,
    /// Wall time; shown to people, never written into a file that two runs should agree on.
    pub elapsed: Duration,
    /// False where a notice says that something was hidden from a scanner that wanted it.
    pub complete: bool,
    /// The gate's verdict, one line per reason; filled by triage.
    pub verdict: Vec<String>,
    /// True where the gate failed; filled by triage.
    pub gate_failed: bool,
}

impl ScanReport {
    /// Findings that count.
    pub fn active(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.is_active())
    }

    /// The rule of a finding.
    #[must_use]
    pub fn rule_of(&self, finding: &Finding) -> Option<&Arc<Rule>> {
        self.rules.get(&(finding.tool, finding.rule.clone()))
    }

    /// Active findings by severity, worst first, zeros included.
    #[must_use]
    pub fn counts(&self) -> [(Severity, usize); 5] {
        Severity::ALL.map(|severity| (severity, self.active().filter(|f| f.severity == severity).count()))
    }
}
