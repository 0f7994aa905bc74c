//! ELF: System V ABI, chapters 4 and 5.

use std::io;

use super::{AUDITABLE, File, Image, MOST_BYTES, Order, Part, Trouble};

/// The section that Go's linker writes.
const GO: &[u8] = b".go.buildinfo";
/// `sh_type` of a section that takes no place in the file.
const SHT_NOBITS: u64 = 8;
/// `p_type` of what is loaded.
const PT_LOAD: u64 = 1;
/// `p_flags`: may be executed, may be written.
const PF_X: u64 = 1;
const PF_W: u64 = 2;

/// Where the fields of both classes stand.
struct Class {
    wide: bool,
    order: Order,
}

impl Class {
    /// A word of the class: 4 bytes at the first offset, or 8 at the second.
    fn word(&self, bytes: &[u8], narrow: usize, wide: usize) -> u64 {
        if self.wide { self.order.u64(bytes, wide) } else { self.order.u32(bytes, narrow) }
    }

    fn half(&self, bytes: &[u8], narrow: usize, wide: usize) -> u64 {
        self.order.u16(bytes, if self.wide { wide } else { narrow })
    }
}

/// The headers of an executable or shared object; none of object files and core dumps.
pub(super) fn read(file: &mut File<'_>) -> io::Result<Result<Option<Image>, Trouble>> {
    let Some(ident) = file.at(0, 16)? else { return Ok(Ok(None)) };
    let (wide, little) = (ident[4] == 2, ident[5] == 1);
    if !matches!((ident[4], ident[5]), (1 | 2, 1 | 2)) {
        return Ok(Ok(None));
    }
    let class = Class { wide, order: Order { little } };
    let Some(header) = file.at(0, if wide { 64 } else { 52 })? else {
        return Ok(Err("it breaks off inside of its header"));
    };
    if !matches!(class.order.u16(&header, 16), 2 | 3) {
        return Ok(Ok(None));
    }
    let mut image = Image::default();
    if let Err(trouble) = segments(file, &class, &header, &mut image)? {
        return Ok(Err(trouble));
    }
    if let Err(trouble) = sections(file, &class, &header, &mut image)? {
        return Ok(Err(trouble));
    }
    Ok(Ok(Some(image)))
}

/// What is loaded; the first writable part is where Go's data begins.
fn segments(file: &mut File<'_>, class: &Class, header: &[u8], image: &mut Image) -> io::Result<Result<(), Trouble>> {
    let (offset, size, count) = (class.word(header, 28, 32), class.half(header, 42, 54), class.half(header, 44, 56));
    if count == 0 || size < if class.wide { 56 } else { 32 } {
        return Ok(Ok(()));
    }
    let table = match file.table(offset, count, size)? {
        Ok(table) => table,
        Err(trouble) => return Ok(Err(trouble)),
    };
    for entry in table.chunks_exact(usize::try_from(size).unwrap_or(usize::MAX)) {
        if class.order.u32(entry, 0) != PT_LOAD {
            continue;
        }
        let part = Part {
            offset: class.word(entry, 4, 8),
            address: class.word(entry, 8, 16),
            size: class.word(entry, 16, 32),
        };
        let flags = class.order.u32(entry, if class.wide { 4 } else { 24 });
        if image.go.is_none() && flags & (PF_X | PF_W) == PF_W {
            image.go = Some(part);
        }
        image.loaded.push(part);
    }
    Ok(Ok(()))
}

/// The sections that we know by name.
fn sections(file: &mut File<'_>, class: &Class, header: &[u8], image: &mut Image) -> io::Result<Result<(), Trouble>> {
    let (offset, size) = (class.word(header, 32, 40), class.half(header, 46, 58));
    let (mut count, mut names) = (class.half(header, 48, 60), class.half(header, 50, 62));
    if offset == 0 || size < if class.wide { 64 } else { 40 } {
        return Ok(Ok(()));
    }
    // Numbers that do not fit stand in the first section (System V ABI, "Extended section header").
    if count == 0 || names == 0xffff {
        let Some(first) = file.at(offset, size)? else {
            return Ok(Err("its table of sections lies outside of the file: it is cut off or damaged"));
        };
        count = if count == 0 { class.word(&first, 20, 32) } else { count };
        names = if names == 0xffff { class.order.u32(&first, if class.wide { 40 } else { 24 }) } else { names };
    }
    let table = match file.table(offset, count, size)? {
        Ok(table) => table,
        Err(trouble) => return Ok(Err(trouble)),
    };
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let part = |entry: &[u8]| Part {
        address: class.word(entry, 12, 16),
        offset: class.word(entry, 16, 24),
        size: class.word(entry, 20, 32),
    };
    let named = usize::try_from(names).ok().and_then(|at| table.chunks_exact(size).nth(at));
    let Some(named) = named.map(part) else { return Ok(Ok(())) };
    let text = file.at(named.offset, named.size.min(MOST_BYTES))?;
    let Some(text) = text else {
        return Ok(Err("the names of its sections lie outside of the file: it is cut off or damaged"));
    };
    for entry in table.chunks_exact(size).filter(|entry| class.order.u32(entry, 4) != SHT_NOBITS) {
        let start = usize::try_from(class.order.u32(entry, 0)).unwrap_or(usize::MAX);
        let name = text.get(start..).and_then(|rest| rest.split(|&byte| byte == 0).next());
        match name {
            Some(GO) => image.go = Some(part(entry)),
            Some(AUDITABLE) => image.auditable = Some(part(entry)),
            _ => {}
        }
    }
    Ok(Ok(()))
}
