//! Compressed texts: what stands in base64 for itself, or in a Helm release's secret.

use std::io::Read as _;

/// Bytes of an unpacked text that are looked at.
const MOST: u64 = 1 << 20;

/// First characters of base64 whose bytes are gzip's (RFC 1952, 2.3.1) or zlib's (RFC 1950, 2.2, a window of 32 KiB).
const STARTS: &[&[u8]] = &[b"H4sI", b"eJ", b"eA", b"eF", b"eN"];

/// True for base64 of what [`unpack`] may read.
pub(super) fn may_be_packed(text: &[u8]) -> bool {
    STARTS.iter().any(|start| text.starts_with(start))
}

/// True for base64 of base64 of gzip, which Helm writes.
pub(super) fn may_be_release(text: &[u8]) -> bool {
    text.starts_with(b"SDRzSU")
}

/// What was compressed, up to a limit; none of it where the bytes are of another kind. Damage ends the text.
pub(super) fn unpack(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    // What could be read before damage or the limit is there all the same.
    let _ = match *bytes {
        [0x1f, 0x8b, 8, ..] => flate2::read::GzDecoder::new(bytes).take(MOST).read_to_end(&mut plain),
        [0x78, flags, ..] if (0x7800 + u16::from(flags)).is_multiple_of(31) => {
            flate2::read::ZlibDecoder::new(bytes).take(MOST).read_to_end(&mut plain)
        }
        _ => return None,
    };
    (!plain.is_empty()).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use flate2::Compression;
    use std::io::Write as _;

    #[test]
    fn both_wrappings_are_read_to_a_limit() {
        let text = b"a text that is compressed, a text".repeat(1 << 16);
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), Compression::best());
        zlib.write_all(&text).unwrap();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&text).unwrap();
        for packed in [zlib.finish().unwrap(), gzip.finish().unwrap()] {
            assert!(may_be_packed(base64::engine::general_purpose::STANDARD.encode(&packed).as_bytes()));
            assert_eq!(unpack(&packed).unwrap(), text[..1 << 20]);
            assert!(text.starts_with(&unpack(&packed[..packed.len() / 2]).unwrap()));
        }
        assert_eq!(unpack(b"x is no compressed text"), None);
        assert_eq!(unpack(b""), None);
    }
}
