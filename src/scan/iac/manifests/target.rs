//! Which objects a patch is for.

use crate::syntax::Node;

/// True for an object of the API's own groups, whose lists have merge keys.
pub fn has_merge_keys(object: &Node) -> bool {
    let version = object.get("apiVersion").and_then(Node::as_str).unwrap_or_default();
    let group = version.split_once('/').map_or("", |(group, _)| group);
    !group.contains('.') || group.ends_with(".k8s.io")
}

/// True where a patch is for the object: its kind and name, and its namespace where it says one.
pub fn is_same(patch: &Node, object: &Node) -> bool {
    let same = |path: &[&str]| patch.at(path).and_then(Node::scalar) == object.at(path).and_then(Node::scalar);
    let namespace = patch.at(&["metadata", "namespace"]).is_none() || same(&["metadata", "namespace"]);
    same(&["kind"]) && same(&["metadata", "name"]) && namespace
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '+', '?', '[', '(', '{', '|', '\\', '.', '^', '$'])
}

/// True for a target whose kind, name or namespace is a pattern.
pub fn has_pattern(target: &Node) -> bool {
    ["kind", "name", "namespace"].iter().any(|key| target.get(key).and_then(Node::scalar).is_some_and(is_pattern))
}

/// True where a patch's target selects the object. Kind and name are whole regular expressions there.
pub fn is_target(target: &Node, object: &Node) -> bool {
    let fits = |key: &str, path: &[&str]| {
        let Some(wanted) = target.get(key).and_then(Node::scalar).filter(|text| !text.is_empty()) else { return true };
        let own = object.at(path).and_then(Node::scalar).unwrap_or_default();
        if !is_pattern(wanted) {
            return own == wanted;
        }
        let whole = regex::RegexBuilder::new(&format!("^(?:{wanted})$")).size_limit(1 << 16).build();
        own == wanted || whole.is_ok_and(|pattern| pattern.is_match(own))
    };
    let selects = |key: &str, path: &[&str]| {
        let Some(selector) = target.get(key).and_then(Node::as_str) else { return true };
        let own = |name: &str| object.at(path).and_then(|labels| labels.get(name)).and_then(Node::scalar);
        selector.split(',').map(str::trim).filter(|one| !one.is_empty()).all(|one| match one.split_once('=') {
            Some((name, value)) => own(name.trim_end_matches(['=', '!'])) == Some(value.trim_start_matches('=').trim()),
            None => own(one).is_some(),
        })
    };
    let group = target.get("group").and_then(Node::as_str).filter(|group| !group.is_empty()).is_none_or(|group| {
        let version = object.get("apiVersion").and_then(Node::as_str).unwrap_or_default();
        version.split_once('/').is_some_and(|(own, _)| own == group)
    });
    group
        && fits("kind", &["kind"])
        && fits("name", &["metadata", "name"])
        && fits("namespace", &["metadata", "namespace"])
        && selects("labelSelector", &["metadata", "labels"])
        && selects("annotationSelector", &["metadata", "annotations"])
}
