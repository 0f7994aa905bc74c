//! Expressions and the values that Terraform's documentation gives for them.

use super::functions::json_text;
use super::scope::{Env, Evaluator};
use super::world::{File, World};
use crate::model::RepoPath;
use crate::syntax::hcl::{self, Kind, Val};

/// What an expression comes to, as JSON; `?` for unknown, `!` for an error, `&address.path` for a reference.
fn value_of(module: &str, expression: &str) -> String {
    let parsed = hcl::parse(module.as_bytes());
    assert_eq!(parsed.errors, [], "{module}");
    let files = [File { path: RepoPath::new("main.tf"), body: parsed.value }];
    let world = World::new(&files, &[], &[]);
    let evaluator = Evaluator::new(&world, &world.dirs[""]);
    let probe = hcl::parse(format!("probe = {expression}\n").as_bytes());
    assert_eq!(probe.errors, [], "{expression}");
    let expr = &probe.value.attrs[0].value;
    let value = evaluator.eval(&evaluator.scope(0), &Env::default(), 0, expr);
    shown(&value)
}

fn shown(value: &Val) -> String {
    match &value.kind {
        Kind::Unknown(_) => "?".into(),
        Kind::Invalid(_) => "!".into(),
        Kind::Ref(address, path) => format!("&{address}.{path}"),
        _ if !value.is_wholly_known() => format!("[{}]", value.items().iter().map(shown).collect::<Vec<_>>().join(",")),
        _ => json_text(value).unwrap_or_else(|_| "?".into()),
    }
}

const MODULE: &str = r#"
variable "plain" {}
variable "set" { default = "x" }
variable "sized" {
  type    = object({ a = number, b = optional(string, "dflt"), c = optional(bool) })
  default = { a = "1" }
}
variable "nullable" {
  type    = string
  default = null
}
variable "not_nullable" {
  type     = string
  default  = "kept"
  nullable = false
}
variable "nested" {
  type = object({
    inner = optional(object({ deep = optional(string, "d") }), {})
    list  = list(object({ port = number, name = optional(string) }))
    map   = map(object({ on = optional(bool, true) }))
  })
  default = { list = [{ port = "80" }], map = { k = {} } }
}
variable "converted" {
  type    = set(string)
  default = [true, 1, 1]
}
locals {
  greeting = "hi $${who}"
  one    = 1
  two    = local.one + 1
  loop_a = local.loop_b
  loop_b = local.loop_a
  people = [{ name = "ann", age = 3 }, { name = "bob", age = 5 }]
}
resource "aws_s3_bucket" "b" {}
resource "aws_s3_bucket" "none" { count = 0 }
resource "aws_s3_bucket" "many" { count = 3 }
"#;

#[test]
fn expressions_come_to_what_the_documentation_says() {
    let table = include_str!("expressions.txt");
    let mut checked = 0;
    let mut wrong = Vec::new();
    for line in table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (expression, expected) = line.rsplit_once(" => ").unwrap_or_else(|| panic!("no `=>`: {line}"));

        let expression =
            if expression.starts_with("<<") { expression.replace("\\n", "\n") } else { expression.to_owned() };
        let found = value_of(MODULE, &expression);
        if found != expected.trim() {
            wrong.push(format!("{expression} gives {found}, expected {expected}"));
        }
        checked += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checked >= 150, "only {checked} expressions");
}

#[test]
fn growth_is_bounded() {
    let mut module = String::from("locals {\n  a0 = [1, 2]\n  s0 = \"xxxxxxxxxxxxxxxx\"\n");
    for at in 1..60 {
        module.push_str(&format!(
            "  a{at} = [local.a{0}, local.a{0}]\n  s{at} = \"${{local.s{0}}}${{local.s{0}}}\"\n",
            at - 1
        ));
    }
    module.push_str("}\n");
    assert!(value_of(&module, "local.a59").len() < 1_000_000);
    assert_eq!(value_of(&module, "local.s59"), "?");
}

#[test]
fn a_long_chain_of_locals_is_unknown_and_fits_a_worker_stack() {
    let mut module = String::from("locals {\n  a0 = 1\n");
    for at in 1..5_000 {
        module.push_str(&format!("  a{at} = local.a{} + 1\n", at - 1));
    }
    module.push_str("}\n");
    let work = move || value_of(&module, "local.a4999");
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(work);
    assert_eq!(thread.unwrap().join().unwrap(), "?");
}
