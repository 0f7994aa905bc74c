//! Trees of several files.

use proptest::prelude::*;

use super::super::{IacScanner, Settings};
use super::helm::Rendered;
use crate::model::{KeptInput, RepoPath, Sink};
use crate::scan::Scanner;

static SCANNER: std::sync::LazyLock<IacScanner> =
    std::sync::LazyLock::new(|| IacScanner::new(Settings::default(), Vec::new()));

fn scan_with(scanner: &IacScanner, files: &[(&str, &str)]) -> Sink {
    let mut kept: Vec<KeptInput> = files.iter().map(|(path, text)| KeptInput::work_tree(path, text)).collect();
    kept.sort_by(|a, b| a.path.cmp(&b.path));
    let mut sink = Sink::default();
    kept.iter().for_each(|input| scanner.scan(&input.as_input(), &mut sink));
    scanner.finish(&kept, &mut sink);
    sink
}

fn scan(files: &[(&str, &str)]) -> Sink {
    scan_with(&SCANNER, files)
}

/// Path and text of each finding of a rule.
fn found(sink: &Sink, files: &[(&str, &str)], id: &str) -> Vec<String> {
    let mut all: Vec<String> = sink
        .drafts
        .iter()
        .filter(|draft| draft.rule.id.short() == id)
        .map(|draft| {
            let path = draft.path.as_ref().expect("a path").as_str();
            let text = files.iter().find(|(name, _)| *name == path).expect("a file of the tree").1;
            format!("{path}: {}", String::from_utf8_lossy(draft.span.of(text.as_bytes())))
        })
        .collect();
    all.sort();
    all
}

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  hostPID: true\n  containers: []\n";

#[test]
fn a_base_is_judged_alone_only_where_nothing_uses_it() {
    let mends = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  hostPID: false\n  hostIPC: true\n";
    let over = "resources: [../base]\npatches: [{path: mend.yaml}]\n";
    let tree = [
        ("base/kustomization.yaml", "resources: [pod.yaml]\n"),
        ("base/pod.yaml", POD),
        ("over/kustomization.yaml", over),
        ("over/mend.yaml", mends),
    ];
    let sink = scan(&tree);
    assert_eq!(found(&sink, &tree, "k8s-host-pid"), Vec::<String>::new());
    assert_eq!(found(&sink, &tree, "k8s-host-ipc"), ["over/mend.yaml: hostIPC: true"]);
    let alone = &tree[..2];
    assert_eq!(found(&scan(alone), alone, "k8s-host-pid"), ["base/pod.yaml: hostPID: true"]);
    let plain = &tree[1..2];
    assert_eq!(found(&scan(plain), plain, "k8s-host-pid"), ["base/pod.yaml: hostPID: true"]);
}

#[test]
fn what_leads_out_of_the_tree_or_back_is_told() {
    let tree = [
        ("a/kustomization.yaml", "resources: [../../../etc/x.yaml, ../b, /etc/y.yaml]\n"),
        ("b/kustomization.yaml", "resources: [../a]\n"),
        ("c/kustomization.yaml", "resources: [../b]\n"),
    ];
    let messages: Vec<String> = scan(&tree).notices.into_iter().map(|notice| notice.message).collect();
    assert!(messages.iter().any(|text| text.contains("leads back to itself")), "{messages:?}");
    assert!(messages.iter().any(|text| text.contains("`../../../etc/x.yaml` is not among")), "{messages:?}");
}

#[test]
fn suppressions_of_a_base_and_of_an_overlay_count() {
    let over = "resources: [pod.yaml]\ncommonAnnotations:\n  checkov.io/skip1: CKV_K8S_17=known\n";
    let tree = [("kustomization.yaml", over), ("pod.yaml", POD)];
    let sink = scan(&tree);
    let pid = sink.drafts.iter().find(|draft| draft.rule.id.short() == "k8s-host-pid").expect("found");
    assert_eq!(pid.suppressed.as_ref().map(|one| one.reason.as_str()), Some("known"));
}

#[test]
fn what_is_missing_is_not_known_of_a_part_of_a_tree() {
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n";
    let tree = [("n.yaml", namespace)];
    let id = "k8s-namespace-without-default-deny";
    assert_eq!(found(&scan(&tree), &tree, id).len(), 1);
    let part = IacScanner::new(Settings { partial: true, ..Settings::default() }, Vec::new());
    assert_eq!(found(&scan_with(&part, &tree), &tree, id).len(), 0);
    // A base's overlays may stand elsewhere, and an overlay's base.
    let base = [("base/kustomization.yaml", "resources: [pod.yaml]\n"), ("base/pod.yaml", POD)];
    let told = |sink: &Sink| sink.notices.iter().filter(|notice| notice.message.contains("overlay")).count();
    assert_eq!((told(&scan_with(&part, &base)), told(&scan(&base)), told(&scan_with(&part, &tree))), (1, 0, 0));
}

