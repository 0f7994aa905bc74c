//! The predicate language of rules: small, total, and three-valued.
//!
//! `acl in ["public-read"]`, `encryption.enabled != true`, `any(ingress, open_cidr(cidr_blocks) && from_port <= 22)`.
//! What is absent is null; what can't be known makes a predicate unknown, and an unknown predicate denies
//! nothing. `rules/iac/README.md` is the reference.

mod aws_actions;
mod eval;
mod functions;
mod links;
mod parse;
mod pattern;
#[cfg(test)]
mod tests;

use crate::syntax::hcl::Kind;
pub use eval::{Answer, Finding, deny};
pub use parse::{Check, ParseError, parse, parse_trusted};

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    In,
    NotIn,
    Contains,
    Matches,
}

/// A parsed predicate or operand.
#[derive(Debug)]
enum Term {
    /// A literal.
    Literal(Kind),
    /// A literal list of scalars.
    Literals(Vec<Kind>),
    /// A regular expression, from the right of `matches`.
    Regex(pattern::Pattern),
    /// Member by member from `base`.
    Path(Base, Vec<Box<str>>),
    /// A function.
    Call(functions::Function, Vec<Term>),
    /// A comparison.
    Compare(Op, Box<Term>, Box<Term>),
    /// `!a`.
    Not(Box<Term>),
    /// `a && b && …`.
    And(Vec<Term>),
    /// `a || b || …`.
    Or(Vec<Term>),
}

/// Where a path begins.
#[derive(Debug)]
enum Base {
    /// The element of the nearest `any`, `all` or `linked`, or the resource.
    Here,
    /// `root`: the resource, from inside of those.
    Root,
    /// What a function gives: `json(policy).Statement`.
    Of(Box<Term>),
}

impl Check {
    /// Where the whole predicate compares one attribute of the resource with a boolean: the attribute, and the value
    /// with which the predicate does not hold.
    #[must_use]
    pub fn wanted(&self) -> Option<(&[Box<str>], bool)> {
        let Term::Compare(op, left, right) = &self.0 else { return None };
        match (op, &**left, &**right) {
            (Op::Ne, Term::Path(Base::Here, path), Term::Literal(Kind::Bool(value))) => Some((path, *value)),
            (Op::Eq, Term::Path(Base::Here, path), Term::Literal(Kind::Bool(value))) => Some((path, !value)),
            _ => None,
        }
    }
}
