//! Functions on sets. Members that are unknown stay in a union and make the others unknown.

use super::super::ops::{Out, elements, equal, set_of};
use super::Args;
use crate::syntax::hcl::{Kind, Val};

/// Tuples that `setproduct` gives, at most.
const MAX_PRODUCT: usize = 10_000;

pub(super) fn union(args: Args<'_>) -> Out {
    let mut all = Vec::new();
    for arg in args {
        all.extend(elements(arg)?);
    }
    Ok(Kind::list(set_of(all)))
}

pub(super) fn intersection(args: Args<'_>) -> Out {
    let mut kept = elements(&args[0])?;
    for arg in &args[1..] {
        kept = filter(kept, &elements(arg)?, true)?;
    }
    Ok(Kind::list(set_of(kept)))
}

pub(super) fn subtract(args: Args<'_>) -> Out {
    Ok(Kind::list(set_of(filter(elements(&args[0])?, &elements(&args[1])?, false)?)))
}

fn filter(items: Vec<Val>, others: &[Val], wanted: bool) -> Result<Vec<Val>, Kind> {
    if items.len().saturating_mul(others.len()) > 1_000_000 {
        return Err(Kind::unknown("sets too large to compare"));
    }
    let mut kept = Vec::new();
    for item in items {
        let mut found = false;
        for other in others {
            if equal(&item, other)? {
                found = true;
                break;
            }
        }
        if found == wanted {
            kept.push(item);
        }
    }
    Ok(kept)
}

pub(super) fn product(args: Args<'_>) -> Out {
    let mut tuples: Vec<Vec<Val>> = vec![Vec::new()];
    for arg in args {
        let items = elements(arg)?;
        if tuples.len().saturating_mul(items.len()) > MAX_PRODUCT {
            return Err(Kind::unknown("setproduct of more than 10,000 members"));
        }
        tuples = tuples
            .iter()
            .flat_map(|tuple| items.iter().map(move |item| tuple.iter().chain([item]).cloned().collect()))
            .collect();
    }
    Ok(Kind::list(tuples.into_iter().map(|tuple| args[0].with(Kind::list(tuple))).collect()))
}
