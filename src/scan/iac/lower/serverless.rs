//! Serverless Framework services: `serverless.provider`, a `serverless.function` for each function (with
//! `provider` in it), and the resources as CloudFormation.

use super::super::resource::{Resource, Value, ValueKind as Kind};
use super::cloudformation;
use super::documents::Lowered;
use super::values::{Fuel, extended, kind_with};
use crate::model::{RepoPath, Span};
use crate::syntax::{Node, Value as Tree};

/// Variables that lead to variables, at most.
const MAX_STEPS: usize = 10;
const MAX_TEXT: usize = 1 << 16;

/// True for a service: by its file's name or by a service with a provider.
#[must_use]
pub fn is_service(path: &RepoPath, node: &Node) -> bool {
    let named = path.file_name().starts_with("serverless.") || path.file_name().starts_with("serverless-");
    let provider =
        node.at(&["provider", "name"]).is_some() || node.get("provider").is_some_and(|p| p.as_str().is_some());
    provider && (named || node.get("service").is_some())
}

/// Adds the provider, the functions and the resources.
pub fn lower(path: &RepoPath, node: &Node, lowered: &mut Lowered) {
    let variables = Variables { root: node, fuel: Fuel::default() };
    let mut add = |kind: &str, name: &str, header: Span, extent: Span, attributes: Value| {
        lowered.resources.push(Resource {
            kind: format!("serverless.{kind}"),
            address: if kind == "provider" { kind.to_owned() } else { format!("functions.{name}") },
            name: name.to_owned(),
            path: path.clone(),
            file: 0,
            header,
            extent,
            attributes,
            calls: Vec::new(),
        });
    };
    let Some(provider) = node.entry("provider") else { return };
    let common = Value::new(variables.kind(&provider.value), provider.key_span, 0);
    let extent = provider.key_span.join(provider.value.span);
    add("provider", "provider", provider.key_span, extent, common.clone());
    for function in node.get("functions").map(Node::entries).unwrap_or_default() {
        let own = Value::new(variables.kind(&function.value), function.key_span, 0);
        let attributes = if own.kind.is_unknown() { own } else { extended(own, vec![("provider", common.clone())]) };
        add("function", &function.key, function.key_span, function.key_span.join(function.value.span), attributes);
    }
    let known = |text: &str| variables.text(text, 0);
    let sections = node.get("resources").map(|resources| match &resources.value {
        Tree::List(items) => items.iter().collect(),
        _ => vec![resources],
    });
    for section in sections.unwrap_or_default() {
        cloudformation::lower_with(path, section, &known, lowered);
    }
}

struct Variables<'a> {
    root: &'a Node,
    fuel: Fuel,
}

impl Variables<'_> {
    fn kind(&self, node: &Node) -> Kind {
        kind_with(node, &mut |node| match (&node.tag, &node.value) {
            (Some(_), _) => Some(Kind::unknown("a function of CloudFormation")),
            (None, Tree::Map(entries)) if matches!(entries.as_slice(), [one] if one.key == "Ref" || one.key.starts_with("Fn::")) => {
                Some(Kind::unknown("a function of CloudFormation"))
            }
            (None, Tree::String(text)) if text.contains("${") => self.text(text, 0),
            _ => None,
        })
    }

    /// A text with variables; `None` where it holds none of ours (CloudFormation's `${AWS::Region}`).
    fn text(&self, text: &str, depth: usize) -> Option<Kind> {
        let inner = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        if let Some(inner) = inner.filter(|inner| !inner.contains("${")) {
            return is_ours(inner).then(|| self.variable(inner, depth));
        }
        let mut result = String::new();
        let mut rest = text;
        let mut ours = false;
        while let Some((before, behind)) = rest.split_once("${") {
            result.push_str(before);
            let Some((name, after)) = behind.split_once('}') else { break };
            rest = after;
            if name.contains("${") {
                return Some(Kind::unknown("a variable in a variable"));
            }
            if !is_ours(name) {
                result.push_str(&format!("${{{name}}}"));
                continue;
            }
            ours = true;
            match self.variable(name, depth) {
                Kind::String(value) if result.len() + value.len() <= MAX_TEXT => result.push_str(&value),
                Kind::Number(value) => result.push_str(&value.to_string()),
                Kind::Bool(value) => result.push_str(&value.to_string()),
                _ => return Some(Kind::unknown("a variable")),
            }
        }
        result.push_str(rest);
        ours.then(|| self.fuel.text(&result))
    }

    /// `self:a.b`, `opt:x`, `env:X`, each with other choices behind commas.
    fn variable(&self, expression: &str, depth: usize) -> Kind {
        if depth > MAX_STEPS {
            return Kind::unknown("variables in a circle");
        }
        for choice in expression.split(',').map(str::trim) {
            if let Some(literal) = choice.strip_prefix(['\'', '"']) {
                return Kind::text(literal.trim_end_matches(['\'', '"']));
            }
            match choice {
                "true" => return Kind::Bool(true),
                "false" => return Kind::Bool(false),
                "null" => return Kind::Null,
                _ => {}
            }
            if let Ok(number) = choice.parse::<f64>() {
                return Kind::Number(number);
            }
            let Some((source, path)) = choice.split_once(':') else { continue };
            match source {
                "self" => {
                    let keys: Vec<&str> = path.split('.').collect();
                    if let Some(node) = self.root.at(&keys) {
                        return match node.as_str().filter(|text| text.contains("${")) {
                            Some(text) => self.text(text, depth + 1).unwrap_or_else(|| Kind::text(text)),
                            None => kind_with(node, &mut |node| {
                                let variable = node.as_str().is_some_and(|text| text.contains("${"));
                                (variable || !self.fuel.spend(1)).then(|| Kind::unknown("a variable"))
                            }),
                        };
                    }
                }
                "sls" if path == "stage" => {
                    return self.root.at(&["provider", "stage"]).and_then(Node::as_str).map_or_else(
                        || Kind::text("dev"),
                        |stage| self.text(stage, depth + 1).unwrap_or_else(|| Kind::text(stage)),
                    );
                }
                // Options and the environment: the defaults behind them count.
                "opt" | "env" | "param" => {}
                _ => return Kind::unknown("a variable from elsewhere"),
            }
        }
        Kind::unknown("a variable without a default")
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
    fn variables_come_to_what_the_file_says() {
        let text = b"custom: {a: {b: x}, stage: '${opt:stage, \"dev\"}', loop: '${self:custom.loop}'}\n";
        let root = &yaml::parse_documents(text).value[0];
        let variables = Variables { root, fuel: Fuel::default() };
        for (expression, expected) in [
            ("${self:custom.a.b}", Some(Kind::text("x"))),
            ("q-${self:custom.stage}-${sls:stage}", Some(Kind::text("q-dev-dev"))),
            ("${opt:x, 5}", Some(Kind::Number(5.0))),
            ("${AWS::Region}", None),
        ] {
            assert_eq!(variables.text(expression, 0), expected, "{expression}");
        }
        for unknown in ["${env:X}", "${file(a.yml):b}", "${self:custom.loop}", "${self:custom.none}"] {
            assert!(variables.text(unknown, 0).is_some_and(|kind| kind.is_unknown()), "{unknown}");
        }
    }
}
