package ecdsa

import (
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// A backend is forced by its name; another name changes nothing.
func TestChoose(t *testing.T) {
	if backends[len(backends)-1] != generic {
		t.Errorf("the last of %v is not %s", backends, generic)
	}
	for _, b := range backends {
		if got := choose(b); got != b {
			t.Errorf("forced %s, got %s", b, got)
		}
	}
	for _, b := range []backend{"", "avx2", "GENERIC"} {
		if got := choose(b); got != backends[0] {
			t.Errorf("forced %q, got %s, want %s", b, got, backends[0])
		}
	}
	if !slices.Contains(backends, backend(Backend())) {
		t.Errorf("Backend is %q, want one of %v", Backend(), backends)
	}
}

// VerifyBatch of nothing does nothing, and of unequal lengths panics.
func TestVerifyBatchLengths(t *testing.T) {
	VerifyBatch(nil, nil, nil, nil)
	f := func(keys, digests, sigs, valid int) {
		t.Helper()
		defer func() {
			if recover() == nil {
				t.Errorf("no panic for lengths %d, %d, %d, %d", keys, digests, sigs, valid)
			}
		}()
		VerifyBatch(make([]*PublicKey, keys), make([][]byte, digests), make([][]byte, sigs), make([]bool, valid))
	}
	f(1, 2, 2, 2)
	f(2, 1, 2, 2)
	f(2, 2, 1, 2)
	f(2, 2, 2, 1)
}

// What each backend needs, as /proc/cpuinfo names it.
var needs = map[string][]string{
	"avx512ifma": {"avx512f", "avx512dq", "avx512bw", "avx512ifma", "avx512vbmi", "avx512_vbmi2"},
}

// A run of the tests that forces a backend got it, or cannot have it: it fails
// where the processor has what the backend needs and the code fell back. What
// the processor has is asked of the system, not of the code under test.
func TestForced(t *testing.T) {
	forced := os.Getenv("TOLLGATE_ECDSA")
	switch {
	case forced == "":
		t.Skip("TOLLGATE_ECDSA forces no backend")
	case forced == Backend():
		return
	case needs[forced] == nil:
		t.Fatalf("there is no backend %q", forced)
	case purego:
		t.Skip("built with the tag purego: no assembly")
	case runtime.GOARCH != "amd64":
		t.Skipf("%s has no AVX", runtime.GOARCH)
	}
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		t.Fatalf("cannot tell whether the processor has %s: %v", forced, err)
	}
	flags := strings.Fields(string(info))
	for _, f := range needs[forced] {
		if !slices.Contains(flags, f) {
			t.Skipf("the processor lacks %s, or the system does not let it be used", f)
		}
	}
	t.Fatalf("the processor has what %s needs, yet the backend is %s", forced, Backend())
}
