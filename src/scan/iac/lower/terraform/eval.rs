//! Expressions to values.

use std::rc::Rc;
use std::sync::Arc;

use super::ops::{self, Out};
use super::references::{element, member};
use super::scope::{Env, Evaluator, Scope, nowhere};
use super::{files, functions};
use crate::syntax::hcl::{BinOp, Expr, ExprKind, ForExpr, Kind, Part, SplatStep, Val};

/// Values inside one value, at most.
const MAX_WEIGHT: usize = 200_000;

/// Levels of a value in which `try` and `can` look for an error.
const MAX_LOOK: usize = 16;

/// True where evaluating a part of the value is an error: Terraform then gives no value at all.
fn holds_invalid(value: &Val, levels: usize) -> bool {
    match &value.kind {
        Kind::Invalid(_) => true,
        Kind::List(items) if levels > 0 => items.iter().any(|item| holds_invalid(item, levels - 1)),
        Kind::Map(entries) if levels > 0 => entries.iter().any(|(_, item)| holds_invalid(item, levels - 1)),
        _ => false,
    }
}

/// Where an expression is evaluated.
pub(super) struct Here<'e, 'w> {
    /// The module's instance.
    pub scope: &'e Rc<Scope<'w>>,
    /// Names beside the module's own.
    pub env: &'e Env,
    /// The file it stands in.
    pub file: u32,
}

impl<'w> Evaluator<'w> {
    /// The value of an expression that stands in `file`. Every value made here has the place of its own
    /// expression; one that is only referred to keeps its inside's places, in their file.
    pub fn eval(&self, scope: &Rc<Scope<'w>>, env: &Env, file: u32, expr: &Expr) -> Val {
        let at = |kind| Val::new(kind, expr.span, file);
        let here = Here { scope, env, file };
        self.deeper(
            || {
                let kind = self.kind_of(&here, expr).unwrap_or_else(|kind| kind);
                at(self.bounded(kind))
            },
            at,
        )
    }

    /// The value of a part of it.
    pub(super) fn sub(&self, here: &Here<'_, 'w>, expr: &Expr) -> Val {
        self.eval(here.scope, here.env, here.file, expr)
    }

    /// Refuses values that grew out of hand (lists of lists of the same list).
    fn bounded(&self, kind: Kind) -> Kind {
        if !matches!(kind, Kind::List(_) | Kind::Map(_) | Kind::Json(_)) {
            return kind;
        }
        let value = nowhere(kind);
        let weight = value.weight(MAX_WEIGHT);
        if weight >= MAX_WEIGHT {
            return Kind::unknown("value too large");
        }
        match self.enter(weight as u64 / 8) {
            Ok(()) => value.kind,
            Err(kind) => kind,
        }
    }

    fn kind_of(&self, here: &Here<'_, 'w>, expr: &Expr) -> Out {
        match &expr.kind {
            ExprKind::Null => Ok(Kind::Null),
            ExprKind::Bool(value) => Ok(Kind::Bool(*value)),
            ExprKind::Number(value) => Ok(Kind::Number(*value)),
            ExprKind::String(text) => Ok(Kind::text(text)),
            ExprKind::Template(parts) => self.template(here, parts),
            ExprKind::List(items) => Ok(Kind::list(items.iter().map(|item| self.sub(here, item)).collect())),
            ExprKind::Object(members) => self.object(here, members),
            ExprKind::Var(_) | ExprKind::Attr(..) | ExprKind::Index(..) => self.traversal(here, expr),
            ExprKind::Splat(of, steps) => self.splat(here, of, steps),
            ExprKind::Call(name, args, expand) => self.call(here, name, args, *expand),
            ExprKind::Cond(parts) => self.conditional(here, parts),
            ExprKind::Not(of) => ops::boolean(&self.sub(here, of)).map(|value| Kind::Bool(!value)),
            ExprKind::Neg(of) => ops::number(&self.sub(here, of)).map(|value| Kind::Number(-value)),
            ExprKind::Binary(op, sides) => self.binary(here, *op, sides),
            ExprKind::For(each) => self.for_expr(here, each),
        }
    }

