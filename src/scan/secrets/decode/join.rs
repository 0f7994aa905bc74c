//! String literals that are joined to one, by an operator or by nothing.

use super::list;
use crate::scan::secrets::runs::is_token;

/// What a mark joins a string literal by: its closing quote and what follows.
pub(in super::super) const JOINS: &[&str] = &[
    "\" +", "' +", "\"+\"", "'+'", "\" \\", "' \\", "\" .", "' .", "\".\"", "'.'", "\" &", "\"\n ", "\"\n\t", "\" \"",
    "' '", "'\n ", "'\n\t", "\" |", "' |", "\" <", "' <", "\" ~", "\" f\"", "' f'", "\" b\"", "' b'", "\".join(",
    "'.join(", "\"..", "'..", "\" ^", "\" *", "\" @", "\" %", "' %",
];

/// Operators that join literals; nothing at all does so, too.
const OPERATORS: &[&[u8]] =
    &[b"+", b"..", b".", b"++", b"<>", b"<<", b"||", b"~", b"&", b"& _", b"\\", b"+ \\", b"+ _", b".concat(", b"%"];
/// Literals of one value.
const MOST: usize = 32;
/// Bytes between two of them.
const GAP: usize = 80;
/// Bytes of one.
const LONGEST: usize = 200;
/// Shortest value that is looked at.
const SHORTEST: usize = 12;

/// String literals that are joined; `at` is the closing quote of the first. Gives the region and what it says.
pub(in super::super) fn join(bytes: &[u8], at: usize) -> Option<(usize, usize, Vec<u8>)> {
    let quote = *bytes.get(at)?;
    if is_quote(quote) && bytes[at + 1..].starts_with(b".join(") {
        return list::listed(bytes, at + 1, at + 7);
    }
    let mut next = Some(literal_after(bytes, at).filter(|_| is_quote(quote))?);
    let floor = at.saturating_sub(LONGEST);
    let start = floor + bytes[floor..at].iter().rposition(|&b| b == quote || b == b'\n')?;
    if bytes[start] != quote {
        return None;
    }
    let mut plain = bytes[start + 1..at].to_vec();
    let mut end = at;
    for _ in 1..MOST {
        let Some(literal) = next else { break };
        // `"a%s" % "b"` has a place for the second at its end.
        if bytes[end + 1..literal.from].contains(&b'%') {
            plain.truncate(plain.strip_suffix(b"%s")?.len());
        }
        plain.extend_from_slice(&bytes[literal.from..literal.to]);
        end = literal.to;
        next = literal_after(bytes, end);
    }
    (plain.len() >= SHORTEST).then_some((start + 1, end, plain))
}

/// A word of a shell that is put together of parts with quotes and without: `T=ab'cd'"ef"`; a long run of it stands at
/// `start..end`.
pub(in super::super) fn word(bytes: &[u8], start: usize, end: usize) -> Option<(usize, usize, Vec<u8>)> {
    let from = start - usize::from(bytes[..start].last().is_some_and(|b| is_quote(*b)));
    let more = |b: &u8| is_quote(*b) || is_token(*b);
    if from < start && !bytes.get(end + 1).is_some_and(more)
        || !bytes[..from].ends_with(b"=")
        || !bytes.get(end).is_some_and(|b| is_quote(*b))
    {
        return None;
    }
    let (mut plain, mut parts, mut at) = (Vec::new(), 0, from);
    while let Some(&b) = bytes.get(at).filter(|_| parts < MOST) {
        let window = &bytes[at..bytes.len().min(at + LONGEST)];
        let (open, length) = match b {
            b'"' | b'\'' => {
                (1, window[1..].iter().position(|c| *c == b || *c == b'\n').filter(|end| window[end + 1] == b)?)
            }
            b if b.is_ascii_whitespace() || matches!(b, b';' | b'&' | b'|' | b')') => break,
            b if is_token(b) || matches!(b, b'.' | b'=' | b':') => (
                0,
                window.iter().position(|b| !is_token(*b) && !matches!(b, b'.' | b'=' | b':')).unwrap_or(window.len()),
            ),
            _ => return None,
        };
        plain.extend_from_slice(&window[open..open + length]);
        at += 2 * open + length;
        parts += 1;
    }
    (parts > 1 && plain.len() >= SHORTEST).then_some((from, at.min(bytes.len()), plain))
}

/// The inside of a literal.
#[derive(Clone, Copy)]
struct Literal {
    from: usize,
    to: usize,
}

/// The literal that is joined to the one whose quote closes at `at`.
fn literal_after(bytes: &[u8], at: usize) -> Option<Literal> {
    let gap = bytes.get(at + 1..bytes.len().min(at + 1 + GAP))?;
    // Most literals end a value or a key.
    let next = gap.iter().find(|b| !b.is_ascii_whitespace())?;
    if b",:]}>/#=!?[{".contains(next) {
        return None;
    }
    let open = gap.iter().position(|b| is_quote(*b))?;
    let between = unmarked(&gap[..open]).trim_ascii();
    // Most quotes are followed by something else.
    if between.first().is_some_and(|b| !b"+.&|<~\\%;)^*".contains(b)) && !gap[..open].contains(&b'\n') {
        return None;
    }
    // A line that goes on.
    let between = between.strip_prefix(b"\\\n").map_or(between, <[u8]>::trim_ascii_start);
    if !(between.is_empty() || OPERATORS.contains(&between) || appends(between) || builds(between)) {
        return None;
    }
    let from = at + 1 + open + 1;
    let body = bytes.get(from..bytes.len().min(from + LONGEST))?;
    let length = body.iter().position(|&b| b == gap[open] || b == b'\n').filter(|end| body[*end] == gap[open])?;
    Some(Literal { from, to: from + length })
}

