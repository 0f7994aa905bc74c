//! `[[ignore]]` entries of the configuration.

use globset::{GlobBuilder, GlobMatcher};

use super::is_past;
use crate::model::{Finding, Notice, NoticeKind, Rule, ScanReport, Suppression};

/// Properties in which scanners write a package's name.
const PACKAGE_PROPERTIES: &[&str] = &["package", "packageName", "dependency", "purl"];

/// One entry: every condition that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// A rule id with or without its scanner, an alias, or a `*`-glob of an id.
    pub rule: Option<String>,
    /// A glob over the path.
    pub path: Option<GlobMatcher>,
    /// The line that the finding begins on, from 1.
    pub line: Option<u32>,
    /// A finding's fingerprint, 32 hexadecimal digits.
    pub fingerprint: Option<String>,
    /// A package name.
    pub package: Option<String>,
    /// Why.
    pub reason: String,
    /// The last day on which it holds, `YYYY-MM-DD`.
    pub until: Option<String>,
    /// Where the entry stands, for reports: `portcullis.toml`.
    pub source: String,
}

impl Entry {
    /// A matcher for [`Entry::path`]: `*` stays within a folder, `**` does not.
    ///
    /// # Errors
    /// Where the glob does not parse.
    pub fn path_glob(glob: &str) -> Result<GlobMatcher, globset::Error> {
        Ok(GlobBuilder::new(glob).literal_separator(true).build()?.compile_matcher())
    }

    /// True where its rule names this scanner.
    #[must_use]
    pub fn is_about(&self, scanner: &str) -> bool {
        self.rule.as_deref().and_then(|rule| rule.split_once('/')).is_some_and(|(name, _)| name == scanner)
    }

