package revocation

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// An event that does not say when it may go stays.
func TestExpiryNever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewSet()
		apply(s, Event{Kind: Token, ID: "0"}, Event{Kind: Key, ID: "max", Expires: 1<<63 - 1}, Event{Kind: Token, ID: "-1", Expires: -1})
		time.Sleep(time.Hour)
		s.Apply(Batch{})
		if s.Len() != 3 || !s.Revoked("0", "", "", "", "", 0) || !s.Revoked("", "", "", "", "max", 0) || !s.Revoked("-1", "", "", "", "", 0) {
			t.Errorf("%d of 3 are left", s.Len())
		}
	})
}

// in is an event that lasts an hour.
func in(kind Kind, id string, before int64) Event {
	return Event{Kind: kind, ID: id, Before: before, Expires: time.Now().Add(time.Hour).Unix()}
}

func apply(s *Set, events ...Event) int { return s.Apply(Batch{Events: events}) }

func TestRevoked(t *testing.T) {
	s := NewSet()
	f := func(want bool, token, session, subject, client, key string, issued int64) {
		t.Helper()
		if got := s.Revoked(token, session, subject, client, key, issued); got != want {
			t.Errorf("Revoked(%q, %q, %q, %q, %q, %d) = %v", token, session, subject, client, key, issued, got)
		}
	}
	f(false, "id", "id", "id", "id", "id", 0)
	apply(s, in(Token, "t", 0), in(Session, "s", 0), in(Subject, "u", 100), in(Client, "c", 200), in(Key, "k", 0))
	f(true, "t", "", "", "", "", 1<<40)
	f(true, "", "s", "", "", "", 1<<40)
	f(true, "", "", "", "", "k", 1<<40)
	// tokens issued at that second or before are meant, later ones are not
	f(true, "x", "x", "u", "x", "x", 99)
	f(true, "x", "x", "u", "x", "x", 100)
	f(false, "x", "x", "u", "x", "x", 101)
	f(true, "x", "x", "x", "c", "x", 200)
	f(false, "x", "x", "x", "c", "x", 201)
	// each id in its own place only
	f(false, "s", "t", "c", "u", "t", 0)
	f(false, "u", "u", "t", "t", "s", 0)
	// a token without an id is not what is revoked under ""
	apply(s, in(Token, "", 0), in(Session, "", 0))
	f(false, "", "", "", "", "", 0)
	// a later bound extends, an earlier one changes nothing
	apply(s, in(Subject, "u", 150), in(Client, "c", 150))
	f(true, "x", "x", "u", "x", "x", 150)
	f(true, "x", "x", "x", "c", "x", 200)
	if s.Len() != 5 {
		t.Errorf("%d entries", s.Len())
	}
}

func TestApplyIgnores(t *testing.T) {
	s := NewSet()
	if n := apply(s, in("planet", "x", 0), in(Token, "", 0), in("", "x", 0), in("Token", "x", 0), in(Token, "x", 0)); n != 4 {
		t.Errorf("%d events were ignored, want 4", n)
	}
	if s.Len() != 1 {
		t.Errorf("%d entries", s.Len())
	}
}

// What is revoked stays so until the longest-lived token it concerns is refused
// by every verifier as expired, skew included, and goes soon after.
func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewSet()
		start := time.Now()
		event := func(id string, lives time.Duration) Event {
			return Event{Kind: Token, ID: id, Expires: start.Add(lives).Unix()}
		}
		apply(s, event("past", -time.Hour), event("short", time.Minute), event("long", time.Hour), event("again", time.Minute))
		apply(s, event("again", 2*time.Minute))
		at := func(since time.Duration, want ...string) {
			t.Helper()
			time.Sleep(time.Until(start.Add(since)))
			s.Apply(Batch{})
			got := 0
			for _, id := range []string{"past", "short", "again", "long"} {
				if s.Revoked(id, "", "", "", "", 0) {
					got++
				}
			}
			if got != len(want) || s.Len() != len(want) {
				t.Errorf("after %v %d of %d are revoked, want %v", since, got, s.Len(), want)
			}
		}
		at(0, "short", "again", "long")
		at(119*time.Second, "short", "again", "long")
		at(120*time.Second+2*slot*time.Second, "again", "long")
		at(179*time.Second, "again", "long")
		at(180*time.Second+2*slot*time.Second, "long")
		at(time.Hour+59*time.Second, "long")
		at(time.Hour + time.Minute + 2*slot*time.Second)
		if n := len(s.table.Load().expiry.slots); n != 0 {
			t.Errorf("%d slots are left", n)
		}
	})
}

func TestReset(t *testing.T) {
	s := NewSet()
	apply(s, in(Token, "old", 0), in(Key, "both", 0))
	generation := s.Generation()
	s.Apply(Batch{Reset: true, Events: []Event{in(Key, "both", 0), in(Token, "new", 0)}})
	if s.Revoked("old", "", "", "", "", 0) || !s.Revoked("new", "", "", "", "", 0) || !s.Revoked("", "", "", "", "both", 0) || s.Len() != 2 {
		t.Error("not the whole feed and nothing else")
	}
	if s.Generation() == generation {
		t.Error("the generation is the same")
	}
	s.Apply(Batch{Reset: true})
	if s.Len() != 0 || s.Revoked("new", "", "", "", "", 0) {
		t.Error("an empty feed left something")
	}
}

