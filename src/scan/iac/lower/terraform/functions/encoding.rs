//! Encodings and digests.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::ops::{MAX_TEXT, Out, known, number_text, text};
use super::Args;
use crate::scan::iac::resource::from_json;
use crate::syntax::hcl::{Kind, Val};

pub(super) fn base64encode(args: Args<'_>) -> Out {
    Ok(Kind::text(&STANDARD.encode(text(&args[0])?.as_bytes())))
}

/// `textencodebase64` and its like: other encodings than UTF-8 are not known here.
pub(super) fn base64encode_utf8(args: Args<'_>) -> Out {
    utf8(&args[1])?;
    base64encode(args)
}

pub(super) fn base64decode_utf8(args: Args<'_>) -> Out {
    utf8(&args[1])?;
    base64decode(args)
}

fn utf8(encoding: &Val) -> Result<(), Kind> {
    let known = text(encoding)?.eq_ignore_ascii_case("utf-8");
    known.then_some(()).ok_or_else(|| Kind::unknown("an encoding other than UTF-8"))
}

pub(super) fn base64decode(args: Args<'_>) -> Out {
    let bytes = STANDARD.decode(text(&args[0])?.as_bytes()).map_err(|_| Kind::invalid("not base64"))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Kind::text(&text)),
        Err(_) => Err(Kind::invalid("not UTF-8 inside the base64")),
    }
}

pub(super) fn urlencode(args: Args<'_>) -> Out {
    let mut encoded = String::new();
    for byte in text(&args[0])?.bytes() {
        match byte {
            b' ' => encoded.push('+'),
            _ if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) => encoded.push(byte as char),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    Ok(Kind::text(&encoded))
}

pub(super) fn urldecode(args: Args<'_>) -> Out {
    let input = text(&args[0])?;
    let mut bytes = Vec::with_capacity(input.len());
    let mut rest = input.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = rest.get(..2).and_then(|two| std::str::from_utf8(two).ok());
                let byte = digits.and_then(|two| u8::from_str_radix(two, 16).ok());
                bytes.push(byte.ok_or_else(|| Kind::invalid("a bad escape"))?);
                rest = &rest[2..];
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).map(|text| Kind::text(&text)).map_err(|_| Kind::invalid("not UTF-8"))
}

/// `jsonencode`, lenient: the structure is kept, so that a rule sees into it even where parts are unknown.
pub(super) fn jsonencode(args: Args<'_>) -> Out {
    match &args[0].kind {
        Kind::List(_) | Kind::Map(_) => Ok(Kind::Json(Arc::new(args[0].clone()))),
        _ => json_text(known(&args[0])?).map(|text| Kind::text(&text)),
    }
}

/// A value as JSON text: members sorted, and `<`, `>`, `&` escaped, as Terraform writes it.
pub(in super::super) fn json_text(value: &Val) -> Result<String, Kind> {
    let mut json = String::new();
    write_json(value, &mut json)?;
    Ok(json)
}

fn write_json(value: &Val, json: &mut String) -> Result<(), Kind> {
    if json.len() > MAX_TEXT {
        return Err(Kind::unknown("JSON too long to write"));
    }
    match &known(value)?.kind {
        Kind::Bool(value) => json.push_str(if *value { "true" } else { "false" }),
        Kind::Number(number) => json.push_str(&number_text(*number)),
        Kind::String(text) => write_json_string(text, json),
        Kind::Json(inner) => write_json_string(&json_text(inner)?, json),
        Kind::List(items) => {
            json.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    json.push(',');
                }
                write_json(item, json)?;
            }
            json.push(']');
        }
        Kind::Map(entries) => {
            let mut sorted: Vec<_> = entries.iter().collect();
            sorted.sort_by(|a, b| a.0.cmp(&b.0));
            json.push('{');
            for (at, (key, item)) in sorted.into_iter().enumerate() {
                if at > 0 {
                    json.push(',');
                }
                write_json_string(key, json);
                json.push(':');
                write_json(item, json)?;
            }
            json.push('}');
        }
        _ => json.push_str("null"),
    }
    Ok(())
}

fn write_json_string(text: &str, json: &mut String) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '<' | '>' | '&' | '\0'..='\x1f' | '\u{2028}' | '\u{2029}' => json.push_str(&format!("\\u{:04x}", c as u32)),
            _ => json.push(c),
        }
    }
    json.push('"');
}

pub(super) fn jsondecode(args: Args<'_>) -> Out {
    if let Kind::Json(inner) = &args[0].kind {
        return Ok(inner.kind.clone());
    }
    // The reader refuses what nests deeper than 128 levels.
    match serde_json::from_str(&text(&args[0])?) {
        Ok(value) => Ok(from_json(&value, &args[0]).kind),
        Err(_) => Err(Kind::invalid("not JSON")),
    }
}