    fn object(&self, here: &Here<'_, 'w>, members: &[(Expr, Expr)]) -> Out {
        let mut entries: Vec<(Arc<str>, Val)> = Vec::with_capacity(members.len());
        for (key, value) in members {
            let key = ops::text(&self.sub(here, key))?.into_owned();
            let value = self.sub(here, value);
            match entries.iter_mut().find(|(name, _)| **name == *key) {
                Some(entry) if members.len() < 1_000 => entry.1 = value,
                _ => entries.push((key.into(), value)),
            }
        }
        Ok(Kind::map(entries))
    }

    fn conditional(&self, here: &Here<'_, 'w>, parts: &[Expr; 3]) -> Out {
        let condition = self.sub(here, &parts[0]);
        match ops::boolean(&condition) {
            Ok(true) => Ok(self.sub(here, &parts[1]).kind),
            Ok(false) => Ok(self.sub(here, &parts[2]).kind),
            Err(Kind::Invalid(why)) => Err(Kind::Invalid(why)),
            Err(unknown) => {
                let (a, b) = (self.sub(here, &parts[1]), self.sub(here, &parts[2]));
                if a.kind == b.kind { Ok(a.kind) } else { Err(unknown) }
            }
        }
    }

    fn binary(&self, here: &Here<'_, 'w>, op: BinOp, sides: &[Expr; 2]) -> Out {
        let a = self.sub(here, &sides[0]);
        let decisive = match op {
            BinOp::And => false,
            BinOp::Or => true,
            _ => return ops::binary(op, &a, &self.sub(here, &sides[1])),
        };
        let left = ops::boolean(&a);
        if left == Ok(decisive) {
            return Ok(Kind::Bool(decisive));
        }
        let right = ops::boolean(&self.sub(here, &sides[1]));
        match (left, right) {
            (_, Ok(right)) if right == decisive => Ok(Kind::Bool(decisive)),
            (Err(kind), _) | (_, Err(kind)) => Err(kind),
            _ => Ok(Kind::Bool(!decisive)),
        }
    }

    fn template(&self, here: &Here<'_, 'w>, parts: &[Part]) -> Out {
        if let [Part::Interpolation(only)] = parts {
            return Ok(self.sub(here, only).kind);
        }
        let mut text = String::new();
        self.render(here, parts, &mut text)?;
        Ok(Kind::text(&text))
    }

    fn render(&self, here: &Here<'_, 'w>, parts: &[Part], text: &mut String) -> Result<(), Kind> {
        for part in parts {
            self.enter(1)?;
            match part {
                Part::Text(piece) => text.push_str(piece),
                Part::Interpolation(expr) => text.push_str(&ops::text(&self.sub(here, expr))?),
                Part::If(condition, then, otherwise) => {
                    let chosen = if ops::boolean(&self.sub(here, condition))? { then } else { otherwise };
                    self.render(here, chosen, text)?;
                }
                Part::For { key, value, of, body } => {
                    for (index, item) in pairs(&self.sub(here, of))? {
                        let env = bind(here.env, key.as_deref(), value, index, item);
                        self.render(&Here { env: &env, ..*here }, body, text)?;
                    }
                }
            }
            if text.len() > ops::MAX_TEXT {
                return Err(Kind::unknown("text too long to build"));
            }
        }
        Ok(())
    }

    fn for_expr(&self, here: &Here<'_, 'w>, each: &ForExpr) -> Out {
        let mut list = Vec::new();
        let mut map: Vec<(Arc<str>, Val)> = Vec::new();
        let mut places = std::collections::HashMap::new();
        for (index, item) in pairs(&self.sub(here, &each.of))? {
            self.enter(4)?;
            let env = bind(here.env, each.key_var.as_deref(), &each.value_var, index, item);
            let inner = Here { env: &env, ..*here };
            if let Some(condition) = &each.cond
                && !ops::boolean(&self.sub(&inner, condition))?
            {
                continue;
            }
            let value = self.sub(&inner, &each.value);
            let Some(key) = &each.key else {
                list.push(value);
                continue;
            };
            let key: Arc<str> = ops::text(&self.sub(&inner, key))?.into();
            match (places.get(&key), each.grouping) {
                (None, grouping) => {
                    places.insert(Arc::clone(&key), map.len());
                    let value = if grouping { value.with(Kind::list(vec![value.clone()])) } else { value };
                    map.push((key, value));
                }
                (Some(&at), true) => {
                    let slot: &mut (Arc<str>, Val) = &mut map[at];
                    if let Kind::List(items) = &mut slot.1.kind {
                        Arc::make_mut(items).push(value);
                    }
                }
                (Some(_), false) => return Err(Kind::invalid("two elements have the same key")),
            }
        }
        if each.key.is_none() {
            return Ok(Kind::list(list));
        }
        map.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(Kind::map(map))
    }

