//! What `uses` names: actions and reusable workflows of others.

use super::archived::ARCHIVED;
use super::facts::{SUPERFLUOUS, VULNERABLE, Vulnerable, lookalike};
use super::model::{File, Place, Uses, without_host};
use super::{Out, quoted};
use crate::model::{Confidence, Fix, Replacement, Severity, Span};
use crate::scan::iac::pin;
use crate::syntax::Node;

/// Every step's `uses`.
pub fn audit(file: &File<'_>, out: &mut Out<'_>) {
    for (at, step) in file.steps.iter().enumerate() {
        let Some(node) = step.node.get("uses") else { continue };
        let Some(text) = node.as_str() else { continue };
        let place = step.place();
        match text.strip_prefix("docker://") {
            Some(image) => super::containers::image(image, node.span, "the image", &place, file, out),
            None if text.starts_with("./") => own(text, node, &place, file, out),
            None => one(text, node, &place, at, file, out),
        }
        tool_version(step, &place, out);
    }
}

/// Every job that is a call of a reusable workflow.
pub fn reusable(file: &File<'_>, out: &mut Out<'_>) {
    for (at, job) in file.jobs.iter().enumerate() {
        if let Some(node) = job.node().get("uses")
            && let Some(text) = node.as_str()
        {
            match text.starts_with("./") {
                true => own(text, node, &job.place(), file, out),
                false => one(text, node, &job.place(), at, file, out),
            }
        }
    }
}

/// `self-repository`.
fn own(text: &str, node: &Node, place: &Place, file: &File<'_>, out: &mut Out<'_>) {
    let message =
        format!("{} names a folder of whatever is checked out; `$/…` names this workflow's own commit.", quoted(text));
    let draft = out.report("self-repository", node.span, place, text, message);
    draft.severity = Severity::Info;
    draft.fixes.extend(of_this_commit(node, file));
}

/// `./` becomes `$/`, where it is written so.
fn of_this_commit(node: &Node, file: &File<'_>) -> Option<Fix> {
    let written = node.span.of(file.bytes);
    let quote = usize::from(matches!(written.first(), Some(b'"' | b'\'')));
    written.get(quote..)?.starts_with(b"./").then(|| {
        let at = node.span.start as usize + quote;
        let replacements = vec![Replacement { span: Span::new(at, at + 1), text: "$".to_owned() }];
        Fix { description: "Name the workflow's own commit with `$/`".to_owned(), replacements }
    })
}

fn one(text: &str, node: &Node, place: &Place, at: usize, file: &File<'_>, out: &mut Out<'_>) {
    let Some(uses) = Uses::parse(text) else { return };
    let slug = format!("{}/{}", uses.owner, uses.repo);
    pinned(text, &uses, node, (place, at), file, out);
    let archived = ARCHIVED.iter().any(|slug| uses.is(slug));
    if archived {
        let message = format!("{} comes from an archived repository, which gets no more fixes.", quoted(&slug));
        out.report("archived-uses", node.span, place, &format!("{slug}#{at}"), message);
    }
    if let Some(meant) = lookalike(&slug) {
        let message = format!("{} is one letter away from `{meant}`, and another repository.", quoted(&slug));
        out.report("typosquat-uses", node.span, place, &slug, message);
    }
    vulnerable(&uses, node, place, file, out);
    // An archived one has to go in any case.
    if let Some((_, tool)) = SUPERFLUOUS.iter().find(|(slug, _)| uses.is(slug) && !archived) {
        let message = format!("{} does what `{tool}` on the runner does: one party less to trust.", quoted(&slug));
        let draft = out.report("superfluous-actions", node.span, place, &slug, message);
        draft.severity = Severity::Info;
        draft.confidence = Confidence::Low;
    }
    if uses.path.split('/').any(|part| matches!(part, "." | ".."))
        || without_host(text).contains("//")
        || text.split('@').next().is_some_and(|slug| slug.ends_with('/'))
    {
        let message = format!("{} is written so as to hide what it names.", quoted(text));
        out.report("obfuscation", node.span, place, text, message);
    }
}

fn pinned(text: &str, uses: &Uses<'_>, node: &Node, (place, at): (&Place, usize), file: &File<'_>, out: &mut Out<'_>) {
    if uses.is_hash() {
        return;
    }
    let trusted = ["actions", "github"].iter().any(|owner| owner.eq_ignore_ascii_case(uses.owner));
    let (severity, what) = match uses.reference {
        None => (Severity::High, "names no version at all"),
        Some(reference) if is_branch(reference) => (Severity::High, "follows a branch"),
        Some(_) if trusted => (Severity::Medium, "is pinned to a tag, which can be moved"),
        Some(_) => (Severity::High, "is pinned to a tag or branch, which can be moved"),
    };
    let message = format!("{} in {} {what}; pin it to a full commit id.", quoted(text), place.name);
    let about = format!("{}/{}/{}#{at}", uses.owner, uses.repo, uses.path);
    let draft = out.report("unpinned-uses", node.span, place, &about, message);
    draft.severity = severity;
    draft.pin = pin::action(text, node.span, file.bytes);
}

