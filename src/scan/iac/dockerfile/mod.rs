//! Dockerfiles: what an image is built from, how, and as whom it runs.

mod bases;
mod fixes;
mod packages;
mod secrets;
mod shell;
mod stages;
mod trust;

use std::sync::Arc;

use super::{Platform, RuleBook};
use crate::model::{Anchor, Draft, Input, RepoPath, Sink};
use crate::scan::Interest;
use crate::syntax::dockerfile::{self, Instruction};

pub(crate) const PLATFORM: Platform = Platform { interest, scan, finish: |_, _, _, _| {} };

/// Extensions of files that are named after Dockerfiles and are something else.
const OTHER_KINDS: &[&str] = &[
    "bash",
    "c",
    "cpp",
    "cs",
    "css",
    "dockerignore",
    "erb",
    "go",
    "hbs",
    "html",
    "j2",
    "java",
    "js",
    "json",
    "lua",
    "md",
    "mdx",
    "php",
    "pl",
    "py",
    "rb",
    "rs",
    "rst",
    "scala",
    "sh",
    "swift",
    "tera",
    "toml",
    "tpl",
    "ts",
    "tsx",
    "txt",
    "vim",
    "xml",
    "yaml",
    "yml",
];

fn interest(path: &RepoPath) -> Interest {
    let name = path.file_name().to_ascii_lowercase();
    let stem = ["dockerfile", "containerfile"].iter().any(|stem| {
        name == *stem
            || name.strip_prefix(stem).is_some_and(|rest| rest.starts_with('.'))
            || name.ends_with(&format!(".{stem}"))
    });
    // `Dockerfile.prod` is one; `dockerfile.rs` is about them.
    let about = OTHER_KINDS.contains(&name.rsplit('.').next().unwrap_or_default());
    if stem && !about { Interest::Scan } else { Interest::None }
}

/// True where one instruction, by itself, breaks the rule.
type Check = fn(&Instruction) -> bool;

/// Rules that look at one instruction: id, instruction, check, and the sentence's end.
static CHECKS: &[(&str, &str, Check, &str)] = &[
    ("sudo", "RUN", |i| command(i, |w| w[0] == "sudo"), "uses `sudo`"),
    ("maintainer", "MAINTAINER", |_| true, "is deprecated; use `LABEL`"),
    (
        "ssh-port",
        "EXPOSE",
        |i| i.text.split_whitespace().any(|p| p.split('/').next() == Some("22")),
        "exposes the SSH port",
    ),
    (
        "bad-port",
        "EXPOSE",
        |i| {
            i.text
                .split_whitespace()
                .any(|p| p.split('/').next().and_then(|n| n.parse::<u32>().ok()).is_some_and(|n| n > 65535))
        },
        "names no valid port",
    ),
    ("apt-not-apt-get", "RUN", |i| command(i, |w| w[0] == "apt"), "uses `apt`, whose interface is for people"),
    (
        "apt-no-yes",
        "RUN",
        |i| command(i, |w| w[0] == "apt-get" && w.contains(&"install") && !assumes_yes(w)),
        "installs without `-y`",
    ),
    (
        "apt-recommends",
        "RUN",
        |i| command(i, |w| w[0] == "apt-get" && w.contains(&"install") && !w.contains(&"--no-install-recommends")),
        "installs recommended packages too",
    ),
    ("update-alone", "RUN", updates_alone, "updates the package index in a layer of its own"),
    (
        "apk-no-cache",
        "RUN",
        |i| {
            command(i, |w| w[0] == "apk" && w.contains(&"add") && !w.contains(&"--no-cache"))
                && !i.text.contains("/var/cache/apk")
        },
        "leaves the package index in the image",
    ),
    (
        "dist-upgrade",
        "RUN",
        |i| {
            command(i, |w| match w[0] {
                "apt-get" => w.contains(&"dist-upgrade"),
                "zypper" => w.iter().any(|word| matches!(*word, "dist-upgrade" | "dup")),
                _ => false,
            })
        },
        "upgrades the whole system",
    ),
    ("tls-off", "RUN", |i| command(i, tls_off), "switches off certificate checks"),
    ("tls-off-by-variable", "RUN", trust::by_variable, "sets a variable that switches off certificate checks"),
    ("tls-off-by-variable", "ENV", trust::by_variable, "sets a variable that switches off certificate checks"),
    ("tls-off-by-variable", "ARG", trust::by_variable, "sets a variable that switches off certificate checks"),
    ("repository-tls-off", "RUN", trust::of_repositories, "switches off certificate checks of package repositories"),
    (
        "unsigned-packages",
        "RUN",
        |i| {
            command(i, |w| {
                w.iter().any(|x| {
                    matches!(
                        *x,
                        "--allow-untrusted"
                            | "--allow-unauthenticated"
                            | "--nogpgcheck"
                            | "--force-yes"
                            | "--nosignature"
                            | "--nodigest"
                    )
                })
            })
        },
        "installs packages without checking signatures",
    ),
    ("pipe-to-shell", "RUN", |i| pipes_to_shell(&i.text), "runs what it downloads, unseen and unchecked"),
    ("chpasswd", "RUN", |i| command(i, |w| w[0] == "chpasswd"), "sets a password"),
    ("cd", "RUN", |i| command(i, |w| w[0] == "cd"), "changes directory where `WORKDIR` would"),
    (
        "relative-workdir",
        "WORKDIR",
        |i| !i.text.trim_matches('"').starts_with(['/', '$', '\\']) && i.text.trim_matches('"').get(1..2) != Some(":"),
        "names a relative folder",
    ),
    (
        "system-workdir",
        "WORKDIR",
        |i| {
            ["/proc", "/sys", "/dev", "/boot", "/etc"]
                .iter()
                .any(|d| i.text == *d || i.text.starts_with(&format!("{d}/")))
        },
        "names a system folder",
    ),
    ("add-local", "ADD", adds_local, "adds local files; `COPY` does no more than that"),
    ("add-url", "ADD", adds_unchecked, "downloads what nobody checks; give it a `--checksum`"),
    ("shell-form", "CMD", |i| !i.text.starts_with('['), "is in shell form, so signals do not reach the program"),
    ("shell-form", "ENTRYPOINT", |i| !i.text.starts_with('['), "is in shell form, so signals do not reach the program"),
];

