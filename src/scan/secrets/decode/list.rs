//! Literals that a call puts together: `"".join([...])`, `concat!(...)`, `"%s%s" % (...)`.

use super::join::is_quote;

/// Texts of such calls that are looked for in code; the others are seen where a part is long.
pub(in super::super) const CALLS: &[&str] = &["].join", "concat!(", "mplode("];

/// What stands before a list that is put together, somewhere on its line.
const HEADS: &[&[u8]] =
    &[b"join", b"Join", b"oncat", b"ONCAT", b"paste", b"mplode", b"string(", b"{}{}", b"%s%s", b"{0}{1}"];
/// What stands behind one, and its bracket.
const TAILS: &[&[u8]] = &[b".join", b".concat", b".mkString", b"-join"];

/// Bytes of a list.
const LONGEST: usize = 4096;
/// Bytes before and behind it.
const BESIDE: usize = 48;
/// Literals of one value.
const MOST: usize = 256;
/// Bytes of one literal.
const LITERAL: usize = 512;
/// Bytes of what is put between two parts.
const BETWEEN: usize = 3;
/// Shortest value that is looked at.
const SHORTEST: usize = 12;

/// A region and what it says.
type Said = (usize, usize, Vec<u8>);

/// What the call says whose text stands at `at..end`: one of [`CALLS`], or `.join(` behind a literal.
pub(in super::super) fn listed(bytes: &[u8], at: usize, end: usize) -> Option<Said> {
    // `["a", "b"].join("")`: the list stands before.
    if bytes[at] == b']' {
        let floor = at.saturating_sub(LONGEST);
        let open = floor + bytes[floor..at].iter().rposition(|&b| b == b'[')?;
        let words = &bytes[..open];
        let parts = match words.ends_with(b"%w") || words.ends_with(b"qw") {
            true => words_of(bytes, open, at),
            false => row(bytes, open + 1, b","),
        };
        return said(bytes, parts.as_slice());
    }
    // `concat!("a", "b")`, `"".join(["a", "b"])`, `implode('', ['a', 'b'])`
    let window = bytes.get(end..bytes.len().min(end + BESIDE))?;
    let first = end + window.iter().position(|b| is_quote(*b))?;
    let mut parts = row(bytes, first, b",");
    // What is put between them is the first, on the way in, or stands before.
    if bytes[at] == b'.' && at > 0 && is_quote(bytes[at - 1]) {
        let open = at - 1 - bytes[..at - 1].iter().rev().take(BETWEEN + 1).position(|b| *b == bytes[at - 1])?;
        parts.insert(0, (open, at - 1));
    } else if bytes[end..first].contains(&b'[') || bytes[at] != b'm' {
        return said(bytes, &parts);
    } else if let Some((_, close)) = parts.first().copied().filter(|_| parts.len() == 1) {
        parts.extend(row(bytes, close + 1 + bytes[close + 1..].iter().take(8).position(|b| is_quote(*b))?, b","));
    }
    said(bytes, &parts)
}

/// The end of the list that has a literal whose quote closes at `at`, and what it says if it is one that is put together.
pub(in super::super) fn around(bytes: &[u8], at: usize) -> Option<(usize, Option<Said>)> {
    let mut open = opening(bytes, at)?;
    // Most literals are values or keys.
    let window = &bytes[open.saturating_sub(LITERAL)..open];
    let before = window.iter().rev().find(|b| !b.is_ascii_whitespace())?;
    let next = skip(bytes, at + 1);
    if !b"([{,=brufR@".contains(before) || *before != b',' && bytes.get(next) != Some(&b',') {
        return None;
    }
    let floor = at.saturating_sub(LONGEST);
    while open > floor {
        let before = bytes[floor..open].trim_ascii_end();
        let Some(before) = before.strip_suffix(b",").map(<[u8]>::trim_ascii_end) else { break };
        let Some(first) =
            before.last().filter(|b| is_quote(**b)).and_then(|_| opening(bytes, floor + before.len() - 1))
        else {
            break;
        };
        open = first;
    }
    let parts = row(bytes, open, b",");
    let end = parts.last().filter(|_| parts.len() > 1)?.1 + 1;
    let before = &bytes[open.saturating_sub(BESIDE)..open];
    let before = before.rsplit(|b| matches!(b, b';' | b'\n')).next().unwrap_or_default();
    let after = bytes.get(end..bytes.len().min(end + BESIDE)).unwrap_or_default();
    let close = after.iter().take_while(|b| b.is_ascii_whitespace() || b",])}".contains(b)).count();
    let format = is_format(&bytes[parts[0].0..parts[0].1]);
    let head = format || HEADS.iter().any(|head| memchr::memmem::find(before, head).is_some());
    let tail = TAILS.iter().any(|tail| after[close..].starts_with(tail));
    Some((end, (head || tail).then(|| said(bytes, &parts)).flatten()))
}

