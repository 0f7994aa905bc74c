//! Serverless Framework services: `serverless.provider`, a `serverless.function` for each function (with
//! `provider` in it), and the resources as CloudFormation. Parts may stand in other files of the tree.

mod files;
mod variables;

use super::super::resource::{Resource, Value};
use super::cloudformation;
use super::documents::Lowered;
use super::values::{Fuel, extended, place};
use crate::model::{Notice, NoticeKind, RepoPath, Span};
use crate::syntax::{Entry, Node, Value as Tree};
pub use files::{Files, may_be_part};
use variables::Variables;

/// True for a service: by its file's name or by a service with a provider.
#[must_use]
pub fn is_service(path: &RepoPath, node: &Node) -> bool {
    let named = path.file_name().starts_with("serverless.") || path.file_name().starts_with("serverless-");
    let provider =
        node.at(&["provider", "name"]).is_some() || node.get("provider").is_some_and(|p| p.as_str().is_some());
    provider && (named || node.get("service").is_some())
}

/// True for bytes of a service that may take parts from other files: it is lowered when those were seen.
#[must_use]
pub fn wants_files(bytes: &[u8]) -> bool {
    let holds = |word: &str| memchr::memmem::find(bytes, word.as_bytes()).is_some();
    holds("${file(") && holds("provider")
}

/// Adds the provider, the functions and the resources of a service that stands alone.
pub fn lower(path: &RepoPath, node: &Node, lowered: &mut Lowered) {
    lower_with(path, node, &Files::default(), lowered);
}

/// The same with the files that it may name.
pub fn lower_with(path: &RepoPath, node: &Node, files: &Files<'_>, lowered: &mut Lowered) {
    let variables = Variables { path, root: node, files, fuel: Fuel::default() };
    let Some(provider) = node.entry("provider") else { return };
    let common = Value::new(variables.kind(&provider.value), provider.key_span, 0);
    let part = Part { path, name: "provider", header: provider.key_span, node: &provider.value };
    lowered.resources.push(part.resource("provider", common.clone()));
    for part in parts(&variables, path, node.get("functions"), lowered) {
        let own = Value::new(variables.kind(part.node), part.header, 0);
        let attributes = if own.kind.is_unknown() { own } else { extended(own, vec![("provider", common.clone())]) };
        lowered.resources.push(part.resource("function", attributes));
    }
    resources(&variables, path, node, lowered);
}

/// A member of a map that may stand in another file.
struct Part<'a> {
    path: &'a RepoPath,
    name: &'a str,
    header: Span,
    node: &'a Node,
}

impl Part<'_> {
    fn resource(&self, kind: &str, attributes: Value) -> Resource {
        Resource {
            kind: format!("serverless.{kind}"),
            address: if kind == "provider" { kind.to_owned() } else { format!("functions.{}", self.name) },
            name: self.name.to_owned(),
            path: self.path.clone(),
            file: 0,
            header: self.header,
            extent: self.header.join(self.node.span),
            attributes,
            alternatives: Vec::new(),
            calls: Vec::new(),
        }
    }
}

/// The members of a map, or of each map of a list, wherever they stand.
fn parts<'a>(
    variables: &Variables<'a>,
    path: &'a RepoPath,
    of: Option<&'a Node>,
    lowered: &mut Lowered,
) -> Vec<Part<'a>> {
    let mut all = Vec::new();
    for (path, section) in sections(variables, path, of, lowered) {
        for entry in section.entries() {
            all.extend(part(variables, path, entry, lowered));
        }
    }
    all
}

fn part<'a>(
    variables: &Variables<'a>,
    path: &'a RepoPath,
    entry: &'a Entry,
    lowered: &mut Lowered,
) -> Option<Part<'a>> {
    let (file, node) = follow(variables, path, &entry.value, lowered)?;
    let header = if std::ptr::eq(node, &raw const entry.value) { entry.key_span } else { place(node) };
    Some(Part { path: file, name: &entry.key, header, node })
}

/// A map, or the maps of a list.
fn sections<'a>(
    variables: &Variables<'a>,
    path: &'a RepoPath,
    of: Option<&'a Node>,
    lowered: &mut Lowered,
) -> Vec<(&'a RepoPath, &'a Node)> {
    let Some((path, node)) = of.and_then(|of| follow(variables, path, of, lowered)) else { return Vec::new() };
    match &node.value {
        Tree::List(items) => items.iter().filter_map(|item| follow(variables, path, item, lowered)).collect(),
        _ => vec![(path, node)],
    }
}

/// The node that a node stands for; a notice where that is in no file that is read.
fn follow<'a>(
    variables: &Variables<'a>,
    path: &'a RepoPath,
    node: &'a Node,
    lowered: &mut Lowered,
) -> Option<(&'a RepoPath, &'a Node)> {
    let found = variables.follow(path, node);
    if found.is_none() {
        let text: String = node.as_str().unwrap_or_default().chars().take(200).collect();
        let message = format!("`{text}` was not followed: it names no YAML or JSON file of the tree that was read.");
        lowered.notices.push(Notice::note(NoticeKind::Skipped, message).at(path).span(node.span));
    }
    found
}

