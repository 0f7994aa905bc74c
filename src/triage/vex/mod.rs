//! VEX documents: what somebody who knows says of vulnerabilities that a scanner only matches by version.
//!
//! OpenVEX 0.2 (and 0.0.x, whose members were plain text) and CycloneDX 1.4 to 1.6. A statement that a product is
//! not affected, or mended, suppresses; one that it is affected or under investigation does not, and takes back an
//! earlier one. Of several about one finding the latest counts.

mod cyclonedx;
mod openvex;

use serde_json::Value;

use super::ignore::answers_to;
use crate::model::{Finding, Notice, NoticeKind, Property, Rule, ScanReport, Suppression, purl_covers};

/// A document above this many statements is not one of a product.
const MOST: usize = 1_000_000;

/// What a statement says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Nothing has to be done: `not_affected`, `false_positive`.
    NotAffected,
    /// It was mended: `fixed`, `resolved`, `resolved_with_pedigree`.
    Fixed,
    /// It is a defect here: `affected`, `exploitable`.
    Affected,
    /// Nobody knows yet: `under_investigation`, `in_triage`.
    UnderInvestigation,
}

impl Status {
    /// OpenVEX's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NotAffected => "not_affected",
            Self::Fixed => "fixed",
            Self::Affected => "affected",
            Self::UnderInvestigation => "under_investigation",
        }
    }

    fn suppresses(self) -> bool {
        matches!(self, Self::NotAffected | Self::Fixed)
    }
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Statement {
    /// The vulnerability and its aliases.
    ids: Vec<String>,
    /// Package URLs that it is about, with or without a version; `None`: the whole product.
    packages: Option<Vec<String>>,
    status: Status,
    /// Why, in the document's words.
    reason: String,
    /// RFC 3339 in UTC, so that text order is the order of time; empty where it is not said.
    time: String,
}

/// A document that was read.
#[derive(Debug)]
pub struct Document {
    name: String,
    statements: Vec<Statement>,
    /// Statements without an id, or with a status that no specification knows.
    left_out: usize,
}

/// Reads a document; `name` is how reports call it.
///
/// # Errors
/// Says what is wrong and where, for the person who named the file.
pub fn read(name: &str, bytes: &[u8]) -> Result<Document, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let root: Value = serde_json::from_slice(bytes).map_err(|error| format!("not JSON: {error}"))?;
    let openvex = root["@context"].as_str().is_some_and(|context| context.contains("openvex"));
    let (statements, left_out) = if openvex || root["statements"].is_array() {
        openvex::statements(&root)
    } else if root["bomFormat"] == "CycloneDX" {
        cyclonedx::statements(&root)
    } else {
        return Err("neither OpenVEX (`@context`, `statements`) nor CycloneDX (`bomFormat`, `vulnerabilities`)".into());
    };
    if statements.len() > MOST {
        return Err(format!("more than {MOST} statements"));
    }
    Ok(Document { name: name.to_owned(), statements, left_out })
}

/// Marks what the documents suppress, and gives the others the status that was stated. A document of which nothing
/// fits is told where the run looked at dependencies, since it may be about another product; statements that could
/// not be read are told as well.
pub fn apply(report: &mut ScanReport, documents: &[Document]) {
    let mut used = vec![false; documents.len()];
    let rules = &report.rules;
    for finding in &mut report.findings {
        let rule = rules.get(&(finding.tool, finding.rule.clone())).map(AsRef::as_ref);
        let mut last: Option<(usize, &Statement)> = None;
        for (at, document) in documents.iter().enumerate() {
            for statement in document.statements.iter().filter(|statement| statement.is_about(finding, rule)) {
                used[at] = true;
                if last.is_none_or(|(_, known)| known.time <= statement.time) {
                    last = Some((at, statement));
                }
            }
        }
        let Some((at, statement)) = last else { continue };
        finding.properties.push(("vex", Property::Text(statement.status.word().to_owned())));
        if statement.status.suppresses() {
            finding.suppressions.push(Suppression {
                in_source: false,
                source: documents[at].name.clone(),
                reason: match statement.reason.as_str() {
                    "" => statement.status.word().to_owned(),
                    reason => format!("{}: {reason}", statement.status.word()),
                },
                until: None,
            });
        }
    }
    for (document, used) in documents.iter().zip(used) {
        if document.left_out > 0 {
            let message = format!(
                "{} statements of {} have no vulnerability or no known status and were not used. Ask its author",
                document.left_out, document.name
            );
            report.notices.push(Notice::warning(NoticeKind::Suppression, message));
        }
        if !used && report.scanners.contains(&"deps") {
            let count = document.statements.len();
            let message = format!("None of the {count} statements of {} is about a finding.", document.name);
            report.notices.push(Notice::note(NoticeKind::Suppression, message));
        }
    }
}

impl Statement {
    fn is_about(&self, finding: &Finding, rule: Option<&Rule>) -> bool {
        let named = self.ids.iter().any(|id| answers_to(id, finding, rule));
        let Some(packages) = self.packages.as_ref().filter(|_| named) else { return named };
        let purl = finding.properties.iter().find_map(|(name, value)| match value {
            Property::Text(text) if *name == "purl" => Some(text),
            _ => None,
        });
        purl.is_some_and(|purl| packages.iter().any(|package| purl_covers(package, purl)))
    }
}

/// A text of an object; empty where it has none.
fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn array<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

/// The texts that say something, one after the other.
fn joined(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect();
    parts.join(": ")
}

/// A time in UTC, so that times compare as text; empty where it is none.
fn utc(time: &str) -> String {
    time.parse::<jiff::Timestamp>().map(|time| time.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
