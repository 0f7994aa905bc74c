//! The configuration's keys as one table, and the JSON schema that editors read, made of it.

use serde_json::{Map, Value, json};

/// What a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Texts,
    Bool,
    Count,
    Codes,
    Severity,
    Threshold,
    Confidence,
    Scanners,
    Size,
    Time,
    Age,
    Date,
    Thresholds,
    Severities,
    Confidences,
}

/// Table, key, what it holds, what it is for. `""` is the file itself.
const KEYS: &[(&str, &str, Kind, &str)] = &[
    ("", "extends", Kind::Text, "A file whose settings hold where this one has none, relative to this one."),
    ("scan", "scanners", Kind::Scanners, "Scanners to run; all where absent."),
    ("scan", "exclude", Kind::Texts, "Globs that leave files and folders out."),
    ("scan", "include", Kind::Texts, "Globs of which a file must match one."),
    ("scan", "max-file-size", Kind::Size, "The largest file that parsers see: bytes, or text such as 16M."),
    ("scan", "rules", Kind::Texts, "Folders of own rules, relative to the configuration file."),
    ("scan", "ignore-files", Kind::Bool, "Honour .gitignore and its kin; true where absent."),
    ("scan", "pragmas", Kind::Bool, "Honour suppression comments; true where absent."),
    (
        "gate",
        "paths",
        Kind::Texts,
        "Globs that this gate is about, from the folder that is scanned; the last that matches holds.",
    ),
    ("gate", "fail-on", Kind::Threshold, "Fail on findings this bad or worse, or never; high where absent."),
    ("gate", "scanners", Kind::Thresholds, "The same per scanner or other tool."),
    ("gate", "min-confidence", Kind::Confidence, "Findings less sure than this neither count nor show."),
    ("gate", "deny-unused-ignores", Kind::Bool, "An ignore that matches nothing fails the run as incomplete."),
    ("gate", "tolerate", Kind::Count, "So many findings that meet the gate do not fail it; 0 where absent."),
    ("gate", "fixable-only", Kind::Bool, "Only findings with a repair or a fixed version fail."),
    ("gate", "new-only", Kind::Bool, "Only findings that the baseline does not hold fail."),
    ("ignore", "rule", Kind::Text, "A rule id, with or without its scanner, an alias, or a *-glob of either."),
    ("ignore", "path", Kind::Text, "A glob over the path."),
    ("ignore", "fingerprint", Kind::Text, "A finding's fingerprint."),
    ("ignore", "package", Kind::Text, "A package name, for dependency findings."),
    ("ignore", "reason", Kind::Text, "Why; required."),
    ("ignore", "until", Kind::Date, "The last day on which it holds."),
    ("secrets", "disable", Kind::Texts, "Rules that don't run."),
    ("secrets", "min-confidence", Kind::Confidence, "Findings less sure than this are dropped by the scanner."),
    ("secrets", "allow", Kind::Texts, "Values that are no secrets, as regexes or `sha256:SALT:HEX`."),
    ("secrets", "allow-paths", Kind::Texts, "Globs of files that are not searched for secrets."),
    ("secrets", "stop-words", Kind::Texts, "Words that make a value no secret."),
    ("secrets", "severity", Kind::Severities, "Severity by rule id."),
    ("secrets", "confidence", Kind::Confidences, "Confidence by rule id."),
    ("deps", "dev", Kind::Bool, "Report development dependencies; true where absent."),
    ("deps", "only-fixed", Kind::Bool, "Report only what has a fixed version."),
    ("deps", "unknown-severity", Kind::Severity, "An advisory without a severity counts as this; medium where absent."),
    ("deps", "max-db-age", Kind::Age, "An older database makes the scan incomplete."),
    ("deps", "deny-unmaintained", Kind::Bool, "Unmaintained packages count as high."),
    (
        "deps",
        "reach",
        Kind::Bool,
        "Go findings that the sources do not import count one step lower; true where absent.",
    ),
    ("deps", "stdlib", Kind::Bool, "Also the standard library that a toolchain line of go.mod names."),
    ("deps", "installed", Kind::Bool, "Also what is installed in node_modules, although git ignores it."),
    ("deps", "binaries", Kind::Bool, "Also what executables say they are built from (Go, cargo-auditable)."),
    ("deps", "vex", Kind::Texts, "VEX documents (OpenVEX, CycloneDX), relative to the configuration file."),
    ("deps", "severity", Kind::Severities, "Severity by advisory id, alias or package."),
    ("iac", "disable", Kind::Texts, "Rules that don't run."),
    ("iac", "tf-var-files", Kind::Texts, "Terraform variable files, relative to the configuration file."),
    ("tool", "use", Kind::Text, "A ready entry of `portcullis tools list`; the other keys change it."),
    ("tool", "name", Kind::Text, "What reports call it; its program's name where absent."),
    ("tool", "command", Kind::Texts, "The program and its arguments, no shell; {out} stands for the file it writes."),
    ("tool", "folder", Kind::Text, "The folder it runs in, relative to the root."),
    ("tool", "env", Kind::Texts, "Environment variables it gets beside PATH, HOME and their kin."),
    ("tool", "timeout", Kind::Time, "Wall time; 5m where absent."),
    ("tool", "max-output", Kind::Size, "The largest output; 64M where absent."),
    ("tool", "findings", Kind::Codes, "Exit codes beside 0 of a run whose SARIF counts; [1] where absent."),
    ("tool", "nothing", Kind::Codes, "Exit codes of a run that had nothing to look at."),
    ("sarif", "severity", Kind::Severities, "The severity of results of tools that give none, by tool."),
];

