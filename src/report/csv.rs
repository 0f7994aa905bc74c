//! Rows for spreadsheets (RFC 4180).

use std::io;

use super::escape::csv;
use super::{Options, Reporter, shown, source};
use crate::model::ScanReport;

/// One row per finding below a header row, CR LF between them.
pub struct Csv;

const HEADER: &str = "severity,confidence,scanner,rule,path,line,column,message,fingerprint,state,suppressed\r\n";

impl Reporter for Csv {
    fn write(&self, report: &ScanReport, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
        out.write_all(HEADER.as_bytes())?;
        for finding in shown(report, options) {
            let suppressed = finding.suppressions.first().map(|one| one.reason.as_str()).unwrap_or_default();
            write!(
                out,
                "{},{},{},{},{},{},{},{},{},{},{}\r\n",
                finding.severity,
                finding.confidence,
                csv(source(report, finding)),
                csv(finding.rule.as_str()),
                csv(finding.primary.path.as_str()),
                finding.primary.region.start_line,
                finding.primary.region.char_column,
                csv(&finding.message),
                finding.fingerprint,
                finding.baseline.map(|state| state.word()).unwrap_or_default(),
                csv(suppressed)
            )?;
        }
        Ok(())
    }
}
