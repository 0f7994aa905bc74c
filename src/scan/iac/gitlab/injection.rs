//! Values of outsiders that become code.

use std::collections::HashSet;

use super::names::{is_outsiders, named_in};
use super::{Out, View, quoted};
use crate::model::{Confidence, Severity};
use crate::scan::iac::resource::Value;
use crate::scan::iac::shell::{Command, Var, Word};

/// Programs that run the text behind one of these flags.
const INTERPRETERS: &[(&str, &str)] = &[
    ("sh", "c"),
    ("bash", "c"),
    ("dash", "c"),
    ("ash", "c"),
    ("zsh", "c"),
    ("ksh", "c"),
    ("su", "c"),
    ("python", "c"),
    ("python2", "c"),
    ("python3", "c"),
    ("node", "e"),
    ("perl", "e"),
    ("ruby", "e"),
    ("php", "r"),
    ("psql", "c"),
    ("mysql", "e"),
    ("pwsh", "Command"),
    ("powershell", "Command"),
];

/// `script-injection` and `unquoted-variable`.
pub fn outsiders(view: &View<'_>, out: &mut Out<'_>) {
    let mut tainted = Tainted::of(view);
    for step in &view.steps {
        let after =
            if step.section == "after_script" { ", in an `after_script` that runs whatever happened," } else { "" };
        for (at, command) in step.commands.iter().enumerate() {
            tainted.learn(command);
            let next = step.commands.get(at + 1).filter(|_| command.piped);
            let code = code_of(command, next);
            let found = code
                .iter()
                .find_map(|(how, vars)| vars.iter().find(|var| tainted.holds(&var.name)).map(|var| (how, &var.name)));
            if let Some((how, name)) = found {
                let place = view.line(step.value, command.line, name);
                let message = format!(
                    "`{how}` in {}{after} runs the text of `${name}`, which is for others to write, as code.",
                    place.name
                );
                out.report("script-injection", &place, &format!("{how}|{name}"), message);
            } else if let Some(var) = unquoted(command).find(|var| tainted.holds(&var.name)) {
                let place = view.line(step.value, command.line, &var.name);
                let message = format!(
                    "`${}` in {} stands outside of double quotes: words and patterns in it become arguments of `{}`.",
                    var.name,
                    place.name,
                    command.program().replace('`', "'")
                );
                out.report("unquoted-variable", &place, &var.name, message);
            }
        }
    }
}

/// The names whose values come from outsiders, by any way.
struct Tainted {
    names: HashSet<String>,
}

impl Tainted {
    fn of(view: &View<'_>) -> Self {
        let mut tainted = Self { names: HashSet::new() };
        for _ in 0..3 {
            let values = view.job.variables.iter().filter_map(|(name, value)| Some((name, value.as_str()?)));
            let found: Vec<String> = values
                .filter(|(_, text)| named_in(text).any(|used| tainted.holds(used)))
                .map(|(name, _)| name.to_string())
                .collect();
            tainted.names.extend(found);
        }
        tainted
    }

    fn holds(&self, name: &str) -> bool {
        is_outsiders(name) || self.names.contains(name)
    }

    /// What a command sets; a value of one's own frees the name.
    fn learn(&mut self, command: &Command) {
        for (name, value) in &command.assignments {
            if value.vars.iter().any(|var| self.holds(&var.name)) {
                self.names.insert(name.clone());
            } else if command.words.is_empty() || command.program() == "export" {
                self.names.remove(name);
            }
        }
    }
}

/// The variables that a command hands to something that runs text, with what that is.
fn code_of<'c>(command: &'c Command, next: Option<&Command>) -> Vec<(String, Vec<&'c Var>)> {
    let mut found: Vec<(String, Vec<&Var>)> = Vec::new();
    let program = command.program().to_ascii_lowercase();
    let vars = |words: &'c [Word]| words.iter().flat_map(|word| &word.vars).collect::<Vec<_>>();
    let text_of = |words: &'c [Word]| words.iter().position(|word| !word.text.starts_with('-'));
    match program.as_str() {
        "eval" | "iex" | "invoke-expression" => found.push((program.clone(), vars(&command.words[1..]))),
        // The first plain argument is the program's text.
        "awk" | "gawk" | "mawk" => {
            let rest = &command.words[1..];
            found.extend(text_of(rest).map(|at| (program.clone(), vars(&rest[at..=at]))));
        }
        "ssh" => found.push(("ssh".to_owned(), remote(&command.words[1..]))),
        _ => {}
    }
    for (at, word) in command.words.iter().enumerate() {
        let name = word.text.rsplit('/').next().unwrap_or_default();
        let Some((name, flag)) = INTERPRETERS.iter().find(|(known, _)| *known == name) else { continue };
        let rest = &command.words[at + 1..];
        let is_flag = |word: &&Word| {
            let short = word.text.strip_prefix('-').filter(|text| !text.starts_with('-'));
            short
                .is_some_and(|text| if flag.len() > 1 { text == *flag } else { text.len() < 6 && text.ends_with(flag) })
        };
        if let Some(code) = rest.iter().position(|word| is_flag(&word)) {
            found.push((format!("{name} -{flag}"), vars(rest.get(code + 1..code + 2).unwrap_or_default())));
        }
    }
    if !command.heredoc.is_empty() && (program == "ssh" || is_shell(command)) {
        found.push((program.clone(), command.heredoc.iter().collect()));
    }
    if let Some(next) = next.filter(|next| is_shell(next)) {
        found.push((next.program().to_owned(), command.vars().collect()));
    }
    found
}

