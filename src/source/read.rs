//! The only place that reads scanned content: size limit, binary sniff, byte order mark, windows.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek};
use std::path::Path;

use rayon::prelude::*;

use super::cache::{Cache, Clean};
use super::{Content, Visit, Want, executable};
use crate::model::{Input, Notice, NoticeKind, Origin, RepoPath};

/// How many leading bytes decide whether content is binary.
pub const SNIFF: usize = 8 * 1024;
/// What is read of a file before anything is judged.
const FIRST: usize = 64 * 1024;
/// Length of a window of a large file.
const WINDOW: usize = 8 * 1024 * 1024;
/// How much of a window the next one repeats, so that nothing on an edge is missed.
pub const OVERLAP: usize = 64 * 1024;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What became of one file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Done {
    /// Bytes read.
    pub bytes: u64,
    /// True where it was given to a scanner.
    pub scanned: bool,
    /// True where it looks binary.
    pub binary: bool,
    /// True where nothing came of it that must be told again.
    pub clean: bool,
}

impl Done {
    /// Of content that was read whole, with what [`visit_bytes`] gave.
    fn whole(bytes: &[u8], binary: bool, seen: Option<bool>) -> Self {
        Self { bytes: bytes.len() as u64, scanned: seen.is_some(), binary, clean: seen.unwrap_or(true) }
    }
}

/// Reads the file at `disk` once and hands it to `visit`: whole up to `max_bytes`, in overlapping windows
/// above that; of an executable, whatever its size, the build data where somebody wants that. A notice says what a scanner
/// that wants whole files did not get. A file that `cache` knows to be clean is opened and not read.
///
/// # Errors
/// What the system said of opening or reading it.
pub fn visit_file(
    disk: &Path,
    path: &RepoPath,
    want: Want,
    max_bytes: u64,
    cache: Option<&Cache>,
    visit: &Visit<'_>,
) -> io::Result<(Done, Option<Notice>)> {
    #[expect(clippy::disallowed_methods, reason = "the one place that opens scanned files")]
    let mut file = File::open(disk)?;
    let metadata = file.metadata()?;
    let Some((cache, key)) = cache.and_then(|cache| Some((cache, cache.file(path, want, &metadata)?))) else {
        return visit_open(&mut file, metadata.len(), path, want, max_bytes, visit);
    };
    if let Some(Clean { bytes, binary }) = cache.get(key) {
        let scanned = !binary || want.binary != 0;
        return Ok((Done { bytes, scanned, binary, clean: true }, None));
    }
    let (done, notice) = visit_open(&mut file, metadata.len(), path, want, max_bytes, visit)?;
    if done.clean && notice.is_none() {
        cache.add(key, Clean { bytes: done.bytes, binary: done.binary });
    }
    Ok((done, notice))
}

/// Reads a file that is open, and `length` bytes long as far as the system knows.
fn visit_open(
    file: &mut File,
    length: u64,
    path: &RepoPath,
    want: Want,
    max_bytes: u64,
    visit: &Visit<'_>,
) -> io::Result<(Done, Option<Notice>)> {
    if want.binary != 0 {
        if let Some(seen) = executable::visit(file, length, path, &Origin::WorkTree, want, visit)? {
            return Ok(seen);
        }
        if want.text == 0 {
            return Ok((Done { clean: true, ..Done::default() }, None));
        }
        file.rewind()?;
    }
    if length > max_bytes {
        return visit_windows(file, path, want, max_bytes, visit);
    }
    // The buffer is taken out of its cell: a scanner that waits for other work on this thread may let
    // another file begin here.
    let mut buffer = BUFFER.with(RefCell::take);
    let done = read_whole(file, length, &mut buffer).map(|(filled, binary)| {
        let bytes = &buffer[..filled];
        Done::whole(bytes, binary, visit_bytes(path, &Origin::WorkTree, want, binary, bytes, visit))
    });
    if buffer.len() <= 2 * WINDOW {
        BUFFER.with(|cell| cell.replace(buffer));
    }
    Ok((done?, None))
}

/// The content of a file below `base`, whole, where it is text of at most `limit` bytes; no folder on the way to it is a
/// link, and neither is it.
pub fn beside(base: &Path, path: &RepoPath, limit: u64) -> Option<Vec<u8>> {
    let mut disk = base.to_owned();
    let mut is_file = false;
    for part in path.as_str().split('/') {
        disk.push(part);
        let found = std::fs::symlink_metadata(&disk).ok()?;
        if found.is_symlink() {
            return None;
        }
        is_file = found.is_file();
    }
    // A pipe would wait for a writer.
    if !is_file {
        return None;
    }
    #[expect(clippy::disallowed_methods, reason = "the one place that opens scanned files")]
    let file = File::open(&disk).ok()?;
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= limit && !is_binary(&bytes)).then_some(bytes)
}

