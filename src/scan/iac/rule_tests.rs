//! Every built-in rule by its own examples.

use super::*;
use crate::model::{LineIndex, NoticeLevel, Origin};

/// The built-in rule files with their examples: path below `rules/iac`, and text.
fn rule_files() -> Vec<(String, String)> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/iac");
    let (mut folders, mut files) = (vec![root.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "toml") {
                let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
                #[expect(clippy::disallowed_methods, reason = "the project's own rule files, with their examples")]
                files.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

#[test]
fn the_rules_that_the_program_carries_are_those_of_the_files() {
    let told = |rule: &IacRule| {
        // Predicates of the carried ones compile their expressions late.
        let on: Vec<String> = rule.on.iter().map(|on| format!("{:?} {:?}", on.kinds, on.fix)).collect();
        format!("{:?} {on:?} {:?}", rule.rule, rule.subsumes)
    };
    let carried: Vec<_> = rule::built_in().map(|rule| told(&rule)).collect();
    let written: Vec<_> = rule_files().iter().flat_map(|(_, text)| rule::read(text).unwrap()).collect();
    assert_eq!(carried.len(), written.len());
    for (carried, written) in carried.iter().zip(written.iter().map(told)) {
        assert_eq!(*carried, written);
    }
}

/// The file an example of a rule file stands in.
fn sample_path(rule_file: &str) -> RepoPath {
    if rule_file == "github-actions/pre-commit.toml" {
        return RepoPath::new(".pre-commit-config.yaml");
    }
    if rule_file == "github-actions/dependabot.toml" {
        return RepoPath::new(".github/dependabot.yml");
    }
    if rule_file == "kubernetes/helm.toml" {
        return RepoPath::new("chart/values.yaml");
    }
    RepoPath::new(match rule_file.split('/').next() {
        Some("dockerfile") => "Dockerfile",
        Some("github-actions") => ".github/workflows/ci.yml",
        Some("kubernetes") => "k8s/app.yaml",
        Some("compose") => "compose.yaml",
        Some("cloudformation") => "template.yaml",
        Some("gitlab-ci") => ".gitlab-ci.yml",
        Some("serverless") => "serverless.yml",
        _ => "main.tf",
    })
}

fn drafts(scanner: &IacScanner, path: &RepoPath, text: &str) -> Sink {
    let mut kept = vec![KeptInput { path: path.clone(), bytes: text.as_bytes().into(), origin: Origin::WorkTree }];
    if path.file_name() == "values.yaml" {
        kept.push(KeptInput::work_tree("chart/Chart.yaml", "apiVersion: v2\nname: a\nversion: 1.0.0\n"));
    }
    let mut sink = Sink::default();
    scanner.scan(&kept[0].as_input(), &mut sink);
    scanner.finish(&kept, &mut sink);
    sink
}

fn findings(scanner: &IacScanner, path: &RepoPath, id: &str, snippet: &str) -> Vec<u32> {
    // A Dockerfile has no comment after an instruction: the mark would be an argument.
    let unmarked = snippet.replace(" # here", "");
    let snippet = if path.file_name() == "Dockerfile" { unmarked.as_str() } else { snippet };
    let mut sink = drafts(scanner, path, snippet);
    // An example of an include from elsewhere has its note that it was not followed.
    sink.notices.retain(|notice| notice.level > NoticeLevel::Note);
    assert!(sink.notices.is_empty(), "{id}: {:?}\n{snippet}", sink.notices);
    let lines = LineIndex::new(snippet.as_bytes());
    let mut found: Vec<u32> = sink
        .drafts
        .iter()
        .filter(|draft| draft.rule.id.as_str() == id)
        .map(|draft| lines.line_of(draft.span.start))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[test]
fn every_rule_finds_its_bad_examples_where_marked_and_nothing_in_its_good_ones() {
    let scanner = IacScanner::new(Settings::default(), Vec::new());
    let mut wrong = Vec::new();
    let files = rule_files();
    let files = files
        .iter()
        .flat_map(|(file, text)| rule::read(text).unwrap().into_iter().map(|rule| (sample_path(file), rule)));
    for (path, rule) in files {
        let id = rule.rule.id.as_str();
        if rule.bad.is_empty() || rule.good.is_empty() {
            wrong.push(format!("{id} lacks an example"));
        }
        for snippet in &rule.bad {
            let marked: Vec<u32> =
                (1..).zip(snippet.lines()).filter(|(_, line)| line.contains("# here")).map(|(at, _)| at).collect();
            let found = findings(&scanner, &path, id, snippet);
            if found != marked || marked.is_empty() {
                wrong.push(format!("{id} found on lines {found:?}, marked {marked:?}:\n{snippet}"));
            }
        }
        for snippet in &rule.good {
            let found = findings(&scanner, &path, id, snippet);
            if !found.is_empty() {
                wrong.push(format!("{id} found on lines {found:?} of a good example:\n{snippet}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn ids_and_aliases_are_well_formed_and_ids_are_unique() {
    let scanner = IacScanner::new(Settings::default(), Vec::new());
    let mut seen = HashSet::new();
    for rule in scanner.book().rules() {
        let id = rule.rule.id.as_str();
        assert!(seen.insert(id.to_owned()), "{id} twice");
        assert!(!rule.rule.help.is_empty() && !rule.rule.references.is_empty(), "{id} lacks help or a reference");
        assert!(!rule.rule.title.ends_with('.'), "{id}");
    }
}

#[test]
fn a_fix_removes_its_finding_and_the_file_still_parses() {
    let scanner = IacScanner::new(Settings::default(), Vec::new());
    let (mut wrong, mut fixed) = (Vec::new(), 0);
    for (file, text) in &rule_files() {
        let path = sample_path(file);
        for snippet in rule::read(text).unwrap().iter().flat_map(|rule| &rule.bad) {
            let before = drafts(&scanner, &path, snippet);
            for draft in before.drafts.iter().filter(|draft| !draft.fixes.is_empty()) {
                let mut mended = snippet.clone();
                for one in draft.fixes[0].replacements.iter().rev() {
                    mended.replace_range(one.span.start as usize..one.span.end as usize, &one.text);
                }
                let after = drafts(&scanner, &path, &mended);
                let count = |sink: &Sink| {
                    let same = |other: &&Draft| other.rule.id == draft.rule.id && other.anchor == draft.anchor;
                    sink.drafts.iter().filter(same).count()
                };
                fixed += 1;
                if count(&after) >= count(&before) || !after.notices.is_empty() {
                    wrong.push(format!("{} {:?}\n{mended}", draft.rule.id, draft.fixes[0]));
                }
            }
        }
    }
    assert!(fixed > 500, "{fixed}");
    assert!(wrong.is_empty(), "{} of {fixed} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn tfsecs_long_and_short_names_stand_for_the_rules_that_have_its_check_among_their_aliases() {
    let rules: Vec<IacRule> = rule::built_in().collect();
    let named = |name: &str| rules.iter().filter(|rule| rule.rule.answers_to(name)).collect::<Vec<_>>();
    for (name, alias) in [
        ("aws-s3-enable-bucket-encryption", "AVD-AWS-0088"),
        ("aws-vpc-no-public-ingress-sgr", "AVD-AWS-0107"),
        ("aws-ec2-no-public-ingress-sgr", "AVD-AWS-0107"),
        ("AWS001", "AVD-AWS-0092"),
        ("google-gke-enable-private-cluster", "AVD-GCP-0059"),
    ] {
        let found = named(name);
        assert!(!found.is_empty(), "{name}");
        assert!(found.iter().all(|rule| rule.rule.aliases.iter().any(|known| known == alias)), "{name}");
    }
    assert!(named("aws-s3-enable-bucket").is_empty());
}

#[test]
fn each_line_of_tfsecs_names_is_of_a_built_in_rule_and_stands_there_once() {
    let rules: Vec<IacRule> = rule::built_in().collect();
    let mut seen = std::collections::HashSet::new();
    for line in include_str!("../../../rules/iac/tfsec.txt").lines().filter(|line| !line.starts_with('#')) {
        let (id, names) = line.split_once(' ').unwrap();
        let of_id = |rule: &&IacRule| rule.rule.aliases.iter().any(|alias| alias == id);
        assert!(rules.iter().any(|rule| of_id(&rule)), "no rule has the alias {id}");
        assert!(seen.insert(id), "{id} stands there twice");
        for name in names.split(' ') {
            assert!(rules.iter().any(|rule| rule.rule.answers_to(name)), "{name} stands for nothing");
        }
    }
}