/// What `ssh` runs at the other end: the words behind the host.
fn remote(words: &[Word]) -> Vec<&Var> {
    let mut at = 0;
    while let Some(word) = words.get(at).filter(|word| word.text.starts_with('-')) {
        let takes =
            matches!(word.text.as_str(), "-i" | "-p" | "-o" | "-l" | "-F" | "-J" | "-L" | "-R" | "-D" | "-c" | "-b");
        at += if takes { 2 } else { 1 };
    }
    words.iter().skip(at + 1).flat_map(|word| &word.vars).collect()
}

/// A shell or interpreter that reads its program from its input.
fn is_shell(command: &Command) -> bool {
    matches!(
        command.program(),
        "sh" | "bash" | "dash" | "ash" | "zsh" | "ksh" | "python" | "python3" | "node" | "perl" | "ruby"
    ) && command.arguments().all(|word| word.starts_with('-'))
        && !command.arguments().any(|word| word == "-c" || word == "-e")
}

/// What is split into words: not in `[[ … ]]`, `case` and `for`, which do not or mean it.
fn unquoted(command: &Command) -> impl Iterator<Item = &Var> {
    let splits = !matches!(command.program(), "[[" | "case" | "for" | "select" | "(");
    command.words.iter().flat_map(|word| &word.vars).filter(move |var| splits && !var.quoted)
}

/// `input-in-script`: `$[[ inputs.x ]]` is pasted before any shell starts.
pub fn inputs(view: &View<'_>, out: &mut Out<'_>) {
    for step in &view.steps {
        let Some(text) = step.value.as_str() else { continue };
        let declared = view.files.source(step.value.file).inputs.as_ref();
        for (at, line) in text.lines().enumerate() {
            let mut rest = line;
            while let Some((_, behind)) = rest.split_once("$[[") {
                let Some((inside, after)) = behind.split_once("]]") else { break };
                rest = after;
                let Some(name) = inside.trim().strip_prefix("inputs.") else { continue };
                let name = name.split(['|', ' ']).next().unwrap_or(name);
                let input = declared.and_then(|all| all.get(name));
                if inside.contains("posix_escape") || input.is_some_and(is_bounded) {
                    continue;
                }
                let place = view.line(step.value, at, "$[[");
                let message = format!(
                    "The input {} is pasted into a script of {}: what it holds runs.",
                    quoted(name),
                    place.name
                );
                if let Some(draft) = out.report("input-in-script", &place, name, message) {
                    draft.severity = Severity::Low;
                    draft.confidence = Confidence::Medium;
                }
            }
        }
    }
}

/// True for an input that leaves no room: a number, a boolean, one of several values, a pattern.
fn is_bounded(input: &Value) -> bool {
    let kind = input.get("type").and_then(Value::as_str).unwrap_or("string");
    matches!(kind, "number" | "boolean") || input.get("options").is_some() || input.get("regex").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::iac::shell;

    #[test]
    fn text_that_becomes_code_is_told_from_text_that_does_not() {
        let injected = |script: &str| {
            let all = shell::commands(script);
            all.iter().enumerate().any(|(at, command)| {
                let next = all.get(at + 1).filter(|_| command.piped);
                code_of(command, next).iter().any(|(_, vars)| vars.iter().any(|var| is_outsiders(&var.name)))
            })
        };
        for script in [
            "eval \"echo $CI_COMMIT_MESSAGE\"",
            "sh -c \"git tag $CI_COMMIT_REF_NAME\"",
            "docker run --rm alpine /bin/sh -ec \"echo ${CI_MERGE_REQUEST_TITLE}\"",
            "ssh -i key user@host \"cd /srv && git checkout $CI_COMMIT_REF_NAME\"",
            "echo \"$CI_COMMIT_MESSAGE\" | bash",
            "bash <<E\necho $CI_COMMIT_TITLE\nE",
            "python3 -c \"print('$CI_COMMIT_TITLE')\"",
            "kubectl exec pod -- sh -c \"deploy $CI_COMMIT_BRANCH\"",
            "eval $(echo $CI_COMMIT_TITLE)",
            "psql -h db -c \"insert into t values ('$CI_COMMIT_MESSAGE')\"",
            "pwsh -Command \"Write-Host $env:CI_COMMIT_TITLE\"",
        ] {
            assert!(injected(script), "{script}");
        }
        for script in [
            "echo \"$CI_COMMIT_MESSAGE\"",
            "sh -c 'echo \"$CI_COMMIT_MESSAGE\"'",
            "eval \"$(ssh-agent -s)\"",
            "bash deploy.sh \"$CI_COMMIT_REF_NAME\"",
            "echo \"$CI_COMMIT_MESSAGE\" | bash deploy.sh",
            "sh -c \"echo $CI_COMMIT_SHA\"",
            "bash <<'E'\necho $CI_COMMIT_TITLE\nE",
            "sh -c 'echo $0' \"$CI_COMMIT_TITLE\"",
        ] {
            assert!(!injected(script), "{script}");
        }
    }
}
