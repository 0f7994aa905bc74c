//! Rules that look at one instruction by itself.

use super::shell::{Run, exec_form};
use crate::scan::iac::actions::run::pipes_to_shell;
use crate::scan::iac::shell::Command;
use crate::scan::iac::shell::trust::{self, Client};
use crate::syntax::dockerfile::Instruction;

/// True where one instruction, by itself, breaks the rule.
type Check = fn(&Instruction) -> bool;

/// Rules about instructions other than `RUN`: id, instruction, check, and the sentence's end.
const CHECKS: &[(&str, &str, Check, &str)] = &[
    ("maintainer", "MAINTAINER", |_| true, "is deprecated; use `LABEL`"),
    ("ssh-port", "EXPOSE", |i| ports(i).any(|port| matches!(port, "22" | "22/tcp")), "exposes the SSH port"),
    ("bad-port", "EXPOSE", |i| ports(i).any(is_no_port), "names no valid port"),
    ("relative-workdir", "WORKDIR", is_relative, "names a relative folder"),
    ("system-workdir", "WORKDIR", is_system, "names a system folder"),
    ("add-local", "ADD", |i| adds(i) == Some(Added::Local), "adds local files; `COPY` does no more than that"),
    ("add-url", "ADD", |i| adds(i) == Some(Added::Download), "downloads what nobody checks; give it a `--checksum`"),
    ("add-archive", "ADD", |i| adds(i) == Some(Added::Else), "unpacks or fetches: see that nobody else chooses what"),
    ("shell-form", "CMD", |i| exec_form(&i.text).is_none(), "is in shell form, so signals do not reach the program"),
    (
        "shell-form",
        "ENTRYPOINT",
        |i| exec_form(&i.text).is_none(),
        "is in shell form, so signals do not reach the program",
    ),
    ("shell-form", "HEALTHCHECK", checks_by_shell, "is in shell form, so it needs a shell in the image"),
];

/// True where a command breaks the rule.
type CommandCheck = fn(&Command) -> bool;

/// Rules about what a command is for and how it is called: id, check, and the sentence's end. They hold for the
/// commands of the instruction itself.
const COMMANDS: &[(&str, CommandCheck, &str)] = &[
    ("apt-not-apt-get", |c| c.program() == "apt", "uses `apt`, whose interface is for people"),
    ("apt-no-yes", |c| installs(c) && !assumes_yes(c), "installs without `-y`"),
    ("apt-recommends", |c| installs(c) && !skips_recommended(c), "installs recommended packages too"),
    (
        "apk-no-cache",
        |c| c.program() == "apk" && c.has(&["add"]) && !c.has(&["--no-cache"]),
        "leaves the package index in the image",
    ),
    ("dist-upgrade", |c| c.program() == "apt-get" && c.has(&["dist-upgrade"]), "upgrades the whole system"),
    (
        "zypper-dist-upgrade",
        |c| c.program() == "zypper" && c.has(&["dist-upgrade", "dup"]),
        "upgrades the whole system",
    ),
    ("cd", |c| c.program() == "cd", "changes directory where `WORKDIR` would"),
];

/// Rules about commands that are unsafe wherever they run, also inside of `sh -c "…"`.
const UNSAFE: &[(&str, CommandCheck, &str)] = &[
    ("sudo", |c| c.program() == "sudo" || c.prefixes.iter().any(|word| word.text == "sudo"), "uses `sudo`"),
    ("chpasswd", |c| c.program() == "chpasswd", "sets a password"),
    ("unsigned-apk", |c| any(c, &["apk"], &["--allow-untrusted"]), "installs packages without checking signatures"),
    (
        "unsigned-apt",
        |c| any(c, &["apt-get", "apt"], &["--allow-unauthenticated"]),
        "installs packages without checking signatures",
    ),
    (
        "apt-force-yes",
        |c| any(c, &["apt-get", "apt"], &["--force-yes"]),
        "says yes to everything, unsigned packages too",
    ),
    (
        "unsigned-yum",
        |c| any(c, &["yum", "dnf", "tdnf", "microdnf"], &["--nogpgcheck"]),
        "installs packages without checking signatures",
    ),
    (
        "unsigned-rpm",
        |c| any(c, &["rpm"], &["--nosignature", "--nodigest", "--noverify", "--nofiledigest"]),
        "installs packages without verifying them",
    ),
    (
        "unsigned-zypper",
        |c| any(c, &["zypper"], &["--no-gpg-checks", "--allow-unsigned-rpm"]),
        "installs packages without checking signatures",
    ),
];