func TestGeneration(t *testing.T) {
	s := NewSet()
	changed := s.Changed()
	g := s.Generation()
	s.Apply(Batch{Next: "1"})
	select {
	case <-changed:
		t.Error("changed by an empty batch")
	default:
	}
	if s.Generation() != g {
		t.Error("the generation changed by an empty batch")
	}
	apply(s, in(Token, "x", 0))
	select {
	case <-changed:
	default:
		t.Error("not changed by an event")
	}
	if s.Generation() == g {
		t.Error("the generation did not change by an event")
	}
	select {
	case <-s.Changed():
		t.Error("the next change is told already")
	default:
	}
}

// Every id that was revoked is found however much the filter grows, and ids that
// were not are not.
func TestGrowth(t *testing.T) {
	s := NewSet()
	const n = 20000
	for i := range n {
		apply(s, in(kinds[i%len(kinds)], fmt.Sprint("id", i), 1<<40))
	}
	if s.Len() != n {
		t.Fatalf("%d entries", s.Len())
	}
	for i := range n {
		var ids [len(kinds)]string
		ids[i%len(kinds)] = fmt.Sprint("id", i)
		if !s.Revoked(ids[0], ids[1], ids[2], ids[3], ids[4], 0) {
			t.Fatalf("id %d is not revoked", i)
		}
		ids[i%len(kinds)] += "x"
		if s.Revoked(ids[0], ids[1], ids[2], ids[3], ids[4], 0) {
			t.Fatalf("id %dx is revoked", i)
		}
	}
	if words := len(s.table.Load().filter.Load().words); words < n/4 || words > n {
		t.Errorf("the filter has %d words for %d ids", words, n)
	}
}

// The filter lets at most one id in a hundred through that is not there.
func TestFilterRate(t *testing.T) {
	for _, n := range []int{100, 4096, 1 << 17} {
		f := newFilter(n)
		random := rand.New(rand.NewPCG(6, 7))
		for range f.room() {
			f.add(random.Uint64())
		}
		const asked = 200000
		hits := 0
		for range asked {
			if f.has(random.Uint64()) {
				hits++
			}
		}
		if hits > asked/100 {
			t.Errorf("%d of %d strangers pass a filter with %d ids", hits, asked, f.room())
		}
	}
}

// Readers see what was revoked before they asked, whatever is written meanwhile.
func TestConcurrent(t *testing.T) {
	s := NewSet()
	apply(s, in(Token, "first", 0))
	var wg sync.WaitGroup
	for r := range 4 {
		wg.Go(func() {
			for i := range 5000 {
				if !s.Revoked("first", "", "", "", "", 0) {
					t.Error("what was revoked is not")
					return
				}
				s.Revoked(fmt.Sprint(r, i), "s", "u", "c", "k", 0)
			}
		})
	}
	for w := range 2 {
		wg.Go(func() {
			for i := range 500 {
				if i%100 == 99 {
					s.Apply(Batch{Reset: true, Events: []Event{in(Token, "first", 0)}})
				}
				apply(s, in(Token, fmt.Sprint("w", w, i), 0), in(Subject, fmt.Sprint(i), 5))
				if !s.Revoked("first", "", "", "", "", 0) {
					t.Error("what was revoked is not")
				}
			}
		})
	}
	wg.Wait()
}

func TestRevokedAllocations(t *testing.T) {
	s := NewSet()
	apply(s, in(Token, "t", 0), in(Session, "s", 0), in(Subject, "u", 0), in(Client, "c", 0), in(Key, "k", 0))
	if n := testing.AllocsPerRun(100, func() { s.Revoked("t1", "s1", "u1", "c1", "k1", 1); s.Revoked("", "", "", "", "k", 1) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkRevoked asks a million entries about tokens that are good, as nearly
// all are: about each of the five ids.
func BenchmarkRevoked(b *testing.B) {
	ask := func(b *testing.B, s *Set) {
		const tokens = 1 << 12
		var ids [tokens][3]string
		for i := range ids {
			ids[i] = [3]string{fmt.Sprintf("3f0c9e6e-6d5f-4c1e-9f3a-%012d", i), fmt.Sprintf("session-%d", i), fmt.Sprintf("customer-%d", i)}
		}
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			id := &ids[i%tokens]
			if s.Revoked(id[0], id[1], id[2], "first-party", "2026-11", 1) {
				b.Fatal("revoked")
			}
		}
	}
	b.Run("entries=0", func(b *testing.B) { ask(b, NewSet()) })
	for _, mixed := range []bool{false, true} {
		var events []Event
		for i := range 1_000_000 {
			kind := Kind(Token)
			if mixed {
				kind = kinds[i%len(kinds)]
			}
			events = append(events, in(kind, fmt.Sprintf("b2a7c6d0-1111-4c1e-9f3a-%012d", i), 0))
		}
		s := NewSet()
		apply(s, events...)
		kinds := "token"
		if mixed {
			kinds = "all"
		}
		b.Run("entries=1000000/kinds="+kinds, func(b *testing.B) { ask(b, s) })
	}
}
