package pebble

import (
	"bytes"
	"errors"
	"fmt"
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
	for i := range n {
		issue(t, s, i, 3600)
	}
	for i := range 5 {
		issue(t, s, n+i, 90_000)
	}
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
	// A clock that is set back sweeps nothing twice, and what is issued by it.
	if got, err := s.Sweep(t.Context(), 60, batch); err != nil || got != 0 {
		t.Errorf("with the clock set back %d records were swept, %v", got, err)
	}
	issue(t, s, n+5, 120)
	if got, err := s.Sweep(t.Context(), 120, batch); err != nil || got != 1 {
		t.Errorf("after that %d records were swept, want the one issued then; %v", got, err)
	}
	if got := left(s, prefixExpiry); got != 5 {
		t.Errorf("%d records are left in the index, want 5", got)
	}
}

// What was written together expires together, each record in its own second.
func TestSweepOfGroups(t *testing.T) {
	s, err := Open("store", Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var calls []write
	for i := range 40 {
		access := numberedToken(i, 100+int64(i%2)) // by turns
		w := write{accessRecord(access)}
		if i%4 == 0 {
			x := &store.Session{ID: fmt.Sprint("sid-", i), Refresh: numbered(1000 + i), Expires: 102}
			w = append(sessionRecords(x), w...)
		}
		calls = append(calls, w)
	}
	if err := s.commitWrites(calls); err != nil {
		t.Fatal(err)
	}
	entries := 0
	if err := s.scan(prefixExpiry, func(k, v []byte) error { entries++; return nil }); err != nil || entries != 3 {
		t.Errorf("%d entries of the index for 3 seconds, %v", entries, err)
	}
	for _, step := range []struct{ now, swept, tokens, sessions int }{{99, 0, 40, 10}, {100, 20, 20, 10}, {101, 20, 0, 10}, {102, 20, 0, 0}} {
		got, err := store.SweepAll(t.Context(), s, int64(step.now))
		if err != nil || got != step.swept {
			t.Errorf("at %d %d records were swept, want %d; %v", step.now, got, step.swept, err)
		}
		tokens, sessions := 0, 0
		if err := s.scan(prefixAccess, func(k, v []byte) error { tokens++; return nil }); err != nil {
			t.Fatal(err)
		}
		if err := s.scan(prefixSession, func(k, v []byte) error { sessions++; return nil }); err != nil {
			t.Fatal(err)
		}
		if tokens != step.tokens || sessions != step.sessions {
			t.Errorf("at %d there are %d tokens and %d sessions, want %d and %d", step.now, tokens, sessions, step.tokens, step.sessions)
		}
	}
}

// An entry of the index that is not whole stops the sweep, which says so.
func TestSweepOfDamagedIndex(t *testing.T) {
	key := digestKey(prefixAccess, numbered(1))
	whole := appendKey(appendKey(nil, key), key)
	if keys, err := splitExpiry(expiryKey(7, key), whole); err != nil || len(keys) != 3 || !bytes.Equal(keys[0], key) || !bytes.Equal(keys[2], key) {
		t.Errorf("%q, %v", keys, err)
	}
	s, err := Open("store", Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for n := range len(whole) {
		if n == 0 || n == len(whole)/2 {
			continue // one key, or two
		}
		b := s.db.NewBatch()
		set(b, expiryKey(7, key), whole[:n])
		if err := s.commit(b); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Sweep(t.Context(), 7, 10); !errors.Is(err, errDamaged) {
			t.Fatalf("%d bytes of %d: %v, want %v", n, len(whole), err, errDamaged)
		}
	}
}
