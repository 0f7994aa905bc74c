//! What compilers leave in executables: Go's build information, and the crates that cargo-auditable lists.

use std::io::Read;

use super::{error, package};
use crate::model::{Ecosystem, Package, PackageSource, Scope, Span};
use crate::syntax::{Node, Parsed, json};

/// Go's build information begins so.
const GO: &[u8] = b"\xff Go buildinf:";
/// Where its texts begin (Go 1.18 and later).
const GO_TEXTS: usize = 32;
/// Random bytes around the modules, by which a running program finds its own (`runtime/debug`, `modinfo`).
const GO_MARK: usize = 16;
/// Bytes of the list of crates; that of a thousand crates has about a hundred thousand.
const MOST_JSON: u64 = 4 * 1024 * 1024;

/// The packages of one piece of build data as [`crate::model::Input`] has it: Go's in the form of Go 1.18, or the
/// content of cargo-auditable's section. No span says anything: an executable has no lines.
#[must_use]
pub fn parse(piece: &[u8]) -> Parsed<Vec<Package>> {
    if piece.starts_with(GO) { go(piece) } else { auditable(piece) }
}

fn broken(message: &str) -> Parsed<Vec<Package>> {
    Parsed { value: Vec::new(), errors: vec![error(Span::default(), message)] }
}

/// Go's version, which says its standard library, and the modules.
fn go(piece: &[u8]) -> Parsed<Vec<Package>> {
    let texts = piece.get(GO_TEXTS..).and_then(|rest| {
        let (version, rest) = counted(rest)?;
        let (modules, _) = counted(rest)?;
        Some((version, modules))
    });
    let Some((version, modules)) = texts else { return broken("Go's build information breaks off") };
    let mut parsed = Parsed { value: Vec::new(), errors: Vec::new() };
    let version = String::from_utf8_lossy(version);
    // `go1.21.3`, `go1.21.3 X:boringcrypto`; one built from Go's own repository (`devel go1.22-…`) is no release.
    let release = version.split_whitespace().next().and_then(|word| word.strip_prefix("go"));
    if let Some(release) = release.filter(|text| text.starts_with(|c: char| c.is_ascii_digit())) {
        parsed.value.push(go_package("stdlib", release, PackageSource::Registry));
    }
    let marked = modules.len() > 2 * GO_MARK && modules[modules.len() - GO_MARK - 1] == b'\n';
    let Some(modules) = marked.then(|| &modules[GO_MARK..modules.len() - GO_MARK]) else { return parsed };
    for line in String::from_utf8_lossy(modules).lines() {
        let words: Vec<&str> = line.split('\t').collect();
        match words[..] {
            ["mod", path, version, ..] if !path.is_empty() => {
                let source = if is_release(version) { PackageSource::Registry } else { PackageSource::Local };
                parsed.value.push(go_package(path, version, source));
            }
            ["dep", path, version, ..] if !path.is_empty() => {
                let local = !version.starts_with('v');
                let source = if local { PackageSource::Local } else { PackageSource::Registry };
                parsed.value.push(go_package(path, version, source));
            }
            // It stands behind the module that it replaces. A folder has no version.
            ["=>", path, version, ..] => {
                let Some(replaced) = parsed.value.last_mut().filter(|last| last.name != "stdlib") else { continue };
                let folder = path.starts_with(['.', '/', '\\']) || !version.starts_with('v');
                if folder {
                    replaced.source = PackageSource::Local;
                } else {
                    *replaced = go_package(path, version, PackageSource::Registry);
                }
            }
            _ => {}
        }
    }
    parsed
}

fn go_package(path: &str, version: &str, source: PackageSource) -> Package {
    let mut package = package(Ecosystem::Go, path, version, source, Span::default());
    package.scope = Scope::Production;
    package
}

/// A text behind its length, and the rest.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (mut length, mut size) = (0_usize, 0);
    for byte in bytes.iter().take(5) {
        length |= usize::from(byte & 0x7f) << (7 * size);
        size += 1;
        if byte & 0x80 == 0 {
            return bytes.get(size..)?.split_at_checked(length);
        }
    }
    None
}

