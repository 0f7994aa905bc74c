//! A new database from the bucket, a mirror or paths: gathered, indexed, put in the old one's place.

use std::path::PathBuf;

use super::fetch::{self, FetchError, Progress};
use super::import::{self, Gathered, Import, ImportError};
use super::store::{Store, StoreError};
use super::{IndexError, Meta, index};

/// Where advisories are taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A base URL in the bucket's layout.
    Url(String),
    /// A file or folder.
    Path(PathBuf),
}

impl Origin {
    /// Reads what a person typed: `https://`, `http://` or `file://`, else a path.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if let Some(path) = text.strip_prefix("file://") {
            return Self::Path(PathBuf::from(path));
        }
        if text.starts_with("https://") || text.starts_with("http://") {
            return Self::Url(text.trim_end_matches('/').to_owned());
        }
        Self::Path(PathBuf::from(text))
    }

    fn name(&self) -> String {
        match self {
            Self::Url(url) => url.clone(),
            Self::Path(path) => path.display().to_string(),
        }
    }
}

/// What an update did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Updated {
    /// What the database now says of itself.
    pub meta: Meta,
    /// Size of the index in bytes.
    pub bytes: usize,
    /// False where the sources have not changed since.
    pub changed: bool,
    /// Records that were left out, one line each.
    pub warnings: Vec<String>,
}

/// Why an update did not happen; the old database is whole and in place.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// A download.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// A source's content.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The cache folder.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Too much for the format.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// Sources that were read, and held nothing.
    #[error("{0} holds no advisory for crates.io, npm, Go or GitHub Actions")]
    Empty(String),
    /// A finished index stands for a whole database.
    #[error("{0} is a finished database: it cannot be joined with other sources")]
    Mixed(String),
}

/// Makes the database of the given sources; `today` is the day to note, `YYYY-MM-DD`.
///
/// # Errors
/// [`UpdateError`]; nothing has changed then.
pub fn update(store: &Store, origins: &[Origin], today: &str, progress: Progress<'_>) -> Result<Updated, UpdateError> {
    update_with(store, origins, today, progress, &|base| fetch::Settings::new(base, &store.downloads()))
}

/// The same with downloads done as `settings` says for a base URL.
///
/// # Errors
/// As [`update`].
pub fn update_with(
    store: &Store,
    origins: &[Origin],
    today: &str,
    progress: Progress<'_>,
    settings: &dyn Fn(&str) -> fetch::Settings,
) -> Result<Updated, UpdateError> {
    let lock = store.lock()?;
    store.prune(false, &lock)?;
    let names: Vec<String> = origins.iter().map(Origin::name).collect();
    let mut archives = Vec::new();
    for origin in origins {
        if let Origin::Url(base) = origin {
            archives.extend(fetch::download(&settings(base), progress)?);
        }
    }
    if let Some(meta) = current(store, &names)
        && origins.iter().all(|origin| matches!(origin, Origin::Url(_)))
        && archives.iter().all(|archive| !archive.changed)
    {
        return Ok(Updated { meta, ..Updated::default() });
    }
    let mut all = Gathered::default();
    for archive in &archives {
        match import::path(&archive.path) {
            Ok(Import::Records(gathered)) => all.append(gathered),
            Ok(Import::Index(_)) => return Err(UpdateError::Mixed(archive.path.display().to_string())),
            Err(error) => {
                fetch::forget(archive);
                return Err(error.into());
            }
        }
    }
    for origin in origins {
        let Origin::Path(path) = origin else { continue };
        match import::path(path)? {
            Import::Records(gathered) => all.append(gathered),
            Import::Index(bytes) if origins.len() == 1 => return install(store, bytes, Vec::new(), &lock),
            Import::Index(_) => return Err(UpdateError::Mixed(origin.name())),
        }
    }
    if all.records.is_empty() {
        return Err(UpdateError::Empty(names.join(", ")));
    }
    let bytes = index::build(all.records, names, today)?;
    install(store, bytes, all.warnings, &lock)
}

fn install(
    store: &Store,
    bytes: Vec<u8>,
    warnings: Vec<String>,
    lock: &super::store::Lock,
) -> Result<Updated, UpdateError> {
    store.install(&bytes, lock)?;
    let length = bytes.len();
    let meta = index::Index::open(bytes.into())?.meta().clone();
    Ok(Updated { meta, bytes: length, changed: true, warnings })
}

/// The description of the database in place, if it is of the same sources.
fn current(store: &Store, names: &[String]) -> Option<Meta> {
    let path = store.index_path();
    let db = super::AdvisoryDb::open(&path).ok()?;
    let meta = db.index().meta();
    (meta.sources == names).then(|| meta.clone())
}
