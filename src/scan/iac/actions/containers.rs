//! Containers that jobs run in and beside.

use super::model::{File, Job, Place};
use super::{Out, quoted};
use crate::model::{Confidence, Severity, Span};
use crate::scan::iac::pin;
use crate::syntax::{Entry, Node};

/// The container and every service of a job, each with what it is called.
fn of<'a>(job: &Job<'a>) -> Vec<(&'a Node, String)> {
    let container = job.node().get("container").map(|node| (node, "the container".to_owned()));
    let services = job.node().get("services").map(Node::entries).unwrap_or_default();
    container
        .into_iter()
        .chain(services.iter().map(|entry| (&entry.value, format!("service `{}`", entry.key))))
        .collect()
}

/// `hardcoded-container-credentials`.
pub fn credentials(file: &File<'_>, out: &mut Out<'_>) {
    for job in &file.jobs {
        for (node, what) in of(job) {
            let Some(password) = node.at(&["credentials", "password"]) else { continue };
            let Some(text) = password.scalar().filter(|text| !text.contains("${{") && !text.is_empty()) else {
                continue;
            };
            let place = job.place();
            let message = format!("The registry password of {what} of {} is written into the workflow.", place.name);
            let draft = out.report("hardcoded-container-credentials", password.span, &place, &what, message);
            let _ = text;
            draft.secrets.push(password.span);
        }
    }
}

/// `unpinned-images`.
pub fn images(file: &File<'_>, out: &mut Out<'_>) {
    for job in &file.jobs {
        for (node, what) in of(job) {
            let image = if node.entries().is_empty() { Some(node) } else { node.get("image") };
            let Some(image) = image else { continue };
            let Some(text) = image.scalar().filter(|text| !text.is_empty()) else { continue };
            match matrix_values(job, text) {
                Some(values) => {
                    values.iter().for_each(|(value, span)| self::image(value, *span, &what, &job.place(), file, out));
                }
                None if text.contains("${{ matrix.") || text.contains("${{matrix.") => {
                    let message = format!(
                        "The image {} of {what} of {} is computed, and may not be pinned by digest.",
                        quoted(text),
                        job.place().name
                    );
                    let draft = out.report("unpinned-images", image.span, &job.place(), &what, message);
                    draft.severity = Severity::Medium;
                    draft.confidence = Confidence::Low;
                }
                None if text.contains("${{") => {}
                None => self::image(text, image.span, &what, &job.place(), file, out),
            }
        }
    }
}

/// `${{ matrix.image }}`, alone or as a part of the name, stands for each of the matrix's literal values.
fn matrix_values(job: &Job<'_>, text: &str) -> Option<Vec<(String, Span)>> {
    let (before, rest) = text.split_once("${{")?;
    let (path, after) = rest.split_once("}}")?;
    if after.contains("${{") {
        return None;
    }
    let mut keys = path.trim().strip_prefix("matrix.")?.split('.');
    let name = keys.next()?;
    let below: Vec<&str> = keys.collect();
    let matrix = job.node().at(&["strategy", "matrix"])?;
    let listed = matrix.get(name).map(Node::items).unwrap_or_default().iter();
    let included = matrix.get("include").map(Node::items).unwrap_or_default().iter().filter_map(|item| item.get(name));
    let values = listed.chain(included).filter_map(|node| node.at(&below)).filter_map(|node| {
        let value = node.scalar().filter(|value| !value.is_empty() && !value.contains("${{"))?;
        Some((format!("{before}{value}{after}"), node.span))
    });
    let values: Vec<_> = values.collect();
    let open = matrix.as_str().is_some() || matrix.get("include").is_some_and(|include| include.as_str().is_some());
    (!open || !values.is_empty()).then_some(values)
}

/// One image of whatever uses it.
pub fn image(image: &str, span: Span, what: &str, place: &Place, file: &File<'_>, out: &mut Out<'_>) {
    if image.contains("@sha256:") {
        return;
    }
    let name = image.rsplit('/').next().unwrap_or(image);
    let (severity, confidence, how) = match name.split_once(':') {
        None => (Severity::High, Confidence::High, "has no tag"),
        Some((_, "latest")) => (Severity::High, Confidence::High, "follows `latest`"),
        Some(_) => (Severity::Low, Confidence::Medium, "is not pinned by digest"),
    };
    let message = format!("The image {} of {what} of {} {how}.", quoted(image), place.name);
    let draft = out.report("unpinned-images", span, place, &format!("{what}|{image}"), message);
    draft.severity = severity;
    draft.confidence = confidence;
    draft.pin = pin::image(image, span, file.bytes).or_else(|| pin::docker_image(image, span, file.bytes));
}

/// The image of a Docker action.
pub fn action_image(file: &File<'_>, out: &mut Out<'_>) {
    let Some(Entry { value, .. }) = file.root.get("runs").and_then(|runs| runs.entry("image")) else { return };
    if let Some(image) = value.as_str().and_then(|text| text.strip_prefix("docker://")) {
        self::image(image, value.span, "the action", &file.place(), file, out);
    }
}
