package memory

import (
	"encoding/binary"
	"strconv"
	"testing"

	"github.com/tollgate/tollgate/introspect/store"
)

func numbered(i int) store.Digest {
	return store.DigestOf(binary.LittleEndian.AppendUint64(nil, uint64(i)))
}

// fill issues n tokens, numbered from first on, that expire in perSecond to a second
// from at on.
func fill(t testing.TB, s *Store, first, n, perSecond int, at int64) {
	t.Helper()
	for i := range n {
		x := &store.Token{ID: strconv.Itoa(first + i), Expires: at + int64(i/perSecond)}
		if err := s.Issue(t.Context(), &store.Issued{Digest: numbered(first + i), Token: x}); err != nil {
			t.Fatal(err)
		}
	}
}

// Whatever is kept, a sweep looks at what has expired alone, and holds the lock
// for sweepStep of it at a time.
func TestSweepIsBounded(t *testing.T) {
	s := New()
	fill(t, s, 0, 100_000, 300, 10_000)
	fill(t, s, 100_000, 1000, 300, 1000)
	for i, want := range []struct{ now, limit, deleted, looked int }{
		{999, 1 << 30, 0, 0},
		{1000, 10, 10, 10},
		{1000, 1 << 30, sweepStep, sweepStep},
		{1000, 1 << 30, sweepStep, sweepStep},
		{1000, 1 << 30, 300 - 10 - 2*sweepStep, 300 - 10 - 2*sweepStep},
		{1000, 1 << 30, 0, 0},
		{9999, 100, 100, 100},
	} {
		if deleted, looked := s.sweep(int64(want.now), want.limit); deleted != want.deleted || looked != want.looked {
			t.Errorf("step %d deleted %d and looked at %d, want %d and %d", i, deleted, looked, want.deleted, want.looked)
		}
	}
	// All that is left, in one call; what lives is left alone.
	if n, err := s.Sweep(t.Context(), 9999, 1<<30); n != 600 || err != nil {
		t.Errorf("%d records were swept, %v; want 600", n, err)
	}
	if len(s.access) != 100_000 {
		t.Errorf("%d tokens are left, want 100000", len(s.access))
	}
	if n, err := s.Sweep(t.Context(), 10_000+100_000, 1<<30); n != 100_000 || err != nil {
		t.Errorf("%d records were swept, %v; want 100000", n, err)
	}
	if len(s.access)+len(s.expiry.due)+len(s.expiry.seconds) != 0 {
		t.Errorf("%d tokens and %d seconds are left", len(s.access), len(s.expiry.seconds))
	}
}

// Sessions go with their last refresh token, those that were used or revoked
// when they expire, and each record is counted once.
func TestSweepOfSessions(t *testing.T) {
	s := New()
	ctx := t.Context()
	session := func(id string, refresh int, expires int64) {
		t.Helper()
		if err := s.Begin(ctx, &store.Session{ID: id, Refresh: numbered(refresh), Expires: expires}, nil); err != nil {
			t.Fatal(err)
		}
	}
	session("used", 1, 100)
	for i := range 3 {
		r := &store.Rotation{Session: "used", Old: numbered(1 + i), New: numbered(2 + i), Expires: 101 + int64(i), Now: 50}
		if _, err := s.Rotate(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	session("revoked", 10, 102)
	if err := s.Revoke(ctx, store.Event{Kind: store.KindSession, ID: "revoked", Expires: 200}); err != nil {
		t.Fatal(err)
	}
	session("begun twice", 20, 101)
	session("begun twice", 20, 104)
	for _, want := range []struct{ now, swept, refresh, sessions int }{
		{99, 0, 6, 2},
		{100, 1, 5, 2}, // the first of used
		{101, 1, 4, 2}, // its second
		{102, 2, 2, 2}, // its third, and that of revoked
		{103, 2, 1, 1}, // its last, and itself
		{104, 2, 0, 0}, // begun twice, and its token
		{200, 1, 0, 0}, // the revocation
	} {
		n, err := s.Sweep(ctx, int64(want.now), 100)
		if n != want.swept || err != nil || len(s.refresh) != want.refresh || len(s.sessions) != want.sessions {
			t.Errorf("at %d %d were swept, and %d refresh tokens and %d sessions are left, %v; want %+v", want.now, n, len(s.refresh), len(s.sessions), err, want)
		}
	}
	if n := len(s.expiry.due); n != 0 {
		t.Errorf("%d seconds are left", n)
	}
}

// Sessions that end by the limit are one record more than it at most, and none
// is forgotten.
func TestSweepLimit(t *testing.T) {
	s := New()
	for i := range 500 {
		x := &store.Session{ID: strconv.Itoa(i), Refresh: numbered(i), Expires: 100}
		if err := s.Begin(t.Context(), x, nil); err != nil {
			t.Fatal(err)
		}
	}
	total := 0
	for {
		n, err := s.Sweep(t.Context(), 100, 7)
		if err != nil || n > 8 {
			t.Fatalf("%d were swept, %v; want 8 at most", n, err)
		}
		if total += n; n < 7 {
			break
		}
	}
	if total != 1000 || len(s.sessions) != 0 {
		t.Errorf("%d were swept and %d sessions are left, want 1000 and 0", total, len(s.sessions))
	}
}

// BenchmarkSweepOfNothing is how long everybody waits for a sweep that finds
// nothing among a hundred thousand tokens.
func BenchmarkSweepOfNothing(b *testing.B) {
	s := New()
	fill(b, s, 0, 100_000, 300, 10_000)
	for b.Loop() {
		if n, err := s.Sweep(b.Context(), 9999, 128); n != 0 || err != nil {
			b.Fatal(n, err)
		}
	}
}
