//! What other dependency scanners fell into, a case each: lock files as the package managers write them, and the exact
//! findings.

use std::collections::BTreeSet;
use std::sync::Arc;

use portcullis::advisory::osv::{self, Reading};
use portcullis::advisory::{AdvisoryDb, LazyDb};
use portcullis::model::{Confidence, Draft, KeptInput, Property, Severity, Sink};
use portcullis::scan::Scanner;
use portcullis::scan::deps::{DepsScanner, Settings};

/// Records of few words: `mine` stands for a name that a project may have and malware has, too.
const RECORDS: &str = r#"[
{"id": "GHSA-real", "affected": [{"package": {"ecosystem": "npm", "name": "real"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "2.0.0"}]}]}]},
{"id": "MAL-2025-1", "affected": [{"package": {"ecosystem": "npm", "name": "mine"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]}]},
{"id": "MAL-2025-2", "affected": [{"package": {"ecosystem": "npm", "name": "pinned"}, "versions": ["4.4.2"]}]},
{"id": "GHSA-twice", "affected": [
  {"package": {"ecosystem": "npm", "name": "twice"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.5.0"}]}]},
  {"package": {"ecosystem": "npm", "name": "twice"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "2.0.0-beta.1"}, {"fixed": "2.0.0-beta.3"}]}]}]},
{"id": "GHSA-gone", "withdrawn": "2024-01-01T00:00:00Z", "affected": [{"package": {"ecosystem": "npm", "name": "gone"}, "versions": ["1.0.0"]}]},
{"id": "RUSTSEC-1", "affected": [{"package": {"ecosystem": "crates.io", "name": "crab"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0.0.0-0"}, {"fixed": "1.2.0"}, {"introduced": "1.2.0"}, {"fixed": "1.2.0"}]}]}]},
{"id": "RUSTSEC-2", "aliases": ["CVE-1"], "affected": [{"package": {"ecosystem": "crates.io", "name": "pair"}, "versions": ["1.0.0"]}]},
{"id": "RUSTSEC-3", "aliases": ["CVE-1"], "affected": [{"package": {"ecosystem": "crates.io", "name": "pair"}, "versions": ["1.0.0"]}]},
{"id": "RUSTSEC-4", "aliases": ["CVE-2"], "affected": [{"package": {"ecosystem": "crates.io", "name": "one"}, "versions": ["1.0.0"]}]},
{"id": "GHSA-4", "aliases": ["CVE-2"], "affected": [{"package": {"ecosystem": "crates.io", "name": "one"}, "versions": ["1.0.0"]}]},
{"id": "RUSTSEC-5", "aliases": ["GHSA-5"], "affected": [{"package": {"ecosystem": "crates.io", "name": "old"}, "versions": ["1.0.0"], "database_specific": {"informational": "unmaintained"}}]},
{"id": "GHSA-5", "database_specific": {"severity": "HIGH"}, "affected": [{"package": {"ecosystem": "crates.io", "name": "old"}, "versions": ["1.0.0"]}]},
{"id": "GO-1", "affected": [{"package": {"ecosystem": "Go", "name": "golang.org/x/crypto"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "0.31.0"}]}]}]},
{"id": "GO-2", "affected": [{"package": {"ecosystem": "Go", "name": "stdlib"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.22.5"}]}]}]},
{"id": "GO-3", "affected": [{"package": {"ecosystem": "Go", "name": "example.org/tagged"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}],
  "ecosystem_specific": {"custom_ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.20.0"}]}]}}]},
{"id": "GO-4", "affected": [{"package": {"ecosystem": "Go", "name": "example.org/self"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]}]}
]"#;

