#!/usr/bin/env bash
# Runs README's tour as it stands there, against a server on a demo's data: tour.sh YIXUN DATA_FOLDER DEMO_LOG
set -euo pipefail
yixun=$1 data=$2 log=$3

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
YIXUN_DATA_DIR=$data YIXUN_LISTEN=127.0.0.1:$port YIXUN_LOG=warn "$yixun" serve &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true' EXIT
for _ in $(seq 100); do
  curl -sf "http://127.0.0.1:$port/readyz" >/dev/null && break
  sleep 0.1
done

PASSWORD=$(awk '$2 == "drafter1" {print $3}' "$log")
export B=http://127.0.0.1:$port/api/v1 PASSWORD
folder=$(mktemp -d)
sed -n '/^<!-- tour -->/,/^<!-- end of tour -->/p' README.md | sed -n '/^```sh/,/^```/p' | sed '/^```/d' >"$folder/tour.sh"
[ -s "$folder/tour.sh" ] || { echo "README has no tour"; exit 1; }
(cd "$folder" && bash -euo pipefail tour.sh)
head -c 5 "$folder/letter.pdf" | grep -q '%PDF-' || { echo "the tour brought no letter"; exit 1; }
curl -sf "http://127.0.0.1:$port/docs/" | grep -qi swagger || { echo "no Swagger UI"; exit 1; }
rm -rf "$folder"
