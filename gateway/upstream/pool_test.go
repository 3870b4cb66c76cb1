package upstream

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tollgate/tollgate/gateway/internal/netio"
)

// address is a listener that takes connections and says nothing.
func address(t *testing.T) *url.URL {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
		}
	}()
	return &url.URL{Scheme: "http", Host: ln.Addr().String()}
}

// nowhere is an address at which nobody listens: it is bound, so that nobody else
// comes to listen there either.
func nowhere(t *testing.T) *url.URL {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return &url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", name.(*unix.SockaddrInet4).Port)}
}

func newPool(t *testing.T, opt Options) *Pool {
	t.Helper()
	opt.Watchdog = netio.NewWatchdog()
	opt.DialTimeout = 5 * time.Second
	if opt.MaxIdle == 0 {
		opt.MaxIdle = 10
	}
	p := New(opt)
	t.Cleanup(func() { p.Close(); opt.Watchdog.Stop() })
	return p
}

func get(t *testing.T, p *Pool, fresh bool) *Conn {
	t.Helper()
	c, err := p.Get(fresh)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The connection used last is used next, unless a fresh one is asked for.
func TestReuse(t *testing.T) {
	p := newPool(t, Options{URLs: []*url.URL{address(t)}})
	a, b := get(t, p, false), get(t, p, false)
	if a.Reused || b.Reused || p.Open() != 2 {
		t.Errorf("new connections: %v, %v, %d open", a.Reused, b.Reused, p.Open())
	}
	p.Put(a)
	p.Put(b)
	c := get(t, p, true)
	if c == a || c == b || c.Reused {
		t.Error("a fresh connection was used before")
	}
	if first := get(t, p, false); first != b || !first.Reused {
		t.Error("not the connection that was used last")
	}
	if second := get(t, p, false); second != a {
		t.Error("not the other one")
	}
}

// No more are open, and no more idle, than may be.
func TestBounds(t *testing.T) {
	p := newPool(t, Options{URLs: []*url.URL{address(t)}, MaxConns: 2, MaxIdle: 1})
	a, b := get(t, p, false), get(t, p, false)
	if _, err := p.Get(false); err != ErrFull {
		t.Errorf("a third connection: %v", err)
	}
	p.Put(a)
	p.Put(b) // one too many to keep
	if p.Open() != 1 {
		t.Errorf("%d open", p.Open())
	}
	if _, err := b.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("what is not kept is not closed: %v", err)
	}
	p.Discard(get(t, p, false))
	if p.Open() != 0 {
		t.Errorf("%d open", p.Open())
	}
}

// Idle connections go after their time, and all of them when the pool closes,
// those in use once they are put back.
func TestSweepAndClose(t *testing.T) {
	p := newPool(t, Options{URLs: []*url.URL{address(t)}, IdleTimeout: time.Hour})
	a, b := get(t, p, false), get(t, p, false)
	p.Put(a)
	if p.Sweep(); p.Open() != 2 {
		t.Errorf("%d open before their time", p.Open())
	}
	p.opt.IdleTimeout = 0
	if p.Sweep(); p.Open() != 1 {
		t.Errorf("%d open after it", p.Open())
	}
	p.Close()
	if p.Put(b); p.Open() != 0 {
		t.Errorf("%d open after the end", p.Open())
	}
}

// Addresses take turns, and one that takes no connection is passed over.
func TestTurns(t *testing.T) {
	one, two, none := address(t), address(t), nowhere(t)
	p := newPool(t, Options{URLs: []*url.URL{one, none, two}})
	seen := map[string]int{}
	for range 30 {
		seen[get(t, p, true).Addr.Host]++
	}
	if seen[one.Host] != 10 || seen[two.Host] != 20 { // two has the turns of the one before it
		t.Errorf("%v", seen)
	}
	p = newPool(t, Options{URLs: []*url.URL{none}})
	if _, err := p.Get(false); !errors.Is(err, ErrConnect) || p.Open() != 0 {
		t.Errorf("nobody listens: %v, %d open", err, p.Open())
	}
}

