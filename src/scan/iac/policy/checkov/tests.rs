//! Policies beside what Checkov says of the same resources.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::model::KeptInput;
use crate::scan::iac::lower::terraform;

const SAMPLE: &str = include_str!("sample.txt");
/// Definitions with the resources that Checkov fails by them.
const ANSWERS: &str = include_str!("answers.txt");

fn policy(definition: &str) -> Result<Policy, PolicyError> {
    read(
        &format!(r#"{{"metadata": {{"id": "X_1", "name": "n", "category": "IAM"}}, "definition": {definition}}}"#),
        true,
    )
}

fn model(text: &str) -> Model {
    let kept = [KeptInput::work_tree("main.tf", text)];
    let mut found = terraform::evaluate(&kept, &terraform::Settings::default(), &mut Vec::new());
    Model::new(found.remove(0))
}

fn failures<'m>(policy: &Policy, model: &'m Model) -> Vec<(&'m str, Span)> {
    let failures = policy.failures(model, &Edges::new(model)).into_iter();
    failures.map(|(at, span)| (model.resources()[at].address.as_str(), span)).collect()
}

#[test]
fn policies_fail_what_they_fail_for_checkov() {
    let model = model(SAMPLE);
    let lines: Vec<&str> = ANSWERS.lines().skip(1).collect();
    let mut wrong = Vec::new();
    assert!(lines.len() > 300);
    for case in lines.chunks(3) {
        let expected: BTreeSet<&str> = case[2].split_whitespace().collect();
        let policy = policy(case[1]).unwrap_or_else(|error| panic!("{}: {error}", case[0]));
        let found: BTreeSet<&str> = failures(&policy, &model).into_iter().map(|(address, _)| address).collect();
        if found != expected {
            wrong.push(format!("{}: {found:?} instead of {expected:?}\n{}", case[0], case[1]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_finding_stands_at_the_attribute_or_at_the_header() {
    let model = model("resource \"aws_s3_bucket\" \"b\" {\n  acl = \"public-read\"\n}\n");
    let span = |definition: &str| failures(&policy(definition).expect("a policy"), &model)[0].1;
    let acl = r#"{"cond_type": "attribute", "resource_types": ["aws_s3_bucket"], "attribute": "acl", "operator": "equals", "value": "private"}"#;
    assert_eq!(span(acl), Span::new(33, 52));
    assert_eq!(span(&acl.replace("\"acl\"", "\"tags\"")), model.resources()[0].header);
}

#[test]
fn what_is_unknown_fails_nothing() {
    let model = model(
        "variable \"x\" {}\nresource \"aws_s3_bucket\" \"b\" {\n  bucket = var.x\n  tags = { a = var.x }\n  list = [\"a\", var.x]\n}\n",
    );
    for (attribute, operator, fails) in [
        ("bucket", "equals", false),
        ("bucket", "not_equals", false),
        ("bucket", "exists", false),
        ("bucket", "not_exists", true),
        ("bucket.more", "exists", false),
        ("tags.a", "contains", false),
        ("tags.b", "exists", true),
        ("list", "contains", false),
        ("list", "not_contains", false),
    ] {
        let definition = format!(
            r#"{{"cond_type": "attribute", "resource_types": ["aws_s3_bucket"], "attribute": "{attribute}", "operator": "{operator}", "value": "v"}}"#
        );
        let found = failures(&policy(&definition).expect("a policy"), &model);
        assert_eq!(!found.is_empty(), fails, "{attribute} {operator}");
    }
}

#[test]
fn what_has_no_translation_says_so() {
    let attribute =
        |more: &str| format!(r#"{{"cond_type": "attribute", "resource_types": ["t"], "attribute": "a", {more}}}"#);
    for (definition, part) in [
        (attribute(r#""operator": "almost_equals""#), "almost_equals"),
        (attribute(r#""operator": "regex_match", "value": "(?!a)b""#), "look-around"),
        (r#"{"cond_type": "magic", "resource_types": ["t"]}"#.to_owned(), "magic"),
        (r#"{"not": {"cond_type": "connection", "resource_types": ["t"], "connected_resource_types": ["u"], "operator": "exists"}}"#.to_owned(), "not_exists"),
        (r#"{"cond_type": "attribute", "resource_types": "taggable", "attribute": "tags", "operator": "exists"}"#.to_owned(), "taggable"),
        (attribute(r#""operator": "jsonpath_exists"#).replace("\"a\"", "\"a[1:2]\"") + "\"", "does not parse"),
        (attribute(r#""operator": "jsonpath_exists""#).replace("\"a\"", "\"a[1:2]\""), "a[1:2]"),
    ] {
        let error = policy(&definition).expect_err(&definition).to_string();
        assert!(error.contains(part), "{error}");
    }
    assert_eq!(read("metadata: {id: a, name: b}\n", false).unwrap_err(), PolicyError::Missing("metadata.category"));
    assert!(is_policy("metadata: {id: a}\ndefinition: {}\n", false) && !is_policy("a: 1\n", false));
}

proptest! {
    #[test]
    fn any_query_ends(text in "[a-b$.\\[\\]*?()@='\"&|0-9 ]{0,40}") {
        let model = model("resource \"t\" \"b\" {\n  a = [{ b = 1 }, { b = [2] }]\n}\n");
        if let Ok(query) = jsonpath::parse(&text) {
            let _ = query.find(&model.resources()[0].attributes);
        }
    }
}
