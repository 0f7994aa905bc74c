//! String functions.

use super::super::ops::{MAX_TEXT, Out, elements, integer, text};
use super::Args;
use crate::syntax::hcl::{Kind, Val};

fn map(args: Args<'_>, change: impl Fn(&str) -> String) -> Out {
    let input = text(&args[0])?;
    Ok(Kind::text(&change(&input)))
}

pub(super) fn lower(args: Args<'_>) -> Out {
    map(args, str::to_lowercase)
}

pub(super) fn upper(args: Args<'_>) -> Out {
    map(args, str::to_uppercase)
}

pub(super) fn title(args: Args<'_>) -> Out {
    map(args, |input| {
        let mut start = true;
        input
            .chars()
            .map(|c| {
                let shown = if start { c.to_uppercase().next().unwrap_or(c) } else { c };
                start = !c.is_alphanumeric() && c != '_' && c != '\'';
                shown
            })
            .collect()
    })
}

pub(super) fn strrev(args: Args<'_>) -> Out {
    map(args, |input| input.chars().rev().collect())
}

pub(super) fn chomp(args: Args<'_>) -> Out {
    map(args, |input| input.trim_end_matches(['\r', '\n']).to_owned())
}

pub(super) fn trimspace(args: Args<'_>) -> Out {
    map(args, |input| input.trim().to_owned())
}

pub(super) fn trim(args: Args<'_>) -> Out {
    let cut = text(&args[1])?;
    map(args, |input| input.trim_matches(|c| cut.contains(c)).to_owned())
}

pub(super) fn trimprefix(args: Args<'_>) -> Out {
    let prefix = text(&args[1])?;
    map(args, |input| input.strip_prefix(&*prefix).unwrap_or(input).to_owned())
}

pub(super) fn trimsuffix(args: Args<'_>) -> Out {
    let suffix = text(&args[1])?;
    map(args, |input| input.strip_suffix(&*suffix).unwrap_or(input).to_owned())
}

/// A path below the home of whoever runs Terraform is not known.
pub(super) fn pathexpand(args: Args<'_>) -> Out {
    let path = text(&args[0])?;
    if path.starts_with('~') { Err(Kind::unknown("the home folder")) } else { Ok(Kind::text(&path)) }
}

pub(super) fn basename(args: Args<'_>) -> Out {
    map(args, |input| input.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned())
}

pub(super) fn dirname(args: Args<'_>) -> Out {
    map(args, |input| input.rsplit_once('/').map_or(".", |(parent, _)| parent).to_owned())
}

pub(super) fn startswith(args: Args<'_>) -> Out {
    Ok(Kind::Bool(text(&args[0])?.starts_with(&*text(&args[1])?)))
}

pub(super) fn endswith(args: Args<'_>) -> Out {
    Ok(Kind::Bool(text(&args[0])?.ends_with(&*text(&args[1])?)))
}

pub(super) fn strcontains(args: Args<'_>) -> Out {
    Ok(Kind::Bool(text(&args[0])?.contains(&*text(&args[1])?)))
}

pub(super) fn indent(args: Args<'_>) -> Out {
    let count = usize::try_from(integer(&args[0])?).unwrap_or(0).min(1_000);
    let input = text(&args[1])?;
    let pad = format!("\n{}", " ".repeat(count));
    bounded(input.len() + input.matches('\n').count() * count)?;
    Ok(Kind::text(&input.replace('\n', &pad)))
}

pub(super) fn substr(args: Args<'_>) -> Out {
    let input = text(&args[0])?;
    let count = i64::try_from(input.chars().count()).unwrap_or(i64::MAX);
    let offset = integer(&args[1])?;
    let start = if offset < 0 { (count + offset).max(0) } else { offset };
    let length = integer(&args[2])?;
    let take = if length < 0 { count } else { length };
    let part: String = input
        .chars()
        .skip(usize::try_from(start).unwrap_or(usize::MAX))
        .take(usize::try_from(take).unwrap_or(usize::MAX))
        .collect();
    Ok(Kind::text(&part))
}