#[test]
fn an_account_of_another_file_gives_its_rights() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: n}\nspec:\n  serviceAccountName: s\n";
    let binding = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: b}\nroleRef: {kind: ClusterRole, name: cluster-admin}\nsubjects: [{kind: Group, name: \"system:serviceaccounts:n\"}]\n";
    let tree = [("pod.yaml", pod), ("rbac.yaml", binding)];
    assert_eq!(found(&scan(&tree), &tree, "k8s-pod-is-cluster-admin"), ["pod.yaml: serviceAccountName: s"]);
}

#[test]
fn a_rendered_chart_is_checked_in_its_templates() {
    let template =
        "apiVersion: v1\nkind: Pod\nmetadata: {name: {{ .Release.Name }}}\nspec:\n  hostPID: {{ .Values.pid }}\n";
    let tree = [("c/Chart.yaml", "name: c\nversion: 1.0.0\n"), ("c/templates/pod.yaml", template)];
    let text =
        "# Source: c/templates/pod.yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: r}\nspec:\n  hostPID: true\n";
    let rendered = vec![Rendered { chart: RepoPath::new("c/Chart.yaml"), text: Ok(text.to_owned()) }];
    let scanner = IacScanner::new(Settings { rendered, ..Settings::default() }, Vec::new());
    let sink = scan_with(&scanner, &tree);
    assert_eq!(found(&sink, &tree, "k8s-host-pid"), ["c/templates/pod.yaml: hostPID: {{ .Values.pid }}"]);
    assert_eq!(sink.notices.len(), 0);
    assert_eq!(scan(&tree).notices.len(), 1);
}

#[test]
fn unquoted_yes_is_true_for_the_api_server() {
    let text = |value: &str| POD.replace("true", value);
    for (value, count) in [("yes", 1), ("\"yes\"", 0), ("On", 1), ("no", 0)] {
        let text = text(value);
        let tree = [("pod.yaml", text.as_str())];
        assert_eq!(found(&scan(&tree), &tree, "k8s-host-pid").len(), count, "{value}");
    }
}

proptest! {
    #[test]
    fn places_lie_in_their_files_whatever_they_hold(
        bodies in proptest::collection::vec("[\\[\\]{}:,!&*<|>a-c$ \n/.-]{0,60}", 4),
        which in 0..3usize,
    ) {
        let heads: [[(&str, &str); 4]; 3] = [
            [
                ("base/kustomization.yaml", "resources:\n- pod.yaml\npatches:\n- patch: |\n    "),
                ("base/pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    x: "),
                ("over/kustomization.yaml", "resources: [../base]\nimages: [{name: a, newTag: "),
                ("over/p.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: "),
            ],
            [
                ("compose.yaml", "services:\n  a:\n    image: b\n    extends: "),
                ("compose.override.yaml", "services:\n  a:\n    environment: "),
                ("compose.prod.yaml", "services:\n  a: "),
                ("x.yaml", "services:\n  b: "),
            ],
            [
                ("c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1\nx: "),
                ("c/values.yaml", "image: a\nsecurityContext: "),
                ("c/templates/a.yaml", "apiVersion: v1\nkind: {{ .Values.x }}\n"),
                ("n.yaml", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nspec:\n  podSelector: "),
            ],
        ];
        let texts: Vec<(&str, String)> =
            heads[which].iter().zip(&bodies).map(|((path, head), body)| (*path, format!("{head}{body}\n"))).collect();
        let files: Vec<(&str, &str)> = texts.iter().map(|(path, text)| (*path, text.as_str())).collect();
        for draft in &scan(&files).drafts {
            let path = draft.path.as_ref().map_or("", RepoPath::as_str);
            let length = files.iter().find(|(name, _)| *name == path).map_or(0, |(_, text)| text.len());
            prop_assert!(draft.span.end as usize <= length, "{path} {:?}", draft.span);
            prop_assert!(draft.extent.is_none_or(|extent| extent.end as usize <= length));
        }
    }
}

#[test]
fn variables_of_a_project_have_the_values_of_its_env_file() {
    let project = "services:\n  a:\n    image: a:${TAG}\n    volumes: ['${DIR:-/srv}:/x']\n    environment:\n      - DB_PASSWORD=${WORD}\n  b:\n    image: b:${OTHER:-1}\n";
    let tree = [
        ("a/.env", "TAG=latest\nDIR=/etc\nWORD=hunter2hunter2\n"),
        ("a/compose.yaml", project),
        ("b/compose.yaml", project),
    ];
    let sink = scan(&tree);
    assert_eq!(found(&sink, &tree, "compose-image-tag-not-fixed"), ["a/compose.yaml: image: a:${TAG}"]);
    assert_eq!(found(&sink, &tree, "compose-host-directory").len(), 1);
    // It is not the project that has the password written into it.
    assert_eq!(found(&sink, &tree, "compose-secret-in-environment"), Vec::<String>::new());
}

#[test]
fn included_paths_are_merged_where_they_are_a_list() {
    let of = |privileged: &str| format!("services:\n  a:\n    image: a:1\n    privileged: {privileged}\n");
    let (base, over) = (of("true"), "services:\n  a:\n    privileged: false\n    pid: host\n");
    let main = "include:\n  - path: [parts/a.yaml, parts/over.yaml]\n  - oci://registry.example.com/b:1\nservices:\n  m:\n    image: m:1\n";
    let tree = [("compose.yaml", main), ("parts/a.yaml", base.as_str()), ("parts/over.yaml", over)];
    let sink = scan(&tree);
    assert_eq!(found(&sink, &tree, "compose-privileged"), Vec::<String>::new());
    assert_eq!(found(&sink, &tree, "compose-host-pid"), ["parts/over.yaml: pid: host"]);
    assert!(sink.notices.iter().any(|notice| notice.message.contains("1 include is not in the tree")));
    // By itself each is what it is.
    let alone = &tree[1..];
    assert_eq!(found(&scan(alone), alone, "compose-privileged"), ["parts/a.yaml: privileged: true"]);
}

#[test]
fn manifests_are_as_many_as_the_limit_holds() {
    let kept: Vec<KeptInput> = (0..4).map(|n| KeptInput::work_tree(&format!("{n}.yaml"), POD)).collect();
    let (within, beyond) = super::within(&kept, 3 * POD.len());
    assert_eq!((within.len(), beyond), (3, 1));
    assert_eq!(super::within(&kept, usize::MAX).1, 0);
}
