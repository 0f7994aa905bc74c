//! Repairs that a rule's data describes: one attribute with one right value, set where it stands or added where it
//! is missing. Nothing is offered where the text is not plainly that attribute: a variable, an alias, a template.

use super::resource::{Resource, Value, ValueKind as Kind};
use super::text::{line_end, line_start};
use crate::model::{Fix, Replacement, Span};

/// `securityContext.privileged = false`: what an attribute should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    path: Vec<Box<str>>,
    value: Literal,
}

/// A value as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Literal {
    /// True, false or a number: the same in every language.
    Plain(Box<str>),
    /// Text, without its quotes.
    Text(Box<str>),
}

/// An attribute that is missing, and the map that lacks it.
struct Absent<'a> {
    within: &'a Value,
    missing: &'a [Box<str>],
}

impl Setting {
    /// A boolean.
    #[must_use]
    pub fn boolean(path: &[Box<str>], value: bool) -> Self {
        Self { path: path.to_vec(), value: Literal::Plain(value.to_string().into()) }
    }

    /// From `path.to.it = literal`; `None` where it is not of that form. Text stands in double quotes and holds none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (path, value) = text.split_once('=')?;
        let path: Vec<Box<str>> = path.trim().split('.').map(Box::from).collect();
        let word =
            |step: &str| !step.is_empty() && step.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        if !path.iter().all(|step| word(step)) {
            return None;
        }
        let value = value.trim();
        let quoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let value = match quoted {
            Some(inner) if !inner.contains(['"', '\\', '$', '%']) => Literal::Text(inner.into()),
            None if value == "true" || value == "false" || value.parse::<f64>().is_ok() => Literal::Plain(value.into()),
            _ => return None,
        };
        Some(Self { path, value })
    }

    /// What mends a finding at `span` of the resource, whose file holds `bytes`.
    #[must_use]
    pub fn fix(&self, resource: &Resource, span: Span, bytes: &[u8]) -> Option<Fix> {
        let replacement = match self.find(resource, &resource.attributes, &self.path, span) {
            Ok(()) => self.replace(span, bytes),
            Err(absent) => absent.and_then(|absent| self.insert(resource, &absent, bytes)),
        }?;
        let description = format!("Set `{}` to `{}`", self.path.join("."), self.quoted());
        Some(Fix { description, replacements: vec![replacement] })
    }

    /// `Ok` where the attribute stands at `span`; else the deepest map there is, where the finding points at it.
    fn find<'a>(
        &self,
        resource: &'a Resource,
        from: &'a Value,
        path: &'a [Box<str>],
        span: Span,
    ) -> Result<(), Option<Absent<'a>>> {
        let Some((step, rest)) = path.split_first() else {
            let scalar = !matches!(from.kind, Kind::List(_) | Kind::Map(_) | Kind::Json(_));
            return if scalar && from.span == span && is_own(resource, from) { Ok(()) } else { Err(None) };
        };
        match &from.kind {
            Kind::List(items) => {
                let mut absent = None;
                for item in items.iter() {
                    match self.find(resource, item, path, span) {
                        Err(found) => absent = absent.or(found),
                        found => return found,
                    }
                }
                Err(absent)
            }
            Kind::Map(entries) => match entries.iter().rev().find(|(key, _)| **key == **step) {
                Some((_, value)) => self.find(resource, value, rest, span),
                None => {
                    let top = std::ptr::eq(from, &raw const resource.attributes);
                    let pointed = from.span == span || (top && resource.header == span);
                    Err(pointed.then_some(Absent { within: from, missing: path }))
                }
            },
            _ => Err(None),
        }
    }

    /// The literal behind the attribute's name, in the quotes that are there.
    fn replace(&self, span: Span, bytes: &[u8]) -> Option<Replacement> {
        let name = self.path.last()?;
        let text = std::str::from_utf8(span.of(bytes)).ok()?;
        let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''));
        let rest = text[quote.map_or(0, char::len_utf8)..].strip_prefix(&**name)?;
        let rest = match quote {
            Some(quote) => rest.strip_prefix(quote)?,
            None => rest,
        };
        let rest = rest.trim_start().strip_prefix([':', '='])?.trim_start();
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
        let inner = match quote {
            Some(quote) => rest.strip_prefix(quote)?.strip_suffix(quote)?,
            None => rest,
        };
        if inner.is_empty() || !inner.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.:/".contains(&b)) {
            return None;
        }
        let end = span.end as usize;
        let text = match (&self.value, quote) {
            (Literal::Text(text), Some(quote)) => format!("{quote}{text}{quote}"),
            _ => self.quoted(),
        };
        Some(Replacement { span: Span::new(end - rest.len(), end), text })
    }

    fn insert(&self, resource: &Resource, absent: &Absent<'_>, bytes: &[u8]) -> Option<Replacement> {
        let place = if std::ptr::eq(absent.within, &raw const resource.attributes) {
            resource.header
        } else {
            absent.within.span
        };
        if let Some(open) = brace_after(bytes, place.end as usize) {
            let [name] = absent.missing else { return None };
            let value = self.quoted();
            return into_block(bytes, place.start as usize, open, &format!("{name} = {value}"));
        }
        let Kind::Map(entries) = &absent.within.kind else { return None };
        let first = entries.iter().map(|(_, value)| value).find(|value| is_own(resource, value))?;
        let (start, line) = (first.span.start as usize, line_start(bytes, first.span.start as usize));
        let before = bytes.get(line..start)?;
        if before.iter().all(|byte| matches!(byte, b' ' | b'-')) {
            return Some(self.add_lines(absent.missing, first.span, start - line, bytes));
        }
        self.add_in_braces(absent.missing, start, bytes)
    }

    /// A line (or several, for a map that is missing as well) behind the first member, where that is a line of its
    /// own, or before it.
    fn add_lines(&self, missing: &[Box<str>], first: Span, indent: usize, bytes: &[u8]) -> Replacement {
        let mut lines = Vec::new();
        for (depth, step) in missing.iter().enumerate() {
            let value = if depth + 1 == missing.len() { format!(" {}", self.quoted()) } else { String::new() };
            lines.push(format!("{}{step}:{value}", "  ".repeat(depth)));
        }
        let margin = format!("\n{}", " ".repeat(indent));
        let text = lines.join(&margin);
        let end = line_end(bytes, first.end as usize);
        let rest = bytes.get(first.end as usize..end).unwrap_or_default().trim_ascii_start();
        let whole = !first.of(bytes).contains(&b'\n') && first.of(bytes).contains(&b':');
        let block =
            matches!(first.of(bytes).split(|b| *b == b':').nth(1).map(<[u8]>::trim_ascii), Some([b'|' | b'>', ..]));
        if whole && !block && (rest.is_empty() || rest.starts_with(b"#")) {
            return Replacement { span: Span::new(end, end), text: format!("{margin}{text}") };
        }
        let at = first.start as usize;
        Replacement { span: Span::new(at, at), text: format!("{text}{margin}") }
    }

    /// Before the first member of `{…}`, with the white space that stands before that.
    fn add_in_braces(&self, missing: &[Box<str>], start: usize, bytes: &[u8]) -> Option<Replacement> {
        let head = bytes.get(..start)?;
        let open = head.trim_ascii_end();
        if open.last() != Some(&b'{') {
            return None;
        }
        let space = std::str::from_utf8(&head[open.len()..]).ok()?.replace('\r', "");
        let json = bytes.get(start) == Some(&b'"');
        let key = |step: &str| if json { format!("\"{step}\": ") } else { format!("{step}: ") };
        let (last, outer) = missing.split_last()?;
        let setting = format!("{}{}", key(last), self.quoted());
        let setting = outer.iter().rev().fold(setting, |inner, step| format!("{}{{{inner}}}", key(step)));
        let space = if space.is_empty() { " " } else { &space };
        Some(Replacement { span: Span::new(start, start), text: format!("{setting},{space}") })
    }

    fn quoted(&self) -> String {
        match &self.value {
            Literal::Plain(text) => text.to_string(),
            Literal::Text(text) => format!("\"{text}\""),
        }
    }
}

