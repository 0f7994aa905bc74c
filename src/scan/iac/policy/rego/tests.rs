use super::*;
use crate::model::RepoPath;

fn policies(files: &[(&str, &str)]) -> (Option<Policies>, Vec<Notice>) {
    let mut notices = Vec::new();
    let files = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let policies = load(files, &mut notices);
    (policies, notices)
}

type Ask = fn(&Policies, &Input<'_>, &mut Sink);

fn asked(files: &[(&str, &str)], text: &str, ask: Ask) -> Sink {
    let (policies, notices) = policies(files);
    assert!(notices.is_empty(), "{notices:?}");
    let mut sink = Sink::default();
    ask(&policies.expect("policies"), &Input::whole(&RepoPath::new("x"), text.as_bytes()), &mut sink);
    sink
}

fn told(sink: &Sink, text: &str) -> Vec<(String, String)> {
    let place = |draft: &Draft| String::from_utf8_lossy(draft.span.of(text.as_bytes())).into_owned();
    let mut told: Vec<_> = sink.drafts.iter().map(|draft| (draft.message.clone(), place(draft))).collect();
    told.sort();
    told
}

const TF: &str = "resource \"aws_lb_listener\" \"front\" {\n  protocol = \"HTTP\"\n}\nresource \"aws_lb_listener\" \"back\" {\n  protocol = var.p\n  dynamic \"x\" {\n    for_each = [1]\n    content {}\n  }\n}\n";

#[test]
fn terraform_has_conftests_shape() {
    let document = input::terraform(&Input::whole(&RepoPath::new("x.tf"), TF.as_bytes()));
    let expected = serde_json::json!({"resource": {"aws_lb_listener": {
        "front": [{"protocol": "HTTP"}],
        "back": [{"protocol": "${var.p}", "dynamic": {"x": [{"for_each": [1], "content": [{}]}]}}]}}});
    assert_eq!(document.json, expected);
    let template = "a { t = \"x-${local.y}%{if true}a%{else}b%{endif}\" }\na { o = { k = 1, \"l\" = null } }\n";
    let document = input::terraform(&Input::whole(&RepoPath::new("x.tf"), template.as_bytes()));
    let expected = serde_json::json!({"a": [
        {"t": "x-${local.y}%{if true}a%{else}b%{endif}"}, {"o": {"k": 1, "l": null}}]});
    assert_eq!(document.json, expected);
}

#[test]
fn deny_and_warn_are_told_where_they_speak_of() {
    let old = "package main\n\ndeny[msg] {\n  input.resource.aws_lb_listener[name][_].protocol == \"HTTP\"\n  msg := sprintf(\"listener %v is open\", [name])\n}\n";
    let new = "package other\n\nimport rego.v1\n\nwarn_names contains {\"msg\": msg} if {\n  some name\n  input.resource[_][name]\n  startswith(name, \"b\")\n  msg := sprintf(\"%v begins with b\", [name])\n}\n";
    let sink = asked(&[("a.rego", old), ("b.rego", new), ("a_test.rego", "nonsense")], TF, Policies::terraform);
    assert_eq!(
        told(&sink, TF),
        [
            (
                "The policy `main.deny` objects: `listener front is open`.".into(),
                "resource \"aws_lb_listener\" \"front\"".into()
            ),
            (
                "The policy `other.warn_names` objects: `back begins with b`.".into(),
                "resource \"aws_lb_listener\" \"back\"".into()
            ),
        ]
    );
    let ids: Vec<&str> = sink.drafts.iter().map(|draft| draft.rule.id.as_str()).collect();
    assert_eq!(ids, ["iac/rego-main-deny", "iac/rego-other-warn_names"]);
}

#[test]
fn metadata_names_the_rule() {
    let notes = "# METADATA\n# title: No root.\n# description: Root may do all.\n# custom:\n#   id: ORG-1\n#   severity: CRITICAL\n#   avd_id: AVD-ORG-0001\npackage user.root\nimport rego.v1\ndeny contains res if {\n  input.kind == \"Pod\"\n  res := result.new(\"a root\", input)\n}\n";
    let value = "package user.other\n__rego_metadata__ := {\"id\": \"ORG-2\", \"title\": \"Other\", \"severity\": \"LOW\"}\ndeny[msg] { input.kind == \"Pod\"; msg := \"x\" }\n";
    let (loaded, _) = policies(&[("a.rego", notes), ("b.rego", value)]);
    let loaded = loaded.expect("policies");
    let rules: Vec<_> = loaded.rules().map(|rule| (rule.id.as_str(), rule.title.as_str(), rule.severity)).collect();
    use crate::model::Severity::{Critical, Low};
    assert_eq!(rules, [("iac/ORG-1", "No root", Critical), ("iac/ORG-2", "Other", Low)]);
    let pod = "kind: Pod\nmetadata: {name: p}\n";
    let mut sink = Sink::default();
    let nodes = crate::syntax::yaml::parse_documents(pod.as_bytes()).value;
    loaded.node(&Input::whole(&RepoPath::new("p.yaml"), pod.as_bytes()), &nodes[0], &mut sink);
    assert_eq!(told(&sink, pod).len(), 2);
    assert!(sink.drafts[0].rule.answers_to("avd-org-0001"));
}

#[test]
fn documents_and_dockerfiles_are_what_conftest_sees() {
    let text = "Resources:\n  B:\n    Type: T\n    Properties: {a: !Ref X, b: !GetAtt Y.Arn, c: !Sub 's'}\n";
    let nodes = crate::syntax::yaml::parse_documents(text.as_bytes()).value;
    let properties = &input::node(&nodes[0]).json["Resources"]["B"]["Properties"];
    assert_eq!(properties.to_string(), r#"{"a":{"Ref":"X"},"b":{"Fn::GetAtt":["Y","Arn"]},"c":{"Fn::Sub":"s"}}"#);
    let docker = "FROM a:1 AS b\nRUN [\"x\", \"y\"]\nFROM c\nCOPY --from=b /a /b\nENV K=v\nRUN a && \\\n  b\n";
    let json = input::docker(&Input::whole(&RepoPath::new("Dockerfile"), docker.as_bytes())).json;
    let commands = json[0].as_array().cloned().unwrap_or_default();
    let values: Vec<String> =
        commands.iter().map(|one| format!("{} {} {}", one["Cmd"], one["Value"], one["Stage"])).collect();
    assert_eq!(
        values,
        [
            r#""from" ["a:1","AS","b"] 0"#,
            r#""run" ["x","y"] 0"#,
            r#""from" ["c"] 1"#,
            r#""copy" ["/a","/b"] 1"#,
            r#""env" ["K","v"] 1"#,
            r#""run" ["a && b"] 1"#,
        ]
    );
    assert_eq!(commands[3]["Flags"][0], "--from=b");
}

#[test]
fn what_cannot_be_used_is_told_and_the_rest_runs() {
    let good = "package good\ndeny[msg] { msg := \"always\" }\n";
    for (bad, part) in [
        ("package bad\ndeny[msg] { http.send({\"url\": \"http://x\"}); msg := \"m\" }\n", "http.send"),
        ("package bad\ndeny[msg] { ", "expecting"),
        ("deny[msg] { msg := \"m\" }\n", "package"),
        (
            "# METADATA\n# custom:\n#   input:\n#     selector:\n#       - type: cloud\npackage bad\ndeny[msg] { msg := \"m\" }\n",
            "cloud",
        ),
    ] {
        let (loaded, notices) = policies(&[("bad.rego", bad), ("good.rego", good)]);
        assert_eq!(notices.len(), 1, "{bad}: {notices:?}");
        assert!(notices[0].message.contains(part), "{}", notices[0].message);
        assert_eq!(loaded.expect("the good one").rules().count(), 1);
    }
}

#[test]
fn time_is_bounded_and_a_failure_is_told_once() {
    let slow = "package slow\ndeny[msg] {\n  input.go\n  a := numbers.range(1, 3000)\n  x := a[_]\n  y := a[_]\n  z := a[_]\n  x + y + z == 1\n  msg := \"m\"\n}\n";
    let (loaded, notices) = policies(&[("slow.rego", slow)]);
    assert!(notices.is_empty(), "{notices:?}");
    let loaded = loaded.expect("policies");
    let text = "go: true\n";
    let nodes = crate::syntax::yaml::parse_documents(text.as_bytes()).value;
    let started = std::time::Instant::now();
    let mut sink = Sink::default();
    for _ in 0..3 {
        loaded.node(&Input::whole(&RepoPath::new("p.yaml"), text.as_bytes()), &nodes[0], &mut sink);
    }
    assert_eq!(sink.notices.len(), 1, "{:?}", sink.notices);
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}
