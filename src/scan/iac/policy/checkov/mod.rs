//! Checkov's policies in YAML and JSON, as they are.
//!
//! `parse` reads a file into a [`Policy`]; `graph` asks it about a [`Model`]: which resources pass, which fail, and of
//! which nothing can be said. As everywhere, what can't be known fails nothing.

mod graph;
mod jsonpath;
mod operators;
mod parse;
mod paths;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::super::resource::{Model, Value};
use crate::model::{Rule, Span};
use operators::Operator;
use paths::Path;

pub use parse::{PolicyError, is_policy, read};

/// One policy.
#[derive(Debug)]
pub struct Policy {
    /// What is told about it; its id is `iac/` and the policy's own.
    pub rule: Arc<Rule>,
    definition: Condition,
}

impl Policy {
    /// The resources that fail, as positions in the model, each with the place that says so.
    #[must_use]
    pub fn failures(&self, model: &Model, edges: &Edges) -> Vec<(usize, Span)> {
        graph::failures(&self.definition, model, edges)
    }
}

pub use graph::Edges;

/// Which resources a condition is about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Types {
    All,
    Named(Vec<String>),
}

impl Types {
    /// Kubernetes' kinds carry a prefix of ours.
    fn has(&self, kind: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.iter().any(|name| name == kind.strip_prefix("k8s:").unwrap_or(kind)),
        }
    }

    fn join(self, other: &Self) -> Self {
        match (self, other) {
            (Self::Named(mut names), Self::Named(more)) => {
                names.extend(more.iter().cloned());
                Self::Named(names)
            }
            _ => Self::All,
        }
    }
}

/// Which outcome of looking for a connection is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Exists,
    NotExists,
    OneExists,
}

/// A part of a definition.
#[derive(Debug)]
enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Attribute {
        types: Types,
        path: Path,
        operator: Operator,
        negated: bool,
        value: Value,
    },
    /// No `cond_type`: whatever is of these types.
    Any(Types),
    Connection {
        types: Types,
        connected: Types,
        wanted: Wanted,
    },
    Filter {
        path: Path,
        values: Vec<String>,
    },
    Resource {
        types: Types,
        wanted: Wanted,
    },
}

impl Condition {
    /// True where it is about several resources together.
    fn is_connected(&self) -> bool {
        match self {
            Self::Connection { .. } => true,
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::is_connected),
            _ => false,
        }
    }

    fn types(&self) -> Types {
        match self {
            Self::And(parts) | Self::Or(parts) => {
                let about = parts.iter().filter(|part| !matches!(part, Self::Filter { .. }));
                let joined = about.map(Self::types).reduce(|all, more| all.join(&more));
                joined.unwrap_or(Types::All)
            }
            Self::Not(inner) => inner.types(),
            Self::Attribute { types, .. } | Self::Any(types) => types.clone(),
            Self::Connection { types, connected, .. } => types.clone().join(connected),
            Self::Filter { .. } | Self::Resource { .. } => Types::All,
        }
    }
}