fn scan(stdlib: bool, files: &[(&str, &str)]) -> Vec<Draft> {
    let records: Vec<serde_json::Value> = serde_json::from_str(RECORDS).unwrap();
    let read = |record: &serde_json::Value| match osv::read(record.to_string().as_bytes(), &mut Vec::new()).unwrap() {
        Reading::Advisory(record) => Some(*record),
        Reading::Irrelevant => None,
    };
    let db = AdvisoryDb::from_records(records.iter().filter_map(read).collect(), "test").unwrap();
    let settings = Settings { stdlib, ..Settings::default() };
    let scanner = DepsScanner::new(settings, Arc::new(LazyDb::ready(db)));
    let kept: Vec<KeptInput> = files.iter().map(|(path, text)| KeptInput::work_tree(path, text)).collect();
    let mut sink = Sink::default();
    scanner.finish(&kept, &mut sink);
    assert!(sink.notices.is_empty(), "{:?}", sink.notices);
    sink.drafts
}

/// `name version` of each finding.
fn found(path: &str, text: &str) -> BTreeSet<String> {
    scan(false, &[(path, text)])
        .iter()
        .map(|draft| format!("{} {}", of(draft, "package"), of(draft, "version")))
        .collect()
}

fn of<'a>(draft: &'a Draft, name: &str) -> &'a str {
    match draft.properties.iter().find(|(known, _)| *known == name) {
        Some((_, Property::Text(text))) => text,
        _ => "",
    }
}

fn assert_found(path: &str, text: &str, expected: &[&str]) {
    let expected: BTreeSet<String> = expected.iter().map(|&one| one.to_owned()).collect();
    assert_eq!(found(path, text), expected, "{path}\n{text}");
}

#[test]
fn npm_names_the_real_package_and_leaves_what_is_not_the_registrys() {
    let flat = r#"{"lockfileVersion": 3, "packages": {
        "": {"name": "mine", "version": "1.0.0"},
        "packages/mine": {"name": "mine", "version": "1.0.0"},
        "node_modules/mine": {"resolved": "packages/mine", "link": true},
        "node_modules/used": {"name": "real", "version": "1.0.0", "resolved": "https://registry.npmjs.org/real/-/real-1.0.0.tgz"},
        "node_modules/a/node_modules/mine": {"version": "1.0.0", "resolved": "git+ssh://git@github.com/o/mine.git#0123456789012345678901234567890123456789"},
        "node_modules/b/node_modules/mine": {"version": "1.0.0", "resolved": "file:../mine.tgz"},
        "node_modules/pinned": {"version": "4.4.1"},
        "node_modules/twice": {"version": "2.0.0-beta.1"},
        "node_modules/gone": {"version": "1.0.0"}},
        "dependencies": {"real": {"version": "1.0.0"}}}"#;
    assert_found("package-lock.json", flat, &["real 1.0.0", "twice 2.0.0-beta.1"]);
    let nested = r#"{"name": "mine", "version": "1.0.0", "dependencies": {
        "used": {"version": "npm:real@1.0.0"},
        "mine": {"version": "file:packages/mine"},
        "a": {"version": "1.0.0", "dependencies": {
            "mine": {"version": "git+https://github.com/o/mine.git#0123456789012345678901234567890123456789"},
            "pinned": {"version": "4.4.2"}}},
        "b": {"version": "github:o/b#0123456789012345678901234567890123456789"},
        "twice": {"version": "1.5.0"}}}"#;
    assert_found("package-lock.json", nested, &["real 1.0.0", "pinned 4.4.2"]);
}

