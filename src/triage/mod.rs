//! Layer 3: what counts: suppressions, baseline, gate.

pub mod baseline;
mod baseline_entry;
mod baseline_match;
pub mod gate;
pub mod ignore;
pub mod pragma;
mod pragma_read;
mod pragma_table;
pub mod vex;

/// True where `until` (the last day that counts, `YYYY-MM-DD`) lies before `today`. ISO dates compare as
/// text.
#[must_use]
pub fn is_past(until: Option<&str>, today: &str) -> bool {
    until.is_some_and(|until| until < today)
}

/// True for a day of the calendar as ISO 8601 writes it, `YYYY-MM-DD`.
#[must_use]
pub fn is_day(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}
