package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func patient(c *Config) { c.Timeout = 10 * time.Second }

// A gate is an answer that waits to be let through.
type gate struct {
	arrived, proceed chan struct{}
}

func newGate() *gate { return &gate{make(chan struct{}, 1000), make(chan struct{})} }

func (g *gate) then(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		g.arrived <- struct{}{}
		<-g.proceed
		answer(w, r)
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never " + what)
		}
	}
}

// together has n ask for one token once somebody, who then leaves, has had the
// call begin, and has answer come when all of them have missed the cache. It
// returns how many of them got want, and how many calls were made.
func together(t *testing.T, n int, answer http.HandlerFunc, want error) (right, calls int64) {
	t.Helper()
	g := newGate()
	f := newFake(t, g.then(answer))
	c := newClient(t, f.URL, patient)
	leader, cancel := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := c.Introspect(leader, []byte("tg_a"))
		left <- err
	}()
	<-g.arrived
	var wg sync.WaitGroup
	var got atomic.Int64
	for range n {
		wg.Go(func() {
			if _, err := c.Introspect(t.Context(), []byte("tg_a")); errors.Is(err, want) {
				got.Add(1)
			}
		})
	}
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("the leader: %v", err)
	}
	eventually(t, "missed by all", func() bool { return c.Stats().Misses.Load() == uint64(n)+1 })
	close(g.proceed)
	wg.Wait()
	return got.Load(), f.calls.Load()
}

// A thousand first uses of one token at once are one call, whatever comes of
// it, and whoever began it may leave.
func TestSingleFlight(t *testing.T) {
	f := func(name string, answer http.HandlerFunc, want error) {
		t.Helper()
		right, calls := together(t, 1000, answer, want)
		// A failure is not kept: a use that comes to the call just after its
		// end makes one of its own.
		if right != 1000 || calls != 1 && want != ErrUnavailable {
			t.Errorf("%s: %d of 1000, with %d calls", name, right, calls)
		}
	}
	f("active", says(active(time.Minute)), nil)
	f("inactive", says(`{"active":false}`), ErrInactive)
	f("nonsense", says(`nonsense`), ErrUnavailable)
}

// Uses of different tokens do not wait for each other.
func TestFlightsApart(t *testing.T) {
	g := newGate()
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("token") == "tg_held" {
			g.then(says(active(time.Minute)))(w, r)
			return
		}
		says(`{"active":false}`)(w, r)
	})
	c := newClient(t, f.URL, patient)
	held := make(chan error)
	go func() {
		_, err := c.Introspect(t.Context(), []byte("tg_held"))
		held <- err
	}()
	<-g.arrived
	if _, err := c.Introspect(t.Context(), []byte("tg_other")); !errors.Is(err, ErrInactive) {
		t.Error(err)
	}
	close(g.proceed)
	if err := <-held; err != nil {
		t.Error(err)
	}
}

// An answer that was under way when something was revoked is not kept, whatever
// it says.
func TestRevise(t *testing.T) {
	for body, want := range map[string]error{active(time.Minute): nil, `{"active":false}`: ErrInactive} {
		f := newFake(t, nil)
		var c *Client
		f.says(func(w http.ResponseWriter, r *http.Request) {
			if f.calls.Load() == 1 {
				c.Revise()
			}
			says(body)(w, r)
		})
		c = newClient(t, f.URL, func(c *Config) { patient(c); c.Cache.InactiveTTL = time.Minute })
		for i, calls := range []int64{1, 2, 2} {
			if _, err := c.Introspect(t.Context(), []byte("tg_a")); !errors.Is(err, want) {
				t.Fatal(err)
			}
			if n := f.calls.Load(); n != calls {
				t.Errorf("%s: use %d: %d calls, want %d", body, i, n, calls)
			}
		}
	}
}

// Who asks after a revocation does not join a call from before it, and the
// verdict of that call does not take the place of the newer one.
func TestReviseMidFlight(t *testing.T) {
	old, now := newGate(), newGate()
	f := newFake(t, old.then(says(active(time.Minute))))
	c := newClient(t, f.URL, func(c *Config) { patient(c); c.Cache.InactiveTTL = time.Minute })
	ask := func() chan error {
		done := make(chan error, 1)
		go func() {
			_, err := c.Introspect(t.Context(), []byte("tg_a"))
			done <- err
		}()
		return done
	}
	before := ask()
	<-old.arrived
	f.says(now.then(says(`{"active":false}`)))
	c.Revise()
	after := ask()
	select {
	case <-now.arrived:
	case <-time.After(10 * time.Second):
		close(old.proceed)
		t.Fatal("joined a call from before the revocation")
	}
	close(old.proceed)
	if err := <-before; err != nil {
		t.Error(err)
	}
	// the old call has ended, and the new one is still there to be joined
	third := ask()
	eventually(t, "missed by the third", func() bool { return c.Stats().Misses.Load() == 3 })
	close(now.proceed)
	for _, done := range []chan error{after, third} {
		if err := <-done; !errors.Is(err, ErrInactive) {
			t.Errorf("after the revocation: %v", err)
		}
	}
	if _, err := c.Introspect(t.Context(), []byte("tg_a")); !errors.Is(err, ErrInactive) || f.calls.Load() != 2 {
		t.Errorf("in the end: %v, %d calls", err, f.calls.Load())
	}
}

// A call that ends between a miss and the attempt to join it has left its
// verdict in the cache: it is not made again.
func TestFlightJustEnded(t *testing.T) {
	f := flights{calls: map[string]*flight{}}
	call := func() (*Answer, error) { t.Error("called"); return nil, nil }
	left := &Answer{}
	a, err := f.join(t.Context(), "tg_a", 0, func() (*Answer, error) { return left, nil }, call)
	if a != left || err != nil {
		t.Errorf("%v, %v", a, err)
	}
	_, err = f.join(t.Context(), "tg_b", 0, func() (*Answer, error) { return nil, ErrInactive }, call)
	if !errors.Is(err, ErrInactive) {
		t.Error(err)
	}
}

// A call is no longer under way once it has ended, however it has.
func TestFlightsEnd(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "nonsense") })
	c := newClient(t, f.URL, patient)
	for i := range 100 {
		c.Introspect(t.Context(), []byte{'t', byte(i)})
	}
	c.flights.mu.Lock()
	defer c.flights.mu.Unlock()
	if n := len(c.flights.calls); n != 0 {
		t.Errorf("%d calls are kept", n)
	}
}
