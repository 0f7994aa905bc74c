//! Tokens that say something of themselves once they are taken apart.

use super::{Verdict, decode, today};
use crate::model::Severity;

type Object = serde_json::Map<String, serde_json::Value>;

/// Header and claims of a token of three parts (RFC 7519, 3).
fn jwt_parts(value: &[u8]) -> Option<(Object, Object)> {
    let mut parts = value.split(|&b| b == b'.');
    let mut object = || serde_json::from_slice(&decode(parts.next()?)?).ok();
    Some((object()?, object()?))
}

/// What does not decode is a token of no kind; nor is one that nobody signed (RFC 7518, 3.6), or jwt.io's sample, whose
/// claims are known to everyone.
pub(super) fn jwt(value: &[u8]) -> Verdict {
    let Some((header, claims)) = jwt_parts(value) else { return Verdict::Refuted };
    let Some(algorithm) = header.get("alg").and_then(serde_json::Value::as_str) else { return Verdict::Refuted };
    if algorithm.eq_ignore_ascii_case("none") || claims.get("sub").is_some_and(|sub| sub == "1234567890") {
        return Verdict::Refuted;
    }
    let known = algorithm.len() <= 16 && algorithm.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let algorithm = if known { algorithm } else { "of its own" };
    let read = format!("its header and claims decode, algorithm {algorithm}");
    match claims.get("exp").and_then(serde_json::Value::as_f64).and_then(day) {
        None => Verdict::Holds(Some(format!("{read}, without an end"))),
        Some(day) if day < today() => Verdict::Lesser(Severity::Low, format!("{read}, expired on {day}")),
        Some(day) => Verdict::Holds(Some(format!("{read}, valid until {day}"))),
    }
}

/// The day of a time in seconds since 1970.
fn day(second: f64) -> Option<String> {
    // Fractions and times of which jiff knows no day are nobody's end.
    let second = format!("{second:.0}").parse().ok()?;
    let text = jiff::Timestamp::from_second(second).ok()?.to_string();
    text.starts_with(|c: char| c.is_ascii_digit()).then(|| text[..10].to_owned())
}

/// Letters and digits, and not the hexadecimal digits that a hash has.
pub(super) fn mixed(value: &[u8]) -> bool {
    value.iter().any(u8::is_ascii_digit)
        && value.iter().any(u8::is_ascii_alphabetic)
        && !value.iter().filter(|b| b.is_ascii_alphanumeric()).all(u8::is_ascii_hexdigit)
}

pub(super) fn aws_key_id(value: &[u8]) -> Verdict {
    let base32 = |b: &u8| matches!(b, b'A'..=b'Z' | b'2'..=b'7');
    if value.len() != 20 || value.ends_with(b"EXAMPLE") || !value[4..].iter().all(base32) {
        return Verdict::Fails;
    }
    Verdict::Holds(aws_account(value))
}

/// The account that a key id holds: 40 bits behind the first of its base32 text; ids from before 2019 hold none.
fn aws_account(value: &[u8]) -> Option<String> {
    let digit = |b: u8| match b {
        b'A'..=b'Z' => Some(u64::from(b - b'A')),
        b'2'..=b'7' => Some(u64::from(b - b'2') + 26),
        _ => None,
    };
    // `I` and `J` were the first letters of what was random throughout.
    if matches!(value.get(4)?, b'I' | b'J') {
        return None;
    }
    // 10 digits are 50 bits: 48 of six bytes, of which the account is those 40 that follow the first.
    let bits = value.get(4..14)?.iter().try_fold(0, |bits, &b| Some(bits << 5 | digit(b)?))? >> 2;
    Some(format!("it belongs to account {:012}", (bits & 0x7fff_ffff_ff80) >> 7))
}

pub(super) fn discord(value: &[u8]) -> Verdict {
    let first = value.split(|&b| b == b'.').next().unwrap_or_default();
    let is_id = |id: Vec<u8>| (17..=20).contains(&id.len()) && id.iter().all(u8::is_ascii_digit);
    if decode(first).is_some_and(is_id) {
        return Verdict::Holds(Some("its first part is an account's id".to_owned()));
    }
    Verdict::Fails
}

/// The numbers of a token's parts: workspace, then bot, user or app.
pub(super) fn slack(value: &[u8]) -> Verdict {
    let numbers = value.split(|&b| b == b'-').filter(|part| (8..=14).contains(&part.len())).count();
    let says = match numbers {
        0 => return Verdict::Holds(None),
        1 => "it holds the id of a workspace or an app",
        _ => "it holds the ids of a workspace and a member",
    };
    Verdict::Holds(Some(says.to_owned()))
}

