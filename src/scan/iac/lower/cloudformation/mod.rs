//! CloudFormation and SAM templates: intrinsic functions evaluated as far as the template alone allows.
//!
//! A resource's kind is its type, its attributes are its properties; what stands beside them (`DeletionPolicy`)
//! is under `resource`. Parameters have their defaults; what only a deployment decides is unknown.

mod conditions;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::Skip;
use super::super::resource::{Resource, Value, ValueKind as Kind};
use super::documents::Lowered;
use super::values::{Fuel, entry_place, kind_with};
use crate::model::{ForeignSuppression, RepoPath};
use crate::syntax::{Entry, Node, Value as Tree};

/// Bytes of a text that parameters make, at most.
const MAX_TEXT: usize = 1 << 16;

/// True for a document whose resources have types such as `AWS::S3::Bucket`.
#[must_use]
pub fn is_template(node: &Node) -> bool {
    let typed = |entry: &Entry| entry.value.get("Type").and_then(Node::as_str).is_some_and(|kind| kind.contains("::"));
    node.get("Resources").is_some_and(|resources| resources.entries().iter().any(typed))
}

/// Adds a template's resources.
pub fn lower(path: &RepoPath, node: &Node, lowered: &mut Lowered) {
    lower_with(path, node, &|_| None, lowered);
}

/// The same where texts may hold another tool's variables, which `variables` knows.
pub fn lower_with(path: &RepoPath, node: &Node, variables: &dyn Fn(&str) -> Option<Kind>, lowered: &mut Lowered) {
    let template = Template::new(node, variables);
    for entry in node.get("Resources").map(Node::entries).unwrap_or_default() {
        let Some(kind) = entry.value.get("Type").and_then(Node::as_str) else { continue };
        let condition = entry.value.get("Condition").and_then(Node::as_str);
        if condition.and_then(|name| template.condition(name, 0)) == Some(false) {
            continue;
        }
        let extent = entry.key_span.join(entry.value.span);
        let made = |attributes| Resource {
            kind: kind.to_owned(),
            address: entry.key.clone(),
            name: entry.key.clone(),
            path: path.clone(),
            file: 0,
            header: entry.key_span,
            extent,
            attributes,
            alternatives: Vec::new(),
            calls: Vec::new(),
        };
        // The resource is there, so its condition holds.
        template.assumed.replace(condition.map(|name| (name.to_owned(), true)).into_iter().collect());
        let attributes = template.attributes(kind, entry);
        let alternatives = template.alternatives(kind, entry).into_iter().map(made).collect();
        lowered.resources.push(Resource { alternatives, ..made(attributes) });
        skips(&entry.value, extent, lowered);
    }
}

/// `Metadata` of checkov and cfn_nag.
fn skips(resource: &Node, extent: crate::model::Span, lowered: &mut Lowered) {
    let places: [(&[&str], &str, &str); 2] = [
        (&["Metadata", "checkov", "skip"], "comment", "checkov metadata"),
        (&["Metadata", "cfn_nag", "rules_to_suppress"], "reason", "cfn_nag metadata"),
    ];
    for (place, reason, source) in places {
        for one in resource.at(place).map(Node::items).unwrap_or_default() {
            let text = |key| one.get(key).and_then(Node::scalar).unwrap_or_default().to_owned();
            let suppression = ForeignSuppression { source: source.into(), reason: text(reason) };
            lowered.skips.push(Skip { extent, id: text("id"), suppression });
        }
    }
}

struct Template<'a> {
    root: &'a Node,
    parameters: BTreeMap<&'a str, Kind>,
    variables: &'a dyn Fn(&str) -> Option<Kind>,
    fuel: Fuel,
    /// Conditions taken as given, though nothing in the template decides them.
    assumed: RefCell<Vec<(String, bool)>>,
    /// Conditions that an `If` asked for in vain.
    undecided: RefCell<BTreeSet<String>>,
}

impl<'a> Template<'a> {
    fn new(root: &'a Node, variables: &'a dyn Fn(&str) -> Option<Kind>) -> Self {
        let parameters = root.get("Parameters").map(Node::entries).unwrap_or_default();
        let parameters = parameters.iter().map(|entry| (entry.key.as_str(), parameter(&entry.value))).collect();
        let (assumed, undecided) = (RefCell::default(), RefCell::default());
        Self { root, parameters, variables, fuel: Fuel::default(), assumed, undecided }
    }

