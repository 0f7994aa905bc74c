//! Publishing with long-lived tokens where the registry takes the workflow's own identity.

use super::model::File;
use super::run::commands_of;
use super::{Out, quoted};

/// Actions that publish, with the argument through which a token comes; `=` where it takes that value.
const ACTIONS: &[(&str, &[&str], &str)] = &[
    ("pypa/gh-action-pypi-publish", &["password"], "PyPI"),
    ("rubygems/release-gem", &["setup-trusted-publisher=false"], "RubyGems"),
    ("actions/setup-node", &["always-auth=true"], "npm"),
    ("rubygems/configure-rubygems-credentials", &["api-token"], "RubyGems"),
    ("JS-DevTools/npm-publish", &["token"], "npm"),
    ("katyo/publish-crates", &["registry-token"], "crates.io"),
];

/// Commands that publish.
const COMMANDS: &[(&[&str], &str)] = &[
    (&["cargo", "publish"], "crates.io"),
    (&["npm", "publish"], "npm"),
    (&["bun", "publish"], "npm"),
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
            let given = arguments.iter().find_map(|argument| match argument.split_once('=') {
                Some((name, value)) => step.with(name).filter(|entry| entry.value.scalar() == Some(value)),
                None => step.with(argument),
            });
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
        for (line, span) in commands_of(run, file.bytes) {
            let Some(registry) = publishes(&line) else { continue };
            let message = format!(
                "{} publishes to {registry} with a stored token; the workflow's own identity (OIDC) needs none.",
                quoted(&line)
            );
            out.report("use-trusted-publishing", span, &place, &line, message);
        }
    }
}

fn publishes(line: &str) -> Option<&'static str> {
    line.split(['|', ';', '&']).find_map(|command| {
        let words: Vec<&str> = command
            .split_whitespace()
            .skip_while(|word| is_setting(word))
            .filter(|word| !word.starts_with('+'))
            .collect();
        if words.iter().any(|word| matches!(*word, "--dry-run" | "-n" | "--help")) {
            return None;
        }
        // What runs another command; `twine==6.1.0` and `nuget.exe` are `twine` and `nuget`.
        let words = match words.as_slice() {
            [python, "-m", rest @ ..] if python.starts_with("python") => rest,
            ["bundle", "exec", rest @ ..] | ["pipx" | "uv", "run", rest @ ..] => rest,
            ["npx" | "uvx" | "pipx" | "bunx" | "sudo", rest @ ..] => rest,
            rest => rest,
        };
        let mut words = words.to_vec();
        if let Some(first) = words.first_mut() {
            *first = first.trim_end_matches(".exe").split(['@', '=']).next().unwrap_or_default();
        }
        COMMANDS.iter().find(|(shape, _)| words.starts_with(shape)).map(|(_, registry)| *registry)
    })
}

/// `NAME=value` before a command.
fn is_setting(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
}
