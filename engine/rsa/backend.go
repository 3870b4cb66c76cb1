package rsa

import (
	"os"
	"slices"
)

// A backend is one way to verify; its value is its name.
type backend string

const (
	generic    backend = "generic"    // crypto/rsa, which every machine can run
	avx512ifma backend = "avx512ifma" // Montgomery multiplication by AVX-512 IFMA
)

// backends holds what this machine can run, the fastest first.
var backends = detect()

// active is what keys are made for.
var active = choose(backend(os.Getenv("TOLLGATE_RSA")))

// choose returns the backend that is forced, or the fastest where none is, or
// where this machine cannot run it.
func choose(forced backend) backend {
	if slices.Contains(backends, forced) {
		return forced
	}
	return backends[0]
}

// Backend names the code that verifies: "generic" is crypto/rsa, "avx512ifma" is
// Montgomery multiplication by AVX-512 IFMA. TOLLGATE_RSA forces one, where the
// processor has it.
func Backend() string { return string(active) }
