//! `${…}` in a service: what the service, its stage and files of the tree say. Options, the environment and what a
//! deployment looks up are not known; the default behind them counts.

use super::super::super::resource::{Value, ValueKind as Kind};
use super::super::interpolation::closing;
use super::super::values::{Fuel, kind_with};
use super::files::Files;
use crate::model::{RepoPath, Span};
use crate::syntax::{Node, Value as Tree};

/// Variables that lead to variables, at most.
const MAX_STEPS: usize = 10;
const MAX_TEXT: usize = 1 << 16;

/// What a service's variables are looked up in.
pub(super) struct Variables<'a> {
    pub path: &'a RepoPath,
    pub root: &'a Node,
    pub files: &'a Files<'a>,
    pub fuel: Fuel,
}

/// What stands at a path of keys.
enum Found<'a> {
    There(&'a Node),
    Missing,
    /// Behind a file that is not in the tree, or a variable.
    Unknown,
}

impl<'a> Variables<'a> {
    /// A node as a value.
    pub fn kind(&self, node: &Node) -> Kind {
        self.kind_at(node, 0)
    }

    fn kind_at(&self, node: &Node, depth: usize) -> Kind {
        kind_with(node, &mut |node| {
            if !self.fuel.spend(1) {
                return Some(Kind::unknown("more than the limit"));
            }
            match (&node.tag, &node.value) {
                (Some(_), _) => Some(Kind::unknown("a function of CloudFormation")),
                (None, Tree::Map(entries)) => {
                    let [one] = entries.as_slice() else { return None };
                    (one.key == "Ref" || one.key.starts_with("Fn::"))
                        .then(|| Kind::unknown("a function of CloudFormation"))
                }
                (None, Tree::String(text)) if text.contains("${") => self.text(text, depth),
                _ => None,
            }
        })
    }

    /// The node that a node stands for, and its file: itself, or the part of another file that it names.
    pub fn follow(&self, path: &'a RepoPath, node: &'a Node) -> Option<(&'a RepoPath, &'a Node)> {
        let (mut path, mut node) = (path, node);
        for _ in 0..MAX_STEPS {
            let Some(inner) = node.as_str().and_then(whole) else { return Some((path, node)) };
            let choices = choices(inner);
            let (file, found) = choices.iter().find_map(|choice| match self.part(choice, 0)? {
                (file, Found::There(node)) => Some((file, node)),
                _ => None,
            })?;
            (path, node) = (file, found);
        }
        None
    }

    /// `file(path):key` or `self:key`, and the file it lies in; `None` for anything else.
    fn part(&self, choice: &str, depth: usize) -> Option<(&'a RepoPath, Found<'a>)> {
        let (from, node, keys) = if let Some(rest) = choice.strip_prefix("file(") {
            let (name, keys) = rest.split_once(')')?;
            let (file, node) = self.files.get(self.path.parent(), &self.name(name, depth)?)?;
            (file, node, keys.strip_prefix(':').unwrap_or_default())
        } else {
            (self.path, self.root, choice.strip_prefix("self:")?)
        };
        let keys = self.name(keys, depth)?;
        Some((from, self.walk(node, keys.split('.').filter(|key| !key.is_empty()), depth)))
    }

    /// A path, with what its own variables come to.
    fn name(&self, text: &str, depth: usize) -> Option<String> {
        let text = text.trim();
        match text.contains("${").then(|| self.text(text, depth + 1)) {
            None => Some(text.to_owned()),
            Some(Some(Kind::String(text))) => Some(text.to_string()),
            Some(_) => None,
        }
    }

    fn walk<'k>(&self, from: &'a Node, keys: impl Iterator<Item = &'k str>, depth: usize) -> Found<'a> {
        let mut node = from;
        for key in keys {
            if let Some(inner) = node.as_str().and_then(whole) {
                if depth > MAX_STEPS || !self.fuel.spend(1) {
                    return Found::Unknown;
                }
                match choices(inner).iter().find_map(|choice| self.part(choice, depth + 1)) {
                    Some((_, Found::There(other))) => node = other,
                    _ => return Found::Unknown,
                }
            }
            match node.get(key) {
                Some(inner) => node = inner,
                None => return Found::Missing,
            }
        }
        Found::There(node)
    }

