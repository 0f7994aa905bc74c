//! What the one look at a text gathers: what rules match where literals lead, and the regions that say something else once
//! they are decoded.

use super::generic::{Generic, Manner};
use super::hits::Hit;
use super::index::{Lead, Seen};
use super::pem::{self, Pem};
use super::{NEAR, SecretsScanner, WINDOW, builtin, checks, decode, generic, mnemonic, putty, service_account};
use crate::model::{Confidence, RepoPath, Severity, Span};

/// A region and what it says once it is decoded.
pub(super) type Region = (usize, usize, Vec<u8>);

/// What was gathered.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) hits: Vec<Hit>,
    /// Secrets by their context, which give way to others.
    pub(super) generics: Vec<Hit>,
    pub(super) regions: Vec<Region>,
}

/// Gathers from one text.
pub(super) struct Gather<'a> {
    scanner: &'a SecretsScanner,
    path: &'a RepoPath,
    bytes: &'a [u8],
    manner: Manner,
    /// How many more forms may be undone.
    depth: u8,
    all: Gathered,
    /// Regions that are runs or begin with one: they come after the others.
    runs: Vec<Region>,
    /// Ends of what was decoded: escapes, joined literals, literals joined to a run, lines of base64, lists.
    escaped: usize,
    joined: usize,
    chained: usize,
    wrapped: usize,
    listed: usize,
    /// End of the last list of literals that was looked at.
    row: usize,
}

impl<'a> Gather<'a> {
    /// From `bytes` of the file at `path`; of `depth` 0 nothing is decoded.
    pub(super) fn new(scanner: &'a SecretsScanner, path: &'a RepoPath, bytes: &'a [u8], depth: u8) -> Self {
        let manner = Manner::of(path);
        let (escaped, joined, chained, wrapped, listed, row) = (0, 0, 0, 0, 0, 0);
        let (all, runs) = (Gathered::default(), Vec::new());
        Self { scanner, path, bytes, manner, depth, all, runs, escaped, joined, chained, wrapped, listed, row }
    }

    /// Takes the look.
    pub(super) fn gathered(mut self) -> Gathered {
        self.scanner.index.each(self.bytes, &mut self);
        if self.depth > 0 {
            let regions = &mut self.all.regions;
            decode::printable(self.path, self.bytes, |start, end, plain| regions.push((start, end, plain)));
        }
        self.all.regions.append(&mut self.runs);
        self.all
    }

    fn ask(&mut self, rule: usize, from: usize, to: usize) {
        let (bytes, to) = (self.bytes, to.min(self.bytes.len()));
        self.scanner.ask(rule, self.path, bytes, from, to, &mut self.all.hits);
    }

    fn generic(&mut self, rule: usize, found: Option<Generic>) {
        self.all.generics.extend(found.map(|found| self.scanner.generic_hit(rule, found)));
    }

    fn pem(&self, found: Pem) -> Hit {
        let confidence = if found.sure { Confidence::High } else { Confidence::Low };
        let generic = Generic { value: found.body, confidence };
        let account = found.kind.as_ref().and_then(|_| service_account::account(self.bytes, found.body));
        let rule = if account.is_some() { builtin::SERVICE_ACCOUNT } else { builtin::PRIVATE_KEY };
        let mut hit = self.scanner.generic_hit(rule, generic);
        hit.structure = match (found.kind, account) {
            (Some(kind), Some(account)) => Some(format!("{kind}, of the account {account}")),
            (kind, _) => kind,
        };
        if found.encrypted {
            hit.severity = Severity::Medium;
        }
        hit
    }

    /// The literal that a quote at `at` closes, right behind the run that begins at `start`, with those that it is joined to.
    fn chain(&mut self, start: usize, at: usize) {
        let mut region = decode::join(self.bytes, at).or_else(|| decode::word(self.bytes, start, at));
        // Each member of a list would lead to all of it.
        if region.is_none()
            && at >= self.row
            && let Some((end, said)) = decode::around(self.bytes, at)
        {
            (self.row, region) = (end, said);
        }
        if let Some(region) = region {
            self.chained = region.1;
            self.runs.push(region);
        }
    }

