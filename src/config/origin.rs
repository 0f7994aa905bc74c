//! Every value that is set, and where: for `config show`.

use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{ConfigError, chain};

/// One value of a configuration file.
#[derive(Debug, PartialEq, Eq)]
pub struct Value {
    /// Its key, with dots: `gate.fail-on`, `ignore[0].rule`.
    pub key: String,
    /// As the file writes it, on one line.
    pub text: String,
    /// The file.
    pub path: PathBuf,
    /// From 1.
    pub line: usize,
}

/// The values that hold, in the files' order: a list stands once for each file that adds to it.
///
/// # Errors
/// As [`super::load()`], but for values out of range.
pub fn values(path: &Path) -> Result<Vec<Value>, ConfigError> {
    let mut found: Vec<Value> = Vec::new();
    for link in chain(path)? {
        // It was parsed before: a second parse differs in keeping places.
        let Ok(table) = DeTable::parse(&link.text) else { continue };
        let mut own = Vec::new();
        let file = File { text: &link.text, path: &link.path };
        file.table("", table.get_ref(), &mut own);
        own.sort_by_key(|(at, _)| *at);
        for (_, value) in own {
            let adds = value.text.starts_with('[') || value.key.contains("[");
            if adds || !found.iter().any(|known| known.key == value.key) {
                found.push(value);
            }
        }
    }
    Ok(found)
}

struct File<'a> {
    text: &'a str,
    path: &'a Path,
}

