//! Literals that a call puts together: `"".join([...])`, `concat!(...)`, `.append("...")`, `"{}{}".format(...)`.

use super::join::{is_quote, join};

/// Texts that tell of such a call; each is looked for in code.
pub(in super::super) const CALLS: &[&str] = &[
    "join", "Join", "oncat", "ONCAT(", "mplode(", "paste", ".append(", "%s%s", "{}{}", "{0}{1}", "mkString", "` +",
    ".= '", ".= \"", "+= '", "+= \"",
];

/// Bytes of a call on each side of its name.
const LONGEST: usize = 4096;
/// Literals of one value.
const MOST: usize = 256;
/// Shortest value that is looked at.
const SHORTEST: usize = 12;

/// Literals in a row.
struct Row {
    /// From the inside of the first to the end of the last.
    start: usize,
    end: usize,
    parts: Vec<(usize, usize)>,
}

/// What the call says whose text, one of [`CALLS`], stands at `at`: its region, and the value.
pub(in super::super) fn listed(bytes: &[u8], at: usize, length: usize) -> Option<(usize, usize, Vec<u8>)> {
    let name = bytes.get(at..at + length)?;
    match name {
        b"` +" => return join(bytes, at),
        // `$a = "..."; $a .= "..."`: the literal before it.
        [b'.' | b'+', b'=', ..] => {
            let gap = bytes[..at].iter().rev().take(80).position(|b| is_quote(*b))?;
            return join(bytes, at - gap - 1);
        }
        _ => {}
    }
    let (row, between) = match name {
        b"{}{}" | b"{0}{1}" | b"%s%s" => (arguments(bytes, at)?, Vec::new()),
        b".append(" => (appended(bytes, at, length)?, Vec::new()),
        _ => joined(bytes, at, at + length)?,
    };
    let mut plain = Vec::new();
    for (index, (from, to)) in row.parts.iter().enumerate() {
        if index > 0 {
            plain.extend_from_slice(&between);
        }
        plain.extend_from_slice(&bytes[*from..*to]);
    }
    (row.parts.len() > 1 && plain.len() >= SHORTEST).then_some((row.start, row.end, plain))
}

/// The literals that a call joins whose name stands at `at..end`, and what is put between them.
fn joined(bytes: &[u8], at: usize, end: usize) -> Option<(Row, Vec<u8>)> {
    let after = end + bytes[end..].iter().take(16).take_while(|b| b.is_ascii_alphanumeric() || **b == b'!').count();
    // `"Fn::Join": ["", ["a", "b"]]`
    let after = after + if bytes[after..].starts_with(b"\":") { 2 } else { 0 };
    let open = after + blanks(&bytes[after..]);
    // `.concat("...")` goes on from a literal.
    let letters = bytes[..at].iter().rev().take(8).take_while(|b| b.is_ascii_alphabetic()).count();
    let head = if bytes[at] == b'.' { at } else { at - letters };
    let mark = head.checked_sub(1).map(|at| bytes[at]);
    let dotted = bytes[at] == b'.' || mark == Some(b'.');
    let before = bytes[..head].strip_suffix(b".").unwrap_or(&bytes[..head]);
    let before = before.strip_suffix(b"-").unwrap_or(before).trim_ascii_end();
    // `["a", "b"].join("")`: the list stands before.
    if matches!(before.last(), Some(b']' | b')')) && (dotted || mark == Some(b'-')) {
        let between = match bytes.get(open) {
            Some(b'(') => {
                literal(bytes, open + 1 + blanks(&bytes[open + 1..])).map(|(from, to)| bytes[from..to].to_vec())
            }
            // `-join ''`
            _ => literal(bytes, open).map(|(from, to)| bytes[from..to].to_vec()),
        };
        let closing = before.len() - 1;
        let list = closing.checked_sub(LONGEST).unwrap_or_default();
        let opening = if before[closing] == b']' { b'[' } else { b'(' };
        let start = list + bytes[list..closing].iter().rposition(|&b| b == opening)?;
        let inside = words_of(bytes, start, closing).or_else(|| row(bytes, start + 1, b","));
        return Some((inside.filter(|row| row.end <= closing)?, between.unwrap_or_default()));
    }
    // `"a".concat("b")`
    if dotted && bytes[at..end] == *b"oncat" && before.last().is_some_and(|quote| is_quote(*quote)) {
        let close = before.len() - 1;
        let from = bytes[..close].iter().rev().take(512).position(|b| *b == bytes[close] || *b == b'\n')?;
        return Some((row(bytes, close - from - 1, b".concat(")?, Vec::new()));
    }
    // `"".join([...])`: what is put between them stands before, else it is the first or the last argument.
    let mut inside = open + usize::from(matches!(bytes.get(open), Some(b'(' | b'[')));
    let mut between = match before.last() {
        Some(quote) if is_quote(*quote) && dotted => {
            let from = bytes[..before.len() - 1].iter().rev().take(16).position(|b| b == quote)?;
            Some(bytes[before.len() - 1 - from..before.len() - 1].to_vec())
        }
        _ => None,
    };
    let first = || literal(bytes, inside + blanks(&bytes[inside..]));
    if between.is_none()
        && mark != Some(b'-')
        && !matches!(bytes.get(at..end)?, b"oncat" | b"ONCAT(" | b"paste" | b"mkString")
        && let Some((from, to)) = first()
    {
        between = Some(bytes[from..to].to_vec());
        let comma = to + 1 + blanks(&bytes[to + 1..]);
        inside = comma + usize::from(bytes.get(comma) == Some(&b','));
    }
    let inside = inside + blanks(&bytes[inside..]);
    if bytes[inside..].starts_with(b"qw") {
        return Some((words_of(bytes, inside + 2, inside + LONGEST)?, between.unwrap_or_default()));
    }
    // `[`, `[]string{`, `(`
    let opens = bytes.get(inside..)?.iter().take(16).take_while(|b| b" \n\t([{]string".contains(b)).count();
    let found = row(bytes, inside + opens, b",")?;
    // `Join([]string{...}, "")`: it is the last.
    let last = || {
        let rest = &bytes[found.end + 1..];
        let gap = rest.iter().take(16).take_while(|b| b" \n\t,]})".contains(b)).count();
        literal(bytes, found.end + 1 + gap).map(|(from, to)| bytes[from..to].to_vec())
    };
    let between = between.or_else(|| (bytes[at] == b'.').then(last).flatten());
    Some((found, between.unwrap_or_default()))
}