/// `sk_live_`, `sk_test_`: the second word is the mode.
pub(super) fn stripe(value: &[u8]) -> Verdict {
    let mode = value.split(|&b| b == b'_').nth(1).unwrap_or_default();
    let says = match mode {
        b"live" => "it is of the live mode",
        b"test" => "it is of the test mode, in which no money moves",
        _ => return Verdict::Fails,
    };
    Verdict::Holds(Some(says.to_owned()))
}

pub(super) fn sixty_four(value: &[u8]) -> Verdict {
    match decode(value) {
        Some(bytes) if bytes.len() == 64 => Verdict::Holds(Some("it holds 64 bytes".to_owned())),
        _ => Verdict::Fails,
    }
}

/// Base64 behind the last `-`.
pub(super) fn base64_behind_prefix(value: &[u8]) -> bool {
    let body = value.iter().rposition(|&b| b == b'-').map_or(value, |dash| &value[dash + 1..]);
    decode(&body[..body.len() - usize::from(body.len() % 4 == 1)]).is_some()
}

/// JSON in base64 behind a prefix that ends with `_`; a signature may follow behind another `_`.
pub(super) fn json(value: &[u8]) -> Verdict {
    let body = match value.iter().position(|&b| b == b'_') {
        Some(mark) if mark < 8 => &value[mark + 1..],
        _ => value,
    };
    let object = |text: &[u8]| serde_json::from_slice::<Object>(&decode(text)?).ok();
    let signed = || body.iter().rposition(|&b| b == b'_').and_then(|mark| object(&body[..mark]));
    match object(body).or_else(signed) {
        Some(object) => Verdict::Holds(Some(format!("it holds JSON of {} members", object.len()))),
        None => Verdict::Doubtful("what should be JSON in it does not read"),
    }
}

/// A macaroon in base64, of PyPI behind `pypi-`.
pub(super) fn macaroon(value: &[u8]) -> Verdict {
    let body = value.strip_prefix(b"pypi-").unwrap_or(value);
    // The last digit of a token that was cut says nothing.
    let whole = body.len() - usize::from(body.len() % 4 == 1);
    let Some(bytes) = decode(&body[..whole]) else { return Verdict::Fails };
    let read = if bytes.first() == Some(&2) { binary(&bytes[1..]) } else { packets(&bytes) };
    match read {
        Some((place, caveats)) => {
            let known = place.len() <= 64 && place.bytes().all(|b| b.is_ascii_graphic() && b != b'`');
            let of = if known && !place.is_empty() { format!(" of {place}") } else { String::new() };
            Verdict::Holds(Some(format!("it is a macaroon{of}, with {caveats} caveats and a signature")))
        }
        None if body.len() < value.len() => Verdict::Doubtful("only its beginning is a macaroon's"),
        None => Verdict::Fails,
    }
}

/// Of a macaroon's second, binary form (libmacaroons, doc/format.txt) behind its version: location, number of caveats.
fn binary(bytes: &[u8]) -> Option<(String, usize)> {
    const END: u8 = 0;
    const LOCATION: u8 = 1;
    const IDENTIFIER: u8 = 2;
    const SIGNATURE: u8 = 6;
    let mut rest = bytes;
    let mut field = || {
        let (&kind, after) = rest.split_first()?;
        if kind == END {
            rest = after;
            return Some((END, &after[..0]));
        }
        let (length, after) = number(after)?;
        let (data, after) = after.split_at_checked(length)?;
        rest = after;
        Some((kind, data))
    };
    let mut next = field()?;
    let mut place = String::new();
    if next.0 == LOCATION {
        place = String::from_utf8(next.1.to_vec()).ok()?;
        next = field()?;
    }
    if next.0 != IDENTIFIER || field()?.0 != END {
        return None;
    }
    let mut caveats = 0;
    loop {
        // Each caveat ends, and so do all of them.
        if field()?.0 == END {
            let (kind, data) = field()?;
            return (kind == SIGNATURE && data.len() == 32).then_some((place, caveats));
        }
        while field()?.0 != END {}
        caveats += 1;
    }
}

/// A number of seven bits a byte, the low ones first.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (&low, rest) = bytes.split_first()?;
    if low < 0x80 {
        return Some((usize::from(low), rest));
    }
    let (&high, rest) = rest.split_first()?;
    (high < 0x80).then_some((usize::from(low & 0x7f) | usize::from(high) << 7, rest))
}

/// Of a macaroon's first form, of packets `LLLLname value\n` with their length in hexadecimal: location, number of caveats.
fn packets(bytes: &[u8]) -> Option<(String, usize)> {
    let (mut rest, mut place, mut caveats) = (bytes, String::new(), 0);
    while let Some((digits, _)) = rest.split_first_chunk::<4>() {
        let length = usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        let (packet, after) = rest.split_at_checked(length)?;
        let text = packet.get(4..)?.strip_suffix(b"\n")?;
        let blank = text.iter().position(|&b| b == b' ')?;
        match (&text[..blank], &text[blank + 1..]) {
            (b"location", value) if place.is_empty() => place = String::from_utf8(value.to_vec()).ok()?,
            (b"cid", _) => caveats += 1,
            (b"signature", value) => return (value.len() == 32).then_some((place, caveats)),
            _ => {}
        }
        rest = after;
    }
    None
}

