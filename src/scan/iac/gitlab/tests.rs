//! Pipelines of several files, and what no file may do.

use super::*;
use crate::model::LineIndex;
use crate::scan::Scanner;
use crate::scan::iac::IacScanner;
use proptest::prelude::*;

static SCANNER: std::sync::LazyLock<IacScanner> =
    std::sync::LazyLock::new(|| IacScanner::new(Settings::default(), Vec::new()));

fn keep(files: &[(&str, &str)]) -> Vec<KeptInput> {
    let mut kept: Vec<KeptInput> = files.iter().map(|(path, text)| KeptInput::work_tree(path, text)).collect();
    kept.sort_by(|a, b| a.path.cmp(&b.path));
    kept
}

fn run(files: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
    let kept = keep(files);
    let mut sink = Sink::default();
    SCANNER.finish(&kept, &mut sink);
    let mut told: Vec<String> = sink
        .drafts
        .iter()
        .map(|draft| {
            let path = draft.path.as_ref().unwrap();
            let bytes = &kept.iter().find(|input| input.path == *path).unwrap().bytes;
            assert!(draft.extent.is_none_or(|extent| extent.contains(draft.span)), "{}", draft.message);
            let line = LineIndex::new(bytes).line_of(draft.span.start);
            format!("{path}:{line} {}", draft.rule.id.short().trim_start_matches("gitlab-"))
        })
        .collect();
    told.sort();
    (told, sink.notices.iter().map(|notice| notice.message.clone()).collect())
}

fn found(files: &[(&str, &str)]) -> Vec<String> {
    run(files).0
}

#[test]
fn includes_inside_the_tree_bring_their_jobs_and_templates() {
    let root = "include:\n  - local: /ci/base.yml\n  - local: '/ci/more/*.yml'\nvariables:\n  DOCKER_TLS_CERTDIR: ''\nbuild:\n  extends: .docker\n  script: [make]\n";
    let base = ".docker:\n  services: ['docker:27.3@sha256:00-dind']\n";
    let other = "lint:\n  script:\n    - eval $CI_COMMIT_TITLE\n";
    let files = [(".gitlab-ci.yml", root), ("ci/base.yml", base), ("ci/more/a.yml", other), ("ci/unused.yml", other)];
    assert_eq!(found(&files), [".gitlab-ci.yml:5 docker-without-tls", "ci/more/a.yml:3 script-injection"]);
    // The same below a folder: a tree of several repositories.
    let below: Vec<(String, &str)> = files.iter().map(|(path, text)| (format!("svc/{path}"), *text)).collect();
    let below: Vec<(&str, &str)> = below.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    assert_eq!(found(&below).len(), 2);
}

#[test]
fn what_a_job_takes_over_is_told_once_where_it_stands() {
    let text = "default:\n  image: node\n.setup: &setup\n  - curl https://a | sh\n.base: &base\n  before_script: *setup\na:\n  <<: *base\n  script: [x]\nb:\n  extends: .base\n  script:\n    - !reference [.setup]\n    - !reference [.late, script]\n.late:\n  script: ['echo $API_TOKEN']\n";
    assert_eq!(
        found(&[(".gitlab-ci.yml", text)]),
        [".gitlab-ci.yml:16 secret-printed", ".gitlab-ci.yml:2 floating-image", ".gitlab-ci.yml:4 pipe-to-shell"]
    );
}

#[test]
fn defaults_and_variables_follow_inherit() {
    let job = |inherit: &str| {
        let text = format!(
            "default:\n  services: ['docker@sha256:00-dind']\nvariables: {{DOCKER_HOST: 'tcp://docker:2375'}}\na:\n  script: [x]\n{inherit}"
        );
        found(&[(".gitlab-ci.yml", &text)]).len()
    };
    assert_eq!(job(""), 1);
    assert_eq!(job("  inherit: {default: false}\n"), 0);
    assert_eq!(job("  inherit: {default: [image]}\n"), 0);
    assert_eq!(job("  inherit: {variables: false}\n"), 0);
    assert_eq!(job("  variables: {DOCKER_HOST: 'tcp://docker:2376'}\n"), 0);
}

