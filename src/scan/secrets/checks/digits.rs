//! Check digits: CRC-32, Bech32, base58check, Luhn.

use sha2::{Digest as _, Sha256};

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

/// The CRC-32 of all between prefix and the last six characters.
pub(super) fn github(value: &[u8]) -> bool {
    let body = after_last_mark(value);
    body.len() > 6 && {
        let (text, digits) = body.split_at(body.len() - 6);
        digits == crc32_base62(text)
    }
}

/// The CRC-32 of all before the last `_`, its bytes from the low one up.
pub(super) fn grafana(value: &[u8]) -> bool {
    value.iter().rposition(|&b| b == b'_').is_some_and(|at| {
        let crc = crc32fast::hash(&value[..at]).swap_bytes();
        format!("{crc:08x}").as_bytes().eq_ignore_ascii_case(&value[at + 1..])
    })
}

/// The CRC-32 of the 40 characters between prefix and check digits.
pub(super) fn cloudflare(value: &[u8]) -> bool {
    let body = after_last_mark(value);
    body.split_at_checked(40)
        .is_some_and(|(text, digits)| format!("{:08x}", crc32fast::hash(text)).as_bytes() == digits)
}

/// Routable tokens: two digits of length and seven, to base 36, of the CRC-32 of all before them. Forms with more parts
/// are not published, and are taken as they are.
pub(super) fn gitlab(value: &[u8]) -> bool {
    let tail = value.iter().rposition(|&b| b == b'.').map_or(0, |at| value.len() - at - 1);
    if tail != 9 {
        return true;
    }
    let (text, digits) = value.split_at(value.len() - 7);
    let number = std::str::from_utf8(digits).ok().and_then(|digits| u64::from_str_radix(digits, 36).ok());
    number == Some(u64::from(crc32fast::hash(text)))
}

/// BIP-173: the checksum over human-readable part and data is 1.
pub(super) fn bech32(value: &[u8]) -> bool {
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

/// Digits to base 58, as Bitcoin has them: without `0`, `O`, `I` and `l`.
const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// Longest text of base 58 that is read: an extended key has 111 digits.
const LONGEST: usize = 128;

/// The bytes of a number to base 58, a leading `1` being a zero byte.
fn base58_bytes(text: &[u8]) -> Option<Vec<u8>> {
    if text.len() > LONGEST {
        return None;
    }
    let mut bytes: Vec<u8> = Vec::new();
    for digit in text {
        let mut carry = u32::try_from(BASE58.iter().position(|one| one == digit)?).ok()?;
        for byte in bytes.iter_mut().rev() {
            carry += u32::from(*byte) * 58;
            *byte = carry.to_le_bytes()[0];
            carry >>= 8;
        }
        if carry > 0 {
            bytes.insert(0, carry.to_le_bytes()[0]);
        }
    }
    let zeros = text.iter().take_while(|b| **b == b'1').count();
    bytes.splice(0..0, std::iter::repeat_n(0, zeros));
    Some(bytes)
}

/// The last four bytes are the first of the double SHA-256 of those before.
pub(super) fn base58(value: &[u8]) -> bool {
    let Some(bytes) = base58_bytes(value) else { return false };
    bytes.len() > 4 && {
        let (text, check) = bytes.split_at(bytes.len() - 4);
        Sha256::digest(Sha256::digest(text)).starts_with(check)
    }
}

/// A Bitcoin private key in the form that wallets import: Some(false) where only its check bytes are wrong.
pub(in super::super) fn is_bitcoin_key(word: &[u8]) -> Option<bool> {
    let form = matches!((word.len(), word.first()?), (51, b'5' | b'9') | (52, b'K' | b'L' | b'c'));
    if !form || !word.iter().all(|b| BASE58.contains(b)) {
        return None;
    }
    // Version, 32 bytes of key, a mark of a compressed public key, four check bytes.
    let bytes = base58_bytes(word)?;
    (matches!(bytes.len(), 37 | 38) && matches!(bytes[0], 0x80 | 0xef)).then(|| base58(word))
}

pub(super) fn luhn(value: &[u8]) -> bool {
    let digits: Vec<u32> = value.iter().filter(|b| b.is_ascii_digit()).map(|b| u32::from(b - b'0')).collect();
    let doubled = |d: u32| if d > 4 { d * 2 - 9 } else { d * 2 };
    let sum: u32 = digits.iter().rev().enumerate().map(|(i, &d)| if i % 2 == 1 { doubled(d) } else { d }).sum();
    digits.len() > 1 && sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn right_digits_are_told_from_wrong_ones() {
        let body = b"A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5";
        let mut token = body.to_vec();
        token.extend(crc32_base62(body));
        assert!(github(&token));
        token[0] = b'B';
        assert!(!github(&token));
        // The sample of Grafana's own tests.
        let sample = format!("glsa_{}_fcaaf58a", "yscW25imSKJIuav8zF37RZmnbiDvB05G");
        assert!(grafana(sample.as_bytes()) && !grafana(sample.replace("58a", "58b").as_bytes()));
        // BIP-173's own valid and invalid strings.
        assert!(bech32(b"A12UEL5L"));
        assert!(!bech32(b"A12UEL5M"));
        assert!(luhn(b"79927398713") && !luhn(b"79927398710"));
    }

    #[test]
    fn base58_holds_its_own_checksum() {
        // The address of Bitcoin's first block, known to everyone.
        assert!(base58(b"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"));
        assert!(!base58(b"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb"));
        // The private key whose number is 1, compressed or not.
        let one = format!("K{}", "wDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU73sVHnoWn");
        assert_eq!(is_bitcoin_key(one.as_bytes()), Some(true));
        assert_eq!(is_bitcoin_key(one.replace("Woo", "Wop").replace("Wn", "Wm").as_bytes()), Some(false));
        assert_eq!(is_bitcoin_key(&[b'K'; 51]), None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_judged(text in "[ -~]{0,140}") {
            for judge in [github, grafana, cloudflare, gitlab, bech32, base58, luhn] {
                judge(text.as_bytes());
            }
            is_bitcoin_key(text.as_bytes());
        }
    }
}
