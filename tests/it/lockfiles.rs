//! Lock files that something has damaged: every format, read to the end, within bounds, and the rest still checked.

use std::path::PathBuf;
use std::sync::Arc;

use portcullis::advisory::{AdvisoryDb, LazyDb};
use portcullis::lockfile;
use portcullis::model::{KeptInput, Sink};
use portcullis::scan::Scanner;
use portcullis::scan::deps::{DepsScanner, Settings};

use crate::support::{files_below, shared};

/// One of each format, with a package that the starter set knows; then the same with one thing wrong, and the line
/// and column of it. `lodash`, `time` and `x/net` are still found.
const SAMPLES: &[(&str, &str, &str, (u32, u32))] = &[
    (
        "Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"time\"\nversion = \"0.1.43\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n",
        "version = 4\n\n[[package]]\nname = \"half\"\n\n[[package]]\nname = \"time\"\nversion = \"0.1.43\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n",
        (4, 1),
    ),
    (
        "package-lock.json",
        "{\"lockfileVersion\": 3, \"packages\": {\n \"node_modules/lodash\": {\"version\": \"4.17.20\"}\n}}\n",
        "{\"lockfileVersion\": 3, \"packages\": {\n \"node_modules/half\": {\"resolved\": false},\n \"node_modules/lodash\": {\"version\": \"4.17.20\"}\n}}\n",
        (2, 2),
    ),
    (
        "npm-shrinkwrap.json",
        "{\"dependencies\": {\n \"lodash\": {\"version\": \"4.17.20\"}\n}}\n",
        "{\"dependencies\": {\n \"lodash\": {\"version\": \"4.17.20\"},\n <<<<<<< HEAD\n}}\n",
        (3, 2),
    ),
    (
        "yarn.lock",
        "# yarn lockfile v1\n\nlodash@^4.0.0:\n  version \"4.17.20\"\n",
        "# yarn lockfile v1\n\nhalf@^1.0.0:\n  resolved \"x\"\n\nlodash@^4.0.0:\n  version \"4.17.20\"\n",
        (3, 1),
    ),
    (
        "pnpm-lock.yaml",
        "lockfileVersion: '9.0'\npackages:\n  lodash@4.17.20:\n    resolution: {}\n",
        "lockfileVersion: '9.0'\npackages:\n  half:\n    resolution: {}\n  lodash@4.17.20:\n    resolution: {}\n",
        (3, 3),
    ),
    (
        "bun.lock",
        "{\"lockfileVersion\": 1, \"packages\": {\n  \"lodash\": [\"lodash@4.17.20\", \"\", {}, \"\"],\n}}\n",
        "{\"lockfileVersion\": 1, \"packages\": {\n  \"half\": [],\n  \"lodash\": [\"lodash@4.17.20\", \"\", {}, \"\"],\n}}\n",
        (2, 3),
    ),
    (
        "go.mod",
        "module m\n\ngo 1.20\n\nrequire golang.org/x/net v0.16.0\n",
        "module m\n\ngo 1.20\n\nrequired x\nrequire golang.org/x/net v0.16.0\n",
        (5, 1),
    ),
    ("go.sum", "golang.org/x/net v0.16.0 h1:a=\n", "golang.org/x/text\ngolang.org/x/net v0.16.0 h1:a=\n", (1, 1)),
    (
        "vendor/modules.txt",
        "# golang.org/x/net v0.16.0\n## explicit\ngolang.org/x/net/html\n",
        "# golang.org/x/text\n# golang.org/x/net v0.16.0\n## explicit\ngolang.org/x/net/html\n",
        (1, 1),
    ),
];

fn scan(path: &str, bytes: &[u8]) -> Sink {
    let scanner = DepsScanner::new(Settings::default(), Arc::new(LazyDb::ready(AdvisoryDb::starter())));
    run(&scanner, path, bytes)
}

