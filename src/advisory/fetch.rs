//! Downloads the archives of an OSV bucket or a mirror of it. The one place of this layer that is asynchronous,
//! and that touches a network: only `db update` and `--update-db` come here.
//!
//! A download grows in `<name>.part` and takes its name when it is whole. A cut one is resumed where the server
//! says that the file is still the same (`If-Range`, RFC 9110 section 13.1.5), else begun again; one that is
//! kept and unchanged is not fetched at all (`If-None-Match`).

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures_util::{StreamExt, future::join_all};
use reqwest::header::{ACCEPT_ENCODING, CONTENT_RANGE, ETAG, IF_NONE_MATCH, IF_RANGE, RANGE, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use crate::model::Ecosystem;

/// The public OSV bucket.
pub const BUCKET: &str = "https://osv-vulnerabilities.storage.googleapis.com";

/// Largest archive taken: npm's is some hundred megabytes.
const MAX_BYTES: u64 = 2 << 30;
/// Bytes a second below which a connection counts as dead, over a whole wait of `patience`.
const LEAST_RATE: f64 = 100.0;

/// How to download.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Base URL in the bucket's layout, without a slash at its end.
    pub base: String,
    /// Folder that keeps archives and their ETags.
    pub folder: PathBuf,
    /// Tries after the first.
    pub retries: u32,
    /// Pause before the first retry; doubled before each next one, 30 seconds at most.
    pub backoff: Duration,
    /// To connect, and between two pieces of an answer.
    pub patience: Duration,
}

impl Settings {
    /// The usual patience for a base URL and a folder.
    #[must_use]
    pub fn new(base: &str, folder: &Path) -> Self {
        Self {
            base: base.trim_end_matches('/').to_owned(),
            folder: folder.to_owned(),
            retries: 4,
            backoff: Duration::from_millis(500),
            patience: Duration::from_secs(30),
        }
    }
}

/// One archive on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// Whose advisories.
    pub ecosystem: Ecosystem,
    /// Where it lies.
    pub path: PathBuf,
    /// False where the server said that the kept one is current.
    pub changed: bool,
}

/// Told as bytes arrive: ecosystem, bytes so far, bytes in all if known.
pub type Progress<'a> = &'a (dyn Fn(Ecosystem, u64, Option<u64>) + Sync);

/// Why a download failed.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No connection could be prepared.
    #[error("cannot prepare downloads: {0}")]
    Client(String),
    /// The network or the server failed, every try of it.
    #[error("{url}: {reason}")]
    Network {
        /// What was asked for.
        url: String,
        /// The last failure.
        reason: String,
    },
    /// The archive is not what its publisher made.
    #[error("{url}: the SHA-256 is {found}, and its `.sha256` file says {expected}")]
    Checksum {
        /// What was asked for.
        url: String,
        /// As downloaded.
        found: String,
        /// As published.
        expected: String,
    },
    /// This machine.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// One try's failure.
enum Failure {
    /// Another try may do better, after a pause if the server named one.
    Passing(String, Option<Duration>),
    Final(FetchError),
}

/// Downloads the archives of all ecosystems at once. The list of actions is optional: older mirrors lack it.
///
/// # Errors
/// The first archive, in the order of ecosystems, that could not be had.
pub fn download(settings: &Settings, progress: Progress<'_>) -> Result<Vec<Archive>, FetchError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| FetchError::Client(error.to_string()))?;
    runtime.block_on(download_all(settings, progress))
}

async fn download_all(settings: &Settings, progress: Progress<'_>) -> Result<Vec<Archive>, FetchError> {
    // Chosen here rather than by feature unification; a second call finds it installed, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .user_agent(concat!("portcullis/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(settings.patience)
        .read_timeout(settings.patience)
        .build()
        .map_err(|error| FetchError::Client(chain(&error)))?;
    tokio::fs::create_dir_all(&settings.folder)
        .await
        .map_err(|source| FetchError::Write { path: settings.folder.clone(), source })?;
    let all = Ecosystem::ALL.map(|ecosystem| Download { client: &client, settings, ecosystem, progress });
    let mut archives = Vec::new();
    for result in join_all(all.iter().map(Download::run)).await {
        archives.extend(result?);
    }
    Ok(archives)
}

struct Download<'a> {
    client: &'a Client,
    settings: &'a Settings,
    ecosystem: Ecosystem,
    progress: Progress<'a>,
}

