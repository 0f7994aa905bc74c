//! The report as JSON, version 1 of a documented shape: members are only ever added.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::{Options, Reporter, shown, source};
use crate::model::{Finding, Location, Notice, Properties, Property, Region, Rule, ScanReport};

/// The shape's version: a number that grows when a member changes its meaning or goes.
const VERSION: u32 = 1;

/// One object: `version`, `tools`, `complete`, `verdict`, `summary`, `coverage`, `database`, `rules`,
/// `findings`, `notices`. No times, so that equal trees give equal bytes.
pub struct Json;

/// One object per finding and line.
pub struct Jsonl;

impl Reporter for Json {
    fn write(&self, report: &ScanReport, options: &Options, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{{\n  \"version\": {VERSION}")?;
        for (name, value) in head(report) {
            write!(out, ",\n  \"{name}\": {value}")?;
        }
        list(out, "rules", report.rules.iter().map(|((tool, _), rule)| self::rule(*tool, rule)))?;
        list(out, "findings", shown(report, options).map(|finding| self::finding(report, finding)))?;
        list(out, "notices", report.notices.iter().map(notice))?;
        out.write_all(b"\n}\n")
    }
}

impl Reporter for Jsonl {
    fn write(&self, report: &ScanReport, options: &Options, out: &mut dyn Write) -> io::Result<()> {
        for finding in shown(report, options) {
            serde_json::to_writer(&mut *out, &self::finding(report, finding))?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }
}

fn list(out: &mut dyn Write, name: &str, items: impl Iterator<Item = Value>) -> io::Result<()> {
    write!(out, ",\n  \"{name}\": [")?;
    let mut separator = "\n    ";
    for item in items {
        out.write_all(separator.as_bytes())?;
        serde_json::to_writer(&mut *out, &item)?;
        separator = ",\n    ";
    }
    out.write_all(if separator.starts_with(',') { b"\n  ]" } else { b"]" })
}

fn head(report: &ScanReport) -> Vec<(&'static str, Value)> {
    let tools: Vec<Value> = report
        .tools
        .iter()
        .map(|tool| json!({"name": tool.name, "version": tool.version, "category": tool.category}))
        .collect();
    let mut counts = Map::new();
    for (severity, count) in report.counts() {
        counts.insert(severity.word().to_owned(), json!(count));
    }
    let suppressed = report.findings.iter().filter(|finding| !finding.suppressions.is_empty()).count();
    let coverage = &report.coverage;
    let database = report.database.as_ref().map(
        |database| json!({"source": database.source, "snapshot": database.snapshot, "advisories": database.advisories}),
    );
    vec![
        ("tools", json!(tools)),
        ("scanners", json!(report.scanners)),
        ("complete", json!(report.complete)),
        ("verdict", json!({"failed": report.gate_failed, "reasons": report.verdict})),
        ("summary", json!({"active": report.active().count(), "bySeverity": counts, "suppressed": suppressed})),
        (
            "coverage",
            json!({
                "filesSeen": coverage.files_seen, "filesScanned": coverage.files_scanned,
                "bytesScanned": coverage.bytes_scanned, "binary": coverage.binary,
            }),
        ),
        ("database", json!(database)),
    ]
}

fn rule(tool: usize, rule: &Rule) -> Value {
    json!({
        "tool": tool, "id": rule.id.as_str(), "title": rule.title, "help": rule.help,
        "severity": rule.severity.word(), "confidence": rule.confidence.word(), "cwe": rule.cwe,
        "references": rule.references, "aliases": rule.aliases, "tags": rule.tags, "score": rule.score,
    })
}

fn region(region: Region) -> Value {
    json!({
        "startLine": region.start_line, "startColumn": region.start_column, "endLine": region.end_line,
        "endColumn": region.end_column, "byteOffset": region.byte_offset, "byteLength": region.byte_length,
    })
}

fn location(location: &Location) -> Value {
    json!({"path": location.path.as_str(), "region": region(location.region)})
}

/// Named values as JSON; the order is kept.
pub fn properties(properties: &Properties) -> Map<String, Value> {
    let value = |property: &Property| match property {
        Property::Text(text) => json!(text),
        Property::Number(number) => json!(number),
        Property::Bool(yes) => json!(yes),
        Property::List(texts) => json!(texts),
    };
    properties.iter().map(|(name, property)| ((*name).to_owned(), value(property))).collect()
}

fn finding(report: &ScanReport, finding: &Finding) -> Value {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            object.insert(name.to_owned(), value);
        }
    };
    put("tool", json!(report.tools.get(finding.tool).map(|tool| &tool.name)));
    put("scanner", json!(source(report, finding)));
    put("rule", json!(finding.rule.as_str()));
    put("severity", json!(finding.severity.word()));
    put("confidence", json!(finding.confidence.word()));
    put("message", json!(finding.message));
    put("path", json!(finding.primary.path.as_str()));
    put("region", region(finding.primary.region));
    put("extent", finding.extent.map_or(Value::Null, region));
    let related: Vec<Value> = finding
        .related
        .iter()
        .map(|related| json!({"location": location(&related.location), "message": related.message}))
        .collect();
    put("related", if related.is_empty() { Value::Null } else { json!(related) });
    put("snippet", json!(finding.snippet.as_ref().map(|s| json!({"firstLine": s.first_line, "text": s.text}))));
    put("fingerprint", json!(finding.fingerprint.to_string()));
    put("state", json!(finding.baseline.map(|state| state.word())));
    put("active", json!(finding.is_active()));
    let suppressions: Vec<Value> = finding
        .suppressions
        .iter()
        .map(|one| json!({"source": one.source, "inSource": one.in_source, "reason": one.reason, "until": one.until}))
        .collect();
    put("suppressions", if suppressions.is_empty() { Value::Null } else { json!(suppressions) });
    let fixes: Vec<Value> = finding.fixes.iter().map(fix).collect();
    put("fixes", if fixes.is_empty() { Value::Null } else { json!(fixes) });
    let properties = properties(&finding.properties);
    put("properties", if properties.is_empty() { Value::Null } else { Value::Object(properties) });
    Value::Object(object)
}

fn fix(fix: &crate::model::FindingFix) -> Value {
    let replacements: Vec<Value> =
        fix.replacements.iter().map(|(place, text)| json!({"region": region(*place), "text": text})).collect();
    json!({"description": fix.description, "replacements": replacements})
}

fn notice(notice: &Notice) -> Value {
    let level = match notice.level {
        crate::model::NoticeLevel::Note => "note",
        crate::model::NoticeLevel::Warning => "warning",
        crate::model::NoticeLevel::Error => "error",
    };
    json!({
        "level": level, "kind": notice.kind.word(), "message": notice.message, "incomplete": notice.incomplete,
        "path": notice.path.as_ref().map(|path| path.as_str()), "line": notice.line, "column": notice.column,
    })
}
