//! Packages as they are installed in `node_modules`: the `package.json` of each, and the lock file that npm keeps of
//! them (`node_modules/.package-lock.json`).

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};

use super::package_lock::{resolve, scope};
use super::{Builder, Want, npm_source, package};
use crate::model::{Ecosystem, Package, PackageSource, RepoPath, Scope, Span};
use crate::syntax::{Node, Parsed, json};

/// The folder, with what separates it.
const FOLDER: &str = "node_modules/";
/// What a package asks for that is installed with it, and whether it must be there.
const ASKS: [(&str, bool); 3] = [("dependencies", true), ("optionalDependencies", false), ("peerDependencies", false)];
/// Before the name of what need not be there; no package's name begins so.
const OPTIONAL: char = '?';

/// Splits the folder of an installed package, or of a file beside them, at the first `node_modules`: the folder of the
/// project, and the path below that. `a/node_modules/b` gives `a` and `node_modules/b`.
#[must_use]
pub fn project(path: &str) -> Option<(&str, &str)> {
    let at = match path.starts_with(FOLDER) {
        true => 0,
        false => path.find("/node_modules/")? + 1,
    };
    Some((path[..at].trim_end_matches('/'), &path[at..]))
}

/// True for the `package.json` of an installed package: right in a folder below `node_modules` that has its name, or
/// where Yarn stores it. Those further down (tests, the parts of a package) are nobody's package.
#[must_use]
pub fn claims(path: &RepoPath) -> bool {
    if path.file_name() != "package.json" {
        return false;
    }
    let mut folders = path.parent().rsplit('/');
    let mut next = || folders.next().unwrap_or_default();
    let (name, above, higher) = (next(), next(), next());
    let stored = name == "package" && higher == ".store" && next() == "node_modules";
    // `.bin`, `.cache`, and what npm moves aside.
    let named = !name.is_empty() && !name.starts_with('.');
    named && (above == "node_modules" || above.starts_with('@') && higher == "node_modules") || stored
}

/// True for the lock file of what is installed.
#[must_use]
pub fn is_lock(path: &RepoPath) -> bool {
    path.file_name() == ".package-lock.json" && path.parent().rsplit('/').next() == Some("node_modules")
}

/// An installed package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// As its `package.json` has it: an alias is a matter of the folder.
    pub name: String,
    /// As written.
    pub version: String,
    /// The member `version`.
    pub span: Span,
    /// Local or of another place only where the file tells (`_resolved`, of npm up to 6).
    pub source: PackageSource,
    /// Names of what it asks for, as folders; `?` before what need not be there.
    asks: Vec<String>,
}

/// Reads the `package.json` of an installed package; none without name and version, as no package manager gives it a
/// version then.
#[must_use]
pub fn read(content: &[u8]) -> Parsed<Option<Installed>> {
    let Parsed { value: root, errors } = json::parse(content);
    let text = |key: &str| root.get(key).and_then(Node::as_str).filter(|text| !text.is_empty());
    let installed = text("name").zip(text("version")).zip(root.entry("version"));
    let value = installed.map(|((name, version), entry)| Installed {
        name: name.to_owned(),
        version: version.to_owned(),
        span: entry.key_span.join(entry.value.span),
        source: text("_resolved").map_or(PackageSource::Registry, npm_source),
        asks: asks(&root, false),
    });
    Parsed { value, errors }
}

fn asks(root: &Node, with_development: bool) -> Vec<String> {
    let members = ASKS.iter().chain(with_development.then_some(&("devDependencies", false)));
    let entries = members.flat_map(|(member, needed)| {
        root.get(member).into_iter().flat_map(Node::entries).map(move |entry| (&entry.key, *needed))
    });
    entries.map(|(name, needed)| if needed { name.clone() } else { format!("{OPTIONAL}{name}") }).collect()
}

/// What npm's lock file of a project says of each folder: where the package is from, and when it is used.
pub type Known = BTreeMap<String, (PackageSource, Scope)>;

