//! `portcullis scan --watch`: the same scan again whenever a file changes, for a terminal beside the editor.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use super::args::ScanArgs;
use super::exit::Exit;
use super::inputs::Inputs;
use super::output::Terminal;
use super::{CliError, plan, scan};
use crate::engine::RunError;

/// The shortest time between two looks at the tree.
const PAUSE: Duration = Duration::from_millis(300);
/// Of its time the watch spends at most one part in so many on looking.
const SHARE: u32 = 10;

/// Scans, and scans again on every change, until the process is ended. What a scan says is written as it would be
/// without the watch; an error of one is told, and the watch goes on.
///
/// # Errors
/// Where the arguments name nothing that can be watched.
pub fn run(args: &ScanArgs, terminal: &Terminal) -> Result<Exit, CliError> {
    let inputs = Inputs::find(args)?;
    if inputs.stdin.is_some() {
        return Err(CliError::usage("--watch goes with folders and files: standard input comes once"));
    }
    let once = ScanArgs { watch: false, ..args.clone() };
    let mut last = None;
    loop {
        let started = Instant::now();
        let stamp = stamp(&once, &inputs)?;
        let spent = started.elapsed();
        if last != Some(stamp) {
            last = Some(stamp);
            show(&once, terminal)?;
        }
        std::thread::sleep(PAUSE.max(spent * SHARE));
    }
}

/// What the tree looks like now. A configuration that does not read is one more state of it.
fn stamp(args: &ScanArgs, inputs: &Inputs) -> Result<(u64, bool), CliError> {
    let (settings, reads) = match plan::configuration(args, &inputs.base) {
        Ok(settings) => (settings, true),
        Err(_) => (crate::config::Settings::default(), false),
    };
    let stamp = plan::tree(args, &settings, inputs)?.stamp().map_err(RunError::Source)?;
    Ok((stamp, reads))
}

fn show(args: &ScanArgs, terminal: &Terminal) -> Result<(), CliError> {
    let gone = |source| CliError::Write { place: "standard output".to_owned(), source };
    if terminal.width.is_some() {
        // Home, and clear to the end: what was scrolled away stays.
        io::stdout().lock().write_all(b"\x1b[H\x1b[2J").map_err(gone)?;
    }
    match scan::run(args, terminal) {
        Err(error @ CliError::Write { .. }) => Err(error),
        Err(error) => {
            terminal.error(&error);
            Ok(())
        }
        Ok(_) => io::stdout().lock().flush().map_err(gone),
    }
}