pub(super) fn split(args: Args<'_>) -> Out {
    let (separator, input) = (text(&args[0])?, text(&args[1])?);
    let part = |piece: &str| args[1].with(Kind::text(piece));
    if input.is_empty() {
        return Ok(Kind::list(vec![part("")]));
    }
    if separator.is_empty() {
        return Ok(Kind::list(input.chars().map(|c| part(c.encode_utf8(&mut [0; 4]))).collect()));
    }
    Ok(Kind::list(input.split(&*separator).map(part).collect()))
}

/// `join`, lenient: joining the one element there is, or a reference with nothing, gives the element itself.
pub(super) fn join(args: Args<'_>) -> Out {
    let separator = text(&args[0])?;
    let mut items: Vec<Val> = Vec::new();
    for list in &args[1..] {
        items.extend(elements(list)?);
    }
    if let [only] = items.as_slice()
        && matches!(only.kind, Kind::Ref(..))
    {
        return Ok(only.kind.clone());
    }
    let mut joined = String::new();
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            joined.push_str(&separator);
        }
        joined.push_str(&text(item)?);
        bounded(joined.len())?;
    }
    Ok(Kind::text(&joined))
}

fn bounded(len: usize) -> Result<(), Kind> {
    if len > MAX_TEXT { Err(Kind::unknown("text too long to build")) } else { Ok(()) }
}

fn compile(pattern: &str) -> Result<regex::Regex, Kind> {
    regex::RegexBuilder::new(pattern)
        .size_limit(1 << 20)
        .dfa_size_limit(1 << 20)
        .build()
        .map_err(|_| Kind::invalid("bad regular expression"))
}

/// `replace`: a search between slashes is a regular expression, whose `$1` the replacement may use.
pub(super) fn replace(args: Args<'_>) -> Out {
    let (input, search, with) = (text(&args[0])?, text(&args[1])?, text(&args[2])?);
    bounded(input.len().saturating_add(input.len().saturating_mul(with.len()) / search.len().max(1)))?;
    let pattern = search.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')).filter(|_| search.len() > 1);
    let replaced = match pattern {
        Some(pattern) => compile(pattern)?.replace_all(&input, &*with).into_owned(),
        None => input.replace(&*search, &with),
    };
    bounded(replaced.len())?;
    Ok(Kind::text(&replaced))
}

pub(super) fn regex(args: Args<'_>) -> Out {
    let (pattern, input) = (text(&args[0])?, text(&args[1])?);
    let pattern = compile(&pattern)?;
    match pattern.captures(&input) {
        Some(found) => Ok(captured(&pattern, &found, &args[1])),
        None => Err(Kind::invalid("the pattern does not match")),
    }
}

pub(super) fn regexall(args: Args<'_>) -> Out {
    let (pattern, input) = (text(&args[0])?, text(&args[1])?);
    let pattern = compile(&pattern)?;
    let all = pattern.captures_iter(&input).map(|found| args[1].with(captured(&pattern, &found, &args[1]))).collect();
    Ok(Kind::list(all))
}

/// The whole match without groups, a list with groups, a map with named groups.
fn captured(pattern: &regex::Regex, found: &regex::Captures<'_>, at: &Val) -> Kind {
    let value = |group: Option<regex::Match<'_>>| at.with(group.map_or(Kind::Null, |group| Kind::text(group.as_str())));
    if pattern.captures_len() == 1 {
        return value(found.get(0)).kind;
    }
    let names: Vec<&str> = pattern.capture_names().flatten().collect();
    if names.is_empty() {
        return Kind::list((1..found.len()).map(|group| value(found.get(group))).collect());
    }
    let mut entries: Vec<_> = names.into_iter().map(|name| (name.into(), value(found.name(name)))).collect();
    entries.sort_by(|a: &(std::sync::Arc<str>, Val), b| a.0.cmp(&b.0));
    Kind::map(entries)
}
