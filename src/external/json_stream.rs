//! JSON read from front to back through one buffer: what is asked for is handed out, the rest passed over at the
//! speed of its brackets and quotes. What is passed over need not follow the standard in all else.

use std::io::{self, Read};

use memchr::memchr2;
use serde::de::{DeserializeOwned, Error as _};

/// Bytes read at a time.
const BUFFER: usize = 1 << 18;
/// Brackets open at a time: more are no report but an attack.
const DEEPEST: usize = 1 << 20;

/// Why there is no more: the reader fails, or its bytes are no JSON.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// From the reader.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// With the number of the byte.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

type Done<T = ()> = Result<T, StreamError>;

/// A reader and what of it is in memory.
pub struct Stream<R> {
    reader: R,
    buffer: Vec<u8>,
    /// The byte that is next, and one past the last that was read, in the buffer.
    at: usize,
    end: usize,
    /// Where what must stay in the buffer begins.
    kept: Option<usize>,
    /// Bytes that left the buffer.
    gone: u64,
    closers: Vec<u8>,
}

impl<R: Read> Stream<R> {
    /// At the first byte of a reader.
    pub fn new(reader: R) -> Self {
        Self { reader, buffer: vec![0; BUFFER], at: 0, end: 0, kept: None, gone: 0, closers: Vec::new() }
    }

    /// The first byte of the value that is next.
    ///
    /// # Errors
    /// At the end, and where the reader fails.
    pub fn peek(&mut self) -> Done<u8> {
        self.blanks()?.ok_or_else(|| self.wrong("it ends too early"))
    }

    /// Hands each member's name of an object to `each`, which passes or takes its value; passes what is no object.
    ///
    /// # Errors
    /// Where the bytes are no JSON, the reader fails, or `each` does.
    pub fn members(&mut self, each: &mut dyn FnMut(&mut Self, &str) -> Done) -> Done {
        if self.peek()? != b'{' {
            return self.pass();
        }
        self.list(b'}', &mut |stream, _| {
            if stream.peek()? != b'"' {
                return Err(stream.wrong("a member has no name"));
            }
            let name: String = stream.parse()?;
            if stream.peek()? != b':' {
                return Err(stream.wrong("a colon is missing"));
            }
            stream.at += 1;
            stream.peek()?;
            each(stream, &name)
        })
    }

    /// Hands each element's number of a list, from 0, to `each`, which passes or takes it; passes what is no list.
    ///
    /// # Errors
    /// As [`Stream::members`].
    pub fn elements(&mut self, each: &mut dyn FnMut(&mut Self, usize) -> Done) -> Done {
        if self.peek()? == b'[' { self.list(b']', each) } else { self.pass() }
    }

    fn list(&mut self, closer: u8, each: &mut dyn FnMut(&mut Self, usize) -> Done) -> Done {
        self.at += 1;
        let mut closes = self.peek()? == closer;
        for number in 0.. {
            if closes {
                break;
            }
            each(self, number)?;
            closes = match self.peek()? {
                b',' => false,
                byte if byte == closer => true,
                _ => return Err(self.wrong("a comma or a bracket is missing")),
            };
            if !closes {
                self.at += 1;
                self.peek()?;
            }
        }
        self.at += 1;
        Ok(())
    }

    /// Takes the value that is next.
    ///
    /// # Errors
    /// Where it is no JSON of that type, or the reader fails.
    pub fn parse<T: DeserializeOwned>(&mut self) -> Done<T> {
        Ok(serde_json::from_slice(self.raw()?)?)
    }

    /// The bytes of the value that is next.
    ///
    /// # Errors
    /// Where its brackets do not close, or the reader fails.
    pub fn raw(&mut self) -> Done<&[u8]> {
        self.peek()?;
        self.kept = Some(self.at);
        let passed = self.pass();
        let from = self.kept.take().unwrap_or(self.at);
        passed?;
        Ok(&self.buffer[from..self.at])
    }

    /// Passes over the value that is next.
    ///
    /// # Errors
    /// As [`Stream::raw`].
    pub fn pass(&mut self) -> Done {
        match self.peek()? {
            b'"' => self.string(),
            b'{' | b'[' => self.nested(),
            _ => self.word(),
        }
    }

    /// Nothing but blanks is left.
    ///
    /// # Errors
    /// Where something is.
    pub fn finish(&mut self) -> Done {
        match self.blanks()? {
            None => Ok(()),
            Some(_) => Err(self.wrong("something stands behind it")),
        }
    }

    /// An error at the byte that is next.
    pub fn wrong(&self, what: &str) -> StreamError {
        let message = format!("{what}, at byte {}", self.gone + self.at as u64 + 1);
        StreamError::Json(serde_json::Error::custom(message))
    }

    fn blanks(&mut self) -> Done<Option<u8>> {
        loop {
            let rest = &self.buffer[self.at..self.end];
            if let Some(blank) = rest.iter().position(|byte| !matches!(byte, b' ' | b'\n' | b'\r' | b'\t')) {
                self.at += blank;
                return Ok(Some(self.buffer[self.at]));
            }
            self.at = self.end;
            if !self.more()? {
                return Ok(None);
            }
        }
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) -> Done {
        let mut empty = true;
        loop {
            let rest = &self.buffer[self.at..self.end];
            let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
            let length = rest.iter().position(|byte| !is_word(byte)).unwrap_or(rest.len());
            let whole = length < rest.len();
            self.at += length;
            empty &= length == 0;
            if whole || !self.more()? {
                return if empty { Err(self.wrong("a value is missing")) } else { Ok(()) };
            }
        }
    }

    fn string(&mut self) -> Done {
        self.at += 1;
        loop {
            match memchr2(b'"', b'\\', &self.buffer[self.at..self.end]) {
                Some(length) => {
                    self.at += length + 1;
                    if self.buffer[self.at - 1] == b'"' {
                        return Ok(());
                    }
                    // What is escaped ends no text.
                    if self.at == self.end {
                        self.must_go_on()?;
                    }
                    self.at += 1;
                }
                None => {
                    self.at = self.end;
                    self.must_go_on()?;
                }
            }
        }
    }

    fn nested(&mut self) -> Done {
        self.closers.clear();
        loop {
            let rest = &self.buffer[self.at..self.end];
            let Some(length) = rest.iter().position(|byte| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']')) else {
                self.at = self.end;
                self.must_go_on()?;
                continue;
            };
            self.at += length;
            match self.buffer[self.at] {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' => self.closers.push(b'}'),
                b'[' => self.closers.push(b']'),
                closer if self.closers.pop() != Some(closer) => return Err(self.wrong("a bracket does not match")),
                _ => {}
            }
            self.at += 1;
            if self.closers.is_empty() {
                return Ok(());
            }
            if self.closers.len() > DEEPEST {
                return Err(self.wrong("it nests too deep"));
            }
        }
    }

    fn must_go_on(&mut self) -> Done {
        if self.more()? { Ok(()) } else { Err(self.wrong("it ends too early")) }
    }

    /// Reads on, what is kept and what is next moved to the front; false at the end.
    fn more(&mut self) -> Done<bool> {
        let from = self.kept.unwrap_or(self.at);
        if from > 0 {
            self.buffer.copy_within(from..self.end, 0);
            self.gone += from as u64;
            (self.at, self.end) = (self.at - from, self.end - from);
            self.kept = self.kept.map(|_| 0);
        }
        if self.end == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        loop {
            match self.reader.read(&mut self.buffer[self.end..]) {
                Ok(count) => {
                    self.end += count;
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests;