/// Everything about the instruction alone: ids of rules, and the sentences' ends.
pub fn told(one: &Instruction, run: Option<&Run>) -> Vec<(&'static str, &'static str)> {
    let mut found: Vec<_> = CHECKS
        .iter()
        .filter(|(_, name, check, _)| one.name == *name && check(one))
        .map(|(id, _, _, what)| (*id, *what))
        .collect();
    if let Some(run) = run {
        let own = COMMANDS.iter().filter(|(_, check, _)| run.commands.iter().any(check));
        let unsafe_ones = UNSAFE.iter().filter(|(_, check, _)| run.all().any(check));
        found.extend(own.chain(unsafe_ones).map(|(id, _, what)| (*id, *what)));
        if updates_alone(run) {
            found.push(("update-alone", "updates the package index in a layer of its own"));
        }
        if run.commands.windows(2).any(feeds_shell)
            || run.inner.windows(2).any(feeds_shell)
            || pipes_to_shell(&one.text)
        {
            found.push(("pipe-to-shell", "runs what it downloads, unseen and unchecked"));
        }
        found.extend(run.all().filter_map(trust::command).map(by_command));
        let set = run.all().flat_map(|command| &command.assignments);
        found.extend(set.filter_map(|(name, value)| trust::variable(name, &value.text)).filter_map(by_variable));
    }
    if matches!(one.name.as_str(), "ENV" | "ARG") {
        let off = settings(one).into_iter().filter_map(|(name, value)| trust::variable(name, value));
        found.extend(off.filter_map(by_variable));
    }
    let mut seen = Vec::new();
    found.retain(|(id, _)| {
        !seen.contains(id) && {
            seen.push(*id);
            true
        }
    });
    found
}

/// The settings of an `ENV` or `ARG`; `ENV NAME value` is the old form, of one variable.
fn settings(one: &Instruction) -> Vec<(&str, &str)> {
    let first = one.text.split_whitespace().next().unwrap_or_default();
    if one.name == "ENV" && !first.contains('=') {
        return one.text.split_once(char::is_whitespace).into_iter().collect();
    }
    one.text.split_whitespace().filter_map(|word| word.split_once('=')).collect()
}

const UNCHECKED: &str = "downloads without checking certificates";

fn by_command(client: Client) -> (&'static str, &'static str) {
    match client {
        Client::Curl => ("tls-off-curl", UNCHECKED),
        Client::Wget => ("tls-off-wget", UNCHECKED),
        Client::Pip => ("tls-off-pip", UNCHECKED),
        Client::Npm => ("tls-off-npm", UNCHECKED),
        Client::Repositories => ("repository-tls-off", "switches off certificate checks of package repositories"),
        _ => ("tls-off", UNCHECKED),
    }
}

fn by_variable(client: Client) -> Option<(&'static str, &'static str)> {
    let id = match client {
        Client::Git => "tls-off-variable-git",
        Client::Node => "tls-off-variable-node",
        Client::Npm => "tls-off-variable-npm",
        Client::Pip => "tls-off-variable-pip",
        Client::Python => "tls-off-variable-python",
        _ => return None,
    };
    Some((id, "sets a variable that switches off certificate checks"))
}

fn any(command: &Command, programs: &[&str], words: &[&str]) -> bool {
    programs.contains(&command.program()) && command.has(words)
}

fn installs(command: &Command) -> bool {
    command.program() == "apt-get" && command.has(&["install"])
}

fn skips_recommended(command: &Command) -> bool {
    let setting = |word: &str| {
        word.split_once('=').is_some_and(|(name, value)| {
            name.trim_start_matches("-o").eq_ignore_ascii_case("APT::Install-Recommends")
                && matches!(value, "0" | "false" | "no")
        })
    };
    command.has(&["--no-install-recommends"]) || command.arguments().any(setting)
}