#[test]
fn child_pipelines_are_pipelines() {
    let root = "child:\n  trigger:\n    include: ci/child.yml\n";
    let child = "image: node\nx:\n  script: [y]\n";
    assert_eq!(found(&[(".gitlab-ci.yml", root), ("ci/child.yml", child)]), ["ci/child.yml:1 floating-image"]);
}

#[test]
fn circles_towers_and_bombs_end() {
    let circle = [
        (".gitlab-ci.yml", "include: /b.gitlab-ci.yml\nx:\n  extends: .y\n  script: ['curl a | sh']\n"),
        ("b.gitlab-ci.yml", "include: /.gitlab-ci.yml\n.y:\n  extends: x\n  script: !reference [.y, script]\n"),
    ];
    assert_eq!(found(&circle), [".gitlab-ci.yml:4 pipe-to-shell"]);
    let mut bomb = String::from(".a0:\n  script: [x, x, x, x, x, x, x, x]\n");
    for at in 1..12 {
        let parts = vec![format!("!reference [.a{}, script]", at - 1); 8].join(", ");
        bomb.push_str(&format!(".a{at}:\n  script: [{parts}]\n"));
    }
    let (_, notices) = run(&[(".gitlab-ci.yml", &bomb)]);
    assert_eq!(notices.len(), 1, "{notices:?}");
    let mut tower = String::from("j0:\n  script: [x]\n");
    for at in 1..3000 {
        tower.push_str(&format!("j{at}:\n  extends: j{}\n", at - 1));
    }
    let started = std::time::Instant::now();
    let (_, notices) = run(&[(".gitlab-ci.yml", &tower)]);
    assert_eq!(notices.len(), 1);
    assert!(started.elapsed().as_secs() < 20);
}

#[test]
fn no_message_holds_a_secret() {
    let value = ["hunter", "2hunter", "9"].concat();
    let text = format!(
        "variables:\n  DB_PASSWORD: {value}\n  API_TOKEN: {{value: \"{value}\"}}\nx:\n  script:\n    - curl -k --data password={value} https://u:{value}@a.example\n"
    );
    let kept = keep(&[(".gitlab-ci.yml", &text)]);
    let mut sink = Sink::default();
    SCANNER.finish(&kept, &mut sink);
    assert!(sink.drafts.len() >= 3);
    for draft in &sink.drafts {
        assert!(!draft.message.contains(&value), "{}", draft.message);
        for secret in &draft.secrets {
            assert_eq!(secret.of(text.as_bytes()).iter().filter(|b| **b != b'"').count(), value.len());
        }
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(body in "[-\\[\\]{}:,!&*<a-c$(`'\" \n]{0,100}", which in 0..4usize) {
        let heads = ["a:\n  script:\n    - ", "include:\n  - ", "a:\n  extends: b\nb:\n  image: ", "variables:\n  TOKEN: "];
        let text = format!("{}{body}", heads[which]);
        let kept = keep(&[(".gitlab-ci.yml", &text)]);
        let mut sink = Sink::default();
        SCANNER.finish(&kept, &mut sink);
        for draft in &sink.drafts {
            prop_assert!(draft.span.end as usize <= text.len());
        }
    }
}

#[test]
fn includes_that_are_not_followed_are_told() {
    let text = "include:\n  - local: /gone.yml\n  - template: Jobs/SAST.gitlab-ci.yml\n  - project: a/b\n    ref: 0123456789012345678901234567890123456789\n    file: x.yml\n  - ci/here.yml\n";
    let (_, told) = run(&[(".gitlab-ci.yml", text), ("ci/here.yml", "lint:\n  script: [make]\n")]);
    assert_eq!(
        told,
        [
            "The local include `/gone.yml` is no file of this scan, and its jobs were not checked.",
            "2 includes are not in the tree (a project, component, template or address), and not read.",
        ]
    );
}
