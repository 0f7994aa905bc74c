//! What every rule must have, whatever its scanner.

/// The parts of a rule that every scanner's rules share.
#[derive(Clone, Copy, Debug)]
pub struct Form<'a> {
    /// Without the scanner's name.
    pub id: &'a str,
    /// One line.
    pub title: &'a str,
    /// What to do.
    pub help: &'a str,
    /// How many URLs for further reading.
    pub references: usize,
    /// How many texts that are found.
    pub matches: usize,
    /// How many that are not.
    pub near_misses: usize,
}

/// Everything a rule lacks, each as one sentence; empty for a good rule.
#[must_use]
pub fn lint(rule: Form<'_>) -> Vec<String> {
    let word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let checks = [
        (!rule.id.split('-').all(word), "its id is not lower-case words with `-` between them"),
        (rule.title.is_empty(), "it has no title"),
        (rule.title.ends_with('.'), "its title ends with a full stop"),
        (rule.help.is_empty(), "it has no help"),
        (rule.references == 0, "it has no reference"),
        (rule.matches == 0, "it has no text that it matches"),
        (rule.near_misses == 0, "it has no near miss"),
    ];
    let name = if rule.id.is_empty() { "(no id)" } else { rule.id };
    checks.iter().filter(|(bad, _)| *bad).map(|(_, what)| format!("`{name}`: {what}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let good = Form { id: "a-b1", title: "A", help: "h", references: 1, matches: 1, near_misses: 1 };
        assert!(lint(good).is_empty());
        assert_eq!(lint(Form { id: "A_b", matches: 0, ..good }).len(), 2);
    }
}
