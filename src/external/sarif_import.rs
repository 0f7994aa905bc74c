//! SARIF 2.1.0 of any tool, read tolerantly: what breaks the standard is repaired or left out, and told.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::ops::Range;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::sarif_repair;
use super::uri::Resolver;
use crate::model::{
    BaselineState, Confidence, FINGERPRINT_SCHEME, Finding, Fingerprint, FingerprintFields, Location, Notice,
    NoticeKind, Origin, Region, RepoPath, Rule, RuleId, ScanReport, Severity, Suppression, Tool,
};

/// Bytes of one file, unpacked.
const LARGEST: u64 = 512 << 20;
/// Tools whose results quote secrets.
const SECRET_TOOLS: &[&str] = &[
    "gitleaks",
    "betterleaks",
    "kingfisher",
    "trufflehog",
    "secretlint",
    "detect-secrets",
    "ggshield",
    "noseyparker",
    "titus",
];
/// Tools that call every result an error and give no severity.
const FLAT_TOOLS: &[(&str, Severity)] = &[("checkov", Severity::Medium), ("secretlint", Severity::High)];
/// Homes of tools that do not name theirs.
const HOMES: &[(&str, &str)] = &[
    ("bandit", "https://bandit.readthedocs.io"),
    ("checkov", "https://checkov.io"),
    ("gitleaks", "https://gitleaks.io"),
    ("hadolint", "https://github.com/hadolint/hadolint"),
    ("njsscan", "https://opensecurity.in"),
    ("opengrep oss", "https://opengrep.dev"),
    ("semgrep", "https://semgrep.dev"),
    ("semgrep oss", "https://semgrep.dev"),
    ("secretlint", "https://secretlint.github.io"),
];
/// Where the severity a result came to is kept, so that merging again comes to the same.
const OWN_SEVERITY: &str = "portcullisSeverity";
/// Properties of results in which tools write how bad and how sure they are.
const SEVERITY_PROPERTIES: &[&str] =
    &[OWN_SEVERITY, "security-severity", "zizmor/severity", "issue_severity", "severity", "problem.severity"];
const CONFIDENCE_PROPERTIES: &[&str] = &["zizmor/confidence", "issue_confidence", "confidence", "precision"];

/// Finds secrets in a text that a tool quotes from the file at a path: byte ranges in the text.
pub type FindSecrets = dyn Fn(&RepoPath, &str) -> Vec<Range<usize>>;
/// The severity that a rule of ours, equal to another tool's rule of that id, has.
pub type EqualRule = dyn Fn(&str) -> Option<Severity>;

/// How foreign reports are read.
#[derive(Default)]
pub struct ImportSettings {
    /// The root's absolute path with `/` between segments: stripped from absolute URIs.
    pub root: String,
    /// Severity by tool name, for tools that give none.
    pub severities: BTreeMap<String, Severity>,
    /// What masks secrets in texts of tools that do not know them as such.
    pub find_secrets: Option<Box<FindSecrets>>,
    /// What gives results of tools without severities one.
    pub equal_rule: Option<Box<EqualRule>>,
}

/// Why a file cannot be read at all. Nothing of it was taken.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// gzip that does not unpack, or unpacks to more than the limit.
    #[error("it does not unpack: {0}")]
    Gzip(String),
    /// No JSON.
    #[error("it is no JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// UTF-16 or UTF-32.
    #[error("it is not UTF-8; write it again as UTF-8")]
    Encoding,
    /// JSON that is no SARIF 2.1.0.
    #[error("it is no SARIF 2.1.0: {0}")]
    Version(String),
}

/// Reads files one by one, then adds them to a report in an order that does not depend on theirs.
pub struct Import<'a> {
    settings: &'a ImportSettings,
    runs: BTreeMap<(String, String), Run>,
    values: BTreeSet<String>,
    notices: Vec<Notice>,
}

#[derive(Default)]
struct Run {
    tool: Tool,
    rules: BTreeMap<String, Rule>,
    results: Vec<Incoming>,
}

/// One result, on its way to a finding.
struct Incoming {
    finding: Finding,
    object: Map<String, Value>,
    /// The fingerprint that an earlier merge gave it.
    known: Option<Fingerprint>,
}

impl<'a> Import<'a> {
    /// Nothing read yet.
    #[must_use]
    pub fn new(settings: &'a ImportSettings) -> Self {
        Self { settings, runs: BTreeMap::new(), values: BTreeSet::new(), notices: Vec::new() }
    }

