package gateway

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// CONNECT asks for a tunnel to anywhere, and TRACE for the credentials back.
func TestProxyMethods(t *testing.T) {
	w, auth := newTraffic(t, nil)
	for _, request := range []string{"CONNECT a:443", "CONNECT /orders", "TRACE /orders", "TRACE /healthz"} {
		w.upstream.forget()
		res := w.raw(request + " HTTP/1.1\r\nHost: a\r\nAuthorization: " + auth + "\r\n\r\n")
		if res.StatusCode != 400 || !res.Close {
			t.Errorf("%s: %d, close %v; want 400 and a closed connection", request, res.StatusCode, res.Close)
		}
		if sent := w.upstream.sent(); sent != "" {
			t.Errorf("%s reached the upstream: %q", request, sent)
		}
	}
}

// Who has sent no credentials is told in which ways they can be sent, except a
// browser, which would open a dialog of its own for one of them.
func TestChallenges(t *testing.T) {
	w := newWorld(t, ModeJWT, nil)
	f := func(want []string, headers ...string) {
		t.Helper()
		for _, address := range []string{w.public, w.admin} {
			path := "/orders"
			if address == w.admin {
				path = "/authorize/orders"
			}
			res := w.sendTo(address, "GET", path, nil, headers...)
			if got := res.Header.Values("WWW-Authenticate"); res.StatusCode != 401 || !slices.Equal(got, want) {
				t.Errorf("%s with %q: %d, challenges %q; want 401, %q", path, headers, res.StatusCode, got, want)
			}
		}
	}
	f([]string{challengeBare, challengeBasic})
	f([]string{challengeBare}, "Sec-Fetch-Mode", "cors")
	f([]string{challengeBare}, "Sec-Fetch-Mode", "navigate")
	f([]string{challengeToken}, "Authorization", "Bearer x")
	w = newWorld(t, ModeJWT, func(c *Config) { c.APIUsers.Disabled = true })
	f([]string{challengeBare})
}

// Server-sent events end with the token that asked for them; another answer
// that is under way may end by itself.
func TestEventStreamEndsWithToken(t *testing.T) {
	w := newWorldWith(t, ModeJWT, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", r.URL.Query().Get("type"))
		for i := range 400 {
			if _, err := fmt.Fprintf(w, "data: %d\n\n", i); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			select {
			case <-time.After(10 * time.Millisecond):
			case <-r.Context().Done():
				return
			}
		}
	}), nil)
	// events reads until the answer ends, at most for so long.
	events := func(media, token string, most time.Duration) (ended bool) {
		t.Helper()
		c, err := net.Dial("tcp", w.public)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "GET /orders?type=%s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n\r\n", media, token)
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		c.SetReadDeadline(time.Now().Add(most))
		_, err = io.Copy(io.Discard, res.Body)
		ne, ok := err.(net.Error)
		return !(ok && ne.Timeout())
	}
	revoked := func(media string) bool {
		t.Helper()
		claims := w.service.claims("customer-1", "customer")
		token := w.service.token(ModeJWT, claims)
		time.AfterFunc(100*time.Millisecond, func() { w.service.revoke("token", claims["jti"].(string)) })
		return events(media, token, time.Second)
	}
	if !revoked("text/event-stream") || !revoked("Text/Event-Stream%3B%20charset=utf-8") {
		t.Error("an event stream goes on after its token was revoked")
	}
	if revoked("text/event-streams") {
		t.Error("another answer ended when its token was revoked")
	}
	claims := w.service.claims("customer-1", "customer")
	claims["exp"] = time.Now().Unix() + 2
	if !events("text/event-stream", w.service.sign(claims), 3*time.Second) {
		t.Error("an event stream goes on after its token has expired")
	}
}

// The rate of a body is that of a window: after a fast start it may not stall.
func TestBodyStalls(t *testing.T) {
	w, auth := newTraffic(t, func(c *Config) { c.Timeouts.Body = 300 * time.Millisecond })
	c, err := net.Dial("tcp", w.public)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprintf(c, "POST /orders/digest HTTP/1.1\r\nHost: h\r\nAuthorization: %s\r\nContent-Length: %d\r\n\r\n", auth, 1<<21)
	io.CopyN(c, zeros{}, 1<<20) // a quarter of an hour, on average
	began := time.Now()
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if took := time.Since(began); res.StatusCode != http.StatusRequestTimeout || took > 3*time.Second {
		t.Errorf("%d after %v, want 408 soon after 300ms", res.StatusCode, took)
	}
}

