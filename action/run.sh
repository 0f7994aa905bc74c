#!/usr/bin/env bash
# The steps of action.yml. Inputs come as environment variables alone; `tests/it/action.rs` runs each step.
set -euo pipefail

say() { printf '%s\n' "portcullis: $*"; }
warn() { printf '%s\n' "::warning title=portcullis::$*"; }
output() { printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"; }

# Where the program goes, and what it is made of.
prepare() {
  local sum=sha256sum
  command -v sha256sum >/dev/null || sum="shasum -a 256"
  local key
  key=$(cd "$GITHUB_ACTION_PATH" && find Cargo.toml Cargo.lock build.rs src rules -type f | LC_ALL=C sort | tr '\n' '\0' |
    xargs -0 cat | $sum | cut -c 1-32)
  output key "$key"
  output folder "$RUNNER_TEMP/portcullis-$key"
}

# The program: kept from an earlier run, fetched and checked, or built from this action's own source.
install() {
  local program="$FOLDER/bin/portcullis"
  if [ -n "$BINARY_URL" ]; then
    if [ "${#BINARY_SHA256}" -ne 64 ]; then
      printf '%s\n' "::error title=portcullis::binary-url needs binary-sha256, 64 hexadecimal digits"
      return 1
    fi
    mkdir -p "$FOLDER/bin"
    curl --proto '=https,file' --fail --silent --show-error --location --retry 3 --output "$program" "$BINARY_URL"
    if ! printf '%s  %s\n' "$BINARY_SHA256" "$program" | { sha256sum --check --status 2>/dev/null || shasum -a 256 --check --status; }; then
      rm -f "$program"
      printf '%s\n' "::error title=portcullis::the file at binary-url has another SHA-256 than binary-sha256 says"
      return 1
    fi
    chmod +x "$program"
  elif [ ! -x "$program" ] && [ ! -x "$program.exe" ]; then
    if command -v rustup >/dev/null; then
      local wanted
      wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$GITHUB_ACTION_PATH/Cargo.toml")
      rustup toolchain install "$wanted" --profile minimal --no-self-update
      export RUSTUP_TOOLCHAIN="$wanted"
    fi
    cargo install --locked --path "$GITHUB_ACTION_PATH" --root "$FOLDER"
  fi
  "$program" --version
}

# Adds the lines of $1 to the array `words`, as one argument each; empty lines count for nothing.
add_lines() {
  local line
  while IFS= read -r line; do
    line=${line%$'\r'}
    [ -z "$line" ] || words+=("$line")
  done <<<"$1"
}

# The scan: annotations, summary and outputs come of --ci. It does not fail the step; the gate does.
scan() {
  local program="$FOLDER/bin/portcullis" sarif="$RUNNER_TEMP/portcullis.sarif" code=0
  local -a words=(scan --ci --root . --format table --format "sarif=$sarif" "--category=$CATEGORY")
  [ -z "$FAIL_ON" ] || words+=("--fail-on=$FAIL_ON")
  [ -z "$SCANNERS" ] || words+=("--scanners=$SCANNERS")
  [ -z "$CONFIG" ] || words+=("--config=$CONFIG")
  [ -z "$BASELINE" ] || words+=("--baseline=$BASELINE" --new-only)
  add_lines "$ARGS"
  words+=(--)
  add_lines "$PATHS"
  if [ "$UPDATE_DB" = true ]; then
    "$program" db update --quiet || warn "the advisory database could not be fetched: the built-in starter set answers"
  fi
  rm -f "$sarif"
  "$program" "${words[@]}" || code=$?
  # A scan that could not begin tells no exit code itself.
  [ -f "$sarif" ] || output exit-code "$code"
  output sarif "$sarif"
}

# Whether the report goes to code scanning.
decide() {
  local upload=false
  case "$UPLOAD" in
    always) upload=true ;;
    never) ;;
    auto)
      if [ ! -f "$SARIF" ]; then
        say "nothing to upload"
      elif [ -n "$HEAD_REPOSITORY" ] && [ "$HEAD_REPOSITORY" != "$GITHUB_REPOSITORY" ]; then
        say "not uploaded: the token of a fork's pull request cannot"
      elif [ "$GITHUB_ACTOR" = "dependabot[bot]" ]; then
        say "not uploaded: Dependabot's token cannot"
      elif code_scanning_is_on; then
        upload=true
      fi
      ;;
    *)
      printf '%s\n' "::error title=portcullis::upload must be auto, always or never"
      return 1
      ;;
  esac
  output upload "$upload"
}

# 200 and 404 (no analysis yet) say yes; 403 says that it is off, or that the token may not see it.
code_scanning_is_on() {
  local status
  status=$(printf 'header = "Authorization: Bearer %s"\n' "$TOKEN" |
    curl --config - --silent --output /dev/null --write-out '%{http_code}' --max-time 20 \
      "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/code-scanning/alerts?per_page=1") || status=000
  case "$status" in
    200 | 404) return 0 ;;
    403)
      warn "not uploaded: code scanning is off for this repository, or the job lacks the permission 'security-events: write'"
      return 1
      ;;
    *)
      warn "not uploaded: asked whether code scanning is on, GitHub answered $status"
      return 1
      ;;
  esac
}

gate() {
  exit "${EXIT_CODE:-2}"
}

case "${1-}" in
  prepare | install | scan | decide | gate) "$1" ;;
  *)
    say "no such step: ${1-}" >&2
    exit 2
    ;;
esac
