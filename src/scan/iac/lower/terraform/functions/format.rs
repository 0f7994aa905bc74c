//! `format` and `formatlist`: verbs as Go's fmt has them, as far as Terraform takes them.

use super::super::ops::{MAX_TEXT, Out, integer, number, number_text, text};
use super::Args;
use super::encoding::json_text;
use crate::syntax::hcl::{Kind, Val};

/// Padding that a format may ask for, at most.
const MAX_WIDTH: usize = 1_000;

/// One `%…` sequence: `%[1]-05.2f`.
#[derive(Default)]
struct Verb {
    minus: bool,
    plus: bool,
    zero: bool,
    space: bool,
    sharp: bool,
    width: Option<usize>,
    precision: Option<usize>,
    argument: Option<usize>,
    letter: char,
}

pub(super) fn format(args: Args<'_>) -> Out {
    let template = text(&args[0])?;
    Ok(Kind::text(&render(&template, &args[1..])?))
}

pub(super) fn formatlist(args: Args<'_>) -> Out {
    let template = text(&args[0])?;
    let count = args[1..].iter().filter_map(|arg| match &arg.kind {
        Kind::List(items) => Some(items.len()),
        _ => None,
    });
    let lengths: Vec<usize> = count.collect();
    let count = lengths.first().copied().unwrap_or(1);
    if lengths.iter().any(|&length| length != count) {
        return Err(Kind::invalid("lists of different length"));
    }
    let mut all = Vec::with_capacity(count);
    for at in 0..count {
        let row: Vec<Val> = args[1..]
            .iter()
            .map(|arg| match &arg.kind {
                Kind::List(items) => items[at].clone(),
                _ => arg.clone(),
            })
            .collect();
        all.push(args[0].with(render(&template, &row).map_or_else(|kind| kind, |text| Kind::text(&text))));
    }
    Ok(Kind::list(all))
}

fn render(template: &str, args: &[Val]) -> Result<String, Kind> {
    let mut out = String::new();
    let mut chars = template.chars().peekable();
    let mut next = 0;
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let verb = read_verb(&mut chars)?;
        if verb.letter == '%' {
            out.push('%');
            continue;
        }
        let at = verb.argument.unwrap_or(next);
        next = at + 1;
        let value = args.get(at).ok_or_else(|| Kind::invalid("not enough arguments"))?;
        pad(&verb, &one(&verb, value)?, &mut out);
        if out.len() > MAX_TEXT {
            return Err(Kind::unknown("text too long to build"));
        }
    }
    Ok(out)
}

fn read_verb(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Verb, Kind> {
    let mut verb = Verb::default();
    loop {
        let c = chars.next().ok_or_else(|| Kind::invalid("format ends in `%`"))?;
        match c {
            '-' => verb.minus = true,
            '+' => verb.plus = true,
            '#' => verb.sharp = true,
            ' ' => verb.space = true,
            '0' if verb.width.is_none() => verb.zero = true,
            '0'..='9' => verb.width = Some(digits(c, chars)),
            '.' => verb.precision = Some(digits('0', chars)),
            '[' => {
                verb.argument = Some(digits('0', chars).saturating_sub(1));
                if chars.next() != Some(']') {
                    return Err(Kind::invalid("a bad argument index"));
                }
            }
            letter => {
                verb.letter = letter;
                return Ok(verb);
            }
        }
    }
}

fn digits(first: char, chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> usize {
    let mut value = first.to_digit(10).unwrap_or(0) as usize;
    while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
        value = value.saturating_mul(10).saturating_add(digit as usize).min(MAX_WIDTH);
        chars.next();
    }
    value
}

fn one(verb: &Verb, value: &Val) -> Result<String, Kind> {
    let signed = |text: String| {
        if text.starts_with('-') || !(verb.plus || verb.space) {
            text
        } else {
            format!("{}{text}", if verb.plus { '+' } else { ' ' })
        }
    };
    Ok(match verb.letter {
        's' => cut(verb, &text(value)?),
        'q' => json_text(&value.with(Kind::text(&text(value)?)))?,
        'd' => signed(integer(value)?.to_string()),
        'b' => signed(format!("{:b}", integer(value)?)),
        'o' => signed(format!("{:o}", integer(value)?)),
        'x' => match &value.kind {
            Kind::String(text) => crate::model::hex(text.as_bytes()),
            _ => signed(format!("{:x}", integer(value)?)),
        },
        'X' => signed(format!("{:X}", integer(value)?)),
        'f' | 'F' => signed(format!("{:.*}", verb.precision.unwrap_or(6), number(value)?)),
        'g' | 'G' => signed(number_text(number(value)?)),
        'e' | 'E' => exponent(number(value)?, verb),
        't' => super::super::ops::boolean(value)?.to_string(),
        'v' if verb.sharp => json_text(value)?,
        'v' => match &value.kind {
            Kind::List(_) | Kind::Map(_) => json_text(value)?,
            Kind::Null => "null".to_owned(),
            _ => text(value)?.into_owned(),
        },
        _ => return Err(Kind::invalid("an unknown verb")),
    })
}

fn exponent(value: f64, verb: &Verb) -> String {
    let text = format!("{:.*e}", verb.precision.unwrap_or(6), value);
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, power) = power.strip_prefix('-').map_or(('+', power), |rest| ('-', rest));
    format!("{digits}{}{sign}{power:0>2}", verb.letter)
}

fn cut(verb: &Verb, text: &str) -> String {
    verb.precision.map_or_else(|| text.to_owned(), |most| text.chars().take(most).collect())
}

fn pad(verb: &Verb, text: &str, out: &mut String) {
    let missing = verb.width.unwrap_or(0).saturating_sub(text.chars().count());
    if verb.minus {
        out.push_str(text);
        out.extend(std::iter::repeat_n(' ', missing));
    } else if verb.zero && verb.letter != 's' {
        let (sign, digits) = text.split_at(usize::from(text.starts_with(['-', '+'])));
        out.push_str(sign);
        out.extend(std::iter::repeat_n('0', missing));
        out.push_str(digits);
    } else {
        out.extend(std::iter::repeat_n(' ', missing));
        out.push_str(text);
    }
}
