//! The demo tree: everything planted is found, and nothing else; the same bytes at any thread count and in
//! any order of files; no planted value in any format; every read failing once.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use portcullis::advisory::{AdvisoryDb, LazyDb};
use portcullis::engine::{self, Plan};
use portcullis::model::{Input, NoticeKind, RepoPath, ScanReport};
use portcullis::report::{FORMATS, Options};
use portcullis::scan::registry::{BUILT_IN, Settings};
use portcullis::scan::{deps, iac, secrets};
use portcullis::source::tree::{Fault, Settings as TreeSettings, Tree};
use portcullis::source::{Content, Outcome, Source, SourceError, Visit, Want};
use portcullis::triage::gate::{GateSettings, Verdict, gate};

use crate::support::{files_below, root};

fn tree(folder: PathBuf) -> Tree {
    Tree::new(TreeSettings {
        roots: vec![folder.clone()],
        listed: Vec::new(),
        base: folder,
        ignore_files: true,
        include: Vec::new(),
        exclude: Vec::new(),
        max_file_size: 16 << 20,
        threads: 2,
    })
}

/// The files of a tree, given one after the other in an order that the seed makes.
struct Shuffled {
    files: Vec<(RepoPath, Vec<u8>)>,
    seed: u64,
}

impl Source for Shuffled {
    fn for_each(&self, wanted: &(dyn Fn(&RepoPath) -> Want + Sync), visit: &Visit<'_>) -> Result<Outcome, SourceError> {
        let mut order: Vec<&(RepoPath, Vec<u8>)> = self.files.iter().collect();
        let mut state = self.seed;
        for at in (1..order.len()).rev() {
            // Knuth's linear congruential step; the high bits are the good ones.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            order.swap(at, (state >> 33) as usize % (at + 1));
        }
        for (path, bytes) in order {
            visit(Content { input: Input::whole(path, bytes), want: wanted(path), binary: false });
        }
        Ok(Outcome::default())
    }
}

/// A scan with all scanners and the starter advisories.
fn scan(source: impl Source + Send + 'static, threads: usize) -> ScanReport {
    let settings = Settings {
        secrets: secrets::Settings::default(),
        deps: deps::Settings::default(),
        database: Box::new(|| Ok(Arc::new(LazyDb::later(AdvisoryDb::starter)))),
        iac: iac::Settings::default(),
        iac_rules: std::sync::Mutex::default(),
    };
    let plan = Plan {
        source: Box::new(source),
        scanners: BUILT_IN.iter().map(|one| (one.build)(&settings).unwrap()).collect(),
        threads,
        today: "2026-01-01".to_owned(),
        pragmas: true,
        all_rules: false,
        on_findings: None,
    };
    engine::run(&plan).unwrap()
}

fn shop() -> PathBuf {
    root().join("fixtures/trees/shop")
}

/// The tree with the provider tokens that push protection would stop, put together only here.
fn shop_with_tokens(folder: &std::path::Path) -> Vec<(String, u32, &'static str, String)> {
    for file in files_below(&shop()) {
        let to = folder.join(file.strip_prefix(shop()).unwrap());
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(&file, to).unwrap();
    }
    let hex = |n: usize| "3f9a1c7e5b2d8046".repeat(8)[..n].to_owned();
    let mixed = |n: usize| "aZ3kQ9xL7mT2vR8pW5nB4cY6dJ1fH0gS".repeat(4)[..n].to_owned();
    let stripe = format!("{}{}", "sk_live_", mixed(24));
    let slack = format!("{}-{}-{}-{}", "xoxb", "2847561930", "7391028465123", mixed(24));
    let spaces = format!("{}{}", "dop_v1_", hex(64));
    let google = format!("{}{}", "AIza", mixed(35));
    let tokens = [
        ("web/src/pay.js", format!("const stripe = \"{stripe}\";\n"), "secrets/stripe-live-secret-key", stripe),
        ("config/chat.yaml", format!("chat:\n  bot: {slack}\n"), "secrets/slack-bot-token", slack),
        (
            "scripts/droplets.sh",
            format!("#!/bin/sh\nexport DO={spaces}\n"),
            "secrets/digitalocean-personal-token",
            spaces,
        ),
        ("services/maps/maps.go", format!("package maps\n\nvar key = \"{google}\"\n"), "secrets/gcp-api-key", google),
    ];
    let mut planted = Vec::new();
    for (path, text, rule, value) in tokens {
        let to = folder.join(path);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        let line = 1 + text[..text.find(&value).unwrap()].matches('\n').count();
        std::fs::write(to, text).unwrap();
        planted.push((path.to_owned(), u32::try_from(line).unwrap(), rule, value));
    }
    planted
}

