//! Mach-O, and universal binaries of several: Apple's `mach-o/loader.h` and `mach-o/fat.h`.

use std::io;

use super::{AUDITABLE, File, Image, MOST_BYTES, MOST_SLICES, Order, Part, Trouble};

/// The section that Go's linker writes, and the segment that holds the same in older ones.
const GO: &[u8] = b"__go_buildinfo";
const DATA: &[u8] = b"__DATA";
/// `cmd` of a segment.
const LC_SEGMENT: u64 = 0x1;
const LC_SEGMENT_64: u64 = 0x19;

/// Where the slices of a universal binary begin. `None` where it is none: Java's class files begin with the same four
/// bytes, and a version above all that is no number of processors.
pub(super) fn slices(file: &mut File<'_>) -> io::Result<Option<Vec<u64>>> {
    let order = Order { little: false };
    let Some(header) = file.at(0, 8)? else { return Ok(None) };
    let (wide, count) = (header[3] == 0xbf, order.u32(&header, 4));
    if count == 0 || count > u64::from(MOST_SLICES) {
        return Ok(None);
    }
    let size = if wide { 32 } else { 20 };
    let Some(table) = file.at(8, count * size)? else { return Ok(None) };
    let entries = table.chunks_exact(if wide { 32 } else { 20 });
    Ok(Some(entries.map(|entry| if wide { order.u64(entry, 8) } else { order.u32(entry, 8) }).collect()))
}

/// The load commands of the image that begins at `start`, from where its own offsets count; none of object files.
pub(super) fn read(file: &mut File<'_>, start: u64) -> io::Result<Result<Option<Image>, Trouble>> {
    let Some(header) = file.at(start, 28)? else { return Ok(Err("it breaks off inside of its header")) };
    let (wide, little) = match header[..4] {
        [0xfe, 0xed, 0xfa, last @ (0xce | 0xcf)] => (last == 0xcf, false),
        [first @ (0xce | 0xcf), 0xfa, 0xed, 0xfe] => (first == 0xcf, true),
        _ => return Ok(Ok(None)),
    };
    let order = Order { little };
    // `MH_EXECUTE`, `MH_DYLIB`, `MH_BUNDLE`.
    if !matches!(order.u32(&header, 12), 2 | 6 | 8) {
        return Ok(Ok(None));
    }
    let size = order.u32(&header, 20);
    if size > MOST_BYTES {
        return Ok(Err("its load commands are larger than 8 MiB"));
    }
    let Some(commands) = file.at(start.saturating_add(if wide { 32 } else { 28 }), size)? else {
        return Ok(Err("its load commands lie outside of the file: it is cut off or damaged"));
    };
    let mut image = Image::default();
    let mut rest = &commands[..];
    while rest.len() >= 8 {
        let (kind, size) = (order.u32(rest, 0), usize::try_from(order.u32(rest, 4)).unwrap_or(usize::MAX));
        let Some(command) = rest.get(..size).filter(|command| command.len() >= 8) else {
            return Ok(Err("a length of its load commands is wrong: it is damaged"));
        };
        match kind {
            LC_SEGMENT => segment(command, start, &Fields { order, wide: false }, &mut image),
            LC_SEGMENT_64 => segment(command, start, &Fields { order, wide: true }, &mut image),
            _ => {}
        }
        rest = &rest[size..];
    }
    Ok(Ok(Some(image)))
}

struct Fields {
    order: Order,
    wide: bool,
}

fn name(bytes: &[u8], at: usize) -> &[u8] {
    let name = bytes.get(at..at + 16).unwrap_or_default();
    name.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// A segment and the sections in it.
fn segment(command: &[u8], start: u64, fields: &Fields, image: &mut Image) {
    let Fields { order, wide } = *fields;
    let word = |bytes: &[u8], narrow, at| if wide { order.u64(bytes, at) } else { order.u32(bytes, narrow) };
    let place = |offset: u64| start.saturating_add(offset);
    let part =
        Part { address: word(command, 24, 24), offset: place(word(command, 32, 40)), size: word(command, 36, 48) };
    if image.go.is_none() && name(command, 8) == DATA {
        image.go = Some(part);
    }
    image.loaded.push(part);
    let sections = command.get(if wide { 72 } else { 56 }..).unwrap_or_default();
    for section in sections.chunks_exact(if wide { 80 } else { 68 }) {
        let offset = place(order.u32(section, if wide { 48 } else { 40 }));
        let part = Part { address: word(section, 32, 32), offset, size: word(section, 36, 40) };
        match name(section, 0) {
            GO => image.go = Some(part),
            AUDITABLE => image.auditable = Some(part),
            _ => {}
        }
    }
}
