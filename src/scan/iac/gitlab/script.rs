//! The scripts of a job, and shapes of commands that no pipeline should hold.

use super::pipeline::Job;
use super::{Out, Place, View, quoted};
use crate::model::Span;
use crate::scan::iac::actions::run;
use crate::scan::iac::resource::{Value, ValueKind as Kind};
use crate::scan::iac::shell::{self, Command, trust};

/// Lists inside lists that GitLab flattens.
const MAX_NESTED: usize = 10;

/// One item of a script.
pub struct Step<'a> {
    /// The keyword it stands under.
    pub section: &'static str,
    /// The text.
    pub value: &'a Value,
    /// Its commands.
    pub commands: Vec<Command>,
}

const SECTIONS: &[(&str, &[&str])] = &[
    ("pre_get_sources_script", &["hooks", "pre_get_sources_script"]),
    ("before_script", &["before_script"]),
    ("script", &["script"]),
    ("after_script", &["after_script"]),
];

/// Every item of every script of a job, in the order they run.
pub fn steps(job: &Job) -> Vec<Step<'_>> {
    let mut found = Vec::new();
    for (section, path) in SECTIONS {
        if let Some(value) = job.body.at(path) {
            items(section, value, 0, &mut found);
        }
    }
    for step in job.body.get("run").map(Value::items).unwrap_or_default() {
        if let Some(value) = step.get("script") {
            items("run", value, 0, &mut found);
        }
    }
    found
}

fn items<'a>(section: &'static str, value: &'a Value, depth: usize, found: &mut Vec<Step<'a>>) {
    match &value.kind {
        Kind::String(text) => found.push(Step { section, value, commands: shell::commands(text) }),
        Kind::List(all) if depth < MAX_NESTED => all.iter().for_each(|item| items(section, item, depth + 1, found)),
        _ => {}
    }
}

impl View<'_> {
    /// The job.
    pub fn place(&self) -> Place {
        Place::of(self.job)
    }

    /// The line of a script on which a command with `needle` stands.
    pub fn line(&self, value: &Value, line: usize, needle: &str) -> Place {
        let bytes = self.files.source(value.file).bytes;
        let raw = value.span.of(bytes);
        let span = line_of(raw, value.span, line, needle);
        self.place().at_span(value.file, span)
    }

    /// Every command with its item.
    pub fn commands(&self) -> impl Iterator<Item = (&Step<'_>, &Command)> {
        self.steps.iter().flat_map(|step| step.commands.iter().map(move |command| (step, command)))
    }
}

/// The line of a scalar as it is written that holds the `line`th line of its text: a block begins one line later.
fn line_of(raw: &[u8], span: Span, line: usize, needle: &str) -> Span {
    if !raw.contains(&b'\n') {
        return span;
    }
    let mut at = span.start as usize;
    let mut lines = Vec::new();
    for text in raw.split(|byte| *byte == b'\n') {
        let lead = text.len() - text.trim_ascii_start().len();
        lines.push((text.trim_ascii(), Span::new(at + lead, at + lead + text.trim_ascii().len())));
        at += text.len() + 1;
    }
    let holds = |text: &[u8]| memchr::memmem::find(text, needle.as_bytes()).is_some();
    let from = (line + 1).min(lines.len() - 1);
    let later = lines[from..].iter().find(|(text, _)| holds(text));
    let any = || lines.iter().find(|(text, span)| holds(text) && !span.is_empty());
    later.or_else(any).map_or(lines[0].1, |(_, span)| *span)
}

/// A shape of a line, the rule it breaks, and the sentence that says so.
type Shape = (fn(&str) -> bool, &'static str, &'static str);

const LINES: &[Shape] = &[
    (run::pipes_to_shell, "pipe-to-shell", "runs what it downloads, unseen and unchecked"),
    (run::reverse_shell, "reverse-shell", "opens a shell to another machine"),
    (run::sends_secrets, "environment-sent", "sends the whole environment to another machine"),
    (tls_off, "tls-off", "does not check certificates"),
];

/// Lines of known bad shapes.
pub fn shapes(view: &View<'_>, out: &mut Out<'_>) {
    for step in &view.steps {
        let Some(text) = step.value.as_str() else { continue };
        for (line, text) in joined(text) {
            for (is, id, what) in LINES {
                if is(&text) {
                    let place = view.line(step.value, line, text.split_whitespace().next().unwrap_or_default());
                    let message = format!("A command of {} {what}: {}.", place.name, quoted(&hidden(&text)));
                    out.report(id, &place, &text, message);
                }
            }
        }
    }
}

/// A line without what follows `password=` and its kin: messages hold no secret.
fn hidden(text: &str) -> String {
    let secret = |word: &str| {
        let name = word.split(['=', ':']).next().unwrap_or_default().to_ascii_uppercase();
        word.contains("://") && word.contains('@') || word.len() > name.len() && super::names::is_secret(&name, true)
    };
    text.split_whitespace().map(|word| if secret(word) { "…" } else { word }).collect::<Vec<_>>().join(" ")
}

/// The lines of a text that hold commands, continuations joined, with the number of their first.
fn joined(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if !open && (line.is_empty() || line.starts_with('#')) {
            continue;
        }
        let (part, goes_on) = line.strip_suffix('\\').map_or((line, false), |part| (part.trim_end(), true));
        match found.last_mut().filter(|_| open) {
            Some((_, joined)) => {
                joined.push(' ');
                joined.push_str(part);
            }
            None => found.push((at, part.to_owned())),
        }
        open = goes_on;
    }
    found
}

/// Certificates that nobody checks.
fn tls_off(line: &str) -> bool {
    let by_variable = |command: &Command| {
        command.assignments.iter().any(|(name, value)| trust::variable(name, &value.text).is_some())
    };
    shell::commands(line).iter().any(|command| trust::command(command).is_some() || by_variable(command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_that_nobody_checks() {
        for line in [
            "curl -fsSLk https://a",
            "a && curl --insecure x",
            "git config --global http.sslVerify false",
            "git -c http.sslVerify=false clone x",
            "export NODE_TLS_REJECT_UNAUTHORIZED=0",
            "kubectl --insecure-skip-tls-verify=true get pods",
            "npm config set strict-ssl false",
            "skopeo copy --dest-tls-verify=false a b",
        ] {
            assert!(tls_off(line), "{line}");
        }
        for line in
            ["curl -okernel", "curl https://a -o k", "git config http.sslVerify true", "curl --key k", "echo -k"]
        {
            assert!(!tls_off(line), "{line}");
        }
    }

    #[test]
    fn a_line_is_found_as_it_is_written() {
        let raw = b"|\n    a\n\n    curl x \\\n      y";
        let line = line_of(raw, Span::new(10, 10 + raw.len()), 2, "curl");
        assert_eq!(line.of(&[b"0123456789".as_slice(), raw].concat()), b"curl x \\");
    }
}
