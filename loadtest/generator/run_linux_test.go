package generator

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate/tollgate/loadtest/schedule"
)

// drive runs cfg against a server with handler h and checks the sums that hold
// for every run.
func drive(t *testing.T, h http.HandlerFunc, cfg Config) *Result {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return driveServer(t, s, cfg)
}

func driveServer(t *testing.T, s *httptest.Server, cfg Config) *Result {
	t.Helper()
	cfg.Address = s.Listener.Addr().String()
	if cfg.Requests == nil {
		cfg.Requests = bare(t, "/")
	}
	if cfg.Connections == 0 {
		cfg.Connections = 8
	}
	r, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	res, err := r.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// Every request ends in one way. (A timeout may also strike one that was never sent.)
	if ends := res.OK + res.Errors(); ends < res.Sent || ends > res.Sent+res.Timeouts {
		t.Errorf("%d sent, but %d ends: %+v", res.Sent, ends, res)
	}
	return res
}

func bare(t *testing.T, path string) func(int) Requests {
	return func(int) Requests {
		g, err := Get("test", path, nil, nil)
		if err != nil {
			t.Error(err)
		}
		return g
	}
}

func poisson(rate float64) func() schedule.Arrivals {
	return func() schedule.Arrivals { return schedule.Poisson(rate, 1) }
}

func constant(rate float64) func() schedule.Arrivals {
	return func() schedule.Arrivals { return schedule.Constant(rate) }
}

func ok(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }

// The open loop sends exactly the schedule: those in the warm-up are answered
// but not recorded, those in the window are recorded once each.
func TestOpenLoopSendsTheSchedule(t *testing.T) {
	for _, threads := range []int{1, 2} {
		var served atomic.Int64
		res := drive(t, func(w http.ResponseWriter, r *http.Request) { served.Add(1); ok(w, r) }, Config{
			Arrivals: constant(1000), Threads: threads, Warmup: 200 * time.Millisecond, Duration: 300 * time.Millisecond,
		})
		// Arrivals are at 1, 2, … ms: 1 to 199 warm up, 200 to 499 are recorded.
		if res.Sent != 499 || served.Load() != 499 || res.Offered != 300 || res.OK != 499 {
			t.Errorf("threads %d: sent %d served %d offered %d OK %d", threads, res.Sent, served.Load(), res.Offered, res.OK)
		}
		for name, n := range map[string]int64{
			"response": res.Response.TotalCount(), "service": res.Service.TotalCount(), "lateness": res.Lateness.TotalCount(),
		} {
			if n != 300 {
				t.Errorf("threads %d: %s has %d values", threads, name, n)
			}
		}
		if res.Response.Mean() < res.Service.Mean() {
			t.Errorf("mean response %v is below mean service %v", res.Response.Mean(), res.Service.Mean())
		}
	}
}

// Each token of the set travels, as often as the pick says.
func TestTokenPerRequest(t *testing.T) {
	tokens := [][]byte{[]byte("a"), []byte("b"), []byte("c")}
	var mu sync.Mutex
	seen := map[string]int{}
	res := drive(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen[r.Header.Get("Authorization")]++
		mu.Unlock()
	}, Config{
		Requests: func(int) Requests {
			g, err := Get("test", "/x", tokens, InTurn(0))
			if err != nil {
				t.Error(err)
			}
			return g
		},
		Arrivals: constant(1000), Duration: 301 * time.Millisecond,
	})
	mu.Lock()
	defer mu.Unlock()
	if res.OK != 300 || seen["Bearer a"] != 100 || seen["Bearer b"] != 100 || seen["Bearer c"] != 100 {
		t.Errorf("%d answers; %v", res.OK, seen)
	}
}

func TestClosedLoop(t *testing.T) {
	var most, now atomic.Int64
	res := drive(t, func(w http.ResponseWriter, r *http.Request) {
		most.Store(max(most.Load(), now.Add(1)))
		ok(w, r)
		now.Add(-1)
	}, Config{Connections: 4, Duration: 200 * time.Millisecond})
	if res.OK < 100 || res.Errors() != 0 || res.OK != res.Sent {
		t.Errorf("%d answers, %d errors, %d sent", res.OK, res.Errors(), res.Sent)
	}
	if most.Load() > 4 {
		t.Errorf("%d requests at once over 4 connections", most.Load())
	}
}

