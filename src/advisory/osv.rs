//! Reads OSV records (OSV schema 1.x), as the bucket, GitHub's database and vulndb write them.
//!
//! Tolerant: unknown fields are passed over, and every field may be missing or `null`. Serde structs of our own,
//! since a strict reader would lose a whole database to one new severity type.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::range::{Event, EventKind, Range};
use super::record::{Affected, GoImport, Informational, Reach, Record};
use super::severity;
use crate::model::Ecosystem;

/// What one OSV file turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// An advisory for at least one package of ours.
    Advisory(Box<Record>),
    /// Withdrawn, or for other ecosystems alone.
    Irrelevant,
}

/// Reads one OSV record. What was left out of it is told in `warnings`.
///
/// # Errors
/// Text that is no OSV record: the reason, for a warning that names the file.
pub fn read(json: &[u8], warnings: &mut Vec<String>) -> Result<Reading, String> {
    let raw: RawRecord = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    if raw.id.is_empty() {
        return Err("it has no `id`".to_owned());
    }
    if raw.id.len() > 128 || raw.id.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("its `id` is no identifier".to_owned());
    }
    if raw.withdrawn.as_ref().is_some_and(|date| !date.is_empty()) {
        return Ok(Reading::Irrelevant);
    }
    let affected: Vec<Affected> =
        raw.affected.iter().filter_map(|raw_item| item(raw_item, &raw.id, warnings)).collect();
    if affected.is_empty() {
        return Ok(Reading::Irrelevant);
    }
    Ok(Reading::Advisory(Box::new(record(raw, affected))))
}

fn record(raw: RawRecord, affected: Vec<Affected>) -> Record {
    let own = raw.severity.iter().chain(raw.affected.iter().flat_map(|item| &item.severity));
    let vectors: Vec<&str> = own.map(|s| s.score.as_str()).collect();
    let word = text_at(&raw.database_specific, "severity");
    let rating = severity::rate(vectors, word.as_deref());
    let specifics = || raw.affected.iter().map(|item| &item.database_specific);
    let informational =
        specifics().find_map(|specific| text_at(specific, "informational")).map(|word| Informational::from_word(&word));
    let cwe = weaknesses(std::iter::once(&raw.database_specific).chain(specifics()));
    Record {
        aliases: raw.aliases.into_iter().filter(|alias| !alias.is_empty() && *alias != raw.id).collect(),
        summary: first_line(&raw.summary, &raw.details),
        severity: rating.severity,
        score: rating.score,
        cvss: rating.cvss,
        informational,
        malware: false,
        url: String::new(),
        cwe,
        published: date(raw.published),
        modified: date(raw.modified),
        affected,
        id: raw.id,
    }
    .with_malware_marked()
}

/// One `affected[]` entry, if it is of a package of ours and says anything about versions.
fn item(raw: &RawAffected, id: &str, warnings: &mut Vec<String>) -> Option<Affected> {
    let package = raw.package.as_ref()?;
    // `Go:1.2` style suffixes exist for distributions alone; ours have none.
    let ecosystem = *Ecosystem::ALL.iter().find(|ecosystem| ecosystem.osv() == package.ecosystem)?;
    if package.name.is_empty() {
        return None;
    }
    let name = super::canonical_name(ecosystem, &package.name).into_owned();
    let specific = raw.ecosystem_specific.as_ref();
    let custom = specific.map(|specific| specific.custom_ranges.as_slice()).unwrap_or_default();
    let affected = Affected {
        ecosystem,
        ranges: ranges(&raw.ranges, last_known(&raw.database_specific), id, warnings),
        versions: raw.versions.iter().map(|version| super::version::bare(version).to_owned()).collect(),
        custom: ranges(custom, None, id, &mut Vec::new()),
        reach: specific.map(reach).unwrap_or_default(),
        name,
    };
    (!affected.ranges.is_empty() || !affected.versions.is_empty()).then_some(affected)
}

fn ranges(raw: &[RawRange], bound: Option<Event>, id: &str, warnings: &mut Vec<String>) -> Vec<Range> {
    let mut out = Vec::new();
    for range in raw.iter().filter(|range| range.kind != "GIT") {
        let mut events: Vec<Event> = range.events.iter().flat_map(RawEvent::events).collect();
        if let Some(bad) = events.iter().find(|event| !event.is_readable()) {
            warnings.push(format!("{id}: a range was left out, since `{}` is no version", clip(&bad.version)));
            continue;
        }
        let bound = bound.clone().or_else(|| last_known(&range.database_specific));
        if let Some(bound) = bound
            && events.iter().all(|event| event.kind == EventKind::Introduced)
        {
            events.push(bound);
        }
        if !events.is_empty() {
            out.push(Range::new(events));
        }
    }
    out
}

