//! What stages are built from: their images, with the defaults of arguments, and what they inherit of each other.

use std::collections::{HashMap, HashSet};

use super::Tell;
use crate::syntax::dockerfile::Instruction;

/// Stages built on each other that are followed.
const MAX_CHAIN: usize = 64;

/// The stages of a file in order: each begins with its `FROM`.
pub fn stages(all: &[Instruction]) -> Vec<&[Instruction]> {
    let starts: Vec<usize> = (0..all.len()).filter(|&at| all[at].name == "FROM").collect();
    let end = |which: usize| starts.get(which + 1).copied().unwrap_or(all.len());
    starts.iter().enumerate().map(|(which, &start)| &all[start..end(which)]).collect()
}

/// What a `FROM` says: the image, arguments replaced where their defaults are known, and the stage's name.
fn from<'a>(one: &'a Instruction, arguments: &HashMap<String, String>) -> Option<(String, Option<&'a str>)> {
    let words: Vec<&str> = one.text.split_whitespace().collect();
    let name = match words.as_slice() {
        [_, middle, name, ..] if middle.eq_ignore_ascii_case("as") => Some(*name),
        _ => None,
    };
    Some((replaced(words.first()?, arguments), name))
}

/// Defaults of the arguments before the first stage: those that a `FROM` may use.
fn arguments(all: &[Instruction]) -> HashMap<String, String> {
    let mut known = HashMap::new();
    for one in all.iter().take_while(|one| one.name != "FROM").filter(|one| one.name == "ARG") {
        for (name, value) in one.text.split_whitespace().filter_map(|word| word.split_once('=')) {
            let value = replaced(value.trim_matches(['"', '\'']), &known);
            known.insert(name.to_owned(), value);
        }
    }
    known
}

/// Text with `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME:+other}` replaced where they are known; the others
/// stay as they are.
fn replaced(text: &str, known: &HashMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('$') {
        out.push_str(before);
        let braces = behind.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let plain = behind.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(behind.len());
        let (inner, after) = braces.unwrap_or_else(|| behind.split_at(plain));
        let (name, modifier) = inner.find([':', '-', '+']).map_or((inner, ""), |at| inner.split_at(at));
        let value = known.get(name).filter(|value| !value.is_empty());
        let default = modifier.strip_prefix(":-").or_else(|| modifier.strip_prefix('-'));
        let other = modifier.strip_prefix(":+").or_else(|| modifier.strip_prefix('+'));
        match (value, default, other) {
            (Some(_), _, Some(other)) => out.push_str(other),
            (None, _, Some(_)) => {}
            (Some(value), ..) => out.push_str(value),
            (None, Some(default), _) => out.push_str(default),
            (None, None, None) => out.push_str(&rest[before.len()..rest.len() - after.len()]),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Tells of images without a tag, with `latest`, without a digest, and of stages of one name.
pub fn check(all: &[Instruction], out: &mut Tell<'_>) {
    let arguments = arguments(all);
    let mut named: HashSet<String> = HashSet::new();
    for one in all.iter().filter(|one| one.name == "FROM") {
        let Some((image, name)) = from(one, &arguments) else { continue };
        let known = named.contains(&image.to_ascii_lowercase());
        if image != "scratch" && !known && !image.contains('$') && !image.contains("@sha256:") {
            let shown = image.replace('`', "'");
            match image.rsplit('/').next().and_then(|last| last.split_once(':')) {
                None => out("untagged-base", one, format!("The base image `{shown}` has no tag.")),
                Some((_, "latest")) => out("latest-base", one, format!("The base image `{shown}` follows `latest`.")),
                Some(_) => out("unpinned-base", one, format!("The base image `{shown}` is not pinned by digest.")),
            }
        }
        if let Some(name) = name.filter(|name| !named.insert(name.to_ascii_lowercase())) {
            out("duplicate-stage", one, format!("Two stages are named `{}`.", name.replace('`', "'")));
        }
    }
}

/// The last instruction of a name that holds for the image which comes out: of the last stage, or of a stage that it
/// is built on.
pub fn effective<'a>(all: &'a [Instruction], name: &str) -> Option<&'a Instruction> {
    kept(all).into_iter().find_map(|stage| stage.iter().rev().find(|one| one.name == name))
}

/// The stages whose layers are in the image that comes out: the last, the one it is built on, and so on.
pub fn kept(all: &[Instruction]) -> Vec<&[Instruction]> {
    let (stages, arguments) = (stages(all), arguments(all));
    let mut found = Vec::new();
    let mut next = stages.len().checked_sub(1);
    while let Some(at) = next.filter(|_| found.len() < MAX_CHAIN) {
        found.push(stages[at]);
        let Some((image, _)) = from(&stages[at][0], &arguments) else { break };
        let is_base = |stage: &&[Instruction]| {
            from(&stage[0], &arguments).and_then(|(_, name)| name).is_some_and(|name| name.eq_ignore_ascii_case(&image))
        };
        next = stages[..at].iter().rposition(is_base);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_have_their_defaults() {
        let known = HashMap::from([("V".to_owned(), "1".to_owned()), ("E".to_owned(), String::new())]);
        for (text, expected) in [
            ("a:$V", "a:1"),
            ("a:${V}-x", "a:1-x"),
            ("a:${W:-2}", "a:2"),
            ("a:${E:-2}", "a:2"),
            ("a:${V:+3}", "a:3"),
            ("a:${W:+3}", "a:"),
            ("a:${W}b", "a:${W}b"),
            ("$W/b", "$W/b"),
        ] {
            assert_eq!(replaced(text, &known), expected, "{text}");
        }
    }
}
