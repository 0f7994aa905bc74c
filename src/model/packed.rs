//! Texts kept compressed in memory: another tool's results may come to half a gigabyte.

use std::collections::VecDeque;
use std::fmt;
use std::io::{Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

/// Bytes that are compressed together.
const BLOCK: usize = 16 << 10;
/// Unpacked blocks kept at hand: results are written in another order than they came in.
const RECENT: usize = 128;

/// Takes texts, one after the other.
#[derive(Default)]
pub struct Packer {
    open: Vec<u8>,
    pack: Packed,
}

/// Texts that were taken.
#[derive(Default)]
struct Packed {
    blocks: Vec<Box<[u8]>>,
    places: Vec<Place>,
    recent: Mutex<VecDeque<(u32, Arc<[u8]>)>>,
}

/// Where in the unpacked block of that number a text stands, in bytes.
#[derive(Clone, Copy)]
struct Place {
    block: u32,
    start: u32,
    len: u32,
}

/// One text of many.
#[derive(Clone)]
pub struct PackedText {
    pack: Arc<Packed>,
    at: u32,
}

impl Packer {
    /// Takes a text of less than 4 GiB; what it counts as from 0.
    pub fn push(&mut self, text: &str) -> u32 {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let place =
            Place { block: number(self.pack.blocks.len()), start: number(self.open.len()), len: number(text.len()) };
        self.pack.places.push(place);
        self.open.extend_from_slice(text.as_bytes());
        if self.open.len() >= BLOCK {
            self.close();
        }
        number(self.pack.places.len() - 1)
    }

    fn close(&mut self) {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        // Memory takes everything.
        let written = encoder.write_all(&self.open).and_then(|()| encoder.finish());
        self.pack.blocks.push(written.unwrap_or_default().into_boxed_slice());
        self.open.clear();
    }

    /// The texts in the order they came.
    #[must_use]
    pub fn finish(mut self) -> Vec<PackedText> {
        self.close();
        let pack = Arc::new(self.pack);
        (0..u32::try_from(pack.places.len()).unwrap_or(u32::MAX))
            .map(|at| PackedText { pack: Arc::clone(&pack), at })
            .collect()
    }
}

impl Packed {
    fn block(&self, wanted: u32) -> Arc<[u8]> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = recent.iter().position(|(block, _)| *block == wanted)
            && let Some(found) = recent.remove(at)
        {
            recent.push_front(found.clone());
            return found.1;
        }
        let mut plain = Vec::with_capacity(BLOCK + BLOCK / 2);
        let packed = self.blocks.get(wanted as usize).map_or(&[][..], |block| block);
        // What this process packed unpacks.
        let _ = DeflateDecoder::new(packed).read_to_end(&mut plain);
        let block: Arc<[u8]> = plain.into();
        recent.push_front((wanted, Arc::clone(&block)));
        recent.truncate(RECENT);
        block
    }
}

impl PackedText {
    /// A text by itself.
    #[cfg(test)]
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let mut packer = Packer::default();
        packer.push(text);
        packer.finish().pop()
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> String {
        let Some(place) = self.pack.places.get(self.at as usize) else { return String::new() };
        let block = self.pack.block(place.block);
        let (start, len) = (place.start as usize, place.len as usize);
        let bytes = block.get(start..start + len).unwrap_or_default();
        String::from_utf8_lossy(bytes).into_owned()
    }
}

impl fmt::Debug for PackedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PackedText({})", self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_in_any_order() {
        let text = |at: usize| format!("{{\"at\":{at},\"text\":\"{}\"}}", "ä".repeat(at % 700));
        let mut packer = Packer::default();
        let large = "x".repeat(3 * BLOCK);
        for at in 0..5_000 {
            assert_eq!(packer.push(&text(at)) as usize, at);
        }
        packer.push(&large);
        packer.push("");
        let texts = packer.finish();
        assert_eq!(texts.len(), 5_002);
        for at in (0..5_000).map(|at| at * 1_237 % 5_000) {
            assert_eq!(texts[at].text(), text(at));
        }
        assert_eq!((texts[5_000].text(), texts[5_001].text()), (large, String::new()));
    }
}
