//! A SARIF log read twice from its beginning, so that one result at a time is in memory: many tools write
//! `results` before the `tool` whose rules they name.

use std::io::{self, BufRead, BufReader, Read};

use serde_json::{Map, Value};

use super::ImportError;
use super::json_stream::{Stream, StreamError};

/// Bytes of one file, unpacked.
const LARGEST: u64 = 2 << 30;
/// Bytes read at a time.
const BUFFER: usize = 1 << 18;
/// Members of a run that the reading of its results needs (SARIF 3.14).
const KEPT: &[&str] = &["tool", "automationDetails", "originalUriBaseIds", "invocations"];

/// Opens the same bytes again, from the first.
pub type Open<'o> = dyn Fn() -> io::Result<Box<dyn Read + 'o>> + 'o;

/// A log without its results.
#[derive(Default)]
pub struct Frame {
    pub version: String,
    /// `None` where the log has none.
    pub runs: Option<Vec<Run>>,
}

/// A run without its results.
#[derive(Default)]
pub struct Run {
    /// The members of [`KEPT`].
    pub members: Map<String, Value>,
    /// `artifacts[].location`: a result may name a file by its number.
    pub artifacts: Vec<Value>,
}

/// Everything but the results. What stands where another type should counts as empty: a log is taken for what it
/// holds.
///
/// # Errors
/// Where the bytes are no JSON, do not unpack, or cannot be read.
pub fn frame(open: &Open<'_>) -> Result<Frame, ImportError> {
    let mut frame = Frame::default();
    walk(open, &mut |stream, name| match name {
        "version" => {
            frame.version = stream.parse::<Value>()?.as_str().unwrap_or_default().to_owned();
            Ok(())
        }
        "runs" => {
            if stream.peek()? == b'[' {
                frame.runs.get_or_insert_default();
            }
            stream.elements(&mut |stream, _| {
                let mut run = Run::default();
                stream.members(&mut |stream, name| run.take(name, stream))?;
                frame.runs.get_or_insert_default().push(run);
                Ok(())
            })
        }
        _ => stream.pass(),
    })?;
    Ok(frame)
}

impl Run {
    fn take(&mut self, name: &str, stream: &mut Bytes<'_>) -> Result<(), StreamError> {
        if KEPT.contains(&name) {
            self.members.insert(name.to_owned(), stream.parse()?);
            return Ok(());
        }
        if name != "artifacts" {
            return stream.pass();
        }
        stream.elements(&mut |stream, _| {
            // The place alone: contents may be large.
            let mut artifact: Value = stream.parse()?;
            self.artifacts.push(artifact.get_mut("location").map(Value::take).unwrap_or_default());
            Ok(())
        })
    }
}

/// Hands each result to `each`, with its run's number from 0, as the text it is. Its brackets close; whether it is
/// JSON is for `each` to find out.
///
/// # Errors
/// As [`frame`].
pub fn results(open: &Open<'_>, each: &mut dyn FnMut(usize, &str)) -> Result<(), ImportError> {
    walk(open, &mut |stream, name| {
        if name != "runs" {
            return stream.pass();
        }
        stream.elements(&mut |stream, run| {
            stream.members(&mut |stream, name| {
                if name != "results" {
                    return stream.pass();
                }
                stream.elements(&mut |stream, _| {
                    match std::str::from_utf8(stream.raw()?) {
                        Ok(result) => each(run, result),
                        Err(_) => return Err(stream.wrong("a result is not UTF-8")),
                    }
                    Ok(())
                })
            })
        })
    })
}

/// The bytes of a log.
type Bytes<'o> = Stream<Box<dyn Read + 'o>>;

/// Hands each member of the log to `each`.
fn walk<'o>(
    open: &Open<'o>,
    each: &mut dyn FnMut(&mut Bytes<'o>, &str) -> Result<(), StreamError>,
) -> Result<(), ImportError> {
    let mut stream = Stream::new(plain(open)?);
    let begins = match stream.peek() {
        Ok(b'{') => Ok(()),
        Ok(_) => Err(stream.wrong("it does not begin with `{`")),
        Err(error) => Err(error),
    };
    let read = begins.and_then(|()| stream.members(each)).and_then(|()| stream.finish());
    read.map_err(|error| match error {
        StreamError::Read(error) => ImportError::Read(error),
        StreamError::Json(error) => ImportError::Json(error),
    })
}

/// The bytes unpacked, without a byte order mark.
fn plain<'o>(open: &Open<'o>) -> Result<Box<dyn Read + 'o>, ImportError> {
    let mut reader = BufReader::with_capacity(BUFFER, open().map_err(ImportError::Read)?);
    let head = reader.fill_buf().map_err(ImportError::Read)?;
    let reader: Box<dyn Read + 'o> = match head.starts_with(&[0x1F, 0x8B]) {
        true => Box::new(flate2::bufread::MultiGzDecoder::new(reader)),
        false => Box::new(reader),
    };
    let mut reader = BufReader::with_capacity(BUFFER, Limited { reader, left: LARGEST });
    let head = reader.fill_buf().map_err(ImportError::Read)?;
    if head.starts_with(&[0xFF, 0xFE]) || head.starts_with(&[0xFE, 0xFF]) {
        return Err(ImportError::Encoding);
    }
    if head.starts_with(b"\xEF\xBB\xBF") {
        reader.consume(3);
    }
    Ok(Box::new(reader))
}

/// Fails where more comes than the limit.
struct Limited<R> {
    reader: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(into)?;
        let over = || io::Error::other(format!("it holds more than {} MB", LARGEST >> 20));
        self.left = self.left.checked_sub(count as u64).ok_or_else(over)?;
        Ok(count)
    }
}
