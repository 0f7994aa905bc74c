//! Whole modules: which instances come out, with which values, where.

use super::*;
use crate::syntax::hcl::Kind;

fn kept(files: &[(&str, &str)]) -> Vec<KeptInput> {
    let input = |(path, text): &(&str, &str)| KeptInput::work_tree(path, text);
    files.iter().map(input).collect()
}

fn run(files: &[(&str, &str)]) -> (Vec<Resource>, Vec<Notice>) {
    let mut notices = Vec::new();
    let instances = evaluate(&kept(files), &Settings::default(), &mut notices).into_iter().flatten().collect();
    (instances, notices)
}

fn text(instance: &Resource, name: &str) -> String {
    match instance.attributes.get(name).map(|value| &value.kind) {
        Some(Kind::String(text)) => text.to_string(),
        Some(Kind::Unknown(_) | Kind::Invalid(_)) => "?".into(),
        Some(Kind::Ref(address, path)) => format!("&{address}.{path}"),
        Some(other) => format!("{other:?}"),
        None => "-".into(),
    }
}

fn of_kind<'a>(instances: &'a [Resource], kind: &str) -> Vec<&'a Resource> {
    instances.iter().filter(|instance| instance.kind == kind).collect()
}

#[test]
fn values_of_variables_win_in_order() {
    let (found, notices) = run(&[
        (
            "main.tf",
            "variable \"a\" { default = \"d\" }\nvariable \"b\" { default = \"d\" }\nresource \"r\" \"x\" {\n  a = var.a\n  b = var.b\n}\n",
        ),
        ("terraform.tfvars", "a = \"t\"\nb = \"t\"\n"),
        ("z.auto.tfvars", "b = \"auto\"\n"),
        ("other.tfvars", "a = \"not read by itself\"\n"),
    ]);
    assert!(notices.is_empty(), "{notices:?}");
    assert_eq!((text(&found[0], "a"), text(&found[0], "b")), ("t".into(), "auto".into()));
}

#[test]
fn modules_are_evaluated_through_their_callers() {
    let (found, _) = run(&[
        (
            "main.tf",
            "module \"m\" {\n  source = \"./m\"\n  acl = \"private\"\n}\nresource \"r\" \"x\" { v = module.m.out }\nmodule \"n\" {\n  source = \"./m\"\n  for_each = toset([\"p\", \"q\"])\n  acl = each.key\n}\n",
        ),
        (
            "m/main.tf",
            "variable \"acl\" { default = \"public-read\" }\nresource \"b\" \"b\" { acl = var.acl }\noutput \"out\" { value = b.b.id }\n",
        ),
    ]);
    let acls: Vec<String> = of_kind(&found, "b").iter().map(|instance| text(instance, "acl")).collect();
    assert_eq!(acls, ["private", "p", "q"]);
    assert_eq!(text(of_kind(&found, "r")[0], "v"), "&module.m.b.b.id");
    assert_eq!(of_kind(&found, "b")[0].calls.len(), 1);
}

#[test]
fn count_and_for_each_are_bounded() {
    let (found, notices) = run(&[(
        "main.tf",
        "resource \"a\" \"x\" { count = 1000000000 }\nresource \"b\" \"x\" {\n  count = 1e9\n  n = count.index\n}\nresource \"c\" \"x\" { count = 0 }\nresource \"d\" \"x\" {\n  for_each = var.unknown\n  n = each.value\n  m = \"k\"\n}\nvariable \"unknown\" {}\n",
    )]);
    let count = |kind| of_kind(&found, kind).len();
    assert_eq!((count("a"), count("b"), count("c"), count("d")), (1, 1000, 0, 1));
    assert_eq!(text(of_kind(&found, "d")[0], "n"), "?");
    assert_eq!(text(of_kind(&found, "d")[0], "m"), "k");
    assert_eq!(notices.len(), 1);
}

#[test]
fn dynamic_blocks_unfold() {
    let (found, _) = run(&[(
        "main.tf",
        "resource \"sg\" \"x\" {\n  dynamic \"ingress\" {\n    for_each = [22, 80]\n    content { from_port = \"p${ingress.value}\" }\n  }\n  ingress { from_port = \"p1\" }\n}\n",
    )]);
    let ingress = found[0].attributes.get("ingress").unwrap();
    let ports: Vec<_> = ingress.items().iter().map(|block| block.get("from_port").unwrap().kind.clone()).collect();
    assert_eq!(ports, [Kind::text("p22"), Kind::text("p80"), Kind::text("p1")]);
}

#[test]
fn a_policy_document_becomes_its_policy() {
    let (found, _) = run(&[(
        "main.tf",
        "data \"aws_iam_policy_document\" \"d\" {\n  statement {\n    actions = [\"s3:*\"]\n    resources = [\"*\"]\n    principals {\n      type = \"AWS\"\n      identifiers = [\"*\"]\n    }\n  }\n}\nresource \"aws_iam_policy\" \"p\" { policy = data.aws_iam_policy_document.d.json }\n",
    )]);
    let policy = of_kind(&found, "aws_iam_policy")[0].attributes.get("policy").unwrap();
    let Kind::Json(inner) = &policy.kind else { panic!("a rendered policy") };
    let json = functions::json_text(inner).unwrap();
    assert_eq!(
        json,
        r#"{"Statement":[{"Action":["s3:*"],"Effect":"Allow","Principal":{"AWS":["*"]},"Resource":["*"]}],"Version":"2012-10-17"}"#
    );
}

