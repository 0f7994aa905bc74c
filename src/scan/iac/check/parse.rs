//! Text to predicate.

use super::functions::Function;
use super::pattern::Pattern;
use super::{Base, Op, Term};
use crate::syntax::hcl::Kind;

/// Terms inside each other, at most.
const MAX_DEPTH: usize = 40;

/// A predicate, ready to be asked.
#[derive(Debug)]
pub struct Check(pub(super) Term);

/// Why a predicate is none, and at which byte of its text.
#[derive(Debug, thiserror::Error)]
#[error("{message} at byte {at}")]
pub struct ParseError {
    /// A lower-case fragment.
    pub message: String,
    /// From 0.
    pub at: usize,
}

/// Reads a predicate.
///
/// # Errors
/// Where the text is no predicate, an unknown function, or a bad regular expression.
pub fn parse(text: &str) -> Result<Check, ParseError> {
    read(Parser { text, at: 0, depth: 0, trusted: false })
}

/// The same for a predicate whose regular expressions a test has tried: they are compiled when first asked.
///
/// # Errors
/// Where the text is no predicate, or an unknown function.
pub fn parse_trusted(text: &str) -> Result<Check, ParseError> {
    read(Parser { text, at: 0, depth: 0, trusted: true })
}

fn read(mut parser: Parser<'_>) -> Result<Check, ParseError> {
    let term = parser.or()?;
    parser.space();
    if parser.at < parser.text.len() { Err(parser.error("unexpected text")) } else { Ok(Check(term)) }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    trusted: bool,
}

