//! One evaluation of one module: its inputs, and what was worked out so far.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use super::types;
use super::world::{Dir, In, World, local_source};
use crate::model::{Notice, NoticeKind, Span};
use crate::syntax::hcl::{Block, Expr, Kind, Val};

/// Modules inside modules, at most.
const MAX_MODULE_DEPTH: usize = 24;
/// Module instances in one run, at most.
const MAX_SCOPES: usize = 2_000;
/// Instances of one resource or module, at most.
pub(super) const MAX_INSTANCES: usize = 1_000;
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
    depth: usize,
    slots: RefCell<HashMap<(&'static str, Box<str>), Slot>>,
    children: RefCell<BTreeMap<Box<str>, Option<Rc<Children>>>>,
}

/// Instances that `count` or `for_each` ask for.
#[derive(Clone)]
pub(super) enum Instances {
    /// Neither is given, or all instances are alike.
    One,
    /// Known to be none.
    Zero,
    /// By key: what `each.key` or `count.index` is, and what `each.value` is.
    Keys(Rc<Vec<(Val, Val)>>),
    /// Not to be known: why.
    Unknown(Arc<str>),
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

    fn add_scope(&self, dir: &'w Dir<'w>, prefix: String, caller: Option<Caller<'w>>, depth: usize) -> usize {
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

    /// The instances of a module that another calls: key and scope of each. `None` where the module is not in
    /// the tree, or its instances can't be known.
    pub fn children(&self, scope: &Rc<Scope<'w>>, name: &str) -> Option<Rc<Children>> {
        if let Some(known) = scope.children.borrow().get(name) {
            return known.clone();
        }
        // Asked for again while being worked out: a module whose number depends on itself.
        scope.children.borrow_mut().insert(name.into(), None);
        let found = self.instantiate(scope, name).map(Rc::new);
        scope.children.borrow_mut().insert(name.into(), found.clone());
        found
    }

    fn instantiate(&self, scope: &Rc<Scope<'w>>, name: &str) -> Option<Children> {
        let call = *scope.dir.modules.get(name)?;
        let source = match &call.item.body.attr("source")?.value.kind {
            crate::syntax::hcl::ExprKind::String(source) => local_source(scope.dir.path, source)?,
            _ => return None,
        };
        let dir = self.world.dirs.get(source.as_str())?;
        let path = &self.world.files[call.file as usize].path;
        let refuse = |why: &str| {
            let message = format!("Module `{name}` was not evaluated: {why}.");
            self.notices.borrow_mut().push(Notice::warning(NoticeKind::Limit, message).at(path).span(call.item.header));
        };
        if self.calls_itself(scope, dir.path) {
            refuse("it calls itself");
            return None;
        }
        if scope.depth >= MAX_MODULE_DEPTH {
            refuse("modules are nested too deep");
            return None;
        }
        let instances = match self.instances(scope, call) {
            Instances::Zero => Vec::new(),
            Instances::One => vec![(nowhere(Kind::Null), Env::default())],
            Instances::Unknown(why) => vec![(nowhere(Kind::Unknown(why.clone())), unknown_instance(&why))],
            Instances::Keys(keys) => {
                let each = |(key, value): &(Val, Val)| (key.clone(), instance_env(key, value));
                keys.iter().map(each).collect()
            }
        };
        if self.scopes.borrow().len() + instances.len() > MAX_SCOPES {
            refuse("there are more than 2,000 module instances");
            return None;
        }
        let scopes = instances.into_iter().map(|(key, env)| {
            let prefix = format!("{}module.{name}.", scope.prefix);
            let caller = Caller { scope: scope.id, call, env };
            (key, self.add_scope(dir, prefix, Some(caller), scope.depth + 1))
        });
        Some(scopes.collect())
    }

    fn calls_itself(&self, scope: &Rc<Scope<'w>>, dir: &str) -> bool {
        let mut at = Rc::clone(scope);
        loop {
            if at.dir.path == dir {
                return true;
            }
            match &at.caller {
                Some(caller) => at = self.scope(caller.scope),
                None => return false,
            }
        }
    }

    /// What `count` and `for_each` of a block come to. Where the block uses neither `each` nor `count`, all
    /// instances are alike and one stands for them.
    pub fn instances(&self, scope: &Rc<Scope<'w>>, block: In<&'w Block>) -> Instances {
        let body = &block.item.body;
        let found = match (body.attr("count"), body.attr("for_each")) {
            (Some(count), _) => self.counted(scope, block, &count.value),
            (None, Some(each)) => self.for_each(scope, block.file, &each.value),
            (None, None) => return Instances::One,
        };
        match &found {
            Instances::Keys(keys) if keys.is_empty() => Instances::Zero,
            Instances::Keys(keys) if keys.len() >= MAX_INSTANCES => {
                let path = &self.world.files[block.file as usize].path;
                let message = format!("Only the first {MAX_INSTANCES} instances of this block were checked.");
                self.notices
                    .borrow_mut()
                    .push(Notice::warning(NoticeKind::Limit, message).at(path).span(block.item.header));
                found
            }
            _ => found,
        }
    }

    fn counted(&self, scope: &Rc<Scope<'w>>, block: In<&'w Block>, count: &Expr) -> Instances {
        let value = self.eval(scope, &Env::default(), block.file, count);
        match super::ops::number(&value) {
            Ok(count) if count < 1.0 => Instances::Zero,
            Ok(_) if !super::body::uses(&block.item.body, "count") => Instances::One,
            Ok(count) => {
                // Casts saturate, so a count of 1e300 is as good as the limit.
                let count = (count as usize).min(MAX_INSTANCES);
                let index = |at: usize| value.with(Kind::Number(at as f64));
                Instances::Keys(Rc::new((0..count).map(|at| (index(at), value.with(Kind::Null))).collect()))
            }
            Err(kind) => Instances::Unknown(reason(&kind)),
        }
    }

    fn for_each(&self, scope: &Rc<Scope<'w>>, file: u32, each: &Expr) -> Instances {
        let value = self.eval(scope, &Env::default(), file, each);
        match &value.kind {
            Kind::Map(entries) => Instances::Keys(Rc::new(
                entries
                    .iter()
                    .take(MAX_INSTANCES)
                    .map(|(key, item)| (item.with(Kind::String(Arc::clone(key))), item.clone()))
                    .collect(),
            )),
            Kind::List(items) => Instances::Keys(Rc::new(
                items.iter().take(MAX_INSTANCES).map(|item| (item.clone(), item.clone())).collect(),
            )),
            Kind::Null => Instances::Zero,
            other => Instances::Unknown(reason(other)),
        }
    }
}

/// What `each` and `count` are in one instance.
pub(super) fn instance_env(key: &Val, value: &Val) -> Env {
    let each = Kind::map(vec![("key".into(), key.clone()), ("value".into(), value.clone())]);
    let count = Kind::map(vec![("index".into(), key.clone())]);
    Env::default().with("each", key.with(each)).with("count", key.with(count))
}

/// What they are where the number of instances can't be known.
pub(super) fn unknown_instance(why: &Arc<str>) -> Env {
    let unknown = nowhere(Kind::Unknown(Arc::clone(why)));
    Env::default().with("each", unknown.clone()).with("count", unknown)
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