impl Download<'_> {
    fn url(&self) -> String {
        format!("{}/{}/all.zip", self.settings.base, self.ecosystem.osv().replace(' ', "%20"))
    }

    /// A name that no other mirror's archive has.
    fn path(&self, end: &str) -> PathBuf {
        let mirror = crc32fast::hash(self.settings.base.as_bytes());
        let name = self.ecosystem.osv().replace([' ', '.'], "-").to_ascii_lowercase();
        self.settings.folder.join(format!("{name}-{mirror:08x}.{end}"))
    }

    async fn run(&self) -> Result<Option<Archive>, FetchError> {
        let mut pause = self.settings.backoff;
        for attempt in 0..=self.settings.retries {
            match self.attempt().await {
                Ok(archive) => return Ok(archive),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Passing(reason, _)) if attempt == self.settings.retries => {
                    return Err(FetchError::Network { url: self.url(), reason });
                }
                Err(Failure::Passing(_, asked)) => {
                    tokio::time::sleep(asked.unwrap_or(pause).min(Duration::from_secs(30))).await;
                    pause *= 2;
                }
            }
        }
        Ok(None)
    }

    async fn attempt(&self) -> Result<Option<Archive>, Failure> {
        let (whole, part) = (self.path("zip"), self.path("zip.part"));
        let archive = |changed| Archive { ecosystem: self.ecosystem, path: whole.clone(), changed };
        let begun = tokio::fs::metadata(&part).await.map(|data| data.len()).unwrap_or_default();
        let kept = read_text(&self.path("etag")).await.filter(|_| whole.is_file());
        let partial = read_text(&self.path("part.etag")).await.filter(|_| begun > 0);

        let mut request = self.client.get(self.url()).header(ACCEPT_ENCODING, "identity");
        if let Some(etag) = &partial {
            request = request.header(RANGE, format!("bytes={begun}-")).header(IF_RANGE, etag);
        } else if let Some(etag) = &kept {
            request = request.header(IF_NONE_MATCH, etag);
        }
        let response = request.send().await.map_err(|error| Failure::Passing(chain(&error), None))?;
        let from = match response.status() {
            StatusCode::NOT_MODIFIED => return Ok(Some(archive(false))),
            StatusCode::OK => 0,
            StatusCode::PARTIAL_CONTENT if starts_at(&response) == Some(begun) && begun > 0 => begun,
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => {
                let _ = tokio::fs::remove_file(&part).await;
                return Err(Failure::Passing("the server resumed at another place".to_owned(), Some(Duration::ZERO)));
            }
            StatusCode::NOT_FOUND if self.ecosystem == Ecosystem::GitHubActions => return Ok(None),
            status => return Err(refusal(status, &response, self.url())),
        };
        let etag = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        self.note_etag("part.etag", etag.as_deref().filter(|tag| !tag.starts_with("W/"))).await?;
        self.receive(response, &part, from).await?;
        self.verify(&part).await?;
        // In this order a kill in between costs a download at most: the old ETag never names the new file.
        self.note_etag("etag", None).await?;
        tokio::fs::rename(&part, &whole).await.map_err(|source| write_failed(&whole, source))?;
        self.note_etag("etag", etag.as_deref()).await?;
        Ok(Some(archive(true)))
    }

    /// Writes the answer's body behind `from` bytes that are there already.
    async fn receive(&self, response: Response, part: &Path, from: u64) -> Result<(), Failure> {
        let total = response.content_length().map(|length| from + length);
        if total.is_some_and(|total| total > MAX_BYTES) {
            return Err(self.too_large());
        }
        let mut options = tokio::fs::OpenOptions::new();
        options.create(true).write(true).append(from > 0).truncate(from == 0);
        let mut file = options.open(part).await.map_err(|source| write_failed(part, source))?;
        let (mut body, mut length) = (response.bytes_stream(), from);
        let (mut since, mut before) = (Instant::now(), from);
        while let Some(piece) = body.next().await {
            let piece = match piece {
                Ok(piece) => piece,
                Err(error) => {
                    // What came is kept for the next try.
                    let _ = file.flush().await;
                    return Err(Failure::Passing(chain(&error), None));
                }
            };
            length += piece.len() as u64;
            if length > MAX_BYTES {
                return Err(self.too_large());
            }
            file.write_all(&piece).await.map_err(|source| write_failed(part, source))?;
            (self.progress)(self.ecosystem, length, total);
            // A server that sends a byte now and then would else hold the update for ever.
            if since.elapsed() >= self.settings.patience {
                if ((length - before) as f64) < LEAST_RATE * since.elapsed().as_secs_f64() {
                    let _ = file.flush().await;
                    return Err(Failure::Passing("the server sends next to nothing".to_owned(), None));
                }
                (since, before) = (Instant::now(), length);
            }
        }
        file.flush().await.map_err(|source| write_failed(part, source))?;
        file.sync_all().await.map_err(|source| write_failed(part, source))?;
        match total {
            Some(total) if total != length => {
                Err(Failure::Passing(format!("{length} bytes came of {total}"), Some(Duration::ZERO)))
            }
            _ => Ok(()),
        }
    }

    /// Compares with `all.zip.sha256`, where a mirror has one. The public bucket has none: there, the checksum of
    /// every record in the archive is what tells damage.
    async fn verify(&self, part: &Path) -> Result<(), Failure> {
        if self.settings.base == BUCKET {
            return Ok(());
        }
        let response = self.client.get(format!("{}.sha256", self.url())).send().await;
        let response = response.map_err(|error| Failure::Passing(chain(&error), None))?;
        if response.status() != StatusCode::OK {
            return Ok(());
        }
        let text = response.text().await.map_err(|error| Failure::Passing(chain(&error), None))?;
        let Some(expected) = text.split_whitespace().next().filter(|word| is_sha256(word)) else { return Ok(()) };
        let bytes = tokio::fs::read(part).await.map_err(|source| write_failed(part, source))?;
        let found = crate::model::hex(&Sha256::digest(&bytes));
        if found.eq_ignore_ascii_case(expected) {
            return Ok(());
        }
        let _ = tokio::fs::remove_file(part).await;
        let expected = expected.to_ascii_lowercase();
        Err(Failure::Final(FetchError::Checksum { url: self.url(), found, expected }))
    }

    async fn note_etag(&self, end: &str, etag: Option<&str>) -> Result<(), Failure> {
        let path = self.path(end);
        match etag {
            Some(etag) => tokio::fs::write(&path, etag).await.map_err(|source| write_failed(&path, source)),
            None => match tokio::fs::remove_file(&path).await {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(write_failed(&path, source)),
                _ => Ok(()),
            },
        }
    }

    fn too_large(&self) -> Failure {
        let reason = format!("the archive is over {} GiB", MAX_BYTES >> 30);
        Failure::Final(FetchError::Network { url: self.url(), reason })
    }
}