fn run(scanner: &DepsScanner, path: &str, bytes: &[u8]) -> Sink {
    let kept = [KeptInput::work_tree(path, bytes)];
    let mut sink = Sink::default();
    scanner.finish(&kept, &mut sink);
    sink
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_the_rest_is_checked() {
    for (path, whole, damaged, place) in SAMPLES {
        let (before, after) = (scan(path, whole.as_bytes()), scan(path, damaged.as_bytes()));
        assert!(!before.drafts.is_empty() && before.notices.is_empty(), "{path}: {:?}", before.notices);
        assert_eq!(after.drafts.len(), before.drafts.len(), "{path}: what could be read is checked");
        let [notice] = &after.notices[..] else { panic!("{path}: {:?}", after.notices) };
        assert!(notice.incomplete && notice.path.is_some(), "{path}");
        let span = notice.span.expect("a place");
        let head = &damaged[..span.start as usize];
        let line = head.matches('\n').count() as u32 + 1;
        let column = head.rsplit('\n').next().unwrap_or_default().chars().count() as u32 + 1;
        assert_eq!((line, column), *place, "{path}");
    }
}

/// Samples, and the real ones where they are at hand, cut to a size that a debug build reads quickly.
fn originals() -> Vec<(String, Vec<u8>)> {
    let own = SAMPLES.iter().map(|(path, text, ..)| ((*path).to_owned(), text.as_bytes().to_vec()));
    let real: Vec<PathBuf> = shared("advisories/lockfiles").map(|folder| files_below(&folder)).unwrap_or_default();
    let real = real.into_iter().filter_map(|path| {
        let name = path.file_name()?.to_str()?.to_owned();
        lockfile::format_of(&name)?;
        let mut bytes = std::fs::read(&path).ok()?;
        bytes.truncate(6_000);
        Some((if name == "modules.txt" { format!("vendor/{name}") } else { name }, bytes))
    });
    own.chain(real).collect()
}

/// Bytes that mean something to one format or another.
const TOKENS: [&[u8]; 22] = [
    b"{", b"}", b"[", b"]", b"\"", b"'", b":", b",", b"\n", b"\r\n", b"\n  ", b"@", b"npm:", b"||", b"=>", b"*a",
    b"&a ", b"\\u0000", b"\xff", b"//", b"(", b"version",
];

#[test]
fn damaged_files_are_read_to_the_end_and_within_bounds() {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % below.max(1) as u64) as usize
    };
    let scanner = DepsScanner::new(Settings::default(), Arc::new(LazyDb::ready(AdvisoryDb::starter())));
    let originals = originals();
    let rounds = 2_000 / originals.len();
    for (path, original) in &originals {
        for _ in 0..rounds {
            let mut bytes = original.clone();
            for _ in 0..=random(4) {
                let at = random(bytes.len() + 1);
                match random(5) {
                    0 => bytes.truncate(at),
                    1 if at < bytes.len() => bytes[at] = random(256) as u8,
                    2 => drop(bytes.drain(at..(at + random(40)).min(bytes.len()))),
                    3 => {
                        let piece = bytes[at..(at + random(200)).min(bytes.len())].to_vec();
                        let to = random(bytes.len() + 1);
                        bytes.splice(to..to, piece);
                    }
                    _ => drop(bytes.splice(at..at, TOKENS[random(TOKENS.len())].iter().copied()).count()),
                }
            }
            let format = lockfile::format_of(path.rsplit('/').next().unwrap_or(path)).unwrap();
            let parsed = format.parse(&bytes);
            for package in &parsed.value {
                assert!(package.span.end as usize <= bytes.len(), "{path}");
                assert!(package.declared.iter().all(|one| one.span.end as usize <= bytes.len()), "{path}");
                assert!(package.dependencies.iter().all(|&to| (to as usize) < parsed.value.len()), "{path}");
            }
            assert!(parsed.errors.iter().all(|error| error.span.end as usize <= bytes.len()), "{path}");
            let sink = run(&scanner, path, &bytes);
            assert_eq!(sink.notices.is_empty(), parsed.errors.is_empty(), "{path}: nothing is silent");
        }
    }
}
