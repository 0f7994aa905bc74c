#!/usr/bin/env python3
"""CPU time and memory of portcullis on a tree, beside ripgrep's reading of the same files and beside its peers.

    benches/peers.py TREE [portcullis] [rounds]

All commands run in turn in each of the rounds (5), after one that is not counted, as whole processes. Prints medians, and
each as a multiple of `rg` looking for a literal that is nowhere. Peers count where they are on the path.
"""
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

tree = str(pathlib.Path(sys.argv[1]).resolve())
program = str(pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else "target/release/portcullis").resolve())
rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
report = ["-q", "--fail-on", "none", "--no-config", "-f", f"sarif={os.devnull}"]
commands = {
    "rg, a literal that is nowhere": ["rg", "-uu", "-c", "QzXv9_rare_literal_7", tree],
    "portcullis, secrets": [program, "scan", tree, "--scanners", "secrets", *report],
    "portcullis, all scanners": [program, "scan", tree, *report],
    "kingfisher": ["kingfisher", "scan", tree, "--git-history", "none", "--no-validate", "--no-update-check", "-q"],
    "gitleaks": ["gitleaks", "dir", tree, "--no-banner", "-l", "error"],
    "checkov": ["checkov", "-d", tree, "--quiet", "--compact"],
    "zizmor": ["zizmor", "--offline", "-q", tree],
}


def run(command):
    started = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    return usage.ru_utime + usage.ru_stime, time.monotonic() - started, usage.ru_maxrss / 1024


taken = {name: [] for name, command in commands.items() if shutil.which(command[0])}
for number in range(rounds + 1):
    for name in taken:
        figures = run(commands[name])
        if number:
            taken[name].append(figures)
base = None
print(f"{'':32} {'CPU s':>8} {'x rg':>6} {'wall s':>8} {'MB':>6}")
for name, figures in taken.items():
    cpu, wall, memory = (statistics.median(column) for column in zip(*figures))
    base = base or cpu
    print(f"{name:32} {cpu:8.2f} {cpu / base:6.1f} {wall:8.2f} {memory:6.0f}")
