.DEFAULT_GOAL := help
SHELL := /bin/bash
GO ?= go
MODE ?= jwt
FUZZTIME ?= 30s
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -X main.commit=$(VERSION)
# Modules of their own: the benchmarks' peers and the assembly generator stay out of ours.
MODULES := . bench engine/ed25519/_asm

.PHONY: help
help: ## list the targets
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/tollgate
	$(GO) build -ldflags '$(LDFLAGS)' -o bin/tollgate ./cmd/tollgate

.PHONY: run
run: build ## the whole pattern on this machine; MODE=jwt, opaque or phantom
	exec bin/tollgate dev --mode $(MODE)

.PHONY: test
test: ## run the tests
	$(GO) test ./...

.PHONY: race
race: ## run the tests under the race detector
	$(GO) test -race -short ./...

.PHONY: check
check: ## gofmt, go vet, staticcheck, in every module
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "run gofmt -w on these"; exit 1; }
	@for m in $(MODULES); do echo "vet $$m"; (cd $$m && $(GO) vet ./... && $(GO) run $(STATICCHECK) ./...) || exit 1; done

.PHONY: bench
bench: ## token verification beside the peers, one table
	cd bench && $(GO) run ./tokens

.PHONY: test-bench
test-bench: ## the benchmarks' own tests
	cd bench && $(GO) test ./...
