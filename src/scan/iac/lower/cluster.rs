//! What the objects of a tree say about each other: roles that bindings name, rights of service accounts, pods that
//! network policies select.

use std::collections::{HashMap, HashSet};

use super::super::resource::{Value, ValueKind as Kind};
use super::kubernetes::template_of;
use super::values::{elsewhere, entry_place, plain};
use crate::model::Span;
use crate::syntax::{Entry, Node};

/// Policies of which each is held against each pod.
const MAX_POLICIES: usize = 2_000;
/// All objects of a tree, as far as others depend on them.
#[derive(Debug, Default)]
pub struct Cluster {
    /// Rules by kind, namespace (empty for a ClusterRole) and name.
    roles: HashMap<(String, String, String), Value>,
    /// ClusterRoles that a service account holds everywhere, by its namespace and name.
    accounts: HashMap<(String, String), HashSet<String>>,
    /// The same for all accounts of a namespace; that of the empty name holds for all.
    groups: HashMap<String, HashSet<String>>,
    policies: Vec<Policy>,
    /// True where every object of the tree is here: what is missing is then known to be.
    whole: bool,
}

#[derive(Debug)]
struct Policy {
    /// `None`: that of whoever applies it.
    namespace: Option<String>,
    /// `None`: it is of another kind, and may select any pod.
    selector: Option<Node>,
    denies: bool,
}

/// Facts about an object, to be read as attributes of it.
pub type Facts = Vec<(&'static str, Value)>;

impl Cluster {
    /// Reads objects; `whole` where they are all that there are.
    #[must_use]
    pub fn read<'n>(objects: impl Iterator<Item = &'n Node>, whole: bool) -> Self {
        let mut cluster = Self { whole, ..Self::default() };
        for object in objects {
            match kind_of(object) {
                "Role" | "ClusterRole" => cluster.role(object),
                "ClusterRoleBinding" => cluster.binding(object),
                "NetworkPolicy" => cluster.policies.push(policy(object)),
                kind if kind.ends_with("NetworkPolicy") => cluster.policies.push(Policy {
                    namespace: namespace_of(object).filter(|_| !kind.contains("wide") && !kind.starts_with("Global")),
                    selector: None,
                    denies: true,
                }),
                _ => {}
            }
        }
        // With very many, what each pod is selected by is not worked out.
        cluster.whole &= cluster.policies.len() <= MAX_POLICIES;
        cluster
    }

    /// True for an object that others depend on: [`Cluster::read`] passes over the rest.
    #[must_use]
    pub fn counts(object: &Node) -> bool {
        let kind = kind_of(object);
        matches!(kind, "Role" | "ClusterRole" | "ClusterRoleBinding") || kind.ends_with("NetworkPolicy")
    }

    fn role(&mut self, object: &Node) {
        let kind = kind_of(object);
        let namespace = if kind == "Role" { namespace_of(object).unwrap_or_default() } else { String::new() };
        if let Some(rules) = object.get("rules") {
            self.roles.insert((kind.to_owned(), namespace, name_of(object).to_owned()), elsewhere(plain(rules)));
        }
    }

    fn binding(&mut self, object: &Node) {
        let Some(role) = object.at(&["roleRef", "name"]).and_then(Node::as_str) else { return };
        for subject in object.get("subjects").map(Node::items).unwrap_or_default() {
            let word = |key| subject.get(key).and_then(Node::as_str);
            match (word("kind"), word("name")) {
                (Some("ServiceAccount"), Some(name)) => {
                    let key = (word("namespace").unwrap_or("default").to_owned(), name.to_owned());
                    self.accounts.entry(key).or_default().insert(role.to_owned());
                }
                (Some("Group"), Some(group)) => {
                    let of = match group {
                        "system:serviceaccounts" | "system:authenticated" => Some(""),
                        _ => group.strip_prefix("system:serviceaccounts:"),
                    };
                    if let Some(namespace) = of {
                        self.groups.entry(namespace.to_owned()).or_default().insert(role.to_owned());
                    }
                }
                _ => {}
            }
        }
    }

    /// What others say of an object.
    #[must_use]
    pub fn facts(&self, object: &Node, header: Span) -> Facts {
        let flag = |value| Value::new(Kind::Bool(value), header, 0);
        match kind_of(object) {
            "RoleBinding" | "ClusterRoleBinding" => {
                let word = |key| object.at(&["roleRef", key]).and_then(Node::as_str).unwrap_or_default().to_owned();
                let kind = word("kind");
                let namespace = if kind == "Role" { namespace_of(object).unwrap_or_default() } else { String::new() };
                let rules = self.roles.get(&(kind, namespace, word("name")));
                rules.map(|rules| ("boundRules", rules.clone())).into_iter().collect()
            }
            "Namespace" if self.whole => {
                let name = name_of(object);
                let here = |policy: &&Policy| policy.namespace.as_deref().is_none_or(|namespace| namespace == name);
                vec![("deniesByDefault", flag(self.policies.iter().filter(here).any(|policy| policy.denies)))]
            }
            _ => Vec::new(),
        }
    }

    /// What others say of the pod of a workload; `template` has its labels.
    #[must_use]
    pub fn pod_facts(&self, object: &Node, template: &Node, spec: &Entry) -> Facts {
        let namespace = namespace_of(object);
        let mut facts = Vec::new();
        let account = spec.value.entry("serviceAccountName").or_else(|| spec.value.entry("serviceAccount"));
        let name = account.and_then(|entry| entry.value.as_str()).unwrap_or("default");
        let of = namespace.as_deref().unwrap_or("default");
        let held = self.accounts.get(&(of.to_owned(), name.to_owned()));
        let groups = ["", of].into_iter().filter_map(|group| self.groups.get(group));
        let mut roles: Vec<&String> = held.into_iter().chain(groups).flatten().collect();
        if !roles.is_empty() {
            roles.sort_unstable();
            roles.dedup();
            let place = account.map_or(spec.key_span, entry_place);
            let roles = roles.into_iter().map(|role| Value::new(Kind::text(role), place, 0)).collect();
            let roles = ("roles".into(), Value::new(Kind::list(roles), place, 0));
            facts.push(("serviceAccount", Value::new(Kind::map(vec![roles]), place, 0)));
        }
        // The pods of a CronJob serve nobody.
        let serves = template_of(kind_of(object)).is_some() && kind_of(object) != "CronJob";
        if self.whole && serves {
            let labels = template.at(&["metadata", "labels"]);
            let selected = self.policies.iter().any(|policy| policy.may_select(namespace.as_deref(), labels));
            facts.push(("isolated", Value::new(Kind::Bool(selected), spec.key_span, 0)));
        }
        facts
    }
}