/// Reads `node_modules/.package-lock.json`.
#[must_use]
pub fn lock(content: &[u8]) -> Parsed<Known> {
    let Parsed { value: root, errors } = json::parse(content);
    let entries = root.get("packages").into_iter().flat_map(Node::entries);
    let known = entries.map(|entry| {
        let resolved = entry.value.get("resolved").and_then(Node::as_str).unwrap_or_default();
        let source = if entry.value.get("link").and_then(Node::as_bool) == Some(true) {
            PackageSource::Local
        } else {
            npm_source(resolved)
        };
        (entry.key.clone(), (source, scope(&entry.value)))
    });
    Parsed { value: known.collect(), errors }
}

/// The installed packages of a project as a lock file would list them: the project itself first, from its own
/// `package.json` where there is one, then each of `installed`, by its folder below the project, in order.
///
/// What the project does not reach counts as shipped. Where something that must be there is not found (it is reached by
/// a link, say), not every way is known, and all that npm's own list does not call anything else counts so.
#[must_use]
pub fn packages(manifest: Option<&[u8]>, installed: &[(&str, &Installed)], known: &Known) -> Vec<Package> {
    let mut builder = Builder::default();
    let root = manifest.map(|bytes| json::parse(bytes).value).unwrap_or_default();
    let name = root.get("name").and_then(Node::as_str).unwrap_or_default();
    builder.add(
        package(Ecosystem::Npm, name, "", PackageSource::Local, Span::default()),
        [String::new()],
        asks(&root, true).into_iter().map(Want::new).collect(),
    );
    let own = asked_elsewhere(&root);
    for (folder, one) in installed {
        let (source, scope) = known.get(*folder).cloned().unwrap_or((PackageSource::Registry, Scope::Unknown));
        let signs = [Some(source), Some(one.source.clone()), own.get(*folder).cloned(), stored(folder)];
        let elsewhere = signs.into_iter().flatten().find(|source| *source != PackageSource::Registry);
        let source = elsewhere.unwrap_or(PackageSource::Registry);
        let mut found = package(Ecosystem::Npm, &one.name, &one.version, source, one.span);
        found.scope = scope;
        builder.add(found, [(*folder).to_owned()], one.asks.iter().cloned().map(Want::new).collect());
    }
    // What is reached by links (pnpm's store) is known by its name, where only one has it.
    let mut names: HashMap<&str, Option<u32>> = HashMap::new();
    for (at, (folder, _)) in (1..).zip(installed) {
        let name = folder.rfind(FOLDER).map_or(*folder, |start| &folder[start + FOLDER.len()..]);
        names.entry(name).and_modify(|only| *only = None).or_insert(Some(at));
    }
    let folders: Vec<&str> = std::iter::once("").chain(installed.iter().map(|(folder, _)| *folder)).collect();
    let complete = Cell::new(true);
    let mut packages = builder.finish(|keys, at, want| {
        let name = want.strip_prefix(OPTIONAL);
        let needed = name.is_none();
        let name = name.unwrap_or(want);
        let found = resolve(keys, folders[at], name).or_else(|| names.get(name).copied().flatten());
        complete.set(complete.get() && (found.is_some() || !needed));
        found
    });
    let reached = reached(&packages);
    for (package, reached) in packages.iter_mut().zip(reached) {
        if package.scope == Scope::Unknown && !(complete.get() && reached) {
            package.scope = Scope::Production;
        }
    }
    packages
}

