//! Check digits of tokens, computed apart from the program's own code.

/// The digits of `kind` that end the token at the end of `text`; wrong ones on demand. `None` for a kind that is none.
pub fn digits(text: &str, kind: &str, right: bool) -> Option<String> {
    let word = |more: &str| {
        let part = |c: char| c.is_ascii_alphanumeric() || more.contains(c);
        text.rsplit(|c: char| !part(c)).next().unwrap_or_default()
    };
    // The complement of a CRC is the CRC of nothing that was said.
    let crc = |word: &str| if right { crc32(word) } else { !crc32(word) };
    Some(match kind {
        "" => base(crc(word("")), 62, 6),
        "cloudflare" => format!("{:08x}", crc(word(""))),
        "grafana" => format!("{:08x}", crc(word("_").trim_end_matches('_')).swap_bytes()),
        "gitlab" => base(crc(word("_.-")), 36, 7),
        "bech32" => bech32(word("-"), right),
        // A whole key, whose number says nothing.
        "xprv" => base58(&[&[0x04, 0x88, 0xad, 0xe4][..], &[0; 41], &[0; 1], &filler(text, 32)].concat(), right),
        "macaroon" => macaroon(text, right),
        "wif" => base58(&[&[0x80][..], &filler(text, 32), &[1]].concat(), right),
        _ => return None,
    })
}

fn crc32(word: &str) -> u32 {
    let mut crc = u32::MAX;
    for byte in word.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

/// `count` digits to a base of at most 62: 0-9, then capitals (62) or small letters.
fn base(mut rest: u32, base: u32, count: usize) -> String {
    let digit = |value: u32| match (value, base) {
        (0..=9, _) => char::from(b'0' + value as u8),
        (10..=35, 62) => char::from(b'A' + (value - 10) as u8),
        (10..=35, _) => char::from(b'a' + (value - 10) as u8),
        _ => char::from(b'a' + (value - 36) as u8),
    };
    let mut digits = Vec::new();
    for _ in 0..count {
        digits.insert(0, digit(rest % base));
        rest /= base;
    }
    digits.into_iter().collect()
}

/// BIP-173's six characters after a human-readable part, `1` and data.
fn bech32(word: &str, right: bool) -> String {
    const SET: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let upper = word.starts_with(|c: char| c.is_ascii_uppercase());
    let word = word.to_ascii_lowercase();
    let (human, data) = word.rsplit_once('1').unwrap();
    let mut values: Vec<u32> = human.bytes().map(|b| u32::from(b >> 5)).collect();
    values.push(0);
    values.extend(human.bytes().map(|b| u32::from(b & 31)));
    values.extend(data.chars().map(|c| SET.find(c).unwrap() as u32));
    values.extend([0; 6]);
    let mut sum = 1u32;
    for value in values {
        let top = sum >> 25;
        sum = (sum & 0x1ff_ffff) << 5 ^ value;
        for (bit, term) in [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3].iter().enumerate() {
            sum ^= if top >> bit & 1 == 1 { *term } else { 0 };
        }
    }
    sum ^= if right { 1 } else { 2 };
    let text: String = (0..6).map(|at| SET.as_bytes()[(sum >> (5 * (5 - at)) & 31) as usize] as char).collect();
    if upper { text.to_ascii_uppercase() } else { text }
}

/// Bytes that depend on the text.
fn filler(text: &str, count: usize) -> Vec<u8> {
    let byte = |at: usize| (crc32(&format!("{at}{text}")) >> 7) as u8;
    (0..count).map(byte).collect()
}

/// base58check: the bytes and four of their double SHA-256, to base 58.
fn base58(bytes: &[u8], right: bool) -> String {
    use sha2::{Digest as _, Sha256};
    const SET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut number = [bytes, &Sha256::digest(Sha256::digest(bytes))[..4]].concat();
    if !right {
        *number.last_mut().unwrap() ^= 1;
    }
    let mut digits = Vec::new();
    while number.iter().any(|byte| *byte != 0) {
        let mut rest = 0usize;
        for byte in &mut number {
            rest = rest << 8 | usize::from(*byte);
            *byte = (rest / 58) as u8;
            rest %= 58;
        }
        digits.insert(0, char::from(SET[rest]));
    }
    digits.into_iter().collect()
}

/// A macaroon of the first form, in base64; a wrong one lacks the length of its signature.
fn macaroon(text: &str, right: bool) -> String {
    use base64::Engine as _;
    let packet = |name: &str, value: &[u8]| {
        let length = 4 + name.len() + 1 + value.len() + 1;
        [format!("{length:04x}{name} ").as_bytes(), value, b"\n"].concat()
    };
    let signature = packet(if right { "signature" } else { "sign" }, &filler(text, 32));
    let all = [packet("location", b"login.internal"), packet("identifier", &filler(text, 24)), signature].concat();
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(all)
}