fn scan(input: &Input<'_>, book: &RuleBook, sink: &mut Sink) {
    let instructions = dockerfile::parse(input.bytes);
    let mut out = |id: &str, at: &Instruction, what: String| {
        let Some(rule) = book.rule(&format!("iac/docker-{id}")).map(Arc::clone) else { return };
        let mut draft = Draft::new(&rule, at.name_span, what);
        draft.extent = Some(at.span);
        draft.anchor = Anchor::Key(format!("{} {}", at.name, at.text.chars().take(200).collect::<String>()));
        if id == "secret-in-env" {
            draft.anchor = Anchor::Line;
        }
        draft.fixes.extend(fixes::fix(id, at, input.bytes));
        draft.pin = fixes::pin(id, at, input.bytes);
        sink.drafts.push(draft);
    };
    for one in &instructions {
        let inner = triggered(one);
        let does = inner.as_ref().unwrap_or(one);
        for (id, name, check, what) in CHECKS {
            if does.name == *name && check(does) {
                out(id, one, format!("`{name}` {what}."));
            }
        }
        if let Some((name, has_value)) = secrets::named(does) {
            let id = if has_value { "secret-in-env" } else { "secret-argument" };
            out(id, one, format!("`{} {name}` puts a secret into the image's history.", does.name));
        }
    }
    stages::check(&instructions, &mut out);
    bases::check(&instructions, &mut out);
    last_stage(&instructions, &mut out);
}

type Tell<'a> = dyn FnMut(&str, &Instruction, String) + 'a;