/// A folder that a project of yarn 1 asks for is no root of its own: what others ask for stays shipped.
#[test]
fn a_folder_among_yarns_packages_makes_nothing_else_one_for_development() {
    let lock = "# yarn lockfile v1\n\n\"mine@file:./mine\":\n  version \"1.0.0\"\n  dependencies:\n    twice \"^1.0.0\"\n\n\
        real@^1.0.0:\n  version \"1.0.0\"\n\ntwice@^1.0.0:\n  version \"1.0.0\"\n\npinned@^4.0.0:\n  version \"4.4.2\"\n";
    let app = r#"{"name": "app", "dependencies": {"real": "^1.0.0", "mine": "file:./mine"}, "devDependencies": {"pinned": "^4.0.0"}}"#;
    let mine = r#"{"name": "mine", "version": "1.0.0", "dependencies": {"twice": "^1.0.0"}}"#;
    let drafts = scan(false, &[("yarn.lock", lock), ("package.json", app), ("mine/package.json", mine)]);
    let scopes: BTreeSet<(&str, &str)> =
        drafts.iter().map(|draft| (of(draft, "package"), of(draft, "scope"))).collect();
    let expected = [("real", "production"), ("twice", "production"), ("pinned", "development")];
    assert_eq!(scopes, BTreeSet::from(expected));
}

#[test]
fn yarn_reads_aliases_patches_and_workspaces() {
    let classic = "# yarn lockfile v1\n\n\"used@npm:real@^1.0.0\", real@^1.0.0:\n  version \"1.0.0\"\n  resolved \"https://registry.yarnpkg.com/real/-/real-1.0.0.tgz#00\"\n\n\
        \"mine@https://github.com/o/mine.git\":\n  version \"1.0.0\"\n  resolved \"https://github.com/o/mine.git#00\"\n\n\
        \"mine@file:./mine\":\n  version \"1.0.0\"\n\n\"@x/pinned@1\":\n  version \"4.4.2\"\n";
    assert_found("yarn.lock", classic, &["real 1.0.0"]);
    let berry = "__metadata:\n  version: 8\n\n\"mine@workspace:packages/mine\":\n  version: 0.0.0-use.local\n  resolution: \"mine@workspace:packages/mine\"\n\n\
        \"mine@link:./mine::locator=app%40workspace%3A.\":\n  version: 0.0.0-use.local\n  resolution: \"mine@link:./mine::locator=app%40workspace%3A.\"\n\n\
        \"mine@https://github.com/o/mine.git\":\n  version: 1.0.0\n  resolution: \"mine@https://github.com/o/mine.git#commit=00\"\n\n\
        \"used@npm:real@^1.0.0\":\n  version: 1.0.0\n  resolution: \"real@npm:1.0.0\"\n\n\
        \"twice@patch:twice@npm%3A1.0.0#~/.yarn/patches/twice.patch\":\n  version: 1.0.0\n  resolution: \"twice@patch:twice@npm%3A1.0.0#~/.yarn/patches/twice.patch::version=1.0.0&hash=00\"\n";
    assert_found("yarn.lock", berry, &["real 1.0.0", "twice 1.0.0"]);
}

#[test]
fn pnpm_reads_hosts_peers_aliases_and_links() {
    let five = "lockfileVersion: 5.4\n\ndependencies:\n  used: /real/1.0.0\n  mine: link:../mine\n\npackages:\n\n  /real/1.0.0:\n    resolution: {integrity: x}\n    dev: false\n\n\
        \x20 registry.example.org/twice/1.0.0_real@1.0.0:\n    resolution: {integrity: x}\n    dev: false\n\n\
        \x20 github.com/o/mine/0123456:\n    resolution: {tarball: https://codeload.github.com/o/mine/tar.gz/0123456}\n    name: mine\n    version: 1.0.0\n    dev: false\n\n\
        \x20 file:mine:\n    resolution: {directory: mine, type: directory}\n    name: mine\n    version: 1.0.0\n    dev: false\n";
    assert_found("pnpm-lock.yaml", five, &["real 1.0.0", "twice 1.0.0"]);
    let six = "lockfileVersion: '6.0'\n\npackages:\n\n  /real@1.0.0:\n    resolution: {integrity: x}\n\n  /@x/y@1.0.0(real@1.0.0)(twice@2.0.0):\n    resolution: {integrity: x}\n\n\
        \x20 npm.example.org/twice@1.0.0:\n    resolution: {integrity: x}\n";
    assert_found("pnpm-lock.yaml", six, &["real 1.0.0", "twice 1.0.0"]);
    let nine = "lockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    dependencies:\n      used:\n        specifier: npm:real@^1.0.0\n        version: real@1.0.0\n      mine:\n        specifier: workspace:*\n        version: link:packages/mine\n\npackages:\n\n  real@1.0.0:\n    resolution: {integrity: x}\n\n\
        \x20 mine@file:mine:\n    resolution: {directory: mine, type: directory}\n\n  mine@https://codeload.github.com/o/mine/tar.gz/0123:\n    resolution: {tarball: https://codeload.github.com/o/mine/tar.gz/0123}\n    version: 1.0.0\n\nsnapshots:\n\n  real@1.0.0: {}\n";
    assert_found("pnpm-lock.yaml", nine, &["real 1.0.0"]);
}

