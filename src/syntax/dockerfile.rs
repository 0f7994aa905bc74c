//! Dockerfiles: instructions with byte spans. Continuation lines, comments between them, the escape directive
//! and heredocs are understood; nothing fails.

use crate::model::Span;

/// One instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// In upper case: `RUN`.
    pub name: String,
    /// From its name to the end of its last line, heredocs included.
    pub span: Span,
    /// The name alone.
    pub name_span: Span,
    /// What follows, line continuations and comments taken out, heredoc bodies after a newline.
    pub text: String,
    /// `--name=value` flags, names without dashes.
    pub flags: Vec<(String, String)>,
}

/// Reads every instruction; text that is none (a stray line) becomes one of its first word.
#[must_use]
pub fn parse(bytes: &[u8]) -> Vec<Instruction> {
    let lines = lines_of(bytes);
    let escape = escape_of(&lines);
    let mut found = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let (start, first) = &lines[at];
        let lead = first.len() - first.trim_start().len();
        at += 1;
        if first.trim().is_empty() || first.trim_start().starts_with('#') {
            continue;
        }
        let mut text = String::new();
        let mut end = start + first.trim_end().len();
        let mut line = first.trim();
        loop {
            let Some(rest) = line.strip_suffix(escape) else {
                text.push_str(line);
                break;
            };
            text.push_str(rest.trim_end());
            text.push(' ');
            // Comments and empty lines do not end an instruction that goes on.
            while lines.get(at).is_some_and(|(_, next)| next.trim().is_empty() || next.trim_start().starts_with('#')) {
                at += 1;
            }
            let Some((next_start, next)) = lines.get(at) else { break };
            at += 1;
            end = next_start + next.trim_end().len();
            line = next.trim();
        }
        let name: String = text.chars().take_while(|c| !c.is_whitespace()).collect();
        let takes_heredoc = ["RUN", "COPY", "ADD"].iter().any(|it| it.eq_ignore_ascii_case(&name));
        for word in if takes_heredoc { heredocs(&text) } else { Vec::new() } {
            while let Some((line_start, body)) = lines.get(at) {
                at += 1;
                end = line_start + body.trim_end().len();
                if body.trim() == word {
                    break;
                }
                text.push('\n');
                text.push_str(body.trim_end());
            }
        }
        let (flags, rest) = flags(text[name.len()..].trim());
        let name_span = Span::new(start + lead, start + lead + name.len());
        let span = Span::new(start + lead, end.max(start + lead + name.len()));
        found.push(Instruction { name: name.to_ascii_uppercase(), span, name_span, text: rest, flags });
    }
    found
}

/// Lines with the offset of their first byte; bytes that are not UTF-8 read as one `?` each.
fn lines_of(bytes: &[u8]) -> Vec<(usize, String)> {
    let mut start = 0;
    let mut lines = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let mut text = String::with_capacity(line.len());
        for chunk in line.utf8_chunks() {
            text.push_str(chunk.valid());
            chunk.invalid().iter().for_each(|_| text.push('?'));
        }
        lines.push((start, text));
        start += line.len() + 1;
    }
    lines
}

/// `# escape=`, which counts only among the directives at the very top.
fn escape_of(lines: &[(usize, String)]) -> char {
    for (_, line) in lines {
        let Some(directive) = line.trim().strip_prefix('#') else { break };
        let Some((name, value)) = directive.split_once('=') else { break };
        if name.trim().eq_ignore_ascii_case("escape") && value.trim() == "`" {
            return '`';
        }
    }
    '\\'
}

fn heredocs(text: &str) -> Vec<String> {
    let words =
        text.match_indices("<<").filter(|(at, _)| !text[..*at].ends_with('<') && !text[at + 2..].starts_with('<'));
    let names = words.map(|(at, _)| {
        let rest = text[at + 2..].trim_start_matches(['-', '"', '\'']);
        rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>()
    });
    names.filter(|name| name.starts_with(|c: char| c.is_alphabetic() || c == '_')).collect()
}

fn flags(text: &str) -> (Vec<(String, String)>, String) {
    let mut flags = Vec::new();
    let mut rest = text;
    while let Some(after) = rest.strip_prefix("--") {
        let word = after.split(char::is_whitespace).next().unwrap_or_default();
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        flags.push((name.to_ascii_lowercase(), value.to_owned()));
        rest = after[word.len()..].trim_start();
    }
    (flags, rest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn instructions_run_over_lines_comments_and_heredocs() {
        let text =
            "# escape=`\nFROM a AS b\nRUN --mount=type=cache x `\n# no\n  && y\nRUN <<EOF\necho 1\nEOF\nUSER c\n";
        let found = parse(text.as_bytes());
        let shape: Vec<(&str, &str)> = found.iter().map(|one| (one.name.as_str(), one.text.as_str())).collect();
        assert_eq!(shape, [("FROM", "a AS b"), ("RUN", "x && y"), ("RUN", "<<EOF\necho 1"), ("USER", "c")]);
        assert_eq!(found[2].span.of(text.as_bytes()), b"RUN <<EOF\necho 1\nEOF");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            for one in parse(&bytes) {
                prop_assert!(one.span.end as usize <= bytes.len());
            }
        }
    }
}
