//! Kubernetes objects, their pods and their containers.
//!
//! Each object is a resource of kind `k8s:<Kind>`. Its pod, whatever workload it stands in, is a `k8s:pod`
//! beside it: the pod's spec, with the template's `metadata`. Each container is a `k8s:container`: with
//! `pod`, the pod's spec, with `init`, true for one that ends before the others start, and with `workload`,
//! the object's kind. Each namespaced object is a `k8s:object` too.

use std::collections::HashMap;

use super::super::Skip;
use super::super::resource::{Resource, Value, ValueKind as Kind};
use super::cluster::Cluster;
use super::documents::Lowered;
use super::values::{elsewhere, entry_place, extended, kind_with, place};
use crate::model::{ForeignSuppression, RepoPath, Span};
use crate::syntax::{Entry, Node};

/// Where each workload keeps its pod.
pub const TEMPLATES: [(&str, &[&str]); 10] = [
    ("Pod", &[]),
    ("PodTemplate", &["template"]),
    ("Deployment", &["spec", "template"]),
    ("DeploymentConfig", &["spec", "template"]),
    ("StatefulSet", &["spec", "template"]),
    ("DaemonSet", &["spec", "template"]),
    ("ReplicaSet", &["spec", "template"]),
    ("ReplicationController", &["spec", "template"]),
    ("Job", &["spec", "template"]),
    ("CronJob", &["spec", "jobTemplate", "spec", "template"]),
];

/// Where an object of the kind keeps its pod; none for what is no workload.
#[must_use]
pub fn template_of(kind: &str) -> Option<&'static [&'static str]> {
    TEMPLATES.iter().find(|(workload, _)| *workload == kind).map(|(_, path)| *path)
}

/// Objects beside workloads that stand in a namespace and that rules about namespaces look at.
const NAMESPACED: [&str; 9] = [
    "Service",
    "Ingress",
    "Secret",
    "ConfigMap",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "PersistentVolumeClaim",
    "NetworkPolicy",
];

/// True for an object of the Kubernetes API, or a list of them.
#[must_use]
pub fn is_object(node: &Node) -> bool {
    let text = |key| node.get(key).and_then(Node::as_str).is_some_and(|text| !text.is_empty());
    text("apiVersion") && text("kind")
}

/// The objects of a document: those of a list each.
pub fn objects(document: &Node) -> impl Iterator<Item = &Node> {
    let is_list = document.get("kind").and_then(Node::as_str).is_some_and(|kind| kind.ends_with("List"));
    let listed = document.get("items").filter(|_| is_list).map(Node::items);
    let alone = if listed.is_none() { std::slice::from_ref(document) } else { &[] };
    listed.unwrap_or_default().iter().chain(alone).filter(|object| is_object(object))
}

/// Adds an object and what stands in it.
pub fn lower(path: &RepoPath, node: &Node, cluster: &Cluster, lowered: &mut Lowered) {
    let Some(kind) = node.get("kind").and_then(Node::as_str) else { return };
    let of_metadata = |key| node.at(&["metadata", key]).and_then(Node::as_str);
    let name = of_metadata("name").or_else(|| of_metadata("generateName")).unwrap_or("unnamed");
    let address = match of_metadata("namespace") {
        Some(namespace) => format!("{kind}/{namespace}/{name}"),
        None => format!("{kind}/{name}"),
    };
    let header = node.entry("kind").map_or(node.span, entry_place);
    let made = |kind: &str, name: &str, address: &str, header: Span, extent: Span, attributes: Value| Resource {
        kind: kind.to_owned(),
        address: address.to_owned(),
        name: name.to_owned(),
        path: path.clone(),
        file: 0,
        header,
        extent,
        attributes,
        alternatives: Vec::new(),
        calls: Vec::new(),
    };
    let object = extended(value(node).clone_at(header), cluster.facts(node, header));
    if template_of(kind).is_some() || NAMESPACED.contains(&kind) {
        lowered.resources.push(made("k8s:object", name, &address, header, node.span, object.clone()));
    }
    lowered.resources.push(made(&format!("k8s:{kind}"), name, &address, header, node.span, object));
    lowered.skips.extend(annotations(node).filter_map(|entry| skip(entry, node.span)));
    let template = template_of(kind).and_then(|path| node.at(path));
    let Some((template, spec)) = template.and_then(|template| Some((template, template.entry("spec")?))) else {
        return;
    };
    let word = |text: &str| Value::new(Kind::text(text), spec.key_span, 0);
    let mut more = vec![("workload", word(kind))];
    more.extend(template.get("metadata").map(|metadata| ("metadata", value(metadata))));
    more.extend(cluster.pod_facts(node, template, spec));
    let pod = extended(value(&spec.value).clone_at(spec.key_span), more);
    let volumes = host_volumes(&spec.value);
    // What the pod says of a container is told at the container.
    let around = elsewhere(pod.clone());
    for (list, init) in [("containers", false), ("initContainers", true), ("ephemeralContainers", true)] {
        for container in spec.value.get(list).map(Node::items).unwrap_or_default() {
            let called = container.get("name").and_then(Node::as_str).unwrap_or("unnamed");
            let header = container.entry("name").map_or_else(|| place(container), entry_place);
            let init = Value::new(Kind::Bool(init), header, 0);
            let mut more = vec![("pod", around.clone()), ("init", init)];
            more.push(("workload", Value::new(Kind::text(kind), header, 0)));
            more.push(("argv", argv(container, header)));
            more.push(("hostMounts", host_mounts(container, &volumes, header)));
            more.extend(apparmor(container, &spec.value, template).map(|profile| ("apparmor", profile)));
            let attributes = extended(value(container).clone_at(header), more);
            let (name, address) = (format!("{name}.{called}"), format!("{address}/{called}"));
            lowered.resources.push(made("k8s:container", &name, &address, header, container.span, attributes));
        }
    }
    lowered.resources.push(made("k8s:pod", name, &address, spec.key_span, node.span, pod));
    if !std::ptr::eq(template, node) {
        lowered.skips.extend(annotations(template).filter_map(|entry| skip(entry, node.span)));
    }
}

