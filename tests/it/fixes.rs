//! The version that mends a finding, inside and outside of what the project declares, and how the package got in.

use std::sync::Arc;

use portcullis::advisory::osv::{self, Reading};
use portcullis::advisory::{AdvisoryDb, LazyDb};
use portcullis::model::{Draft, KeptInput, Property, Sink};
use portcullis::scan::Scanner;
use portcullis::scan::deps::{DepsScanner, Settings};

/// `bad` is mended in 1.2.5 and 2.1.0; a second record of the same defect says that 1.2.5 was not enough.
const RECORDS: &str = r#"[
{"id": "GHSA-bad", "affected": [{"package": {"ecosystem": "npm", "name": "bad"}, "ranges": [{"type": "SEMVER", "events":
  [{"introduced": "0"}, {"fixed": "1.2.5"}, {"introduced": "2.0.0"}, {"fixed": "2.1.0"}]}]}]},
{"id": "GHSA-more", "aliases": ["CVE-1"], "affected": [{"package": {"ecosystem": "npm", "name": "more"}, "ranges": [{"type": "SEMVER", "events":
  [{"introduced": "0"}, {"fixed": "1.2.5"}, {"introduced": "2.0.0"}, {"fixed": "2.1.0"}]}]}]},
{"id": "NSWG-more", "aliases": ["CVE-1"], "affected": [{"package": {"ecosystem": "npm", "name": "more"}, "ranges": [{"type": "SEMVER", "events":
  [{"introduced": "0"}, {"fixed": "1.3.0"}]}]}]},
{"id": "RUSTSEC-bad", "affected": [{"package": {"ecosystem": "crates.io", "name": "bad"}, "ranges": [{"type": "SEMVER", "events":
  [{"introduced": "0.0.0-0"}, {"fixed": "0.3.7"}, {"introduced": "0.4.0"}, {"fixed": "0.4.2"}]}]}]},
{"id": "GO-bad", "affected": [{"package": {"ecosystem": "Go", "name": "example.org/bad"}, "ranges": [{"type": "SEMVER", "events":
  [{"introduced": "0"}, {"fixed": "0.5.0"}]}]}]}
]"#;

fn scan(files: &[(&str, &str)]) -> Vec<Draft> {
    let records: Vec<serde_json::Value> = serde_json::from_str(RECORDS).unwrap();
    let read = |record: &serde_json::Value| match osv::read(record.to_string().as_bytes(), &mut Vec::new()).unwrap() {
        Reading::Advisory(record) => Some(*record),
        Reading::Irrelevant => None,
    };
    let db = AdvisoryDb::from_records(records.iter().filter_map(read).collect(), "test").unwrap();
    let scanner = DepsScanner::new(Settings::default(), Arc::new(LazyDb::ready(db)));
    let mut kept: Vec<KeptInput> = files.iter().map(|(path, text)| KeptInput::work_tree(path, text)).collect();
    kept.sort_by(|a, b| a.path.cmp(&b.path));
    let mut sink = Sink::default();
    scanner.finish(&kept, &mut sink);
    sink.drafts
}

fn text(draft: &Draft, name: &str) -> String {
    match draft.properties.iter().find(|(known, _)| *known == name) {
        Some((_, Property::Text(text))) => text.clone(),
        Some((_, Property::List(list))) => list.join(", "),
        _ => "-".to_owned(),
    }
}

/// What is declared, the fix inside, the fix outside, all fixes told.
fn told(files: &[(&str, &str)]) -> String {
    let drafts = scan(files);
    assert_eq!(drafts.len(), 1, "{files:?}");
    ["declaredRanges", "fixedInRange", "fixedOutsideRange", "fixedVersions"]
        .map(|name| text(&drafts[0], name))
        .join(" | ")
}

fn npm(name: &str, version: &str, range: &str) -> String {
    format!(
        r#"{{"lockfileVersion": 3, "packages": {{"": {{"name": "app", "dependencies": {{"{name}": "{range}"}}}},
        "node_modules/{name}": {{"version": "{version}"}}}}}}"#
    )
}

