//! The repair of an expression in a shell script: the shell reads a variable instead, whose text is never code.

use super::expr::{self, Fenced};
use super::model::{File, Step};
use super::quoting::{State, state};
use super::{indent_of, is_block};
use crate::model::{Fix, Replacement, Span};
use crate::syntax::Node;

/// Members of `github` that the runner sets as `GITHUB_…` for every step, with the same value (GitHub Docs, "Variables
/// reference", default environment variables). Paths are not among them: in a container they differ.
const DEFAULTS: &[&str] = &[
    "actor",
    "actor_id",
    "api_url",
    "base_ref",
    "event_name",
    "graphql_url",
    "head_ref",
    "job",
    "ref",
    "ref_name",
    "ref_protected",
    "ref_type",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "retention_days",
    "run_attempt",
    "run_id",
    "run_number",
    "server_url",
    "sha",
    "triggering_actor",
    "workflow",
    "workflow_ref",
    "workflow_sha",
];

/// Variables that mean something to a shell or to programs it starts.
const RESERVED: &[&str] = &["ENV", "HOME", "IFS", "LANG", "PATH", "PWD", "SHELL", "TERM", "TMPDIR", "TOKEN", "USER"];

/// Words that hand text to another interpreter: a variable in it would be code again.
const INTERPRETERS: &[&str] =
    &["eval", "-c", "-e", "-ec", "-lc", "-xc", "-exc", "ssh", "--eval", "-Command", "trap", "source"];

/// Words after which a command stands.
const BEFORE_COMMAND: &[&str] =
    &["if", "then", "else", "elif", "do", "while", "until", "!", "{", "exec", "sudo", "time", "env", "."];

/// `${{ github.event.issue.title }}` becomes `"${EVENT_ISSUE_TITLE}"`, with that variable in the step's `env`; what the
/// runner or an `env` around sets already is read from there. Only where a POSIX shell reads the text, it would expand
/// a variable there and take it for data.
#[must_use]
pub fn fix(file: &File<'_>, step: &Step<'_>, one: &Fenced, all: &[Fenced]) -> Option<Fix> {
    let run = step.node.entry("run")?;
    let text = one.text.trim();
    // Any expression means the same in `env`, where it may stand unquoted.
    let plain = !text.contains(['\n', '"']) && ![": ", " #"].iter().any(|mark| text.contains(mark));
    if !plain || !expr::is_known(text) || !posix_shell(file, step) {
        return None;
    }
    let script = Script::new(file.bytes, run.value.span)?;
    let variable = Variable::of(text, file, step)?;
    let mut replacements = Vec::new();
    for other in all.iter().filter(|other| other.text.trim() == text) {
        replacements.push(script.read(other.span, &variable)?);
    }
    let description = if variable.is_set {
        format!("Read the environment variable `{}`", variable.name)
    } else {
        if script.mentions(&variable.name) {
            return None;
        }
        replacements.push(declare(file, step, &variable.name, text)?);
        format!("Pass the value as environment variable `{}`", variable.name)
    };
    replacements.sort_by_key(|replacement| replacement.span);
    Some(Fix { description, replacements })
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// `toJSON(needs)` as `TOJSON_NEEDS`: capitals, digits, single underscores.
fn in_words(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    words.map(|word| word.trim_matches('_').to_ascii_uppercase()).collect::<Vec<_>>().join("_")
}

struct Variable {
    name: String,
    /// True where the step has it already.
    is_set: bool,
    /// True for a value that is never meant as several words.
    one_word: bool,
}

impl Variable {
    fn of(context: &str, file: &File<'_>, step: &Step<'_>) -> Option<Self> {
        let lower = context.to_ascii_lowercase();
        if let Some(member) = lower.strip_prefix("github.").filter(|member| DEFAULTS.contains(member)) {
            let name = format!("GITHUB_{}", member.to_ascii_uppercase());
            return Some(Self { name, is_set: true, one_word: true });
        }
        let own = |name: &str| {
            let env = step.node.get("env").map(Node::entries).unwrap_or_default();
            env.iter().any(|one| one.key.eq_ignore_ascii_case(name))
        };
        let variable = context.strip_prefix("env.").filter(|name| name.bytes().all(|b| is_word(b) || b == b'-'));
        if let Some(name) = variable {
            let set = [Some(step.node), step.job.map(|job| job.node()), Some(file.root)];
            let has = |node: &Node| node.get("env").is_some_and(|env| env.entries().iter().any(|one| one.key == name));
            // Where the file sets none, an earlier step does (`GITHUB_ENV`), which every later process inherits. The
            // runner's own variables are not in the context `env`.
            let is_set = set.into_iter().flatten().any(has);
            let inherited = !RESERVED.contains(&name) && !name.starts_with("GITHUB_") && !name.starts_with("RUNNER_");
            if name.bytes().all(is_word) {
                return (is_set || inherited).then(|| Self { name: name.to_owned(), is_set: true, one_word: false });
            }
            // A name that no shell can read gets another; a variable of the same `env` would not be seen there.
            if own(name) {
                return None;
            }
        }
        let short = ["github.", "env."].iter().find_map(|head| context.strip_prefix(head)).unwrap_or(context);
        let name = in_words(short);
        let fits = !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) && name.len() <= 64;
        let one_word = lower.starts_with("github.");
        (fits && !RESERVED.contains(&name.as_str())).then_some(Self { name, is_set: false, one_word })
    }
}

