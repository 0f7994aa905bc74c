//! Secrets on command lines: options that say nothing of it by their names.

use super::{Generic, line_before, literal_length, unnamed};
use crate::model::Span;
use crate::scan::secrets::shape::Judged;

/// Where a command has its secret.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// The word after an option.
    After(&'static [&'static str]),
    /// `user:password`, or with another mark between them, in the word after an option.
    Login(u8, &'static [&'static str]),
    /// The rest of the option's own word.
    Joined(&'static str),
    /// The rest of any word that begins so.
    Prefixed(&'static [&'static str]),
    /// The word of that number, from 0, of those that are no options, drives or shares; behind this one.
    Plain(&'static str, usize),
    /// The last word, if one of the options is there.
    Last(&'static [&'static str]),
    /// What `echo` gives to it through a pipe.
    Piped,
}

use Place::{After, Joined, Last, Login, Piped, Plain, Prefixed};

/// Commands and their options.
const COMMANDS: &[(&str, &[Place])] = &[
    ("curl ", &[Login(b':', &["-u", "--user", "-U", "--proxy-user"])]),
    ("ConvertTo-SecureString ", &[After(&["ConvertTo-SecureString"]), After(&["-String"])]),
    ("sshpass ", &[After(&["-p"]), Joined("-p")]),
    ("docker login", &[After(&["-p"])]),
    ("podman login", &[After(&["-p"])]),
    ("registry login", &[After(&["-p"])]),
    ("oc login", &[After(&["-p"])]),
    ("az login", &[After(&["-p"])]),
    ("redis-cli ", &[After(&["-a", "--pass"])]),
    ("ldapsearch ", &[After(&["-w"])]),
    ("ldapadd ", &[After(&["-w"])]),
    ("ldapmodify ", &[After(&["-w"])]),
    ("sqlcmd ", &[After(&["-P"])]),
    ("bcp ", &[After(&["-P"])]),
    ("net use ", &[Plain("use", 0)]),
    ("net user ", &[Plain("user", 1)]),
    ("psexec ", &[After(&["-p"])]),
    ("schtasks ", &[After(&["/rp", "/RP", "/p", "/P"])]),
    ("smbclient ", &[Login(b'%', &["-U", "--user"])]),
    ("lftp ", &[Login(b',', &["-u", "--user"])]),
    ("http -a ", &[Login(b':', &["-a"])]),
    ("htpasswd ", &[Last(&["-b", "-bc", "-cb", "-bn", "-nb", "-bB", "-Bb", "-nbB", "-Bbn", "-bBn", "-cbB", "-bcB"])]),
    ("ipmitool ", &[After(&["-P"])]),
    ("snmpwalk ", &[After(&["-A"]), After(&["-X"])]),
    ("snmpget ", &[After(&["-A"]), After(&["-X"])]),
    ("nmcli ", &[After(&["password"])]),
    ("rabbitmqctl ", &[Plain("add_user", 1), Plain("change_password", 1)]),
    ("put-parameter ", &[After(&["--value"])]),
    ("keyvault secret set ", &[After(&["--value"])]),
    ("gh secret set ", &[After(&["--body", "-b"])]),
    ("7z ", &[Joined("-p")]),
    ("mongo ", &[After(&["-p"])]),
    ("mongosh ", &[After(&["-p"])]),
    ("mongodump ", &[After(&["-p"])]),
    ("mongorestore ", &[After(&["-p"])]),
    ("mysql ", &[Joined("-p")]),
    ("mysqldump ", &[Joined("-p")]),
    ("mysqladmin ", &[Joined("-p"), After(&["password"])]),
    ("openssl ", &[Prefixed(&["pass:"]), After(&["-k"]), After(&["-1", "-5", "-6", "-apr1"])]),
    ("zip ", &[After(&["-P"])]),
    ("xfreerdp ", &[Prefixed(&["/p:"])]),
    ("chpasswd", &[Piped]),
    ("--password-stdin", &[Piped]),
    ("sudo -S", &[Piped]),
];

/// What is known of a secret on a command line.
const JUDGED: Judged = Judged { password: true, quoted: true, config: true };

/// Bytes of a command line that are looked at, on each side.
const LENGTH: usize = 400;

/// The first of these stand in code as well.
const IN_CODE: usize = 4;

/// Texts of the commands.
pub(super) fn literals() -> impl Iterator<Item = &'static str> {
    COMMANDS.iter().map(|(text, _)| *text)
}

