//! Structure that a token carries in itself: what fails is no token, or a doubtful one.

mod digits;
mod parts;
mod sas;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use crate::model::Severity;

pub(super) use digits::is_bitcoin_key;

/// What a check says of a value. No text of the value is in it but what its provider calls public: an account, a
/// place, a day.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It has the structure; what was found, if that tells anything.
    Holds(Option<String>),
    /// It has the structure, and says of itself that little can be done with it.
    Lesser(Severity, String),
    /// It has the form, and what it should hold does not read: mangled, or made up.
    Doubtful(&'static str),
    /// It is nothing that the rule is about.
    Fails,
    /// It is a secret of no kind: wrong check digits, or an example that everybody knows.
    Refuted,
}

/// A check that a rule names.
pub(super) struct Check {
    name: &'static str,
    /// It reads all that the pattern matched, not the secret alone.
    pub whole: bool,
    way: Way,
}

/// How a check comes to its verdict.
enum Way {
    /// By form alone: there is nothing to tell.
    Form(fn(&[u8]) -> bool),
    /// By check digits of this name.
    Digits(fn(&[u8]) -> bool, &'static str),
    /// By what the value says of itself.
    Reads(fn(&[u8]) -> Verdict),
}

impl Check {
    /// The verdict on a value, or on the whole match where [`Check::whole`] is set.
    pub(super) fn judge(&self, value: &[u8]) -> Verdict {
        match self.way {
            Way::Form(holds) => {
                if holds(value) {
                    Verdict::Holds(None)
                } else {
                    Verdict::Fails
                }
            }
            Way::Digits(holds, name) if holds(value) => Verdict::Holds(Some(format!("its {name} right"))),
            Way::Digits(..) => Verdict::Refuted,
            Way::Reads(read) => read(value),
        }
    }
}

const CRC: &str = "CRC-32 check digits are";
const SHA: &str = "SHA-256 check bytes are";

const fn form(name: &'static str, holds: fn(&[u8]) -> bool) -> Check {
    Check { name, whole: false, way: Way::Form(holds) }
}

const fn check_digits(name: &'static str, holds: fn(&[u8]) -> bool, what: &'static str) -> Check {
    Check { name, whole: false, way: Way::Digits(holds, what) }
}

const fn reads(name: &'static str, read: fn(&[u8]) -> Verdict) -> Check {
    Check { name, whole: false, way: Way::Reads(read) }
}

const CHECKS: &[Check] = &[
    check_digits("github-crc32", digits::github, CRC),
    check_digits("npm-crc32", digits::github, CRC),
    check_digits("grafana-crc32", digits::grafana, CRC),
    check_digits("cloudflare-crc32", digits::cloudflare, CRC),
    check_digits("gitlab-crc32", digits::gitlab, CRC),
    check_digits("bech32", digits::bech32, "Bech32 checksum is"),
    check_digits("base58", digits::base58, SHA),
    check_digits("luhn", digits::luhn, "Luhn check digit is"),
    reads("jwt", parts::jwt),
    reads("aws-key-id", parts::aws_key_id),
    reads("base64-json", parts::json),
    reads("base64-64", parts::sixty_four),
    reads("macaroon", parts::macaroon),
    reads("discord", parts::discord),
    reads("slack", parts::slack),
    reads("stripe", parts::stripe),
    Check { name: "azure-sas", whole: true, way: Way::Reads(sas::read) },
    form("base64", |value| decode(value).is_some()),
    form("base64-behind-prefix", parts::base64_behind_prefix),
    form("mixed", parts::mixed),
    form("hex", |value| value.iter().all(u8::is_ascii_hexdigit)),
    form("uuid", parts::uuid),
    form("pem", |value| value.windows(10).any(|w| w == b"-----BEGIN")),
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

/// The day of today, of which a token that ended on an earlier one is of no more use: `2026-03-01`, UTC.
pub(super) fn today() -> String {
    jiff::Timestamp::now().to_string()[..10].to_owned()
}