/// What the project asks for from elsewhere than a registry, by the folder it is installed in. Only the project's own
/// word counts: a package could excuse any other.
fn asked_elsewhere(root: &Node) -> HashMap<String, PackageSource> {
    let members = ASKS.iter().map(|(member, _)| *member).chain(["devDependencies"]);
    let entries = members.filter_map(|member| root.get(member)).flat_map(Node::entries);
    let elsewhere = entries.filter_map(|entry| {
        let asked = entry.value.as_str()?;
        let source = match npm_source(asked) {
            // A range has no slash: this is an address, or `owner/repository`.
            PackageSource::Registry if asked.contains('/') && !asked.starts_with("npm:") => {
                PackageSource::Other(asked.to_owned())
            }
            source => source,
        };
        Some((format!("{FOLDER}{}", entry.key), source))
    });
    elsewhere.collect()
}

/// What the name of a folder in pnpm's store says: `a@1.0.0`, `@s+a@1.0.0_peer@2.0.0`, `a@file+libs+a`,
/// `a@https+++codeload.github.com+…`.
fn stored(folder: &str) -> Option<PackageSource> {
    let name = folder.strip_prefix("node_modules/.pnpm/")?.split('/').next()?;
    let (_, version) = super::split_at_version(name)?;
    match version {
        _ if version.starts_with(|c: char| c.is_ascii_digit()) => None,
        _ if version.starts_with("file+") || version.starts_with("link+") => Some(PackageSource::Local),
        _ => Some(PackageSource::Other(version.to_owned())),
    }
}