/// Without the letters that make a quote open another kind of literal: `b"`, `@"`, `f'`.
fn unmarked(gap: &[u8]) -> &[u8] {
    match gap.split_last() {
        Some((b'b' | b'f' | b'r' | b'u' | b'L' | b'@' | b'$', before))
            if before.last().is_none_or(|b| !b.is_ascii_alphanumeric()) =>
        {
            before
        }
        _ => gap,
    }
}

/// What writers and builders are called by.
const BUILDERS: &[&[u8]] = &[b"append", b"Append", b"WriteString", b"write", b"push_str", b"concat"];

/// `).append(`, `)\nb.WriteString(`: the next call of a builder.
fn builds(between: &[u8]) -> bool {
    let call = between.strip_prefix(b")").and_then(|rest| rest.strip_suffix(b"("));
    let call = call.map(|call| call.strip_prefix(b";").unwrap_or(call).trim_ascii_start());
    let (Some(call), named) = (call, |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.')) else {
        return false;
    };
    call.iter().all(named) && BUILDERS.iter().any(|name| call.ends_with(name))
}

/// `; $name .=`, on the next line: the value goes on in another statement.
fn appends(between: &[u8]) -> bool {
    let after = between.strip_prefix(b";").unwrap_or(between).trim_ascii_start();
    let name = after.strip_suffix(b"+=").or_else(|| after.strip_suffix(b".=")).or_else(|| after.strip_suffix(b"<<"));
    let part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$' | b'.' | b'@');
    name.map(<[u8]>::trim_ascii_end).is_some_and(|name| !name.is_empty() && name.iter().all(part))
}

pub(super) fn is_quote(b: u8) -> bool {
    matches!(b, b'"' | b'\'' | b'`')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Option<String> {
        let at = text.find("cd").unwrap() + 2;
        join(text.as_bytes(), at).map(|(_, _, plain)| String::from_utf8(plain).unwrap())
    }

    #[test]
    fn literals_are_joined_as_languages_do() {
        for text in [
            "x = 'ababababcd' + 'efgh'",
            "x = \"ababababcd\" + \\\n  \"efgh\"",
            "x = \"ababababcd\" \"efgh\"",
            "x = 'ababababcd' \\\n   'efgh'",
            "x = \"ababababcd\"\r\n    + \"efgh\"",
            "x = f\"ababababcd\" f\"efgh\"",
            "x = @\"ababababcd\" + @\"efgh\"",
            "$x = 'ababababcd'\n  . 'efgh';",
            "x = \"ababababcd\" .. \"efgh\"",
            "x = \"ababababcd\" & _\n \"efgh\"",
            "SELECT 'ababababcd' || 'efgh'",
            "x = \"ababababcd\" <> \"efgh\"",
            "X=\"ababababcd\"'efgh'",
            "$x = \"ababababcd\";\n$x .= \"efgh\";",
            "x=\"ababababcd\"\nx+=\"efgh\"",
            "x = 'ababababcd'.concat('efgh')",
            "b.append(\"ababababcd\")\n  .append(\"efgh\")",
            "b.WriteString(\"ababababcd\")\nb.WriteString(\"efgh\")",
            "x = `ababababcd` + `efgh`",
            "x = 'ababababcd' \\\n    + 'efgh'",
            "x = @\"ababababcd\" @\"efgh\"",
        ] {
            assert_eq!(said(text).as_deref(), Some("ababababcdefgh"), "{text}");
        }
        let text = "x = 'ababababef%s' % 'efgh'";
        assert_eq!(join(text.as_bytes(), 17).map(|(_, _, plain)| plain), Some(b"ababababefefgh".to_vec()));
        assert_eq!(join(text.replace("%s", "cd").as_bytes(), 17), None);
        for text in
            ["f('ababababcd', 'efgh')", "'ababababcd' = 'efgh'", "'ababababcd' if 'efgh'", "'ababababcd'; y = 'efgh'"]
        {
            assert_eq!(said(text), None, "{text}");
        }
    }

    #[test]
    fn a_word_of_a_shell_is_put_together() {
        let long = "ababababababababab";
        for (text, start) in [(format!("T={long}'cd'\"ef\"\n"), 2), (format!("T=\"{long}\"'cd'ef;"), 3)] {
            let (from, to, plain) = word(text.as_bytes(), start, start + long.len()).unwrap();
            assert_eq!(plain, format!("{long}cdef").as_bytes());
            assert_eq!((from, to), (2, text.len() - 1));
        }
        for text in [format!("T=\"{long}\"\n"), format!("f(\"{long}\"'cd')"), format!("T=\"{long}\" + x")] {
            let start = text.find('a').unwrap();
            assert_eq!(word(text.as_bytes(), start, start + long.len()), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "[a-d \"'`+.,;=\n&|]{0,60}") {
            for at in 0..text.len() {
                let found = [join(text.as_bytes(), at), word(text.as_bytes(), at, text.len() / 2 + at / 2)];
                for (start, end, _) in found.into_iter().flatten() {
                    proptest::prop_assert!(start <= end && end <= text.len());
                }
            }
        }
    }
}
