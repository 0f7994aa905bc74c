//! Conditions of a template, and what becomes of a resource where nothing decides them.

use super::{Template, scalar};
use crate::scan::iac::resource::Value;
use crate::syntax::{Entry, Node};

/// Conditions that name each other, at most.
const MAX_CONDITIONS: usize = 20;
/// Conditions of one resource that are tried both ways, at most.
const MAX_TRIED: usize = 3;

impl Template<'_> {
    /// The attributes for each way that undecided conditions of the last call of [`Self::attributes`] may turn
    /// out: what is denied in all of them is wrong however they turn out.
    pub(super) fn alternatives(&self, kind: &str, entry: &Entry) -> Vec<Value> {
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

    /// The condition that has to be decided first: one that others are made of.
    pub(super) fn first_undecided<'n>(&'n self, name: &'n str, depth: usize) -> &'n str {
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

    /// Whether a condition of the template holds; `None` where only a deployment decides.
    pub(super) fn condition(&self, name: &str, depth: usize) -> Option<bool> {
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

    /// The same for a function that conditions are made of.
    pub(super) fn holds(&self, function: &str, of: &Node, depth: usize) -> Option<bool> {
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
