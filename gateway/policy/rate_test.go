package policy

import (
	"fmt"
	"testing"
	"time"
)

func TestLimiter(t *testing.T) {
	now := time.Unix(1000, 0)
	l := NewLimiter[string](2, nil)
	f := func(key string, after, wait time.Duration) {
		t.Helper()
		now = now.Add(after)
		if got, ok := l.Take(key, now); got != wait || ok != (wait == 0) {
			t.Errorf("%s: %v, %v; want %v", key, got, ok, wait)
		}
	}
	f("a", 0, 0)
	f("a", 0, 0)
	f("a", 0, 500*time.Millisecond)
	f("a", 0, 500*time.Millisecond) // asking again costs nothing
	f("b", 0, 0)
	f("a", 499*time.Millisecond, time.Millisecond)
	f("a", time.Millisecond, 0)
	f("a", 0, 500*time.Millisecond)
	// a reload gives nobody a second burst, and another rate holds at once
	l = NewLimiter(1, l)
	f("a", 0, time.Second)
	f("b", 0, 0)
	// slower than one a second: one at once
	l = NewLimiter[string](0.1, nil)
	f("c", 0, 0)
	f("c", 0, 10*time.Second)
	// no limit
	l = NewLimiter[string](0, nil)
	f("a", 0, 0)
	f("a", 0, 0)
}

// However many keys there are, memory is bounded, and a key that is held back
// stays held back.
func TestLimiterFlood(t *testing.T) {
	now := time.Unix(1000, 0)
	l := NewLimiter[string](10, nil)
	spent := func(key string) {
		for range 20 {
			l.Take(key, now)
		}
	}
	spent("busy")
	for i := range 16 * maxKeys * 2 {
		l.Take(fmt.Sprint(i), now)
		if i%1000 == 0 {
			spent("busy")
		}
	}
	for i := range l.shards {
		if n := len(l.shards[i].empty); n > maxKeys {
			t.Errorf("%d keys in a shard, want at most %d", n, maxKeys)
		}
	}
	if _, ok := l.Take("busy", now); ok {
		t.Error("a flood of keys gave a busy key its burst back")
	}
	// after a rest all buckets are empty: there is room again, one by one
	now = now.Add(time.Minute)
	for i := range maxKeys {
		if _, ok := l.Take(fmt.Sprint("new", i), now); !ok {
			t.Fatalf("key %d refused", i)
		}
	}
}

func TestLimiterAllocations(t *testing.T) {
	l := NewLimiter[string](1e6, nil)
	now := time.Unix(1000, 0)
	if n := testing.AllocsPerRun(100, func() { l.Take("a", now) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
