//! Reads the index: nothing is decoded before a package is found.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::bytes::{Cursor, u32_at};
use super::malware::{self, Malicious};
use super::{FORMAT, HEADER, IndexError, MAGIC, Meta, SECTIONS, Section};
use crate::advisory::range::{Event, EventKind, Range};
use crate::advisory::record::{GoImport, Informational, Reach, Record};
use crate::model::{Ecosystem, Severity};

/// An opened index.
pub struct Index {
    bytes: Cow<'static, [u8]>,
    sections: [(usize, usize); SECTIONS],
    meta: Meta,
}

/// What one advisory says of the package looked up.
pub struct Row<'a> {
    /// Its number, for [`Index::advisory`].
    pub advisory: u32,
    /// Affected in any of these,
    pub ranges: Vec<Range<&'a str>>,
    /// or at one of these.
    pub versions: Vec<&'a str>,
    /// Bounds outside the ecosystem's order.
    pub custom: Vec<Range<&'a str>>,
    reach: Cursor<'a>,
    strings: Texts<'a>,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index").field("bytes", &self.bytes.len()).field("meta", &self.meta).finish()
    }
}

impl Index {
    /// Opens an index, its checksum verified.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    pub fn open(bytes: Cow<'static, [u8]>) -> Result<Self, IndexError> {
        if bytes.len() < HEADER || !bytes.starts_with(MAGIC) {
            return Err(IndexError::NotAnIndex);
        }
        let word = |n: usize| u32_at(&bytes, n).unwrap_or_default();
        if word(2) != FORMAT {
            return Err(IndexError::Format(word(2)));
        }
        let length = u64::from(word(4)) | u64::from(word(5)) << 32;
        if length != bytes.len() as u64 {
            return Err(IndexError::Length(bytes.len() as u64, length));
        }
        if crc32fast::hash(&bytes[16..]) != word(3) {
            return Err(IndexError::Checksum);
        }
        let mut sections = [(0, 0); SECTIONS];
        for (n, section) in sections.iter_mut().enumerate() {
            let (start, size) = (word(6 + 2 * n) as usize, word(7 + 2 * n) as usize);
            let end = start.checked_add(size).filter(|&end| start >= HEADER && end <= bytes.len());
            *section = (start, end.ok_or(IndexError::Sections)?);
        }
        let (start, end) = sections[Section::Meta as usize];
        let meta = serde_json::from_slice(&bytes[start..end]).map_err(|_| IndexError::Sections)?;
        Ok(Self { bytes, sections, meta })
    }

    /// What the database knows of itself.
    #[must_use]
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// The file's bytes, whole.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn section(&self, section: Section) -> &[u8] {
        let (start, end) = self.sections[section as usize];
        &self.bytes[start..end]
    }

    fn texts(&self) -> Texts<'_> {
        Texts(self.section(Section::Strings))
    }

    /// What is known of a package, in order of advisory ids. A miss allocates nothing.
    pub fn rows(&self, ecosystem: Ecosystem, name: &str) -> Vec<Row<'_>> {
        let Some((start, count)) = self.package(ecosystem, name) else { return Vec::new() };
        let Some(mut cursor) = Cursor::new(self.section(Section::Rows), start) else { return Vec::new() };
        let texts = self.texts();
        (0..count).map_while(|_| row(&mut cursor, texts)).collect()
    }

    /// A package that is malicious in every version.
    #[must_use]
    pub fn malicious(&self, ecosystem: Ecosystem, name: &str) -> Option<Malicious> {
        if ecosystem != Ecosystem::Npm {
            return None;
        }
        malware::find(self.section(Section::Malware), name)
    }

    /// Offset and number of a package's rows: a binary search over the table.
    fn package(&self, ecosystem: Ecosystem, name: &str) -> Option<(usize, usize)> {
        let table = self.section(Section::Packages);
        let wanted = Ecosystem::ALL.iter().position(|&e| e == ecosystem)? as u32;
        let texts = self.texts();
        let (mut low, mut high) = (0, table.len() / 16);
        while low < high {
            let middle = low + (high - low) / 2;
            let here = (u32_at(table, middle * 4)?, texts.get(u64::from(u32_at(table, middle * 4 + 1)?))?);
            match here.cmp(&(wanted, name)) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => {
                    return Some((u32_at(table, middle * 4 + 2)? as usize, u32_at(table, middle * 4 + 3)? as usize));
                }
            }
        }
        None
    }

    /// The facts of an advisory and the name of its group; its `affected` stays empty.
    #[must_use]
    pub fn advisory(&self, number: u32) -> Option<(Record, String)> {
        let at = u32_at(self.section(Section::Table), number as usize)?;
        let mut cursor = Cursor::new(self.section(Section::Advisories), at as usize)?;
        let texts = self.texts();
        let mut text = || -> Option<String> { Some(texts.get(cursor.varint()?)?.to_owned()) };
        let (id, group, summary, cvss, url) = (text()?, text()?, text()?, text()?, text()?);
        let (published, modified) = (text()?, text()?);
        let severity = cursor.varint()?.checked_sub(1).and_then(|n| Severity::ALL.get(n as usize)).copied();
        let score = cursor.varint()?.checked_sub(1).map(|tenths| tenths as f64 / 10.0);
        let informational = cursor.varint()?.checked_sub(1).and_then(|n| Informational::ALL.get(n as usize)).copied();
        let malware = cursor.varint()? == 1;
        let mut list = || Some(texts.list(&mut cursor)?.into_iter().map(str::to_owned).collect::<Vec<_>>());
        let (aliases, cwe) = (list()?, list()?);
        let cvss = (!cvss.is_empty()).then_some(cvss);
        let affected = Vec::new();
        Some((
            Record {
                id,
                aliases,
                summary,
                severity,
                score,
                cvss,
                informational,
                malware,
                url,
                cwe,
                published,
                modified,
                affected,
            },
            group,
        ))
    }

    /// Walks everything once: the number of rows and advisories that can be read, and of those that should be.
    #[must_use]
    pub fn census(&self) -> (usize, usize) {
        let table = self.section(Section::Packages);
        let rows = self.section(Section::Rows);
        let (mut read, mut due) = (0, 0);
        for n in 0..table.len() / 16 {
            let count = u32_at(table, n * 4 + 3).unwrap_or_default() as usize;
            let start = u32_at(table, n * 4 + 2).unwrap_or_default() as usize;
            due += count;
            let Some(mut cursor) = Cursor::new(rows, start) else { continue };
            let texts = self.texts();
            let count = count.min(rows.len());
            read += (0..count).map_while(|_| row(&mut cursor, texts)?.reach().map(drop)).count();
        }
        let advisories = self.section(Section::Table).len() / 4;
        due += advisories;
        read += (0..advisories as u32).filter(|&n| self.advisory(n).is_some()).count();
        (read, due)
    }
}