#[test]
fn buns_tuples_say_where_a_package_is_from() {
    let text = r#"{"lockfileVersion": 1, "workspaces": {"": {"name": "mine"}, "packages/mine": {"name": "mine"}},
        "packages": {
            "used": ["real@1.0.0", "", {}, "sha512-x"],
            "mine": ["mine@workspace:packages/mine"],
            "a/mine": ["mine@github:o/mine#0123456", {}, "o-mine-0123456"],
            "b/mine": ["mine@file:mine", {}],
            "c/mine": ["mine@git+https://github.com/o/mine.git#0123456", {}, "0123456"],
            "twice": ["twice@1.4.0", "https://npm.example.org/twice.tgz", {}, "sha512-x"], }, }"#;
    assert_found("bun.lock", text, &["real 1.0.0", "twice 1.4.0"]);
}

#[test]
fn cargo_reads_old_locks_and_only_what_is_used() {
    let registry = "registry+https://github.com/rust-lang/crates.io-index";
    let first = format!(
        "[root]\nname = \"crab\"\nversion = \"0.1.0\"\ndependencies = [\n \"crab 1.1.0 ({registry})\",\n]\n\n\
        [[package]]\nname = \"crab\"\nversion = \"1.1.0\"\nsource = \"{registry}\"\n\n\
        [[package]]\nname = \"crab\"\nversion = \"1.0.0\"\nsource = \"git+https://github.com/o/crab#0123\"\n\n\
        [[package]]\nname = \"crab\"\nversion = \"1.0.1\"\nsource = \"registry+https://crates.example.org/index\"\n\n\
        [metadata]\n\"checksum crab 1.1.0 ({registry})\" = \"00\"\n"
    );
    assert_found("Cargo.lock", &first, &["crab 1.1.0"]);
    let unused = format!(
        "version = 4\n\n[[package]]\nname = \"crab\"\nversion = \"1.3.0\"\nsource = \"{registry}\"\n\n\
        [[patch.unused]]\nname = \"crab\"\nversion = \"1.0.0\"\nsource = \"{registry}\"\n"
    );
    // 1.3.0 lies behind an empty interval: sorted the wrong way, all that is newer would be affected.
    assert_found("Cargo.lock", &unused, &[]);
}

#[test]
fn go_modules_are_told_apart_and_replaced() {
    let module = "module example.org/self\n\ngo 1.19\n\nrequire (\n\tgolang.org/x/crypto/x509roots/fallback v0.0.0-20240101000000-000000000000\n\tgolang.org/x/crypto v0.30.0\n)\n";
    assert_found("go.mod", module, &["golang.org/x/crypto v0.30.0"]);
    let replaced = format!("{module}\nreplace golang.org/x/crypto => golang.org/x/crypto v0.31.0\n");
    assert_found("go.mod", &replaced, &[]);
    let local = format!("{module}\nreplace golang.org/x/crypto => ../crypto\n");
    assert_found("go.mod", &local, &[]);
    // The replacement in go.work comes before the one in go.mod; the one of a version before that of all.
    let back = "go 1.22\nuse .\nreplace (\n\tgolang.org/x/crypto => golang.org/x/crypto v0.31.0\n\tgolang.org/x/crypto v0.30.0 => golang.org/x/crypto v0.29.0\n)\n";
    let drafts = scan(false, &[("go.mod", &replaced), ("go.work", back)]);
    assert_eq!(drafts.iter().map(|draft| of(draft, "version")).collect::<Vec<_>>(), ["v0.29.0"]);
}

