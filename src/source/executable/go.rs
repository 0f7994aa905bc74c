//! Go's build information: package `debug/buildinfo` of Go's standard library says where it stands and in what form.

use std::io;

use super::{File, Image, MOST_BYTES, Order, Part, Trouble};

/// What it begins with.
const MAGIC: &[u8; 14] = b"\xff Go buildinf:";
/// Magic, size of a pointer, flags; then two pointers, or padding.
const HEADER: u64 = 32;
/// At what addresses it may begin.
const ALIGN: u64 = 16;
/// Flag: the file is big endian.
const BIG: u8 = 1;
/// Flag: both texts follow the header, each behind its length (Go 1.18).
const INLINE: u8 = 2;
/// How much of the data is searched; it stands near the start.
const MOST_SEARCHED: u64 = 64 * 1024 * 1024;
/// Bytes searched at a time.
const STEP: u64 = 1024 * 1024;
/// Bytes of the name of a Go version.
const MOST_VERSION: u64 = 4096;

const BROKEN: Trouble = "Go's build information breaks off: a length or an address in it leads out of the file";

/// The build information in the form of Go 1.18, where there is any.
pub(super) fn read(file: &mut File<'_>, image: &Image) -> io::Result<Result<Option<Vec<u8>>, Trouble>> {
    let Some(part) = image.go else { return Ok(Ok(None)) };
    let (at, header) = match search(file, part)? {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(Ok(None)),
        Err(trouble) => return Ok(Err(trouble)),
    };
    let texts = if header[15] & INLINE != 0 { inline(file, at + HEADER)? } else { pointers(file, image, &header)? };
    Ok(texts.map(|(version, modules)| Some(piece(&version, &modules))).ok_or(BROKEN))
}

/// Where the header stands in the file, and its bytes.
type Header = (u64, Vec<u8>);

fn search(file: &mut File<'_>, part: Part) -> io::Result<Result<Option<Header>, Trouble>> {
    let size = part.size.min(file.length.saturating_sub(part.offset)).min(MOST_SEARCHED);
    let mut from = 0;
    while from + HEADER <= size {
        let step = STEP.min(size - from);
        let Some(bytes) = file.at(part.offset + from, step)? else { return Ok(Ok(None)) };
        for found in memchr::memmem::find_iter(&bytes, MAGIC) {
            let at = from + found as u64;
            let aligned = part.address.wrapping_add(at).is_multiple_of(ALIGN);
            let Some(header) = bytes.get(found..found + 32).filter(|_| aligned) else { continue };
            if header[15] & INLINE != 0 || matches!(header[14], 4 | 8) {
                return Ok(Ok(Some((part.offset + at, header.to_vec()))));
            }
        }
        if step < STEP {
            break;
        }
        // A header on the edge is whole in the next step.
        from += step - HEADER;
    }
    let hidden = part.size > MOST_SEARCHED && file.length.saturating_sub(part.offset) > MOST_SEARCHED;
    Ok(if hidden {
        Err("Go's build information was looked for in the first 64 MiB of its data alone")
    } else {
        Ok(None)
    })
}

type Texts = Option<(Vec<u8>, Vec<u8>)>;

/// Both texts behind the header.
fn inline(file: &mut File<'_>, at: u64) -> io::Result<Texts> {
    let Some((version, end)) = counted(file, at, MOST_VERSION)? else { return Ok(None) };
    let Some((modules, _)) = counted(file, end, MOST_BYTES)? else { return Ok(None) };
    Ok(Some((version, modules)))
}

/// A text behind its length, and where it ends.
fn counted(file: &mut File<'_>, at: u64, most: u64) -> io::Result<Option<(Vec<u8>, u64)>> {
    let room = file.length.saturating_sub(at).min(10);
    let Some(bytes) = file.at(at, room)? else { return Ok(None) };
    let Some((length, size)) = varint(&bytes) else { return Ok(None) };
    if length > most {
        return Ok(None);
    }
    let text = file.at(at + size, length)?;
    Ok(text.map(|text| (text, at + size + length)))
}

/// An unsigned number in groups of seven bits, the lowest first, and how many bytes it takes.
fn varint(bytes: &[u8]) -> Option<(u64, u64)> {
    let mut number = 0;
    for (at, byte) in (0_u32..).zip(bytes.iter().take(9)) {
        number |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((number, u64::from(at) + 1));
        }
    }
    None
}

/// Both texts by the addresses of Go strings (before Go 1.18).
fn pointers(file: &mut File<'_>, image: &Image, header: &[u8]) -> io::Result<Texts> {
    let (order, size) = (Order { little: header[15] & BIG == 0 }, usize::from(header[14]));
    let mut text = |at: usize, most: u64| -> io::Result<Option<Vec<u8>>> {
        let address = order.number(header, at, size);
        let Some(string) = load(file, image, address, 2 * size as u64)? else { return Ok(None) };
        let (address, length) = (order.number(&string, 0, size), order.number(&string, size, size));
        match length {
            0 => Ok(Some(Vec::new())),
            _ if length > most => Ok(None),
            _ => load(file, image, address, length),
        }
    };
    let Some(version) = text(16, MOST_VERSION)? else { return Ok(None) };
    // A program that was built without modules has none.
    let modules = text(16 + size, MOST_BYTES)?.unwrap_or_default();
    Ok(Some((version, modules)))
}

/// Bytes by their address in memory.
fn load(file: &mut File<'_>, image: &Image, address: u64, length: u64) -> io::Result<Option<Vec<u8>>> {
    let inside = |part: &&Part| {
        address.checked_sub(part.address).is_some_and(|into| into < part.size && length <= part.size - into)
    };
    match image.loaded.iter().find(inside) {
        Some(part) => file.at(part.offset.saturating_add(address - part.address), length),
        None => Ok(None),
    }
}

/// One form for all: that of Go 1.18, both texts behind the header.
fn piece(version: &[u8], modules: &[u8]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend([8, INLINE]);
    bytes.resize(HEADER as usize, 0);
    for text in [version, modules] {
        let mut length = text.len();
        while length >= 0x80 {
            bytes.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        bytes.push(length as u8);
        bytes.extend_from_slice(text);
    }
    bytes
}