/// The arguments of a call that puts them into the literal around `at`, which has places for them and nothing else.
fn arguments(bytes: &[u8], at: usize) -> Option<Row> {
    let quote = at.checked_sub(1).map(|at| bytes[at]).filter(|b| is_quote(*b))?;
    let length = bytes[at..].iter().take(64).position(|&b| b == quote)?;
    let places = &bytes[at..at + length];
    if !places.iter().all(|b| b"%s{}0123456789".contains(b)) {
        return None;
    }
    let after = at + length + 1;
    let gap = bytes.get(after..)?.iter().take(24).position(|b| is_quote(*b))?;
    let between = bytes[after..after + gap].trim_ascii();
    let gives = [&b","[..], b".format(", b"% (", b"%(", b"-f", b",["];
    gives.contains(&between).then(|| row(bytes, after + gap, b",")).flatten()
}

/// `.append("...").append("...")`; the first of them stands at `at`.
fn appended(bytes: &[u8], at: usize, length: usize) -> Option<Row> {
    // Of a chain only the first tells.
    let before = bytes[..at].trim_ascii_end();
    let chained = before.ends_with(b"\")") || before.ends_with(b"')");
    (!chained).then(|| row(bytes, at + length, b").append(")).flatten()
}

/// Literals from `from` on, with `between` between them.
fn row(bytes: &[u8], from: usize, between: &[u8]) -> Option<Row> {
    let mut parts = Vec::new();
    let mut at = from + blanks(bytes.get(from..)?);
    while let Some((start, end)) = literal(bytes, at).filter(|_| parts.len() < MOST) {
        parts.push((start, end));
        let mut next = end + 1;
        for &b in between {
            next += blanks(&bytes[next.min(bytes.len())..]);
            if bytes.get(next) != Some(&b) {
                next = bytes.len();
                break;
            }
            next += 1;
        }
        at = next + blanks(&bytes[next.min(bytes.len())..]);
    }
    let (first, last) = (parts.first()?, parts.last()?);
    Some(Row { start: first.0, end: last.1, parts })
}

