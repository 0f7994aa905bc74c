//! Assignments: a name that holds a secret, what joins it to a value, and the value.

use super::manner::Manner;
use super::names::{self, Holds};
use super::value::{self, Found};
use super::{Generic, call, literal_length, pair};
use crate::model::{Confidence, Span};
use crate::scan::secrets::shape::{self, Judged};

/// Bytes of a name on each side of the part that was found.
const NAME: usize = 48;
/// Bytes that may stand between a name and what joins it to a value.
const GAP: usize = 64;

/// What joins a name to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// `=`, `:` and their like.
    Sets,
    /// `>`: the end of an opening tag.
    Closes,
    /// `,`: name and value are arguments.
    Pairs,
    /// `||`, `??`: the value is taken where the name has none.
    Else,
    /// `==`: the value is compared with.
    Equals,
    /// `(`: the name is a function's.
    Calls,
    /// Nothing but blanks.
    Beside,
}

/// What joins, the longer ones first.
const LINKS: &[(&[u8], Link)] = &[
    (b"||=", Link::Sets),
    (b"??=", Link::Sets),
    (b"===", Link::Equals),
    (b"!==", Link::Equals),
    (b"::=", Link::Sets),
    (b":=", Link::Sets),
    (b"?=", Link::Sets),
    (b"+=", Link::Sets),
    (b"=>", Link::Sets),
    (b"<-", Link::Sets),
    (b"->", Link::Pairs),
    (b"to ", Link::Pairs),
    (b".unwrap_or(", Link::Else),
    (b".unwrap_or_else(|_| ", Link::Else),
    (b".getOrElse(", Link::Else),
    (b".orElse(", Link::Else),
    (b"||", Link::Else),
    (b"??", Link::Else),
    (b"?:", Link::Else),
    (b"or ", Link::Else),
    (b"is: ", Link::Sets),
    (b"==", Link::Equals),
    (b"!=", Link::Equals),
    (b"=", Link::Sets),
    (b":", Link::Sets),
    (b">", Link::Closes),
    (b",", Link::Pairs),
];

/// Reads the assignment around a part of a name at `at`.
pub(in super::super) fn assignment(bytes: &[u8], at: usize, manner: Manner) -> Option<Generic> {
    let is_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let floor = at.saturating_sub(NAME);
    let start = bytes[floor..at].iter().rposition(|b| !is_name(b)).map_or(floor, |gap| floor + gap + 1);
    let ceiling = bytes.len().min(at + NAME);
    let end = bytes[at..ceiling].iter().position(|b| !is_name(b)).map_or(ceiling, |gap| at + gap);
    let (name, compared) = compared(bytes, start, end);
    if let Some(value) = compared {
        let holds = names::holds(name)?;
        let found = Found { span: value, quoted: true, within: false };
        return judged(bytes, found, holds, Link::Equals, manner);
    }
    let (link, rest) = link(bytes, start, end, manner)?;
    // The folder that a shell is in.
    if name.ends_with(b"PWD") && bytes[..start].ends_with(b"$") {
        return None;
    }
    let holds = names::holds(name).or_else(|| key_of_a_section(bytes, start, name))?;
    if link == Link::Calls {
        return call::by_name(bytes, name, rest, holds);
    }
    let other = name.eq_ignore_ascii_case(b"auth") || name.starts_with(b".");
    if link == Link::Pairs && (other || !names_a_value(bytes, start)) {
        return None;
    }
    let found = value::locate(bytes, start, end, rest, link, manner)
        .or_else(|| (link == Link::Sets).then(|| value::fallback(bytes, rest)).flatten())?;
    if is_passphrase(name) && shape::is_passphrase(found.span.of(bytes)) {
        return Some(Generic { value: found.span, confidence: Confidence::Low });
    }
    // The digest of a file: `"tests/password.txt": "..."`; and what is named after itself.
    let path = start > 0 && bytes[start - 1] == b'/';
    let own = |value: &[u8]| path && shape::is_digest(value) || same_words(name, value);
    let secret = judged(bytes, found, holds, link, manner).filter(|secret| !own(secret.value.of(bytes)));
    secret.or_else(|| {
        // `auth=("user", "...")`: the second is the secret.
        (link == Link::Sets && holds == Holds::Key).then(|| call::pair(bytes, rest)).flatten()
    })
}

fn is_passphrase(name: &[u8]) -> bool {
    name.last_chunk::<10>().is_some_and(|end| end.eq_ignore_ascii_case(b"passphrase"))
}

