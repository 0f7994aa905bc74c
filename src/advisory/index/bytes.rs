//! Varints and strings: the letters of the index.

use std::collections::HashMap;

/// Appends an unsigned number, seven bits a byte, lowest first (LEB128).
pub(super) fn put_varint(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push((n as u8 & 0x7f) | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Reads forward over bytes that may be anything.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Option<Self> {
        Some(Self { rest: bytes.get(at..)? })
    }

    pub(super) fn varint(&mut self) -> Option<u64> {
        let mut n = 0_u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            n |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(n);
            }
        }
        None
    }

    /// A count of things that take at least one byte each: never more than the bytes left.
    pub(super) fn count(&mut self) -> Option<usize> {
        let n = usize::try_from(self.varint()?).ok()?;
        (n <= self.rest.len()).then_some(n)
    }

    pub(super) fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(n)?;
        self.rest = rest;
        Some(taken)
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        let n = self.count()?;
        std::str::from_utf8(self.take(n)?).ok()
    }
}

/// The `n`-th little-endian u32.
pub(super) fn u32_at(bytes: &[u8], n: usize) -> Option<u32> {
    let at = n.checked_mul(4)?;
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)
}

/// Texts, each held once; the answer is an offset.
#[derive(Default)]
pub(super) struct Strings<'a> {
    known: HashMap<&'a str, u64>,
    pub(super) bytes: Vec<u8>,
}

impl<'a> Strings<'a> {
    pub(super) fn new() -> Self {
        let mut strings = Self::default();
        strings.add("");
        strings
    }

    pub(super) fn add(&mut self, text: &'a str) -> u64 {
        if let Some(&at) = self.known.get(text) {
            return at;
        }
        let at = self.bytes.len() as u64;
        put_varint(&mut self.bytes, text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
        self.known.insert(text, at);
        at
    }
}
