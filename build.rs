//! Gathers at build time what the program carries.

#![allow(clippy::disallowed_methods, reason = "a build script reads its environment and writes OUT_DIR")]

use std::path::PathBuf;

fn main() {
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    embed_database(&out);
}

/// An advisory index for the program to carry: `PORTCULLIS_EMBED_DB=FILE cargo build --release`, with a file from
/// `portcullis db export`. Without one, an empty file stands in its place.
fn embed_database(out: &std::path::Path) {
    println!("cargo::rerun-if-env-changed=PORTCULLIS_EMBED_DB");
    let target = out.join("advisories.idx");
    let Some(file) = std::env::var_os("PORTCULLIS_EMBED_DB").filter(|file| !file.is_empty()).map(PathBuf::from) else {
        std::fs::write(&target, []).expect("OUT_DIR can be written");
        return;
    };
    println!("cargo::rerun-if-changed={}", file.display());
    let bytes = std::fs::read(&file).unwrap_or_else(|error| panic!("PORTCULLIS_EMBED_DB={}: {error}", file.display()));
    assert!(bytes.starts_with(b"PCADVIDX"), "PORTCULLIS_EMBED_DB={} is no file from `db export`", file.display());
    std::fs::write(&target, bytes).expect("OUT_DIR can be written");
}
