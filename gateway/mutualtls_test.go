package gateway

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
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

// A reload reads the authorities again, whatever else has changed: a file that
// cannot be read refuses it, and another authority counts at once.
func TestReloadReadsAuthorities(t *testing.T) {
	url, conf := guarded(t, http.HandlerFunc(echo))
	ca := filepath.Join(t.TempDir(), "ca.pem")
	put := func(from string) {
		t.Helper()
		text, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(ca, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	good := conf.CAFile
	strangers, _, _ := pair(t, t.TempDir(), 3)
	put(good)
	conf.CAFile = ca
	w := newWorld(t, ModeJWT, func(cfg *Config) {
		cfg.Upstreams = map[string]Upstream{"orders": {URLs: []string{url}, TLS: conf}}
		cfg.Routes[0].Upstream = "orders"
	})
	auth := "Bearer " + w.service.token(ModeJWT, w.service.claims("customer-1", "customer"))
	want := func(what string, status int) {
		t.Helper()
		if got := w.do("GET", "/orders/1", "Authorization", auth); got.StatusCode != status {
			t.Errorf("%s: %d %q, not %d", what, got.StatusCode, got.body, status)
		}
	}
	want("at first", http.StatusOK)
	pool := w.g.snap.Load().pools["orders"]
	w.reload(func(*Config) {})
	if w.g.snap.Load().pools["orders"] != pool {
		t.Error("a reload without a change has dropped the connections")
	}
	if err := os.Remove(ca); err != nil {
		t.Fatal(err)
	}
	if err := w.g.Reload(w.cfg); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "upstream: tls: ") {
		t.Errorf("without the file: %v", err)
	}
	want("after a reload that was refused", http.StatusOK)
	put(strangers)
	w.reload(func(*Config) {})
	want("with a stranger's authority", http.StatusBadGateway)
	put(good)
	w.reload(func(*Config) {})
	want("with the first again", http.StatusOK)

	for key, change := range map[string]func(*Config, string){
		"security_service.tls: ": func(c *Config, file string) { c.SecurityService.TLS.CAFile = file },
		"tls.client_ca_file: ":   func(c *Config, file string) { c.TLS.ClientCAFile = file },
	} {
		file := filepath.Join(t.TempDir(), "ca.pem")
		put := func() error {
			text, err := os.ReadFile(good)
			return errors.Join(err, os.WriteFile(file, text, 0o600))
		}
		if err := put(); err != nil {
			t.Fatal(err)
		}
		cert, certKey, _ := pair(t, t.TempDir(), 4)
		w := newWorld(t, ModeJWT, func(c *Config) {
			c.TLS = ServerTLS{CertFile: cert, KeyFile: certKey}
			change(c, file)
		})
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		if err := w.g.Reload(w.cfg); !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), key) {
			t.Errorf("%s, without the file: %v", key, err)
		}
	}
}
