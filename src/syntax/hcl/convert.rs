//! `hcl-edit`'s tree into ours. Its parser bounds nesting (64) and operator chains (128), so the recursion
//! here is bounded too.

use std::borrow::Cow;
use std::ops::Range;

use hcl_edit::Span as _;
use hcl_edit::expr::{BinaryOperator, Expression, ObjectKey, TraversalOperator, UnaryOperator};
use hcl_edit::structure;
use hcl_edit::template::{Directive, Element, Strip, Template};

use super::ast::{Attr, BinOp, Block, Body, Expr, ExprKind, ForExpr, Label, Part, SplatStep};
use crate::model::Span;

/// Where spans go.
#[derive(Clone, Copy)]
enum Place {
    /// Offsets of the piece, moved by this much.
    Base(usize),
    /// All the same: the piece's own offsets mean nothing in the file.
    Fixed(Span),
}

impl Place {
    fn span(self, range: Option<Range<usize>>) -> Span {
        match (self, range) {
            (Self::Fixed(span), _) => span,
            (Self::Base(base), Some(range)) => Span::new(base + range.start, base + range.end),
            (Self::Base(base), None) => Span::new(base, base),
        }
    }
}

/// A body whose text began at `base` in the file.
pub(super) fn body(body: &structure::Body, base: usize) -> Body {
    convert_body(body, Place::Base(base))
}

/// An expression whose text began at `base`.
pub(super) fn expression(expr: &Expression, base: usize) -> Expr {
    convert(expr, Place::Base(base))
}

/// A template that stands at one place.
pub(super) fn template_at(template: &Template, at: Span) -> Expr {
    Expr { span: at, kind: template_kind(template, Place::Fixed(at)) }
}

fn convert_body(body: &structure::Body, place: Place) -> Body {
    let mut converted = Body::default();
    for item in body.iter() {
        match item {
            structure::Structure::Attribute(attr) => converted.attrs.push(Attr {
                name: attr.key.as_str().into(),
                name_span: place.span(attr.key.span()),
                value: convert(&attr.value, place),
            }),
            structure::Structure::Block(block) => converted.blocks.push(convert_block(block, place)),
        }
    }
    converted
}

fn convert_block(block: &structure::Block, place: Place) -> Block {
    let kind_span = place.span(block.ident.span());
    let labels: Vec<Label> = block
        .labels
        .iter()
        .map(|label| Label { text: label.as_str().into(), span: place.span(label.span()) })
        .collect();
    let header = labels.last().map_or(kind_span, |last| kind_span.join(last.span));
    Block {
        kind: block.ident.as_str().into(),
        kind_span,
        labels,
        header,
        span: place.span(block.span()),
        body: convert_body(&block.body, place),
    }
}

fn convert(expr: &Expression, place: Place) -> Expr {
    let span = place.span(expr.span());
    let boxed = |expr: &Expression| Box::new(convert(expr, place));
    let kind = match expr {
        Expression::Null(_) => ExprKind::Null,
        Expression::Bool(value) => ExprKind::Bool(*value.as_ref()),
        Expression::Number(value) => ExprKind::Number(value.value().as_f64().unwrap_or(f64::NAN)),
        Expression::String(text) => ExprKind::String(text.as_str().into()),
        Expression::Array(items) => ExprKind::List(items.iter().map(|item| convert(item, place)).collect()),
        Expression::Object(object) => ExprKind::Object(
            object.iter().map(|(key, value)| (object_key(key, place), convert(value.expr(), place))).collect(),
        ),
        Expression::StringTemplate(template) => template_parts(template.iter(), place, unescaped),
        Expression::HeredocTemplate(heredoc) => template_kind(&heredoc.template, place),
        Expression::Parenthesis(inner) => {
            let inner = convert(inner.inner(), place);
            return Expr { span, kind: inner.kind };
        }
        Expression::Variable(name) => ExprKind::Var(name.as_str().into()),
        Expression::Conditional(cond) => ExprKind::Cond(Box::new([
            convert(&cond.cond_expr, place),
            convert(&cond.true_expr, place),
            convert(&cond.false_expr, place),
        ])),
        Expression::FuncCall(call) => {
            let args = call.args.iter().map(|arg| convert(arg, place)).collect();
            // `core::upper` is `upper`; a provider's function is nobody's we know.
            let known = call.name.namespace.first().is_none_or(|space| space.as_str() == "core");
            let name = if known { call.name.name.as_str() } else { "provider::" };
            ExprKind::Call(name.into(), args, call.args.expand_final())
        }
        Expression::Traversal(traversal) => return traverse(traversal, place, span),
        Expression::UnaryOp(unary) => match unary.operator.value() {
            UnaryOperator::Neg => ExprKind::Neg(boxed(&unary.expr)),
            UnaryOperator::Not => ExprKind::Not(boxed(&unary.expr)),
        },
        Expression::BinaryOp(binary) => ExprKind::Binary(
            operator(*binary.operator.value()),
            Box::new([convert(&binary.lhs_expr, place), convert(&binary.rhs_expr, place)]),
        ),
        Expression::ForExpr(each) => ExprKind::For(Box::new(ForExpr {
            key_var: each.intro.key_var.as_ref().map(|name| name.as_str().into()),
            value_var: each.intro.value_var.as_str().into(),
            of: convert(&each.intro.collection_expr, place),
            key: each.key_expr.as_ref().map(|key| convert(key, place)),
            value: convert(&each.value_expr, place),
            cond: each.cond.as_ref().map(|cond| convert(&cond.expr, place)),
            grouping: each.grouping,
        })),
    };
    Expr { span, kind }
}

