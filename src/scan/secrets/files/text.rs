//! Files of code and tables.

use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};

use super::{Value, plain};
use crate::model::Span;

/// The matches of a pattern; group 1 is the value.
pub(super) fn each(cell: &OnceLock<Option<Regex>>, pattern: &str, bytes: &[u8], found: &mut dyn FnMut(usize, usize)) {
    // Without Unicode a word's edge needs no slow way where a text is not ASCII.
    let compile = || RegexBuilder::new(pattern).unicode(false).build().ok();
    let Some(regex) = cell.get_or_init(compile) else { return };
    for captures in regex.captures_iter(bytes) {
        if let Some(value) = captures.get(1) {
            found(value.start(), value.end());
        }
    }
}

/// Calls `found` with each value of a pattern that is compiled once.
macro_rules! pattern {
    ($bytes:expr, $pattern:expr, $found:expr) => {{
        static CELL: OnceLock<Option<Regex>> = OnceLock::new();
        $crate::scan::secrets::files::text::each(&CELL, $pattern, $bytes, $found);
    }};
}
pub(super) use pattern;

/// `define('DB_PASSWORD', '...')` and the keys and salts of WordPress.
pub(super) fn defines(bytes: &[u8], values: &mut Vec<Value>) {
    pattern!(
        bytes,
        r#"(?m)^[^\n/#*]{0,80}define\(\s*['"](?:DB_PASSWORD|FTP_PASS|[A-Z_]{0,40}(?:_KEY|_SALT|_SECRET|_PASSWORD|_TOKEN))['"]\s*,\s*['"]((?:[^'\\\n]|\\.){4,256})['"]"#,
        &mut |start, end| plain(bytes, start, end, values)
    );
}

/// `SECRET_KEY = '...'` and `'PASSWORD': '...'` of Django.
pub(super) fn django(bytes: &[u8], values: &mut Vec<Value>) {
    pattern!(
        bytes,
        r#"(?m)^[^\n#]{0,200}?\b(?:[A-Z_]{0,40}SECRET_KEY|[A-Z_]{0,40}PASSWORD|[A-Z_]{0,40}(?:API_KEY|ACCESS_KEY|AUTH_TOKEN|SECRET))['"]?\s*[:=]\s*['"]([^'"\n]{4,256})['"]"#,
        &mut |start, end| plain(bytes, start, end, values)
    );
}

/// `$password = '...'`, `$cfg[...]['password'] = '...'`, `'password' => '...'`.
pub(super) fn php(bytes: &[u8], values: &mut Vec<Value>) {
    pattern!(
        bytes,
        r#"(?mi)^[^\n/#*]{0,80}(?:password|passwd|secret|secretkey|hash_salt|blowfish_secret|crypt_key|smtppass|ftp_pass|['"]key)['"]?\]?\s*(?:=>|=)\s*['"]([^'"\n]{4,256})['"]\s*[];,]"#,
        &mut |start, end| plain(bytes, start, end, values)
    );
}

/// Columns of the first line, at most this many.
const COLUMNS: usize = 64;

/// What browsers and password managers export: a `password` column beside one of addresses or names.
pub(super) fn logins(bytes: &[u8], values: &mut Vec<Value>) {
    let first = bytes.split(|&b| b == b'\n').next().unwrap_or_default();
    if first.len() > 4096 {
        return;
    }
    let header: Vec<String> = cells(first)
        .into_iter()
        .map(|cell| {
            String::from_utf8_lossy(cell.of(first)).trim_matches(['"', '\u{feff}', '\r', ' ']).to_ascii_lowercase()
        })
        .collect();
    let is = |names: &[&str]| header.iter().position(|cell| names.contains(&cell.as_str()));
    let secret =
        ["password", "passwd", "pwd", "login_password", "secret access key", "secretaccesskey", "secret_access_key"];
    let beside = [
        "url",
        "login_uri",
        "username",
        "user",
        "account",
        "host",
        "server",
        "user name",
        "login",
        "login_username",
        "hostname",
        "title",
        "access key id",
        "email",
    ];
    let (Some(column), Some(_)) = (is(&secret), is(&beside)) else { return };
    let mut at = first.len() + 1;
    while at < bytes.len() {
        let line = bytes[at..].split(|&b| b == b'\n').next().unwrap_or_default();
        if let Some(cell) = cells(line).get(column) {
            plain(bytes, at + cell.start as usize, at + cell.end as usize, values);
        }
        at += line.len() + 1;
    }
}

/// The cells of a line; commas inside quotes are text.
fn cells(line: &[u8]) -> Vec<Span> {
    let mut cells = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (at, &b) in line.iter().enumerate() {
        match b {
            b'"' => quoted = !quoted,
            b',' if !quoted && cells.len() < COLUMNS => {
                cells.push(Span::new(start, at));
                start = at + 1;
            }
            _ => {}
        }
    }
    cells.push(Span::new(start, line.len()));
    cells
}