/// The parts put together. The first of them may be what is put between the others, or a format.
fn said(bytes: &[u8], parts: &[(usize, usize)]) -> Option<Said> {
    let (first, rest) = parts.split_first()?;
    let text = &bytes[first.0..first.1];
    let format = is_format(text);
    let between = text.len() <= BETWEEN && !text.iter().any(u8::is_ascii_alphanumeric);
    let (parts, between) = match (format, between) {
        (true, _) => (rest, &b""[..]),
        (_, true) => (rest, text),
        _ => (parts, &b""[..]),
    };
    let (start, end) = (parts.first()?.0, parts.last()?.1);
    let plain = parts.iter().map(|(from, to)| &bytes[*from..*to]).collect::<Vec<_>>().join(between);
    (parts.len() > 1 && plain.len() >= SHORTEST).then_some((start, end, plain))
}

/// True for places of arguments and nothing else: `%s%s`, `{}{}`, `{0}{1}`.
fn is_format(text: &[u8]) -> bool {
    text.len() >= 4 && matches!(text[0], b'%' | b'{') && text.iter().all(|b| b"%s{}0123456789".contains(b))
}

/// The quote that opens the literal whose quote closes at `at`.
fn opening(bytes: &[u8], at: usize) -> Option<usize> {
    let quote = *bytes.get(at).filter(|b| is_quote(**b))?;
    let length = bytes[..at].iter().rev().take(LITERAL).position(|b| *b == quote || *b == b'\n')?;
    (bytes[at - length - 1] == quote).then_some(at - length - 1)
}

/// Literals from `from` on, with `between` between them.
fn row(bytes: &[u8], from: usize, between: &[u8]) -> Vec<(usize, usize)> {
    let mut parts = Vec::new();
    let mut at = skip(bytes, from);
    while let Some((start, end)) = literal(bytes, at).filter(|_| parts.len() < MOST) {
        parts.push((start, end));
        at = skip(bytes, end + 1);
        if !bytes.get(at..).is_some_and(|rest| rest.starts_with(between)) {
            break;
        }
        at = skip(bytes, at + between.len());
    }
    parts
}

/// `%w[a b]` and `qw(a b)`, whose bracket opens at `open`: words that need no quotes.
fn words_of(bytes: &[u8], open: usize, close: usize) -> Vec<(usize, usize)> {
    let mut at = open + 1;
    let words = bytes[open + 1..close].split(u8::is_ascii_whitespace).map(|word| {
        let span = (at, at + word.len());
        at += word.len() + 1;
        span
    });
    words.filter(|(from, to)| from < to).take(MOST).collect()
}

/// The inside of the literal that opens at `at`, perhaps behind a letter.
fn literal(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let text = bytes.get(at..)?;
    let open = match *text {
        [b'b' | b'r' | b'u' | b'f' | b'@', quote, ..] if is_quote(quote) => 1,
        [quote, ..] if is_quote(quote) => 0,
        _ => return None,
    };
    let from = at + open + 1;
    let length = bytes.get(from..)?.iter().take(LITERAL).position(|b| *b == text[open] || *b == b'\n')?;
    (bytes[from + length] == text[open]).then_some((from, from + length))
}

