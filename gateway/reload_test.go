package gateway

import (
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate/tollgate/engine/jwt"
	"github.com/tollgate/tollgate/engine/keyset"
)

// reload must succeed.
func (w *world) reload(change func(*Config)) {
	w.t.Helper()
	cfg := w.cfg
	change(&cfg)
	if err := w.g.Reload(cfg); err != nil {
		w.t.Fatal(err)
	}
}

// No reload fails a request, whatever of routes, limits and timeouts it changes.
func TestReloadUnderLoad(t *testing.T) {
	keys := filepath.Join(t.TempDir(), "jwks.json")
	w, auth := newTraffic(t, nil)
	if err := os.WriteFile(keys, w.service.keys, 0o600); err != nil {
		t.Fatal(err)
	}
	large := strings.Repeat("x", 3000)
	var failed, sent atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				sent.Add(2)
				if res := w.do("GET", "/orders/file", "Authorization", auth, "X-Large", large); res.StatusCode != 200 {
					failed.Add(1)
				}
				if res := w.send("POST", "/orders/echo", io.MultiReader(strings.NewReader("a")), "Authorization", auth); res.StatusCode != 200 {
					failed.Add(1)
				}
			}
		})
	}
	for i := range 20 {
		w.reload(func(c *Config) {
			c.Limits.Head, c.Limits.Target, c.Limits.Fields = 8<<10+i, 4<<10+i, 50+i
			c.Limits.Connections, c.Limits.ConnectionsPerAddress, c.Limits.Logins = 1000+i, 100+i, 10+i
			c.Limits.RatePerAddress, c.Limits.RatePerClient = float64(1e6+i), float64(1e6+i)
			c.Timeouts.Head, c.Timeouts.Idle, c.Timeouts.Dial = time.Duration(5+i)*time.Second, time.Duration(30+i)*time.Second, time.Duration(2+i)*time.Second
			if i%2 == 0 {
				c.Routes = append([]Route{{Prefix: "/fresh", Upstream: w.cfg.Routes[0].Upstream}}, w.cfg.Routes...)
				c.Keys.File = keys
			}
		})
		n := sent.Load()
		w.eventually("more requests", func() bool { return sent.Load() >= n+10 })
	}
	close(stop)
	wg.Wait()
	if failed.Load() > 0 {
		t.Errorf("%d of %d requests failed", failed.Load(), sent.Load())
	}
	res := w.adminGet("/metrics")
	if !strings.Contains(res.body, "tollgate_reloads_total{result=\"done\"} 20\n") {
		t.Error("reloads are not counted")
	}
}

func TestReloadRoutes(t *testing.T) {
	w, auth := newTraffic(t, nil)
	status := func() int { return w.do("GET", "/fresh", "Authorization", auth).StatusCode }
	if got := status(); got != 403 {
		t.Errorf("old routes: %d", got)
	}
	w.reload(func(c *Config) {
		c.Routes = append([]Route{{Prefix: "/fresh", Upstream: w.cfg.Routes[0].Upstream}}, w.cfg.Routes...)
	})
	if got := status(); got != 404 { // the upstream has no such page
		t.Errorf("new routes: %d", got)
	}
	bad := w.cfg
	bad.Routes = []Route{{Prefix: "nonsense"}}
	if err := w.g.Reload(bad); !errors.Is(err, ErrConfig) || status() != 404 {
		t.Errorf("bad: %v", err)
	}
}

// What only a restart changes is refused by its name.
func TestReloadRefused(t *testing.T) {
	w, _ := newTraffic(t, nil)
	f := func(key string, change func(*Config)) {
		t.Helper()
		cfg := w.cfg
		change(&cfg)
		if err := w.g.Reload(cfg); !errors.Is(err, ErrRestart) || !strings.HasPrefix(err.Error(), key+": ") {
			t.Errorf("%s: %v", key, err)
		}
	}
	f("listen", func(c *Config) { c.Listen = "127.0.0.1:1" })
	f("admin", func(c *Config) { c.Admin = "127.0.0.1:1" })
	f("mode", func(c *Config) { c.Mode = ModeOpaque })
	f("issuer", func(c *Config) { c.Issuer = "https://other" })
	f("keys.refresh", func(c *Config) { c.Keys.Refresh = time.Hour })
	f("security_service.breaker.failures", func(c *Config) { c.SecurityService.Breaker.Failures = 9 })
	f("tls.cert_file", func(c *Config) { c.TLS = ServerTLS{CertFile: "a", KeyFile: "b"} })
}

// Limits hold from a reload on, on connections that are open already too.
func TestReloadLimits(t *testing.T) {
	w, auth := newTraffic(t, nil)
	get := func(headers ...string) int {
		return w.do("GET", "/orders/file", append(headers, "Authorization", auth)...).StatusCode
	}
	large := []string{"X-Large", strings.Repeat("x", 20<<10)}
	if got := get(large...); got != 431 {
		t.Errorf("large, before: %d", got)
	}
	w.reload(func(c *Config) { c.Limits.Head = 32 << 10 })
	if got := get(large...); got != 200 {
		t.Errorf("large, after: %d", got)
	}
	w.reload(func(c *Config) { c.Limits.Head, c.Limits.Target = 1<<10, 512 })
	if got := get("X-Large", strings.Repeat("x", 2<<10)); got != 431 {
		t.Errorf("less large, with less room: %d", got)
	}
	if got := get(); got != 200 {
		t.Errorf("small: %d", got)
	}
	exhaust := func() {
		t.Helper()
		for range 50 {
			if get() == 429 {
				return
			}
		}
		t.Error("no limit")
	}
	w.reload(func(c *Config) { c.Limits.RatePerClient = .01 })
	exhaust()
	w.reload(func(c *Config) { c.Limits.RatePerClient = .02 })
	if got := get(); got != 429 {
		t.Errorf("a reload gave the client its rate back: %d", got)
	}
	w.reload(func(*Config) {})
	if got := get(); got != 200 {
		t.Errorf("without a limit: %d", got)
	}
}

