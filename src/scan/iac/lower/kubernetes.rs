//! Kubernetes objects, their pods and their containers.
//!
//! Each object is a resource of kind `k8s:<Kind>`. Its pod, whatever workload it stands in, is a `k8s:pod`
//! beside it: the pod's spec, with the template's `metadata`. Each container is a `k8s:container`: with
//! `pod`, the pod's spec, with `init`, true for one that ends before the others start, and with `workload`,
//! the object's kind. Each namespaced object is a `k8s:object` too.

use super::super::Skip;
use super::super::resource::{Resource, Value, ValueKind as Kind};
use super::documents::Lowered;
use super::values::{entry_place, extended, place, plain};
use crate::model::{ForeignSuppression, RepoPath, Span};
use crate::syntax::{Entry, Node};

/// Where each workload keeps its pod.
const TEMPLATES: [(&str, &[&str]); 9] = [
    ("Pod", &[]),
    ("PodTemplate", &["template"]),
    ("Deployment", &["spec", "template"]),
    ("StatefulSet", &["spec", "template"]),
    ("DaemonSet", &["spec", "template"]),
    ("ReplicaSet", &["spec", "template"]),
    ("ReplicationController", &["spec", "template"]),
    ("Job", &["spec", "template"]),
    ("CronJob", &["spec", "jobTemplate", "spec", "template"]),
];

/// Objects that stand in a namespace and that rules about namespaces look at.
const NAMESPACED: [&str; 18] = [
    "Pod",
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "ReplicationController",
    "Job",
    "CronJob",
    "Service",
    "Ingress",
    "Secret",
    "ConfigMap",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "PersistentVolumeClaim",
    "PodTemplate",
    "NetworkPolicy",
];

/// True for an object of the Kubernetes API, or a list of them.
#[must_use]
pub fn is_object(node: &Node) -> bool {
    let text = |key| node.get(key).and_then(Node::as_str).is_some_and(|text| !text.is_empty());
    text("apiVersion") && text("kind")
}

/// Adds an object and what stands in it; the objects of a list each.
pub fn lower(path: &RepoPath, node: &Node, lowered: &mut Lowered) {
    let Some(kind) = node.get("kind").and_then(Node::as_str) else { return };
    if kind.ends_with("List") && node.get("items").is_some() {
        let objects = node.get("items").map(Node::items).unwrap_or_default();
        return objects.iter().filter(|object| is_object(object)).for_each(|object| lower_one(path, object, lowered));
    }
    lower_one(path, node, lowered);
}

fn lower_one(path: &RepoPath, node: &Node, lowered: &mut Lowered) {
    let Some(kind) = node.get("kind").and_then(Node::as_str) else { return };
    let of_metadata = |key| node.at(&["metadata", key]).and_then(Node::as_str);
    let name = of_metadata("name").or_else(|| of_metadata("generateName")).unwrap_or("unnamed");
    let address = match of_metadata("namespace") {
        Some(namespace) => format!("{kind}/{namespace}/{name}"),
        None => format!("{kind}/{name}"),
    };
    let header = node.entry("kind").map_or(node.span, entry_place);
    let mut add = |kind: String, name: String, address: String, header: Span, extent: Span, attributes: Value| {
        let path = path.clone();
        lowered.resources.push(Resource {
            kind,
            address,
            name,
            path,
            file: 0,
            header,
            extent,
            attributes,
            calls: Vec::new(),
        });
    };
    let object = plain(node).clone_at(header);
    if NAMESPACED.contains(&kind) {
        add("k8s:object".into(), name.to_owned(), address.clone(), header, node.span, object.clone());
    }
    add(format!("k8s:{kind}"), name.to_owned(), address.clone(), header, node.span, object);
    if let Some((_, template)) = TEMPLATES.iter().find(|(workload, _)| *workload == kind)
        && let Some(template) = node.at(template)
        && let Some(spec) = template.entry("spec")
    {
        let word = |text: &str| Value::new(Kind::text(text), spec.key_span, 0);
        let mut more = vec![("workload", word(kind))];
        more.extend(template.get("metadata").map(|metadata| ("metadata", plain(metadata))));
        let pod = extended(plain(&spec.value).clone_at(spec.key_span), more);
        add("k8s:pod".into(), name.to_owned(), address.clone(), spec.key_span, node.span, pod.clone());
        for (list, init) in [("containers", false), ("initContainers", true), ("ephemeralContainers", true)] {
            for container in spec.value.get(list).map(Node::items).unwrap_or_default() {
                let called = container.get("name").and_then(Node::as_str).unwrap_or("unnamed");
                let header = container.entry("name").map_or_else(|| place(container), entry_place);
                let init = Value::new(Kind::Bool(init), header, 0);
                let more = vec![("pod", pod.clone()), ("init", init), ("workload", word(kind))];
                let attributes = extended(plain(container).clone_at(header), more);
                let (name, address) = (format!("{name}.{called}"), format!("{address}/{called}"));
                add("k8s:container".into(), name, address, header, container.span, attributes);
            }
        }
        lowered.skips.extend(annotations(template).filter_map(|entry| skip(entry, node.span)));
    }
    lowered.skips.extend(annotations(node).filter_map(|entry| skip(entry, node.span)));
}

fn annotations(object: &Node) -> impl Iterator<Item = &Entry> {
    object.at(&["metadata", "annotations"]).map(Node::entries).unwrap_or_default().iter()
}

/// `checkov.io/skip1: CKV_K8S_20=reason` and `ignore-check.kube-linter.io/<check>: reason`.
fn skip(annotation: &Entry, extent: Span) -> Option<Skip> {
    let value = annotation.value.scalar().unwrap_or_default();
    let (source, id, reason) = if annotation.key.starts_with("checkov.io/skip") {
        let (id, reason) = value.split_once('=').unwrap_or((value, ""));
        ("checkov annotation", id, reason)
    } else {
        ("kube-linter annotation", annotation.key.strip_prefix("ignore-check.kube-linter.io/")?, value)
    };
    let suppression = ForeignSuppression { source: source.into(), reason: reason.trim().into() };
    Some(Skip { extent, id: id.trim().to_owned(), suppression })
}
