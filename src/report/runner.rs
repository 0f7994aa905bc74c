//! Output that no pipeline's runner takes for a command: GitHub reads `##[` and Azure `##vso[` wherever in a
//! line of a step's output they stand, in a report's quoted text too.

use std::io::{self, Write};

use memchr::memmem;

/// `#` in a JSON text.
pub const JSON_NUMBER_SIGN: &str = "\\u0023";
/// What begins a command behind `##`.
const COMMANDS: [&[u8]; 2] = [b"[", b"vso["];

/// Passes a report on, the second `#` of what would begin a command written as `escape`, which means the same
/// to who reads the format.
pub struct Defused<'w> {
    out: &'w mut dyn Write,
    escape: &'static str,
    /// The end of what came so far, where it may begin a command: less than `##vso[`.
    held: Vec<u8>,
}

impl<'w> Defused<'w> {
    /// Nothing written yet. [`Defused::finish`] must follow the last byte.
    pub fn new(out: &'w mut dyn Write, escape: &'static str) -> Self {
        Self { out, escape, held: Vec::new() }
    }

    /// Writes what was held back.
    ///
    /// # Errors
    /// Where the output fails.
    pub fn finish(mut self) -> io::Result<()> {
        let held = std::mem::take(&mut self.held);
        self.out.write_all(&held)
    }

    fn pass(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut done = 0;
        let mut from = 0;
        while let Some(at) = memmem::find(&bytes[from..], b"##").map(|at| from + at) {
            let rest = &bytes[at + 2..];
            if COMMANDS.iter().any(|command| rest.starts_with(command)) {
                self.out.write_all(&bytes[done..=at])?;
                self.out.write_all(self.escape.as_bytes())?;
                done = at + 2;
            } else if COMMANDS.iter().any(|command| command.starts_with(rest)) {
                self.out.write_all(&bytes[done..at])?;
                self.held = bytes[at..].to_vec();
                return Ok(());
            }
            from = at + 1;
        }
        let last = bytes.len() - usize::from(bytes.ends_with(b"#") && done < bytes.len());
        self.out.write_all(&bytes[done..last])?;
        self.held = bytes[last..].to_vec();
        Ok(())
    }
}

impl Write for Defused<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.held.is_empty() {
            self.pass(bytes)?;
        } else {
            let mut joined = std::mem::take(&mut self.held);
            joined.extend_from_slice(bytes);
            self.pass(&joined)?;
        }
        Ok(bytes.len())
    }

    /// What is held back stays so: it may begin a command.
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn defused(parts: &[&str]) -> String {
        let mut out = Vec::new();
        let mut writer = Defused::new(&mut out, JSON_NUMBER_SIGN);
        parts.iter().for_each(|part| writer.write_all(part.as_bytes()).expect("memory takes all"));
        writer.finish().expect("memory takes all");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn commands_lose_their_mark_and_nothing_else_changes() {
        assert_eq!(
            defused(&["a ##[error]b ##vso[x] ## [ ###[ #"]),
            "a #\\u0023[error]b #\\u0023vso[x] ## [ ##\\u0023[ #"
        );
        assert_eq!(defused(&["## Title\n### More #", "#vs", "o[", "# #[##"]), "## Title\n### More #\\u0023vso[# #[##");
    }

    proptest! {
        #[test]
        fn cuts_do_not_matter(text in "[#\\[vso]{0,24}", cuts in proptest::collection::vec(0_usize..24, 0..4)) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|at| at.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let parts: Vec<&str> = cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
            let whole = defused(&[&text]);
            prop_assert_eq!(defused(&parts), whole.clone());
            prop_assert!(!whole.contains("##[") && !whole.contains("##vso["));
            prop_assert_eq!(whole.replace("\\u0023", "#"), text);
        }
    }
}
