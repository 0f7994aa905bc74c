//! Private keys in PEM: what kind, how long, under a passphrase or not.

use super::checks::decode;
use crate::model::Span;

/// A private key.
pub(super) struct Pem {
    /// The text between the lines that begin and end it.
    pub body: Span,
    /// A passphrase is needed to use it.
    pub encrypted: bool,
    /// False where it only looks like a key.
    pub sure: bool,
    /// What it parses as: `RSA key of 2048 bits`; none where only its beginning is a key's.
    pub kind: Option<String>,
}

/// Bytes from which on something that does not begin like a key is told, too.
const MANGLED: usize = 256;
/// Bytes that a key takes at most.
const MOST: usize = 16 * 1024;

/// The private key whose `-----BEGIN` stands at `at`.
pub(super) fn read(bytes: &[u8], at: usize) -> Option<Pem> {
    let window = bytes.get(at..bytes.len().min(at + MOST))?;
    let head = window.get(..80.min(window.len()))?;
    let kind = memchr::memmem::find(head, b"PRIVATE KEY")?;
    let label = head.get(10..kind)?;
    if label.len() > 30 || label.iter().any(|b| !(b.is_ascii_uppercase() || *b == b' ')) {
        return None;
    }
    let from = kind + memchr::memmem::find(&window[kind..], b"-----")? + 5;
    let end = from + memchr::memmem::find(&window[from..], b"-----END")?;
    let body = &window[from..end];
    let has = |text: &[u8], word: &str| memchr::memmem::find(text, word.as_bytes()).is_some();
    // Parentheses are code around the marks; dots stand for what a manual leaves out.
    if ["...", "\n.", "\\n.", ");"].iter().any(|gap| has(body, gap)) {
        return None;
    }
    let (plain, armoured) = (key_bytes(body)?, has(label, "PGP"));
    let sealed = has(label, "ENCRYPTED") || has(body, "ENCRYPTED") || openssh(&plain).is_some_and(|(sealed, _)| sealed);
    let real = sealed || plain[0] == 0x30 || plain.starts_with(OPENSSH) || armoured && plain[0] & 0x80 != 0;
    // What is long enough for a key may be one that was mangled, or of a kind that is not known here.
    if plain.len() < 32 || !real && plain.len() < MANGLED {
        return None;
    }
    let told = if armoured { None } else { describe(&plain, sealed) };
    let leading = body.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(0);
    Some(Pem { body: Span::new(at + from + leading, at + end), encrypted: sealed, sure: real, kind: told })
}

/// What the text says; headers such as `Proc-Type` and escapes such as `\n` are no part of it.
fn key_bytes(body: &[u8]) -> Option<Vec<u8>> {
    let text = match memchr::memmem::rfind(body, b": ") {
        Some(colon) => &body[colon + 2 + body[colon + 2..].iter().position(|&b| b == b'\n').unwrap_or(0)..],
        None => body,
    };
    if text.windows(2).any(|w| w[0].is_ascii_alphanumeric() && w[1] == b'.') {
        return None;
    }
    let mut key = Vec::with_capacity(text.len());
    for line in text.split(|b| *b == b'\n') {
        let mut escaped = false;
        for &b in uncommented(line) {
            if !escaped && (b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/')) {
                key.push(b);
            }
            escaped = b == b'\\';
        }
    }
    // Padding is gone, and so may be the end of a key that was cut.
    let whole = if key.len() % 4 == 1 { key.len() - 1 } else { key.len() };
    decode(&key[..whole]).filter(|plain| !plain.is_empty())
}

/// The line without what makes it a comment or a quotation: marks by themselves before a blank, or alone.
fn uncommented(line: &[u8]) -> &[u8] {
    let line = line.trim_ascii();
    let marks = line.iter().take_while(|b| b"/!#*;>|-".contains(b)).count();
    match line.get(marks) {
        Some(b) if marks > 0 && !b.is_ascii_whitespace() => line,
        _ => &line[marks..],
    }
}

fn describe(plain: &[u8], sealed: bool) -> Option<String> {
    if let Some((sealed, name)) = openssh(plain) {
        return Some(format!(
            "OpenSSH key{}{}",
            name.unwrap_or_default(),
            if sealed { " under a passphrase" } else { "" }
        ));
    }
    if sealed {
        return Some("under a passphrase".to_owned());
    }
    let (0x30, outer, _) = element(plain)? else { return None };
    let (0x02, version, rest) = element(outer)? else { return None };
    match element(rest)? {
        // RFC 8017, A.1.2: version 0, then the modulus.
        (0x02, modulus, more) if version == [0] => {
            // A DSA key's first number is the prime, its second is as long as a hash.
            let second = element(more).map_or(0, |(_, number, _)| number.len());
            let kind = if (20..=33).contains(&second) { "DSA" } else { "RSA" };
            Some(format!("{kind} key of {} bits", bits(modulus)))
        }
        // RFC 5915, 3: version 1, then the scalar.
        (0x04, scalar, _) if version == [1] => Some(format!("EC key of {} bits", scalar.len() * 8)),
        // RFC 5208, 5: the algorithm, then the key.
        (0x30, algorithm, rest) => {
            let ((0x06, oid, _), (0x04, key, _)) = (element(algorithm)?, element(rest)?) else { return None };
            match oid {
                RSA => describe(key, false).or_else(|| Some("RSA key".to_owned())),
                EC => describe(key, false).or_else(|| Some("EC key".to_owned())),
                [0x2b, 0x65, 0x70] => Some("Ed25519 key".to_owned()),
                [0x2b, 0x65, 0x6e] => Some("X25519 key".to_owned()),
                [0x2b, 0x65, 0x71] => Some("Ed448 key".to_owned()),
                _ => Some("PKCS #8 key".to_owned()),
            }
        }
        _ => None,
    }
}

