# Appanage: everything that is done with the sources. `make help` lists it.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

# Our own packages for the race detector: not generated code, nor tests that drive another process or are about single requests, nor the pure kernels and the
# planner, whose tests do one thing at a time. Of the tests of the API those run there that are about requests at once, of the sweep one turn, and of the
# differential test, which drives the planner side by side, a part of its operations.
OURS = $(shell go list ./... | grep -v -e /ent -e /graph/generated -e /graph/plan -e /internal/delta -e /internal/layers -e /internal/proctest -e /internal/difftest -e /internal/plantest -e /internal/apitest -e /internal/sweep -e /bench)
AT_ONCE = Races$$|AtOnce$$|EachOther$$|GivenOutOnce$$|AStorm|ConcurrentEdits$$|WhileSuspended$$

# Of the benchmark: 1 is 1,000 clients and 10,000 applications.
SCALE ?= 1

.PHONY: help demo test test-go test-race test-web soak check generate lint rules bench bench-data web prerequisites clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: ## Run the server with demo data
	go run . serve --demo

test: prerequisites test-go test-web ## Set up and run all tests (installs what is missing on Debian and Ubuntu)

prerequisites:
	@scripts/prerequisites.sh

test-go: ## The Go tests, on SQLite and on a MariaDB of their own
	go test -count=1 -timeout=30m ./...

test-race: ## The Go tests of our packages under the race detector
	CGO_ENABLED=1 go test -count=1 -timeout=30m -race $(OURS)
	CGO_ENABLED=1 go test -count=1 -timeout=30m -race -run='($(AT_ONCE))/mysql' ./internal/apitest
	CGO_ENABLED=1 go test -count=1 -timeout=30m -race -run='^TestIsolation$$/mysql' ./internal/sweep
	CGO_ENABLED=1 go test -count=1 -race -run='SideBySide$$' ./internal/difftest -operations=100

test-web: ## The page in a real browser, and the 61 checks of graphql-http
	scripts/test-web.sh

soak: ## All counts in full: 200,000 random operations for both executors on each engine, 12,000 side by side under the race detector, 10,000 worlds, 50 kills of each sort, 100,000 URLs and rows of a removal, 1,000,000 pairs for each law of deltas, 1,000 hostile headers, fuzzers 10 minutes each
	APPANAGE_SOAK=1 go test -count=1 -timeout=6h -v -run='^TestDifferential$$' ./internal/difftest
	APPANAGE_SOAK=1 CGO_ENABLED=1 go test -count=1 -timeout=6h -v -race -run='^TestDifferentialSideBySide$$/mysql' ./internal/difftest
	CGO_ENABLED=1 go test -count=1 -timeout=6h -v -race -run='^TestDifferentialSideBySide$$/sqlite' ./internal/difftest -operations=600
	APPANAGE_SOAK=1 go test -count=1 -timeout=6h -p=1 -v ./graph/plan ./internal/plantest ./internal/authority ./internal/tenancy ./internal/property ./internal/urls ./internal/delta ./internal/layers ./internal/definition ./internal/sweep
	APPANAGE_SOAK=1 go test -count=1 -timeout=6h -v -run='^TestKill' ./internal/proctest
	APPANAGE_SOAK=1 go test -count=1 -timeout=6h -v -run='^(TestRemovalLeavesNothing|TestDefinitionsAgainstAModel|TestAttackLinksElsewhere)$$' ./internal/apitest
	for fuzz in delta/FuzzParse delta/FuzzDiffApply layers/FuzzChainOfDeltas bundle/FuzzRead; do \
		go test -run='^$$' -fuzz="^$$(basename $$fuzz)$$" -fuzztime=10m ./internal/$$(dirname $$fuzz); \
	done

check: ## Generated code and migrations in step with their sources
	scripts/check-generated.sh

generate: ## Write the generated code anew (after a change of ent/schema or schema/)
	go run ent/entc.go
	go tool gqlgen generate

lint: ## Linters
	go vet ./...
	go tool -modfile=tools/go.mod golangci-lint run ./...

rules: ## The rules of the domain with the tests that name them; fails on a rule without one
	go run ./internal/house/rules

bench: ## Measure both executors of reads beside a hand-written handler, on both engines (SCALE=10: ten times the data)
	go run ./bench -scale $(SCALE)

bench-data: ## Load the benchmark's data: make bench-data SCALE=10 DATABASE=sqlite:bench.db (an empty database)
	go run ./bench -load -scale $(SCALE) -database '$(DATABASE)'

web: ## Build the GraphiQL page from its npm packages
	cd web && npm ci && npm run build

clean: ## Remove what tests and builds leave
	rm -rf bin test-results web/node_modules
