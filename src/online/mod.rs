//! What a tag or branch stands for right now: asked of GitHub and of image registries, and only where the user said
//! `--online`. Beside [`crate::advisory::fetch`], the one place that touches a network.
//!
//! The scanned tree names what is asked for, so it must not choose whom: actions are asked of one server, images of
//! well-known registries and of those that the user named. No redirect is followed, every answer is bounded, and
//! nothing is sent but names.

mod git;
mod registry;

use std::time::Duration;

use futures_util::{StreamExt, stream};
use reqwest::{Client, Response, redirect};

use crate::model::Pin;

/// Questions asked at once.
const AT_ONCE: usize = 8;
/// Bytes of an answer that are read.
const MAX_ANSWER: usize = 1 << 20;

/// Whom to ask.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where repositories of actions are: `https://github.com`, without a slash at its end.
    pub github: String,
    /// Registries beside the well-known ones, as images name them: `registry.example.org:5000`. One on this machine
    /// (`localhost`, `127.0.0.1`) is asked without TLS, as container engines do.
    pub registries: Vec<String>,
    /// To connect, and for one answer.
    pub patience: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { github: "https://github.com".to_owned(), registries: Vec::new(), patience: Duration::from_secs(15) }
    }
}

/// What each name stands for, in their order: a commit id of 40 or 64 digits, or `sha256:` with 64. `Err` says in a
/// fragment why one could not be told: the server, the network, or a name that is not known.
///
/// # Errors
/// Where no connection can be prepared on this machine.
pub fn resolve(settings: &Settings, pins: &[Pin]) -> Result<Vec<Result<String, String>>, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    // Chosen here rather than by feature unification; a second call finds it installed, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .user_agent(concat!("portcullis/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(settings.patience)
        .timeout(settings.patience)
        .redirect(redirect::Policy::none())
        .build()
        .map_err(|error| error.to_string())?;
    let ask = |pin: Pin| {
        let client = client.clone();
        async move {
            match pin {
                Pin::Commit { repository, reference } => {
                    git::commit(&client, &settings.github, &repository, &reference).await
                }
                Pin::Digest { image } => registry::digest(&client, &settings.registries, &image).await,
            }
        }
    };
    Ok(runtime.block_on(stream::iter(pins.to_vec()).map(ask).buffered(AT_ONCE).collect()))
}

/// A short reason without the address, which the notice names.
fn reason(error: &reqwest::Error) -> String {
    let what = match error {
        _ if error.is_timeout() => "no answer in time",
        _ if error.is_connect() => "no connection",
        _ => "a broken answer",
    };
    what.to_owned()
}

/// The body of an answer, up to the bound.
async fn body(response: Response) -> Result<Vec<u8>, String> {
    let mut whole = Vec::new();
    let mut pieces = response.bytes_stream();
    while let Some(piece) = pieces.next().await {
        whole.extend_from_slice(&piece.map_err(|error| reason(&error))?);
        if whole.len() > MAX_ANSWER {
            return Err("an answer beyond all measure".to_owned());
        }
    }
    Ok(whole)
}