/// Tables in the order of [`KEYS`], and what each is for.
const TABLES: &[(&str, &str)] = &[
    ("scan", "What of the tree is scanned, and by whom."),
    ("gate", "When a run fails: one table, or several with `paths` each but the first."),
    ("ignore", "Findings that don't count."),
    ("secrets", "The secrets scanner."),
    ("deps", "The dependency scanner."),
    ("iac", "The infrastructure scanner."),
    ("tool", "External scanners. They run only where the configuration is trusted."),
    ("sarif", "Other tools' reports."),
];
/// Tables that may be repeated.
const REPEATED: &[&str] = &["ignore", "tool"];

/// The schema as `portcullis config schema` writes it.
#[must_use]
pub fn json_schema() -> String {
    let mut properties = keys_of("");
    for (name, about) in TABLES {
        let table = json!({"type": "object", "additionalProperties": false, "properties": keys_of(name)});
        let mut table = with_required(name, table);
        if REPEATED.contains(name) {
            table = json!({"type": "array", "items": table});
        } else if *name == "gate" {
            table = json!({"anyOf": [table, {"type": "array", "items": table}]});
        }
        table["description"] = json!(about);
        properties.insert((*name).to_owned(), table);
    }
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "portcullis.toml",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    });
    format!("{schema:#}\n")
}

fn with_required(name: &str, mut table: Value) -> Value {
    if name == "ignore" {
        table["required"] = json!(["reason"]);
    }
    table
}

fn keys_of(table: &str) -> Map<String, Value> {
    let keys = KEYS.iter().filter(|(of, ..)| *of == table);
    keys.map(|(_, key, kind, about)| {
        let mut value = schema_of(*kind);
        value["description"] = json!(about);
        ((*key).to_owned(), value)
    })
    .collect()
}

fn schema_of(kind: Kind) -> Value {
    let severity = json!({"enum": ["critical", "high", "medium", "low", "info"]});
    let threshold = json!({"enum": ["critical", "high", "medium", "low", "info", "none"]});
    match kind {
        Kind::Text => json!({"type": "string"}),
        Kind::Texts => json!({"type": "array", "items": {"type": "string"}}),
        Kind::Bool => json!({"type": "boolean"}),
        Kind::Count => json!({"type": "integer", "minimum": 0}),
        Kind::Codes => json!({"type": "array", "items": {"type": "integer"}}),
        Kind::Severity => severity,
        Kind::Threshold => threshold,
        Kind::Confidence => json!({"enum": ["low", "medium", "high"]}),
        Kind::Scanners => json!({"type": "array", "items": {"enum": ["secrets", "deps", "iac"]}}),
        Kind::Size => {
            json!({"type": ["integer", "string"], "minimum": 0, "pattern": "^[0-9]+([KMGkmg]([iI]?[bB])?)?$"})
        }
        Kind::Time => json!({"type": "string", "pattern": "^[0-9]+[smh]$"}),
        Kind::Age => json!({"type": "string", "pattern": "^[0-9]+[dwh]$"}),
        Kind::Date => json!({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}),
        Kind::Thresholds => json!({"type": "object", "additionalProperties": threshold}),
        Kind::Severities => json!({"type": "object", "additionalProperties": severity}),
        Kind::Confidences => json!({"type": "object", "additionalProperties": schema_of(Kind::Confidence)}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::File;

    /// The keys that reading takes in a table, from what it says of one that it does not know.
    fn taken(table: &str) -> Vec<String> {
        let header = match table {
            "" => String::new(),
            table if REPEATED.contains(&table) => format!("[[{table}]]\n"),
            table => format!("[{table}]\n"),
        };
        let error = toml::from_str::<File>(&format!("{header}zz-unknown = 1\n")).expect_err("an unknown key");
        let names = error.message().split('`').skip(1).step_by(2).skip(1);
        let mut names: Vec<String> = names.map(str::to_owned).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn the_table_has_exactly_the_keys_that_are_read() {
        let tables = std::iter::once("").chain(TABLES.iter().map(|(name, _)| *name));
        for table in tables {
            let mut keys: Vec<String> =
                KEYS.iter().filter(|(of, ..)| *of == table).map(|(_, key, ..)| (*key).to_owned()).collect();
            if table.is_empty() {
                keys.extend(TABLES.iter().map(|(name, _)| (*name).to_owned()));
            }
            keys.sort_unstable();
            assert_eq!(keys, taken(table), "[{table}]");
        }
    }
}
