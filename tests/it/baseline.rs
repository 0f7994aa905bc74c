//! A baseline over the life of a tree: random edits, each with the states that follow from what was done.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::git::{commit, git, repository, scan, write};

/// Of findings by path and line, the state; of those that are gone, how many.
type States = (BTreeMap<(String, u64), String>, usize);

#[derive(Clone)]
enum Line {
    Clean(u64),
    /// The number in its name, the one its value is made of, and its indent.
    Secret {
        name: u64,
        value: u64,
        indent: usize,
    },
}

type Tree = BTreeMap<String, Vec<Line>>;

/// xorshift64*: the same edits in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % most
    }
}

impl Line {
    fn text(&self) -> String {
        match self {
            Self::Clean(number) => format!("# remark {number} on what stands below"),
            Self::Secret { name, value, indent } => {
                let mut chance = Chance(value.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
                let letters = b"ABCDEFGHJKMNPQRSTUVWXYZabcdefghkmnpqrstuvwxyz23456789";
                let text: String = (0..20).map(|_| char::from(letters[chance.below(letters.len())])).collect();
                format!("{}SERVICE_{name}_PASSWORD=\"{text}\"", " ".repeat(*indent))
            }
        }
    }
}

fn store(folder: &Path, tree: &Tree) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.extension().is_some_and(|end| end == "env") {
            fs::remove_file(entry).unwrap();
        }
    }
    for (path, lines) in tree {
        let text: String = lines.iter().map(|line| line.text() + "\n").collect();
        write(folder, path, &text);
    }
}

/// Writes what is known now to `base.json`.
fn baseline(folder: &Path) {
    let written = std::process::Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .current_dir(folder)
        .args(["baseline", "write", "--file", "base.json"])
        .output()
        .unwrap();
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
}

fn found(folder: &Path, flags: &[&str]) -> States {
    let always = ["--baseline", "base.json", "--show-suppressed", "--scanners", "secrets"];
    let (_, findings) = scan(folder, &[&always, flags].concat());
    let mut states = States::default();
    for one in &findings {
        match one["state"].as_str().unwrap() {
            "absent" => states.1 += 1,
            state => {
                let place = (one["path"].as_str().unwrap().to_owned(), one["region"]["startLine"].as_u64().unwrap());
                assert!(states.0.insert(place, state.to_owned()).is_none());
            }
        }
    }
    states
}

fn planted() -> Tree {
    let line = |file: u64, at: u64| match at % 3 {
        // Each file has one name twice, with two values, and shares one name with its neighbour.
        1 => Line::Secret { name: file * 10 + at % 7, value: file * 100 + at, indent: 0 },
        _ => Line::Clean(file * 100 + at),
    };
    (0..5).map(|file| (format!("f{file}.env"), (0..24).map(|at| line(file, at)).collect())).collect()
}

/// A secret: its file, the number in its name and that of its value.
type Secret = (String, u64, u64);

fn secrets(tree: &Tree) -> Vec<(Secret, u64)> {
    let all = tree.iter().flat_map(|(path, lines)| {
        lines.iter().zip(1..).filter_map(|(line, at)| match line {
            Line::Secret { name, value, .. } => Some(((path.clone(), *name, *value), at)),
            Line::Clean(_) => None,
        })
    });
    all.collect()
}

