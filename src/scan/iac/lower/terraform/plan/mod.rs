//! `terraform show -json`: a plan whose values Terraform itself worked out.
//!
//! `planned_values` says what will be, `resource_changes` what is known only after apply, and `configuration` what
//! the author wrote: there stand the references, and what nobody wrote counts as absent, as it does in HCL.

mod references;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::{KeptInput, Notice, NoticeKind, Span};
use crate::scan::iac::resource::{Resource, Value as Val, ValueKind as Kind, without_keys};
use crate::syntax::{Entry, Node, Value, json};
use references::Scope;

/// Modules inside modules, at most.
pub(super) const MAX_MODULE_DEPTH: usize = 24;
/// Sensitive values that are masked, at most.
const MAX_SECRETS: usize = 1_000;

/// A plan's resources.
#[derive(Debug, Default)]
pub struct Planned {
    /// What will be there after apply.
    pub resources: Vec<Resource>,
    /// Values that Terraform calls sensitive: no snippet shows them.
    pub secrets: Vec<Span>,
}

/// True for a name that plans have by convention; the content decides.
pub(crate) fn is_plan(name: &str) -> bool {
    matches!(name, "tfplan.json" | "plan.json") || name.ends_with(".tfplan.json") || name.ends_with(".plan.json")
}

/// Reads one plan; `None` where the file is none.
pub(super) fn read(input: &KeptInput, file: u32, notices: &mut Vec<Notice>) -> Option<Planned> {
    let parsed = json::parse(&input.bytes);
    let root = parsed.value;
    root.get("terraform_version")?;
    let module = root.at(&["planned_values", "root_module"])?;
    if let Some(error) = parsed.errors.first() {
        let message = format!("This plan is cut off or broken: {}; what follows was not checked.", error.message);
        notices.push(Notice::incomplete(NoticeKind::Unparsed, message).at(&input.path).span(error.span));
    }
    let changes = root.get("resource_changes").map_or(&[][..], Node::items).iter();
    let changes = changes.filter_map(|change| Some((change.get("address")?.as_str()?, change.get("change")?)));
    let mut plan = Plan { input, file, changes: changes.collect(), planned: Planned::default() };
    let scope = Scope::root(&root);
    plan.module(module, Some(&scope), 0);
    // Data that was read while planning stands in the prior state.
    if let Some(prior) = root.at(&["prior_state", "values", "root_module"]) {
        plan.data_only(prior, Some(&scope), 0);
    }
    plan.written(&scope, &root, 0);
    plan.sensitive_variables(&root);
    Some(plan.planned)
}

struct Plan<'a> {
    input: &'a KeptInput,
    file: u32,
    /// By address: `after_unknown` and `after_sensitive` are in there.
    changes: HashMap<&'a str, &'a Node>,
    planned: Planned,
}

impl<'a> Plan<'a> {
    fn module(&mut self, module: &Node, scope: Option<&Scope<'_>>, depth: usize) {
        for node in module.get("resources").map_or(&[][..], Node::items) {
            self.resource(node, scope, depth);
        }
        self.children(module, scope, depth, Self::module);
    }

    fn data_only(&mut self, module: &Node, scope: Option<&Scope<'_>>, depth: usize) {
        let resources = module.get("resources").map_or(&[][..], Node::items).iter();
        for node in resources.filter(|node| node.get("mode").and_then(Node::as_str) == Some("data")) {
            self.resource(node, scope, depth);
        }
        self.children(module, scope, depth, Self::data_only);
    }

