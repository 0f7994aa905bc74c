//! `docs/json.md` and `docs/sarif.md` name every member of a real report, and no other.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{files_below, root};

/// The demo tree with a comment that suppresses, a baseline that lacks a finding and holds one too many, and a
/// lock file that does not parse: every member that may be there is there.
fn reports() -> [[Value; 2]; 2] {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path();
    let shop = root().join("fixtures/trees/shop");
    for file in files_below(&shop) {
        let to = tree.join(file.strip_prefix(&shop).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(&file, to).unwrap();
    }
    let scan = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        let output = command.current_dir(tree).env("PORTCULLIS_CACHE", tree.join("none")).args(args).output().unwrap();
        assert!(output.status.code().is_some_and(|code| code < 2), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    fs::write(tree.join("gone.Dockerfile"), "FROM alpine:latest\n").unwrap();
    scan(&["baseline", "write"]);
    fs::remove_file(tree.join("gone.Dockerfile")).unwrap();
    let toml = "[[ignore]]\nrule = \"iac/*\"\npath = \"compose.yaml\"\nreason = \"a demo\"\nuntil = \"2999-01-01\"\n";
    fs::write(tree.join("portcullis.toml"), toml).unwrap();
    // In two pieces, for our own scan reads this file's comments too.
    let dockerfile = ["# portcullis", ":ignore docker-no-user -- a demo\nFROM alpine:latest\nUSER root\n"].concat();
    fs::write(tree.join("new.Dockerfile"), dockerfile).unwrap();
    fs::create_dir(tree.join("broken")).unwrap();
    fs::write(tree.join("broken/package-lock.json"), "{").unwrap();
    let stated = r#"{"statements": [{"vulnerability": "RUSTSEC-2020-0071", "status": "under_investigation"}]}"#;
    fs::write(tree.join("own.vex.json"), stated).unwrap();
    let past = tree.join("past");
    fs::create_dir(&past).unwrap();
    fs::write(past.join("a.py"), ["db_pass", "word = \"Zk81qWmR0ver\"\n"].concat()).unwrap();
    let commit =
        "git init -q . && git remote add origin https://example.org/a.git && git add . && git commit -q -m one";
    assert!(crate::cli::shell(commit, &past, &past).status().unwrap().success(), "there is a git");
    ["json", "sarif"].map(|format| {
        let now = [
            "-q",
            "--show-suppressed",
            "--sarif-rules=all",
            "--vex=own.vex.json",
            "--baseline=portcullis-baseline.json",
            ".",
        ];
        [&now[..], &["-q", "--history", "--no-config", "past"]].map(|flags| {
            let words = [&["scan", "-f", format], flags].concat();
            serde_json::from_slice(&scan(&words)).unwrap()
        })
    })
}

/// Every path to a member that is no object and no list of objects: `a.b[].c`.
fn members(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                members(value, format!("{path}.{name}").trim_start_matches('.'), found);
            }
        }
        Value::Array(items) => {
            let path = format!("{path}[]");
            found.extend(items.is_empty().then(|| path.clone()));
            items.iter().for_each(|item| members(item, &path, found));
        }
        _ => {
            found.insert(path.to_owned());
        }
    }
}

/// What stands in backquotes on a page, code blocks left out.
fn named(page: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(page).unwrap();
    let prose: String = text.split("```").step_by(2).collect();
    prose.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// A member as the page names it: its own path or any end of it.
fn is_named(path: &str, named: &BTreeSet<String>) -> bool {
    let path = path.trim_end_matches("[]");
    let ends = path.match_indices('.').map(|(at, _)| &path[at + 1..]);
    let has = |end: &str| named.contains(end) || named.contains(&format!("{end}[]"));
    std::iter::once(path).chain(ends).any(|end| has(end) && (end.contains('.') || end == path))
}

fn compare(page: &str, reports: &[Value], canonical: impl Fn(&str) -> String) {
    let named = named(&root().join("docs").join(page));
    let mut found = BTreeSet::new();
    reports.iter().for_each(|report| members(report, "", &mut found));
    let plain: BTreeSet<String> = found.iter().map(|path| canonical(path)).collect();
    // SARIF's page sends readers to JSON's for what a scanner adds.
    let mut all = named.clone();
    all.extend(self::named(&root().join("docs/json.md")).into_iter().filter(|name| name.starts_with("properties.")));
    let missing: Vec<&String> = plain.iter().filter(|path| !is_named(path, &all)).collect();
    assert!(missing.is_empty(), "docs/{page} does not name {missing:#?}");
    // What looks like a path of members must be (the beginning of) one.
    let looks = |name: &&String| {
        let is_file = [".rs", ".toml", ".io"].iter().any(|end| name.ends_with(end));
        name.contains('.') && !is_file && name.chars().all(|c| c.is_ascii_alphanumeric() || ".[]-/$".contains(c))
    };
    let exists = |name: &&String| {
        let name = name.trim_end_matches("[]");
        found.iter().chain(&plain).any(|path| {
            path.match_indices(name).any(|(at, _)| {
                let before = path[..at].chars().next_back();
                let after = path[at + name.len()..].chars().next();
                before.is_none_or(|c| c == '.') && after.is_none_or(|c| ".[".contains(c))
            })
        })
    };
    let unknown: Vec<&String> = named.iter().filter(looks).filter(|name| !exists(name)).collect();
    assert!(unknown.is_empty(), "docs/{page} names members that no report has: {unknown:#?}");
}

#[test]
fn the_pages_name_every_member_of_a_report_and_no_other() {
    let [json, mut sarif] = reports();
    compare("json.md", &json, |path| path.replace(".extent.", ".region."));
    for log in &sarif {
        let names: BTreeSet<&String> = log.as_object().unwrap().keys().collect();
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["$schema", "runs", "version"]);
    }
    let runs = sarif.each_mut().map(|log| log["runs"][0].take());
    compare("sarif.md", &runs, |path| {
        let regions = ["deletedRegion.", "contextRegion.start", "contextRegion.end"];
        let path = path.replace("tool.driver.rules[].", "rules[].");
        regions.iter().fold(path, |path, name| {
            path.replace(name, &name.replace("deletedRegion", "region").replace("contextRegion", "region"))
        })
    });
}

