//! Private keys in PuTTY's own format, versions 1 to 3 (PuTTY manual, appendix C).

use super::checks::decode;
use super::pem::Pem;
use crate::model::Span;

/// What every such file begins with.
pub(super) const MARK: &str = "PuTTY-User-Key-File-";
/// Bytes that a key takes at most.
const MOST: usize = 16 * 1024;

/// The private part of the key whose first line begins at `at`.
pub(super) fn read(bytes: &[u8], at: usize) -> Option<Pem> {
    let window = bytes.get(at..bytes.len().min(at + MOST))?;
    let member = |name: &str| {
        let from = memchr::memmem::find(window, name.as_bytes())? + name.len();
        Some((from, line(&window[from..]).trim_ascii()))
    };
    let kind = window.get(MARK.len() + 1..)?.strip_prefix(b": ").map(|text| line(text).trim_ascii())?;
    let (_, cipher) = member("Encryption:")?;
    let (count_at, _) = member("Private-Lines:")?;
    let from = count_at + memchr::memchr(b'\n', &window[count_at..])? + 1;
    let to = memchr::memmem::find(&window[from..], b"Private-").map_or(window.len(), |gap| from + gap);
    let to = from + window[from..to].trim_ascii_end().len();
    let text: Vec<u8> = window[from..to].iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
    if text.len() < 16 || decode(&text).is_none() {
        return None;
    }
    let sealed = cipher != b"none";
    let name = std::str::from_utf8(kind).ok()?;
    let known = name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let told = format!(
        "PuTTY key{}{}",
        if known { format!(" of type {name}") } else { String::new() },
        if sealed { " under a passphrase" } else { "" }
    );
    Some(Pem { body: Span::new(at + from, at + to), encrypted: sealed, sure: true, kind: Some(told) })
}

/// Up to the end of the line.
fn line(text: &[u8]) -> &[u8] {
    &text[..memchr::memchr(b'\n', text).unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_private_part_is_found_and_its_cipher() {
        for (cipher, sealed) in [("none", false), ("aes256-cbc", true)] {
            let head = format!(
                "{MARK}3: ssh-ed25519\r\nEncryption: {cipher}\r\nComment: me\r\nPublic-Lines: 1\r\nAAAA\r\nPrivate-Lines: 1\r\n"
            );
            let text = format!("x {head}AAAAIFrk0Q8mZt1v\r\nPrivate-MAC: 00\r\n");
            let found = read(text.as_bytes(), 2).unwrap();
            assert_eq!((found.body.start as usize, found.body.len()), (2 + head.len(), 16));
            assert_eq!(found.encrypted, sealed);
            assert!(found.kind.unwrap().starts_with("PuTTY key of type ssh-ed25519"));
        }
        assert!(read(format!("{MARK}2: ssh-rsa\nEncryption: none\nPrivate-Lines: 1\n<key>\n").as_bytes(), 0).is_none());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "[A-Za-z:\n -]{0,60}(Encryption: none\nPrivate-Lines: 1\n)?[A-Za-z0-9\n]{0,40}") {
            read(format!("{MARK}2: {text}").as_bytes(), 0);
        }
    }
}
