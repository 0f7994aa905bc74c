//! Names to values: variables, locals, resources, data sources and modules, and what stands behind their dots.

use std::sync::Arc;

use super::eval::Here;
use super::instances::Instances;
use super::ops::{self, Out};
use super::policy;
use super::scope::{Evaluator, nowhere};
use crate::syntax::hcl::{Expr, ExprKind, Kind, Val};

/// One step of a traversal.
enum Step<'x> {
    Attr(&'x str),
    Index(&'x Expr),
}

impl<'w> Evaluator<'w> {
    /// A name and what stands behind it.
    pub(super) fn traversal(&self, here: &Here<'_, 'w>, expr: &Expr) -> Out {
        let (base, steps) = unwind(expr);
        let ExprKind::Var(root) = &base.kind else {
            return self.follow(here, self.sub(here, base), &steps);
        };
        if let Some(value) = here.env.get(root) {
            return self.follow(here, value.clone(), &steps);
        }
        let name = match steps.first() {
            Some(Step::Attr(name)) => *name,
            _ => return Err(Kind::unknown(&format!("`{root}` is not evaluated here"))),
        };
        match &**root {
            "var" => self.follow(here, self.variable(here.scope, name), &steps[1..]),
            "local" => self.follow(here, self.local(here.scope, name), &steps[1..]),
            "module" => self.module(here, name, &steps[1..]),
            "path" => Ok(Kind::text(match name {
                "module" => super::scope::shown(here.scope.dir.path),
                _ => super::scope::shown(self.root),
            })),
            "data" => self.data(here, name, &steps[1..]),
            "terraform" | "each" | "count" | "self" | "ephemeral" => {
                Err(Kind::unknown(&format!("`{root}.{name}` is not known before apply")))
            }
            kind => self.resource(here, kind, name, &steps[1..]),
        }
    }

    fn follow(&self, here: &Here<'_, 'w>, mut value: Val, steps: &[Step<'_>]) -> Out {
        for step in steps {
            let kind = match step {
                Step::Attr(name) => member(&value, name),
                Step::Index(key) => element(&value, &self.sub(here, key)),
            }?;
            value = value.with(kind);
        }
        Ok(value.kind)
    }

    /// `type.name…`: a reference to what that resource will be. Indexes leave no trace; one into a resource
    /// that has no instance is an error, as it is for Terraform.
    fn resource(&self, here: &Here<'_, 'w>, kind: &str, name: &str, steps: &[Step<'_>]) -> Out {
        let address = format!("{}{kind}.{name}", here.scope.prefix);
        // Where only a part of a module is scanned, a resource that it names may stand elsewhere.
        let Some(block) = here.scope.dir.resources.get(&(kind, name)) else {
            return Ok(reference(&address, steps));
        };
        let counted = block.item.body.attr("count").or_else(|| block.item.body.attr("for_each")).is_some();
        if counted {
            let key = format!("{kind}.{name}");
            let none = self.memo(here.scope, "instances", &key, || {
                nowhere(Kind::Bool(matches!(self.instances(here.scope, *block), Instances::Zero)))
            });
            if none.kind == Kind::Bool(true) {
                return if steps.is_empty() {
                    Ok(Kind::list(Vec::new()))
                } else {
                    Err(Kind::invalid("no such instance"))
                };
            }
        }
        Ok(reference(&address, steps))
    }

    fn data(&self, here: &Here<'_, 'w>, kind: &str, steps: &[Step<'_>]) -> Out {
        let Some((Step::Attr(name), rest)) = steps.split_first() else {
            return Err(Kind::unknown("a data source"));
        };
        let wants_json = rest.iter().any(|step| matches!(step, Step::Attr("json" | "minified_json")));
        if kind == "aws_iam_policy_document"
            && wants_json
            && let Some(block) = here.scope.dir.data.get(&(kind, *name))
        {
            return Ok(self.memo(here.scope, "data", name, || policy::render(self, here.scope, *block)).kind);
        }
        Ok(reference(&format!("{}data.{kind}.{name}", here.scope.prefix), rest))
    }

    fn module(&self, here: &Here<'_, 'w>, name: &str, steps: &[Step<'_>]) -> Out {
        let Some(instances) = self.children(here.scope, name) else {
            return Ok(reference(&format!("{}module.{name}", here.scope.prefix), steps));
        };
        let (chosen, rest) = match steps.split_first() {
            Some((Step::Index(key), rest)) => {
                let key = self.sub(here, key);
                let found = instances.iter().find(|(other, _)| ops::equal(other, &key) == Ok(true));
                (found.or_else(|| instances.first()), rest)
            }
            _ => (instances.first(), steps),
        };
        let Some((_, scope)) = chosen else {
            return if steps.is_empty() { Ok(Kind::list(Vec::new())) } else { Err(Kind::invalid("no such instance")) };
        };
        match rest.split_first() {
            Some((Step::Attr(output), rest)) => {
                let value = self.output(&self.scope(*scope), output);
                self.follow(here, value, rest)
            }
            _ => Err(Kind::unknown("a module as a whole")),
        }
    }
}

fn unwind(expr: &Expr) -> (&Expr, Vec<Step<'_>>) {
    let mut steps = Vec::new();
    let mut at = expr;
    loop {
        at = match &at.kind {
            ExprKind::Attr(of, name) => {
                steps.push(Step::Attr(name));
                of
            }
            ExprKind::Index(of, key) => {
                // `a["b"]` is `a.b`.
                steps.push(match &key.kind {
                    ExprKind::String(name) => Step::Attr(name),
                    _ => Step::Index(key),
                });
                of
            }
            _ => break,
        };
    }
    steps.reverse();
    (at, steps)
}

fn reference(address: &str, steps: &[Step<'_>]) -> Kind {
    let path: Vec<&str> = steps
        .iter()
        .filter_map(|step| match step {
            Step::Attr(name) => Some(*name),
            Step::Index(_) => None,
        })
        .collect();
    Kind::Ref(address.into(), path.join(".").into())
}

/// `value.name`.
pub(super) fn member(value: &Val, name: &str) -> Out {
    match &value.kind {
        Kind::Map(_) => value.get(name).map(|found| found.kind.clone()).ok_or_else(|| Kind::invalid("no such member")),
        Kind::Ref(address, path) => {
            let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            Ok(Kind::Ref(Arc::clone(address), path.into()))
        }
        Kind::List(items) => match name.parse::<usize>().ok().and_then(|at| items.get(at)) {
            Some(item) => Ok(item.kind.clone()),
            None => Err(Kind::invalid("no such element")),
        },
        Kind::Unknown(_) => Err(value.kind.clone()),
        _ => Err(Kind::invalid("no members")),
    }
}

/// `value[key]`.
pub(super) fn element(value: &Val, key: &Val) -> Out {
    if matches!(value.kind, Kind::Ref(..)) {
        return Ok(value.kind.clone());
    }
    match &ops::known(value)?.kind {
        Kind::List(items) => {
            let at = ops::integer(key)?;
            let found = usize::try_from(at).ok().and_then(|at| items.get(at));
            found.map(|item| item.kind.clone()).ok_or_else(|| Kind::invalid("no such element"))
        }
        Kind::Map(_) => member(value, &ops::text(key)?),
        _ => Err(Kind::invalid("no elements")),
    }
}