/// `resources`: a template, or a list of templates, whose resources may each stand in another file.
fn resources<'a>(variables: &Variables<'a>, path: &'a RepoPath, service: &'a Node, lowered: &mut Lowered) {
    let known = |text: &str| variables.text(text, 0);
    for (path, section) in sections(variables, path, service.get("resources"), lowered) {
        let Some(resources) = section.get("Resources") else { continue };
        let named = |node: &Node| node.as_str().and_then(variables::whole).is_some();
        if !named(resources) && !resources.entries().iter().any(|entry| named(&entry.value)) {
            cloudformation::lower_with(path, section, &known, lowered);
            continue;
        }
        let Some((path, resources)) = follow(variables, path, resources, lowered) else { continue };
        for entry in resources.entries() {
            if let Some(part) = part(variables, path, entry, lowered) {
                let own = Entry { key: entry.key.clone(), key_span: part.header, value: part.node.clone() };
                let one = Node::new(part.node.span, Tree::Map(vec![own]));
                let key = Entry { key: "Resources".into(), key_span: part.header, value: one };
                let template = with(section, key);
                cloudformation::lower_with(part.path, &template, &known, lowered);
            }
        }
    }
}

/// A template whose resources are those of `resources`.
fn with(section: &Node, resources: Entry) -> Node {
    let others = section.entries().iter().filter(|entry| entry.key != "Resources").cloned();
    Node::new(section.span, Tree::Map(others.chain([resources]).collect()))
}

#[cfg(test)]
mod tests {
    use crate::model::{Input, KeptInput, Origin, RepoPath, Sink};
    use crate::scan::Scanner;
    use crate::scan::iac::{IacScanner, Settings};

    /// `rule path line` of what is found in a tree, and the notices.
    fn found(files: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let scanner = IacScanner::new(Settings::default(), Vec::new());
        let mut kept = Vec::new();
        let mut sink = Sink::default();
        for (path, text) in files {
            let path = RepoPath::new(path);
            let mut own = Sink::default();
            scanner.scan(&Input::whole(&path, text.as_bytes()), &mut own);
            assert!(own.drafts.iter().all(|draft| draft.rule.id.short().starts_with("cfn-")), "{path:?}");
            if own.keep {
                kept.push(KeptInput { path, bytes: text.as_bytes().into(), origin: Origin::WorkTree });
            }
        }
        scanner.finish(&kept, &mut sink);
        let line = |path: &RepoPath, at: u32| {
            let text = files.iter().find(|(name, _)| *name == path.as_str()).map_or("", |(_, text)| text);
            text[..at as usize].matches('\n').count() + 1
        };
        let drafts = sink.drafts.iter().map(|draft| {
            let path = draft.path.as_ref().unwrap();
            format!("{} {} {}", draft.rule.id.short(), path.as_str(), line(path, draft.span.start))
        });
        (drafts.collect(), sink.notices.iter().map(|notice| notice.message.to_string()).collect())
    }

    const SERVICE: &str = "service: shop\nprovider:\n  name: aws\n  stage: ${opt:stage, 'prod'}\n  runtime: ${file(./config.${self:provider.stage}.yml):runtime}\n  iamRoleStatements: ${file(config.prod.yml):statements}\nfunctions:\n  - ${file(functions.yml)}\n  - ${file(../../outside.yml)}\nresources:\n  - Resources:\n      Bucket: ${file(parts/bucket.yml):Bucket}\n  - ${file(parts/queue.yml)}\n  - ${file(code.js)}\n";

    #[test]
    fn parts_of_a_service_stand_in_other_files() {
        let (found, notices) = found(&[
            ("serverless.yml", SERVICE),
            (
                "config.prod.yml",
                "runtime: nodejs12.x\nstatements:\n  - Effect: Allow\n    Action: '*'\n    Resource: '*'\n",
            ),
            ("functions.yml", "hello:\n  handler: a.b\n  url: true\n"),
            (
                "parts/bucket.yml",
                "Bucket:\n  Type: AWS::S3::Bucket\n  Properties:\n    AccessControl: ${self:custom.none, 'PublicRead'}\n",
            ),
            (
                "parts/queue.yml",
                "Resources:\n  Volume:\n    Type: AWS::EC2::Volume\n    Properties:\n      Encrypted: false\n",
            ),
        ]);
        for expected in [
            "serverless-runtime-unsupported serverless.yml 5",
            "serverless-role-admin serverless.yml 6",
            "serverless-url-open functions.yml 3",
            "cfn-s3-public-read parts/bucket.yml 4",
            "cfn-ebs-unencrypted parts/queue.yml 5",
        ] {
            assert!(found.iter().any(|one| one == expected), "{expected}: {found:#?}");
        }
        assert_eq!(notices.len(), 2, "{notices:?}");
        assert!(notices[0].contains("../../outside.yml") && notices[1].contains("code.js"), "{notices:?}");
    }

    #[test]
    fn files_that_name_each_other_end() {
        let many = "x: ${self:custom.x}${self:custom.x}${self:custom.x}\n".replace("x:", "  y:");
        let service = format!(
            "service: a\nprovider:\n  name: aws\n  z: ${{self:custom.y}}\nfunctions: ${{file(a.yml):f}}\ncustom:\n  x: ${{self:custom.y}}${{self:custom.y}}\n{many}"
        );
        let started = std::time::Instant::now();
        let (_, notices) = found(&[
            ("serverless.yml", &service),
            ("a.yml", "f: ${file(b.yml):f}\n"),
            ("b.yml", "f: ${file(a.yml):f}\n"),
        ]);
        assert_eq!(notices.len(), 1);
        assert!(started.elapsed().as_secs() < 20);
    }
}