/// What holds for the image that comes out.
fn last_stage(all: &[Instruction], out: &mut Tell<'_>) {
    let stages = bases::stages(all);
    let Some(stage) = stages.last() else { return };
    match bases::effective(all, "USER") {
        None => out("no-user", &stage[0], "The image has no `USER`, so it runs as root.".to_owned()),
        Some(last) if matches!(last.text.split(':').next(), Some("root" | "0")) => {
            out("root-user", last, "The last `USER` is root.".to_owned());
        }
        Some(_) => {}
    }
    if bases::effective(all, "HEALTHCHECK").is_none() {
        out("no-healthcheck", &stage[0], "The image has no `HEALTHCHECK`.".to_owned());
    }
    for (name, stage) in
        ["CMD", "ENTRYPOINT", "HEALTHCHECK"].iter().flat_map(|name| stages.iter().map(move |s| (name, s)))
    {
        for later in stage.iter().filter(|one| one.name == *name).skip(1) {
            out("repeated-instruction", later, format!("Only the last of several `{name}` counts."));
        }
    }
}

/// What an `ONBUILD` triggers, in its place.
fn triggered(one: &Instruction) -> Option<Instruction> {
    let inner = dockerfile::parse(one.text.as_bytes()).into_iter().next().filter(|_| one.name == "ONBUILD")?;
    Some(Instruction { span: one.span, name_span: one.name_span, ..inner })
}

/// Asks about every simple command of a `RUN`.
fn command(one: &Instruction, is: impl Fn(&[&str]) -> bool) -> bool {
    if one.text.starts_with('[') {
        let words: Vec<String> = serde_json::from_str(&one.text).unwrap_or_default();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        return !words.is_empty() && is(&words);
    }
    one.text.split(['\n', ';', '|', '&', '(', ')']).any(|command| {
        let words: Vec<&str> = command.split_whitespace().skip_while(|word| word.contains('=')).collect();
        !words.is_empty() && is(&words)
    })
}

fn assumes_yes(words: &[&str]) -> bool {
    words.iter().any(|word| {
        matches!(*word, "--yes" | "--assume-yes" | "-qq" | "-q=2")
            || (word.starts_with('-') && !word.starts_with("--") && word.contains('y'))
    })
}

fn updates_alone(one: &Instruction) -> bool {
    let updates =
        command(one, |w| matches!(w[0], "apt-get" | "apt" | "yum" | "dnf" | "apk") && w.get(1) == Some(&"update"));
    updates
        && !command(one, |w| {
            matches!(w[0], "apt-get" | "apt" | "yum" | "dnf" | "apk")
                && w.iter().any(|x| matches!(*x, "install" | "add" | "upgrade"))
        })
}

fn tls_off(words: &[&str]) -> bool {
    match words[0] {
        "curl" => words.iter().any(|word| matches!(*word, "-k" | "--insecure")),
        "wget" => words.contains(&"--no-check-certificate"),
        "pip" | "pip3" => words.iter().any(|word| word.starts_with("--trusted-host")),
        "npm" | "yarn" => words.contains(&"strict-ssl") && words.contains(&"false"),
        _ => false,
    }
}

fn pipes_to_shell(text: &str) -> bool {
    text.split(['\n', ';', '&']).any(|pipeline| {
        let mut parts = pipeline.split('|');
        let fetches =
            parts.next().is_some_and(|first| first.split_whitespace().any(|word| matches!(word, "curl" | "wget")));
        fetches
            && parts.any(|part| {
                matches!(
                    part.split_whitespace().find(|word| *word != "sudo" && !word.starts_with('-')),
                    Some("sh" | "bash" | "/bin/sh" | "/bin/bash")
                )
            })
    })
}

/// True for a download over HTTP without a checksum; a git reference has its own.
fn adds_unchecked(one: &Instruction) -> bool {
    let remote = |word: &str| word.starts_with("http://") || (word.starts_with("https://") && !word.contains(".git"));
    one.text.split_whitespace().any(|word| remote(word.trim_matches(['[', ']', '"', ','])))
        && !one.flags.iter().any(|(name, _)| name == "checksum")
}

fn adds_local(one: &Instruction) -> bool {
    let words: Vec<&str> = one.text.split_whitespace().collect();
    let archive =
        |word: &str| [".tar", ".tgz", ".gz", ".xz", ".bz2", ".zip", ".zst"].iter().any(|end| word.contains(end));
    let sources = words.split_last().map(|(_, sources)| sources).unwrap_or_default();
    !sources.is_empty()
        && sources.iter().all(|word| {
            !word.contains("://")
                && !word.contains('$')
                && !word.starts_with("git@")
                && !word.starts_with("<<")
                && !archive(word)
        })
}