impl Policy {
    /// True where it selects pods with these labels, or may: where it has no namespace, that is whoever applies it.
    fn may_select(&self, namespace: Option<&str>, labels: Option<&Node>) -> bool {
        let same = self.namespace.is_none() || self.namespace.as_deref() == namespace.or(Some("default"));
        same && self.selector.as_ref().is_none_or(|selector| selects(selector, labels))
    }
}

fn policy(object: &Node) -> Policy {
    let selector = object.at(&["spec", "podSelector"]).cloned().unwrap_or_default();
    let types = object.at(&["spec", "policyTypes"]).map(Node::items).unwrap_or_default();
    let inward = types.is_empty() || types.iter().any(|one| one.as_str() == Some("Ingress"));
    let open = !object.at(&["spec", "ingress"]).map(Node::items).unwrap_or_default().is_empty();
    let denies = inward && !open && selector.entries().is_empty();
    Policy { namespace: namespace_of(object), selector: Some(selector), denies }
}

/// A label selector as the API has it: every label and every expression holds.
fn selects(selector: &Node, labels: Option<&Node>) -> bool {
    let label = |key: &str| labels.and_then(|labels| labels.get(key)).and_then(Node::scalar);
    let wanted = selector.get("matchLabels").map(Node::entries).unwrap_or_default();
    let expressions = selector.get("matchExpressions").map(Node::items).unwrap_or_default();
    wanted.iter().all(|entry| label(&entry.key).is_some_and(|value| Some(value) == entry.value.scalar()))
        && expressions.iter().all(|expression| {
            let text = |key| expression.get(key).and_then(Node::as_str).unwrap_or_default();
            let value = label(text("key"));
            let listed = || {
                let values = expression.get("values").map(Node::items).unwrap_or_default();
                value.is_some() && values.iter().any(|one| one.scalar() == value)
            };
            match text("operator") {
                "In" => listed(),
                "NotIn" => !listed(),
                "Exists" => value.is_some(),
                "DoesNotExist" => value.is_none(),
                _ => true,
            }
        })
}

fn kind_of(object: &Node) -> &str {
    object.get("kind").and_then(Node::as_str).unwrap_or_default()
}

fn name_of(object: &Node) -> &str {
    object.at(&["metadata", "name"]).and_then(Node::as_str).unwrap_or_default()
}

fn namespace_of(object: &Node) -> Option<String> {
    object.at(&["metadata", "namespace"]).and_then(Node::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::yaml;

    #[test]
    fn selectors_follow_the_api() {
        let node = |text: &str| yaml::parse(text.as_bytes()).value;
        let labels = node("{app: web, tier: front}");
        for (selector, expected) in [
            ("{}", true),
            ("{matchLabels: {app: web}}", true),
            ("{matchLabels: {app: web, tier: back}}", false),
            ("{matchExpressions: [{key: tier, operator: In, values: [front, back]}]}", true),
            ("{matchExpressions: [{key: tier, operator: NotIn, values: [front]}]}", false),
            ("{matchExpressions: [{key: x, operator: NotIn, values: [front]}]}", true),
            ("{matchExpressions: [{key: x, operator: Exists}]}", false),
            ("{matchExpressions: [{key: x, operator: DoesNotExist}]}", true),
        ] {
            assert_eq!(selects(&node(selector), Some(&labels)), expected, "{selector}");
        }
    }
}
