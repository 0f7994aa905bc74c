//! Digests, and the identifiers that are made of them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::Digest;

use super::super::ops::{Out, text};
use super::Args;
use crate::model::hex;
use crate::syntax::hcl::Kind;

fn digest<D: Digest>(args: Args<'_>) -> Result<Vec<u8>, Kind> {
    Ok(D::digest(text(&args[0])?.as_bytes()).to_vec())
}

pub(super) fn md5(args: Args<'_>) -> Out {
    Ok(Kind::text(&hex(&digest::<md5::Md5>(args)?)))
}

pub(super) fn sha1(args: Args<'_>) -> Out {
    Ok(Kind::text(&hex(&digest::<sha1::Sha1>(args)?)))
}

pub(super) fn sha256(args: Args<'_>) -> Out {
    Ok(Kind::text(&hex(&digest::<sha2::Sha256>(args)?)))
}

pub(super) fn sha512(args: Args<'_>) -> Out {
    Ok(Kind::text(&hex(&digest::<sha2::Sha512>(args)?)))
}

pub(super) fn base64sha256(args: Args<'_>) -> Out {
    Ok(Kind::text(&STANDARD.encode(digest::<sha2::Sha256>(args)?)))
}

pub(super) fn base64sha512(args: Args<'_>) -> Out {
    Ok(Kind::text(&STANDARD.encode(digest::<sha2::Sha512>(args)?)))
}

/// `uuidv5(namespace, name)` (RFC 9562, section 5.5): a namespace by its short name or as an identifier.
pub(super) fn uuidv5(args: Args<'_>) -> Out {
    let namespace = text(&args[0])?;
    // RFC 9562, section 6.6.
    let namespace = match &*namespace {
        "dns" => "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "url" => "6ba7b811-9dad-11d1-80b4-00c04fd430c8",
        "oid" => "6ba7b812-9dad-11d1-80b4-00c04fd430c8",
        "x500" => "6ba7b814-9dad-11d1-80b4-00c04fd430c8",
        other => other,
    };
    let digits: String = namespace.chars().filter(|c| *c != '-').collect();
    let number = u128::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 32);
    let number = number.ok_or_else(|| Kind::invalid("no identifier"))?;
    let named = sha1::Sha1::new().chain_update(number.to_be_bytes()).chain_update(text(&args[1])?.as_bytes());
    let mut bytes = named.finalize().to_vec();
    bytes.truncate(16);
    bytes[6] = bytes[6] & 0x0f | 0x50;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let all = hex(&bytes);
    Ok(Kind::text(&format!("{}-{}-{}-{}-{}", &all[..8], &all[8..12], &all[12..16], &all[16..20], &all[20..])))
}
