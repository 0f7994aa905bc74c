//! A SARIF log read twice from its beginning, so that one result at a time is in memory: many tools write
//! `results` before the `tool` whose rules they name.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::ImportError;

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

impl Frame {
    /// The run that is read.
    fn last(&mut self) -> Option<&mut Run> {
        self.runs.as_mut()?.last_mut()
    }
}

/// Everything but the results.
///
/// # Errors
/// Where the bytes are no JSON, do not unpack, or cannot be read.
pub fn frame(open: &Open<'_>) -> Result<Frame, ImportError> {
    let mut frame = Frame::default();
    walk(open, Pass::Frame(&mut frame))?;
    Ok(frame)
}

/// Hands each result to `each`, with its run's number from 0, as the text it is.
///
/// # Errors
/// As [`frame`].
pub fn results(open: &Open<'_>, each: &mut dyn FnMut(usize, &str)) -> Result<(), ImportError> {
    walk(open, Pass::Results(each))
}

fn walk(open: &Open<'_>, mut pass: Pass<'_>) -> Result<(), ImportError> {
    let mut reader = serde_json::Deserializer::from_reader(plain(open)?);
    let read = Part::Log.read(&mut pass).deserialize(&mut reader).and_then(|()| reader.end());
    read.map_err(|error| if error.is_io() { ImportError::Read(error.into()) } else { error.into() })
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

enum Pass<'p> {
    Frame(&'p mut Frame),
    Results(&'p mut dyn FnMut(usize, &str)),
}

/// Where in the log the reading is.
#[derive(Clone, Copy)]
enum Part {
    Log,
    Runs,
    /// Of that number, from 0.
    Run(usize),
    Results(usize),
    Artifacts,
}

struct Reading<'r, 'p> {
    part: Part,
    pass: &'r mut Pass<'p>,
}

impl Part {
    fn read<'r, 'p>(self, pass: &'r mut Pass<'p>) -> Reading<'r, 'p> {
        Reading { part: self, pass }
    }
}

impl<'de> DeserializeSeed<'de> for Reading<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if let (Part::Run(_), Pass::Frame(frame)) = (self.part, &mut *self.pass) {
            frame.runs.get_or_insert_default().push(Run::default());
        }
        deserializer.deserialize_any(self)
    }
}

/// What stands where another type should counts as empty: a log is taken for what it holds.
impl<'de> Visitor<'de> for Reading<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SARIF")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            match (self.part, name.as_str(), &mut *self.pass) {
                (Part::Log, "runs", pass) => map.next_value_seed(Part::Runs.read(pass))?,
                (Part::Log, "version", Pass::Frame(frame)) => {
                    frame.version = map.next_value::<Value>()?.as_str().unwrap_or_default().to_owned();
                }
                (Part::Run(at), "results", pass @ Pass::Results(_)) => {
                    map.next_value_seed(Part::Results(at).read(pass))?;
                }
                (Part::Run(_), "artifacts", pass @ Pass::Frame(_)) => {
                    map.next_value_seed(Part::Artifacts.read(pass))?;
                }
                (Part::Run(_), kept, Pass::Frame(frame)) if KEPT.contains(&kept) => {
                    let value = map.next_value()?;
                    if let Some(run) = frame.last() {
                        run.members.insert(name, value);
                    }
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        if let (Part::Runs, Pass::Frame(frame)) = (self.part, &mut *self.pass) {
            frame.runs.get_or_insert_default();
        }
        for at in 0.. {
            let element = match (self.part, &mut *self.pass) {
                (Part::Runs, pass) => list.next_element_seed(Part::Run(at).read(pass))?,
                (Part::Results(run), Pass::Results(each)) => {
                    list.next_element::<Box<RawValue>>()?.map(|result| each(run, result.get()))
                }
                (Part::Artifacts, Pass::Frame(frame)) => list.next_element::<Value>()?.map(|mut artifact| {
                    if let Some(run) = frame.last() {
                        // The place alone: contents may be large.
                        run.artifacts.push(artifact.get_mut("location").map(Value::take).unwrap_or_default());
                    }
                }),
                _ => list.next_element::<IgnoredAny>()?.map(|_| ()),
            };
            if element.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}