/// `%w[a b]` and `qw(a b)`, whose bracket opens at `open`: words that need no quotes.
fn words_of(bytes: &[u8], open: usize, limit: usize) -> Option<Row> {
    let before = &bytes[..open];
    if !before.ends_with(b"%w") && !before.ends_with(b"qw") {
        return None;
    }
    let window = bytes.get(open + 1..bytes.len().min(limit))?;
    let end = window.iter().position(|b| matches!(b, b']' | b')' | b'}')).unwrap_or(window.len());
    let mut parts = Vec::new();
    let mut at = 0;
    for word in window[..end].split(u8::is_ascii_whitespace) {
        if !word.is_empty() {
            parts.push((open + 1 + at, open + 1 + at + word.len()));
        }
        at += word.len() + 1;
    }
    let (first, last) = (parts.first()?, parts.last()?);
    Some(Row { start: first.0, end: last.1, parts })
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
    let length = bytes.get(from..)?.iter().take(512).position(|b| *b == text[open] || *b == b'\n')?;
    (bytes[from + length] == text[open]).then_some((from, from + length))
}

fn blanks(text: &[u8]) -> usize {
    text.iter().take(120).take_while(|b| b.is_ascii_whitespace()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Option<String> {
        CALLS.iter().find_map(|call| {
            let (start, end, plain) = listed(text.as_bytes(), text.find(call)?, call.len())?;
            assert!(start < end && end < text.len());
            Some(String::from_utf8(plain).unwrap())
        })
    }

    #[test]
    fn literals_are_put_together_as_calls_do() {
        for text in [
            "x = ''.join(['abcd', 'efg', 'hij', 'klmn'])",
            "x = \"\".join((\n    \"abcd\",\n    \"efghij\",\n    \"klmn\",\n))",
            "x = ['abcd', 'efg', 'hij', 'klmn'].join('');",
            "x = [\n  'abcd',\n  'efghijklmn'\n].join(``)",
            "x = %w[abcd efg hijklmn].join",
            "my $x = join '', qw(abcd efghij klmn);",
            "my $x = join('', 'abcd', 'efghij', 'klmn');",
            "x = join(\"\", [\"abcd\", \"efghijklmn\"])",
            "x := strings.Join([]string{\"abcd\", \"efghij\", \"klmn\"}, \"\")",
            "x = String.join(\"\", \"abcd\", \"efghij\", \"klmn\");",
            "x = listOf(\"abcd\", \"efghijklmn\").joinToString(\"\")",
            "x = Seq(\"abcd\", \"efghijklmn\").mkString",
            "x = [\"abcd\", \"efghijklmn\"].joined()",
            "x = implode('', ['abcd', 'efghijklmn']);",
            "x = concat!(\"abcd\", \"efghij\", \"klmn\");",
            "x = [\"abcd\", \"efghijklmn\"].concat();",
            "x = table.concat({\"abcd\", \"efghijklmn\"})",
            "x = \"abcd\".concat(\"efghijklmn\");",
            "SELECT CONCAT('abcd', 'efghijklmn')",
            "{\"Fn::Join\": [\"\", [\"abcd\", \"efghijklmn\"]]}",
            "x = concat [\"abcd\", \"efghijklmn\"]",
            "x = string.Concat(\"abcd\", \"efghijklmn\");",
            "x <- paste0(\"abcd\", \"efghijklmn\")",
            "x <- paste(\"abcd\", \"efghijklmn\", sep=\"\")",
            "b.append(\"abcd\").append(\"efghij\").append(\"klmn\");",
            "b.append(\"abcd\")\n  .append(\"efghijklmn\");",
            "x = \"{}{}\".format(\"abcd\", \"efghijklmn\")",
            "x = '%s%s' % ('abcd', 'efghijklmn')",
            "$x = -join ('abcd', 'efghijklmn')",
            "$x = ('abcd', 'efghijklmn') -join ''",
            "x := fmt.Sprintf(\"%s%s%s\", \"abcd\", \"efghij\", \"klmn\")",
            "x = '{0}{1}' -f 'abcd','efghijklmn'",
        ] {
            assert_eq!(said(text).as_deref(), Some("abcdefghijklmn"), "{text}");
        }
        assert_eq!(said("x = '_'.join(['abcd', 'efgh', 'ijkl'])").as_deref(), Some("abcd_efgh_ijkl"));
        for text in ["path.join('abcdefg', 'hijklmn')", "x.join(', ')", "console.log('%s%s', x, y)", "f(a).join()"] {
            assert_ne!(said(text).as_deref(), Some("abcdefghijklmn"), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_call_is_read(text in "[a-c \"'(\\[,\\])]{0,30}(\\.join|oncat|\\)\\.append\\(|%s%s)[a-c \"'(\\[,\\])]{0,30}") {
            said(&text);
        }
    }
}
