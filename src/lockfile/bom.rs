//! Bills of materials of other tools: CycloneDX (1.2 to 1.6) and SPDX (2.2, 2.3), as JSON.

use std::collections::{BTreeSet, HashMap};

use super::{Builder, Want, package};
use crate::model::{Ecosystem, Package, PackageSource, Span, percent_decode};
use crate::syntax::{Node, Parsed, json};

/// The packages that have a package URL of an ecosystem we know; others are nobody's fault and left out. Neither form
/// is an error at the document's start.
#[must_use]
pub fn parse(content: &[u8]) -> Parsed<Vec<Package>> {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let Parsed { value: root, mut errors } = json::parse(content);
    let mut builder = Builder::default();
    if root.get("bomFormat").is_some() || root.get("components").is_some() {
        cyclonedx(&root, &mut builder);
    } else if root.get("spdxVersion").is_some() || root.get("SPDXID").is_some() {
        spdx(&root, &mut builder);
    } else {
        errors.push(super::error(Span::default(), "expected a bill of materials: CycloneDX or SPDX 2, as JSON"));
    }
    let value = builder.finish(|keys, _, want| keys.get(want).copied());
    Parsed { value, errors }
}

fn cyclonedx(root: &Node, builder: &mut Builder) {
    let mut wants: HashMap<&str, Vec<String>> = HashMap::new();
    for dependency in root.get("dependencies").into_iter().flat_map(Node::items) {
        let Some(reference) = dependency.get("ref").and_then(Node::as_str) else { continue };
        let others = dependency.get("dependsOn").into_iter().flat_map(Node::items).filter_map(Node::as_str);
        wants.entry(reference).or_default().extend(others.map(str::to_owned));
    }
    let mut take = |node: &Node, local: bool| {
        let reference = node.get("bom-ref").and_then(Node::as_str);
        let asked = reference.and_then(|one| wants.get(one).cloned()).unwrap_or_default();
        let asked = asked.into_iter().map(Want::new).collect();
        let keys: Vec<String> = reference.map(str::to_owned).into_iter().collect();
        let url = node.get("purl").filter(|_| !local);
        let read = url.and_then(|purl| read(purl.as_str()?, purl.span));
        let project = || local.then(|| package(Ecosystem::Npm, "", "", PackageSource::Local, node.span));
        if let Some(package) = read.or_else(project) {
            builder.add(package, keys, asked);
        }
    };
    if let Some(project) = root.at(&["metadata", "component"]) {
        take(project, true);
    }
    // Components may hold components; the parser bounds how deep.
    let mut waiting: Vec<&Node> = root.get("components").into_iter().flat_map(Node::items).rev().collect();
    while let Some(node) = waiting.pop() {
        take(node, false);
        waiting.extend(node.get("components").into_iter().flat_map(Node::items).rev());
    }
}

fn spdx(root: &Node, builder: &mut Builder) {
    let mut wants: HashMap<&str, Vec<String>> = HashMap::new();
    let mut described: BTreeSet<&str> = BTreeSet::new();
    for relation in root.get("relationships").into_iter().flat_map(Node::items) {
        let text = |key: &str| relation.get(key).and_then(Node::as_str);
        let (Some(from), Some(kind), Some(to)) =
            (text("spdxElementId"), text("relationshipType"), text("relatedSpdxElement"))
        else {
            continue;
        };
        match kind {
            "DESCRIBES" => {
                described.insert(to);
            }
            "DEPENDS_ON" | "CONTAINS" => wants.entry(from).or_default().push(to.to_owned()),
            "DEPENDENCY_OF" | "DEV_DEPENDENCY_OF" | "OPTIONAL_DEPENDENCY_OF" => {
                wants.entry(to).or_default().push(from.to_owned());
            }
            _ => {}
        }
    }
    for node in root.get("packages").into_iter().flat_map(Node::items) {
        let Some(id) = node.get("SPDXID").and_then(Node::as_str) else { continue };
        let asked = wants.get(id).cloned().unwrap_or_default().into_iter().map(Want::new).collect();
        let locator = |other: &&Node| other.get("referenceType").and_then(Node::as_str) == Some("purl");
        let url = node.get("externalRefs").into_iter().flat_map(Node::items).find(locator);
        let url = url.and_then(|other| other.get("referenceLocator"));
        let project = described.contains(id);
        let read = url.filter(|_| !project).and_then(|purl| read(purl.as_str()?, purl.span));
        let local = || project.then(|| package(Ecosystem::Npm, "", "", PackageSource::Local, node.span));
        if let Some(package) = read.or_else(local) {
            builder.add(package, [id.to_owned()], asked);
        }
    }
}

