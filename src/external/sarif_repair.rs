//! Foreign results made fit for one report: indices gone, regions legal; `sarif_mask` hides what nobody may see.

use serde_json::{Map, Value, json};

use super::sarif_mask::{DEEPEST, LEAST, hide_secrets, mask_addresses, quoted};
use super::uri::Resolver;

/// Members that count positions in lists of the old file.
const INDICES: &[&str] =
    &["index", "ruleIndex", "parentIndex", "invocationIndex", "responseIndex", "notificationIndex"];
/// Members of a result that refer to lists that are not carried, or that quote source at length.
const DROPPED: &[&str] =
    &["ruleIndex", "rule", "provenance", "taxa", "graphs", "graphTraversals", "webRequest", "webResponse"];
/// What was done to one result.
pub struct Repairs {
    /// Repairs that changed what its tool said.
    pub count: usize,
    /// Values that its tool calls secrets.
    pub values: Vec<String>,
}

/// Rewrites one result in place.
pub fn result(object: &mut Map<String, Value>, resolver: &Resolver<'_>, secret_tool: bool) -> Repairs {
    for name in DROPPED {
        object.remove(*name);
    }
    let mut repairs = 0;
    let mut values = Vec::new();
    if secret_tool {
        values = quoted(object);
        repairs += hide_secrets(object, &values);
        values.retain(|value| value.len() >= LEAST && !value.contains(char::is_whitespace));
    }
    object.retain(|_, value| !value.is_null());
    let before = object.len();
    object.retain(|name, value| has_its_type(name, value));
    repairs += before - object.len();
    for name in ["fingerprints", "partialFingerprints"] {
        if let Some(Value::Object(prints)) = object.get_mut(name) {
            prints.retain(|_, value| value.is_string());
        }
    }
    if object.get("kind").is_some_and(|kind| kind != "fail") {
        object.remove("kind");
        repairs += 1;
    }
    if let Some(Value::Array(fixes)) = object.get_mut("fixes") {
        let before = fixes.len();
        let whole = |fix: &Value| {
            fix["artifactChanges"].as_array().is_some_and(|changes| {
                !changes.is_empty()
                    && changes.iter().all(|change| change["replacements"].as_array().is_some_and(|r| !r.is_empty()))
            })
        };
        fixes.retain(whole);
        repairs += before - fixes.len();
        if fixes.is_empty() {
            object.remove("fixes");
        }
    }
    for (name, value) in object.iter_mut().filter(|(name, _)| *name != "properties") {
        repairs += walk(value, name, resolver, 0);
    }
    for value in object.values_mut() {
        mask_addresses(value, 0);
    }
    Repairs { count: repairs, values }
}

/// False for a member of a result that the schema wants as another type (SARIF 3.27).
fn has_its_type(name: &str, value: &Value) -> bool {
    match name {
        "fingerprints" | "partialFingerprints" | "properties" => value.is_object(),
        "locations" | "relatedLocations" | "codeFlows" | "stacks" | "fixes" | "attachments" | "suppressions"
        | "workItemUris" => value.is_array(),
        "rank" => value.is_number(),
        "occurrenceCount" => value.as_i64().is_some_and(|count| count > 0),
        "hostedViewerUri" | "guid" | "correlationGuid" | "baselineState" | "kind" => value.is_string(),
        "analysisTarget" => value.is_object(),
        _ => true,
    }
}

fn walk(value: &mut Value, name: &str, resolver: &Resolver<'_>, depth: usize) -> usize {
    if depth > DEEPEST {
        return 0;
    }
    let mut repairs = 0;
    match value {
        Value::Array(items) => {
            for item in items {
                repairs += walk(item, name, resolver, depth + 1);
            }
        }
        Value::Object(object) => {
            if name == "artifactLocation" {
                resolver.name(object);
            }
            object.retain(|name, value| !value.is_null() && !INDICES.contains(&name.as_str()));
            if matches!(name, "region" | "contextRegion" | "deletedRegion") {
                repairs += region(object);
            }
            if object.contains_key("uri") {
                artifact(object, resolver);
            }
            for (name, value) in object.iter_mut().filter(|(name, _)| *name != "properties") {
                repairs += walk(value, name, resolver, depth + 1);
            }
            object.retain(|name, value| !(matches!(name.as_str(), "region" | "contextRegion") && *value == json!({})));
        }
        _ => {}
    }
    repairs
}

/// A path below the root as a relative URI; what cannot be resolved stays as it is.
fn artifact(object: &mut Map<String, Value>, resolver: &Resolver<'_>) {
    if let Some(path) = resolver.path(&Value::Object(object.clone())) {
        object.insert("uri".into(), json!(path.uri()));
        object.remove("uriBaseId");
    }
}

/// Numbers where text or fractions stand, and nothing below what the schema takes.
fn region(object: &mut Map<String, Value>) -> usize {
    let mut repairs = 0;
    for (name, least) in [
        ("startLine", 1),
        ("endLine", 1),
        ("startColumn", 1),
        ("endColumn", 1),
        ("byteOffset", 0),
        ("byteLength", 0),
        ("charOffset", 0),
        ("charLength", 0),
    ] {
        let Some(value) = object.get(name) else { continue };
        let number = integer(value);
        if number.is_some_and(|number| number >= least) && value.is_i64() {
            continue;
        }
        repairs += 1;
        match number.filter(|number| *number >= least) {
            Some(number) => object.insert(name.into(), json!(number)),
            None => object.remove(name),
        };
    }
    repairs
}

/// A whole number, also from text or `3.0`.
pub fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
        Value::Number(number) => {
            number.as_i64().or_else(|| number.as_f64().filter(|f| f.fract() == 0.0 && f.abs() < 1e15).map(|f| f as i64))
        }
        _ => None,
    }
}
