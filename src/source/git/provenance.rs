//! Which repository and commit were scanned, for reports that leave the machine.

use gix::{ObjectId, Repository};

use crate::model::Provenance;

/// Bytes of an address that is passed on.
const LONGEST: usize = 2_048;

/// The repository's address without credentials, with the newest commit that was read; `None` where no remote has
/// an address that others can use.
pub fn of(local: &Repository, newest: Option<ObjectId>) -> Option<Provenance> {
    let head = local.head_id().ok().map(gix::Id::detach);
    let branch = local.head_name().ok().flatten().map(|name| name.shorten().to_string());
    Some(Provenance {
        repository: address(local)?,
        revision: newest.map(|id| id.to_string()).unwrap_or_default(),
        branch: branch.filter(|_| newest.is_some() && newest == head).unwrap_or_default(),
    })
}

/// Of `origin`, or of the first remote by name.
fn address(local: &Repository) -> Option<String> {
    let names: Vec<String> = local.remote_names().iter().map(ToString::to_string).collect();
    let ordered = names.iter().filter(|name| *name == "origin").chain(names.iter().filter(|name| *name != "origin"));
    let config = local.config_snapshot();
    let urls = ordered.filter_map(|name| config.string(format!("remote.{name}.url").as_str()));
    urls.into_iter().find_map(|url| public(std::str::from_utf8(&url).ok()?))
}

/// An address as a URI without user, password, query and fragment; `None` of a path of this machine and of what
/// is no address.
fn public(url: &str) -> Option<String> {
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/%+:[]".contains(&b));
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme @ ("https" | "http" | "ssh" | "git"), rest)) => (scheme, rest.to_owned()),
        Some(_) => return None,
        // `user@host:path`, as ssh is mostly written.
        None => {
            let (host, path) = url.split_once(':')?;
            if host.contains('/') || path.starts_with(':') || !host.contains(['@', '.']) {
                return None;
            }
            ("ssh", format!("{host}/{}", path.trim_start_matches('/')))
        }
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.rsplit('@').next().unwrap_or_default();
    let fit = !host.is_empty() && plain(host) && plain(path) && url.len() <= LONGEST;
    fit.then(|| format!("{scheme}://{host}/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_what_is_secret_and_paths_are_none() {
        let cases = [
            ("https://example.org/a/b.git", Some("https://example.org/a/b.git")),
            ("https://user:word@example.org/a/b", Some("https://example.org/a/b")),
            ("https://to@ken@example.org/a?private=1#x", Some("https://example.org/a")),
            ("ssh://git@example.org:2222/a/b", Some("ssh://example.org:2222/a/b")),
            ("git@example.org:a/b.git", Some("ssh://example.org/a/b.git")),
            ("example.org:/a/b.git", Some("ssh://example.org/a/b.git")),
            ("https://example.org", Some("https://example.org/")),
            ("/srv/git/a", None),
            ("../a", None),
            ("file:///srv/git/a", None),
            ("ext::sh -c touch% x", None),
            ("https://example.org/a b\u{1b}[31m", None),
            ("C:\\a", None),
            ("https:///a", None),
            ("", None),
        ];
        for (url, expected) in cases {
            assert_eq!(public(url).as_deref(), expected, "{url}");
        }
    }
}
