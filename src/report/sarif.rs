//! SARIF 2.1.0 for code scanning: results are written one at a time.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::sarif_place::{Place, Text, context, fix, message, place, related};
use super::{Options, Reporter, json as shape, sarif_rules, shown};
use crate::model::{
    BaselineState, FINGERPRINT_SCHEME, Finding, Notice, NoticeKind, NoticeLevel, OWN_SEVERITY, PackedText, Provenance,
    Rule, RuleId, ScanReport,
};

/// Code scanning refuses a run with more results.
const MOST_RESULTS: usize = 25_000;
/// Of those it keeps so many: the first, so that the most severe come first.
const KEPT_RESULTS: usize = 5_000;
/// Above this, snippets are left out: the file must stay below 10 MB when compressed.
const MOST_SNIPPETS: usize = 10_000;
/// Notifications of one run.
const MOST_NOTIFICATIONS: usize = 1_000;
/// What the paths of a run with a repository are relative to.
const ROOT: &str = "SRCROOT";
/// One run of ours, then one per other tool.
pub struct Sarif;

impl Reporter for Sarif {
    fn write(&self, report: &ScanReport, options: &Options, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(
            b"{\n\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\n\"version\":\"2.1.0\",\n\"runs\":[\n",
        )?;
        for (rank, tool) in (0..report.tools.len()).filter(|&tool| options.part.holds_tool(tool)).enumerate() {
            if rank > 0 {
                out.write_all(b",\n")?;
            }
            Run::of(report, options, tool).write(out)?;
        }
        out.write_all(b"\n]\n}\n")
    }
}

struct Run<'a> {
    report: &'a ScanReport,
    options: &'a Options,
    tool: usize,
    rules: Vec<&'a Rule>,
    indices: BTreeMap<&'a RuleId, usize>,
    findings: Vec<&'a Finding>,
    notices: Vec<Cow<'a, Notice>>,
}

impl<'a> Run<'a> {
    fn of(report: &'a ScanReport, options: &'a Options, tool: usize) -> Self {
        let mut findings: Vec<&Finding> = shown(report, options)
            .filter(|finding| finding.tool == tool && (tool > 0 || options.part.holds_scanner(finding.scanner())))
            .collect();
        let mut notices: Vec<Cow<'_, Notice>> = Vec::new();
        if findings.len() > KEPT_RESULTS {
            // A stable sort: equal severities keep the report's order.
            findings.sort_by_key(|f| std::cmp::Reverse((f.severity, f.confidence)));
            // An earlier file of ours may have told the same.
            notices.extend(overflow(findings.len()).filter(|told| !report.notices.contains(told)).map(Cow::Owned));
            findings.truncate(MOST_RESULTS);
        }
        if tool == 0 {
            notices.extend(report.notices.iter().take(MOST_NOTIFICATIONS).map(Cow::Borrowed));
        }
        let fired: std::collections::BTreeSet<&RuleId> = findings.iter().map(|finding| &finding.rule).collect();
        let mut rules: BTreeMap<&RuleId, &Rule> = report
            .rules
            .iter()
            .filter(|((of, id), _)| *of == tool && fired.contains(id))
            .map(|((_, id), rule)| (id, rule.as_ref()))
            .collect();
        if tool == 0 && options.sarif_all_rules {
            let wanted = |rule: &&std::sync::Arc<Rule>| options.part.holds_scanner(rule.id.scanner());
            for rule in report.all_rules.iter().filter(wanted) {
                rules.entry(&rule.id).or_insert(rule);
            }
        }
        let indices = rules.keys().enumerate().map(|(index, id)| (*id, index)).collect();
        Self { report, options, tool, rules: rules.into_values().collect(), indices, findings, notices }
    }