type Planted = BTreeMap<String, Vec<String>>;

fn listed() -> Planted {
    #[derive(serde::Deserialize)]
    struct File {
        defects: Vec<String>,
    }
    let text = std::fs::read_to_string(shop().join("PLANTED.toml")).unwrap();
    let files: BTreeMap<String, File> = toml::from_str(&text).unwrap();
    files.into_iter().map(|(path, file)| (path, file.defects)).collect()
}

fn reported(report: &ScanReport) -> Planted {
    let mut found = Planted::new();
    for finding in report.active() {
        let line = format!("{} {}", finding.primary.region.start_line, finding.rule);
        found.entry(finding.primary.path.to_string()).or_default().push(line);
    }
    found
}

fn assert_same(mut expected: Planted, mut found: Planted) {
    expected.values_mut().chain(found.values_mut()).for_each(|lines| lines.sort());
    let mut wrong = Vec::new();
    for path in expected.keys().chain(found.keys()).collect::<std::collections::BTreeSet<_>>() {
        let (listed, seen) =
            (expected.get(path).cloned().unwrap_or_default(), found.get(path).cloned().unwrap_or_default());
        wrong.extend(listed.iter().filter(|line| !seen.contains(line)).map(|line| format!("missed: {path} {line}")));
        wrong
            .extend(seen.iter().filter(|line| !listed.contains(line)).map(|line| format!("not listed: {path} {line}")));
        if wrong.is_empty() && listed != seen {
            wrong.push(format!("repeated otherwise than listed: {path}"));
        }
    }
    assert!(wrong.is_empty(), "PLANTED.toml and the report disagree:\n{}", wrong.join("\n"));
}

#[test]
fn everything_planted_is_found_and_nothing_else() {
    let report = scan(tree(shop()), 2);
    assert!(report.complete, "{:?}", report.notices);
    assert_same(listed(), reported(&report));
}

#[test]
fn provider_tokens_are_found_and_no_format_holds_a_value() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = shop_with_tokens(folder.path());
    let mut report = scan(tree(folder.path().to_path_buf()), 2);
    gate(&mut report, &GateSettings::default());
    let mut expected = listed();
    for (path, line, rule, _) in &tokens {
        expected.entry(path.clone()).or_default().push(format!("{line} {rule}"));
    }
    assert_same(expected, reported(&report));
    let generic = [
        "vR7kq2WnzT4pXy",
        "kW8xmQ2vLr5TzB",
        "Zx81qLmW0ver",
        "9fQ2vLk7RzW1xTn4Yb8M",
        "tR4!nwq8Zs_d2",
        "Hq72nfLw9sKd",
        "wN6tPz3kVx9q",
    ];
    let key = std::fs::read_to_string(shop().join("config/dev-tls.key")).unwrap();
    let values = tokens.iter().map(|(.., value)| value.as_str()).chain(generic).chain(key.lines().skip(1).take(3));
    let values: Vec<&str> = values.collect();
    for format in FORMATS {
        for show_suppressed in [false, true] {
            let mut out = Vec::new();
            let options = Options { show_suppressed, verbose: true, ..Options::default() };
            format.write(&report, &options, &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            for value in &values {
                assert!(!text.contains(value), "{} holds a planted value", format.name);
            }
        }
    }
}

