//! Variables in Compose files, as the Compose specification has them (12, Interpolation), and the `.env` file that
//! gives their values.

use std::collections::HashMap;

use super::super::resource::ValueKind as Kind;

/// Defaults inside of defaults, at most.
const MAX_DEPTH: usize = 8;
/// Bytes of an `.env` file that are read, and of one text that comes of variables.
const MAX_FILE: usize = 1 << 16;
const MAX_TEXT: usize = 1 << 14;
/// Parts of names whose values are left alone: a secret is no image's tag, and must get nowhere.
const SECRETS: [&str; 5] = ["PASS", "SECRET", "TOKEN", "KEY", "CREDENTIAL"];

/// What the `.env` file beside a project says. The shell's own variables may say otherwise.
#[derive(Debug, Default)]
pub struct Environment(HashMap<String, String>);

impl Environment {
    /// Reads a file; values that are made of other variables, and those of secrets, are not known.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_FILE)]);
        let known = text.lines().filter_map(|line| {
            let line = line.trim();
            let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
            let (name, value) = (name.trim(), value.trim());
            let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            let upper = name.to_ascii_uppercase();
            if !is_name || SECRETS.iter().any(|part| upper.contains(part)) {
                return None;
            }
            let quoted = |quote: char| value.strip_prefix(quote).and_then(|rest| rest.split_once(quote));
            let value = match (quoted('\''), quoted('"')) {
                (Some((literal, _)), _) => return Some((name.to_owned(), literal.to_owned())),
                (None, Some((text, _))) => text,
                (None, None) => value.split(" #").next().unwrap_or_default().trim_end(),
            };
            (!value.contains(['$', '\\'])).then(|| (name.to_owned(), value.to_owned()))
        });
        Self(known.collect())
    }

    /// A text with its variables in place; unknown where one has neither a value here nor a default.
    #[must_use]
    pub fn interpolated(&self, text: &str) -> Kind {
        match self.text(text, 0) {
            Some(text) => Kind::text(&text),
            None => Kind::unknown("a variable of the environment"),
        }
    }

    fn text(&self, text: &str, depth: usize) -> Option<String> {
        let mut known = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('$') {
            known.push_str(before);
            if let Some(escaped) = behind.strip_prefix('$') {
                known.push('$');
                rest = escaped;
                continue;
            }
            if let Some(inner) = behind.strip_prefix('{') {
                let end = closing(inner)?;
                known.push_str(&self.braced(&inner[..end], depth)?);
                rest = &inner[end + 1..];
            } else {
                let end = name_end(behind);
                known.push_str(self.0.get(&behind[..end])?);
                rest = &behind[end..];
            }
            if known.len() > MAX_TEXT {
                return None;
            }
        }
        known.push_str(rest);
        Some(known)
    }

    /// `NAME`, `NAME:-default`, `NAME-default`, `NAME:?error`, `NAME?error`, `NAME:+other`, `NAME+other`.
    fn braced(&self, inner: &str, depth: usize) -> Option<String> {
        let (name, operator) = inner.split_at(name_end(inner));
        let value = self.0.get(name).map(String::as_str);
        let filled = value.filter(|value| !value.is_empty());
        let other = |text: &str| if depth < MAX_DEPTH { self.text(text, depth + 1) } else { None };
        if operator.is_empty() {
            return value.map(str::to_owned);
        }
        for (mark, value) in [(":", filled), ("", value)] {
            let Some(operator) = operator.strip_prefix(mark) else { continue };
            if let Some(default) = operator.strip_prefix('-') {
                return value.map(str::to_owned).or_else(|| other(default));
            }
            if operator.starts_with('?') {
                return value.map(str::to_owned);
            }
            if let Some(text) = operator.strip_prefix('+') {
                // What is not set here may be set by whoever starts the project.
                return value.and_then(|_| other(text));
            }
        }
        None
    }
}

fn name_end(text: &str) -> usize {
    text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count()
}

/// Where the brace closes that is open before the text.
pub(super) fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    text.bytes().position(|byte| match byte {
        b'{' => {
            depth += 1;
            false
        }
        b'}' if depth == 0 => true,
        b'}' => {
            depth -= 1;
            false
        }
        _ => false,
    })
}

/// The parts of a short form, divided at each `:` that stands outside of variables.
#[must_use]
pub fn parts(text: &str) -> Vec<&str> {
    let (mut depth, mut from) = (0_usize, 0);
    let mut found = Vec::new();
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b':' if depth == 0 => {
                found.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    found.push(&text[from..]);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn variables_follow_the_specification() {
        let file = b"# x\nTAG=1.2 # stable\nexport EMPTY=\nQ='a $b'\nD=\"two\"\nMADE=$TAG\nDB_PASSWORD=hunter2\n";
        let environment = Environment::read(file);
        let table: &[(&str, Option<&str>)] = &[
            ("app:$TAG", Some("app:1.2")),
            ("app:${TAG}-x", Some("app:1.2-x")),
            ("${NONE:-a}", Some("a")),
            ("${NONE:-${TAG:-b}}c", Some("1.2c")),
            ("${NONE-${OTHER-b}}", Some("b")),
            ("${EMPTY:-a}${EMPTY-b}", Some("a")),
            ("${TAG:?no tag}", Some("1.2")),
            ("${TAG:+set}${EMPTY:+set}", None),
            ("${TAG+set}${EMPTY+set}", Some("setset")),
            ("$Q $D $$TAG", Some("a $b two $TAG")),
            ("${NONE}", None),
            ("$NONE", None),
            ("$MADE", None),
            ("$DB_PASSWORD", None),
            ("${TAG", None),
        ];
        for (text, expected) in table {
            assert_eq!(environment.text(text, 0).as_deref(), *expected, "{text}");
        }
    }

    #[test]
    fn short_forms_are_divided_outside_of_variables() {
        assert_eq!(parts("${DIR:-/a:b}:/c:ro"), ["${DIR:-/a:b}", "/c", "ro"]);
        assert_eq!(parts("a"), ["a"]);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[${}:?+a-c\\-é]{0,60}") {
            let _ = Environment::default().interpolated(&text);
            prop_assert_eq!(parts(&text).join(":"), text);
        }
    }
}