fn assumes_yes(command: &Command) -> bool {
    command.arguments().any(|word| {
        matches!(word, "--yes" | "--assume-yes" | "-qq" | "-q=2" | "--quiet=2" | "--force-yes")
            || (word.starts_with('-') && !word.starts_with("--") && word.contains('y'))
    })
}

const PACKAGE_MANAGERS: &[&str] = &["apt-get", "apt", "yum", "dnf", "microdnf", "apk"];

fn updates_alone(run: &Run) -> bool {
    let manages = |command: &&Command| PACKAGE_MANAGERS.contains(&command.program());
    let updates = |command: &Command| command.arguments().find(|word| !word.starts_with('-')) == Some("update");
    let goes_on =
        ["install", "groupinstall", "reinstall", "localinstall", "source-install", "add", "upgrade", "dist-upgrade"];
    let mut managed = run.commands.iter().filter(manages);
    managed.any(updates) && !run.commands.iter().filter(manages).any(|command| command.has(&goes_on))
}

/// Of two commands: the first fetches, the other runs what it is fed.
fn feeds_shell(pair: &[Command]) -> bool {
    let fetches = pair[0].piped && matches!(pair[0].program(), "curl" | "wget");
    fetches
        && matches!(pair[1].program(), "sh" | "bash" | "zsh" | "dash" | "ash" | "python" | "python3" | "node" | "perl")
}

fn ports(one: &Instruction) -> impl Iterator<Item = &str> {
    one.text.split_whitespace()
}

fn is_no_port(word: &str) -> bool {
    let number = word.split('/').next().unwrap_or_default();
    number.split('-').any(|number| number.parse::<u32>().is_ok_and(|number| number > 65535))
}

fn is_relative(one: &Instruction) -> bool {
    let path = one.text.trim_matches(['"', '\'']);
    !path.starts_with(['/', '$', '\\']) && path.get(1..2) != Some(":")
}

fn is_system(one: &Instruction) -> bool {
    ["/proc", "/sys", "/dev", "/boot", "/etc"].iter().any(|folder| {
        let path = one.text.trim_matches(['"', '\'']);
        path == *folder || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
    })
}

/// `HEALTHCHECK CMD` whose command is no list.
fn checks_by_shell(one: &Instruction) -> bool {
    let Some((name, command)) = one.text.split_once(char::is_whitespace) else { return false };
    name.eq_ignore_ascii_case("CMD") && exec_form(command).is_none()
}

/// What an `ADD` adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Added {
    /// Files of the build context, or of a place that an argument names.
    Local,
    /// A download without a checksum.
    Download,
    /// An archive, a repository, or a download with a checksum.
    Else,
}

const ARCHIVES: [&str; 7] = [".tar", ".tgz", ".gz", ".xz", ".bz2", ".zip", ".zst"];

fn adds(one: &Instruction) -> Option<Added> {
    let listed = exec_form(&one.text);
    let words: Vec<&str> = match &listed {
        Some(words) => words.iter().map(String::as_str).collect(),
        None => one.text.split_whitespace().map(|word| word.trim_matches(['"', '\''])).collect(),
    };
    let (_, sources) = words.split_last()?;
    if sources.is_empty() || sources.iter().any(|word| word.starts_with("<<")) {
        return None;
    }
    let is_git = |word: &str| word.starts_with("git@") || word.contains(".git");
    let is_remote = |word: &&str| word.starts_with("http://") || word.starts_with("https://");
    let is_archive = |word: &str| ARCHIVES.iter().any(|end| word.contains(end));
    let summed = one.flags.iter().any(|(name, _)| name == "checksum");
    if sources.iter().filter(|word| is_remote(word)).any(|word| !is_git(word)) && !summed {
        return Some(Added::Download);
    }
    let is_local = |word: &&str| !word.contains("://") && !is_git(word) && !is_archive(word);
    Some(if sources.iter().any(is_local) { Added::Local } else { Added::Else })
}
