//! HCL 2, the language of Terraform and OpenTofu: blocks, attributes and expressions with byte spans.
//!
//! The grammar is `hcl-edit`'s. Around it stand what a scanner needs and a library does not give: spans of
//! the whole file, recovery (a block that does not parse costs that block alone), and a look at the nesting
//! before anything recurses.

mod ast;
mod convert;
mod json;
mod split;
#[cfg(test)]
mod tests;
mod value;

pub use ast::{Attr, BinOp, Block, Body, Expr, ExprKind, ForExpr, Label, Part, SplatStep};
pub use json::from_node as body_from_json;
pub use value::{Kind, Val};

use crate::model::Span;
use crate::syntax::{Parsed, SyntaxError};

/// Brackets, template interpolations and blocks inside each other, at most. Real configurations stay below 30.
pub const MAX_DEPTH: usize = 60;

/// Reads one file. Bytes outside UTF-8 read as `?`; a byte order mark is passed over.
///
/// Where the whole does not parse, each top-level block or attribute is read alone, and those that still do
/// not parse become one error each.
#[must_use]
pub fn parse(bytes: &[u8]) -> Parsed<Body> {
    let text = utf8_of_same_length(bytes);
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    if split::depth(&text.as_bytes()[start..]) <= MAX_DEPTH
        && let Ok(body) = hcl_edit::parser::parse_body(&text[start..])
    {
        return Parsed { value: convert::body(&body, start), errors: Vec::new() };
    }
    piecewise(&text, start)
}

/// Reads the text of a template (the content of a JSON string in `.tf.json`, a `templatefile`).
/// Every span in the result is `at`.
#[must_use]
pub fn parse_template(text: &str, at: Span) -> Option<Expr> {
    if !text.contains("${") && !text.contains("%{") {
        return Some(Expr { span: at, kind: ExprKind::String(text.into()) });
    }
    if split::template_depth(text.as_bytes()) > MAX_DEPTH {
        return None;
    }
    let template = hcl_edit::parser::parse_template(text).ok()?;
    Some(convert::template_at(&template, at))
}

/// Reads one expression. Every span in the result counts from the start of `text`.
#[must_use]
pub fn parse_expression(text: &str) -> Option<Expr> {
    if split::depth(text.as_bytes()) > MAX_DEPTH {
        return None;
    }
    hcl_edit::parser::parse_expr(text).ok().map(|expr| convert::expression(&expr, 0))
}

fn piecewise(text: &str, start: usize) -> Parsed<Body> {
    let mut parsed = Parsed { value: Body::default(), errors: Vec::new() };
    for piece in split::top_level(text, start) {
        let part = &text[piece.clone()];
        if split::depth(part.as_bytes()) > MAX_DEPTH {
            let message = format!("nested deeper than {MAX_DEPTH} levels; this block is left out");
            parsed.errors.push(SyntaxError { span: first_line(part, piece.start), message });
            continue;
        }
        match hcl_edit::parser::parse_body(part) {
            Ok(body) => {
                let body = convert::body(&body, piece.start);
                parsed.value.attrs.extend(body.attrs);
                parsed.value.blocks.extend(body.blocks);
            }
            Err(error) => {
                let at = (piece.start + error.location().offset()).min(piece.end);
                let message = format!("{}; this block is left out", one_line(error.message()));
                parsed.errors.push(SyntaxError { span: Span::new(at, at), message });
            }
        }
    }
    parsed
}

fn first_line(part: &str, base: usize) -> Span {
    let end = memchr::memchr2(b'\n', b'\r', part.as_bytes()).unwrap_or(part.len());
    Span::new(base, base + end.min(200))
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The bytes as text with every offset kept.
fn utf8_of_same_length(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => {
            let mut text = String::with_capacity(bytes.len());
            for chunk in bytes.utf8_chunks() {
                text.push_str(chunk.valid());
                text.extend(std::iter::repeat_n('?', chunk.invalid().len()));
            }
            text.into()
        }
    }
}
