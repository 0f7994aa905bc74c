//! What instructions mean together: stages, folders, shells, programs.

use super::packages::{self, Told};
use super::shell::{Run, exec_form};
use super::{bases, triggered};
use crate::scan::iac::shell::Command;
use crate::syntax::dockerfile::Instruction;

/// Programs that have no use in a container.
const USELESS: &[&str] = &["ssh", "vim", "shutdown", "service", "ps", "free", "top", "kill", "mount", "ifconfig"];

/// Instructions behind a `COPY` in which its archive may be unpacked.
const LOOK_AHEAD: usize = 100;
/// Ends of the names of archives that `ADD` unpacks.
const ARCHIVES: [&str; 9] = [".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tbz2", ".tar.xz", ".txz", ".tar.zst"];

/// Instructions that belong to a stage.
const AFTER_FROM: &[&str] = &["RUN", "COPY", "ADD", "ENV", "USER", "WORKDIR", "CMD", "ENTRYPOINT", "EXPOSE", "LABEL"];

/// The state of the stage so far.
#[derive(Clone, Default)]
struct Stage {
    /// The variables that are set so far, with their values; an argument may come without one.
    set: Vec<(String, Option<String>)>,
    workdir: bool,
    pipefail: bool,
    windows: bool,
    pip_cache_off: bool,
    fetchers: [bool; 2],
}

/// Tells of every instruction what only its stage shows.
pub fn check(all: &[Instruction], out: &mut dyn FnMut(&str, &Instruction, String)) {
    let mut stage = Stage::default();
    let mut before = Vec::new();
    let kept = bases::kept(all);
    let begun = all.iter().position(|one| one.name == "FROM");
    for (at, one) in all.iter().enumerate() {
        let mut told: Vec<Told> = Vec::new();
        if begun.is_some_and(|begun| at < begun) && AFTER_FROM.contains(&one.name.as_str()) {
            told.push(("before-from", "stands before the first `FROM`".to_owned()));
        }
        match one.name.as_str() {
            "FROM" => from(one, &mut stage, &mut before, &mut told),
            "WORKDIR" => stage.workdir = true,
            "SHELL" => {
                stage.pipefail = one.text.contains("pipefail");
                stage.windows =
                    one.text.contains("powershell") || one.text.contains("pwsh") || one.text.contains("cmd");
            }
            "ENV" | "ARG" => environment(one, &mut stage, &mut told),
            "COPY" | "ADD" => {
                copy(one, &stage, &before, &mut told);
                if one.name == "COPY" && unpacked_later(one, &all[at + 1..all.len().min(at + LOOK_AHEAD)]) {
                    told.push(("copy-archive", "copies an archive that `ADD` would unpack".to_owned()));
                }
            }
            "ONBUILD" => {
                let first = one.text.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
                if matches!(first.as_str(), "ONBUILD" | "FROM" | "MAINTAINER") {
                    told.push(("onbuild", format!("may not trigger `{first}`")));
                }
                if let Some(inner) = triggered(one).filter(|inner| inner.name == "RUN") {
                    run(&inner, &mut stage, &mut told);
                }
            }
            "USER" if names_user(one, &stage) => told
                .push(("named-user", "names a user, which `runAsNonRoot` cannot check; write its number".to_owned())),
            "RUN" => run(one, &mut stage, &mut told),
            _ => {}
        }
        // What a stage leaves behind that is thrown away is of no weight.
        if !kept.iter().any(|stage| stage.as_ptr_range().contains(&std::ptr::from_ref(one))) {
            told.retain(|(id, _)| !matches!(*id, "apt-lists" | "yarn-cache"));
        }
        told.dedup_by(|a, b| a.0 == b.0);
        for (id, what) in told {
            out(id, one, format!("`{}` {what}.", one.name));
        }
    }
}

