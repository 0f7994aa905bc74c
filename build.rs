//! Gathers at build time what the program carries.

#![allow(clippy::disallowed_methods, reason = "a build script reads its environment and writes OUT_DIR")]

use std::collections::BTreeMap;
use std::path::PathBuf;

#[path = "src/ruleset/form.rs"]
mod form;
#[path = "src/ruleset/guarantee.rs"]
mod guarantee;

fn main() {
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    embed_database(&out);
    embed_rules(&out);
}

/// An advisory index for the program to carry: `PORTCULLIS_EMBED_DB=FILE cargo build --release`, with a file from
/// `portcullis db export`. Without one, an empty file stands in its place.
fn embed_database(out: &std::path::Path) {
    println!("cargo::rerun-if-env-changed=PORTCULLIS_EMBED_DB");
    let target = out.join("advisories.idx");
    let Some(file) = std::env::var_os("PORTCULLIS_EMBED_DB").filter(|file| !file.is_empty()).map(PathBuf::from) else {
        std::fs::write(&target, []).expect("OUT_DIR can be written");
        return;
    };
    println!("cargo::rerun-if-changed={}", file.display());
    let bytes = std::fs::read(&file).unwrap_or_else(|error| panic!("PORTCULLIS_EMBED_DB={}: {error}", file.display()));
    assert!(bytes.starts_with(b"PCADVIDX"), "PORTCULLIS_EMBED_DB={} is no file from `db export`", file.display());
    std::fs::write(&target, bytes).expect("OUT_DIR can be written");
}

/// The areas of rules, and of each what only `rules show`, reports and tests need: kept out of what every scan reads.
const AREAS: &[(&str, &[&str])] =
    &[("secrets", &["help", "references", "matches", "near_misses", "bad", "good"]), ("iac", &["bad", "good"])];

/// Turns `rules/AREA/**/*.toml` into a table of JSON, so that no start of the program parses TOML.
fn embed_rules(out: &std::path::Path) {
    let mut table = String::from("static BUILT_IN: &[Embedded] = &[\n");
    let mut providers = Providers::default();
    for (area, docs) in AREAS {
        embed_area(area, docs, &mut table, &mut providers);
    }
    table += "];\n";
    std::fs::write(out.join("rules.rs"), table).expect("OUT_DIR can be written");
    std::fs::write(out.join("providers.rs"), providers.source()).expect("OUT_DIR can be written");
}

fn embed_area(area: &str, doc_keys: &[&str], table: &mut String, providers: &mut Providers) {
    let root = PathBuf::from("rules").join(area);
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    toml_files(&root, &mut files);
    files.sort();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let value: toml::Table = text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for family in value.get("family").and_then(toml::Value::as_array).into_iter().flatten() {
            providers.add(family).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        }
        let mut hot = Vec::new();
        let mut docs = Vec::new();
        for rule in value.get("rule").and_then(toml::Value::as_array).into_iter().flatten() {
            let mut rule = rule.as_table().cloned().unwrap_or_default();
            let mut doc = toml::Table::new();
            doc.insert("id".into(), rule.get("id").cloned().unwrap_or_else(|| toml::Value::String(String::new())));
            for key in doc_keys {
                if let Some(value) = rule.remove(*key) {
                    doc.insert((*key).into(), value);
                }
            }
            work_out(&mut rule);
            hot.push(rule);
            docs.push(doc);
        }
        let json = |rules: &[toml::Table]| serde_json::to_string(rules).expect("TOML tables are JSON");
        let name = file.strip_prefix("rules").unwrap_or(&file).to_string_lossy().replace('\\', "/");
        *table += &format!("Embedded {{ path: {name:?}, hot: {:?}, docs: {:?} }},\n", json(&hot), json(&docs));
    }
}

/// The rows of `[[family]]` tables on their way to Rust source, which costs no start of the program anything.
#[derive(Default)]
struct Providers {
    families: String,
    rows: String,
    count: usize,
    /// Each word and the row that it names.
    words: BTreeMap<String, usize>,
}

impl Providers {
    /// Adds a table's rows: id, name, words, forms, site.
    fn add(&mut self, family: &toml::Value) -> Result<(), String> {
        let text = |key: &str| family.get(key).and_then(toml::Value::as_str).ok_or_else(|| format!("no `{key}`"));
        let number = self.families.lines().count();
        let (title, severity, confidence, help) =
            (text("title")?, text("severity")?, text("confidence")?, text("help")?);
        let of = format!("title: {title:?}, severity: {severity:?}, confidence: {confidence:?}, help: {help:?}");
        self.families += &format!("static FAMILY_{number}: Family = Family {{ {of} }};\n");
        for row in family.get("rows").and_then(toml::Value::as_array).into_iter().flatten() {
            let cells: Vec<&str> = row.as_array().into_iter().flatten().filter_map(toml::Value::as_str).collect();
            let &[id, name, words, forms, site] = cells.as_slice() else {
                return Err(format!("a row is id, name, words, forms and site, not {cells:?}"));
            };
            let parse = |form| form::Form::parse(form).map(|form| format!("{form:?}"));
            let forms: Vec<String> = forms.split(' ').map(parse).collect::<Result<_, _>>()?;
            let words: Vec<&str> = words.split(' ').collect();
            for word in &words {
                let good = word.len() >= 3 && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
                if !good || self.words.insert((*word).to_owned(), self.count).is_some() {
                    return Err(format!("`{id}`: `{word}` stands twice or is not 3 small letters and digits or more"));
                }
            }
            self.rows += &format!(
                "Provider {{ id: \"{id}-credential\", name: {name:?}, words: &{words:?}, forms: &[{}], site: {site:?}, \
                 family: &FAMILY_{number} }},\n",
                forms.join(", ")
            );
            self.count += 1;
        }
        Ok(())
    }

    fn source(&self) -> String {
        let words: Vec<(&String, &usize)> = self.words.iter().collect();
        format!(
            "{}static PROVIDERS: &[Provider] = &[\n{}];\nstatic WORDS: &[(&str, u16)] = &{words:?};\n",
            self.families, self.rows
        )
    }
}

/// What a pattern guarantees: the longest token run; whether every match begins with a keyword; the literals where there
/// are no keywords.
fn work_out(rule: &mut toml::Table) {
    let Some(pattern) = rule.get("pattern").and_then(toml::Value::as_str) else { return };
    let run = i64::try_from(guarantee::token_run(pattern)).unwrap_or(0);
    // A pattern that does not parse is told when the program reads the rule.
    let prefixes = guarantee::prefixes(pattern).unwrap_or_default();
    rule.insert("run".into(), toml::Value::Integer(run));
    if prefixes.is_empty() || rule.contains_key("near") {
        return;
    }
    let keywords = rule.get("keywords").and_then(toml::Value::as_array).cloned().unwrap_or_default();
    let begins = |prefix: &String| keywords.iter().filter_map(toml::Value::as_str).any(|word| prefix.starts_with(word));
    if keywords.is_empty() {
        let prefixes = prefixes.into_iter().map(toml::Value::String).collect();
        rule.insert("keywords".into(), toml::Value::Array(prefixes));
        rule.insert("starts".into(), toml::Value::Boolean(true));
    } else if prefixes.iter().all(begins) {
        rule.insert("starts".into(), toml::Value::Boolean(true));
    }
}

fn toml_files(folder: &std::path::Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            toml_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
}