    /// Tool first, so that a reader who streams knows the rules before the results.
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let tool = &self.report.tools[self.tool];
        out.write_all(b"{\"tool\":")?;
        serde_json::to_writer(&mut *out, &sarif_rules::tool(tool, &self.rules, self.tool == 0))?;
        // Another tool's run keeps its own category, or none: alerts and dismissals hang on it.
        let own = self.tool == 0 && tool.category.is_empty();
        let category = if own { &self.options.category } else { &tool.category };
        if !category.is_empty() {
            let id = format!("{}/", category.trim_end_matches('/'));
            write!(out, ",\n\"automationDetails\":{}", json!({"id": id}))?;
        }
        // Another tool's run has one only where this file leaves something of it out.
        if self.tool == 0 || !self.notices.is_empty() {
            write!(out, ",\n\"invocations\":[{}]", self.invocation())?;
        }
        if let Some(provenance) = self.report.provenance.as_ref().filter(|_| self.tool == 0) {
            write!(out, ",\n\"versionControlProvenance\":[{}]", version_control(provenance))?;
            let root = json!({ROOT: {"description": {"text": "The root of the repository."}}});
            write!(out, ",\n\"originalUriBaseIds\":{root}")?;
        }
        out.write_all(b",\n\"columnKind\":\"utf16CodeUnits\",\n\"results\":[")?;
        for (at, finding) in self.findings.iter().enumerate() {
            out.write_all(if at == 0 { b"\n" } else { b",\n" })?;
            match &finding.foreign {
                Some(text) => serde_json::to_writer(&mut *out, &self.foreign(finding, text))?,
                None => serde_json::to_writer(&mut *out, &self.result(finding))?,
            }
        }
        out.write_all(b"]")?;
        if self.tool == 0 {
            write!(out, ",\n\"properties\":{}", self.properties())?;
        }
        out.write_all(b"}")
    }

    fn properties(&self) -> Value {
        let mut properties = json!({"gateFailed": self.report.gate_failed, "verdict": self.report.verdict});
        if let Some(database) = &self.report.database {
            properties["advisories"] =
                json!({"source": database.source, "snapshot": database.snapshot, "count": database.advisories});
        }
        properties
    }

    fn invocation(&self) -> Value {
        let notifications: Vec<Value> = self.notices.iter().map(|notice| notification(notice)).collect();
        json!({"executionSuccessful": self.report.complete, "toolExecutionNotifications": notifications})
    }

    /// Another tool's result as it came, with what we know of it.
    fn foreign(&self, finding: &Finding, text: &PackedText) -> Value {
        let mut result: Value = serde_json::from_str(&text.text()).unwrap_or_default();
        result["fingerprints"][FINGERPRINT_SCHEME] = json!(finding.fingerprint.to_string());
        result["properties"][OWN_SEVERITY] = json!(finding.severity.word());
        for (name, value) in shape::properties(&finding.properties) {
            result["properties"][name] = value;
        }
        let all = self.options.show_suppressed;
        let states = [
            ("suppressions", all.then(|| json!(finding.suppressions.iter().map(suppression).collect::<Vec<_>>()))),
            ("baselineState", finding.baseline.filter(|_| all).map(|state| json!(state.word()))),
        ];
        for (name, state) in states {
            match (state, result.as_object_mut()) {
                (Some(state), Some(object)) => object.insert(name.to_owned(), state),
                (None, Some(object)) => object.remove(name),
                (_, None) => None,
            };
        }
        result
    }

    fn result(&self, finding: &'a Finding) -> SarifResult<'a> {
        let snippets = self.findings.len() <= MOST_SNIPPETS;
        let rule = self.report.rule_of(finding);
        let score = match rule {
            Some(rule) if rule.severity == finding.severity => rule.score.unwrap_or_else(|| rule.severity.score()),
            _ => finding.severity.score(),
        };
        let mut locations = [place(&finding.primary, None, if snippets { context(finding) } else { None })];
        let mut related_locations = related(finding);
        let base = self.report.provenance.as_ref().map(|_| ROOT);
        for place in locations.iter_mut().chain(&mut related_locations) {
            place.physical_location.artifact_location.uri_base_id = base;
        }
        let suppressions: Vec<Value> = finding.suppressions.iter().map(suppression).collect();
        SarifResult {
            rule_id: finding.rule.as_str(),
            rule_index: self.indices.get(&finding.rule).copied(),
            level: finding.severity.sarif_level(),
            message: Text { text: message(&finding.message) },
            locations,
            related_locations,
            partial_fingerprints: finding
                .line_hash
                .as_deref()
                .filter(|hash| !hash.is_empty())
                .map(|hash| BTreeMap::from([("primaryLocationLineHash", hash)])),
            fingerprints: BTreeMap::from([(FINGERPRINT_SCHEME, finding.fingerprint.to_string())]),
            rank: (score * 100.0).round() / 10.0,
            fixes: finding
                .fixes
                .iter()
                .filter(|fix| !fix.replacements.is_empty())
                .map(|one| fix(finding, one))
                .collect(),
            suppressions: self.options.show_suppressed.then_some(suppressions),
            baseline_state: finding.baseline.filter(|_| self.options.show_suppressed).map(BaselineState::word),
            properties: properties(finding),
        }
    }
}