    /// Adds a notice about what is read here.
    pub fn tell(&mut self, notice: Notice) {
        self.notices.push(notice);
    }

    /// Reads one file, plain or gzip; `name` is what notices call it.
    ///
    /// # Errors
    /// Where the file as a whole is no SARIF 2.1.0.
    pub fn read(&mut self, name: &str, bytes: &[u8]) -> Result<(), ImportError> {
        let unpacked;
        let mut bytes = bytes;
        if bytes.starts_with(&[0x1F, 0x8B]) {
            unpacked = unpack(bytes)?;
            bytes = &unpacked;
        }
        if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
            return Err(ImportError::Encoding);
        }
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let mut log: Value = serde_json::from_slice(bytes)?;
        let version = log["version"].as_str().unwrap_or_default();
        if !version.starts_with("2.1.0") {
            return Err(ImportError::Version(format!("its version is `{version}`")));
        }
        let Some(Value::Array(runs)) = log.get_mut("runs").map(Value::take) else {
            return Err(ImportError::Version("it has no runs".to_owned()));
        };
        for run in runs {
            self.run(name, run);
        }
        Ok(())
    }

    fn run(&mut self, name: &str, mut run: Value) {
        let results = match run.get_mut("results").map(Value::take) {
            Some(Value::Array(results)) => results,
            _ => Vec::new(),
        };
        let tool = tool(&run);
        if tool.name == env!("CARGO_PKG_NAME") {
            self.notices.extend(earlier_notices(&run));
        }
        let lower = tool.name.to_ascii_lowercase();
        let secret = is_secret_tool(&lower);
        let flat = FLAT_TOOLS.iter().find(|(name, _)| *name == lower).map(|(_, severity)| *severity);
        let given = self.settings.severities.iter().find(|(name, _)| name.eq_ignore_ascii_case(&lower));
        let default = given.map(|(_, severity)| *severity).or(secret.then_some(Severity::High)).or(flat);
        let reader = Reader {
            secret,
            information_uri: &tool.information_uri,
            default,
            find_secrets: self.settings.find_secrets.as_deref(),
            equal_rule: self.settings.equal_rule.as_deref().filter(|_| flat.is_some() && given.is_none()),
            rules: Rules::of(&run, default),
            resolver: Resolver { bases: run.get("originalUriBaseIds"), root: &self.settings.root },
        };
        let (mut repaired, mut left_out, mut passed) = (0, 0, 0);
        let mut read = Vec::new();
        let mut fired: BTreeMap<String, Rule> = BTreeMap::new();
        for result in results {
            let Value::Object(result) = result else {
                left_out += 1;
                continue;
            };
            match reader.result(result) {
                Outcome::Finding(result, rule, repairs) => {
                    repaired += usize::from(repairs.count > 0);
                    self.values.extend(repairs.values);
                    keep_rule(&mut fired, *rule);
                    read.push(*result);
                }
                Outcome::NoDefect => passed += 1,
                Outcome::Broken => left_out += 1,
            }
        }
        let who = format!("{} in `{name}`", tool.name);
        if left_out > 0 {
            let text =
                format!("{left_out} results of {who} have no place below the root or no rule, and were left out.");
            self.notices.push(Notice::incomplete(NoticeKind::Foreign, text));
        }
        if repaired > 0 {
            let text = format!("{repaired} results of {who} were repaired or masked.");
            self.notices.push(Notice::note(NoticeKind::Foreign, text));
        }
        if passed > 0 {
            let text = format!("{passed} results of {who} report no defect, and were left out.");
            self.notices.push(Notice::note(NoticeKind::Foreign, text));
        }
        let into = self.runs.entry((tool.name.clone(), tool.category.clone())).or_default();
        // Of two versions the greater one is named, whichever came first.
        if into.tool.name.is_empty() || into.tool.version < tool.version {
            into.tool = tool;
        }
        fired.into_values().for_each(|rule| keep_rule(&mut into.rules, rule));
        into.results.extend(read);
    }

    /// Adds everything read to `report`: tools by name and category, results by place, exact repetitions
    /// once, each with a fingerprint. Results of an earlier portcullis report join its own.
    pub fn finish(self, report: &mut ScanReport) {
        if report.tools.is_empty() {
            report.tools.push(Tool {
                name: env!("CARGO_PKG_NAME").into(),
                version: env!("CARGO_PKG_VERSION").into(),
                information_uri: env!("CARGO_PKG_REPOSITORY").into(),
                category: String::new(),
            });
        }
        let values: Vec<String> = self.values.into_iter().collect();
        let values = sarif_repair::Values::new(&values);
        for (_, mut run) in self.runs {
            run.results.iter_mut().for_each(|one| one.mask(&values));
            let index = if run.tool.name == report.tools[0].name {
                0
            } else {
                report.tools.push(run.tool.clone());
                report.tools.len() - 1
            };
            for rule in run.rules.into_values() {
                report.rules.entry((index, rule.id.clone())).or_insert_with(|| Arc::new(rule));
            }
            // Of two that are equal, the one that an earlier merge named is kept.
            let whole = |one: &Incoming| Value::Object(one.object.clone()).to_string();
            run.results.sort_by_cached_key(|one| (order(&one.finding), whole(one), one.known.is_none(), one.known));
            run.results.dedup_by(|b, a| a.object == b.object);
            let mut taken: BTreeSet<Fingerprint> = run.results.iter().filter_map(|one| one.known).collect();
            let mut ordinals = BTreeMap::new();
            for one in run.results {
                report.findings.push(one.seal(index, &run.tool.name, &mut ordinals, &mut taken));
            }
        }
        report.findings.sort_by_cached_key(|finding| (order(finding), finding.tool));
        report.complete &= !self.notices.iter().any(|notice| notice.incomplete);
        report.notices.extend(self.notices);
        report.notices.sort();
        report.notices.dedup();
    }
}

