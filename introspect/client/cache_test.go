package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// An answer is kept for the shorter of the configured time and the token's own.
func TestCacheExpiry(t *testing.T) {
	var now atomic.Int64
	now.Store(time.Now().UnixNano())
	f := newFake(t, says(active(20*time.Second)))
	c := newClient(t, f.URL, func(c *Config) {
		c.Cache = Cache{TTL: 10 * time.Second, InactiveTTL: 2 * time.Second}
		c.Now = func() time.Time { return time.Unix(0, now.Load()) }
		c.Timeout = 5 * time.Second
	})
	ask := func(token string, after time.Duration, calls int64, want error) {
		t.Helper()
		now.Add(int64(after))
		if _, err := c.Introspect(t.Context(), []byte(token)); !errors.Is(err, want) {
			t.Errorf("err = %v, want %v", err, want)
		}
		if n := f.calls.Load(); n != calls {
			t.Errorf("%d calls, want %d", n, calls)
		}
	}
	ask("tg_a", 0, 1, nil)
	ask("tg_a", 9*time.Second, 1, nil)
	ask("tg_a", 2*time.Second, 2, nil)                 // the configured time is over
	ask("tg_a", 7*time.Second, 2, nil)                 // 18 s of 20
	ask("tg_a", 2500*time.Millisecond, 3, ErrInactive) // the token's own time, before the configured one
	f.says(says(`{"active":false}`))
	ask("tg_b", 0, 4, ErrInactive)
	ask("tg_b", time.Second, 4, ErrInactive)
	ask("tg_b", 2*time.Second, 5, ErrInactive)
	f.says(says(active(time.Hour)))
	ask("tg_b", time.Second, 5, ErrInactive)
	ask("tg_b", 2*time.Second, 6, nil) // it was inactive, and need not stay so
}

// Inactive tokens, however many, take no place from active ones, and one that
// was active before is inactive once its time is over.
func TestInactiveApart(t *testing.T) {
	f := newFake(t, nil)
	f.says(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.FormValue("token"), "tg_good") {
			says(active(time.Minute))(w, r)
			return
		}
		says(`{"active":false}`)(w, r)
	})
	c := newClient(t, f.URL, func(c *Config) {
		patient(c)
		c.Cache = Cache{TTL: time.Minute, Bytes: 64 * entryOverhead * 2, InactiveTTL: time.Minute, InactiveEntries: 4}
	})
	ask := func(token string, want error, called int64) {
		t.Helper()
		before := f.calls.Load()
		if _, err := c.Introspect(t.Context(), []byte(token)); !errors.Is(err, want) {
			t.Errorf("%s: %v", token, err)
		}
		if n := f.calls.Load() - before; n != called {
			t.Errorf("%s: %d calls, want %d", token, n, called)
		}
	}
	ask("tg_good", nil, 1)
	for i := range 200 {
		ask(fmt.Sprint("tg_bad", i), ErrInactive, 1)
	}
	ask("tg_good", nil, 0)
	ask("tg_bad199", ErrInactive, 0)
	ask("tg_bad196", ErrInactive, 0)
	ask("tg_bad195", ErrInactive, 1)
	for i := range 200 {
		ask(fmt.Sprint("tg_good", i), nil, 1)
	}
	ask("tg_bad195", ErrInactive, 0)
}

// Bad tokens, however many, have a bounded place.
func TestInactiveBounded(t *testing.T) {
	i := newInactiveCache(64)
	now := time.Now()
	for n := range 100_000 {
		i.put(fmt.Sprint("tg_", n), now, time.Minute)
	}
	if len(i.until) != 64 {
		t.Errorf("%d entries", len(i.until))
	}
	if !i.has([]byte("tg_99999"), now.UnixNano()) || i.has([]byte("tg_0"), now.UnixNano()) {
		t.Error("the newest does not stay, or the oldest does")
	}
}

// A hash is not trusted: an entry that answers for other bytes is none.
func TestCacheComparesToken(t *testing.T) {
	c, err := newActiveCache(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	now := time.Now()
	c.c.Set("tg_a", &entry{token: "tg_b", answer: &Answer{}, expires: now.Add(time.Minute).UnixNano()}, 1)
	c.c.Wait()
	c.place([]byte("tg_a")).Store(&entry{token: "tg_c", answer: &Answer{}, expires: now.Add(time.Minute).UnixNano()})
	if c.get([]byte("tg_a"), now.UnixNano()) != nil {
		t.Error("an answer for another token")
	}
}

// A hit allocates nothing.
func TestHitAllocations(t *testing.T) {
	c := newClient(t, newFake(t, says(active(time.Minute))).URL, func(c *Config) { c.Timeout = 5 * time.Second })
	token := []byte("tg_a")
	ask := func() {
		if _, err := c.Introspect(context.Background(), token); err != nil {
			t.Error(err)
		}
	}
	ask()
	if n := testing.AllocsPerRun(100, ask); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
