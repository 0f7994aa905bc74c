//! Quoted-printable, as mail has it (RFC 2045, 6.7).

use super::{SHORTEST, is_text_byte};
use crate::model::RepoPath;
use crate::scan::secrets::runs;

/// Extensions of files with mail.
const EXTENSIONS: &[&str] = &["eml", "emlx", "mbox", "mbx", "mht", "mhtml", "vcf", "vcs", "ics"];
/// With what a mail begins that is kept under another name.
const STARTS: &[&[u8]] = &[
    b"From ",
    b"From:",
    b"To:",
    b"Date:",
    b"Subject:",
    b"Received:",
    b"Return-Path:",
    b"Delivered-To:",
    b"Message-I",
    b"MIME-Version:",
    b"Content-T",
    b"X-",
];
/// Bytes of a line that goes on over several.
const LONGEST: usize = 8192;

/// Calls `found` with each line of a mail that is written in another way than it reads: its region and what it says.
pub(in super::super) fn printable(path: &RepoPath, bytes: &[u8], mut found: impl FnMut(usize, usize, Vec<u8>)) {
    let extension = path.extension();
    let mail = EXTENSIONS.iter().any(|one| extension.eq_ignore_ascii_case(one))
        || STARTS.iter().any(|start| bytes.starts_with(start));
    if !mail {
        return;
    }
    let mut from = 0;
    while from < bytes.len() {
        let (end, plain) = line(bytes, from);
        if plain.as_ref().is_some_and(|plain| plain.len() >= SHORTEST && runs::has_run(plain, SHORTEST)) {
            found(from, end, plain.unwrap_or_default());
        }
        from = end + 1;
    }
}

/// The line that begins at `from`, which goes on behind each `=` at an end: where it ends, and what it says if that is
/// something else than what is written.
fn line(bytes: &[u8], from: usize) -> (usize, Option<Vec<u8>>) {
    let mut plain = Vec::new();
    let (mut at, mut changed) = (from, false);
    while let Some(&b) = bytes.get(at).filter(|_| at - from < LONGEST) {
        let (length, value) = match bytes[at..] {
            [b'=', b'\r', b'\n', ..] => (3, None),
            [b'=', b'\n', ..] => (2, None),
            [b'=', high, low, ..] => match (char::from(high).to_digit(16), char::from(low).to_digit(16)) {
                (Some(high), Some(low)) => (3, u8::try_from(high << 4 | low).ok()),
                _ => (1, Some(b)),
            },
            _ => (1, Some(b)),
        };
        if length == 1 && b == b'\n' {
            break;
        }
        changed |= length > 1;
        plain.extend(value.map(|value| if is_text_byte(value) { value } else { b'\n' }));
        at += length;
    }
    (at.min(bytes.len()), changed.then_some(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(path: &str, text: &str) -> Vec<String> {
        let mut all = Vec::new();
        printable(&RepoPath::new(path), text.as_bytes(), |start, end, plain| {
            assert!(start < end && end <= text.len());
            all.push(String::from_utf8(plain).unwrap());
        });
        all
    }

    #[test]
    fn lines_of_mail_are_put_together() {
        let text = "Subject: x\n\nHello,\nthe key=3D is a1b2c3d4=5Fe5f6g7h8=\n_i9j0 and more\nbye=\n";
        assert_eq!(said("m.eml", text), ["the key= is a1b2c3d4_e5f6g7h8_i9j0 and more"]);
        assert_eq!(said("a", &text.replace('\n', "\r\n")), ["the key= is a1b2c3d4_e5f6g7h8_i9j0 and more\r"]);
        assert_eq!(said("m.txt", &text[12..]), [""; 0]);
    }

    proptest::proptest! {
        #[test]
        fn any_mail_is_read(text in "[=A-F0-9a\r\n ]{0,80}") {
            said("m.eml", &text);
        }
    }
}