#[test]
fn the_declared_range_decides_which_fix_is_near() {
    for (version, range, expected) in [
        ("1.0.0", "^1.0.0", "^1.0.0 | 1.2.5 | 2.1.0 | 1.2.5, 2.1.0"),
        ("1.0.0", "~1.0.0", "~1.0.0 | - | 1.2.5 | 1.2.5"),
        ("1.0.0", "1.0.0", "1.0.0 | - | 1.2.5 | 1.2.5"),
        ("1.0.0", "1.x", "1.x | 1.2.5 | 2.1.0 | 1.2.5, 2.1.0"),
        ("1.0.0", ">=1", ">=1 | 1.2.5 | - | 1.2.5"),
        ("1.0.0", "0.9 - 1.1", "0.9 - 1.1 | - | 1.2.5 | 1.2.5"),
        ("2.0.5", "^2.0.0", "^2.0.0 | 2.1.0 | - | 2.1.0"),
        // No fix that is named lies in the range, and its second alternative begins behind them all.
        ("1.0.0", "~1.0.0 || ^3.2.0", "~1.0.0 || ^3.2.0 | 3.2.0 | 1.2.5 | 1.2.5, 3.2.0"),
        // The second begins inside what is affected.
        ("1.0.0", "~1.0.0 || ~2.0.3", "~1.0.0 || ~2.0.3 | - | 1.2.5 | 1.2.5"),
        ("1.2.5-rc.1", "^1.2.5-rc.0", "^1.2.5-rc.0 | 1.2.5 | 2.1.0 | 1.2.5, 2.1.0"),
        // A tag, and a range that the version in use is not of (an override): nothing is known.
        ("1.0.0", "latest", "- | - | - | 1.2.5"),
        ("1.0.0", "^2.0.0", "- | - | - | 1.2.5"),
    ] {
        assert_eq!(told(&[("package-lock.json", &npm("bad", version, range))]), expected, "{version} {range}");
    }
}

#[test]
fn a_fix_is_one_that_every_record_of_the_defect_is_free_of() {
    // 1.2.5 is affected by the second record: the lowest common fix is 1.3.0.
    assert_eq!(
        told(&[("package-lock.json", &npm("more", "1.0.0", "^1.0.0"))]),
        "^1.0.0 | 1.3.0 | 2.1.0 | 1.3.0, 2.1.0"
    );
    assert_eq!(
        told(&[("package-lock.json", &npm("more", "1.0.0", "~1.2.0 || 1.0.0"))]),
        "~1.2.0 || 1.0.0 | - | 1.3.0 | 1.3.0"
    );
}

