//! Structure that a token carries in itself: what fails is no token.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

/// A check that a rule names.
pub(super) struct Check {
    name: &'static str,
    /// True where the value has the structure.
    pub holds: fn(&[u8]) -> bool,
    says: Says,
    /// Check digits: a value of the form that has others is no secret of any kind.
    digits: bool,
}

/// What a finding tells of a check that held.
enum Says {
    /// Nothing: the check is about form alone.
    Nothing,
    /// The same for all.
    Words(&'static str),
    /// What the value says of itself; nothing that helps to guess it.
    Of(fn(&[u8]) -> Option<String>),
}

impl Check {
    const fn new(name: &'static str, holds: fn(&[u8]) -> bool, says: Says) -> Self {
        Self { name, holds, says, digits: false }
    }

    const fn digits(name: &'static str, holds: fn(&[u8]) -> bool, says: &'static str) -> Self {
        Self { name, holds, says: Says::Words(says), digits: true }
    }

    /// True where check digits are wrong.
    pub(super) fn refutes(&self, value: &[u8]) -> bool {
        self.digits && !(self.holds)(value)
    }

    /// What was found, for the finding's message; never text of the value.
    pub(super) fn says(&self, value: &[u8]) -> Option<String> {
        match self.says {
            Says::Nothing => None,
            Says::Words(words) => Some(words.to_owned()),
            Says::Of(read) => read(value),
        }
    }
}

const CHECKS: &[Check] = &[
    Check::digits("github-crc32", github_crc32, "its CRC-32 check digits are right"),
    Check::digits("npm-crc32", github_crc32, "its CRC-32 check digits are right"),
    Check::digits("grafana-crc32", grafana_crc32, "its CRC-32 check digits are right"),
    Check::digits("cloudflare-crc32", cloudflare_crc32, "its CRC-32 check digits are right"),
    Check::digits("gitlab-crc32", gitlab_crc32, "its CRC-32 check digits are right"),
    Check::new("jwt", jwt, Says::Of(jwt_says)),
    Check::new("aws-key-id", aws_key_id, Says::Of(aws_account)),
    Check::new("base64", |value| decode(value).is_some(), Says::Nothing),
    Check::new("base64-64", |value| decode(value).is_some_and(|b| b.len() == 64), Says::Words("it holds 64 bytes")),
    Check::new(
        "base64-json",
        |value| decode(value).is_some_and(|b| serde_json::from_slice::<serde_json::Value>(&b).is_ok()),
        Says::Words("it holds JSON"),
    ),
    Check::new(
        "macaroon",
        |value| decode(after_dash(value)).is_some_and(|bytes| bytes.first() == Some(&2)),
        Says::Words("it holds a macaroon of version 2"),
    ),
    Check::digits("bech32", bech32, "its Bech32 checksum is right"),
    Check::new("discord", discord, Says::Words("its first part is an account's id")),
    Check::new("luhn", luhn, Says::Words("its Luhn check digit is right")),
    Check::new("mixed", mixed, Says::Nothing),
    Check::new("hex", |value| value.iter().all(u8::is_ascii_hexdigit), Says::Nothing),
    Check::new("uuid", uuid, Says::Nothing),
    Check::new("pem", |value| value.windows(10).any(|w| w == b"-----BEGIN"), Says::Nothing),
];

/// The check of a name that a rule may give.
pub(super) fn named(name: &str) -> Option<&'static Check> {
    CHECKS.iter().find(|check| check.name == name)
}

/// Base64 of either alphabet, with or without padding.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let url = text.iter().any(|b| matches!(b, b'-' | b'_'));
    let alphabet = if url { &alphabet::URL_SAFE } else { &alphabet::STANDARD };
    GeneralPurpose::new(alphabet, config).decode(text).ok()
}

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Six base-62 digits of the CRC-32 of `text`, as GitHub and npm write them.
fn crc32_base62(text: &[u8]) -> [u8; 6] {
    let mut rest = crc32fast::hash(text);
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(rest % 62) as usize];
        rest /= 62;
    }
    digits
}

/// What stands behind the last `_`: a token without its prefix.
fn after_last_mark(value: &[u8]) -> &[u8] {
    value.iter().rposition(|&b| b == b'_').map_or(value, |at| &value[at + 1..])
}

fn github_crc32(value: &[u8]) -> bool {
    let body = after_last_mark(value);
    body.len() > 6 && {
        let (text, digits) = body.split_at(body.len() - 6);
        digits == crc32_base62(text)
    }
}

/// The CRC-32 of all before the last `_`, its bytes from the low one up.
fn grafana_crc32(value: &[u8]) -> bool {
    value.iter().rposition(|&b| b == b'_').is_some_and(|at| {
        let crc = crc32fast::hash(&value[..at]).swap_bytes();
        format!("{crc:08x}").as_bytes().eq_ignore_ascii_case(&value[at + 1..])
    })
}

/// The CRC-32 of the 40 characters between prefix and check digits.
fn cloudflare_crc32(value: &[u8]) -> bool {
    let body = after_last_mark(value);
    body.split_at_checked(40)
        .is_some_and(|(text, digits)| format!("{:08x}", crc32fast::hash(text)).as_bytes() == digits)
}

/// Routable tokens: two digits of length and seven, to base 36, of the CRC-32 of all before them. Forms with more parts
/// are not published, and are taken as they are.
fn gitlab_crc32(value: &[u8]) -> bool {
    let tail = value.iter().rposition(|&b| b == b'.').map_or(0, |at| value.len() - at - 1);
    if tail != 9 {
        return true;
    }
    let (text, digits) = value.split_at(value.len() - 7);
    let number = std::str::from_utf8(digits).ok().and_then(|digits| u64::from_str_radix(digits, 36).ok());
    number == Some(u64::from(crc32fast::hash(text)))
}

