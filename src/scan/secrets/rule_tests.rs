//! Every rule by its own examples, which are put together only here.

use super::*;
use crate::model::Span;
use crate::ruleset::{Form, Provider, RuleDocs, Sample, lint};

#[path = "../../../tests/it/labelled/digits.rs"]
mod digits;

/// `{{CLASS:N}}`, `{{check}}`, `{{badcheck}}`, `{{}}`; the same text every time.
fn expand(sample: &str) -> String {
    let mut out = String::new();
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut rest = sample;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((what, tail)) = after.split_once("}}") else {
            out.push_str("{{");
            rest = after;
            continue;
        };
        rest = tail;
        match what.rsplit_once(':') {
            Some((class, count)) if count.parse::<usize>().is_ok() => {
                let class = class_of(class);
                for _ in 0..count.parse::<usize>().unwrap() {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    out.push(class[(state >> 33) as usize % class.len()]);
                }
            }
            _ if what.trim_start_matches("bad").starts_with("check") => {
                let kind = what.split_once(':').map_or("", |(_, kind)| kind);
                out += &digits::digits(&out, kind, what.starts_with("check")).unwrap();
            }
            _ if what.is_empty() => {}
            _ => {
                out.push_str("{{");
                out.push_str(what);
                out.push_str("}}");
            }
        }
    }
    out + rest
}

fn class_of(class: &str) -> Vec<char> {
    let chars: Vec<char> = class.chars().collect();
    let mut out = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        if at + 2 < chars.len() && chars[at + 1] == '-' {
            out.extend(chars[at]..=chars[at + 2]);
            at += 3;
        } else {
            out.push(chars[at]);
            at += 1;
        }
    }
    out
}

fn ids(scanner: &SecretsScanner, path: &str, text: &str) -> Vec<String> {
    let mut sink = Sink::default();
    let path = RepoPath::new(path);
    scanner.scan(&Input::whole(&path, text.as_bytes()), &mut sink);
    sink.drafts.iter().map(|draft| draft.rule.id.as_str().to_owned()).collect()
}

fn found(scanner: &SecretsScanner, id: &str, sample: &Sample) -> bool {
    let (path, text) = match sample {
        Sample::Text(text) => ("src/sample.txt", text),
        Sample::InFile { path, text } => (path.as_str(), text),
    };
    ids(scanner, path, &expand(text)).iter().any(|found| found.strip_prefix("secrets/") == Some(id))
}

