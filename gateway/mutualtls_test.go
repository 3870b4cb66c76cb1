package gateway

import (
	"crypto/tls"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tollgate/tollgate/introspect/client"
)

// guarded serves h to those who show a certificate of ours, and returns its
// address and what a client of it is configured with.
func guarded(t *testing.T, h http.Handler) (url string, conf client.TLS) {
	t.Helper()
	serverCert, serverKey, _ := pair(t, t.TempDir(), 1)
	cert, key, pool := pair(t, t.TempDir(), 2)
	own, err := tls.LoadX509KeyPair(serverCert, serverKey)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{own}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv.URL, client.TLS{CAFile: serverCert, CertFile: cert, KeyFile: key}
}

// An upstream that asks for a certificate is shown ours, and we ask for its own.
func TestMutualTLSToUpstreams(t *testing.T) {
	url, conf := guarded(t, http.HandlerFunc(echo))
	strangerCert, strangerKey, _ := pair(t, t.TempDir(), 3)
	f := func(name string, change func(*client.TLS), status int) {
		t.Helper()
		c := conf
		change(&c)
		log := new(lockedBuilder)
		w := newWorldLogging(t, ModeJWT, http.HandlerFunc(echo), slog.New(slog.NewTextHandler(log, nil)), func(cfg *Config) {
			cfg.Upstreams = map[string]Upstream{"orders": {URLs: []string{url}, TLS: c}}
			cfg.Routes[0].Upstream = "orders"
		})
		token := w.service.token(ModeJWT, w.service.claims("customer-1", "customer"))
		got := w.do("GET", "/orders/1", "Authorization", "Bearer "+token)
		if got.StatusCode != status {
			t.Errorf("%s: %d %q, want %d", name, got.StatusCode, got.body, status)
		}
		if status == http.StatusOK {
			if !strings.Contains(got.body, "X-Auth-Subject: customer-1") {
				t.Errorf("%s: the upstream saw %q", name, got.body)
			}
			return
		}
		for what, text := range map[string]string{"answer": got.body, "log": log.String()} {
			if strings.Contains(text, token) || strings.Contains(text, "PRIVATE KEY") {
				t.Errorf("%s: the %s has a secret: %s", name, what, text)
			}
		}
		if strings.Contains(got.body, "x509") || strings.Contains(got.body, "127.0.0.1") {
			t.Errorf("%s: the answer tells what is behind: %q", name, got.body)
		}
	}
	f("both certificates", func(*client.TLS) {}, http.StatusOK)
	f("none of ours", func(c *client.TLS) { c.CertFile, c.KeyFile = "", "" }, http.StatusBadGateway)
	f("one of a stranger's", func(c *client.TLS) { c.CertFile, c.KeyFile = strangerCert, strangerKey }, http.StatusBadGateway)
	f("another authority", func(c *client.TLS) { c.CAFile = strangerCert }, http.StatusBadGateway)
	f("another name", func(c *client.TLS) { c.ServerName = "orders.internal" }, http.StatusBadGateway)
}

// The same for the security service, of which an opaque token needs an answer.
func TestMutualTLSToService(t *testing.T) {
	behind := newService(t)
	url, conf := guarded(t, behind)
	f := func(name string, change func(*client.TLS), status int) {
		t.Helper()
		c := conf
		change(&c)
		ready := status == http.StatusOK
		g := newUnreadyWorld(t, ModeOpaque, http.HandlerFunc(echo), slog.New(slog.DiscardHandler), func(cfg *Config) {
			cfg.SecurityService.URL, cfg.SecurityService.TLS = url, c
		})
		if ready {
			g.eventually("ready", func() bool { return g.g.Readiness().Ready })
		}
		token := behind.token(ModeOpaque, behind.claims("customer-1", "customer"))
		got := g.do("GET", "/orders/1", "Authorization", "Bearer "+token)
		if got.StatusCode != status || !ready && (got.Header.Get("Retry-After") == "" || strings.Contains(got.body, "x509")) {
			t.Errorf("%s: %d %v %q, want %d", name, got.StatusCode, got.Header, got.body, status)
		}
	}
	f("both certificates", func(*client.TLS) {}, http.StatusOK)
	f("none of ours", func(c *client.TLS) { c.CertFile, c.KeyFile = "", "" }, http.StatusServiceUnavailable)
	f("another name", func(c *client.TLS) { c.ServerName = "auth.internal" }, http.StatusServiceUnavailable)
}
