//! CloudFormation and SAM templates: intrinsic functions evaluated as far as the template alone allows.
//!
//! A resource's kind is its type, its attributes are its properties; what stands beside them (`DeletionPolicy`)
//! is under `resource`. Parameters have their defaults; what only a deployment decides is unknown.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::Skip;
use super::super::resource::{Resource, Value, ValueKind as Kind};
use super::documents::Lowered;
use super::values::{Fuel, entry_place, kind_with};
use crate::model::{ForeignSuppression, RepoPath};
use crate::syntax::{Entry, Node, Value as Tree};

/// Conditions that name each other, at most; also a bound on texts that parameters make, in bytes.
const MAX_CONDITIONS: usize = 20;
const MAX_TEXT: usize = 1 << 16;
/// Conditions of one resource that are tried both ways, at most.
const MAX_TRIED: usize = 3;

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

    /// The attributes for each way that undecided conditions of the last call of [`Self::attributes`] may turn
    /// out: what is denied in all of them is wrong however they turn out.
    fn alternatives(&self, kind: &str, entry: &Entry) -> Vec<Value> {
        let mut found = Vec::new();
        let undecided = self.undecided.take();
        if let Some(name) = undecided.first() {
            self.try_both(name, MAX_TRIED, (kind, entry), &mut found);
        }
        found
    }

    fn try_both(&self, name: &str, left: usize, (kind, entry): (&str, &Entry), found: &mut Vec<Value>) {
        for holds in [true, false] {
            self.assumed.borrow_mut().push((name.to_owned(), holds));
            let attributes = self.attributes(kind, entry);
            let undecided = self.undecided.take();
            match undecided.first().filter(|_| left > 1) {
                Some(next) => self.try_both(next, left - 1, (kind, entry), found),
                None => found.push(attributes),
            }
            self.assumed.borrow_mut().pop();
        }
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

    /// The condition that has to be decided first: one that others are made of.
    fn first_undecided<'n>(&'n self, name: &'n str, depth: usize) -> &'n str {
        let made_of = self.root.at(&["Conditions", name]).and_then(|of| self.undecided_in(of, depth));
        made_of.map_or(name, |part| self.first_undecided(part, depth + 1))
    }

    fn undecided_in<'n>(&'n self, of: &'n Node, depth: usize) -> Option<&'n str> {
        if depth > MAX_CONDITIONS {
            return None;
        }
        let named = if of.tag.as_deref() == Some("Condition") { Some(of) } else { of.get("Condition") };
        if let Some(name) = named.and_then(Node::as_str) {
            return self.condition(name, 0).is_none().then_some(name);
        }
        let members = of.entries().iter().map(|entry| &entry.value).chain(of.items());
        members.into_iter().find_map(|member| self.undecided_in(member, depth + 1))
    }

    fn condition(&self, name: &str, depth: usize) -> Option<bool> {
        if let Some((_, holds)) = self.assumed.borrow().iter().find(|(assumed, _)| assumed == name) {
            return Some(*holds);
        }
        let entry = self.root.at(&["Conditions", name])?;
        self.truth(entry, depth + 1)
    }

    fn truth(&self, node: &Node, depth: usize) -> Option<bool> {
        if let Some(tag) = &node.tag {
            return self.holds(tag, node, depth);
        }
        let [entry] = node.entries() else { return None };
        self.holds(entry.key.strip_prefix("Fn::").unwrap_or(&entry.key), &entry.value, depth)
    }

    fn holds(&self, function: &str, of: &Node, depth: usize) -> Option<bool> {
        if depth > MAX_CONDITIONS {
            return None;
        }
        let each = |wanted: bool| {
            let mut unknown = false;
            for one in of.items() {
                match self.truth(one, depth + 1) {
                    Some(holds) if holds == wanted => return Some(wanted),
                    Some(_) => {}
                    None => unknown = true,
                }
            }
            (!unknown).then_some(!wanted)
        };
        match (function, of.items()) {
            ("Condition", _) => self.condition(of.as_str()?, depth),
            ("Equals", [a, b]) => Some(scalar(&self.kind(a))? == scalar(&self.kind(b))?),
            ("Not", [one]) => self.truth(one, depth + 1).map(|holds| !holds),
            ("And", _) => each(false),
            ("Or", _) => each(true),
            _ => None,
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::yaml;

    fn value_of(expression: &str) -> Kind {
        let text = format!(
            "Parameters:\n  Env: {{Type: String, Default: prod}}\n  Key: {{Type: String}}\n\
             Mappings:\n  M:\n    prod: {{size: 7}}\n\
             Conditions:\n  IsProd: !Equals [!Ref Env, prod]\n  HasKey: !Not [!Equals [!Ref Key, '']]\n  Loop: !Condition Loop\n\
             Resources:\n  R:\n    Type: AWS::X::Y\n    Properties:\n      P: {expression}\n"
        );
        let parsed = yaml::parse_documents(text.as_bytes());
        assert_eq!(parsed.errors, []);
        let mut lowered = Lowered::default();
        lower(&RepoPath::new("t.yaml"), &parsed.value[0], &mut lowered);
        lowered.resources[0].attributes.get("P").unwrap().kind.clone()
    }

    #[test]
    fn intrinsics_come_to_what_the_template_says() {
        for (expression, expected) in [
            ("!Ref Env", "prod"),
            ("{Ref: Env}", "prod"),
            ("!Sub 'a-${Env}-${!x}'", "a-prod-${x}"),
            ("!Sub ['a-${n}', {n: !Ref Env}]", "a-prod"),
            ("!If [IsProd, a, b]", "a"),
            ("{'Fn::If': [HasKey, same, same]}", "same"),
            ("!FindInMap [M, !Ref Env, size]", "7"),
            ("!Join ['-', [a, !Ref Env]]", "a-prod"),
            ("!Select [1, !Split [',', 'x,y']]", "y"),
        ] {
            assert_eq!(scalar(&value_of(expression)).as_deref(), Some(expected), "{expression}");
        }
        for unknown in ["!Ref Key", "!If [HasKey, a, b]", "!If [Loop, a, b]", "!Sub '${AWS::Region}'", "!GetAZs ''"] {
            assert!(value_of(unknown).is_unknown(), "{unknown}");
        }
        assert_eq!(value_of("!Ref AWS::NoValue"), Kind::Null);
        assert_eq!(value_of("!GetAtt B.Arn"), Kind::Ref("B".into(), "Arn".into()));
    }

    #[test]
    fn what_nothing_decides_is_denied_where_it_is_wrong_either_way() {
        use crate::scan::iac::check::{Answer, deny, parse};
        use crate::scan::iac::resource::Model;

        let text = "Parameters:\n  Env: {Type: String}\nConditions:\n  IsProd: !Equals [!Ref Env, prod]\n  NotProd: !Not [!Condition IsProd]\n\
             Resources:\n  R:\n    Type: A::B::C\n    Condition: IsProd\n    Properties: {P: !If [IsProd, 1, 2]}\n\
               \x20 S:\n    Type: A::B::C\n    Properties:\n      P: !If [IsProd, 1, 2]\n      Q: !If [IsProd, {On: false}, !Ref AWS::NoValue]\n      V: !If [NotProd, a, !If [IsProd, b, c]]\n";
        let parsed = yaml::parse_documents(text.as_bytes());
        assert_eq!(parsed.errors, []);
        let mut lowered = Lowered::default();
        lower(&RepoPath::new("t.yaml"), &parsed.value[0], &mut lowered);
        let model = Model::new(lowered.resources);
        for (resource, predicate, expected) in [
            (0, "P == 1", "yes"),
            (1, "P == 1", "unknown"),
            (1, "P < 3", "yes"),
            (1, "P > 3", "no"),
            (1, "Q.On != true", "yes"),
            (1, "Q.On == false", "unknown"),
            (1, r#"V == "c""#, "no"),
            (1, r#"V in ["a", "b"]"#, "yes"),
        ] {
            let answer = match deny(&parse(predicate).unwrap(), &model.resources()[resource], &model) {
                Answer::Yes(_) => "yes",
                Answer::No => "no",
                Answer::Unknown => "unknown",
            };
            assert_eq!(answer, expected, "{predicate}");
        }
    }
}
