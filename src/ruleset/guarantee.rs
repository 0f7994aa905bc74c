//! What every match of a pattern holds: its first literals, and the longest run of token bytes that it guarantees.
//!
//! The build script reads this file too, so that no start of the program works it out for built-in rules.

use regex_syntax::hir::literal::{ExtractKind, Extractor};
use regex_syntax::hir::{Class, Hir, HirKind};

/// The literals of which every match begins with one, each of 3 bytes or more; empty where there are none or too many.
///
/// # Errors
/// What the parser says of a pattern that does not parse.
pub fn prefixes(pattern: &str) -> Result<Vec<String>, String> {
    let hir = regex_syntax::parse(pattern).map_err(|error| error.to_string())?;
    let mut extractor = Extractor::new();
    extractor.kind(ExtractKind::Prefix).limit_class(4).limit_total(64).limit_repeat(8);
    let found = extractor.extract(&hir);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
    let all = found.literals().unwrap_or_default().iter().filter_map(|one| text(one.as_bytes()));
    let all: Vec<String> = all.collect();
    Ok(if all.iter().all(|one| one.len() >= 3) { all } else { Vec::new() })
}

/// Runs of `A-Za-z0-9+/_-` in what a pattern matches, by their least lengths.
#[derive(Clone, Copy, Default)]
struct Runs {
    /// At the front, inside, and at the back.
    head: usize,
    best: usize,
    tail: usize,
    /// The whole match where it is nothing but token bytes.
    whole: Option<usize>,
}

/// Length of the longest run of token bytes that every match of `pattern` holds; 0 where it does not parse.
#[must_use]
pub fn token_run(pattern: &str) -> usize {
    regex_syntax::parse(pattern).map_or(0, |hir| runs(&hir).best)
}

fn token(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '_' | '-')
}

fn of_length(length: usize) -> Runs {
    Runs { head: length, best: length, tail: length, whole: Some(length) }
}

fn then(a: Runs, b: Runs) -> Runs {
    Runs {
        head: a.whole.map_or(a.head, |whole| whole + b.head),
        tail: b.whole.map_or(b.tail, |whole| a.tail + whole),
        best: a.best.max(b.best).max(a.tail + b.head),
        whole: a.whole.zip(b.whole).map(|(a, b)| a + b),
    }
}

fn either(a: Runs, b: Runs) -> Runs {
    Runs {
        head: a.head.min(b.head),
        best: a.best.min(b.best),
        tail: a.tail.min(b.tail),
        whole: a.whole.zip(b.whole).map(|(a, b)| a.min(b)),
    }
}

fn runs(hir: &Hir) -> Runs {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => of_length(0),
        HirKind::Literal(literal) => String::from_utf8_lossy(&literal.0)
            .chars()
            .map(|c| if token(c) { of_length(1) } else { Runs::default() })
            .fold(of_length(0), then),
        HirKind::Class(class) => {
            let inside = match class {
                Class::Unicode(class) => class
                    .ranges()
                    .iter()
                    .all(|range| range.end() <= '\u{7f}' && (range.start()..=range.end()).all(token)),
                Class::Bytes(class) => {
                    class.ranges().iter().all(|range| (range.start()..=range.end()).all(|b| token(char::from(b))))
                }
            };
            if inside { of_length(1) } else { Runs::default() }
        }
        HirKind::Repetition(repetition) => {
            let one = runs(&repetition.sub);
            let least = repetition.min.min(512);
            let sure = (0..least).fold(of_length(0), |sum, _| then(sum, one));
            // What may follow beyond the least number breaks no run where it is token bytes, and may end one
            // where it is not.
            if repetition.max == Some(repetition.min) || one.whole.is_some() {
                sure
            } else {
                Runs { tail: 0, whole: None, ..sure }
            }
        }
        HirKind::Capture(capture) => runs(&capture.sub),
        HirKind::Concat(parts) => parts.iter().map(runs).fold(of_length(0), then),
        HirKind::Alternation(parts) => parts.iter().map(runs).reduce(either).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_sure_run_is_counted() {
        assert_eq!(token_run("ghp_[A-Za-z0-9]{36}"), 40);
        assert_eq!(token_run(r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"), 43);
        assert_eq!(token_run("[0-9]{8,10}:AA[a-z]{33}"), 35);
        assert_eq!(token_run("a[b.]{20}c{3}"), 3);
        assert_eq!(token_run("abc(?:def|gh)"), 5);
        assert_eq!(token_run("x{4}(?:-y)?z{9}"), 13);
        assert_eq!(token_run(r"x{4}(?:\.y)?z{9}"), 9);
        assert_eq!(token_run("("), 0);
    }
}
