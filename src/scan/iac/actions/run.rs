//! What `run` scripts do.

use super::expr::is_alias;
use super::model::{File, Kind, Place};
use super::triggers::PRIVILEGED;
use super::{Out, quoted};
use crate::model::{Confidence, Fix, Replacement, Severity, Span};
use crate::scan::iac::text::capital;
use crate::syntax::Node;

/// The lines of a script with their places in the file: of one that an alias stands for, where the alias does.
pub fn lines<'a>(node: &'a Node, bytes: &'a [u8]) -> Vec<(&'a str, Span)> {
    if is_alias(node, bytes) {
        let text = node.as_str().unwrap_or_default().lines().map(str::trim);
        return text.filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| (line, node.span)).collect();
    }
    let mut at = node.span.start as usize;
    let mut found = Vec::new();
    for line in node.span.of(bytes).split(|byte| *byte == b'\n') {
        let end = at + line.len();
        if let Ok(text) = std::str::from_utf8(line) {
            let lead = text.len() - text.trim_start().len();
            let text = text.trim();
            if !text.is_empty() && !text.starts_with('#') {
                found.push((text, Span::new(at + lead, at + lead + text.len())));
            }
        }
        at = end + 1;
    }
    found
}

/// The commands of a script: its lines, those that end in a continuation (`\\`, `` ` `` or `^`) joined with the
/// next, each with the place of its first line.
pub fn commands_of(node: &Node, bytes: &[u8]) -> Vec<(String, Span)> {
    let mut found: Vec<(String, Span)> = Vec::new();
    let mut open = false;
    for (line, span) in lines(node, bytes) {
        let (text, goes_on) = match line.strip_suffix(['\\', '`', '^']) {
            Some(text) => (text.trim_end(), true),
            None => (line, false),
        };
        match found.last_mut().filter(|_| open) {
            Some((joined, _)) => {
                joined.push(' ');
                joined.push_str(text);
            }
            None => found.push((text.to_owned(), span)),
        }
        open = goes_on;
    }
    found
}

/// `github-env`: lines of a later step's environment or path, decided by an outsider.
pub fn environment_files(file: &File<'_>, out: &mut Out<'_>) {
    let privileged = file.has_trigger(PRIVILEGED);
    if !privileged && file.kind != Kind::Action {
        return;
    }
    for step in &file.steps {
        let Some(run) = step.node.get("run") else { continue };
        let place = step.place();
        for (line, span) in lines(run, file.bytes) {
            let Some(target) = ["GITHUB_ENV", "GITHUB_PATH"].into_iter().find(|name| writes_to(line, name)) else {
                continue;
            };
            if is_static(line) {
                continue;
            }
            let message = format!(
                "{} writes a value into `{target}`, through which it can change what later steps run.",
                capital(&place.name)
            );
            let draft = out.report("github-env", span, &place, line, message);
            draft.confidence = Confidence::Low;
            if !privileged {
                draft.severity = Severity::Low;
            }
        }
    }
}

fn writes_to(line: &str, name: &str) -> bool {
    let Some(at) = line.find(name) else { return false };
    let before = line[..at].trim_end_matches(['"', '\'', '$', '{', ':', 'e', 'n', 'v', '%', ' ']);
    before.ends_with('>')
        || before.ends_with("tee -a")
        || before.ends_with("tee")
        || line.contains("Out-File")
        || line.contains("Add-Content")
}

/// `echo "NAME=literal" >> …`: nothing in it comes from elsewhere.
fn is_static(line: &str) -> bool {
    let written = line.split('>').next().unwrap_or(line);
    (written.starts_with("echo") || written.starts_with("printf")) && !written.contains(['$', '`', '%'])
}

/// `insecure-commands`: `::set-env::` from any output line.
pub fn insecure_commands(file: &File<'_>, out: &mut Out<'_>) {
    let jobs = file.jobs.iter().map(|job| (job.node(), job.place()));
    let steps = file.steps.iter().map(|step| (step.node, step.place()));
    for (node, place) in std::iter::once((file.root, file.place())).chain(jobs).chain(steps) {
        let Some(entry) = node.get("env").and_then(|env| env.entry("ACTIONS_ALLOW_UNSECURE_COMMANDS")) else {
            continue;
        };
        let value = entry.value.scalar().unwrap_or_default();
        if value.is_empty() || value.eq_ignore_ascii_case("false") {
            continue;
        }
        let message = format!(
            "`ACTIONS_ALLOW_UNSECURE_COMMANDS` in {} lets any printed line set variables and paths.",
            place.name
        );
        let draft = out.report("insecure-commands", entry.key_span.join(entry.value.span), &place, "", message);
        draft.extent = Some(place.extent);
        draft.fixes.extend(set(&entry.value, "false", file.bytes));
    }
}

