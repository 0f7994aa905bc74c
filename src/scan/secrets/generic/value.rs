//! Where the value of an assignment stands: in quotes, in a call, on the next line, bare.

use super::assign::Link;
use super::manner::Manner;
use super::{line_before, literal_length};
use crate::model::Span;

/// A value and how it is written.
#[derive(Clone, Copy)]
pub(super) struct Found {
    /// Where.
    pub span: Span,
    /// In quotes of its own.
    pub quoted: bool,
    /// A pair inside a longer text: `Server=a;Password=b`.
    pub within: bool,
}

/// Bytes of the longest value.
const LONGEST: usize = 520;
/// Blanks that a broken line may have.
const INDENT: usize = 120;

/// What may stand around a literal without changing what it says.
const WRAPPERS: &[&[u8]] = &[
    b"String::from(",
    b"SecretString::from(",
    b"SecretString::new(",
    b"OsString::from(",
    b"Secret::new(",
    b"[]byte(",
    b"[]rune(",
    b"bytes(",
    b"bytearray(",
    b"Buffer.from(",
    b"ConvertTo-SecureString -String ",
    b"ConvertTo-SecureString ",
    b"new String(",
    b"String(",
    b"str(",
    b"SecretStr(",
    b"Some(",
    b"Ok(",
    b"Just ",
    b"base64.b64decode(",
    b"Base64.decode(",
    b"Base64.getDecoder().decode(",
    b"Convert.FromBase64String(",
    b"Encoding.UTF8.GetBytes(",
    b"Encoding.ASCII.GetBytes(",
    b"atob(",
    b"(",
];

/// Letters before a quote that make it another kind of literal.
const MARKS: &[&[u8]] =
    &[b"@\"", b"b\"", b"b'", b"r\"", b"r'", b"u\"", b"u'", b"N'", b"N\"", b"L\"", b"$'", b"f\"", b"f'"];

fn blanks(bytes: &[u8], from: usize) -> usize {
    let most = bytes.len().min(from + 64);
    let blank = bytes[from.min(most)..most].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    // `\"`: a literal inside a literal.
    let escaped = matches!(bytes.get(from + blank..), Some([b'\\', quote, ..]) if is_quote(*quote));
    blank + usize::from(escaped)
}

fn is_quote(b: u8) -> bool {
    matches!(b, b'"' | b'\'' | b'`')
}

/// The value behind `rest`; the name stands at `start..end`.
pub(super) fn locate(bytes: &[u8], start: usize, end: usize, rest: usize, link: Link, manner: Manner) -> Option<Found> {
    let mut at = rest + blanks(bytes, rest);
    if manner == Manner::Config
        && link == Link::Sets
        && let Some(span) = block(bytes, at)
    {
        return Some(Found { span, quoted: false, within: false });
    }
    if link == Link::Sets {
        at = annotated(bytes, rest, at, manner);
        at = schemed(bytes, start, end, at);
    }
    if bytes.get(at..).is_some_and(|text| text.starts_with(b"<![CDATA[")) {
        return quoted(bytes, at + 9, b']');
    }
    if manner == Manner::Code
        && let Some(found) = operator(bytes, at)
    {
        return Some(found);
    }
    let bare = at;
    at = unwrapped(bytes, at, link);
    let open = *bytes.get(at)?;
    if is_quote(open) {
        // In code, a backtick beside a word is a comment's.
        if link == Link::Beside && open == b'`' && manner != Manner::Prose {
            return None;
        }
        // `"Password:")`: a label's closing quote opens nothing.
        let label = manner != Manner::Config && rest == end + 1 && at == rest;
        if label && bytes.get(at + 1).is_some_and(|b| b"),;+?]}".contains(b)) {
            return None;
        }
        // reStructuredText marks a literal by two.
        at += usize::from(manner == Manner::Prose && open == b'`' && bytes.get(at + 1) == Some(&b'`'));
        let found = quoted(bytes, at + 1, open)?;
        // On the next line a quote may open the next key.
        let key = bytes[rest..at].contains(&b'\n') && bytes.get(found.span.end as usize + 1) == Some(&b':');
        return (!key).then_some(found);
    }
    if matches!(link, Link::Pairs | Link::Else | Link::Equals) {
        return None;
    }
    unquoted(bytes, start, end, bare, link, manner)
}

