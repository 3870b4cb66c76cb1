package client

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"
)

// The breaker opens after a few failures, answers without calling, and closes
// again when the service is back.
func TestBreaker(t *testing.T) {
	f := newFake(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	c := newClient(t, f.URL, func(c *Config) { c.Timeout, c.Breaker = 50*time.Millisecond, Breaker{3, 300 * time.Millisecond} })
	for range 3 {
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
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := c.Introspect(t.Context(), []byte("tg_a")); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("does not close again")
		}
	}
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