/// True for a user that is no number, as far as the file says; an argument's value is the builder's to choose.
fn names_user(one: &Instruction, stage: &Stage) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let user = one.text.split(':').next().unwrap_or_default().trim_matches(['"', '\'']);
    let Some(name) = one.text.trim_start_matches('"').strip_prefix('$') else {
        return !user.is_empty() && !number(user);
    };
    let name: String =
        name.trim_start_matches('{').chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    match stage.set.iter().rev().find(|(set, _)| *set == name) {
        Some((_, Some(value))) => !number(value),
        Some((_, None)) => false,
        None => true,
    }
}

/// A stage that is built on one before has what that one set: its folder, its shell, its variables.
fn from(one: &Instruction, stage: &mut Stage, before: &mut Vec<(String, Stage)>, told: &mut Vec<Told>) {
    if let Some((_, last)) = before.last_mut() {
        *last = std::mem::take(stage);
    }
    let words: Vec<&str> = one.text.split_whitespace().collect();
    let base = words.first().and_then(|base| before.iter().rev().find(|(name, _)| name.eq_ignore_ascii_case(base)));
    *stage = base.map(|(_, stage)| Stage { fetchers: [false; 2], ..stage.clone() }).unwrap_or_default();
    let name = words.iter().position(|word| word.eq_ignore_ascii_case("as")).and_then(|at| words.get(at + 1));
    before.push((name.map_or(String::new(), |name| name.to_ascii_lowercase()), Stage::default()));
    let platform = one.flags.iter().find(|(name, _)| name == "platform").map(|(_, value)| value.as_str());
    if platform.is_some_and(|platform| !platform.contains('$')) {
        told.push(("platform", "is for one platform alone, whatever the image is built for".to_owned()));
    }
}

fn environment(one: &Instruction, stage: &mut Stage, told: &mut Vec<Told>) {
    let settings: Vec<(&str, &str)> = one.text.split_whitespace().filter_map(|word| word.split_once('=')).collect();
    let used = |name: &str| {
        let braced = format!("${{{name}}}");
        let mut values = settings.iter().filter(|(key, _)| *key != name);
        values.any(|(_, value)| value.contains(&braced) || *value == format!("${name}"))
    };
    // What has a value from before may well be meant.
    let fresh = |name: &&str| !stage.set.iter().any(|(before, _)| before == name);
    if let Some(name) = settings.iter().map(|(name, _)| *name).filter(fresh).find(|name| used(name)) {
        told.push(("env-self-reference", format!("uses `{name}` where it is set: its old value counts there")));
    }
    if let Some((_, value)) = settings.iter().find(|(name, _)| *name == "PIP_NO_CACHE_DIR") {
        stage.pip_cache_off = !packages::is_no(value);
    } else if let Some(value) = one.text.strip_prefix("PIP_NO_CACHE_DIR ") {
        stage.pip_cache_off = !packages::is_no(value.trim());
    }
    stage
        .set
        .extend(settings.iter().map(|(name, value)| ((*name).to_owned(), Some(value.trim_matches('"').to_owned()))));
    if let Some((name, value)) = one.text.split_once(' ').filter(|(name, _)| one.name == "ENV" && !name.contains('=')) {
        stage.set.push((name.to_owned(), Some(value.trim().to_owned())));
    }
    if one.name == "ARG" {
        let bare = one.text.split_whitespace().filter(|word| !word.contains('='));
        stage.set.extend(bare.map(|name| (name.to_owned(), None)));
    }
}

fn copy(one: &Instruction, stage: &Stage, before: &[(String, Stage)], told: &mut Vec<Told>) {
    if exec_form(&one.text).is_some() {
        return;
    }
    let words: Vec<&str> = one.text.split_whitespace().collect();
    let Some((target, sources)) = words.split_last() else { return };
    if sources.len() > 1
        && !target.ends_with('/')
        && !target.contains('$')
        && *target != "."
        && !one.text.contains("<<")
    {
        told.push(("copy-target", "copies several files to what is not written as a folder (`…/`)".to_owned()));
    }
    let absolute = target.starts_with(['/', '$', '\\', '"', '\'']) || target.get(1..2) == Some(":");
    if one.name == "COPY" && !absolute && !stage.workdir && !one.text.contains("<<") {
        told.push((
            "copy-relative",
            "copies to a folder that depends on the base image; set `WORKDIR` first".to_owned(),
        ));
    }
    let source = one.flags.iter().find(|(name, _)| name == "from").map(|(_, value)| value);
    let Some(name) = source.map(|name| name.to_ascii_lowercase()).filter(|name| !name.contains('$')) else { return };
    let own = before.last().is_some_and(|(own, _)| !own.is_empty() && *own == name);
    let known =
        before.iter().any(|(stage, _)| *stage == name) || name.parse::<usize>().is_ok_and(|at| at + 1 < before.len());
    if own {
        told.push(("copy-from-itself", "copies from the stage that it belongs to".to_owned()));
    } else if !known && !name.contains(['/', ':', '.']) {
        told.push((
            "copy-from-unknown",
            format!("copies from `{}`, which no stage before is named", name.replace('`', "'")),
        ));
    }
}