impl Parser<'_> {
    fn error(&self, message: &str) -> ParseError {
        ParseError { message: message.to_owned(), at: self.at }
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn eat(&mut self, token: &str) -> bool {
        self.space();
        let rest = self.rest();
        let word = token.as_bytes()[0].is_ascii_alphabetic();
        let ends = !word
            || !rest[token.len().min(rest.len())..].starts_with(|c: char| c.is_alphanumeric() || "_(.".contains(c));
        let found = rest.starts_with(token) && ends;
        if found {
            self.at += token.len();
        }
        found
    }

    fn expect(&mut self, token: &str) -> Result<(), ParseError> {
        if self.eat(token) { Ok(()) } else { Err(self.error(&format!("expected `{token}`"))) }
    }

    fn or(&mut self) -> Result<Term, ParseError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error("too deep"));
        }
        let mut terms = vec![self.and()?];
        while self.eat("||") {
            terms.push(self.and()?);
        }
        self.depth -= 1;
        Ok(if terms.len() == 1 { terms.remove(0) } else { Term::Or(terms) })
    }

    fn and(&mut self) -> Result<Term, ParseError> {
        let mut terms = vec![self.not()?];
        while self.eat("&&") {
            terms.push(self.not()?);
        }
        Ok(if terms.len() == 1 { terms.remove(0) } else { Term::And(terms) })
    }

    fn not(&mut self) -> Result<Term, ParseError> {
        self.space();
        if self.rest().starts_with('!') && !self.rest().starts_with("!=") {
            self.at += 1;
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return Err(self.error("too deep"));
            }
            let inner = self.not()?;
            self.depth -= 1;
            return Ok(Term::Not(Box::new(inner)));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Term, ParseError> {
        const OPERATORS: [(&str, Op); 9] = [
            ("==", Op::Eq),
            ("!=", Op::Ne),
            ("<=", Op::Le),
            (">=", Op::Ge),
            ("<", Op::Lt),
            (">", Op::Gt),
            ("in", Op::In),
            ("contains", Op::Contains),
            ("matches", Op::Matches),
        ];
        let left = self.operand()?;
        let op = if self.eat("not in") {
            Some(Op::NotIn)
        } else {
            OPERATORS.iter().find(|(token, _)| self.eat(token)).map(|(_, op)| *op)
        };
        let Some(op) = op else { return Ok(left) };
        let mut right = self.operand()?;
        if op == Op::Matches {
            let Term::Literal(Kind::String(pattern)) = &right else {
                return Err(self.error("`matches` wants a text"));
            };
            let read = if self.trusted { Some(Pattern::later(pattern)) } else { Pattern::now(pattern) };
            right = Term::Regex(read.ok_or_else(|| self.error("a bad regular expression"))?);
        }
        Ok(Term::Compare(op, Box::new(left), Box::new(right)))
    }

    fn operand(&mut self) -> Result<Term, ParseError> {
        self.space();
        let first = self.rest().chars().next().ok_or_else(|| self.error("expected a value"))?;
        match first {
            '(' => {
                self.at += 1;
                let inner = self.or()?;
                self.expect(")")?;
                Ok(inner)
            }
            '[' => {
                self.at += 1;
                let mut items = Vec::new();
                while !self.eat("]") {
                    items.push(self.literal()?);
                    if !self.eat(",") {
                        self.expect("]")?;
                        break;
                    }
                }
                Ok(Term::Literals(items))
            }
            '"' | '-' | '0'..='9' => self.literal().map(Term::Literal),
            _ => self.named(),
        }
    }

    fn literal(&mut self) -> Result<Kind, ParseError> {
        self.space();
        let rest = self.rest();
        if let Some(quoted) = rest.strip_prefix('"') {
            let end = quoted.find('"').ok_or_else(|| self.error("a quote is not closed"))?;
            let text = Kind::text(&quoted[..end]);
            self.at += end + 2;
            return Ok(text);
        }
        for (word, kind) in [("true", Kind::Bool(true)), ("false", Kind::Bool(false)), ("null", Kind::Null)] {
            if self.eat(word) {
                return Ok(kind);
            }
        }
        let length =
            self.rest().find(|c: char| !c.is_ascii_digit() && c != '.' && c != '-').unwrap_or(self.rest().len());
        let number = self.rest()[..length].parse().map_err(|_| self.error("expected a literal"))?;
        self.at += length;
        Ok(Kind::Number(number))
    }

    fn name(&mut self) -> Result<Box<str>, ParseError> {
        if let Some(quoted) = self.rest().strip_prefix('"') {
            let end = quoted.find('"').ok_or_else(|| self.error("a quote is not closed"))?;
            let name = quoted[..end].into();
            self.at += end + 2;
            return Ok(name);
        }
        let end = self.rest().find(|c: char| !c.is_alphanumeric() && !"_-:".contains(c)).unwrap_or(self.rest().len());
        if end == 0 {
            return Err(self.error("expected a name"));
        }
        let name = self.rest()[..end].into();
        self.at += end;
        Ok(name)
    }

    fn named(&mut self) -> Result<Term, ParseError> {
        for (word, kind) in [("true", Kind::Bool(true)), ("false", Kind::Bool(false)), ("null", Kind::Null)] {
            if self.eat(word) {
                return Ok(Term::Literal(kind));
            }
        }
        let name = self.name()?;
        let base = if self.rest().starts_with('(') {
            self.at += 1;
            let function = Function::named(&name).ok_or_else(|| self.error("an unknown function"))?;
            let mut args = Vec::new();
            while !self.eat(")") {
                args.push(self.or()?);
                if !self.eat(",") {
                    self.expect(")")?;
                    break;
                }
            }
            if !function.takes(args.len()) {
                return Err(self.error("wrong number of arguments"));
            }
            let call = Term::Call(function, args);
            if !self.rest().starts_with('.') {
                return Ok(call);
            }
            self.at += 1;
            Base::Of(Box::new(call))
        } else if &*name == "root" || &*name == "it" {
            let base = if &*name == "root" { Base::Root } else { Base::Here };
            if !self.rest().starts_with('.') {
                return Ok(Term::Path(base, Vec::new()));
            }
            self.at += 1;
            base
        } else {
            let mut steps = vec![name];
            self.steps(&mut steps)?;
            return Ok(Term::Path(Base::Here, steps));
        };
        let mut steps = vec![self.name()?];
        self.steps(&mut steps)?;
        Ok(Term::Path(base, steps))
    }

    fn steps(&mut self, steps: &mut Vec<Box<str>>) -> Result<(), ParseError> {
        while self.rest().starts_with('.') {
            self.at += 1;
            steps.push(self.name()?);
        }
        Ok(())
    }
}