/// Reads a stream of unknown length as [`visit_file`] reads a file.
///
/// # Errors
/// What the system said of reading it.
pub fn visit_reader(
    reader: &mut dyn Read,
    path: &RepoPath,
    want: Want,
    max_bytes: u64,
    visit: &Visit<'_>,
) -> io::Result<(Done, Option<Notice>)> {
    let mut bytes = Vec::new();
    reader.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max_bytes {
        if want.binary != 0 && executable::begins(&bytes) {
            let message = "an executable on standard input is read up to --max-file-size, and this one is larger: its build data was not looked for. Scan it as a file";
            let notice = Notice::incomplete(NoticeKind::Skipped, message).at(path);
            return Ok((Done { bytes: bytes.len() as u64, binary: true, ..Done::default() }, Some(notice)));
        }
        return visit_windows(&mut bytes.as_slice().chain(reader), path, want, max_bytes, visit);
    }
    if let Some(seen) = visit_executable(path, &Origin::WorkTree, want, &bytes, visit) {
        return Ok(seen);
    }
    let binary = is_binary(&bytes);
    let seen = visit_bytes(path, &Origin::WorkTree, want, binary, &bytes, visit);
    Ok((Done::whole(&bytes, binary, seen), None))
}

/// Hands the build data of an executable that is in memory to `visit`; `None` where it is none, or nobody wants it.
pub fn visit_executable(
    path: &RepoPath,
    origin: &Origin,
    want: Want,
    bytes: &[u8],
    visit: &Visit<'_>,
) -> Option<(Done, Option<Notice>)> {
    if want.binary == 0 {
        return None;
    }
    // Bytes in memory read without fail.
    executable::visit(&mut Cursor::new(bytes), bytes.len() as u64, path, origin, want, visit).ok().flatten()
}

/// Fills `buffer` from its start with a file of `length` bytes as far as the system knows: how many came, and whether
/// they look binary. Such a file is not read past its first part.
fn read_whole(file: &mut File, length: u64, buffer: &mut Vec<u8>) -> io::Result<(usize, bool)> {
    let length = usize::try_from(length).unwrap_or(WINDOW);
    if buffer.len() <= length {
        // A new one: growing would copy what nobody needs. There is room for a byte more, so that the end shows.
        *buffer = vec![0; (length + 1).next_power_of_two().max(FIRST)];
    }
    let (mut filled, mut part) = (0, FIRST);
    loop {
        if filled == part {
            if filled == buffer.len() {
                // It has grown since its length was told.
                buffer.resize(2 * filled, 0);
            }
            part = buffer.len();
        }
        let room = &mut buffer[filled..part];
        let wanted = room.len();
        let count = match file.read(room) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        filled += count;
        if count == 0 || count < wanted && filled == length {
            return Ok((filled, is_binary(&buffer[..filled])));
        }
        if filled >= SNIFF && is_binary(&buffer[..filled]) {
            return Ok((filled, true));
        }
    }
}

/// Hands text that is already in memory to `visit`, decoded where it is UTF-16. `None` where it is no text or nobody
/// wants it, else whether it is clean.
pub fn visit_bytes(
    path: &RepoPath,
    origin: &Origin,
    want: Want,
    binary: bool,
    bytes: &[u8],
    visit: &Visit<'_>,
) -> Option<bool> {
    if binary || want.text == 0 {
        return None;
    }
    let decoded = decode_utf16(bytes);
    let bytes = decoded.as_deref().unwrap_or(bytes);
    let input = Input { path, bytes, origin, first_line: 1, byte_base: 0, whole: true };
    Some(visit(Content { input, want, binary: false }))
}

/// True for content with a NUL in its first 8 KiB that is not UTF-16.
#[must_use]
pub fn is_binary(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(SNIFF)];
    utf16(head).is_none() && memchr::memchr(0, head).is_some()
}

/// For UTF-16: true for little endian, and the length of its byte order mark. Without a mark it is UTF-16 where its
/// first units are all ASCII text.
fn utf16(bytes: &[u8]) -> Option<(bool, usize)> {
    match bytes {
        [0xFF, 0xFE, 0, 0, ..] => return None,
        [0xFF, 0xFE, ..] => return Some((true, 2)),
        [0xFE, 0xFF, ..] => return Some((false, 2)),
        _ => {}
    }
    let (units, _) = bytes[..bytes.len().min(256)].as_chunks::<2>();
    let text = |b: u8| (b' '..=b'~').contains(&b) || matches!(b, b'\t' | b'\r' | b'\n');
    let all = |low: usize| units.len() >= 8 && units.iter().all(|unit| text(unit[low]) && unit[1 - low] == 0);
    if all(0) { Some((true, 0)) } else { all(1).then_some((false, 0)) }
}

/// UTF-16 as UTF-8 without a byte order mark; unpaired surrogates become U+FFFD.
fn decode_utf16(bytes: &[u8]) -> Option<Vec<u8>> {
    let (little, mark) = utf16(bytes)?;
    let units = bytes[mark..].chunks_exact(2).map(|two| {
        let two = [two[0], two[1]];
        if little { u16::from_le_bytes(two) } else { u16::from_be_bytes(two) }
    });
    let text: String = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    Some(text.into_bytes())
}