    /// A text with variables; `None` where it holds none of ours (CloudFormation's `${AWS::Region}`).
    pub fn text(&self, text: &str, depth: usize) -> Option<Kind> {
        if let Some(inner) = whole(text) {
            let value = || self.variable(inner, depth).unwrap_or_else(|| Kind::unknown("a variable without a default"));
            return is_ours(inner).then(value);
        }
        let mut result = String::new();
        let mut rest = text;
        let mut ours = false;
        while let Some((before, behind)) = rest.split_once("${") {
            result.push_str(before);
            let Some(end) = closing(behind) else {
                result.push_str("${");
                rest = behind;
                break;
            };
            let inner = &behind[..end];
            rest = &behind[end + 1..];
            if !is_ours(inner) {
                result.push_str(&format!("${{{inner}}}"));
                continue;
            }
            ours = true;
            match self.variable(inner, depth) {
                Some(Kind::String(value)) if result.len() + value.len() <= MAX_TEXT => result.push_str(&value),
                Some(Kind::Number(value)) => result.push_str(&value.to_string()),
                Some(Kind::Bool(value)) => result.push_str(&value.to_string()),
                _ => return Some(Kind::unknown("a variable")),
            }
        }
        result.push_str(rest);
        ours.then(|| self.fuel.text(&result))
    }

    /// `self:a.b`, `opt:x`, `env:X`, each with other choices behind commas; `None` where none of them has a value.
    fn variable(&self, expression: &str, depth: usize) -> Option<Kind> {
        if depth > MAX_STEPS || !self.fuel.spend(1) {
            return Some(Kind::unknown("variables in a circle"));
        }
        choices(expression).into_iter().find_map(|choice| self.choice(choice, depth))
    }

    fn choice(&self, choice: &str, depth: usize) -> Option<Kind> {
        if let Some(inner) = whole(choice) {
            return self.variable(inner, depth + 1);
        }
        if let Some(literal) = literal(choice) {
            return Some(literal);
        }
        if choice.starts_with("self:") || choice.starts_with("file(") {
            return match self.part(choice, depth) {
                Some((file, Found::There(node))) => {
                    let kind = self.kind_at(node, depth + 1);
                    Some(if file == self.path { kind } else { placeless(kind) })
                }
                Some((_, Found::Missing)) => None,
                Some((_, Found::Unknown)) | None => Some(Kind::unknown("a file that is not read")),
            };
        }
        if let Some(inner) = choice.strip_prefix("strToBool(").and_then(|rest| rest.strip_suffix(')')) {
            let text = self.name(inner.trim_matches(['\'', '"']), depth);
            return Some(match text.as_deref() {
                Some("true" | "1") => Kind::Bool(true),
                Some("false" | "0" | "null" | "undefined") => Kind::Bool(false),
                _ => Kind::unknown("a boolean that is not known"),
            });
        }
        let (source, name) = choice.split_once(':')?;
        match (source, name) {
            ("sls", "stage") => Some(self.stage(depth)),
            ("param", name) => self.parameter(name, depth),
            // The defaults behind them count.
            ("opt" | "env", _) => None,
            _ => Some(Kind::unknown("a variable from elsewhere")),
        }
    }

    fn stage(&self, depth: usize) -> Kind {
        match self.root.at(&["provider", "stage"]) {
            Some(stage) => self.kind_at(stage, depth + 1),
            None => Kind::text("dev"),
        }
    }

    /// A parameter of the stage, or of all.
    fn parameter(&self, name: &str, depth: usize) -> Option<Kind> {
        let stage = match self.stage(depth) {
            Kind::String(stage) => stage,
            _ => "default".into(),
        };
        let places = [
            ["params", &*stage, name, ""],
            ["stages", &*stage, "params", name],
            ["params", "default", name, ""],
            ["stages", "default", "params", name],
        ];
        places.iter().find_map(|keys| {
            let keys = keys.iter().copied().filter(|key| !key.is_empty());
            match self.walk(self.root, keys, depth + 1) {
                Found::There(node) => Some(self.kind_at(node, depth + 1)),
                Found::Missing => None,
                Found::Unknown => Some(Kind::unknown("a file that is not read")),
            }
        })
    }
}

