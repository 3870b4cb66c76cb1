.DEFAULT_GOAL := help
SHELL := /bin/bash
GO ?= go
MODE ?= jwt
FUZZTIME ?= 30s
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -X github.com/tollgate/tollgate/internal/buildinfo.commit=$(VERSION)
# Modules of their own: the benchmarks' peers and the assembly generator stay out of ours.
MODULES := . bench engine/ecdsa/_asm engine/ed25519/_asm engine/jwt/_asm engine/rsa/_asm

.PHONY: help
help: ## list the targets
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/tollgate
	CGO_ENABLED=0 $(GO) build -ldflags '$(LDFLAGS)' -o bin/tollgate ./cmd/tollgate

.PHONY: run
run: ## the whole pattern on this machine; MODE=jwt, opaque or phantom; ARGS='--listen :9090' and the like
	@echo "building bin/tollgate (minutes the first time, seconds after that)"
	@$(MAKE) --no-print-directory build
	exec bin/tollgate dev --mode $(MODE) $(ARGS)

.PHONY: test
test: ## run the tests
	$(GO) test ./...

.PHONY: node
node: ## install the Node.js packages that some tests run (internal/node/package.json)
	cd internal/node && npm ci --ignore-scripts --no-audit --no-fund

.PHONY: race
race: ## run the tests under the race detector
	$(GO) test -race -short ./...

.PHONY: check
check: ## gofmt, go vet, staticcheck, in every module
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "run gofmt -w on these"; exit 1; }
	@for m in $(MODULES); do echo "vet $$m"; (cd $$m && $(GO) vet ./... && $(GO) run $(STATICCHECK) ./...) || exit 1; done

.PHONY: bench
bench: ## token verification beside the peers, one table; RECORD=folder keeps it
	cd bench && $(GO) run ./tokens $(if $(RECORD),-record $(abspath $(RECORD)))

.PHONY: test-bench
test-bench: ## the benchmarks' own tests
	cd bench && $(GO) test ./...

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME each
	@for p in $$($(GO) list ./...); do \
	  for f in $$(grep -lE '^func Fuzz' $$($(GO) list -f '{{range .TestGoFiles}}{{$$.Dir}}/{{.}} {{end}}{{range .XTestGoFiles}}{{$$.Dir}}/{{.}} {{end}}' $$p) /dev/null | xargs -r grep -hoE '^func Fuzz\w+' | cut -c6-); do \
	    echo "fuzz $$p $$f"; run="$(GO) test -run ^$$ -fuzz ^$$f$$ -fuzztime $(FUZZTIME) $$p"; \
	    $$run || { echo "once more: what is found is kept, and found again; a worker that Go stopped in the middle is not"; $$run; } || exit 1; \
	  done; done

.PHONY: cross
cross: ## builds that other machines need: purego, arm64, 32 bits, no Linux
	$(GO) build -tags purego ./...
	GOARCH=arm64 $(GO) vet ./engine/... && GOARCH=arm64 $(GO) build ./...
	GOARCH=386 $(GO) build ./engine/...
	GOOS=darwin GOARCH=arm64 $(GO) build ./engine/... ./loadtest/...

.PHONY: emulate
emulate: ## tests what the engine does with bytes, keys and signatures as arm64 and, big-endian, s390x, under QEMU; EMULATE picks
	@for a in $(or $(EMULATE),aarch64 s390x); do q=qemu-$$a-static; echo "under $$q"; \
	  command -v $$q >/dev/null || { echo "$$q is not installed: apt-get install qemu-user-static"; exit 1; }; \
	  CGO_ENABLED=0 GOARCH=$${a/aarch64/arm64} $(GO) test -short -exec $$q ./engine/claims ./engine/jwt ./engine/ecdsa/... ./engine/ed25519/... ./engine/keyset ./engine/revocation || exit 1; \
	  CGO_ENABLED=0 GOARCH=$${a/aarch64/arm64} $(GO) test -short -exec $$q -run 'TestChoose|TestMul|TestModulus' ./engine/rsa || exit 1; done

