//! Package managers in a `RUN`: versions that are left to the day of the build, answers that nobody gives, and
//! what stays in the image.

use crate::scan::iac::shell::Command;
use crate::scan::iac::shell::trust::is_pip;
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
    /// Options that say yes to every question, and the rule; none where nothing is asked.
    yes: Option<(&'static str, &'static [&'static str])>,
    /// Commands of which one cleans up, and the rule; none where nothing stays, or another rule speaks of it.
    clean: Option<(&'static str, &'static [&'static [&'static str]])>,
}

const MANAGERS: &[Manager] = &[
    Manager {
        programs: &["apt-get"],
        install: &["install"],
        valued: &["-t", "--target-release", "-o", "-c"],
        unpinned: "apt-unpinned",
        pinned: |word| word.contains('=') || word.contains('/') || word.ends_with(".deb"),
        yes: None,
        clean: None,
    },
    Manager {
        programs: &["apk"],
        install: &["add"],
        valued: &["-t", "--virtual", "-X", "--repository", "--repositories-file", "--root", "-p"],
        unpinned: "apk-unpinned",
        pinned: |word| word.contains(['=', '<', '>', '~']) || word.ends_with(".apk") || word.starts_with('.'),
        yes: None,
        clean: None,
    },
    Manager {
        programs: &["yum"],
        install: &["install", "localinstall", "reinstall"],
        valued: &["-c", "--enablerepo", "--disablerepo"],
        unpinned: "yum-unpinned",
        pinned: rpm_pinned,
        yes: Some(("yum-no-yes", &["-y", "--assumeyes"])),
        clean: Some(("yum-cache", &[&["yum", "clean", "all"], &["rm", "-rf", "/var/cache/yum"]])),
    },
    Manager {
        programs: &["dnf", "microdnf"],
        install: &["install"],
        valued: &["-c", "--enablerepo", "--disablerepo", "--repo"],
        unpinned: "dnf-unpinned",
        pinned: rpm_pinned,
        yes: Some(("dnf-no-yes", &["-y", "--assumeyes"])),
        clean: Some((
            "dnf-cache",
            &[
                &["dnf", "clean", "all"],
                &["microdnf", "clean", "all"],
                &["rm", "-rf", "/var/cache/dnf"],
                &["rm", "-rf", "/var/cache/yum"],
                &["rm", "-rf", "/var/cache/microdnf"],
            ],
        )),
    },
    Manager {
        programs: &["zypper"],
        install: &["install", "in"],
        valued: &["--repo", "-r"],
        unpinned: "zypper-unpinned",
        pinned: |word| word.contains(['=', '<', '>']) || word.ends_with(".rpm"),
        yes: Some(("zypper-no-yes", &["-y", "--no-confirm", "-n", "--non-interactive"])),
        clean: Some(("zypper-cache", &[&["zypper", "clean"], &["zypper", "cc"]])),
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
        ],
        unpinned: "pip-unpinned",
        pinned: |word| {
            word.contains(['=', '<', '>'])
                || word.contains('@')
                || word.starts_with(['.', '/'])
                || [".whl", ".tar.gz", ".zip"].iter().any(|end| word.ends_with(end))
        },
        yes: None,
        clean: None,
    },
    Manager {
        programs: &["pipx"],
        install: &["install"],
        valued: &["--python", "--suffix", "-i", "--index-url"],
        unpinned: "pip-unpinned",
        pinned: |word| word.contains("==") || word.contains('@') || word.starts_with(['.', '/']),
        yes: None,
        clean: None,
    },
    Manager {
        programs: &["npm"],
        install: &["install", "i", "add"],
        valued: &["--prefix", "--registry", "-C"],
        unpinned: "npm-unpinned",
        pinned: |word| {
            if word.contains("://") || word.starts_with("git@") {
                // A repository by a commit or tag, or an archive.
                return word.contains('#') || word.ends_with(".tgz") || word.ends_with(".tar.gz");
            }
            word.get(1..).is_some_and(|rest| rest.contains('@'))
                || word.starts_with(['.', '/', '~'])
                || word.contains(':')
                || word.ends_with(".tgz")
        },
        yes: None,
        clean: None,
    },
    Manager {
        programs: &["gem"],
        install: &["install", "i"],
        valued: &["-s", "--source", "-i", "--install-dir", "-n", "--bindir"],
        unpinned: "gem-unpinned",
        pinned: |word| word.contains(':') || word.ends_with(".gem"),
        yes: None,
        clean: None,
    },
    Manager {
        programs: &["go"],
        install: &["install", "get"],
        valued: &["-ldflags", "-tags", "-p", "-mod"],
        unpinned: "go-unpinned",
        pinned: |word| {
            word.split_once('@').is_some_and(|(_, version)| version != "latest")
                || word.starts_with('.')
                || !word.split('/').next().is_some_and(|host| host.contains('.'))
        },
        yes: None,
        clean: None,
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
    let runs = |programs: &[&str], word: &str| {
        commands.iter().any(|one| programs.contains(&one.program()) && one.has(&[word]))
    };
    if runs(&["apt-get", "apt"], "update") && !run.text.contains("/var/lib/apt/lists") && !caches("/var/lib/apt") {
        told.push(("apt-lists", "leaves apt's package lists in the image".to_owned()));
    }
    let cleans = commands.iter().any(|one| one.program() == "yarn" && one.has(&["cache"]) && one.has(&["clean"]));
    if runs(&["yarn"], "install") && !cleans && !caches("yarn") {
        told.push(("yarn-cache", "leaves yarn's cache in the image".to_owned()));
    }
    for command in commands {
        let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
        // `python -m pip`.
        let module = command.program().starts_with("python") && words.get(1) == Some(&"-m");
        let own = if module { words.get(2..).unwrap_or_default() } else { &words };
        let Some((program, arguments)) = own.split_first() else { continue };
        let program = program.rsplit('/').next().unwrap_or_default();
        let known = |manager: &&Manager| {
            manager.programs.contains(&program) || is_pip(program) && manager.programs.contains(&"pip")
        };
        let Some(manager) = MANAGERS.iter().find(known) else { continue };
        let installs = |word: &&str| manager.install.contains(word);
        let Some(at) = arguments.iter().position(installs) else {
            // An upgrade of everything fetches packages, too.
            if manager.unpinned == "dnf-unpinned" && arguments.contains(&"upgrade") {
                unclean(manager, program, commands, &caches, told);
            }
            continue;
        };
        if let Some(package) = unpinned(manager, &arguments[at + 1..]) {
            let package = package.replace('`', "'");
            told.push((manager.unpinned, format!("installs `{package}` in whatever version is newest on the day")));
        }
        if let Some((id, yes)) = manager.yes {
            let short = |word: &&str| word.starts_with('-') && !word.starts_with("--") && word.contains('y');
            if !arguments.iter().any(|word| short(word) || yes.contains(word)) {
                told.push((id, format!("lets `{program}` wait for an answer that nobody gives")));
            }
        }
        unclean(manager, program, commands, &caches, told);
        let kept = arguments.iter().any(|word| word.starts_with("--no-cache"))
            || caches(".cache/pip")
            || caches("/root/.cache")
            || switched_off(commands);
        if manager.programs.contains(&"pip") && !kept {
            told.push(("pip-cache", "leaves pip's cache in the image".to_owned()));
        }
    }
}

