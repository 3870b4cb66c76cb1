package claimcache

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func newCache(t testing.TB, bytes int64) *Cache[string] {
	t.Helper()
	c, err := New[string](bytes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// token is the i-th token: as long as real ones, and different at its end.
func token(i int) string { return fmt.Sprintf("%s.%086d", strings.Repeat("eyJ", 130), i) }

// put keeps value for token in every cache here that has room.
func put(c *Cache[string], token, value string) {
	e := NewEntry[string](token)
	e.Value = value
	c.Put(e, 1000, time.Hour)
}

func get(c *Cache[string], token string) string {
	if v := c.Get([]byte(token)); v != nil {
		return *v
	}
	return ""
}

func TestCache(t *testing.T) {
	c := newCache(t, 1<<20)
	if got := get(c, token(1)); got != "" {
		t.Errorf("an empty cache has %q", got)
	}
	put(c, token(1), "one")
	// the front has it before ristretto has made up its mind
	if got := get(c, token(1)); got != "one" {
		t.Errorf("got %q", got)
	}
	c.Wait()
	c.place(c.hash([]byte(token(1)))).entry.Store(nil)
	// ristretto has it, and puts it in front
	for range 2 {
		if got := get(c, token(1)); got != "one" {
			t.Errorf("got %q", got)
		}
	}
	put(c, token(1), "uno")
	c.Wait()
	if got := get(c, token(1)); got != "uno" {
		t.Errorf("got %q after another Put", got)
	}
	c.Delete([]byte(token(2)))
	c.Delete([]byte(token(1)))
	if got := get(c, token(1)); got != "" {
		t.Errorf("got %q after Delete", got)
	}
	c.Wait()
	if got := get(c, token(1)); got != "" {
		t.Errorf("got %q after Delete and Wait", got)
	}
	for _, short := range []string{"", "x"} {
		put(c, short, "short")
		if got := get(c, short); got != "short" {
			t.Errorf("token %q: got %q", short, got)
		}
	}
}

// Tokens of equal hash, which anybody can make here, are never taken for each
// other: not in the front, and not by ristretto.
func TestEqualHashes(t *testing.T) {
	c := newCache(t, 1<<20)
	a := token(1)
	b := "x" + a[1:]
	if c.hash([]byte(a)) != c.hash([]byte(b)) {
		t.Fatal("the hashes differ: this tests nothing")
	}
	put(c, a, "a")
	c.Wait()
	for range 3 {
		if get(c, b) != "" || get(c, a) != "a" {
			t.Fatalf("a: %q, b: %q", get(c, a), get(c, b))
		}
	}
	c.Delete([]byte(b))
	if get(c, a) != "a" {
		t.Error("deleting one deleted the other")
	}
	// what is longer or shorter by a part that is not hashed is another as well
	if get(c, "x"+a) != "" || get(c, a[1:]) != "" {
		t.Error("a prefix was taken for the token")
	}
	put(c, b, "b")
	c.Wait()
	if v := get(c, a); v != "" && v != "a" {
		t.Errorf("a: %q", v)
	}
	if v := get(c, b); v != "" && v != "b" {
		t.Errorf("b: %q", v)
	}
}

func TestTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := New[string](1 << 20)
		if err != nil {
			t.Fatal(err)
		}
		e := NewEntry[string](token(1))
		e.Value = "short"
		c.Put(e, 0, time.Minute)
		expired := NewEntry[string](token(2))
		c.Put(expired, 0, 0)
		c.Put(expired, 0, -time.Second)
		time.Sleep(59 * time.Second)
		synctest.Wait()
		if get(c, token(1)) != "short" || c.Get([]byte(token(2))) != nil {
			t.Error("not kept for its time")
		}
		// ristretto sweeps every few seconds; the owner checks exp on every hit
		time.Sleep(15 * time.Second)
		synctest.Wait()
		if get(c, token(1)) != "" || !e.gone.Load() {
			t.Error("kept beyond its time")
		}
		if s := c.Stats(); s.Evicts != 1 {
			t.Errorf("%+v", s)
		}
		c.Close()
	})
}

func TestStats(t *testing.T) {
	c := newCache(t, 1<<20)
	get(c, token(1))
	put(c, token(1), "1")
	c.Wait()
	for range 1000 {
		get(c, token(1))
	}
	if s := c.Stats(); s != (Stats{Hits: 1000, Misses: 1}) {
		t.Errorf("%+v", s)
	}
	// an entry larger than the cache
	e := NewEntry[string](token(2))
	c.Put(e, 2<<20, time.Hour)
	c.Wait()
	if s := c.Stats(); s.Rejects != 1 || c.Get([]byte(token(2))) != nil {
		t.Errorf("%+v", s)
	}
	// more than there is room for: each goes in and later out, or does not go in
	const n = 3000
	for i := range n {
		put(c, token(10+i), "x")
		c.Wait()
	}
	s := c.Stats()
	kept := uint64(0)
	for i := range n {
		if get(c, token(10+i)) != "" {
			kept++
		}
	}
	if s.Drops != 0 || s.Rejects-1+s.Evicts+kept < n || s.Rejects-1+s.Evicts+kept > n+1 {
		t.Errorf("%+v and %d kept do not make %d", s, kept, n)
	}
}

