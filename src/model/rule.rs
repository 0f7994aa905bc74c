//! What can be reported.

use std::fmt;
use std::sync::Arc;

use super::{Confidence, Severity};

/// A rule's public name: `secrets/aws-access-key`, `iac/aws-s3-public-acl`, `deps/RUSTSEC-2021-0001`.
///
/// The part before the first `/` is the scanner. Ids are a public promise: a renamed rule keeps its old
/// id in [`Rule::deprecated_ids`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(Arc<str>);

impl RuleId {
    /// From its text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(Arc::from(text))
    }

    /// The whole id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The scanner: what stands before the first `/`.
    #[must_use]
    pub fn scanner(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }

    /// The id without its scanner: what a person may write in an ignore.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.split_once('/').map_or(&self.0, |(_, rest)| rest)
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Everything a person is told about a kind of finding.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Public name.
    pub id: RuleId,
    /// One line without a final full stop: "S3 bucket ACL lets anyone read".
    pub title: String,
    /// Why it is wrong and how to put it right, as plain text; several paragraphs are separated by an
    /// empty line.
    pub help: String,
    /// What a finding has unless it says otherwise.
    pub severity: Severity,
    /// What a finding has unless it says otherwise.
    pub confidence: Confidence,
    /// Numbers of the Common Weakness Enumeration.
    pub cwe: Vec<u32>,
    /// URLs for further reading, the best first.
    pub references: Vec<String>,
    /// Ids under which other tools and databases know the same check: `CKV_AWS_20`, `CVE-2021-44228`.
    /// A suppression that names one of them counts for this rule.
    pub aliases: Vec<String>,
    /// Ids this rule had before.
    pub deprecated_ids: Vec<String>,
    /// Ids that comments of long standing use for the same check; reports do not list them.
    pub legacy_names: Vec<&'static str>,
    /// Words for filters beside `security` and the scanner's name: `aws`, `kubernetes`.
    pub tags: Vec<String>,
    /// A CVSS base score, where the rule is an advisory that has one.
    pub score: Option<f64>,
    /// Of another tool's rule, what the above has no place for.
    pub foreign: Option<Box<ForeignRule>>,
}

/// The property of another tool's rule that lists what of it we filled in.
pub const FILLED: &str = "portcullisFilled";

/// What another tool says of its rule, and what it left out.
#[derive(Clone, Debug, Default)]
pub struct ForeignRule {
    /// `fullDescription.text`, or empty.
    pub description: String,
    /// `help.markdown`, or empty.
    pub markdown: String,
    /// `name`, or empty.
    pub name: String,
    /// SARIF's names of members that code scanning asks for and the tool did not give: we write them.
    pub filled: Vec<&'static str>,
}

impl Rule {
    /// A rule with a title, and nothing else said yet.
    #[must_use]
    pub fn new(id: &str, title: &str, severity: Severity) -> Self {
        Self {
            id: RuleId::new(id),
            title: title.to_owned(),
            help: String::new(),
            severity,
            confidence: Confidence::High,
            cwe: Vec::new(),
            references: Vec::new(),
            aliases: Vec::new(),
            deprecated_ids: Vec::new(),
            legacy_names: Vec::new(),
            tags: Vec::new(),
            score: None,
            foreign: None,
        }
    }

    /// True where `name` means this rule: its id with or without the scanner, an earlier id, an alias, or a
    /// legacy name. Case does not
    /// count: half of the ids that people write are of advisories and other tools.
    #[must_use]
    pub fn answers_to(&self, name: &str) -> bool {
        self.names().any(|id| id.eq_ignore_ascii_case(name))
    }

    /// Everything that [`Rule::answers_to`] compares with.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let own = [self.id.as_str(), self.id.short()];
        let others = self.deprecated_ids.iter().chain(&self.aliases).map(String::as_str);
        // Trivy's ids are written with and without what they all begin with.
        let short = self.aliases.iter().filter_map(|alias| alias.strip_prefix("AVD-"));
        own.into_iter().chain(others).chain(short).chain(self.legacy_names.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_answers_to_its_aliases_long_and_short() {
        let mut rule = Rule::new("iac/x", "X", Severity::Low);
        rule.aliases = vec!["CKV_AWS_20".into(), "AVD-AWS-0092".into()];
        for name in ["iac/x", "x", "ckv_aws_20", "AVD-AWS-0092", "aws-0092"] {
            assert!(rule.answers_to(name), "{name}");
        }
        assert!(!rule.answers_to("0092"));
    }
}
