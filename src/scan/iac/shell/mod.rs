//! Scripts as a shell takes them apart, far enough to tell which variables expand where: in quotes, in code that
//! another shell runs, in a name. Nothing fails; what is no shell gives commands that no audit knows.

mod reader;
pub mod trust;

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
    /// What stands before the program without being one: `sudo`, `time`, `if`.
    pub prefixes: Vec<Word>,
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
    reader::read(script)
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
                command.prefixes.push(word);
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