/// GitHub's own files keep the end of an unfixed range in words: `<= 8.5.1`, `< 2.0`.
fn last_known(specific: &Value) -> Option<Event> {
    let text = text_at(specific, "last_known_affected_version_range")?;
    let text = text.trim();
    let (kind, version) = match (text.strip_prefix("<="), text.strip_prefix('<')) {
        (Some(version), _) => (EventKind::LastAffected, version),
        (None, Some(version)) => (EventKind::Fixed, version),
        (None, None) => return None,
    };
    let event = Event { kind, version: version.trim().to_owned() };
    event.is_readable().then_some(event)
}

fn reach(raw: &RawSpecific) -> Reach {
    let mut functions: Vec<String> = raw.affects.as_ref().map(|affects| affects.functions.clone()).unwrap_or_default();
    functions.extend(raw.affected_functions.iter().flatten().cloned());
    let mut reach = Reach {
        functions,
        arch: raw.affects.as_ref().map(|affects| affects.arch.clone()).unwrap_or_default(),
        os: raw.affects.as_ref().map(|affects| affects.os.clone()).unwrap_or_default(),
        imports: Vec::new(),
    };
    for import in raw.imports.iter().filter(|import| !import.path.is_empty()) {
        reach.arch.extend(import.goarch.iter().cloned());
        reach.os.extend(import.goos.iter().cloned());
        reach.imports.push(GoImport { path: import.path.clone(), symbols: import.symbols.clone() });
    }
    // Systems hold for the whole item only where every import names some.
    if raw.imports.iter().any(|import| import.goos.is_empty()) && !raw.imports.is_empty() {
        reach.os.clear();
    }
    if raw.imports.iter().any(|import| import.goarch.is_empty()) && !raw.imports.is_empty() {
        reach.arch.clear();
    }
    for list in [&mut reach.functions, &mut reach.arch, &mut reach.os] {
        list.sort_unstable();
        list.dedup();
    }
    reach
}

/// CWE ids from either place that databases keep them: `cwe_ids: ["CWE-1"]`, `cwes: [{cweId: "CWE-1"}]`.
fn weaknesses<'a>(specifics: impl Iterator<Item = &'a Value>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for specific in specifics {
        let plain = specific.get("cwe_ids").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let deep = specific.get("cwes").and_then(Value::as_array).into_iter().flatten();
        let deep = deep.filter_map(|cwe| cwe.get("cweId").and_then(Value::as_str));
        out.extend(plain.chain(deep).map(str::to_owned));
    }
    out.sort_unstable();
    out.dedup();
    out
}

fn first_line(summary: &str, details: &str) -> String {
    let line = |text: &str| text.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned);
    clip(&line(summary).or_else(|| line(details)).unwrap_or_default())
}

/// A title's length at most, control characters out.
fn clip(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(300).collect()
}

/// vulndb writes year 1 where it holds no date.
fn date(text: String) -> String {
    let year = text.get(..4).and_then(|year| year.parse::<u16>().ok());
    if text.len() <= 40 && year.is_some_and(|year| year >= 1990) { text } else { String::new() }
}

