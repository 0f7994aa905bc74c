//! One evaluation of one module: its inputs, and what was worked out so far.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use super::types;
use super::world::{Dir, In, World};
use crate::model::{Notice, NoticeKind, Span};
use crate::syntax::hcl::{Block, Kind, Val};

/// Steps of evaluation below one root module, at most.
const FUEL: u64 = 3_000_000;
/// Evaluations inside each other, at most: what a worker's stack holds.
const MAX_EVAL_DEPTH: u32 = 220;

/// Names that an expression sees beside the module's own: `each`, `count`, loop variables.
#[derive(Clone, Default)]
pub(super) struct Env(Option<Rc<Bound>>);

struct Bound {
    name: Box<str>,
    value: Val,
    outer: Env,
}

impl Env {
    /// The same with one more name.
    pub fn with(&self, name: &str, value: Val) -> Self {
        Self(Some(Rc::new(Bound { name: name.into(), value, outer: self.clone() })))
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&Val> {
        let mut at = self;
        while let Some(bound) = &at.0 {
            if &*bound.name == name {
                return Some(&bound.value);
            }
            at = &bound.outer;
        }
        None
    }
}

/// A value that is worked out when first asked for.
enum Slot {
    Busy,
    Done(Val),
}

/// Who called a module: the `module` block, in whose scope, with which `each` and `count`.
pub(super) struct Caller<'w> {
    /// Index of the calling scope.
    pub scope: usize,
    /// The call.
    pub call: In<&'w Block>,
    /// `each` or `count` there.
    pub env: Env,
}

/// The instances of a called module: the key and the scope of each.
pub(super) type Children = Vec<(Val, usize)>;

/// One module instance.
pub(super) struct Scope<'w> {
    /// Index in [`Evaluator::scopes`].
    pub id: usize,
    /// The module.
    pub dir: &'w Dir<'w>,
    /// What stands before its addresses: `module.a.`.
    pub prefix: String,
    /// `None` for a root module.
    pub caller: Option<Caller<'w>>,
    /// Modules around it.
    pub depth: usize,
    slots: RefCell<HashMap<(&'static str, Box<str>), Slot>>,
    /// What the module calls, as far as it was asked for; `None` where that is not in the tree, or not known yet.
    pub children: RefCell<BTreeMap<Box<str>, Option<Rc<Children>>>>,
}

/// Evaluates one root module and all modules it calls.
pub(super) struct Evaluator<'w> {
    /// As written.
    pub world: &'w World<'w>,
    /// The root module's directory.
    pub root: &'w str,
    /// All module instances so far; the first is the root.
    pub scopes: RefCell<Vec<Rc<Scope<'w>>>>,
    /// What went wrong on the way.
    pub notices: RefCell<Vec<Notice>>,
    fuel: Cell<u64>,
    depth: Cell<u32>,
}

impl<'w> Evaluator<'w> {
    /// For the module in `dir`.
    pub fn new(world: &'w World<'w>, dir: &'w Dir<'w>) -> Self {
        let evaluator = Self {
            world,
            root: dir.path,
            scopes: RefCell::default(),
            notices: RefCell::default(),
            fuel: Cell::new(FUEL),
            depth: Cell::new(0),
        };
        evaluator.add_scope(dir, String::new(), None, 0);
        evaluator
    }

    /// One more module instance: its index.
    pub fn add_scope(&self, dir: &'w Dir<'w>, prefix: String, caller: Option<Caller<'w>>, depth: usize) -> usize {
        let mut scopes = self.scopes.borrow_mut();
        let id = scopes.len();
        let (slots, children) = (RefCell::default(), RefCell::default());
        scopes.push(Rc::new(Scope { id, dir, prefix, caller, depth, slots, children }));
        id
    }

