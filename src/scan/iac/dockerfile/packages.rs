//! Package managers in a `RUN`: versions that are left to the day of the build, answers that nobody gives, and
//! what stays in the image.

use super::shell::Command;
use crate::syntax::dockerfile::Instruction;

/// One package manager.
struct Manager {
    programs: &'static [&'static str],
    install: &'static [&'static str],
    /// Options that take the next word.
    valued: &'static [&'static str],
    /// The rule for packages without a version, and whether a word names one.
    unpinned: &'static str,
    pinned: fn(&str) -> bool,
    /// Options that say yes to every question; empty where none is asked.
    yes: &'static [&'static str],
    /// Commands of which one cleans up; empty where nothing stays, or another rule speaks of it.
    clean: &'static [&'static [&'static str]],
}

const MANAGERS: &[Manager] = &[
    Manager {
        programs: &["apt-get", "apt"],
        install: &["install"],
        valued: &["-t", "--target-release", "-o", "-c"],
        unpinned: "apt-unpinned",
        pinned: |word| word.contains('=') || word.contains('/') || word.ends_with(".deb"),
        yes: &[],
        clean: &[],
    },
    Manager {
        programs: &["apk"],
        install: &["add"],
        valued: &["-t", "--virtual", "-X", "--repository", "--repositories-file", "--root", "-p"],
        unpinned: "apk-unpinned",
        pinned: |word| word.contains(['=', '<', '>', '~']) || word.ends_with(".apk") || word.starts_with('.'),
        yes: &[],
        clean: &[],
    },
    Manager {
        programs: &["yum"],
        install: &["install", "localinstall", "reinstall"],
        valued: &["-c", "--enablerepo", "--disablerepo"],
        unpinned: "yum-unpinned",
        pinned: rpm_pinned,
        yes: &["-y", "--assumeyes"],
        clean: &[&["yum", "clean", "all"], &["rm", "-rf", "/var/cache/yum"]],
    },
    Manager {
        programs: &["dnf", "microdnf"],
        install: &["install"],
        valued: &["-c", "--enablerepo", "--disablerepo", "--repo"],
        unpinned: "yum-unpinned",
        pinned: rpm_pinned,
        yes: &["-y", "--assumeyes"],
        clean: &[&["dnf", "clean", "all"], &["microdnf", "clean", "all"], &["rm", "-rf", "/var/cache/dnf"]],
    },
    Manager {
        programs: &["zypper"],
        install: &["install", "in"],
        valued: &["--repo", "-r"],
        unpinned: "yum-unpinned",
        pinned: |word| word.contains(['=', '<', '>']) || word.ends_with(".rpm"),
        yes: &["-y", "--no-confirm", "-n", "--non-interactive"],
        clean: &[&["zypper", "clean"], &["zypper", "cc"]],
    },
    Manager {
        programs: &["pip", "pip3", "pip2"],
        install: &["install"],
        valued: &[
            "-i",
            "--index-url",
            "--extra-index-url",
            "-f",
            "--find-links",
            "-t",
            "--target",
            "--prefix",
            "--root",
            "--trusted-host",
            "-c",
            "--constraint",
        ],
        unpinned: "pip-unpinned",
        pinned: |word| {
            word.contains("==")
                || word.contains('@')
                || word.contains("~=")
                || word.contains("===")
                || word.starts_with(['.', '/'])
                || [".whl", ".tar.gz", ".zip"].iter().any(|end| word.ends_with(end))
        },
        yes: &[],
        clean: &[],
    },
    Manager {
        programs: &["npm"],
        install: &["install", "i", "add"],
        valued: &["--prefix", "--registry", "-C"],
        unpinned: "npm-unpinned",
        pinned: |word| {
            word.get(1..).is_some_and(|rest| rest.contains('@'))
                || word.starts_with(['.', '/', '~'])
                || word.contains(':')
                || word.ends_with(".tgz")
        },
        yes: &[],
        clean: &[],
    },
    Manager {
        programs: &["gem"],
        install: &["install", "i"],
        valued: &["-s", "--source", "-i", "--install-dir", "-n", "--bindir"],
        unpinned: "gem-unpinned",
        pinned: |word| word.contains(':') || word.ends_with(".gem"),
        yes: &[],
        clean: &[],
    },
    Manager {
        programs: &["go"],
        install: &["install"],
        valued: &["-ldflags", "-tags", "-p", "-mod"],
        unpinned: "go-unpinned",
        pinned: |word| {
            word.split_once('@').is_some_and(|(_, version)| version != "latest")
                || word.starts_with('.')
                || !word.split('/').next().is_some_and(|host| host.contains('.'))
        },
        yes: &[],
        clean: &[],
    },
];