fn text_at(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// `null` for a value that has a default: several exporters write it.
fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

#[derive(Deserialize)]
struct RawRecord {
    #[serde(default, deserialize_with = "nullable")]
    id: String,
    #[serde(default, deserialize_with = "nullable")]
    modified: String,
    #[serde(default, deserialize_with = "nullable")]
    published: String,
    withdrawn: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    aliases: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    summary: String,
    #[serde(default, deserialize_with = "nullable")]
    details: String,
    #[serde(default, deserialize_with = "nullable")]
    severity: Vec<RawSeverity>,
    #[serde(default, deserialize_with = "nullable")]
    affected: Vec<RawAffected>,
    #[serde(default)]
    database_specific: Value,
}

#[derive(Deserialize)]
struct RawSeverity {
    #[serde(default, deserialize_with = "nullable")]
    score: String,
}

#[derive(Deserialize)]
struct RawAffected {
    package: Option<RawPackage>,
    #[serde(default, deserialize_with = "nullable")]
    ranges: Vec<RawRange>,
    #[serde(default, deserialize_with = "nullable")]
    versions: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    severity: Vec<RawSeverity>,
    ecosystem_specific: Option<RawSpecific>,
    #[serde(default)]
    database_specific: Value,
}

#[derive(Deserialize)]
struct RawPackage {
    #[serde(default, deserialize_with = "nullable")]
    ecosystem: String,
    #[serde(default, deserialize_with = "nullable")]
    name: String,
}

#[derive(Deserialize)]
struct RawRange {
    #[serde(rename = "type", default, deserialize_with = "nullable")]
    kind: String,
    #[serde(default, deserialize_with = "nullable")]
    events: Vec<RawEvent>,
    #[serde(default)]
    database_specific: Value,
}

#[derive(Deserialize)]
struct RawEvent {
    introduced: Option<String>,
    fixed: Option<String>,
    last_affected: Option<String>,
    limit: Option<String>,
}

impl RawEvent {
    /// The schema wants one key per event; old records have several, in this order.
    fn events(&self) -> impl Iterator<Item = Event> {
        let keys = [&self.introduced, &self.fixed, &self.last_affected, &self.limit];
        let found = EventKind::ALL.into_iter().zip(keys);
        found.filter_map(|(kind, version)| Some(Event { kind, version: version.as_ref()?.trim().to_owned() }))
    }
}

#[derive(Deserialize)]
struct RawSpecific {
    affects: Option<RawAffects>,
    affected_functions: Option<Vec<String>>,
    #[serde(default, deserialize_with = "nullable")]
    imports: Vec<RawImport>,
    #[serde(default, deserialize_with = "nullable")]
    custom_ranges: Vec<RawRange>,
}

#[derive(Deserialize)]
struct RawAffects {
    #[serde(default, deserialize_with = "nullable")]
    arch: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    os: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    functions: Vec<String>,
}

#[derive(Deserialize)]
struct RawImport {
    #[serde(default, deserialize_with = "nullable")]
    path: String,
    #[serde(default, deserialize_with = "nullable")]
    symbols: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    goos: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    goarch: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Severity;
    use proptest::prelude::*;

    fn one(json: &str) -> Record {
        match read(json.as_bytes(), &mut Vec::new()) {
            Ok(Reading::Advisory(record)) => *record,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_ghsa_record() {
        let record =
            one(r#"{"id":"GHSA-a","aliases":["CVE-2020-1"],"summary":"Bad\nmore","modified":"2024-01-02T03:04:05Z",
            "database_specific":{"severity":"HIGH","cwe_ids":["CWE-79"]},"new_field":{"x":1},
            "affected":[{"package":{"ecosystem":"npm","name":"a"},"versions":null,
              "ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}],
              "database_specific":{"last_known_affected_version_range":"<= 8.5.1"}},
              {"package":{"ecosystem":"RubyGems","name":"a"},"versions":["1"]}]}"#);
        assert_eq!(record.summary, "Bad");
        assert_eq!(record.severity, Some(Severity::High));
        assert_eq!(record.affected.len(), 1);
        let last = record.affected[0].ranges[0].events.last().cloned();
        assert_eq!(last, Some(Event { kind: EventKind::LastAffected, version: "8.5.1".to_owned() }));
    }

    #[test]
    fn withdrawn_and_foreign_records_are_irrelevant() {
        for json in [
            r#"{"id":"A-1","withdrawn":"2024-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"npm","name":"a"},"versions":["1.0.0"]}]}"#,
            r#"{"id":"A-1","affected":[{"package":{"ecosystem":"PyPI","name":"a"},"versions":["1.0.0"]}]}"#,
            r#"{"id":"A-1"}"#,
        ] {
            assert_eq!(read(json.as_bytes(), &mut Vec::new()), Ok(Reading::Irrelevant));
        }
    }

    #[test]
    fn an_unreadable_range_costs_itself_and_says_so() {
        let mut warnings = Vec::new();
        let json = r#"{"id":"A-1","affected":[{"package":{"ecosystem":"Go","name":"a"},
            "ranges":[{"type":"SEMVER","events":[{"introduced":"soon"}]},{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.0.0"}]}]}]}"#;
        let Ok(Reading::Advisory(record)) = read(json.as_bytes(), &mut warnings) else { panic!() };
        assert_eq!(record.affected[0].ranges.len(), 1);
        assert_eq!(warnings, ["A-1: a range was left out, since `soon` is no version"]);
    }

    #[test]
    fn malware_is_critical() {
        let record =
            one(r#"{"id":"MAL-2025-1","affected":[{"package":{"ecosystem":"npm","name":"x"},"versions":["1.0.0"]}]}"#);
        assert!(record.malware && record.severity == Some(Severity::Critical));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes, &mut Vec::new());
        }
    }
}
