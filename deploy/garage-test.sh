#!/usr/bin/env bash
# Runs the tests of the file store against a real Garage instead of the S3 server in the test process.
#
#   deploy/garage-test.sh              starts Garage in a container of its own and removes it afterwards (needs docker)
#   GARAGE=/path/to/garage deploy/garage-test.sh    with a Garage program on this machine instead
#
# Any other S3 goes without this script: make an empty bucket and set
#   YIXUN_TEST_S3='s3://bucket?endpoint=https://…&region=…' YIXUN_S3_ACCESS_KEY=… YIXUN_S3_SECRET_KEY=…
# for `cargo test --release --test api -- ::s3`. Each test writes below a prefix of its own and leaves it there.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
port=${GARAGE_PORT:-3900}
export GARAGE_DEFAULT_BUCKET=yixun-tests
export GARAGE_DEFAULT_ACCESS_KEY="GK$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')"
export GARAGE_DEFAULT_SECRET_KEY="$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')"
export GARAGE_RPC_SECRET="$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')"

if [ -n "${GARAGE:-}" ]; then
  sed -e "s|/var/lib/garage|$work|; s|\[::\]:3900|127.0.0.1:$port|; s|\[::\]:3901|127.0.0.1:$((port + 1))|" \
    -e "s|127.0.0.1:3901|127.0.0.1:$((port + 1))|" deploy/garage.toml >"$work/garage.toml"
  "$GARAGE" -c "$work/garage.toml" server --single-node --default-bucket >"$work/log" 2>&1 &
  stop="kill $!"
else
  container=$(docker run --detach --rm --publish "127.0.0.1:$port:3900" \
    --volume "$PWD/deploy/garage.toml:/etc/garage.toml:ro" \
    --env GARAGE_DEFAULT_BUCKET --env GARAGE_DEFAULT_ACCESS_KEY --env GARAGE_DEFAULT_SECRET_KEY --env GARAGE_RPC_SECRET \
    dxflrs/garage:v2.4.1 /garage server --single-node --default-bucket)
  stop="docker stop $container"
fi
trap '$stop >/dev/null; rm -rf "$work"' EXIT

for _ in $(seq 100); do
  # Any answer will do, also a refusal.
  curl -s -o /dev/null "http://127.0.0.1:$port/" && break
  sleep 0.3
done

export YIXUN_TEST_S3="s3://$GARAGE_DEFAULT_BUCKET?endpoint=http://127.0.0.1:$port&region=garage&allow_http=true"
export YIXUN_S3_ACCESS_KEY=$GARAGE_DEFAULT_ACCESS_KEY YIXUN_S3_SECRET_KEY=$GARAGE_DEFAULT_SECRET_KEY
cargo test --release --test api -- ::s3