/// A rule counts as its worst result; of two texts the longer is kept, whichever came first.
fn keep_rule(rules: &mut BTreeMap<String, Rule>, rule: Rule) {
    match rules.get_mut(rule.id.as_str()) {
        Some(known) => {
            let severity = known.severity.max(rule.severity);
            if (rule.help.len(), &rule.help, &rule.title) > (known.help.len(), &known.help, &known.title) {
                *known = rule;
            }
            known.severity = severity;
        }
        None => {
            rules.insert(rule.id.as_str().to_owned(), rule);
        }
    }
}

/// Notices that an earlier merge left in its report: merging again keeps them.
fn earlier_notices(run: &Value) -> Vec<Notice> {
    let invocations = run["invocations"].as_array().into_iter().flatten();
    let all = invocations.flat_map(|one| one["toolExecutionNotifications"].as_array().into_iter().flatten());
    all.filter(|one| one["descriptor"]["id"] == NoticeKind::Foreign.word())
        .filter_map(|one| {
            let text = one["message"]["text"].as_str()?;
            Some(match one["level"].as_str() {
                Some("error") => Notice::incomplete(NoticeKind::Foreign, text),
                Some("warning") => Notice::warning(NoticeKind::Foreign, text),
                _ => Notice::note(NoticeKind::Foreign, text),
            })
        })
        .collect()
}

type Order = (String, u32, u32, String, String);

fn order(finding: &Finding) -> Order {
    let region = finding.primary.region;
    let rule = finding.rule.as_str().to_owned();
    (finding.primary.path.to_string(), region.start_line, region.start_column, rule, finding.message.clone())
}

/// The next ordinal of rule, path and discriminator.
type Ordinals = BTreeMap<(RuleId, RepoPath, String), u32>;

impl Incoming {
    /// Masks what a secret tool quoted of any file.
    fn mask(&mut self, values: &sarif_repair::Values) {
        if values.hide(&mut self.object) > 0 {
            self.finding.message = self.object["message"]["text"].as_str().unwrap_or_default().to_owned();
        }
    }

    fn seal(mut self, tool: usize, name: &str, ordinals: &mut Ordinals, taken: &mut BTreeSet<Fingerprint>) -> Finding {
        let discriminator = discriminator(&self.object, &self.finding.message);
        let finding = &mut self.finding;
        finding.tool = tool;
        let key = (finding.rule.clone(), finding.primary.path.clone(), discriminator);
        let next = ordinals.entry(key.clone()).or_default();
        finding.fingerprint = match self.known {
            Some(known) => known,
            None => loop {
                let fingerprint = Fingerprint::of(&FingerprintFields {
                    tool: name,
                    rule: finding.rule.as_str(),
                    path: finding.primary.path.as_str(),
                    kind: "foreign",
                    discriminator: &key.2,
                    ordinal: *next,
                });
                *next += 1;
                if taken.insert(fingerprint) {
                    break fingerprint;
                }
            },
        };
        let prints = self.object.entry("fingerprints").or_insert_with(|| json!({}));
        if !prints.is_object() {
            *prints = json!({});
        }
        prints[FINGERPRINT_SCHEME] = json!(finding.fingerprint.to_string());
        finding.anchor = Arc::from(format!("foreign:{}", key.2));
        finding.foreign = Some(Arc::from(Value::Object(self.object).to_string()));
        self.finding
    }
}