    fn describe(&self) -> String {
        let path = self.path.as_ref().map(|glob| glob.glob().glob().to_owned());
        [("rule", &self.rule), ("path", &path), ("fingerprint", &self.fingerprint), ("package", &self.package)]
            .iter()
            .filter_map(|(name, value)| value.as_ref().map(|value| format!("{name} `{value}`")))
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn matches(&self, finding: &Finding, rule: Option<&Rule>) -> bool {
        self.rule.as_ref().is_none_or(|name| is_named(name, finding, rule))
            && self.path.as_ref().is_none_or(|glob| glob.is_match(finding.primary.path.as_str()))
            && self.line.is_none_or(|line| line == finding.primary.region.start_line)
            && self.fingerprint.as_ref().is_none_or(|print| finding.fingerprint.to_string() == *print)
            && self.package.as_ref().is_none_or(|package| has_package(finding, package))
    }
}

fn has_package(finding: &Finding, package: &str) -> bool {
    let names = PACKAGE_PROPERTIES.iter().filter_map(|name| finding.text(name));
    names.into_iter().any(|text| text == package || text.rsplit_once('@').is_some_and(|(bare, _)| bare == package))
}

/// True where `name`, as a person wrote it in a suppression, means this finding's rule: as [`answers_to`], or as a
/// `*`-glob of one of those ids.
#[must_use]
pub fn is_named(name: &str, finding: &Finding, rule: Option<&Rule>) -> bool {
    if !name.contains('*') {
        return answers_to(name, finding, rule);
    }
    let glob = name.to_ascii_lowercase();
    ids(finding, rule).any(|id| wildcard(&glob, &id.to_ascii_lowercase()))
}

/// True where an id is one of this finding's: its rule's, an earlier one of the rule, an alias, one that the finding
/// itself answers to. Case does not count. What suppresses by id compares so: comments, entries, VEX statements.
#[must_use]
pub fn answers_to(id: &str, finding: &Finding, rule: Option<&Rule>) -> bool {
    ids(finding, rule).any(|known| known.eq_ignore_ascii_case(id))
}

fn ids<'a>(finding: &'a Finding, rule: Option<&'a Rule>) -> impl Iterator<Item = &'a str> {
    let own = [finding.rule.as_str(), finding.rule.short()];
    let also = finding.also_known_as.iter().map(String::as_str);
    own.into_iter().chain(also).chain(rule.into_iter().flat_map(Rule::names))
}

/// `*` stands for any text. Linear in both for every practical pattern; bounded by their product.
fn wildcard(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Marks what the entries suppress, and tells which entries expired or matched nothing. A finding that a
/// comment already suppresses counts as use of the entry too. `could_match` says whether the run looked at
/// anything that an entry is about: only then is it worth a word that it matched nothing.
pub fn apply(report: &mut ScanReport, entries: &[Entry], today: &str, could_match: &dyn Fn(&Entry) -> bool) {
    let mut used = vec![false; entries.len()];
    let rules = &report.rules;
    for finding in &mut report.findings {
        let rule = rules.get(&(finding.tool, finding.rule.clone())).map(AsRef::as_ref);
        for (entry, used) in entries.iter().zip(&mut used) {
            if !is_past(entry.until.as_deref(), today) && entry.matches(finding, rule) {
                *used = true;
                finding.suppressions.push(Suppression {
                    in_source: false,
                    source: entry.source.clone(),
                    reason: entry.reason.clone(),
                    until: entry.until.clone(),
                });
            }
        }
    }
    for (entry, used) in entries.iter().zip(used) {
        let what = entry.describe();
        let message = match &entry.until {
            Some(until) if is_past(Some(until), today) => {
                format!(
                    "The ignore of {what} expired on {until}. Remove it from {}, or give it another day.",
                    entry.source
                )
            }
            _ if !used && could_match(entry) => {
                format!("The ignore of {what} matches nothing. Remove it from {}.", entry.source)
            }
            _ => continue,
        };
        report.notices.push(Notice::warning(NoticeKind::Suppression, message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Severity, sample};

    fn entry(rule: &str) -> Entry {
        Entry { rule: Some(rule.into()), reason: "known".into(), source: "portcullis.toml".into(), ..Entry::default() }
    }

    #[test]
    fn entries_match_by_rule_alias_glob_and_path() {
        for name in ["iac/high-rule", "high-rule", "IAC/High-Rule", "ckv_aws_20", "iac/*", "*-Rule", "ckv_aws_*", "*"] {
            let mut report = sample::report(&[("a/b.tf", 1, Severity::High)]);
            apply(&mut report, &[entry(name)], "2026-01-01", &|_| true);
            assert!(!report.findings[0].is_active(), "{name}");
            assert!(report.notices.is_empty());
        }
        let mut report = sample::report(&[("a/b.tf", 1, Severity::High)]);
        let path = Some(Entry::path_glob("*.tf").expect("a glob"));
        apply(&mut report, &[Entry { path, ..entry("high-rule") }], "2026-01-01", &|_| true);
        assert!(report.findings[0].is_active(), "`*` stays within a folder");
        assert!(report.notices[0].message.contains("matches nothing"));
    }

    #[test]
    fn an_expired_entry_suppresses_nothing_and_is_told() {
        let mut report = sample::report(&[("a.tf", 1, Severity::High)]);
        apply(&mut report, &[Entry { until: Some("2025-12-31".into()), ..entry("high-rule") }], "2026-01-01", &|_| {
            true
        });
        assert!(report.findings[0].is_active());
        assert!(report.notices[0].message.contains("expired on 2025-12-31"));
    }

    #[test]
    fn an_entry_about_what_was_not_looked_at_is_not_called_unused() {
        let mut report = sample::report(&[]);
        apply(&mut report, &[entry("other-rule")], "2026-01-01", &|_| false);
        assert!(report.notices.is_empty());
    }

    #[test]
    fn wildcards() {
        assert!(wildcard("a*c", "abc") && wildcard("a*", "a") && wildcard("*b*", "abc"));
        assert!(!wildcard("a*c", "ab") && !wildcard("ab*ba", "aba".get(..2).unwrap_or_default()));
    }
}