/// Forgets a kept archive that turned out damaged, so that the next update fetches it anew.
pub fn forget(archive: &Archive) {
    for end in ["zip", "etag", "zip.part", "part.etag"] {
        // Best effort: what is gone already is as good.
        let _ = std::fs::remove_file(archive.path.with_extension(end));
    }
}

fn is_sha256(word: &str) -> bool {
    word.len() == 64 && word.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The first byte of a partial answer: `bytes 100-199/200`.
fn starts_at(response: &Response) -> Option<u64> {
    let range = response.headers().get(CONTENT_RANGE)?.to_str().ok()?;
    range.strip_prefix("bytes ")?.split('-').next()?.parse().ok()
}

/// A status that is no content: worth another try (RFC 9110: 408, 429 and server errors) or not.
fn refusal(status: StatusCode, response: &Response, url: String) -> Failure {
    let reason = format!("the server answered {status}");
    let again = status.is_server_error() || matches!(status.as_u16(), 408 | 429);
    if !again {
        return Failure::Final(FetchError::Network { url, reason });
    }
    let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    Failure::Passing(reason, asked.map(Duration::from_secs))
}

fn write_failed(path: &Path, source: std::io::Error) -> Failure {
    Failure::Final(FetchError::Write { path: path.to_owned(), source })
}

async fn read_text(path: &Path) -> Option<String> {
    let text = tokio::fs::read_to_string(path).await.ok()?;
    (!text.is_empty() && text.len() < 512 && text.bytes().all(|b| (0x20..0x7f).contains(&b))).then_some(text)
}

/// An error with its causes: reqwest's own text leaves out the one that matters.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
