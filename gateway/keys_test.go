package gateway

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The age of the keys is that of the last good reading.
func TestKeyAge(t *testing.T) {
	file := filepath.Join(t.TempDir(), "jwks.json")
	w := newWorld(t, ModeJWT, func(c *Config) {
		_, set := signer(t, "k")
		if err := os.WriteFile(file, set, 0o600); err != nil {
			t.Fatal(err)
		}
		c.Keys.File = file
	})
	idle, err := New(w.cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer idle.shut()
	if r := idle.Readiness(); r.Ready || r.KeyAge != -1 || r.Keys != 0 {
		t.Errorf("without keys: %+v", r)
	}
	if r := w.g.Readiness(); r.KeyAge < 0 || r.Keys != 1 {
		t.Errorf("with keys: %+v", r)
	}
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.eventually("older than any reading leaves it", func() bool { return w.g.Readiness().KeyAge > 1.5 })
	if r := w.g.Readiness(); !r.Ready || r.Keys != 1 { // the keys that were good stay
		t.Errorf("with a bad file: %+v", r)
	}
	if res := w.adminGet("/metrics"); !strings.Contains(res.body, "tollgate_key_age_seconds ") {
		t.Error("no key age in /metrics")
	}
	if res := w.adminGet("/readyz"); res.StatusCode != 200 || !strings.Contains(res.body, `"key_age_seconds":`) {
		t.Errorf("%d %s", res.StatusCode, res.body)
	}
}

// Keys that were read too long ago: no longer ready, and nothing else. A reload
// moves the bound.
func TestKeysStale(t *testing.T) {
	file := filepath.Join(t.TempDir(), "jwks.json")
	w := newUnreadyWorld(t, ModeJWT, backend(), slog.New(slog.DiscardHandler), func(c *Config) { c.Keys.File, c.Keys.MaxAge = file, 4*time.Second })
	set := w.service.keys
	auth := "Bearer " + w.service.token(ModeJWT, w.service.claims("customer-1", "customer"))
	put := func(b []byte) {
		t.Helper()
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	says := func(status int, text string) bool {
		res := w.adminGet("/readyz")
		return res.StatusCode == status && strings.Contains(res.body, text)
	}
	put(set)
	w.eventually("ready", func() bool { return says(200, `"keys_stale":false`) })
	put([]byte("{"))
	w.eventually("stale", func() bool { return says(503, `"keys_stale":true`) })
	if res := w.do("GET", "/orders/file", "Authorization", auth); res.StatusCode != 200 {
		t.Errorf("with stale keys: %d", res.StatusCode)
	}
	put(set)
	w.eventually("ready again", func() bool { return says(200, `"keys_stale":false`) })
	cfg := w.cfg
	cfg.Keys.MaxAge = time.Nanosecond
	if err := w.g.Reload(cfg); err != nil {
		t.Fatal(err)
	}
	w.eventually("stale by another bound", func() bool { return says(503, `"keys_stale":true`) })
	cfg.Keys.MaxAge = 0
	if err := w.g.Reload(cfg); err != nil {
		t.Fatal(err)
	}
	if !says(200, `"keys_stale":false`) {
		t.Error("stale without a bound")
	}
}