pub(super) fn uuid(value: &[u8]) -> bool {
    let marks = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    value.len() == 36
        && value.iter().enumerate().all(|(at, b)| if marks(at) { *b == b'-' } else { b.is_ascii_hexdigit() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base64(text: &[u8]) -> String {
        base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, text)
    }

    fn token(header: &str, claims: &str) -> Verdict {
        jwt(format!("{}.{}.c2ln", base64(header.as_bytes()), base64(claims.as_bytes())).as_bytes())
    }

    #[test]
    fn web_tokens_say_until_when() {
        let says = |end: &str| Some(format!("its header and claims decode, algorithm HS256, {end}"));
        let header = "{\"alg\":\"HS256\"}";
        assert_eq!(token(header, "{}"), Verdict::Holds(says("without an end")));
        // 4102444800 is the first second of 2100, 946684800 of 2000.
        assert_eq!(token(header, "{\"exp\":4102444800}"), Verdict::Holds(says("valid until 2100-01-01")));
        let expired = Verdict::Lesser(Severity::Low, says("expired on 2000-01-01").unwrap());
        assert_eq!(token(header, "{\"exp\":946684800}"), expired);
        for (header, claims) in [("{\"alg\":\"none\"}", "{}"), ("{}", "{}"), ("no JSON", "{}"), (header, "no JSON")] {
            assert_eq!(token(header, claims), Verdict::Refuted, "{header} {claims}");
        }
    }

    #[test]
    fn key_ids_hold_accounts() {
        // Researchers' published key id: AWS support confirmed its account.
        let id = format!("ASIA{}", "QNZGKIQY56JQ7WML");
        assert_eq!(aws_account(id.as_bytes()).as_deref(), Some("it belongs to account 029608264753"));
        assert_eq!(aws_account(format!("AKIA{}", "I".repeat(16)).as_bytes()), None);
        assert_eq!(aws_key_id(format!("AKIA{}", "0".repeat(16)).as_bytes()), Verdict::Fails);
    }

    #[test]
    fn both_forms_of_macaroons_are_read() {
        // Version 2: location `pypi.org`, identifier `id`, one caveat `c`, a signature of 32 bytes.
        let head = [&[2, 1, 8][..], b"pypi.org", &[2, 2], b"id", &[0]].concat();
        let whole = [&head[..], &[2, 1, b'c', 0, 0, 6, 32], &[7; 32]].concat();
        let says = "it is a macaroon of pypi.org, with 1 caveats and a signature";
        let pypi = |bytes: &[u8]| macaroon(format!("pypi-{}", base64(bytes)).as_bytes());
        assert_eq!(pypi(&whole), Verdict::Holds(Some(says.to_owned())));
        assert_eq!(pypi(&whole[..whole.len() - 1]), Verdict::Doubtful("only its beginning is a macaroon's"));
        // Version 1: 4 + 9 + 8 + 1 = 22 = 0x16 bytes, 4 + 10 + 32 + 1 = 47 = 0x2f bytes.
        let first = [&b"0016location pypi.org\n002fsignature "[..], &[7; 32], b"\n"].concat();
        let says = "it is a macaroon of pypi.org, with 0 caveats and a signature";
        assert_eq!(macaroon(base64(&first).as_bytes()), Verdict::Holds(Some(says.to_owned())));
        assert_eq!(macaroon(base64(&first[..50]).as_bytes()), Verdict::Fails);
    }

    #[test]
    fn json_behind_a_prefix_is_read() {
        let body = base64(b"{\"o\":\"1\",\"n\":\"name\",\"k\":\"key\"}");
        let holds = Verdict::Holds(Some("it holds JSON of 3 members".to_owned()));
        for text in [format!("glc_{body}"), format!("sntrys_{body}_c2lnbmF0dXJl"), body.clone()] {
            assert_eq!(json(text.as_bytes()), holds, "{text}");
        }
        assert!(matches!(json(format!("glc_x{body}").as_bytes()), Verdict::Doubtful(_)));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_judged(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200), text in "[ -~]{0,80}") {
            let wrapped = format!("pypi-{}", base64(&[&[2][..], &bytes].concat()));
            for value in [wrapped.as_bytes(), text.as_bytes(), &bytes] {
                for judge in [jwt, aws_key_id, discord, slack, stripe, sixty_four, json, macaroon] {
                    judge(value);
                }
            }
        }
    }
}
