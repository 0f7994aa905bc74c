//! From text to commands, character by character.

use super::{Command, Var, Word, finish};

/// Command substitutions inside one another, at most.
const MAX_DEPTH: usize = 16;

/// The commands of a script in the order they end.
pub(super) fn read(script: &str) -> Vec<Command> {
    let mut reader = Reader { text: script.as_bytes(), source: script, at: 0, line: 0, found: Vec::new() };
    reader.commands(None, 0);
    reader.found
}

struct Reader<'a> {
    text: &'a [u8],
    source: &'a str,
    at: usize,
    line: usize,
    found: Vec<Command>,
}

/// What is read of a command so far.
#[derive(Default)]
struct Part {
    command: Command,
    word: Option<Word>,
    begun: bool,
    /// The next word is a file that output goes to.
    target: bool,
    /// Here-documents that begin on the next line.
    heredocs: Vec<Heredoc>,
}

struct Heredoc {
    end: String,
    expands: bool,
    /// The command it feeds, where that one has ended: its place among those found.
    feeds: Option<usize>,
}

impl Part {
    fn word(&mut self) -> &mut Word {
        self.word.get_or_insert_default()
    }

    fn end_word(&mut self) {
        let Some(word) = self.word.take() else { return };
        if std::mem::take(&mut self.target) {
            self.command.to_file |= !matches!(word.text.as_str(), "/dev/stdout" | "/dev/stderr" | "/dev/tty");
        } else {
            self.command.words.push(word);
        }
    }
}