/// True for the version of a release; not for `(devel)`, or for a commit between releases, whose number is made up
/// (Go modules reference, "Pseudo-versions").
fn is_release(version: &str) -> bool {
    version.starts_with('v') && !is_pseudo(version)
}

/// `vX.0.0-YYYYMMDDHHMMSS-COMMIT`, `vX.Y.Z-0.YYYYMMDDHHMMSS-COMMIT`, `vX.Y.Z-pre.0.YYYYMMDDHHMMSS-COMMIT`.
fn is_pseudo(version: &str) -> bool {
    let version = version.split_once('+').map_or(version, |(version, _)| version);
    let Some((rest, commit)) = version.rsplit_once('-') else { return false };
    let time = rest.rsplit(['-', '.']).next().unwrap_or_default();
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    commit.len() == 12 && commit.bytes().all(|byte| byte.is_ascii_alphanumeric()) && time.len() == 14 && digits(time)
}

/// The crates: zlib around JSON (cargo-auditable, PARSING.md).
fn auditable(piece: &[u8]) -> Parsed<Vec<Package>> {
    let mut text = Vec::new();
    let mut inflated = flate2::read::ZlibDecoder::new(piece).take(MOST_JSON + 1);
    if inflated.read_to_end(&mut text).is_err() {
        return broken("the list of crates is no zlib stream, or breaks off");
    }
    if text.len() as u64 > MOST_JSON {
        return broken("the list of crates is larger than 4 MiB");
    }
    let Parsed { value: root, errors } = json::parse(&text);
    // What stands where in that text is of no use: nobody sees it.
    let mut errors: Vec<_> = errors.into_iter().map(|one| error(Span::default(), &one.message)).collect();
    let items = root.get("packages").map(Node::items).unwrap_or_default();
    if root.get("packages").is_none() && errors.is_empty() {
        errors.push(error(Span::default(), "the list of crates has no `packages`"));
    }
    let count = items.len();
    let mut value = Vec::with_capacity(count);
    for item in items {
        let text = |key| item.get(key).and_then(Node::as_str).unwrap_or_default();
        let source = match text("source") {
            "crates.io" => PackageSource::Registry,
            "local" => PackageSource::Local,
            other => PackageSource::Other(other.to_owned()),
        };
        if text("name").is_empty() || text("version").is_empty() {
            errors.push(error(Span::default(), "a crate without name or version"));
        }
        let mut crate_ = package(Ecosystem::Cargo, text("name"), text("version"), source, Span::default());
        crate_.scope = Scope::Production;
        let asked = item.get("dependencies").map(Node::items).unwrap_or_default().iter();
        let indexes = asked.filter_map(|index| index.scalar()?.parse::<u32>().ok());
        crate_.dependencies = indexes.filter(|index| (*index as usize) < count).collect();
        crate_.dependencies.sort_unstable();
        crate_.dependencies.dedup();
        value.push(crate_);
    }
    let roots = value.iter().filter(|package| package.source == PackageSource::Local);
    let direct: Vec<u32> = roots.flat_map(|root| root.dependencies.iter().copied()).collect();
    for direct in direct {
        value[direct as usize].direct = true;
    }
    Parsed { value, errors }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;

    fn go_piece(version: &str, modules: &str) -> Vec<u8> {
        let mut bytes = GO.to_vec();
        bytes.extend([8, 2]);
        bytes.resize(GO_TEXTS, 0);
        let marked = format!("0123456789abcdef{modules}fedcba9876543210");
        for text in [version, if modules.is_empty() { "" } else { &marked }] {
            let length = text.len();
            assert!(length < 1 << 14);
            bytes.extend(if length < 128 {
                vec![length as u8]
            } else {
                vec![length as u8 | 0x80, (length >> 7) as u8]
            });
            bytes.extend(text.bytes());
        }
        bytes
    }

    fn zlib(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    /// Name, version, whether the registry's.
    fn told(piece: &[u8]) -> Vec<(String, String, bool)> {
        let parsed = parse(piece);
        assert_eq!(parsed.errors, []);
        parsed.value.into_iter().map(|one| (one.name, one.version, one.source == PackageSource::Registry)).collect()
    }

    fn one(name: &str, version: &str, registry: bool) -> (String, String, bool) {
        (name.to_owned(), version.to_owned(), registry)
    }

    #[test]
    fn modules_and_what_replaces_them() {
        let modules = "path\texample.org/app/cmd\nmod\texample.org/app\t(devel)\t\n\
            dep\texample.org/a\tv1.0.0\th1:x=\ndep\texample.org/b\tv1.0.0\n=>\texample.org/fork/b\tv1.1.0\th1:y=\n\
            dep\texample.org/c\tv1.0.0\n=>\t./c\t(devel)\t\ndep\texample.org/d\t(devel)\t\n\
            build\t-compiler=gc\nbuild\tdep=x\n";
        assert_eq!(
            told(&go_piece("go1.21.3 X:boringcrypto", modules)),
            [
                one("stdlib", "1.21.3", true),
                one("example.org/app", "(devel)", false),
                one("example.org/a", "v1.0.0", true),
                one("example.org/fork/b", "v1.1.0", true),
                one("example.org/c", "v1.0.0", false),
                one("example.org/d", "(devel)", false),
            ]
        );
        assert_eq!(told(&go_piece("devel go1.22-0c0e0c1 Thu Oct 1", "")), []);
    }

    #[test]
    fn a_main_module_counts_only_as_a_release() {
        let main = |version: &str| {
            let found = told(&go_piece("devel", &format!("mod\texample.org/app\t{version}\t\n")));
            found[0].2
        };
        assert!(main("v1.2.3") && main("v1.2.3-rc.1") && main("v1.2.3+dirty") && main("v2.0.0+incompatible"));
        for version in
            ["(devel)", "v0.0.0-20240102030405-0123456789ab", "v1.2.4-0.20240102030405-0123456789ab+dirty", ""]
        {
            assert!(!main(version), "{version}");
        }
        assert!(!main("v1.2.3-rc.1.0.20240102030405-0123456789ab"));
    }

    #[test]
    fn crates_with_their_graph() {
        let text =
            br#"{"packages":[{"name":"app","version":"0.1.0","source":"local","root":true,"dependencies":[2,1,9]},
            {"name":"git","version":"1.0.0","source":"git"},{"name":"a","version":"1.0.0","source":"crates.io"}]}"#;
        let parsed = parse(&zlib(text));
        assert_eq!(parsed.errors, []);
        assert_eq!(parsed.value[0].dependencies, [1, 2]);
        assert!(parsed.value[2].direct && parsed.value[2].source == PackageSource::Registry);
        assert_eq!(parsed.value[1].source, PackageSource::Other("git".to_owned()));
    }

    #[test]
    fn a_stream_that_grows_without_end_is_cut() {
        let bomb = zlib(&vec![b' '; 64 << 20]);
        assert!(bomb.len() < 1 << 20);
        assert_eq!(parse(&bomb).errors[0].message, "the list of crates is larger than 4 MiB");
        assert!(parse(b"no zlib").errors[0].message.contains("no zlib stream"));
        let whole = go_piece("go1.21", "mod\tm\t(devel)\n");
        assert!(parse(&whole[..whole.len() - 1]).errors[0].message.contains("breaks off"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..300), modules in "(dep|mod|=>|\\t|\\n|v1|[a-z]){0,40}") {
            let mut go = GO.to_vec();
            go.extend(&bytes);
            for piece in [&bytes, &go, &zlib(&bytes), &go_piece("go1.20", &modules)] {
                for package in parse(piece).value {
                    prop_assert_eq!(package.span, Span::default());
                }
            }
        }
    }
}
