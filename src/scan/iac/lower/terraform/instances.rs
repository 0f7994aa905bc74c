//! Which instances `count`, `for_each` and a module's callers make.

use std::rc::Rc;
use std::sync::Arc;

use super::scope::{Caller, Children, Env, Evaluator, Scope, nowhere, reason};
use super::world::{In, local_source};
use crate::model::{Notice, NoticeKind};
use crate::syntax::hcl::{Block, Expr, Kind, Val};

/// Modules inside modules, at most.
const MAX_MODULE_DEPTH: usize = 24;
/// Module instances in one run, at most.
const MAX_SCOPES: usize = 2_000;
/// Instances of one resource or module, at most.
pub(super) const MAX_INSTANCES: usize = 1_000;

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

impl<'w> Evaluator<'w> {
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