/// What a person would say: an equal name and value in its file is unchanged, as often as it was there; in a file
/// that version control calls renamed, by `moved` from new to old, it is updated; so it is in any other where one
/// stands against one. What is left is new, or absent.
fn expected(before: &Tree, after: &Tree, moved: &BTreeMap<String, String>) -> States {
    let mut known: Vec<Secret> = secrets(before).into_iter().map(|(one, _)| one).collect();
    let mut open = secrets(after);
    let mut states = States::default();
    let mut settle = |state: &str, known: &mut Vec<Secret>, was: &dyn Fn(&Secret, &Secret) -> bool| {
        open.retain(|(one, line)| {
            let Some(at) = known.iter().position(|old| was(old, one)) else { return true };
            known.remove(at);
            states.0.insert((one.0.clone(), *line), state.to_owned());
            false
        });
        open.clone()
    };
    settle("unchanged", &mut known, &|old, one| old == one);
    let same = |old: &Secret, one: &Secret| (old.1, old.2) == (one.1, one.2);
    let left = settle("updated", &mut known, &|old, one| moved.get(&one.0) == Some(&old.0) && same(old, one));
    let known_then = known.clone();
    let alone = |one: &Secret| {
        let count = |all: &mut dyn Iterator<Item = &Secret>| all.filter(|other| same(other, one)).count();
        (count(&mut known_then.iter()), count(&mut left.iter().map(|(other, _)| other))) == (1, 1)
    };
    for (one, line) in settle("updated", &mut known, &|old, one| same(old, one) && alone(one)) {
        states.0.insert((one.0, line), "new".to_owned());
    }
    states.1 = known.len();
    states
}

fn edit(tree: &mut Tree, moved: &mut BTreeMap<String, String>, chance: &mut Chance, number: u64) {
    let paths: Vec<String> = tree.keys().cloned().collect();
    let path = paths[chance.below(paths.len())].clone();
    let lines = tree.get_mut(&path).unwrap();
    let at = chance.below(lines.len());
    let fresh = 1_000_000 + number;
    match (chance.below(7), &mut lines[at]) {
        (0, _) => lines.insert(at, Line::Clean(fresh)),
        (1, Line::Secret { indent, .. }) => *indent += 4,
        (2, Line::Secret { value, .. }) => *value = fresh,
        (3, _) => lines.insert(at, Line::Secret { name: fresh, value: fresh, indent: 0 }),
        (4, _) => drop(lines.remove(at)),
        (5, _) => {
            let to = format!("m{number}.env");
            let lines = tree.remove(&path).unwrap();
            let from = moved.remove(&path).unwrap_or(path);
            moved.insert(to.clone(), from);
            tree.insert(to, lines);
        }
        (6, Line::Secret { .. }) => lines.insert(at, lines[at].clone()),
        // What needs a secret met none.
        _ => {}
    }
}

#[test]
fn two_hundred_random_edits_have_the_states_that_follow_from_them() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let before = planted();
    store(folder, &before);
    baseline(folder);
    let mut chance = Chance(20_261_124);
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for run in 0..50 {
        let (mut tree, mut moved) = (before.clone(), BTreeMap::new());
        for step in 0..4 {
            edit(&mut tree, &mut moved, &mut chance, run * 10 + step);
            store(folder, &tree);
            let (found, expected) = (found(folder, &[]), expected(&before, &tree, &BTreeMap::new()));
            assert_eq!(found, expected, "run {run}, edit {step}");
            found.0.values().for_each(|state| *kinds.entry(state.clone()).or_default() += 1);
            *kinds.entry("absent".to_owned()).or_default() += found.1;
        }
    }
    assert!(kinds.len() == 4 && kinds.values().all(|count| *count > 20), "{kinds:?}");
}

#[test]
fn random_edits_follow_what_git_calls_renamed() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    let before = planted();
    store(folder, &before);
    baseline(folder);
    commit(folder, "before");
    git(folder, &["tag", "base"]);
    let mut chance = Chance(20_261_128);
    let mut renamed = 0;
    for run in 0..25 {
        let (mut tree, mut moved) = (before.clone(), BTreeMap::new());
        for step in 0..8 {
            edit(&mut tree, &mut moved, &mut chance, run * 10 + step);
        }
        store(folder, &tree);
        commit(folder, "after");
        assert_eq!(found(folder, &["--renames", "base"]), expected(&before, &tree, &moved), "run {run}");
        renamed += moved.len();
        git(folder, &["reset", "-q", "--hard", "base"]);
    }
    assert!(renamed > 20, "{renamed}");
}

