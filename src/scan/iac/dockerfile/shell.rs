//! The commands of a `RUN`: a small reading of shell, enough to tell which programs run with which words.

use crate::syntax::dockerfile::Instruction;

/// One simple command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command {
    /// The program and its arguments, quotes undone; never empty.
    pub words: Vec<String>,
    /// True where its output goes into another command.
    pub piped: bool,
}

impl Command {
    /// The program without its folder.
    pub fn program(&self) -> &str {
        self.words[0].rsplit('/').next().unwrap_or_default()
    }

    /// The arguments.
    pub fn arguments(&self) -> &[String] {
        &self.words[1..]
    }

    /// True where one of the arguments is one of these.
    pub fn has(&self, wanted: &[&str]) -> bool {
        self.arguments().iter().any(|word| wanted.contains(&word.as_str()))
    }
}

/// Words that begin a command without being one.
const BEFORE: &[&str] = &[
    "sudo", "env", "exec", "time", "command", "nice", "eval", "if", "then", "else", "elif", "do", "while", "until",
    "{", "!",
];

/// The commands of an instruction in shell or exec form, in order.
pub fn commands(one: &Instruction) -> Vec<Command> {
    let text = one.text.trim_start();
    if text.starts_with('[') {
        let words: Vec<String> = serde_json::from_str(text).unwrap_or_default();
        return finish(words, false).into_iter().collect();
    }
    let mut found = Vec::new();
    let mut reader = Reader { rest: text, words: Vec::new(), word: None };
    while let Some((words, piped)) = reader.next() {
        found.extend(finish(words, piped));
    }
    found
}

/// The command without what stands before it: `NAME=value`, `sudo -E`, `--mount=…`.
fn finish(words: Vec<String>, piped: bool) -> Option<Command> {
    let before = |word: &String| {
        let setting = word
            .split_once('=')
            .is_some_and(|(name, _)| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
        setting || word.starts_with('-') || BEFORE.contains(&word.as_str())
    };
    let words: Vec<String> = words.into_iter().skip_while(before).collect();
    (!words.is_empty()).then_some(Command { words, piped })
}

struct Reader<'a> {
    rest: &'a str,
    words: Vec<String>,
    word: Option<String>,
}

impl Reader<'_> {
    /// The next command's words, and whether a pipe follows them.
    fn next(&mut self) -> Option<(Vec<String>, bool)> {
        loop {
            let Some(c) = self.rest.chars().next() else {
                self.end_word();
                let words = std::mem::take(&mut self.words);
                return (!words.is_empty()).then_some((words, false));
            };
            self.rest = &self.rest[c.len_utf8()..];
            match c {
                '\'' => self.until('\'', false),
                '"' => self.until('"', true),
                '\\' => self.escaped(),
                '#' if self.word.is_none() => {
                    self.rest = self.rest.find('\n').map_or("", |end| &self.rest[end..]);
                }
                '\n' | ';' | '&' | '|' | '(' | ')' => {
                    let redirects = c == '&' && self.word.as_deref().is_some_and(|word| word.ends_with('>'));
                    if redirects {
                        self.push('&');
                        continue;
                    }
                    self.end_word();
                    let piped = c == '|' && !self.rest.starts_with('|');
                    if !self.words.is_empty() {
                        return Some((std::mem::take(&mut self.words), piped));
                    }
                }
                c if c.is_whitespace() => self.end_word(),
                c => self.push(c),
            }
        }
    }

    fn push(&mut self, c: char) {
        self.word.get_or_insert_default().push(c);
    }

    fn end_word(&mut self) {
        self.words.extend(self.word.take());
    }

    /// What follows a backslash; a line's end is no part of the word.
    fn escaped(&mut self) {
        if let Some(c) = self.rest.chars().next() {
            self.rest = &self.rest[c.len_utf8()..];
            if c != '\n' {
                self.push(c);
            }
        }
    }

    fn until(&mut self, quote: char, escapes: bool) {
        self.word.get_or_insert_default();
        while let Some(c) = self.rest.chars().next() {
            self.rest = &self.rest[c.len_utf8()..];
            match c {
                c if c == quote => return,
                '\\' if escapes => self.escaped(),
                c => self.push(c),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::dockerfile;

    fn of(run: &str) -> Vec<(Vec<String>, bool)> {
        let text = format!("FROM a\nRUN {run}\n");
        let all = dockerfile::parse(text.as_bytes());
        commands(&all[1]).into_iter().map(|command| (command.words, command.piped)).collect()
    }

    fn words(run: &str) -> Vec<String> {
        of(run).into_iter().map(|(words, _)| words.join("|")).collect()
    }

    #[test]
    fn commands_are_told_apart() {
        assert_eq!(
            words("apt-get update && apt-get install -y a=1 || true; b"),
            ["apt-get|update", "apt-get|install|-y|a=1", "true", "b"]
        );
        assert_eq!(words("A=1 sudo -E b 'c d' \"e \\\" f\" g\\ h"), ["b|c d|e \" f|g h"]);
        assert_eq!(words("--mount=type=cache,target=/x a b # c && d"), ["a|b"]);
        assert_eq!(words("if [ -f x ]; then a; fi; (b)"), ["[|-f|x|]", "a", "fi", "b"]);
        assert_eq!(words("[\"a\", \"b c\"]"), ["a|b c"]);
        assert_eq!(words("a 2>&1 b"), ["a|2>&1|b"]);
    }

    #[test]
    fn pipes_are_seen() {
        let piped: Vec<bool> = of("a | b || c").into_iter().map(|(_, piped)| piped).collect();
        assert_eq!(piped, [true, false, false]);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[ -~\n\\\\'\"|&;]{0,60}\\PC{0,4}") {
            let _ = of(&text);
        }
    }
}