// However many are put, what is kept is bounded, and the front holds nothing else.
func TestBound(t *testing.T) {
	const bytes = 1 << 20
	c := newCache(t, bytes)
	for i := range 20000 {
		put(c, token(i), "x")
		get(c, token(i/2))
	}
	c.Wait()
	cost := int64(0)
	c.kept.IterValues(func(e *Entry[string]) bool {
		cost += int64(len(e.token)) + 1000 + overhead
		return false
	})
	if cost > bytes || cost < bytes/2 {
		t.Errorf("%d bytes are kept of %d", cost, bytes)
	}
	for i := range c.front {
		if e := c.front[i].entry.Load(); e != nil && e.gone.Load() {
			t.Error("the front holds on to what ristretto let go of")
		}
	}
}

// A million tokens that are not there push out none that is.
func TestFlood(t *testing.T) {
	c := newCache(t, 4<<20)
	const good = 1000
	for i := range good {
		put(c, token(i), "good")
	}
	c.Wait()
	hits := func() int {
		n := 0
		for i := range good {
			if get(c, token(i)) == "good" {
				n++
			}
		}
		return n
	}
	if n := hits(); n != good {
		t.Fatalf("%d of %d are kept", n, good)
	}
	flood := []byte(token(0))
	for i := range 1_000_000 {
		copy(flood[len(flood)-12:], fmt.Sprintf("%012x", uint64(i)+1<<40))
		if c.Get(flood) != nil {
			t.Fatal("a token that was never put is there")
		}
	}
	if n := hits(); n != good {
		t.Errorf("%d of %d are left", n, good)
	}
	if s := c.Stats(); s != (Stats{Hits: 2 * good, Misses: 1_000_000}) {
		t.Errorf("%+v", s)
	}
}

func TestAllocations(t *testing.T) {
	c := newCache(t, 1<<20)
	put(c, token(1), "1")
	c.Wait()
	known, unknown := []byte(token(1)), []byte(token(2))
	if n := testing.AllocsPerRun(1000, func() { c.Get(known); c.Get(unknown) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Whatever goes on at once, a token is answered with its own value or not at all.
func TestConcurrent(t *testing.T) {
	c := newCache(t, 256<<10)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(uint64(g), 8))
			for range 20000 {
				name := token(random.IntN(300))
				switch random.IntN(10) {
				case 0:
					c.Delete([]byte(name))
				case 1, 2:
					put(c, name, name)
				default:
					if v := get(c, name); v != "" && v != name {
						t.Errorf("%s was answered with %s", name, v)
					}
				}
			}
		})
	}
	wg.Wait()
}

// BenchmarkGet finds each of a thousand tokens in turn. A sync.Map that keeps
// everything for ever is the floor of what a map alone takes.
func BenchmarkGet(b *testing.B) {
	const n = 1000
	var tokens [n][]byte
	c := newCache(b, 16<<20)
	var m sync.Map
	for i := range tokens {
		tokens[i] = []byte(token(i))
		put(c, token(i), "x")
		m.Store(token(i), NewEntry[string](token(i)))
	}
	c.Wait()
	run := func(name string, get func([]byte) bool) {
		b.Run("by="+name+"/procs=1", func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if !get(tokens[i%n]) {
					b.Fatal("miss")
				}
			}
		})
		b.Run("by="+name+"/procs=all", func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				for i := rand.IntN(n); pb.Next(); i++ {
					if !get(tokens[i%n]) {
						b.Error("miss")
						return
					}
				}
			})
		})
	}
	run("claimcache", func(token []byte) bool { return c.Get(token) != nil })
	run("ristretto", func(token []byte) bool {
		e, ok := c.kept.Get(c.hash(token))
		return ok && e.token == string(token)
	})
	run("sync.Map", func(token []byte) bool { _, ok := m.Load(string(token)); return ok })
}

// BenchmarkHitRatio has a thousand tokens in use, five uses to each of a hundred
// thousand tokens that are used once, in a cache with room for two thousand.
func BenchmarkHitRatio(b *testing.B) {
	const good = 1000
	for b.Loop() {
		c := newCache(b, 4<<20)
		misses := 0
		for i := range 100 * good {
			put(c, token(good+i), "once")
			for j := range 5 {
				name := token((5*i + j) % good)
				if get(c, name) == "" {
					put(c, name, "good")
					misses++
				}
			}
		}
		b.ReportMetric(100-float64(misses)/(5*good), "%hits")
	}
}
