//! Names that hold secrets: which of an identifier's words count.

/// Parts of names that hold secrets; three bytes or more, any case.
pub(in super::super) const PARTS: &[&str] = &["pass", "pwd", "secret", "token", "key", "credential", "auth"];
/// The same, in this case alone.
pub(in super::super) const EXACT: &[&str] = &["_PAT"];

/// What a name says of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// Something a person chose.
    Password,
    /// Something a program made.
    Key,
}

use Holds::{Key, Password};

/// Last words of a name that make it a secret's.
const LAST: &[(&str, Holds)] = &[
    ("password", Password),
    ("passwd", Password),
    ("passwort", Password),
    ("passphrase", Password),
    ("passcode", Password),
    ("passw", Password),
    ("pwd", Password),
    ("pass", Password),
    ("secret", Key),
    ("token", Key),
    ("credential", Key),
    ("credentials", Key),
    ("auth", Key),
    ("authorization", Key),
    ("authentication", Key),
    ("pat", Key),
];

/// Ends of a last word that was written without its joints: `PGPASSWORD`, `apitoken`.
const ENDS: &[(&str, Holds)] = &[
    ("password", Password),
    ("passwd", Password),
    ("passphrase", Password),
    ("pwd", Password),
    ("secret", Key),
    ("token", Key),
];

/// What stands before `pass` in one word.
const PASS: &[&str] = &[
    "db", "user", "root", "admin", "ftp", "smtp", "mail", "email", "my", "sudo", "store", "key", "http", "proxy",
    "ssh", "redis", "mysql", "pg", "ldap", "bind", "enc", "login", "wifi", "ap", "sql", "master", "cert", "require",
];

/// What stands before a `pass` that is the verb.
const PASSED: &[&str] = &["fastcgi", "uwsgi", "scgi", "grpc", "memcached"];

/// Words before `key` that make it a secret's, joined to it or not.
const KEYS: &[&str] = &[
    "api",
    "access",
    "secret",
    "private",
    "encryption",
    "signing",
    "master",
    "auth",
    "account",
    "app",
    "client",
    "storage",
    "shared",
    "service",
    "jwt",
    "session",
    "crypt",
    "crypto",
    "hmac",
    "aes",
    "cipher",
    "webhook",
    "deploy",
    "write",
    "admin",
    "consumer",
    "token",
    "license",
    "application",
    "subscription",
    "hash",
    "server",
    "signature",
    "integration",
    "encrypt",
    "decryption",
    "cookie",
    "machine",
    "instrumentation",
    "ingest",
    "ingestion",
    "device",
    "developer",
    "ssh",
    "primary",
    "secondary",
    "sas",
];

/// Words that make a `token` one of a protocol's course: pages, retries, locks.
const COURSE: &[&str] = &[
    "action",
    "cancellation",
    "change",
    "continuation",
    "continue",
    "cursor",
    "idempotency",
    "idempotent",
    "lifecycle",
    "lock",
    "next",
    "page",
    "pagination",
    "paging",
    "prev",
    "previous",
    "request",
    "resume",
    "sync",
    "task",
    "update",
];

/// Words after the one that counts.
const AFTER: &[&str] = &[
    "value",
    "default",
    "prod",
    "production",
    "dev",
    "test",
    "staging",
    "string",
    "data",
    "live",
    "base",
    "key",
    "b",
    "new",
    "old",
    "plain",
    "plaintext",
    "local",
    "stage",
    "sandbox",
    "primary",
    "secondary",
    "main",
    "raw",
    "bytes",
    "str",
    "txt",
    "text",
];

/// Words that make it no secret, wherever they stand.
const OPEN: &[&str] = &["public", "publishable", "no", "csrf", "xsrf", "hashed"];

/// Longest name that is read; its last bytes count.
const LONGEST: usize = 96;
/// Words that are told apart.
const WORDS: usize = 16;

