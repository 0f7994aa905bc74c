//! Calls, commands and addresses by their text: each counts only in files of a manner that has it.

use super::{Generic, Manner, address, call, command};

/// What a text leads to.
#[derive(Clone, Copy)]
enum Wording {
    /// One of the calls; in code alone.
    Call(usize),
    /// One of the commands; some of them stand in code as well.
    Command(usize),
    /// `@tcp(` in an address of Go.
    GoDsn,
    /// `thin:` in an address of Oracle.
    Oracle,
    /// A literal of SQL that follows.
    Sql,
}

/// What stands in files of every manner.
const ADDRESSES: &[(&str, Wording)] = &[
    ("@tcp(", Wording::GoDsn),
    (":thin:", Wording::Oracle),
    ("IDENTIFIED BY ", Wording::Sql),
    (" PASSWORD '", Wording::Sql),
];

/// All texts.
pub(in super::super) struct Wordings(Vec<(&'static str, Wording)>);

impl Wordings {
    /// Of calls, commands and addresses.
    pub(in super::super) fn new() -> Self {
        let calls = call::literals().enumerate().map(|(at, text)| (text, Wording::Call(at)));
        let commands = command::literals().enumerate().map(|(at, text)| (text, Wording::Command(at)));
        Self(ADDRESSES.iter().copied().chain(calls).chain(commands).collect())
    }

    /// The texts, by number.
    pub(in super::super) fn texts(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|(text, _)| *text)
    }

    /// Every secret that the text of a number, which stands at `start`, leads to.
    pub(in super::super) fn at(
        &self,
        number: usize,
        bytes: &[u8],
        start: usize,
        manner: Manner,
        found: &mut impl FnMut(Generic),
    ) {
        let Some((text, wording)) = self.0.get(number) else { return };
        let end = start + text.len();
        let one = match *wording {
            Wording::Call(at) if manner == Manner::Code => call::listed(bytes, start, at),
            Wording::Command(at) if manner != Manner::Code || command::stands_in_code(at) => {
                return command::secrets(bytes, start, at, found);
            }
            Wording::Call(_) | Wording::Command(_) => None,
            Wording::GoDsn => address::go_dsn(bytes, start),
            Wording::Sql => call::literal(bytes, end),
            Wording::Oracle => address::oracle(bytes, end),
        };
        one.map(found);
    }
}