/// The words of every `portcullis …` command in the code blocks and tables of a page.
fn commands(page: &Path) -> Vec<Vec<String>> {
    let text = fs::read_to_string(page).unwrap().replace("\\ ", " ");
    let mut found = Vec::new();
    for (at, _) in text.match_indices("portcullis ") {
        // A command begins a line, a quoted text, a YAML value, or follows a pipe, a shell's prompt or a path.
        let before = text[..at].trim_end_matches(' ');
        let begins = before.ends_with(['\n', '`', '|', '\'', '"', '/', '>'])
            || before.ends_with("run:")
            || before.ends_with("script:");
        let rest = &text[at..];
        let end = rest.find(['\n', '`', '|', '<', '>', '"', ')', ';']).unwrap_or(rest.len());
        let words = rest[..end].split(" #").next().unwrap_or_default().replace('\'', "");
        let words: Vec<String> = words.split_whitespace().map(|word| word.trim_end_matches(',').to_owned()).collect();
        let known = [
            "scan",
            "merge",
            "baseline",
            "db",
            "init",
            "hook",
            "rules",
            "explain",
            "ignore",
            "tools",
            "config",
            "completions",
            "man",
        ];
        if begins && words.get(1).is_some_and(|word| known.contains(&word.as_str())) {
            found.push(words);
        }
    }
    found
}

#[test]
fn every_command_of_the_pages_can_be_typed() {
    let mut pages: Vec<_> = files_below(&root().join("docs"));
    pages.push(root().join("README.md"));
    let (mut count, mut wrong) = (0, Vec::new());
    for page in pages.iter().filter(|page| page.extension().is_some_and(|extension| extension == "md")) {
        for words in commands(page) {
            count += 1;
            if let Err(error) = <portcullis::cli::args::Cli as clap::Parser>::try_parse_from(&words) {
                wrong.push(format!("{}: `{}`: {}", page.display(), words.join(" "), error.kind()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 30, "{count} commands");
}

#[test]
fn the_configuration_page_can_be_used_and_names_every_key() {
    let page = fs::read_to_string(root().join("docs/configuration.md")).unwrap();
    let block = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let file: portcullis::config::File = toml::from_str(block).unwrap();
    portcullis::config::validate(file, &root()).unwrap();
    // A table that is refused for an unknown key lists the known ones.
    for table in ["scan", "gate", "secrets", "deps", "iac", "[ignore]", "[tool]"] {
        let error = toml::from_str::<portcullis::config::File>(&format!("[{table}]\nno-such-key = 1\n")).unwrap_err();
        let keys: Vec<&str> = error.message().split('`').skip(3).step_by(2).collect();
        assert!(keys.len() > 1, "{}", error.message());
        for key in keys {
            let named = block.lines().any(|line| {
                line.trim_start_matches("# ").starts_with(&format!("{key} ="))
                    || line.starts_with(&format!("[[{table}.{key}]]"))
            });
            assert!(named, "docs/configuration.md does not name `{key}` of [{table}]");
        }
    }
    for name in ["PORTCULLIS_FAIL_ON", "PORTCULLIS_THREADS", "PORTCULLIS_DB", "PORTCULLIS_CACHE"] {
        assert!(page.contains(name));
    }
}

/// `portcullis config schema > docs/portcullis.schema.json` makes it new.
#[test]
fn the_schema_is_current_and_takes_the_page_and_our_own_file() {
    let read = |name: &str| std::fs::read_to_string(root().join("docs").join(name)).unwrap();
    let schema = portcullis::config::json_schema();
    assert_eq!(read("portcullis.schema.json"), schema);
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let page = read("configuration.md");
    let example = page.split("```toml").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    for text in [example.to_owned(), std::fs::read_to_string(root().join("portcullis.toml")).unwrap()] {
        let value: toml::Value = toml::from_str(&text).unwrap();
        let value = serde_json::to_value(value).unwrap();
        let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
    assert!(!validator.is_valid(&serde_json::json!({"gate": {"fail_on": "high"}})));
}
