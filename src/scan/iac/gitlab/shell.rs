//! Scripts as a shell takes them apart, far enough to tell which variables expand where: in quotes, in code that
//! another shell runs, in a name. Nothing fails; what is no shell gives commands that no audit knows.

/// Command substitutions inside one another, at most.
const MAX_DEPTH: usize = 16;

/// A variable that expands inside a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Var {
    /// Its name; PowerShell's `$env:NAME` is `NAME`.
    pub name: String,
    /// True where no word splitting follows: in double quotes, in a substitution, in an assignment.
    pub quoted: bool,
}

/// One word, quotes undone; variables stay as they are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    /// The text.
    pub text: String,
    /// What expands in it, substituted commands included.
    pub vars: Vec<Var>,
}

/// One simple command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command {
    /// The program and its arguments; may be empty where only variables are set.
    pub words: Vec<Word>,
    /// `NAME=value` before the program, or behind `export` and its kin.
    pub assignments: Vec<(String, Word)>,
    /// True where its output goes into the next command.
    pub piped: bool,
    /// True where its output goes into a file.
    pub to_file: bool,
    /// Variables of a here-document or here-string that feeds it.
    pub heredoc: Vec<Var>,
    /// The line of the text it begins on, from 0.
    pub line: usize,
}

impl Command {
    /// The program without its folder; empty where there is none.
    pub fn program(&self) -> &str {
        self.words.first().map_or("", |word| word.text.rsplit(['/', '\\']).next().unwrap_or_default())
    }

    /// The arguments as text.
    pub fn arguments(&self) -> impl Iterator<Item = &str> {
        self.words.iter().skip(1).map(|word| word.text.as_str())
    }

    /// True where an argument is one of these.
    pub fn has(&self, wanted: &[&str]) -> bool {
        self.arguments().any(|word| wanted.contains(&word))
    }

    /// Everything that expands in it.
    pub fn vars(&self) -> impl Iterator<Item = &Var> {
        let words = self.words.iter().chain(self.assignments.iter().map(|(_, word)| word));
        words.flat_map(|word| &word.vars).chain(&self.heredoc)
    }
}

/// Words that begin a command without being one.
const BEFORE: &[&str] =
    &["sudo", "exec", "time", "command", "nice", "if", "then", "else", "elif", "do", "while", "until", "{", "}", "!"];

/// Commands whose arguments set variables.
const SETTERS: &[&str] = &["export", "local", "declare", "readonly", "typeset"];

/// The commands of a script in the order they end, those of substitutions before the command around them.
pub fn commands(script: &str) -> Vec<Command> {
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

/// Takes settings and words like `sudo -E` from the front.
fn finish(mut command: Command) -> Command {
    let words = std::mem::take(&mut command.words);
    let (mut sets, mut flags) = (false, false);
    for word in words {
        if command.words.is_empty() {
            if let Some((name, value)) = setting(&word) {
                command.assignments.push((name, value));
                continue;
            }
            if BEFORE.contains(&word.text.as_str()) {
                flags = true;
                continue;
            }
            if flags && word.text.starts_with('-') {
                continue;
            }
            sets = SETTERS.contains(&word.text.as_str());
        } else if let Some((name, value)) = setting(&word).filter(|_| sets) {
            command.assignments.push((name, value));
            continue;
        }
        command.words.push(word);
    }
    command
}

/// `NAME=value`: nothing is split there.
fn setting(word: &Word) -> Option<(String, Word)> {
    let (name, value) = word.text.split_once('=')?;
    let named = !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let vars = word.vars.iter().map(|var| Var { quoted: true, ..var.clone() }).collect();
    named.then(|| (name.to_owned(), Word { text: value.to_owned(), vars }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `program[arguments]`, variables in brackets: `!` before one that is split.
    fn shape(script: &str) -> Vec<String> {
        let each = commands(script).into_iter().map(|command| {
            let vars: Vec<String> =
                command.vars().map(|var| format!("{}{}", if var.quoted { "" } else { "!" }, var.name)).collect();
            let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
            let marks = format!("{}{}", if command.piped { "|" } else { "" }, if command.to_file { ">" } else { "" });
            format!("{}:{} [{}]{marks}", command.line, words.join("_"), vars.join(" "))
        });
        each.collect()
    }

    #[test]
    fn variables_are_found_where_they_expand() {
        let table: &[(&str, &[&str])] = &[
            ("echo $A \"$B\" '$C' \\$D", &["0:echo_$A_$B_$C_$D [!A B]"]),
            ("a && b | c > d", &["0:a []", "0:b []|", "0:c []>"]),
            ("X=$A make\nexport Y=$B", &["0:make [A]", "1:export [B]"]),
            ("eval \"$(echo $A)\"", &["0:echo_$A [!A]", "0:eval_$() [A]"]),
            ("echo ${A:-x}${#B} ${C//[^a-z]/}", &["0:echo_${A:-x}${#B}_${C//[^a-z]/} [!A]"]),
            ("cat <<E | sh\n$A\nE\nb", &["0:cat [A]|", "0:sh []", "3:b []"]),
            ("ssh h 2>&1 \\\n  x # $A\n`b $C`", &["0:ssh_h_x []", "2:b_$C [!C]", "2:`` [C]"]),
            ("iex \"$env:A\"", &["0:iex_$env:A [A]"]),
            ("sudo -E a; if b; then c; fi", &["0:a []", "0:b []", "0:c []", "0:fi []"]),
            ("(a) ; $( (b) $C )d", &["0:a []", "0:b []", "0:$C [!C]", "0:$()d [C]"]),
        ];
        for (script, expected) in table {
            assert_eq!(shape(script), *expected, "{script}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        assert!(commands(&"$(".repeat(50_000)).len() < 50_001);
        assert!(commands(&"`a ".repeat(50_000)).len() < 50_001);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[-$(){}`'\"\\\\<>|&;#= \nA-Fa-f0-9é]{0,80}") {
            let lines = text.bytes().filter(|b| *b == b'\n').count();
            for command in commands(&text) {
                prop_assert!(command.line <= lines);
            }
        }
    }
}
