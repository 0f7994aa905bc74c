//! Texts spelled by number or letter: `0x67, 0x68`, `103, 104`, `67:68`, `chr(103).chr(104)`, `'g', 'h'`.
//!
//! A list of that kind is dense in digits and marks wherever one looks at it, so that the look at the runs finds it.

use super::{SHORTEST, dump, textual};

/// Bytes of a dense place, and bytes behind one in which an item begins.
const LOOK: usize = 16;
/// Items that have to spell text before a list is read on.
const ENOUGH: usize = 8;
/// Items that count among others that spell no text.
const AMONG: usize = 20;
/// Items of one list, on each side of a look.
const MOST: usize = 4096;
/// Blanks between two items: a line's end and an indent.
const BLANKS: usize = 64;
/// Other bytes between two items: `), chr(`, `u8, 0x`.
const BETWEEN: usize = 12;

/// How an item says its byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// One to three digits.
    Decimal,
    /// Two digits.
    Hex,
    /// Itself.
    Letter,
}

/// How the items of a list are written.
struct Manner {
    form: Form,
    /// What stands between two items, without its blanks.
    between: [u8; BETWEEN],
    length: usize,
}

/// What a byte may be in a list of numbers: 1 in an item (digits, and with them `0x`, `(byte)`, `chr`, `u8`), 2 between two.
static PARTS: [u8; 256] = {
    let mut parts = [0; 256];
    let mut b = 0u8;
    while b < 128 {
        parts[b as usize] = match b {
            b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F' => 1,
            b'x' | b'X' | b'y' | b't' | b'u' | b'h' | b'r' | b'H' | b'R' | b'i' | b'$' | b'\\' => 1,
            b' ' | b'\t' | b'\n' | b'\r' | 12 | b'#' | b'(' | b')' | b'&' | b'+'..=b'.' | b':' | b';' => 2,
            _ => 0,
        };
        b += 1;
    }
    parts
};

/// True for parts of a list alone, and two marks or blanks between items.
fn is_of_a_list(look: &[u8; LOOK]) -> bool {
    let parts = look.iter().map(|b| PARTS[usize::from(*b)]);
    parts.clone().all(|part| part != 0) && parts.filter(|part| *part == 2).count() >= 2
}

/// The text that a list spells around `at`, not before `floor`: its region, and what it says if that is worth a look.
pub(in super::super) fn spelled(bytes: &[u8], at: usize, floor: usize) -> Option<(usize, usize, Option<Vec<u8>>)> {
    // Beside digits or quotes stands what lists have alone.
    let look = bytes.get(at..).and_then(<[u8]>::first_chunk::<LOOK>)?;
    if !look.contains(&b'\'') && !is_of_a_list(look) {
        return None;
    }
    let is_dumped = |b: &u8| b.is_ascii_hexdigit() || matches!(b, b' ' | b':' | b'\n' | b'\t' | b'x');
    if look.iter().all(is_dumped)
        && let Some((start, end, plain)) = dump::dump(bytes, at, floor)
    {
        return Some((start, end, textual(plain)));
    }
    let first = first_item(bytes, at)?;
    let letter = bytes[first - 1] == b'\'';
    let forms: &[Form] = if letter { &[Form::Letter] } else { &[Form::Decimal, Form::Hex] };
    let manners = forms.iter().filter_map(|form| Manner::at(bytes, first, *form));
    let rows = manners.map(|manner| (manner.is_usual(), manner.row(bytes, first, floor)));
    let (_, row) = rows.max_by_key(|(usual, row)| (row.values.len(), *usual))?;
    let least = if row.whole { SHORTEST } else { AMONG };
    Some((row.start, row.end, (row.values.len() >= least).then(|| textual(row.values)).flatten()))
}

/// Items in a row that spell text.
struct Row {
    start: usize,
    end: usize,
    values: Vec<u8>,
    /// They are all of their list, but for the zero at the end of a string.
    whole: bool,
}

/// The first item behind `at`: where its digits, or its letter behind a quote, begin. Never 0.
fn first_item(bytes: &[u8], at: usize) -> Option<usize> {
    let window = bytes.get(at..bytes.len().min(at + 2 * LOOK))?;
    // The look may begin inside an item.
    for place in 1..window.len() {
        let (before, b) = (window[place - 1], window[place]);
        if before == b'\'' && window.get(place + 1) == Some(&b'\'') && b.is_ascii_graphic() && b != b'\'' && b != b',' {
            return Some(at + place);
        }
        if b.is_ascii_digit() && (!before.is_ascii_alphanumeric() || hex_prefix(bytes, at + place)) {
            // The `0` of `0x` begins no item.
            if !(b == b'0' && matches!(window.get(place + 1), Some(b'x' | b'X'))) {
                return Some(at + place);
            }
        }
    }
    None
}

