package ecdsa

import "testing"

// Verification allocates nothing, alone or in a batch, good or bad, nor where an
// addition meets an exception.
func TestAllocations(t *testing.T) {
	m := newMaker(1)
	exception, digest, sig := m.exception()
	for _, b := range backends {
		f := func(name string, do func()) {
			t.Helper()
			if n := testing.AllocsPerRun(20, do); n != 0 {
				t.Errorf("%s %s: %v allocations, want 0", b, name, n)
			}
		}
		for name, k := range map[string]*PublicKey{"default": rfc6979.key, "compact": rfc6979.compact} {
			f(name+" good", func() { k.verify(b, rfc6979.digest, rfc6979.good) })
			f(name+" bad", func() { k.verify(b, rfc6979.digest, rfc6979.bad) })
		}
		f("exception", func() { exception.verify(b, digest, sig) })
		var keys [21]*PublicKey
		var digests, sigs [21][]byte
		var valid [21]bool
		for i := range keys {
			keys[i], digests[i], sigs[i] = rfc6979.key, rfc6979.digest, rfc6979.good
		}
		f("batch", func() { verifyBatch(b, keys[:], digests[:], sigs[:], valid[:]) })
		keys[3], digests[3], sigs[3] = exception, digest, sig
		f("batch with an exception", func() { verifyBatch(b, keys[:], digests[:], sigs[:], valid[:]) })
	}
}
