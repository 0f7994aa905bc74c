//! Modules import from lower layers only, and a few crates have one place: docs/architecture.md, as a test.

use crate::support::{files_below, root};

/// Module prefix, layer. A module belongs to its longest prefix.
const LAYERS: &[(&str, u8)] = &[
    ("model", 0),
    ("syntax", 1),
    ("source", 1),
    ("lockfile", 2),
    ("advisory", 2),
    ("online", 2),
    ("ruleset", 2),
    ("scan", 3),
    ("triage", 3),
    ("report", 3),
    ("external", 3),
    ("engine", 4),
    ("config", 4),
    ("cli", 5),
];

/// Module, and the only modules it may import beside itself.
const NARROW: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("syntax", &["model"]),
    ("online", &["model"]),
    ("report", &["model"]),
    ("triage", &["model"]),
    ("external", &["model"]),
    ("scan", &["model", "syntax", "lockfile", "advisory", "ruleset"]),
];

/// Crate, and the path prefixes whose files alone may name it.
const SEAMS: &[(&str, &[&str])] = &[
    ("serde_sarif", &["report/sarif", "external/sarif"]),
    ("rustsec", &["advisory/rustsec", "lockfile/cargo_lock"]),
    ("ignore", &["source/tree"]),
    ("clap", &["cli/"]),
    ("comfy_table", &["report/table"]),
    ("tokio", &["advisory/fetch", "external/process", "online/", "cli/"]),
    ("reqwest", &["advisory/fetch", "online/"]),
    ("gix", &["source/", "advisory/rustsec", "cli/"]),
    ("hcl_edit", &["syntax/hcl"]),
    ("saphyr_parser", &["syntax/yaml"]),
    ("maud", &["report/html"]),
    ("quick_junit", &["report/junit"]),
    ("regorus", &["scan/iac/"]),
    ("github_actions_expressions", &["scan/iac/actions/"]),
];

struct Source {
    path: String,
    text: String,
}

fn sources() -> Vec<Source> {
    let src = root().join("src");
    files_below(&src)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| Source {
            path: path.strip_prefix(&src).unwrap().to_string_lossy().replace('\\', "/"),
            text: std::fs::read_to_string(&path).unwrap(),
        })
        .collect()
}

fn layer(module: &str) -> Option<u8> {
    LAYERS.iter().find(|(name, _)| *name == module).map(|(_, layer)| *layer)
}

/// The first segments after `crate::` in code outside comments and test modules, braces opened.
fn imports(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.starts_with("#[cfg(test)]") {
            break;
        }
        let code = line.split("//").next().unwrap_or_default();
        for rest in code.split("crate::").skip(1) {
            let names = match rest.strip_prefix('{') {
                Some(group) => group.split('}').next().unwrap_or(group).split(',').collect(),
                None => vec![rest],
            };
            for name in names {
                let first: String = name.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                found.push((number + 1, first));
            }
        }
    }
    found
}

#[test]
fn modules_import_downwards_only() {
    let mut wrong = Vec::new();
    for source in sources() {
        let Some((own, own_layer)) =
            source.path.split(['/', '.']).next().and_then(|own| layer(own).map(|layer| (own.to_owned(), layer)))
        else {
            continue;
        };
        for (line, imported) in imports(&source.text) {
            let Some(imported_layer) = layer(&imported) else { continue };
            let narrow = NARROW.iter().find(|(name, _)| *name == own);
            let allowed = imported == own
                || imported_layer < own_layer && narrow.is_none_or(|(_, names)| names.contains(&imported.as_str()));
            if !allowed {
                wrong.push(format!("src/{}:{line} imports crate::{imported}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn scanners_do_not_import_each_other() {
    let scanners = ["secrets", "deps", "iac"];
    for source in sources() {
        for own in scanners.iter().filter(|name| source.path.starts_with(&format!("scan/{name}/"))) {
            for other in scanners.iter().filter(|other| *other != own) {
                let import = format!("scan::{other}");
                assert!(!source.text.contains(&import), "src/{} imports {import}", source.path);
            }
        }
    }
}

#[test]
fn crates_with_one_place_are_named_there_alone() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (name, places) in SEAMS {
            let used = [format!("use {name}::"), format!("{name}::")];
            // A module of our own may have a crate's name: `use super::rustsec;`.
            if [format!("::{name};"), format!("::{name}::{{self")].iter().any(|own| source.text.contains(own)) {
                continue;
            }
            let code = source.text.lines().filter(|line| !line.trim_start().starts_with("//"));
            let names_it = code.into_iter().any(|line| {
                used.iter().any(|used| {
                    line.match_indices(used.as_str()).any(|(at, _)| {
                        let before = line[..at].chars().next_back();
                        before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':')
                    })
                })
            });
            if names_it && !places.iter().any(|place| source.path.starts_with(place)) {
                wrong.push(format!("src/{} names {name}; its place is {}", source.path, places.join(" or ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_layer_table_names_every_module() {
    for source in sources().iter().filter(|source| source.path.ends_with("/mod.rs")) {
        let module = source.path.split('/').next().unwrap();
        assert!(layer(module).is_some(), "src/{module} is in no layer");
    }
}
