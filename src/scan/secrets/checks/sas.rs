//! Shared access signatures of Azure Storage: the query of an address (Storage services REST, «Service SAS»).

use super::{Verdict, decode, today};
use crate::model::Severity;

/// Bytes of an HMAC-SHA256.
const SIGNATURE: usize = 32;

/// Reads a query with `sig=`: the signature must be one by its length, `sv` and `se` days.
pub(super) fn read(query: &[u8]) -> Verdict {
    let member = |name: &[u8]| {
        let mut members = query.split(|b| matches!(b, b'&' | b'?' | b'"' | b'\'' | b';'));
        members.find_map(|member| member.strip_prefix(name)?.strip_prefix(b"="))
    };
    let signed = member(b"sig").map(unescaped).and_then(|text| decode(&text));
    if signed.is_none_or(|bytes| bytes.len() != SIGNATURE) {
        return Verdict::Fails;
    }
    if member(b"sv").is_some_and(|version| day(version).is_none()) {
        return Verdict::Fails;
    }
    match member(b"se").and_then(day) {
        None => Verdict::Holds(Some("its signature has 32 bytes".to_owned())),
        Some(day) if day < today() => {
            Verdict::Lesser(Severity::Low, format!("its signature has 32 bytes, it expired on {day}"))
        }
        Some(day) => Verdict::Holds(Some(format!("its signature has 32 bytes, it is valid until {day}"))),
    }
}

/// `2024-05-01` at the start of a time.
fn day(text: &[u8]) -> Option<String> {
    let day = std::str::from_utf8(text.get(..10)?).ok()?;
    day.parse::<jiff::civil::Date>().ok().map(|_| day.to_owned())
}

/// Without its percent escapes.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&b, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match hex.filter(|_| b == b'%').and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) => {
                plain.push(byte);
                rest = &after[2..];
            }
            None => {
                plain.push(b);
                rest = after;
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_and_days_are_read() {
        // 43 digits and one of padding are 32 bytes.
        let sig = format!("sig={}%3D", "A".repeat(43));
        let says = |end: &str| format!("its signature has 32 bytes{end}");
        let ends = |end: &str| read(format!("?sv=2022-11-02&se={end}&{sig}").as_bytes());
        assert_eq!(ends("2100-01-01T00%3A00%3A00Z"), Verdict::Holds(Some(says(", it is valid until 2100-01-01"))));
        assert_eq!(ends("2001-02-03"), Verdict::Lesser(Severity::Low, says(", it expired on 2001-02-03")));
        assert_eq!(read(format!("{sig}&sp=r").as_bytes()), Verdict::Holds(Some(says(""))));
        assert_eq!(read(b"?sv=2022-11-02&sig=c2hvcnQ%3D"), Verdict::Fails);
        assert_eq!(read(format!("?sv=latest-one&{sig}").as_bytes()), Verdict::Fails);
    }
}
