//! Terraform and OpenTofu: directories as modules, evaluated as far as the text alone allows.
//!
//! A directory that another one calls is evaluated through its callers, with their arguments; alone only where
//! nobody calls it. What can't be known is unknown with its reason, and never a guess.

mod body;
mod eval;
mod files;
mod functions;
#[cfg(test)]
mod hostile;
mod instances;
mod ops;
mod plan;
mod policy;
mod references;
mod scope;
mod types;
mod world;

#[cfg(test)]
mod expressions;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use rayon::prelude::*;

use crate::model::{KeptInput, Notice, NoticeKind, RepoPath};
use crate::scan::iac::resource::{Call, Resource};
use crate::syntax::hcl::{self, Block, ExprKind};
use crate::syntax::{Parsed, json};
use instances::{Instances, instance_env, unknown_instance};
pub use plan::Planned;
pub(crate) use plan::is_plan;
use scope::{Env, Evaluator, Scope};
pub(crate) use world::is_configuration;
use world::{Dir, File, In, World};

/// Resource instances in one run, at most.
const MAX_RESOURCES: usize = 100_000;

/// What the evaluation is told beside the tree.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Files of variable values that are given to every root module; the last one wins.
    pub var_files: Vec<RepoPath>,
}

/// True for a path that the evaluation reads.
#[must_use]
pub fn wants(name: &str) -> bool {
    world::is_configuration(name) || world::is_tfvars(name) || plan::is_plan(name)
}

/// True for a file of the configuration itself.
fn is_source(name: &str) -> bool {
    world::is_configuration(name) || world::is_tfvars(name)
}

/// True for a path that `templatefile` or `file` may read.
#[must_use]
pub fn is_template(name: &str) -> bool {
    name.ends_with(".tftpl") || name.ends_with(".tpl")
}

/// Bytes of a JSON file that is kept for `file`, at most.
const MAX_PART: usize = 1 << 16;

/// True for JSON that rules look into where `file` puts it into an attribute: policies, containers, SSM documents,
/// security configurations.
#[must_use]
pub fn is_part(bytes: &[u8]) -> bool {
    let words = ["\"Statement\"", "\"image\"", "\"schemaVersion\"", "\"EncryptionConfiguration\""];
    bytes.len() <= MAX_PART && words.iter().any(|word| memchr::memmem::find(bytes, word.as_bytes()).is_some())
}

pub(crate) use files::named_in;

/// Every block of every module in `kept`, evaluated: one list for each root module, for addresses mean something
/// within one only; in a stable order.
#[must_use]
pub fn evaluate(kept: &[KeptInput], settings: &Settings, notices: &mut Vec<Notice>) -> Vec<Vec<Resource>> {
    let mut inputs: Vec<&KeptInput> = kept.iter().filter(|input| is_source(input.path.file_name())).collect();
    inputs.sort_by(|a, b| a.path.cmp(&b.path));
    let parsed: Vec<(File, Vec<Notice>)> = inputs.par_iter().map(|input| read(input)).collect();
    let (files, problems): (Vec<File>, Vec<Vec<Notice>>) = parsed.into_iter().unzip();
    notices.extend(problems.into_iter().flatten());

    let world = World::new(&files, kept, &settings.var_files);
    let called = called(&world);
    let mut reached: BTreeSet<&str> = BTreeSet::new();
    let mut all = Vec::new();
    let roots: Vec<&Dir<'_>> = world.dirs.values().filter(|dir| !called.contains(dir.path)).collect();
    for module in roots.par_iter().map(|dir| Module::evaluate(&world, dir)).collect::<Vec<_>>() {
        module.into_results(&mut all, &mut reached, notices);
    }
    // What only modules in a circle call is reached from no root.
    for dir in world.dirs.values() {
        if !reached.contains(dir.path) {
            Module::evaluate(&world, dir).into_results(&mut all, &mut reached, notices);
        }
    }
    let mut left = MAX_RESOURCES;
    let before: usize = all.iter().map(Vec::len).sum();
    for resources in &mut all {
        resources.truncate(left);
        left -= resources.len();
    }
    if before > MAX_RESOURCES {
        let message = format!("Only the first {MAX_RESOURCES} Terraform resources were checked.");
        notices.push(Notice::incomplete(NoticeKind::Limit, message));
    }
    all
}

/// The plans among the inputs: those `named`, and those whose name and content say so. A named file that is none is
/// a notice.
#[must_use]
pub fn plans(kept: &[KeptInput], named: &[RepoPath], notices: &mut Vec<Notice>) -> Vec<Planned> {
    let mut all = Vec::new();
    for input in kept {
        let asked = named.contains(&input.path);
        if !asked && !plan::is_plan(input.path.file_name()) {
            continue;
        }
        let file = u32::try_from(all.len()).unwrap_or(u32::MAX);
        match plan::read(input, file, notices) {
            Some(mut planned) => {
                if planned.resources.len() > MAX_RESOURCES {
                    planned.resources.truncate(MAX_RESOURCES);
                    let message = format!("Only the first {MAX_RESOURCES} resources of this plan were checked.");
                    notices.push(Notice::incomplete(NoticeKind::Limit, message).at(&input.path));
                }
                all.push(planned);
            }
            None if asked => {
                let message = "This is no Terraform plan in JSON: write it with `terraform show -json PLAN`.";
                notices.push(Notice::incomplete(NoticeKind::Unparsed, message).at(&input.path));
            }
            None => {}
        }
    }
    all
}