impl Reader<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.text.get(self.at + ahead).copied().unwrap_or(0)
    }

    /// Reads to the end, or behind the unquoted `until`; returns what expands in the commands read.
    fn commands(&mut self, until: Option<u8>, depth: usize) -> Vec<Var> {
        let mut vars = Vec::new();
        let mut part = Part::default();
        // Brackets of subshells inside a substitution.
        let mut open = 0_usize;
        while self.at < self.text.len() {
            let c = self.text[self.at];
            if until == Some(c) && open == 0 {
                self.at += 1;
                break;
            }
            if !c.is_ascii_whitespace() && !part.begun {
                part.begun = true;
                part.command.line = self.line;
            }
            match c {
                b'(' => open += 1,
                b')' => open = open.saturating_sub(1),
                _ => {}
            }
            match c {
                b'#' if part.word.is_none() => {
                    self.at += memchr::memchr(b'\n', &self.text[self.at..]).unwrap_or(self.text.len() - self.at);
                }
                b'&' if self.peek(1) == b'>' => self.at += 1,
                b'\n' | b';' | b'&' | b'|' | b'(' | b')' => {
                    part.end_word();
                    self.at += 1;
                    part.command.piped = c == b'|' && self.peek(0) != b'|';
                    if c == b'\n' {
                        self.line += 1;
                        self.heredocs(&mut part, depth);
                    }
                    self.end(&mut part, &mut vars);
                }
                b'\\' if self.peek(1) == b'\n' => {
                    self.at += 2;
                    self.line += 1;
                }
                b'<' | b'>' => self.redirection(&mut part, depth),
                c if c.is_ascii_whitespace() => {
                    part.end_word();
                    self.at += 1;
                }
                _ => self.piece(part.word(), false, depth),
            }
        }
        part.end_word();
        self.end(&mut part, &mut vars);
        vars
    }

    fn end(&mut self, part: &mut Part, vars: &mut Vec<Var>) {
        let mut heredocs = std::mem::take(&mut part.heredocs);
        heredocs.iter_mut().for_each(|one| one.feeds = one.feeds.or(Some(self.found.len())));
        let command = finish(std::mem::take(&mut part.command));
        *part = Part { heredocs, ..Part::default() };
        if !command.words.is_empty() || !command.assignments.is_empty() {
            vars.extend(command.vars().map(|var| Var { quoted: true, ..var.clone() }));
            self.found.push(command);
        }
    }

    /// `>file`, `2>&1`, `<<END`, `<<<word`, `<(command)`.
    fn redirection(&mut self, part: &mut Part, depth: usize) {
        let output = self.text[self.at] == b'>';
        if part.word.as_ref().is_some_and(|word| word.text.bytes().all(|b| b.is_ascii_digit())) {
            // The number of a descriptor is no word.
            let errors = part.word.take().is_some_and(|word| word.text == "2");
            if errors && output {
                self.skip_target();
                return;
            }
        }
        part.end_word();
        self.at += 1;
        match (output, self.peek(0), self.peek(1)) {
            (false, b'(', _) if depth < MAX_DEPTH => {
                self.at += 1;
                let vars = self.commands(Some(b')'), depth + 1);
                part.word().vars.extend(vars);
                part.word().text.push_str("<()");
            }
            (false, b'<', b'<') => {
                self.at += 2;
                while self.peek(0) == b' ' {
                    self.at += 1;
                }
                let mut word = Word::default();
                while self.at < self.text.len() && !self.text[self.at].is_ascii_whitespace() {
                    self.piece(&mut word, false, depth);
                }
                part.command.heredoc.extend(word.vars);
            }
            (false, b'<', _) => {
                self.at += 1;
                part.heredocs.extend(self.heredoc_end());
            }
            (false, ..) => {}
            (true, b'&', _) => self.skip_target(),
            (true, ..) => {
                self.at += usize::from(self.peek(0) == b'>');
                part.target = true;
            }
        }
    }

    fn skip_target(&mut self) {
        let ends = |b: &u8| b.is_ascii_whitespace() || matches!(b, b';' | b'|' | b')');
        while self.text.get(self.at).is_some_and(|b| !ends(b)) {
            self.at += 1;
        }
    }

    fn heredoc_end(&mut self) -> Option<Heredoc> {
        while matches!(self.peek(0), b'-' | b' ' | b'~') {
            self.at += 1;
        }
        let expands = !matches!(self.peek(0), b'\'' | b'"' | b'\\');
        self.at += usize::from(!expands);
        let from = self.at;
        while self.peek(0).is_ascii_alphanumeric() || self.peek(0) == b'_' {
            self.at += 1;
        }
        let end = self.source.get(from..self.at)?.to_owned();
        self.at += usize::from(!expands && matches!(self.peek(0), b'\'' | b'"'));
        (!end.is_empty()).then_some(Heredoc { end, expands, feeds: None })
    }

    /// The bodies of here-documents, which begin where the reader stands.
    fn heredocs(&mut self, part: &mut Part, depth: usize) {
        for Heredoc { end, expands, feeds } in std::mem::take(&mut part.heredocs) {
            let mut body = Word::default();
            while self.at < self.text.len() {
                let stop = memchr::memchr(b'\n', &self.text[self.at..]).map_or(self.text.len(), |n| self.at + n);
                let line = &self.text[self.at..stop];
                if line.trim_ascii() == end.as_bytes() {
                    self.at = (stop + 1).min(self.text.len());
                    self.line += 1;
                    break;
                }
                while self.at < stop {
                    match self.text[self.at] {
                        b'$' | b'`' | b'\\' if expands => self.piece(&mut body, true, depth),
                        _ => self.at += 1,
                    }
                }
                if self.peek(0) == b'\n' {
                    self.at += 1;
                    self.line += 1;
                }
            }
            let fed = feeds.and_then(|at| self.found.get_mut(at)).unwrap_or(&mut part.command);
            fed.heredoc.append(&mut body.vars);
        }
    }

    /// One character, quoted text or expansion of a word.
    fn piece(&mut self, word: &mut Word, quoted: bool, depth: usize) {
        let c = self.text[self.at];
        match c {
            b'\\' => {
                self.at += 1;
                if self.peek(0) == b'\n' {
                    self.line += 1;
                    self.at += 1;
                } else {
                    self.push(word);
                }
            }
            b'\'' if !quoted => {
                let end = memchr::memchr(b'\'', &self.text[self.at + 1..]).map_or(self.text.len(), |n| self.at + 1 + n);
                let inside = self.source.get(self.at + 1..end).unwrap_or_default();
                word.text.push_str(inside);
                self.line += memchr::memchr_iter(b'\n', inside.as_bytes()).count();
                self.at = (end + 1).min(self.text.len());
            }
            b'"' if !quoted => {
                self.at += 1;
                while self.at < self.text.len() && self.text[self.at] != b'"' {
                    self.piece(word, true, depth);
                }
                self.at += 1;
            }
            b'`' if depth < MAX_DEPTH => {
                self.at += 1;
                let vars = self.commands(Some(b'`'), depth + 1);
                word.vars.extend(vars);
                word.text.push_str("``");
            }
            b'$' => self.expansion(word, quoted, depth),
            b'\n' => {
                self.line += 1;
                self.push(word);
            }
            _ => self.push(word),
        }
    }

    fn push(&mut self, word: &mut Word) {
        if let Some(c) = self.source.get(self.at..).and_then(|rest| rest.chars().next()) {
            word.text.push(c);
            self.at += c.len_utf8();
        } else {
            self.at += 1;
        }
    }

    fn expansion(&mut self, word: &mut Word, quoted: bool, depth: usize) {
        let rest = &self.source[self.at + 1..];
        if rest.starts_with('(') && depth < MAX_DEPTH {
            self.at += 2;
            let vars = self.commands(Some(b')'), depth + 1);
            word.vars.extend(vars);
            word.text.push_str("$()");
            return;
        }
        let (inner, length) = if let Some(braced) = rest.strip_prefix('{') {
            let inner = braced.split('}').next().unwrap_or(braced);
            (inner, inner.len() + usize::from(inner.len() < braced.len()) + 1)
        } else {
            let skip = if rest.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("env:")) { 4 } else { 0 };
            let end = rest[skip..].bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
            (&rest[..skip + end], skip + end)
        };
        let name = inner.get(..4).filter(|start| start.eq_ignore_ascii_case("env:")).map_or(inner, |_| &inner[4..]);
        let name: String = name.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        // `${X//[^a-z]/}` lets through what its author chose, `${X:+set}` nothing at all.
        if !name.is_empty() && !inner.contains("[^") && !inner.contains(":+") {
            word.vars.push(Var { name, quoted });
        }
        self.line += memchr::memchr_iter(b'\n', inner.as_bytes()).count();
        word.text.push('$');
        word.text.push_str(&rest[..length]);
        self.at += 1 + length;
    }
}