#[test]
fn who_brings_a_package_says_what_of_it_will_do() {
    let flat = r#"{"lockfileVersion": 3, "packages": {"": {"name": "app", "dependencies": {"a": "1", "b": "1"}},
        "node_modules/a": {"version": "1.0.0", "dependencies": {"bad": "^1.0.0"}},
        "node_modules/b": {"version": "1.0.0", "optionalDependencies": {"bad": "~1.0.0"}},
        "node_modules/bad": {"version": "1.0.0"}}}"#;
    assert_eq!(told(&[("package-lock.json", flat)]), "^1.0.0, ~1.0.0 | - | 1.2.5 | 1.2.5");
    let nested = r#"{"name": "app", "dependencies": {
        "a": {"version": "1.0.0", "requires": {"bad": "^1.0.0"}}, "bad": {"version": "1.0.0"}}}"#;
    let manifest = ("package.json", r#"{"name": "app", "dependencies": {"a": "^1.0.0"}}"#);
    assert_eq!(told(&[("package-lock.json", nested), manifest]), "^1.0.0 | 1.2.5 | 2.1.0 | 1.2.5, 2.1.0");
    let classic = "# yarn lockfile v1\n\na@^1.0.0:\n  version \"1.0.0\"\n  dependencies:\n    bad \">=1.0.0 <1.2\"\n\n\"bad@>=1.0.0 <1.2\":\n  version \"1.0.0\"\n";
    assert_eq!(told(&[("yarn.lock", classic), manifest]), ">=1.0.0 <1.2 | - | 1.2.5 | 1.2.5");
    let berry = "__metadata:\n  version: 8\n\n\"a@npm:^1.0.0\":\n  version: 1.0.0\n  resolution: \"a@npm:1.0.0\"\n  dependencies:\n    bad: \"npm:^1.0.0\"\n\n\"app@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"app@workspace:.\"\n  dependencies:\n    a: \"npm:^1.0.0\"\n\n\"bad@npm:^1.0.0\":\n  version: 1.0.0\n  resolution: \"bad@npm:1.0.0\"\n";
    assert_eq!(told(&[("yarn.lock", berry), manifest]), "^1.0.0 | 1.2.5 | 2.1.0 | 1.2.5, 2.1.0");
    let bun = r#"{"lockfileVersion": 1, "workspaces": {"": {"name": "app", "dependencies": {"a": "^1.0.0"}}}, "packages": {
        "a": ["a@1.0.0", "", {"dependencies": {"bad": "~1.0.0"}}, "x"], "bad": ["bad@1.0.0", "", {}, "x"]}}"#;
    assert_eq!(told(&[("bun.lock", bun)]), "~1.0.0 | - | 1.2.5 | 1.2.5");
    // pnpm keeps what a dependency asks for nowhere.
    let pnpm = "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a:\n        specifier: ^1.0.0\n        version: 1.0.0\npackages:\n  a@1.0.0: {}\n  bad@1.0.0: {}\nsnapshots:\n  a@1.0.0:\n    dependencies:\n      bad: 1.0.0\n  bad@1.0.0: {}\n";
    assert_eq!(told(&[("pnpm-lock.yaml", pnpm)]), "- | - | - | 1.2.5");
    let direct = pnpm.replace("      a:\n        specifier: ^1.0.0", "      bad:\n        specifier: ^1.0.0");
    assert_eq!(told(&[("pnpm-lock.yaml", &direct)]), "^1.0.0 | 1.2.5 | 2.1.0 | 1.2.5, 2.1.0");
    let five = "lockfileVersion: 5.4\nspecifiers:\n  used: npm:bad@~1.0.0\ndependencies:\n  used: /bad/1.0.0\npackages:\n  /bad/1.0.0:\n    dev: false\n";
    assert_eq!(told(&[("pnpm-lock.yaml", five)]), "~1.0.0 | - | 1.2.5 | 1.2.5");
}

const CARGO: &str = "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"bad\",\n]\n\n\
    [[package]]\nname = \"bad\"\nversion = \"0.3.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n";

#[test]
fn cargo_has_it_from_the_manifest_and_the_workspace() {
    let manifest = |line: &str| format!("[package]\nname = \"app\"\n\n{line}\n");
    for (line, expected) in [
        ("[dependencies]\nbad = \"0.3\"", "0.3 | 0.3.7 | 0.4.2 | 0.3.7, 0.4.2"),
        ("[dependencies]\nbad = \"=0.3.0\"", "=0.3.0 | - | 0.3.7 | 0.3.7"),
        ("[dependencies]\nused = { package = \"bad\", version = \"~0.3.0\" }", "~0.3.0 | 0.3.7 | 0.4.2 | 0.3.7, 0.4.2"),
        ("[dependencies]\nbad = { path = \"../bad\" }", "- | - | - | 0.3.7"),
    ] {
        assert_eq!(told(&[("Cargo.lock", CARGO), ("Cargo.toml", &manifest(line))]), expected, "{line}");
    }
    let root = ("Cargo.toml", "[workspace]\nmembers = [\"app\"]\n\n[workspace.dependencies]\nbad = \">=0.3, <0.5\"\n");
    let member = ("app/Cargo.toml", "[package]\nname = \"app\"\n\n[dependencies]\nbad.workspace = true\n");
    assert_eq!(told(&[("Cargo.lock", CARGO), root, member]), ">=0.3, <0.5 | 0.3.7 | - | 0.3.7");
    assert_eq!(told(&[("Cargo.lock", CARGO)]), "- | - | - | 0.3.7");
}

