package ed25519

import (
	"slices"
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
	for _, b := range []backend{"", "sse2", "GENERIC"} {
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
	f := func(keys, messages, sigs, valid int) {
		t.Helper()
		defer func() {
			if recover() == nil {
				t.Errorf("no panic for lengths %d, %d, %d, %d", keys, messages, sigs, valid)
			}
		}()
		VerifyBatch(make([]*PublicKey, keys), make([][]byte, messages), make([][]byte, sigs), make([]bool, valid))
	}
	f(1, 2, 2, 2)
	f(2, 1, 2, 2)
	f(2, 2, 1, 2)
	f(2, 2, 2, 1)
}