#[test]
fn the_standard_library_counts_by_its_toolchain_and_on_request() {
    let named = "module m\n\ngo 1.19\n\ntoolchain go1.22.1\n";
    assert!(scan(false, &[("go.mod", named)]).is_empty(), "not asked for");
    let drafts = scan(true, &[("go.mod", named)]);
    assert_eq!(drafts.iter().map(|draft| of(draft, "version")).collect::<Vec<_>>(), ["1.22.1"]);
    assert!(scan(true, &[("go.mod", "module m\n\ngo 1.19\n")]).is_empty(), "the least version is none in use");
}

#[test]
fn bounds_that_only_tags_can_meet_never_gate() {
    let at = |version: &str| scan(false, &[("go.mod", &format!("module m\n\nrequire example.org/tagged {version}\n"))]);
    let pseudo = at("v0.0.0-20240101000000-abcdefabcdef");
    assert_eq!((pseudo.len(), pseudo[0].confidence, pseudo[0].gates), (1, Confidence::Low, false));
    assert!(pseudo[0].message.contains("never fails the gate"));
    assert!(!at("v1.19.0+incompatible")[0].gates);
    assert!(at("v1.20.0+incompatible").is_empty(), "the tag is behind the bound");
}

#[test]
fn records_merge_across_publishers_and_never_within_one() {
    let entry = |name: &str| {
        format!(
            "[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n"
        )
    };
    let drafts = scan(false, &[("Cargo.lock", &[entry("pair"), entry("one"), entry("old")].concat())]);
    let ids = |draft: &Draft| match draft.properties.iter().find(|(name, _)| *name == "ids") {
        Some((_, Property::List(ids))) => ids.join(" "),
        _ => String::new(),
    };
    let told: BTreeSet<(String, Severity)> = drafts.iter().map(|draft| (ids(draft), draft.severity)).collect();
    let one = |ids: &str, severity| (ids.to_owned(), severity);
    let expected = BTreeSet::from([
        one("RUSTSEC-2 CVE-1", Severity::Medium),
        one("RUSTSEC-3 CVE-1", Severity::Medium),
        one("RUSTSEC-4 GHSA-4 CVE-2", Severity::Medium),
        // An informational record never absorbs a vulnerability.
        one("RUSTSEC-5 GHSA-5", Severity::Low),
        one("GHSA-5", Severity::High),
    ]);
    assert_eq!(told, expected);
    assert!(drafts[0].message.contains("no severity"), "{}", drafts[0].message);
}

#[test]
fn malware_is_critical_and_only_where_it_is() {
    let lock =
        |name: &str, version: &str| format!(r#"{{"packages": {{"node_modules/{name}": {{"version": "{version}"}}}}}}"#);
    let drafts = scan(false, &[("package-lock.json", &lock("pinned", "4.4.2"))]);
    assert_eq!((drafts.len(), drafts[0].severity), (1, Severity::Critical));
    assert!(scan(false, &[("package-lock.json", &lock("pinned", "4.4.3"))]).is_empty());
    assert_eq!(scan(false, &[("package-lock.json", &lock("mine", "0.0.1"))])[0].severity, Severity::Critical);
    assert!(scan(false, &[("package-lock.json", &lock("Mine", "0.0.1"))]).is_empty(), "npm names tell case");
}

#[test]
fn what_a_project_says_of_its_own_module_is_not_matched() {
    // A pseudo-version of the main module would be older than everything.
    assert!(scan(false, &[("go.mod", "module example.org/self\n\ngo 1.22\n")]).is_empty());
}
