package gateway

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// backend is an upstream with a bit of everything.
func backend() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/orders/echo", echo)
	mux.HandleFunc("/orders/digest", func(w http.ResponseWriter, r *http.Request) {
		h := sha256.New()
		n, err := io.Copy(h, r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		fmt.Fprintf(w, "%d %x", n, h.Sum(nil))
	})
	mux.HandleFunc("/orders/zeros", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.ParseInt(r.FormValue("n"), 10, 64)
		if r.FormValue("length") != "" {
			w.Header().Set("Content-Length", r.FormValue("n"))
		}
		io.CopyN(w, zeros{}, n)
	})
	mux.HandleFunc("/orders/events", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			w.(http.Flusher).Flush()
			select {
			case <-eventGate:
			case <-r.Context().Done():
				return
			}
		}
	})
	mux.HandleFunc("/orders/file", func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "file", time.Unix(1, 0), strings.NewReader("0123456789"))
	})
	mux.HandleFunc("/orders/trailers", func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Trailer", "X-Sum")
		fmt.Fprintf(w, "%s", r.Trailer.Get("X-In"))
		w.Header().Set("X-Sum", "out")
	})
	mux.HandleFunc("/orders/status", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.FormValue("n"))
		w.WriteHeader(n)
	})
	mux.HandleFunc("/orders/early", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot) // without reading the body
	})
	mux.HandleFunc("/orders/hints", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</a>")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusOK)
		io.WriteString(w, "ok")
	})
	mux.HandleFunc("/orders/hang", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/orders/abort", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, "half")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	mux.HandleFunc("/orders/ws", webSocketEcho)
	return mux
}

var eventGate = make(chan struct{})

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// webSocketEcho upgrades by hand and sends back whatever comes.
func webSocketEcho(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") != "websocket" || r.Header.Get("Connection") != "Upgrade" {
		w.WriteHeader(http.StatusUpgradeRequired)
		return
	}
	c, brw, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer c.Close()
	io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\nhello ")
	io.Copy(c, brw)
}

func newTraffic(t *testing.T, change func(*Config)) (*world, string) {
	w := newWorldWith(t, ModeJWT, backend(), func(c *Config) {
		c.Routes[0].WebSocket = true
		if change != nil {
			change(c)
		}
	})
	return w, "Bearer " + w.service.token(ModeJWT, w.service.claims("customer-1", "customer"))
}