fn object_key(key: &ObjectKey, place: Place) -> Expr {
    match key {
        ObjectKey::Ident(name) => Expr { span: place.span(name.span()), kind: ExprKind::String(name.as_str().into()) },
        ObjectKey::Expression(expr) => match expr {
            // A bare word is a name, not a reference; `(name)` is the reference.
            Expression::Variable(name) => {
                Expr { span: place.span(expr.span()), kind: ExprKind::String(name.as_str().into()) }
            }
            _ => convert(expr, place),
        },
    }
}

fn traverse(traversal: &hcl_edit::expr::Traversal, place: Place, span: Span) -> Expr {
    let mut at = convert(&traversal.expr, place);
    let mut operators = traversal.operators.iter();
    let step = |of: Expr, kind: &dyn Fn(Box<Expr>) -> ExprKind| Expr { span, kind: kind(Box::new(of)) };
    while let Some(operator) = operators.next() {
        at = match operator.value() {
            TraversalOperator::GetAttr(name) => step(at, &|of| ExprKind::Attr(of, name.as_str().into())),
            TraversalOperator::Index(key) => {
                let key = Box::new(convert(key, place));
                Expr { span, kind: ExprKind::Index(Box::new(at), key) }
            }
            TraversalOperator::LegacyIndex(index) => legacy_index(at, *index.value(), span),
            TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => {
                // What follows applies to each element. Nested splats flatten no further than Terraform's do:
                // the rest of the chain is one list of steps.
                let mut steps = Vec::new();
                let full = matches!(operator.value(), TraversalOperator::FullSplat(_));
                let mut rest = None;
                for next in operators.by_ref() {
                    match next.value() {
                        TraversalOperator::GetAttr(name) => steps.push(SplatStep::Attr(name.as_str().into())),
                        TraversalOperator::Index(key) if full => steps.push(SplatStep::Index(convert(key, place))),
                        _ => {
                            rest = Some(next);
                            break;
                        }
                    }
                }
                let splat = Expr { span, kind: ExprKind::Splat(Box::new(at), steps) };
                match rest.map(|next| next.value()) {
                    None => splat,
                    Some(TraversalOperator::Index(key)) => {
                        let key = Box::new(convert(key, place));
                        Expr { span, kind: ExprKind::Index(Box::new(splat), key) }
                    }
                    Some(TraversalOperator::LegacyIndex(index)) => legacy_index(splat, *index.value(), span),
                    // A splat of a splat: a list of lists, flattened by the outer one.
                    Some(_) => {
                        let args = vec![splat];
                        let flat = Expr { span, kind: ExprKind::Call("flatten".into(), args, false) };
                        Expr { span, kind: ExprKind::Splat(Box::new(flat), Vec::new()) }
                    }
                }
            }
        };
    }
    at
}

fn legacy_index(of: Expr, index: u64, span: Span) -> Expr {
    let key = Expr { span, kind: ExprKind::Number(index as f64) };
    Expr { span, kind: ExprKind::Index(Box::new(of), Box::new(key)) }
}

fn operator(op: BinaryOperator) -> BinOp {
    match op {
        BinaryOperator::Eq => BinOp::Eq,
        BinaryOperator::NotEq => BinOp::Ne,
        BinaryOperator::LessEq => BinOp::Le,
        BinaryOperator::GreaterEq => BinOp::Ge,
        BinaryOperator::Less => BinOp::Lt,
        BinaryOperator::Greater => BinOp::Gt,
        BinaryOperator::Plus => BinOp::Add,
        BinaryOperator::Minus => BinOp::Sub,
        BinaryOperator::Mul => BinOp::Mul,
        BinaryOperator::Div => BinOp::Div,
        BinaryOperator::Mod => BinOp::Mod,
        BinaryOperator::And => BinOp::And,
        BinaryOperator::Or => BinOp::Or,
    }
}

