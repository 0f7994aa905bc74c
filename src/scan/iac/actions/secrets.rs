//! How secrets travel.

use super::expr::{self, Oddity};
use super::model::{File, Place};
use super::{Out, quoted};
use crate::model::{Confidence, DraftRelated, Severity};
use crate::syntax::Node;

/// `secrets-inherit`.
pub fn inherited(file: &File<'_>, out: &mut Out<'_>) {
    for job in &file.jobs {
        let Some(secrets) = job.node().entry("secrets").filter(|entry| entry.value.scalar() == Some("inherit")) else {
            continue;
        };
        let place = job.place();
        let uses = job.node().get("uses");
        let called = uses.and_then(Node::scalar).unwrap_or_default();
        let message =
            format!("`secrets: inherit` hands every secret of the repository to {} in {}.", quoted(called), place.name);
        let here = secrets.key_span.join(secrets.value.span);
        let draft = out.report("secrets-inherit", uses.map_or(here, |uses| uses.span), &place, "", message);
        draft.related.push(DraftRelated {
            span: here,
            message: "All secrets are handed on here.".to_owned(),
            path: None,
        });
        if called.starts_with("./") {
            draft.severity = Severity::Low;
        }
    }
}

/// Secrets taken whole, or apart.
pub fn exposed(file: &File<'_>, out: &mut Out<'_>) {
    each_scalar(file, &mut |node, place| {
        for one in expr::fenced(node, file.bytes) {
            for oddity in expr::oddities(&one.text) {
                let shown = quoted(&one.text);
                match oddity {
                    Oddity::AllSecrets => {
                        let message = format!("{shown} puts every secret of the repository into {}.", place.name);
                        out.report("overprovisioned-secrets", one.span, place, &one.text, message);
                    }
                    Oddity::StructuredSecret => {
                        let message =
                            format!("{shown} takes a field out of a secret; only the whole secret is masked in logs.");
                        out.report("unredacted-secrets", one.span, place, &one.text, message);
                    }
                    _ => {}
                }
            }
            if expr::is_constant_in_part(&one.text) {
                let message = format!("{} is known before the workflow runs; write what it means.", quoted(&one.text));
                out.report("obfuscation", one.span, place, &one.text, message);
            }
        }
    });
}

/// `secrets-outside-env`: no environment stands between a branch and the secret.
pub fn outside_environment(file: &File<'_>, out: &mut Out<'_>) {
    // A called workflow's secrets are its caller's.
    if file.has_trigger(&["workflow_call"]) {
        return;
    }
    for job in &file.jobs {
        if job.node().get("environment").is_some() || job.is_call() {
            continue;
        }
        let place = job.place();
        walk(job.node(), 0, &mut |node| {
            for one in expr::fenced(node, file.bytes) {
                for read in expr::reads(&one.text).unwrap_or_default() {
                    let name = match read.path.strip_prefix("secrets.") {
                        Some("github_token") => continue,
                        Some(name) => name,
                        // All of them, or one that is named at run time.
                        None if read.path == "secrets" => "*",
                        None => continue,
                    };
                    let message = format!(
                        "`secrets.{}` is used in {} without a deployment environment that guards it.",
                        name.to_ascii_uppercase(),
                        place.name
                    );
                    let draft = out.report("secrets-outside-env", one.span, &place, name, message);
                    draft.severity = Severity::Low;
                    draft.confidence = Confidence::Low;
                }
            }
        });
    }
}

/// Every string of the file's steps, jobs and environment, with its place.
pub fn each_scalar(file: &File<'_>, visit: &mut dyn FnMut(&Node, &Place)) {
    for step in &file.steps {
        let place = step.place();
        walk(step.node, 0, &mut |node| visit(node, &place));
    }
    for job in &file.jobs {
        let place = job.place();
        for entry in job.node().entries().iter().filter(|entry| entry.key != "steps") {
            walk(&entry.value, 0, &mut |node| visit(node, &place));
        }
    }
    if let Some(env) = file.root.get("env") {
        walk(env, 0, &mut |node| visit(node, &file.place()));
    }
}

/// Every string below a node; the parser bounds the depth.
fn walk(node: &Node, depth: usize, visit: &mut dyn FnMut(&Node)) {
    if node.as_str().is_some() {
        visit(node);
    }
    if depth < 128 {
        node.items().iter().for_each(|item| walk(item, depth + 1, visit));
        node.entries().iter().for_each(|entry| walk(&entry.value, depth + 1, visit));
    }
}