/// True behind `0x`.
fn hex_prefix(bytes: &[u8], at: usize) -> bool {
    at >= 2 && matches!(bytes[at - 1], b'x' | b'X') && bytes[at - 2] == b'0'
}

impl Manner {
    /// The manner of the list whose item stands at `first`, if that and those behind it spell text in `form`.
    fn at(bytes: &[u8], first: usize, form: Form) -> Option<Self> {
        if form == Form::Decimal && hex_prefix(bytes, first) {
            return None;
        }
        let mut manner = Self { form, between: [0; BETWEEN], length: 0 };
        let (value, end) = manner.item(bytes, first)?;
        if !is_text(value) && (value != 0 || form != Form::Hex) {
            return None;
        }
        let mut text = usize::from(is_text(value));
        let mut next = manner.learn(bytes, end)?;
        let mut seen = 1;
        while seen < ENOUGH {
            let (value, end) = manner.item(bytes, next)?;
            text += usize::from(is_text(value));
            seen += 1;
            // Every second byte of UTF-16 is zero.
            if text * 2 + 1 < seen || value >= 0x80 || text < seen && form != Form::Hex {
                return None;
            }
            next = match manner.next(bytes, end) {
                Some(next) => next,
                // Near its end there are fewer.
                None => break,
            };
        }
        (seen == ENOUGH || seen > 2 && manner.before(bytes, first).is_some()).then_some(manner)
    }

    /// True for decimal digits between commas and the like, and for hexadecimal ones in dumps: `67 68`, `67:68`, `67-68`.
    fn is_usual(&self) -> bool {
        (self.form == Form::Decimal) != matches!(self.between[..self.length], [] | [b':' | b'-'])
    }

    /// The items around the one at `first` that spell text.
    fn row(&self, bytes: &[u8], first: usize, floor: usize) -> Row {
        let spells = |value: u8| is_text(value) || value == 0 && self.form == Form::Hex;
        let (mut start, mut values, mut whole) = (first, Vec::new(), true);
        while let Some((before, value)) = self.before(bytes, start) {
            if !spells(value) || before < floor || values.len() >= MOST {
                whole = false;
                break;
            }
            values.push(value);
            start = before;
        }
        values.reverse();
        let (mut end, mut next) = (first, Some(first));
        while let Some((value, after)) = next.and_then(|at| self.item(bytes, at)) {
            if !spells(value) || values.len() >= 2 * MOST {
                whole &= value == 0;
                break;
            }
            values.push(value);
            end = after;
            next = self.next(bytes, after);
        }
        values.truncate(values.len() - usize::from(values.ends_with(&[0])));
        Row { start, end, values, whole }
    }

    /// Learns what stands between the item that ends at `end` and the one behind it; where that one begins.
    fn learn(&mut self, bytes: &[u8], end: usize) -> Option<usize> {
        let window = bytes.get(end..bytes.len().min(end + BLANKS + BETWEEN))?;
        for (place, &b) in window.iter().enumerate() {
            let before = if place == 0 { b'0' } else { window[place - 1] };
            let begins = match self.form {
                Form::Letter => self.length > 1 && before == b'\'',
                _ => {
                    // The first digit of a text's byte is no letter.
                    let zero = b == b'0' && matches!(window.get(place + 1), Some(b'x' | b'X'));
                    place > 0
                        && b.is_ascii_digit()
                        && !zero
                        && (!before.is_ascii_alphanumeric() || hex_prefix(bytes, end + place))
                }
            };
            if begins {
                return Some(end + place);
            }
            let broken = b == b'\\' && matches!(window.get(place + 1), Some(b'\n' | b'\r'));
            if b.is_ascii_whitespace() || broken {
                continue;
            }
            // `(byte) 0x`, `u8`, `chr(`, `Chr$(` and marks; not a name or another value.
            if b.is_ascii_alphanumeric() && !b"byteuchrBYTECHRi08xX".contains(&b) {
                return None;
            }
            *self.between.get_mut(self.length)? = b;
            self.length += 1;
        }
        None
    }