/// The string section.
#[derive(Clone, Copy)]
struct Texts<'a>(&'a [u8]);

impl<'a> Texts<'a> {
    fn get(self, at: u64) -> Option<&'a str> {
        Cursor::new(self.0, usize::try_from(at).ok()?)?.text()
    }

    fn list(self, cursor: &mut Cursor<'_>) -> Option<Vec<&'a str>> {
        let count = cursor.count()?;
        (0..count).map(|_| self.get(cursor.varint()?)).collect()
    }

    fn ranges(self, cursor: &mut Cursor<'_>) -> Option<Vec<Range<&'a str>>> {
        let count = cursor.count()?;
        (0..count).map(|_| self.range(cursor)).collect()
    }

    fn range(self, cursor: &mut Cursor<'_>) -> Option<Range<&'a str>> {
        let count = cursor.count()?;
        let event = |cursor: &mut Cursor<'_>| {
            let kind = *EventKind::ALL.get(*cursor.take(1)?.first()? as usize)?;
            Some(Event { kind, version: self.get(cursor.varint()?)? })
        };
        let events: Option<Vec<_>> = (0..count).map(|_| event(cursor)).collect();
        Some(Range { events: events? })
    }
}

fn row<'a>(cursor: &mut Cursor<'a>, texts: Texts<'a>) -> Option<Row<'a>> {
    let advisory = u32::try_from(cursor.varint()?).ok()?;
    let ranges = texts.ranges(cursor)?;
    let versions = texts.list(cursor)?;
    let custom = texts.ranges(cursor)?;
    let reach = *cursor;
    skip_reach(cursor)?;
    Some(Row { advisory, ranges, versions, custom, reach, strings: texts })
}

fn skip_reach(cursor: &mut Cursor<'_>) -> Option<()> {
    let skip_list =
        |cursor: &mut Cursor<'_>| -> Option<()> { (0..cursor.count()?).try_for_each(|_| cursor.varint().map(drop)) };
    (0..3).try_for_each(|_| skip_list(cursor))?;
    (0..cursor.count()?).try_for_each(|_| {
        cursor.varint()?;
        skip_list(cursor)
    })
}

impl Row<'_> {
    /// Where the defect can be reached: read only for a match.
    #[must_use]
    pub fn reach(&self) -> Option<Reach> {
        let mut cursor = self.reach;
        let owned = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect::<Vec<_>>();
        let list = |cursor: &mut Cursor<'_>| self.strings.list(cursor).map(owned);
        let (functions, arch, os) = (list(&mut cursor)?, list(&mut cursor)?, list(&mut cursor)?);
        let count = cursor.count()?;
        let import = |cursor: &mut Cursor<'_>| {
            let path = self.strings.get(cursor.varint()?)?.to_owned();
            Some(GoImport { path, symbols: list(cursor)? })
        };
        let imports: Option<Vec<_>> = (0..count).map(|_| import(&mut cursor)).collect();
        Some(Reach { functions, arch, os, imports: imports? })
    }
}