// So many failures in a row take an address out of use, each further time twice
// as long; one success forgives all. The last address is used whatever it did.
func TestEjection(t *testing.T) {
	one, two := address(t), address(t)
	p := newPool(t, Options{URLs: []*url.URL{one, two}, Eject: Ejection{Failures: 2, For: time.Minute}})
	a := p.Addrs()[0]
	left := func() time.Duration {
		return time.Duration(a.health.until.Load()-p.opt.Watchdog.Now()) * time.Millisecond
	}
	f := func(what string, want time.Duration) {
		t.Helper()
		if got := left(); got > want || got < want-10*time.Second {
			t.Errorf("%s: out of use for %v, want %v", what, got, want)
		}
	}
	a.Report(false)
	a.Report(true)
	a.Report(false)
	if a.Ejected() {
		t.Error("two failures with a success between them")
	}
	a.Report(false)
	f("two in a row", time.Minute)
	for range 10 {
		if c := get(t, p, true); c.Addr == a {
			t.Fatal("it is used nevertheless")
		}
	}
	a.Report(false)
	a.Report(false)
	f("two more", 2*time.Minute)
	for range 20 {
		a.Report(false)
	}
	f("very many", 16*time.Minute)
	a.Report(true)
	a.health.until.Store(0)
	a.Report(false)
	a.Report(false)
	f("after a success", time.Minute)

	b := p.Addrs()[1]
	b.Report(false)
	b.Report(false)
	if _, err := p.Get(true); err != nil {
		t.Errorf("all of them out of use: %v", err)
	}
}

// An address that says it is not well is passed over until it says otherwise.
func TestProbe(t *testing.T) {
	var ill atomic.Bool
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/health" || ill.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer srv.Close()
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	p := newPool(t, Options{URLs: []*url.URL{u}, Health: Health{Path: "/health", Interval: 5 * time.Millisecond}})
	done := make(chan struct{})
	go func() { p.Probe(t.Context()); close(done) }()
	for _, is := range []bool{true, false} {
		ill.Store(is)
		for end := time.Now().Add(10 * time.Second); p.Addrs()[0].Ejected() != is; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("never: ejected %v", is)
			}
		}
	}
	p.Close()
	<-done
}

// Where there may be no more connections, an idle one to any address is free.
func TestBoundOverAddresses(t *testing.T) {
	p := newPool(t, Options{URLs: []*url.URL{address(t), address(t)}, MaxConns: 1})
	for i := range 10 {
		c, err := p.Get(i%3 == 2)
		if err != nil {
			t.Fatalf("request %d, beside an idle connection: %v", i, err)
		}
		if _, err := p.Get(false); !errors.Is(err, ErrFull) {
			t.Fatalf("a second connection: %v, want %v", err, ErrFull)
		}
		p.Put(c)
	}
	if n := p.Open(); n != 1 {
		t.Errorf("%d connections are open, want 1", n)
	}
}

// An upstream's Keep-Alive bounds how long its connection is used again.
func TestKeepAlive(t *testing.T) {
	f := func(field string, used bool) {
		t.Helper()
		p := newPool(t, Options{URLs: []*url.URL{address(t)}})
		c := get(t, p, false)
		c.KeepAlive([]byte(field))
		p.Put(c)
		time.Sleep(20 * time.Millisecond)
		if again := get(t, p, false); (again == c) != used {
			t.Errorf("%q: used again %v, want %v", field, again == c, used)
		}
	}
	f("timeout=5", true)
	f("max=100, Timeout=5", true)
	f("timeout=0", false)
	f("timeout=x", true)
	f("timeout=-1", true)
	f("max=1", true)
	f("", true)
}

// A connection that rests is not used, and others are.
func TestRest(t *testing.T) {
	p := newPool(t, Options{URLs: []*url.URL{address(t)}})
	awake, resting := get(t, p, false), get(t, p, true)
	p.Put(awake)
	resting.Rest(50 * time.Millisecond)
	p.Put(resting)
	if c := get(t, p, false); c != awake {
		t.Errorf("the connection that rests was taken before the one that does not")
	}
	if c := get(t, p, false); c == resting {
		t.Errorf("the connection that rests was taken")
	}
	time.Sleep(60 * time.Millisecond)
	if c := get(t, p, false); c != resting {
		t.Errorf("the connection that has rested was not taken")
	}
}
