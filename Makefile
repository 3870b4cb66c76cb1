.DEFAULT_GOAL := help
SHELL := /bin/bash
GO ?= go

.PHONY: help
help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/tollgate
	$(GO) build -o bin/tollgate ./cmd/tollgate

.PHONY: test
test: ## run the tests
	$(GO) test ./...

.PHONY: vet
vet: ## go vet and staticcheck
	$(GO) vet ./...
	$(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
