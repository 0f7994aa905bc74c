//! Plans beside the configuration they were made of.

use std::collections::BTreeSet;

use super::*;
use crate::model::{Draft, RepoPath, Sink};
use crate::scan::Scanner;
use crate::scan::iac::{IacScanner, Settings};

fn file(path: &str, text: &str) -> KeptInput {
    KeptInput::work_tree(path, text)
}

fn planned(text: &str) -> Planned {
    read(&file("p.json", text), 0, &mut Vec::new()).expect("a plan")
}

fn found(path: &str, text: &str) -> Vec<Draft> {
    let settings = Settings { tf_plans: vec![RepoPath::new("p.json")], ..Settings::default() };
    let mut sink = Sink::default();
    IacScanner::new(settings, Vec::new()).finish(&[file(path, text)], &mut sink);
    assert!(sink.notices.is_empty(), "{:?}", sink.notices);
    sink.drafts
}

const HCL: &str = r#"
provider "aws" { region = "eu-west-1" }
module "far" { source = "git::https://example.com/far.git" }
variable "size" { default = 20 }
resource "aws_kms_key" "k" { enable_key_rotation = true }
resource "aws_s3_bucket" "b" { bucket_prefix = "logs" }
resource "aws_s3_bucket_public_access_block" "b" {
  bucket                  = aws_s3_bucket.b.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = false
}
resource "aws_security_group" "web" {
  description = "web"
  ingress {
    description = "ssh"
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
resource "aws_ebs_volume" "v" {
  count      = 2
  size       = var.size
  encrypted  = true
  kms_key_id = aws_kms_key.k.arn
}
resource "aws_db_instance" "d" {
  engine         = "mysql"
  instance_class = "db.t3.micro"
  auto_minor_version_upgrade = true
}
"#;

/// As `terraform show -json` writes a plan of [`HCL`], without what nothing here reads.
const PLAN: &str = r#"{"format_version": "1.2", "terraform_version": "1.9.0",
"planned_values": {"root_module": {"resources": [
  {"address": "aws_kms_key.k", "mode": "managed", "type": "aws_kms_key", "name": "k",
   "values": {"enable_key_rotation": true, "is_enabled": true, "description": "", "policy": null}},
  {"address": "aws_s3_bucket.b", "mode": "managed", "type": "aws_s3_bucket", "name": "b",
   "values": {"bucket_prefix": "logs", "force_destroy": false, "tags": null}},
  {"address": "aws_s3_bucket_public_access_block.b", "mode": "managed", "type": "aws_s3_bucket_public_access_block", "name": "b",
   "values": {"block_public_acls": true, "block_public_policy": true, "ignore_public_acls": true, "restrict_public_buckets": false}},
  {"address": "aws_security_group.web", "mode": "managed", "type": "aws_security_group", "name": "web",
   "values": {"description": "web", "ingress": [{"cidr_blocks": ["0.0.0.0/0"], "description": "ssh", "from_port": 22, "to_port": 22,
    "protocol": "tcp", "ipv6_cidr_blocks": [], "security_groups": [], "self": false}], "revoke_rules_on_delete": false, "tags": null}},
  {"address": "aws_ebs_volume.v[0]", "mode": "managed", "type": "aws_ebs_volume", "name": "v", "index": 0,
   "values": {"encrypted": true, "size": 20, "tags": null}},
  {"address": "aws_ebs_volume.v[1]", "mode": "managed", "type": "aws_ebs_volume", "name": "v", "index": 1,
   "values": {"encrypted": true, "size": 20, "tags": null}},
  {"address": "aws_db_instance.d", "mode": "managed", "type": "aws_db_instance", "name": "d",
   "values": {"engine": "mysql", "instance_class": "db.t3.micro", "multi_az": null, "storage_encrypted": null,
    "backup_retention_period": null, "copy_tags_to_snapshot": false, "deletion_protection": null,
    "auto_minor_version_upgrade": true, "iam_database_authentication_enabled": null, "publicly_accessible": false}}]}},
"resource_changes": [
  {"address": "aws_kms_key.k", "change": {"after_unknown": {"arn": true, "id": true, "policy": true}}},
  {"address": "aws_s3_bucket.b", "change": {"after_unknown": {"arn": true, "bucket": true, "id": true, "acl": true, "versioning": true}}},
  {"address": "aws_s3_bucket_public_access_block.b", "change": {"after_unknown": {"bucket": true, "id": true}}},
  {"address": "aws_security_group.web", "change": {"after_unknown": {"arn": true, "egress": true, "name": true, "vpc_id": true,
    "ingress": [{"cidr_blocks": [false], "ipv6_cidr_blocks": [], "security_groups": []}]}}},
  {"address": "aws_ebs_volume.v[0]", "change": {"after_unknown": {"arn": true, "id": true, "kms_key_id": true}}},
  {"address": "aws_ebs_volume.v[1]", "change": {"after_unknown": {"arn": true, "id": true, "kms_key_id": true}}},
  {"address": "aws_db_instance.d", "change": {"after_unknown": {"arn": true, "id": true, "multi_az": true, "kms_key_id": true,
    "ca_cert_identifier": true, "backup_retention_period": true}}}],
"configuration": {"provider_config": {"aws": {"name": "aws", "expressions": {"region": {"constant_value": "eu-west-1"}}}},
 "root_module": {"resources": [
  {"address": "aws_kms_key.k", "expressions": {"enable_key_rotation": {"constant_value": true}}},
  {"address": "aws_s3_bucket.b", "expressions": {"bucket_prefix": {"constant_value": "logs"}}},
  {"address": "aws_s3_bucket_public_access_block.b", "expressions": {"bucket": {"references": ["aws_s3_bucket.b.id", "aws_s3_bucket.b"]},
    "block_public_acls": {"constant_value": true}, "block_public_policy": {"constant_value": true},
    "ignore_public_acls": {"constant_value": true}, "restrict_public_buckets": {"constant_value": false}}},
  {"address": "aws_security_group.web", "expressions": {"description": {"constant_value": "web"}, "ingress": [
    {"cidr_blocks": {"constant_value": ["0.0.0.0/0"]}, "description": {"constant_value": "ssh"}, "from_port": {"constant_value": 22},
     "protocol": {"constant_value": "tcp"}, "to_port": {"constant_value": 22}}]}},
  {"address": "aws_ebs_volume.v", "expressions": {"encrypted": {"constant_value": true}, "size": {"references": ["var.size"]},
    "kms_key_id": {"references": ["aws_kms_key.k.arn", "aws_kms_key.k"]}}},
  {"address": "aws_db_instance.d", "expressions": {"engine": {"constant_value": "mysql"}, "instance_class": {"constant_value": "db.t3.micro"}}}],
 "module_calls": {"far": {"source": "git::https://example.com/far.git", "module": {}}}}}}"#;

#[test]
fn a_plan_gives_the_rules_of_its_configuration() {
    let (written, plan) = (found("main.tf", HCL), found("p.json", PLAN));
    let ids = |drafts: &[Draft]| drafts.iter().map(|draft| draft.rule.id.short().to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(ids(&written), ids(&plan));
    assert!(ids(&plan).len() > 8, "{:?}", ids(&plan));
    // In its place: the attribute where the plan has it, the address where nothing says more.
    let bytes = PLAN.as_bytes();
    let of = |id: &str| plan.iter().find(|draft| draft.rule.answers_to(id)).expect(id);
    assert_eq!(of("CKV_AWS_56").span.of(bytes), br#""restrict_public_buckets": false"#);
    assert_eq!(of("CKV_AWS_16").span.of(bytes), br#""storage_encrypted": null"#);
    assert!(of("CKV_AWS_16").message.contains("`aws_db_instance.d`"));
}

#[test]
fn references_lead_through_variables_and_outputs() {
    let plan = planned(
        r#"{"terraform_version": "1.9.0", "planned_values": {"root_module": {
      "resources": [{"address": "r.out[\"a.]\"]", "mode": "managed", "type": "r", "name": "out", "values": {}}],
      "child_modules": [{"address": "module.m[\"k\"]", "resources": [
        {"address": "module.m[\"k\"].r.in", "mode": "managed", "type": "r", "name": "in", "values": {"list": [null, "x"]}}]}]}},
      "resource_changes": [
        {"address": "r.out[\"a.]\"]", "change": {"after_unknown": {"key": true, "other": true}}},
        {"address": "module.m[\"k\"].r.in", "change": {"after_unknown": {"key": true, "list": [true, false], "either": true}}}],
      "configuration": {"root_module": {
        "resources": [{"address": "r.out", "expressions": {"key": {"references": ["module.m.id", "module.m"]}}}],
        "module_calls": {"m": {"expressions": {"key": {"references": ["k.k[0].arn", "k.k[0]", "k.k"]}}, "module": {
          "outputs": {"id": {"expression": {"references": ["r.in.id", "r.in"]}}},
          "resources": [{"address": "r.in", "expressions": {"key": {"references": ["var.key"]}, "list": {"references": ["var.key"]},
            "either": {"references": ["a.a.id", "b.b.id"]}}}]}}}}}}"#,
    );
    let kind = |at: usize, key: &str| plan.resources[at].attributes.get(key).map(|value| value.kind.clone());
    let reference = |address: &str, path: &str| Some(Kind::Ref(address.into(), path.into()));
    assert_eq!(plan.resources[0].address, "r.out[\"a.]\"]");
    assert!(plan.resources[0].is_at("r.out"));
    assert_eq!(kind(0, "key"), reference("module.m.r.in", "id"));
    assert_eq!(kind(0, "other"), None);
    assert_eq!(kind(1, "key"), reference("k.k", "arn"));
    assert!(kind(1, "either").is_some_and(|kind| matches!(kind, Kind::Unknown(_))));
    let list = plan.resources[1].attributes.get("list").map(|list| list.items()[0].kind.clone());
    assert_eq!(list, reference("k.k", "arn"));
}

#[test]
fn what_terraform_calls_sensitive_is_masked() {
    let word = ["s3kr", "1tValue"].concat();
    let text = format!(
        r#"{{"terraform_version": "1", "variables": {{"p": {{"value": "{word}"}}}}, "planned_values": {{"root_module": {{"resources": [
        {{"address": "r.a", "type": "r", "name": "a", "values": {{"p": "{word}", "n": 1}}, "sensitive_values": {{"p": true}}}}]}}}},
        "configuration": {{"root_module": {{"variables": {{"p": {{"sensitive": true}}}}}}}}}}"#
    );
    let plan = planned(&text);
    assert_eq!(plan.secrets.len(), 2);
    assert!(plan.secrets.iter().all(|span| span.of(text.as_bytes()) == word.as_bytes()));
}

#[test]
fn what_is_no_plan_is_said_where_it_was_named() {
    let settings = Settings { tf_plans: vec![RepoPath::new("p.json")], ..Settings::default() };
    let scanner = IacScanner::new(settings, Vec::new());
    let mut sink = Sink::default();
    scanner.finish(&[file("p.json", "[1, 2]"), file("plan.json", "[1, 2]")], &mut sink);
    assert_eq!(sink.notices.len(), 1, "{:?}", sink.notices);
    assert!(sink.notices[0].incomplete);
}
