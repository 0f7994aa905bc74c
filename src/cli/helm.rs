//! `--helm`: charts of the scanned tree, rendered by the user's own helm before the scan.
//!
//! A chart's templates run inside helm, which gives them no program to start; values, release and cluster are the
//! defaults. Nothing is fetched: a chart whose dependencies are not in the tree is told and left alone. No
//! configuration, plugin or cache of the user's helm takes part.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use super::CliError;
use super::args::ScanArgs;
use super::inputs::Inputs;
use super::output::env;
use super::plan;
use crate::config::Settings;
use crate::engine::RunError;
use crate::external::interrupt::Scratch;
use crate::external::process::{Ended, Program};
use crate::model::{Notice, NoticeKind, RepoPath};
use crate::scan::iac::helm::{Rendered, is_chart};
use crate::source::{Source, Want};

/// Wall time for one chart.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes that one chart may become.
const MAX_OUTPUT: u64 = 32 * 1024 * 1024;
/// Charts of one tree, and entries of one chart's folder.
const MAX_CHARTS: usize = 500;
const MAX_ENTRIES: usize = 20_000;

/// The charts of a tree as helm renders them, and what to tell of it; nothing where it was not asked for.
///
/// # Errors
/// Where the tree cannot be listed.
pub fn render(args: &ScanArgs, settings: &Settings, inputs: &Inputs) -> Result<(Vec<Rendered>, Vec<Notice>), CliError> {
    if !args.helm {
        return Ok((Vec::new(), Vec::new()));
    }
    let Some(helm) = find(&inputs.base) else {
        let message =
            "--helm: there is no `helm` on the PATH outside of the scanned tree. Install it, or leave --helm out";
        return Ok((Vec::new(), vec![Notice::incomplete(NoticeKind::Tool, message)]));
    };
    let mut charts = charts(args, settings, inputs)?;
    let mut notices = Vec::new();
    if charts.len() > MAX_CHARTS {
        let message = format!("--helm: of {} charts, the first {MAX_CHARTS} were rendered", charts.len());
        notices.push(Notice::incomplete(NoticeKind::Limit, message));
        charts.truncate(MAX_CHARTS);
    }
    let rendered = charts.into_iter().map(|chart| Rendered { text: run(&helm, &inputs.base, &chart), chart });
    Ok((rendered.collect(), notices))
}

/// The program, by its whole path: not of the tree, however the PATH is written.
fn find(base: &Path) -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "whether a program is part of the tree does not depend on links")]
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let base = real(base)?;
    let path = env("PATH")?;
    let named = |folder: PathBuf| ["helm", "helm.exe"].map(|name| folder.join(name));
    std::env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .flat_map(named)
        .find(|program| program.is_file() && real(program).is_some_and(|real| !real.starts_with(&base)))
}

/// The charts that are part of no other one.
fn charts(args: &ScanArgs, settings: &Settings, inputs: &Inputs) -> Result<Vec<RepoPath>, CliError> {
    let found = Mutex::new(Vec::new());
    let wanted = |path: &RepoPath| Want { text: u32::from(is_chart(path)), ..Want::default() };
    let tree = plan::tree(args, settings, inputs)?;
    let visit = |content: crate::source::Content<'_>| {
        found.lock().iter_mut().for_each(|all| all.push(content.input.path.clone()));
        false
    };
    tree.for_each(&wanted, &visit).map_err(RunError::Source)?;
    let mut found = found.into_inner().unwrap_or_default();
    found.sort();
    let all = found.clone();
    found.retain(|chart| {
        let above = |other: &RepoPath| {
            let folder = other.parent();
            let charts = if folder.is_empty() { "charts/".to_owned() } else { format!("{folder}/charts/") };
            chart.as_str().starts_with(&charts)
        };
        !all.iter().any(above)
    });
    Ok(found)
}

/// What helm makes of one chart.
fn run(helm: &Path, base: &Path, chart: &RepoPath) -> Result<String, String> {
    let folder = std::path::absolute(base.join(chart.parent()))
        .map_err(|error| format!("where it is can't be told: {error}"))?;
    free_of_links(&folder)?;
    let scratch = Scratch::new().map_err(|error| format!("no temporary folder can be made: {error}"))?;
    let home = |name: &str| scratch.path().join(name).into_os_string();
    let mut env_of: Vec<(OsString, OsString)> = ["PATH", "LANG", "TMPDIR", "TEMP", "TMP", "SystemRoot"]
        .iter()
        .filter_map(|n| Some(((*n).into(), env(n)?.into())))
        .collect();
    for name in ["HOME", "HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME", "HELM_PLUGINS", "KUBECONFIG"] {
        env_of.push((name.into(), home(name)));
    }
    env_of.push(("HELM_NO_PLUGINS".into(), "1".into()));
    let argv = [helm.as_os_str(), "template".as_ref(), "release".as_ref(), folder.as_os_str()];
    let program = Program {
        argv: argv.iter().map(|word| (*word).to_owned()).collect(),
        folder: scratch.path().to_owned(),
        env: env_of,
        timeout: TIMEOUT,
        max_output: MAX_OUTPUT,
        writes: None,
    };
    let Ended { code, stdout, stderr } = program.run().map_err(|error| error.to_string())?;
    if code != Some(0) {
        // Its own words may quote values of the chart.
        let text = String::from_utf8_lossy(&stderr);
        let fetch = text.contains("missing in charts/") || text.contains("found in Chart.yaml, but missing");
        let why = if fetch {
            "a chart it depends on is not in the tree (`helm dependency build` fetches it)"
        } else {
            "helm reports an error in it"
        };
        return Err(format!("{why}; `helm template` says more"));
    }
    String::from_utf8(stdout).map_err(|_| "what helm wrote is not UTF-8".to_owned())
}

/// Refuses a chart with symbolic links: helm would follow them out of the tree.
fn free_of_links(folder: &Path) -> Result<(), String> {
    let (mut folders, mut seen) = (vec![folder.to_owned()], 0);
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|error| format!("its folder cannot be listed: {error}"))?;
        for entry in entries {
            let entry = entry.map_err(|error| format!("its folder cannot be listed: {error}"))?;
            let kind = entry.file_type().map_err(|error| format!("its folder cannot be listed: {error}"))?;
            seen += 1;
            if kind.is_symlink() {
                return Err("there is a symbolic link in it, which helm would follow out of the tree".to_owned());
            }
            if seen > MAX_ENTRIES {
                return Err(format!("it has more than {MAX_ENTRIES} files"));
            }
            if kind.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    Ok(())
}