// Chunked answers, and one that comes in many small writes, are read to their end.
func TestChunkedAnswers(t *testing.T) {
	res := drive(t, func(w http.ResponseWriter, _ *http.Request) {
		for range 20 {
			fmt.Fprint(w, strings.Repeat("x", 3000))
			w.(http.Flusher).Flush()
		}
	}, Config{Arrivals: constant(200), Duration: 205 * time.Millisecond})
	if res.OK != 40 || res.Errors() != 0 || res.Reconnects != 0 {
		t.Errorf("%d answers, %d errors, %d reconnects", res.OK, res.Errors(), res.Reconnects)
	}
}

func TestTLS(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, strings.Repeat("x", 40_000)) // three records
	}))
	s.StartTLS()
	defer s.Close()
	conf := s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	conf.ServerName = "example.com"
	res := driveServer(t, s, Config{TLS: conf, Arrivals: constant(500), Duration: 201 * time.Millisecond})
	if res.OK != 100 || res.Errors() != 0 {
		t.Errorf("%d answers, %d errors: %v", res.OK, res.Errors(), res.Status)
	}
	// A certificate nobody vouches for ends it before anything is sent.
	_, err := Open(Config{Address: s.Listener.Addr().String(), TLS: &tls.Config{ServerName: "example.com"}, Requests: bare(t, "/"), Duration: 1})
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok {
		t.Errorf("an unknown certificate: %v", err)
	}
}

// A server that closes after every answer is reconnected to, and it is no error.
func TestReconnects(t *testing.T) {
	res := drive(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		ok(w, r)
	}, Config{Arrivals: constant(200), Duration: 205 * time.Millisecond, Connections: 2})
	if res.OK != 40 || res.Errors() != 0 || res.Reconnects < 38 {
		t.Errorf("%d answers, %d errors, %d reconnects", res.OK, res.Errors(), res.Reconnects)
	}
}

// Answers that never come are errors, at their timeout, and do not stop the rest.
func TestTimeouts(t *testing.T) {
	hang := make(chan struct{})
	defer close(hang)
	var n atomic.Int64
	res := drive(t, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1)%10 == 0 {
			<-hang
		}
		ok(w, r)
	}, Config{Arrivals: constant(100), Duration: 505 * time.Millisecond, Timeout: 200 * time.Millisecond, Timeline: 505 * time.Millisecond})
	if res.OK != 45 || res.Timeouts != 5 {
		t.Errorf("%d answers, %d timeouts", res.OK, res.Timeouts)
	}
	if most := time.Duration(res.Response.Max()); most < 200*time.Millisecond {
		t.Errorf("a request given up after 200 ms counts as %v", most)
	}
	if b := res.Timeline[0]; b.OK != 45 || b.Failed != 5 {
		t.Errorf("timeline: %+v", b)
	}
}

// A server with one place serves nobody else meanwhile: requests that find all
// connections busy wait, and time out, without having been sent.
func TestTimeoutsInTheQueue(t *testing.T) {
	hang := make(chan struct{})
	defer close(hang)
	res := drive(t, func(w http.ResponseWriter, r *http.Request) { <-hang },
		Config{Arrivals: constant(100), Duration: 205 * time.Millisecond, Timeout: 300 * time.Millisecond, Connections: 1, MaxConnections: 1})
	if res.OK != 0 || res.Timeouts != 20 {
		t.Errorf("%d answers, %d timeouts of 20 arrivals", res.OK, res.Timeouts)
	}
}

func TestStatusAndBroken(t *testing.T) {
	var n atomic.Int64
	res := drive(t, func(w http.ResponseWriter, r *http.Request) {
		switch n.Add(1) % 4 {
		case 0:
			w.WriteHeader(503)
		case 1:
			w.WriteHeader(401)
		case 2:
			panic(http.ErrAbortHandler)
		}
	}, Config{Arrivals: constant(200), Duration: 205 * time.Millisecond, Connections: 4})
	if res.OK != 10 || res.Status[503] != 10 || res.Status[401] != 10 || res.Broken != 10 {
		t.Errorf("OK %d, %v, broken %d", res.OK, res.Status, res.Broken)
	}
	if res.Response.TotalCount() != 10 {
		t.Errorf("%d response times of 10 expected answers", res.Response.TotalCount())
	}
}

