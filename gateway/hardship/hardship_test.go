package hardship

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// Bodies of a gigabyte pass without being kept.
func TestBodies(t *testing.T) {
	w := newWorld(t, "jwt", "")
	n := int64(size(32<<20, 1<<30))
	w.good(8, 0, 200*time.Millisecond)
	send := func(method, path string, body io.Reader) (got int64, text string) {
		req, err := http.NewRequestWithContext(t.Context(), method, "http://"+w.public+path, body)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+w.token)
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var head strings.Builder
		got, err = io.Copy(io.MultiWriter(io.Discard, &limited{&head, 20}), res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return got, head.String()
	}
	before, most, after := peak(t, w.gatewayPID, func() {
		if _, text := send("POST", "/orders/size", io.LimitReader(zeros{}, n)); text != fmt.Sprint(n) {
			t.Errorf("the upstream got %s of %d bytes", text, n)
		}
		if got, _ := send("GET", fmt.Sprintf("/orders/zeros?n=%d", n), nil); got != n {
			t.Errorf("%d of %d bytes", got, n)
		}
	})
	figure(t, "%d MiB up and down: memory %.1f MiB before, %.1f at most, %.1f after", n>>20, mib(before), mib(most), mib(after))
	if most-before > 24<<20 {
		t.Errorf("memory grew by %.1f MiB", mib(most-before))
	}
}

// limited keeps the beginning of what is written.
type limited struct {
	to *strings.Builder
	n  int
}

func (l *limited) Write(p []byte) (int, error) {
	l.to.Write(p[:min(len(p), l.n-l.to.Len())])
	return len(p), nil
}

// Slow heads, bodies and readers are closed, and hold up nobody.
func TestSlow(t *testing.T) {
	keys := ""
	if !full {
		keys = "timeouts: {head: 4s, body: 5s, write: 5s, grace: 1ms}\n"
	}
	w := newWorld(t, "jwt", keys)
	n := size(150, 5000)
	while := time.Duration(size(1, 8)) * time.Second
	idle := w.good(16, 5*time.Millisecond, while)
	w.only(idle, 200)
	s := siege{
		Addr: netip.MustParseAddrPort(w.public),
		Says: []string{
			"GET /besieged/1 HTTP/1.1\r\nHost: h\r\n",
			"POST /besieged/size HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + w.token + "\r\nContent-Length: 100000\r\n\r\n",
			"GET /besieged/zeros?n=16000000 HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + w.token + "\r\n\r\n",
		},
		Drips: []bool{true, true, false},
		Conns: n,
		Time:  while + time.Duration(size(14, 8))*time.Second,
	}
	wait := begin(t, "siege", &s)
	open := func() float64 { return w.metric("tollgate_client_connections") }
	w.eventually("besieged", 10*time.Second, func() bool { return open() > 0.9*float64(n) })
	time.Sleep(time.Second) // until the last of them have begun as well
	var beside load
	_, most, _ := peak(t, w.gatewayPID, func() { beside = w.good(16, 5*time.Millisecond, while) })
	w.only(beside, 200)
	wait()
	figure(t, "%d slow connections: p99 %v beside them, %v without, ratio %.2f; closed after %v at most; memory %.1f MiB at most",
		n, beside.p99, idle.p99, float64(beside.p99)/float64(idle.p99), s.Longest.Round(10*time.Millisecond), mib(most))
	if s.Left > 0 {
		t.Errorf("%d slow connections are open after %v", s.Left, s.Time)
	}
	if bound := time.Duration(size(30, 10)) * time.Second; s.Longest > bound {
		t.Errorf("slow connections stay for %v, more than %v", s.Longest, bound)
	}
	if s.Dripped < n/2 {
		t.Errorf("%d bytes dripped over %d connections: not much of a siege", s.Dripped, n)
	}
}

// Tokens that are no good cost no memory, and in mode jwt no call. What an
// opaque token looks like is the security service's own business: each is asked
// about once.
func TestBadTokens(t *testing.T) {
	for _, mode := range []string{"jwt", "opaque"} {
		t.Run(mode, func(t *testing.T) {
			w := newWorld(t, mode, "cache: {introspection_ttl: 1m}\n")
			n := size(20000, 1000000)
			good := get(w.token)
			head, tail, _ := strings.Cut(w.token, ".")
			bad := func(i int) []byte {
				switch {
				case i%10 == 0:
					return good
				case mode == "opaque":
					return get(fmt.Sprintf("tx_%032d", i))
				}
				return get(fmt.Sprintf("%s.%s%08x", head, tail[:len(tail)-8], i))
			}
			calls := w.metric("tollgate_introspection_calls_total")
			w.traffic(16, 0, bad, func(i int) bool { return i >= n/20 })
			var l load
			before, most, after := peak(t, w.gatewayPID, func() {
				l = w.traffic(16, 0, bad, func(i int) bool { return i >= n })
			})
			if l.statuses[200] != n/10 || l.statuses[401] != n-n/10 {
				t.Errorf("statuses %v of %d", l.statuses, n)
			}
			calls = w.metric("tollgate_introspection_calls_total") - calls
			figure(t, "%d tokens, %d bad: memory %.1f MiB before, %.1f at most, %.1f after; answers %v; %.0f calls of the service; %.0f/s",
				n, n-n/10, mib(before), mib(most), mib(after), l.statuses, calls, l.rate)
			if most-before > 32<<20 {
				t.Errorf("memory grew by %.1f MiB", mib(most-before))
			}
			if mode == "jwt" && calls > 0 {
				t.Errorf("%.0f calls for JWTs", calls)
			}
		})
	}
}