#[test]
fn the_validators_take_the_demo_trees_sarif() {
    let mut report = scan(tree(shop()), 2);
    gate(&mut report, &GateSettings::default());
    for show_suppressed in [false, true] {
        let options = Options { show_suppressed, ..Options::default() };
        let mut out = Vec::new();
        portcullis::report::find("sarif").unwrap().write(&report, &options, &mut out).unwrap();
        crate::sarif::validate(&out);
    }
}

fn rendered(report: &ScanReport) -> Vec<Vec<u8>> {
    let write = |format: &portcullis::report::Format| {
        let mut out = Vec::new();
        format.write(report, &Options::default(), &mut out).unwrap();
        out
    };
    FORMATS.iter().filter(|format| format.name != "table").map(write).collect()
}

#[test]
fn the_same_bytes_at_any_thread_count() {
    let one = rendered(&scan(tree(shop()), 1));
    for threads in [2, 8] {
        let other = rendered(&scan(tree(shop()), threads));
        for ((format, a), b) in FORMATS.iter().filter(|format| format.name != "table").zip(&one).zip(&other) {
            assert!(a == b, "{} differs at {threads} threads", format.name);
        }
    }
}

#[test]
fn the_same_bytes_in_any_order_of_files() {
    let files = || {
        let files = files_below(&shop()).into_iter();
        let read = |file: PathBuf| {
            let path = RepoPath::from_relative(file.strip_prefix(shop()).unwrap());
            (path, std::fs::read(file).unwrap())
        };
        files.map(read).collect()
    };
    let first = rendered(&scan(Shuffled { files: files(), seed: 0 }, 1));
    for seed in 1..8 {
        let other = rendered(&scan(Shuffled { files: files(), seed }, 1));
        for ((format, a), b) in FORMATS.iter().filter(|format| format.name != "table").zip(&first).zip(&other) {
            assert!(a == b, "{} differs in order {seed}", format.name);
        }
    }
}

#[test]
fn every_read_failing_once_is_told_and_makes_the_scan_incomplete() {
    let complete = scan(tree(shop()), 1);
    let files = complete.coverage.files_scanned;
    assert!(files > 20);
    for failing in 0..files {
        let fault: Box<Fault> =
            Box::new(move |open| (open == failing).then(|| std::io::Error::from(std::io::ErrorKind::PermissionDenied)));
        let mut report = scan(tree(shop()).with_fault(fault), 1);
        assert!(!report.complete);
        let unreadable =
            report.notices.iter().filter(|notice| notice.kind == NoticeKind::Unreadable && notice.incomplete);
        assert_eq!(unreadable.count(), 1, "read {failing}");
        assert_eq!(report.coverage.files_scanned, files - 1);
        let never_fails = GateSettings { fail_on: None, ..GateSettings::default() };
        assert_eq!(gate(&mut report, &never_fails), Verdict::Incomplete);
        assert_eq!(gate(&mut report, &GateSettings::default()), Verdict::Fail, "a failed gate wins");
    }
}

#[test]
fn a_line_inserted_above_changes_no_fingerprint() {
    let folder = tempfile::tempdir().unwrap();
    shop_with_tokens(folder.path());
    let prints = |report: &ScanReport| {
        let mut prints: Vec<String> = report.findings.iter().map(|finding| finding.fingerprint.to_string()).collect();
        prints.sort();
        prints
    };
    let before = prints(&scan(tree(folder.path().to_path_buf()), 2));
    for path in
        ["web/.env", "config/broker.yaml", "infra/main.tf", "k8s/orders.yaml", "compose.yaml", "config/settings.py"]
    {
        let file = folder.path().join(path);
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, format!("# one line more\n{text}")).unwrap();
    }
    assert_eq!(before, prints(&scan(tree(folder.path().to_path_buf()), 2)));
}
