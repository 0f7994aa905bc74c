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

    /// The words that `text` may begin with, by its first three bytes: each with its place in [`Provider::all`], a longer
    /// one behind those that it begins with.
    #[must_use]
    pub fn words_of(text: &[u8]) -> &'static [(&'static str, u16)] {
        let Some(head) = text.get(..3) else { return &[] };
        let from = WORDS.partition_point(|(word, _)| word.as_bytes() < head);
        let to = WORDS[from..].partition_point(|(word, _)| word.as_bytes().starts_with(head));
        &WORDS[from..from + to]
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