/// True where both are the same but for case and joints.
fn same_words(name: &[u8], value: &[u8]) -> bool {
    let words =
        |text: &[u8]| text.iter().filter(|b| b.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect::<Vec<_>>();
    name.len().abs_diff(value.len()) <= 8 && words(name) == words(value)
}

/// Bytes of a literal that something is compared with.
const COMPARED: usize = 160;
/// Methods that compare what they are called on with their argument.
const COMPARES: &[&[u8]] = &[b".equals", b".Equals", b".equalsIgnoreCase", b".compareTo", b".eq", b".isEqualTo"];

/// The name at `start..end`, and the literal that it is compared with by a method, or that is compared with it:
/// `password.equals("...")`, `"...".equals(password)`, `"..." == password`.
fn compared(bytes: &[u8], start: usize, end: usize) -> (&[u8], Option<Span>) {
    let name = &bytes[start..end];
    let before = start.checked_sub(1).map(|at| bytes[at]);
    // Most names end here.
    if bytes.get(end) != Some(&b'(') && !matches!(before, Some(b'(' | b' ')) {
        return (name, None);
    }
    if let Some(stem) = COMPARES.iter().find_map(|method| name.strip_suffix(*method)) {
        let open = bytes.get(end..end + 2).filter(|open| *open == b"(\"").map(|_| end + 2);
        return (
            stem,
            open.and_then(|from| {
                let window = &bytes[from..bytes.len().min(from + COMPARED)];
                Some(Span::new(from, from + literal_length(window, b'"')?))
            }),
        );
    }
    let before = &bytes[start.saturating_sub(24)..start];
    let Some(left) =
        [&b".equals("[..], b".Equals(", b" == ", b" === "].iter().find_map(|mark| before.strip_suffix(*mark))
    else {
        return (name, None);
    };
    let Some(quote @ (b'"' | b'\'')) = left.last().copied() else { return (name, None) };
    let to = start - (before.len() - left.len()) - 1;
    let value = &bytes[to.saturating_sub(COMPARED)..to];
    let length = value.iter().rev().position(|b| *b == quote || *b == b'\n');
    (name, length.map(|length| Span::new(to - length, to)))
}

/// A `key` that stands right inside a section about tokens or encryption: `"Jwt": { "Key": "..." }`.
fn key_of_a_section(bytes: &[u8], start: usize, name: &[u8]) -> Option<Holds> {
    if !name.eq_ignore_ascii_case(b"key") {
        return None;
    }
    let before = bytes[start.saturating_sub(32)..start].to_ascii_lowercase();
    let sections = [&b"jwt"[..], b"encryption", b"crypto", b"hmac", b"signing"];
    sections.iter().any(|section| memchr::memmem::find(&before, section).is_some()).then_some(Holds::Key)
}

fn judged(bytes: &[u8], found: Found, holds: Holds, link: Link, manner: Manner) -> Option<Generic> {
    // `Basic` has a reader of its own, which looks into the value.
    if found.span.of(bytes).get(..6).is_some_and(|start| start.eq_ignore_ascii_case(b"basic ")) {
        return None;
    }
    let span = after_scheme(bytes, found.span);
    let value = span.of(bytes);
    // `Digest username=...`: parameters (RFC 9110, 11.4), none of which is the secret.
    if span.start != found.span.start && is_parameter(value) {
        return None;
    }
    let how = Judged {
        password: holds == Holds::Password,
        quoted: found.quoted || found.within || manner == Manner::Prose,
        config: manner == Manner::Config && !found.within,
    };
    let confidence = shape::judge(value, how)?;
    if manner == Manner::Prose && !found.quoted && value.iter().any(|b| b"([{<".contains(b)) {
        return None;
    }
    let loose = !found.quoted && (manner == Manner::Prose || found.within && manner == Manner::Code)
        || matches!(link, Link::Beside | Link::Equals);
    if loose && confidence == Confidence::Low && !shape::is_varied(value) {
        return None;
    }
    Some(Generic { value: span, confidence: if link == Link::Equals { Confidence::Low } else { confidence } })
}

/// `name=value`; base64 ends with its `=`.
fn is_parameter(value: &[u8]) -> bool {
    let name = value.iter().take_while(|b| b.is_ascii_alphabetic() || **b == b'_').count();
    name > 0 && value.get(name) == Some(&b'=') && value.get(name + 1).is_some_and(|b| *b != b'=')
}

/// `Bearer abc`: the value without the scheme before it.
fn after_scheme(bytes: &[u8], span: Span) -> Span {
    let text = span.of(bytes);
    let Some(blank) = text.iter().position(|&b| b == b' ') else { return span };
    let scheme = &text[..blank];
    let is_scheme = (3..=16).contains(&scheme.len()) && scheme.iter().all(|b| b.is_ascii_alphabetic() || *b == b'-');
    if is_scheme { Span::new(span.start as usize + blank + 1, span.end as usize) } else { span }
}

/// `("API_KEY", "...")` sets a name; `"token", "..."` further along is a list of words.
fn names_a_value(bytes: &[u8], start: usize) -> bool {
    let quote = bytes[..start].last().filter(|b| matches!(b, b'"' | b'\'' | b'`'));
    quote.is_none() || start < 2 || matches!(bytes[start - 2], b'(' | b'[' | b'{' | b' ' | b'\n' | b'\t')
}

/// What joins the name to a value, and where the value may begin.
fn link(bytes: &[u8], start: usize, end: usize, manner: Manner) -> Option<(Link, usize)> {
    if let Some(after) = pair::value_beside(bytes, end) {
        return Some((Link::Sets, after));
    }
    let mut rest = end + array(&bytes[end..]);
    let mut quoted = false;
    while let Some(&b) = bytes.get(rest).filter(|_| rest < end + GAP) {
        match b {
            b' ' | b'\t' | b'\\' | b']' => {}
            b'"' | b'\'' | b'`' => quoted = true,
            b'*' if manner == Manner::Prose => {}
            // `getenv("NAME") ?: "..."`
            b')' if quoted => {}
            _ => break,
        }
        rest += 1;
    }
    let text = &bytes[rest.min(bytes.len())..];
    // `${NAME:-...}` and Spring's `${name:...}`.
    if bytes[..start].ends_with(b"${") && rest == end && text.starts_with(b":") {
        return Some((Link::Sets, end + 1 + usize::from(text.starts_with(b":-"))));
    }
    if manner == Manner::Prose && text.starts_with(b"is ") && matches!(text.get(3), Some(b'`' | b'"' | b'\'')) {
        return Some((Link::Sets, rest + 3));
    }
    let first = text.first();
    let written = LINKS.iter().find(|(written, _)| written.first() == first && text.starts_with(written));
    if let Some((written, link)) = written {
        // `pass to` is of a sentence, `"key" to "..."` of Kotlin.
        if *written == b"to " && !quoted {
            return None;
        }
        let alone = *link != Link::Closes || rest > end || manner == Manner::Config;
        let after_call = bytes[end..rest].contains(&b')') && *link != Link::Else;
        return (alone && !after_call).then_some((*link, rest + written.len()));
    }
    let after = bytes.get(end..)?;
    if after.starts_with(b"(\"") || after.starts_with(b"('") || after.starts_with(b"(@\"") {
        return Some((Link::Calls, end));
    }
    if after.starts_with(b"{\"") {
        return Some((Link::Sets, end + 1));
    }
    // A type between them: `key As String = "..."`, `key string = "..."`, `Key { get; set; } = "..."`.
    let typed = [&b" As String = "[..], b" string = ", b" { get; set; } = ", b" { get; } = ", b" { get; init; } = "];
    if let Some(between) = typed.iter().find(|between| after.starts_with(between)) {
        return Some((Link::Sets, end + between.len()));
    }
    let blanks = after.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    // In code the value has quotes, perhaps behind a letter.
    let open = after.get(blanks..after.len().min(blanks + 2))?;
    let may = manner != Manner::Code || open.iter().any(|b| matches!(b, b'"' | b'\''));
    // The password `abc` of a manual.
    let password = bytes[start..end].eq_ignore_ascii_case(b"password");
    let marked = password && manner == Manner::Prose && open.first() == Some(&b'`');
    (blanks > 0 && may && (marked || value::stands_beside(bytes, start, manner)))
        .then_some((Link::Beside, end + blanks))
}

/// Bytes of `[]` or `[64]` after a name in C.
fn array(after: &[u8]) -> usize {
    if after.first() != Some(&b'[') {
        return 0;
    }
    let inside = after[1..].iter().take(24).take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    if after.get(inside + 1) == Some(&b']') { inside + 2 } else { 0 }
}
