//! The tree that both HCL and its JSON form become.

use crate::model::Span;

/// What stands between a pair of braces, or in a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    /// In the order of the text.
    pub attrs: Vec<Attr>,
    /// In the order of the text.
    pub blocks: Vec<Block>,
}

impl Body {
    /// The attribute of that name.
    #[must_use]
    pub fn attr(&self, name: &str) -> Option<&Attr> {
        self.attrs.iter().find(|attr| &*attr.name == name)
    }

    /// The blocks of that type.
    pub fn blocks_of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Block> {
        self.blocks.iter().filter(move |block| &*block.kind == kind)
    }
}

/// `name = value`.
#[derive(Clone, Debug, PartialEq)]
pub struct Attr {
    /// Left of `=`.
    pub name: Box<str>,
    /// The name's bytes.
    pub name_span: Span,
    /// Right of `=`.
    pub value: Expr,
}

impl Attr {
    /// From the name to the end of the value.
    #[must_use]
    pub fn span(&self) -> Span {
        self.name_span.join(self.value.span)
    }
}

/// `resource "aws_s3_bucket" "b" { … }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// The first word.
    pub kind: Box<str>,
    /// The first word's bytes.
    pub kind_span: Span,
    /// The words or strings after it.
    pub labels: Vec<Label>,
    /// From the first word to the last label: what a person calls the block's header.
    pub header: Span,
    /// All of it, braces included.
    pub span: Span,
    /// What stands between the braces.
    pub body: Body,
}

impl Block {
    /// The text of a label, from 0.
    #[must_use]
    pub fn label(&self, index: usize) -> Option<&str> {
        self.labels.get(index).map(|label| &*label.text)
    }
}

/// A block's label.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// Without quotes.
    pub text: Box<str>,
    /// With quotes.
    pub span: Span,
}

/// An expression and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// Its bytes.
    pub span: Span,
    /// What it is.
    pub kind: ExprKind,
}

/// What an expression is. Parentheses leave no trace but the span.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A string without interpolation, after escapes.
    String(Box<str>),
    /// A string or heredoc with interpolations or directives.
    Template(Vec<Part>),
    /// `[a, b]`.
    List(Vec<Expr>),
    /// `{ k = v }`; a bare word as key is a `String`.
    Object(Vec<(Expr, Expr)>),
    /// A bare name: `var`, `each`, a loop variable.
    Var(Box<str>),
    /// `of.name`.
    Attr(Box<Expr>, Box<str>),
    /// `of[key]`, `of.0`.
    Index(Box<Expr>, Box<Expr>),
    /// `of[*].a[0]` or `of.*.a`: the steps apply to each element.
    Splat(Box<Expr>, Vec<SplatStep>),
    /// `name(args…)`; true where the last argument ends in `...`.
    Call(Box<str>, Vec<Expr>, bool),
    /// `if ? then : else`.
    Cond(Box<[Expr; 3]>),
    /// `!x`.
    Not(Box<Expr>),
    /// `-x`.
    Neg(Box<Expr>),
    /// `a + b`.
    Binary(BinOp, Box<[Expr; 2]>),
    /// `[for …]`, `{for …}`.
    For(Box<ForExpr>),
}

/// A step after a splat.
#[derive(Clone, Debug, PartialEq)]
pub enum SplatStep {
    /// `.name`.
    Attr(Box<str>),
    /// `[key]`.
    Index(Expr),
}

/// One piece of a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Text.
    Text(Box<str>),
    /// `${ … }`.
    Interpolation(Expr),
    /// `%{ if … }…%{ else }…%{ endif }`.
    If(Expr, Vec<Part>, Vec<Part>),
    /// `%{ for k, v in … }…%{ endfor }`.
    For {
        /// Name of the key or index, where one is asked for.
        key: Option<Box<str>>,
        /// Name of the value.
        value: Box<str>,
        /// What is walked.
        of: Expr,
        /// Once for each element.
        body: Vec<Part>,
    },
}

/// A `for` expression.
#[derive(Clone, Debug, PartialEq)]
pub struct ForExpr {
    /// Name of the key or index, where one is asked for.
    pub key_var: Option<Box<str>>,
    /// Name of the value.
    pub value_var: Box<str>,
    /// What is walked.
    pub of: Expr,
    /// Present in the object form.
    pub key: Option<Expr>,
    /// The element, or the object's value.
    pub value: Expr,
    /// After `if`.
    pub cond: Option<Expr>,
    /// True where the value ends in `...`.
    pub grouping: bool,
}

/// An operator between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Mod,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `&&`
    And,
    /// `||`
    Or,
}