/// True where a command before or beside says that pip keeps nothing.
fn switched_off(commands: &[Command]) -> bool {
    let mut set = commands.iter().flat_map(|command| &command.assignments);
    set.any(|(name, value)| name == "PIP_NO_CACHE_DIR" && !is_no(&value.text))
}

/// A value that pip and others read as no.
pub fn is_no(value: &str) -> bool {
    matches!(
        value.trim_matches(['"', '\'']).to_ascii_lowercase().as_str(),
        "0" | "false" | "no" | "off" | "n" | "f" | ""
    )
}

/// Tells of a cache that no command of the instruction clears.
fn unclean(
    manager: &Manager,
    program: &str,
    commands: &[Command],
    caches: &dyn Fn(&str) -> bool,
    told: &mut Vec<Told>,
) {
    let Some((id, clean)) = manager.clean else { return };
    let clears = |words: &&[&str]| {
        commands.iter().any(|other| words.iter().all(|word| other.words.iter().any(|one| one.text.contains(word))))
    };
    if !clean.iter().any(clears) && !caches("/var/cache") {
        told.push((id, format!("leaves `{program}`'s cache in the image")));
    }
}

/// The first package that names no version; none where they come from a file.
fn unpinned<'a>(manager: &Manager, arguments: &[&'a str]) -> Option<&'a str> {
    let mut rest = arguments.iter();
    let mut first = None;
    while let Some(word) = rest.next() {
        match *word {
            "-r" | "--requirement" | "-e" | "--editable" | "--require-hashes" | "-v" | "--version" | "-y:version" => {
                return None;
            }
            word if ["--requirement=", "--version=", "--constraint="].iter().any(|it| word.starts_with(it)) => {
                return None;
            }
            "-c" | "--constraint" if manager.unpinned == "pip-unpinned" => return None,
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
