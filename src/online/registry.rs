//! An image's digest, by the OCI distribution specification 1.1: `HEAD /v2/<name>/manifests/<tag>`, after a token where the
//! registry wants one.

use reqwest::header::{ACCEPT, WWW_AUTHENTICATE};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;

use super::{body, reason};

/// Registries that everybody may read.
const KNOWN: &[&str] = &[
    "docker.io",
    "gcr.io",
    "ghcr.io",
    "mcr.microsoft.com",
    "public.ecr.aws",
    "quay.io",
    "registry.gitlab.com",
    "registry.k8s.io",
];

/// Indexes of several platforms first: their digest serves every machine.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json";

/// `host/name:tag`, taken apart as container engines do.
struct Image<'a> {
    host: &'a str,
    name: String,
    tag: &'a str,
}

impl<'a> Image<'a> {
    fn parse(image: &'a str) -> Option<Self> {
        let (host, rest) = match image.split_once('/') {
            Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => (host, rest),
            _ => ("docker.io", image),
        };
        let (name, tag) = rest.rsplit_once(':').unwrap_or((rest, "latest"));
        let name = if host == "docker.io" && !name.contains('/') { format!("library/{name}") } else { name.to_owned() };
        let word = |text: &str, more: &[u8]| {
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || more.contains(&b))
        };
        let fits =
            word(host, b".-:") && word(tag, b"._-") && name.split('/').all(|part| word(part, b"._-") && part != "..");
        (fits && image.len() <= 400).then_some(Self { host, name, tag })
    }

    fn url(&self) -> String {
        let host = if self.host == "docker.io" { "registry-1.docker.io" } else { self.host };
        format!("{}://{host}/v2/{}/manifests/{}", self.scheme(), self.name, self.tag)
    }

    fn scheme(&self) -> &'static str {
        let machine = self.host.split(':').next().unwrap_or_default();
        if matches!(machine, "localhost" | "127.0.0.1") { "http" } else { "https" }
    }
}

/// The digest of what a tag names: `sha256:` and 64 digits.
pub async fn digest(client: &Client, registries: &[String], image: &str) -> Result<String, String> {
    let image = Image::parse(image).ok_or("not an image's name")?;
    if !KNOWN.contains(&image.host) && !registries.iter().any(|named| named == image.host) {
        return Err("its registry is not asked unless `--online-registry` names it".to_owned());
    }
    let head = || client.head(image.url()).header(ACCEPT, MANIFESTS);
    let mut response = send(head()).await?;
    if response.status() == 401 {
        let token = token(client, &response, &image).await?;
        response = send(head().bearer_auth(token)).await?;
    }
    match response.status().as_u16() {
        200 => {}
        401 | 403 | 404 => return Err("no public image of that name and tag".to_owned()),
        429 => return Err("the registry has had too many questions".to_owned()),
        status => return Err(format!("the registry answers {status}")),
    }
    let header = response.headers().get("docker-content-digest").and_then(|value| value.to_str().ok());
    let digest = header.filter(|text| {
        let digits = text.strip_prefix("sha256:").unwrap_or_default();
        digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    });
    digest.map(str::to_owned).ok_or_else(|| "the registry names no digest".to_owned())
}

async fn send(request: RequestBuilder) -> Result<Response, String> {
    request.send().await.map_err(|error| reason(&error))
}

/// A token for reading, from where the registry says (`Bearer realm="…",service="…",scope="…"`).
async fn token(client: &Client, response: &Response, image: &Image<'_>) -> Result<String, String> {
    let refused = || "the registry wants a password".to_owned();
    let header = response.headers().get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let challenge = header.strip_prefix("Bearer ").ok_or_else(refused)?;
    let value = |name: &str| {
        challenge.split(',').find_map(|pair| {
            let (key, value) = pair.trim().split_once('=')?;
            (key == name).then(|| value.trim_matches('"'))
        })
    };
    let realm = value("realm").ok_or_else(refused)?;
    if !realm.starts_with(&format!("{}://", image.scheme())) {
        return Err("the registry sends to a place without encryption".to_owned());
    }
    let scope = format!("repository:{}:pull", image.name);
    let query = [("service", value("service").unwrap_or_default()), ("scope", &scope)];
    let mut url = reqwest::Url::parse(realm).map_err(|_| refused())?;
    url.query_pairs_mut().extend_pairs(query.iter().filter(|(_, text)| !text.is_empty()));
    let answer = send(client.get(url)).await?;
    if answer.status() != 200 {
        return Err(refused());
    }
    let answer: Value = serde_json::from_slice(&body(answer).await?).map_err(|_| refused())?;
    let token = answer.get("token").or_else(|| answer.get("access_token")).and_then(Value::as_str);
    token.map(str::to_owned).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart_as_engines_do() {
        let table = [
            ("alpine", Some("https://registry-1.docker.io/v2/library/alpine/manifests/latest")),
            ("octo/app:1.2", Some("https://registry-1.docker.io/v2/octo/app/manifests/1.2")),
            ("docker.io/alpine:3", Some("https://registry-1.docker.io/v2/library/alpine/manifests/3")),
            ("ghcr.io/octo/app:v1", Some("https://ghcr.io/v2/octo/app/manifests/v1")),
            ("localhost:5000/x:1", Some("http://localhost:5000/v2/x/manifests/1")),
            ("ghcr.io/../x", None),
            ("ghcr.io/a b", None),
            ("user@host.example/x", None),
            ("", None),
        ];
        for (image, expected) in table {
            assert_eq!(Image::parse(image).map(|one| one.url()).as_deref(), expected, "{image}");
        }
    }
}