/// 1.2.840.113549.1.1.1.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// 1.2.840.10045.2.1.
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];

/// A DER element: tag, content, and what follows it.
fn element(text: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = text.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => (usize::from(*rest.first()?), &rest[1..]),
        0x82 => (usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?])), &rest[2..]),
        _ => return None,
    };
    Some((tag, rest.get(..length)?, rest.get(length..)?))
}

fn bits(number: &[u8]) -> usize {
    let number = number.strip_prefix(&[0]).unwrap_or(number);
    number.len() * 8 - number.first().map_or(0, |first| first.leading_zeros() as usize)
}

const OPENSSH: &[u8] = b"openssh-key-v1\0";

/// Of OpenSSH's own format (PROTOCOL.key): whether a cipher is named, and the public key's type.
fn openssh(plain: &[u8]) -> Option<(bool, Option<String>)> {
    let (cipher, rest) = string(plain.strip_prefix(OPENSSH)?)?;
    let kind = || {
        let (_kdf, rest) = string(rest)?;
        let (_options, rest) = string(rest)?;
        let (public, _) = string(rest.get(4..)?)?;
        let name = std::str::from_utf8(string(public)?.0).ok()?;
        let known = name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-@.".contains(&b));
        known.then(|| format!(" of type {name}"))
    };
    Some((cipher != b"none", kind()))
}

fn string(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = text.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;

    fn pem(label: &str, plain: &[u8]) -> Option<Pem> {
        let body = base64::engine::general_purpose::STANDARD.encode(plain);
        read(format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----").as_bytes(), 0)
    }

    fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let body = parts.concat();
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&[tag, 0x82], &length[..], &body].concat()
    }

    #[test]
    fn kinds_and_lengths_are_read() {
        let modulus = [&[0, 0xc5][..], &[0x5a; 255]].concat();
        let rsa = der(0x30, &[&der(2, &[&[0]]), &der(2, &[&modulus]), &der(2, &[&[1, 0, 1]])]);
        let label = format!("{} KEY", "RSA PRIVATE");
        assert_eq!(pem(&label, &rsa).unwrap().kind.as_deref(), Some("RSA key of 2048 bits"));
        let label = format!("{} KEY", "PRIVATE");
        let wrapped = der(0x30, &[&der(2, &[&[0]]), &der(0x30, &[&der(6, &[RSA])]), &der(4, &[&rsa])]);
        assert_eq!(pem(&label, &wrapped).unwrap().kind.as_deref(), Some("RSA key of 2048 bits"));
        // Cut off: still a key's beginning, and no more is said.
        assert_eq!(pem(&label, &wrapped[..90]).unwrap().kind, None);
        assert!(pem(&label, &[7; 64]).is_none());
    }

    #[test]
    fn a_key_in_a_comment_is_a_key() {
        let plain = der(0x30, &[&der(2, &[&[0]]), &der(2, &[&[0x5a; 64]]), &der(2, &[&[1, 0, 1]])]);
        let body = base64::engine::general_purpose::STANDARD.encode(plain);
        let lines: Vec<&str> = body.as_bytes().chunks(40).map(|line| std::str::from_utf8(line).unwrap()).collect();
        for mark in ["// ", "//! ", " * ", "# ", "> ", "   "] {
            let label = format!("RSA {} KEY", "PRIVATE");
            let inside = lines.join(&format!("\n{mark}"));
            let text = format!("-----BEGIN {label}-----\n{mark}{inside}\n{mark}-----END {label}-----");
            assert!(read(text.as_bytes(), 0).is_some_and(|found| found.kind.is_some()), "{mark}");
        }
        assert_eq!(uncommented(b"//aGVsbG8="), b"//aGVsbG8=", "base64 may begin so");
    }

    #[test]
    fn a_long_body_that_is_no_key_is_told_and_less_sure() {
        let found = pem(&format!("RSA {} KEY", "PRIVATE"), &[0x91; 300]).unwrap();
        assert!(!found.sure && found.kind.is_none());
    }

    #[test]
    fn a_cipher_in_openssh_form_seals() {
        let text = |text: &str| [&u32::try_from(text.len()).unwrap().to_be_bytes()[..], text.as_bytes()].concat();
        let label = format!("OPENSSH {} KEY", "PRIVATE");
        for (cipher, sealed) in [("none", false), ("aes256-ctr", true)] {
            let public = text("ssh-ed25519");
            let public = [&u32::try_from(public.len()).unwrap().to_be_bytes()[..], &public].concat();
            let plain = [OPENSSH, &text(cipher), &text("none"), &text(""), &[0, 0, 0, 1], &public].concat();
            let found = pem(&label, &plain).unwrap();
            assert_eq!(found.encrypted, sealed);
            assert!(found.kind.unwrap().starts_with("OpenSSH key of type ssh-ed25519"));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            pem(&format!("{} KEY", "PRIVATE"), &bytes);
            describe(&bytes, false);
            openssh(&[OPENSSH, &bytes].concat());
        }
    }
}
