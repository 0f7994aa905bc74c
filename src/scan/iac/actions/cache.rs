//! Caches that a less trusted run may have filled, restored where releases are built.

use super::Out;
use super::checkout::add_argument;
use super::model::{File, Step};
use super::triggers::PRIVILEGED;
use super::uses::version_of;
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
    /// As [`Caches::Unless`] since a major version, as [`Caches::If`] with the other argument in any.
    Since(u64, &'static str, &'static str),
    /// As [`Caches::Unless`] below a major version, as [`Caches::If`] from then on.
    Until(u64, &'static str),
}

const CACHING: &[(&str, Caches)] = &[
    ("actions/cache", Caches::Always),
    ("actions/cache/restore", Caches::Always),
    ("actions/setup-go", Caches::Unless("cache")),
    ("awalsh128/cache-apt-pkgs-action", Caches::Always),
    ("determinatesystems/magic-nix-cache-action", Caches::Unless("use-gha-cache")),
    ("pnpm/setup", Caches::If("cache")),
    ("actions/setup-node", Caches::Since(5, "package-manager-cache", "cache")),
    ("actions/setup-python", Caches::If("cache")),
    ("actions/setup-java", Caches::If("cache")),
    ("actions/setup-dotnet", Caches::If("cache")),
    ("actions-rust-lang/setup-rust-toolchain", Caches::Unless("cache")),
    ("astral-sh/setup-uv", Caches::Until(10, "enable-cache")),
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
    ("PyO3/maturin-action", Caches::If("sccache")),
    ("ramsey/composer-install", Caches::Unless("ignore-cache!")),
];

/// Actions whose presence shows that a job publishes or deploys, with an argument that says `false` where it does not.
const PUBLISHERS: &[(&str, Option<&str>)] = &[
    ("pypa/gh-action-pypi-publish", None),
    ("rubygems/release-gem", None),
    ("softprops/action-gh-release", None),
    ("ncipollo/release-action", None),
    ("goreleaser/goreleaser-action", None),
    ("actions/create-release", None),
    ("svenstaro/upload-release-action", None),
    ("release-drafter/release-drafter", None),
    ("katyo/publish-crates", None),
    ("JS-DevTools/npm-publish", None),
    ("actions/attest-build-provenance", None),
    ("googleapis/release-please-action", None),
    ("changesets/action", None),
    ("cycjimmy/semantic-release-action", None),
    ("jreleaser/release-action", None),
    ("docker/build-push-action", Some("push")),
    ("redhat-actions/push-to-registry", None),
    ("aws-actions/amazon-ecs-deploy-task-definition", None),
    ("aws-actions/aws-cloudformation-github-deploy", None),
    ("azure/container-apps-deploy-action", None),
    ("azure/functions-action", None),
    ("cloudflare/wrangler-action", None),
    ("google-github-actions/deploy-appengine", None),
    ("google-github-actions/deploy-cloudrun", None),
    ("google-github-actions/deploy-cloud-functions", None),
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
        let major = version_of(&uses, node, file.bytes).and_then(|version| version.first().copied());
        let now = restores(*caches, step, major);
        if mode_of(file, step) == Some("none") || !now && !will_restore(*caches, step) {
            continue;
        }
        let why = match releasing {
            true => "the workflow runs for releases",
            false if publishes(file, step) => "the job publishes what it builds",
            false => continue,
        };
        let place = step.place();
        let does = if now { "restores" } else { "restores, from its next major versions on," };
        let message =
            format!("`{full}` in {} {does} a cache that an untrusted run may have filled, and {why}.", place.name);
        let draft = out.report("cache-poisoning", node.span, &place, &format!("{full}#{at}"), message);
        draft.confidence = Confidence::Low;
        draft.severity = if now { Severity::High } else { Severity::Low };
        draft.fixes.extend(switched_off(*caches, step, major).and_then(|setting| add_argument(file, step, &setting)));
    }
}

