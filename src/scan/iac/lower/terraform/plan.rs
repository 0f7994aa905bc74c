//! `terraform show -json`: a plan whose values Terraform itself worked out.

use std::sync::Arc;

use crate::model::{KeptInput, Span};
use crate::scan::iac::resource::{Resource, Value as Val, ValueKind as Kind};
use crate::syntax::{Entry, Node, Value, json};

/// Modules inside modules, at most.
const MAX_MODULE_DEPTH: usize = 24;

/// True for a name that plans have by convention; the content decides.
pub(super) fn is_plan(name: &str) -> bool {
    matches!(name, "tfplan.json" | "plan.json") || name.ends_with(".tfplan.json") || name.ends_with(".plan.json")
}

/// The resources that a plan will leave behind; none where the file is no plan.
pub(super) fn resources(input: &KeptInput, file: u32) -> Vec<Resource> {
    let root = json::parse(&input.bytes).value;
    let mut found = Vec::new();
    if root.get("terraform_version").is_some()
        && let Some(module) = root.at(&["planned_values", "root_module"])
    {
        let plan = Plan { input, file, configuration: root.at(&["configuration", "root_module"]) };
        plan.module(module, plan.configuration, "", 0, &mut found);
    }
    found
}

struct Plan<'a> {
    input: &'a KeptInput,
    file: u32,
    configuration: Option<&'a Node>,
}

impl Plan<'_> {
    fn module(&self, module: &Node, written: Option<&Node>, prefix: &str, depth: usize, found: &mut Vec<Resource>) {
        for node in module.get("resources").map_or(&[][..], Node::items) {
            found.extend(self.resource(node, written, prefix));
        }
        if depth < MAX_MODULE_DEPTH {
            for child in module.get("child_modules").map_or(&[][..], Node::items) {
                let address = child.get("address").and_then(Node::as_str).unwrap_or_default();
                let address = without_keys(address);
                let name = address.rsplit('.').next().unwrap_or_default();
                let written = written.and_then(|all| all.at(&["module_calls", name, "module"]));
                self.module(child, written, &format!("{address}."), depth + 1, found);
            }
        }
    }

    fn resource(&self, node: &Node, written: Option<&Node>, prefix: &str) -> Option<Resource> {
        let text = |key| node.get(key).and_then(Node::as_str);
        let (kind, name) = (text("type")?, text("name")?);
        let data = text("mode") == Some("data");
        let kind = if data { format!("data.{kind}") } else { kind.to_owned() };
        let key = format!("{kind}.{name}");
        let header = node.entry("address").map_or(node.span, |entry| entry.key_span.join(entry.value.span));
        let mut attributes =
            node.get("values").map_or_else(|| self.at(node.span, Kind::map(Vec::new())), |n| self.value(n));
        attributes.span = header;
        if let Some(written) = written.and_then(|all| self.written(all, &key)) {
            self.add_references(&mut attributes, written, prefix, header);
        }
        Some(Resource {
            address: format!("{prefix}{key}"),
            kind,
            name: name.to_owned(),
            path: self.input.path.clone(),
            file: self.file,
            header,
            extent: node.span,
            attributes,
            calls: Vec::new(),
        })
    }

    fn written<'n>(&self, module: &'n Node, address: &str) -> Option<&'n Node> {
        let all = module.get("resources")?.items();
        all.iter().find(|node| node.get("address").and_then(Node::as_str) == Some(address))?.get("expressions")
    }

    /// What is known only after apply stands in the configuration as a reference: `bucket` refers to
    /// `aws_s3_bucket.b.id`.
    fn add_references(&self, attributes: &mut Val, written: &Node, prefix: &str, place: Span) {
        let Kind::Map(entries) = &mut attributes.kind else { return };
        let entries = Arc::make_mut(entries);
        for entry in written.entries() {
            let known = entries.iter().any(|(key, value)| **key == *entry.key && value.kind != Kind::Null);
            let refers = entry.value.get("references").map_or(&[][..], Node::items);
            let Some(first) = refers.first().and_then(Node::as_str).filter(|_| !known) else { continue };
            let mut parts = first.splitn(3, '.');
            let kind = match (parts.next(), parts.next()) {
                (Some("var" | "local" | "each" | "count" | "module"), _) | (_, None) => {
                    Kind::unknown("known after apply")
                }
                (kind, name) => {
                    let address =
                        format!("{prefix}{}.{}", kind.unwrap_or_default(), without_keys(name.unwrap_or_default()));
                    Kind::Ref(address.into(), parts.next().unwrap_or_default().into())
                }
            };
            let value = self.at(place, kind);
            match entries.iter_mut().find(|(key, _)| **key == *entry.key) {
                Some(slot) => slot.1 = value,
                None => entries.push((Arc::from(entry.key.as_str()), value)),
            }
        }
    }

    fn at(&self, span: Span, kind: Kind) -> Val {
        Val::new(kind, span, self.file)
    }

    /// A value of the plan. The reader bounds its depth.
    fn value(&self, node: &Node) -> Val {
        let kind = match &node.value {
            Value::Null => Kind::Null,
            Value::Bool(value) => Kind::Bool(*value),
            Value::Number(_) => Kind::Number(node.as_f64().unwrap_or(f64::NAN)),
            Value::String(text) => Kind::text(text),
            Value::List(items) => Kind::list(items.iter().map(|item| self.value(item)).collect()),
            Value::Map(entries) => Kind::map(entries.iter().map(|entry| self.member(entry)).collect()),
        };
        self.at(node.span, kind)
    }

    fn member(&self, entry: &Entry) -> (Arc<str>, Val) {
        let mut value = self.value(&entry.value);
        value.span = entry.key_span.join(entry.value.span);
        (Arc::from(entry.key.as_str()), value)
    }
}

/// An address without `[0]` and `["key"]`.
fn without_keys(address: &str) -> String {
    let mut plain = String::with_capacity(address.len());
    let mut rest = address;
    while let Some(open) = rest.find('[') {
        plain.push_str(&rest[..open]);
        rest = rest[open..].split_once(']').map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain
}
