#!/usr/bin/env bash
# Builds the reference client and runs the conformance test with it, on a copy of a demo's data:
# phone.sh YIXUN DATA_FOLDER DEMO_LOG
set -euo pipefail
yixun=$(realpath "$1") data=$(realpath "$2") log=$(realpath "$3")
cd "$(dirname "$0")/../examples/phone"

work=$(mktemp -d)
export TMPDIR=$work SERVER_PID=$work/server.pid
finish() {
  # The run ends its server itself, unless it was ended by force.
  if [ -s "$SERVER_PID" ] && [ "$(readlink "/proc/$(cat "$SERVER_PID")/exe")" = "$yixun" ]; then
    kill "$(cat "$SERVER_PID")" || true
  fi
  rm -rf "$work"
}
trap finish EXIT

npm ci --no-audit --no-fund --loglevel=error
npm run --silent types
npm run --silent check
rm -rf build
npm run --silent build
npm test --silent
cp -r "$data" "$work/data"
(cd ../.. && node examples/phone/build/conformance.js "$yixun" "$work/data" "$log")