/// `pkg:type/namespace/name@version?qualifiers#subpath` (purl-spec) as a package of the registry; one that its
/// qualifiers place elsewhere is no registry's.
fn read(purl: &str, span: Span) -> Option<Package> {
    let rest = purl.strip_prefix("pkg:")?.trim_start_matches('/');
    let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
    let (rest, qualifiers) = rest.split_once('?').unwrap_or((rest, ""));
    let (kind, path) = rest.split_once('/')?;
    let ecosystem = [Ecosystem::Cargo, Ecosystem::Npm, Ecosystem::Go]
        .into_iter()
        .find(|one| one.purl_type().eq_ignore_ascii_case(kind))?;
    let (name, version) = path.rsplit_once('@').filter(|(name, _)| !name.is_empty())?;
    let elsewhere = ["vcs_url=", "download_url=", "repository_url="];
    let place = qualifiers.split('&').find(|one| elsewhere.iter().any(|key| one.starts_with(key)));
    let source = match place.filter(|one| !one.contains("registry.npmjs.org") && !one.contains("crates.io")) {
        Some(place) => PackageSource::Other(place.to_owned()),
        None => PackageSource::Registry,
    };
    Some(package(ecosystem, &percent_decode(name)?, &percent_decode(version)?, source, span))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<(String, String, bool)> {
        let parsed = parse(text.as_bytes());
        assert_eq!(parsed.errors, []);
        let foreign = parsed.value.into_iter().filter(|one| one.source == PackageSource::Registry);
        foreign.map(|one| (one.name, one.version, one.direct)).collect()
    }

    #[test]
    fn both_standards_give_packages_and_what_is_direct() {
        let cyclonedx = r#"{"bomFormat": "CycloneDX", "metadata": {"component": {"bom-ref": "me", "name": "me"}},
            "components": [
                {"bom-ref": "a", "purl": "pkg:npm/%40scope/a@1.0.0?x=y", "components": [{"purl": "pkg:cargo/c@0.1.0%2B1"}]},
                {"bom-ref": "b", "purl": "pkg:golang/example.org/b/v2@v2.0.0"},
                {"bom-ref": "p", "purl": "pkg:pypi/p@1"}, {"name": "none"},
                {"purl": "pkg:cargo/git@1.0.0?vcs_url=git%2Bhttps://h/a"}],
            "dependencies": [{"ref": "me", "dependsOn": ["b"]}, {"ref": "b", "dependsOn": ["a"]}]}"#;
        let one = |name: &str, version: &str, direct| (name.to_owned(), version.to_owned(), direct);
        let expected =
            [one("@scope/a", "1.0.0", false), one("c", "0.1.0+1", false), one("example.org/b/v2", "v2.0.0", true)];
        assert_eq!(told(cyclonedx), expected);
        let spdx = r#"{"spdxVersion": "SPDX-2.3", "packages": [{"SPDXID": "S-me"}, {"SPDXID": "S-a", "externalRefs":
            [{"referenceType": "cpe23Type", "referenceLocator": "x"}, {"referenceType": "purl", "referenceLocator": "pkg:npm/a@1.0.0"}]}],
            "relationships": [
                {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "S-me"},
                {"spdxElementId": "S-a", "relationshipType": "DEPENDENCY_OF", "relatedSpdxElement": "S-me"}]}"#;
        assert_eq!(told(spdx), [one("a", "1.0.0", true)]);
        assert_eq!(parse(b"{}").errors.len(), 1);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC{0,80}") {
            let _ = parse(text.as_bytes());
            let _ = read(&format!("pkg:npm/{text}"), Span::default());
        }
    }
}
