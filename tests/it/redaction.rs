//! No output holds a secret: every report of a tree with more than 500 of them is searched for each.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use portcullis::report;

use crate::labelled::recipe::samples;

/// Bytes of a value that must stand nowhere, where it is as long: a finding may show the head that all of its kind
/// have and the last four bytes.
const PIECE: usize = 12;

#[test]
fn no_report_holds_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    plant(&tree);
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.arg("scan").arg(&tree).args(["--scanners", "secrets", "--no-config", "--no-ignore", "--fail-on", "none"]);
    for format in report::FORMATS {
        command.arg("-f").arg(format!("{}={}", format.name, folder.path().join(format.name).display()));
    }
    let run = command.output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let baseline = folder.path().join("baseline.json");
    let written = Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .args(["baseline", "write", "-q"])
        .arg("--file")
        .arg(&baseline)
        .arg(&tree)
        .output()
        .unwrap();
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    let json = std::fs::read(folder.path().join("json")).unwrap();
    let values = values(&tree, &serde_json::from_slice(&json).unwrap());
    assert!(values.len() >= 500, "{} values", values.len());
    let mut outputs = vec![
        ("standard output".to_owned(), run.stdout),
        ("standard error".to_owned(), run.stderr),
        ("standard output of baseline".to_owned(), written.stdout),
        ("standard error of baseline".to_owned(), written.stderr),
    ];
    outputs.push(("baseline".to_owned(), std::fs::read(&baseline).unwrap()));
    for format in report::FORMATS {
        outputs.push((format.name.to_owned(), std::fs::read(folder.path().join(format.name)).unwrap()));
    }
    let pieces: Vec<&[u8]> = values.iter().flat_map(|value| pieces(value)).collect();
    let searcher = aho_corasick::AhoCorasick::new(&pieces).unwrap();
    for (name, bytes) in &outputs {
        let hit = searcher.find(bytes);
        let told = hit.map(|hit| String::from_utf8_lossy(pieces[hit.pattern().as_usize()]).into_owned());
        assert_eq!(told, None, "{name}");
    }
}

/// A file for each sample that holds a secret.
fn plant(tree: &Path) {
    for (at, sample) in samples().iter().filter(|sample| sample.secret).enumerate() {
        let path = tree.join(format!("{at:04}")).join(&sample.path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, &sample.text).unwrap();
    }
}

/// The values that the report's regions cover.
fn values(tree: &Path, report: &serde_json::Value) -> BTreeSet<Vec<u8>> {
    let findings = report["findings"].as_array().unwrap();
    let value = |finding: &serde_json::Value| {
        let bytes = std::fs::read(tree.join(finding["path"].as_str()?)).ok()?;
        let number = |key: &str| finding["region"][key].as_u64().and_then(|n| usize::try_from(n).ok());
        let start = number("byteOffset")?;
        bytes.get(start..start + number("byteLength")?).map(<[u8]>::to_vec)
    };
    findings.iter().filter_map(value).collect()
}

/// The middle of a long value cut up, or a short one whole. Pieces that are words of a format say nothing.
fn pieces(value: &[u8]) -> Vec<&[u8]> {
    if value.len() < 3 * PIECE {
        let whole = value.len() >= 6 && value.iter().any(u8::is_ascii_digit);
        return if whole { vec![value] } else { Vec::new() };
    }
    let middle = &value[value.len() / 3..value.len() - 4];
    let chance = |piece: &&[u8]| piece.iter().filter(|b| b.is_ascii_digit()).count() > 1;
    middle.chunks_exact(PIECE).filter(chance).collect()
}