/// `bash-5.1.8` and `bash-5.1*`: a version after the last hyphens.
fn rpm_pinned(word: &str) -> bool {
    word.ends_with(".rpm")
        || word.contains("://")
        || word.split('-').skip(1).any(|part| part.starts_with(|c: char| c.is_ascii_digit()))
}

/// What is told of a `RUN`: a rule's id and the sentence's end.
pub type Told = (&'static str, String);

/// Everything about package managers in one `RUN`.
pub fn check(run: &Instruction, commands: &[Command], told: &mut Vec<Told>) {
    let caches = |folder: &str| {
        let mounts = run.flags.iter().filter(|(name, value)| name == "mount" && value.contains("type=cache"));
        mounts.into_iter().any(|(_, value)| value.contains(folder))
    };
    let runs = |program: &str, word: &str| commands.iter().any(|one| one.program() == program && one.has(&[word]));
    if runs("apt-get", "update") && !run.text.contains("/var/lib/apt/lists") && !caches("/var/lib/apt") {
        told.push(("apt-lists", "leaves apt's package lists in the image".to_owned()));
    }
    let cleans = commands.iter().any(|one| one.program() == "yarn" && one.has(&["cache"]) && one.has(&["clean"]));
    if runs("yarn", "install") && !cleans && !caches("yarn") {
        told.push(("yarn-cache", "leaves yarn's cache in the image".to_owned()));
    }
    for command in commands {
        // `python -m pip`.
        let module = command.program().starts_with("python") && command.words.get(1).is_some_and(|word| word == "-m");
        let own: &[String] = if module { command.words.get(2..).unwrap_or_default() } else { &command.words };
        let Some((program, arguments)) = own.split_first() else { continue };
        let program = program.rsplit('/').next().unwrap_or_default();
        let Some(manager) = MANAGERS.iter().find(|manager| manager.programs.contains(&program)) else { continue };
        let Some(at) = arguments.iter().position(|word| manager.install.contains(&word.as_str())) else { continue };
        if let Some(package) = unpinned(manager, &arguments[at + 1..]) {
            let package = package.replace('`', "'");
            told.push((manager.unpinned, format!("installs `{package}` in whatever version is newest on the day")));
        }
        let yes = |word: &String| {
            let short = word.starts_with('-') && !word.starts_with("--") && word.contains('y');
            short || manager.yes.contains(&word.as_str())
        };
        if !manager.yes.is_empty() && !arguments.iter().any(yes) {
            told.push(("no-yes", format!("lets `{program}` wait for an answer that nobody gives")));
        }
        let cleaned = manager.clean.iter().any(|clean| {
            commands.iter().any(|other| clean.iter().all(|word| other.words.iter().any(|one| one.contains(word))))
        });
        if !manager.clean.is_empty() && !cleaned && !caches("/var/cache") {
            told.push(("package-cache", format!("leaves `{program}`'s cache in the image")));
        }
        let kept = arguments.iter().any(|word| word.starts_with("--no-cache"))
            || caches(".cache/pip")
            || caches("/root/.cache");
        if manager.unpinned == "pip-unpinned" && !kept && !run.text.contains("PIP_NO_CACHE_DIR") {
            told.push(("pip-cache", "leaves pip's cache in the image".to_owned()));
        }
    }
}

/// The first package that names no version; none where they come from a file.
fn unpinned<'a>(manager: &Manager, arguments: &'a [String]) -> Option<&'a str> {
    let mut rest = arguments.iter();
    let mut first = None;
    while let Some(word) = rest.next() {
        match word.as_str() {
            "-r" | "--requirement" | "-e" | "--editable" | "--require-hashes" | "-v" | "--version" | "-y:version" => {
                return None;
            }
            word if word.starts_with("--requirement=") || word.starts_with("--version=") => return None,
            word if manager.valued.contains(&word) => {
                rest.next();
            }
            word if word.starts_with('-') || word.starts_with('$') || word.starts_with(['<', '>', '{', '}']) => {}
            word if first.is_none() && !(manager.pinned)(word) => first = Some(word),
            _ => {}
        }
    }
    first
}
