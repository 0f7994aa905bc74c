//! `${{ }}` expressions: where they stand in a scalar, and which contexts flow into their values. The only
//! file that knows the library behind the grammar.

use github_actions_expressions::call::{Call, Function};
use github_actions_expressions::context::Context;
use github_actions_expressions::literal::Literal;
use github_actions_expressions::op::{BinExpr, BinOp, UnOp};
use github_actions_expressions::{Expr, SpannedExpr};

use crate::model::Span;
use crate::syntax::Node;

/// More expressions in one scalar than any person writes: what follows is left alone.
const MAX_PER_SCALAR: usize = 500;

/// One `${{ }}` of a scalar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fenced {
    /// From `${{` to `}}`, both inside.
    pub span: Span,
    /// What stands between the fences, YAML's quote doubling undone.
    pub text: String,
}

/// A context that an expression reads: `github.event.issue.title`, in lower case; `*` for computed parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// The dotted path; empty where the head is a call.
    pub path: String,
    /// True where the context's own text can become part of the expression's value.
    pub flows: bool,
}

/// Every fenced expression of a scalar, in order, found in the source so that spans are exact.
#[must_use]
pub fn fenced(node: &Node, bytes: &[u8]) -> Vec<Fenced> {
    let source = node.span.of(bytes);
    if is_alias(node, bytes) {
        return of_alias(node);
    }
    let single_quoted = source.first() == Some(&b'\'');
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = source.get(from..).and_then(|rest| memchr::memmem::find(rest, b"${{")) {
        let open = from + at;
        let Some(close) = closing(source, open + 3, single_quoted) else { break };
        let mut text = String::from_utf8_lossy(&source[open + 3..close]).into_owned();
        if single_quoted {
            text = text.replace("''", "'");
        }
        let base = node.span.start as usize;
        found.push(Fenced { span: Span::new(base + open, base + close + 2), text });
        if found.len() == MAX_PER_SCALAR {
            break;
        }
        from = close + 2;
    }
    found
}

/// True where the value is written elsewhere: `*name` stands at its place.
#[must_use]
pub fn is_alias(node: &Node, bytes: &[u8]) -> bool {
    bytes.get(node.span.start as usize) == Some(&b'*')
}

/// The expressions of a value that an alias stands for; all of them lie where the alias does.
fn of_alias(node: &Node) -> Vec<Fenced> {
    let text = node.as_str().unwrap_or_default().as_bytes();
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| memchr::memmem::find(rest, b"${{")) {
        let open = from + at + 3;
        let Some(close) = closing(text, open, false) else { break };
        found.push(Fenced { span: node.span, text: String::from_utf8_lossy(&text[open..close]).into_owned() });
        if found.len() == MAX_PER_SCALAR {
            break;
        }
        from = close + 2;
    }
    found
}

/// Where the `}}` stands that ends an expression: not one inside a string. Where quotes never close, the first.
fn closing(source: &[u8], from: usize, doubled: bool) -> Option<usize> {
    let mut quoted = false;
    let mut first = None;
    let mut at = from;
    while at + 1 < source.len() {
        match (source[at], source[at + 1]) {
            (b'\'', b'\'') if doubled => {
                quoted = !quoted;
                at += 1;
            }
            (b'\'', _) => quoted = !quoted,
            (b'}', b'}') if !quoted => return Some(at),
            (b'}', b'}') => first = first.or(Some(at)),
            _ => {}
        }
        at += 1;
    }
    first
}

/// What one expression is, asked in our own words. `None` where it does not parse.
#[must_use]
pub fn reads(text: &str) -> Option<Vec<Read>> {
    let expr = Expr::parse(text.trim()).ok()?;
    let flowing = expr.dataflow_contexts();
    let all = expr.contexts();
    Some(
        all.into_iter()
            .map(|(context, origin)| Read {
                path: path_of(context),
                flows: flowing.iter().any(|(_, other)| other.span == origin.span),
            })
            .collect(),
    )
}

fn path_of(context: &Context<'_>) -> String {
    if let Some(path) = context.as_pattern() {
        return path;
    }
    // `fromJSON(steps.x.outputs.y).z`: what is inside the call is what flows.
    let inside = context.parts.first().map(|head| head.dataflow_contexts()).unwrap_or_default();
    inside.first().and_then(|(context, _)| context.as_pattern()).unwrap_or_default()
}

/// True where the expression parses, so that it may move into an `env` value unchanged.
#[must_use]
pub fn is_known(text: &str) -> bool {
    Expr::parse(text.trim()).is_ok()
}

/// True where the expression, or a part of it that is more than a literal, is known without running.
#[must_use]
pub fn is_constant_in_part(text: &str) -> bool {
    Expr::parse(text.trim()).is_ok_and(|expr| expr.is_literal() || !expr.consteval_subexprs().is_empty())
}

