#!/usr/bin/env python3
"""portcullis beside cargo-audit, advisory by advisory, over every Cargo.lock below some folders.

    benches/cargo-audit.py --portcullis target/release/portcullis --cargo-audit cargo-audit \
        --db RUSTSEC_CLONE FOLDER...

Both read the same clone of RustSec's database, and no network. A difference is a line `only cargo-audit` or
`only portcullis` with file, package, version and id; the exit code is 1 where there is any.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile


def by_cargo_audit(program, db, lock):
    """What cargo-audit says: package, version, id. None where it gives no answer."""
    command = [program, "audit", "--db", db, "--no-fetch", "--stale", "--json", "--no-yanked", "-f", str(lock)]
    run = subprocess.run(command, capture_output=True, text=True, cwd="/")
    if "--no-yanked" in run.stderr and not run.stdout:
        command.remove("--no-yanked")
        run = subprocess.run(command, capture_output=True, text=True, cwd="/")
    if not run.stdout.startswith("{"):
        return None
    report = json.loads(run.stdout)
    warnings = [one for kind in report["warnings"].values() for one in kind]
    # A yanked version is no advisory, and needs the registry's index.
    told = report["vulnerabilities"]["list"] + [one for one in warnings if one.get("advisory")]
    return {(one["package"]["name"], one["package"]["version"], one["advisory"]["id"]) for one in told}


def by_portcullis(program, lock):
    """What portcullis says of a copy of the file that stands alone."""
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "Cargo.lock").write_bytes(lock.read_bytes())
        command = [program, "scan", folder, "--no-config", "--scanners", "deps", "-q", "--fail-on", "none", "-f", "json"]
        run = subprocess.run(command, capture_output=True, text=True)
    found = set()
    for finding in json.loads(run.stdout)["findings"]:
        about = finding["properties"]
        ids = [one for one in about["ids"] if one.startswith("RUSTSEC-")]
        found |= {(about["package"], about["version"], one) for one in ids}
    return found


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--portcullis", required=True)
    arguments.add_argument("--cargo-audit", required=True)
    arguments.add_argument("--db", required=True, help="a clone of RustSec's advisory-db")
    arguments.add_argument("--most", type=int, default=0, help="stop after so many files")
    arguments.add_argument("folders", nargs="+", type=pathlib.Path)
    given = arguments.parse_args()
    locks = sorted(lock for folder in given.folders for lock in folder.rglob("Cargo.lock"))
    locks = locks[: given.most] if given.most else locks
    program, db = os.path.abspath(given.portcullis), os.path.abspath(given.db)
    unanswered, equal, both, differences = 0, 0, 0, 0
    with tempfile.TemporaryDirectory() as cache:
        os.environ["PORTCULLIS_CACHE"] = cache
        subprocess.run([program, "db", "update", "--from", db], check=True, stdout=subprocess.DEVNULL)
        for lock in locks:
            theirs, ours = by_cargo_audit(given.cargo_audit, db, lock.resolve()), by_portcullis(program, lock)
            if theirs is None:
                unanswered += 1
                print(f"no answer from cargo-audit\t{lock}\t{len(ours)} by portcullis")
                continue
            both += len(theirs & ours)
            equal += theirs == ours
            differences += len(theirs ^ ours)
            for side, more in [("only cargo-audit", theirs - ours), ("only portcullis", ours - theirs)]:
                for one in sorted(more):
                    print(f"{side}\t{lock}\t" + "\t".join(one))
    print(f"{len(locks)} files: {equal} equal, {unanswered} unanswered; {both} findings by both, {differences} by one")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
