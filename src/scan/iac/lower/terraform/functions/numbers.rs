//! Numeric functions.

use super::super::ops::{Out, elements, integer, number, text};
use super::Args;
use crate::syntax::hcl::{Kind, Val};

/// Numbers that `range` gives, at most: Terraform's own limit.
const MAX_RANGE: usize = 1024;

pub(super) fn abs(args: Args<'_>) -> Out {
    Ok(Kind::Number(number(&args[0])?.abs()))
}

pub(super) fn ceil(args: Args<'_>) -> Out {
    Ok(Kind::Number(number(&args[0])?.ceil()))
}

pub(super) fn floor(args: Args<'_>) -> Out {
    Ok(Kind::Number(number(&args[0])?.floor()))
}

pub(super) fn signum(args: Args<'_>) -> Out {
    let value = number(&args[0])?;
    Ok(Kind::Number(if value == 0.0 { 0.0 } else { value.signum() }))
}

pub(super) fn log(args: Args<'_>) -> Out {
    finite(number(&args[0])?.ln() / number(&args[1])?.ln())
}

pub(super) fn pow(args: Args<'_>) -> Out {
    finite(number(&args[0])?.powf(number(&args[1])?))
}

fn finite(value: f64) -> Out {
    if value.is_finite() { Ok(Kind::Number(value)) } else { Err(Kind::invalid("not a number")) }
}

pub(super) fn max(args: Args<'_>) -> Out {
    fold(args, f64::max)
}

pub(super) fn min(args: Args<'_>) -> Out {
    fold(args, f64::min)
}

fn fold(args: Args<'_>, pick: fn(f64, f64) -> f64) -> Out {
    let mut best = number(&args[0])?;
    for arg in &args[1..] {
        best = pick(best, number(arg)?);
    }
    Ok(Kind::Number(best))
}

pub(super) fn sum(args: Args<'_>) -> Out {
    let items = elements(&args[0])?;
    if items.is_empty() {
        return Err(Kind::invalid("sum of nothing"));
    }
    let mut total = 0.0;
    for item in &items {
        total += number(item)?;
    }
    Ok(Kind::Number(total))
}

pub(super) fn parseint(args: Args<'_>) -> Out {
    let base = u32::try_from(integer(&args[1])?).unwrap_or(0);
    if !(2..=36).contains(&base) {
        return Err(Kind::invalid("base out of range"));
    }
    match i64::from_str_radix(&text(&args[0])?, base) {
        Ok(value) => Ok(Kind::Number(value as f64)),
        Err(_) => Err(Kind::invalid("not a number in that base")),
    }
}

pub(super) fn range(args: Args<'_>) -> Out {
    let (start, limit, step) = match args {
        [limit] => (0.0, number(limit)?, None),
        [start, limit] => (number(start)?, number(limit)?, None),
        [start, limit, step, ..] => (number(start)?, number(limit)?, Some(number(step)?)),
        [] => return Err(Kind::invalid("no limit")),
    };
    let step = step.unwrap_or(if limit < start { -1.0 } else { 1.0 });
    if step == 0.0 || (step > 0.0) != (limit >= start) && limit != start {
        return Err(Kind::invalid("step leads away from the limit"));
    }
    let mut items: Vec<Val> = Vec::new();
    let mut at = start;
    while if step > 0.0 { at < limit } else { at > limit } {
        if items.len() == MAX_RANGE {
            return Err(Kind::invalid("range of more than 1024 numbers"));
        }
        items.push(args[0].with(Kind::Number(at)));
        at += step;
    }
    Ok(Kind::list(items))
}
