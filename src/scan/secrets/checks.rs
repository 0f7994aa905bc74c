//! Structure that a token carries in itself: what fails is no token.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

/// True where the value has the structure.
pub(super) type Check = fn(&[u8]) -> bool;

const CHECKS: &[(&str, Check)] = &[
    ("github-crc32", github_crc32),
    ("npm-crc32", github_crc32),
    ("grafana-crc32", grafana_crc32),
    ("jwt", jwt),
    ("aws-key-id", aws_key_id),
    ("base64", |value| decode(value).is_some()),
    ("base64-64", |value| decode(value).is_some_and(|bytes| bytes.len() == 64)),
    ("base64-json", |value| {
        decode(value).is_some_and(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).is_ok())
    }),
    ("macaroon", |value| decode(after_dash(value)).is_some_and(|bytes| bytes.first() == Some(&2))),
    ("bech32", bech32),
    ("discord", discord),
    ("luhn", luhn),
    ("mixed", mixed),
    ("hex", |value| value.iter().all(u8::is_ascii_hexdigit)),
    ("uuid", uuid),
    ("pem", |value| value.windows(10).any(|w| w == b"-----BEGIN")),
];

/// The check of a name that a rule may give.
pub(super) fn named(name: &str) -> Option<Check> {
    CHECKS.iter().find(|(known, _)| *known == name).map(|(_, check)| *check)
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
pub(super) fn crc32_base62(text: &[u8]) -> [u8; 6] {
    let mut rest = crc32fast::hash(text);
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(rest % 62) as usize];
        rest /= 62;
    }
    digits
}

fn github_crc32(value: &[u8]) -> bool {
    let body = value.iter().rposition(|&b| b == b'_').map_or(value, |at| &value[at + 1..]);
    body.len() > 6 && {
        let (text, digits) = body.split_at(body.len() - 6);
        digits == crc32_base62(text)
    }
}

fn grafana_crc32(value: &[u8]) -> bool {
    value.iter().rposition(|&b| b == b'_').is_some_and(|at| {
        format!("{:08x}", crc32fast::hash(&value[..at])).as_bytes().eq_ignore_ascii_case(&value[at + 1..])
    })
}

fn jwt(value: &[u8]) -> bool {
    let mut parts = value.split(|&b| b == b'.');
    let mut object = || {
        let bytes = decode(parts.next()?)?;
        serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&bytes).ok()
    };
    let header = object();
    // jwt.io's sample token: its claims are known to everyone.
    let known =
        |claims: &serde_json::Map<String, serde_json::Value>| claims.get("sub").is_some_and(|s| s == "1234567890");
    header.is_some_and(|h| h.contains_key("alg")) && object().is_some_and(|claims| !known(&claims))
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
        // BIP-173's own valid and invalid strings.
        assert!(bech32(b"A12UEL5L"));
        assert!(!bech32(b"A12UEL5M"));
        assert!(luhn(b"79927398713") && !luhn(b"79927398710"));
    }
}
