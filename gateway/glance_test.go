package gateway

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A sloth is an upstream that answers a request only when it is told to.
type sloth struct {
	begun, proceed chan struct{}
	left           chan struct{} // a request whose connection was closed
}

func newSloth() *sloth {
	return &sloth{make(chan struct{}, 10), make(chan struct{}), make(chan struct{}, 10)}
}

func (s *sloth) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	if r.URL.Path == "/orders/hints" {
		w.WriteHeader(http.StatusEarlyHints)
	}
	s.begun <- struct{}{}
	select {
	case <-s.proceed:
		io.WriteString(w, "late")
	case <-r.Context().Done():
		s.left <- struct{}{}
	}
}

// connect sends a request on a connection of its own.
func (w *world) connect(request string) *net.TCPConn {
	w.t.Helper()
	c, err := net.Dial("tcp", w.public)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(c, request); err != nil {
		w.t.Fatal(err)
	}
	return c.(*net.TCPConn)
}

// begin sends each request, and waits until the upstream has them all.
func (w *world) begin(all map[string]string, s *sloth) map[string]*net.TCPConn {
	w.t.Helper()
	conns := map[string]*net.TCPConn{}
	for name, request := range all {
		conns[name] = w.connect(request)
		<-s.begun
	}
	return conns
}

// requests are one of each kind that waits for an answer.
func requests(auth string) map[string]string {
	head := func(line string) string {
		return line + " HTTP/1.1\r\nHost: h\r\nAuthorization: " + auth + "\r\n"
	}
	return map[string]string{
		"plain":         head("GET /orders") + "\r\n",
		"with hints":    head("GET /orders/hints") + "\r\n",
		"with a body":   head("POST /orders") + "Content-Length: 3\r\n\r\nabc",
		"in chunks":     head("POST /orders") + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		"large":         head("PUT /orders") + "Content-Length: 200000\r\n\r\n" + strings.Repeat("x", 200000),
		"for WebSocket": head("GET /orders") + "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
	}
}

// A client that leaves before its answer has begun takes the upstream's
// connection with it, long before the route's time is over, and is nobody's
// failure.
func TestClientLeaves(t *testing.T) {
	s := newSloth()
	var out lockedBuilder
	w := newWorldLogging(t, ModeJWT, s, slog.New(slog.NewTextHandler(&out, nil)), func(c *Config) {
		c.Upstreams = map[string]Upstream{"slow": {URLs: []string{c.Routes[0].Upstream}, Failures: 1, EjectFor: time.Hour}}
		c.Routes[0].Upstream, c.Routes[0].Timeout, c.Routes[0].WebSocket = "slow", time.Hour, true
		c.AccessLog.Sample = 1
	})
	all := requests("Bearer " + w.service.token(ModeJWT, w.service.claims("customer-1", "customer")))
	conns := w.begin(all, s)
	for _, c := range conns {
		c.Close()
	}
	for range conns {
		select {
		case <-s.left:
		case <-time.After(10 * time.Second):
			t.Fatal("the upstream is held")
		}
	}
	pool := w.g.snap.Load().pools["slow"]
	w.eventually("rid of all connections", func() bool { return w.g.edge.Connections() == 0 && pool.Open() == 0 })
	if pool.Addrs()[0].Ejected() {
		t.Error("the upstream is blamed")
	}
	w.eventually("logged", func() bool { return strings.Count(out.String(), "outcome=client_gone status=0") == len(all) })
	metrics := w.adminGet("/metrics").body
	if line := fmt.Sprintf(`tollgate_requests_total{route="/orders",outcome="client_gone"} %d`, len(all)); !strings.Contains(metrics, line+"\n") {
		t.Errorf("no %s", line)
	}
	if !strings.Contains(metrics, `tollgate_responses_total{route="/orders",class="4xx"} 0`+"\n") {
		t.Error("an answer is counted that nobody got")
	}
}

// glance is how often a waiting request checks that its client is still there, in
// milliseconds.
const glance = 1000

