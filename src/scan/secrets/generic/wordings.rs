//! Calls, commands and addresses by their text: looked for only in files of a manner that has them.

use aho_corasick::packed::Searcher;
use aho_corasick::{AhoCorasick, Input};

use super::{Generic, Manner, address, call, command};
use crate::scan::secrets::decode;

/// What a text leads to.
#[derive(Clone, Copy)]
enum Wording {
    /// One of the calls.
    Call(usize),
    /// One of the commands.
    Command(usize),
    /// `@tcp(` in an address of Go.
    GoDsn,
    /// `thin:` in an address of Oracle.
    Oracle,
    /// A literal of SQL that follows.
    Sql,
    /// A call that puts literals together.
    Joins,
}

/// What a text told.
pub(in super::super) enum Told {
    /// A secret.
    Secret(Generic),
    /// A call that puts literals together: where its name begins, and the name's length.
    Joins(usize, usize),
}

/// A search for some of the texts.
struct Search {
    /// None where the machine has no vectors.
    fast: Option<Searcher>,
    /// In its place.
    slow: Option<AhoCorasick>,
    leads: Vec<Wording>,
}

impl Search {
    fn new(texts: impl Iterator<Item = (&'static str, Wording)>) -> Self {
        let (texts, leads): (Vec<&str>, Vec<Wording>) = texts.unzip();
        let fast = Searcher::new(&texts);
        let slow = if fast.is_none() { AhoCorasick::new(&texts).ok() } else { None };
        Self { fast, slow, leads }
    }

    /// The next text from `from` on: which, and where it begins and ends.
    fn next(&self, bytes: &[u8], from: usize) -> Option<(usize, usize, usize)> {
        let hit = match (&self.fast, &self.slow) {
            (Some(fast), _) => fast.find_in(bytes, (from..bytes.len()).into()),
            (None, Some(slow)) => slow.find(Input::new(bytes).range(from..)),
            (None, None) => None,
        };
        hit.map(|hit| (hit.pattern().as_usize(), hit.start(), hit.end()))
    }
}

/// The searches by manner.
pub(in super::super) struct Wordings {
    code: Search,
    shell: Search,
}

impl Wordings {
    /// Both searches.
    pub(in super::super) fn new() -> Self {
        let both = || {
            [
                ("@tcp(", Wording::GoDsn),
                (":thin:", Wording::Oracle),
                ("IDENTIFIED BY ", Wording::Sql),
                (" PASSWORD '", Wording::Sql),
            ]
            .into_iter()
        };
        let calls = call::literals().enumerate().map(|(at, text)| (text, Wording::Call(at)));
        let joins = decode::CALLS.iter().map(|text| (*text, Wording::Joins));
        let commands = |code| command::literals(code).enumerate().map(|(at, text)| (text, Wording::Command(at)));
        Self {
            code: Search::new(both().chain(calls).chain(commands(true)).chain(joins)),
            shell: Search::new(both().chain(commands(false))),
        }
    }

    /// Every secret that a call, a command or an address holds, and every call that puts literals together.
    pub(in super::super) fn each(&self, bytes: &[u8], manner: Manner, mut found: impl FnMut(Told)) {
        let search = if manner == Manner::Code { &self.code } else { &self.shell };
        let mut from = 0;
        while let Some((text, start, end)) = search.next(bytes, from) {
            let secret = match search.leads[text] {
                Wording::Call(at) => call::listed(bytes, start, at),
                Wording::Command(at) => {
                    command::secrets(bytes, start, at, &mut |secret| found(Told::Secret(secret)));
                    None
                }
                Wording::GoDsn => address::go_dsn(bytes, start),
                Wording::Sql => call::literal(bytes, end),
                Wording::Oracle => address::oracle(bytes, end),
                Wording::Joins => {
                    found(Told::Joins(start, end - start));
                    None
                }
            };
            if let Some(secret) = secret {
                found(Told::Secret(secret));
            }
            from = start + 1;
        }
    }
}
