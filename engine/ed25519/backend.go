package ed25519

import (
	"os"
	"slices"
)

// A backend is one way to verify; its value is its name.
type backend string

const (
	generic    backend = "generic"    // portable Go, which every machine can run
	avx2       backend = "avx2"       // four lanes of AVX2
	avx512ifma backend = "avx512ifma" // eight lanes of AVX-512 IFMA
)

// backends holds what this machine can run, the fastest first.
var backends = detect()

// active is what Verify and VerifyBatch run.
var active = choose(backend(os.Getenv("TOLLGATE_ED25519")))

// choose returns the backend that is forced, or the fastest where none is, or
// where this machine cannot run it.
func choose(forced backend) backend {
	if slices.Contains(backends, forced) {
		return forced
	}
	return backends[0]
}

// Backend names the code that Verify and VerifyBatch run: "generic" is portable
// Go, "avx2" is four lanes of AVX2, "avx512ifma" is eight of AVX-512 IFMA.
func Backend() string { return string(active) }