// A client that stays gets its answer, however many glances it takes, and the
// connection is good for another.
func TestClientStays(t *testing.T) {
	s := newSloth()
	w, auth := newSlow(t, s, time.Hour)
	all := requests(auth)
	delete(all, "for WebSocket") // this upstream refuses it, and the connection ends
	conns := w.begin(all, s)
	time.Sleep((2*glance + glance/2) * time.Millisecond)
	for range conns {
		s.proceed <- struct{}{}
	}
	for name, c := range conns {
		br := bufio.NewReader(c)
		for i := range 2 {
			res, err := http.ReadResponse(br, nil)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if body, err := io.ReadAll(res.Body); res.StatusCode != 200 || string(body) != "late" || err != nil {
				t.Fatalf("%s: %d %q, %v", name, res.StatusCode, body, err)
			}
			if i == 0 {
				io.WriteString(c, all[name])
				<-s.begun
				s.proceed <- struct{}{}
			}
		}
	}
}

// newSlow is a world before s, and a customer's Authorization.
func newSlow(t *testing.T, s http.Handler, timeout time.Duration) (*world, string) {
	w := newWorldWith(t, ModeJWT, s, func(c *Config) {
		c.Routes[0].Timeout, c.Routes[0].WebSocket = timeout, true
	})
	return w, "Bearer " + w.service.token(ModeJWT, w.service.claims("customer-1", "customer"))
}

// A client that stays for an answer that does not come is told so, when the
// route's time is over and not with a glance.
func TestSlowAnswer(t *testing.T) {
	s := newSloth()
	w, auth := newSlow(t, s, (glance+glance/2)*time.Millisecond)
	began := time.Now()
	for name, c := range w.begin(requests(auth), s) {
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if res.StatusCode != http.StatusGatewayTimeout {
			t.Errorf("%s: %s", name, res.Status)
		}
		if took := time.Since(began); took < glance*time.Millisecond {
			t.Errorf("%s: after %v already", name, took)
		}
	}
}

// A client that has shut its half after the request gets an answer that begins
// within a glance. After that it counts as gone.
func TestHalfClosed(t *testing.T) {
	s := newSloth()
	w, auth := newSlow(t, s, time.Hour)
	all := requests(auth)
	for name, request := range all {
		c := w.connect(request)
		c.CloseWrite()
		<-s.begun
		s.proceed <- struct{}{}
		if res, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || res.StatusCode != 200 {
			t.Fatalf("%s: at once: %v, %v", name, res, err)
		}
	}
	conns := w.begin(all, s)
	for _, c := range conns {
		c.CloseWrite()
	}
	for name, c := range conns {
		if b, err := io.ReadAll(c); err != nil || len(b) > 0 {
			t.Errorf("%s: late: %q, %v", name, b, err)
		}
		<-s.left
	}
}

// A reused connection that ends after a glance, with no byte of an answer, is
// one like any other: the request is sent again.
func TestLateEnd(t *testing.T) {
	ln := listen(t)
	defer ln.Close()
	go func() {
		for n := 0; ; n++ {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			br := bufio.NewReader(c)
			for i := range 2 {
				if _, err := http.ReadRequest(br); err != nil {
					break
				}
				if n == 0 && i == 1 {
					time.Sleep((glance + glance/2) * time.Millisecond)
					break
				}
				fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d", n)
			}
			c.Close()
		}
	}()
	w, auth := newTraffic(t, func(c *Config) { c.Routes[0].Upstream = "http://" + ln.Addr().String() })
	for _, want := range []string{"0", "1"} {
		if res := w.do("GET", "/orders", "Authorization", auth); res.StatusCode != 200 || res.body != want {
			t.Errorf("%d %q, want %q", res.StatusCode, res.body, want)
		}
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
	if n := w.g.edge.Connections(); n != 1 {
		t.Fatalf("%d connections", n)
	}
	cancel()
	w.eventually("noticed that the client is gone", func() bool { return w.g.edge.Connections() == 0 })
}