/// The commit that was read; paths of results begin at the repository's root.
fn version_control(provenance: &Provenance) -> Value {
    let mut details = json!({"repositoryUri": provenance.repository, "mappedTo": {"uriBaseId": ROOT}});
    for (name, value) in [("revisionId", &provenance.revision), ("branch", &provenance.branch)] {
        if !value.is_empty() {
            details[name] = json!(value);
        }
    }
    details
}

/// What code scanning would drop, told instead of silent.
fn overflow(count: usize) -> Option<Notice> {
    let text = if count > MOST_RESULTS {
        format!(
            "{count} results, and code scanning takes {MOST_RESULTS}: the {} least severe were left out of this \
             file. Scan folders separately with a --category each, or write `json`.",
            count - MOST_RESULTS
        )
    } else {
        format!("{count} results, and code scanning keeps {KEPT_RESULTS}: the most severe come first.")
    };
    Some(Notice::warning(NoticeKind::Limit, text))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult<'a> {
    rule_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Text<'a>,
    locations: [Place<'a>; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Place<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partial_fingerprints: Option<BTreeMap<&'static str, &'a str>>,
    fingerprints: BTreeMap<&'static str, String>,
    rank: f64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<Value>,
    /// Where suppressed results are written, all carry the member (SARIF 3.27.23).
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressions: Option<Vec<Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline_state: Option<&'static str>,
    properties: Map<String, Value>,
}

fn suppression(one: &crate::model::Suppression) -> Value {
    let mut value = json!({
        "kind": if one.in_source { "inSource" } else { "external" },
        "status": "accepted",
        "properties": {"source": one.source},
    });
    if !one.reason.is_empty() {
        value["justification"] = json!(one.reason);
    }
    if let Some(until) = &one.until {
        value["properties"]["until"] = json!(until);
    }
    value
}

fn properties(finding: &Finding) -> Map<String, Value> {
    let mut properties = Map::new();
    properties.insert("scanner".to_owned(), json!(finding.scanner()));
    properties.insert("severity".to_owned(), json!(finding.severity.word()));
    properties.insert("confidence".to_owned(), json!(finding.confidence.word()));
    properties.extend(shape::properties(&finding.properties));
    properties
}

fn notification(notice: &Notice) -> Value {
    let level = match notice.level {
        NoticeLevel::Note => "note",
        NoticeLevel::Warning => "warning",
        NoticeLevel::Error => "error",
    };
    let mut value = json!({
        "level": level,
        "message": {"text": sarif_rules::sentence(&message(&notice.message))},
        "descriptor": {"id": notice.kind.word()},
    });
    if let Some(path) = &notice.path {
        let mut physical = json!({"artifactLocation": {"uri": path.uri()}});
        if let Some(line) = notice.line {
            physical["region"] = json!({"startLine": line.max(1)});
        }
        value["locations"] = json!([{"physicalLocation": physical}]);
    }
    value
}