/// Behind the scheme of an `Authorization` that has no quotes of its own: `Authorization: Token ...`.
fn schemed(bytes: &[u8], start: usize, end: usize, at: usize) -> usize {
    let is_header = |end: &[u8; 13]| end.eq_ignore_ascii_case(b"authorization");
    if !bytes[start..end].last_chunk().is_some_and(is_header) {
        return at;
    }
    let text = bytes.get(at..).unwrap_or_default();
    let scheme = text.iter().take(16).take_while(|b| b.is_ascii_alphabetic() || **b == b'-').count();
    let basic = text.len() >= 5 && text[..5].eq_ignore_ascii_case(b"basic");
    if scheme >= 3 && text.get(scheme) == Some(&b' ') && !basic { at + scheme + 1 } else { at }
}

/// Perl's and Ruby's quotes: `q{...}`, `%q(...)`.
fn operator(bytes: &[u8], at: usize) -> Option<Found> {
    let text = bytes.get(at..)?;
    let text = text.strip_prefix(b"%").unwrap_or(text);
    let mark = text.strip_prefix(b"qq").or_else(|| text.strip_prefix(b"q"))?;
    let close = match mark.first()? {
        b'{' => b'}',
        b'(' => b')',
        b'[' => b']',
        b'|' => b'|',
        _ => return None,
    };
    quoted(bytes, bytes.len() - mark.len() + 1, close)
}

/// Behind a type annotation: `token: &str = "..."`; what joins ends at `rest`.
fn annotated(bytes: &[u8], rest: usize, at: usize, manner: Manner) -> usize {
    if rest.checked_sub(1).and_then(|at| bytes.get(at)) == Some(&b'=') {
        return at;
    }
    let first = bytes.get(at).copied().unwrap_or_default();
    if (manner == Manner::Config || !first.is_ascii_alphabetic()) && first != b'&' {
        return at;
    }
    let line = &bytes[at..bytes.len().min(at + 40)];
    let typed = |b: &u8| b.is_ascii_alphanumeric() || b" &'<>?|:_.[]".contains(b);
    match line.iter().position(|&b| b == b'=') {
        Some(equals) if line[..equals].iter().all(typed) => at + equals + 1 + blanks(bytes, at + equals + 1),
        _ => at,
    }
}

/// Behind what may stand around a literal, and on the next line if the literal is there; `at` where there is no literal.
fn unwrapped(bytes: &[u8], at: usize, link: Link) -> usize {
    let mut rest = at;
    for _ in 0..4 {
        if bytes.get(rest).copied().is_some_and(is_quote) {
            return rest;
        }
        let text = &bytes[rest.min(bytes.len())..];
        if MARKS.iter().any(|mark| text.starts_with(mark)) {
            return rest + 1;
        }
        if let Some(wrapper) = WRAPPERS.iter().find(|wrapper| text.starts_with(wrapper)) {
            rest += wrapper.len();
        }
        // What stands on the next line behind a comma is the next of a list.
        let gap = |b: &&u8| b.is_ascii_whitespace() && (**b != b'\n' || link != Link::Pairs);
        rest += bytes[rest.min(bytes.len())..].iter().take(INDENT).take_while(gap).count();
    }
    if bytes.get(rest).copied().is_some_and(is_quote) { rest } else { at }
}

/// Up to the quote that closes.
fn quoted(bytes: &[u8], from: usize, open: u8) -> Option<Found> {
    let limit = bytes.len().min(from + LONGEST);
    let window = bytes.get(from..limit)?;
    let mut length = match literal_length(window, open) {
        Some(length) => length,
        None if limit == bytes.len() => window.len(),
        None => return None,
    };
    // `\"...\"`: the backslash belongs to the quote.
    if window.get(length.wrapping_sub(1)) == Some(&b'\\') {
        length -= 1;
    }
    Some(Found { span: Span::new(from, from + length), quoted: true, within: false })
}