/// `yamldecode` of one document.
pub(super) fn yamldecode(args: Args<'_>) -> Out {
    let parsed = crate::syntax::yaml::parse(text(&args[0])?.as_bytes());
    if !parsed.errors.is_empty() {
        return Err(Kind::invalid("not YAML"));
    }
    Ok(from_node(&parsed.value, &args[0]))
}

/// `yamlencode`: as Terraform writes it, in blocks, with keys and texts in quotes.
pub(super) fn yamlencode(args: Args<'_>) -> Out {
    let mut yaml = String::new();
    write_yaml(&args[0], 0, &mut yaml)?;
    Ok(Kind::text(&yaml))
}

/// Everything behind `key:`, `- ` or nothing, with the line's end.
fn write_yaml(value: &Val, depth: usize, yaml: &mut String) -> Result<(), Kind> {
    if yaml.len() > MAX_TEXT {
        return Err(Kind::unknown("YAML too long to write"));
    }
    match &known(value)?.kind {
        Kind::List(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                yaml.push_str(&if at > 0 { "  ".repeat(depth) } else { String::new() });
                yaml.push_str("- ");
                write_yaml(item, depth + 1, yaml)?;
            }
        }
        Kind::Map(entries) if !entries.is_empty() => {
            let mut sorted: Vec<_> = entries.iter().collect();
            sorted.sort_by(|a, b| a.0.cmp(&b.0));
            for (at, (key, item)) in sorted.into_iter().enumerate() {
                yaml.push_str(&if at > 0 { "  ".repeat(depth) } else { String::new() });
                write_json_string(key, yaml);
                let (below, inner) = match &item.kind {
                    Kind::List(items) if !items.is_empty() => (true, depth),
                    Kind::Map(entries) if !entries.is_empty() => (true, depth + 1),
                    _ => (false, depth),
                };
                yaml.push_str(&if below { format!(":\n{}", "  ".repeat(inner)) } else { ": ".to_owned() });
                write_yaml(item, inner, yaml)?;
            }
        }
        _ => {
            write_json(value, yaml)?;
            yaml.push('\n');
        }
    }
    Ok(())
}

/// A tree, every part of it at one place. The YAML reader bounds its depth.
pub(in super::super) fn from_node(node: &crate::syntax::Node, at: &Val) -> Kind {
    use crate::syntax::Value;
    match &node.value {
        Value::Null => Kind::Null,
        Value::Bool(value) => Kind::Bool(*value),
        Value::Number(_) => Kind::Number(node.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => Kind::text(text),
        Value::List(items) => Kind::list(items.iter().map(|item| at.with(from_node(item, at))).collect()),
        Value::Map(entries) => {
            let entries = entries.iter().map(|entry| (Arc::from(&*entry.key), at.with(from_node(&entry.value, at))));
            Kind::map(entries.collect())
        }
    }
}

/// `csvdecode`: one map for each line after the header.
pub(super) fn csvdecode(args: Args<'_>) -> Out {
    let input = text(&args[0])?;
    let mut rest = &*input;
    let mut header: Vec<Arc<str>> = Vec::new();
    let mut rows = Vec::new();
    while let Some(fields) = record(&mut rest)? {
        if header.is_empty() {
            header = fields.into_iter().map(Arc::from).collect();
            continue;
        }
        if fields.len() != header.len() {
            return Err(Kind::invalid("a CSV line has another number of fields than the header"));
        }
        let fields = fields.into_iter().map(|field| args[0].with(Kind::text(&field)));
        rows.push(args[0].with(Kind::map(header.iter().cloned().zip(fields).collect())));
    }
    Ok(Kind::list(rows))
}

/// The fields of the next record (RFC 4180), which is taken off `rest`; empty lines are none. `None` at the end.
fn record(rest: &mut &str) -> Result<Option<Vec<String>>, Kind> {
    *rest = rest.trim_start_matches(['\r', '\n']);
    if rest.is_empty() {
        return Ok(None);
    }
    let mut fields = Vec::new();
    loop {
        let mut field = String::new();
        if let Some(quoted) = rest.strip_prefix('"') {
            *rest = quoted;
            loop {
                let Some((part, after)) = rest.split_once('"') else {
                    return Err(Kind::invalid("a quoted CSV field has no end"));
                };
                field.push_str(part);
                *rest = after;
                // Two quotes are one of the text.
                let Some(after) = rest.strip_prefix('"') else { break };
                field.push('"');
                *rest = after;
            }
        } else {
            let end = rest.find([',', '\r', '\n', '"']).unwrap_or(rest.len());
            if rest[end..].starts_with('"') {
                return Err(Kind::invalid("a quote inside a CSV field without quotes"));
            }
            field.push_str(&rest[..end]);
            *rest = &rest[end..];
        }
        fields.push(field);
        if let Some(after) = rest.strip_prefix(',') {
            *rest = after;
        } else if rest.is_empty() || rest.starts_with(['\r', '\n']) {
            return Ok(Some(fields));
        } else {
            return Err(Kind::invalid("text behind a quoted CSV field"));
        }
    }
}