    fn attributes(&self, kind: &str, entry: &Entry) -> Value {
        let at = |kind| Value::new(kind, entry.key_span, 0);
        let mut all = match entry.value.get("Properties").map(|properties| self.kind(properties)) {
            Some(Kind::Map(members)) => Arc::unwrap_or_clone(members),
            Some(unknown) if unknown.is_unknown() => return at(unknown),
            _ => Vec::new(),
        };
        // SAM: a section of `Globals` gives what a resource of its kind leaves out.
        if let Some(section) = kind.strip_prefix("AWS::Serverless::") {
            for global in self.root.at(&["Globals", section]).map(Node::entries).unwrap_or_default() {
                if !all.iter().any(|(key, _)| **key == global.key) {
                    all.push((
                        global.key.as_str().into(),
                        Value::new(self.kind(&global.value), entry_place(global), 0),
                    ));
                }
            }
        }
        let beside = entry.value.entries().iter().filter(|one| one.key != "Properties");
        let beside =
            beside.map(|one| (one.key.as_str().into(), Value::new(self.kind(&one.value), entry_place(one), 0)));
        let beside = Kind::map(beside.collect());
        all.push(("resource".into(), at(beside)));
        at(Kind::map(all))
    }

    fn kind(&self, node: &Node) -> Kind {
        kind_with(node, &mut |node| self.intrinsic(node))
    }

    /// What an intrinsic function comes to; `None` for anything else.
    fn intrinsic(&self, node: &Node) -> Option<Kind> {
        if let Some(tag) = &node.tag {
            let bare = Node::new(node.span, node.value.clone());
            return self.call(tag, &bare);
        }
        match &node.value {
            Tree::Map(entries) if entries.len() == 1 => {
                let name = entries[0].key.as_str();
                let function = if name == "Ref" { Some(name) } else { name.strip_prefix("Fn::") };
                self.call(function?, &entries[0].value)
            }
            Tree::String(text) if text.contains("${") => (self.variables)(text),
            _ => None,
        }
    }

    fn call(&self, function: &str, of: &Node) -> Option<Kind> {
        Some(match function {
            "Ref" => self.reference(of.as_str()?),
            "GetAtt" => match (of.as_str().and_then(|text| text.split_once('.')), of.items()) {
                (Some((name, attribute)), _) => Kind::Ref(name.into(), attribute.into()),
                (None, [name, attribute, ..]) => {
                    Kind::Ref(name.as_str()?.into(), attribute.scalar().unwrap_or_default().into())
                }
                _ => return None,
            },
            "Sub" => self.substitute(of),
            "If" => self.choose(of),
            "FindInMap" => self.find_in_map(of),
            "Join" => self.join(of),
            "Select" => self.select(of),
            "Split" => self.split(of),
            "Base64" => self.kind(of),
            "ImportValue" | "GetAZs" | "Cidr" | "Transform" | "ToJsonString" | "Length" | "ForEach" => {
                Kind::unknown("a function that only a deployment decides")
            }
            "Equals" | "And" | "Or" | "Not" | "Condition" => match self.holds(function, of, 0) {
                Some(holds) => Kind::Bool(holds),
                None => Kind::unknown("a condition"),
            },
            _ => return None,
        })
    }

    fn reference(&self, name: &str) -> Kind {
        if let Some(value) = self.parameters.get(name) {
            return value.clone();
        }
        match name {
            "AWS::NoValue" => Kind::Null,
            _ if name.starts_with("AWS::") => Kind::unknown("a pseudo parameter"),
            _ => Kind::Ref(name.into(), "id".into()),
        }
    }

    /// `"text ${Name}"`, or that with a map of names.
    fn substitute(&self, of: &Node) -> Kind {
        let text = of.as_str().or_else(|| of.items().first().and_then(Node::as_str));
        let Some(text) = text else { return Kind::unknown("a text that is no text") };
        let own = of.items().get(1);
        let mut result = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("${") {
            let Some((name, after)) = behind.split_once('}') else { break };
            result.push_str(before);
            rest = after;
            if let Some(literal) = name.strip_prefix('!') {
                result.push_str(&format!("${{{literal}}}"));
                continue;
            }
            let value = match own.and_then(|own| own.get(name)) {
                Some(node) => self.kind(node),
                None => self.reference(name),
            };
            match scalar(&value) {
                Some(text) if result.len() + text.len() <= MAX_TEXT => result.push_str(&text),
                _ => return Kind::unknown("a text with a part that only a deployment decides"),
            }
        }
        result.push_str(rest);
        self.fuel.text(&result)
    }