    fn children(
        &mut self,
        module: &Node,
        scope: Option<&Scope<'_>>,
        depth: usize,
        walk: fn(&mut Self, &Node, Option<&Scope<'_>>, usize),
    ) {
        if depth >= MAX_MODULE_DEPTH {
            return;
        }
        for child in module.get("child_modules").map_or(&[][..], Node::items) {
            let address = without_keys(child.get("address").and_then(Node::as_str).unwrap_or_default());
            let inner = scope.and_then(|scope| scope.call(address.rsplit('.').next().unwrap_or_default()));
            walk(self, child, inner.as_ref(), depth + 1);
        }
    }

    fn resource(&mut self, node: &Node, scope: Option<&Scope<'_>>, depth: usize) {
        let text = |key| node.get(key).and_then(Node::as_str);
        let (Some(kind), Some(name)) = (text("type"), text("name")) else { return };
        let kind = if text("mode") == Some("data") { format!("data.{kind}") } else { kind.to_owned() };
        let address = text("address").map_or_else(|| format!("{kind}.{name}"), str::to_owned);
        let header = node.entry("address").map_or(node.span, entry_span);
        let change = self.changes.get(address.as_str()).copied();
        let unknown = change.and_then(|change| change.get("after_unknown"));
        let written = scope.and_then(|scope| scope.expressions(&format!("{kind}.{name}")));
        let reader = Reader { file: self.file, place: header, scope, trusted: change.is_some(), depth };
        let values = node.get("values");
        let mut attributes = reader.merged(values, unknown, written);
        attributes.span = header;
        for sensitive in [node.get("sensitive_values"), change.and_then(|change| change.get("after_sensitive"))] {
            if let (Some(values), Some(sensitive)) = (values, sensitive) {
                self.sensitive(values, sensitive);
            }
        }
        self.add(kind, address, name, header, node.span, attributes);
    }

    fn add(&mut self, kind: String, address: String, name: &str, header: Span, extent: Span, attributes: Val) {
        let (path, name) = (self.input.path.clone(), name.to_owned());
        let calls = Vec::new();
        self.planned.resources.push(Resource {
            kind,
            address,
            name,
            path,
            file: self.file,
            header,
            extent,
            attributes,
            alternatives: Vec::new(),
            calls,
        });
    }

    /// `module` and `provider` blocks, which stand in the configuration alone.
    fn written(&mut self, scope: &Scope<'_>, root: &Node, depth: usize) {
        let reader = |place| Reader { file: self.file, place, scope: Some(scope), trusted: true, depth };
        let mut found = Vec::new();
        for call in scope.calls() {
            let mut attributes = reader(call.key_span).block(call.value.get("expressions"));
            for (name, key) in [("source", "source"), ("version", "version_constraint")] {
                if let (Some(entry), Kind::Map(entries)) = (call.value.entry(key), &mut attributes.kind) {
                    Arc::make_mut(entries)
                        .push((Arc::from(name), self.value(&entry.value).clone_at(entry_span(entry))));
                }
            }
            found.push(("module".to_owned(), format!("{}module", scope.prefix), call, attributes));
        }
        let providers = if depth == 0 { root.at(&["configuration", "provider_config"]) } else { None };
        for provider in providers.map_or(&[][..], Node::entries) {
            let name = provider.value.get("name").and_then(Node::as_str).unwrap_or(&provider.key);
            let attributes = reader(provider.key_span).block(provider.value.get("expressions"));
            found.push((format!("provider.{name}"), "provider".to_owned(), provider, attributes));
        }
        for (kind, before, entry, mut attributes) in found {
            attributes.span = entry.key_span;
            self.add(kind, format!("{before}.{}", entry.key), &entry.key, entry.key_span, whole(entry), attributes);
        }
        if depth < MAX_MODULE_DEPTH {
            for inner in scope.calls().iter().filter_map(|call| scope.call(&call.key)) {
                self.written(&inner, root, depth + 1);
            }
        }
    }

    fn value(&self, node: &Node) -> Val {
        Reader { file: self.file, place: node.span, scope: None, trusted: true, depth: 0 }.plain(node)
    }

    /// Notes the places of values that `marks`, a tree of the same shape, calls sensitive.
    fn sensitive(&mut self, values: &Node, marks: &Node) {
        if self.planned.secrets.len() >= MAX_SECRETS {
            return;
        }
        match &marks.value {
            // What is too short to be a secret would blot out half of a line.
            Value::Bool(true) if values.as_str().is_some_and(|text| text.len() >= 4) => {
                self.planned.secrets.push(Span::new(values.span.start as usize + 1, values.span.end as usize - 1));
            }
            Value::Bool(true) => {
                values.items().iter().for_each(|item| self.sensitive(item, marks));
                values.entries().iter().for_each(|entry| self.sensitive(&entry.value, marks));
            }
            Value::Map(entries) => {
                for entry in entries {
                    if let Some(value) = values.get(&entry.key) {
                        self.sensitive(value, &entry.value);
                    }
                }
            }
            Value::List(items) => {
                values.items().iter().zip(items).for_each(|(value, mark)| self.sensitive(value, mark));
            }
            _ => {}
        }
    }

    fn sensitive_variables(&mut self, root: &Node) {
        let declared = root.at(&["configuration", "root_module", "variables"]).map_or(&[][..], Node::entries);
        for variable in declared {
            let sensitive = variable.value.get("sensitive").filter(|mark| mark.as_bool() == Some(true));
            if let (Some(mark), Some(value)) = (sensitive, root.at(&["variables", &variable.key, "value"])) {
                self.sensitive(value, mark);
            }
        }
    }
}

/// Values, what is unknown of them, and what was written, into one.
struct Reader<'s, 'n> {
    file: u32,
    /// Where stands what has no place of its own.
    place: Span,
    scope: Option<&'s Scope<'n>>,
    /// True where the plan says what is unknown; else a null may be anything.
    trusted: bool,
    depth: usize,
}

impl Reader<'_, '_> {
    fn merged(&self, value: Option<&Node>, unknown: Option<&Node>, written: Option<&Node>) -> Val {
        let expression =
            written.filter(|node| node.get("references").is_some() || node.get("constant_value").is_some());
        let here = |kind| Val::new(kind, value.map_or(self.place, |node| node.span), self.file);
        let refers = expression.is_some_and(|node| node.get("references").is_some());
        let missing = value.is_none_or(Node::is_null) && !self.trusted && refers;
        if unknown.and_then(Node::as_bool) == Some(true) || missing {
            return here(self.known_later(expression));
        }
        if let (None, Some(constant)) = (value, expression.and_then(|node| node.get("constant_value"))) {
            return self.plain(constant);
        }
        if let (None, Some(expression)) = (value, expression) {
            return here(self.known_later(Some(expression)));
        }
        match (value.map(|node| &node.value), written.map(|node| &node.value)) {
            (Some(Value::Map(_)), _) | (None, Some(Value::Map(_))) => here(self.map(value, unknown, written)),
            (Some(Value::List(items)), _) => {
                let each = |(at, item)| {
                    let inner = expression.or_else(|| written.and_then(|node| node.items().get(at)));
                    self.merged(Some(item), unknown.and_then(|node| node.items().get(at)), inner)
                };
                here(Kind::list(items.iter().enumerate().map(each).collect()))
            }
            (None, Some(Value::List(items))) => {
                here(Kind::list(items.iter().map(|item| self.merged(None, None, Some(item))).collect()))
            }
            (Some(_), _) => value.map_or_else(|| here(Kind::Null), |node| self.plain(node)),
            _ => here(Kind::Null),
        }
    }

