//! Which files of many platforms are read, and how.

use super::super::super::IacScanner;
use super::*;
use crate::model::{Draft, Origin};
use crate::scan::Scanner;
use proptest::prelude::*;

static SCANNER: std::sync::LazyLock<IacScanner> =
    std::sync::LazyLock::new(|| IacScanner::new(Settings::default(), Vec::new()));

fn scan_text(path: &str, text: &str) -> Sink {
    let mut sink = Sink::default();
    let path = RepoPath::new(path);
    SCANNER.scan(&Input::whole(&path, text.as_bytes()), &mut sink);
    let kept = KeptInput { path, bytes: text.as_bytes().into(), origin: Origin::WorkTree };
    SCANNER.finish(&[kept], &mut sink);
    sink
}

fn of<'s>(sink: &'s Sink, id: &str) -> Vec<&'s Draft> {
    sink.drafts.iter().filter(|draft| draft.rule.id.short() == id).collect()
}

#[test]
fn a_template_that_breaks_off_before_its_resources_is_told_of() {
    let resources = "Resources:\n  B:\n    Type: AWS::S3::Bucket\n";
    for (path, before, told) in [
        ("t.yaml", "Parameters:\n  A: [\n", 1),
        ("t.yaml", "Parameters: {}\n", 0),
        ("serverless.yml", "provider: {name: aws\n", 1),
    ] {
        let sink = scan_text(path, &format!("{before}{resources}"));
        let incomplete = sink.notices.iter().filter(|notice| notice.incomplete).count();
        assert_eq!(incomplete, told, "{path} {before:?} {:?}", sink.notices);
    }
    assert!(scan_text("notes.yaml", "about: 'AWS:: and Resources:\n").notices.is_empty());
}

#[test]
fn suppressions_in_documents_keep_their_reason() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  annotations:\n    checkov.io/skip1: CKV_K8S_16=needs devices\nspec:\n  containers:\n    - name: c\n      securityContext: {privileged: true}\n";
    let sink = scan_text("pod.yaml", pod);
    let found = of(&sink, "k8s-privileged-container");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].suppressed.as_ref().map(|one| one.reason.as_str()), Some("needs devices"));
    assert!(of(&sink, "k8s-runs-as-root")[0].suppressed.is_none());
    let template = "Resources:\n  V:\n    Type: AWS::EC2::Volume\n    Metadata: {checkov: {skip: [{id: CKV_AWS_3, comment: scratch}]}}\n";
    let sink = scan_text("t.yaml", template);
    assert!(of(&sink, "cfn-ebs-unencrypted")[0].suppressed.is_some());
}

#[test]
fn lists_documents_and_json_are_all_read() {
    let pod = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"hostPID":true,"containers":[]}}"#;
    let list = format!(r#"{{"apiVersion":"v1","kind":"List","items":[{pod},{pod}]}}"#);
    assert_eq!(of(&scan_text("l.json", &list), "k8s-host-pid").len(), 2);
    let cron = "a: 1\n---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {name: c}\nspec: {jobTemplate: {spec: {template: {spec: {hostPID: true}}}}}\n";
    assert_eq!(of(&scan_text("c.yaml", cron), "k8s-host-pid").len(), 1);
}

#[test]
fn what_is_not_ours_stays_silent_and_helm_is_named() {
    let sink = scan_text("chart/templates/d.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: {{ .Values.name }}}\n");
    assert_eq!((sink.drafts.len(), sink.notices.len()), (0, 1));
    for text in ["services: [postgres]\nimage: x\n", "apiVersion: 1\nproviders: []\n", "{\"services\": 1"] {
        let sink = scan_text("x.yaml", text);
        assert_eq!((sink.drafts.len(), sink.notices.len()), (0, 0), "{text}");
    }
}

#[test]
fn a_map_that_is_asked_for_often_does_not_grow_without_bound() {
    let map: String = (0..2000).map(|n| format!("      k{n}: v\n")).collect();
    let uses: String = (0..5000).map(|n| format!("      p{n}: !FindInMap [M, a, b]\n")).collect();
    let text =
        format!("Mappings:\n  M:\n   a:\n    b:\n{map}Resources:\n  R:\n    Type: AWS::X::Y\n    Properties:\n{uses}");
    let started = std::time::Instant::now();
    scan_text("t.yaml", &text);
    assert!(started.elapsed().as_secs() < 20);
}

proptest! {
    #[test]
    fn spans_lie_in_the_text_whatever_it_is(body in "[\\[\\]{}:,!&*<a-c$ \n-]{0,80}", which in 0..4usize) {
        let heads = [
            "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n    x: ",
            "Resources:\n  R:\n    Type: AWS::S3::Bucket\n    Properties:\n      P: ",
            "service: a\nprovider:\n  name: aws\nfunctions:\n  f: ",
            "services:\n  a:\n    image: ",
        ];
        let text = format!("{}{body}", heads[which]);
        let sink = scan_text("x.yaml", &text);
        for draft in &sink.drafts {
            prop_assert!(draft.span.end as usize <= text.len());
            prop_assert!(draft.extent.is_none_or(|extent| extent.contains(draft.span)));
        }
    }
}