/// A value of another file: it is reported where it is named.
fn placeless(kind: Kind) -> Kind {
    let moved = |value: &Value| Value::new(placeless(value.kind.clone()), Span::default(), value.file);
    match kind {
        Kind::List(items) => Kind::list(items.iter().map(moved).collect()),
        Kind::Map(entries) => Kind::map(entries.iter().map(|(key, value)| (key.clone(), moved(value))).collect()),
        other => other,
    }
}

/// The inside of a text that is one variable and nothing else.
pub(super) fn whole(text: &str) -> Option<&str> {
    let behind = text.trim().strip_prefix("${")?;
    (closing(behind)? + 1 == behind.len()).then(|| &behind[..behind.len() - 1])
}

/// The parts between commas that stand in no quotes, parentheses or inner variables.
fn choices(text: &str) -> Vec<&str> {
    let (mut all, mut from, mut depth, mut quote) = (Vec::new(), 0, 0_i32, None);
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'\'' | b'"') => quote = Some(byte),
            (None, b'(' | b'{') => depth += 1,
            (None, b')' | b'}') => depth -= 1,
            (None, b',') if depth == 0 => {
                all.push(text[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    all.push(text[from..].trim());
    all
}

fn literal(choice: &str) -> Option<Kind> {
    if let Some(literal) = choice.strip_prefix(['\'', '"']) {
        return Some(Kind::text(literal.trim_end_matches(['\'', '"'])));
    }
    match choice {
        "true" => Some(Kind::Bool(true)),
        "false" => Some(Kind::Bool(false)),
        "null" => Some(Kind::Null),
        _ => choice.parse().ok().map(Kind::Number),
    }
}

fn is_ours(name: &str) -> bool {
    let sources =
        ["self:", "opt:", "env:", "sls:", "file(", "param:", "ssm:", "cf:", "cf.", "s3:", "aws:", "git:", "strToBool("];
    sources.iter().any(|source| name.trim_start().starts_with(source))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::yaml;

    #[test]
    fn variables_come_to_what_the_service_says() {
        let text = b"provider: {stage: '${opt:stage, \"test\"}'}\nparams: {default: {p: 1, q: a}, test: {p: 2}}\n\
            custom: {a: {b: x, test: y}, stage: '${opt:stage, \"dev\"}', loop: '${self:custom.loop}', list: [1, '${self:custom.a.b}']}\n";
        let root = &yaml::parse_documents(text).value[0];
        let path = RepoPath::new("serverless.yml");
        let variables = Variables { path: &path, root, files: &Files::default(), fuel: Fuel::default() };
        for (expression, expected) in [
            ("${self:custom.a.b}", Some(Kind::text("x"))),
            ("q-${self:custom.stage}-${sls:stage}", Some(Kind::text("q-dev-test"))),
            ("${opt:x, 5}", Some(Kind::Number(5.0))),
            ("${opt:x, self:custom.none, 'a, b'}", Some(Kind::text("a, b"))),
            ("${self:custom.a.${self:provider.stage}}", Some(Kind::text("y"))),
            ("${env:X, ${self:custom.a.b}}", Some(Kind::text("x"))),
            ("${param:p}-${param:q}", Some(Kind::text("2-a"))),
            ("${strToBool(${opt:x, 'true'})}", Some(Kind::Bool(true))),
            ("a ${", None),
            ("${AWS::Region}", None),
        ] {
            assert_eq!(variables.text(expression, 0), expected, "{expression}");
        }
        let Some(Kind::List(items)) = variables.text("${self:custom.list}", 0) else { panic!("a list") };
        assert_eq!(items[1].kind, Kind::text("x"));
        for unknown in [
            "${env:X}",
            "${file(a.yml):b}",
            "${self:custom.loop}",
            "${self:custom.none}",
            "${aws:region}",
            "${param:z}",
        ] {
            assert!(variables.text(unknown, 0).is_some_and(|kind| kind.is_unknown()), "{unknown}");
        }
    }
}
