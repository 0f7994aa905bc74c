//! Publishing with long-lived tokens where the registry takes the workflow's own identity.

use super::model::File;
use super::run::commands_of;
use super::{Out, quoted};
use crate::syntax::Node;

/// Actions that publish, with the argument through which a token comes; `=` where it takes that value.
const ACTIONS: &[(&str, &[&str], &str)] = &[
    ("pypa/gh-action-pypi-publish", &["password"], "PyPI"),
    ("rubygems/release-gem", &["setup-trusted-publisher=false"], "RubyGems"),
    ("actions/setup-node", &["always-auth=true"], "npm"),
    ("rubygems/configure-rubygems-credentials", &["api-token"], "RubyGems"),
    ("JS-DevTools/npm-publish", &["token"], "npm"),
    ("katyo/publish-crates", &["registry-token"], "crates.io"),
];

/// Commands that publish: a program, and words that follow it in this order, whatever else stands between them.
const COMMANDS: &[(&[&str], &str)] = &[
    (&["cargo", "publish"], "crates.io"),
    (&["npm", "publish"], "npm"),
    (&["bun", "publish"], "npm"),
    (&["pnpm", "publish"], "npm"),
    (&["yarn", "publish"], "npm"),
    (&["twine", "upload"], "PyPI"),
    (&["uv", "publish"], "PyPI"),
    (&["pdm", "publish"], "PyPI"),
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
        // A job's own permissions stand in place of the workflow's.
        let granted = step.job.and_then(|job| job.node().get("permissions")).or_else(|| file.root.get("permissions"));
        if granted.and_then(|granted| granted.get("id-token")).and_then(Node::scalar) == Some("write") {
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
        let (program, rest) = words.split_first()?;
        let follows = |shape: &[&str]| {
            let mut rest = rest.iter();
            shape[0] == *program && shape[1..].iter().all(|wanted| rest.any(|word| word == wanted))
        };
        COMMANDS.iter().find(|(shape, _)| follows(shape)).map(|(_, registry)| *registry)
    })
}

/// `NAME=value` before a command.
fn is_setting(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_publishes_is_known_whatever_stands_in_it() {
        for (line, expected) in [
            ("cargo +nightly publish --token x", Some("crates.io")),
            ("cargo release publish --workspace --execute", Some("crates.io")),
            ("cargo ws publish", Some("crates.io")),
            ("pnpm -r publish", Some("npm")),
            ("yarn npm publish", Some("npm")),
            ("python -m twine upload dist/*", Some("PyPI")),
            ("bundle exec gem push x", Some("RubyGems")),
            ("cargo publish --dry-run", None),
            ("npm pack", None),
            ("rake release", None),
        ] {
            assert_eq!(publishes(line), expected, "{line}");
        }
    }
}