fn unpack(bytes: &[u8]) -> Result<Vec<u8>, ImportError> {
    let mut plain = Vec::new();
    let mut reader = flate2::read::MultiGzDecoder::new(bytes).take(LARGEST + 1);
    reader.read_to_end(&mut plain).map_err(|error| ImportError::Gzip(error.to_string()))?;
    if plain.len() as u64 > LARGEST {
        return Err(ImportError::Gzip(format!("it holds more than {} MB", LARGEST >> 20)));
    }
    Ok(plain)
}

fn tool(run: &Value) -> Tool {
    let driver = &run["tool"]["driver"];
    let text = |name: &str| driver[name].as_str().filter(|text| !text.is_empty());
    let home = || {
        let name = text("name")?.to_ascii_lowercase();
        HOMES.iter().find(|(known, _)| *known == name).map(|(_, home)| *home)
    };
    let id = run["automationDetails"]["id"].as_str().unwrap_or_default();
    Tool {
        name: text("name").unwrap_or("unknown").to_owned(),
        version: text("semanticVersion").or(text("version")).map(bare_version).unwrap_or_default(),
        information_uri: text("informationUri").or_else(home).unwrap_or_default().to_owned(),
        category: id.rsplit_once('/').map_or("", |(category, _)| category).to_owned(),
    }
}

/// `v8.0.0` as `8.0.0`: a version is compared as numbers.
fn bare_version(text: &str) -> String {
    let bare = text.strip_prefix('v').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    bare.unwrap_or(text).to_owned()
}

/// Rules of driver and extensions, as a run lists them.
struct Rules<'r> {
    components: Vec<&'r [Value]>,
    default: Option<Severity>,
}

impl<'r> Rules<'r> {
    fn of(run: &'r Value, default: Option<Severity>) -> Self {
        fn list(component: &Value) -> &[Value] {
            component["rules"].as_array().map_or(&[], Vec::as_slice)
        }
        let mut components = vec![list(&run["tool"]["driver"])];
        components.extend(run["tool"]["extensions"].as_array().into_iter().flatten().map(list));
        Self { components, default }
    }

    /// The id a result names and its rule's object (SARIF 3.27.5 to 3.27.7, 3.52.4): by index where one is
    /// given, else by id, else by the id without its last part.
    fn find(&self, result: &Map<String, Value>) -> Option<(String, Option<&'r Value>)> {
        let reference = result.get("rule").unwrap_or(&Value::Null);
        let index = result.get("ruleIndex").or(reference.get("index")).and_then(sarif_repair::integer);
        let component = reference["toolComponent"]["index"].as_u64().map_or(0, |index| index as usize + 1);
        let id = result.get("ruleId").or(reference.get("id")).and_then(Value::as_str);
        let at = index.and_then(|index| usize::try_from(index).ok());
        let by_index = at.and_then(|at| self.components.get(component)?.get(at));
        let by_id =
            |wanted: &str| self.components.iter().flat_map(|rules| rules.iter()).find(|rule| rule["id"] == wanted);
        let agrees = |rule: &&Value| id.is_none_or(|id| rule["id"].as_str().is_some_and(|own| id.starts_with(own)));
        let rule = by_index.filter(agrees).or_else(|| {
            let id = id?;
            by_id(id).or_else(|| by_id(id.rsplit_once('/')?.0))
        });
        let id = id.or_else(|| rule?["id"].as_str())?;
        Some((id.to_owned(), rule))
    }
}

enum Outcome {
    Finding(Box<Incoming>, Box<Rule>, sarif_repair::Repairs),
    NoDefect,
    Broken,
}

struct Reader<'r> {
    secret: bool,
    information_uri: &'r str,
    default: Option<Severity>,
    find_secrets: Option<&'r FindSecrets>,
    equal_rule: Option<&'r EqualRule>,
    rules: Rules<'r>,
    resolver: Resolver<'r>,
}

