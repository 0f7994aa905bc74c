//! What identity is: the one place that says when two findings of two runs are the same defect.

use std::fmt;

use sha2::{Digest, Sha256};

/// A finding's identity across edits, scheme 1: 128 bits of SHA-256 over length-prefixed fields (scheme,
/// tool, rule, path, kind, discriminator, ordinal). No line number and no secret goes in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 16]);

/// The fields of scheme 1, the ordinal last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FingerprintFields<'a> {
    /// The tool without its version.
    pub tool: &'a str,
    /// The rule's id.
    pub rule: &'a str,
    /// The file, relative to the root.
    pub path: &'a str,
    /// What the discriminator is: `line`, `key` or `foreign`.
    pub kind: &'a str,
    /// What stays the same when lines move.
    pub discriminator: &'a str,
    /// From 0, among findings of one file whose other fields are equal, by place.
    pub ordinal: u32,
}

/// The scheme's name and version: the key in SARIF's `fingerprints`.
pub const SCHEME: &str = "portcullisFingerprint/v1";

impl Fingerprint {
    /// Of the given fields.
    #[must_use]
    pub fn of(fields: &FingerprintFields<'_>) -> Self {
        let mut hash = Sha256::new();
        let ordinal = fields.ordinal.to_string();
        for field in [SCHEME, fields.tool, fields.rule, fields.path, fields.kind, fields.discriminator, &ordinal] {
            hash.update((field.len() as u64).to_le_bytes());
            hash.update(field.as_bytes());
        }
        let digest = hash.finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Self(bytes)
    }

    /// From 32 hexadecimal digits, as [`fmt::Display`] writes them.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        if text.len() != 32 || !text.is_ascii() {
            return None;
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_reads_back() {
        let fields =
            FingerprintFields { tool: "t", rule: "r", path: "p", kind: "line", discriminator: "d", ordinal: 0 };
        let print = Fingerprint::of(&fields);
        assert_eq!(Fingerprint::parse(&print.to_string()), Some(print));
        assert_ne!(print, Fingerprint::of(&FingerprintFields { ordinal: 1, ..fields.clone() }));
        // Length prefixes: moving a letter between neighbouring fields is another finding.
        assert_ne!(print, Fingerprint::of(&FingerprintFields { tool: "tr", rule: "", ..fields }));
    }
}
