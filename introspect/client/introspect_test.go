package client

import (
	"errors"
	"net/http"
	"testing"
	"time"
)

func TestIntrospect(t *testing.T) {
	f := newFake(t, nil)
	f.says(func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		if r.Method != "POST" || r.URL.Path != "/oauth2/introspect" || id != "gateway" || secret != testSecret || r.FormValue("token") != "tg_a+b%&=" {
			t.Errorf("%s %s by %s for %q", r.Method, r.URL.Path, id, r.FormValue("token"))
		}
		says(active(time.Minute))(w, r)
	})
	c := newClient(t, f.URL, nil)
	a, err := c.Introspect(t.Context(), []byte("tg_a+b%&="))
	if err != nil {
		t.Fatal(err)
	}
	k := a.Claims
	if k.Subject() != "customer-1" || k.ClientID() != "first-party" || k.TokenID() != "j1" || k.SessionID() != "s1" ||
		k.ScopeList() != "orders.read orders.write" || k.RoleList() != "customer" || !k.HasAudience("orders") ||
		k.ExpiresAt().Std().Before(time.Now()) {
		t.Errorf("claims %+v", k)
	}
}

// With no time to keep answers for, every use is a call.
func TestNoCache(t *testing.T) {
	f := newFake(t, says(active(time.Minute)))
	c := newClient(t, f.URL, func(c *Config) { c.Cache.TTL = 0 })
	for range 3 {
		if _, err := c.Introspect(t.Context(), []byte("tg_a")); err != nil {
			t.Fatal(err)
		}
	}
	if n := f.calls.Load(); n != 3 {
		t.Errorf("%d calls", n)
	}
}

// Two issuers are two clients, and neither knows what the other was told.
func TestIssuersApart(t *testing.T) {
	a := newClient(t, newFake(t, says(active(time.Minute))).URL, nil)
	b := newClient(t, newFake(t, says(`{"active":false}`)).URL, nil)
	for range 2 {
		if _, err := a.Introspect(t.Context(), []byte("tg_x")); err != nil {
			t.Error(err)
		}
		if _, err := b.Introspect(t.Context(), []byte("tg_x")); !errors.Is(err, ErrInactive) {
			t.Error(err)
		}
	}
}

// An idle connection that the service has closed is no failure.
func TestStaleConnection(t *testing.T) {
	f := newFake(t, says(active(time.Minute)))
	c := newClient(t, f.URL, func(c *Config) { c.Cache.TTL, c.Timeout = 0, 5*time.Second })
	for i := range 5 {
		if _, err := c.Introspect(t.Context(), []byte("tg_a")); err != nil {
			t.Fatalf("use %d: %v", i, err)
		}
		f.CloseClientConnections()
	}
}
