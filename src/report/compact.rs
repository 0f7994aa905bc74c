//! One line per finding, as Vim's `errorformat` and the `$gcc` problem matcher read it.

use std::io;

use super::escape::log_line;
use super::{Options, Reporter, mark, shown, told};
use crate::model::{NoticeLevel, ScanReport};

/// `path:line:column: error: message [rule]`; columns count code points.
pub struct Compact;

impl Reporter for Compact {
    fn write(&self, report: &ScanReport, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
        for finding in shown(report, options) {
            let region = finding.primary.region;
            let line = format!(
                "{}:{}:{}: {}: {} [{}]{}",
                finding.primary.path,
                region.start_line,
                region.char_column,
                finding.severity.sarif_level(),
                finding.message,
                finding.rule,
                mark(finding)
            );
            writeln!(out, "{}", log_line(&line))?;
        }
        for notice in told(report, options) {
            let place = notice.path.as_ref().map_or("portcullis", |path| path.as_str());
            let level = match notice.level {
                NoticeLevel::Error => "error",
                NoticeLevel::Warning => "warning",
                NoticeLevel::Note => "note",
            };
            let line = notice.line.map(|line| format!(":{line}:{}", notice.column.unwrap_or(1))).unwrap_or_default();
            writeln!(
                out,
                "{}",
                log_line(&format!("{place}{line}: {level}: {} [{}]", notice.message, notice.kind.word()))
            )?;
        }
        Ok(())
    }
}
