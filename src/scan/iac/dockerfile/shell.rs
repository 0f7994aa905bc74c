//! The commands of a `RUN`: in shell form, in exec form, and in here-documents.

use crate::scan::iac::shell::{self, Command, Word};
use crate::syntax::dockerfile::Instruction;

/// Words that only hand their arguments on to a program.
const HAND_ON: &[&str] = &["env", "eval", "ionice", "nohup", "chroot"];
/// Shells that may be asked to run a text, or a here-document.
const SHELLS: &[&str] = &["sh", "bash", "ash", "dash", "zsh", "ksh"];

/// What a `RUN` runs.
#[derive(Debug, Default)]
pub struct Run {
    /// Its commands in order.
    pub commands: Vec<Command>,
    /// Those of texts that it hands to a shell: `bash -c "…"`.
    pub inner: Vec<Command>,
}

impl Run {
    /// Reads an instruction.
    #[must_use]
    pub fn of(one: &Instruction) -> Self {
        let commands = commands(one);
        let texts = commands.iter().filter_map(handed);
        let inner = texts.flat_map(read).collect();
        Self { commands, inner }
    }

    /// All commands, those of inner texts last.
    pub fn all(&self) -> impl Iterator<Item = &Command> {
        self.commands.iter().chain(&self.inner)
    }
}

/// The words of an instruction in exec form; none where it is in shell form. A list that is no JSON is run by a shell.
#[must_use]
pub fn exec_form(text: &str) -> Option<Vec<String>> {
    let text = text.trim();
    if text.starts_with('[') { serde_json::from_str(text).ok() } else { None }
}

fn commands(one: &Instruction) -> Vec<Command> {
    if let Some(words) = exec_form(&one.text) {
        let words = words.into_iter().map(|text| Word { text, vars: Vec::new() }).collect();
        return stripped(Command { words, ..Command::default() }).into_iter().collect();
    }
    let text = one.text.trim_start();
    if !text.starts_with("<<") {
        return read(text);
    }
    // The program that a here-document feeds stands behind its opening; without one it is the shell.
    let (opening, body) = text.split_once('\n').unwrap_or((text, ""));
    let program = opening.split_whitespace().find(|word| !word.starts_with("<<"));
    let is_shell = |program: &str| SHELLS.contains(&program.rsplit('/').next().unwrap_or_default());
    if program.is_none_or(is_shell) { read(body) } else { Vec::new() }
}

fn read(text: &str) -> Vec<Command> {
    shell::commands(text).into_iter().filter_map(stripped).collect()
}

/// The command without words that hand on to it; none where nothing but settings is left.
fn stripped(mut command: Command) -> Option<Command> {
    while command.words.first().is_some_and(|word| HAND_ON.contains(&word.text.as_str())) {
        let sets = |word: &Word| word.text.starts_with('-') || word.text.contains('=');
        let front = 1 + command.words[1..].iter().take_while(|word| sets(word)).count();
        command.prefixes.extend(command.words.drain(..front));
    }
    // In exec form nobody has taken `sudo` away yet.
    if command.program() == "sudo" && command.words.len() > 1 {
        let front = 1 + command.words[1..].iter().take_while(|word| word.text.starts_with('-')).count();
        command.prefixes.extend(command.words.drain(..front));
    }
    (!command.words.is_empty() || !command.assignments.is_empty()).then_some(command)
}

/// The text that a shell is asked to run.
fn handed(command: &Command) -> Option<&str> {
    if !SHELLS.contains(&command.program()) {
        return None;
    }
    let takes_text = |word: &str| word.starts_with('-') && !word.starts_with("--") && word.ends_with('c');
    command.arguments().skip_while(|word| !takes_text(word)).nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::dockerfile;

    fn run(run: &str) -> Run {
        let text = format!("FROM a\nRUN {run}\n");
        Run::of(&dockerfile::parse(text.as_bytes())[1])
    }

    fn words(commands: &[Command]) -> Vec<String> {
        let words = |one: &Command| one.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join("|");
        commands.iter().map(words).collect()
    }

    #[test]
    fn commands_are_told_apart() {
        let table: &[(&str, &[&str])] = &[
            (
                "apt-get update && apt-get install -y a=1 || true; b",
                &["apt-get|update", "apt-get|install|-y|a=1", "true", "b"],
            ),
            ("A=1 sudo -E b 'c d' \"e \\\" f\" g\\ h", &["b|c d|e \" f|g h"]),
            ("--mount=type=cache,target=/x a b # c && d", &["a|b"]),
            ("[\"a\", \"b c\"]", &["a|b c"]),
            ("['a']", &["[a]"]),
            ("a 2>&1 b>c", &["a|b"]),
            ("<<EOF\na b\nc\nEOF", &["a|b", "c"]),
            ("<<-\"E\" bash\n\ta\n\tE", &["a"]),
            ("<<EOF python3\nimport a\nEOF", &[]),
            ("env A=1 -i b c", &["b|c"]),
        ];
        for (text, expected) in table {
            assert_eq!(words(&run(text).commands), *expected, "{text}");
        }
    }

    #[test]
    fn a_text_for_a_shell_is_read_too() {
        assert_eq!(words(&run("bash -euxc 'a && b'").inner), ["a", "b"]);
        assert_eq!(words(&run("[\"sh\", \"-c\", \"a\"]").inner), ["a"]);
        assert!(run("bash a.sh").inner.is_empty());
    }

    #[test]
    fn pipes_are_seen() {
        let piped: Vec<bool> = run("a | b || c").commands.iter().map(|one| one.piped).collect();
        assert_eq!(piped, [true, false, false]);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[ -~\n\\\\'\"|&;]{0,60}\\PC{0,4}") {
            let _ = run(&text);
        }
    }
}