// A bound for connections from one address counts those that were there before.
func TestReloadConnectionLimits(t *testing.T) {
	w, _ := newTraffic(t, nil)
	var open []net.Conn
	dial := func() net.Conn {
		t.Helper()
		c, err := net.Dial("tcp", w.public)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		c.SetDeadline(time.Now().Add(10 * time.Second))
		return c
	}
	for range 3 {
		open = append(open, dial())
	}
	w.eventually("counted", func() bool { return w.g.edge.Connections() == 3 })
	w.reload(func(c *Config) { c.Limits.ConnectionsPerAddress = 2 })
	refused := func(when string) {
		t.Helper()
		if _, err := dial().Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: %v", when, err)
		}
	}
	refused("with three open")
	open[0].Close()
	w.eventually("one less", func() bool { return w.g.edge.Connections() == 2 })
	refused("with two open")
	c := open[1]
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	line := make([]byte, 12)
	if _, err := io.ReadFull(c, line); err != nil || string(line) != "HTTP/1.1 401" {
		t.Errorf("one that was open before: %q, %v", line, err)
	}
}

// Time limits hold from a reload on.
func TestReloadTimeouts(t *testing.T) {
	w, _ := newTraffic(t, nil)
	w.reload(func(c *Config) { c.Timeouts.Head = 100 * time.Millisecond })
	if res := w.raw("GET / HTTP/1.1\r\nHost"); res.StatusCode != 408 {
		t.Errorf("%d", res.StatusCode)
	}
}

// signer makes a key, and the set with that key alone.
func signer(t *testing.T, id string) (*jwt.Signer, []byte) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := jwt.NewSigner(id, key, "at+jwt")
	if err != nil {
		t.Fatal(err)
	}
	set, err := keyset.Marshal(keyset.Public{ID: id, Key: key.Public()})
	if err != nil {
		t.Fatal(err)
	}
	return s, set
}

// A key that is retired is refused at once, whatever the caches hold; a file
// that is no key set changes nothing.
func TestReloadKeys(t *testing.T) {
	first, firstSet := signer(t, "first")
	second, secondSet := signer(t, "second")
	file := filepath.Join(t.TempDir(), "jwks.json")
	write := func(set []byte) {
		t.Helper()
		if err := os.WriteFile(file+".new", set, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
	write(firstSet)
	w := newWorld(t, ModeJWT, func(c *Config) { c.Keys.File = file })
	token := func(s *jwt.Signer) string {
		b, err := s.Sign(w.service.claims("customer-1", "customer"))
		if err != nil {
			t.Fatal(err)
		}
		return "Bearer " + string(b)
	}
	one, two := token(first), token(second)
	want := func(when string, statusOne, statusTwo int) {
		t.Helper()
		for token, status := range map[string]int{one: statusOne, two: statusTwo} {
			if got := w.do("GET", "/orders", "Authorization", token).StatusCode; got != status {
				t.Errorf("%s, %s: %d, want %d", when, map[bool]string{true: "first", false: "second"}[token == one], got, status)
			}
		}
	}
	w.eventually("keys", func() bool { return w.do("GET", "/orders", "Authorization", one).StatusCode == 200 })
	want("at first", 200, 401)
	want("from the cache", 200, 401)
	write(secondSet)
	w.reload(func(*Config) {})
	want("retired", 401, 200)
	for name, bad := range map[string]string{"not JSON": "{", "no keys": `{"keys":[]}`} {
		other := filepath.Join(t.TempDir(), "bad.json")
		if err := os.WriteFile(other, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg := w.cfg
		cfg.Keys.File, cfg.Routes = other, cfg.Routes[1:]
		if err := w.g.Reload(cfg); err == nil || !strings.HasPrefix(err.Error(), "keys.file: ") {
			t.Errorf("%s: %v", name, err)
		}
		want(name, 401, 200)
	}
	other := filepath.Join(t.TempDir(), "other.json")
	if err := os.WriteFile(other, firstSet, 0o600); err != nil {
		t.Fatal(err)
	}
	w.reload(func(c *Config) { c.Keys.File = other })
	want("another file", 200, 401)
	w.reload(func(c *Config) { c.Keys.File = "" })
	want("the service's own", 401, 401)
	w.reload(func(c *Config) { c.Keys.File = file })
	want("the file again", 401, 200)
	write(firstSet)
	w.eventually("a changed file, with no word of it", func() bool { return w.do("GET", "/orders", "Authorization", one).StatusCode == 200 })
	want("changed", 200, 401)
}

// tagged is a source that names all its documents alike.
type tagged string

func (s tagged) Fetch(_ context.Context, etag string) (keyset.Document, error) {
	if etag == `"1"` {
		return keyset.Document{ETag: etag, NotModified: true}, nil
	}
	return keyset.Document{Body: []byte(s), ETag: `"1"`}, nil
}

// The ETag of one source says nothing to another.
func TestKeySource(t *testing.T) {
	var s keySource
	fetch := func(etag, body string) string {
		t.Helper()
		d, err := s.Fetch(t.Context(), etag)
		if err != nil || string(d.Body) != body || d.NotModified != (body == "") {
			t.Errorf("%q: %q %v, %v; want %q", etag, d.Body, d.NotModified, err, body)
		}
		return d.ETag
	}
	s.use(tagged("a"))
	tag := fetch(fetch("", "a"), "")
	s.use(tagged("b"))
	fetch(fetch(tag, "b"), "")
}