fn is_branch(reference: &str) -> bool {
    matches!(reference, "main" | "master" | "develop" | "dev" | "trunk" | "HEAD" | "latest" | "nightly")
        || reference.contains('/')
}

fn vulnerable(uses: &Uses<'_>, node: &Node, place: &Place, file: &File<'_>, out: &mut Out<'_>) {
    for known in VULNERABLE.iter().filter(|known| uses.is(known.slug)) {
        let Some(version) = version_of(uses, node, file.bytes) else { continue };
        if !affected(&version, known) {
            continue;
        }
        let message = format!(
            "{} is known to be vulnerable ({}): {}.",
            quoted(&format!("{}/{}", uses.owner, uses.repo)),
            known.advisory,
            known.what
        );
        let draft = out.report("known-vulnerable-actions", node.span, place, known.advisory, message);
        draft.severity = if known.taken_over { Severity::Critical } else { Severity::High };
        draft.also_known_as.push(known.advisory.to_owned());
        // A floating `v4` runs what the tag names today, which is most likely mended.
        if version.len() < 3 && !known.taken_over {
            draft.confidence = Confidence::Medium;
        }
    }
}

/// `v4.1.2`, or the same in the comment beside a commit id, as numbers.
pub fn version_of(uses: &Uses<'_>, node: &Node, bytes: &[u8]) -> Option<Vec<u64>> {
    let reference = uses.reference?;
    let text = if uses.is_hash() {
        let rest = bytes.get(node.span.end as usize..)?;
        let line = rest.split(|byte| *byte == b'\n').next()?;
        let comment = line.iter().position(|byte| *byte == b'#').and_then(|at| line.get(at + 1..))?;
        std::str::from_utf8(comment)
            .ok()?
            .split_whitespace()
            .find(|word| word.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit()))?
    } else {
        reference
    };
    let parts: Option<Vec<u64>> =
        text.trim().trim_start_matches('v').split('.').take(3).map(|part| part.parse().ok()).collect();
    parts.filter(|parts| !parts.is_empty())
}

/// A shortened version means the newest of its line: affected where the whole line is.
fn affected(version: &[u64], known: &Vulnerable) -> bool {
    let Some((major, minor, patch)) = known.fixed else { return true };
    match *version {
        [a, b, c] => (a, b, c) < (major, minor, patch),
        [a, b] => (a, b) < (major, minor) || (known.taken_over && (a, b) == (major, minor) && patch > 0),
        [a] => a < major,
        _ => false,
    }
}

/// Actions that install a tool of a version one may name: the action, and the arguments that name it.
const INSTALLERS: &[(&str, &[&str])] = &[
    ("extractions/setup-just", &["just-version"]),
    ("extractions/setup-crate", &["version"]),
    ("aquasecurity/setup-trivy", &["version"]),
    ("1password/load-secrets-action", &["version"]),
    ("astral-sh/setup-uv", &["version", "version-file"]),
    ("golangci/golangci-lint-action", &["version", "version-file"]),
    ("goreleaser/goreleaser-action", &["version"]),
    ("taiki-e/install-action", &["tool"]),
    ("jdx/mise-action", &["version"]),
    ("pnpm/action-setup", &["version", "package_json_file"]),
    ("denoland/setup-deno", &["deno-version", "deno-version-file"]),
    ("oven-sh/setup-bun", &["bun-version", "bun-version-file"]),
    ("hashicorp/setup-terraform", &["terraform_version"]),
    ("azure/setup-helm", &["version"]),
    ("azure/setup-kubectl", &["version"]),
    ("arduino/setup-protoc", &["version"]),
    ("sigstore/cosign-installer", &["cosign-release"]),
];

/// `unpinned-tools`: only the ones that take the newest when nothing is said.
fn tool_version(step: &super::model::Step<'_>, place: &Place, out: &mut Out<'_>) {
    let Some((uses, node)) = step.uses() else { return };
    let Some((_, names)) = INSTALLERS.iter().find(|(slug, _)| uses.is(slug)) else { return };
    let value = names.iter().find_map(|name| step.with(name));
    let reads_files =
        matches!(uses.repo, "setup-uv" | "install-action" | "mise-action" | "action-setup" | "cosign-installer");
    let latest = value.is_some_and(|entry| matches!(entry.value.scalar(), Some("latest" | "*")));
    if latest || (value.is_none() && !reads_files) {
        let span = value.map_or(node.span, |entry| entry.value.span);
        let message = format!(
            "{} installs whatever version is newest; name one with `{}`.",
            quoted(&format!("{}/{}", uses.owner, uses.repo)),
            names[0]
        );
        out.report("unpinned-tools", span, place, uses.repo, message);
    }
}
