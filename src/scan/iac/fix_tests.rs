//! Repairs of files that nobody wrote: workflows, Dockerfiles and Terraform, put together at random. After a repair its
//! finding is gone, and every value that the repair did not touch stands where it stood.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::resource::Value;
use super::*;
use crate::model::{Fix, Origin, Pin};
use crate::syntax::{Node, dockerfile, yaml};

/// A value of a file: where it stands in the tree, where in the text, and what it is.
type Leaves = Vec<(String, Span, String)>;
type Reader = fn(&RepoPath, &str) -> Leaves;

fn kept(path: &RepoPath, text: &str) -> [KeptInput; 1] {
    [KeptInput { path: path.clone(), bytes: text.as_bytes().into(), origin: Origin::WorkTree }]
}

fn drafts(scanner: &IacScanner, path: &RepoPath, text: &str) -> Sink {
    let kept = kept(path, text);
    let mut sink = Sink::default();
    scanner.scan(&kept[0].as_input(), &mut sink);
    scanner.finish(&kept, &mut sink);
    sink
}

fn yaml_leaves(_: &RepoPath, text: &str) -> Leaves {
    fn walk(node: &Node, path: &str, found: &mut Leaves) {
        for (at, item) in node.items().iter().enumerate() {
            walk(item, &format!("{path}/{at}"), found);
        }
        for entry in node.entries() {
            walk(&entry.value, &format!("{path}/{}", entry.key), found);
        }
        if node.items().is_empty() && node.entries().is_empty() {
            found.push((path.to_owned(), node.span, format!("{:?}", node.value)));
        }
    }
    let parsed = yaml::parse(text.as_bytes());
    assert!(parsed.errors.is_empty(), "{text}");
    let mut found = Vec::new();
    walk(&parsed.value, "", &mut found);
    found
}

fn docker_leaves(_: &RepoPath, text: &str) -> Leaves {
    let instructions = dockerfile::parse(text.as_bytes());
    let leaf = |(at, one): (usize, &dockerfile::Instruction)| {
        (at.to_string(), one.span, format!("{} {:?} {}", one.name, one.flags, one.text))
    };
    instructions.iter().enumerate().map(leaf).collect()
}

fn terraform_leaves(path: &RepoPath, text: &str) -> Leaves {
    fn walk(value: &Value, path: &str, found: &mut Leaves) {
        use super::resource::ValueKind as Kind;
        match &value.kind {
            Kind::List(items) => {
                items.iter().enumerate().for_each(|(at, item)| walk(item, &format!("{path}/{at}"), found))
            }
            Kind::Map(entries) => {
                entries.iter().for_each(|(key, value)| walk(value, &format!("{path}/{key}"), found));
            }
            other => found.push((path.to_owned(), value.span, format!("{other:?}"))),
        }
    }
    let (settings, mut notices) = (lower::terraform::Settings { var_files: Vec::new() }, Vec::new());
    let mut found = Vec::new();
    for resource in lower::terraform::evaluate(&kept(path, text), &settings, &mut notices).into_iter().flatten() {
        walk(&resource.attributes, &resource.address, &mut found);
    }
    assert!(notices.is_empty(), "{notices:?}\n{text}");
    found
}

/// The text after a repair, and where its replacements came to stand.
fn apply(text: &str, fix: &Fix) -> (String, Vec<Span>) {
    let (mut mended, mut places, mut from) = (String::new(), Vec::new(), 0);
    for one in &fix.replacements {
        let (start, end) = (one.span.start as usize, one.span.end as usize);
        assert!(from <= start && start <= end, "sorted, none overlapping: {fix:?}");
        mended.push_str(&text[from..start]);
        let at = mended.len();
        mended.push_str(&one.text);
        places.push(Span::new(at, mended.len()));
        from = end;
    }
    mended.push_str(&text[from..]);
    (mended, places)
}

/// True where a value's own text can be changed by a replacement.
fn touches(leaf: Span, place: Span) -> bool {
    match place.is_empty() {
        true => leaf.start < place.start && place.start <= leaf.end,
        false => leaf.start < place.end && place.start < leaf.end,
    }
}