    fn splat(&self, here: &Here<'_, 'w>, of: &Expr, steps: &[SplatStep]) -> Out {
        let value = self.sub(here, of);
        let items: Vec<Val> = match &value.kind {
            Kind::Null => Vec::new(),
            Kind::List(items) => items.to_vec(),
            Kind::Unknown(_) | Kind::Invalid(_) => return Err(value.kind),
            // A resource with `count`, or one without: its elements are alike for us.
            _ => vec![value.clone()],
        };
        let mut all = Vec::with_capacity(items.len());
        for item in items {
            let mut at = item;
            for step in steps {
                let kind = match step {
                    SplatStep::Attr(name) => member(&at, name),
                    SplatStep::Index(key) => element(&at, &self.sub(here, key)),
                };
                at = at.with(kind.unwrap_or_else(|kind| kind));
            }
            all.push(at);
        }
        Ok(Kind::list(all))
    }

    fn call(&self, here: &Here<'_, 'w>, name: &str, args: &[Expr], expand: bool) -> Out {
        match name {
            "try" => {
                for arg in args {
                    let value = self.sub(here, arg);
                    if !holds_invalid(&value, MAX_LOOK) {
                        return Ok(value.kind);
                    }
                }
                return Err(Kind::invalid("no argument of try is valid"));
            }
            "can" => {
                let value = self.sub(here, args.first().ok_or_else(|| Kind::invalid("no argument"))?);
                return Ok(match value.kind {
                    Kind::Unknown(why) => Kind::Unknown(why),
                    _ => Kind::Bool(!holds_invalid(&value, MAX_LOOK)),
                });
            }
            _ => {}
        }
        let mut values: Vec<Val> = args.iter().map(|arg| self.sub(here, arg)).collect();
        if expand && let Some(last) = values.pop() {
            values.extend(ops::elements(&last)?);
        }
        match name {
            "file" | "fileexists" | "filebase64" | "filebase64sha256" | "filebase64sha512" | "filemd5" | "filesha1"
            | "filesha256" | "filesha512" | "templatefile" => files::call(self, here.scope, name, &values),
            "templatestring" => {
                let content = ops::text(values.first().ok_or_else(|| Kind::invalid("no template"))?)?.into_owned();
                files::template(self, here.scope, &content, &values)
            }
            _ => Ok(functions::call(name, &values)),
        }
    }
}

/// What a `for` walks: keys and values of a map in order of the keys, indexes and elements of a list.
fn pairs(value: &Val) -> Result<Vec<(Val, Val)>, Kind> {
    match &ops::known(value)?.kind {
        Kind::List(items) => {
            Ok(items.iter().enumerate().map(|(at, item)| (item.with(Kind::Number(at as f64)), item.clone())).collect())
        }
        Kind::Map(entries) => {
            let mut sorted: Vec<_> = entries.iter().collect();
            sorted.sort_by(|a, b| a.0.cmp(&b.0));
            Ok(sorted.into_iter().map(|(key, item)| (item.with(Kind::String(Arc::clone(key))), item.clone())).collect())
        }
        _ => Err(Kind::invalid("nothing to walk over")),
    }
}

fn bind(env: &Env, key_var: Option<&str>, value_var: &str, key: Val, value: Val) -> Env {
    let env = match key_var {
        Some(name) => env.with(name, key),
        None => env.clone(),
    };
    env.with(value_var, value)
}
