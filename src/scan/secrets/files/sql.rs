//! SQL: accounts that a script makes, and the rows of a dump.

use std::sync::OnceLock;

use regex::bytes::Regex;

use super::text::pattern;
use super::{Kind, Value, lines, plain};
use crate::model::Span;
use crate::scan::secrets::generic::is_secret_name;
use crate::scan::secrets::shape::{self, Judged};

/// Accounts, password columns of rows, and hashes wherever they stand.
pub(super) fn read(bytes: &[u8], values: &mut Vec<Value>) {
    accounts(bytes, values);
    inserts(bytes, values);
    copies(bytes, values);
}

/// `CREATE USER ... IDENTIFIED BY '...'` and its kind, and literals that are hashes by their form.
fn accounts(bytes: &[u8], values: &mut Vec<Value>) {
    pattern!(
        bytes,
        r"(?i)identified\s+(?:with\s+\S+\s+)?by\s+(?:password\s+)?['\x22]([^'\x22\n]{4,256})['\x22]",
        &mut |start, end| plain(bytes, start, end, values)
    );
    pattern!(
        bytes,
        r"(?i)\b(?:user|role|login)\s+[^\s;]{1,80}\s[^;']{0,120}?password\s*=?\s*N?'([^'\n]{4,256})'",
        &mut |start, end| plain(bytes, start, end, values)
    );
    pattern!(bytes, r"(?i)\bset\s+password\b[^;\n?']{0,120}'([^'\n]{4,256})'", &mut |start, end| {
        plain(bytes, start, end, values);
    });
    pattern!(
        bytes,
        r"['\x22](\$(?:2[abxy]\$\d\d\$[./A-Za-z0-9]{53}|P\$[./A-Za-z0-9]{31}|S\$[./A-Za-z0-9]{52}|argon2id?\$[^'\x22\n]{20,200}|[156]\$[^'\x22\n]{20,130}))['\x22]",
        &mut |start, end| {
            if lines::is_hash(&bytes[start..end]) {
                values.push(Value { span: Span::new(start, end), kind: Kind::Hash });
            }
        }
    );
}

/// Rows of one statement that are read.
const ROWS: usize = 1000;
/// Bytes of one row.
const ROW: usize = 16 * 1024;

/// `INSERT INTO t (..., password, ...) VALUES (...), (...)`.
fn inserts(bytes: &[u8], values: &mut Vec<Value>) {
    pattern!(bytes, r"(?i)insert\s+into\s+[^\s(]{1,128}\s*(\([^()]{1,2000}\)\s*values\s*)\(", &mut |start, end| {
        let Some(column) = secret_column(&bytes[start..end]) else { return };
        let mut at = end;
        for _ in 0..ROWS {
            let Some((cells, after)) = tuple(bytes, at) else { return };
            if let Some(cell) = cells.get(column) {
                row_value(bytes, *cell, values);
            }
            let gap = bytes[after..].iter().take_while(|b| b.is_ascii_whitespace() || **b == b',').count();
            at = after + gap;
        }
    });
}

/// `COPY t (..., password, ...) FROM stdin;` and the lines up to `\.`, as PostgreSQL dumps them.
fn copies(bytes: &[u8], values: &mut Vec<Value>) {
    pattern!(
        bytes,
        r"(?im)^copy\s+[^\s(]{1,128}\s*(\([^()]{1,2000}\)\s*from\s+stdin\b[^\n]{0,80};\r?\n)",
        &mut |start, end| {
            let Some(column) = secret_column(&bytes[start..end]) else { return };
            let mut at = end;
            for line in bytes[end..].split(|&b| b == b'\n').take(ROWS).take_while(|line| !line.starts_with(b"\\.")) {
                let mut from = at;
                for (which, cell) in line.split(|&b| b == b'\t').enumerate() {
                    if which == column {
                        row_value(bytes, Span::new(from, from + cell.len()), values);
                    }
                    from += cell.len() + 1;
                }
                at += line.len() + 1;
            }
        }
    );
}

/// The first column of `(a, b, c)` that is a secret's by its name.
fn secret_column(header: &[u8]) -> Option<usize> {
    let close = header.iter().position(|&b| b == b')')?;
    header.get(1..close)?.split(|&b| b == b',').position(|name| {
        let inner = name.trim_ascii();
        is_secret_name(inner.strip_prefix(b"`").and_then(|name| name.strip_suffix(b"`")).unwrap_or(inner))
    })
}

/// The literals of `(...)` at `at`, an empty span for what is none, and the place behind it.
fn tuple(bytes: &[u8], at: usize) -> Option<(Vec<Span>, usize)> {
    if bytes.get(at) != Some(&b'(') {
        return None;
    }
    let (mut cells, mut cell, mut rest) = (Vec::new(), Span::default(), at + 1);
    let limit = bytes.len().min(at + ROW);
    while rest < limit {
        match bytes[rest] {
            b')' => {
                cells.push(cell);
                return Some((cells, rest + 1));
            }
            b',' => cells.push(std::mem::take(&mut cell)),
            b'\'' => {
                let end = closing(bytes, rest + 1, limit)?;
                cell = Span::new(rest + 1, end);
                rest = end;
            }
            _ => {}
        }
        rest += 1;
    }
    None
}

/// The quote that closes a literal: neither doubled nor behind a backslash.
fn closing(bytes: &[u8], from: usize, limit: usize) -> Option<usize> {
    let mut at = from;
    while at < limit {
        match bytes[at] {
            b'\\' => at += 1,
            b'\'' if bytes.get(at + 1) == Some(&b'\'') => at += 1,
            b'\'' => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

/// A hash by its form, or what a person would take as a password.
fn row_value(bytes: &[u8], span: Span, values: &mut Vec<Value>) {
    let value = span.of(bytes);
    let hex = matches!(value.len(), 32 | 40 | 64 | 128) && value.iter().all(u8::is_ascii_hexdigit);
    if hex || lines::is_hash(value) && value.len() > 13 {
        values.push(Value { span, kind: Kind::Hash });
    } else if shape::judge(value, Judged { password: true, quoted: true, config: true }).is_some() {
        values.push(Value { span, kind: Kind::Plain });
    }
}