    /// The arguments of a `module` or `provider` block.
    fn block(&self, written: Option<&Node>) -> Val {
        Val::new(self.map(None, None, written), self.place, self.file)
    }

    fn map(&self, value: Option<&Node>, unknown: Option<&Node>, written: Option<&Node>) -> Kind {
        let expression = written.is_some_and(|node| node.get("references").is_some());
        let mut entries = Vec::new();
        for entry in value.map_or(&[][..], Node::entries) {
            let inner = if expression { written } else { written.and_then(|node| node.get(&entry.key)) };
            let unknown = unknown.and_then(|node| node.get(&entry.key));
            if entry.value.is_null() && unknown.is_some() && inner.is_none() && written.is_some() {
                continue;
            }
            let mut value = self.merged(Some(&entry.value), unknown, inner);
            value.span = entry_span(entry);
            entries.push((Arc::from(entry.key.as_str()), value));
        }
        let absent = |key: &str| value.is_none_or(|node| node.get(key).is_none());
        // Unknown and not written: the provider chooses, as it does where HCL leaves the attribute out.
        let later = unknown.map_or(&[][..], Node::entries).iter();
        for entry in later.filter(|entry| absent(&entry.key)) {
            let inner = if expression { written } else { written.and_then(|node| node.get(&entry.key)) };
            if inner.is_some() || written.is_none() {
                entries.push((Arc::from(entry.key.as_str()), self.merged(None, Some(&entry.value), inner)));
            }
        }
        let known_of = |key: &str| unknown.is_some_and(|node| node.get(key).is_some());
        let complete = expression || (self.trusted && value.is_some());
        if !complete {
            for entry in written.map_or(&[][..], Node::entries) {
                if absent(&entry.key) && !known_of(&entry.key) {
                    entries.push((Arc::from(entry.key.as_str()), self.merged(None, None, Some(&entry.value))));
                }
            }
        }
        Kind::map(entries)
    }

    /// What an expression refers to where its value is known only after apply.
    fn known_later(&self, expression: Option<&Node>) -> Kind {
        let references = expression.and_then(|node| node.get("references")).map_or(&[][..], Node::items);
        let found = self.scope.and_then(|scope| scope.target(references, self.depth));
        found.unwrap_or_else(|| Kind::unknown("known after apply"))
    }

    /// A value as it is. The reader of JSON bounds its depth.
    fn plain(&self, node: &Node) -> Val {
        let kind = match &node.value {
            Value::Null => Kind::Null,
            Value::Bool(value) => Kind::Bool(*value),
            Value::Number(_) => Kind::Number(node.as_f64().unwrap_or(f64::NAN)),
            Value::String(text) => Kind::text(text),
            Value::List(items) => Kind::list(items.iter().map(|item| self.plain(item)).collect()),
            Value::Map(entries) => {
                let member = |entry: &Entry| {
                    (Arc::from(entry.key.as_str()), self.plain(&entry.value).clone_at(entry_span(entry)))
                };
                Kind::map(entries.iter().map(member).collect())
            }
        };
        Val::new(kind, node.span, self.file)
    }
}

fn entry_span(entry: &Entry) -> Span {
    match entry.value.value {
        // A block is shown by its name: in a plan it may hold thousands of lines.
        Value::Map(_) | Value::List(_) => entry.key_span,
        _ => whole(entry),
    }
}

fn whole(entry: &Entry) -> Span {
    entry.key_span.join(entry.value.span)
}