/// True for an archive of the build context that a later instruction of the stage unpacks.
fn unpacked_later(copy: &Instruction, later: &[Instruction]) -> bool {
    let words: Vec<&str> = copy.text.split_whitespace().collect();
    let Some((target, sources)) = words.split_last() else { return false };
    let is_archive = |name: &&str| ARCHIVES.iter().any(|end| name.ends_with(end));
    let base = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let archives: Vec<String> =
        sources.iter().chain(std::iter::once(target)).filter(|word| is_archive(word)).map(|word| base(word)).collect();
    if archives.is_empty() || copy.flags.iter().any(|(name, _)| name == "from") {
        return false;
    }
    let stage = later.iter().take_while(|one| one.name != "FROM").filter(|one| one.name == "RUN");
    stage.flat_map(|one| Run::of(one).commands).any(|command| {
        let unpacks = match command.program() {
            "tar" => command.arguments().next().is_some_and(|first| {
                matches!(first, "--extract" | "--get") || (!first.starts_with("--") && first.contains('x'))
            }),
            "unzip" | "gunzip" | "bunzip2" | "unxz" | "unlzma" | "zcat" => true,
            _ => false,
        };
        unpacks && command.arguments().any(|word| archives.contains(&base(word)))
    })
}

fn run(one: &Instruction, stage: &mut Stage, told: &mut Vec<Told>) {
    if stage.windows {
        return;
    }
    let commands = Run::of(one).commands;
    packages::check(one, &commands, told);
    if stage.pip_cache_off {
        told.retain(|(id, _)| *id != "pip-cache");
    }
    let sets_pipefail = commands.iter().any(|command| command.program() == "set" && command.has(&["pipefail"]))
        || one.text.contains("pipefail");
    if commands.iter().any(|command| command.piped) && !stage.pipefail && !sets_pipefail {
        told.push(("no-pipefail", "succeeds where a command in the middle of a pipe fails".to_owned()));
    }
    for command in &commands {
        each(command, told);
        let fetcher = ["curl", "wget"].iter().position(|program| *program == command.program());
        if let Some(which) = fetcher {
            stage.fetchers[which] = true;
            if stage.fetchers == [true, true] {
                told.push(("curl-and-wget", "uses `curl` in a stage that uses `wget`, too: one is enough".to_owned()));
                stage.fetchers = [false, false];
            }
        }
    }
}

fn each(command: &Command, told: &mut Vec<Told>) {
    let program = command.program();
    if USELESS.contains(&program) {
        told.push(("useless-command", format!("runs `{program}`, which has no use while an image is built")));
    }
    if program == "useradd" && !command.has(&["-l", "--no-log-init"]) {
        let mut words = command.arguments();
        let id = words.find(|word| matches!(*word, "-u" | "--uid")).and_then(|_| words.next());
        if id.and_then(|id| id.parse::<u64>().ok()).is_some_and(|id| id > 99_999) {
            told.push(("useradd-log", "adds a user with a large number and makes huge log files; add `-l`".to_owned()));
        }
    }
    if program == "ln" && command.arguments().last() == Some("/bin/sh") {
        told.push(("shell-link", "replaces `/bin/sh`; use `SHELL` instead".to_owned()));
    }
}