// A connection is kept where both sides say so, and closed where one says so.
func TestConnectionOptions(t *testing.T) {
	w := newWorld(t, ModeJWT, nil)
	f := func(version, connection, path string, closed bool, says string) {
		t.Helper()
		res := w.raw(fmt.Sprintf("GET %s %s\r\nHost: a\r\nConnection: %s\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", path, version, connection))
		if got := res.Header.Get("Connection"); res.Close != closed && !(version == "HTTP/1.0" && !closed && got == "keep-alive") || got != says && !res.Close {
			t.Errorf("%s %s, Connection: %s: close %v, Connection %q; want %v, %q", version, path, connection, res.Close, got, closed, says)
		}
	}
	for _, path := range []string{"/healthz", "/orders", "/.well-known/jwks.json", "/login"} {
		f("HTTP/1.1", "close, keep-alive", path, true, "close")
		f("HTTP/1.1", "keep-alive, close", path, true, "close")
		f("HTTP/1.1", "keep-alive", path, false, "")
		f("HTTP/1.0", "keep-alive", path, false, "keep-alive")
		f("HTTP/1.0", "x", path, true, "close")
		f("HTTP/1.0", "keep-alive, close", path, true, "close")
	}
}

// Answers have a Date and requests a Via, whoever has forgotten them; what a
// trusted proxy says of where the request went is passed on.
func TestProxyFields(t *testing.T) {
	w, auth := newTraffic(t, func(c *Config) { c.TrustedProxies = []string{"127.0.0.0/8"} })
	res := w.do("GET", "/orders/echo", "Authorization", auth, "X-Forwarded-Host", "shop.example", "X-Forwarded-Port", "8443",
		"X-Forwarded-Prefix", "/shop", "X-Request-Id", strings.Repeat("Z", 32))
	for _, line := range []string{"X-Forwarded-Host: shop.example", "X-Forwarded-Port: 8443", "X-Forwarded-Prefix: /shop", "Via: 1.1 tollgate", "X-Request-Id: " + strings.Repeat("Z", 32)} {
		if !strings.Contains(res.body, line+"\r\n") {
			t.Errorf("no %q in\n%s", line, res.body)
		}
	}
	if strings.Contains(res.body, "Traceparent: 00-Z") {
		t.Errorf("a request id that is not hexadecimal became a trace id:\n%s", res.body)
	}
	if _, err := http.ParseTime(res.Header.Get("Date")); err != nil {
		t.Errorf("Date %q: %v", res.Header.Get("Date"), err)
	}
}

// A request that begins while the gateway begins to drain is served, whatever
// the framing of its body.
func TestRequestsAtDrain(t *testing.T) {
	for n := range 5 {
		w := newWorld(t, ModeJWT, nil)
		token := w.service.token(ModeJWT, w.service.claims("customer-1", "customer"))
		c, err := net.Dial("tcp", w.public)
		if err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(time.Now().Add(5 * time.Second))
		fmt.Fprintf(c, "POST /orders HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\nTransfer-Encoding: chunked\r\n\r\n", token)
		time.Sleep(time.Duration(n) * 600 * time.Microsecond)
		stopped := make(chan error)
		go func() { stopped <- w.stop() }()
		time.Sleep(30 * time.Millisecond)
		io.WriteString(c, "3\r\nabc\r\n0\r\n\r\n")
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Errorf("begun %v before the drain: %v, want an answer", time.Duration(n)*600*time.Microsecond, err)
		} else if res.StatusCode != 200 {
			t.Errorf("begun %v before the drain: %d, want 200", time.Duration(n)*600*time.Microsecond, res.StatusCode)
		}
		c.Close()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	}
}

// An idle connection on TLS holds no buffer of ours: what it takes beyond one
// that has just shaken hands is little.
func TestIdleTLSMemory(t *testing.T) {
	cert, key, pool := pair(t, t.TempDir(), 1)
	w := newWorld(t, ModeJWT, func(c *Config) { c.TLS = ServerTLS{CertFile: cert, KeyFile: key} })
	const conns = 100
	heap := func() int64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc + m.StackInuse)
	}
	var held []net.Conn
	for range conns {
		held = append(held, dialTLS(t, w.public, pool))
	}
	time.Sleep(50 * time.Millisecond)
	before := heap()
	request := []byte("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
	for _, c := range held {
		c.Write(request)
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, res.Body)
	}
	time.Sleep(50 * time.Millisecond)
	// The scratch of a request is 16 KiB for its head alone.
	if grown := (heap() - before) / conns; grown > 8<<10 {
		t.Errorf("after a request an idle connection holds %d bytes more than before, want at most 8192", grown)
	}
	for _, c := range held {
		c.Close()
	}
}

func dialTLS(t *testing.T, address string, pool *x509.CertPool) net.Conn {
	t.Helper()
	c, err := tls.Dial("tcp", address, &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