type Object = serde_json::Map<String, serde_json::Value>;

/// Header and claims of a token of three parts.
fn jwt_parts(value: &[u8]) -> Option<(Object, Object)> {
    let mut parts = value.split(|&b| b == b'.');
    let mut object = || serde_json::from_slice(&decode(parts.next()?)?).ok();
    Some((object()?, object()?))
}

fn jwt(value: &[u8]) -> bool {
    // jwt.io's sample token: its claims are known to everyone.
    let known = |claims: &Object| claims.get("sub").is_some_and(|sub| sub == "1234567890");
    jwt_parts(value).is_some_and(|(header, claims)| header.contains_key("alg") && !known(&claims))
}

fn jwt_says(value: &[u8]) -> Option<String> {
    let (header, claims) = jwt_parts(value)?;
    let word = |text: &&str| text.len() <= 16 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let algorithm = header.get("alg")?.as_str().filter(word).unwrap_or("of its own");
    let second = claims.get("exp").and_then(serde_json::Value::as_i64);
    let day = second.and_then(|second| jiff::Timestamp::from_second(second).ok());
    let until =
        day.map_or_else(|| "without an end".to_owned(), |day| format!("valid until {}", &day.to_string()[..10]));
    Some(format!("its header and claims decode, algorithm {algorithm}, {until}"))
}

/// Letters and digits, and not the hexadecimal digits that a hash has.
fn mixed(value: &[u8]) -> bool {
    value.iter().any(u8::is_ascii_digit)
        && value.iter().any(u8::is_ascii_alphabetic)
        && !value.iter().filter(|b| b.is_ascii_alphanumeric()).all(u8::is_ascii_hexdigit)
}

fn aws_key_id(value: &[u8]) -> bool {
    value.len() == 20
        && !value.ends_with(b"EXAMPLE")
        && value[4..].iter().all(|b| matches!(b, b'A'..=b'Z' | b'2'..=b'7'))
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

fn after_dash(value: &[u8]) -> &[u8] {
    value.iter().position(|&b| b == b'-').map_or(value, |at| &value[at + 1..])
}

/// BIP-173: the checksum over human-readable part and data is 1.
fn bech32(value: &[u8]) -> bool {
    const DIGITS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let lower = value.to_ascii_lowercase();
    let Some(split) = lower.iter().rposition(|&b| b == b'1') else { return false };
    let digits: Option<Vec<u8>> = lower[split + 1..]
        .iter()
        .map(|b| DIGITS.iter().position(|d| d == b).and_then(|at| u8::try_from(at).ok()))
        .collect();
    let Some(digits) = digits else { return false };
    let hrp = &lower[..split];
    let all = hrp.iter().map(|b| b >> 5).chain([0]).chain(hrp.iter().map(|b| b & 31)).chain(digits);
    let mut sum = 1u32;
    for value in all {
        let top = sum >> 25;
        sum = (sum & 0x1ff_ffff) << 5 ^ u32::from(value);
        for (bit, term) in [0x3b6a_57b2u32, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3].iter().enumerate() {
            if top >> bit & 1 == 1 {
                sum ^= term;
            }
        }
    }
    sum == 1
}

fn discord(value: &[u8]) -> bool {
    let first = value.split(|&b| b == b'.').next().unwrap_or_default();
    decode(first).is_some_and(|id| (17..=20).contains(&id.len()) && id.iter().all(u8::is_ascii_digit))
}

fn luhn(value: &[u8]) -> bool {
    let digits: Vec<u32> = value.iter().filter(|b| b.is_ascii_digit()).map(|b| u32::from(b - b'0')).collect();
    let doubled = |d: u32| if d > 4 { d * 2 - 9 } else { d * 2 };
    let sum: u32 = digits.iter().rev().enumerate().map(|(i, &d)| if i % 2 == 1 { doubled(d) } else { d }).sum();
    digits.len() > 1 && sum.is_multiple_of(10)
}

fn uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value.iter().enumerate().all(
            |(at, b)| {
                if matches!(at, 8 | 13 | 18 | 23) { *b == b'-' } else { b.is_ascii_hexdigit() }
            },
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_tell_right_from_wrong() {
        let body = b"A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5";
        let mut token = body.to_vec();
        token.extend(crc32_base62(body));
        assert!(github_crc32(&token));
        token[0] = b'B';
        assert!(!github_crc32(&token));
        // Researchers' published key id: AWS support confirmed its account.
        let id = format!("ASIA{}", "QNZGKIQY56JQ7WML");
        assert_eq!(aws_account(id.as_bytes()).as_deref(), Some("it belongs to account 029608264753"));
        assert_eq!(aws_account(format!("AKIA{}", "I".repeat(16)).as_bytes()), None);
        // The sample of Grafana's own tests.
        let grafana = ["glsa_yscW25imSKJIu", "av8zF37RZmnbiDvB05G_fcaaf58a"].concat();
        assert!(grafana_crc32(grafana.as_bytes()) && !grafana_crc32(grafana.replace("58a", "58b").as_bytes()));
        // BIP-173's own valid and invalid strings.
        assert!(bech32(b"A12UEL5L"));
        assert!(!bech32(b"A12UEL5M"));
        assert!(luhn(b"79927398713") && !luhn(b"79927398710"));
    }
}