/// Another scalar where one stands in the file itself.
pub fn set(node: &Node, text: &str, bytes: &[u8]) -> Option<Fix> {
    let own = node.scalar().is_some() && !node.span.is_empty() && !is_alias(node, bytes);
    let written = node.span.of(bytes);
    (own && !written.contains(&b'\n')).then(|| Fix {
        description: format!("Set it to `{text}`"),
        replacements: vec![Replacement { span: node.span, text: text.to_owned() }],
    })
}

/// A shape of a command line, the rule it breaks, and the sentence that says so.
type Shape = (fn(&str) -> bool, &'static str, &'static str);

const SHAPES: &[Shape] = &[
    (pipes_to_shell, "pipe-to-shell", "runs what it downloads, unseen and unchecked"),
    (reverse_shell, "reverse-shell", "opens a shell to another machine"),
    (sends_secrets, "secrets-sent", "sends secrets to another machine"),
    (deprecated_command, "deprecated-commands", "uses a workflow command that GitHub switched off"),
    (adhoc_install, "adhoc-packages", "installs a package whose version and content no lock file fixes"),
];

/// Command lines of known bad shapes.
pub fn commands(file: &File<'_>, out: &mut Out<'_>) {
    for step in &file.steps {
        let Some(run) = step.node.get("run") else { continue };
        let place = step.place();
        for (line, span) in commands_of(run, file.bytes) {
            for (is, id, what) in SHAPES {
                if is(&line) {
                    tell(id, span, &place, &line, what, out);
                }
            }
        }
    }
}

fn tell(id: &str, span: Span, place: &Place, line: &str, what: &str, out: &mut Out<'_>) {
    let message = format!("{} {what}: {}.", capital(&place.name), quoted(line));
    out.report(id, span, place, line, message);
}

pub(in crate::scan::iac) fn pipes_to_shell(line: &str) -> bool {
    let Some((fetch, rest)) = line.split_once('|') else {
        let process =
            ["bash <(curl", "sh <(curl", "bash <(wget", "source <(curl", "sh -c \"$(curl", "bash -c \"$(curl"];
        return process.iter().any(|shape| line.contains(shape));
    };
    let fetches = fetch.split_whitespace().any(|word| matches!(word, "curl" | "wget"));
    let mut words = rest.split(['|', ';', '&']).next().unwrap_or(rest).split_whitespace();
    let runs = words.find(|word| !matches!(*word, "sudo" | "-E" | "env") && !word.contains('='));
    fetches
        && runs.is_some_and(|word| {
            matches!(word.rsplit('/').next(), Some("sh" | "bash" | "zsh" | "python" | "python3" | "node" | "perl"))
        })
}

pub(in crate::scan::iac) fn reverse_shell(line: &str) -> bool {
    let netcat = line.split(['|', ';', '&']).any(|command| {
        let mut words = command.split_whitespace();
        matches!(words.next(), Some("nc" | "ncat" | "netcat"))
            && words.any(|word| matches!(word, "-e" | "-c" | "--exec"))
    });
    netcat || line.contains("/dev/tcp/") && (line.contains("bash -i") || line.contains("sh -i") || line.contains(">&"))
}

/// All secrets at once, in a request's body; one secret in a header is how services are meant to be called.
pub(in crate::scan::iac) fn sends_secrets(line: &str) -> bool {
    let commands: Vec<&str> = line.split('|').collect();
    let first = |command: &str| command.split_whitespace().next().unwrap_or_default().to_owned();
    let piped = commands.windows(2).any(|pair| {
        let whole = matches!(
            pair[0].trim().rsplit([';', '&']).next().unwrap_or_default().trim(),
            "env" | "printenv" | "export" | "set"
        );
        whole && matches!(&*first(pair[1]), "curl" | "wget" | "nc" | "ncat" | "netcat" | "base64")
    });
    if piped && commands.iter().any(|command| matches!(&*first(command), "curl" | "wget" | "nc" | "ncat" | "netcat")) {
        return true;
    }
    let request = line.split_whitespace().any(|word| matches!(word, "curl" | "wget"));
    let body = ["-d ", "--data", "-F ", "--form", "--post-data"].iter().any(|flag| line.contains(flag));
    request
        && body
        && ["$(env)", "`env`", "$(printenv", "toJSON(secrets)", "tojson(secrets)"].iter().any(|it| line.contains(it))
}

fn deprecated_command(line: &str) -> bool {
    line.contains("::set-env name=") || line.contains("::add-path::")
}

fn adhoc_install(line: &str) -> bool {
    line.split(['|', ';', '&']).any(|command| {
        let words: Vec<&str> = command.split_whitespace().filter(|word| *word != "sudo").collect();
        let plain = |from: usize| words[from..].iter().find(|word| !word.starts_with('-')).copied();
        match words.as_slice() {
            ["npm", "install" | "i" | "add", ..] => plain(2).is_some(),
            ["yarn", "add", ..]
            | ["yarn", "global", "add", ..]
            | ["pnpm", "add", ..]
            | ["bun", "add", ..]
            | ["bundle", "add", ..] => plain(2).is_some(),
            ["gem", "install" | "i", ..] => plain(2).is_some(),
            _ => false,
        }
    })
}
