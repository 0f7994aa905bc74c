//! How a POSIX shell reads the text of a script at some place: which quotes, comment or here-document it stands in.

/// How a shell reads text at some place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Outside of all quotes.
    Bare,
    /// Between `"`.
    Double,
    /// Between `'`.
    Single,
    /// Behind `#`.
    Comment,
    /// A here-document that expands variables.
    Document,
    /// One whose delimiter is quoted.
    RawDocument,
}

/// How a POSIX shell reads what follows `before`.
#[must_use]
pub fn state(before: &[u8], escaped: bool) -> State {
    let mut state = State::Bare;
    let mut waiting: Option<(Vec<u8>, bool)> = None;
    let mut document: Option<Vec<u8>> = None;
    for line in before.split_inclusive(|byte| *byte == b'\n') {
        let text = line.trim_ascii();
        if let Some(word) = &document {
            if text == word {
                document = None;
                state = State::Bare;
            }
            continue;
        }
        if state == State::Comment {
            state = State::Bare;
        }
        state = read_line(line, state, escaped, &mut waiting);
        if line.ends_with(b"\n")
            && state != State::Single
            && state != State::Double
            && let Some((word, raw)) = waiting.take()
        {
            document = Some(word);
            state = if raw { State::RawDocument } else { State::Document };
        }
    }
    match (before.last(), state) {
        (Some(b'\n'), State::Comment) => State::Bare,
        _ => state,
    }
}

fn read_line(line: &[u8], mut state: State, escaped: bool, waiting: &mut Option<(Vec<u8>, bool)>) -> State {
    let mut at = 0;
    while at < line.len() {
        let (byte, next) = (line[at], line.get(at + 1).copied());
        let expression = line[at..].starts_with(b"${{");
        if expression {
            // What an expression holds is no shell text.
            let rest = &line[at..];
            at += memchr::memmem::find(rest, b"}}").map_or(rest.len(), |end| end + 2);
            continue;
        }
        match (state, byte) {
            (State::Comment, _) => {}
            (State::Bare | State::Double, b'\\') if escaped && next == Some(b'"') => {
                state = if state == State::Bare { State::Double } else { State::Bare };
                at += 1;
            }
            (State::Bare | State::Double, b'\\') => at += 1,
            (State::Bare, b'\'') => state = State::Single,
            (State::Single, b'\'') => state = State::Bare,
            (State::Bare, b'"') => state = State::Double,
            (State::Double, b'"') => state = State::Bare,
            (State::Bare, b'#') if at == 0 || line[at - 1].is_ascii_whitespace() => state = State::Comment,
            (State::Bare, b'<') if next == Some(b'<') && line.get(at + 2) != Some(&b'<') => {
                let rest = &line[at + 2..];
                let word = rest.strip_prefix(b"-").unwrap_or(rest).trim_ascii_start();
                let raw = matches!(word.first(), Some(b'\'' | b'"' | b'\\'));
                let plain = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
                let skip = usize::from(raw);
                let name: Vec<u8> = word.get(skip..).unwrap_or_default().iter().take_while(plain).copied().collect();
                // Past the delimiter and its quotes.
                at += 1 + rest.len() - word.len() + 2 * skip + name.len();
                if !name.is_empty() {
                    *waiting = Some((name, raw));
                }
            }
            (State::Bare, b'<') if next == Some(b'<') => at += 2,
            _ => {}
        }
        at += 1;
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_script_is_read_up_to_a_place() {
        let table: &[(&str, State)] = &[
            ("echo ", State::Bare),
            ("echo \"a ", State::Double),
            ("echo 'a ", State::Single),
            ("echo 'a' \"b\" ", State::Bare),
            ("echo \\\" ", State::Bare),
            ("echo \"it's ", State::Double),
            ("echo a # b ", State::Comment),
            ("echo a # it's\necho ", State::Bare),
            ("echo a#b ", State::Bare),
            ("cat <<EOF\nit's ", State::Document),
            ("cat <<-'EOF'\nx ", State::RawDocument),
            ("cat <<\"EOF\" > x\nx ", State::RawDocument),
            ("cat <<EOF\nx\n  EOF\necho ", State::Bare),
            ("cat <<< x ", State::Bare),
            ("echo ${{ 'it' }}'s ", State::Single),
            ("echo 'a\nb ", State::Single),
        ];
        for (text, expected) in table {
            assert_eq!(state(text.as_bytes(), false), *expected, "{text}");
        }
        assert_eq!(state(b"echo \\\"a ", true), State::Double);
        assert_eq!(state(b"cat <<", false), State::Bare);
    }
}