    /// Where the condition can't be known, a value both branches agree on.
    fn choose(&self, of: &Node) -> Kind {
        let [condition, yes, no] = of.items() else { return Kind::unknown("a malformed `If`") };
        match condition.as_str().and_then(|name| self.condition(name, 0)) {
            Some(true) => self.kind(yes),
            Some(false) => self.kind(no),
            None => {
                if let Some(name) = condition.as_str() {
                    self.undecided.borrow_mut().insert(self.first_undecided(name, 0).to_owned());
                }
                let (yes, no) = (self.kind(yes), self.kind(no));
                if scalar(&yes).is_some() && scalar(&yes) == scalar(&no) { yes } else { Kind::unknown("a condition") }
            }
        }
    }

    fn find_in_map(&self, of: &Node) -> Kind {
        let [map, first, second, ..] = of.items() else { return Kind::unknown("a malformed `FindInMap`") };
        let key = |node| scalar(&self.kind(node));
        let keys = (key(map), key(first), key(second));
        let (Some(map), Some(first), Some(second)) = keys else { return Kind::unknown("a key of a mapping") };
        match self.root.at(&["Mappings", &map, &first, &second]) {
            Some(node) => self.fuel.copy(node),
            None => Kind::unknown("a key that no mapping has"),
        }
    }

    fn join(&self, of: &Node) -> Kind {
        let [delimiter, items] = of.items() else { return Kind::unknown("a malformed `Join`") };
        let Kind::List(items) = self.kind(items) else { return Kind::unknown("a list") };
        let parts: Option<Vec<String>> = items.iter().map(|item| scalar(&item.kind)).collect();
        match parts {
            Some(parts) if parts.iter().map(String::len).sum::<usize>() <= MAX_TEXT => {
                self.fuel.text(&parts.join(delimiter.as_str().unwrap_or_default()))
            }
            _ => Kind::unknown("a text with a part that only a deployment decides"),
        }
    }

    fn select(&self, of: &Node) -> Kind {
        let [index, items] = of.items() else { return Kind::unknown("a malformed `Select`") };
        let index = scalar(&self.kind(index)).and_then(|text| text.parse::<usize>().ok());
        let Kind::List(items) = self.kind(items) else { return Kind::unknown("a list") };
        let item = index.and_then(|index| items.get(index));
        item.map_or_else(|| Kind::unknown("an index"), |item| item.kind.clone())
    }

    fn split(&self, of: &Node) -> Kind {
        let [delimiter, text] = of.items() else { return Kind::unknown("a malformed `Split`") };
        let (Some(delimiter), Some(whole)) =
            (delimiter.as_str().filter(|text| !text.is_empty()), scalar(&self.kind(text)))
        else {
            return Kind::unknown("a text");
        };
        if !self.fuel.spend(whole.len()) {
            return Kind::unknown("more than the limit");
        }
        let parts = whole.split(delimiter).map(|part| Value::new(Kind::text(part), text.span, 0));
        Kind::list(parts.collect())
    }
}

/// A parameter's default, where it has one and the value isn't looked up elsewhere.
fn parameter(node: &Node) -> Kind {
    let kind = node.get("Type").and_then(Node::as_str).unwrap_or_default();
    let Some(default) = node.get("Default").filter(|_| !kind.starts_with("AWS::SSM::")) else {
        return Kind::unknown("a parameter without a default");
    };
    let default_kind = kind_with(default, &mut |_| None);
    match (kind, &default_kind) {
        ("CommaDelimitedList" | "List<Number>", Kind::String(text)) => {
            Kind::list(text.split(',').map(|part| Value::new(Kind::text(part.trim()), default.span, 0)).collect())
        }
        _ => default_kind,
    }
}

fn scalar(kind: &Kind) -> Option<String> {
    match kind {
        Kind::String(text) => Some(text.to_string()),
        Kind::Number(number) => Some(number.to_string()),
        Kind::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}
