use super::*;
use crate::model::{Input, Sink};
use crate::scan::Scanner as _;
use crate::scan::secrets::{SecretsScanner, Settings};

/// Rule ids of the findings in `text`, each with what suppresses it.
fn findings(files: &[(&str, &str)], path: &str, text: &str) -> Vec<(String, Option<String>)> {
    let mut foreign = Foreign::default();
    for (name, content) in files {
        assert_eq!(foreign.add(name, content.as_bytes()), [], "{name}");
    }
    let scanner = SecretsScanner::new(Settings { foreign, ..Settings::default() }).unwrap();
    let (path, mut sink) = (RepoPath::new(path), Sink::default());
    scanner.scan(&Input::whole(&path, text.as_bytes()), &mut sink);
    let found = |draft: crate::model::Draft| (draft.rule.id.short().to_owned(), draft.suppressed.map(|by| by.source));
    sink.drafts.into_iter().map(found).collect()
}

/// A line whose value is a secret by its name.
fn line() -> String {
    format!("password = \"{}\"\n", ["Riv", "er!84", "kQz"].concat())
}

fn sources(files: &[(&str, &str)], path: &str, text: &str) -> Vec<Option<String>> {
    findings(files, path, text).into_iter().map(|(_, by)| by).collect()
}

#[test]
fn a_custom_rule_of_gitleaks_finds_its_secret() {
    let toml = "[[rules]]\nid = 'acme'\ndescription = 'Acme badge.'\nregex = '''badge(-| )([a-z0-9]{10})'''\n\
                secretGroup = 2\nkeywords = ['BADGE']\npath = '''src/.*'''\n";
    let config = [(".gitleaks.toml", toml)];
    assert_eq!(findings(&config, "src/a.txt", "badge-a1b2c3d4e5\n"), [("acme".to_owned(), None)]);
    assert_eq!(findings(&config, "doc/a.txt", "badge-a1b2c3d4e5\n"), []);
    // A rule without keywords is asked everywhere.
    let bare = [(".gitleaks.toml", "[[rules]]\nid = 'acme'\nregex = '''[a-f]{3}[0-9]{9}'''\n")];
    assert_eq!(findings(&bare, "a.txt", "x abc123456789 y\n"), [("acme".to_owned(), None)]);
}

#[test]
fn allowlists_suppress_by_path_regex_and_word() {
    let by = Some(".gitleaks.toml".to_owned());
    for (list, expected) in [
        ("paths = ['''(^|/)test/''']", by.clone()),
        ("paths = ['''other''']", None),
        ("regexes = ['''^River''']", by.clone()),
        ("regexTarget = 'line'\nregexes = ['''^password''']", by.clone()),
        ("regexes = ['''^password''']", None),
        ("stopwords = ['RIVER']", by.clone()),
        ("condition = 'AND'\npaths = ['''test''']\nregexes = ['''^River''']", by.clone()),
        ("condition = 'AND'\npaths = ['''test''']\nregexes = ['''^Lake''']", None),
        ("targetRules = ['generic-api-key']\npaths = ['''test''']", by.clone()),
        ("targetRules = ['aws-access-token']\npaths = ['''test''']", None),
    ] {
        let toml = format!("[[allowlists]]\ndescription = 'why'\n{list}\n");
        assert_eq!(sources(&[(".gitleaks.toml", &toml)], "test/a.py", &line()), [expected], "{list}");
    }
    let off = [(".gitleaks.toml", "[extend]\nuseDefault = true\ndisabledRules = ['generic-api-key']\n")];
    assert_eq!(sources(&off, "test/a.py", &line()), []);
}

#[test]
fn ignore_files_name_places_and_baselines_values() {
    let text = format!("\n{}", line());
    let ignore = "# why\nsrc/a.py:generic-api-key:2\n";
    assert_eq!(sources(&[(".gitleaksignore", ignore)], "src/a.py", &text), [Some(".gitleaksignore".to_owned())]);
    assert_eq!(sources(&[(".gitleaksignore", ignore)], "src/b.py", &text), [None]);
    let commit = "0123456789abcdef0123456789abcdef01234567:src/a.py:generic-api-key:2\n";
    assert_eq!(sources(&[(".gitleaksignore", commit)], "src/a.py", &text), [None]);
    // sha1sum of the value.
    let hash = format!("{:x}", <sha1::Sha1 as sha1::Digest>::digest(["Riv", "er!84", "kQz"].concat()));
    let json = format!(
        "{{\"results\": {{\"src/a.py\": [{{\"type\": \"Secret Keyword\", \"hashed_secret\": \"{hash}\", \"line_number\": 9}}]}}}}"
    );
    assert_eq!(sources(&[(".secrets.baseline", &json)], "src/a.py", &text), [Some(".secrets.baseline".to_owned())]);
    assert_eq!(sources(&[(".secrets.baseline", &json)], "src/b.py", &text), [None]);
}

#[test]
fn what_does_not_read_is_told() {
    for (name, text, expected) in [
        (".gitleaks.toml", "x = [\n", "line"),
        (".gitleaks.toml", "[[rules]]\nid = 'a'\nregex = '''(?<!x)y'''\n", "`a` is not used"),
        (".gitleaks.toml", "[[rules]]\nid = 'a'\nregex = 'abc'\nsecretGroup = 2\n", "no group 2"),
        (".gitleaks.toml", "[[rules]]\nid = 'a'\npath = '''id_rsa'''\n", "a path alone"),
        (".gitleaks.toml", "[extend]\npath = 'base.toml'\n", "`base.toml` is not followed"),
        (".gitleaks.toml", "[allowlist]\ncommits = ['abc']\n", "`commits` is not used"),
        (".gitleaksignore", "nothing\n", "line 1"),
        (".secrets.baseline", "[", "line 1"),
        (".secrets.baseline", "{}", "no `results`"),
    ] {
        let told = Foreign::default().add(name, text.as_bytes());
        assert_eq!(told.len(), 1, "{text}");
        assert!(told[0].message.contains(expected), "{}", told[0].message);
    }
}
