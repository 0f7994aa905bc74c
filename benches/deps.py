#!/usr/bin/env python3
"""Makes what the figures in docs/deps.md are measured on: nothing here is fetched.

    benches/deps.py database DIR [MALICIOUS [VULNERABLE]]  a mirror in the OSV bucket's layout: DIR/npm/all.zip, ...
    benches/deps.py lock FILE MEGABYTES                    a package-lock.json (version 3) of that size
    benches/deps.py repository DIR PACKAGES                a project: lock files of npm, Cargo and Go, and sources
"""

import json
import pathlib
import sys
import zipfile


def word(n):
    """The same letters for the same number, none like those of its neighbour."""
    return f"{(n * 0x9E3779B97F4A7C15 & (1 << 64) - 1) >> 24:x}"


def record(ecosystem, number, name, fixed):
    events = [{"introduced": "0"}] + ([{"fixed": fixed}] if fixed else [])
    affected = {"package": {"ecosystem": ecosystem, "name": name}, "ranges": [{"type": "SEMVER", "events": events}]}
    summary = f"Malicious code in {name}" if number.startswith("MAL") else f"Prototype pollution in {name}"
    return {
        "id": number, "modified": "2026-08-01T00:00:00Z", "published": "2026-07-01T00:00:00Z", "summary": summary,
        "details": summary * 8, "affected": [affected], "schema_version": "1.7.0",
        "references": [{"type": "WEB", "url": f"https://example.org/{number}"}],
    }


def database(folder, malicious=200_000, vulnerable=20_000):
    mirror = pathlib.Path(folder)
    names = {"npm": "pkg", "crates.io": "crate", "Go": "example.org/module"}
    for ecosystem, name in names.items():
        (mirror / ecosystem).mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(mirror / ecosystem / "all.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            bad = range(malicious if ecosystem == "npm" else 0)
            for n in bad:
                one = record(ecosystem, f"MAL-2025-{n}", f"{word(n)}-helper-{n}", None)
                archive.writestr(f"{one['id']}.json", json.dumps(one))
            for n in range(vulnerable if ecosystem == "npm" else 10):
                one = record(ecosystem, f"GHSA-{ecosystem[0]}-{n}", f"{name}-{n // 3}", f"1.{n % 9}.0")
                archive.writestr(f"{one['id']}.json", json.dumps(one))


def entry(n):
    asks = {f"harmless-{(n * 7 + k) % 1_000_000}": f"^1.{k}.0" for k in range(3)}
    name = f"pkg-{n}" if n % 40 == 0 else f"harmless-{n}"
    return f"node_modules/{name}", {
        "version": f"1.{n % 9}.{n % 5}", "resolved": f"https://registry.npmjs.org/{name}/-/{name}-1.0.0.tgz",
        "integrity": "sha512-" + word(n) * 8, "license": "MIT", "dependencies": asks, "engines": {"node": ">=12"},
    }


def lock(file, megabytes, packages=None):
    """Of a size in megabytes, or of so many packages."""
    with open(file, "w") as out:
        asked = {entry(n)[0][len("node_modules/"):]: "^1.0.0" for n in range(0, 2000, 10)}
        root = {"name": "app", "version": "1.0.0", "dependencies": asked}
        out.write('{\n  "name": "app",\n  "lockfileVersion": 3,\n  "packages": {\n    "": ' + json.dumps(root))
        n = 0
        while (n < packages) if packages else (out.tell() < int(megabytes) * 1_000_000):
            key, value = entry(n)
            out.write(f",\n    {json.dumps(key)}: " + json.dumps(value, indent=2).replace("\n", "\n    "))
            n += 1
        out.write("\n  }\n}\n")


def repository(folder, packages):
    tree, packages = pathlib.Path(folder), int(packages)
    tree.mkdir(parents=True, exist_ok=True)
    lock(tree / "package-lock.json", 0, packages * 6 // 10)
    asked = {entry(n)[0][len("node_modules/"):]: "^1.0.0" for n in range(0, packages * 6 // 10, 10)}
    (tree / "package.json").write_text(json.dumps({"name": "app", "dependencies": asked}, indent=2))
    registry = "registry+https://github.com/rust-lang/crates.io-index"
    crates = ["version = 4\n", '[[package]]\nname = "app"\nversion = "0.1.0"\ndependencies = [\n "crate-0",\n]\n']
    for n in range(packages * 3 // 10):
        asks = "".join(f' "crate-{(n + k) % (packages * 3 // 10)}",\n' for k in range(1, 5))
        crates.append(
            f'[[package]]\nname = "crate-{n}"\nversion = "1.{n % 9}.0"\nsource = "{registry}"\n'
            f'checksum = "{word(n) * 4}"\ndependencies = [\n{asks}]\n'
        )
    (tree / "Cargo.lock").write_text("\n".join(crates))
    (tree / "Cargo.toml").write_text('[package]\nname = "app"\nversion = "0.1.0"\n\n[dependencies]\ncrate-0 = "1"\n')
    lines = "".join(f"\texample.org/module-{n} v1.{n % 9}.0\n" for n in range(packages // 10))
    (tree / "go.mod").write_text(f"module example.org/app\n\ngo 1.22\n\nrequire (\n{lines})\n")


if __name__ == "__main__":
    what = {"database": database, "lock": lock, "repository": repository}.get(sys.argv[1] if sys.argv[1:] else "")
    if what is None:
        sys.exit(__doc__)
    what(sys.argv[2], *map(int, sys.argv[3:]))
