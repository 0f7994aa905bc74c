use super::*;
use crate::model::{RepoPath, Span};
use crate::scan::iac::resource::{Model, Resource, Value, ValueKind as Kind};

fn value(json: &str) -> Value {
    fn from(json: &serde_json::Value) -> Value {
        let kind = match json {
            serde_json::Value::Null => Kind::Null,
            serde_json::Value::Bool(value) => Kind::Bool(*value),
            serde_json::Value::Number(number) => Kind::Number(number.as_f64().unwrap()),
            serde_json::Value::String(text) if text == "?" => Kind::unknown("asked for"),
            serde_json::Value::String(text) => Kind::text(text),
            serde_json::Value::Array(items) => Kind::list(items.iter().map(from).collect()),
            serde_json::Value::Object(all) => {
                Kind::map(all.iter().map(|(key, item)| (key.as_str().into(), from(item))).collect())
            }
        };
        Value::new(kind, Span::default(), 0)
    }
    from(&serde_json::from_str(json).unwrap())
}

fn ask(predicate: &str, attributes: &str) -> &'static str {
    let resource = Resource {
        kind: "k".into(),
        address: "k.n".into(),
        name: "n".into(),
        path: RepoPath::new("main.tf"),
        file: 0,
        header: Span::new(0, 5),
        extent: Span::new(0, 50),
        attributes: value(attributes),
        alternatives: Vec::new(),
        calls: Vec::new(),
    };
    let model = Model::new(vec![resource]);
    match deny(&parse(predicate).unwrap(), &model.resources()[0], &model) {
        Answer::Yes(_) => "yes",
        Answer::No => "no",
        Answer::Unknown => "unknown",
    }
}

#[test]
fn predicates_have_three_answers() {
    for (predicate, attributes, expected) in [
        (r#"acl in ["public-read"]"#, r#"{"acl": "public-read"}"#, "yes"),
        (r#"acl in ["public-read"]"#, r#"{"acl": "?"}"#, "unknown"),
        (r#"acl in ["public-read"]"#, r#"{}"#, "no"),
        (r#"acl not in ["private"]"#, r#"{}"#, "yes"),
        ("enabled != true", r#"{"enabled": "true"}"#, "no"),
        ("enabled != true", "{}", "yes"),
        ("block.enabled != true", r#"{"block": [{"enabled": true}]}"#, "no"),
        ("block.enabled != true", r#"{"block": [{}]}"#, "yes"),
        ("block.enabled == false", "{}", "no"),
        ("missing(key)", r#"{"key": ""}"#, "yes"),
        ("missing(key)", r#"{"key": "?"}"#, "unknown"),
        ("present(key) && n > 3", r#"{"key": "k", "n": "4"}"#, "yes"),
        ("n < 3", "{}", "no"),
        (
            "any(rules, open_cidr(cidr) && port <= 22)",
            r#"{"rules": [{"cidr": ["10.0.0.0/8"], "port": 1}, {"cidr": ["::/0"], "port": 22}]}"#,
            "yes",
        ),
        ("any(rules, open_cidr(cidr) && port <= 22)", r#"{"rules": [{"cidr": ["?"], "port": 22}]}"#, "unknown"),
        ("none(rules, port == 1)", r#"{}"#, "yes"),
        ("all(rules, port == 1)", r#"{"rules": [{"port": 1}, {"port": 2}]}"#, "no"),
        ("!(a == 1 || b == 1)", r#"{"a": 2, "b": "?"}"#, "unknown"),
        ("a == 1 && b == 1", r#"{"a": 2, "b": "?"}"#, "no"),
        ("name matches \"^pre\"", r#"{"name": ["x", "prefix"]}"#, "yes"),
        (
            r#"any(statements(policy), Effect == "Allow" && Action contains "*" && public(Principal))"#,
            r#"{"policy": "{\"Statement\": {\"Effect\": \"Allow\", \"Action\": \"*\", \"Principal\": {\"AWS\": \"*\"}}}"}"#,
            "yes",
        ),
        (
            r#"any(statements(policy), grants(Action, ["iam:PassRole"]))"#,
            r#"{"policy": {"Statement": [{"Action": ["IAM:Pass*"]}]}}"#,
            "yes",
        ),
        ("json(c).privileged == true", r#"{"c": "[{\"privileged\": true}]"}"#, "yes"),
        ("len(xs) < 2", r#"{"xs": [1]}"#, "yes"),
    ] {
        assert_eq!(ask(predicate, attributes), expected, "{predicate} on {attributes}");
    }
}

#[test]
fn what_is_no_predicate_is_refused() {
    for text in ["", "a ==", "a == 1 b", "no_such(x)", "missing()", "a matches \"(\"", "a in [1"] {
        assert!(parse(text).is_err(), "{text}");
    }
    assert!(parse(&"(".repeat(100_000)).is_err());
    assert!(parse(&"!".repeat(100_000)).is_err());
}