#[test]
fn what_git_calls_renamed_is_followed_where_two_could_be_meant() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    let secret = Line::Secret { name: 1, value: 7, indent: 0 }.text();
    let filler: String = (0..30).map(|at| Line::Clean(at).text() + "\n").collect();
    write(folder, "old.env", &format!("{filler}{secret}\n"));
    commit(folder, "one");
    git(folder, &["tag", "base"]);
    baseline(folder);
    git(folder, &["mv", "old.env", "moved.env"]);
    write(folder, "moved.env", &format!("# one line more\n{filler}{secret}\n"));
    write(folder, "copy.env", &format!("{secret}\n"));
    commit(folder, "two");
    let state = |flags: &[&str]| {
        let (_, findings) = scan(folder, &[&["--baseline", "base.json"], flags].concat());
        let pair = |one: &serde_json::Value| {
            (one["path"].as_str().unwrap().to_owned(), one["state"].as_str().unwrap().to_owned())
        };
        findings.iter().map(pair).collect::<BTreeMap<_, _>>()
    };
    let told = |copy: &str, moved: &str| {
        BTreeMap::from([("copy.env".to_owned(), copy.to_owned()), ("moved.env".to_owned(), moved.to_owned())])
    };
    assert_eq!(state(&[]), told("new", "new"), "two files could be the old one");
    assert_eq!(state(&["--renames", "base"]), told("new", "updated"));
    let (code, _) = scan(folder, &["--baseline", "base.json", "--renames", "nowhere"]);
    assert_eq!(code, 2);
}

#[test]
fn an_earlier_report_of_any_tool_is_a_baseline() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let result = |line: u32, text: &str| {
        format!(
            r#"{{"ruleId":"R","message":{{"text":"{text}"}},"locations":[{{"physicalLocation":{{"artifactLocation":{{"uri":"a.py"}},"region":{{"startLine":{line}}}}}}}]}}"#
        )
    };
    let log = |results: &[String]| {
        format!(
            r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"other"}}}},"results":[{}]}}]}}"#,
            results.join(",")
        )
    };
    write(folder, "old.sarif", &log(&[result(3, "one"), result(9, "two")]));
    write(folder, "new.sarif", &log(&[result(5, "one"), result(7, "three")]));
    let secret = Line::Secret { name: 1, value: 7, indent: 0 }.text();
    write(folder, "k.env", &format!("{secret}\n"));
    let state = |baseline: &str, show: bool| {
        let flags = ["--baseline", baseline, "--sarif", "new.sarif", "--show-suppressed"];
        let (_, findings) = scan(folder, &flags[..if show { 5 } else { 4 }]);
        let state = |one: &serde_json::Value| one["state"].as_str().unwrap().to_owned();
        findings.iter().map(state).collect::<Vec<_>>()
    };
    assert_eq!(state("old.sarif", true), ["unchanged", "new", "new", "absent"]);
    // Our own report, the other tool's results in it.
    let whole = std::process::Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .current_dir(folder)
        .args(["scan", "-q", "--no-config", "--sarif", "new.sarif", "-f", "sarif=all.sarif"])
        .output()
        .unwrap();
    assert!(folder.join("all.sarif").is_file(), "{}", String::from_utf8_lossy(&whole.stderr));
    assert_eq!(state("all.sarif", false), ["unchanged"; 3]);
}

