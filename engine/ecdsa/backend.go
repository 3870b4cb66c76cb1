package ecdsa

import (
	"os"
	"slices"
)

// A backend is one way to verify signatures of P-256; its value is its name.
type backend string

const (
	generic    backend = "generic"    // portable Go, which every machine can run
	avx512ifma backend = "avx512ifma" // eight lanes of AVX-512 IFMA
)

// backends holds what this machine can run, the fastest first.
var backends = detect()

// active is what Verify and VerifyBatch run.
var active = choose(backend(os.Getenv("TOLLGATE_ECDSA")))

// choose returns the backend that is forced, or the fastest where none is, or
// where this machine cannot run it.
func choose(forced backend) backend {
	if slices.Contains(backends, forced) {
		return forced
	}
	return backends[0]
}

// Backend names the code that Verify and VerifyBatch run for keys of P-256:
// "generic" is portable Go, "avx512ifma" is eight lanes of AVX-512 IFMA.
func Backend() string { return string(active) }
