//! The total order: same bytes in, same bytes out, at any thread count.

use std::collections::HashMap;

use crate::model::{Finding, Fingerprint, FingerprintFields, Notice, Origin};

/// Sorts, drops exact duplicates (two windows of one file, two callers of one module), and gives each
/// finding its fingerprint.
pub fn findings(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|a, b| order(a).cmp(&order(b)));
    findings.dedup_by(|b, a| order(a) == order(b) && a.anchor == b.anchor);
    fingerprint(&mut findings);
    findings
}

type Order<'a> = (&'a str, u32, u32, u64, u64, usize, &'a str, &'a str);

fn order(finding: &Finding) -> Order<'_> {
    let region = &finding.primary.region;
    (
        finding.primary.path.as_str(),
        region.start_line,
        region.start_column,
        region.byte_offset,
        region.byte_length,
        finding.tool,
        finding.rule.as_str(),
        &finding.message,
    )
}

/// Ordinals tell findings with equal fields apart, by place.
fn fingerprint(findings: &mut [Finding]) {
    let mut seen: HashMap<(usize, String, String, String), u32> = HashMap::new();
    for finding in findings.iter_mut().filter(|finding| finding.tool == 0) {
        let path = finding.primary.path.as_str();
        let key = (finding.tool, finding.rule.as_str().to_owned(), path.to_owned(), finding.anchor.to_string());
        let ordinal = seen.entry(key).or_default();
        let (kind, discriminator) = finding.anchor.split_once(':').unwrap_or(("line", ""));
        // What some commit of the past holds is another thing than what the tree holds now.
        let of_blob = match &finding.origin {
            Origin::Commit { blob } => Some(format!("{discriminator}@{blob}")),
            _ => None,
        };
        let discriminator = of_blob.as_deref().unwrap_or(discriminator);
        finding.fingerprint = Fingerprint::of(&FingerprintFields {
            tool: env!("CARGO_PKG_NAME"),
            rule: finding.rule.as_str(),
            path,
            kind,
            discriminator,
            ordinal: *ordinal,
        });
        *ordinal += 1;
    }
}

/// Sorts and drops repetitions.
pub fn notices(mut notices: Vec<Notice>) -> Vec<Notice> {
    notices.sort_unstable();
    notices.dedup();
    notices
}
