//! A foreign result on its way to a finding, as small as can be: a report may come of a million.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::model::{
    ALSO_REPORTED, BaselineState, Confidence, Finding, Fingerprint, Location, Origin, Property, Region, RepoPath,
    RuleId, Severity, Suppression, hex,
};

/// Bytes of what tells results apart; of more there is a digest.
const LONGEST: usize = 64;

/// One result without its JSON.
pub struct Incoming {
    pub rule: RuleId,
    pub path: RepoPath,
    pub severity: Severity,
    pub confidence: Confidence,
    /// First and last line, first column and one past the last, from 1.
    pub lines: (u32, u32),
    pub columns: (u32, u32),
    pub message: Box<str>,
    /// `foreign:` and what tells it apart from others of its rule and file.
    pub anchor: Arc<str>,
    /// The first bytes of the SHA-256 of its JSON: equal results of two files have the same.
    pub digest: [u8; 16],
    /// The fingerprint that an earlier merge gave it.
    pub known: Option<Fingerprint>,
    /// What few results have.
    pub more: Option<Box<More>>,
}

/// What few results have.
#[derive(Default)]
pub struct More {
    /// Who else reported it, as an earlier merge says.
    pub also: BTreeSet<String>,
    /// Ids beside its rule's own to which suppressions answer.
    pub also_known_as: Vec<String>,
    pub suppressions: Vec<Suppression>,
    /// True where an earlier report says that it is gone.
    pub absent: bool,
    /// True where the tool says how to repair it.
    pub fixable: bool,
}

impl More {
    fn is_empty(&self) -> bool {
        let listed = self.also.len() + self.also_known_as.len() + self.suppressions.len();
        listed == 0 && !self.absent && !self.fixable
    }

    /// Boxed where there is anything.
    pub fn any(self) -> Option<Box<Self>> {
        (!self.is_empty()).then(|| Box::new(self))
    }
}

/// The order of results: by place, then rule and message.
pub type Order<'f> = (&'f str, u32, u32, &'f str, &'f str);

impl Incoming {
    /// Takes the result's JSON, after a change too: message and identity follow. Its text, members in
    /// alphabetical order.
    pub fn set(&mut self, object: Map<String, Value>) -> String {
        let message = object["message"]["text"].as_str().unwrap_or_default();
        let mut discriminator = discriminator(&object, message);
        self.message = message.into();
        if discriminator.len() > LONGEST {
            discriminator = hex(&Sha256::digest(discriminator.as_bytes())[..16]);
        }
        self.anchor = Arc::from(format!("foreign:{discriminator}"));
        let mut value = Value::Object(object);
        value.sort_all_objects();
        // What serde_json read it writes.
        let text = serde_json::to_string(&value).unwrap_or_default();
        self.digest.copy_from_slice(&Sha256::digest(text.as_bytes())[..16]);
        text
    }

    /// Where it stands among others.
    pub fn order(&self) -> Order<'_> {
        (self.path.as_str(), self.lines.0, self.columns.0, self.rule.as_str(), &self.message)
    }

    /// Joins what an equal one knows.
    pub fn join(&mut self, other: &mut Self) {
        self.severity = self.severity.max(other.severity);
        if let Some(more) = other.more.take() {
            let own = self.more.get_or_insert_default();
            own.also.extend(more.also);
            own.also_known_as.extend(more.also_known_as);
        }
    }

    /// The finding of a tool of that index.
    pub fn finding(self, tool: usize, fingerprint: Fingerprint) -> Finding {
        let more = self.more.map(|more| *more).unwrap_or_default();
        let mut also_known_as = more.also_known_as;
        also_known_as.sort();
        also_known_as.dedup();
        let also = (!more.also.is_empty()).then(|| (ALSO_REPORTED, Property::List(more.also.into_iter().collect())));
        let region = Region {
            start_line: self.lines.0,
            start_column: self.columns.0,
            end_line: self.lines.1,
            end_column: self.columns.1,
            char_column: self.columns.0,
            byte_offset: 0,
            byte_length: 0,
        };
        Finding {
            tool,
            rule: self.rule,
            severity: self.severity,
            confidence: self.confidence,
            message: self.message.into(),
            primary: Location { path: self.path, region },
            extent: None,
            related: Vec::new(),
            snippet: None,
            fingerprint,
            anchor: self.anchor,
            // As it came it is in the result's JSON.
            line_hash: None,
            origin: Origin::WorkTree,
            properties: also.into_iter().collect(),
            fixes: Vec::new(),
            foreign_fix: more.fixable,
            gates: true,
            also_known_as,
            suppressions: more.suppressions,
            baseline: more.absent.then_some(BaselineState::Absent),
            secret_digest: None,
            foreign: None,
        }
    }
}

/// The tool's own fingerprint where it tells findings apart, else the message without its numbers.
fn discriminator(object: &Map<String, Value>, message: &str) -> String {
    let prints = ["fingerprints", "partialFingerprints"].iter().filter_map(|name| object.get(*name)?.as_object());
    let own =
        prints.flatten().find_map(|(_, value)| value.as_str().filter(|text| text.len() >= 16 && !text.contains(' ')));
    match own {
        Some(own) => own.to_owned(),
        None => message.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).collect(),
    }
}
