//! What compilers leave in executables of what they were built from: Go's build information, and the list of crates
//! that cargo-auditable embeds.
//!
//! ELF, Mach-O (universal ones too) and PE. Of a file only headers and the sections that may hold such data are read,
//! each within a limit, so that its size costs nothing. Every number in it may be a lie: what lies outside of the file
//! or past a limit is told, never followed.

mod elf;
mod go;
mod macho;
mod pe;

use std::io::{self, Read, Seek, SeekFrom};

use super::read::{Done, SNIFF, is_binary};
use super::{Content, Visit, Want};
use crate::model::{Input, Notice, NoticeKind, Origin, RepoPath};

/// The section of cargo-auditable, in all formats.
const AUDITABLE: &[u8] = b".dep-v0";
/// Entries of a section or segment table; linkers write some dozens.
const MOST_SECTIONS: u64 = 65_536;
/// Bytes of one table, or of one section that is handed on.
const MOST_BYTES: u64 = 8 * 1024 * 1024;
/// Processors that a universal binary is for; those that exist are fewer.
const MOST_SLICES: u32 = 32;

/// What can be read at any place: a file, or bytes.
pub trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}

/// Why something in an executable was not read: for a notice, after "the executable: ".
type Trouble = &'static str;

/// A stretch of the file, and where it stands in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Part {
    address: u64,
    offset: u64,
    size: u64,
}

/// What the headers say.
#[derive(Debug, Default)]
struct Image {
    /// Where Go's build information may stand.
    go: Option<Part>,
    /// What cargo-auditable embedded.
    auditable: Option<Part>,
    /// Everything that is loaded, to find addresses.
    loaded: Vec<Part>,
}

/// A reader with its length, which counts what was read.
struct File<'r> {
    reader: &'r mut dyn ReadSeek,
    length: u64,
    read: u64,
}

impl File<'_> {
    /// `size` bytes at `offset`; `None` where they are not all in the file.
    ///
    /// # Errors
    /// What the system said.
    fn at(&mut self, offset: u64, size: u64) -> io::Result<Option<Vec<u8>>> {
        debug_assert!(size <= 2 * MOST_BYTES, "callers keep a limit");
        let inside = offset.checked_add(size).is_some_and(|end| end <= self.length);
        let Some(size) = usize::try_from(size).ok().filter(|_| inside) else { return Ok(None) };
        let mut bytes = vec![0; size];
        self.reader.seek(SeekFrom::Start(offset))?;
        match self.reader.read_exact(&mut bytes) {
            Ok(()) => self.read += size as u64,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        Ok(Some(bytes))
    }

    /// A table of `count` entries of `size` bytes each.
    fn table(&mut self, offset: u64, count: u64, size: u64) -> io::Result<Result<Vec<u8>, Trouble>> {
        if count > MOST_SECTIONS || count.saturating_mul(size) > MOST_BYTES {
            return Ok(Err("it has more sections than any linker makes, and none was looked at"));
        }
        Ok(self
            .at(offset, count * size)?
            .ok_or("its table of sections lies outside of the file: it is cut off or damaged"))
    }
}

/// Numbers in the file's own byte order; 0 where the bytes end before.
#[derive(Clone, Copy, Debug)]
struct Order {
    little: bool,
}

impl Order {
    fn number(self, bytes: &[u8], at: usize, size: usize) -> u64 {
        let Some(bytes) = at.checked_add(size).and_then(|end| bytes.get(at..end)) else { return 0 };
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        if self.little { bytes.iter().rev().fold(0, add) } else { bytes.iter().fold(0, add) }
    }

    fn u16(self, bytes: &[u8], at: usize) -> u64 {
        self.number(bytes, at, 2)
    }

    fn u32(self, bytes: &[u8], at: usize) -> u64 {
        self.number(bytes, at, 4)
    }

    fn u64(self, bytes: &[u8], at: usize) -> u64 {
        self.number(bytes, at, 8)
    }
}

/// How an executable begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Elf,
    MachO,
    Universal,
    Pe,
}

