//! What foreign reports say in the name of one tool and category: rules and results joined, each with its identity.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::incoming::{Incoming, Order};
use crate::model::{Finding, Fingerprint, FingerprintFields, PackedText, Rule, ScanReport, Severity, Tool};

/// Results whose memory is given back at a time.
const GIVEN_BACK: usize = 1 << 16;

/// What the files say in the name of one tool and category.
#[derive(Default)]
pub struct Run {
    pub tool: Tool,
    pub rules: BTreeMap<String, Rule>,
    pub results: Vec<Taken>,
}

/// A result whose text is packed, as the pack's number of that.
pub struct Taken {
    pub incoming: Incoming,
    pub text: u32,
}

impl Run {
    /// Keeps a rule that a result of that severity names: without a score it is as bad as its worst result.
    pub fn name(&mut self, rule: &Rule, severity: Severity) {
        let severity = rule.score.map_or(severity, Severity::from_score);
        match self.rules.get_mut(rule.id.as_str()) {
            Some(known) => known.severity = known.severity.max(severity),
            None => {
                self.rules.insert(rule.id.as_str().to_owned(), Rule { severity, ..rule.clone() });
            }
        }
    }

    /// Adds it to a report: each result once, by place, with a fingerprint. `texts` are what [`Taken::text`] counts.
    pub fn join(mut self, report: &mut ScanReport, texts: &[PackedText]) {
        let index = if self.tool.name == report.tools[0].name {
            0
        } else {
            report.tools.push(self.tool.clone());
            report.tools.len() - 1
        };
        for rule in self.rules.into_values() {
            report.rules.entry((index, rule.id.clone())).or_insert_with(|| Arc::new(rule));
        }
        // Of two that are equal, the one that an earlier merge named is kept.
        fn key(one: &Taken) -> (Order<'_>, [u8; 16], bool, Option<Fingerprint>) {
            let known = one.incoming.known;
            (one.incoming.order(), one.incoming.digest, known.is_none(), known)
        }
        self.results.sort_unstable_by(|a, b| key(a).cmp(&key(b)));
        self.results.dedup_by(|b, a| {
            let (a, b) = (&mut a.incoming, &mut b.incoming);
            let equal = a.digest == b.digest && a.order() == b.order();
            if equal {
                a.join(b);
            }
            equal
        });
        let mut taken: BTreeSet<Fingerprint> = self.results.iter().filter_map(|one| one.incoming.known).collect();
        let mut ordinals = BTreeMap::new();
        report.findings.reserve_exact(self.results.len());
        // What is done with is given back as it goes.
        self.results.reverse();
        while let Some(one) = self.results.pop() {
            if self.results.len().is_multiple_of(GIVEN_BACK) {
                self.results.shrink_to_fit();
            }
            let fingerprint = identity(&one.incoming, &self.tool.name, &mut ordinals, &mut taken);
            let mut finding = one.incoming.finding(index, fingerprint);
            finding.foreign = texts.get(one.text as usize).cloned();
            report.findings.push(finding);
        }
    }
}

/// The next ordinal of rule, path and discriminator, by the fingerprint that the first has.
type Ordinals = BTreeMap<Fingerprint, u32>;

/// The fingerprint that an earlier merge gave it, else the next that is free.
fn identity(one: &Incoming, tool: &str, ordinals: &mut Ordinals, taken: &mut BTreeSet<Fingerprint>) -> Fingerprint {
    let numbered = |ordinal| {
        Fingerprint::of(&FingerprintFields {
            tool,
            rule: one.rule.as_str(),
            path: one.path.as_str(),
            kind: "foreign",
            discriminator: one.anchor.strip_prefix("foreign:").unwrap_or_default(),
            ordinal,
        })
    };
    if let Some(known) = one.known {
        return known;
    }
    let first = numbered(0);
    let next = ordinals.entry(first).or_default();
    loop {
        let fingerprint = if *next == 0 { first } else { numbered(*next) };
        *next += 1;
        if taken.insert(fingerprint) {
            return fingerprint;
        }
    }
}

/// All that a rule says, the longest help first.
fn said(rule: &Rule) -> impl PartialOrd + '_ {
    let given = rule.foreign.as_deref().map(|given| (&given.description, &given.markdown, &given.name, &given.filled));
    let texts = (rule.help.len(), &rule.help, &rule.title, given);
    (texts, rule.score, rule.confidence, &rule.cwe, &rule.tags, &rule.references, &rule.aliases, &rule.deprecated_ids)
}

/// A rule counts as its worst result; of two texts the longer is kept, whichever came first.
pub fn keep_rule(rules: &mut BTreeMap<String, Rule>, rule: Rule) {
    match rules.get_mut(rule.id.as_str()) {
        Some(known) => {
            let severity = known.severity.max(rule.severity);
            if said(&rule) > said(known) {
                *known = rule;
            }
            known.severity = severity;
        }
        None => {
            rules.insert(rule.id.as_str().to_owned(), rule);
        }
    }
}

/// Sorts by place, then tool, equal ones as they stand, without a second copy of them: they may be a million.
pub fn sort(findings: &mut [Finding]) {
    let mut from: Vec<usize> = (0..findings.len()).collect();
    from.sort_by_key(|&at| (order(&findings[at]), findings[at].tool));
    for at in 0..from.len() {
        // What stood before this place was swapped to where its own finding came from.
        let mut source = from[at];
        while source < at {
            source = from[source];
        }
        findings.swap(at, source);
        from[at] = source;
    }
}

fn order(finding: &Finding) -> Order<'_> {
    let region = finding.primary.region;
    let (path, rule) = (finding.primary.path.as_str(), finding.rule.as_str());
    (path, region.start_line, region.start_column, rule, &finding.message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample;

    #[test]
    fn sorting_in_place_is_sorting() {
        let rule = Rule::new("iac/r", "Title", Severity::High);
        for count in [0, 1, 2, 7, 100, 1_000] {
            // A walk that meets every line, some twice.
            let line = |at: u32| (at * 617 + 5) % count.max(1) / 2 + 1;
            let mut findings: Vec<Finding> = (0..count).map(|at| sample::finding(&rule, "f", line(at), at)).collect();
            let mut expected: Vec<_> =
                findings.iter().map(|one| (one.primary.region.start_line, one.fingerprint)).collect();
            expected.sort_by_key(|(line, _)| *line);
            sort(&mut findings);
            let found: Vec<_> = findings.iter().map(|one| (one.primary.region.start_line, one.fingerprint)).collect();
            assert_eq!(found, expected, "{count}");
        }
    }
}
