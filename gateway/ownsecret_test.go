package gateway

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tollgate/tollgate/introspect/client"
)

// newSecretWorld has the gateway's own secret in a file.
func newSecretWorld(t *testing.T, mode string) (w *world, write func(secret string)) {
	file := filepath.Join(t.TempDir(), "secret")
	write = func(secret string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("tgs_gateway.secret")
	w = newWorld(t, mode, func(c *Config) { c.SecurityService.ClientSecret = client.Secret{File: file} })
	return w, write
}

// That the gateway's own secret is refused is never the caller's 401, and
// /readyz says why; a good secret in the file mends it without a restart.
func TestOwnSecretRefused(t *testing.T) {
	for _, mode := range []string{ModeJWT, ModeOpaque, ModePhantom} {
		t.Run(mode, func(t *testing.T) {
			w, write := newSecretWorld(t, mode)
			other := "tgs_gateway.other"
			w.service.secret.Store(&other)
			answers := map[string]func() got{
				"a right password": func() got {
					return w.send("POST", "/login", strings.NewReader("id=alice&password=right"), "Content-Type", "application/x-www-form-urlencoded")
				},
				"a logout": func() got { return w.do("POST", "/logout", "Authorization", "Bearer tg_x") },
			}
			if mode != ModeJWT {
				answers["a good token"] = func() got {
					return w.do("GET", "/orders", "Authorization", "Bearer "+w.service.token(mode, w.service.claims("alice", "customer")))
				}
			}
			for name, ask := range answers {
				if res := ask(); res.StatusCode != 503 || !strings.Contains(res.body, "temporarily_unavailable") {
					t.Errorf("%s: %d %s, not 503", name, res.StatusCode, res.body)
				}
			}
			res := w.adminGet("/readyz")
			if want := `"refused":"security service does not accept our own client credentials (client \"gateway\")"`; res.StatusCode != 503 || !strings.Contains(res.body, want) {
				t.Errorf("/readyz: %d %s, not 503 with %s", res.StatusCode, res.body, want)
			}
			write(other)
			if res := answers["a right password"](); res.StatusCode != 200 {
				t.Errorf("a right password, with a good secret in the file: %d %s", res.StatusCode, res.body)
			}
			w.eventually("ready", func() bool { return w.adminGet("/readyz").StatusCode == http.StatusOK })
		})
	}
}

// A reload reads the secret again; one that cannot be read refuses the reload.
func TestReloadReadsTheOwnSecret(t *testing.T) {
	w, write := newSecretWorld(t, ModeJWT)
	write("")
	if err := w.g.Reload(w.cfg); err == nil || !strings.HasPrefix(err.Error(), "security_service.client_secret: secret file ") {
		t.Errorf("an empty file: %v", err)
	}
	write("tgs_gateway.other")
	w.reload(func(*Config) {})
	other := "tgs_gateway.other"
	w.service.secret.Store(&other)
	if res := w.send("POST", "/login", strings.NewReader("id=alice&password=right"), "Content-Type", "application/x-www-form-urlencoded"); res.StatusCode != 200 {
		t.Errorf("login: %d %s", res.StatusCode, res.body)
	}
}

// The secret by which upstreams know the gateway is read again when its file
// changes, and at a reload, which a bad one refuses.
func TestUpstreamSecretIsReadAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	write := func(secret string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("first")
	w := newWorld(t, ModeJWT, func(c *Config) { c.UpstreamSecret = client.Secret{File: file} })
	sees := func(secret string) bool {
		return strings.Contains(w.do("GET", "/healthz").body, "X-Auth-Gateway: "+secret+"\r\n")
	}
	if !sees("first") {
		t.Fatal("upstreams do not see the secret")
	}
	write("second")
	w.reload(func(*Config) {})
	if !sees("second") {
		t.Error("a reload does not read the secret")
	}
	write("third")
	w.eventually("a changed file is used", func() bool { return sees("third") })
	write("")
	if err := w.g.Reload(w.cfg); err == nil || !strings.HasPrefix(err.Error(), "upstream_secret: ") {
		t.Errorf("an empty file: %v", err)
	}
	if !sees("third") {
		t.Error("a file that cannot be read has changed the secret")
	}
}
