//! What an expression of a plan's `configuration` refers to, through variables and outputs of modules.

use super::MAX_MODULE_DEPTH;
use crate::scan::iac::resource::{ValueKind as Kind, without_keys};
use crate::syntax::{Entry, Node};

/// Hops from variable to argument to output, at most.
const MAX_HOPS: usize = 2 * MAX_MODULE_DEPTH;

/// One module of the configuration, seen through the calls that lead to it.
pub(super) struct Scope<'n> {
    /// Its `configuration` part.
    module: Option<&'n Node>,
    /// What stands before its addresses, keys left out: `module.a.`.
    pub prefix: String,
    /// The caller, and the arguments of the call.
    outer: Option<(&'n Scope<'n>, Option<&'n Node>)>,
}

impl<'n> Scope<'n> {
    /// The root module of a plan.
    pub fn root(plan: &'n Node) -> Self {
        Self { module: plan.at(&["configuration", "root_module"]), prefix: String::new(), outer: None }
    }

    /// The `module` blocks.
    pub fn calls(&self) -> &'n [Entry] {
        self.module.and_then(|module| module.get("module_calls")).map_or(&[][..], Node::entries)
    }

    /// The module that a block calls.
    pub fn call<'s>(&'s self, name: &str) -> Option<Scope<'s>> {
        let call = self.module?.at(&["module_calls", name])?;
        let prefix = format!("{}module.{name}.", self.prefix);
        Some(Scope { module: call.get("module"), prefix, outer: Some((self, call.get("expressions"))) })
    }

    /// What was written for a resource; `address` is the module's own, without keys.
    pub fn expressions(&self, address: &str) -> Option<&'n Node> {
        let all = self.module?.get("resources")?.items();
        all.iter().find(|node| node.get("address").and_then(Node::as_str) == Some(address))?.get("expressions")
    }

    /// The one resource that an expression names; `None` where it names none, or several.
    pub fn target(&self, references: &[Node], hops: usize) -> Option<Kind> {
        let mut found: Option<(String, String)> = None;
        for text in references.iter().filter_map(Node::as_str) {
            let Some(Kind::Ref(address, path)) = self.one(text, hops) else { continue };
            match &mut found {
                None => found = Some((address.to_string(), path.to_string())),
                Some((known, _)) if **known != *address => return None,
                // Terraform lists `a.b.id` and then `a.b`.
                Some((_, known)) if known.is_empty() => *known = path.to_string(),
                Some(_) => {}
            }
        }
        found.map(|(address, path)| Kind::Ref(address.into(), path.into()))
    }

    fn one(&self, text: &str, hops: usize) -> Option<Kind> {
        if hops > MAX_HOPS {
            return None;
        }
        let plain = without_keys(text);
        let parts: Vec<&str> = plain.split('.').collect();
        match parts[..] {
            ["each" | "count" | "local" | "path" | "terraform" | "self", ..] | [_] => None,
            ["var", name, ..] => {
                let (outer, arguments) = self.outer?;
                outer.target(arguments?.get(name)?.get("references")?.items(), hops + 1)
            }
            ["module", name, output, ..] => {
                let inner = self.call(name)?;
                let output = inner.module?.at(&["outputs", output, "expression", "references"])?;
                inner.target(output.items(), hops + 1)
            }
            ["module", _] => None,
            ["data", kind, name, ..] => self.reference(&format!("data.{kind}.{name}"), &parts[3..]),
            [kind, name, ..] => self.reference(&format!("{kind}.{name}"), &parts[2..]),
            [] => None,
        }
    }

    fn reference(&self, address: &str, path: &[&str]) -> Option<Kind> {
        Some(Kind::Ref(format!("{}{address}", self.prefix).into(), path.join(".").into()))
    }
}
