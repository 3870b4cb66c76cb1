package client

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A thousand first uses of one token at once are one call, and whoever began
// it may leave.
func TestSingleFlight(t *testing.T) {
	arrived, proceed := make(chan struct{}), make(chan struct{})
	f := newFake(t, nil)
	f.says(func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-proceed
		says(active(time.Minute))(w, r)
	})
	c := newClient(t, f.URL, func(c *Config) { c.Timeout = 10 * time.Second })
	leader, cancel := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := c.Introspect(leader, []byte("tg_a"))
		left <- err
	}()
	<-arrived
	var wg sync.WaitGroup
	var failed atomic.Int64
	for range 1000 {
		wg.Go(func() {
			if _, err := c.Introspect(t.Context(), []byte("tg_a")); err != nil {
				failed.Add(1)
			}
		})
	}
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("the leader: %v", err)
	}
	close(proceed)
	wg.Wait()
	if n := failed.Load(); n != 0 {
		t.Errorf("%d failed", n)
	}
	if n := f.calls.Load(); n != 1 {
		t.Errorf("%d calls", n)
	}
}

// An answer that was under way when something was revoked is not kept.
func TestRevise(t *testing.T) {
	f := newFake(t, nil)
	var c *Client
	f.says(func(w http.ResponseWriter, r *http.Request) {
		if f.calls.Load() == 1 {
			c.Revise()
		}
		says(active(time.Minute))(w, r)
	})
	c = newClient(t, f.URL, func(c *Config) { c.Timeout = 10 * time.Second })
	for i, calls := range []int64{1, 2, 2} {
		if _, err := c.Introspect(t.Context(), []byte("tg_a")); err != nil {
			t.Fatal(err)
		}
		if n := f.calls.Load(); n != calls {
			t.Errorf("use %d: %d calls, want %d", i, n, calls)
		}
	}
}
