//! `.pre-commit-config.yaml`: repositories whose code runs on developers' machines.

use super::archived::ARCHIVED;
use super::facts::lookalike;
use super::model::{File, Place};
use super::{Out, quoted};
use crate::syntax::Node;

/// Every repository the file names.
pub fn repositories(file: &File<'_>, out: &mut Out<'_>) {
    for (at, item) in file.root.get("repos").map(Node::items).unwrap_or_default().iter().enumerate() {
        let Some(node) = item.get("repo") else { continue };
        let Some(url) = node.as_str().filter(|url| !matches!(*url, "local" | "meta")) else { continue };
        let place = Place { extent: item.span, name: format!("hook repository {}", at + 1), key: url.to_owned() };
        if ["http://", "git://", "ftp://"].iter().any(|scheme| url.starts_with(scheme)) {
            let message =
                format!("{} is fetched without encryption: whoever is on the way can change it.", quoted(url));
            out.report("insecure-url-scheme", node.span, &place, "", message);
        }
        let Some(slug) = slug(url) else { continue };
        if ARCHIVED.iter().any(|known| known.eq_ignore_ascii_case(&slug)) {
            let message = format!("{} is an archived repository, which gets no more fixes.", quoted(&slug));
            out.report("archived-uses", node.span, &place, &slug, message);
        }
        if let Some(meant) = lookalike(&slug) {
            let message = format!("{} is one letter away from `{meant}`, and another repository.", quoted(&slug));
            out.report("typosquat-uses", node.span, &place, &slug, message);
        }
    }
}

/// `owner/repo` of a repository on GitHub, in small letters.
fn slug(url: &str) -> Option<String> {
    let rest = url.split_once("github.com").map(|(_, rest)| rest.trim_start_matches([':', '/']))?;
    let mut parts = rest.trim_end_matches('/').trim_end_matches(".git").split('/');
    let (owner, repo) = (parts.next()?, parts.next()?);
    Some(format!("{owner}/{repo}").to_ascii_lowercase())
}
