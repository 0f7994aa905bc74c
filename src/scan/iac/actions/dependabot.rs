//! Dependabot's configuration.

use super::model::{File, Place};
use super::{Out, quoted};
use crate::model::Span;
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
        out.report("dependabot-cooldown", span, &place, "", message);
    }
}

/// `dependabot-execution`.
pub fn execution(file: &File<'_>, out: &mut Out<'_>) {
    for (node, place, _) in updates(file) {
        let Some(entry) = node.entry("insecure-external-code-execution") else { continue };
        if entry.value.scalar() == Some("allow") {
            let name = place.name.trim_start_matches("the ");
            let message = format!("The {name} run code of the packages that are looked at.");
            out.report("dependabot-execution", entry.key_span.join(entry.value.span), &place, "", message);
        }
    }
}