#[test]
fn every_rule_finds_its_matches_and_not_its_near_misses() {
    let scanner = SecretsScanner::new(Settings::default()).unwrap();
    let mut wrong: Vec<String> =
        scanner.broken().iter().map(|id| format!("{id}: its pattern does not compile")).collect();
    let rules: Vec<SecretRuleSource> = ruleset::builtin("secrets").unwrap();
    let docs: Vec<RuleDocs> = ruleset::builtin_docs("secrets").unwrap();
    let mut seen = HashSet::new();
    for (rule, doc) in rules.iter().zip(&docs) {
        if !seen.insert(&rule.id) {
            wrong.push(format!("`{}` stands twice", rule.id));
        }
        wrong.extend(lint(Form {
            id: &rule.id,
            title: &rule.title,
            help: &doc.help,
            references: doc.references.len(),
            matches: doc.matches.len(),
            near_misses: doc.near_misses.len(),
        }));
        for (samples, expected) in [(&doc.matches, true), (&doc.near_misses, false)] {
            for sample in samples.iter().filter(|sample| found(&scanner, &rule.id, sample) != expected) {
                wrong.push(format!("`{}`: {} {sample:?}", rule.id, if expected { "misses" } else { "finds" }));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong of {} rules\n{}", wrong.len(), rules.len(), wrong.join("\n"));
}

/// Each provider by each of its names and forms, and the same value without the name, and another value with it.
#[test]
fn every_provider_is_told_by_its_name_and_the_form_of_the_value() {
    let scanner = SecretsScanner::new(Settings::default()).unwrap();
    let known: HashSet<String> =
        ruleset::builtin::<SecretRuleSource>("secrets").unwrap().into_iter().map(|rule| rule.id).collect();
    let (mut wrong, mut seen) = (Vec::new(), HashSet::new());
    for (seed, provider) in (0u64..).zip(Provider::all()) {
        if known.contains(provider.id) || !seen.insert(provider.id) {
            wrong.push(format!("`{}` stands twice", provider.id));
        }
        wrong.extend(lint(Form {
            id: provider.id,
            title: &provider.title(),
            help: &provider.help(),
            references: usize::from(!provider.site.is_empty()),
            matches: provider.words.len(),
            near_misses: provider.forms.len(),
        }));
        let own = format!("secrets/{}", provider.id);
        for (word, form) in provider.words.iter().flat_map(|word| provider.forms.iter().map(move |form| (word, form))) {
            let value = form.sample(seed);
            let line = |name: &str, value: &str| format!("{name}_API_KEY = \"{value}\"\n");
            let upper = word.to_ascii_uppercase();
            // A rule that knows more of the value may tell it first.
            let found = ids(&scanner, "src/client.py", &line(&upper, &value));
            if found.iter().all(|id| *id != own && !known.contains(id.trim_start_matches("secrets/"))) {
                wrong.push(format!("`{}` misses {upper} and {} bytes: {found:?}", provider.id, value.len()));
            }
            for text in [line("OUR", &value), line(&upper, &value[..7]), line(&format!("Q{upper}"), &value)] {
                if ids(&scanner, "src/client.py", &text).contains(&own) {
                    wrong.push(format!(
                        "`{}` is told of a value of {} bytes without name or form",
                        provider.id,
                        value.len()
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong of {}\n{}", wrong.len(), seen.len(), wrong.join("\n"));
}

#[test]
fn a_provider_that_is_off_leaves_its_credentials_to_their_context() {
    let provider = &Provider::all()[0];
    let text = format!("{}_API_KEY = '{}'\n", provider.words[0], provider.forms[0].sample(3));
    let settings = Settings { disabled: vec![provider.id.to_owned()], ..Settings::default() };
    let scanner = SecretsScanner::new(settings).unwrap();
    assert_eq!(ids(&scanner, "a.py", &text), ["secrets/generic-secret"]);
    assert!(scanner.rules().iter().all(|rule| rule.id.short() != provider.id));
}

#[test]
fn context_makes_secrets_and_placeholders_do_not() {
    let scanner = SecretsScanner::new(Settings::default()).unwrap();
    let value = expand("{{A-Za-z0-9:24}}");
    for (path, text) in [
        ("a.py", format!("api_key = \"{value}\"")),
        ("a.rs", format!("let api_token: &str = \"{value}\";")),
        ("a.json", format!("{{\"clientSecret\": \"{value}\"}}")),
        (".env", format!("DB_PASSWORD={value}\n")),
        ("a.yaml", format!("password: {value}\n")),
        ("a.js", format!("const u = 'postgres://app:{value}@db/x'")),
        ("a.sh", format!("curl -H 'Authorization: Bearer {value}'")),
    ] {
        assert!(!ids(&scanner, path, &text).is_empty(), "{path}: {text}");
    }
    for (path, text) in [
        ("a.py", "password = os.environ['PASSWORD']"),
        ("a.yaml", "password: ${DB_PASSWORD}\n"),
        ("a.js", "const token = getToken(request)"),
        (".env", "API_KEY=your-api-key-here\n"),
        ("a.py", "url = 'https://user:password@host/'"),
        ("a.pem", "-----BEGIN PRIVATE KEY-----\nnot a key\n-----END PRIVATE KEY-----"),
    ] {
        assert!(ids(&scanner, path, text).is_empty(), "{path}: {text}");
    }
}

#[test]
fn other_forms_are_undone() {
    use base64::Engine as _;
    let scanner = SecretsScanner::new(Settings::default()).unwrap();
    let token = expand("ghp_{{A-Za-z0-9:30}}{{check}}");
    let percent: String = token.bytes().map(|b| format!("%{b:02x}")).collect();
    let entities: String = token.bytes().map(|b| format!("&#{b};")).collect();
    let hex: String = token.bytes().map(|b| format!("{b:02x}")).collect();
    let (a, b) = token.split_at(20);
    for text in [
        base64::engine::general_purpose::STANDARD.encode(&token),
        percent,
        entities,
        hex,
        format!("x = \"{a}\" + \"{b}\""),
        format!("x = (\"{a}\"\n     \"{b}\")"),
    ] {
        assert_eq!(ids(&scanner, "a.txt", &text), ["secrets/github-personal-access-token"], "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400)) {
        let scanner = SecretsScanner::new(Settings::default()).unwrap();
        let path = RepoPath::new(".env");
        scanner.scan(&Input::whole(&path, &bytes), &mut Sink::default());
    }
}

/// Where a value stands and what it is, for every finding of a text.
fn places(scanner: &SecretsScanner, path: &str, text: &[u8]) -> Vec<(Span, String)> {
    let mut sink = Sink::default();
    let path = RepoPath::new(path);
    scanner.scan(&Input::whole(&path, text), &mut sink);
    sink.drafts.iter().map(|draft| (draft.span, draft.rule.id.to_string())).collect()
}

#[test]
fn the_prefilter_changes_no_finding() {
    let fast = SecretsScanner::new(Settings::default()).unwrap();
    let slow = SecretsScanner::new(Settings { prefilter: false, ..Settings::default() }).unwrap();
    let docs: Vec<RuleDocs> = ruleset::builtin_docs("secrets").unwrap();
    for sample in docs.iter().flat_map(|doc| doc.matches.iter().chain(&doc.near_misses)) {
        let (Sample::Text(text) | Sample::InFile { text, .. }) = sample;
        for text in [expand(text), format!("x\n\tkey: \"{}\"\n", expand(text)), format!("/a/b-{}", expand(text))] {
            for path in ["a.js", ".env"] {
                let (fast, slow) = (places(&fast, path, text.as_bytes()), places(&slow, path, text.as_bytes()));
                assert_eq!(fast, slow, "{path}: {sample:?}");
            }
        }
    }
}

#[test]
fn wrong_check_digits_are_no_secret_of_any_kind() {
    let scanner = SecretsScanner::new(Settings::default()).unwrap();
    for (token, right) in [
        ("ghp_{{A-Za-z0-9:30}}{{check}}", true),
        ("ghp_{{A-Za-z0-9:30}}{{badcheck}}", false),
        ("glsa_{{A-Za-z0-9:32}}_{{badcheck:grafana}}", false),
        ("nsec1{{qpzry9x8gf2tvdw0s3jn54khce6mua7l:52}}{{badcheck:bech32}}", false),
    ] {
        let text = expand(&format!("GITHUB_TOKEN = \"{token}\"\n"));
        let (path, mut sink) = (RepoPath::new("a.py"), Sink::default());
        scanner.scan(&Input::whole(&path, text.as_bytes()), &mut sink);
        assert_eq!(!sink.drafts.is_empty(), right, "{token}");
    }
}
