package gateway

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestRateLimits(t *testing.T) {
	w, auth := newTraffic(t, func(c *Config) { c.Limits.RatePerClient = 5 })
	other := "Bearer " + w.service.token(ModeJWT, w.service.claims("customer-2", "customer"))
	count := map[int]int{}
	for range 20 {
		res := w.do("GET", "/orders/file", "Authorization", auth)
		if count[res.StatusCode]++; res.StatusCode == 429 && res.Header.Get("Retry-After") == "" {
			t.Error("429 without Retry-After")
		}
	}
	if count[200] < 5 || count[429] < 5 {
		t.Errorf("%v", count)
	}
	if res := w.do("GET", "/orders/file", "Authorization", other); res.StatusCode != 200 {
		t.Errorf("another client: %d", res.StatusCode)
	}
}

// Behind trusted proxies limits count clients, whichever way the proxy writes
// their addresses, and all of an IPv6 /64 as one. The gateway's own endpoints count too.
func TestRatePerAddress(t *testing.T) {
	w, auth := newTraffic(t, func(c *Config) {
		c.Limits.RatePerAddress = 0.001
		c.TrustedProxies = []string{"127.0.0.0/8"}
	})
	f := func(forwardedFor, path string, want int) {
		t.Helper()
		if res := w.do("GET", path, "Authorization", auth, "X-Forwarded-For", forwardedFor); res.StatusCode != want {
			t.Errorf("%s for %s: %d, want %d", path, forwardedFor, res.StatusCode, want)
		}
	}
	f("192.0.2.1", "/orders/file", 200)
	f("192.0.2.1", "/orders/file", 429)
	f("192.0.2.1:4711", "/orders/file", 429)
	f("192.0.2.2:4711", "/orders/file", 200)
	f("192.0.2.2", "/orders/file", 429)
	f("192.0.2.2, 127.0.0.1", "/orders/file", 429)
	f("2001:db8::1", "/orders/file", 200)
	f("[2001:db8::2]:443", "/orders/file", 429)
	f(`"[2001:db8::3]"`, "/orders/file", 429)
	f("2001:db8:0:1::1", "/orders/file", 200)
	f("192.0.2.3", "/.well-known/jwks.json", 200)
	f("192.0.2.3", "/.well-known/jwks.json", 429)
	f("192.0.2.3", "/orders/file", 429)
	f("192.0.2.3", "/login", 429)
}

// Connections that are slow in every way are closed, and hold up nobody.
func TestSlowConnections(t *testing.T) {
	w, auth := newTraffic(t, func(c *Config) {
		c.Timeouts.Head, c.Timeouts.Body, c.Timeouts.Write, c.Timeouts.Idle = 300*time.Millisecond, 300*time.Millisecond, 300*time.Millisecond, 400*time.Millisecond
	})
	var wg sync.WaitGroup
	slow := func(say, drip string, status string) {
		for range 50 {
			wg.Go(func() {
				c, err := net.Dial("tcp", w.public)
				if err != nil {
					t.Error(err)
					return
				}
				defer c.Close()
				c.SetDeadline(time.Now().Add(10 * time.Second))
				io.WriteString(c, say)
				go func() {
					for range 100 {
						if _, err := io.WriteString(c, drip); err != nil || drip == "" {
							return
						}
						time.Sleep(50 * time.Millisecond)
					}
				}()
				line, err := bufio.NewReader(c).ReadString('\n')
				if ne := net.Error(nil); errors.As(err, &ne) && ne.Timeout() || !strings.HasPrefix(line, status) {
					t.Errorf("%.20q: %q, %v; want %q", say, line, err, status)
				}
			})
		}
	}
	slow("", "", "")                                                                                                                // says nothing
	slow("GET /orders HTTP/1.1\r\n", "X", "HTTP/1.1 408")                                                                           // a head without end
	slow("POST /orders/echo HTTP/1.1\r\nHost: h\r\nAuthorization: "+auth+"\r\nContent-Length: 100000\r\n\r\n", "x", "HTTP/1.1 408") // a body
	for range 20 {
		if res := w.do("GET", "/orders/file", "Authorization", auth); res.StatusCode != 200 {
			t.Errorf("meanwhile: %d", res.StatusCode)
		}
	}
	wg.Wait()
	// a client that does not read
	c, err := net.Dial("tcp", w.public)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "GET /orders/zeros?n=100000000 HTTP/1.1\r\nHost: h\r\nAuthorization: %s\r\n\r\n", auth)
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	w.eventually("rid of it", func() bool { return w.g.edge.Connections() == 0 })
}

func TestConnectionLimits(t *testing.T) {
	w, _ := newTraffic(t, func(c *Config) { c.Limits.ConnectionsPerAddress = 3 })
	var open []net.Conn
	for range 3 {
		c, err := net.Dial("tcp", w.public)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		open = append(open, c)
	}
	w.eventually("counted", func() bool { return w.g.edge.Connections() == 3 })
	c, err := net.Dial("tcp", w.public)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a fourth connection: %v", err)
	}
	open[0].Close()
	w.eventually("let in again", func() bool {
		c, err := net.Dial("tcp", w.public)
		if err != nil {
			return false
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(time.Second))
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
		line, _ := bufio.NewReader(c).ReadString('\n')
		return strings.HasPrefix(line, "HTTP/1.1 401")
	})
}