// Bodies stream both ways, whatever their framing, and are what they were.
// `make hardship` sends a GiB each way, beside the memory it takes.
func TestStreaming(t *testing.T) {
	w, auth := newTraffic(t, nil)
	size := int64(8 << 20)
	if s := os.Getenv("TOLLGATE_BODY"); s != "" {
		var err error
		if size, err = strconv.ParseInt(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	upload := func(length int64) {
		t.Helper()
		h := sha256.New()
		body := io.TeeReader(io.LimitReader(rand.Reader, size), h)
		req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+w.public+"/orders/digest", body)
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = length
		req.Header.Set("Authorization", auth)
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		got, _ := io.ReadAll(res.Body)
		if want := fmt.Sprintf("%d %s", size, hex.EncodeToString(h.Sum(nil))); string(got) != want {
			t.Errorf("length %d: upstream got %.100q, want %q", length, got, want)
		}
	}
	download := func(query string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+w.public+"/orders/zeros?n="+fmt.Sprint(size)+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", auth)
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if n, err := io.Copy(io.Discard, res.Body); n != size || err != nil {
			t.Errorf("%q: %d bytes, %v", query, n, err)
		}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	upload(-1)
	upload(size)
	download("")
	download("&length=1")
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapSys) - int64(before.HeapSys); size >= 1<<30 && grown > size/8 {
		t.Errorf("%d bytes of heap for bodies of %d", grown, size)
	}
	// and the connection is good for another
	if res := w.send("PUT", "/orders/echo", strings.NewReader("x"), "Authorization", auth); res.StatusCode != 200 || !strings.HasSuffix(res.body, "\nx") {
		t.Errorf("afterwards: %d %s", res.StatusCode, res.body)
	}
}

// Server-sent events arrive as they are sent.
func TestEvents(t *testing.T) {
	w, auth := newTraffic(t, nil)
	req, _ := http.NewRequestWithContext(t.Context(), "GET", "http://"+w.public+"/orders/events", nil)
	req.Header.Set("Authorization", auth)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	br := bufio.NewReader(res.Body)
	for i := range 3 {
		line, err := br.ReadString('\n')
		if want := fmt.Sprintf("data: %d\n", i); line != want || err != nil {
			t.Fatalf("%q, %v; want %q before the next is sent", line, err, want)
		}
		br.ReadString('\n')
		eventGate <- struct{}{}
	}
}

// A client that goes away takes the answer's upstream connection with it.
func TestClientGone(t *testing.T) {
	w, auth := newTraffic(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	req, _ := http.NewRequestWithContext(ctx, "GET", "http://"+w.public+"/orders/events", nil)
	req.Header.Set("Authorization", auth)
	res, err := (&http.Transport{}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	io.ReadFull(res.Body, make([]byte, 5))
	if n := w.g.open.Load(); n != 1 {
		t.Fatalf("%d connections", n)
	}
	cancel()
	w.eventually("noticed that the client is gone", func() bool { return w.g.open.Load() == 0 })
}

func TestHeadRangeAndStatus(t *testing.T) {
	w, auth := newTraffic(t, nil)
	f := func(method, path string, status int, length, body string, headers ...string) {
		t.Helper()
		res := w.do(method, path, append(headers, "Authorization", auth)...)
		if res.StatusCode != status || res.Header.Get("Content-Length") != length || res.body != body {
			t.Errorf("%s %s: %d, length %q, %q; want %d, %q, %q", method, path, res.StatusCode, res.Header.Get("Content-Length"), res.body, status, length, body)
		}
	}
	f("GET", "/orders/file", 200, "10", "0123456789")
	f("HEAD", "/orders/file", 200, "10", "")
	f("GET", "/orders/file", 206, "3", "234", "Range", "bytes=2-4")
	f("GET", "/orders/file", 304, "", "", "If-Modified-Since", time.Unix(1, 0).UTC().Format(http.TimeFormat))
	f("GET", "/orders/status?n=204", 204, "", "")
	f("GET", "/orders/status?n=404", 404, "0", "")
	f("GET", "/orders/hints", 200, "2", "ok")
	// and the connections are still in step
	f("GET", "/orders/file", 200, "10", "0123456789")
	// refusals to HEAD have no body either
	res := w.raw("HEAD /orders/file HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
	if res.StatusCode != 401 || res.body != "" {
		t.Errorf("%d %q", res.StatusCode, res.body)
	}
}

// Trailers pass, in both directions.
func TestTrailers(t *testing.T) {
	w, auth := newTraffic(t, nil)
	req, _ := http.NewRequestWithContext(t.Context(), "POST", "http://"+w.public+"/orders/trailers", io.MultiReader(strings.NewReader("a"), strings.NewReader("b")))
	req.Header.Set("Authorization", auth)
	req.Trailer = http.Header{"X-In": {"in"}}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	if string(body) != "in" || res.Trailer.Get("X-Sum") != "out" {
		t.Errorf("body %q, trailer %v", body, res.Trailer)
	}
}

// HTTP/1.0 gets what it can read: no chunks, and the end of the connection.
func TestHTTP10(t *testing.T) {
	w, auth := newTraffic(t, nil)
	res := w.raw("GET /orders/zeros?n=70000 HTTP/1.0\r\nAuthorization: " + auth + "\r\n\r\n")
	if res.StatusCode != 200 || len(res.body) != 70000 || len(res.TransferEncoding) > 0 {
		t.Errorf("%d, %d bytes, %v", res.StatusCode, len(res.body), res.TransferEncoding)
	}
	res = w.raw("GET /orders/file HTTP/1.0\r\nConnection: keep-alive\r\nAuthorization: " + auth + "\r\n\r\n")
	if res.StatusCode != 200 || res.body != "0123456789" || res.Header.Get("Connection") != "keep-alive" {
		t.Errorf("%d, %q, %v", res.StatusCode, res.body, res.Header)
	}
}

func TestExpect(t *testing.T) {
	w, auth := newTraffic(t, nil)
	c, err := net.Dial("tcp", w.public)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	br := bufio.NewReader(c)
	line := func() string {
		s, err := br.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(s)
	}
	// allowed: told to go on, and Expect stays here
	fmt.Fprintf(c, "POST /orders/echo HTTP/1.1\r\nHost: h\r\nAuthorization: %s\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n", auth)
	if got := line() + line(); got != "HTTP/1.1 100 Continue" {
		t.Fatalf("%q", got)
	}
	io.WriteString(c, "abc")
	res, err := http.ReadResponse(br, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	if !bytes.HasSuffix(body, []byte("\nabc")) || bytes.Contains(body, []byte("Expect")) {
		t.Errorf("%s", body)
	}
	// not allowed: told so, without a byte of the body
	fmt.Fprintf(c, "POST /admin HTTP/1.1\r\nHost: h\r\nAuthorization: %s\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", auth)
	if got := line(); got != "HTTP/1.1 403 Forbidden" {
		t.Errorf("%q", got)
	}
}

func TestBodyLimit(t *testing.T) {
	w, auth := newTraffic(t, func(c *Config) { c.Routes[0].MaxBody = 1000 })
	f := func(status int, body io.Reader) {
		t.Helper()
		if res := w.send("POST", "/orders/echo", body, "Authorization", auth); res.StatusCode != status {
			t.Errorf("%d, want %d", res.StatusCode, status)
		}
	}
	f(200, bytes.NewReader(make([]byte, 1000)))
	f(413, bytes.NewReader(make([]byte, 1001)))
	f(413, bytes.NewReader(make([]byte, lingerBytes/2))) // more might never be read, and reset the connection
	// chunked: nobody knows before
	f(200, io.MultiReader(bytes.NewReader(make([]byte, 500)), bytes.NewReader(make([]byte, 500))))
	f(413, io.MultiReader(bytes.NewReader(make([]byte, 500)), bytes.NewReader(make([]byte, 501))))
}

// An upstream that answers before it has the body is heard.
func TestEarlyAnswer(t *testing.T) {
	w, auth := newTraffic(t, nil)
	c, err := net.Dial("tcp", w.public)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprintf(c, "POST /orders/early HTTP/1.1\r\nHost: h\r\nAuthorization: %s\r\nContent-Length: 1000000\r\n\r\nabc", auth)
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || res.StatusCode != http.StatusTeapot {
		t.Fatalf("%v, %v", res, err)
	}
}

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

// Several requests in one packet are answered in order.
func TestPipelining(t *testing.T) {
	w, auth := newTraffic(t, nil)
	c, err := net.Dial("tcp", w.public)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	var all strings.Builder
	for i := range 20 {
		switch i % 3 {
		case 0:
			fmt.Fprintf(&all, "GET /orders/echo?%d HTTP/1.1\r\nHost: h\r\nAuthorization: %s\r\n\r\n", i, auth)
		case 1:
			fmt.Fprintf(&all, "POST /orders/echo?%d HTTP/1.1\r\nHost: h\r\nAuthorization: %s\r\nContent-Length: 2\r\n\r\nab", i, auth)
		case 2:
			fmt.Fprintf(&all, "POST /orders/echo?%d HTTP/1.1\r\nHost: h\r\nAuthorization: %s\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", i, auth)
		}
	}
	go io.WriteString(c, all.String())
	br := bufio.NewReader(c)
	for i := range 20 {
		res, err := http.ReadResponse(br, nil)
		if err != nil {
			t.Fatalf("answer %d: %v", i, err)
		}
		body, _ := io.ReadAll(res.Body)
		if want := fmt.Sprintf("/orders/echo?%d h\n", i); res.StatusCode != 200 || !bytes.Contains(body, []byte(want)) {
			t.Fatalf("answer %d: %d %s", i, res.StatusCode, body)
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
