package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"
)

func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func fail(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }

// The breaker opens after a few failures, answers without calling, and closes
// again when the service is back.
func TestBreaker(t *testing.T) {
	f := newFake(t, fail)
	c := newClient(t, f.URL, func(c *Config) { patient(c); c.Breaker = Breaker{3, 300 * time.Millisecond} })
	for i := range 3 {
		if c.Open() {
			t.Fatalf("open after %d failures", i)
		}
		if _, err := c.Introspect(t.Context(), []byte("tg_a")); !errors.Is(err, ErrUnavailable) {
			t.Fatal(err)
		}
	}
	if !c.Open() {
		t.Fatal("not open after three failures")
	}
	before := f.calls.Load()
	if _, err := c.Introspect(t.Context(), []byte("tg_a")); !errors.Is(err, ErrUnavailable) || f.calls.Load() != before {
		t.Errorf("open: %v, %d calls", err, f.calls.Load()-before)
	}
	f.says(says(active(time.Minute)))
	eventually(t, "closed again", func() bool {
		_, err := c.Introspect(t.Context(), []byte("tg_a"))
		return err == nil
	})
	// what is not the service's failure leaves it closed
	f.says(says(`{"active":false}`))
	for i := range 10 {
		if _, err := c.Introspect(t.Context(), fmt.Append(nil, "tg_bad", i)); !errors.Is(err, ErrInactive) {
			t.Error(err)
		}
	}
	if c.Open() {
		t.Error("open because of bad tokens")
	}
}

// A caller that is alone opens the breaker with its second timeout, but not where
// an answer came in between, nor where it was the caller that had no patience.
func TestBreakerOfOneCaller(t *testing.T) {
	f := newFake(t, hang)
	c := newClient(t, f.URL, func(c *Config) {
		c.Timeout, c.Cache.TTL, c.Breaker = 50*time.Millisecond, 0, Breaker{100, time.Minute}
	})
	fails := func(ctx context.Context, open bool) {
		t.Helper()
		if _, err := c.Introspect(ctx, []byte("tg_a")); !errors.Is(err, ErrUnavailable) {
			t.Fatalf("%v, want %v", err, ErrUnavailable)
		}
		if c.Open() != open {
			t.Fatalf("open: %t, want %t", c.Open(), open)
		}
	}
	fails(t.Context(), false)
	f.says(says(`{"active":false}`))
	if _, err := c.Introspect(t.Context(), []byte("tg_b")); !errors.Is(err, ErrInactive) {
		t.Fatal(err)
	}
	f.says(hang)
	fails(t.Context(), false)
	for range 5 {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		fails(ctx, false)
		cancel()
	}
	fails(t.Context(), true)
}

// With the defaults, a service that hangs is no longer called after one timeout
// under load, and after two by one caller, and one that is well again is called
// after one timeout and one pause at most.
func TestBreakerDefaults(t *testing.T) {
	f := newFake(t, hang)
	c := newClient(t, f.URL, func(c *Config) { c.Timeout = 0 })
	if alone, again := hungCalls*c.cfg.Timeout, c.cfg.Timeout+c.cfg.Breaker.OpenFor; alone >= time.Second || again >= 2*time.Second {
		t.Errorf("opens within %v, closes within %v", alone, again)
	}
	var wg sync.WaitGroup
	for i := range c.cfg.Breaker.Failures {
		wg.Go(func() {
			if _, err := c.Introspect(t.Context(), fmt.Append(nil, "tg_", i)); !errors.Is(err, ErrUnavailable) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if !c.Open() {
		t.Error("not open after one timeout")
	}
	before := f.calls.Load()
	f.says(says(active(time.Minute)))
	eventually(t, "closed again", func() bool {
		_, err := c.Introspect(t.Context(), []byte("tg_a"))
		return err == nil
	})
	if n := f.calls.Load() - before; n != 1 {
		t.Errorf("%d calls to find out", n)
	}
}

// While one call tries whether the service is back, no other is made; if it
// fails, the wait begins anew.
func TestBreakerTrial(t *testing.T) {
	f := newFake(t, fail)
	c := newClient(t, f.URL, func(c *Config) { patient(c); c.Breaker = Breaker{2, 100 * time.Millisecond} })
	fails := func(token string) {
		t.Helper()
		if _, err := c.Introspect(t.Context(), []byte(token)); !errors.Is(err, ErrUnavailable) {
			t.Errorf("err = %v, want ErrUnavailable", err)
		}
	}
	fails("tg_a")
	fails("tg_a")
	g := newGate()
	f.says(g.then(fail))
	eventually(t, "half open", func() bool { return !c.Open() })
	trial := make(chan struct{})
	go func() {
		fails("tg_trial")
		close(trial)
	}()
	<-g.arrived
	before := f.calls.Load()
	for i := range 100 {
		fails(fmt.Sprint("tg_", i))
	}
	if n := f.calls.Load() - before; n != 0 {
		t.Errorf("%d calls beside the trial", n)
	}
	close(g.proceed)
	<-trial
	if !c.Open() {
		t.Error("closed by a trial that failed")
	}
}