impl Reader<'_> {
    fn result(&self, mut object: Map<String, Value>) -> Outcome {
        let kind = object.get("kind").and_then(Value::as_str).unwrap_or("fail");
        let own_level = object.get("level").and_then(Value::as_str).map(str::to_owned);
        let own_level = own_level.as_deref();
        if matches!(kind, "pass" | "notApplicable" | "informational") || own_level == Some("none") {
            return Outcome::NoDefect;
        }
        let Some((id, descriptor)) = self.rules.find(&object) else { return Outcome::Broken };
        let descriptor = descriptor.unwrap_or(&Value::Null);
        let level = own_level.or(descriptor["defaultConfiguration"]["level"].as_str()).unwrap_or("warning");
        let level = if matches!(level, "error" | "warning" | "note") { level } else { "warning" };
        let severity = self.severity(&id, &object, descriptor, level);
        let message = message(&object, descriptor);
        object.insert("ruleId".into(), json!(id));
        object.insert("level".into(), json!(level));
        object.insert("message".into(), json!({"text": message}));
        let first = object.get("locations").and_then(|places| places.get(0)).cloned().unwrap_or(Value::Null);
        let Some(path) = self.resolver.path(&first["physicalLocation"]["artifactLocation"]) else {
            return Outcome::Broken;
        };
        let bag = object.entry("properties").or_insert_with(|| json!({}));
        if !bag.is_object() {
            *bag = json!({});
        }
        bag[OWN_SEVERITY] = json!(severity.word());
        let known = take_fingerprint(&mut object);
        let mut repairs = sarif_repair::result(&mut object, &self.resolver, self.secret);
        if let Some(find) = self.find_secrets {
            repairs.count += sarif_repair::hide_found(&mut object, &|text| find(&path, text));
        }
        let message = object["message"]["text"].as_str().unwrap_or_default().to_owned();
        let place = object["locations"][0]["physicalLocation"]["region"].clone();
        let mut rule = rule(&id, descriptor, self.rules.default, self.information_uri);
        rule.severity = rule.score.map_or(severity, Severity::from_score);
        let finding = finding(&object, &rule, severity, message, path, &place);
        Outcome::Finding(Box::new(Incoming { finding, object, known }), Box::new(rule), repairs)
    }

    /// The rule's score, then what the tool writes in properties, then our equal rule's for tools that have
    /// none, then the tool's default, then the level.
    fn severity(&self, id: &str, object: &Map<String, Value>, rule: &Value, level: &str) -> Severity {
        let own = object.get("properties").unwrap_or(&Value::Null);
        let stated = [own, &rule["properties"]].into_iter().find_map(|bag| {
            SEVERITY_PROPERTIES.iter().find_map(|name| {
                let value = bag.get(*name)?;
                let score = value.as_f64().or_else(|| value.as_str()?.parse().ok());
                score.map(Severity::from_score).or_else(|| value.as_str()?.parse().ok())
            })
        });
        let equal = || self.equal_rule.and_then(|find| find(id));
        stated.or_else(equal).or(self.default).unwrap_or(match level {
            "error" => Severity::High,
            "warning" => Severity::Medium,
            _ => Severity::Low,
        })
    }
}

/// The message as text: its own, the rule's string it names with arguments filled in, or the rule's title.
fn message(object: &Map<String, Value>, rule: &Value) -> String {
    let message = object.get("message").unwrap_or(&Value::Null);
    let by_id = || {
        let template = rule["messageStrings"][message["id"].as_str()?]["text"].as_str()?;
        let mut text = template.to_owned();
        for (at, argument) in message["arguments"].as_array().into_iter().flatten().enumerate() {
            text = text.replace(&format!("{{{at}}}"), argument.as_str().unwrap_or_default());
        }
        Some(text)
    };
    let own = message["text"].as_str().or(message["markdown"].as_str()).or(message.as_str()).map(str::to_owned);
    own.filter(|text| !text.trim().is_empty())
        .or_else(by_id)
        .or_else(|| rule["shortDescription"]["text"].as_str().map(str::to_owned))
        .unwrap_or_else(|| "The tool gave no message.".to_owned())
}

