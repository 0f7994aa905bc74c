//! Configurations that were written to make a scanner hang or grow: each ends soon, with a notice where something
//! was left out.

use std::time::{Duration, Instant};

use super::*;

/// How many resources come out of a tree, and the notices; never slowly, and on the stack of a worker.
fn run(files: Vec<(&'static str, String)>) -> (usize, Vec<String>) {
    let work = move || {
        let kept = |(path, text): &(&str, String)| KeptInput::work_tree(path, text);
        let kept: Vec<KeptInput> = files.iter().map(kept).collect();
        let mut notices = Vec::new();
        let started = Instant::now();
        let found = evaluate(&kept, &Settings::default(), &mut notices).iter().map(Vec::len).sum();
        assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
        (found, notices.into_iter().map(|notice| notice.message.to_string()).collect())
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap().join().unwrap()
}

fn one(text: String) -> (usize, Vec<String>) {
    run(vec![("main.tf", text)])
}

const RESOURCE: &str = "resource \"r\" \"x\" {\n  v = 1\n}\n";

#[test]
fn modules_that_call_each_other_end() {
    let call = |to: &str| format!("{RESOURCE}module \"m\" {{\n  source = \"{to}\"\n  v = [1, 2]\n}}\n");
    let (found, notices) =
        run(vec![("a/main.tf", call("../b")), ("b/main.tf", call("../a")), ("c/main.tf", call("../c"))]);
    assert!(found >= 3, "{found}");
    assert!(!notices.is_empty());
}

#[test]
fn modules_that_multiply_end() {
    let call = |to: usize| {
        format!(
            "{RESOURCE}module \"a\" {{\n  source = \"../m{to}\"\n  for_each = toset([for i in range(50) : \"${{i}}\"])\n  v = each.key\n}}\nmodule \"b\" {{\n  source = \"../m{to}\"\n  count = 50\n  v = count.index\n}}\nvariable \"v\" {{}}\n"
        )
    };
    let paths = ["m0/main.tf", "m1/main.tf", "m2/main.tf", "m3/main.tf", "m4/main.tf", "m5/main.tf"];
    let files = paths.iter().enumerate().map(|(at, path)| (*path, call(at + 1))).collect();
    let (found, notices) = run(files);
    assert!(found <= 200_000, "{found}");
    assert!(!notices.is_empty());
}

#[test]
fn a_count_without_measure_is_cut() {
    for count in ["1e9", "999999999999", "var.n * 1e6", "-5", "1e400"] {
        let text = format!(
            "variable \"n\" {{ default = 100000 }}\nresource \"r\" \"x\" {{\n  count = {count}\n  v = count.index\n}}\n"
        );
        let (found, notices) = one(text);
        assert!(found <= 1_000, "{count}: {found}");
        assert!(found == 1 || !notices.is_empty() || count == "-5", "{count}: {notices:?}");
    }
}

#[test]
fn a_hundred_thousand_resources_are_read_and_no_more() {
    let text: String = (0..100_500).map(|at| format!("resource \"r\" \"x{at}\" {{\n  v = {at}\n}}\n")).collect();
    let (found, notices) = one(text);
    assert_eq!(found, 100_000);
    assert!(notices.iter().any(|notice| notice.contains("100000")), "{notices:?}");
}

#[test]
fn nesting_without_end_costs_its_block_alone() {
    let deep = 10_000;
    let expressions = [
        format!("{}1{}", "(".repeat(deep), ")".repeat(deep)),
        format!("{}1{}", "[".repeat(deep), "]".repeat(deep)),
        format!("{}1{}", "{ a = ".repeat(deep), " }".repeat(deep)),
        format!("{}true", "!".repeat(deep)),
        format!("{}1", "1 + ".repeat(deep)),
        format!("{}1", "true ? 1 : ".repeat(deep)),
        format!("{}1{}", "f(".repeat(deep), ")".repeat(deep)),
        format!("{}1{}", "\"${".repeat(deep), "}\"".repeat(deep)),
        format!("a{}", ".b".repeat(deep)),
        format!("a{}", "[0]".repeat(deep)),
        format!("\"{}{}\"", "%{ if true }".repeat(deep), "%{ endif }".repeat(deep)),
    ];
    for expression in expressions {
        let text = format!(
            "{RESOURCE}resource \"r\" \"deep\" {{\n  v = {expression}\n}}\nresource \"r\" \"y\" {{\n  v = 1\n}}\n"
        );
        let (found, notices) = one(text);
        assert!(found == 3 || (found == 2 && !notices.is_empty()), "{found} {notices:?}: {}", &expression[..40]);
    }
    let blocks = format!("{RESOURCE}resource \"r\" \"deep\" {{\n{}{}}}\n", "b {\n".repeat(deep), "}\n".repeat(deep));
    let (found, notices) = one(blocks);
    assert!(found >= 1 && !notices.is_empty(), "{found} {notices:?}");
    let json = format!("{{\"resource\": {{\"r\": {{\"x\": {}1{}}}}}}}", "{\"a\": ".repeat(deep), "}".repeat(deep));
    let (_, notices) = run(vec![("main.tf.json", json)]);
    assert!(!notices.is_empty());
}

#[test]
fn giant_heredocs_and_templates_end() {
    let line = "some text with a $ and a % in it\n".repeat(60_000);
    let text = format!("resource \"r\" \"x\" {{\n  v = <<-EOT\n{line}  EOT\n}}\n{RESOURCE}");
    assert!(one(text).0 >= 1);
    let open = format!("{RESOURCE}resource \"r\" \"y\" {{\n  v = <<EOT\n{line}");
    let (found, notices) = one(open);
    assert!(found >= 1 && !notices.is_empty(), "{found} {notices:?}");
    let many = format!(
        "locals {{\n  a = \"{}\"\n}}\nresource \"r\" \"x\" {{\n  v = local.a\n}}\n",
        "${local.b}".repeat(30_000)
    );
    assert_eq!(one(many).0, 1);
}

#[test]
fn what_refers_to_itself_ends() {
    let locals = "locals {\n  a = local.a\n  b = [local.b, local.b]\n  c = { for k in [1, 2] : k => local.c }\n  d = merge(local.e, local.e)\n  e = { x = local.d, y = local.d }\n}\nresource \"r\" \"x\" {\n  v = [local.a, local.b, local.c, local.d]\n}\n";
    assert_eq!(one(locals.into()).0, 1);
    let output = "module \"m\" {\n  source = \"./m\"\n  v = module.m.o\n}\n";
    let module = "variable \"v\" {}\noutput \"o\" { value = [var.v, var.v] }\nresource \"r\" \"x\" {\n  v = var.v\n}\n";
    assert!(run(vec![("main.tf", output.into()), ("m/main.tf", module.into())]).0 >= 1);
    let template = "${templatefile(\"t.tftpl\", {})}${templatefile(\"t.tftpl\", {})}";
    let caller = "resource \"r\" \"x\" {\n  v = templatefile(\"t.tftpl\", {})\n}\n";
    assert_eq!(run(vec![("main.tf", caller.into()), ("t.tftpl", template.into())]).0, 1);
    let each = "resource \"r\" \"x\" {\n  for_each = r.x\n  v = each.key\n}\nresource \"r\" \"y\" {\n  count = length(r.y)\n}\n";
    assert!(one(each.into()).0 <= 2);
}