/// The argument that keeps a step from restoring a cache, where one is not given.
fn switched_off(caches: Caches, step: &Step<'_>, major: Option<u64>) -> Option<String> {
    let name = match caches {
        Caches::Unless(name) => name,
        Caches::Since(first, name, _) if major.is_none_or(|major| major >= first) => name,
        Caches::Until(first, name) if major.is_none_or(|major| major < first) => name,
        _ => return None,
    };
    let (name, value) = name.strip_suffix('!').map_or((name, false), |name| (name, true));
    step.with(name).is_none().then(|| format!("{name}: {value}"))
}

/// `cache-mode: write` where outsiders cause runs: what they leave in the cache meets the next.
pub fn written_by_outsiders(file: &File<'_>, out: &mut Out<'_>) {
    if !file.has_trigger(PRIVILEGED) {
        return;
    }
    let jobs = file.jobs.iter().map(|job| (job.node(), job.place()));
    for (node, place) in std::iter::once((file.root, file.place())).chain(jobs) {
        if let Some(entry) = node.entry("cache-mode").filter(|entry| entry.value.scalar() == Some("write")) {
            let message =
                format!("`cache-mode: write` lets runs that outsiders cause fill the cache of {}.", place.name);
            let draft = out.report("cache-poisoning", entry.key_span.join(entry.value.span), &place, "mode", message);
            draft.confidence = Confidence::Medium;
        }
    }
}

/// The `cache-mode` that holds for a step: its job's, else the workflow's.
fn mode_of<'a>(file: &File<'a>, step: &Step<'a>) -> Option<&'a str> {
    let own = step.job.and_then(|job| job.node().get("cache-mode"));
    own.or_else(|| file.root.get("cache-mode")).and_then(Node::scalar)
}

/// True on events that mean a release: tags, `release`, release branches.
fn releases(file: &File<'_>) -> bool {
    if file.has_trigger(&["release"]) {
        return true;
    }
    let Some(push) = file.trigger("push").and_then(|trigger| trigger.settings) else { return false };
    let branches = push.get("branches").map(Node::items).unwrap_or_default();
    push.get("tags").or_else(|| push.get("tags-ignore")).is_some()
        || branches.iter().any(|name| name.scalar().is_some_and(|name| name.contains("release")))
}

fn publishes(file: &File<'_>, step: &Step<'_>) -> bool {
    let job = |step: &Step<'_>| step.job.map(|job| job.entry.key_span);
    let siblings = file.steps.iter().filter(|other| job(other) == job(step));
    let active =
        |other: &Step<'_>, argument: &str| other.with(argument).and_then(|entry| entry.value.scalar()) != Some("false");
    siblings.into_iter().any(|other| {
        other.uses().is_some_and(|(uses, _)| {
            PUBLISHERS
                .iter()
                .any(|(slug, argument)| uses.is(slug) && argument.is_none_or(|argument| active(other, argument)))
        })
    })
}

/// Whether a newer version of the action would restore a cache as it is called here.
fn will_restore(caches: Caches, step: &Step<'_>) -> bool {
    matches!(caches, Caches::Since(..)) && restores(caches, step, None)
}

/// Whether a step restores a cache; `major` is its action's version where that is known.
fn restores(caches: Caches, step: &Step<'_>, major: Option<u64>) -> bool {
    let value = |name: &str| step.with(name).and_then(|entry| entry.value.scalar());
    match caches {
        Caches::Always => true,
        // A final `!` marks an argument that says the opposite.
        Caches::Unless(name) => match name.strip_suffix('!') {
            Some(name) => !matches!(value(name), Some("true" | "yes" | "1")),
            None => value(name) != Some("false"),
        },
        Caches::If(name) => value(name).is_some_and(|text| !text.is_empty() && text != "false"),
        Caches::Since(first, name, _) if major.is_none_or(|major| major >= first) => {
            restores(Caches::Unless(name), step, major)
        }
        Caches::Since(_, _, other) => restores(Caches::If(other), step, major),
        Caches::Until(first, name) if major.is_none_or(|major| major < first) => {
            restores(Caches::Unless(name), step, major)
        }
        Caches::Until(_, name) => restores(Caches::If(name), step, major),
    }
}