#[test]
fn go_declares_a_minimum_and_a_replacement_none() {
    let module = "module m\n\nrequire example.org/bad v0.1.0\n";
    assert_eq!(told(&[("go.mod", module)]), ">= v0.1.0 | 0.5.0 | - | 0.5.0");
    let replaced = format!("{module}\nreplace example.org/bad => example.org/bad v0.2.0\n");
    assert_eq!(told(&[("go.mod", &replaced)]), "- | - | - | 0.5.0");
}

#[test]
fn every_member_of_a_workspace_has_its_chain_and_its_line() {
    let lock = r#"{"lockfileVersion": 3, "packages": {"": {"name": "mono", "workspaces": ["packages/*"]},
        "packages/web": {"name": "web", "dependencies": {"a": "1"}},
        "packages/api": {"name": "api", "dependencies": {"web": "1"}, "devDependencies": {"b": "1", "c": "1"}},
        "node_modules/web": {"resolved": "packages/web", "link": true},
        "node_modules/api": {"resolved": "packages/api", "link": true},
        "node_modules/a": {"version": "1.0.0", "dependencies": {"bad": "^1.0.0"}},
        "node_modules/b": {"version": "1.0.0", "dependencies": {"c": "1"}},
        "node_modules/c": {"version": "1.0.0", "dependencies": {"bad": "^1.0.0"}},
        "node_modules/bad": {"version": "1.0.0"}}}"#;
    let web = ("packages/web/package.json", r#"{"name": "web", "dependencies": {"a": "1"}}"#);
    let api = (
        "packages/api/package.json",
        r#"{"name": "api", "dependencies": {"web": "1"}, "devDependencies": {"b": "1", "c": "1"}}"#,
    );
    let drafts = scan(&[("package-lock.json", lock), web, api, ("package.json", r#"{"name": "mono"}"#)]);
    let [draft] = &drafts[..] else { panic!("{drafts:?}") };
    assert_eq!(text(draft, "memberPaths"), "web > a 1.0.0 > bad 1.0.0, api > c 1.0.0 > bad 1.0.0");
    let lines: Vec<String> =
        draft.related.iter().map(|one| format!("{} {}", one.path.clone().unwrap(), one.message)).collect();
    assert_eq!(
        lines,
        [
            "packages/web/package.json `a`, which brings `bad`, is asked for here",
            "packages/api/package.json `c`, which brings `bad`, is asked for here",
        ]
    );
}

#[test]
fn the_help_names_a_command_that_can_work() {
    let help = |files: &[(&str, &str)]| scan(files)[0].rule.help.clone();
    let near = help(&[("package-lock.json", &npm("bad", "1.0.0", "^1.0.0"))]);
    assert!(near.starts_with("Update to 1.2.5 or later: `npm update bad`."), "{near}");
    let far = help(&[("package-lock.json", &npm("bad", "1.0.0", "~1.0.0"))]);
    assert!(far.starts_with("Update to 1.2.5 or later: `npm install bad@1.2.5`."), "{far}");
    let brought = r#"{"packages": {"": {"dependencies": {"a": "1"}}, "node_modules/bad": {"version": "1.0.0"},
        "node_modules/a": {"version": "1.0.0", "dependencies": {"bad": "~1.0.0"}}}}"#;
    let brought = help(&[("package-lock.json", brought)]);
    assert!(brought.contains("`a` brings `bad`") && brought.contains("`overrides`"), "{brought}");
    let manifest = |accepts: &str| format!("[package]\nname = \"app\"\n[dependencies]\nbad = \"{accepts}\"\n");
    let near = help(&[("Cargo.lock", CARGO), ("Cargo.toml", &manifest("0.3"))]);
    assert!(near.contains("`cargo update -p bad@0.3.0 --precise 0.3.7`"), "{near}");
    let far = help(&[("Cargo.lock", CARGO), ("Cargo.toml", &manifest("=0.3.0"))]);
    assert!(far.contains("`cargo add bad@0.3.7`"), "{far}");
}

#[test]
fn of_several_copies_the_one_that_is_shipped_speaks() {
    let lock = r#"{"lockfileVersion": 3, "packages": {"": {"name": "app", "dependencies": {"b": "1"}, "devDependencies": {"a": "1"}},
        "node_modules/a": {"version": "1.0.0", "dev": true, "dependencies": {"bad": "1.0.0"}},
        "node_modules/a/node_modules/bad": {"version": "1.0.0", "dev": true},
        "node_modules/b": {"version": "1.0.0", "dependencies": {"bad": "1.0.0"}},
        "node_modules/b/node_modules/bad": {"version": "1.0.0"},
        "node_modules/bad": {"version": "1.3.0"}}}"#;
    let drafts = scan(&[("package-lock.json", lock)]);
    let [draft] = &drafts[..] else { panic!("{drafts:?}") };
    assert_eq!((text(draft, "scope"), text(draft, "path")), ("production".into(), "app, b 1.0.0, bad 1.0.0".into()));
    assert_eq!(draft.span.of(lock.as_bytes()), b"\"node_modules/b/node_modules/bad\"");
    assert_eq!(draft.related.len(), 1, "the other copy");
}