fn skip(bytes: &[u8], at: usize) -> usize {
    at + bytes.get(at..).unwrap_or_default().iter().take(120).take_while(|b| b.is_ascii_whitespace()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of the first call of `text`, else by the literal that ends with `at`.
    fn said(text: &str, at: &str) -> Option<String> {
        let bytes = text.as_bytes();
        let call = CALLS.iter().chain(&[".join("]).find_map(|call| {
            let at = text.find(call)?;
            listed(bytes, at, at + call.len())
        });
        let (start, end, plain) = call.or_else(|| around(bytes, text.find(at)? + at.len())?.1)?;
        assert!(start < end && end < text.len());
        Some(String::from_utf8(plain).unwrap())
    }

    #[test]
    fn literals_are_put_together_as_calls_do() {
        for text in [
            "x = ''.join(['abcd', 'efg', 'hij', 'klmn'])",
            "x = \"\".join((\n    \"abcd\",\n    \"efghij\",\n    \"klmn\",\n))",
            "x = ['abcd', 'efg', 'hij', 'klmn'].join('');",
            "x = [\n  'abcd',\n  'efghijklmn'\n].join(``)",
            "x = %w[abcd efg hijklmn].join",
            "my $x = join('', 'abcd', 'efghij', 'klmn');",
            "x = join(\"\", [\"abcd\", \"efghij\", \"klmn\"])",
            "x := strings.Join([]string{\"abcd\", \"efghij\", \"klmn\"}, \"\")",
            "x = String.join(\"\", \"abcd\", \"efghij\", \"klmn\");",
            "x = listOf(\"abcd\", \"efghij\", \"klmn\").joinToString(\"\")",
            "x = Seq(\"abcd\", \"efghij\", \"klmn\").mkString",
            "x = [\"abcd\", \"efghijklmn\"].joined()",
            "x = implode('', ['abcd', 'efghijklmn']);",
            "x = concat!(\"abcd\", \"efghij\", \"klmn\");",
            "x = [\"abcd\", \"efghij\", \"klmn\"].concat();",
            "x = table.concat({\"abcd\", \"efghij\", \"klmn\"})",
            "x = concat [\"abcd\", \"efghij\", \"klmn\"]",
            "SELECT CONCAT('abcd', 'efghij', 'klmn')",
            "x <- paste0(\"abcd\", \"efghij\", \"klmn\")",
            "x = \"{}{}{}\".format(\"abcd\", \"efghij\", \"klmn\")",
            "x = format!(\"{}{}{}\", \"abcd\", \"efghij\", \"klmn\")",
            "x = '%s%s%s' % ('abcd', 'efghij', 'klmn')",
            "x := fmt.Sprintf(\"%s%s%s\", \"abcd\", \"efghij\", \"klmn\")",
            "$x = -join ('abcd', 'efghij', 'klmn')",
            "$x = ('abcd', 'efghij', 'klmn') -join ''",
            "$x = '{0}{1}{2}' -f 'abcd', 'efghij', 'klmn'",
            "{\"Fn::Join\": [\"\", [\"abcd\", \"efghij\", \"klmn\"]]}",
        ] {
            assert_eq!(said(text, "efghij").as_deref(), Some("abcdefghijklmn"), "{text}");
        }
        assert_eq!(said("x = '_'.join(['abcd', 'efgh', 'ijkl'])", "").as_deref(), Some("abcd_efgh_ijkl"));
        for text in ["f('abcd', 'efghij', 'klmn')", "x.join(', ')", "log('%s%s', x, y)", "['abcd', 'efghij', 'klmn']"] {
            assert_eq!(said(text, "efghij"), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_call_is_read(text in "[a-c \"'(\\[,\\])]{0,30}(\\].join|.join\\(|concat!\\()[a-c \"'(\\[,\\])]{0,30}") {
            said(&text, "");
            for at in 0..text.len() {
                around(text.as_bytes(), at);
            }
        }
    }
}
