//! Kustomize's transformers that change what rules look at: namespace, labels, annotations, images.

use super::super::lower::kubernetes::TEMPLATES;
use crate::model::Span;
use crate::syntax::{Entry, Node, Value};

/// Kinds that stand in no namespace.
const CLUSTER_WIDE: [&str; 16] = [
    "Namespace",
    "Node",
    "PersistentVolume",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "StorageClass",
    "PriorityClass",
    "PodSecurityPolicy",
    "IngressClass",
    "RuntimeClass",
    "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration",
    "ValidatingAdmissionPolicy",
    "APIService",
    "CSIDriver",
];

fn kind_of(object: &Node) -> &str {
    object.get("kind").and_then(Node::as_str).unwrap_or_default()
}

/// `namespace`: of every object that has one, and of the accounts that bindings name.
pub fn namespace(objects: &mut [Node], kustomization: &Node) {
    let Some(entry) = kustomization.entry("namespace") else { return };
    for object in objects {
        if !CLUSTER_WIDE.contains(&kind_of(object)) {
            if let Some(metadata) = member(object, "metadata", entry.key_span) {
                set(metadata, "namespace", entry);
            }
        } else if kind_of(object) == "Namespace"
            && let Some(metadata) = child(object, "metadata")
        {
            set(metadata, "name", entry);
        }
        let Some(subjects) = child(object, "subjects") else { continue };
        if let Value::List(subjects) = &mut subjects.value {
            let account = |one: &&mut Node| one.get("kind").and_then(Node::as_str) == Some("ServiceAccount");
            subjects.iter_mut().filter(account).for_each(|subject| set(subject, "namespace", entry));
        }
    }
}

/// `commonLabels` and `labels`: of objects, and where they say so of pods and selectors.
pub fn labels(objects: &mut [Node], kustomization: &Node) {
    let flag = |node: &Node, key| node.get(key).and_then(Node::as_bool).unwrap_or(false);
    let listed = kustomization.get("labels").map(Node::items).unwrap_or_default().iter().filter_map(|one| {
        let selectors = flag(one, "includeSelectors");
        Some((one.entry("pairs")?, selectors, selectors || flag(one, "includeTemplates")))
    });
    let common = kustomization.entry("commonLabels").map(|entry| (entry, true, true));
    for (pairs, selectors, templates) in listed.chain(common) {
        for object in objects.iter_mut() {
            add_to_metadata(object, "labels", pairs);
            if templates && let Some(template) = template(object) {
                add_to_metadata(template, "labels", pairs);
            }
            if selectors {
                select(object, pairs);
            }
        }
    }
}

/// Labels in the selectors of an object: those that are there.
fn select(object: &mut Node, pairs: &Entry) {
    let path: &[&str] = match kind_of(object) {
        "Service" => &["spec", "selector"],
        "NetworkPolicy" => &["spec", "podSelector", "matchLabels"],
        _ => &["spec", "selector", "matchLabels"],
    };
    if let Some(selector) = at(object, path) {
        add(selector, pairs);
    }
}

/// `commonAnnotations`: of objects and pods.
pub fn annotations(objects: &mut [Node], kustomization: &Node) {
    let Some(pairs) = kustomization.entry("commonAnnotations") else { return };
    for object in objects {
        add_to_metadata(object, "annotations", pairs);
        if let Some(template) = template(object) {
            add_to_metadata(template, "annotations", pairs);
        }
    }
}

/// `images`: the name, tag or digest of an image, in every container.
pub fn images(objects: &mut [Node], kustomization: &Node) {
    let images = kustomization.get("images").map(Node::items).unwrap_or_default();
    if images.is_empty() {
        return;
    }
    for object in objects {
        let Some(spec) = template(object).and_then(|template| child(template, "spec")) else { continue };
        for list in ["containers", "initContainers", "ephemeralContainers"] {
            let Some(Value::List(containers)) = child(spec, list).map(|list| &mut list.value) else { continue };
            for container in containers {
                images.iter().for_each(|image| set_image(container, image));
            }
        }
    }
}

