//! Dependabot's configuration.

use super::model::{File, Place};
use super::run::set;
use super::{Out, indent_of, is_block, quoted};
use crate::model::{Fix, Replacement, Span};
use crate::syntax::Node;

/// Days below which a hijacked release is likely still unnoticed.
const ENOUGH_DAYS: f64 = 7.0;

fn updates<'a>(file: &File<'a>) -> Vec<(&'a Node, Place, Span)> {
    let items = file.root.get("updates").map(Node::items).unwrap_or_default();
    let describe = |node: &'a Node| {
        let entry = node.entry("package-ecosystem");
        let ecosystem = entry.and_then(|entry| entry.value.scalar()).unwrap_or("unknown");
        let folder = node.get("directory").and_then(Node::scalar).unwrap_or("");
        let place = Place {
            extent: node.span,
            name: format!("the updates of {}", quoted(ecosystem)),
            key: format!("{ecosystem}{folder}"),
        };
        let span = entry.map_or(node.span, |entry| entry.key_span.join(entry.value.span));
        (node, place, span)
    };
    items.iter().map(describe).collect()
}

/// `dependabot-cooldown`.
pub fn cooldown(file: &File<'_>, out: &mut Out<'_>) {
    for (node, place, header) in updates(file) {
        let days = node.entry("cooldown").map(|entry| (entry, entry.value.entry("default-days")));
        let (span, what) = match days {
            None => (header, "take new releases at once"),
            Some((entry, None)) => (entry.key_span, "have a `cooldown` without `default-days`"),
            Some((_, Some(days))) if days.value.as_f64().is_some_and(|days| days < ENOUGH_DAYS) => {
                (days.key_span.join(days.value.span), "wait less than seven days")
            }
            Some(_) => continue,
        };
        let name = place.name.trim_start_matches("the ");
        let message = format!("The {name} {what}; a hijacked release is mostly found within a week.");
        let fix = wait(node, file);
        out.report("dependabot-cooldown", span, &place, "", message).fixes.extend(fix);
    }
}

/// Seven days: in the number's place, in front of the first setting of a `cooldown`, or as one in front of the first
/// setting of the updates.
fn wait(node: &Node, file: &File<'_>) -> Option<Fix> {
    let setting = format!("default-days: {ENOUGH_DAYS}");
    let (first, text) = match node.entry("cooldown").map(|entry| &entry.value) {
        Some(cooldown) => match cooldown.get("default-days") {
            Some(days) => return set(days, &ENOUGH_DAYS.to_string(), file.bytes),
            None if is_block(cooldown, file.bytes) => (cooldown.entries().first()?, setting),
            None => return None,
        },
        None if is_block(node, file.bytes) => {
            // Behind the ecosystem's line, which people look for first.
            let entry = node.entries().get(1).or_else(|| node.entries().first())?;
            let indent = " ".repeat(indent_of(file.bytes, entry.key_span.start).0);
            (entry, format!("cooldown:\n{indent}  {setting}"))
        }
        None => return None,
    };
    let at = first.key_span.start;
    let indent = " ".repeat(indent_of(file.bytes, at).0);
    let replacements = vec![Replacement { span: Span { start: at, end: at }, text: format!("{text}\n{indent}") }];
    Some(Fix { description: "Wait seven days before a release is taken".to_owned(), replacements })
}

/// `dependabot-execution`.
pub fn execution(file: &File<'_>, out: &mut Out<'_>) {
    for (node, place, _) in updates(file) {
        let Some(entry) = node.entry("insecure-external-code-execution") else { continue };
        if entry.value.scalar() == Some("allow") {
            let name = place.name.trim_start_matches("the ");
            let message = format!("The {name} run code of the packages that are looked at.");
            let draft = out.report("dependabot-execution", entry.key_span.join(entry.value.span), &place, "", message);
            draft.fixes.extend(set(&entry.value, "deny", file.bytes));
        }
    }
}