#[test]
fn one_project_is_told_alike_whoever_locked_it() {
    let manifest =
        ("package.json", r#"{"name": "app", "dependencies": {"a": "^1.0.0"}, "devDependencies": {"bad": "~1.0.0"}}"#);
    let one = "{\"name\": \"app\", \"dependencies\": {\"a\": {\"version\": \"1.0.0\"}, \"bad\": {\"version\": \"1.0.0\", \"dev\": true}}}";
    let three = r#"{"packages": {"": {"name": "app", "dependencies": {"a": "^1.0.0"}, "devDependencies": {"bad": "~1.0.0"}},
        "node_modules/a": {"version": "1.0.0"}, "node_modules/bad": {"version": "1.0.0", "dev": true}}}"#;
    let classic = "a@^1.0.0:\n  version \"1.0.0\"\n\nbad@~1.0.0:\n  version \"1.0.0\"\n";
    let pnpm = "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a:\n        specifier: ^1.0.0\n        version: 1.0.0\n    devDependencies:\n      bad:\n        specifier: ~1.0.0\n        version: 1.0.0\npackages:\n  a@1.0.0: {}\n  bad@1.0.0: {}\n";
    let bun = r#"{"workspaces": {"": {"name": "app", "dependencies": {"a": "^1.0.0"}, "devDependencies": {"bad": "~1.0.0"}}},
        "packages": {"a": ["a@1.0.0", "", {}, "x"], "bad": ["bad@1.0.0", "", {}, "x"]}}"#;
    for (path, lock) in [
        ("package-lock.json", one),
        ("package-lock.json", three),
        ("yarn.lock", classic),
        ("pnpm-lock.yaml", pnpm),
        ("bun.lock", bun),
    ] {
        let drafts = scan(&[(path, lock), manifest]);
        let told =
            ["scope", "path", "declaredRanges", "fixedOutsideRange"].map(|name| text(&drafts[0], name)).join(" | ");
        assert_eq!(told, "development | app, bad 1.0.0 | ~1.0.0 | 1.2.5", "{path} {lock}");
        assert!(drafts[0].properties.contains(&("direct", Property::Bool(true))));
        assert!(
            drafts[0].message.contains("fixed in 1.2.5, outside of the declared `~1.0.0`"),
            "{}",
            drafts[0].message
        );
    }
}
