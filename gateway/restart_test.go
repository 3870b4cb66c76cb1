package gateway

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Two gateways behind something that sends new connections to those that are
// ready, as a load balancer does: one after the other is restarted, and no
// request fails.
func TestRollingRestart(t *testing.T) {
	const grace = 400 * time.Millisecond
	var ready [2]atomic.Pointer[world]
	begin := func(i int) *world {
		w := newWorld(t, ModeJWT, func(c *Config) { c.Timeouts.Grace = grace })
		ready[i].Store(w)
		return w
	}
	worlds := [2]*world{begin(0), begin(1)}
	// What probes /readyz, and takes a while to act on it.
	stop := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(grace / 4):
			}
			for i := range ready {
				if w := ready[i].Load(); w != nil && !readyAt(w.admin) {
					ready[i].CompareAndSwap(w, nil)
				}
			}
		}
	})
	var sent, failed atomic.Int64
	for n := range 4 {
		all.Go(func() {
			for turn := n; ; turn++ {
				select {
				case <-stop:
					return
				default:
				}
				w := ready[turn%2].Load()
				if w == nil {
					continue
				}
				sent.Add(1)
				res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(must(http.NewRequest("GET", "http://"+w.public+"/healthz", nil)))
				if err != nil {
					failed.Add(1)
					t.Errorf("a request failed: %v", err)
					continue
				}
				io.Copy(io.Discard, res.Body)
				res.Body.Close()
				if res.StatusCode != 200 {
					failed.Add(1)
					t.Errorf("a request was answered %d, want 200", res.StatusCode)
				}
				time.Sleep(time.Millisecond)
			}
		})
	}
	for i := range worlds {
		time.Sleep(grace / 4)
		if err := worlds[i].stop(); err != nil {
			t.Error(err)
		}
		begin(i)
	}
	time.Sleep(grace / 4)
	close(stop)
	all.Wait()
	if sent.Load() < 100 {
		t.Errorf("only %d requests were sent", sent.Load())
	}
}

func must(r *http.Request, err error) *http.Request {
	if err != nil {
		panic(err)
	}
	return r
}

func readyAt(admin string) bool {
	c := http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := c.Get("http://" + admin + "/readyz")
	if err != nil {
		return false
	}
	res.Body.Close()
	return res.StatusCode == 200
}

// Told to stop, the gateway says so at once, takes connections for the time of
// grace, and asks its clients to go elsewhere for their next request.
func TestGrace(t *testing.T) {
	w := newWorld(t, ModeJWT, func(c *Config) { c.Timeouts.Grace = 500 * time.Millisecond })
	kept, err := net.Dial("tcp", w.public)
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	began := time.Now()
	stopped := make(chan error)
	go func() { stopped <- w.stop() }()
	w.eventually("not ready", func() bool { return !readyAt(w.admin) })
	if took := time.Since(began); took > 300*time.Millisecond {
		t.Errorf("/readyz turned 503 after %v, want at once", took)
	}
	if res := w.raw("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"); res.StatusCode != 200 || !res.Close {
		t.Errorf("a new connection: %d, close %v; want 200 and a last answer", res.StatusCode, res.Close)
	}
	kept.SetDeadline(time.Now().Add(5 * time.Second))
	fmt.Fprint(kept, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
	if all, err := io.ReadAll(kept); err != nil || !strings.HasPrefix(string(all), "HTTP/1.1 200 OK\r\n") || !strings.Contains(string(all), "\r\nConnection: close\r\n") {
		t.Errorf("a connection from before: %q, %v; want 200 and a last answer", all, err)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took < 500*time.Millisecond {
		t.Errorf("stopped after %v, want the time of grace", took)
	}
}
