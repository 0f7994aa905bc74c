//! Publishing with long-lived tokens where the registry takes the workflow's own identity.

use super::model::File;
use super::run::lines;
use super::{Out, quoted};

/// Actions that publish, with the argument through which a token comes.
const ACTIONS: &[(&str, &[&str], &str)] = &[
    ("pypa/gh-action-pypi-publish", &["password"], "PyPI"),
    ("rubygems/release-gem", &["setup-trusted-publisher!"], "RubyGems"),
    ("rubygems/configure-rubygems-credentials", &["api-token"], "RubyGems"),
    ("JS-DevTools/npm-publish", &["token"], "npm"),
    ("katyo/publish-crates", &["registry-token"], "crates.io"),
];

/// Commands that publish.
const COMMANDS: &[(&[&str], &str)] = &[
    (&["cargo", "publish"], "crates.io"),
    (&["npm", "publish"], "npm"),
    (&["pnpm", "publish"], "npm"),
    (&["yarn", "npm", "publish"], "npm"),
    (&["twine", "upload"], "PyPI"),
    (&["uv", "publish"], "PyPI"),
    (&["poetry", "publish"], "PyPI"),
    (&["hatch", "publish"], "PyPI"),
    (&["flit", "publish"], "PyPI"),
    (&["gem", "push"], "RubyGems"),
    (&["dotnet", "nuget", "push"], "NuGet"),
    (&["nuget", "push"], "NuGet"),
];

/// `use-trusted-publishing`.
pub fn trusted(file: &File<'_>, out: &mut Out<'_>) {
    for step in &file.steps {
        let place = step.place();
        if let Some((uses, node)) = step.uses()
            && let Some((_, arguments, registry)) = ACTIONS.iter().find(|(slug, ..)| uses.is(slug))
        {
            let given = arguments.iter().find_map(|name| step.with(name));
            if given.is_some() {
                let message = format!(
                    "{} publishes to {registry} with a stored token; the workflow's own identity (OIDC) needs none.",
                    quoted(&format!("{}/{}", uses.owner, uses.repo))
                );
                out.report("use-trusted-publishing", node.span, &place, uses.repo, message);
            }
        }
        let oidc = step
            .job
            .and_then(|job| job.node().at(&["permissions", "id-token"]))
            .or_else(|| file.root.at(&["permissions", "id-token"]));
        if oidc.is_some_and(|node| node.scalar() == Some("write")) {
            continue;
        }
        let Some(run) = step.node.get("run") else { continue };
        for (line, span) in lines(run, file.bytes) {
            let Some(registry) = publishes(line) else { continue };
            let message = format!(
                "{} publishes to {registry} with a stored token; the workflow's own identity (OIDC) needs none.",
                quoted(line)
            );
            out.report("use-trusted-publishing", span, &place, line, message);
        }
    }
}

fn publishes(line: &str) -> Option<&'static str> {
    line.split(['|', ';', '&']).find_map(|command| {
        let words: Vec<&str> =
            command.split_whitespace().filter(|word| !word.contains('=') && !word.starts_with('+')).collect();
        if words.iter().any(|word| matches!(*word, "--dry-run" | "-n" | "--help")) {
            return None;
        }
        let words = match words.as_slice() {
            ["python" | "python3", "-m", rest @ ..] | ["npx" | "uvx" | "pipx" | "sudo", rest @ ..] => rest,
            rest => rest,
        };
        COMMANDS.iter().find(|(shape, _)| words.starts_with(shape)).map(|(_, registry)| *registry)
    })
}