/// A value as the API server reads it: `yes` and `on` without quotes are booleans there, as in YAML 1.1.
fn value(node: &Node) -> Value {
    let mut words = |node: &Node| {
        let text = node.as_str().filter(|text| text.len() <= 3 && text.len() == node.span.len())?;
        match text {
            "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(Kind::Bool(true)),
            "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(Kind::Bool(false)),
            _ => None,
        }
    };
    Value::new(kind_with(node, &mut words), place(node), 0)
}

/// All words that a container is started with.
fn argv(container: &Node, header: Span) -> Value {
    let of = |key| container.get(key).map(Node::items).unwrap_or_default();
    let words = of("command").iter().chain(of("args")).map(|word| value(word).clone_at(word.span));
    Value::new(Kind::list(words.collect()), header, 0)
}

/// The volumes of a pod that are folders of its node: name and path.
fn host_volumes(pod: &Node) -> HashMap<&str, &str> {
    let volumes = pod.get("volumes").map(Node::items).unwrap_or_default().iter();
    let of_host = volumes.filter_map(|volume| Some((volume.get("name")?.as_str()?, volume.at(&["hostPath", "path"])?)));
    of_host.filter_map(|(name, path)| Some((name, path.as_str()?))).collect()
}

/// The mounts of a container that lead to its node: `path` there, and `readOnly`.
fn host_mounts(container: &Node, volumes: &HashMap<&str, &str>, header: Span) -> Value {
    let mounts = container.get("volumeMounts").map(Node::items).unwrap_or_default().iter().filter_map(|mount| {
        let path = volumes.get(mount.get("name")?.as_str()?)?;
        let place = place(mount);
        let read_only = mount.get("readOnly").and_then(Node::as_bool).unwrap_or(false);
        let member = |key: &str, kind| (key.into(), Value::new(kind, place, 0));
        let members = vec![member("path", Kind::text(path)), member("readOnly", Kind::Bool(read_only))];
        Some(Value::new(Kind::map(members), place, 0))
    });
    Value::new(Kind::list(mounts.collect()), header, 0)
}

/// The AppArmor profile that holds for a container, by the name of its type: that of its own, of its pod, or of the
/// annotation which served before there was a field.
fn apparmor(container: &Node, pod: &Node, template: &Node) -> Option<Value> {
    let of = |node: &Node| node.at(&["securityContext", "appArmorProfile"])?.entry("type").cloned();
    if let Some(entry) = of(container).or_else(|| of(pod)) {
        return Some(Value::new(Kind::text(entry.value.as_str()?), entry_place(&entry), 0));
    }
    let name = container.get("name").and_then(Node::as_str)?;
    let annotation = annotations(template)
        .find(|entry| entry.key.strip_prefix("container.apparmor.security.beta.kubernetes.io/") == Some(name))?;
    let kind = match annotation.value.as_str()? {
        "unconfined" => "Unconfined",
        "runtime/default" => "RuntimeDefault",
        _ => "Localhost",
    };
    Some(Value::new(Kind::text(kind), entry_place(annotation), 0))
}

fn annotations(object: &Node) -> impl Iterator<Item = &Entry> {
    object.at(&["metadata", "annotations"]).map(Node::entries).unwrap_or_default().iter()
}

/// `checkov.io/skip1: CKV_K8S_20=reason` and `ignore-check.kube-linter.io/<check>: reason`.
fn skip(annotation: &Entry, extent: Span) -> Option<Skip> {
    let value = annotation.value.scalar().unwrap_or_default();
    let checkov = ["checkov.io/skip", "bridgecrew.io/skip", "cortex.io/skip"];
    let (source, id, reason) = if checkov.iter().any(|prefix| annotation.key.starts_with(prefix)) {
        let (id, reason) = value.split_once('=').unwrap_or((value, ""));
        ("checkov annotation", id, reason)
    } else {
        ("kube-linter annotation", annotation.key.strip_prefix("ignore-check.kube-linter.io/")?, value)
    };
    let suppression = ForeignSuppression { source: source.into(), reason: reason.trim().into() };
    Some(Skip { extent, id: id.trim().to_owned(), suppression })
}
