//! Configuration from elsewhere.

use super::files::{Files, parts_of};
use super::{Out, Place, View, quoted};
use crate::model::Severity;
use crate::scan::iac::resource::Value;
use crate::scan::iac::text::capital;

/// Includes of a file.
pub fn pinned(files: &Files<'_>, file: u32, out: &mut Out<'_>) {
    let root = &files.source(file).root;
    for include in root.get("include").map(parts_of).unwrap_or_default() {
        one(include, &Place::top(root), out);
    }
}

/// Includes of child pipelines.
pub fn triggered(view: &View<'_>, out: &mut Out<'_>) {
    for include in view.job.body.at(&["trigger", "include"]).map(parts_of).unwrap_or_default() {
        one(include, &view.place(), out);
    }
}

fn one(include: &Value, place: &Place, out: &mut Out<'_>) {
    let text = |key: &str| include.get(key).and_then(Value::as_str);
    let short = include.as_str().filter(|text| text.contains("://"));
    if let Some(url) = short.or(text("remote")) {
        if include.get("integrity").is_some() {
            return;
        }
        let at = place.at(include.get("remote").unwrap_or(include));
        let message =
            format!("{} takes in jobs from {} whatever stands there.", capital(&place.name), quoted(without_user(url)));
        if let Some(draft) = out.report("remote-include", &at, url, message)
            && url.starts_with("http://")
        {
            draft.severity = Severity::High;
        }
    } else if let Some(project) = text("project") {
        let (at, how) = match include.get("ref").map(|value| (value, value.as_str().unwrap_or_default())) {
            None => (include.get("project").unwrap_or(include), "without `ref`, so from its default branch".to_owned()),
            Some((_, reference)) if is_fixed(reference) || reference.contains('$') => return,
            Some((value, reference)) => (value, format!("at {}, which can be moved", quoted(reference))),
        };
        let message = format!("{} takes in files of {} {how}.", capital(&place.name), quoted(project));
        out.report("unpinned-include", &place.at(at), project, message);
    } else if let Some(component) = text("component") {
        let version = component.rsplit_once('@').map(|(_, version)| version);
        if version.is_some_and(|version| is_fixed(version) || version.contains('$')) {
            return;
        }
        let how =
            version.map_or("without a version".to_owned(), |version| format!("at {}, which moves", quoted(version)));
        let name = component.split('@').next().unwrap_or(component);
        let message = format!("{} uses the component {} {how}.", capital(&place.name), quoted(name));
        out.report("floating-component", &place.at(include.get("component").unwrap_or(include)), name, message);
    }
}

/// A commit, or a version with at least two numbers; a version of one number is moved by habit.
fn is_fixed(reference: &str) -> bool {
    let commit = matches!(reference.len(), 40 | 64) && reference.bytes().all(|b| b.is_ascii_hexdigit());
    let plain = reference.rsplit('/').next().unwrap_or(reference);
    let version = plain.strip_prefix('v').unwrap_or(plain).split(['-', '+']).next().unwrap_or_default();
    let numbers: Vec<&str> = version.split('.').collect();
    let complete =
        numbers.len() >= 3 && numbers.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    commit || complete
}

/// A URL without the name and password in it.
fn without_user(url: &str) -> &str {
    let host = url.split("://").nth(1).unwrap_or(url);
    host.split('/')
        .next()
        .and_then(|authority| authority.rsplit_once('@'))
        .map_or(url, |(user, _)| &host[user.len() + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_that_stay() {
        for fixed in ["v1.2.3", "1.2.3", "1.2.3-rc1", "release/2.0.1", &"a1".repeat(20)] {
            assert!(is_fixed(fixed), "{fixed}");
        }
        for moving in ["main", "1", "v1", "1.2", "~latest", "stable", "HEAD", "release/2", "abc1234"] {
            assert!(!is_fixed(moving), "{moving}");
        }
        assert_eq!(without_user("https://u:p@h/x"), "h/x");
    }
}