/// Whether each package is the first one, or reached from it.
fn reached(packages: &[Package]) -> Vec<bool> {
    let mut seen = vec![false; packages.len()];
    let mut waiting = vec![0];
    while let Some(at) = waiting.pop() {
        if !std::mem::replace(&mut seen[at], true) {
            waiting.extend(packages[at].dependencies.iter().map(|&to| to as usize));
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn packages_stand_in_folders_of_their_name() {
        for path in [
            "node_modules/a/package.json",
            "x/node_modules/@s/a/package.json",
            "node_modules/a/node_modules/b/package.json",
            "node_modules/.pnpm/a@1.0.0/node_modules/a/package.json",
            "node_modules/.store/a-npm-1.0.0-0123456789/package/package.json",
            "node_modules/a/lib/node_modules/b/package.json",
        ] {
            assert!(claims(&RepoPath::new(path)), "{path}");
        }
        for path in [
            "package.json",
            "a/package.json",
            "node_modules/package.json",
            "node_modules/a/dist/package.json",
            "node_modules/@s/package.json/package.json",
            "node_modules/.cache/package.json",
            "node_modules/a/@x/b/package.json",
            "node_modules/a/package.json5",
            "my_node_modules/a/package.json",
        ] {
            let expected = path.starts_with("node_modules/@s/package.json");
            assert_eq!(claims(&RepoPath::new(path)), expected, "{path}");
        }
    }

    #[test]
    fn the_project_is_what_holds_the_outermost_folder() {
        assert_eq!(project("node_modules/a"), Some(("", "node_modules/a")));
        assert_eq!(project("x/y/node_modules/a/node_modules/b"), Some(("x/y", "node_modules/a/node_modules/b")));
        assert_eq!(project("x/my_node_modules/a"), None);
    }

    fn installed(text: &str) -> Installed {
        read(text.as_bytes()).value.unwrap()
    }

    #[test]
    fn a_package_is_known_by_name_and_version_and_points_at_the_latter() {
        let text = r#"{"name": "@s/a", "version": "1.0.0", "dependencies": {"b": "1"}}"#;
        let one = installed(text);
        assert_eq!(one.span.of(text.as_bytes()), br#""version": "1.0.0""#);
        assert_eq!((one.name.as_str(), &one.asks[..]), ("@s/a", &["b".to_owned()][..]));
        let text = r#"{"name": "a", "version": "1", "dependencies": {}, "optionalDependencies": {"c": "1"}}"#;
        assert_eq!(installed(text).asks, ["?c"]);
        let git = installed(r#"{"name": "a", "version": "1.0.0", "_resolved": "git+ssh://h/a.git#0"}"#);
        assert!(matches!(git.source, PackageSource::Other(_)));
        let part = read(br#"{"type": "module"}"#);
        assert_eq!((part.value, part.errors), (None, vec![]));
    }

    #[test]
    fn npms_own_list_says_what_is_linked_and_what_is_for_development() {
        let text = br#"{"packages": {"node_modules/a": {"link": true, "resolved": "packages/a"},
            "node_modules/b": {"resolved": "file:../b"}, "node_modules/c": {"dev": true}}}"#;
        let known = lock(text).value;
        assert_eq!(known["node_modules/a"].0, PackageSource::Local);
        assert_eq!(known["node_modules/b"].0, PackageSource::Local);
        assert_eq!(known["node_modules/c"], (PackageSource::Registry, Scope::Development));
    }

    #[test]
    fn packages_find_each_other_as_node_does() {
        let a = installed(r#"{"name": "a", "version": "1.0.0", "dependencies": {"b": "1"}}"#);
        let b1 = installed(r#"{"name": "b", "version": "1.0.0"}"#);
        let b2 = installed(r#"{"name": "b", "version": "2.0.0", "dependencies": {"c": "1"}}"#);
        let c = installed(r#"{"name": "c", "version": "1.0.0"}"#);
        let all = [
            ("node_modules/a", &a),
            ("node_modules/a/node_modules/b", &b1),
            ("node_modules/b", &b2),
            ("node_modules/.pnpm/c@1.0.0/node_modules/c", &c),
        ];
        let [unknown, shipped] = [Scope::Unknown, Scope::Production];
        let manifest = br#"{"name": "app", "devDependencies": {"a": "1"}}"#;
        let packages = packages(Some(manifest), &all, &Known::new());
        let edges: Vec<&[u32]> = packages.iter().map(|one| &one.dependencies[..]).collect();
        assert_eq!(edges, [&[1][..], &[2], &[], &[4], &[]]);
        assert!(packages[1].direct && !packages[2].direct);
        let scopes: Vec<Scope> = packages.iter().map(|one| one.scope).collect();
        assert_eq!(scopes, [unknown, unknown, unknown, shipped, shipped], "the manifest decides on what it reaches");
        let lost = super::packages(Some(manifest), &all[..1], &Known::new());
        assert_eq!(lost[1].scope, Scope::Production, "b is not found");
    }

    #[test]
    fn what_the_project_asks_for_from_elsewhere_is_no_registrys() {
        let one = |name: &str| installed(&format!(r#"{{"name": "{name}", "version": "1.0.0"}}"#));
        let manifest = br#"{"dependencies": {"a": "file:a", "b": "o/b", "c": "npm:@s/c@1", "d": "^1 || 2"},
            "devDependencies": {"e": "https://h/e.tgz"}}"#;
        let names = ["a", "b", "c", "d", "e"].map(|name| (format!("node_modules/{name}"), one(name)));
        let stores = ["a@file+libs+a", "@s+a@1.0.0_b@2.0.0", "a@https+++h+a"];
        let stores = stores.map(|store| (format!("node_modules/.pnpm/{store}/node_modules/a"), one("a")));
        let nested = [("node_modules/d/node_modules/a".to_owned(), one("a"))];
        let all: Vec<(&str, &Installed)> =
            names.iter().chain(&stores).chain(&nested).map(|(folder, one)| (folder.as_str(), one)).collect();
        let found = packages(Some(manifest), &all, &Known::new());
        let registry: Vec<bool> = found[1..].iter().map(|one| one.source == PackageSource::Registry).collect();
        assert_eq!(registry, [false, false, true, true, false, false, true, false, true]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[{}\\[\\]:,\"a-z0-9 ]{0,60}") {
            for content in [&bytes[..], text.as_bytes()] {
                if let Some(one) = read(content).value {
                    prop_assert!(one.span.end as usize <= content.len());
                    let all = packages(Some(content), &[("node_modules/a", &one)], &lock(content).value);
                    prop_assert_eq!(all.len(), 2);
                }
            }
        }
    }
}
