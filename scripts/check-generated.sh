#!/usr/bin/env bash
# Generates everything anew and fails when that changes a file. That migrations are in step with ent/schema is a
# test of its own (internal/store).
set -euo pipefail
cd "$(dirname "$0")/.."

before=$(git status --porcelain)
go run ent/entc.go
go tool gqlgen generate
go mod tidy -diff
after=$(git status --porcelain)
if [ "$before" != "$after" ]; then
	echo "Generated code is not in step with its sources. Run 'make generate' and commit:" >&2
	git --no-pager diff --stat >&2
	exit 1
fi
