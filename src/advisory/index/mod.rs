//! The database as one flat file: written once, then only read.
//!
//! ```text
//! header    magic "PCADVIDX", format u32, crc32 u32 of all that follows, length u64,
//!           then (offset u32, length u32) of each section
//! meta      JSON: snapshot day, advisories, sources
//! strings   every text once: varint length, UTF-8; offset 0 is the empty text
//! packages  sorted rows of 16 bytes: ecosystem u32, name, first row (offset into `rows`), rows
//! rows      what an advisory says of a package: varints and string offsets
//! table     u32 offsets into `advisories`, by advisory number
//! advisories  the facts of each
//! malware   names of which every version is malicious: sorted, front-coded in blocks
//! ```
//!
//! Little endian throughout. A reader trusts no offset: bytes that do not fit give no answer, never a panic.

mod build;
mod bytes;
mod malware;
mod read;

pub use build::build;
pub use read::{Index, Row};

use serde::{Deserialize, Serialize};

/// First bytes of the file.
pub const MAGIC: &[u8; 8] = b"PCADVIDX";
/// Format of the file; another number is another format.
pub const FORMAT: u32 = 1;

const SECTIONS: usize = 7;
const HEADER: usize = 24 + SECTIONS * 8;

/// Sections in the order of the header.
#[derive(Clone, Copy)]
enum Section {
    Meta,
    Strings,
    Packages,
    Rows,
    Table,
    Advisories,
    Malware,
}

/// What the database knows of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Meta {
    /// Day of the newest change in the data, `YYYY-MM-DD`; empty where no record has a date.
    pub snapshot: String,
    /// Day the index was built.
    pub built: String,
    /// Advisories held, malicious packages included.
    pub advisories: u64,
    /// Of these, packages in the malware section.
    pub malware: u64,
    /// Packages with at least one advisory, malware section left out.
    pub packages: u64,
    /// Where the data came from: paths or URLs, in the order read.
    pub sources: Vec<String>,
}

/// Why bytes are no database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// Something else altogether.
    #[error("it is no advisory database")]
    NotAnIndex,
    /// Another version of portcullis wrote it.
    #[error("its format is {0}, and this version of portcullis reads format {FORMAT}")]
    Format(u32),
    /// Cut short or padded.
    #[error("it is {0} bytes long, and its header says {1}")]
    Length(u64, u64),
    /// Damaged.
    #[error("its checksum does not hold: the file is damaged")]
    Checksum,
    /// The header's sections do not lie in the file.
    #[error("its section table is damaged")]
    Sections,
    /// More data than the format's 32-bit offsets can address.
    #[error("the data are larger than the format holds (4 GiB)")]
    TooLarge,
}

#[cfg(test)]
mod tests;
