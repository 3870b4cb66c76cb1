package ed25519

import "testing"

// Verification allocates nothing, alone or in a batch, good or bad.
func TestAllocations(t *testing.T) {
	compact, err := NewCompactPublicKey(neighbour.key.encoded[:])
	if err != nil {
		t.Fatal(err)
	}
	message := make([]byte, 1000)
	for _, b := range backends {
		f := func(name string, do func()) {
			t.Helper()
			if n := testing.AllocsPerRun(20, do); n != 0 {
				t.Errorf("%s %s: %v allocations, want 0", b, name, n)
			}
		}
		for name, k := range map[string]*PublicKey{"default": neighbour.key, "compact": compact} {
			f(name+" good", func() { k.verify(b, neighbour.message, neighbour.good) })
			f(name+" bad", func() { k.verify(b, message, neighbour.bad) })
		}
		var keys [11]*PublicKey
		var messages, sigs [11][]byte
		var valid [11]bool
		for i := range keys {
			keys[i], messages[i], sigs[i] = neighbour.key, message[:i*90], neighbour.good
		}
		f("batch", func() { verifyBatch(b, keys[:], messages[:], sigs[:], valid[:]) })
	}
}