/// True for a command that stands in code as well, by its number in [`literals`].
pub(super) fn stands_in_code(which: usize) -> bool {
    which < IN_CODE
}

/// The secrets of the command whose text, the `which`th of [`literals`], stands at `at`.
pub(super) fn secrets(bytes: &[u8], at: usize, which: usize, found: &mut impl FnMut(Generic)) {
    let before = at.checked_sub(1).map(|at| bytes[at]);
    // `unzip` and `zip` are one.
    if before.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_') && !bytes[..at].ends_with(b"un") {
        return;
    }
    let words = words(bytes, at);
    for place in COMMANDS.get(which).map_or(&[][..], |(_, places)| places) {
        if let Some(secret) = find(bytes, at, &words, *place).and_then(|span| unnamed(bytes, span, JUDGED)) {
            found(secret);
        }
    }
}

fn find(bytes: &[u8], at: usize, words: &[Span], place: Place) -> Option<Span> {
    let next = |options: &[&str]| {
        let option = words.iter().position(|word| options.iter().any(|one| one.as_bytes() == word.of(bytes)))?;
        words.get(option + 1).copied()
    };
    let rest = |word: &Span, by: usize| Span::new(word.start as usize + by, word.end as usize);
    match place {
        After(options) => next(options),
        Login(mark, options) => {
            let login = next(options)?;
            let end = login.of(bytes).iter().position(|&b| b == mark)?;
            Some(rest(&login, end + 1))
        }
        Joined(option) => words.iter().enumerate().find_map(|(index, word)| {
            let text = word.of(bytes).strip_prefix(option.as_bytes())?;
            // `-p'...'`: the quotes are of the same word.
            if text.is_empty() {
                return words.get(index + 1).copied().filter(|next| next.start == word.end + 1);
            }
            (text.len() >= 4 && text[0] != b'=').then(|| rest(word, option.len()))
        }),
        Plain(command, number) => {
            let plain = |word: &&Span| {
                let text = word.of(bytes);
                !text.starts_with(b"-") && !text.starts_with(b"/") && !text.contains(&b'\\') && !text.ends_with(b":")
            };
            let behind = words.iter().position(|word| word.of(bytes) == command.as_bytes())?;
            words[behind + 1..].iter().filter(plain).nth(number).copied()
        }
        Last(options) => {
            words.iter().any(|word| options.iter().any(|one| one.as_bytes() == word.of(bytes))).then_some(())?;
            words.get(3..)?.last().copied()
        }
        Prefixed(starts) => words.iter().find_map(|word| {
            let start = starts.iter().find(|start| word.of(bytes).starts_with(start.as_bytes()))?;
            Some(rest(word, start.len()))
        }),
        Piped => piped(bytes, at),
    }
}

/// The last word of the `echo` or `printf` before the pipe on the line; behind the colon of `user:password`.
fn piped(bytes: &[u8], at: usize) -> Option<Span> {
    let line = line_before(bytes, at, LENGTH);
    let echo = [&b"echo "[..], b"printf "].iter().find_map(|word| memchr::memmem::find(line, word))?;
    let words = words(bytes, at - line.len() + echo);
    let last = *words.get(1..)?.last()?;
    match last.of(bytes).iter().position(|&b| b == b':') {
        Some(colon) => Some(Span::new(last.start as usize + colon + 1, last.end as usize)),
        None => Some(last),
    }
}

/// The words of a shell command from `at` to its end, without the quotes around them; a line may go on after `\`.
fn words(bytes: &[u8], at: usize) -> Vec<Span> {
    let limit = bytes.len().min(at + LENGTH);
    let mut words = Vec::new();
    let mut rest = at;
    while rest < limit {
        match bytes[rest] {
            b' ' | b'\t' => rest += 1,
            b'\\' if bytes.get(rest + 1) == Some(&b'\n') => rest += 2,
            b'\n' | b';' | b'|' | b'&' | b')' | b'`' => break,
            quote @ (b'"' | b'\'') => {
                let Some(length) = literal_length(&bytes[rest + 1..limit], quote) else { break };
                words.push(Span::new(rest + 1, rest + 1 + length));
                rest += length + 2;
            }
            _ => {
                let end = |b: &u8| b.is_ascii_whitespace() || b";|&)\"'`".contains(b);
                let length = bytes[rest..limit].iter().position(end).unwrap_or(limit - rest);
                words.push(Span::new(rest, rest + length));
                rest += length.max(1);
            }
        }
    }
    words
}
