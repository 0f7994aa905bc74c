#!/usr/bin/env bash
# The figures of README.md: a repository of 50,000 files with one staged change, made here, and the median wall time
# of 20 runs each. Peers count where they are on the path.
#   benches/repository.sh [portcullis]
set -euo pipefail
program=$(realpath "${1:-target/release/portcullis}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
git init -q -b main
for package in $(seq 500); do
  mkdir -p "p$((package / 25))/m$package"
  for file in $(seq 100); do
    for line in $(seq 20); do
      printf 'def f%s(x):\n    return x + %s\n' "$((package * 100000 + file * 100 + line))" "$((file * line))"
    done >"p$((package / 25))/m$package/f$file.py"
  done
done
git add .
git -c user.name=bench -c user.email=bench@example.com commit -q -m one
echo 'b = 1' >>p1/m30/f1.py
git add .

# The median of 20 runs of the words after the first, in milliseconds.
median() {
  local name=$1 started
  shift
  command -v "$1" >/dev/null || return 0
  for _ in $(seq 20); do
    started=$(date +%s%N)
    "$@" >/dev/null 2>&1 || true
    echo "$((($(date +%s%N) - started) / 10000))"
  done | sort -n | sed -n 10p | awk -v name="$name" '{ printf "%-44s %8.1f ms\n", name, $1 / 100 }'
}
median 'portcullis scan --staged' "$program" scan --staged -q
median 'gitleaks git --pre-commit --staged' gitleaks git --pre-commit --staged --no-banner .
median 'kingfisher scan --staged' kingfisher scan . --staged --no-validate --no-update-check
median 'portcullis scan' "$program" scan -q
median 'gitleaks dir' gitleaks dir --no-banner .
median 'kingfisher scan' kingfisher scan . --git-history none --no-validate --no-update-check
median 'trivy fs' trivy fs --scanners secret,misconfig --skip-version-check --offline-scan --quiet .
