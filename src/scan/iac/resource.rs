//! The common model: what every platform's files become before a rule looks at them.

use std::sync::Arc;

use crate::model::{RepoPath, Span};

pub use crate::syntax::hcl::{Kind as ValueKind, Val as Value};

/// One resource, block, object or instruction that rules can name by its kind.
#[derive(Clone, Debug)]
pub struct Resource {
    /// The platform's own name: `aws_s3_bucket`, `AWS::S3::Bucket`, `data.aws_iam_policy_document`.
    pub kind: String,
    /// What a person calls it, its modules included: `module.logs.aws_s3_bucket.b`. In a plan with the keys of its
    /// instances; references leave them out.
    pub address: String,
    /// The last part of the address.
    pub name: String,
    /// The file it stands in.
    pub path: RepoPath,
    /// The number that values of that file carry.
    pub file: u32,
    /// Where it begins: the block's header, an object's name. What is missing is reported here.
    pub header: Span,
    /// All of it.
    pub extent: Span,
    /// A map: attributes, each in the place of `name = value`; nested blocks as lists of maps.
    pub attributes: Value,
    /// Where conditions that nothing decides make it one of several: each of them. Empty for most.
    pub alternatives: Vec<Resource>,
    /// The module calls on the way to it, the outermost first.
    pub calls: Vec<Call>,
}

/// A `module` block that leads to a resource.
#[derive(Clone, Debug)]
pub struct Call {
    /// The file it stands in.
    pub path: RepoPath,
    /// Its first line: what is shown.
    pub header: Span,
    /// All of it: what a suppression comment inside speaks of.
    pub extent: Span,
}

impl Resource {
    /// True where a reference to `address`, which has no keys, means this resource.
    #[must_use]
    pub fn is_at(&self, address: &str) -> bool {
        if self.address.contains('[') { without_keys(&self.address) == address } else { self.address == address }
    }
}

/// A JSON value, every part of it at the place of `at`. The parser bounds its depth.
#[must_use]
pub fn from_json(json: &serde_json::Value, at: &Value) -> Value {
    at.with(match json {
        serde_json::Value::Null => ValueKind::Null,
        serde_json::Value::Bool(value) => ValueKind::Bool(*value),
        serde_json::Value::Number(number) => ValueKind::Number(number.as_f64().unwrap_or(f64::NAN)),
        serde_json::Value::String(text) => ValueKind::text(text),
        serde_json::Value::Array(items) => ValueKind::list(items.iter().map(|item| from_json(item, at)).collect()),
        serde_json::Value::Object(entries) => {
            ValueKind::map(entries.iter().map(|(key, item)| (Arc::from(key.as_str()), from_json(item, at))).collect())
        }
    })
}

/// An address without `[0]` and `["key"]`.
#[must_use]
pub fn without_keys(address: &str) -> String {
    let mut plain = String::with_capacity(address.len());
    let mut rest = address;
    while let Some(open) = rest.find('[') {
        plain.push_str(&rest[..open]);
        // A key in quotes may hold a bracket.
        let end = if rest[open..].starts_with("[\"") { "\"]" } else { "]" };
        rest = rest[open..].split_once(end).map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain
}

/// All resources of a run, and who refers to whom.
pub struct Model {
    resources: Vec<Resource>,
    by_kind: std::collections::HashMap<String, Vec<usize>>,
    by_address: std::collections::HashMap<String, usize>,
    /// Policy documents by the place their rendered policy carries.
    documents: std::collections::HashMap<(u32, Span), usize>,
}

impl Model {
    /// Indexes resources.
    #[must_use]
    pub fn new(resources: Vec<Resource>) -> Self {
        let mut by_kind: std::collections::HashMap<String, Vec<usize>> = std::collections::HashMap::new();
        let mut by_address = std::collections::HashMap::new();
        let mut documents = std::collections::HashMap::new();
        for (at, resource) in resources.iter().enumerate() {
            if resource.kind == "data.aws_iam_policy_document" {
                documents.entry((resource.attributes.file, resource.attributes.span)).or_insert(at);
            }
            by_kind.entry(resource.kind.clone()).or_default().push(at);
            by_address.entry(without_keys(&resource.address)).or_insert(at);
        }
        Self { resources, by_kind, by_address, documents }
    }

    /// In the order they were found.
    #[must_use]
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// Those of one kind, in order.
    pub fn of_kind<'m>(&'m self, kind: &str) -> impl Iterator<Item = &'m Resource> {
        self.by_kind.get(kind).into_iter().flatten().map(|&at| &self.resources[at])
    }

    /// The policy documents that attributes of a resource were rendered from.
    pub fn documents_of<'m>(&'m self, resource: &'m Resource) -> impl Iterator<Item = usize> + 'm {
        let attributes = match &resource.attributes.kind {
            ValueKind::Map(entries) => entries.as_slice(),
            _ => &[],
        };
        attributes.iter().filter_map(|(_, value)| match &value.kind {
            ValueKind::Json(inner) => self.documents.get(&(inner.file, inner.span)).copied(),
            _ => None,
        })
    }

    /// The one at an address without keys; the first instance where there are several.
    #[must_use]
    pub fn at(&self, address: &str) -> Option<&Resource> {
        self.by_address.get(address).map(|&at| &self.resources[at])
    }
}
