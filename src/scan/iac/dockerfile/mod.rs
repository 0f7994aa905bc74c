//! Dockerfiles: what an image is built from, how, and as whom it runs.

mod fixes;
mod packages;
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
        |i| command(i, |w| w[0] == "apt-get" && (w.contains(&"dist-upgrade"))),
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
    ("cd", "RUN", |i| i.text.starts_with("cd "), "changes directory where `WORKDIR` would"),
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
        for (id, name, check, what) in CHECKS {
            if one.name == *name && check(one) {
                out(id, one, format!("`{name}` {what}."));
            }
        }
        if let Some(name) = secret_name(one) {
            out("secret-in-env", one, format!("`{} {name}` puts a secret into the image's history.", one.name));
        }
    }
    stages::check(&instructions, &mut out);
    bases(&instructions, &mut out);
    if let Some(stage) = instructions.iter().rposition(|one| one.name == "FROM") {
        last_stage(&instructions[stage..], &mut out);
    }
}

type Tell<'a> = dyn FnMut(&str, &Instruction, String) + 'a;

/// The images that stages begin with.
fn bases(all: &[Instruction], out: &mut Tell<'_>) {
    let mut stages: Vec<String> = Vec::new();
    for one in all.iter().filter(|one| one.name == "FROM") {
        let words: Vec<&str> = one.text.split_whitespace().collect();
        let Some(image) = words.first() else { continue };
        let known = stages.iter().any(|stage| stage.eq_ignore_ascii_case(image));
        if *image != "scratch" && !known && !image.contains('$') && !image.contains("@sha256:") {
            let shown = image.replace('`', "'");
            match image.rsplit('/').next().and_then(|last| last.split_once(':')) {
                None => out("untagged-base", one, format!("The base image `{shown}` has no tag.")),
                Some((_, "latest")) => out("latest-base", one, format!("The base image `{shown}` follows `latest`.")),
                Some(_) => out("unpinned-base", one, format!("The base image `{shown}` is not pinned by digest.")),
            }
        }
        if let [_, middle, name] = words.as_slice()
            && middle.eq_ignore_ascii_case("as")
        {
            if stages.iter().any(|stage| stage.eq_ignore_ascii_case(name)) {
                out("duplicate-stage", one, format!("Two stages are named `{}`.", name.replace('`', "'")));
            }
            stages.push((*name).to_owned());
        }
    }
}

/// What holds for the image that comes out.
fn last_stage(stage: &[Instruction], out: &mut Tell<'_>) {
    let of = |name: &str| stage.iter().filter(|one| one.name == name).collect::<Vec<_>>();
    match of("USER").last() {
        None => out("no-user", &stage[0], "The image has no `USER`, so it runs as root.".to_owned()),
        Some(last) if matches!(last.text.split(':').next(), Some("root" | "0")) => {
            out("root-user", last, "The last `USER` is root.".to_owned());
        }
        Some(_) => {}
    }
    if of("HEALTHCHECK").is_empty() {
        out("no-healthcheck", &stage[0], "The image has no `HEALTHCHECK`.".to_owned());
    }
    for name in ["CMD", "ENTRYPOINT", "HEALTHCHECK"] {
        if let [first, _, ..] = of(name).as_slice() {
            out("repeated-instruction", first, format!("Only the last of several `{name}` counts."));
        }
    }
}

/// Asks about every simple command of a `RUN`.
fn command(one: &Instruction, is: impl Fn(&[&str]) -> bool) -> bool {
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

/// The name of a secret that has a value.
fn secret_name(one: &Instruction) -> Option<&str> {
    if !matches!(one.name.as_str(), "ARG" | "ENV") {
        return None;
    }
    let (name, value) = one.text.split_once(['=', ' '])?;
    let upper = name.to_ascii_uppercase();
    let secret = ["PASSWORD", "PASSWD", "SECRET", "_TOKEN", "API_KEY", "APIKEY", "ACCESS_KEY", "PRIVATE_KEY"]
        .iter()
        .any(|word| upper.contains(word));
    let file = ["_FILE", "_PATH", "_URL", "_NAME", "_ID"].iter().any(|end| upper.ends_with(end));
    let value = value.trim_matches(['"', '\'', ' ']);
    (secret && !file && !value.is_empty() && !value.starts_with('/')).then_some(name)
}