    /// The value of the item at `at`, and where it ends.
    fn item(&self, bytes: &[u8], at: usize) -> Option<(u8, usize)> {
        let text = bytes.get(at..)?;
        match self.form {
            Form::Letter => match *text {
                [b'\\', b, b'\'', ..] if b.is_ascii_punctuation() => Some((b, at + 2)),
                [b, b'\'', ..] if b != b'\'' => Some((b, at + 1)),
                _ => None,
            },
            Form::Hex => {
                let (&two, after) = text.split_first_chunk::<2>()?;
                let more = after.first().is_some_and(u8::is_ascii_hexdigit);
                (!more).then(|| number(&two, 16)).flatten().map(|value| (value, at + 2))
            }
            Form::Decimal => {
                let digits = text.iter().take(4).take_while(|b| b.is_ascii_digit()).count();
                number(text.get(..digits)?, 10).map(|value| (value, at + digits))
            }
        }
    }

    /// Where the item begins that follows the one that ends at `end`.
    fn next(&self, bytes: &[u8], end: usize) -> Option<usize> {
        let mut at = end;
        for &b in &self.between[..self.length] {
            at = skip(bytes, at);
            if bytes.get(at) != Some(&b) {
                return None;
            }
            at += 1;
        }
        // A letter may be a blank.
        let at = if self.form == Form::Letter { at } else { skip(bytes, at) };
        (at > end && at < bytes.len()).then_some(at)
    }

    /// The item before the one that begins at `start`: where it begins, and its value.
    fn before(&self, bytes: &[u8], start: usize) -> Option<(usize, u8)> {
        let mut at = start;
        for &b in self.between[..self.length].iter().rev() {
            if self.form != Form::Letter || at != start {
                at = skip_back(bytes, at);
            }
            at = at.checked_sub(1).filter(|at| bytes[*at] == b)?;
        }
        if self.form != Form::Letter {
            at = skip_back(bytes, at);
        }
        let most = match self.form {
            Form::Letter => 1,
            Form::Hex => 2,
            Form::Decimal => 3,
        };
        let digit = |b: &&u8| self.form == Form::Hex && b.is_ascii_hexdigit() || b.is_ascii_digit();
        let length = match self.form {
            Form::Letter => 1,
            _ => bytes[..at].iter().rev().take(most).take_while(digit).count(),
        };
        let from = at.checked_sub(length).filter(|from| *from < start && length > 0)?;
        let (value, end) = self.item(bytes, from)?;
        (end == at && self.next(bytes, end) == Some(start)).then_some((from, value))
    }
}

/// Behind blanks and a comment; a line may end with `\`.
fn skip(bytes: &[u8], at: usize) -> usize {
    let text = bytes.get(at..).unwrap_or_default();
    let blank = |(place, b): &(usize, &u8)| {
        b.is_ascii_whitespace() || **b == b'\\' && text.get(place + 1).is_some_and(|b| matches!(b, b'\n' | b'\r'))
    };
    let blanks = |text: &[u8]| text.iter().enumerate().take(BLANKS).take_while(blank).count();
    let end = blanks(text);
    match text[end..].strip_prefix(b"/*").and_then(|rest| memchr::memmem::find(&rest[..rest.len().min(BLANKS)], b"*/"))
    {
        Some(length) => {
            let end = end + length + 4;
            at + end + text[end..].iter().take(BLANKS).take_while(|b| b.is_ascii_whitespace()).count()
        }
        None => at + end,
    }
}

/// Before blanks and a comment.
fn skip_back(bytes: &[u8], at: usize) -> usize {
    let blanks = |at: usize| bytes[..at].iter().rev().take(BLANKS).take_while(|b| b.is_ascii_whitespace()).count();
    let start = at - blanks(at);
    if start < at && bytes[..start].ends_with(b"\\") && matches!(bytes[start], b'\n' | b'\r') {
        return start - 1;
    }
    let floor = start.saturating_sub(BLANKS);
    match bytes[floor..start].strip_suffix(b"*/").and_then(|rest| memchr::memmem::rfind(rest, b"/*")) {
        Some(open) => floor + open - blanks(floor + open),
        None => start,
    }
}

pub(super) fn number(digits: &[u8], radix: u32) -> Option<u8> {
    let mut value = 0u32;
    for &digit in digits {
        value = value * radix + char::from(digit).to_digit(radix)?;
    }
    u8::try_from(value).ok().filter(|_| !digits.is_empty())
}

fn is_text(b: u8) -> bool {
    super::is_text_byte(b)
}

#[cfg(test)]
mod tests;