fn template_kind(template: &Template, place: Place) -> ExprKind {
    template_parts(template.iter(), place, as_it_is)
}

fn template_parts<'a>(elements: impl Iterator<Item = &'a Element>, place: Place, inner: Decode) -> ExprKind {
    let mut parts = parts(elements, place, as_it_is, inner);
    match parts.as_mut_slice() {
        [] => ExprKind::String("".into()),
        [Part::Text(text)] => ExprKind::String(std::mem::take(text)),
        _ => ExprKind::Template(parts),
    }
}

/// Makes text of a literal.
type Decode = fn(&str) -> Cow<'_, str>;

fn as_it_is(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}

/// With the escapes of a quoted text resolved; one that is none stays.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('\\') {
        result.push_str(before);
        let letter = behind.chars().next();
        let digits = match letter {
            Some('u') => 4,
            Some('U') => 8,
            _ => 0,
        };
        let code = behind.get(1..=digits).and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32);
        let (c, taken) = match (letter, code) {
            (Some('n'), _) => ('\n', 1),
            (Some('r'), _) => ('\r', 1),
            (Some('t'), _) => ('\t', 1),
            (Some(c @ ('"' | '\\')), _) => (c, 1),
            (Some('u' | 'U'), Some(c)) => (c, 1 + digits),
            _ => ('\\', 0),
        };
        result.push(c);
        rest = &behind[taken..];
    }
    result.push_str(rest);
    Cow::Owned(result)
}

/// Elements to parts, with `~` applied: it takes the white space beside it, up to and including one line end. Literals
/// inside of directives come as they are written: `inner` decodes them.
fn parts<'a>(elements: impl Iterator<Item = &'a Element>, place: Place, own: Decode, inner: Decode) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut strip_next = false;
    for element in elements {
        let (before, after) = outer_strip(element);
        if before && let Some(Part::Text(text)) = parts.last_mut() {
            *text = text.trim_end().into();
        }
        match element {
            Element::Literal(text) => {
                let text = own(text.value().as_str());
                parts.push(Part::Text(if strip_next { text.trim_start() } else { &text }.into()));
            }
            Element::Interpolation(inner) => parts.push(Part::Interpolation(convert(&inner.expr, place))),
            Element::Directive(directive) => parts.push(directive_part(directive, place, inner)),
        }
        strip_next = after;
    }
    parts
}

fn outer_strip(element: &Element) -> (bool, bool) {
    let (start, end) = match element {
        Element::Literal(_) => return (false, false),
        Element::Interpolation(inner) => (inner.strip, inner.strip),
        Element::Directive(directive) => match &**directive {
            Directive::If(inner) => (inner.if_expr.strip, inner.endif_expr.strip),
            Directive::For(inner) => (inner.for_expr.strip, inner.endfor_expr.strip),
        },
    };
    (strips(start).0, strips(end).1)
}

fn strips(strip: Strip) -> (bool, bool) {
    (matches!(strip, Strip::Start | Strip::Both), matches!(strip, Strip::End | Strip::Both))
}

fn directive_part(directive: &Directive, place: Place, decode: Decode) -> Part {
    match directive {
        Directive::If(inner) => {
            let otherwise = inner.else_expr.as_ref();
            let closing = inner.endif_expr.strip;
            let then_closing = otherwise.map_or(closing, |other| other.strip);
            let then =
                trimmed(parts(inner.if_expr.template.iter(), place, decode, decode), inner.if_expr.strip, then_closing);
            let other = otherwise
                .map(|other| trimmed(parts(other.template.iter(), place, decode, decode), other.strip, closing))
                .unwrap_or_default();
            Part::If(convert(&inner.if_expr.cond_expr, place), then, other)
        }
        Directive::For(inner) => {
            let each = &inner.for_expr;
            Part::For {
                key: each.key_var.as_ref().map(|name| name.as_str().into()),
                value: each.value_var.as_str().into(),
                of: convert(&each.collection_expr, place),
                body: trimmed(parts(each.template.iter(), place, decode, decode), each.strip, inner.endfor_expr.strip),
            }
        }
    }
}

/// The text between two markers, with the inner `~` of each applied.
fn trimmed(mut parts: Vec<Part>, open: Strip, close: Strip) -> Vec<Part> {
    if strips(open).1
        && let Some(Part::Text(text)) = parts.first_mut()
    {
        *text = text.trim_start().into();
    }
    if strips(close).0
        && let Some(Part::Text(text)) = parts.last_mut()
    {
        *text = text.trim_end().into();
    }
    parts
}