fn kind(head: [u8; 4]) -> Option<Kind> {
    match head {
        [0x7f, b'E', b'L', b'F'] => Some(Kind::Elf),
        [0xfe, 0xed, 0xfa, 0xce | 0xcf] | [0xce | 0xcf, 0xfa, 0xed, 0xfe] => Some(Kind::MachO),
        [0xca, 0xfe, 0xba, 0xbe | 0xbf] => Some(Kind::Universal),
        [b'M', b'Z', ..] => Some(Kind::Pe),
        _ => None,
    }
}

/// True where content begins as an executable does. Text that begins so is text.
#[must_use]
pub fn begins(bytes: &[u8]) -> bool {
    bytes.first_chunk().copied().and_then(kind).is_some() && is_binary(bytes)
}

/// Hands the build data of an executable to `visit`, one piece at a time: Go's as it stands in the file since Go 1.18
/// (whatever wrote it), cargo-auditable's as the section holds it, compressed. `None` where the content is no
/// executable; the reader stands anywhere then. The notice says what of it was not read.
///
/// # Errors
/// What the system said of reading it.
pub fn visit(
    reader: &mut dyn ReadSeek,
    length: u64,
    path: &RepoPath,
    origin: &Origin,
    want: Want,
    visit: &Visit<'_>,
) -> io::Result<Option<(Done, Option<Notice>)>> {
    let mut file = File { reader, length, read: 0 };
    let Some(found) = pieces(&mut file)? else { return Ok(None) };
    let want = Want { text: 0, binary: want.binary, keep: 0 };
    for piece in &found.pieces {
        let input = Input { path, bytes: piece, origin, first_line: 1, byte_base: 0, whole: true };
        visit(Content { input, want, binary: true });
    }
    let notice = found.troubles.first().map(|trouble| {
        let message = format!("the executable's build data was not read whole: {trouble}");
        Notice::incomplete(NoticeKind::Unparsed, message).at(path)
    });
    Ok(Some((Done { bytes: file.read, scanned: true, binary: true, clean: notice.is_none() }, notice)))
}

/// What was found in an executable.
#[derive(Debug, Default)]
struct Found {
    pieces: Vec<Vec<u8>>,
    troubles: Vec<Trouble>,
}

fn pieces(file: &mut File<'_>) -> io::Result<Option<Found>> {
    let head = file.at(0, 4)?;
    let Some(kind) = head.and_then(|head| kind([head[0], head[1], head[2], head[3]])) else { return Ok(None) };
    let sniffed = file.at(0, file.length.min(SNIFF as u64))?;
    if !sniffed.is_some_and(|head| begins(&head)) {
        return Ok(None);
    }
    let mut found = Found::default();
    let starts = match kind {
        Kind::Universal => match macho::slices(file)? {
            Some(starts) => starts,
            None => return Ok(None),
        },
        _ => vec![0],
    };
    for start in starts {
        let image = match kind {
            Kind::Elf => elf::read(file)?,
            Kind::MachO | Kind::Universal => macho::read(file, start)?,
            Kind::Pe => pe::read(file)?,
        };
        match image {
            Ok(Some(image)) => found.take(file, &image)?,
            // An object file, a core dump, a DOS program.
            Ok(None) => {}
            Err(trouble) => found.troubles.push(trouble),
        }
    }
    Ok(Some(found))
}

impl Found {
    fn take(&mut self, file: &mut File<'_>, image: &Image) -> io::Result<()> {
        if let Some(part) = image.auditable {
            match section(file, part)? {
                Ok(bytes) => self.pieces.push(bytes),
                Err(trouble) => self.troubles.push(trouble),
            }
        }
        match go::read(file, image)? {
            Ok(piece) => self.pieces.extend(piece),
            Err(trouble) => self.troubles.push(trouble),
        }
        Ok(())
    }
}

/// A section whole.
fn section(file: &mut File<'_>, part: Part) -> io::Result<Result<Vec<u8>, Trouble>> {
    if part.size > MOST_BYTES {
        return Ok(Err("its list of crates (section `.dep-v0`) is larger than 8 MiB"));
    }
    let bytes = file.at(part.offset, part.size)?;
    Ok(bytes.ok_or("its list of crates (section `.dep-v0`) lies outside of the file: it is cut off or damaged"))
}

#[cfg(test)]
mod tests;
