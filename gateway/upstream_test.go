package gateway

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestUpstreamFailures(t *testing.T) {
	closed := refusing(t)
	w, auth := newTraffic(t, func(c *Config) {
		c.Routes = append(c.Routes, Route{Prefix: "/orders/hang", Upstream: c.Routes[0].Upstream, Timeout: 150 * time.Millisecond},
			Route{Prefix: "/closed", Upstream: "http://" + closed})
	})
	f := func(path string, status int) {
		t.Helper()
		res := w.do("GET", path, "Authorization", auth)
		if res.StatusCode != status || strings.Contains(res.body, "127.0.0.1") {
			t.Errorf("%s: %d %s, want %d", path, res.StatusCode, res.body, status)
		}
	}
	f("/orders/hang", 504)
	f("/closed", 502)
	// an answer that breaks off is not made whole
	req, _ := http.NewRequestWithContext(t.Context(), "GET", "http://"+w.public+"/orders/abort", nil)
	req.Header.Set("Authorization", auth)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if b, err := io.ReadAll(res.Body); string(b) != "half" || err == nil {
		t.Errorf("%q, %v", b, err)
	}
}

// What upstreams may say, in bytes.
func TestUpstreamBytes(t *testing.T) {
	ln := listen(t)
	defer ln.Close()
	answer := make(chan string, 1)
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				br := bufio.NewReader(c)
				for {
					req, err := http.ReadRequest(br)
					if err != nil {
						return
					}
					io.Copy(io.Discard, req.Body)
					a := <-answer
					io.WriteString(c, strings.TrimSuffix(a, "<close>"))
					if strings.HasSuffix(a, "<close>") {
						return
					}
				}
			}()
		}
	}()
	w, auth := newTraffic(t, func(c *Config) {
		c.Routes[0].Upstream = "http://" + ln.Addr().String()
		c.Routes[0].Timeout = 5 * time.Second
	})
	f := func(says string, status int, body string) {
		t.Helper()
		answer <- says
		res := w.do("GET", "/orders", "Authorization", auth)
		if res.StatusCode != status || status == 200 && res.body != body {
			t.Errorf("%q: %d %q; want %d %q", says, res.StatusCode, res.body, status, body)
		}
	}
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	f(ok, 200, "ok")
	// up to the end of the connection
	f("HTTP/1.1 200 OK\r\n\r\nall of it<close>", 200, "all of it")
	f("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok<close>", 200, "ok")
	// interim answers
	f("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"+ok, 200, "ok")
	f(strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 100)+ok+"<close>", 502, "")
	// more than was asked for: the answer is the answer, and the rest is nobody's
	f(ok+"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", 200, "ok")
	f(ok, 200, "ok")
	f("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", 200, "ok")
	f(ok, 200, "ok")
	// what is no answer
	f("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n<close>", 502, "")
	f("HTTP/1.1 200 OK\nContent-Length: 2\n\nok<close>", 502, "")
	f("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n<close>", 502, "")
	f("HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok<close>", 502, "")
	f("nonsense<close>", 502, "")
	f("<close>", 502, "")
	f(ok, 200, "ok")
}

// An idle connection that the upstream has closed, or spoken on, is not used:
// what it said would be taken for the answer to the next request.
func TestStaleUpstream(t *testing.T) {
	ln := listen(t)
	spoken := make(chan struct{}, 1)
	defer ln.Close()
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				req, err := http.ReadRequest(bufio.NewReader(c))
				if err != nil {
					return
				}
				io.Copy(io.Discard, req.Body)
				io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
				switch req.URL.Query().Get("then") {
				case "speak":
					time.Sleep(20 * time.Millisecond)
					io.WriteString(c, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
					return
				case "speak soon":
					time.Sleep(100 * time.Microsecond)
					io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
					spoken <- struct{}{}
					return
				}
				time.Sleep(20 * time.Millisecond)
				c.Close()
			}()
		}
	}()
	w, auth := newTraffic(t, func(c *Config) { c.Routes[0].Upstream = "http://" + ln.Addr().String() })
	for _, then := range []string{"speak", "close", "speak", "close", "close"} {
		// a POST would not be sent twice
		if res := w.send("POST", "/orders?then="+then, strings.NewReader("x"), "Authorization", auth); res.StatusCode != 200 {
			t.Errorf("after an idle connection: %d %s", res.StatusCode, res.body)
		}
		time.Sleep(60 * time.Millisecond)
	}
	for range 50 {
		res := w.do("GET", "/orders?then=speak+soon", "Authorization", auth)
		if <-spoken; res.StatusCode != 200 || res.body != "ok" {
			t.Fatalf("after what was not asked for: %d %s", res.StatusCode, res.body)
		}
	}
}

// Two addresses: the one that fails is passed over.
func TestOutlierEjection(t *testing.T) {
	closed := refusing(t)
	w, auth := newTraffic(t, func(c *Config) {
		c.Upstreams = map[string]Upstream{"pair": {URLs: []string{"http://" + closed, c.Routes[0].Upstream}, Failures: 2, EjectFor: time.Minute}}
		c.Routes[0].Upstream = "pair"
	})
	for range 20 {
		if res := w.do("GET", "/orders/file", "Authorization", auth); res.StatusCode != 200 {
			t.Fatalf("status %d", res.StatusCode)
		}
	}
	if a := w.g.snap.Load().pools["pair"].Addrs(); !a[0].Ejected() || a[1].Ejected() {
		t.Errorf("ejected: %v, %v", a[0].Ejected(), a[1].Ejected())
	}
}

func TestHealthCheck(t *testing.T) {
	sick := newRecorder(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	w, auth := newTraffic(t, func(c *Config) {
		c.Upstreams = map[string]Upstream{"pair": {
			URLs: []string{"http://" + sick.Addr().String(), c.Routes[0].Upstream}, Health: "/orders/file", HealthInterval: 20 * time.Millisecond,
		}}
		c.Routes[0].Upstream = "pair"
	})
	w.eventually("found sick", func() bool { return w.g.snap.Load().pools["pair"].Addrs()[0].Ejected() })
	for range 10 {
		if res := w.do("GET", "/orders/file", "Authorization", auth); res.StatusCode != 200 {
			t.Errorf("status %d", res.StatusCode)
		}
	}
}
