//! Compose projects: a resource of kind `compose.service` for each service.
//!
//! Short forms become long ones: `ports` and `volumes` are lists of maps, `environment` a list of `name` and
//! `value`.

use std::sync::Arc;

use super::super::resource::{Resource, Value, ValueKind as Kind};
use super::documents::Lowered;
use super::values::{entry_place, plain, plain_entry};
use crate::model::{RepoPath, Span};
use crate::syntax::{Entry, Node};

/// True for a document with services that name an image or a build.
#[must_use]
pub fn is_project(node: &Node) -> bool {
    node.get("services").is_some_and(|services| {
        services
            .entries()
            .iter()
            .any(|service| ["image", "build", "extends"].iter().any(|key| service.value.get(key).is_some()))
    })
}

/// Adds the services.
pub fn lower(path: &RepoPath, node: &Node, lowered: &mut Lowered) {
    for service in node.get("services").map(Node::entries).unwrap_or_default() {
        let attributes = service.value.entries().iter().map(|entry| (Arc::from(entry.key.as_str()), attribute(entry)));
        lowered.resources.push(Resource {
            kind: "compose.service".into(),
            address: format!("services.{}", service.key),
            name: service.key.clone(),
            path: path.clone(),
            file: 0,
            header: service.key_span,
            extent: service.key_span.join(service.value.span),
            attributes: Value::new(Kind::map(attributes.collect()), service.key_span, 0),
            alternatives: Vec::new(),
            calls: Vec::new(),
        });
    }
}

fn attribute(entry: &Entry) -> Value {
    let each = |form: fn(&str, Span) -> Value| {
        let items = entry.value.items().iter().map(|item| match item.scalar() {
            Some(text) => form(text, item.span),
            None => plain(item),
        });
        Value::new(Kind::list(items.collect()), entry.key_span, 0)
    };
    match entry.key.as_str() {
        "ports" => each(port),
        "volumes" => each(volume),
        "environment" if entry.value.items().is_empty() => {
            let items = entry.value.entries().iter().map(|one| {
                let value = one.value.scalar().map_or(Kind::Null, interpolated);
                record(&[("name", Kind::text(&one.key)), ("value", value)], entry_place(one))
            });
            Value::new(Kind::list(items.collect()), entry.key_span, 0)
        }
        "environment" => each(|text, span| {
            let (name, value) = text.split_once('=').unwrap_or((text, ""));
            record(&[("name", Kind::text(name)), ("value", interpolated(value))], span)
        }),
        _ => {
            let mut value = plain_entry(entry);
            if let Kind::String(text) = &value.kind {
                value.kind = interpolated(text);
            }
            value
        }
    }
}

/// Text with variables is known only where each has a default: `${TAG:-1.2}`.
fn interpolated(text: &str) -> Kind {
    let mut known = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('$') {
        known.push_str(before);
        if let Some(escaped) = behind.strip_prefix('$') {
            known.push('$');
            rest = escaped;
            continue;
        }
        let inner = behind.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let Some((name, after)) = inner else { return Kind::unknown("a variable of the environment") };
        let Some((_, default)) = name.split_once(":-").or_else(|| name.split_once('-')) else {
            return Kind::unknown("a variable of the environment");
        };
        known.push_str(default);
        rest = after;
    }
    known.push_str(rest);
    Kind::text(&known)
}

fn record(members: &[(&str, Kind)], span: Span) -> Value {
    let members = members.iter().map(|(key, kind)| (Arc::from(*key), Value::new(kind.clone(), span, 0)));
    Value::new(Kind::map(members.collect()), span, 0)
}

/// `[[host:]published:]target[/protocol]`.
fn port(text: &str, span: Span) -> Value {
    let Kind::String(text) = interpolated(text) else {
        return Value::new(Kind::unknown("a variable of the environment"), span, 0);
    };
    let text = text.split('/').next().unwrap_or_default();
    let (front, target) = text.rsplit_once(':').unwrap_or(("", text));
    let (host, published) = match front.rsplit_once(':') {
        Some((host, published)) => (host, published),
        None if front.contains('.') || front.starts_with('[') => (front, ""),
        None => ("", front),
    };
    let known = |part: &str| if part.is_empty() { Kind::Null } else { Kind::text(part) };
    record(&[("host_ip", known(host)), ("published", known(published)), ("target", known(target))], span)
}

/// `source:target[:mode]`.
fn volume(text: &str, span: Span) -> Value {
    let mut parts = text.split(':');
    let (first, second, mode) = (parts.next().unwrap_or_default(), parts.next(), parts.next().unwrap_or_default());
    let (source, target) = match second {
        Some(target) => (interpolated(first), target),
        None => (Kind::Null, first),
    };
    let read_only = Kind::Bool(mode.split(',').any(|word| word == "ro"));
    record(&[("source", source), ("target", Kind::text(target)), ("read_only", read_only)], span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_forms() {
        let port_of = |text| {
            let value = port(text, Span::default());
            let part = |key| value.get(key).map(|part| part.kind.clone()).unwrap();
            (part("host_ip"), part("published"), part("target"))
        };
        assert_eq!(port_of("80"), (Kind::Null, Kind::Null, Kind::text("80")));
        assert_eq!(port_of("127.0.0.1:8080:80/tcp"), (Kind::text("127.0.0.1"), Kind::text("8080"), Kind::text("80")));
        assert_eq!(port_of("[::1]:8080:80"), (Kind::text("[::1]"), Kind::text("8080"), Kind::text("80")));
        assert_eq!(port_of("${IP:-127.0.0.1}:80:80"), (Kind::text("127.0.0.1"), Kind::text("80"), Kind::text("80")));
        assert_eq!(interpolated("a:${T:-1}$$x"), Kind::text("a:1$x"));
        assert!(interpolated("a:${T}").is_unknown());
    }
}