// More connections are opened when all are busy, and requests count from their
// intended moments: behind one slow answer the next one is slow as well.
func TestGrowsAndCountsFromIntent(t *testing.T) {
	slow := func(w http.ResponseWriter, r *http.Request) { time.Sleep(100 * time.Millisecond); ok(w, r) }
	res := drive(t, slow, Config{Arrivals: constant(100), Duration: 205 * time.Millisecond, Connections: 1})
	if res.OK != 20 || res.Opened < 5 || res.Reconnects != 0 {
		t.Errorf("growing: %d answers, %d connections opened, %d reconnects", res.OK, res.Opened, res.Reconnects)
	}
	// Opening one is the generator's business, and its lateness.
	if res.Lateness.Max() == 0 {
		t.Error("requests that waited for a connection to be opened were not late")
	}
	res = drive(t, slow, Config{Arrivals: constant(100), Duration: 105 * time.Millisecond, Connections: 1, MaxConnections: 1})
	// The tenth request was due at 100 ms and is answered at 1000 ms or later.
	if got := time.Duration(res.Response.Max()); res.OK != 10 || got < 800*time.Millisecond {
		t.Errorf("queueing: %d answers, the last after %v", res.OK, got)
	}
	if got := time.Duration(res.Service.Max()); got > 400*time.Millisecond {
		t.Errorf("service time includes waiting: %v", got)
	}
	if got := time.Duration(res.Lateness.Max()); got > 400*time.Millisecond {
		t.Errorf("waiting for the only connection counts as lateness: %v", got)
	}
}

// A stall of 100 ms every 500 ms: one arrival in five falls into it and waits for
// what is left, so response times above x have a share of (100 - x)/500, and the
// 90th percentile is 50 ms. A generator that waits for answers would see one
// slow request a connection and stall.
func TestSeesStalls(t *testing.T) {
	start := time.Now()
	res := drive(t, func(w http.ResponseWriter, r *http.Request) {
		if into := time.Since(start) % (500 * time.Millisecond); into < 100*time.Millisecond {
			time.Sleep(100*time.Millisecond - into)
		}
		ok(w, r)
	}, Config{Arrivals: constant(500), Duration: time.Second})
	if got := time.Duration(res.Response.ValueAtQuantile(90)); got < 40*time.Millisecond || got > 70*time.Millisecond {
		t.Errorf("p90 is %v, arithmetic says 50 ms", got)
	}
}

// Cancelling stops sending, keeps what was measured, and says so.
func TestCancel(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(ok))
	defer s.Close()
	r, err := Open(Config{Address: s.Listener.Addr().String(), Requests: bare(t, "/"), Arrivals: poisson(500), Duration: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(200*time.Millisecond, cancel)
	res, err := r.Start(ctx)
	if !errors.Is(err, context.Canceled) || res == nil || res.OK == 0 || res.OK != res.Sent {
		t.Errorf("%v, %+v", err, res)
	}
}

// A server that is not there fails Open; one that goes away breaks requests.
func TestServerGone(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	if _, err := Open(Config{Address: addr, Requests: bare(t, "/"), Duration: 1}); err == nil || !strings.HasSuffix(err.Error(), "connection refused") {
		t.Errorf("nobody listens: %v", err)
	}
	s := httptest.NewServer(http.HandlerFunc(ok))
	time.AfterFunc(100*time.Millisecond, func() { s.Listener.Close(); s.CloseClientConnections() })
	res := driveServer(t, s, Config{Arrivals: constant(100), Duration: 305 * time.Millisecond, Timeout: 200 * time.Millisecond})
	if res.OK == 0 || res.Errors() == 0 {
		t.Errorf("%d answers, %d errors", res.OK, res.Errors())
	}
}
