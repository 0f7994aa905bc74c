//! Audits together: taint by trigger, fixes, hostile input.

use super::*;
use crate::model::{Fix, Severity};
use crate::scan::iac::{RuleBook, read_rules};
use proptest::prelude::*;

fn drafts(path: &str, text: &[u8]) -> Vec<Draft> {
    let mut rules = Vec::new();
    for file in [
        include_str!("../../../../rules/iac/github-actions/workflows.toml"),
        include_str!("../../../../rules/iac/github-actions/dependabot.toml"),
    ] {
        rules.extend(read_rules(file).unwrap());
    }
    let book = RuleBook::new(rules);
    let path = RepoPath::new(path);
    let mut sink = Sink::default();
    scan(&Input::whole(&path, text), &book, &mut sink);
    sink.drafts
}

fn apply(text: &str, fix: &Fix) -> String {
    let mut mended = text.to_owned();
    for replacement in fix.replacements.iter().rev() {
        mended.replace_range(replacement.span.start as usize..replacement.span.end as usize, &replacement.text);
    }
    mended
}

const SAMPLE: &str = "name: x
on:
  pull_request_target:
  workflow_dispatch:
    inputs:
      who:
        type: string
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4 # code
      - name: Greet
        uses: actions/checkout@v4
        with:
          fetch-depth: 0
      - run: echo \"${{ github.event.pull_request.title }}\" ${{ github.head_ref }}
      - name: Again
        env:
          A: b
        run: |
          echo ${{ inputs.who }}
          echo ${{inputs.who}} '${{ github.head_ref }}'
";

#[test]
fn a_fix_removes_its_finding_and_brings_no_other() {
    let path = ".github/workflows/ci.yml";
    let before = drafts(path, SAMPLE.as_bytes());
    let key = |draft: &Draft| (draft.rule.id.clone(), draft.anchor.clone());
    let mut fixed = 0;
    for draft in before.iter().filter(|draft| !draft.fixes.is_empty()) {
        let mended = apply(SAMPLE, &draft.fixes[0]);
        assert!(yaml::parse(mended.as_bytes()).errors.is_empty(), "{mended}");
        let after = drafts(path, mended.as_bytes());
        // A workflow-level `permissions` answers for jobs as well.
        assert!(after.iter().all(|other| key(other) != key(draft)), "{:?}\n{mended}", key(draft));
        assert!(after.iter().all(|other| before.iter().any(|one| key(one) == key(other))
            || other.rule.id.as_str().ends_with("undocumented-permissions")));
        fixed += 1;
    }
    assert!(fixed >= 5, "{fixed}");
    let quoted =
        before.iter().filter(|draft| draft.fixes.is_empty() && draft.rule.id.as_str().ends_with("template-injection"));
    assert_eq!(quoted.count(), 1, "inside single quotes a variable would not expand");
}

#[test]
fn severity_follows_who_decides_the_value() {
    let severity = |expression: &str| {
        let text = format!(
            "on:\n  issues:\n  workflow_dispatch:\n    inputs:\n      s: {{type: string}}\n      b: {{type: boolean}}\njobs:\n  a:\n    runs-on: x\n    strategy: {{matrix: {{k: [a]}}}}\n    steps:\n      - run: echo ${{{{ {expression} }}}}\n"
        );
        let drafts = drafts(".github/workflows/a.yml", text.as_bytes());
        drafts.into_iter().find(|draft| draft.message.contains("pasted")).map(|draft| draft.severity)
    };
    let table = [
        ("github.event.issue.title", Severity::High),
        ("github.event.issue.number", Severity::Info),
        ("github.ref_name", Severity::High),
        ("github.actor", Severity::Low),
        ("github.sha", Severity::Info),
        ("inputs.s", Severity::Medium),
        ("inputs.b", Severity::Info),
        ("matrix.k", Severity::Info),
        ("steps.a.outputs.b", Severity::Info),
        ("toJSON(github.event)", Severity::High),
        ("github.event['issue']['title']", Severity::High),
        ("github.event.issue.title == 'x'", Severity::Info),
        ("env.NOT_SET", Severity::Low),
    ];
    for (expression, expected) in table {
        assert_eq!(severity(expression), Some(expected), "{expression}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let mut text = SAMPLE.as_bytes().to_vec();
        let at = bytes.len() * 2 % text.len();
        text.splice(at..at, bytes);
        for draft in drafts(".github/workflows/a.yml", &text) {
            prop_assert!(draft.span.end as usize <= text.len());
        }
    }
}