/// True for a value whose place lies in the resource's own text.
fn is_own(resource: &Resource, value: &Value) -> bool {
    value.file == resource.file && resource.extent.contains(value.span) && !value.span.is_empty()
}

/// Where HCL's brace stands behind a block's header.
fn brace_after(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
    (rest.get(spaces) == Some(&b'{')).then_some(at + spaces)
}

/// A line of its own behind the brace at `open`.
fn into_block(bytes: &[u8], header: usize, open: usize, setting: &str) -> Option<Replacement> {
    let line = line_start(bytes, header);
    let margin = bytes.get(line..header)?.iter().take_while(|byte| **byte == b' ').count();
    let end = line_end(bytes, open);
    let rest = bytes.get(open + 1..end)?.trim_ascii();
    if rest.is_empty() || rest.starts_with(b"#") || rest.starts_with(b"//") {
        let below = bytes.get(end..)?.split(|byte| *byte == b'\n').skip(1).find(|line| !line.trim_ascii().is_empty());
        let indent = below.map_or(0, |line| line.iter().take_while(|byte| **byte == b' ').count());
        let indent = " ".repeat(if indent > margin { indent } else { margin + 2 });
        return Some(Replacement { span: Span::new(end, end), text: format!("\n{indent}{setting}") });
    }
    if rest != b"}" {
        return None;
    }
    let close = open + 1 + bytes.get(open + 1..end)?.iter().position(|byte| *byte == b'}')?;
    let text = format!("\n{}{setting}\n{}", " ".repeat(margin + 2), " ".repeat(margin));
    Some(Replacement { span: Span::new(open + 1, close), text })
}