#[test]
fn an_earlier_report_is_read_as_the_scan_reads_others() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let value = ["k3v9QwzT1x7", "pmr5t2n8b6"].concat();
    let result = |path: &str, text: &str| {
        let place = serde_json::json!({"artifactLocation": {"uri": path}, "region": {"startLine": 1}});
        serde_json::json!({"ruleId": "B105", "level": "note", "message": {"text": text},
            "locations": [{"physicalLocation": place}]})
    };
    let log = |results: &[serde_json::Value]| {
        let tool = serde_json::json!({"driver": {"name": "Bandit"}});
        serde_json::json!({"version": "2.1.0", "runs": [{"tool": tool, "results": results}]}).to_string()
    };
    let root = folder.canonicalize().unwrap();
    let same = result(&format!("{}/a.py", root.display()), &format!("password = '{value}'"));
    let gone = result("b.py", &format!("db_password = '{value}x' gone"));
    write(folder, "old.sarif", &log(&[same.clone(), gone]));
    write(folder, "new.sarif", &log(&[same]));
    let flags = ["--scanners", "deps", "--baseline", "old.sarif", "--sarif", "new.sarif", "--show-suppressed"];
    let (_, findings) = scan(folder, &flags);
    let states: Vec<_> = findings.iter().map(|one| one["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["unchanged", "absent"]);
    assert!(findings.iter().all(|one| !one.to_string().contains(&value)), "{findings:?}");
    let show = std::process::Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .current_dir(folder)
        .args(["baseline", "show", "old.sarif"])
        .output()
        .unwrap();
    let text = String::from_utf8(show.stdout).unwrap();
    assert!(text.contains("B105") && !text.contains(&value), "{text}");
}

/// Standard error and exit code of the program in a folder.
fn program(folder: &Path, args: &[&str]) -> (Option<i32>, String) {
    let run =
        std::process::Command::new(env!("CARGO_BIN_EXE_portcullis")).current_dir(folder).args(args).output().unwrap();
    (run.status.code(), String::from_utf8(run.stderr).unwrap())
}

#[test]
fn a_file_that_is_neither_a_baseline_nor_a_report_is_refused_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (bytes, told) in [
        (&b"{\"version\":\"2.1.0\",\"runs\":[{\"results\":[{"[..], "as an earlier report, it is no JSON"),
        (b"{\"version\":\"1.0.0\",\"runs\":[]}", "its version is `1.0.0`"),
        (b"{\"version\":\"2.1.0\"}", "it has no runs"),
        (b"{\"version\":7,\"entries\":[]}", "its version is 7, and this program reads 1"),
        (b"[]", "it is no baseline: invalid"),
        (b"", "it is no baseline: EOF"),
        (b"\xff\xfe{\0", "not UTF-8"),
        (b"\x1f\x8bgarbage", "cannot be read"),
    ] {
        fs::write(folder.join("old.sarif"), bytes).unwrap();
        for args in [
            &["scan", "--baseline", "old.sarif"][..],
            &["baseline", "show", "old.sarif"],
            &["baseline", "update", "--file", "old.sarif"],
            &["baseline", "prune", "--file", "old.sarif"],
        ] {
            let (code, err) = program(folder, args);
            assert_eq!(code, Some(2), "{args:?}: {err}");
            assert!(err.contains("old.sarif: ") && err.contains(told), "{args:?}: {err}");
        }
        assert_eq!(fs::read(folder.join("old.sarif")).unwrap(), bytes, "nothing was written over it");
    }
}

#[test]
fn an_earlier_report_that_lacks_results_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let run =
        serde_json::json!({"tool": {"driver": {"name": "a"}}, "results": [{"ruleId": "R", "message": {"text": "x"}}]});
    write(folder, "old.sarif", &serde_json::json!({"version": "2.1.0", "runs": [run]}).to_string());
    let (code, err) = program(folder, &["scan", "--baseline", "old.sarif", "-f", "json=out.json"]);
    assert_eq!(code, Some(0), "what was looked at then does not make this scan incomplete: {err}");
    assert!(err.contains("The baseline is an incomplete report") && err.contains("1 results of a"), "{err}");
}

#[test]
fn what_other_tools_found_is_known_too() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let place = serde_json::json!({"artifactLocation": {"uri": "a.py"}, "region": {"startLine": 3}});
    let result = serde_json::json!({"ruleId": "R", "level": "error", "message": {"text": "x"},
        "locations": [{"physicalLocation": place}]});
    let run = serde_json::json!({"tool": {"driver": {"name": "a"}}, "results": [result]});
    write(folder, "a.sarif", &serde_json::json!({"version": "2.1.0", "runs": [run]}).to_string());
    let scan = ["scan", "--sarif", "a.sarif", "--baseline", "portcullis-baseline.json", "--new-only"];
    let (code, err) = program(folder, &["baseline", "write"]);
    assert_eq!((code, program(folder, &scan).0), (Some(0), Some(1)), "{err}");
    let (code, err) = program(folder, &["baseline", "update", "--sarif", "a.sarif"]);
    assert_eq!((code, program(folder, &scan).0), (Some(0), Some(0)), "{err}");
}
