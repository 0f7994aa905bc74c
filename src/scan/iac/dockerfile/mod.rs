//! Dockerfiles: what an image is built from, how, and as whom it runs.

mod bases;
mod checks;
mod fixes;
mod packages;
mod secrets;
mod shell;
mod stages;

use std::sync::Arc;

use super::{Book, Platform};
use crate::model::{Anchor, Draft, Input, RepoPath, Sink};
use crate::scan::Interest;
use crate::syntax::dockerfile::{self, Instruction};
use shell::Run;

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

fn scan(input: &Input<'_>, book: &Book<'_>, sink: &mut Sink) {
    let book = book();
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
        let run = (does.name == "RUN").then(|| Run::of(does));
        for (id, what) in checks::told(does, run.as_ref()) {
            out(id, one, format!("`{}` {what}.", does.name));
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

/// Instructions of which only the last of a stage counts, and the rule.
const ONCE: &[(&str, &str)] =
    &[("CMD", "repeated-cmd"), ("ENTRYPOINT", "repeated-entrypoint"), ("HEALTHCHECK", "repeated-healthcheck")];

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
    for (name, id) in ONCE {
        for stage in &stages {
            for later in stage.iter().filter(|one| one.name == *name).skip(1) {
                out(id, later, format!("Only the last of several `{name}` counts."));
            }
        }
    }
}

/// What an `ONBUILD` triggers, in its place.
fn triggered(one: &Instruction) -> Option<Instruction> {
    let inner = dockerfile::parse(one.text.as_bytes()).into_iter().next().filter(|_| one.name == "ONBUILD")?;
    Some(Instruction { span: one.span, name_span: one.name_span, ..inner })
}
