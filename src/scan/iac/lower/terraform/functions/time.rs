//! Dates and times (RFC 3339). What the clock says is not known: `timestamp` is not here.

use std::cmp::Ordering;

use jiff::SignedDuration;
use jiff::civil::DateTime;

use super::super::ops::{Out, text};
use super::Args;
use crate::syntax::hcl::{Kind, Val};

/// A local time and how many seconds it is ahead of UTC.
struct Stamp {
    local: DateTime,
    offset: i64,
}

impl Stamp {
    fn of(value: &Val) -> Result<Self, Kind> {
        Self::read(&text(value)?).ok_or_else(|| Kind::invalid("not a time in the form of RFC 3339"))
    }

    fn read(text: &str) -> Option<Self> {
        let zone = text.rfind(['Z', '+', '-']).filter(|at| *at >= "2000-01-01T00:00:00".len())?;
        let (local, zone) = text.split_at(zone);
        let offset = match zone.split_at(1) {
            ("Z", "") => 0,
            (sign, hours) => {
                let (hours, minutes) = hours.split_once(':')?;
                let seconds = hours.parse::<u32>().ok()? * 3600 + minutes.parse::<u32>().ok()? * 60;
                if sign == "-" { -i64::from(seconds) } else { i64::from(seconds) }
            }
        };
        Some(Self { local: local.parse().ok().filter(|_| local.contains('T'))?, offset })
    }

    fn utc(&self) -> Option<DateTime> {
        self.local.checked_sub(SignedDuration::from_secs(self.offset)).ok()
    }

    /// `+hh:mm`, with or without the colon.
    fn zone(&self, colon: &str) -> String {
        let sign = if self.offset < 0 { '-' } else { '+' };
        let minutes = self.offset.abs() / 60;
        format!("{sign}{:02}{colon}{:02}", minutes / 60, minutes % 60)
    }

    fn shown(&self) -> String {
        let local = self.local.strftime("%Y-%m-%dT%H:%M:%S");
        if self.offset == 0 { format!("{local}Z") } else { format!("{local}{}", self.zone(":")) }
    }
}

/// `timeadd(timestamp, "1h30m")`.
pub(super) fn timeadd(args: Args<'_>) -> Out {
    let stamp = Stamp::of(&args[0])?;
    let by = duration(&text(&args[1])?).ok_or_else(|| Kind::invalid("not a duration"))?;
    let local = stamp.local.checked_add(by).map_err(|_| Kind::invalid("a time out of range"))?;
    Ok(Kind::text(&Stamp { local, ..stamp }.shown()))
}

/// As Go writes durations: `-1.5h`, `2h45m`.
fn duration(text: &str) -> Option<SignedDuration> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(SignedDuration::ZERO);
    }
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(digits);
        let unit = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit);
        let scale = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * scale;
        rest = after;
    }
    (!text.is_empty()).then(|| SignedDuration::try_from_secs_f64(sign * seconds).ok()).flatten()
}

/// `timecmp(a, b)`: -1, 0 or 1.
pub(super) fn timecmp(args: Args<'_>) -> Out {
    let (a, b) = (Stamp::of(&args[0])?.utc(), Stamp::of(&args[1])?.utc());
    Ok(Kind::Number(match a.cmp(&b) {
        Ordering::Less => -1.0,
        Ordering::Equal => 0.0,
        Ordering::Greater => 1.0,
    }))
}

/// `formatdate(spec, timestamp)`.
pub(super) fn formatdate(args: Args<'_>) -> Out {
    let spec = text(&args[0])?;
    let stamp = Stamp::of(&args[1])?;
    let mut result = String::new();
    let mut rest = &*spec;
    while let Some(first) = rest.chars().next() {
        if first == '\'' {
            rest = quoted(&rest[1..], &mut result).ok_or_else(|| Kind::invalid("a quote is not closed"))?;
            continue;
        }
        let run = rest.find(|c| c != first).unwrap_or(rest.len());
        let (token, after) = rest.split_at(run);
        result.push_str(&part(&stamp, token).ok_or_else(|| Kind::invalid("no such part of a date"))?);
        rest = after;
    }
    Ok(Kind::text(&result))
}

/// Text up to the closing quote, of which two stand for one; what follows.
fn quoted<'t>(mut rest: &'t str, result: &mut String) -> Option<&'t str> {
    loop {
        let (text, after) = rest.split_once('\'')?;
        result.push_str(text);
        rest = after;
        match rest.strip_prefix('\'') {
            Some(after) => {
                result.push('\'');
                rest = after;
            }
            None => return Some(rest),
        }
    }
}

/// One run of the same letter; other characters stand for themselves.
fn part(stamp: &Stamp, token: &str) -> Option<String> {
    let time = |format: &str| stamp.local.strftime(format).to_string();
    Some(match token {
        "YYYY" => time("%Y"),
        "YY" => time("%y"),
        "MMMM" => time("%B"),
        "MMM" => time("%b"),
        "MM" => time("%m"),
        "M" => time("%-m"),
        "DD" => time("%d"),
        "D" => time("%-d"),
        "EEEE" => time("%A"),
        "EEE" => time("%a"),
        "hh" => time("%H"),
        "h" => time("%-H"),
        "HH" => time("%I"),
        "H" => time("%-I"),
        "AA" => time("%p"),
        "aa" => time("%p").to_lowercase(),
        "mm" => time("%M"),
        "m" => time("%-M"),
        "ss" => time("%S"),
        "s" => time("%-S"),
        "ZZZZZ" => stamp.zone(":"),
        "ZZZZ" => stamp.zone(""),
        "ZZZ" if stamp.offset == 0 => "UTC".into(),
        "ZZZ" => stamp.zone(""),
        "Z" if stamp.offset == 0 => "Z".into(),
        "Z" => stamp.zone(":"),
        _ if token.starts_with(|c: char| c.is_ascii_alphabetic()) => return None,
        other => other.into(),
    })
}
