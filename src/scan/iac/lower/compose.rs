//! Compose projects: a resource of kind `compose.service` for each service.
//!
//! Short forms become long ones: `ports` and `volumes` are lists of maps, `environment` a list of `name` and
//! `value`.

use std::sync::Arc;

use super::super::resource::{Resource, Value, ValueKind as Kind};
use super::documents::Lowered;
use super::interpolation::{Environment, parts};
use super::values::{entry_place, kind_with, place};
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

/// Adds the services; `environment` has the values of variables that are known.
pub fn lower(path: &RepoPath, node: &Node, environment: &Environment, lowered: &mut Lowered) {
    for service in node.get("services").map(Node::entries).unwrap_or_default() {
        let attributes =
            service.value.entries().iter().map(|entry| (Arc::from(entry.key.as_str()), attribute(entry, environment)));
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

fn attribute(entry: &Entry, known: &Environment) -> Value {
    let each = |form: fn(&str, Span, &Environment) -> Value| {
        let items = entry.value.items().iter().map(|item| match item.scalar() {
            Some(text) => form(text, item.span, known),
            None => Value::new(with_variables(item, known), place(item), 0),
        });
        Value::new(Kind::list(items.collect()), entry.key_span, 0)
    };
    // What a container gets from `.env` is not written into the project.
    let written = Environment::default();
    match entry.key.as_str() {
        "ports" => each(port),
        "volumes" => each(volume),
        "environment" if entry.value.items().is_empty() => {
            let items = entry.value.entries().iter().map(|one| {
                let value = one.value.scalar().map_or(Kind::Null, |text| written.interpolated(text));
                record(&[("name", Kind::text(&one.key)), ("value", value)], entry_place(one))
            });
            Value::new(Kind::list(items.collect()), entry.key_span, 0)
        }
        "environment" => each(|text, span, _| {
            let (name, value) = text.split_once('=').unwrap_or((text, ""));
            record(&[("name", Kind::text(name)), ("value", Environment::default().interpolated(value))], span)
        }),
        _ => Value::new(with_variables(&entry.value, known), entry_place(entry), 0),
    }
}

/// The value of a node, variables of its texts in place.
fn with_variables(node: &Node, known: &Environment) -> Kind {
    kind_with(node, &mut |node| node.as_str().filter(|text| text.contains('$')).map(|text| known.interpolated(text)))
}

fn record(members: &[(&str, Kind)], span: Span) -> Value {
    let members = members.iter().map(|(key, kind)| (Arc::from(*key), Value::new(kind.clone(), span, 0)));
    Value::new(Kind::map(members.collect()), span, 0)
}

/// `[[host:]published:]target[/protocol]`.
fn port(text: &str, span: Span, known: &Environment) -> Value {
    let Kind::String(text) = known.interpolated(text) else {
        return Value::new(Kind::unknown("a variable of the environment"), span, 0);
    };
    let text = text.split('/').next().unwrap_or_default();
    let (front, target) = text.rsplit_once(':').unwrap_or(("", text));
    let (host, published) = match front.rsplit_once(':') {
        Some((host, published)) => (host, published),
        None if front.contains('.') || front.starts_with('[') => (front, ""),
        None => ("", front),
    };
    let part = |part: &str| if part.is_empty() { Kind::Null } else { Kind::text(part) };
    record(&[("host_ip", part(host)), ("published", part(published)), ("target", part(target))], span)
}

/// `source:target[:mode]`.
fn volume(text: &str, span: Span, known: &Environment) -> Value {
    let parts = parts(text);
    let (source, target, mode) = match parts.as_slice() {
        [target] => (Kind::Null, *target, ""),
        [source, target, rest @ ..] => (known.interpolated(source), *target, rest.first().copied().unwrap_or_default()),
        [] => (Kind::Null, "", ""),
    };
    let read_only = match known.interpolated(mode) {
        Kind::String(mode) => Kind::Bool(mode.split(',').any(|word| word == "ro")),
        unknown => unknown,
    };
    record(&[("source", source), ("target", known.interpolated(target)), ("read_only", read_only)], span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_forms() {
        let port_of = |text| {
            let value = port(text, Span::default(), &Environment::default());
            let part = |key| value.get(key).map(|part| part.kind.clone()).unwrap();
            (part("host_ip"), part("published"), part("target"))
        };
        assert_eq!(port_of("80"), (Kind::Null, Kind::Null, Kind::text("80")));
        assert_eq!(port_of("127.0.0.1:8080:80/tcp"), (Kind::text("127.0.0.1"), Kind::text("8080"), Kind::text("80")));
        assert_eq!(port_of("[::1]:8080:80"), (Kind::text("[::1]"), Kind::text("8080"), Kind::text("80")));
        assert_eq!(port_of("${IP:-127.0.0.1}:80:80"), (Kind::text("127.0.0.1"), Kind::text("80"), Kind::text("80")));
        let environment = Environment::read(b"DATA=/etc\nMODE=ro\n");
        let value = volume("${DATA:-/x:y}:/data:${MODE}", Span::default(), &environment);
        let part = |key| value.get(key).map(|part| part.kind.clone()).unwrap();
        assert_eq!((part("source"), part("target")), (Kind::text("/etc"), Kind::text("/data")));
        assert_eq!(part("read_only"), Kind::Bool(true));
    }
}
