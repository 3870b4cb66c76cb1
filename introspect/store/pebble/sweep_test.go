package pebble

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tollgate/tollgate/introspect/store"
)

// A sweep that a restart interrupts is taken up again, and in the end neither
// tokens nor their index are left.
func TestSweepIsTakenUpAgain(t *testing.T) {
	const n, batch = 3000, 10
	disk := vfs.NewMem()
	open := func() *Store {
		s, err := Open("store", Options{FS: disk, HotTokens: 64})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	left := func(s *Store, prefix byte) (n int) {
		if err := s.scan(prefix, func(k, v []byte) error { n++; return nil }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	s := open()
	fill(t, s, 0, n, 3600)
	fill(t, s, n, 5, 90_000)
	for range unindex + unindex/2 {
		if got, err := s.Sweep(t.Context(), 3600, batch); err != nil || got != batch {
			t.Fatal(got, err)
		}
	}
	if got := left(s, prefixAccess); got != n+5-batch*(unindex+unindex/2) {
		t.Errorf("%d tokens are left in the middle", got)
	}
	if got := left(s, prefixExpiry); got != n+5-batch*unindex {
		t.Errorf("%d tokens are left in the index in the middle", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open()
	defer s.Close()
	if _, err := store.SweepAll(t.Context(), s, 3600); err != nil {
		t.Fatal(err)
	}
	for _, prefix := range []byte{prefixAccess, prefixExpiry} {
		if got := left(s, prefix); got != 5 {
			t.Errorf("%d records are left under %q, want the 5 that live", got, prefix)
		}
	}
	// A clock that is set back sweeps nothing twice.
	if got, err := s.Sweep(t.Context(), 60, batch); err != nil || got != 0 {
		t.Errorf("with the clock set back %d records were swept, %v", got, err)
	}
}
