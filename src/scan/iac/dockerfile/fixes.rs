//! Repairs of single instructions.

use crate::model::{Fix, Pin, Replacement, Span};
use crate::scan::iac::pin;
use crate::syntax::dockerfile::Instruction;

/// Flags that `ADD` and `COPY` have both.
const SHARED_FLAGS: &[&str] = &["chown", "chmod", "link", "exclude"];

/// What mends a finding of the rule at the instruction, where that is one plain change.
#[must_use]
pub fn fix(id: &str, at: &Instruction, bytes: &[u8]) -> Option<Fix> {
    match id {
        "add-local" => copy(at),
        "maintainer" => label(at, bytes),
        "apt-recommends" => no_recommends(at, bytes),
        "apt-lists" => no_lists(at, bytes),
        _ => None,
    }
}

/// The base image with its digest, once that is known.
#[must_use]
pub fn pin(id: &str, at: &Instruction, bytes: &[u8]) -> Option<(Pin, Fix)> {
    if !matches!(id, "untagged-base" | "latest-base" | "unpinned-base") {
        return None;
    }
    let image = at.text.split_whitespace().next()?;
    let source = at.span.of(bytes);
    let ends = |end: usize| source.get(end).is_none_or(u8::is_ascii_whitespace);
    let starts = memchr::memmem::find_iter(source, image.as_bytes());
    let start =
        starts.into_iter().find(|start| *start > 0 && source[start - 1] == b' ' && ends(start + image.len()))?;
    let from = at.span.start as usize + start;
    pin::image(image, Span::new(from, from + image.len()), bytes)
}

/// The lists go in the same layer, behind the last of commands that all have to succeed.
fn no_lists(at: &Instruction, bytes: &[u8]) -> Option<Fix> {
    let source = at.span.of(bytes);
    let text = at.text.trim();
    let plain =
        at.flags.is_empty() && !text.starts_with('[') && !text.contains([';', '|', '<', '(', '`', '#', '{', '\n']);
    let alone = !text.ends_with(['&', '\\']) && !text.replace("&&", "").contains('&');
    let end = at.span.start as usize + source.trim_ascii_end().len();
    if !plain || !alone || source.windows(2).any(|pair| pair == b"\n#") {
        return None;
    }
    one("Remove apt's package lists", Span::new(end, end), " && rm -rf /var/lib/apt/lists/*".to_owned())
}

fn one(description: &str, span: Span, text: String) -> Option<Fix> {
    Some(Fix { description: description.to_owned(), replacements: vec![Replacement { span, text }] })
}

fn copy(at: &Instruction) -> Option<Fix> {
    let shared = at.flags.iter().all(|(name, _)| SHARED_FLAGS.contains(&name.as_str()));
    if shared { one("Write `COPY` for `ADD`", at.name_span, "COPY".to_owned()) } else { None }
}

fn label(at: &Instruction, bytes: &[u8]) -> Option<Fix> {
    let text = at.text.trim();
    let plain = !text.is_empty() && !text.contains(['"', '\'', '\\', '$', '`', '\n']);
    let one_line = !at.span.of(bytes).contains(&b'\n') && at.flags.is_empty();
    if plain && one_line {
        one("Write a `LABEL` for `MAINTAINER`", at.span, format!("LABEL maintainer=\"{text}\""))
    } else {
        None
    }
}

fn no_recommends(at: &Instruction, bytes: &[u8]) -> Option<Fix> {
    let source = at.span.of(bytes);
    let call = b"apt-get install ";
    let mut calls = memchr::memmem::find_iter(source, call);
    let (Some(first), None) = (calls.next(), calls.next()) else { return None };
    if memchr::memmem::find_iter(source, b"install").count() != 1 {
        return None;
    }
    let place = at.span.start as usize + first + call.len() - 1;
    one("Add `--no-install-recommends`", Span::new(place, place), " --no-install-recommends".to_owned())
}
