//! Providers of whose credentials nothing is known but the provider's name beside a value of a certain form: rows of the
//! `[[family]]` tables of `rules/secrets`, laid out by the build script so that no start of the program reads them.

use super::form::Form;

/// What the rows of a table share.
#[derive(Debug)]
pub struct Family {
    /// With `{name}` in it.
    pub title: &'static str,
    /// As in a rule file.
    pub severity: &'static str,
    /// As in a rule file.
    pub confidence: &'static str,
    /// With `{name}` and `{site}` in it.
    pub help: &'static str,
}

/// One row: one rule.
#[derive(Debug)]
pub struct Provider {
    /// The rule's id, without its scanner.
    pub id: &'static str,
    /// As the provider writes it.
    pub name: &'static str,
    /// Its names as they stand in code: small letters and digits, without what separates words.
    pub words: &'static [&'static str],
    /// Forms of its credentials.
    pub forms: &'static [Form],
    /// Where its credentials are made and revoked.
    pub site: &'static str,
    /// What it shares with others.
    pub family: &'static Family,
}

include!(concat!(env!("OUT_DIR"), "/providers.rs"));

impl Provider {
    /// Every one, in the order of the files.
    #[must_use]
    pub fn all() -> &'static [Self] {
        PROVIDERS
    }

    /// Place in [`Provider::all`] of the one that a word names.
    #[must_use]
    pub fn of_word(word: &[u8]) -> Option<usize> {
        let at = WORDS.binary_search_by(|(known, _)| known.as_bytes().cmp(word)).ok()?;
        Some(usize::from(WORDS[at].1))
    }

    /// Length of the longest word.
    #[must_use]
    pub fn longest_word() -> usize {
        LONGEST_WORD
    }

    /// The rule's title.
    #[must_use]
    pub fn title(&self) -> String {
        self.family.title.replace("{name}", self.name)
    }

    /// What to do.
    #[must_use]
    pub fn help(&self) -> String {
        self.family.help.replace("{name}", self.name).replace("{site}", self.site)
    }
}