#[test]
fn circles_and_deep_modules_end() {
    let (found, notices) = run(&[
        ("a/main.tf", "module \"b\" { source = \"../b\" }\nresource \"r\" \"a\" {}\n"),
        ("b/main.tf", "module \"a\" { source = \"../a\" }\nresource \"r\" \"b\" {}\n"),
        ("self/main.tf", "module \"me\" { source = \"../self\" }\nresource \"r\" \"self\" {}\n"),
    ]);
    assert_eq!(of_kind(&found, "r").len(), 3);
    assert!(!notices.is_empty());
    let fan = |at: usize| {
        let next = at + 1;
        format!(
            "module \"x\" {{ source = \"../m{next}\" }}\nmodule \"y\" {{ source = \"../m{next}\" }}\nresource \"r\" \"x\" {{}}\n"
        )
    };
    let files: Vec<(String, String)> = (0..40).map(|at| (format!("m{at}/main.tf"), fan(at))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let (found, notices) = run(&files);
    assert!(found.len() < MAX_RESOURCES && !notices.is_empty());
}

#[test]
fn json_syntax_gives_the_same_resources() {
    let (found, notices) = run(&[(
        "main.tf.json",
        r#"{"variable": {"acl": {"default": "public-read"}}, "resource": {"aws_s3_bucket_acl": {"b": {"acl": "${var.acl}"}}}}"#,
    )]);
    assert!(notices.is_empty(), "{notices:?}");
    assert_eq!(text(&found[0], "acl"), "public-read");
}

#[test]
fn templates_of_the_tree_are_read() {
    let (found, _) = run(&[
        (
            "m/main.tf",
            "resource \"r\" \"x\" {\n  a = templatefile(\"${path.module}/t.tftpl\", { who = \"you\" })\n  b = file(\"../../etc/passwd\")\n}\n",
        ),
        ("m/t.tftpl", "hi ${who}\n"),
    ]);
    assert_eq!((text(&found[0], "a"), text(&found[0], "b")), ("hi you\n".into(), "?".into()));
}

#[test]
fn one_line_of_json_without_end_is_bounded() {
    let mut text = String::from(r#"{"resource": {"aws_s3_bucket": {"b": {"tags": ["#);
    while text.len() < 4_000_000 {
        text.push_str(r#"{"a": ["#);
    }
    let started = std::time::Instant::now();
    let (_, notices) = run(&[("main.tf.json", &text)]);
    assert!(!notices.is_empty());
    assert!(started.elapsed() < std::time::Duration::from_secs(20));
}

#[test]
fn nested_repetition_is_bounded() {
    let nested = "resource \"r\" \"x\" {\n  dynamic \"a\" {\n    for_each = range(1000)\n    content {\n      dynamic \"b\" {\n        for_each = range(1000)\n        content {\n          dynamic \"c\" {\n            for_each = range(1000)\n            content { v = c.value }\n          }\n        }\n      }\n    }\n  }\n}\n";
    let loops = "locals { x = [for a in range(1000) : [for b in range(1000) : [for c in range(1000) : a + b + c]]] }\nresource \"r\" \"y\" { v = local.x }\n";
    let started = std::time::Instant::now();
    let (found, notices) = run(&[("a/main.tf", nested), ("b/main.tf", loops)]);
    assert_eq!(found.len(), 2);
    assert!(!notices.is_empty());
    assert_eq!(text(of_kind(&found, "r")[1], "v"), "?");
    assert!(started.elapsed() < std::time::Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn a_resource_that_stands_elsewhere_is_referred_to_all_the_same() {
    let (found, _) = run(&[("main.tf", "resource \"r\" \"x\" {\n  a = other.y.id\n  b = other.y[0].tags.z\n}\n")]);
    assert_eq!((text(&found[0], "a"), text(&found[0], "b")), ("&other.y.id".into(), "&other.y.tags.z".into()));
}

#[test]
fn a_policy_in_a_file_of_its_own_is_read() {
    use crate::model::{Input, Sink};
    use crate::scan::Scanner;
    use crate::scan::iac::IacScanner;

    let policy = r#"{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;
    let files = [
        ("main.tf", "resource \"aws_iam_policy\" \"p\" {\n  policy = file(\"${path.module}/policy.json\")\n}\n"),
        ("policy.json", policy),
        ("data.json", r#"{"rows": [1, 2, 3]}"#),
    ];
    let scanner = IacScanner::new(crate::scan::iac::Settings::default(), Vec::new());
    let (mut kept, mut sink) = (Vec::new(), Sink::default());
    for (path, text) in files {
        let path = RepoPath::new(path);
        let mut own = Sink::default();
        scanner.scan(&Input::whole(&path, text.as_bytes()), &mut own);
        if own.keep || scanner.interest(&path) == crate::scan::Interest::ScanAndKeep {
            kept.push(KeptInput::work_tree(path.as_str(), text));
        }
    }
    assert_eq!(kept.iter().map(|input| input.path.as_str()).collect::<Vec<_>>(), ["main.tf", "policy.json"]);
    scanner.finish(&kept, &mut sink);
    assert!(sink.drafts.iter().any(|draft| draft.rule.answers_to("CKV_AWS_62")), "{:?}", sink.notices);
}
