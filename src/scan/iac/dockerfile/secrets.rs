//! Secrets in `ARG` and `ENV`, by the names of what they set.

use crate::syntax::dockerfile::Instruction;

/// What the name of a secret holds.
const WORDS: [&str; 8] = ["PASSWORD", "PASSWD", "SECRET", "_TOKEN", "API_KEY", "APIKEY", "ACCESS_KEY", "PRIVATE_KEY"];
/// Ends of names that only lead to a secret.
const LEADS: [&str; 6] = ["_FILE", "_PATH", "_URL", "_NAME", "_ID", "_DIR"];

/// The first secret that an instruction sets, and whether it has a value: an argument without one gets it at build
/// time, and keeps it in the image's history.
pub fn named(one: &Instruction) -> Option<(&str, bool)> {
    if !matches!(one.name.as_str(), "ARG" | "ENV") {
        return None;
    }
    let old_form = one.name == "ENV" && !one.text.split_whitespace().next().is_some_and(|word| word.contains('='));
    if old_form {
        let (name, value) = one.text.split_once(' ')?;
        return (is_secret(name) && has_value(value)).then_some((name, true));
    }
    let mut bare = None;
    for word in one.text.split_whitespace() {
        match word.split_once('=') {
            Some((name, value)) if is_secret(name) && has_value(value) => return Some((name, true)),
            None if one.name == "ARG" && is_secret(word) => bare = bare.or(Some((word, false))),
            _ => {}
        }
    }
    bare
}

fn is_secret(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let word = upper.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let named = WORDS.iter().any(|word| upper.contains(word)) || upper == "TOKEN";
    word && named && !LEADS.iter().any(|end| upper.ends_with(end))
}

fn has_value(value: &str) -> bool {
    let value = value.trim_matches(['"', '\'', ' ']);
    !value.is_empty() && !value.starts_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::dockerfile;

    #[test]
    fn a_secret_has_a_name_and_a_value() {
        for (text, expected) in [
            ("ENV DB_PASSWORD=example", Some(("DB_PASSWORD", true))),
            ("ENV DB_PASSWORD example", Some(("DB_PASSWORD", true))),
            ("ENV A=1 DB_PASSWORD=example", Some(("DB_PASSWORD", true))),
            ("ENV DB_PASSWORD_FILE=/run/x", None),
            ("ENV DB_PASSWORD=", None),
            ("ARG NPM_TOKEN", Some(("NPM_TOKEN", false))),
            ("ARG TOKEN_URL", None),
            ("RUN DB_PASSWORD=1 x", None),
        ] {
            let found = dockerfile::parse(text.as_bytes());
            assert_eq!(named(&found[0]), expected, "{text}");
        }
    }
}