/// A value without quotes: in configuration, in text, or as a pair inside a longer literal.
fn unquoted(bytes: &[u8], start: usize, end: usize, from: usize, link: Link, manner: Manner) -> Option<Found> {
    let limit = bytes.len().min(from + LONGEST);
    let window = bytes.get(from..limit)?;
    let literal = manner == Manner::Code;
    let close = |b: &u8| b.is_ascii_whitespace() || b";,\"'<&)}`".contains(b) || literal && *b == b'\\';
    let length = match window.iter().position(close) {
        Some(length) => length,
        None if limit == bytes.len() => window.len(),
        None => return None,
    };
    let value = &window[..length];
    // `a:secret:b` is a list, `X-Token: a` a header.
    let direct = match bytes.get(end) {
        Some(b'=') => true,
        Some(b':') => from > end + 1,
        _ => false,
    };
    let before = start.checked_sub(1).map(|at| bytes[at]);
    let joined = direct
        && (matches!(before, Some(b';' | b'&' | b'?' | b'#'))
            || window.get(length) == Some(&b';') && before != Some(b' '));
    let default = bytes[..start].ends_with(b"${") && window.get(length) == Some(&b'}');
    let held = direct && (joined || manner == Manner::Code && in_literal(bytes, start)) || default;
    let within = held && (default || !bytes[start..end].contains(&b'.')) && !value.iter().any(|b| b"([{".contains(b));
    let length = match manner {
        Manner::Prose => value.len() - value.iter().rev().take_while(|b| b".*".contains(b)).count(),
        _ => length,
    };
    let allowed = within || manner == Manner::Config || manner == Manner::Prose && link != Link::Closes;
    allowed.then(|| Found { span: Span::new(from, from + length), quoted: false, within })
}

/// True where a literal of the line is open at `at`: before it stands an odd number of quotes of one kind.
fn in_literal(bytes: &[u8], at: usize) -> bool {
    let line = line_before(bytes, at, 200);
    let odd = |quote: u8| line.iter().filter(|b| **b == quote).count() % 2 == 1;
    odd(b'"') || odd(b'\'') || odd(b'`')
}

/// A literal that stands in for what the expression at `at` may not have: `settings.get(x) || "..."`.
pub(super) fn fallback(bytes: &[u8], at: usize) -> Option<Found> {
    let line = bytes.get(at..bytes.len().min(at + 120))?;
    let line = line.split(|&b| b == b'\n').next()?;
    [&b"|| "[..], b"?? ", b"?: ", b" or "].iter().find_map(|operator| {
        let place = at + memchr::memmem::find(line, operator)? + operator.len();
        let quote = *bytes.get(place).filter(|b| is_quote(**b))?;
        quoted(bytes, place + 1, quote)
    })
}

/// The first line of a YAML block scalar whose header stands at `at`.
fn block(bytes: &[u8], at: usize) -> Option<Span> {
    let text = bytes.get(at..)?;
    let header = text.iter().take(4).take_while(|b| b"|>+-0123456789".contains(b)).count();
    if header == 0 || !matches!(text[0], b'|' | b'>') {
        return None;
    }
    let newline = text[header..].iter().take(80).position(|&b| b == b'\n')?;
    if !text[header..header + newline].trim_ascii().is_empty() {
        return None;
    }
    let line = text.get(header + newline + 1..)?;
    let indent = line.iter().take(INDENT).take_while(|b| **b == b' ').count();
    let length = line[indent..].iter().take(LONGEST).position(u8::is_ascii_whitespace).unwrap_or(line.len() - indent);
    let from = at + header + newline + 1 + indent;
    (indent > 0 && length > 0 && length < LONGEST).then(|| Span::new(from, from + length))
}

/// Words of a line that set the name after them.
const SETTERS: &[&[u8]] = &[
    b"ENV",
    b"ARG",
    b"set",
    b"setenv",
    b"SetEnv",
    b"#define",
    b"def",
    b"(def",
    b"(setq",
    b"(defvar",
    b"(defconst",
    b"(defparameter",
    b"default",
    b"proxy_set_header",
    b"add_header",
    b"fastcgi_param",
    b"uwsgi_param",
];

/// True where the value of the name at `start` may stand beside it, with blanks between them: after a flag, a word that
/// sets, or as the first of a line.
pub(super) fn stands_beside(bytes: &[u8], start: usize, manner: Manner) -> bool {
    if bytes[start] == b'-' {
        return true;
    }
    let line = line_before(bytes, start, 120).trim_ascii_start();
    let sets = line.split(|b| matches!(b, b' ' | b'\t')).any(|word| SETTERS.contains(&word));
    let first = line.is_empty() || matches!(line, b":" | b"{:" | b"(" | b"$" | b"@")
        // A member of a map of Clojure.
        || line.ends_with(b"\" :")
        || line.ends_with(b"{:");
    let ends = line.last().is_none_or(|b| b" \t:/({$@".contains(b));
    // In a text for people the line says nothing else.
    let alone = || {
        let line = &bytes[start..bytes.len().min(start + 120)];
        let line = line.split(|&b| b == b'\n').next().unwrap_or_default();
        line.split(|b| b.is_ascii_whitespace()).filter(|word| !word.is_empty()).count() == 2
    };
    ends && (sets || first && (manner != Manner::Prose || line.is_empty() && alone()))
}