/// What the name of a secret holds: the last word that counts decides.
pub(super) fn holds(name: &[u8]) -> Option<Holds> {
    let mut lower = [0u8; LONGEST];
    let name = &name[name.len().saturating_sub(LONGEST)..];
    for (to, from) in lower.iter_mut().zip(name) {
        *to = from.to_ascii_lowercase();
    }
    let mut ranges = [(0, 0); WORDS];
    let count = split(name, &mut ranges);
    let word = |at: usize| ranges.get(at).and_then(|(from, to)| lower.get(*from..*to)).unwrap_or_default();
    let is = |at: usize, list: &[&str]| list.iter().any(|one| one.as_bytes() == word(at));
    if (0..count).any(|at| is(at, OPEN)) {
        return None;
    }
    let mut last = count;
    for _ in 0..3 {
        last = last.checked_sub(1)?;
        if word(last) == b"key" && last > 0 && is(last - 1, KEYS) {
            return Some(Key);
        }
        let held = LAST.iter().find(|(one, _)| one.as_bytes() == word(last)).map(|(_, holds)| *holds);
        if let Some(held) = held.or_else(|| joined(word(last))) {
            // `fastcgi_pass`: where a server passes requests on.
            if last > 0 && word(last) == b"pass" && is(last - 1, PASSED) {
                return None;
            }
            let course = word(last).ends_with(b"token") && (0..count).any(|at| is(at, COURSE));
            return (!course).then_some(held);
        }
        if !is(last, AFTER) {
            return None;
        }
    }
    None
}

/// What a last word holds that several were joined to.
fn joined(word: &[u8]) -> Option<Holds> {
    let listed = |list: &[&str], stem: &[u8]| list.iter().any(|one| stem.ends_with(one.as_bytes()));
    if word.strip_suffix(b"key").is_some_and(|stem| listed(KEYS, stem)) {
        return Some(Key);
    }
    if word.strip_suffix(b"pass").is_some_and(|stem| PASS.iter().any(|one| one.as_bytes() == stem)) {
        return Some(Password);
    }
    ENDS.iter().find(|(end, _)| word.ends_with(end.as_bytes())).map(|(_, holds)| *holds)
}

/// Words of letters: they end at anything else, and where a small letter turns to a capital. Gives how many.
fn split(name: &[u8], ranges: &mut [(usize, usize); WORDS]) -> usize {
    let (mut count, mut start) = (0, None);
    let mut end_word = |from: usize, to: usize| {
        if count == WORDS {
            ranges.rotate_left(1);
            count -= 1;
        }
        ranges[count] = (from, to);
        count += 1;
    };
    for (at, &b) in name.iter().enumerate() {
        let turn = b.is_ascii_uppercase() && at > 0 && name[at - 1].is_ascii_lowercase();
        if let Some(from) = start.filter(|_| turn || !b.is_ascii_alphabetic()) {
            end_word(from, at);
            start = None;
        }
        if b.is_ascii_alphabetic() && start.is_none() {
            start = Some(at);
        }
    }
    if let Some(from) = start {
        end_word(from, name.len());
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_that_counts_decides() {
        for name in
            ["DB_PASSWORD", "dbPassword", "PGPASSWORD", "spring.datasource.password", "storepass", "pwd", "DBPwd"]
        {
            assert_eq!(holds(name.as_bytes()), Some(Password), "{name}");
        }
        for name in
            ["API_KEY", "APIKey", "x-api-key", "apikey", "clientSecret", "GITHUB_PAT", "authToken_value", "secretkey"]
        {
            assert_eq!(holds(name.as_bytes()), Some(Key), "{name}");
        }
        let others = [
            "key",
            "public_key",
            "publicApiKey",
            "nextPageToken",
            "csrfToken",
            "passwordFile",
            "tokenUrl",
            "compass",
            "",
        ];
        for name in others {
            assert_eq!(holds(name.as_bytes()), None, "{name}");
        }
    }
}