.PHONY: generated
generated: ## deletes the generated assembly, makes it anew, compares
	rm -f engine/ed25519/internal/{adx/invert,quad/point,ifma/point,ifma/scalar,ifma/sha512}_amd64.{go,s} engine/jwt/{avx2,avx512}_amd64.{go,s} engine/ecdsa/internal/ifma/point_amd64.{go,s} engine/rsa/ifma_amd64.{go,s}
	$(GO) generate ./engine/ecdsa/... ./engine/ed25519/... ./engine/jwt ./engine/rsa
	git diff --exit-code --stat -- engine

.PHONY: backends
backends: ## the signatures' tests under every backend, forced; never from the test cache, which does not see the choice
	@for b in generic avx2 avx512ifma; do echo "backend $$b"; \
	  TOLLGATE_ED25519=$$b $(GO) test -count=1 -v -run 'TestForced' ./engine/ed25519 | grep -v '^=== ' || exit 1; \
	  TOLLGATE_ED25519=$$b $(GO) test -count=1 -short ./engine ./engine/ed25519/... || exit 1; done
	@for b in generic avx512ifma; do echo "ECDSA backend $$b"; \
	  TOLLGATE_ECDSA=$$b $(GO) test -count=1 -v -run 'TestForced' ./engine/ecdsa | grep -v '^=== ' || exit 1; \
	  TOLLGATE_ECDSA=$$b $(GO) test -count=1 -short ./engine ./engine/ecdsa/... || exit 1; done
	@for b in generic avx512ifma; do echo "RSA backend $$b"; \
	  TOLLGATE_RSA=$$b $(GO) test -count=1 -v -run 'TestForced' ./engine/rsa | grep -v '^=== ' || exit 1; \
	  TOLLGATE_RSA=$$b $(GO) test -count=1 -short ./engine ./engine/rsa || exit 1; done
	@echo "backend purego"; $(GO) test -tags purego -short ./engine/ecdsa/... ./engine/ed25519/... ./engine/rsa ./engine/jwt

.PHONY: bench-ed25519
bench-ed25519: ## Ed25519 beside the public verifiers, one table; RECORD=folder keeps it
	cd bench && $(GO) run ./ed25519 $(if $(RECORD),-out $(abspath $(RECORD)))

.PHONY: bench-signatures
bench-signatures: ## ES256, ES384, ES512, RS256 and PS256 beside the standard library, one table; RECORD=folder keeps it
	cd bench && $(GO) run ./signatures $(if $(RECORD),-out $(abspath $(RECORD)))

.PHONY: bench-gateway
bench-gateway: ## CPU a request of the gateway beside a plain proxy, nginx and HAProxy; RECORD=folder keeps it
	cd bench && $(GO) run ./gateway $(if $(RECORD),-record $(abspath $(RECORD)))

.PHONY: arrival
arrival: ## requests of every kind cut at every byte, plain and in TLS records; FUZZ=1m draws further ones
	TOLLGATE_ARRIVAL=all $(GO) test ./gateway -count=1 -timeout 20m -run TestArrival
	$(if $(FUZZ),$(GO) test ./gateway -run '^$$' -fuzz FuzzArrival -fuzztime $(FUZZ))

.PHONY: hardship
hardship: ## slow clients, gigabytes, floods and a hung service beside the gateway's traffic, in full size; RUN=regexp picks
	TOLLGATE_HARDSHIP=full $(GO) test ./gateway/hardship -count=1 -v -timeout 30m -run '$(or $(RUN),.)'

.PHONY: torture
torture: ## kills the security service 200 times under load, and holds it to what it acknowledged; then 1000 races of refreshes
	$(GO) test ./introspect/torture -count=1 -v -run TestKill -kills 200 -ready 2s -timeout 60m
	$(GO) test ./introspect/torture -count=1 -v -run TestPairs -pairs 30s -timeout 60m
	$(GO) test ./introspect -count=1 -v -run TestRefreshRaces -refresh-pairs 1000 -refresh-fifties 1000 -timeout 60m
	$(GO) test ./introspect/store/memory ./introspect/store/pebble ./introspect/store/redis -count=1 -v -run 'Conformance.*/GraceRaces' -timeout 60m -args -races 1000 -fifties 1000

.PHONY: loadtest
loadtest: build ## opaque or transparent tokens, measured here in half a minute; results/DATE-first
	bin/tollgate loadtest --first

.PHONY: readme
readme: ## the README's figures, from the newest recorded runs
	$(GO) run ./internal/figures
