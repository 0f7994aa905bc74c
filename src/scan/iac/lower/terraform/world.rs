//! The configuration as written: which files make which directory, and what each directory declares.

use std::collections::BTreeMap;

use crate::model::{KeptInput, RepoPath};
use crate::syntax::hcl::{Attr, Block, Body};

/// One parsed file.
pub(super) struct File {
    /// Where it stands.
    pub path: RepoPath,
    /// What it holds.
    pub body: Body,
}

/// A declaration, and the number of the file it stands in.
#[derive(Clone, Copy)]
pub(super) struct In<T> {
    /// Index into [`World::files`].
    pub file: u32,
    /// The declaration.
    pub item: T,
}

/// What the files of one directory declare together: one module.
#[derive(Default)]
pub(super) struct Dir<'w> {
    /// The directory, empty for the root.
    pub path: &'w str,
    /// By name.
    pub variables: BTreeMap<&'w str, In<&'w Block>>,
    /// By name.
    pub locals: BTreeMap<&'w str, In<&'w Attr>>,
    /// By name.
    pub outputs: BTreeMap<&'w str, In<&'w Block>>,
    /// By name.
    pub modules: BTreeMap<&'w str, In<&'w Block>>,
    /// By type and name.
    pub resources: BTreeMap<(&'w str, &'w str), In<&'w Block>>,
    /// By type and name.
    pub data: BTreeMap<(&'w str, &'w str), In<&'w Block>>,
    /// `provider` and `terraform` blocks.
    pub settings: Vec<In<&'w Block>>,
    /// Values for variables, weakest first.
    pub tfvars: Vec<(u8, In<&'w Attr>)>,
}

/// Everything that was read.
pub(super) struct World<'w> {
    /// All configuration and variable files.
    pub files: &'w [File],
    /// By path.
    pub dirs: BTreeMap<&'w str, Dir<'w>>,
    /// Kept inputs by path: what `file` and `templatefile` may read.
    pub texts: BTreeMap<&'w str, &'w KeptInput>,
}

/// True for a file that declares something.
pub(crate) fn is_configuration(name: &str) -> bool {
    [".tf", ".tf.json", ".tofu", ".tofu.json"].iter().any(|suffix| name.ends_with(suffix))
}

/// How strong a file of variable values is; `None` where it is none that Terraform reads by itself.
fn tfvars_rank(name: &str) -> Option<u8> {
    match name {
        "terraform.tfvars" => Some(0),
        "terraform.tfvars.json" => Some(1),
        _ if name.ends_with(".auto.tfvars") || name.ends_with(".auto.tfvars.json") => Some(2),
        _ => None,
    }
}

/// True for a file of variable values, read by itself or only when asked for.
pub(super) fn is_tfvars(name: &str) -> bool {
    name.ends_with(".tfvars") || name.ends_with(".tfvars.json")
}

impl<'w> World<'w> {
    /// Sorts declarations into directories. `files` are sorted by path; of a name declared twice the first
    /// counts, but an `override.tf` or `*_override.tf` wins.
    pub fn new(files: &'w [File], kept: &'w [KeptInput], var_files: &[RepoPath]) -> Self {
        let mut world = Self {
            files,
            dirs: BTreeMap::new(),
            texts: kept.iter().map(|input| (input.path.as_str(), input)).collect(),
        };
        for overriding in [true, false] {
            for (file, parsed) in files.iter().enumerate() {
                let name = parsed.path.file_name();
                if is_configuration(name) && is_override(name) == overriding {
                    world.add(u32::try_from(file).unwrap_or(u32::MAX), parsed);
                }
            }
        }
        for (file, parsed) in files.iter().enumerate() {
            if let Some(rank) = tfvars_rank(parsed.path.file_name())
                && let Some(dir) = world.dirs.get_mut(parsed.path.parent())
            {
                let file = u32::try_from(file).unwrap_or(u32::MAX);
                dir.tfvars.extend(parsed.body.attrs.iter().map(|item| (rank, In { file, item })));
            }
        }
        for dir in world.dirs.values_mut() {
            dir.tfvars.sort_by_key(|(rank, _)| *rank);
            for path in var_files {
                let found = files.iter().enumerate().find(|(_, file)| file.path == *path);
                if let Some((file, parsed)) = found {
                    let file = u32::try_from(file).unwrap_or(u32::MAX);
                    dir.tfvars.extend(parsed.body.attrs.iter().map(|item| (u8::MAX, In { file, item })));
                }
            }
        }
        world
    }

    fn add(&mut self, file: u32, parsed: &'w File) {
        let dir = self.dirs.entry(parsed.path.parent()).or_default();
        dir.path = parsed.path.parent();
        for block in &parsed.body.blocks {
            let item = In { file, item: block };
            match (&*block.kind, block.label(0), block.label(1)) {
                ("variable", Some(name), _) => drop(dir.variables.entry(name).or_insert(item)),
                ("output", Some(name), _) => drop(dir.outputs.entry(name).or_insert(item)),
                ("module", Some(name), _) => drop(dir.modules.entry(name).or_insert(item)),
                ("resource", Some(kind), Some(name)) => drop(dir.resources.entry((kind, name)).or_insert(item)),
                ("data", Some(kind), Some(name)) => drop(dir.data.entry((kind, name)).or_insert(item)),
                ("locals", ..) => {
                    for attr in &block.body.attrs {
                        dir.locals.entry(&attr.name).or_insert(In { file, item: attr });
                    }
                }
                ("provider" | "terraform", ..) => dir.settings.push(item),
                _ => {}
            }
        }
    }
}

fn is_override(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    stem == "override" || stem.ends_with("_override")
}

/// The directory that a module's `source` names, seen from `from`; `None` where it is no local path.
pub(super) fn local_source(from: &str, source: &str) -> Option<String> {
    if !source.starts_with("./") && !source.starts_with("../") {
        return None;
    }
    let mut parts: Vec<&str> = from.split('/').filter(|part| !part.is_empty()).collect();
    for part in source.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}