    /// The module instance of that index.
    pub fn scope(&self, id: usize) -> Rc<Scope<'w>> {
        Rc::clone(&self.scopes.borrow()[id])
    }

    /// One step of work; an unknown where there were too many, or too many inside each other.
    pub fn enter(&self, cost: u64) -> Result<(), Kind> {
        let left = self.fuel.get();
        if left < cost {
            if left > 0 {
                self.fuel.set(0);
                let message = format!(
                    "Evaluation of the module in `{}` was ended early: it takes too many steps; later values count as unknown.",
                    shown(self.root)
                );
                self.notices.borrow_mut().push(Notice::warning(NoticeKind::Limit, message));
            }
            return Err(Kind::unknown("evaluation takes too many steps"));
        }
        self.fuel.set(left - cost);
        Ok(())
    }

    /// Runs `work` one level deeper, or gives unknown where that is too deep.
    pub fn deeper(&self, work: impl FnOnce() -> Val, at: impl FnOnce(Kind) -> Val) -> Val {
        if let Err(kind) = self.enter(1) {
            return at(kind);
        }
        if self.depth.get() >= MAX_EVAL_DEPTH {
            return at(Kind::unknown("references go too deep"));
        }
        self.depth.set(self.depth.get() + 1);
        let value = work();
        self.depth.set(self.depth.get() - 1);
        value
    }

    fn slot(&self, scope: &Scope<'w>, space: &'static str, name: &str, work: impl FnOnce() -> Val) -> Val {
        let key = (space, Box::from(name));
        match scope.slots.borrow().get(&key) {
            Some(Slot::Done(value)) => return value.clone(),
            Some(Slot::Busy) => return nowhere(Kind::unknown(&format!("`{space}.{name}` refers to itself"))),
            None => {}
        }
        scope.slots.borrow_mut().insert(key.clone(), Slot::Busy);
        let value = work();
        scope.slots.borrow_mut().insert(key, Slot::Done(value.clone()));
        value
    }

    /// `var.name`.
    pub fn variable(&self, scope: &Rc<Scope<'w>>, name: &str) -> Val {
        let Some(declared) = scope.dir.variables.get(name) else {
            return nowhere(Kind::unknown(&format!("variable `{name}` is not declared")));
        };
        self.slot(scope, "var", name, || self.input(scope, name, *declared))
    }

    fn input(&self, scope: &Rc<Scope<'w>>, name: &str, declared: In<&'w Block>) -> Val {
        let body = &declared.item.body;
        let given = match &scope.caller {
            Some(caller) => caller.call.item.body.attr(name).map(|attr| {
                let outer = self.scope(caller.scope);
                self.eval(&outer, &caller.env, caller.call.file, &attr.value)
            }),
            None => {
                let set = scope.dir.tfvars.iter().rev().find(|(_, attr)| &*attr.item.name == name);
                set.map(|(_, attr)| self.eval(scope, &Env::default(), attr.file, &attr.item.value))
            }
        };
        let nullable = body
            .attr("nullable")
            .is_none_or(|attr| !matches!(attr.value.kind, crate::syntax::hcl::ExprKind::Bool(false)));
        let given = given.filter(|value| nullable || value.kind != Kind::Null);
        let value = given.or_else(|| {
            let default = body.attr("default")?;
            Some(self.eval(scope, &Env::default(), declared.file, &default.value))
        });
        let Some(value) = value else {
            return Val::new(
                Kind::unknown(&format!("variable `{name}` has no value")),
                declared.item.header,
                declared.file,
            );
        };
        match body.attr("type") {
            Some(kind) => {
                types::convert(&value, &kind.value, &|expr| self.eval(scope, &Env::default(), declared.file, expr))
            }
            None => value,
        }
    }

    /// `local.name`.
    pub fn local(&self, scope: &Rc<Scope<'w>>, name: &str) -> Val {
        match scope.dir.locals.get(name) {
            Some(attr) => {
                self.slot(scope, "local", name, || self.eval(scope, &Env::default(), attr.file, &attr.item.value))
            }
            None => nowhere(Kind::invalid("no such local value")),
        }
    }

    /// `data.aws_iam_policy_document.name.json`, worked out once.
    pub fn memo(&self, scope: &Scope<'w>, space: &'static str, name: &str, work: impl FnOnce() -> Val) -> Val {
        self.slot(scope, space, name, work)
    }

    /// An output of a module instance.
    pub fn output(&self, scope: &Rc<Scope<'w>>, name: &str) -> Val {
        let Some(output) = scope.dir.outputs.get(name) else {
            return nowhere(Kind::invalid("no such output"));
        };
        match output.item.body.attr("value") {
            Some(attr) => {
                self.slot(scope, "output", name, || self.eval(scope, &Env::default(), output.file, &attr.value))
            }
            None => nowhere(Kind::unknown("an output without a value")),
        }
    }
}

/// Why a value is unknown, as text.
pub(super) fn reason(kind: &Kind) -> Arc<str> {
    match kind {
        Kind::Unknown(why) | Kind::Invalid(why) => Arc::clone(why),
        Kind::Ref(address, path) => format!("`{address}.{path}` is known after apply").into(),
        _ => "it is neither a map nor a set".into(),
    }
}

/// A value that stands nowhere yet: whoever asked gives it its place.
pub(super) fn nowhere(kind: Kind) -> Val {
    Val::new(kind, Span::default(), u32::MAX)
}

/// A directory as a person reads it.
pub(super) fn shown(dir: &str) -> &str {
    if dir.is_empty() { "." } else { dir }
}