/// What asks about conditions find in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// `contains('main develop', github.ref)`: the context whose value is looked for in a string.
    ContainsInString(String),
    /// `github.actor == 'dependabot[bot]'`: the context, the name, and whether the whole hangs on it.
    BotName {
        /// The context compared.
        context: String,
        /// The name it is compared with.
        name: String,
        /// True where no other clause must hold besides.
        dominates: bool,
    },
    /// `fromJSON(secrets.X)`: the parts of a structured secret are not masked.
    StructuredSecret,
    /// `toJSON(secrets)`, or a secret named at run time.
    AllSecrets,
    /// `a && '' || b`, whose middle never wins.
    FalsyTernary,
}

/// Walks an expression for the shapes of [`Oddity`].
#[must_use]
pub fn oddities(text: &str) -> Vec<Oddity> {
    let mut found = Vec::new();
    if let Ok(expr) = Expr::parse(text.trim()) {
        walk(&expr, true, &mut found);
    }
    found
}

/// `dominant` holds while only `&&`-free paths lead here: then this clause alone can decide.
fn walk(expr: &SpannedExpr<'_>, dominant: bool, found: &mut Vec<Oddity>) {
    match &expr.inner {
        Expr::Call(call) => {
            call_oddity(call, found);
            call.args.iter().for_each(|arg| walk(arg, false, found));
        }
        Expr::Context(context) => {
            let path = context.as_pattern().unwrap_or_default();
            if path == "secrets.*" {
                found.push(Oddity::AllSecrets);
            }
            context.parts.iter().for_each(|part| walk(part, false, found));
        }
        Expr::Index(inner) => walk(inner, false, found),
        Expr::UnExpr { op: UnOp::Not, expr } => walk(expr, false, found),
        Expr::BinExpr(BinExpr { lhs, op, rhs }) => {
            if matches!(op, BinOp::Eq | BinOp::Neq) {
                found.extend(bot_name(lhs, rhs, dominant && matches!(op, BinOp::Eq)));
                found.extend(bot_name(rhs, lhs, dominant && matches!(op, BinOp::Eq)));
            }
            if matches!(op, BinOp::Or)
                && let Expr::BinExpr(BinExpr { op: BinOp::And, rhs: middle, .. }) = &lhs.inner
                && is_falsy(middle)
            {
                found.push(Oddity::FalsyTernary);
            }
            // In `a && b` neither clause decides alone; in `a || b` each may.
            let passes = dominant && matches!(op, BinOp::Or);
            walk(lhs, passes, found);
            walk(rhs, passes, found);
        }
        _ => {}
    }
}

fn is_falsy(expr: &SpannedExpr<'_>) -> bool {
    match &expr.inner {
        Expr::Literal(Literal::String(text)) => text.is_empty(),
        Expr::Literal(Literal::Number(number)) => *number == 0.0,
        Expr::Literal(Literal::Boolean(value)) => !value,
        Expr::Literal(Literal::Null) => true,
        _ => false,
    }
}

fn call_oddity(call: &Call<'_>, found: &mut Vec<Oddity>) {
    match (&call.func, call.args.first(), call.args.get(1)) {
        (Function::Contains, Some(haystack), Some(needle)) => {
            if let (Expr::Literal(Literal::String(_)), Expr::Context(context)) = (&haystack.inner, &needle.inner) {
                found.push(Oddity::ContainsInString(context.as_pattern().unwrap_or_default()));
            }
        }
        (Function::FromJSON, Some(first), _) => {
            if let Expr::Context(context) = &first.inner
                && context.as_pattern().is_some_and(|path| path.starts_with("secrets."))
            {
                found.push(Oddity::StructuredSecret);
            }
        }
        (Function::ToJSON, Some(first), _) => {
            if let Expr::Context(context) = &first.inner
                && context.as_pattern().is_some_and(|path| path == "secrets")
            {
                found.push(Oddity::AllSecrets);
            }
        }
        _ => {}
    }
}

/// Names of automations, as GitHub writes them, and numeric ids of the best known.
const BOT_IDS: &[&str] = &["29110", "49699333", "27856297", "29139614", "41898282", "65916846", "66853113"];

fn bot_name(left: &SpannedExpr<'_>, right: &SpannedExpr<'_>, dominates: bool) -> Option<Oddity> {
    let (Expr::Context(context), Expr::Literal(literal)) = (&left.inner, &right.inner) else { return None };
    let path = context.as_pattern()?;
    let name = literal.as_str();
    let spoofable = match path.as_str() {
        "github.actor"
        | "github.triggering_actor"
        | "github.event.sender.login"
        | "github.event.pull_request.sender.login" => name.ends_with("[bot]"),
        "github.actor_id" | "github.event.sender.id" => BOT_IDS.contains(&name.as_ref()),
        _ => false,
    };
    spoofable.then(|| Oddity::BotName { context: path, name: name.into_owned(), dominates })
}