/// One window read and waiting for its scanners.
struct Window {
    bytes: Vec<u8>,
    first_line: u32,
    byte_base: u64,
}

/// Reads a large file in batches of windows, one per thread, so that memory stays bounded and one file
/// keeps every thread busy.
fn visit_windows(
    file: &mut dyn Read,
    path: &RepoPath,
    want: Want,
    max_bytes: u64,
    visit: &Visit<'_>,
) -> io::Result<(Done, Option<Notice>)> {
    let windowed = Want { text: want.text & !want.keep, binary: 0, keep: 0 };
    let mut done = Done { clean: true, ..Done::default() };
    let (mut tail, mut line, mut base) = (Vec::new(), 1_u32, 0_u64);
    loop {
        let mut batch = Vec::new();
        while batch.len() < rayon::current_num_threads().max(1) {
            let mut bytes = std::mem::take(&mut tail);
            let kept = bytes.len();
            (&mut *file).take(WINDOW as u64).read_to_end(&mut bytes)?;
            let fresh = bytes.len() - kept;
            done.bytes += fresh as u64;
            if done.bytes == fresh as u64 {
                done.binary = is_binary(&bytes);
                if utf16(&bytes).is_some() {
                    return Ok((done, Some(too_large(path, max_bytes, "UTF-16 text past the limit is not scanned"))));
                }
            }
            if fresh == 0 || done.binary {
                break;
            }
            let next = bytes.len().saturating_sub(OVERLAP);
            tail = bytes[next..].to_vec();
            let lines = memchr::memchr_iter(b'\n', &bytes[..next]).count();
            batch.push(Window { bytes, first_line: line, byte_base: base });
            line = line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
            base += next as u64;
        }
        if batch.is_empty() {
            break;
        }
        done.scanned |= windowed != Want::default();
        let clean = batch.par_iter().map(|window| {
            let Window { bytes, first_line, byte_base } = window;
            let (first_line, byte_base) = (*first_line, *byte_base);
            let input = Input { path, bytes, origin: &Origin::WorkTree, first_line, byte_base, whole: false };
            visit(Content { input, want: windowed, binary: false })
        });
        done.clean &= clean.reduce(|| true, |a, b| a && b);
    }
    let hidden = want.keep != 0 && !done.binary;
    let notice = hidden.then(|| too_large(path, max_bytes, SECRETS_ONLY));
    Ok((done, notice))
}

/// What is done with a file that is too large for parsers.
pub const SECRETS_ONLY: &str = "only secrets were looked for in it";

/// Says that a file is above the limit, and what that means.
pub fn too_large(path: &RepoPath, max_bytes: u64, what: &str) -> Notice {
    let message = format!("the file is larger than {max_bytes} bytes: {what}. Raise --max-file-size to have it parsed");
    Notice::incomplete(NoticeKind::Skipped, message).at(path)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests write the files they read")]
mod tests {
    use super::*;
    use std::sync::Mutex;

    const TEXT: Want = Want { text: 1, binary: 0, keep: 0 };

    #[test]
    fn utf16_arrives_as_utf8() {
        assert_eq!(decode_utf16(b"\xff\xfea\0\xe9\0").as_deref(), Some("aé".as_bytes()));
        assert_eq!(decode_utf16(b"\xfe\xff\0a").as_deref(), Some(&b"a"[..]));
        assert_eq!(decode_utf16(b"plain"), None);
        // Without a mark, where all of its first units are ASCII text.
        assert_eq!(decode_utf16(b"k\0e\0y\0 \0=\0 \0a\0b\0").as_deref(), Some(&b"key = ab"[..]));
        assert_eq!(decode_utf16(b"\0k\0e\0y\0 \0=\0 \0a\0b").as_deref(), Some(&b"key = ab"[..]));
        assert_eq!(decode_utf16(b"k\0e\0y\0 \0=\0 \0\x01\0b\0"), None);
        assert!(!is_binary(b"\xff\xfea\0"));
        assert!(is_binary(b"ab\0"));
    }

    #[test]
    fn windows_cover_a_large_file_and_know_their_lines() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let disk = folder.path().join("large");
        let line = [b'x', b'\n'];
        let content = line.repeat(WINDOW);
        std::fs::write(&disk, &content).expect("writes");
        let seen = Mutex::new(Vec::new());
        let visit = |content: Content<'_>| {
            let input = content.input;
            seen.lock().expect("no panic").push((input.byte_base, input.bytes.len(), input.first_line));
            true
        };
        let (done, notice) = visit_file(&disk, &RepoPath::new("large"), TEXT, 1024, None, &visit).expect("reads");
        assert_eq!(done.bytes, content.len() as u64);
        assert!(notice.is_none(), "nobody wanted it whole");
        let mut seen = seen.into_inner().expect("no panic");
        seen.sort_unstable();
        let mut end = 0;
        for (base, length, first_line) in seen {
            assert!(base <= end, "no gap before {base}");
            assert_eq!(u64::from(first_line), base / 2 + 1);
            end = base + length as u64;
        }
        assert_eq!(end, content.len() as u64);
    }
}