// A security service that hangs costs mode jwt nothing; the others say so.
func TestHungService(t *testing.T) {
	t.Run("jwt", func(t *testing.T) {
		w := newWorld(t, "jwt", "")
		var running, stopped float64
		w.good(16, 0, 300*time.Millisecond)
		for range size(2, 12) {
			l := w.good(16, 0, time.Duration(size(200, 1000))*time.Millisecond)
			w.only(l, 200)
			running += l.rate
			w.stopService()
			l = w.good(16, 0, time.Duration(size(200, 1000))*time.Millisecond)
			w.only(l, 200)
			stopped += l.rate
			w.resumeService()
		}
		figure(t, "rate with the service stopped %.1f %% of that with it running", 100*stopped/running)
	})
	t.Run("opaque", func(t *testing.T) {
		w := newWorld(t, "opaque", "")
		req := get(w.token)
		status := func() (s int) {
			l := w.traffic(1, 0, func(int) []byte { return req }, func(n int) bool { return n > 0 })
			for s = range l.statuses {
			}
			return s
		}
		if s := status(); s != 200 {
			t.Fatalf("%d", s)
		}
		w.stopService()
		first := make(chan load, 1)
		began := time.Now()
		go func() {
			first <- w.traffic(16, 0, func(int) []byte { return req }, func(n int) bool { return n >= 16 })
		}()
		opened := w.eventually("breaker open", 10*time.Second, func() bool { return w.metric("tollgate_breaker_open") == 1 })
		l := <-first
		w.only(l, 503)
		answered := time.Since(began)
		w.only(w.traffic(4, 0, func(int) []byte { return req }, func(n int) bool { return n >= 100 }), 503)
		w.resumeService()
		back := w.eventually("back", 20*time.Second, func() bool { return status() == 200 })
		figure(t, "503 at most %v after the service stopped (p99 %v), breaker open after %v, back %v after it went on",
			answered.Round(time.Millisecond), l.p99.Round(time.Millisecond), opened.Round(time.Millisecond), back.Round(time.Millisecond))
	})
}

// Beside a flood of wrong passwords those who are logged in are served: as well
// as beside one of requests without a token, where the gateway has a limit of its
// own for logins, and more slowly where each is the security service's to refuse.
func TestLoginFlood(t *testing.T) {
	body := "id=customer-1&password=wrong"
	login := fmt.Sprintf("POST /login HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	for _, f := range []struct {
		name, keys, request string
		status              int
	}{
		{"anonymous", "", "GET /orders/1 HTTP/1.1\r\nHost: h\r\n\r\n", 401},
		{"logins", "", login, 429},
		{"logins limited", "limits: {logins_per_address: 20}\n", login, 429},
	} {
		t.Run(f.name, func(t *testing.T) {
			w := newWorld(t, "jwt", f.keys)
			while := time.Duration(size(1, 8)) * time.Second
			alone := w.good(16, 5*time.Millisecond, while)
			flood := flood{Addr: w.public, Request: []byte(f.request), Conns: size(64, 256), Pause: 20 * time.Millisecond, Time: while + time.Second}
			wait := begin(t, "flood", &flood)
			time.Sleep(time.Second / 2) // until it has begun
			beside := w.good(16, 5*time.Millisecond, while)
			wait()
			w.only(alone, 200)
			w.only(beside, 200)
			if flood.Statuses[f.status] < flood.Conns || flood.Statuses[200] > 0 {
				t.Errorf("the flood was answered %v", flood.Statuses)
			}
			figure(t, "beside %.0f requests/s (%v): rate %.2f of that without, p99 %v, %v without, ratio %.2f", flood.rate(), flood.Statuses,
				beside.rate/alone.rate, beside.p99, alone.p99, float64(beside.p99)/float64(alone.p99))
		})
	}
}

// What connections cost that wait for their next request.
func TestIdle(t *testing.T) {
	for _, mode := range []string{"jwt", "opaque"} {
		t.Run(mode, func(t *testing.T) {
			w := newWorld(t, mode, "cache: {introspection_ttl: 1m}\n")
			n := size(500, 10000)
			w.good(16, 0, 200*time.Millisecond)
			before := resident(t, w.gatewayPID)
			req := get(w.token)
			for range n {
				c, err := net.Dial("tcp", w.public)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				if s, err := askOnce(c, req); s != 200 || err != nil {
					t.Fatalf("%d, %v", s, err)
				}
			}
			if open := w.metric("tollgate_client_connections"); open < float64(n) {
				t.Errorf("%.0f connections of %d", open, n)
			}
			after := resident(t, w.gatewayPID)
			figure(t, "%d idle connections: memory %.1f MiB before, %.1f after, %d bytes each", n, mib(before), mib(after), (after-before)/int64(n))
			if (after-before)/int64(n) > 64<<10 {
				t.Error("more than 64 KiB a connection")
			}
		})
	}
}