/// Parses one file, in the syntax its name says.
fn read(input: &KeptInput) -> (File, Vec<Notice>) {
    let Parsed { value: body, errors } = if input.path.extension() == "json" {
        let parsed = json::parse(&input.bytes);
        Parsed { value: hcl::body_from_json(&parsed.value), errors: parsed.errors }
    } else {
        hcl::parse(&input.bytes)
    };
    let notice = |error: &crate::syntax::SyntaxError| {
        let message = format!("This is not Terraform's syntax: {}.", error.message);
        Notice::incomplete(NoticeKind::Unparsed, message).at(&input.path).span(error.span)
    };
    let notices = errors.iter().take(20).map(notice).collect();
    (File { path: input.path.clone(), body }, notices)
}

/// The directories that some module of the tree calls.
fn called<'w>(world: &World<'w>) -> BTreeSet<String> {
    let sources = world.dirs.values().flat_map(|dir| dir.modules.values().map(move |call| (dir.path, call)));
    let named = sources.filter_map(|(from, call)| match &call.item.body.attr("source")?.value.kind {
        ExprKind::String(source) => world::local_source(from, source).filter(|to| to != from),
        _ => None,
    });
    named.collect()
}

/// What came of one root module.
struct Module<'w> {
    instances: Vec<Resource>,
    notices: Vec<Notice>,
    reached: Vec<&'w str>,
}

impl<'w> Module<'w> {
    fn evaluate(world: &'w World<'w>, dir: &'w Dir<'w>) -> Self {
        let evaluator = Evaluator::new(world, dir);
        let mut module = Self { instances: Vec::new(), notices: Vec::new(), reached: Vec::new() };
        // Scopes are added while the ones before them are walked.
        let mut at = 0;
        while at < evaluator.scopes.borrow().len() {
            let scope = evaluator.scope(at);
            module.reached.push(scope.dir.path);
            module.walk(&evaluator, &scope);
            at += 1;
        }
        module.notices.append(&mut evaluator.notices.borrow_mut());
        module
    }

    fn walk(&mut self, evaluator: &Evaluator<'w>, scope: &std::rc::Rc<Scope<'w>>) {
        let calls = calls_of(evaluator, scope);
        let mut add = |kind: String, name: &str, block: In<&'w Block>, env: &Env| {
            if self.instances.len() > MAX_RESOURCES {
                return;
            }
            let item = block.item;
            self.instances.push(Resource {
                address: format!("{}{kind}.{name}", scope.prefix),
                kind,
                name: name.to_owned(),
                path: evaluator.world.files[block.file as usize].path.clone(),
                file: block.file,
                header: item.header,
                extent: item.span,
                attributes: body::evaluate(evaluator, scope, env, block.file, &item.body, item.header),
                alternatives: Vec::new(),
                calls: calls.clone(),
            });
        };
        let resources = scope.dir.resources.iter().map(|((kind, name), block)| ((*kind).to_owned(), *name, *block));
        let data = scope.dir.data.iter().map(|((kind, name), block)| (format!("data.{kind}"), *name, *block));
        for (kind, name, block) in resources.chain(data) {
            match evaluator.instances(scope, block) {
                Instances::Zero => {}
                Instances::One => add(kind, name, block, &Env::default()),
                Instances::Unknown(why) => add(kind, name, block, &unknown_instance(&why)),
                Instances::Keys(keys) => {
                    for (key, value) in keys.iter() {
                        add(kind.clone(), name, block, &instance_env(key, value));
                    }
                }
            }
        }
        for (name, block) in &scope.dir.modules {
            add("module".into(), name, *block, &Env::default());
            evaluator.children(scope, name);
        }
        for block in &scope.dir.settings {
            let name = block.item.label(0).unwrap_or("settings");
            let kind = if &*block.item.kind == "provider" { format!("provider.{name}") } else { "terraform".into() };
            add(kind, name, *block, &Env::default());
        }
    }

    fn into_results(self, all: &mut Vec<Vec<Resource>>, reached: &mut BTreeSet<&'w str>, notices: &mut Vec<Notice>) {
        all.push(self.instances);
        reached.extend(self.reached);
        notices.extend(self.notices);
    }
}

/// The `module` blocks that lead to a scope, the outermost first.
fn calls_of<'w>(evaluator: &Evaluator<'w>, scope: &std::rc::Rc<Scope<'w>>) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut at = std::rc::Rc::clone(scope);
    while let Some(caller) = &at.caller {
        let file = &evaluator.world.files[caller.call.file as usize];
        let item = caller.call.item;
        calls.push(Call { path: file.path.clone(), header: item.header, extent: item.span });
        let outer = evaluator.scope(caller.scope);
        at = outer;
    }
    calls.reverse();
    calls
}
