# Appanage: everything that is done with the sources. `make help` lists it.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

# Our own packages for the race detector: not generated code, nor tests that drive another process.
OURS = $(shell go list ./... | grep -v -e /ent -e /graph/generated -e /internal/proctest -e /bench)

.PHONY: help demo test test-go test-race test-web check generate lint bench web prerequisites clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: ## Run the server with demo data
	go run . serve --demo

test: prerequisites test-go test-web ## Set up and run all tests (installs what is missing on Debian and Ubuntu)

prerequisites:
	@scripts/prerequisites.sh

test-go: ## The Go tests, on SQLite and on a MariaDB of their own
	go test -count=1 ./...

test-race: ## The Go tests of our packages under the race detector
	CGO_ENABLED=1 go test -count=1 -race $(OURS)

test-web: ## The page in a real browser, and the 61 checks of graphql-http
	scripts/test-web.sh

check: ## Generated code and migrations in step with their sources
	scripts/check-generated.sh

generate: ## Write the generated code anew (after a change of ent/schema or schema/)
	go run ent/entc.go
	go tool gqlgen generate

lint: ## Linters
	go vet ./...
	go tool -modfile=tools/go.mod golangci-lint run ./...

bench: ## Measure: time, allocations and statements beside a hand-written handler
	go run ./bench

web: ## Build the GraphiQL page from its npm packages
	cd web && npm ci && npm run build

clean: ## Remove what tests and builds leave
	rm -rf bin test-results web/node_modules
