//! Expressions: every form that GitHub documents, and what flows out of them.

use super::expr::*;
use crate::syntax::yaml;

#[test]
fn expressions_are_found_with_their_bytes() {
    let text = "run: 'echo ${{ format(''}}{0}'', github.ref) }} ${{ inputs.x }}'\n";
    let node = yaml::parse(text.as_bytes()).value;
    let found = fenced(node.get("run").expect("run"), text.as_bytes());
    let written: Vec<&[u8]> = found.iter().map(|one| one.span.of(text.as_bytes())).collect();
    assert_eq!(written, [&b"${{ format(''}}{0}'', github.ref) }}"[..], b"${{ inputs.x }}"]);
    assert_eq!(found[0].text.trim(), "format('}}{0}', github.ref)");
}

/// Every form of GitHub's "Evaluate expressions in workflows and actions", with the contexts it reads.
#[test]
fn every_documented_form_parses() {
    let table: &[(&str, &[&str])] = &[
        // Literals.
        ("null", &[]),
        ("true", &[]),
        ("false", &[]),
        ("711", &[]),
        ("-9.2", &[]),
        ("+3", &[]),
        ("0xff", &[]),
        ("0o17", &[]),
        ("-2.99e-2", &[]),
        ("1E3", &[]),
        ("'Mona the Octocat'", &[]),
        ("'It''s open source!'", &[]),
        ("''", &[]),
        // Operators.
        ("( github.ref )", &["github.ref"]),
        ("github.event.commits[0]", &["github.event.commits.*"]),
        ("github['event']['issue'].title", &["github.event.issue.title"]),
        ("matrix[format('{0}', inputs.k)]", &["matrix.*", "inputs.k"]),
        ("!github.event.forced", &["github.event.forced"]),
        ("!!inputs.b", &["inputs.b"]),
        ("inputs.a < 1 && inputs.b <= 2", &["inputs.a", "inputs.b"]),
        ("inputs.a > 1 || inputs.b >= 2", &["inputs.a", "inputs.b"]),
        ("inputs.a == 'x' && inputs.b != 'y' || inputs.c", &["inputs.a", "inputs.b", "inputs.c"]),
        ("(inputs.a || inputs.b) && !(inputs.c == null)", &["inputs.a", "inputs.b", "inputs.c"]),
        ("inputs.a&&inputs.b", &["inputs.a", "inputs.b"]),
        // Names: any case, dashes, underscores.
        ("GITHUB.Event.Issue.TITLE", &["github.event.issue.title"]),
        ("steps.build-it_1.outputs.my-value", &["steps.build-it_1.outputs.my-value"]),
        ("env._x", &["env._x"]),
        // Functions.
        ("contains('Hello world', github.ref)", &["github.ref"]),
        ("CONTAINS(github.event.issue.labels.*.name, 'bug')", &["github.event.issue.labels.*.name"]),
        ("contains(fromJSON('[\"push\", \"pull_request\"]'), github.event_name)", &["github.event_name"]),
        ("startsWith(github.ref, 'refs/tags/')", &["github.ref"]),
        ("endsWith(github.repository, '/x')", &["github.repository"]),
        ("format('{{Hello {0} {1}}}', github.actor, inputs.x)", &["github.actor", "inputs.x"]),
        ("join(github.event.issue.labels.*.name, ', ')", &["github.event.issue.labels.*.name"]),
        ("join(matrix.os)", &["matrix.os"]),
        ("toJSON(job)", &["job"]),
        ("tojson( github.event )", &["github.event"]),
        ("fromJSON(needs.setup.outputs.matrix)", &["needs.setup.outputs.matrix"]),
        ("fromJson(env.time).x[0]['y']", &["env.time"]),
        ("hashFiles('**/package-lock.json', '!skip', env.more)", &["env.more"]),
        ("case(github.ref == 'x', 'a', inputs.y)", &["github.ref", "inputs.y"]),
        // Status.
        ("success()", &[]),
        ("always()", &[]),
        ("cancelled()", &[]),
        ("failure() && steps.demo.conclusion == 'failure'", &["steps.demo.conclusion"]),
        ("!cancelled() && (success() || failure())", &[]),
        // Filters.
        ("github.event.issue.labels.*.name", &["github.event.issue.labels.*.name"]),
        ("github.event.*.title", &["github.event.*.title"]),
        ("fruits.*.name", &["fruits.*.name"]),
        ("github.event.commits[*].message", &["github.event.commits.*.message"]),
        ("github.*", &["github.*"]),
        // White space and line ends.
        ("\n  github.ref\n  == 'x'\n", &["github.ref"]),
        ("format(\n'a {0}',\n  github.sha)", &["github.sha"]),
    ];
    for (text, expected) in table {
        let mut paths: Vec<String> =
            reads(text).unwrap_or_else(|| panic!("`{text}` does not parse")).into_iter().map(|r| r.path).collect();
        paths.retain(|path| !path.is_empty());
        paths.dedup();
        let mut expected: Vec<&str> = expected.to_vec();
        paths.sort();
        expected.sort_unstable();
        assert_eq!(paths, expected, "{text}");
    }
    for text in ["", "github.", "a b", "'open", "f(", "a ==", "&& a", "\"double\"", "a[", "1.2.3.4"] {
        assert!(reads(text).is_none(), "`{text}` parses");
    }
}

#[test]
fn only_what_becomes_part_of_the_value_flows() {
    let flowing = |text: &str| -> Vec<String> {
        reads(text).expect(text).into_iter().filter(|read| read.flows).map(|read| read.path).collect()
    };
    assert_eq!(flowing("github.event.issue.title"), ["github.event.issue.title"]);
    assert_eq!(flowing("github.head_ref || github.ref_name"), ["github.head_ref", "github.ref_name"]);
    assert_eq!(flowing("github.head_ref == 'main'"), [""; 0]);
    assert_eq!(flowing("github.head_ref && 'x'"), [""; 0]);
    assert_eq!(flowing("github['head_ref']"), ["github.head_ref"]);
    assert_eq!(flowing("contains(github.ref, 'x')"), [""; 0]);
    assert_eq!(flowing("toJSON(github.event)"), ["github.event"]);
    assert_eq!(flowing("fromJSON(steps.x.outputs.y).z"), ["steps.x.outputs.y"]);
}

#[test]
fn conditions_show_their_oddities() {
    assert_eq!(oddities("contains('main dev', github.ref)"), [Oddity::ContainsInString("github.ref".into())]);
    assert_eq!(oddities("contains(fromJSON('[1]'), github.ref)"), []);
    let bot = |dominates| Oddity::BotName { context: "github.actor".into(), name: "dependabot[bot]".into(), dominates };
    assert_eq!(oddities("github.actor == 'dependabot[bot]'"), [bot(true)]);
    assert_eq!(oddities("'dependabot[bot]' == github.actor && github.ref == 'x'"), [bot(false)]);
    assert_eq!(oddities("toJSON(secrets)"), [Oddity::AllSecrets]);
    assert_eq!(oddities("fromJSON(secrets.X).y"), [Oddity::StructuredSecret]);
    assert_eq!(oddities("secrets[matrix.name]"), [Oddity::AllSecrets]);
}
