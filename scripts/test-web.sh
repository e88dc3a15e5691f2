#!/usr/bin/env bash
# Starts the server with demo data on a free port of the loopback, and holds it against the 61 checks of graphql-http
# and against a person's first minute in a real browser.
set -euo pipefail
cd "$(dirname "$0")/.."

results=test-results
mkdir -p "$results"
(cd web && npm ci --no-audit --no-fund --silent)
go build -o bin/appanage .

password=$(head -c 12 /dev/urandom | od -An -tx1 | tr -d ' \n')
APPANAGE_DEMO_PASSWORD=$password bin/appanage serve --demo --listen 127.0.0.1:0 \
	>"$results/server.out" 2>"$results/server.err" &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true' EXIT

url=
for _ in $(seq 100); do
	url=$(sed -n 's#^ *Page  *\(http://[^ ]*\)/$#\1#p' "$results/server.out")
	if [ -n "$url" ] && curl -fs "$url/readyz" >/dev/null; then break; fi
	if ! kill -0 "$server" 2>/dev/null; then cat "$results/server.err" >&2; exit 1; fi
	sleep 0.1
done

export APPANAGE_URL=$url APPANAGE_USER=sysadmin APPANAGE_PASSWORD=$password SCREENSHOT=$PWD/$results/explorer.png
(cd web && node test/audit.mjs && node test/explorer.mjs)
