//! Images that jobs and their services run.

use super::files::Files;
use super::names;
use super::pipeline::{Job, entries};
use super::secrets::images_of;
use super::{Out, Place, View, quoted};
use crate::scan::iac::pin;
use crate::scan::iac::resource::Value;

/// Stands for what can't be known inside a name.
const OPEN: char = '\u{1}';
/// Variables that lead to variables, and how long a name they may make.
const MAX_STEPS: usize = 8;
const MAX_NAME: usize = 1024;

/// Images of a job.
pub fn job(view: &View<'_>, out: &mut Out<'_>) {
    for value in images_of(&view.job.body) {
        image(value, Some(view.job), &view.place(), out);
        for of_matrix in in_matrix(value.get("name").unwrap_or(value), &view.job.body) {
            image(of_matrix, Some(view.job), &view.place(), out);
        }
    }
}

/// The values that `parallel: matrix` gives a variable which is the whole name of an image.
fn in_matrix<'a>(image: &Value, body: &'a Value) -> Vec<&'a Value> {
    let Some(name) = image.as_str().and_then(|text| text.strip_prefix('$')) else { return Vec::new() };
    let name = name.trim_start_matches('{').trim_end_matches('}');
    let rows = body.at(&["parallel", "matrix"]).map(Value::items).unwrap_or_default();
    let given = rows.iter().filter_map(|row| row.get(name));
    given.flat_map(|value| if value.items().is_empty() { std::slice::from_ref(value) } else { value.items() }).collect()
}

/// Images at a file's top and in its `default`.
pub fn global(files: &Files<'_>, file: u32, out: &mut Out<'_>) {
    let root = &files.source(file).root;
    for part in [Some(root), root.get("default")].into_iter().flatten() {
        for value in images_of(part) {
            image(value, None, &Place::top(root), out);
        }
    }
}

fn image(value: &Value, job: Option<&Job>, place: &Place, out: &mut Out<'_>) {
    let value = value.get("name").unwrap_or(value);
    let Some(written) = value.as_str() else { return };
    let Some(name) = expanded(written, job, 0).filter(|name| !name.is_empty()) else { return };
    let here = place.at(value);
    let shown = quoted(written);
    let Some((id, what)) = fault(&name) else { return };
    let bytes = out.files.source(value.file).bytes;
    if let Some(draft) = out.report(id, &here, written, format!("The image {shown} of {} {what}.", place.name)) {
        draft.pin = pin::image(written, value.span, bytes).filter(|_| name == written);
    }
}

/// The rule that an image's name breaks, and how.
fn fault(name: &str) -> Option<(&'static str, &'static str)> {
    let last = name.rsplit('/').next().unwrap_or(name);
    if name.contains("@sha256:") || name.contains("$[[") {
        return None;
    }
    match last.split_once(':') {
        None if last.contains(OPEN) => None,
        None => Some(("floating-image", "has no tag")),
        Some((_, "latest")) => Some(("floating-image", "follows `latest`")),
        Some((_, tag)) if tag.contains(OPEN) => None,
        Some(_) => Some(("unpinned-image", "is not pinned by digest")),
    }
}

/// A name with its variables put in; [`OPEN`] stands for those that have no value here.
fn expanded(text: &str, job: Option<&Job>, depth: usize) -> Option<String> {
    if depth > MAX_STEPS {
        return None;
    }
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('$') {
        result.push_str(before);
        if behind.starts_with("[[") {
            return None;
        }
        let name = names::named_in(&rest[before.len()..]).next().unwrap_or_default();
        let braced = behind.starts_with('{');
        let length = name.len() + if braced { 2 } else { 0 };
        rest = behind.get(length..).unwrap_or_default();
        let value = job.and_then(|job| {
            job.variables.binary_search_by(|(own, _)| own.as_ref().cmp(name)).ok().map(|at| &job.variables[at].1)
        });
        match value.and_then(Value::as_str) {
            Some(value) => result.push_str(&expanded(value, job, depth + 1)?),
            None => result.push(OPEN),
        }
        if result.len() > MAX_NAME {
            return None;
        }
    }
    result.push_str(rest);
    Some(result)
}

/// True for a service that is a Docker daemon.
pub fn is_docker_daemon(service: &Value) -> bool {
    let name = service.get("name").unwrap_or(service).as_str().unwrap_or_default();
    name.contains("docker") && name.contains("dind") && entries(service).len() < 20
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_they_pin() {
        let open = |text: &str| text.replace('?', &OPEN.to_string());
        for (name, expected) in [
            ("node", Some("floating-image")),
            ("registry:5000/node", Some("floating-image")),
            ("node:latest", Some("floating-image")),
            ("?/app:latest", Some("floating-image")),
            ("node:22.1", Some("unpinned-image")),
            ("?/app:?", None),
            ("?", None),
            ("a/node:1@sha256:00", None),
        ] {
            assert_eq!(fault(&open(name)).map(|(id, _)| id), expected, "{name}");
        }
        assert_eq!(expanded("a/$B:${C}-x", None, 0).as_deref(), Some(&*open("a/?:?-x")));
    }
}
