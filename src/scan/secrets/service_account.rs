//! Keys of Google's service accounts: a private key that stands in the JSON file of one.

use crate::model::Span;

/// Bytes before the key and behind it in which the file's other members stand.
const AROUND: usize = 1500;

/// The account of a key whose text is `key`: the `client_email` beside it, in a file that says what it is. None for any
/// other key.
pub(super) fn account(bytes: &[u8], key: Span) -> Option<String> {
    let (start, end) = (key.start as usize, key.end as usize);
    let before = bytes.get(start.saturating_sub(AROUND)..start)?;
    let behind = bytes.get(end..bytes.len().min(end + AROUND))?;
    let has = |word: &str| [before, behind].iter().any(|text| memchr::memmem::find(text, word.as_bytes()).is_some());
    if !has("service_account") {
        return None;
    }
    let email = |text: &[u8]| {
        let after = &text[memchr::memmem::find(text, b"client_email")? + 12..];
        let gap = after.iter().position(|b| !matches!(b, b'"' | b'\'' | b'\\' | b':' | b'=' | b' '))?;
        let part = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'@' | b'.' | b'-' | b'_');
        let length = after[gap..].iter().take(128).take_while(part).count();
        let email = std::str::from_utf8(&after[gap..gap + length]).ok()?;
        email.ends_with(".gserviceaccount.com").then(|| email.to_owned())
    };
    email(behind).or_else(|| email(before))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_stands_beside_the_key() {
        let email = "ci@project.iam.gserviceaccount.com";
        for (before, after) in [
            ("{\"type\": \"service_account\", \"private_key\": \"", "\", \"client_email\": \"EMAIL\"}"),
            ("{\\\"client_email\\\":\\\"EMAIL\\\",\\\"type\\\":\\\"service_account\\\",", "\\n\\\"}"),
        ] {
            let text = format!("{before}KEY{after}").replace("EMAIL", email);
            let at = text.find("KEY").unwrap();
            assert_eq!(account(text.as_bytes(), Span::new(at, at + 3)).as_deref(), Some(email), "{text}");
            let other = text.replace("service_account", "authorized_user");
            assert_eq!(account(other.as_bytes(), Span::new(at, at + 3)), None);
        }
    }
}