/// The fingerprint that an earlier merge or scan of ours wrote, taken out: equal results compare equal.
fn take_fingerprint(object: &mut Map<String, Value>) -> Option<Fingerprint> {
    let prints = object.get_mut("fingerprints")?.as_object_mut()?;
    let known = prints.remove(FINGERPRINT_SCHEME);
    if prints.is_empty() {
        object.remove("fingerprints");
    }
    Fingerprint::parse(known?.as_str()?)
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

fn finding(
    object: &Map<String, Value>,
    rule: &Rule,
    severity: Severity,
    message: String,
    path: RepoPath,
    place: &Value,
) -> Finding {
    let number = |name: &str| place.get(name).and_then(sarif_repair::integer).and_then(|n| u32::try_from(n).ok());
    let start_line = number("startLine").unwrap_or(1);
    let start_column = number("startColumn").unwrap_or(1);
    let end_line = number("endLine").unwrap_or(start_line).max(start_line);
    let region = Region {
        start_line,
        start_column,
        end_line,
        end_column: number("endColumn").unwrap_or(start_column),
        char_column: start_column,
        byte_offset: 0,
        byte_length: 0,
    };
    let own = object.get("properties").unwrap_or(&Value::Null);
    let words = CONFIDENCE_PROPERTIES.iter().filter_map(|name| own.get(*name)?.as_str());
    let confidence = words.filter_map(|word| word.to_ascii_lowercase().parse::<Confidence>().ok()).next();
    let text = |bag: &str, key: &str| object.get(bag).and_then(|bag| bag.get(key)?.as_str());
    let none = FingerprintFields { tool: "", rule: "", path: "", kind: "", discriminator: "", ordinal: 0 };
    Finding {
        tool: 0,
        rule: rule.id.clone(),
        severity,
        confidence: confidence.unwrap_or(rule.confidence),
        message,
        primary: Location { path, region },
        extent: None,
        related: Vec::new(),
        snippet: None,
        fingerprint: Fingerprint::of(&none),
        anchor: Arc::from(""),
        line_hash: text("partialFingerprints", "primaryLocationLineHash").map(str::to_owned),
        origin: Origin::WorkTree,
        properties: Vec::new(),
        fixes: Vec::new(),
        gates: true,
        also_known_as: Vec::new(),
        suppressions: suppressions(object),
        baseline: match object.get("baselineState").and_then(Value::as_str) {
            Some("absent") => Some(BaselineState::Absent),
            _ => None,
        },
        secret_digest: None,
        foreign: None,
    }
}

/// Suppressions that hold: neither rejected nor under review (SARIF 3.35.3).
fn suppressions(object: &Map<String, Value>) -> Vec<Suppression> {
    let list = object.get("suppressions").and_then(Value::as_array);
    let holds = |one: &&Value| !matches!(one["status"].as_str(), Some("rejected" | "underReview"));
    list.into_iter()
        .flatten()
        .filter(holds)
        .map(|one| Suppression {
            in_source: one["kind"] == "inSource",
            source: "the tool's own suppression".to_owned(),
            reason: one["justification"].as_str().unwrap_or_default().to_owned(),
            until: None,
        })
        .collect()
}

/// What the tool says of a rule, in our words' places.
fn rule(id: &str, descriptor: &Value, default: Option<Severity>, information_uri: &str) -> Rule {
    let text = |name: &str| descriptor[name]["text"].as_str().map(str::trim).filter(|text| !text.is_empty());
    let bag = &descriptor["properties"];
    let title = text("shortDescription").or(text("fullDescription")).or(descriptor["name"].as_str()).unwrap_or(id);
    let title = title.trim_end_matches('.');
    let mut rule = Rule::new(id, title, default.unwrap_or(Severity::Medium));
    rule.id = RuleId::new(id);
    rule.help = text("help").or(text("fullDescription")).map_or_else(|| format!("{title}."), str::to_owned);
    let score = &bag["security-severity"];
    rule.score = score.as_f64().or_else(|| score.as_str()?.parse().ok()).filter(|score| (0.0..=10.0).contains(score));
    rule.confidence = match bag["precision"].as_str() {
        Some("low") => Confidence::Low,
        Some("medium") => Confidence::Medium,
        _ => Confidence::High,
    };
    let link = descriptor["helpUri"].as_str().unwrap_or(information_uri);
    rule.references.extend(Some(link.to_owned()).filter(|link| link.starts_with("http")));
    for tag in bag["tags"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let lower = tag.to_ascii_lowercase();
        let digits: String = lower
            .strip_prefix("external/cwe/cwe-")
            .or(lower.strip_prefix("cwe-"))
            .map(|rest| rest.chars().take_while(char::is_ascii_digit).collect())
            .unwrap_or_default();
        match digits.parse() {
            Ok(cwe) => rule.cwe.push(cwe),
            Err(_) if tag != "security" => rule.tags.push(tag.to_owned()),
            Err(_) => {}
        }
    }
    for alias in bag["aliases"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        rule.aliases.push(alias.to_owned());
    }
    rule
}

/// True for a tool (lower case) whose results are secrets.
#[must_use]
pub fn is_secret_tool(name: &str) -> bool {
    SECRET_TOOLS.contains(&name)
}