impl File<'_> {
    fn table(&self, prefix: &str, table: &DeTable<'_>, found: &mut Vec<(usize, Value)>) {
        for (key, value) in table {
            let key = format!("{prefix}{}", key.get_ref());
            self.value(key, value, found);
        }
    }

    fn value(&self, key: String, value: &Spanned<DeValue<'_>>, found: &mut Vec<(usize, Value)>) {
        match value.get_ref() {
            DeValue::Table(table) => self.table(&format!("{key}."), table, found),
            DeValue::Array(items) if items.iter().any(|item| matches!(item.get_ref(), DeValue::Table(_))) => {
                for (at, item) in items.iter().enumerate() {
                    self.value(format!("{key}[{at}]"), item, found);
                }
            }
            _ => {
                let span = value.span();
                let text = self.text.get(span.clone()).unwrap_or_default();
                let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                let line = self.text.get(..span.start).unwrap_or_default().matches('\n').count() + 1;
                found.push((span.start, Value { key, text, path: self.path.to_owned(), line }));
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests write the files they read")]
mod tests {
    use super::*;
    use crate::config::{CONFIG_FILE, find, load};
    use crate::model::Severity;

    fn tree(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("writes");
            std::fs::write(path, text).expect("writes");
        }
        let path = folder.path().join(CONFIG_FILE);
        (folder, path)
    }

    #[test]
    fn what_is_extended_holds_where_nothing_else_is_said() {
        let own = "extends = \"team/base.toml\"\n[gate]\nfail-on = \"low\"\n[scan]\nexclude = [\"own/**\"]\n";
        let base = "[gate]\nfail-on = \"critical\"\ntolerate = 3\n[scan]\nexclude = [\"base/**\"]\n";
        let (_folder, path) = tree(&[(CONFIG_FILE, own), ("team/base.toml", base)]);
        let settings = load(&path).expect("reads");
        assert_eq!(settings.fail_on, Some(Some(Severity::Low)));
        assert_eq!(settings.tolerate, Some(3));
        assert_eq!(settings.scan.exclude, ["base/**", "own/**"]);
        let shown: Vec<(String, usize)> =
            values(&path).expect("reads").into_iter().map(|value| (value.key, value.line)).collect();
        let expected =
            [("extends", 1), ("gate.fail-on", 3), ("scan.exclude", 5), ("gate.tolerate", 3), ("scan.exclude", 5)];
        assert_eq!(shown, expected.map(|(key, line)| (key.to_owned(), line)));
    }

    #[test]
    fn a_configuration_extends_neither_itself_nor_what_is_outside() {
        let (_folder, path) =
            tree(&[(CONFIG_FILE, "extends = \"b.toml\"\n"), ("b.toml", "extends = \"portcullis.toml\"")]);
        assert!(load(&path).expect_err("a cycle").to_string().contains("extends itself"));
        let (_folder, path) = tree(&[(CONFIG_FILE, "extends = \"../b.toml\"\n")]);
        let error = load(&path).expect_err("outside").to_string();
        assert!(error.contains(":1:11: ") && error.contains("outside"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_leads_nowhere_outside() {
        use std::os::unix::fs::symlink;
        let (outside, _) = tree(&[("b.toml", ""), ("rules/r.toml", "")]);
        for text in [
            "extends = \"b.toml\"\n",
            "[scan]\nrules = [\"rules\"]\n",
            "[scan]\nrules = [\"there/rules\"]\n",
            "[deps]\nvex = [\"b.toml\"]\n",
            "[iac]\ntf-var-files = [\"there/b.toml\"]\n",
        ] {
            let (folder, path) = tree(&[(CONFIG_FILE, text)]);
            for (name, to) in [("b.toml", "b.toml"), ("rules", "rules"), ("there", "")] {
                symlink(outside.path().join(to), folder.path().join(name)).expect("links");
            }
            let error = load(&path).expect_err(text).to_string();
            assert!(error.contains("outside"), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_configuration_that_is_found_is_the_trees_own() {
        use std::os::unix::fs::symlink;
        let (outside, elsewhere) = tree(&[(CONFIG_FILE, "")]);
        let (folder, path) = tree(&[("sub/a", "")]);
        symlink(&elsewhere, &path).expect("links");
        let error = find(&folder.path().join("sub")).expect_err("it is another's").to_string();
        assert!(error.contains("--config"), "{error}");
        // A link within a repository stays in it.
        std::fs::create_dir(outside.path().join(".git")).expect("writes");
        std::fs::create_dir(outside.path().join("sub")).expect("writes");
        symlink("../portcullis.toml", outside.path().join("sub/portcullis.toml")).expect("links");
        let found = find(&outside.path().join("sub")).expect("reads").expect("is there");
        assert!(found.ends_with("sub/portcullis.toml"), "{found:?}");
    }

    #[test]
    fn gates_are_one_table_or_several() {
        let several = "[[gate]]\nfail-on = \"critical\"\n[[gate]]\npaths = [\"prod/**\"]\nfail-on = \"medium\"\n";
        let (_folder, path) = tree(&[(CONFIG_FILE, several)]);
        let settings = load(&path).expect("reads");
        assert_eq!(settings.fail_on, Some(Some(Severity::Critical)));
        assert_eq!(settings.fail_on_paths, [(vec!["prod/**".to_owned()], Some(Severity::Medium))]);
        let (_folder, path) = tree(&[(CONFIG_FILE, "[[gate]]\npaths = [\"a\"]\ntolerate = 1\n")]);
        assert!(load(&path).expect_err("is refused").to_string().contains("needs a `fail-on`"));
    }

    #[test]
    fn a_tool_is_a_ready_entry_or_a_command() {
        let text = "[[tool]]\nuse = \"zizmor\"\ntimeout = \"5m\"\n[[tool]]\ncommand = [\"lint\", \"--sarif\"]\n";
        let (_folder, path) = tree(&[(CONFIG_FILE, text)]);
        let tools = load(&path).expect("reads").tools;
        assert_eq!((tools[0].name.as_str(), &tools[0].nothing[..]), ("zizmor", &[3][..]));
        assert_eq!((tools[1].name.as_str(), &tools[1].findings[..]), ("lint", &[1][..]));
        for (wrong, told) in [
            ("use = \"zismor\"", "did you mean `zizmor`?"),
            ("name = \"x\"", "needs a `command`"),
            ("use = \"trivy\"\nfolder = \"../x\"", "outside the root"),
            ("use = \"trivy\"\ntimeout = \"0s\"", "not between"),
        ] {
            let (_folder, path) = tree(&[(CONFIG_FILE, &format!("[[tool]]\n{wrong}\n"))]);
            let error = load(&path).expect_err("is refused").to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
