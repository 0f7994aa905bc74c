#!/usr/bin/env python3
"""How the time of a scan for secrets grows with the number of rules: 100, 200, all, and all of them twice.

    benches/rules.py TREE [portcullis]

Prints the least CPU seconds of nine runs each, interleaved, without what the program takes for one small file with the
same rules: rules that are built in are compiled by the build, those of a folder when the program starts.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

tree = pathlib.Path(sys.argv[1]).resolve()
program = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else "target/release/portcullis").resolve()
files = sorted(pathlib.Path("rules/secrets").rglob("*.toml"))
ids = [rule for file in files for rule in re.findall(r'^id = "(.+)"$', file.read_text(), re.M)]


def seconds(root, config, more):
    command = [program, "scan", root, "--config", config, "--scanners", "secrets", "--fail-on", "none", "-q"]
    process = subprocess.Popen([*command, "-f", f"sarif={os.devnull}", *more], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, f"{command} {more} ended with {status}"
    return usage.ru_utime + usage.ru_stime


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    (folder / "one").mkdir()
    (folder / "one/a.txt").write_text("x = 1\n")
    (folder / "again").mkdir()
    for at, file in enumerate(files):
        text = re.sub(r'^id = "(.+)"$', r'id = "again-\1"', file.read_text(), flags=re.M)
        if "[[rule]]" not in text:
            continue  # Families of providers are looked for nowhere, however many they are.
        (folder / f"again/{at}.toml").write_text(text)
    cases = {}
    for count in (100, 200, len(ids)):
        # Every nth rule, so that each provider file is thinned alike.
        kept = {ids[at * len(ids) // count] for at in range(count)}
        config = folder / f"{count}.toml"
        config.write_text(f"[secrets]\ndisable = {[rule for rule in ids if rule not in kept]}\n")
        cases[f"{count} rules"] = (config, [])
    cases[f"{len(ids)} rules twice"] = (config, ["--rules", folder / "again"])
    least = dict.fromkeys(cases, (9e9, 9e9))
    for _ in range(9):
        for name, case in cases.items():
            least[name] = (min(least[name][0], seconds(tree, *case)), min(least[name][1], seconds(folder / "one", *case)))
for name, (whole, start) in least.items():
    print(f"{name:20} {whole - start:6.2f} s, and {start * 1000:5.1f} ms to start")
