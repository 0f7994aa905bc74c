//! Layer 2: rules/ to checked rules; generic over the scanner's own rule type.
//!
//! Built-in rules were turned into JSON at build time, in two tables: what a scan needs, and what only people
//! and tests need. Folders of own rules are read from the same TOML at run time.

pub mod form;
pub mod guarantee;
mod lint;
mod provider;

use serde::Deserialize;
use serde::de::DeserializeOwned;

pub use lint::{Form, lint};
pub use provider::Provider;

struct Embedded {
    path: &'static str,
    hot: &'static str,
    docs: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// Why a rule file is none.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// Not TOML, or not of the form.
    #[error("{file}:{line}: {message}")]
    Form {
        /// The file, as it was named.
        file: String,
        /// From 1; 0 where it is not known.
        line: usize,
        /// What is wrong and what to write instead.
        message: String,
    },
    /// A rule that its scanner does not understand.
    #[error("rule `{id}`: {message}")]
    Rule {
        /// The rule.
        id: String,
        /// What is wrong and what to write instead.
        message: String,
    },
}

/// What people and tests are told about a rule, beside what a scan needs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RuleDocs {
    /// The rule's id as its file has it.
    pub id: String,
    /// Why it matters, where to revoke, how to rotate.
    pub help: String,
    /// URLs.
    pub references: Vec<String>,
    /// Texts in which the rule finds something.
    pub matches: Vec<Sample>,
    /// Texts that look alike, in which it finds nothing.
    pub near_misses: Vec<Sample>,
}

/// An example of a rule: a text, perhaps in a file of a certain name.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Sample {
    /// In a file of no special name.
    Text(String),
    /// In a file of this path.
    InFile {
        /// Relative, `/` between parts.
        path: String,
        /// Its content.
        text: String,
    },
}

/// The built-in rules of an area (`secrets`), by file in the order of their paths.
///
/// # Errors
/// Where a built-in rule does not fit `R`, which a test rules out.
pub fn builtin<R: DeserializeOwned>(area: &str) -> Result<Vec<R>, RulesError> {
    read_all(area, |file| file.hot)
}

/// Help and examples of the built-in rules of an area, in the order of [`builtin`].
///
/// # Errors
/// As [`builtin`].
pub fn builtin_docs(area: &str) -> Result<Vec<RuleDocs>, RulesError> {
    read_all(area, |file| file.docs)
}

fn read_all<R: DeserializeOwned>(area: &str, part: fn(&Embedded) -> &'static str) -> Result<Vec<R>, RulesError> {
    let mut all = Vec::new();
    for file in BUILT_IN.iter().filter(|file| file.path.split('/').next() == Some(area)) {
        let rules: Vec<R> = serde_json::from_str(part(file)).map_err(|error| RulesError::Form {
            file: format!("rules/{}", file.path),
            line: 0,
            message: error.to_string(),
        })?;
        all.extend(rules);
    }
    Ok(all)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File<R> {
    #[serde(default = "Vec::new")]
    rule: Vec<R>,
}

/// Reads the rules of one TOML text; `name` is what errors call it.
///
/// # Errors
/// Where the text is not TOML or not of the form, with its line.
pub fn parse<R: DeserializeOwned>(name: &str, text: &str) -> Result<Vec<R>, RulesError> {
    let file: File<R> = toml::from_str(text).map_err(|error| {
        let line =
            error.span().map_or(0, |span| 1 + text.as_bytes().iter().take(span.start).filter(|b| **b == b'\n').count());
        RulesError::Form { file: name.to_owned(), line, message: with_suggestion(error.message()) }
    })?;
    Ok(file.rule)
}

/// Serde says which keys it expected; the nearest of them is what was meant.
fn with_suggestion(message: &str) -> String {
    let mut words = message.split('`').skip(1).step_by(2);
    let (Some(wrong), true) = (words.next(), message.starts_with("unknown field")) else {
        return message.to_owned();
    };
    match words.max_by(|a, b| strsim::jaro(wrong, a).total_cmp(&strsim::jaro(wrong, b))) {
        Some(near) if strsim::jaro(wrong, near) > 0.7 => format!("unknown key `{wrong}`: did you mean `{near}`?"),
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Own {
        id: String,
        #[allow(dead_code)]
        pattern: Option<String>,
    }

    #[test]
    fn an_error_names_file_line_and_the_key_that_was_meant() {
        let error = parse::<Own>("own.toml", "[[rule]]\nid = \"a\"\npatern = \"x\"\n").unwrap_err().to_string();
        assert!(error.starts_with("own.toml:3: "), "{error}");
        assert!(error.contains("did you mean `pattern`?"), "{error}");
        assert_eq!(parse::<Own>("own.toml", "[[rule]]\nid = \"a\"\n").unwrap()[0].id, "a");
    }
}
