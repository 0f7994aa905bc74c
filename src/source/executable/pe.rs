//! PE: Microsoft's "PE Format", COFF header, optional header and section table.

use std::io;

use super::{AUDITABLE, File, Image, Order, Part, Trouble};

/// Section flags: initialised data that may be read and written, and not run. Alignment is no part of them.
const DATA: u64 = 0x0000_0040 | 0x4000_0000 | 0x8000_0000;
const ALIGNMENT: u64 = 0x00f0_0000;

/// The section table; none of a DOS program.
pub(super) fn read(file: &mut File<'_>) -> io::Result<Result<Option<Image>, Trouble>> {
    let order = Order { little: true };
    let Some(dos) = file.at(0, 64)? else { return Ok(Ok(None)) };
    let start = order.u32(&dos, 60);
    let Some(coff) = file.at(start, 24)?.filter(|coff| coff.starts_with(b"PE\0\0")) else { return Ok(Ok(None)) };
    let (count, optional) = (order.u16(&coff, 6), order.u16(&coff, 20));
    let Some(header) = file.at(start + 24, optional)? else { return Ok(Err("it breaks off inside of its header")) };
    let base = match order.u16(&header, 0) {
        0x20b => order.u64(&header, 24),
        0x10b => order.u32(&header, 28),
        _ => 0,
    };
    let table = match file.table(start + 24 + optional, count, 40)? {
        Ok(table) => table,
        Err(trouble) => return Ok(Err(trouble)),
    };
    let mut image = Image::default();
    for entry in table.chunks_exact(40) {
        // What is smaller in the file is filled with zeros; what is larger is padding.
        let (in_memory, in_file) = (order.u32(entry, 8), order.u32(entry, 16));
        let part = Part {
            address: base.wrapping_add(order.u32(entry, 12)),
            offset: order.u32(entry, 20),
            size: if in_memory == 0 { in_file } else { in_file.min(in_memory) },
        };
        if image.go.is_none() && part.size > 0 && order.u32(entry, 36) & !ALIGNMENT == DATA {
            image.go = Some(part);
        }
        if entry[..8].split(|&byte| byte == 0).next() == Some(AUDITABLE) {
            image.auditable = Some(part);
        }
        image.loaded.push(part);
    }
    Ok(Ok(Some(image)))
}
