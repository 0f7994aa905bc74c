//! Caches that a less trusted run may have filled, restored where releases are built.

use super::Out;
use super::model::{File, Step};
use crate::model::{Confidence, Severity};
use crate::syntax::Node;

/// When an action restores a cache.
#[derive(Clone, Copy)]
enum Caches {
    /// Always.
    Always,
    /// Unless an argument says `false`.
    Unless(&'static str),
    /// Where an argument is given and not `false`.
    If(&'static str),
}

const CACHING: &[(&str, Caches)] = &[
    ("actions/cache", Caches::Always),
    ("actions/cache/restore", Caches::Always),
    ("actions/setup-go", Caches::Unless("cache")),
    ("actions/setup-node", Caches::If("cache")),
    ("actions/setup-python", Caches::If("cache")),
    ("actions/setup-java", Caches::If("cache")),
    ("actions/setup-dotnet", Caches::If("cache")),
    ("actions-rust-lang/setup-rust-toolchain", Caches::Unless("cache")),
    ("astral-sh/setup-uv", Caches::Unless("enable-cache")),
    ("docker/build-push-action", Caches::If("cache-from")),
    ("docker/setup-buildx-action", Caches::Unless("cache-binary")),
    ("graalvm/setup-graalvm", Caches::If("cache")),
    ("gradle/actions", Caches::Unless("cache-disabled!")),
    ("julia-actions/cache", Caches::Always),
    ("leafo/gh-actions-lua", Caches::Unless("buildCache")),
    ("mlugg/setup-zig", Caches::Unless("use-cache")),
    ("mozilla-actions/sccache-action", Caches::Always),
    ("nix-community/cache-nix-action", Caches::Always),
    ("oven-sh/setup-bun", Caches::Unless("no-cache!")),
    ("pdm-project/setup-pdm", Caches::If("cache")),
    ("prefix-dev/setup-pixi", Caches::If("cache")),
    ("ruby/setup-ruby", Caches::If("bundler-cache")),
    ("Swatinem/rust-cache", Caches::Unless("lookup-only!")),
    ("subosito/flutter-action", Caches::If("cache")),
    ("hendrikmuhs/ccache-action", Caches::Always),
    ("jdx/mise-action", Caches::Unless("cache")),
    ("pnpm/action-setup", Caches::If("cache")),
];

/// Actions whose presence shows that a job publishes.
const PUBLISHERS: &[&str] = &[
    "pypa/gh-action-pypi-publish",
    "rubygems/release-gem",
    "softprops/action-gh-release",
    "ncipollo/release-action",
    "goreleaser/goreleaser-action",
    "actions/create-release",
    "svenstaro/upload-release-action",
    "release-drafter/release-drafter",
    "katyo/publish-crates",
    "JS-DevTools/npm-publish",
    "actions/attest-build-provenance",
    "googleapis/release-please-action",
    "changesets/action",
    "cycjimmy/semantic-release-action",
];

/// `cache-poisoning`.
pub fn poisoning(file: &File<'_>, out: &mut Out<'_>) {
    let releasing = releases(file);
    for (at, step) in file.steps.iter().enumerate() {
        let Some((uses, node)) = step.uses() else { continue };
        let slug = [uses.owner, uses.repo].join("/");
        let full = if uses.path.is_empty() { slug.clone() } else { format!("{slug}/{}", uses.path) };
        let known =
            CACHING.iter().find(|(name, _)| name.eq_ignore_ascii_case(&full) || name.eq_ignore_ascii_case(&slug));
        let Some((_, caches)) = known.filter(|_| full != "actions/cache/save") else { continue };
        if !restores(*caches, step) {
            continue;
        }
        let why = match releasing {
            true => "the workflow runs for releases",
            false if publishes(file, step) => "the job publishes what it builds",
            false => continue,
        };
        let place = step.place();
        let message =
            format!("`{full}` in {} restores a cache that an untrusted run may have filled, and {why}.", place.name);
        let draft = out.report("cache-poisoning", node.span, &place, &format!("{full}#{at}"), message);
        draft.confidence = Confidence::Low;
        draft.severity = Severity::High;
    }
}

/// True on events that mean a release: tags, `release`, release branches.
fn releases(file: &File<'_>) -> bool {
    if file.has_trigger(&["release"]) {
        return true;
    }
    let Some(push) = file.trigger("push").and_then(|trigger| trigger.settings) else { return false };
    let branches = push.get("branches").map(Node::items).unwrap_or_default();
    push.get("tags").is_some() || branches.iter().any(|name| name.scalar().is_some_and(|name| name.contains("release")))
}

fn publishes(file: &File<'_>, step: &Step<'_>) -> bool {
    let job = |step: &Step<'_>| step.job.map(|job| job.entry.key_span);
    let siblings = file.steps.iter().filter(|other| job(other) == job(step));
    siblings.filter_map(Step::uses).any(|(uses, _)| PUBLISHERS.iter().any(|slug| uses.is(slug)))
}

fn restores(caches: Caches, step: &Step<'_>) -> bool {
    let value = |name: &str| step.with(name).and_then(|entry| entry.value.scalar());
    match caches {
        Caches::Always => true,
        // A final `!` marks an argument that says the opposite.
        Caches::Unless(name) => match name.strip_suffix('!') {
            Some(name) => value(name) != Some("true"),
            None => value(name) != Some("false"),
        },
        Caches::If(name) => value(name).is_some_and(|text| !text.is_empty() && text != "false"),
    }
}