/// What a repair changed that it should not have.
fn changed_elsewhere(before: &Leaves, after: &Leaves, fix: &Fix, places: &[Span]) -> Option<String> {
    let known = |leaves: &Leaves| -> BTreeMap<(String, String), usize> {
        let mut counts = BTreeMap::new();
        leaves.iter().for_each(|(path, _, value)| *counts.entry((path.clone(), value.clone())).or_insert(0) += 1);
        counts
    };
    let (old, new) = (known(before), known(after));
    let key = |leaf: &(String, Span, String)| (leaf.0.clone(), leaf.2.clone());
    let gone = before
        .iter()
        .find(|leaf| !new.contains_key(&key(leaf)) && !fix.replacements.iter().any(|one| touches(leaf.1, one.span)));
    let come = after.iter().find(|leaf| {
        let within = |place: &Span| leaf.1.start < place.end && place.start < leaf.1.end;
        !old.contains_key(&key(leaf)) && !places.iter().any(within)
    });
    gone.map(|leaf| format!("gone: {leaf:?}")).or_else(|| come.map(|leaf| format!("new: {leaf:?}")))
}

/// Carries out every repair of every generated file by itself. At least `least` of them, by rules of `rules` kinds.
fn hold(path: &str, files: impl Strategy<Value = String>, leaves: Reader, least: usize, rules: usize) {
    let scanner = IacScanner::new(Settings::default(), Vec::new());
    let path = RepoPath::new(path);
    let mut runner = TestRunner::new_with_rng(
        Config { cases: 80, failure_persistence: None, ..Config::default() },
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let count = std::cell::Cell::new(0);
    let by_rule = std::cell::RefCell::new(BTreeMap::<String, usize>::new());
    runner
        .run(&files, |text| {
            let before = drafts(&scanner, &path, &text);
            let old = leaves(&path, &text);
            for draft in &before.drafts {
                let id = match draft.pin.as_ref().map(|(pin, _)| pin) {
                    Some(Pin::Commit { .. }) => "1".repeat(40),
                    _ => format!("sha256:{}", "2".repeat(64)),
                };
                let waiting = draft.pin.iter().map(|(_, fix)| fix.clone()).map(|mut fix| {
                    fix.replacements.iter_mut().for_each(|one| one.text = one.text.replace(Pin::PLACE, &id));
                    fix
                });
                for fix in draft.fixes.iter().cloned().chain(waiting) {
                    let (mended, places) = apply(&text, &fix);
                    let after = drafts(&scanner, &path, &mended);
                    let same = |sink: &Sink| {
                        let same = |other: &&Draft| other.rule.id == draft.rule.id && other.anchor == draft.anchor;
                        sink.drafts.iter().filter(same).count()
                    };
                    prop_assert!(same(&after) < same(&before), "{} stays\n{text}\n---\n{mended}", draft.rule.id);
                    let wrong = changed_elsewhere(&old, &leaves(&path, &mended), &fix, &places);
                    prop_assert!(wrong.is_none(), "{}: {wrong:?}\n{text}\n---\n{mended}", draft.rule.id);
                    count.set(count.get() + 1);
                    *by_rule.borrow_mut().entry(draft.rule.id.as_str().to_owned()).or_default() += 1;
                }
            }
            Ok(())
        })
        .unwrap();
    let by_rule = by_rule.into_inner();
    println!("{} repairs by {} rules: {by_rule:?}", count.get(), by_rule.len());
    assert!(count.get() >= least && by_rule.len() >= rules, "{} by {by_rule:?}", count.get());
}

fn pick(choices: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    proptest::sample::select(choices)
}

/// One step, its lines without the list's indentation.
fn step() -> impl Strategy<Value = Vec<String>> {
    let comment = pick(&["", "", " # why", "   #x"]);
    let reference = pick(&["v4", "main", "v4.2.2", "release/v1"]);
    let quote = pick(&["", "", "'", "\""]);
    let uses = (pick(&["actions/checkout", "octo/build/sub", "actions/setup-node"]), reference, quote, comment);
    let with = pick(&[
        "",
        "with:\n  fetch-depth: 0",
        "with: {fetch-depth: 0}",
        "with:\n    # deep\n    fetch-depth: 0\n    path: x",
    ]);
    let action =
        (uses, with, pick(&["", "name: Get", "id: get"])).prop_map(|((slug, at, quote, comment), with, head)| {
            let mut lines: Vec<String> =
                [head].iter().filter(|head| !head.is_empty()).map(|head| (*head).to_owned()).collect();
            lines.push(format!("uses: {quote}{slug}@{at}{quote}{comment}"));
            lines.extend(with.lines().map(str::to_owned));
            lines
        });
    let script = pick(&[
        "run: echo ${{ github.head_ref }}",
        "run: echo \"${{ inputs.who }}\" '${{ inputs.who }}'",
        "run: |\n  set -e\n\n  echo \"it's ${{ github.event.pull_request.title }}\"\n  make ${{ env.MODE }} # x",
        "run: >-\n  echo ${{ inputs.who }}\n  more",
        "run: \"echo \\\"${{ github.ref_name }}\\\"\"",
        "run: |-\n  cat <<EOF\n  ${{ inputs.who }}\n  EOF\n  echo a \\\n    ${{ matrix.os }}",
        "run: |\n  jq . <<< '${{ toJSON(github.event) }}'",
    ]);
    let env = pick(&["", "env:\n  A: b", "shell: bash", "env:\n    # old\n    A: 'x y'\n    B: \"c\"\nshell: bash"]);
    let run = (script, env, any::<bool>()).prop_map(|(script, env, first)| {
        let (script, env) = (script.lines().map(str::to_owned), env.lines().map(str::to_owned));
        if first { env.chain(script).collect() } else { script.chain(env).collect::<Vec<_>>() }
    });
    let local = pick(&[
        "uses: ./.github/actions/x",
        "uses: \"./x\"",
        "{uses: actions/checkout@v3}",
        "{ uses: octo/x@v1, id: a }",
    ]);
    prop_oneof![4 => action, 5 => run, 1 => local.prop_map(|line| vec![line.to_owned()])]
}

fn workflow() -> impl Strategy<Value = String> {
    let triggers = pick(&[
        "push",
        "[push, pull_request]",
        "pull_request_target",
        "{workflow_dispatch: {inputs: {who: {type: string}}}}",
    ]);
    let head = pick(&[
        "",
        "env:\n  MODE: fast\n",
        "env:\n  ACTIONS_ALLOW_UNSECURE_COMMANDS: true # old\n",
        "permissions: {}\n",
        "# jobs below\n",
    ]);
    let job = pick(&[
        "",
        "    container: node:18\n",
        "    container:\n      image: 'node'\n",
        "    services:\n      db:\n        image: \"pg:1\" # db\n",
    ]);
    let indent = pick(&["", "  "]);
    (triggers, head, job, indent, proptest::collection::vec(step(), 1..6), pick(&["", "\n"])).prop_map(
        |(on, head, job, indent, steps, gap)| {
            let mut text =
                format!("name: CI\non: {on}\n{head}\njobs:\n  a-b:\n    runs-on: ubuntu-latest\n{job}    steps:\n");
            for lines in steps {
                for (at, line) in lines.iter().enumerate() {
                    let mark = if at == 0 { "- " } else { "  " };
                    let _ = writeln!(text, "    {indent}{mark}{line}");
                }
                text.push_str(gap);
            }
            text.push_str("  later:\n    runs-on: ubuntu-latest\n    steps: [{run: 'true'}]\n");
            text
        },
    )
}

#[test]
fn repairs_of_workflows_change_nothing_else() {
    hold(".github/workflows/ci.yml", workflow(), yaml_leaves, 400, 8);
}

#[test]
fn repairs_of_dependabot_change_nothing_else() {
    let update = pick(&[
        "  - package-ecosystem: npm\n    directory: /\n    insecure-external-code-execution: allow\n",
        "  - directory: /\n    package-ecosystem: \"pip\" # x\n    cooldown:\n      default-days: 3 # few\n",
        "  - package-ecosystem: cargo\n    directories: [/, /b]\n    cooldown:\n      semver-major-days: 9\n",
        "  -\n    package-ecosystem: gomod\n",
    ]);
    let files = proptest::collection::vec(update, 1..5)
        .prop_map(|updates| format!("version: 2\nupdates:\n{}registries: {{}}\n", updates.concat()));
    hold(".github/dependabot.yml", files, yaml_leaves, 150, 2);
}

#[test]
fn repairs_of_dockerfiles_change_nothing_else() {
    let line = pick(&[
        "MAINTAINER Jo <jo@example.org>",
        "ADD src /src",
        "ADD --chown=1:1 src \\\n  /src",
        "RUN apt-get update && apt-get install -y curl=1",
        "RUN apt-get update \\\n  && apt-get install -y \\\n  # tools\n  curl=1",
        "RUN apt-get update && \\\n    apt-get install -y curl=1  ",
        "RUN apt-get install -y a=1; true",
        "RUN [\"apt-get\", \"install\", \"-y\", \"x=1\"]",
        "COPY a b",
        "ENV A=b",
        "FROM alpine:3.20 AS tool",
        "FROM --platform=$BUILDPLATFORM debian",
        "# a comment",
        "",
    ]);
    let files = (
        pick(&["FROM ubuntu:24.04\n", "# syntax=docker/dockerfile:1\nFROM node AS base\n"]),
        proptest::collection::vec(line, 1..9),
    )
        .prop_map(|(first, lines)| format!("{first}{}\nUSER app\n", lines.join("\n")));
    hold("Dockerfile", files, docker_leaves, 300, 6);
}

#[test]
fn repairs_of_terraform_change_nothing_else() {
    let setting = pick(&[
        "block_public_acls = false",
        "block_public_policy=false # open",
        "ignore_public_acls      = false",
        "",
        "# restrict_public_buckets = true",
        "restrict_public_buckets = false // x",
    ]);
    let bucket = proptest::collection::vec(setting, 0..4).prop_map(|mut lines| {
        lines.sort_unstable();
        lines.dedup();
        let body: String = lines.iter().map(|line| format!("  {line}\n")).collect();
        format!("resource \"aws_s3_bucket_public_access_block\" \"NAME\" {{\n  bucket = \"b\"\n{body}}}\n")
    });
    let other = pick(&[
        "resource \"aws_db_instance\" \"NAME\" {\n  engine = \"postgres\"\n  publicly_accessible = true\n  auto_minor_version_upgrade = false\n}\n",
        "resource \"aws_instance\" \"NAME\" {\n  ami = \"x\"\n\n  metadata_options {\n    http_tokens = \"optional\"\n  }\n  root_block_device {}\n}\n",
        "resource \"aws_kms_key\" \"NAME\" {}\n",
        "resource \"aws_ecr_repository\" \"NAME\" {\n  name = \"x\"\n  image_tag_mutability = \"MUTABLE\"\n  image_scanning_configuration { scan_on_push = false }\n}\n",
        "resource \"aws_sqs_queue\" \"NAME\" { # q\n}\n",
        "resource \"aws_ebs_volume\" \"NAME\" {\n    size = 1\n    encrypted = var.on\n}\nvariable \"on\" {\n  default = false\n}\n",
        "resource \"aws_cloudtrail\" \"NAME\" {\n  name = \"t\"\n  s3_bucket_name = \"b\"\n  enable_log_file_validation = false\n}\n",
    ]);
    let block = prop_oneof![bucket, other.prop_map(str::to_owned)];
    let files = proptest::collection::vec(block, 1..5).prop_map(|blocks| {
        let mut text = String::from("# main\n");
        for (at, block) in blocks.iter().enumerate() {
            let block = block.replace("\"on\"", &format!("\"on{at}\"")).replace("var.on", &format!("var.on{at}"));
            text.push_str(&block.replace("NAME", &format!("r{at}")));
        }
        text
    });
    hold("main.tf", files, terraform_leaves, 300, 6);
}
