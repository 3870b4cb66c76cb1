package rsa

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

// What each backend needs, as /proc/cpuinfo names it.
var needs = map[string][]string{
	"avx512ifma": {"avx512f", "avx512dq", "avx512bw", "avx512ifma"},
}

// A run of the tests that forces a backend got it, or cannot have it: it fails
// where the processor has what the backend needs and the code fell back. What
// the processor has is asked of the system, not of the code under test.
func TestForced(t *testing.T) {
	forced := os.Getenv("TOLLGATE_RSA")
	switch {
	case forced == "":
		t.Skip("TOLLGATE_RSA forces no backend")
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