    /// What leads to a text in another form.
    fn decode(&mut self, at: usize, length: usize, lead: Lead) {
        match lead {
            _ if self.depth == 0 => {}
            Lead::Escape if at >= self.escaped => {
                let start = decode::word_start(self.bytes, at, self.escaped);
                let (end, plain) = decode::escapes(self.bytes, start);
                self.escaped = end;
                self.all.regions.extend(plain.map(|plain| (start, end, plain)));
            }
            Lead::Join if at >= self.joined => {
                if let Some(region) = decode::join(self.bytes, at) {
                    self.joined = region.1;
                    self.all.regions.push(region);
                }
            }
            Lead::Listed if self.manner == Manner::Code => {
                self.all.regions.extend(decode::listed(self.bytes, at, at + length));
            }
            _ => {}
        }
    }
}

impl Seen for Gather<'_> {
    fn literal(&mut self, at: usize, length: usize, lead: Lead) {
        let bytes = self.bytes;
        match lead {
            Lead::Prefix(rule) => self.ask(rule, at, at + WINDOW),
            Lead::Named(rule) => self.ask(rule, at, at + self.scanner.rules[rule].reach().min(1024)),
            Lead::Inside(rule) => {
                let reach = self.scanner.rules[rule].reach();
                self.ask(rule, at.saturating_sub(reach.min(256)), at + reach.min(1024));
            }
            Lead::Near(rule) => self.ask(rule, at + length, at + length + NEAR),
            Lead::Name => self.generic(builtin::GENERIC_SECRET, generic::assignment(bytes, at, self.manner)),
            Lead::Wording(number) => {
                let (scanner, generics) = (self.scanner, &mut self.all.generics);
                let found = &mut |found| generics.push(scanner.generic_hit(builtin::GENERIC_SECRET, found));
                scanner.wordings.at(number, bytes, at, self.manner, found);
            }
            Lead::Url => self.generic(builtin::URL_CREDENTIALS, generic::url(bytes, at)),
            Lead::Scheme => self.generic(builtin::AUTHORIZATION, generic::scheme(bytes, at, length)),
            Lead::Pem => {
                let found = pem::read(bytes, at).or_else(|| putty::read(bytes, at));
                let hit = found.map(|found| self.pem(found));
                self.all.hits.extend(hit);
            }
            Lead::Escape | Lead::Join | Lead::Listed => self.decode(at, length, lead),
        }
    }

    fn run(&mut self, start: usize, end: usize) {
        let run = &self.bytes[start..end];
        // Bitcoin keys have a form of their own and need no rule.
        if let Some(right) = checks::is_bitcoin_key(run) {
            let structure = Some("its SHA-256 check bytes are right".to_owned());
            let hit = Hit::plain(&self.scanner.generic[builtin::BITCOIN_KEY], Span::new(start, end));
            self.all.hits.push(Hit { refuted: !right, structure, ..hit });
        }
        let after = self.bytes.get(end);
        let closes = matches!(after, Some(b'"' | b'\'' | b'`')) && start >= self.chained;
        let breaks = matches!(after, Some(b'\n' | b'\r' | b'\\')) && start >= self.wrapped;
        let may = closes || breaks || run.len() >= decode::SHORTEST_RUN;
        if self.depth == 0 || !may || !has_digit_and_letter(run) {
            return;
        }
        self.runs.extend(decode::run(run).map(|plain| (start, end, plain)));
        if let Some((end, plain)) = breaks.then(|| decode::block(self.bytes, start, end)).flatten() {
            self.wrapped = end;
            self.runs.extend(plain.map(|plain| (start, end, plain)));
        }
        if closes {
            self.chain(start, end);
        }
    }

    fn text(&mut self, start: usize, end: usize) {
        let Self { scanner, all, .. } = self;
        mnemonic::each(self.bytes, start, end, |phrase| {
            let structure = Some(format!("all of its {} words are BIP-39's, their check bits are right", phrase.words));
            let rule = &scanner.generic[builtin::RECOVERY_PHRASE];
            all.hits.push(Hit { structure, confidence: Confidence::High, ..Hit::plain(rule, phrase.span) });
        });
    }

    fn dense(&mut self, at: usize) {
        if self.depth > 0 && at >= self.listed {
            let Some((start, end, plain)) = decode::spelled(self.bytes, at, self.listed) else { return };
            self.listed = end;
            self.all.regions.extend(plain.map(|plain| (start, end, plain)));
        }
    }
}

fn has_digit_and_letter(run: &[u8]) -> bool {
    run.iter().any(u8::is_ascii_digit) && run.iter().any(u8::is_ascii_alphabetic)
}
