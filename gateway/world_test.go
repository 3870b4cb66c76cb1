package gateway

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tollgate/tollgate/introspect/client"
)

// The challenges that clients are to see.
const (
	challengeBare  = "Bearer"
	challengeToken = `Bearer error="invalid_token", error_description="the access token is not valid"`
	challengeScope = `Bearer error="insufficient_scope"`
	challengeBasic = `Basic realm="tollgate", charset="UTF-8"`
)

// A world is a gateway between a security service and an upstream.
type world struct {
	t        testing.TB
	g        *Gateway
	service  *service
	upstream *recorder
	public   string
	admin    string
	cfg      Config
	stop     func() error
}

// A recorder is an upstream that keeps the bytes of what it was sent and
// answers by net/http's reading of them.
type recorder struct {
	net.Listener
	handler http.Handler
	mu      sync.Mutex
	raw     []*bytes.Buffer // a connection each
}

func newRecorder(t testing.TB, h http.Handler) *recorder {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{Listener: ln, handler: h}
	srv := httptest.NewUnstartedServer(h)
	srv.Listener.Close()
	srv.Listener = r
	srv.Start()
	t.Cleanup(srv.Close)
	return r
}

func (r *recorder) Accept() (net.Conn, error) {
	c, err := r.Listener.Accept()
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	b := new(bytes.Buffer)
	r.raw = append(r.raw, b)
	return &recordingConn{c, r, b}, nil
}

type recordingConn struct {
	net.Conn
	r *recorder
	b *bytes.Buffer
}

func (c *recordingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.r.mu.Lock()
	c.b.Write(p[:n])
	c.r.mu.Unlock()
	return n, err
}

// sent is everything the upstream was sent so far.
func (r *recorder) sent() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all strings.Builder
	for _, b := range r.raw {
		all.Write(b.Bytes())
	}
	return all.String()
}

func (r *recorder) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range r.raw {
		b.Reset()
	}
}

// echo answers with the request it has seen.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	fmt.Fprintf(w, "%s %s %s\n", r.Method, r.RequestURI, r.Host)
	r.Header.Write(w)
	fmt.Fprintf(w, "\n%s", body)
}

func newWorld(t testing.TB, mode string, change func(*Config)) *world {
	return newWorldWith(t, mode, http.HandlerFunc(echo), change)
}

func newWorldWith(t testing.TB, mode string, h http.Handler, change func(*Config)) *world {
	t.Helper()
	return newWorldLogging(t, mode, h, slog.New(slog.DiscardHandler), change)
}

func newWorldLogging(t testing.TB, mode string, h http.Handler, log *slog.Logger, change func(*Config)) *world {
	t.Helper()
	w := newUnreadyWorld(t, mode, h, log, change)
	w.eventually("ready", func() bool { return w.g.Readiness().Ready })
	return w
}

// newUnreadyWorld does not wait until the security service was heard of.
func newUnreadyWorld(t testing.TB, mode string, h http.Handler, log *slog.Logger, change func(*Config)) *world {
	t.Helper()
	w := &world{t: t, service: newService(t), upstream: newRecorder(t, h)}
	up := "http://" + w.upstream.Addr().String()
	t.Setenv("TOLLGATE_TEST_SECRET", "tgs_gateway.secret")
	t.Setenv("TOLLGATE_TEST_HALLMARK", "it-is-me")
	w.cfg = Config{
		Mode: mode, Issuer: testIssuer, Audience: testAudience,
		SecurityService: client.Config{URL: w.service.URL, ClientID: "gateway", ClientSecret: client.Secret{Env: "TOLLGATE_TEST_SECRET"}},
		UpstreamSecret:  client.Secret{Env: "TOLLGATE_TEST_HALLMARK"},
		Routes: []Route{
			{Prefix: "/orders", Upstream: up, Methods: []string{"GET", "POST", "PUT"}, Roles: []string{"customer", "admin"}},
			{Prefix: "/admin", Upstream: up, Roles: []string{"admin"}},
			{Prefix: "/reports", Upstream: up, Roles: []string{"auditor"}},
			{Prefix: "/scoped", Upstream: up, Scopes: []string{"orders.read", "orders.burn"}},
			{Prefix: "/whoami", Upstream: up},
			{Prefix: "/healthz", Upstream: up, Public: true},
		},
	}
	w.cfg.Timeouts.Grace = time.Millisecond // the tests of it set their own
	if change != nil {
		change(&w.cfg)
	}
	g, err := New(w.cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	w.g = g
	public, admin := listen(t), listen(t)
	w.public, w.admin = public.Addr().String(), admin.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- g.Serve(ctx, public, admin) }()
	w.stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() {
		if err := w.stop(); err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return w
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// refusing is an address at which nobody listens: it is bound, so that nobody else
// comes to listen there either.
func refusing(t *testing.T) string {
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
	return fmt.Sprintf("127.0.0.1:%d", name.(*unix.SockaddrInet4).Port)
}

// eventually waits for what has to come.
func (w *world) eventually(what string, ok func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("not %s in time", what)
		}
	}
}

// A got is an answer that was read to its end.
type got struct {
	*http.Response
	body string
}

// do sends a request of net/http's making.
func (w *world) do(method, path string, headers ...string) got {
	w.t.Helper()
	return w.send(method, path, nil, headers...)
}

func (w *world) send(method, path string, body io.Reader, headers ...string) got {
	w.t.Helper()
	return w.sendTo(w.public, method, path, body, headers...)
}

func (w *world) adminGet(path string, headers ...string) got {
	w.t.Helper()
	return w.sendTo(w.admin, "GET", path, nil, headers...)
}

func (w *world) sendTo(address, method, path string, body io.Reader, headers ...string) got {
	w.t.Helper()
	req, err := http.NewRequest(method, "http://"+address+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return got{res, string(b)}
}

// raw sends bytes on a connection of their own and returns what comes back
// until the gateway closes it, or has answered.
func (w *world) raw(request string) got {
	w.t.Helper()
	return w.rawTo(w.public, request)
}

func (w *world) rawTo(address, request string) got {
	w.t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c, request); err != nil {
		w.t.Fatal(err)
	}
	method, _, _ := strings.Cut(request, " ")
	res, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		w.t.Fatalf("%q: %v", request, err)
	}
	b, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatalf("%q: %v", request, err)
	}
	return got{res, string(b)}
}