/// A place in the step's `env` for the variable.
fn declare(file: &File<'_>, step: &Step<'_>, name: &str, text: &str) -> Option<Replacement> {
    let value = format!("{name}: ${{{{ {text} }}}}");
    let run = step.node.entry("run")?;
    match step.node.entry("env") {
        Some(env) if is_block(&env.value, file.bytes) => {
            if env.value.entries().iter().any(|entry| entry.key.eq_ignore_ascii_case(name)) {
                return None;
            }
            let at = env.value.entries().first()?.key_span.start;
            let indent = " ".repeat(indent_of(file.bytes, at).0);
            Some(Replacement { span: Span { start: at, end: at }, text: format!("{value}\n{indent}") })
        }
        None if is_block(step.node, file.bytes) => {
            let at = run.key_span.start;
            let indent = " ".repeat(indent_of(file.bytes, at).0);
            let text = format!("env:\n{indent}  {value}\n{indent}");
            Some(Replacement { span: Span { start: at, end: at }, text })
        }
        _ => None,
    }
}

fn posix_shell(file: &File<'_>, step: &Step<'_>) -> bool {
    let defaults = |node: &Node| node.at(&["defaults", "run", "shell"]).and_then(Node::scalar).map(str::to_owned);
    let shell = step.node.get("shell").and_then(Node::scalar).map(str::to_owned);
    let shell = shell.or_else(|| step.job.and_then(|job| defaults(job.node()))).or_else(|| defaults(file.root));
    match shell {
        Some(shell) => matches!(shell.split_whitespace().next(), Some("bash" | "sh")),
        // Without one, the runner decides: only names that are plainly not Windows.
        None => step
            .job
            .and_then(|job| job.node().get("runs-on"))
            .and_then(Node::as_str)
            .is_some_and(|label| label.starts_with("ubuntu") || label.starts_with("macos")),
    }
}

/// A `run` script in its YAML scalar.
struct Script<'a> {
    source: &'a [u8],
    start: usize,
    /// The scalar's own quote: `"`, or `None` for a plain or block scalar.
    quoted: bool,
}

impl<'a> Script<'a> {
    /// `None` for a single-quoted scalar, whose quotes are doubled, and for an alias, whose text is shared.
    fn new(bytes: &'a [u8], span: Span) -> Option<Self> {
        let source = span.of(bytes);
        (!matches!(source.first(), Some(b'\'' | b'*'))).then(|| Self {
            source,
            start: span.start as usize,
            quoted: source.first() == Some(&b'"'),
        })
    }

    fn mentions(&self, name: &str) -> bool {
        let text = String::from_utf8_lossy(self.source);
        text.match_indices(name).any(|(at, _)| {
            let outside = |c: Option<char>| !c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
            outside(text[..at].chars().next_back()) && outside(text[at + name.len()..].chars().next())
        })
    }

    /// What reads the variable at `span`; `None` where it would not be data there.
    fn read(&self, span: Span, variable: &Variable) -> Option<Replacement> {
        let at = (span.start as usize).checked_sub(self.start)?;
        let before = self.source.get(usize::from(self.quoted)..at)?;
        let line = logical_line(before);
        if line.split([' ', '\t', '"', '\'', '(', '`']).any(|word| INTERPRETERS.contains(&word)) {
            return None;
        }
        let bare = format!("${{{}}}", variable.name);
        let quoted = if self.quoted { format!("\\\"{bare}\\\"") } else { format!("\"{bare}\"") };
        let text = match state(before, self.quoted) {
            State::RawDocument => return None,
            // `'${{ x }}'` alone: other quotes make it the same single word.
            State::Single => {
                let head = before.strip_suffix(b"'")?;
                let closes = self.source.get(span.end as usize - self.start) == Some(&b'\'');
                if !closes || state(head, self.quoted) != State::Bare || in_command_place(&logical_line(head)) {
                    return None;
                }
                return Some(Replacement { span: Span { start: span.start - 1, end: span.end + 1 }, text: quoted });
            }
            State::Double | State::Comment | State::Document => bare,
            State::Bare if in_command_place(&line) => return None,
            State::Bare if !variable.one_word || loops(&line) => bare,
            State::Bare => quoted,
        };
        Some(Replacement { span, text })
    }
}

/// The command line that `before` ends in, with those it continues.
fn logical_line(before: &[u8]) -> String {
    let mut lines = before.rsplit(|byte| *byte == b'\n');
    let mut whole = vec![lines.next().unwrap_or_default()];
    whole.extend(lines.map_while(|line| line.strip_suffix(b"\\")));
    whole.reverse();
    String::from_utf8_lossy(&whole.join(&b' ')).into_owned()
}

/// True where the next word is a command's name.
fn in_command_place(line: &str) -> bool {
    let line = line.trim_end();
    let (head, last) = line.rsplit_once([' ', '\t']).map_or(("", line), |(head, last)| (head, last));
    let block_mark = head.is_empty() && matches!(last, "|" | ">" | "|-" | ">-" | "|+" | ">+");
    line.is_empty() || block_mark || line.ends_with([';', '|', '&', '(', '`']) || BEFORE_COMMAND.contains(&last)
}

/// True where a list of words is meant.
fn loops(line: &str) -> bool {
    line.trim_start().starts_with("for ") || line.contains("; for ") || line.ends_with('(')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_told_from_an_argument() {
        for line in ["", "  ", "a; ", "a && ", "$( ", "if ", "x | ", "sudo ", "|"] {
            assert!(in_command_place(line), "{line}");
        }
        for line in ["echo ", "a=", "echo a; b ", "[ "] {
            assert!(!in_command_place(line), "{line}");
        }
    }
}