fn set_image(container: &mut Node, image: &Node) {
    let word = |key| image.get(key).and_then(Node::scalar).filter(|text| !text.is_empty());
    let Some(old) = container.get("image").and_then(Node::as_str) else { return };
    let (name, rest) = split_image(old);
    if word("name") != Some(name) {
        return;
    }
    let place = ["digest", "newTag", "newName"].iter().find_map(|key| image.entry(key));
    let Some(place) = place.map(|entry| entry.key_span.join(entry.value.span)) else { return };
    let base = word("newName").unwrap_or(name);
    let tag = match (word("newTag"), word("digest")) {
        (Some(tag), Some(digest)) => format!(":{tag}@{digest}"),
        (None, Some(digest)) => format!("@{digest}"),
        (Some(tag), None) => format!(":{tag}"),
        (None, None) => rest.to_owned(),
    };
    let made = Node::new(place, Value::String(format!("{base}{tag}")));
    set(container, "image", &Entry { key: "image".to_owned(), key_span: place, value: made });
}

/// An image's name, and what follows: `:tag`, `@digest`, both or nothing.
fn split_image(image: &str) -> (&str, &str) {
    let start = image.rfind('/').map_or(0, |slash| slash + 1);
    let end = image[start..].find([':', '@']).map_or(image.len(), |at| start + at);
    image.split_at(end)
}

/// The pod of a workload: the node with its `spec`.
fn template(object: &mut Node) -> Option<&mut Node> {
    let (_, path) = TEMPLATES.iter().find(|(kind, _)| *kind == kind_of(object))?;
    at(object, path)
}

fn at<'n>(node: &'n mut Node, path: &[&str]) -> Option<&'n mut Node> {
    path.iter().try_fold(node, |node, key| child(node, key))
}

fn child<'n>(node: &'n mut Node, key: &str) -> Option<&'n mut Node> {
    let Value::Map(entries) = &mut node.value else { return None };
    entries.iter_mut().rev().find(|entry| entry.key == key).map(|entry| &mut entry.value)
}

/// The map that is a member; made where there is none.
fn member<'n>(node: &'n mut Node, key: &str, place: Span) -> Option<&'n mut Node> {
    let is_map = node.get(key).is_some_and(|value| matches!(value.value, Value::Map(_)));
    if !is_map {
        let value = Node::new(place, Value::Map(Vec::new()));
        set(node, key, &Entry { key: key.to_owned(), key_span: place, value });
    }
    child(node, key)
}

/// Sets a member to the value of `from`, in its place.
fn set(node: &mut Node, key: &str, from: &Entry) {
    if !matches!(node.value, Value::Map(_)) {
        node.value = Value::Map(Vec::new());
    }
    let Value::Map(entries) = &mut node.value else { return };
    entries.retain(|entry| entry.key != key);
    entries.push(Entry { key: key.to_owned(), key_span: from.key_span, value: from.value.clone() });
}

/// Sets every member of `pairs` in a map of the metadata.
fn add_to_metadata(object: &mut Node, key: &str, pairs: &Entry) {
    let metadata = member(object, "metadata", pairs.key_span);
    if let Some(map) = metadata.and_then(|metadata| member(metadata, key, pairs.key_span)) {
        add(map, pairs);
    }
}

/// Sets every member of `pairs`.
fn add(node: &mut Node, pairs: &Entry) {
    for pair in pairs.value.entries() {
        set(node, &pair.key, pair);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_a_name_and_the_rest() {
        for (image, name, rest) in [
            ("nginx", "nginx", ""),
            ("nginx:1.2", "nginx", ":1.2"),
            ("r.example:5000/a/b:1@sha256:0", "r.example:5000/a/b", ":1@sha256:0"),
            ("r.example:5000/a/b", "r.example:5000/a/b", ""),
            ("a@sha256:0", "a", "@sha256:0"),
        ] {
            assert_eq!(split_image(image), (name, rest));
        }
    }
}
